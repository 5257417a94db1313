"""Wire shapes of logins (terminal-login-api.md)."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tillvault.core.http.fields import Label
from tillvault.identity.access.service import Login

Pin = Annotated[str, StringConstraints(pattern=r"^[0-9]{4,8}$")]
StoreCode = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32)]


class Strict(BaseModel):
    """A body in the terminals' dialect: unknown fields are refused, so that a typo does not pass for a default."""

    model_config = ConfigDict(extra="forbid")


class PasswordLogin(Strict):
    username: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64)]
    password: Annotated[str, StringConstraints(min_length=1, max_length=256)]
    organizacion: Annotated[str, StringConstraints(max_length=63)] | None = Field(
        None, description="Slug of the organisation; may be left out where only one has that username."
    )
    dispositivo: Label | None = None


class Usuario(BaseModel):
    id: UUID
    nombre: str
    username: str
    rol: str
    organizacion_id: UUID
    tpv_id: UUID | None
    tpv_nombre: str | None


class Tienda(BaseModel):
    codigo: str
    nombre: str


class Tpv(BaseModel):
    id: UUID
    nombre: str


class LoginAnswer(BaseModel):
    access_token: str
    token_type: str = "bearer"  # noqa: S105  (the kind of token, RFC 6750)
    session_id: UUID
    usuario: Usuario
    tienda: Tienda
    tpv: Tpv | None

    @classmethod
    def of(cls, login: Login, tpv: Tpv | None) -> LoginAnswer:
        user = login.user
        return cls(
            access_token=login.token,
            session_id=login.session_id,
            usuario=Usuario(
                id=user.user_id,
                nombre=user.name,
                username=user.username,
                rol=user.role.wire_es,
                organizacion_id=user.organisation_id,
                tpv_id=tpv.id if tpv else None,
                tpv_nombre=tpv.nombre if tpv else None,
            ),
            tienda=Tienda(codigo=user.branch_code, nombre=user.branch_name),
            tpv=tpv,
        )
