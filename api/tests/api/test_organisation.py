"""/v1/organisation: the settings of the whole organisation."""

from __future__ import annotations

from typing import Any

import pytest

from tests.selling import product, sold
from tests.support import Api, Shop, Shops, fetch, open_drawer, refused

PATH = "/v1/organisation"
IDENTITY = "Café Ñandú SARL\nSIRET 123 456 789 00012"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


def audited(admin: Api) -> list[dict[str, Any]]:
    return admin.ok(admin.get("/v1/audit?action=ORGANISATION_CHANGED"))["items"]


def test_an_admin_reads_what_the_organisation_is(shop: Shop) -> None:
    admin = shop.elena.back_office()

    told = admin.ok(admin.get(PATH))

    assert (told["id"], told["slug"], told["isDemo"]) == (str(shop.id), shop.slug, False)
    assert (told["legalIdentity"], told["createdAt"]) == ("", told["updatedAt"])


def test_a_change_is_kept_audited_and_printed_on_receipts(shop: Shop, superuser_dsn: str) -> None:
    admin, till = shop.elena.back_office(), shop.ana.login(shop.registers[0])
    open_drawer(till)
    sale = sold(till, [product(superuser_dsn, shop, price=500)], [{"method": "CASH", "amount": 5}])
    before = admin.ok(admin.get(PATH))

    after = admin.ok(admin.patch(PATH, {"name": " Café Ñandú ", "legalIdentity": IDENTITY}))

    assert (after["name"], after["legalIdentity"], after["slug"]) == ("Café Ñandú", IDENTITY, shop.slug)
    assert admin.ok(admin.get(PATH)) == after
    (entry,) = audited(admin)
    assert entry["before"] == {"name": before["name"], "legalIdentity": ""}
    assert entry["after"] == {"name": "Café Ñandú", "legalIdentity": IDENTITY}
    page = till.get(f"/v1/sales/{sale['id']}/receipt?format=html").text
    assert (
        page.index("Café Ñandú") < page.index("SARL") < page.index("SIRET 123 456 789 00012") < page.index("Branch 0")
    )


def test_what_stays_the_same_is_no_change(shop: Shop) -> None:
    admin = shop.elena.back_office()
    before = admin.ok(admin.get(PATH))

    after = admin.ok(admin.patch(PATH, {"name": before["name"]}))

    assert after == before
    assert audited(admin) == []


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"slug": "other"}, id="the slug"),
        pytest.param({"isDemo": True}, id="whether it is a demo"),
        pytest.param({"name": ""}, id="no name"),
        pytest.param({"name": None}, id="null"),
        pytest.param({"name": "two\nlines"}, id="a name of two lines"),
        pytest.param({"legalIdentity": "\n".join("abcdefghijk")}, id="eleven lines"),
        pytest.param({"legalIdentity": "x" * 501}, id="501 characters"),
    ],
)
def test_what_must_not_change_is_refused(shop: Shop, body: dict[str, Any]) -> None:
    admin = shop.elena.back_office()
    before = admin.ok(admin.get(PATH))

    refused(admin.patch(PATH, body), 400, "VALIDATION_ERROR")

    assert admin.ok(admin.get(PATH)) == before


@pytest.mark.parametrize("name", ["ana", "marta"])
def test_only_an_admin_sees_and_changes_it(shop: Shop, name: str) -> None:
    person = shop.people[name].back_office()

    refused(person.get(PATH), 403, "ROLE_FORBIDDEN")
    refused(person.patch(PATH, {"name": "Mine"}), 403, "ROLE_FORBIDDEN")


def test_a_machine_may_neither(shop: Shop) -> None:
    machine = Api(shop.http, shop.api_key)

    refused(machine.get(PATH), 403, "ROLE_FORBIDDEN")
    refused(machine.patch(PATH, {"name": "Mine"}), 403, "ROLE_FORBIDDEN")


def test_the_app_cannot_change_the_slug_in_the_database(shop: Shop, owner_dsn: str) -> None:
    (row,) = fetch(
        owner_dsn,
        "SELECT has_column_privilege('tillvault_app', 'organisations', 'slug', 'UPDATE') AS slug,"
        " has_column_privilege('tillvault_app', 'organisations', 'name', 'UPDATE') AS name",
    )

    assert (row["slug"], row["name"]) == (False, True)
