"""What a close leaves in the drawer and takes out of it, and what the next opening is told (experience.md)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Api, Shop, Shops, open_drawer, refused

PATH = "/v1/cash/sessions"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


@pytest.fixture
def path(till: Api) -> str:
    """Of a drawer with 150.50 EUR in it."""
    return f"{PATH}/{open_drawer(till, {'EUR': 150.5})['id']}"


def last_close(client: Api) -> dict[str, Any]:
    return client.ok(client.get("/v1/me"))["register"]["lastClose"]


def test_what_stays_and_what_is_taken_out_add_up_to_the_count(till: Api, path: str) -> None:
    closed = till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 150.5}, "leftCash": {"EUR": 100}}))

    assert (closed["leftCash"], closed["removedCash"]) == ({"EUR": 100}, {"EUR": 50.5})
    assert till.ok(till.get(path)) == closed


def test_the_z_keeps_it_and_reads_the_same_ever_after(till: Api, path: str) -> None:
    till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 150.5}, "leftCash": {"EUR": 0}}))
    report = till.get(path.replace(PATH, f"{PATH}/reports/z"))

    z = till.ok(report)

    assert (z["summary"]["leftCash"], z["summary"]["removedCash"]) == ({"EUR": 0}, {"EUR": 150.5})
    assert z["session"]["leftCash"] == {"EUR": 0}
    assert till.get(path.replace(PATH, f"{PATH}/reports/z")).content == report.content


def test_a_close_that_says_nothing_leaves_it_open(till: Api, path: str) -> None:
    closed = till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 150.5}}))
    z = till.ok(till.get(path.replace(PATH, f"{PATH}/reports/z")))

    assert (closed["leftCash"], closed["removedCash"]) == (None, None)
    assert (z["summary"]["leftCash"], z["summary"]["removedCash"]) == (None, None)


def test_a_currency_left_out_stays_whole(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"USD": 50, "KHR": 100_000})

    body = {"countedCashUsd": 50, "countedCashKhr": 100_000, "leftCash": {"USD": 20}}
    closed = till.ok(till.post(f"{PATH}/{drawer['id']}/close", body))

    assert closed["leftCash"] == {"USD": 20, "KHR": 100_000}
    assert closed["removedCash"] == {"USD": 30, "KHR": 0}


@pytest.mark.parametrize(
    ("left", "code"),
    [
        ({"EUR": 150.51}, "LEFT_EXCEEDS_COUNT"),
        ({"GBP": 1}, "CURRENCY_NOT_ACCEPTED"),
        ({"EUR": -0.01}, "VALIDATION_ERROR"),
        ({"EUR": 0.001}, "VALIDATION_ERROR"),
    ],
    ids=["more than counted", "another currency", "less than nothing", "half a cent"],
)
def test_what_cannot_stay_is_refused_and_the_drawer_stays_open(
    till: Api, path: str, left: dict[str, float], code: str
) -> None:
    refused(till.post(f"{path}/close", {"countedCash": {"EUR": 150.5}, "leftCash": left}), 400, code)

    assert till.ok(till.get(path))["status"] == "OPEN"


def test_the_next_opening_is_told_what_was_left_not_what_was_counted(shop: Shop, till: Api, path: str) -> None:
    till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 150.5}, "leftCash": {"EUR": 80}}))

    told = last_close(till)

    assert (told["countedCash"], told["leftCash"]) == ({"EUR": 150.5}, {"EUR": 80})
    till.post("/api/auth/logout-pos")
    assert last_close(shop.luis.login(shop.registers[0]))["leftCash"] == {"EUR": 80}


def test_without_it_the_next_opening_is_told_the_count(till: Api, path: str) -> None:
    till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 150}}))

    assert last_close(till)["leftCash"] == {"EUR": 150}


def test_a_recount_changes_nothing_of_what_was_left(shop: Shop, till: Api, path: str) -> None:
    till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 100}, "leftCash": {"EUR": 80}}))
    marta = shop.marta.back_office()

    reviewed = marta.ok(marta.post(f"{path}/review", {"decision": "RECOUNT", "countedCash": {"EUR": 149}}))

    assert (reviewed["status"], reviewed["leftCash"]) == ("CLOSED", {"EUR": 80})
    assert last_close(till)["leftCash"] == {"EUR": 80}


def test_the_audit_log_says_so_too(shop: Shop, till: Api, path: str) -> None:
    till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 150.5}, "leftCash": {"EUR": 80}}))

    admin = shop.elena.back_office()
    (entry,) = admin.ok(admin.get("/v1/audit", params={"action": "CASH_SESSION_CLOSED"}))["items"]
    assert entry["after"]["leftCash"] == {"EUR": 80}


def test_the_printed_z_says_what_stays_and_what_was_taken_out(till: Api, path: str) -> None:
    till.ok(till.post(f"{path}/close", {"countedCash": {"EUR": 150.5}, "leftCash": {"EUR": 80}}))

    sheet = till.get(f"{path.replace(PATH, f'{PATH}/reports/z')}/document", params={"format": "csv", "lang": "en"})

    assert "Left in the drawer,80.00" in sheet.text
    assert "Removed,70.50" in sheet.text
