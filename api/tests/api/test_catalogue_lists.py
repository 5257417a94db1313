"""/v1/catalogue: what is found, and what a till hears of changes."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.catalogue import CATEGORIES, PRODUCTS, all_pages, make, names, put
from tests.listening import listening
from tests.support import Shops, fetch, refused


def test_search_looks_at_each_word_without_case_and_accents(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    make(admin, "Cafetière électrique", sku="CAF-100%")
    make(admin, "Vélo enfant", barcode="4006381333931")
    make(admin, "Vélo 4006381333931 bis")
    make(admin, "Œuvre d'art")

    assert names(admin, q="ELEC cafetiere") == ["Cafetière électrique"]
    assert names(admin, q="100%") == ["Cafetière électrique"]
    assert names(admin, q="caf_") == []
    assert names(admin, q="velo") == ["Vélo 4006381333931 bis", "Vélo enfant"]
    assert names(admin, q="4006381333931") == ["Vélo enfant", "Vélo 4006381333931 bis"]
    assert names(admin, barcode="4006381333931") == ["Vélo enfant"]
    assert names(admin, barcode="4006381333931", q="cafe") == []
    assert [item["name"] for item in all_pages(admin, PRODUCTS, q="4006381333931", limit=1)] == [
        "Vélo enfant",
        "Vélo 4006381333931 bis",
    ]


def test_lists_are_filtered_and_paged_by_name(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    category = admin.ok(admin.post(CATEGORIES, {"name": "Odd"}), 201)
    for number in range(23):
        make(
            admin,
            f"Thing {number:02d}",
            isFavourite=number % 5 == 0,
            isActive=number % 2 == 0,
            categoryId=category["id"] if number % 2 else None,
        )

    everything = [item["name"] for item in all_pages(admin, PRODUCTS, limit=4)]

    assert everything == [f"Thing {number:02d}" for number in range(23)]
    assert names(admin, favourite=True) == [f"Thing {number:02d}" for number in (0, 5, 10, 15, 20)]
    assert names(admin, active=False) == names(admin, categoryId=category["id"]) == everything[1::2]
    refused(admin.get(PRODUCTS, params={"cursor": "nonsense"}), 400, "VALIDATION_ERROR")


def test_a_till_hears_only_of_what_has_changed_since(shops: Shops) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    category = admin.ok(admin.post(CATEGORIES, {"name": "Old name"}), 201)
    made = [make(admin, f"P{number}") for number in range(6)]
    last = datetime.fromisoformat(made[-1]["updatedAt"])
    since = {"updatedSince": (last + timedelta(microseconds=1)).isoformat()}

    assert all_pages(admin, PRODUCTS, **since) == []
    admin.ok(admin.patch(f"{PRODUCTS}/{made[3]['id']}", {"categoryId": category["id"]}))
    admin.ok(put(admin, f"{PRODUCTS}/{made[1]['id']}/prices/{shop.branches[0].id}", {"price": 3}))
    assert [item["name"] for item in all_pages(admin, PRODUCTS, limit=1, **since)] == ["P3", "P1"]
    admin.ok(admin.patch(f"{CATEGORIES}/{category['id']}", {"name": "New name"}))

    changed = all_pages(admin, PRODUCTS, limit=1, **since)
    assert [(item["name"], item["categoryName"]) for item in changed] == [("P1", None), ("P3", "New name")]
    assert len(all_pages(admin, PRODUCTS, limit=2, updatedSince=made[0]["updatedAt"])) == 6


def test_every_change_of_a_product_is_told_to_tills(shops: Shops, superuser_dsn: str) -> None:
    shop = shops.make()
    admin = shop.elena.back_office()
    made = make(admin, "Told", price=2)
    admin.ok(put(admin, f"{PRODUCTS}/{made['id']}/prices/{shop.branches[0].id}", {"price": 3}))

    told = fetch(
        superuser_dsn,
        "SELECT type, branch_id, key, data->'price'->>'EUR' AS price FROM outbox_events"
        f" WHERE data->>'productId' = '{made['id']}' ORDER BY id",
    )

    assert [tuple(row) for row in told] == [
        ("catalogue.product_changed", None, "catalogue", "2.00"),
        ("catalogue.product_changed", shop.branches[0].id, "catalogue", "3.00"),
    ]


def test_a_till_hears_at_once_that_a_price_has_changed(shops: Shops) -> None:
    shop, other = shops.make(), shops.make()
    admin, till, elsewhere = shop.elena.back_office(), shop.ana.login(shop.registers[0]), other.elena.back_office()

    with listening(till) as heard, listening(elsewhere) as foreign:
        made = make(admin, "Heard", price=2)
        name, event = heard.next()

        assert foreign.silent()
    assert (name, event["type"]) == ("catalogue.product_changed", "catalogue.product_changed")
    assert event["data"] == {"productId": made["id"], "name": "Heard", "price": {"EUR": 2}, "isActive": True}
