"""`/v1/me`: who is logged in, where they stand, and opening the drawer with no sale."""

from __future__ import annotations

from tests.support import Api, Shops, open_drawer, refused


def test_a_cashier_learns_what_the_till_needs(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"), policies={"cashBlindClose": True, "fxRates": {"KHR": 4100}})
    till = shop.ana.login(shop.registers[0])

    me = till.ok(till.get("/v1/me"))

    assert (me["user"]["name"], me["user"]["role"]) == ("Ana", "CASHIER")
    assert "cash:operate" in me["user"]["permissions"]
    assert "admin:read" not in me["user"]["permissions"]
    assert (me["branch"]["baseCurrency"], me["branch"]["currencies"]) == ("USD", ["USD", "KHR"])
    assert (me["branch"]["policies"]["cashBlindClose"], me["branch"]["policies"]["fxRates"]) == (True, {"KHR": 4100})
    assert me["register"] == {"id": str(shop.registers[0]), "name": "Caja 1", "lastClose": None}


def test_the_next_cashier_sees_what_the_last_close_left(shops: Shops) -> None:
    shop = shops.make()
    first = shop.ana.login(shop.registers[0])
    session = open_drawer(first, {"EUR": 100})
    first.ok(first.post(f"/v1/cash/sessions/{session['id']}/close", {"countedCash": {"EUR": 99.5}}))
    first.post("/api/auth/logout-pos")
    second = shop.luis.login(shop.registers[0])

    last = second.ok(second.get("/v1/me"))["register"]["lastClose"]

    assert (last["sessionId"], last["countedCash"]) == (session["id"], {"EUR": 99.5})


def test_the_desk_has_no_register(shops: Shops) -> None:
    desk = shops.make().elena.back_office()

    me = desk.ok(desk.get("/v1/me"))

    assert (me["user"]["role"], me["register"]) == ("ADMIN", None)


def test_an_api_key_learns_what_it_may_do(shops: Shops) -> None:
    shop = shops.make()

    me = Api(shop.http, shop.api_key).get("/v1/me").json()["data"]

    assert (me["user"]["role"], me["branch"], me["register"]) == (None, None, None)


def test_opening_the_drawer_with_no_sale_is_written_down_and_moves_no_money(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])
    session = open_drawer(till, {"EUR": 100})

    opened = till.ok(till.post("/v1/me/drawer-openings", {"reason": "Change for a customer"}), 201)

    admin = shop.elena.back_office()
    entries = admin.ok(admin.get("/v1/audit", params={"action": "DRAWER_OPENED_WITHOUT_SALE"}))["items"]
    assert opened == {"sessionId": session["id"], "reason": "Change for a customer"}
    assert [(entry["resourceId"], entry["after"]["reason"]) for entry in entries] == [
        (session["id"], "Change for a customer")
    ]
    assert till.ok(till.get("/v1/cash/sessions/active"))["balances"][0]["expectedCash"] == 100


def test_a_drawer_that_is_not_open_cannot_be_opened_with_no_sale(shops: Shops) -> None:
    shop = shops.make()
    till = shop.ana.login(shop.registers[0])

    answer = till.post("/v1/me/drawer-openings", {"reason": "Change for a customer"})
    nameless = till.post("/v1/me/drawer-openings", {"reason": " a "})

    refused(answer, 404, "NO_ACTIVE_SESSION")
    refused(nameless, 400, "VALIDATION_ERROR")
