"""Refusals of exports."""

from __future__ import annotations

from tillvault.core.errors import BadRequest, Conflict, NotFound


class ExportNotFound(NotFound):
    code = "EXPORT_NOT_FOUND"
    message = "There is no such scheduled export."


class ExportTargetRefused(BadRequest):
    code = "EXPORT_TARGET_REFUSED"
    message = "An export needs an https address on the internet."


class ExportsTooMany(Conflict):
    code = "TOO_MANY_EXPORTS"
    message = "There are as many scheduled exports as an organisation may have. Change one instead."


class ExportNotDue(Conflict):
    code = "EXPORT_NOT_DUE"
    message = "The period of this export is not over yet, or it is not active."


class EurRateMissing(Conflict):
    code = "EUR_RATE_MISSING"
    message = "There are sales in another currency and no rate to EUR. Give the branch one."
