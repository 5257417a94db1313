"""Wrong PINs and passwords are slowed down per source, per device and per store (domain.md, "People and places").

Every test comes from 127.0.0.1, and the counts belong to a store: each test has a shop of its own.
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.support import Shop, Shops, refused, statuses


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2)


def guess(shop: Shop, *, pin: str = "99999999", branch: int = 0, device: str | None = None) -> httpx.Response:
    return shop.http.post(
        "/api/auth/validar-pin",
        json={"pin": pin, "codigo_tienda": shop.branches[branch].code},
        headers={"X-Device-Id": device} if device else {},
    )


def enter(shop: Shop, **body: Any) -> httpx.Response:
    known = {"username": "elena", "password": "password-elena", "organizacion": shop.slug}
    return shop.http.post("/api/auth/login", json=known | body)


def test_after_five_wrong_pins_even_the_right_one_waits(shop: Shop) -> None:
    wrong = [guess(shop) for _ in range(5)]
    sixth = guess(shop)
    right = shop.ana.try_login(shop.registers[0])

    assert statuses(wrong) == {401: 5}
    refused(sixth, 429, "TOO_MANY_ATTEMPTS")
    refused(right, 429, "TOO_MANY_ATTEMPTS")
    assert 1 <= int(sixth.headers["retry-after"]) <= 11


def test_four_wrong_pins_do_not_hinder_and_a_right_one_clears_the_count(shop: Shop) -> None:
    first = [guess(shop) for _ in range(4)]
    right = guess(shop, pin=shop.ana.pin)
    second = [guess(shop) for _ in range(4)]
    again = guess(shop, pin=shop.ana.pin)

    assert statuses([*first, *second]) == {401: 8}
    assert (right.status_code, again.status_code) == (200, 200)


def test_the_count_belongs_to_the_store_whatever_the_case_of_its_code(shop: Shop) -> None:
    for change in (str.lower, str.upper, str.lower, str.swapcase, str.upper):
        shop.http.post(
            "/api/auth/validar-pin", json={"pin": "99999999", "codigo_tienda": f" {change(shop.branches[0].code)} "}
        )

    refused(guess(shop), 429, "TOO_MANY_ATTEMPTS")
    assert guess(shop, branch=1).status_code == 401


def test_both_ways_of_giving_a_pin_count_together(shop: Shop) -> None:
    for _ in range(3):
        guess(shop)
    for _ in range(2):
        shop.ana.try_login(shop.registers[0], pin="99999999")

    refused(shop.ana.try_login(shop.registers[0]), 429, "TOO_MANY_ATTEMPTS")


def test_an_unknown_store_is_slowed_down_like_a_known_one(api: Any, shop: Shop) -> None:
    body = {"pin": "1234", "codigo_tienda": f"NO-{shop.branches[0].code}"[:32]}

    answers = [api.post("/api/auth/validar-pin", body) for _ in range(6)]

    assert [answer.status_code for answer in answers] == [401] * 5 + [429]


def test_whoever_is_logged_in_is_not_touched(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    for _ in range(6):
        guess(shop)

    assert till.ok(till.post("/v1/cash/sessions", {}), 201)["status"] == "OPEN"
    assert till.post("/api/auth/logout-pos").json()["estado"] == "pausada"


def test_malformed_pins_do_not_count(shop: Shop) -> None:
    answers = [guess(shop, pin="12") for _ in range(8)]

    assert statuses(answers) == {422: 8}
    assert guess(shop, pin=shop.ana.pin).status_code == 200


def test_passwords_are_slowed_down_too_each_name_for_itself(shop: Shop) -> None:
    wrong = [enter(shop, password="wrong") for _ in range(5)]

    assert statuses(wrong) == {401: 5}
    blocked = enter(shop)
    refused(blocked, 429, "TOO_MANY_ATTEMPTS")
    assert int(blocked.headers["retry-after"]) >= 1
    assert enter(shop, username="marta", password="password-marta").status_code == 200
    assert guess(shop, pin=shop.ana.pin).status_code == 200


def test_thirty_wrong_pins_slow_the_whole_store_down_though_right_ones_cleared_the_source(shop: Shop) -> None:
    for _ in range(7):
        assert statuses([guess(shop) for _ in range(4)]) == {401: 4}
        assert guess(shop, pin=shop.ana.pin).status_code == 200
    assert statuses([guess(shop) for _ in range(2)]) == {401: 2}

    refused(guess(shop, pin=shop.ana.pin), 429, "TOO_MANY_ATTEMPTS")
    assert guess(shop, pin=shop.marta.pin, branch=1).status_code == 200


def test_a_device_is_counted_by_itself(shop: Shop) -> None:
    # Right PINs without the device clear the address's count and leave the device's.
    for _ in range(4):
        assert guess(shop, device=f"tablet-{shop.slug}").status_code == 401
    guess(shop, pin=shop.ana.pin)
    assert guess(shop, device=f"tablet-{shop.slug}").status_code == 401

    refused(guess(shop, device=f"tablet-{shop.slug}", pin=shop.ana.pin), 429, "TOO_MANY_ATTEMPTS")
    assert guess(shop, device=f"other-{shop.slug}", pin=shop.ana.pin).status_code == 200
