"""A counter where things are sold: a shop with goods, a till with an open drawer, and the hands of a cashier."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.people import Till, walk
from tests.support import Api, Person, PersonSpec, Shop, Shops, open_drawer
from tillvault.identity.domain import Role

GOODS: list[dict[str, Any]] = [
    {"name": "Coffee", "price": 2.5, "taxRate": 10, "barcode": "3017620422003", "isFavourite": True},
    {"name": "Bread", "price": 2.5, "taxRate": 5.5, "isFavourite": True},
    {"name": "Lamp", "price": 75, "taxRate": 20, "eeeCategory": "EEE-4", "weightGrams": 900},
    {"name": "Apples", "price": 3.3, "taxRate": 5.5, "unit": "KILOGRAM"},
    {"name": "Repair", "isOpenPrice": True, "taxRate": 20},
    {"name": "Crème brûlée", "price": 4.2, "taxRate": 10},
    {"name": "Basket", "price": 47.5, "taxRate": 0},
]
PEOPLE: Sequence[PersonSpec] = (
    ("ana", Role.CASHIER),
    ("luis", Role.CASHIER),
    ("marta", Role.MANAGER),
    ("elena", Role.ADMIN),
    *((f"c{language}{width}", Role.CASHIER) for language in ("en", "fr", "es", "km") for width in (390, 1024, 1440)),
)


def shop_of(shops: Shops, goods: list[dict[str, Any]] = GOODS, **order: Any) -> Shop:
    """A shop that has something to sell."""
    shop = shops.make(people=PEOPLE, **order)
    admin = shop.elena.back_office()
    category = admin.ok(admin.post("/v1/catalogue/categories", {"name": "Kitchen", "colour": "#c98f1e"}), 201)
    for one in goods:
        admin.ok(admin.post("/v1/catalogue/products", {"categoryId": category["id"], **one}), 201)
    return shop


def drawer_ready(
    till: Till, person: Person, opening: dict[str, Any] | None = None, *, register: str | None = "Caja 1"
) -> Till:
    """Log in with an open drawer and go selling. Without a register, the first one that is free."""
    branch = person.shop.branches.index(till.place)
    numbers = range(len(till.place.registers)) if register is None else [int(register.removeprefix("Caja ")) - 1]
    logins = (person.try_login(till.place.registers[number], branch=branch) for number in numbers)
    login = next(answer for answer in logins if answer.status_code == 200)
    api = Api(person.shop.http, login.json()["access_token"])
    open_drawer(api, opening or {"EUR": 100})
    # What is paused goes on by the PIN alone, without a choice of register and without loading the page again.
    assert api.post("/api/auth/logout-pos").status_code == 200
    till.pin(person)
    expect(till.page.get_by_test_id("cashier")).to_have_text(person.name)
    till.heading("The drawer is open")
    walk(till.page, "/till/sell")
    till.page.get_by_test_id("product").first.wait_for()
    return till


def token_of(page: Page) -> str:
    return page.evaluate("() => JSON.parse(localStorage.getItem('tillvault.till')).token")


class Counter:
    def __init__(self, till: Till, shop: Shop, person: Person | None = None) -> None:
        self.till = till
        self.shop = shop
        self.person = person or shop.ana
        self.page = till.page
        self.api = Api(shop.http, token_of(till.page))
        self.lines: Locator = self.page.get_by_test_id("line")
        self.total: Locator = self.page.get_by_test_id("total")
        self.change_due: Locator = self.page.get_by_test_id("change-due")
        self.amount: Locator = self.page.get_by_role("dialog").get_by_label(re.compile("^Amount"))

    def pick(self, *names: str) -> None:
        for name in names:
            self.page.get_by_role("button", name="All", exact=True).click()
            self.page.get_by_test_id("product").filter(has_text=name).click()

    def open_line(self, name: str) -> None:
        self.lines.filter(has_text=name).get_by_role("button").first.click()

    def scan(self, code: str) -> None:
        """As a scanner does: keys without a pause, then Enter. Made in the page, where no test slows them down."""
        self.page.evaluate(
            """code => {
                for (const key of [...code, 'Enter'])
                    (document.activeElement ?? document.body).dispatchEvent(
                        new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
            }""",
            code,
        )

    def done(self) -> None:
        self.page.get_by_role("dialog").get_by_role("button", name="Done").click()
        expect(self.page.get_by_role("dialog")).to_have_count(0)

    def pay_cash(self, amount: str, *, waits: bool = True) -> None:
        self.page.get_by_test_id("pay").click()
        self.amount.fill(amount)
        self.finish()
        if waits:
            expect(self.change_due).to_be_visible()

    def finish(self) -> None:
        self.page.get_by_test_id("finish").click()

    def next(self) -> None:
        self.page.get_by_test_id("next").click()
        expect(self.change_due).to_have_count(0)

    def sales(self) -> list[dict[str, Any]]:
        """As the API knows them, newest first."""
        return self.api.ok(self.api.get("/v1/sales", params={"limit": 50}))["items"]

    def expected_cash(self) -> dict[str, Any]:
        drawer = self.api.ok(self.api.get("/v1/cash/sessions/active"))
        return {one["currency"]: one["expectedCash"] for one in drawer["balances"]}

    @staticmethod
    def tax_of(sale: dict[str, Any]) -> float:
        return round(sum(line["tax"] for line in sale["lines"]), 2)

    def change_price(self, name: str, price: float) -> None:
        admin = self.shop.elena.back_office()
        (product,) = admin.ok(admin.get("/v1/catalogue/products", params={"q": name}))["items"]
        admin.ok(admin.patch(f"/v1/catalogue/products/{product['id']}", {"price": price}))

    def change_price_unheard(self, name: str, price: float) -> None:
        """As where the news of it is late: the till hears of the change and cannot ask what it is."""
        self.page.route("**/v1/catalogue/**", lambda route: route.abort())
        self.change_price(name, price)
        self.page.wait_for_timeout(300)
        self.page.unroute("**/v1/catalogue/**")

    def wait_for_parked(self, count: int, *, seconds: int = 5) -> None:
        for _ in range(seconds * 10):
            if len(self.api.ok(self.api.get("/v1/sales/carts", params={"status": "PARKED"}))["items"]) == count:
                return
            time.sleep(0.1)
        raise AssertionError(f"there are not {count} parked carts")

    def close_from_the_desk(self) -> None:
        admin = self.shop.elena.back_office()
        drawer = self.api.ok(self.api.get("/v1/cash/sessions/active"))
        path = f"/v1/cash/sessions/{drawer['id']}/force-close"
        admin.ok(admin.post(path, {"countedCash": {"EUR": 100}, "reason": "closed at the desk"}))

    def open_again(self) -> None:
        """Open a drawer where the till asks for it; it goes on with the page where it was."""
        self.page.get_by_text("Total only").first.click()
        self.page.get_by_label("Total in EUR").fill("50")
        self.page.get_by_role("button", name=re.compile("^Open with")).click()
