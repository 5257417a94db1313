"""/v1/audit: who did what."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Api, Shop, Shops, statuses

NEW: dict[str, Any] = {"name": "Tienda Sur", "timezone": "Europe/Madrid", "baseCurrency": "EUR"}


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    """A shop in which an admin has renamed the branch thrice and opened a second one."""
    made = shops.make()
    admin = made.elena.back_office()
    for name in ("One", "Two", "Three"):
        admin.ok(admin.patch(f"/v1/branches/{made.branches[0].id}", {"name": name}))
    admin.ok(admin.post("/v1/branches", NEW), 201)
    return made


@pytest.fixture(scope="module")
def admin(shop: Shop) -> Api:
    return shop.elena.back_office()


def items(api: Api, query: str = "") -> list[dict[str, Any]]:
    return api.ok(api.get(f"/v1/audit?{query}"))["items"]


def test_an_entry_says_who_did_what_to_which_thing_from_where(shop: Shop, admin: Api) -> None:
    entry = items(admin, "action=BRANCH_UPDATED")[0]

    assert entry["actorId"] == str(shop.elena.id)
    assert entry["actorName"] == "Elena"
    assert entry["actorRole"] == "ADMIN"
    assert entry["resourceType"] == "branch"
    assert entry["resourceId"] == entry["branchId"] == str(shop.branches[0].id)
    assert (entry["before"], entry["after"]) == ({"name": "Two"}, {"name": "Three"})
    assert entry["outcome"] == "SUCCESS"
    assert entry["address"] == "127.0.0.1"
    assert entry["requestId"]


def test_amounts_keep_their_decimals(shop: Shop, admin: Api) -> None:
    admin.ok(admin.patch(f"/v1/branches/{shop.branches[0].id}/policies", {"cashVarianceThresholds": {"EUR": 7.5}}))

    assert '"after":{"cashVarianceThresholds": {"EUR": 7.50}}' in admin.get("/v1/audit?limit=1").text


def test_filters_narrow_the_list(shop: Shop, admin: Api) -> None:
    everything = items(admin)
    second = everything[1]["occurredAt"].replace("+", "%2B")

    assert {entry["action"] for entry in items(admin, "action=BRANCH_CREATED")} == {"BRANCH_CREATED"}
    assert len(items(admin, f"actorId={shop.elena.id}")) == len(everything)
    assert items(admin, f"actorId={shop.ana.id}") == []
    assert items(admin, "resourceType=user") == []
    assert items(admin, f"resourceId={shop.branches[0].id}&action=BRANCH_UPDATED&limit=1")[0]["after"]
    assert items(admin, f"to={second}") == everything[2:]
    assert items(admin, f"from={second}") == everything[:2]


def test_pages_follow_each_other(admin: Api) -> None:
    first = admin.ok(admin.get("/v1/audit?limit=2"))
    second = admin.ok(admin.get(f"/v1/audit?limit=2&cursor={first['nextCursor']}"))

    assert first["items"] + second["items"] == items(admin)[:4]


def test_a_manager_sees_what_happened_in_their_branches(shop: Shop) -> None:
    manager = shop.marta.back_office()

    assert {entry["branchId"] for entry in items(manager)} == {str(shop.branches[0].id)}


def test_a_cashier_is_refused(shop: Shop) -> None:
    cashier = shop.ana.back_office()

    assert cashier.get("/v1/audit").json()["code"] == "ROLE_FORBIDDEN"


def test_another_organisation_sees_nothing_of_it(shop: Shop, shops: Shops) -> None:
    foreign = shops.make().elena.back_office()

    assert items(foreign, f"resourceId={shop.branches[0].id}") == []
    assert items(foreign, f"actorId={shop.elena.id}") == []


def test_a_machine_reads_it_with_its_key(shop: Shop) -> None:
    machine = Api(shop.http, shop.api_key)

    assert items(machine)


def test_filters_that_make_no_sense_are_refused(admin: Api) -> None:
    answers = [
        admin.get(f"/v1/audit?{query}")
        for query in (
            "from=2026-01-30T10:00:00",
            "to=yesterday",
            "from=0001-01-01T00:00:00%2B14:00",
            "actorId=me",
            "limit=0",
            "limit=201",
            "cursor=!!",
            "cursor=bm90aGluZw",
            "cursor=MDAwMS0wMS0wMVQwMDowMDowMCsxNDowMHwwMDAwMDAwMC0wMDAwLTAwMDAtMDAwMC0wMDAwMDAwMDAwMDA",
            "action=%00",
            "action=" + "x" * 65,
        )
    ]

    assert statuses(answers) == {400: 11}, [answer.text for answer in answers if answer.status_code != 400]
