"""Organisations with something of everything, for tests of who may see what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.support import Api, Shop, Shops, fetch, move, open_drawer


@dataclass
class Place:
    """An organisation with something of everything, as its own admin sees it."""

    shop: Shop
    admin: Api
    ids: dict[str, str]
    """By the name under which a route asks for it."""
    secrets: set[str]
    """Ids and names that nobody else may be shown."""


def furnish(shops: Shops, name: str, superuser_dsn: str) -> Place:
    shop = shops.make(branches=2)
    admin = shop.elena.back_office()
    branch = admin.ok(
        admin.post("/v1/branches", {"name": f"{name} Street", "timezone": "Europe/Madrid", "baseCurrency": "EUR"}), 201
    )
    register = admin.ok(
        admin.post("/v1/registers", {"branchId": str(shop.branches[0].id), "name": f"{name} Till"}), 201
    )
    user = admin.ok(
        admin.post(
            "/v1/users",
            {
                "username": f"{name.lower()}person",
                "name": f"{name} Person",
                "role": "CASHIER",
                "branchIds": [str(shop.branches[0].id)],
            },
        ),
        201,
    )
    till = shop.ana.login(register["id"])
    past = open_drawer(till, {"EUR": 50}, note=f"{name} Past")
    till.ok(till.post(f"/v1/cash/sessions/{past['id']}/close", {"countedCash": {"EUR": 0}}))
    drawer = open_drawer(till, {"EUR": 50}, note=f"{name} Note")
    waiting = move(till, drawer["id"], "PAID_IN", {"EUR": 999}, reason=f"{name} Reason")
    key = admin.ok(admin.get("/v1/api-keys"))["items"][0]["id"]
    user_id = (user.get("user") or user)["id"]
    ticket = Api(shop.http, shop.api_key).post(
        "/api/v1/pos-tickets",
        {
            "tenant": shop.slug,
            "source_model": "pos.order",
            "source_id": f"{name} Source",
            "pos_session": f"{name} Session",
            "ticket": {"a": 1},
        },
    )
    assert ticket.status_code == 201, ticket.text
    category = admin.ok(admin.post("/v1/catalogue/categories", {"name": f"{name} Category"}), 201)
    product = admin.ok(
        admin.post("/v1/catalogue/products", {"name": f"{name} Product", "price": 1, "categoryId": category["id"]}),
        201,
    )
    # In a drawer of the admin's own: what is refused to an admin who could sell is refused because it is foreign.
    open_drawer(admin, {"EUR": 50}, registerId=str(shop.registers[1]))
    line = {"productId": product["id"], "unitPrice": 2}
    sale = admin.ok(
        admin.post(
            "/v1/sales", {"lines": [line], "payments": [{"method": "CASH", "amount": 2}], "note": f"{name} Sale"}
        ),
        201,
    )
    cart = admin.ok(admin.post("/v1/sales/carts", {"label": f"{name} Cart"}), 201)
    cart = admin.ok(admin.post(f"/v1/sales/carts/{cart['id']}/lines", line), 201)
    deposit = admin.ok(admin.post("/v1/deposits", {"description": f"{name} Deposit", "weightGrams": 5}), 201)
    export = admin.ok(
        admin.post("/v1/deposits/exports", {"name": f"{name} Export", "destination": {"target": "folder"}}), 201
    )
    webhook = admin.ok(admin.post("/v1/webhooks", {"url": f"https://1.1.1.1/{name}", "types": None}), 201)
    code = admin.ok(admin.post("/v1/telegram/links"), 201)["code"]
    account = 800_000_000 + len(name)
    link = Api(shop.http, shop.api_key).post(
        "/v1/telegram/links/redeem", {"code": code, "telegramId": account, "chatId": account, "name": f"{name} Phone"}
    )
    (event,) = fetch(
        superuser_dsn, "SELECT id FROM outbox_events WHERE organisation_id = $1 ORDER BY occurred_at LIMIT 1", shop.id
    )
    ids = {
        "deposit_id": deposit["id"],
        "export_id": export["id"],
        "webhook_id": webhook["id"],
        "target": f"webhook:{webhook['id']}",
        "eventId": str(event["id"]),
        "telegram_id": str(account),
        "link_id": admin.ok(link)["id"],
        "branch_id": str(shop.branches[0].id),
        "register_id": register["id"],
        "tpv_id": register["id"],
        "user_id": user_id,
        "key_id": key,
        "session_id": drawer["id"],
        "movement_id": waiting["id"],
        "ticket_id": ticket.json()["id"],
        "branchId": str(shop.branches[0].id),
        "registerId": register["id"],
        "category_id": category["id"],
        "categoryId": category["id"],
        "product_id": product["id"],
        "productId": product["id"],
        "sale_id": sale["id"],
        "sessionId": sale["sessionId"],
        "cashierId": str(shop.elena.id),
        "cart_id": cart["id"],
        "line_id": cart["lines"][0]["id"],
        "actorId": str(shop.ana.id),
        "openedBy": str(shop.ana.id),
        "resourceId": drawer["id"],
        "tenant": shop.slug,
        "source_id": f"{name} Source",
        "pos_session": f"{name} Session",
    }
    own = {str(shop.id), shop.slug, branch["id"], past["id"], *ids.values(), *(str(one) for one in shop.registers)}
    own |= {str(person.id) for person in shop.people.values()} | {one.code for one in shop.branches}
    own |= {
        f"{name} {thing}"
        for thing in (
            "Street",
            "Till",
            "Person",
            "Past",
            "Note",
            "Reason",
            "Source",
            "Category",
            "Product",
            "Sale",
            "Cart",
            "Deposit",
            "Export",
            "Phone",
        )
    }
    ids |= {"path": "0/000.p/1", "from": "1", "to": "1"}
    return Place(shop=shop, admin=admin, ids=ids, secrets=own)


def seen_by_themselves(place: Place) -> list[Any]:
    """All that the admin of a place can list, to be compared before and after."""
    return [
        place.admin.ok(place.admin.get(path))
        for path in (
            "/v1/branches",
            f"/v1/branches/{place.ids['branch_id']}/policies",
            "/v1/registers",
            "/v1/users",
            "/v1/api-keys",
            "/v1/webhooks",
            f"/v1/webhooks/{place.ids['webhook_id']}/deliveries",
            "/v1/catalogue/categories",
            "/v1/catalogue/products",
            f"/v1/catalogue/products/{place.ids['product_id']}",
            "/v1/cash/sessions",
            f"/v1/cash/sessions/{place.ids['session_id']}/movements",
            "/v1/sales",
            f"/v1/sales/{place.ids['sale_id']}",
            f"/v1/sales/{place.ids['sale_id']}/refunds",
            "/v1/sales/carts",
            "/v1/deposits",
            f"/v1/deposits/{place.ids['deposit_id']}",
            "/v1/deposits/exports",
            "/v1/telegram/links",
            "/v1/audit?limit=100",
        )
    ]
