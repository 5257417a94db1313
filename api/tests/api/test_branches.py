"""/v1/branches and their policies."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from tests.support import Api, Shop, Shops, fetch, race, statuses

NEW: dict[str, Any] = {"name": "Tienda Sur", "timezone": "Europe/Madrid", "baseCurrency": "EUR"}


@pytest.fixture(scope="module")
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2)


@pytest.fixture(scope="module")
def admin(shop: Shop) -> Api:
    return shop.elena.back_office()


@pytest.fixture(scope="module")
def pounds(shops: Shops) -> Api:
    """The admin of a shop whose drawers hold EUR and GBP."""
    return shops.make(currencies=("EUR", "GBP")).elena.back_office()


def audited(admin: Api, action: str, resource_id: str) -> list[dict[str, Any]]:
    """The audit entries of a resource, newest first."""
    query = f"action={action}&resourceId={resource_id}"
    return admin.ok(admin.get(f"/v1/audit?{query}"))["items"]


def test_a_branch_is_opened_with_a_code_of_its_name(admin: Api) -> None:
    made = admin.ok(admin.post("/v1/branches", NEW), 201)

    assert re.fullmatch(r"TIEN-[0-9A-F]{4}", made["code"])
    assert made["currencies"] == ["EUR"]
    assert made["isActive"] is True
    assert admin.ok(admin.get(f"/v1/branches/{made['id']}")) == made


def test_a_name_without_latin_letters_gets_a_code_all_the_same(admin: Api) -> None:
    made = admin.ok(admin.post("/v1/branches", NEW | {"name": "ហាងកាហ្វេ", "timezone": "Asia/Phnom_Penh"}), 201)

    assert re.fullmatch(r"SHOP-[0-9A-F]{4}", made["code"])


def test_a_code_is_taken_whatever_its_case_and_whoever_has_it(admin: Api, shops: Shops) -> None:
    other = shops.make()

    answer = admin.post("/v1/branches", NEW | {"code": other.branches[0].code.lower()})

    assert answer.status_code == 409
    assert answer.json()["code"] == "BRANCH_CODE_TAKEN"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"timezone": "Europe/Atlantis"}, "timezone"),
        ({"timezone": "../../etc/passwd"}, "timezone"),
        ({"baseCurrency": "XXX"}, "baseCurrency"),
        ({"currencies": ["USD"]}, "currencies"),
        ({"currencies": []}, "currencies"),
        ({"currencies": ["EUR", "EUR"]}, "currencies"),
        ({"code": "no spaces"}, "code"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"isActive": "yes"}, "isActive"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_branch_that_makes_no_sense_is_refused(admin: Api, change: dict[str, Any], field: str) -> None:
    answer = admin.post("/v1/branches", NEW | change)

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"
    assert answer.json()["details"][0]["field"].startswith(field)


def test_a_change_replaces_what_it_names_and_is_audited(admin: Api) -> None:
    made = admin.ok(admin.post("/v1/branches", NEW), 201)

    changed = admin.ok(admin.patch(f"/v1/branches/{made['id']}", {"name": "Sur", "currencies": ["EUR", "USD"]}))

    assert changed["name"] == "Sur"
    assert changed["timezone"] == "Europe/Madrid"
    assert changed["updatedAt"] > made["updatedAt"]
    (entry,) = audited(admin, "BRANCH_UPDATED", made["id"])
    assert entry["before"] == {"name": "Tienda Sur", "currencies": ["EUR"]}
    assert entry["after"] == {"name": "Sur", "currencies": ["EUR", "USD"]}
    assert entry["actorName"] == "Elena"


def test_a_change_that_changes_nothing_is_not_audited(admin: Api) -> None:
    made = admin.ok(admin.post("/v1/branches", NEW), 201)

    same = admin.ok(admin.patch(f"/v1/branches/{made['id']}", {"name": "Tienda Sur"}))

    assert same == made
    assert audited(admin, "BRANCH_UPDATED", made["id"]) == []


@pytest.mark.parametrize("change", [{"name": None}, {"currencies": ["USD"]}, {"baseCurrency": "USD"}, {"id": "x"}])
def test_a_branch_cannot_become_invalid(admin: Api, change: dict[str, Any]) -> None:
    made = admin.ok(admin.post("/v1/branches", NEW), 201)

    answer = admin.patch(f"/v1/branches/{made['id']}", change)

    assert answer.status_code == 400
    assert admin.ok(admin.get(f"/v1/branches/{made['id']}")) == made


def test_a_branch_becomes_inactive_and_active_again_by_an_admin_who_works_in_it(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    path = f"/v1/branches/{shop.branches[0].id}"

    admin.ok(admin.patch(path, {"isActive": False}))
    again = admin.ok(admin.patch(path, {"isActive": True}))

    assert again["isActive"] is True


def test_the_list_comes_in_pages_that_miss_nothing(shops: Shops) -> None:
    shop = shops.make(branches=5, registers=1)
    admin = shop.elena.back_office()

    seen: list[str] = []
    cursor = None
    while True:
        query = "limit=2" + (f"&cursor={cursor}" if cursor else "")
        page = admin.ok(admin.get(f"/v1/branches?{query}"))
        seen += [item["id"] for item in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            break

    assert seen == [str(branch.id) for branch in shop.branches]


def test_a_cashier_is_refused(shop: Shop) -> None:
    cashier = shop.ana.back_office()

    answers = [
        cashier.get("/v1/branches"),
        cashier.get(f"/v1/branches/{shop.branches[0].id}"),
        cashier.get(f"/v1/branches/{shop.branches[0].id}/policies"),
        cashier.post("/v1/branches", NEW),
    ]

    assert statuses(answers) == {403: 4}
    assert {answer.json()["code"] for answer in answers} == {"ROLE_FORBIDDEN"}


def test_a_manager_reads_their_own_branches_and_writes_none(shop: Shop, admin: Api) -> None:
    manager = shop.marta.back_office()
    elsewhere = admin.ok(admin.post("/v1/branches", NEW), 201)

    listed = manager.ok(manager.get("/v1/branches"))["items"]

    assert {item["id"] for item in listed} == {str(branch.id) for branch in shop.branches}
    assert manager.get(f"/v1/branches/{shop.branches[0].id}/policies").status_code == 200
    assert manager.get(f"/v1/branches/{elsewhere['id']}").json()["code"] == "BRANCH_FORBIDDEN"
    assert manager.post("/v1/branches", NEW).status_code == 403
    assert manager.patch(f"/v1/branches/{shop.branches[0].id}", {"name": "x"}).status_code == 403
    assert manager.patch(f"/v1/branches/{shop.branches[0].id}/policies", {}).status_code == 403


def test_a_branch_of_another_organisation_is_unknown(shop: Shop, shops: Shops) -> None:
    foreign = shops.make().elena.back_office()
    path = f"/v1/branches/{shop.branches[0].id}"

    answers = [
        foreign.get(path),
        foreign.patch(path, {"name": "Mine"}),
        foreign.get(f"{path}/policies"),
        foreign.patch(f"{path}/policies", {"cashBlindClose": True}),
        foreign.get(f"/v1/branches/{uuid4()}"),
    ]

    assert statuses(answers) == {404: 5}
    assert {answer.json()["code"] for answer in answers} == {"BRANCH_NOT_FOUND"}


def test_an_api_key_reads_the_whole_organisation_and_writes_nothing(shop: Shop) -> None:
    machine = Api(shop.http, shop.api_key)

    listed = machine.ok(machine.get("/v1/branches"))["items"]

    assert {str(branch.id) for branch in shop.branches} <= {item["id"] for item in listed}
    assert machine.post("/v1/branches", NEW).json()["code"] == "ROLE_FORBIDDEN"


def test_a_repeated_request_opens_one_branch(admin: Api) -> None:
    body = NEW | {"name": "Once"}
    answers = [admin.post("/v1/branches", body, headers={"Idempotency-Key": "open-once"}) for _ in range(3)]

    assert len({answer.text for answer in answers}) == 1
    assert [answer.headers.get("Idempotency-Replayed") for answer in answers] == [None, "true", "true"]
    names = [item["name"] for item in admin.ok(admin.get("/v1/branches?limit=200"))["items"]]
    assert names.count("Once") == 1


# Policies


def test_defaults_are_those_of_the_table(shop: Shop, admin: Api) -> None:
    found = admin.ok(admin.get(f"/v1/branches/{shop.branches[1].id}/policies"))

    assert found == {
        "cashRequireSessionForSales": True,
        "cashAllowPaidOut": True,
        "cashAllowNegativeDrawer": False,
        "cashBlindClose": False,
        "cashRequireRefundApproval": False,
        "cashVarianceThresholds": {"USD": 5, "EUR": 5, "KHR": 20000},
        "cashMovementApprovalLimits": {"USD": 100, "EUR": 100, "KHR": 400000},
        "cashMovementReasons": {},
        "fxRates": {},
        "cashRounding": {"KHR": {"step": 100, "mode": "NEAREST"}},
        "businessDayCutoffHour": 4,
        "receiptLanguage": "en",
        "receiptHeader": "",
        "receiptFooter": "",
    }


def test_the_reasons_that_a_till_offers_are_kept_in_their_order(shops: Shops) -> None:
    shop = shops.make()
    admin, till = shop.elena.back_office(), shop.ana.login(shop.registers[0])
    path = f"/v1/branches/{shop.branches[0].id}/policies"
    reasons = {"PAID_OUT": ["Window cleaner", "Stamps"], "SAFE_DROP": []}

    told = admin.ok(admin.patch(path, {"cashMovementReasons": reasons}))

    assert told["cashMovementReasons"] == reasons
    assert till.ok(till.get("/v1/me"))["branch"]["policies"]["cashMovementReasons"] == reasons
    (entry,) = audited(admin, "BRANCH_POLICIES_CHANGED", str(shop.branches[0].id))
    assert (entry["before"], entry["after"]) == ({"cashMovementReasons": {}}, {"cashMovementReasons": reasons})


def test_a_policy_is_replaced_whole_and_the_others_stay(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    admin = shop.elena.back_office()
    path = f"/v1/branches/{shop.branches[0].id}/policies"
    changes = {
        "cashVarianceThresholds": {"KHR": 1000, "USD": 2.5},
        "cashMovementApprovalLimits": None,
        "fxRates": {"KHR": 4100.000001},
        "cashRounding": {"USD": {"step": 0.05, "mode": "DOWN"}},
        "businessDayCutoffHour": 0,
        "receiptLanguage": "km",
        "receiptHeader": "12 River St\nTax 123",
        "cashBlindClose": True,
    }

    changed = admin.ok(admin.patch(path, changes))

    assert {name: changed[name] for name in changes} == changes
    assert changed["cashAllowPaidOut"] is True
    assert admin.ok(admin.get(path)) == changed
    (entry,) = audited(admin, "BRANCH_POLICIES_CHANGED", str(shop.branches[0].id))
    assert entry["after"] == changes
    assert entry["before"]["cashMovementApprovalLimits"] == {"USD": 100, "EUR": 100, "KHR": 400000}


def test_money_is_kept_in_minor_units(shops: Shops, superuser_dsn: str) -> None:
    shop = shops.make(policies={"cashVarianceThresholds": {"EUR": 2.5}})

    (row,) = fetch(
        superuser_dsn,
        "SELECT policies->'cash_variance_thresholds'->>'EUR' AS minor FROM branch_policies WHERE organisation_id = $1",
        shop.id,
    )

    assert row["minor"] == "250"


@pytest.mark.parametrize(
    "change",
    [
        {"cashVarianceThresholds": None},
        {"cashVarianceThresholds": {"EUR": -1}},
        {"cashVarianceThresholds": {"EUR": 0.001}},
        {"cashVarianceThresholds": {"XXX": 1}},
        {"cashMovementApprovalLimits": {"EUR": "100"}},
        {"cashMovementApprovalLimits": {"EUR": 1e13}},
        {"cashBlindClose": 1},
        {"cashBlindClose": None},
        {"cashblindclose": True},
        {"fxRates": {"EUR": 1}},
        {"fxRates": {"USD": 1.1}},
        {"fxRates": {"GBP": 0}},
        {"fxRates": {"GBP": -1.1}},
        {"fxRates": {"GBP": 1.1234567}},
        {"cashRounding": {"EUR": {"step": 0, "mode": "UP"}}},
        {"cashRounding": {"EUR": {"step": 0.001, "mode": "UP"}}},
        {"cashRounding": {"EUR": {"step": 0.05, "mode": "SIDEWAYS"}}},
        {"cashRounding": {"EUR": {"step": 0.05}}},
        {"businessDayCutoffHour": 24},
        {"businessDayCutoffHour": 4.5},
        {"businessDayCutoffHour": "4"},
        {"cashMovementReasons": {"SALE_CASH": ["Stamps"]}},
        {"cashMovementReasons": {"PAID_OUT": ["no"]}},
        {"cashMovementReasons": {"PAID_OUT": ["Stamps", "Stamps"]}},
        {"cashMovementReasons": {"PAID_OUT": [f"reason {n}" for n in range(13)]}},
        {"receiptLanguage": "de"},
        {"receiptHeader": "x" * 501},
        {"receiptFooter": "\n".join("abcdefghijk")},
    ],
)
def test_a_policy_that_makes_no_sense_is_refused_and_changes_nothing(pounds: Api, change: dict[str, Any]) -> None:
    admin = pounds
    path = f"/v1/branches/{admin.ok(admin.get('/v1/branches'))['items'][0]['id']}/policies"
    before = admin.ok(admin.get(path))

    answer = admin.patch(path, {"cashAllowPaidOut": False} | change)

    assert answer.status_code == 400, answer.text
    assert answer.json()["details"][0]["field"].split(".")[0] == next(iter(change))
    assert admin.ok(admin.get(path)) == before


def test_a_rate_is_shown_as_short_as_it_is(pounds: Api) -> None:
    path = f"/v1/branches/{pounds.ok(pounds.get('/v1/branches'))['items'][0]['id']}/policies"
    body = '{"fxRates": {"GBP": 4100.' + "0" * 300 + "}}"

    answer = pounds.request("PATCH", path, content=body, headers={"Content-Type": "application/json"})

    assert answer.status_code == 200
    assert '"fxRates":{"GBP":4100}' in pounds.get(path).text


def test_another_base_currency_drops_the_rates(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"), policies={"fxRates": {"KHR": 4100}})
    admin = shop.elena.back_office()
    path = f"/v1/branches/{shop.branches[0].id}"

    admin.ok(admin.patch(path, {"baseCurrency": "KHR"}))

    assert admin.ok(admin.get(f"{path}/policies"))["fxRates"] == {}


def test_changes_at_the_same_time_all_count(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    path = f"/v1/branches/{shop.branches[0].id}/policies"
    changes: list[dict[str, Any]] = [
        {"cashAllowPaidOut": False},
        {"cashBlindClose": True},
        {"businessDayCutoffHour": 0},
        {"cashMovementApprovalLimits": None},
    ]

    answers = race([lambda change=change: admin.patch(path, change) for change in changes])

    assert statuses(answers) == {200: 4}
    after = admin.ok(admin.get(path))
    assert all(after[name] == value for change in changes for name, value in change.items())
