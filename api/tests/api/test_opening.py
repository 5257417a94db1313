"""Opening a drawer: where, by whom, for which business date."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from tests.support import Api, Shop, Shops, fetch, open_drawer, refused

PATH = "/v1/cash/sessions"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


# Where a drawer can be opened


def test_a_second_drawer_on_a_register_is_a_conflict(shop: Shop) -> None:
    open_drawer(shop.ana.login(shop.registers[0]))
    other = shop.luis.login(shop.registers[1])

    refused(other.post(PATH, {"registerId": str(shop.registers[0])}), 409, "REGISTER_ALREADY_OPEN")


def test_a_second_drawer_of_a_person_in_a_branch_is_a_conflict(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till)

    refused(till.post(PATH, {"registerId": str(shop.registers[1])}), 409, "USER_ALREADY_OPEN")


def test_a_person_can_have_a_drawer_in_each_of_their_branches(shops: Shops) -> None:
    shop = shops.make(branches=2)
    office = shop.marta.back_office()

    here = open_drawer(office, registerId=str(shop.registers[0]))
    there = open_drawer(office, branchId=str(shop.branches[1].id), registerId=str(shop.branches[1].registers[0]))

    assert (here["branchId"], there["branchId"]) == (str(shop.branches[0].id), str(shop.branches[1].id))


def test_a_closed_drawer_makes_room_for_the_next(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    first = open_drawer(till)
    till.ok(till.post(f"{PATH}/{first['id']}/close", {}))

    assert open_drawer(till)["id"] != first["id"]


def test_whoever_opens_on_another_register_keeps_their_terminal(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])

    data = open_drawer(till, registerId=str(shop.registers[2]))

    assert data["registerId"] == str(shop.registers[2])
    assert till.get("/api/auth/verificar-sesion").json()["tpv"]["id"] == str(shop.registers[0])


def test_a_login_without_a_register_opens_a_drawer_without_one(shop: Shop) -> None:
    office = shop.marta.back_office()

    data = open_drawer(office, {"EUR": 5})
    other = open_drawer(shop.elena.back_office())

    assert (data["registerId"], data["registerName"]) == (None, None)
    assert other["id"] != data["id"]


def test_a_register_that_is_unknown_foreign_or_of_another_branch_is_not_found(shops: Shops) -> None:
    shop, foreign = shops.make(branches=2), shops.make()
    till = shop.marta.back_office()

    for register in (uuid4(), foreign.registers[0], shop.branches[1].registers[0]):
        refused(till.post(PATH, {"registerId": str(register)}), 404, "REGISTER_NOT_FOUND")


def test_an_inactive_register_is_refused(shop: Shop) -> None:
    till, admin = shop.ana.login(shop.registers[0]), shop.elena.back_office()
    admin.ok(admin.patch(f"/v1/registers/{shop.registers[1]}", {"isActive": False}))

    refused(till.post(PATH, {"registerId": str(shop.registers[1])}), 400, "REGISTER_INACTIVE")


def test_a_branch_that_is_unknown_foreign_or_not_ones_own_is_refused(shops: Shops) -> None:
    shop, foreign = shops.make(branches=2), shops.make()
    till = shop.ana.login(shop.registers[0])

    refused(till.post(PATH, {"branchId": str(uuid4())}), 404, "BRANCH_NOT_FOUND")
    refused(till.post(PATH, {"branchId": str(foreign.branches[0].id)}), 404, "BRANCH_NOT_FOUND")
    refused(till.post(PATH, {"branchId": str(shop.branches[1].id)}), 403, "BRANCH_FORBIDDEN")


def test_an_inactive_branch_refuses_every_route_of_the_drawer(shops: Shops) -> None:
    shop = shops.make(branches=2)
    till = shop.ana.login(shop.registers[0])
    elsewhere = shop.marta.login(shop.branches[1].registers[0], branch=1)
    admin = shop.elena.login(shop.branches[1].registers[1], branch=1)
    admin.ok(admin.patch(f"/v1/branches/{shop.branches[0].id}", {"isActive": False}))

    unknown = f"{PATH}/{uuid4()}"
    for method, path in (
        ("POST", PATH),
        ("GET", PATH),
        ("GET", f"{PATH}/active"),
        ("GET", unknown),
        ("POST", f"{unknown}/close"),
        ("POST", f"{unknown}/movements"),
        ("GET", f"{PATH}/reports/z/{uuid4()}"),
        ("GET", f"{PATH}/reports/x?registerId={shop.registers[0]}"),
    ):
        body = {"type": "PAID_IN", "amount": {"EUR": 1}, "reason": "guarded"} if path.endswith("movements") else {}
        answer = till.request(method, path, **({"json": body} if method == "POST" else {}))
        refused(answer, 403, "BRANCH_INACTIVE")
    refused(elsewhere.post(PATH, {"branchId": str(shop.branches[0].id)}), 403, "BRANCH_INACTIVE")
    assert elsewhere.get(PATH).status_code == 200


@pytest.mark.parametrize("path", [PATH, f"{PATH}/active", f"{PATH}/0190c3a4-0000-7000-8000-000000000001"])
@pytest.mark.parametrize("token", [None, "nonsense", "eyJhbGciOiJub25lIn0.e30."])
def test_without_a_token_of_ours_it_is_401(api: Api, path: str, token: str | None) -> None:
    refused(Api(api.http, token).get(path), 401, "UNAUTHORIZED")


def test_a_machine_reads_but_never_opens(shop: Shop) -> None:
    drawer = open_drawer(shop.ana.login(shop.registers[0]))
    machine = Api(shop.http, shop.api_key)

    refused(machine.post(PATH, {"branchId": str(shop.branches[0].id)}), 403, "ROLE_FORBIDDEN")
    assert [item["id"] for item in machine.ok(machine.get(PATH))["items"]] == [drawer["id"]]


def test_an_opening_is_audited_and_told(shop: Shop, superuser_dsn: str) -> None:
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till, {"EUR": 150})
    refused(till.post(PATH, {}), 409, "REGISTER_ALREADY_OPEN")

    audited = fetch(
        superuser_dsn,
        "SELECT actor_id, actor_role, branch_id, address, outcome, after::text, resource_id FROM audit_log"
        " WHERE organisation_id = $1 AND action LIKE 'CASH%'",
        shop.id,
    )
    told = fetch(
        superuser_dsn,
        "SELECT key, branch_id, data::text FROM outbox_events WHERE organisation_id = $1 AND type LIKE 'cash%'",
        shop.id,
    )

    assert len(audited) == len(told) == 1
    assert audited[0]["resource_id"] == drawer["id"]
    assert (audited[0]["actor_id"], audited[0]["actor_role"], audited[0]["outcome"]) == (
        shop.ana.id,
        "CASHIER",
        "SUCCESS",
    )
    assert audited[0]["address"] == "127.0.0.1"
    assert '"EUR": 150.00' in audited[0]["after"]
    assert told[0]["key"] == f"cash_session:{drawer['id']}"
    assert told[0]["branch_id"] == audited[0]["branch_id"] == shop.branches[0].id
    assert '"openingFloat": {"EUR": 150.00}' in told[0]["data"]


# Business dates


@pytest.mark.parametrize(("hours_from_now", "belongs_to_yesterday"), [(-1, False), (0, False), (1, True)])
def test_a_drawer_opened_before_the_cut_off_belongs_to_the_day_before(
    shops: Shops, hours_from_now: int, belongs_to_yesterday: bool
) -> None:
    zone = _zone_at_noon()
    now = datetime.now(ZoneInfo(zone))
    shop = shops.make(timezone=zone, policies={"businessDayCutoffHour": now.hour + hours_from_now})

    data = open_drawer(shop.ana.login(shop.registers[0]))

    opened = datetime.fromisoformat(data["openedAt"]).astimezone(ZoneInfo(zone))
    local = opened.date() - timedelta(days=1 if belongs_to_yesterday and opened.hour == now.hour else 0)
    assert data["businessDate"] == local.isoformat()


def _zone_at_noon() -> str:
    """A place where it is about noon now, so that an hour more or less stays within the day."""
    offset = 12 - datetime.now(UTC).hour
    return "Etc/GMT" if offset == 0 else f"Etc/GMT{'-' if offset > 0 else '+'}{abs(offset)}"


def test_the_business_date_follows_the_branch_not_the_server(shops: Shops) -> None:
    dates: dict[str, str] = {}
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        shop = shops.make(timezone=zone, policies={"businessDayCutoffHour": 0})
        dates[zone] = open_drawer(shop.ana.login(shop.registers[0]))["businessDate"]

    assert dates["Pacific/Kiritimati"] > dates["Pacific/Pago_Pago"]


def test_a_business_date_stays_when_the_cut_off_changes(shop: Shop) -> None:
    till, admin = shop.ana.login(shop.registers[0]), shop.elena.back_office()
    drawer = open_drawer(till)
    for hour in (0, 23):
        admin.ok(admin.patch(f"/v1/branches/{shop.branches[0].id}/policies", {"businessDayCutoffHour": hour}))
        assert till.ok(till.get(f"{PATH}/{drawer['id']}"))["businessDate"] == drawer["businessDate"]
