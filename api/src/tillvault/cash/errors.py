"""Refusals of the drawer (domain.md, "Cash sessions")."""

from __future__ import annotations

from tillvault.core.errors import BadRequest, Conflict, Forbidden, NotFound


class RegisterAlreadyOpen(Conflict):
    code = "REGISTER_ALREADY_OPEN"
    message = "A session is already open on this register. Close it or force-close it first."


class UserAlreadyOpen(Conflict):
    code = "USER_ALREADY_OPEN"
    message = "You have an open session in this branch already. Close it first."


class SessionNotOpen(Conflict):
    code = "SESSION_NOT_OPEN"
    message = "This session is not open."


class SessionStillOpen(Conflict):
    code = "SESSION_STILL_OPEN"
    message = "This session is still open. Close it first."


class SessionNotPendingReview(Conflict):
    code = "SESSION_NOT_PENDING_REVIEW"
    message = "This session does not wait for a review."


class MovementsPending(Conflict):
    code = "MOVEMENTS_PENDING"
    message = "Movements of this session wait for approval. Decide them first."


class MovementAlreadyDecided(Conflict):
    code = "MOVEMENT_ALREADY_DECIDED"
    message = "This movement was decided already."


class SessionNotFound(NotFound):
    code = "SESSION_NOT_FOUND"
    message = "There is no such session."


class MovementNotFound(NotFound):
    code = "MOVEMENT_NOT_FOUND"
    message = "There is no such movement in this session."


class NoActiveSession(NotFound):
    code = "NO_ACTIVE_SESSION"
    message = "No active session found for this user in this branch"


class RegisterInactive(BadRequest):
    code = "REGISTER_INACTIVE"
    message = "This register is not active."


class CurrencyNotAccepted(BadRequest):
    code = "CURRENCY_NOT_ACCEPTED"
    message = "The drawer does not hold this currency."


class CountRequired(BadRequest):
    code = "COUNT_REQUIRED"
    message = "Count every currency of the drawer."


class DenominationsMismatch(BadRequest):
    code = "DENOMINATIONS_MISMATCH"
    message = "The denominations do not add up to the total."


class LeftExceedsCount(BadRequest):
    code = "LEFT_EXCEEDS_COUNT"
    message = "No more can stay in the drawer than was counted."


class InsufficientCash(BadRequest):
    code = "INSUFFICIENT_CASH"
    message = "There is not that much cash in the drawer."


class PaidOutNotAllowed(BadRequest):
    code = "PAID_OUT_NOT_ALLOWED"
    message = "This branch does not allow cash to be paid out."


class MovementApprovalRequired(Forbidden):
    code = "MOVEMENT_APPROVAL_REQUIRED"
    message = "This PIN is not a manager's: somebody else, who may decide, has to type theirs."


class SelfReviewForbidden(Forbidden):
    code = "SELF_REVIEW_FORBIDDEN"
    message = "Somebody else must decide on what you did yourself."
