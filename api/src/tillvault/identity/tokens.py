"""Login tokens: compact JWTs (RFC 7519) signed with HS256 under a secret of this installation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

_ALGORITHM = "HS256"
_ISSUER = "tillvault"
_LENGTH_MAX = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says. Nothing of it is believed beyond the ids: role and state are read on every request."""

    organisation_id: UUID
    user_id: UUID
    session_id: UUID
    token_id: UUID
    branch_id: UUID
    expires_at: int
    """Seconds since 1970."""


class Tokens:
    """Issues and verifies. Verified tokens are remembered, so that a busy till's signature is checked once."""

    def __init__(self, secret: bytes) -> None:
        self._key = OctKey.import_key(secret)
        self._verify = lru_cache(maxsize=4096)(self._verified)

    def issue(self, claims: Claims, *, role: str, now: datetime) -> str:
        payload: dict[str, Any] = {
            "iss": _ISSUER,
            "sub": str(claims.user_id),
            "org": str(claims.organisation_id),
            "branch": str(claims.branch_id),
            "role": role,
            "sid": str(claims.session_id),
            "jti": str(claims.token_id),
            "iat": int(now.timestamp()),
            "exp": claims.expires_at,
        }
        return jwt.encode({"alg": _ALGORITHM}, payload, self._key)

    def claims(self, token: str) -> Claims | None:
        """The claims of a token of ours, expired or not; None for anything else."""
        if len(token) > _LENGTH_MAX:
            return None
        try:
            return self._verify(token)
        except (JoseError, ValueError, KeyError, TypeError):
            return None

    def _verified(self, token: str) -> Claims:
        # The algorithm is pinned: a token that names another one, `none` included, is no token.
        payload = jwt.decode(token, self._key, algorithms=[_ALGORITHM]).claims
        if payload["iss"] != _ISSUER:
            raise ValueError("another issuer")
        return Claims(
            organisation_id=UUID(payload["org"]),
            user_id=UUID(payload["sub"]),
            session_id=UUID(payload["sid"]),
            token_id=UUID(payload["jti"]),
            branch_id=UUID(payload["branch"]),
            expires_at=int(payload["exp"]),
        )
