"""Scheduled exports as admins keep them: who may, how they rest, how they go, what opens their secrets."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag

from tests.exporting import attempts, run_due, scheduled
from tests.support import Shop, Shops, fetch, refused
from tillvault.core.config import Settings
from tillvault.deposits.exports.sealing import seal, unseal

TO_S3: dict[str, Any] = {
    "target": "s3",
    "endpoint": "https://1.1.1.1",
    "bucket": "eco-organism",
    "accessKeyId": "AKID",
    "secretAccessKey": "a secret that is forgotten",
}


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


def test_only_admins_say_where_exports_are_sent(shop: Shop) -> None:
    for person in (shop.ana, shop.marta):
        client = person.back_office()
        refused(client.get("/v1/deposits/exports"), 403, "ROLE_FORBIDDEN")
        made = client.post("/v1/deposits/exports", {"name": "x", "destination": {"target": "folder"}})
        refused(made, 403, "ROLE_FORBIDDEN")


def test_an_inactive_export_rests_and_one_that_is_not_due_is_not_tried(
    shop: Shop, settings: Settings, tmp_path: Path
) -> None:
    admin = shop.elena.back_office()
    export = scheduled(admin, {"target": "folder"})
    path = f"/v1/deposits/exports/{export['id']}"

    admin.ok(admin.patch(path, {"isActive": False}))
    run_due(settings, exports_dir=tmp_path)

    assert attempts(admin, export) == []
    refused(admin.post(f"{path}/retry"), 409, "EXPORT_NOT_DUE")
    admin.ok(admin.patch(path, {"isActive": True, "name": "Ecologic"}))
    run_due(settings, exports_dir=tmp_path)
    assert len(attempts(admin, export)) == 1
    refused(admin.post(f"{path}/retry"), 409, "EXPORT_NOT_DUE")


def test_a_sealed_secret_opens_only_where_it_belongs(shop: Shop) -> None:
    own, other = shop.id, shop.branches[0].id
    sealed = seal("secret", master=b"key", organisation_id=own, export_id=other)

    assert unseal(sealed, master=b"key", organisation_id=own, export_id=other) == "secret"
    for master, organisation_id, export_id in ((b"another", own, other), (b"key", own, own), (b"key", other, other)):
        with pytest.raises(InvalidTag):
            unseal(sealed, master=master, organisation_id=organisation_id, export_id=export_id)


def test_an_export_that_is_deleted_is_sent_no_more_and_its_secret_is_gone(
    shop: Shop, settings: Settings, superuser_dsn: str, tmp_path: Path
) -> None:
    admin = shop.elena.back_office()
    kept = scheduled(admin, {"target": "folder"}, name="kept")
    gone = scheduled(admin, TO_S3, name="gone")
    path = f"/v1/deposits/exports/{gone['id']}"
    refused(shop.marta.back_office().delete(path), 403, "ROLE_FORBIDDEN")

    told = admin.ok(admin.delete(path))
    run_due(settings, exports_dir=tmp_path)

    assert (told["id"], told["name"]) == (gone["id"], "gone")
    assert [each["name"] for each in admin.ok(admin.get("/v1/deposits/exports"))["items"]] == ["kept"]
    assert (attempts(admin, gone), len(attempts(admin, kept))) == ([], 1)
    assert fetch(superuser_dsn, "SELECT FROM deposit_exports WHERE id = $1", UUID(gone["id"])) == []
    audit = admin.ok(admin.get("/v1/audit", params={"resourceId": gone["id"]}))["items"]
    assert (audit[0]["action"], audit[0]["after"]) == ("EXPORT_DELETED", None)
    refused(admin.delete(path), 404, "EXPORT_NOT_FOUND")
    refused(admin.post(f"{path}/retry"), 404, "EXPORT_NOT_FOUND")
