"""Deposits: told, looked at, corrected, counted."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.support import Api, Shop, Shops, codes, fetch, race, refused, statuses
from tillvault.identity.domain import Role


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(
        branches=2,
        people=[
            ("ana", Role.CASHIER),
            ("luis", Role.CASHIER, [1]),
            ("marta", Role.MANAGER, [0]),
            ("elena", Role.ADMIN),
        ],
    )


def told(client: Api, description: str = "frigo américain hs", **body: Any) -> dict[str, Any]:
    """A deposit that must be taken."""
    sent = {"description": description, "weightGrams": 60_000} | body
    return client.ok(client.post("/v1/deposits", sent), 201)


def key_of(shop: Shop, *scopes: str) -> Api:
    admin = shop.elena.back_office()
    made = admin.ok(admin.post("/v1/api-keys", {"name": "bot", "scopes": list(scopes)}), 201)
    return Api(shop.http, made["key"])


def validated(client: Api, deposit: dict[str, Any], **body: Any) -> dict[str, Any]:
    return client.ok(client.post(f"/v1/deposits/{deposit['id']}/validate", body))


def statistics(client: Api, day: str, by: str = "category", **query: str) -> list[dict[str, Any]]:
    found = client.get("/v1/deposits/statistics", params={"from": day, "to": day, "by": by, **query})
    return client.ok(found)["items"]


def test_a_deposit_waits_with_the_category_that_the_classifier_suggests(shop: Shop) -> None:
    deposit = told(shop.ana.back_office())

    assert (deposit["status"], deposit["category"], deposit["isCategoryChosen"]) == (
        "pending_validation",
        "EEE-1",
        False,
    )
    assert (deposit["recordedByName"], deposit["channel"], deposit["quantity"]) == ("Ana", "web", 1)
    assert deposit["suggestions"][0]["category"] == "EEE-1"
    assert len(deposit["suggestions"]) == 3
    assert deposit["suggestions"][0]["labels"]["fr"] == "Gros électroménager et distributeurs"
    assert deposit["provider"] == "local"


def test_a_category_that_somebody_names_stands_and_the_suggestions_stay_beside_it(shop: Shop) -> None:
    deposit = told(shop.ana.back_office(), category="EEE-8")

    assert (deposit["category"], deposit["isCategoryChosen"]) == ("EEE-8", True)
    assert deposit["suggestions"][0]["category"] == "EEE-1"


def test_a_manager_validates_under_another_category_and_others_hear_of_it(shop: Shop, superuser_dsn: str) -> None:
    deposit = told(shop.ana.back_office())

    after = validated(shop.marta.back_office(), deposit, category="EEE-2")

    assert (after["status"], after["category"], after["decidedByName"]) == ("validated", "EEE-2", "Marta")
    assert after["decidedAt"]
    events = fetch(
        superuser_dsn,
        "SELECT type, data->>'category' AS category FROM outbox_events"
        " WHERE organisation_id = $1 AND type LIKE 'deposit.%' ORDER BY occurred_at",
        shop.id,
    )
    assert [tuple(row) for row in events] == [("deposit.recorded", "EEE-1"), ("deposit.validated", "EEE-2")]
    trail = fetch(
        superuser_dsn,
        "SELECT action, actor_name FROM audit_log WHERE organisation_id = $1 AND resource_type = 'deposit'"
        " ORDER BY occurred_at",
        shop.id,
    )
    assert [tuple(row) for row in trail] == [("DEPOSIT_RECORDED", "Ana"), ("DEPOSIT_VALIDATED", "Marta")]


def test_what_was_decided_is_decided(shop: Shop) -> None:
    manager = shop.marta.back_office()
    kept, gone = told(manager), told(manager)
    validated(manager, kept)
    manager.ok(manager.post(f"/v1/deposits/{gone['id']}/reject", {"reason": "not electric"}))

    for deposit in (kept, gone):
        refused(manager.post(f"/v1/deposits/{deposit['id']}/validate", {}), 409, "DEPOSIT_NOT_PENDING")
        refused(manager.post(f"/v1/deposits/{deposit['id']}/reject", {"reason": "again"}), 409, "DEPOSIT_NOT_PENDING")


def test_of_two_who_decide_at_once_one_is_heard(shop: Shop) -> None:
    managers = [shop.marta.back_office(), shop.elena.back_office()]
    deposit = told(managers[0])
    path = f"/v1/deposits/{deposit['id']}"

    def act(at: int) -> httpx.Response:
        if at % 2:
            return managers[1].post(f"{path}/reject", {"reason": "at the same time"})
        return managers[0].post(f"{path}/validate", {"category": f"EEE-{at // 2 + 1}"})

    answers = race([lambda at=at: act(at) for at in range(10)])

    assert statuses(answers) == {200: 1, 409: 9}
    assert codes(answers) == {"DEPOSIT_NOT_PENDING": 9}


def test_of_many_corrections_at_once_one_stands_and_the_deposit_counts_once(shop: Shop) -> None:
    manager = shop.marta.back_office()
    deposit = told(manager)
    validated(manager, deposit)
    path = f"/v1/deposits/{deposit['id']}/correct"

    answers = race([lambda grams=grams: manager.post(path, {"weightGrams": grams}) for grams in range(1, 9)])

    assert statuses(answers) == {201: 1, 409: 7}
    assert codes(answers) == {"DEPOSIT_SUPERSEDED": 7}
    (line,) = statistics(manager, deposit["businessDate"])
    assert (line["pendingCount"], line["validatedCount"], line["weightGrams"]) == (1, 0, 0)


def test_a_correction_stands_in_the_place_of_the_deposit(shop: Shop) -> None:
    manager = shop.marta.back_office()
    deposit = told(shop.ana.back_office(), quantity=2)
    validated(manager, deposit)

    after = manager.ok(
        manager.post(f"/v1/deposits/{deposit['id']}/correct", {"weightGrams": 55_000, "category": "EEE-3"}), 201
    )

    assert after["supersedes"] == deposit["id"]
    assert (after["weightGrams"], after["category"], after["quantity"]) == (55_000, "EEE-3", 2)
    assert (after["status"], after["businessDate"]) == ("pending_validation", deposit["businessDate"])
    before = manager.ok(manager.get(f"/v1/deposits/{deposit['id']}"))
    assert (before["status"], before["supersededBy"]) == ("corrected", after["id"])
    listed = manager.ok(manager.get("/v1/deposits"))["items"]
    assert [each["id"] for each in listed] == [after["id"]]
    corrected = manager.ok(manager.get("/v1/deposits", params={"status": "corrected"}))["items"]
    assert [each["id"] for each in corrected] == [deposit["id"]]
    validated(manager, after)
    (line,) = statistics(manager, deposit["businessDate"])
    assert (line["key"], line["validatedCount"], line["weightGrams"], line["quantity"]) == ("EEE-3", 1, 55_000, 2)
    refused(manager.post(f"/v1/deposits/{deposit['id']}/validate", {}), 409, "DEPOSIT_NOT_PENDING")
    refused(manager.post(f"/v1/deposits/{deposit['id']}/correct", {}), 409, "DEPOSIT_SUPERSEDED")


def test_a_correction_that_changes_nothing_is_refused_and_makes_no_deposit(shop: Shop) -> None:
    manager = shop.marta.back_office()
    deposit = told(manager, quantity=2, category="EEE-3")
    as_it_is = {name: deposit[name] for name in ("description", "quantity", "weightGrams", "category")}

    for body in ({}, {"quantity": 2}, as_it_is):
        told_why = refused(manager.post(f"/v1/deposits/{deposit['id']}/correct", body), 400, "VALIDATION_ERROR")
        assert [each["field"] for each in told_why["details"]] == ["body"]

    assert manager.ok(manager.get("/v1/deposits"))["items"] == [deposit]
    changed = manager.post(f"/v1/deposits/{deposit['id']}/correct", as_it_is | {"quantity": 3})
    assert (changed.status_code, changed.json()["data"]["quantity"]) == (201, 3)


def test_a_cashier_corrects_what_is_their_own_and_still_waits(shop: Shop) -> None:
    cashier, manager = shop.ana.back_office(), shop.marta.back_office()
    own, decided, of_another = told(cashier), told(cashier), told(manager)
    validated(manager, decided)

    answer = cashier.post(f"/v1/deposits/{own['id']}/correct", {"quantity": 3})

    assert answer.status_code == 201
    for deposit in (decided, of_another):
        refused(cashier.post(f"/v1/deposits/{deposit['id']}/correct", {"quantity": 3}), 403, "ROLE_FORBIDDEN")


def test_a_cashier_decides_nothing_and_sees_no_other_branch(shop: Shop) -> None:
    here, there = shop.ana.back_office(), shop.luis.back_office()
    deposit = told(here)

    refused(here.post(f"/v1/deposits/{deposit['id']}/validate", {}), 403, "ROLE_FORBIDDEN")
    refused(here.post(f"/v1/deposits/{deposit['id']}/reject", {"reason": "because"}), 403, "ROLE_FORBIDDEN")
    refused(there.get(f"/v1/deposits/{deposit['id']}"), 403, "BRANCH_FORBIDDEN")
    refused(there.post("/v1/deposits", {"description": "x", "weightGrams": 1, "branchId": deposit["branchId"]}), 403,
            "BRANCH_FORBIDDEN")  # fmt: skip
    refused(there.get("/v1/deposits", params={"branchId": deposit["branchId"]}), 403, "BRANCH_FORBIDDEN")
    assert there.ok(there.get("/v1/deposits"))["items"] == []
    assert statistics(there, deposit["businessDate"]) == []


def test_a_machine_records_on_behalf_of_somebody_of_that_branch(shop: Shop) -> None:
    bot = key_of(shop, "deposits:write", "deposits:read")
    branch = {"branchId": str(shop.branches[0].id), "channel": "bot"}

    deposit = told(bot, onBehalfOf=str(shop.ana.id), **branch)

    assert (deposit["recordedByName"], deposit["isOnBehalf"], deposit["channel"]) == ("Ana", True, "bot")
    body = {"description": "x", "weightGrams": 1, **branch}
    for body_of_stranger in (body, *(body | {"onBehalfOf": str(who)} for who in (uuid4(), shop.luis.id))):
        refused(bot.post("/v1/deposits", body_of_stranger), 400, "ON_BEHALF_REFUSED")
    refused(bot.post("/v1/deposits", {"description": "x", "weightGrams": 1}), 400, "VALIDATION_ERROR")
    refused(bot.post(f"/v1/deposits/{deposit['id']}/validate", {}), 403, "ROLE_FORBIDDEN")
    refused(bot.post(f"/v1/deposits/{deposit['id']}/correct", {}), 403, "ROLE_FORBIDDEN")


def test_nobody_records_for_somebody_who_has_left(shop: Shop) -> None:
    admin = shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/users/{shop.ana.id}", {"isActive": False}))
    bot = key_of(shop, "deposits:write")

    answer = bot.post(
        "/v1/deposits",
        {
            "description": "x",
            "weightGrams": 1,
            "branchId": str(shop.branches[0].id),
            "onBehalfOf": str(shop.ana.id),
        },
    )

    refused(answer, 400, "ON_BEHALF_REFUSED")


def test_a_person_records_for_nobody_else(shop: Shop) -> None:
    answer = shop.ana.back_office().post(
        "/v1/deposits", {"description": "x", "weightGrams": 1, "onBehalfOf": str(shop.marta.id)}
    )

    refused(answer, 400, "ON_BEHALF_REFUSED")


def test_the_list_is_filtered_and_paged(shop: Shop) -> None:
    admin = shop.elena.back_office()
    first = told(admin, category="EEE-1")
    second = told(admin, category="EEE-2", channel="bot")
    third = told(admin, category="EEE-1", branchId=str(shop.branches[1].id))
    validated(admin, second)
    day = first["businessDate"]

    def ids(**query: str | int) -> list[str]:
        return [each["id"] for each in admin.ok(admin.get("/v1/deposits", params=query))["items"]]

    assert ids() == [third["id"], second["id"], first["id"]]
    assert ids(category="EEE-2") == ids(channel="bot") == ids(status="validated") == [second["id"]]
    assert ids(branchId=str(shop.branches[1].id)) == [third["id"]]
    assert ids(**{"from": day, "to": day, "status": "pending_validation"}) == [third["id"], first["id"]]
    assert ids(to="2020-01-01") == []
    page = admin.ok(admin.get("/v1/deposits", params={"limit": 2}))
    rest = admin.ok(admin.get("/v1/deposits", params={"limit": 2, "cursor": page["nextCursor"]}))
    assert [each["id"] for each in page["items"] + rest["items"]] == [third["id"], second["id"], first["id"]]
    assert rest["nextCursor"] is None


@pytest.mark.parametrize("by", ["day", "week", "month", "category", "branch"])
def test_statistics_add_up_however_they_are_cut(shop: Shop, by: str) -> None:
    admin = shop.elena.back_office()
    made = [
        told(admin, category=f"EEE-{at % 3 + 1}", weightGrams=at * 100, branchId=str(shop.branches[at % 2].id))
        for at in range(1, 7)
    ]
    for deposit in made[:4]:
        validated(admin, deposit)
    admin.ok(admin.post(f"/v1/deposits/{made[4]['id']}/reject", {"reason": "not electric"}))

    lines = statistics(admin, made[0]["businessDate"], by)

    assert sum(line["weightGrams"] for line in lines) == 1000
    assert sum(line["validatedCount"] for line in lines) == 4
    assert (sum(line["pendingCount"] for line in lines), sum(line["rejectedCount"] for line in lines)) == (1, 1)
    if by == "branch":
        assert {line["label"] for line in lines} == {"Branch 0", "Branch 1"}


def test_a_repeated_deposit_is_one(shop: Shop) -> None:
    cashier = shop.ana.back_office()
    body = {"description": "micro onde", "weightGrams": 12_000}
    headers = {"Idempotency-Key": "the same"}

    answers = race([lambda: cashier.post("/v1/deposits", body, headers=headers) for _ in range(8)])

    assert len({answer.json()["data"]["id"] for answer in answers if answer.status_code == 201}) == 1
    assert len(cashier.ok(cashier.get("/v1/deposits"))["items"]) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"quantity": 0},
        {"quantity": 1.5},
        {"weightGrams": 0},
        {"weightGrams": 10**9},
        {"description": "  "},
        {"description": "x" * 501},
        {"category": "EEE-9"},
        {"channel": "fax"},
        {"weight": 3},
        {"lang": "de"},
    ],
    ids=lambda wrong: "-".join(f"{name} {str(value)[:10]}" for name, value in wrong.items()),
)
def test_a_deposit_that_makes_no_sense_is_refused(shops: Shops, wrong: dict[str, Any]) -> None:
    cashier = shops.make().ana.back_office()

    answer = cashier.post("/v1/deposits", {"description": "lampe", "weightGrams": 100} | wrong)

    (detail,) = refused(answer, 400, "VALIDATION_ERROR")["details"]
    assert [detail["field"]] == list(wrong)


def test_the_categories_have_names_in_three_languages(shop: Shop) -> None:
    cashier = shop.ana.back_office()

    items = cashier.ok(cashier.get("/v1/deposits/categories"))["items"]

    assert [item["code"] for item in items] == [f"EEE-{number}" for number in range(1, 9)]
    assert all(set(item["labels"]) == {"en", "fr", "es"} for item in items)
    refused(Api(shop.http).get("/v1/deposits/categories"), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("text", "category"),
    [("micro onde", "EEE-2"), ("frigo américain", "EEE-1"), ("tel portable hs", "EEE-3"), ("nevera rota", "EEE-1")],
)
def test_a_text_is_classified_with_three_suggestions(shop: Shop, text: str, category: str) -> None:
    cashier = shop.ana.back_office()

    found = cashier.ok(cashier.post("/v1/deposits/classify", {"text": text}))

    assert (found["suggestions"][0]["category"], found["needsChoice"], found["provider"]) == (category, False, "local")
    assert len(found["suggestions"]) == 3
    assert sum(each["confidence"] for each in found["suggestions"]) <= 1.001


def test_an_unknown_thing_needs_a_choice(shop: Shop) -> None:
    cashier = shop.ana.back_office()

    found = cashier.ok(cashier.post("/v1/deposits/classify", {"text": "😀"}))

    assert found["needsChoice"] is True
    assert found["suggestions"][0]["confidence"] == 0.125


def test_classifying_needs_somebody_who_may_record(shop: Shop) -> None:
    refused(Api(shop.http).post("/v1/deposits/classify", {"text": "lampe"}), 401, "UNAUTHORIZED")
    reader = key_of(shop, "deposits:read")
    refused(reader.post("/v1/deposits/classify", {"text": "lampe"}), 403, "ROLE_FORBIDDEN")


def test_voice_is_refused_where_no_endpoint_is_configured(shop: Shop) -> None:
    cashier = shop.ana.back_office()

    sent = cashier.request("POST", "/v1/deposits/transcribe", content=b"OggS", headers={"content-type": "audio/ogg"})
    text = cashier.request("POST", "/v1/deposits/transcribe", content=b"x", headers={"content-type": "text/plain"})

    refused(sent, 503, "TRANSCRIPTION_UNAVAILABLE")
    refused(text, 415, "AUDIO_TYPE_UNKNOWN")
