"""What tests of the catalogue share."""

from __future__ import annotations

from typing import Any

from tests.support import Api

PRODUCTS = "/v1/catalogue/products"
CATEGORIES = "/v1/catalogue/categories"


def make(admin: Api, name: str, **rest: Any) -> dict[str, Any]:
    return admin.ok(admin.post(PRODUCTS, {"name": name, "price": 1, **rest}), 201)


def names(api: Api, **params: Any) -> list[str]:
    return [item["name"] for item in api.ok(api.get(PRODUCTS, params=params))["items"]]


def all_pages(api: Api, path: str, **params: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = api.ok(api.get(path, params=params | ({"cursor": cursor} if cursor else {})))
        found += page["items"]
        cursor = page["nextCursor"]
        if cursor is None:
            return found
        assert len(page["items"]) == int(params.get("limit", 50))


def put(api: Api, path: str, body: dict[str, Any]) -> Any:
    return api.request("PUT", path, json=body)
