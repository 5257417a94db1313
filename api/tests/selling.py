"""What tests of sales share: a shop with a catalogue, and sales of it."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import httpx

from tests.support import Api, Shop, fetch, open_drawer


def till_with_drawer(shop: Shop) -> Api:
    """Ana at the first register, with 50 EUR in her drawer."""
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    return till


def product(dsn: str, shop: Shop, *, price: int, currency: str | None = None, **columns: Any) -> str:
    """A product in the catalogue, `price` in minor units; gives its id."""
    known: dict[str, Any] = {
        "organisation_id": shop.id,
        "id": uuid4(),
        "name": "Book",
        "search": "book",
        "tax_rate_bp": 2000,
        "price_minor": price,
        "currency": currency or "EUR",
        "is_open_price": False,
        "unit": "PIECE",
        "is_favourite": False,
        "is_active": True,
    } | columns
    names = list(known)
    fetch(
        dsn,
        f"INSERT INTO products ({', '.join(names)}, created_at, updated_at)"
        f" VALUES ({', '.join(f'${at}' for at in range(1, len(names) + 1))}, now(), now())",
        *known.values(),
    )
    return str(known["id"])


def sell(till: Api, lines: Any, payments: Any = None, **body: Any) -> httpx.Response:
    """Try a sale. `lines` are product ids or whole lines; a payment of one amount is cash."""
    wanted = [{"productId": line} if isinstance(line, str) else line for line in lines]
    if isinstance(payments, int | float):
        payments = [{"method": "CASH", "amount": payments}]
    return till.post("/v1/sales", {"lines": wanted, "payments": payments or []} | body)


def sold(till: Api, lines: Any, payments: Any = None, **body: Any) -> dict[str, Any]:
    """A sale that must go through."""
    return till.ok(sell(till, lines, payments, **body), 201)


def report(till: Api, shop: Shop, register: int = 0) -> dict[str, Any]:
    """The X of a register."""
    return till.ok(till.get("/v1/cash/sessions/reports/x", params={"registerId": str(shop.registers[register])}))
