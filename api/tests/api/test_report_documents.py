"""X and Z as files: the figures of the reports, to print and to calculate with."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx
import pytest
from openpyxl import load_workbook

from tests.selling import product, sold
from tests.support import Api, Shop, Shops, move, open_drawer, refused

PATH = "/v1/cash/sessions/reports"
MEDIA = {
    "pdf": "application/pdf",
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(currencies=("USD", "KHR"), policies={"fxRates": {"KHR": 4100}})


@pytest.fixture
def till(shop: Shop) -> Api:
    return shop.ana.login(shop.registers[0])


@pytest.fixture
def drawer(superuser_dsn: str, shop: Shop, till: Api) -> dict[str, Any]:
    """An open drawer with a sale, a movement that a spreadsheet would compute, and one in Khmer."""
    thing = product(superuser_dsn, shop, price=1230, currency="USD")
    made = open_drawer(till, {"USD": 100, "KHR": 40_000}, note="=1+1")
    sold(till, [thing], [{"method": "CASH", "amount": 12.3}])
    move(till, made["id"], "PAID_OUT", {"USD": 2.5}, reason="=cmd|'/C calc'!A0")
    move(till, made["id"], "PAID_IN", {"KHR": 4000}, reason="ប្រាក់ដើម")
    return made


@pytest.fixture
def closed(till: Api, drawer: dict[str, Any]) -> dict[str, Any]:
    count = {"countedCash": {"USD": 110, "KHR": 44_000}}
    return till.ok(till.post(f"/v1/cash/sessions/{drawer['id']}/close", count))


def z_file(client: Api, session_id: str, form: str, lang: str = "en") -> httpx.Response:
    return client.get(f"{PATH}/z/{session_id}/document", params={"format": form, "lang": lang})


def rows_of(answer: httpx.Response) -> list[list[str]]:
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


def cells_of(answer: httpx.Response) -> list[list[Any]]:
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    return [[cell for cell in row if cell is not None] for row in sheet.iter_rows(values_only=True)]


def test_csv_and_workbook_hold_the_figures_of_the_z(till: Api, closed: dict[str, Any]) -> None:
    report = till.ok(till.get(f"{PATH}/z/{closed['id']}"))

    rows = rows_of(z_file(till, closed["id"], "csv"))
    cells = cells_of(z_file(till, closed["id"], "xlsx"))

    usd, khr = report["summary"]["byCurrency"]
    for name, label in (("expectedCash", "Expected"), ("countedCash", "Counted"), ("variance", "Difference")):
        assert [label, f"{usd[name]:.2f}", str(khr[name])] in rows
        assert [label, usd[name], khr[name]] in cells
    assert ["Expected", "109.80", "44000"] in rows
    assert ["Difference", "0.20", "0"] in rows
    assert ["Cash", "12.30", "0.00", "12.30"] in rows
    assert ["USD", "12.30", "0.00", "12.30"] in rows
    assert rows[0][0] == f"Z report {report['zNumber']}" == cells[0][0]


def test_what_a_spreadsheet_would_compute_stays_a_text(till: Api, closed: dict[str, Any]) -> None:
    rows = rows_of(z_file(till, closed["id"], "csv"))
    book = load_workbook(io.BytesIO(z_file(till, closed["id"], "xlsx").content)).active

    assert ["Note", "'=1+1"] in rows
    assert any(row[-1:] == ["'=cmd|'/C calc'!A0"] for row in rows)
    assert book is not None
    kinds = {cell.data_type for row in book.iter_rows() for cell in row if cell.value is not None}
    assert kinds == {"s", "n"}


@pytest.mark.parametrize("lang", ["en", "fr", "es", "km"])
@pytest.mark.parametrize("form", ["pdf", "csv", "xlsx"])
def test_every_form_comes_in_every_language(till: Api, closed: dict[str, Any], form: str, lang: str) -> None:
    answer = z_file(till, closed["id"], form, lang)

    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA[form])
    name = f"z-{closed['zNumber']}-{closed['businessDate']}.{form}"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    beginning = {"pdf": b"%PDF", "csv": b"\xef\xbb\xbf", "xlsx": b"PK\x03\x04"}[form]
    assert answer.content.startswith(beginning)


def test_the_pdf_of_a_z_is_the_same_at_every_asking(till: Api, closed: dict[str, Any]) -> None:
    first, second = (z_file(till, closed["id"], "pdf") for _ in range(2))

    assert first.content == second.content


@pytest.mark.parametrize("form", ["pdf", "csv", "xlsx"])
def test_an_x_is_a_file_too(shop: Shop, till: Api, drawer: dict[str, Any], form: str) -> None:
    answer = till.get(f"{PATH}/x/document", params={"registerId": str(shop.registers[0]), "format": form})

    assert (answer.status_code, answer.headers["content-type"]) == (200, MEDIA[form])
    if form == "csv":
        assert ["Expected", "109.80", "44000"] in rows_of(answer)
        assert ["Counted", "", ""] in rows_of(answer)


def test_who_counts_blind_finds_no_expected_amount_in_the_file(superuser_dsn: str, shops: Shops) -> None:
    shop = shops.make(policies={"cashBlindClose": True})
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 123.45})
    sold(till, [product(superuser_dsn, shop, price=1000)], [{"method": "CASH", "amount": 10}])

    rows = rows_of(till.get(f"{PATH}/x/document", params={"registerId": str(shop.registers[0]), "format": "csv"}))

    assert ["Expected", ""] in rows
    assert ["Cash sales", ""] in rows
    assert not any("133.45" in cell for row in rows for cell in row)
    assert not any(row[:1] == ["Takings"] for row in rows)


def test_a_file_is_refused_as_the_report_is(shop: Shop, till: Api, drawer: dict[str, Any]) -> None:
    luis = shop.luis.login(shop.registers[1])

    refused(z_file(till, drawer["id"], "pdf"), 409, "SESSION_STILL_OPEN")
    refused(z_file(luis, drawer["id"], "pdf"), 403, "ROLE_FORBIDDEN")
    refused(z_file(till, drawer["id"], "docx"), 400, "VALIDATION_ERROR")
    free = {"registerId": str(shop.registers[2])}
    refused(shop.marta.back_office().get(f"{PATH}/x/document", params=free), 404, "NO_ACTIVE_SESSION")
