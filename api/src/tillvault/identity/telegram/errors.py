"""Refusals of Telegram accounts."""

from __future__ import annotations

from tillvault.core.errors import Conflict, NotFound


class LinkCodeUnknown(NotFound):
    code = "LINK_CODE_UNKNOWN"
    message = "This code is not known, was used, or is older than ten minutes. Get a new one at the desk."


class LinkNotFound(NotFound):
    code = "TELEGRAM_LINK_NOT_FOUND"
    message = "There is no such Telegram account."


class LinkedMeanwhile(Conflict):
    code = "TELEGRAM_LINKED_MEANWHILE"
    message = "This account is being linked by another request. Try again."
