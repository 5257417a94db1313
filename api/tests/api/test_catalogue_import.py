"""/v1/catalogue/imports and /v1/catalogue/export.csv: all or nothing, whatever the file."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from openpyxl import Workbook

from tests.support import Api, Shop, Shops, fetch, race, refused
from tillvault.core.config import Settings
from tillvault.sales.catalogue.transfer.service import FileType
from tillvault.sales.catalogue.transfer.sheets import LINES_MAX, XLSX_UNFOLDED_MAX

IMPORTS = "/v1/catalogue/imports"
EXPORT = "/v1/catalogue/export.csv"
PRODUCTS = "/v1/catalogue/products"
HOWTO = Path(__file__).resolve().parents[3] / "docs" / "howto" / "import-a-catalogue.md"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2, currencies=("EUR", "KHR"))


@pytest.fixture
def admin(shop: Shop) -> Api:
    return shop.elena.back_office()


def send(api: Api, content: str | bytes, *, file_type: str = "text/csv", **params: Any) -> httpx.Response:
    raw = content.encode() if isinstance(content, str) else content
    return api.request("POST", IMPORTS, content=raw, params=params, headers={"Content-Type": file_type})


def xlsx(*rows: Sequence[object], percent: str | None = None) -> bytes:
    """A workbook; `percent` is a cell that is shown as a percentage."""
    workbook = Workbook()
    sheet: Any = workbook.active
    for row in rows:
        sheet.append(row)
    if percent is not None:
        sheet[percent].number_format = "0%"
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


def counts(answer: Any) -> tuple[int, int, int]:
    return answer["created"], answer["updated"], answer["unchanged"]


def catalogue(api: Api) -> dict[str, dict[str, Any]]:
    return {item["name"]: item for item in api.ok(api.get(PRODUCTS, params={"limit": 200}))["items"]}


def test_the_sample_of_the_how_to_page_is_imported(admin: Api) -> None:
    found = re.search(r"```csv\n(.*?)```", HOWTO.read_text(), re.DOTALL)
    assert found is not None

    tried = admin.ok(send(admin, found[1], dryRun=True))
    assert (counts(tried), tried["errors"], tried["dryRun"]) == ((4, 0, 0), [], True)
    assert catalogue(admin) == {}
    done = admin.ok(send(admin, found[1]))

    assert (counts(done), done["errorCount"], done["dryRun"]) == ((4, 0, 0), 0, False)
    products = catalogue(admin)
    assert sorted(products) == ["Book", "Children's bicycle", "Desk lamp", "Electric kettle"]
    lamp = products["Desk lamp"]
    assert (lamp["price"], lamp["currency"], lamp["taxRate"], lamp["eeeCategory"]) == (12.5, "EUR", 20, "EEE-4")
    assert (lamp["weightGrams"], lamp["categoryName"], lamp["barcode"]) == (850, "Lighting", "3017620422003")
    assert (products["Book"]["isOpenPrice"], products["Book"]["taxRate"]) == (True, 5.5)
    assert counts(admin.ok(send(admin, found[1]))) == (0, 0, 4)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffRéférence;Désignation;Prix TTC;Taux de TVA (%);Actif\nA-1;Lampe;1 234,50 €;5,5;oui\n",
        "Referencia\tNombre\tPrecio\tTipo de IVA\tActivo\r\nA-1\tLampe\t1.234,50\t5,5 %\tsí\r\n",
        '"SKU","NAME","PRICE","VAT rate","active"\n"A-1","Lampe","1,234.50","5.50","TRUE"\n',
    ],
    ids=["French", "Spanish", "English"],
)
def test_files_are_understood_as_each_language_writes_them(admin: Api, text: str) -> None:
    admin.ok(send(admin, text))

    lamp = catalogue(admin)["Lampe"]
    assert (lamp["sku"], lamp["price"], lamp["taxRate"], lamp["isActive"]) == ("A-1", 1234.5, 5.5, True)


def test_a_workbook_is_understood(admin: Api) -> None:
    content = xlsx(
        ["SKU", "Code-barres", "Nom", "Prix", "TVA", "Prix libre", "Poids (g)"],
        ["W-1", 4006381333931, "Vélo", 35.1, 0.2, True, 9500],
        [None, None, None, None, None, None, None],
        [1002, None, "Livre", 2, 5.5, False, None],
        percent="E2",
    )

    done = admin.ok(send(admin, content, file_type=FileType.XLSX))

    assert counts(done) == (2, 0, 0)
    products = catalogue(admin)
    assert products["Vélo"]["barcode"] == "4006381333931"
    assert (products["Vélo"]["price"], products["Vélo"]["taxRate"]) == (35.1, 20)
    assert (products["Livre"]["sku"], products["Livre"]["taxRate"]) == ("1002", 5.5)


def test_every_bad_line_is_named_and_nothing_is_written(admin: Api) -> None:
    content = (
        "sku,barcode,Nom,category,price,tax_rate,unit,eee,weight_grams,open_price,currency\n"
        "GOOD,,Good,New,1,20,PIECE,EEE-1,5,no,EUR\n"
        "B-1,,Three decimals,,1.005,,,,,,\n"
        'B-2,,Ambiguous,,"1,500",,,,,,\n'
        "B-3,,Half a riel,,41.5,,,,,,KHR\n"
        "B-4,,Not a number,,1_000,,,,,,\n"
        "B-5,,Below zero,,-1,,,,,,\n"
        "B-6,,,,1,,,,,,\n"
        "B-7,,No price,,,,,,,,\n"
        "B-8,é,Barcode,,1,,,,,,\n"
        "B-9,,Tax,,1,120,,,,,\n"
        "B-10,,Unit,,1,,litre,,,,\n"
        "B-11,,EEE,,1,,,EEE-9,,,\n"
        'B-12,,Weight,,1,,,,"1,000",,\n'
        "B-13,,Flag,,1,,,,,maybe,\n"
        "B-14,,Currency,,1,,,,,,XXX\n"
        "GOOD,,Again,,1,,,,,,\n"
        "B-15,4E+12,Rounded,,1,,,,,,\n"
        "B-16,,Too wide,,1,,,,,,,more\n"
    )

    tried = admin.ok(send(admin, content, dryRun=True))
    body = refused(send(admin, content), 400, "IMPORT_INVALID")

    assert body["details"] == tried["errors"]
    assert body["errorCount"] == tried["errorCount"] == 17
    assert [(error["line"], error["column"]) for error in tried["errors"]] == [
        (3, "price"),
        (4, "price"),
        (5, "price"),
        (6, "price"),
        (7, "price"),
        (8, "Nom"),
        (9, "price"),
        (10, "barcode"),
        (11, "tax_rate"),
        (12, "unit"),
        (13, "eee"),
        (14, "weight_grams"),
        (15, "open_price"),
        (16, "currency"),
        (17, "sku"),
        (18, "barcode"),
        (19, None),
    ]
    assert all(error["message"] for error in tried["errors"])
    assert catalogue(admin) == {}
    assert admin.ok(admin.get("/v1/catalogue/categories"))["items"] == []
    assert admin.ok(admin.get("/v1/audit", params={"action": "CATALOGUE_IMPORTED"}))["items"] == []


@pytest.mark.parametrize(
    ("content", "column"),
    [
        ("", None),
        ("\n\n", None),
        ("price,category\n1,x\n", None),
        ("name,prise\nA,1\n", "prise"),
        ("name,price,Prix\nA,1,1\n", "price"),
    ],
    ids=["empty", "blank", "nothing to know a product by", "an unknown title", "a title twice"],
)
def test_a_header_that_makes_no_sense_is_refused(admin: Api, content: str, column: str | None) -> None:
    body = refused(send(admin, content), 400, "IMPORT_INVALID")

    assert [(error["line"], error["column"]) for error in body["details"]] == [(1, column)]


def test_a_line_is_the_product_of_its_sku_else_its_barcode_else_its_name(admin: Api) -> None:
    admin.ok(send(admin, "sku,barcode,name,price\nS,1,By SKU,1\n,2,By barcode,1\n,,By name,1\n,3,Twin,1\n,4,Twin,1\n"))
    before = catalogue(admin)

    done = admin.ok(
        send(admin, "sku,barcode,name,price\nS,,By SKU,2\nNEW,2,By barcode,1\n,,BY NAME,1\n,5,Twin again,1\n")
    )

    assert counts(done) == (1, 3, 0)
    after = catalogue(admin)
    assert (after["By SKU"]["price"], after["By SKU"]["barcode"]) == (2, "1")
    assert (after["By barcode"]["sku"], after["By barcode"]["id"]) == ("NEW", before["By barcode"]["id"])
    assert after["BY NAME"]["id"] == before["By name"]["id"]
    details = refused(send(admin, "name,price\nTwin,9\n"), 400, "IMPORT_INVALID")["details"]
    assert details[0]["message"].startswith("several products have this name")
    details = refused(send(admin, "sku,barcode,name\nOTHER,1,Thief\n"), 400, "IMPORT_INVALID")["details"]
    assert details[0]["column"] == "barcode"


def test_an_empty_cell_clears_what_can_be_empty_and_keeps_the_rest(admin: Api) -> None:
    header = "sku,barcode,name,price,category,eee_category,weight_grams,tax_rate,active\n"
    admin.ok(send(admin, header + "S,1,Lamp,5,Light,EEE-4,100,20,no\n"))

    admin.ok(send(admin, "sku,price\nS,6\n"))
    kept = catalogue(admin)["Lamp"]
    admin.ok(send(admin, header + "S,,,,,,,,\n"))

    cleared = catalogue(admin)["Lamp"]
    assert (kept["price"], kept["categoryName"], kept["eeeCategory"], kept["weightGrams"]) == (6, "Light", "EEE-4", 100)
    assert (cleared["price"], cleared["barcode"], cleared["taxRate"], cleared["isActive"]) == (6, "1", 20, False)
    assert (cleared["categoryName"], cleared["eeeCategory"], cleared["weightGrams"]) == (None, None, None)


def test_two_products_may_change_their_codes_with_each_other(admin: Api) -> None:
    admin.ok(send(admin, "sku,barcode,name,price\nA,1,First,1\nB,2,Second,1\nC,3,Third,1\n"))
    ids = {name: item["id"] for name, item in catalogue(admin).items()}

    swapped = admin.ok(send(admin, f"id,sku,barcode\n{ids['First']},B,2\n{ids['Second']},A,1\n"))
    taken = refused(send(admin, f"id,sku\n{ids['First']},C\n"), 400, "IMPORT_INVALID")

    assert counts(swapped) == (0, 2, 0)
    assert [catalogue(admin)[name]["sku"] for name in ("First", "Second", "Third")] == ["B", "A", "C"]
    assert taken["details"] == [{"line": 2, "column": "sku", "message": "is another product's already"}]


def test_prices_of_a_branch_are_set_where_they_differ(shop: Shop, admin: Api) -> None:
    branch = shop.branches[0].id
    admin.ok(send(admin, "sku,name,price\nA,First,1\nB,Second,2\n"))

    done = admin.ok(send(admin, "sku,name,price\nA,,1\nB,,3\nN,New,4\n", branchId=branch))

    assert counts(done) == (1, 1, 1)
    here = {item["sku"]: item for item in admin.ok(admin.get(PRODUCTS, params={"branchId": branch}))["items"]}
    assert {sku: (item["price"], item["isBranchPrice"]) for sku, item in here.items()} == {
        "A": (1, False),
        "B": (3, True),
        "N": (4, False),
    }
    there = admin.ok(admin.get(PRODUCTS, params={"branchId": shop.branches[1].id}))["items"]
    assert {item["sku"]: item["price"] for item in there} == {"A": 1, "B": 2, "N": 4}
    exported = admin.get(EXPORT, params={"branchId": branch}).text
    assert ",3.00,EUR," in exported
    assert counts(admin.ok(send(admin, exported, branchId=branch))) == (0, 0, 3)
    details = refused(send(admin, "sku,price,currency\nA,9,KHR\n", branchId=branch), 400, "IMPORT_INVALID")["details"]
    assert details[0]["column"] == "currency"
    refused(send(admin, "sku,price\nA,9\n", branchId=uuid4()), 404, "BRANCH_NOT_FOUND")


def test_an_export_imported_again_changes_nothing(admin: Api) -> None:
    admin.ok(send(admin, 'sku,name,price,category\n=1+1,\'Quoted,1,"@home, ""so"""\n\'=x,-5 °C,2,Café\n'))
    admin.ok(send(admin, "name,price,currency,unit,favourite\nRice,5000,KHR,kg,x\n"))

    answer = admin.get(EXPORT)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "'=1+1" in answer.text
    assert "'-5 °C" in answer.text
    assert counts(admin.ok(send(admin, answer.content))) == (0, 0, 3)
    assert admin.get(EXPORT).content == answer.content
    assert {(item["sku"], item["name"]) for item in catalogue(admin).values()} == {
        ("=1+1", "'Quoted"),
        ("=x", "-5 °C"),
        (None, "Rice"),
    }


def test_an_import_is_audited_and_told_once(shop: Shop, admin: Api, superuser_dsn: str) -> None:
    admin.ok(send(admin, "sku,name,price\nA,First,1\nB,Second,1\n"))
    admin.ok(send(admin, "sku,price\nA,2\nB,1\n"))
    admin.ok(send(admin, "sku,price\nA,2\n"))

    told = admin.ok(admin.get("/v1/audit"))["items"]
    actions = [entry["action"] for entry in told if entry["action"].startswith(("CATALOGUE", "PRODUCT"))]
    assert sorted(actions) == ["CATALOGUE_IMPORTED"] * 3 + ["PRODUCT_CREATED"] * 2 + ["PRODUCT_UPDATED"]
    assert next(entry for entry in told if entry["action"] == "PRODUCT_UPDATED")["after"] == {"price": 2}
    events = fetch(
        superuser_dsn,
        "SELECT data->>'created' AS created, data->>'updated' AS updated FROM outbox_events"
        f" WHERE organisation_id = '{shop.id}' AND type = 'catalogue.imported' ORDER BY id",
    )
    assert [tuple(row) for row in events] == [("2", "0"), ("0", "1")]


def test_a_dry_run_and_the_run_are_different_requests_under_one_key(admin: Api) -> None:
    headers = {"Idempotency-Key": "one", "Content-Type": "text/csv"}
    content = b"name,price\nA,1\n"

    first = admin.request("POST", IMPORTS, content=content, params={"dryRun": True}, headers=headers)
    second = admin.request("POST", IMPORTS, content=content, headers=headers)

    assert first.status_code == 200
    refused(second, 422, "IDEMPOTENCY_KEY_REUSED")


def test_imports_at_the_same_time_do_not_make_a_product_twice(admin: Api) -> None:
    answers = race([lambda: send(admin, "sku,name,price,category\nA,First,1,New\n,Plain,1,New\n")] * 4)

    assert sorted(counts(answer.json()["data"]) for answer in answers) == [(0, 0, 2)] * 3 + [(2, 0, 0)]


def test_who_may_not_write_sends_nothing(shop: Shop, api: Api) -> None:
    till = shop.ana.login(shop.registers[0])

    refused(send(till, "name,price\nA,1\n"), 403, "ROLE_FORBIDDEN")
    refused(send(api, "name,price\nA,1\n"), 401, "UNAUTHORIZED")
    assert till.get(EXPORT).status_code == 200


def bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b" " * (XLSX_UNFOLDED_MAX + 1))
    return out.getvalue()


def with_entities() -> bytes:
    """A workbook whose sheet declares entities, which could multiply."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(["name", "price"], ["A", 1]))) as source, zipfile.ZipFile(out, "w") as target:
        for part in source.namelist():
            content = source.read(part)
            if part == "xl/worksheets/sheet1.xml":
                content = b"<!DOCTYPE x [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;&a;'>]>" + content
            target.writestr(part, content)
    return out.getvalue()


def far_cell() -> bytes:
    """A sheet that claims to be as large as sheets get, with its second row at the end."""
    workbook = Workbook()
    sheet: Any = workbook.active
    sheet["A1"] = "name"
    sheet["XFD1048576"] = "far"
    out = io.BytesIO()
    workbook.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "file_type"),
    [
        (b"\xff\xfe\x00", FileType.CSV),
        ("name,price\nCafé,1\n".encode("latin-1"), FileType.CSV),
        (b"name,price\n\0,1\n", FileType.CSV),
        (b'name,price\n"A"x,1\n', FileType.CSV),
        (b'name,price\n"A,1\n', FileType.CSV),
        (b"name,price\n" + b"A,1\n" * (LINES_MAX + 1), FileType.CSV),
        (b"name,price\n" + b"x" * 2001 + b",1\n", FileType.CSV),
        (b"name" + b"," * 65 + b"x\n", FileType.CSV),
        (b"name,price\nA,1\n", FileType.XLSX),
        (b"PK\x03\x04 broken", FileType.XLSX),
        (b"", FileType.XLSX),
        (bomb(), FileType.XLSX),
        (with_entities(), FileType.XLSX),
        (far_cell(), FileType.XLSX),
    ],
    ids=[
        "no text",
        "Latin-1",
        "a NUL",
        "a broken quote",
        "an open quote",
        "too many lines",
        "a long cell",
        "too many columns",
        "CSV called XLSX",
        "a broken archive",
        "an empty workbook",
        "a bomb",
        "entities",
        "a far cell",
    ],
)
def test_a_file_that_cannot_be_read_is_refused(admin: Api, content: bytes, file_type: FileType) -> None:
    refused(send(admin, content, file_type=file_type), 400, "FILE_UNREADABLE")

    assert catalogue(admin) == {}


def test_other_types_and_larger_files_are_refused(admin: Api, settings: Settings) -> None:
    refused(send(admin, b"{}", file_type="application/json"), 415, "FILE_TYPE_UNKNOWN")
    refused(admin.request("POST", IMPORTS), 415, "FILE_TYPE_UNKNOWN")

    body = refused(send(admin, b"x" * (settings.catalogue_import_max_bytes + 1)), 413, "PAYLOAD_TOO_LARGE")

    assert body["maxSizeBytes"] == settings.catalogue_import_max_bytes
