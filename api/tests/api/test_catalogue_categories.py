"""/v1/catalogue/categories."""

from __future__ import annotations

from typing import Any

import pytest

from tests.catalogue import CATEGORIES, all_pages
from tests.support import Api, Shops, refused


@pytest.fixture(scope="module")
def admin(shops: Shops) -> Api:
    return shops.make().elena.back_office()


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": None},
        {"colour": "red"},
        {"colour": "#12345"},
        {"position": -1},
        {"position": 1_000_001},
        {"position": "1"},
        {"isActive": "yes"},
        {"icon": "lamp"},
    ],
    ids=str,
)
def test_a_category_that_makes_no_sense_is_refused(admin: Api, change: dict[str, Any]) -> None:
    answer = admin.post(CATEGORIES, {"name": "New"} | change)

    assert refused(answer, 400, "VALIDATION_ERROR")["details"][0]["field"] == next(iter(change))


def test_categories_are_listed_changed_and_audited(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    made = [admin.ok(admin.post(CATEGORIES, {"name": name}), 201) for name in ("Toys", "books", "Lamps")]

    changed = admin.ok(
        admin.patch(f"{CATEGORIES}/{made[0]['id']}", {"name": "Games", "isActive": False, "colour": "#abcdef"})
    )

    assert [category["position"] for category in made] == [1, 2, 3]
    assert [item["name"] for item in all_pages(admin, CATEGORIES, limit=1)] == ["books", "Games", "Lamps"]
    assert [item["name"] for item in all_pages(admin, CATEGORIES, active=False)] == ["Games"]
    assert changed | {"updatedAt": ""} == made[0] | {
        "name": "Games",
        "isActive": False,
        "colour": "#abcdef",
        "updatedAt": "",
    }
    told = admin.ok(admin.get("/v1/audit", params={"resourceId": made[0]["id"]}))["items"]
    assert [entry["action"] for entry in told] == ["CATEGORY_UPDATED", "CATEGORY_CREATED"]
