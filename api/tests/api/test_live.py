"""Live updates: GET /v1/events/stream."""

from __future__ import annotations

from tests.listening import listening
from tests.support import Api, Shops


def test_an_admin_sees_a_drawer_open_as_it_happens(shops: Shops) -> None:
    shop = shops.make()
    with listening(shop.elena.back_office()) as listener:
        till = shop.ana.login(shop.registers[0])
        opened = till.ok(till.post("/v1/cash/sessions", {"openingFloat": {"EUR": 12.5}}), 201)

        started = listener.next()
        name, event = listener.next()

    assert started[0] == "terminal.session_started"
    assert name == "cash.session_opened"
    assert event["organisationId"] == str(shop.id)
    assert event["data"]["sessionId"] == opened["id"]
    assert event["data"]["openingFloat"] == {"EUR": 12.5}


def test_a_cashier_hears_of_the_release_of_their_own_terminal_and_of_nothing_else(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    other = shop.luis.login(shop.registers[1])
    with listening(till) as listener:
        other.ok(other.post("/v1/cash/sessions", {}), 201)
        till.ok(till.post("/v1/cash/sessions", {}), 201)
        assert listener.silent()

        released = shop.elena.back_office().post(f"/api/tpv/{shop.registers[0]}/liberar")
        name, event = listener.next()

    assert released.status_code == 200
    assert name == "terminal.session_released"
    assert event["data"]["drawerClosed"] is True


def test_nobody_hears_of_another_organisation(shops: Shops) -> None:
    shop, foreign = shops.make(), shops.make()
    with listening(shop.elena.back_office()) as listener:
        foreign.ana.login(foreign.registers[0])

        assert listener.silent()


def test_a_refused_act_is_not_told(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    with listening(shop.elena.back_office()) as listener:
        refused = till.post("/v1/cash/sessions", {"openingFloat": {"CHF": 1}})

        assert refused.status_code == 400
        assert listener.silent()


def test_a_stream_needs_a_login(api: Api) -> None:
    assert api.get("/v1/events/stream").status_code == 401
