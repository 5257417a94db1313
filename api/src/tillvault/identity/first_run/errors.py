"""Refusals of the first run."""

from __future__ import annotations

from tillvault.core.errors import Conflict, Forbidden


class AlreadySetUp(Conflict):
    code = "ALREADY_SET_UP"
    message = "A shop is set up here already. Log in instead."


class SetupCodeWrong(Forbidden):
    code = "SETUP_CODE_WRONG"
    message = "This is not the setup code. It stands in the log of the server, written when it started."
