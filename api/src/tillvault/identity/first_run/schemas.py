"""Wire shapes of the first run."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from tillvault.core.http.answers import Wire
from tillvault.core.http.fields import Body
from tillvault.identity.branches.schemas import Currencies, Timezone
from tillvault.identity.schemas import Name
from tillvault.identity.setup import SLUG_PATTERN, Founded, Founding, slug_of
from tillvault.identity.users.domain import USERNAME_PATTERN


class SetupState(Wire):
    needed: bool = Field(description="Whether there is no shop yet, and the code from the log founds one.")


class FoundShop(Body):
    code: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100)] = Field(
        description="The setup code from the server's log."
    )
    organisation: Name
    slug: Annotated[str, StringConstraints(pattern=rf"^{SLUG_PATTERN}$")] | None = Field(
        None, description="Its short name in logins. Left out: made of its name."
    )
    branch: Name
    timezone: Timezone
    currencies: Currencies = Field(description="What the drawers hold; the first is the base currency.")
    register_name: Name = Field(alias="register")
    admin_name: Name
    admin_username: Annotated[str, StringConstraints(strip_whitespace=True, to_lower=True, pattern=USERNAME_PATTERN)]

    def founding(self) -> Founding:
        """What is to be founded; a name without a Latin letter is no slug, so such a shop is `shop`."""
        return Founding(
            organisation=self.organisation,
            slug=self.slug or slug_of(self.organisation) or "shop",
            branch=self.branch,
            timezone=self.timezone,
            currencies=tuple(self.currencies),
            register=self.register_name,
            admin_name=self.admin_name,
            admin_username=self.admin_username,
        )


class FoundedShop(Wire):
    """What it takes to log in. PIN and password are shown this once."""

    organisation: str
    slug: str
    store_code: str
    register_name: str = Field(alias="register")
    emission_point: str
    admin_username: str
    pin: str
    password: str

    @classmethod
    def of(cls, founding: Founding, founded: Founded) -> FoundedShop:
        return cls.model_construct(
            organisation=founding.organisation,
            slug=founding.slug,
            store_code=founded.store_code,
            register_name=founding.register,
            emission_point=founded.emission_point,
            admin_username=founding.admin_username,
            pin=founded.pin,
            password=founded.password,
        )
