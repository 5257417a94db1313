"""Refusals of identity."""

from __future__ import annotations

from tillvault.core.errors import Conflict, Forbidden, NotFound, Unauthenticated


class InvalidCredentials(Unauthenticated):
    code = "INVALID_CREDENTIALS"
    message = "Unknown store, PIN or password."


class RoleForbidden(Forbidden):
    code = "ROLE_FORBIDDEN"
    plain = "Forbidden"
    message = "Your role may not do this."


class BranchForbidden(Forbidden):
    code = "BRANCH_FORBIDDEN"
    message = "You do not work in this branch."


class BranchInactive(Forbidden):
    code = "BRANCH_INACTIVE"
    message = "This branch is not active."


class BranchNotFound(NotFound):
    code = "BRANCH_NOT_FOUND"
    message = "There is no such branch."


class RegisterNotFound(NotFound):
    code = "REGISTER_NOT_FOUND"
    message = "There is no such register."


class OrganisationSlugTaken(Conflict):
    code = "ORGANISATION_SLUG_TAKEN"
    message = "There is an organisation with this slug already."


class BranchCodeTaken(Conflict):
    code = "BRANCH_CODE_TAKEN"
    message = "This store code is taken. Choose another."


class RegisterNameTaken(Conflict):
    code = "REGISTER_NAME_TAKEN"
    message = "The branch has a register with this name or emission point already."


class UsernameTaken(Conflict):
    code = "USERNAME_TAKEN"
    message = "There is a user with this username already."


class PinTaken(Conflict):
    code = "PIN_TAKEN"
    message = "Somebody in one of these branches has this PIN. Give a new one."


class UserNotFound(NotFound):
    code = "USER_NOT_FOUND"
    message = "There is no such user."


class ApiKeyNotFound(NotFound):
    code = "API_KEY_NOT_FOUND"
    message = "There is no such API key."


class LastAdmin(Conflict):
    code = "LAST_ADMIN"
    message = "This is the last active admin. Make another one first."


class OwnAccount(Conflict):
    code = "OWN_ACCOUNT"
    message = "Nobody deactivates or demotes themselves. Ask another admin."
