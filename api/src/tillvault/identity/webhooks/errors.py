"""Refusals of webhooks."""

from __future__ import annotations

from tillvault.core.errors import BadRequest, Conflict, NotFound


class WebhookNotFound(NotFound):
    code = "WEBHOOK_NOT_FOUND"
    message = "There is no such webhook."


class EventNotFound(NotFound):
    code = "EVENT_NOT_FOUND"
    message = "There is no such event, or it is older than what is kept."


class WebhookTargetRefused(BadRequest):
    code = "WEBHOOK_TARGET_REFUSED"
    message = "A webhook needs an https address on the internet."


class WebhooksTooMany(Conflict):
    code = "TOO_MANY_WEBHOOKS"
    message = "There are as many webhooks as an organisation may have. Change one instead."


class WebhookInactive(Conflict):
    code = "WEBHOOK_INACTIVE"
    message = "This webhook is not active. Reactivate it first."


class WebhookTestsBusy(Conflict):
    code = "WEBHOOK_TESTS_BUSY"
    message = "Other test deliveries are still running. Try again in a moment."
