"""Opening a drawer and reading drawers (cash-session-api.md; cash-session-hardening.md; domain.md, "Cash sessions")."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.support import Api, Shop, Shops, fetch, open_drawer, refused
from tillvault.core.money import EXPONENTS
from tillvault.identity.domain import Role

PATH = "/v1/cash/sessions"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make()


@pytest.fixture(scope="module")
def desk(shops: Shops) -> Api:
    """A login whose openings are all refused, so that many tests can share it."""
    shop = shops.make(currencies=("USD", "KHR"))
    return shop.ana.login(shop.registers[0])


def details(answer: httpx.Response) -> list[str]:
    return [item["field"] for item in refused(answer, 400, "VALIDATION_ERROR")["details"]]


# Opening


def test_a_drawer_opens_on_the_register_of_the_login_with_nothing_in_it(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[1])

    answer = till.post(PATH, {})

    assert answer.status_code == 201
    assert answer.json()["success"] is True
    data = answer.json()["data"]
    for moment in ("openedAt", "createdAt", "updatedAt"):
        assert datetime.fromisoformat(data.pop(moment)).tzinfo is not None
    assert data.pop("businessDate")
    assert data.pop("id")
    assert data == {
        "organisationId": str(shop.id),
        "branchId": str(shop.branches[0].id),
        "registerId": str(shop.registers[1]),
        "registerName": "Caja 2",
        "openedBy": str(shop.ana.id),
        "openedByName": "Ana",
        "status": "OPEN",
        "openingFloatUsd": 0,
        "openingFloatKhr": 0,
        "expectedCashUsd": 0,
        "expectedCashKhr": 0,
        "countedCashUsd": 0,
        "countedCashKhr": 0,
        "varianceUsd": 0,
        "varianceKhr": 0,
        "countedProvided": None,
        "closeReason": None,
        "forcedReason": None,
        "closedBy": None,
        "closedAt": None,
        "zNumber": None,
        "note": None,
        "closeNote": None,
        "reviewedBy": None,
        "reviewedAt": None,
        "reviewNote": None,
        "balances": [{"currency": "EUR", "openingFloat": 0, "expectedCash": 0, "countedCash": None, "variance": None}],
        "openingDenominations": {},
        "countedDenominations": {},
        "recounts": [],
    }


def test_the_usd_and_khr_fields_open_a_drawer_of_those_two(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"), timezone="Asia/Phnom_Penh")
    till = shop.ana.login(shop.registers[0])

    body = {"openingFloatUsd": 100.5, "openingFloatKhr": 400000, "note": "  morning  "}
    data = till.ok(till.post(PATH, body), 201)

    assert (data["openingFloatUsd"], data["openingFloatKhr"]) == (100.5, 400000)
    assert (data["expectedCashUsd"], data["expectedCashKhr"]) == (100.5, 400000)
    assert {line["currency"]: line["openingFloat"] for line in data["balances"]} == {"KHR": 400000, "USD": 100.5}
    assert data["note"] == "morning"


def test_one_of_the_two_fields_leaves_the_other_at_zero(shops: Shops) -> None:
    shop = shops.make(currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])

    data = till.ok(till.post(PATH, {"openingFloatKhr": 100}), 201)

    assert (data["openingFloatUsd"], data["openingFloatKhr"]) == (0, 100)


@pytest.mark.parametrize(
    ("currency", "amount", "text"),
    [
        ("EUR", "150.00", "150.00"),
        ("EUR", "0.01", "0.01"),
        ("EUR", "1.500", "1.50"),
        ("EUR", "1e3", "1000.00"),
        ("EUR", "1000000000000", "1000000000000.00"),
        ("EUR", "-0", "0.00"),
        ("JPY", "1500", "1500"),
        ("KWD", "1.234", "1.234"),
    ],
)
def test_amounts_come_back_digit_by_digit(shops: Shops, currency: str, amount: str, text: str) -> None:
    shop = shops.make(currencies=(currency,))
    till = shop.ana.login(shop.registers[0])

    answer = till.request(
        "POST",
        PATH,
        content=f'{{"openingFloat": {{"{currency}": {amount}}}}}',
        headers={"content-type": "application/json"},
    )

    assert answer.status_code == 201
    assert f'"openingFloat":{text},'.encode() in answer.content


@pytest.mark.parametrize(
    "body",
    [
        {"denominations": {"EUR": {"50": 2, "0.20": 5}}},
        {"denominations": {"EUR": {"50": 2, "0.2": 5}}, "openingFloat": {"EUR": 101}},
        {"denominations": {"EUR": {"50": 2, "0.20": 5, "500": 0}}, "openingFloat": {"EUR": 101.00}},
    ],
)
def test_a_float_can_be_counted_by_denomination(shop: Shop, body: dict[str, Any]) -> None:
    till = shop.ana.login(shop.registers[0])

    data = till.ok(till.post(PATH, body), 201)

    assert data["balances"][0]["openingFloat"] == 101
    assert data["openingDenominations"] == body["denominations"]
    assert till.ok(till.get(f"{PATH}/{data['id']}"))["openingDenominations"] == body["denominations"]


def test_denominations_that_do_not_add_up_are_refused(desk: Api) -> None:
    body = {"denominations": {"USD": {"50": 2}}, "openingFloat": {"USD": 101}}

    refused(desk.post(PATH, body), 400, "DENOMINATIONS_MISMATCH")


@pytest.mark.parametrize(
    "denominations",
    [
        {"USD": {"0.001": 1}},
        {"USD": {"-5": 1}},
        {"USD": {"0": 1}},
        {"USD": {"5": -1}},
        {"USD": {"5": 1.5}},
        {"USD": {"5": True}},
        {"USD": {"5": "1"}},
        {"USD": {"5": 1_000_001}},
        {"USD": {"five": 1}},
        {"USD": {"1e3": 1}},
        {"USD": {"٥": 1}},
        {"USD": {"": 1}},
        {"USD": 5},
        {"XXX": {"5": 1}},
        [],
        "50",
    ],
)
def test_denominations_that_make_no_sense_are_refused(desk: Api, denominations: Any) -> None:
    assert details(desk.post(PATH, {"denominations": denominations})) == ["denominations"]


def test_a_currency_that_the_drawer_does_not_hold_is_refused_unless_it_is_zero(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])

    refused(till.post(PATH, {"openingFloat": {"EUR": 1, "GBP": 0.01}}), 400, "CURRENCY_NOT_ACCEPTED")
    refused(till.post(PATH, {"openingFloatUsd": 1}), 400, "CURRENCY_NOT_ACCEPTED")
    refused(till.post(PATH, {"denominations": {"GBP": {"5": 1}}}), 400, "CURRENCY_NOT_ACCEPTED")
    data = till.ok(till.post(PATH, {"openingFloat": {"EUR": 1, "GBP": 0}}), 201)
    assert [line["currency"] for line in data["balances"]] == ["EUR"]


def test_zeros_in_the_usd_and_khr_fields_open_a_drawer_that_holds_neither(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])

    data = till.ok(till.post(PATH, {"openingFloatUsd": 0, "openingFloatKhr": 0}), 201)

    assert data["openingFloatUsd"] == data["openingFloatKhr"] == 0


@pytest.mark.parametrize(
    "raw",
    ["-0.01", "0.001", "1e13", "1000000000000.01", '"5"', "true", "false", "[]", "{}", "1e400", "-1", "9" * 40],
)
@pytest.mark.parametrize("form", ["openingFloatUsd", "openingFloat"])
def test_an_amount_that_makes_no_sense_is_refused_by_name(desk: Api, raw: str, form: str) -> None:
    value = f'{{"USD": {raw}}}' if form == "openingFloat" else raw

    answer = desk.request("POST", PATH, content=f'{{"{form}": {value}}}', headers={"content-type": "application/json"})

    assert details(answer) == [form]


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "-Infinity", "1" * 500, "01", "+1", ".5", "0x10"])
def test_what_is_no_json_number_is_refused(desk: Api, raw: str) -> None:
    answer = desk.request(
        "POST", PATH, content=f'{{"openingFloatUsd": {raw}}}', headers={"content-type": "application/json"}
    )

    refused(answer, 400, "VALIDATION_ERROR")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"openingFloatKhr": 0.5}, "openingFloatKhr"),
        ({"openingfloatUsd": 5}, "openingfloatUsd"),
        ({"opening_float_usd": 5}, "opening_float_usd"),
        ({"openingFloatEur": 5}, "openingFloatEur"),
        ({"note": "x" * 501}, "note"),
        ({"note": 5}, "note"),
        ({"branchId": "no-uuid"}, "branchId"),
        ({"registerId": "no-uuid"}, "registerId"),
        ({"registerId": 5}, "registerId"),
        ({"openingFloat": {"usd": 5}}, "openingFloat"),
        ({"openingFloat": {"XXX": 5}}, "openingFloat"),
        ({"openingFloat": [5]}, "openingFloat"),
        ({"openingFloat": {"USD": 5}, "openingFloatUsd": 5}, "body"),
        ({"openingFloat": {}, "openingFloatKhr": 0}, "body"),
    ],
)
def test_a_body_that_makes_no_sense_names_its_field(desk: Api, body: dict[str, Any], field: str) -> None:
    assert details(desk.post(PATH, body)) == [field]


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'"x"', b'{"note": "a", "note": "b"}', b"\xff\xfe", b'{"note": "\\u0000"}']
)
def test_a_body_that_is_no_plain_json_object_is_refused(desk: Api, raw: bytes) -> None:
    answer = desk.request("POST", PATH, content=raw, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    assert answer.json()["code"] == "VALIDATION_ERROR"


def test_a_note_of_500_characters_is_kept_whole(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])

    assert till.ok(till.post(PATH, {"note": "ហាង" * 166 + "ab"}), 201)["note"] == "ហាង" * 166 + "ab"


def test_a_body_over_the_limit_is_413(desk: Api) -> None:
    answer = desk.post(PATH, {"note": "x" * 262_200})

    assert refused(answer, 413, "PAYLOAD_TOO_LARGE")["maxSizeBytes"] == 262_144


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


# Reading


def test_the_active_session_is_ones_own_and_its_absence_is_said_as_in_the_contract(shop: Shop) -> None:
    till, other = shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1])
    drawer = open_drawer(till, {"EUR": 5})

    assert till.ok(till.get(f"{PATH}/active")) == drawer
    here = {"branchId": str(shop.branches[0].id), "registerId": str(shop.registers[0])}
    assert till.ok(till.get(f"{PATH}/active", params=here))["id"] == drawer["id"]
    for client, params in ((other, {}), (till, {"registerId": str(shop.registers[1])}), (other, here)):
        body = refused(client.get(f"{PATH}/active", params=params), 404, "NO_ACTIVE_SESSION")
        assert body == {
            "success": False,
            "error": "No active session found for this user in this branch",
            "code": "NO_ACTIVE_SESSION",
        }


def test_the_active_session_of_another_branch_is_guarded(shops: Shops) -> None:
    shop, foreign = shops.make(branches=2), shops.make()
    till = shop.ana.login(shop.registers[0])

    refused(till.get(f"{PATH}/active?branchId={shop.branches[1].id}"), 403, "BRANCH_FORBIDDEN")
    refused(till.get(f"{PATH}/active?branchId={foreign.branches[0].id}"), 404, "BRANCH_NOT_FOUND")
    assert details(till.get(f"{PATH}/active?branchId=x")) == ["branchId"]


def test_a_cashier_reads_their_own_a_manager_the_branch_an_admin_all(shops: Shops) -> None:
    shop = shops.make(
        branches=2,
        people=[
            ("ana", Role.CASHIER),
            ("luis", Role.CASHIER),
            ("marta", Role.MANAGER, [0]),
            ("mario", Role.MANAGER, [1]),
            ("elena", Role.ADMIN, [1]),
        ],
    )
    till = shop.ana.login(shop.registers[0])
    drawer = open_drawer(till)
    path = f"{PATH}/{drawer['id']}"

    luis, marta, mario = shop.luis.login(shop.registers[1]), shop.marta.back_office(), shop.mario.back_office()
    elena, foreign = shop.elena.back_office(), shops.make().elena.back_office()
    for reader in (till, marta, elena):
        assert reader.ok(reader.get(path))["id"] == drawer["id"]
        assert len(reader.ok(reader.get(PATH))["items"]) == 1
    refused(luis.get(path), 403, "ROLE_FORBIDDEN")
    refused(mario.get(path), 403, "BRANCH_FORBIDDEN")
    refused(foreign.get(path), 404, "SESSION_NOT_FOUND")
    refused(till.get(f"{PATH}/{uuid4()}"), 404, "SESSION_NOT_FOUND")
    assert details(till.get(f"{PATH}/no-uuid")) == ["session_id"]
    for reader in (luis, mario, foreign):
        assert reader.ok(reader.get(PATH))["items"] == []
    refused(mario.get(f"{PATH}?branchId={shop.branches[0].id}"), 403, "BRANCH_FORBIDDEN")
    assert len(elena.ok(elena.get(f"{PATH}?branchId={shop.branches[0].id}"))["items"]) == 1


def test_a_walk_through_the_pages_gives_every_session_once_newest_first(shop: Shop) -> None:
    till = shop.ana.login(shop.registers[0])
    made: list[str] = []
    for _ in range(7):
        drawer = open_drawer(till)
        made.insert(0, drawer["id"])
        till.ok(till.post(f"{PATH}/{drawer['id']}/close", {}))

    walked: list[str] = []
    query: dict[str, Any] = {"limit": 3}
    pages = 0
    while True:
        page = till.ok(till.get(PATH, params=query))
        walked += [item["id"] for item in page["items"]]
        pages += 1
        if page["nextCursor"] is None:
            break
        query["cursor"] = page["nextCursor"]

    assert walked == made
    assert pages == 3


def test_the_list_is_filtered(shop: Shop) -> None:
    ana, luis, manager = shop.ana.login(shop.registers[0]), shop.luis.login(shop.registers[1]), shop.marta.back_office()
    first = open_drawer(ana, {"EUR": 50})
    ana.ok(ana.post(f"{PATH}/{first['id']}/close", {"countedCash": {"EUR": 50}}))
    second = open_drawer(ana, {"EUR": 50})
    ana.ok(ana.post(f"{PATH}/{second['id']}/close", {"countedCash": {"EUR": 0}}))
    third = open_drawer(luis)

    def found(**query: str) -> list[str]:
        return [item["id"] for item in manager.ok(manager.get(PATH, params=query))["items"]]

    assert found(status="OPEN") == [third["id"]]
    assert found(status="CLOSED") == [first["id"]]
    assert found(status="PENDING_REVIEW") == [second["id"]]
    assert found(registerId=str(shop.registers[0])) == [second["id"], first["id"]]
    assert found(registerId=str(uuid4())) == []
    assert found(**{"from": second["openedAt"]}) == [third["id"], second["id"]]
    assert found(to=second["openedAt"]) == [first["id"]]
    assert found(**{"from": first["businessDate"], "to": third["businessDate"]}) == [
        third["id"],
        second["id"],
        first["id"],
    ]
    assert found(to="2000-01-01") == []
    assert found(**{"from": "2999-01-01"}) == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=open", "status"),
        ("limit=0", "limit"),
        ("limit=x", "limit"),
        ("limit=100000", "limit"),
        ("cursor=nonsense", "cursor"),
        ("branchId=x", "branchId"),
        ("registerId=x", "registerId"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(desk: Api, query: str, field: str) -> None:
    assert details(desk.get(f"{PATH}?{query}")) == [field]


@pytest.mark.parametrize("moment", ["2026-01-30T10:00:00", "yesterday", "2026-02-30"])
def test_a_time_without_its_offset_is_refused(desk: Api, moment: str) -> None:
    answer = desk.get(PATH, params={"from": moment})

    assert {field.split(".")[0] for field in details(answer)} == {"from"}


# The hardening document


def test_the_document_names_an_example_for_each_refusal_of_an_opening(api: Api) -> None:
    document = api.get("/openapi.json").json()
    responses = document["paths"][PATH]["post"]["responses"]

    def examples(status: int) -> dict[str, Any]:
        return responses[str(status)]["content"]["application/json"]["examples"]

    assert {"REGISTER_ALREADY_OPEN", "USER_ALREADY_OPEN"} <= set(examples(409))
    assert {"REGISTER_NOT_FOUND", "BRANCH_NOT_FOUND"} <= set(examples(404))
    assert examples(409)["REGISTER_ALREADY_OPEN"]["value"] == {
        "success": False,
        "error": "A session is already open on this register. Close it or force-close it first.",
        "code": "REGISTER_ALREADY_OPEN",
    }
    for status, response in responses.items():
        if int(status) >= 400:
            assert response["content"]["application/json"]["examples"], status


def test_openings_are_counted_by_result_and_code(shop: Shop, api: Api) -> None:
    def count(result: str, code: str) -> float:
        wanted = f'tillvault_cash_session_open_total{{code="{code}",result="{result}"}} '
        lines = api.get("/metrics").text.splitlines()
        return sum(float(line.removeprefix(wanted)) for line in lines if line.startswith(wanted))

    till = shop.ana.login(shop.registers[0])
    before = count("opened", ""), count("refused", "USER_ALREADY_OPEN"), count("refused", "REGISTER_NOT_FOUND")
    open_drawer(till)
    till.post(PATH, {"registerId": str(shop.registers[1])})
    till.post(PATH, {"registerId": str(uuid4())})

    after = count("opened", ""), count("refused", "USER_ALREADY_OPEN"), count("refused", "REGISTER_NOT_FOUND")
    assert [now - then for now, then in zip(after, before, strict=True)] == [1, 1, 1]
    assert "tillvault_cash_session_open_seconds_bucket" in api.get("/metrics").text


def test_every_known_currency_can_be_a_drawer_currency(shops: Shops) -> None:
    assert {"EUR", "USD", "KHR", "JPY", "KWD"} <= set(EXPONENTS)
    shop = shops.make(currencies=("EUR", "USD", "KHR", "JPY", "KWD"))

    data = open_drawer(shop.ana.login(shop.registers[0]), {"KWD": 1.234, "JPY": 5})

    assert {line["currency"]: line["openingFloat"] for line in data["balances"]} == {
        "EUR": 0,
        "USD": 0,
        "KHR": 0,
        "JPY": 5,
        "KWD": 1.234,
    }
