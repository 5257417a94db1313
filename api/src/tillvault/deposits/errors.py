"""Refusals of deposits."""

from __future__ import annotations

from tillvault.core.errors import AppError, BadRequest, Conflict, NotFound, Unavailable


class DepositNotFound(NotFound):
    code = "DEPOSIT_NOT_FOUND"
    message = "There is no such deposit."


class DepositNotPending(Conflict):
    code = "DEPOSIT_NOT_PENDING"
    message = "This deposit does not wait for validation any more."


class DepositSuperseded(Conflict):
    code = "DEPOSIT_SUPERSEDED"
    message = "Another deposit stands in the place of this one. Correct that one."


class OnBehalfRefused(BadRequest):
    code = "ON_BEHALF_REFUSED"
    message = "A machine records for an active user who may work in that branch, and says for whom."


class AudioUnreadable(BadRequest):
    code = "AUDIO_UNREADABLE"
    message = "No words could be made out of this audio."


class AudioTypeUnknown(AppError):
    status = 415
    code = "AUDIO_TYPE_UNKNOWN"
    message = "Send audio: OGG, MP3, MP4, WAV, WebM or FLAC, with its media type."


class TranscriptionUnavailable(Unavailable):
    code = "TRANSCRIPTION_UNAVAILABLE"
    message = "Voice cannot be turned into text at present. Type it instead."
