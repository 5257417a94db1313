"""Structured logs of the drawer (cash-session-hardening.md, criterion 3; domain.md, "Observability")."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import httpx

from tests.machinery import Serving
from tests.support import Shops, open_drawer, refused
from tillvault.core.config import Settings

PATH = "/v1/cash/sessions"


def test_what_happens_to_a_drawer_is_logged_with_its_register_and_operator(
    shops: Shops, settings: Settings, tmp_path: Path
) -> None:
    assert settings.database_url is not None
    shop = shops.make()
    serving = Serving(
        tmp_path / "var",
        settings={
            "DATABASE_URL": settings.database_url.get_secret_value(),
            "TILLVAULT_KEYS_DIR": str(settings.keys_folder),
        },
    )
    try:
        serving.ready()
        with httpx.Client(base_url=serving.url, timeout=30) as shop.http:
            till, manager = shop.ana.login(shop.registers[0]), shop.marta.back_office()
            opened = till.post(PATH, {}, headers={"X-Request-Id": "opening-1"})
            refused(till.post(PATH, {"registerId": str(shop.registers[1])}), 409, "USER_ALREADY_OPEN")
            refused(till.post(PATH, {"registerId": str(uuid4())}), 404, "REGISTER_NOT_FOUND")
            till.ok(till.post(f"{PATH}/{opened.json()['data']['id']}/close", {}))
            forced = open_drawer(till)
            manager.ok(manager.post(f"{PATH}/{forced['id']}/force-close", {"reason": "end of day"}))
        serving.end()
        logged = [record for record in serving.records if record["event"].startswith("cash_session.")]
    finally:
        serving.clean_up()

    place = {"branch_id": str(shop.branches[0].id)}
    ana = place | {"register_id": str(shop.registers[0]), "operator_id": str(shop.ana.id)}
    assert [(record["event"], record.get("code")) for record in logged] == [
        ("cash_session.opened", None),
        ("cash_session.open_refused", "USER_ALREADY_OPEN"),
        ("cash_session.open_refused", "REGISTER_NOT_FOUND"),
        ("cash_session.closed", None),
        ("cash_session.opened", None),
        ("cash_session.force_closed", None),
    ]
    assert logged[0]["request_id"] == opened.headers["x-request-id"] == "opening-1"
    assert all(record["request_id"] and record["time"] and record["level"] for record in logged)
    for at in (0, 3, 4):
        assert logged[at].items() >= ana.items()
    assert logged[1]["register_id"] == str(shop.registers[1])
    assert logged[1]["operator_id"] == logged[2]["operator_id"] == str(shop.ana.id)
    assert logged[5].items() >= (ana | {"operator_id": str(shop.marta.id)}).items()
