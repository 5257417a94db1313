"""Receipts over HTTP: previews, printings that are counted, and what whoever holds the paper may see."""

from __future__ import annotations

import base64
import json
import re
import time
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image
from typer.testing import CliRunner

from tests.selling import product, sold
from tests.support import Api, Shop, Shops, fetch, open_drawer, race, refused, statuses
from tillvault.cli import app as command_line
from tillvault.core import secrets
from tillvault.core.config import Settings
from tillvault.identity.domain import Role
from tillvault.sales.receipts.links import Links

zxingcpp: Any = import_module("zxingcpp")
KHMER = "កាហ្វេទឹកដោះគោ"


@pytest.fixture
def shop(shops: Shops) -> Shop:
    return shops.make(branches=2)


@pytest.fixture
def till(shop: Shop) -> Api:
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    return till


@pytest.fixture
def sale(superuser_dsn: str, shop: Shop, till: Api) -> dict[str, Any]:
    return sold(till, [product(superuser_dsn, shop, price=1250, name="Café <b>noir</b>")], 20)


def printed(till: Api, sale: dict[str, Any], **body: Any) -> dict[str, Any]:
    return till.ok(till.post(f"/v1/sales/{sale['id']}/prints", body), 201)


def proof_path(till: Api, sale: dict[str, Any]) -> str:
    """The path that the QR code leads to."""
    url = till.ok(till.get(f"/v1/sales/{sale['id']}/receipt?format=json"))["proofUrl"]
    return "/r/" + url.rpartition("/r/")[2]


# Looking


def test_a_preview_comes_in_every_form_and_counts_as_no_printing(till: Api, sale: dict[str, Any]) -> None:
    path = f"/v1/sales/{sale['id']}/receipt"

    page = till.get(path, params={"lang": "fr"})
    pdf = till.get(path, params={"format": "pdf", "width": 58})
    sent = till.get(path, params={"format": "escpos", "lang": "es"})
    facts = till.ok(till.get(path, params={"format": "json"}))

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "PAS UN TICKET" in page.text
    assert "Café &lt;b&gt;noir&lt;/b&gt;" in page.text
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    assert pdf.headers["content-disposition"] == 'inline; filename="receipt-1.pdf"'
    assert "NO ES UN RECIBO".encode("cp858") in sent.content
    assert (facts["sale"]["id"], facts["refundedReceiptNumber"]) == (sale["id"], None)
    assert till.ok(till.get(f"/v1/sales/{sale['id']}/prints"))["items"] == []


def test_a_receipt_names_the_place_in_the_ledger_and_the_time_of_the_branch(superuser_dsn: str, shops: Shops) -> None:
    shop = shops.make(timezone="Asia/Phnom_Penh", currencies=("USD", "KHR"))
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"USD": 50, "KHR": 0})
    thing = product(superuser_dsn, shop, price=1250, currency="USD", name=KHMER)
    made = sold(till, [thing], [{"method": "CASH", "amount": 20, "currency": "USD"}], occurredAt="2026-01-31T20:30:00Z")

    page = till.get(f"/v1/sales/{made['id']}/receipt").text

    assert made["ledgerHash"] in page
    assert " ".join(re.findall(".{4}", made["ticketSha256"][:16])) in page
    assert "Feb 1, 2026 03:30" in page
    assert KHMER in page
    assert 'font-family: "Receipt"' in page


def test_a_branch_decides_language_header_and_footer(superuser_dsn: str, shops: Shops) -> None:
    texts = {"receiptLanguage": "fr", "receiptHeader": "12 rue du Port\nTVA FR 123", "receiptFooter": "À <bientôt> !"}
    shop = shops.make(policies=texts)
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    made = sold(till, [product(superuser_dsn, shop, price=1250)], 20)

    page = till.get(f"/v1/sales/{made['id']}/receipt").text
    facts = till.ok(till.get(f"/v1/sales/{made['id']}/receipt?format=json"))
    paper = printed(till, made)
    in_spanish = printed(till, made, lang="es")

    assert all(text in page for text in ("12 rue du Port", "TVA FR 123", "À &lt;bientôt&gt; !", "Espèces"))
    assert (facts["lang"], facts["header"]) == ("fr", texts["receiptHeader"])
    assert (paper["lang"], in_spanish["lang"]) == ("fr", "es")
    assert "Espèces" in paper["content"]
    assert "DUPLICADO" in in_spanish["content"]


def test_a_refund_refers_to_the_receipt_of_its_sale(superuser_dsn: str, shop: Shop, till: Api) -> None:
    thing = product(superuser_dsn, shop, price=1250)
    sold(till, [thing], 20)
    made = sold(till, [thing], 20)
    refund = till.ok(till.post(f"/v1/sales/{made['id']}/refunds", {"reason": "Broken"}), 201)

    facts = till.ok(till.get(f"/v1/sales/{refund['id']}/receipt?format=json"))
    page = till.get(f"/v1/sales/{refund['id']}/receipt").text

    assert facts["refundedReceiptNumber"] == made["receiptNumber"] == 2
    assert "Refund of receipt" in page
    assert "-12.50 A" in page


def test_whoever_may_not_read_the_sale_sees_no_receipt_of_it(shops: Shops, shop: Shop, sale: dict[str, Any]) -> None:
    stranger = shops.make()
    other = stranger.elena.back_office()
    machine = Api(shop.http, shop.api_key)

    for path in (f"/v1/sales/{sale['id']}/receipt", f"/v1/sales/{sale['id']}/prints"):
        refused(other.get(path), 404, "SALE_NOT_FOUND")
        refused(Api(shop.http).get(path), 401, "UNAUTHORIZED")
    refused(other.post(f"/v1/sales/{sale['id']}/prints", {}), 404, "SALE_NOT_FOUND")
    assert machine.get(f"/v1/sales/{sale['id']}/receipt").status_code == 200
    refused(machine.post(f"/v1/sales/{sale['id']}/prints", {}), 403, "ROLE_FORBIDDEN")


def test_a_manager_of_another_branch_prints_nothing_here(shops: Shops, superuser_dsn: str) -> None:
    shop = shops.make(branches=2, people=[("ana", Role.CASHIER), ("rosa", Role.MANAGER, [1])])
    till = shop.ana.login(shop.registers[0])
    open_drawer(till, {"EUR": 50})
    made = sold(till, [product(superuser_dsn, shop, price=1250)], 20)
    rosa = shop.rosa.back_office()

    refused(rosa.get(f"/v1/sales/{made['id']}/receipt"), 403, "BRANCH_FORBIDDEN")
    refused(rosa.post(f"/v1/sales/{made['id']}/prints", {}), 403, "BRANCH_FORBIDDEN")


@pytest.mark.parametrize("body", [{"format": "json"}, {"lang": "de"}, {"width": 70}, {"copies": 2}], ids=str)
def test_a_form_that_there_is_not_is_refused(till: Api, sale: dict[str, Any], body: dict[str, Any]) -> None:
    refused(till.post(f"/v1/sales/{sale['id']}/prints", body), 400, "VALIDATION_ERROR")

    assert till.ok(till.get(f"/v1/sales/{sale['id']}/prints"))["items"] == []


# Printing


def test_the_first_printing_is_the_original_and_later_ones_are_numbered_duplicates_on_record(
    shop: Shop, till: Api, sale: dict[str, Any]
) -> None:
    original = printed(till, sale)
    first = printed(till, sale, format="escpos")
    second = printed(shop.marta.back_office(), sale, format="pdf", lang="fr", width=58)

    assert (original["number"], original["mark"], original["duplicateNumber"]) == (1, "ORIGINAL", None)
    assert "DUPLICATE" not in original["content"]
    assert (first["number"], first["mark"], first["duplicateNumber"]) == (2, "DUPLICATE", 1)
    assert b"DUPLICATE No. 1" in base64.b64decode(first["content"])
    assert (second["duplicateNumber"], second["mediaType"], second["encoding"]) == (2, "application/pdf", "base64")
    assert base64.b64decode(second["content"]).startswith(b"%PDF-")
    listed = till.ok(till.get(f"/v1/sales/{sale['id']}/prints"))["items"]
    assert [(one["number"], one["printedByName"], one["format"], one["lang"], one["width"]) for one in listed] == [
        (1, "Ana", "html", "en", 80),
        (2, "Ana", "escpos", "en", 80),
        (3, "Marta", "pdf", "fr", 58),
    ]
    told = shop.elena.back_office()
    entries = told.ok(told.get("/v1/audit", params={"action": "RECEIPT_REPRINTED"}))["items"]
    assert [(entry["actorName"], entry["after"]["duplicateNumber"]) for entry in entries] == [("Marta", 2), ("Ana", 1)]


def test_the_same_key_gives_the_same_paper_and_counts_once(till: Api, sale: dict[str, Any]) -> None:
    key = {"Idempotency-Key": str(uuid4())}
    path = f"/v1/sales/{sale['id']}/prints"

    first = till.post(path, {"format": "pdf"}, headers=key)
    again = till.post(path, {"format": "pdf"}, headers=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.content == first.content
    assert len(till.ok(till.get(path))["items"]) == 1


def test_of_printings_at_the_same_time_one_is_the_original(till: Api, sale: dict[str, Any]) -> None:
    path = f"/v1/sales/{sale['id']}/prints"

    answers = race([lambda: till.post(path, {"format": "escpos"}) for _ in range(20)])

    assert statuses(answers) == {201: 20}
    made = [answer.json()["data"] for answer in answers]
    assert sorted(one["number"] for one in made) == list(range(1, 21))
    assert sorted(one["mark"] for one in made).count("ORIGINAL") == 1
    marks = {one["number"]: b"DUPLICATE No." in base64.b64decode(one["content"]) for one in made}
    assert [number for number, is_marked in marks.items() if not is_marked] == [1]


def test_tills_are_served_while_long_receipts_are_printed(superuser_dsn: str, shop: Shop, till: Api) -> None:
    lines = [product(superuser_dsn, shop, price=100 + at, name=f"{KHMER} {at}") for at in range(20)] * 10
    made = sold(till, lines, 500)
    slowest = 0.0

    def look() -> Any:
        nonlocal slowest
        answers: list[Any] = []
        for _ in range(20):
            begun = time.monotonic()
            answers.append(till.get("/v1/cash/sessions/active"))
            slowest = max(slowest, time.monotonic() - begun)
        return answers[-1]

    answers = race([*(lambda: till.post(f"/v1/sales/{made['id']}/prints", {"format": "pdf"}) for _ in range(6)), look])

    assert statuses(answers) == {201: 6, 200: 1}
    assert slowest < 5


def test_a_printing_is_never_changed_or_taken_back(superuser_dsn: str, till: Api, sale: dict[str, Any]) -> None:
    printed(till, sale)

    rows = fetch(superuser_dsn, "SELECT number FROM receipt_prints WHERE sale_id = $1", UUID(sale["id"]))

    assert [row["number"] for row in rows] == [1]
    with pytest.raises(Exception, match="append-only"):
        fetch(superuser_dsn, "DELETE FROM receipt_prints WHERE sale_id = $1", UUID(sale["id"]))


# What whoever holds the paper sees


def scanned(content: bytes) -> str:
    """What a scanner reads from the last picture that a printer was sent."""
    at = content.rindex(b"\x1dv0\x00") + 4
    width, height = (int.from_bytes(content[at + 2 * n : at + 2 * n + 2], "little") for n in (0, 1))
    dots = bytes(255 - byte for byte in content[at + 4 : at + 4 + width * height])
    return zxingcpp.read_barcode(Image.frombytes("1", (width * 8, height), dots).convert("L")).text


def test_the_code_on_the_paper_leads_to_the_receipt_and_to_a_proof_that_verifies_offline(
    settings: Settings, till: Api, sale: dict[str, Any], tmp_path: Path
) -> None:
    url = scanned(base64.b64decode(printed(till, sale, format="escpos")["content"]))
    anybody = Api(till.http)

    assert url.startswith(settings.public_url + "/r/")
    path = url.removeprefix(settings.public_url)
    page = anybody.get(path)
    proof = anybody.get(f"{path}/proof")
    keys = anybody.get("/jwks.json")

    assert page.status_code == 200
    assert "ELECTRONIC COPY" in page.text
    assert sale["ledgerHash"] in page.text
    assert f'href="{path.rpartition("/")[2]}/proof"' in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert proof.headers["content-disposition"] == 'attachment; filename="proof-1.json"'
    assert json.loads(proof.content)["format"] == "tillvault-proof/1"
    (tmp_path / "proof.json").write_bytes(proof.content)
    (tmp_path / "jwks.json").write_bytes(keys.content)
    told = CliRunner().invoke(
        command_line, ["verify", str(tmp_path / "proof.json"), "--jwks", str(tmp_path / "jwks.json")]
    )
    assert told.exit_code == 0, told.output


def test_the_page_speaks_the_language_of_the_browser(till: Api, sale: dict[str, Any]) -> None:
    path, anybody = proof_path(till, sale), Api(till.http)

    assert "COPIE ÉLECTRONIQUE" in anybody.get(path, headers={"Accept-Language": "de, fr-CH;q=0.9, en;q=0.8"}).text
    assert "COPIA ELECTRÓNICA" in anybody.get(path, params={"lang": "es"}, headers={"Accept-Language": "fr"}).text
    assert "ELECTRONIC COPY" in anybody.get(path, headers={"Accept-Language": "xx;q=1,,"}).text


def test_a_wrong_address_shows_nothing(settings: Settings, till: Api, sale: dict[str, Any], shops: Shops) -> None:
    stranger = shops.make()
    links = Links(secrets.receipt_secret(settings), "")
    good = proof_path(till, sale).rpartition("/")[2]
    altered = ("A" if good[0] != "A" else "B") + good[1:]
    of_another = links.token(stranger.id, UUID(sale["id"]))
    of_nothing = links.token(UUID(sale["organisationId"]), uuid4())
    forged = Links(b"x" * 32, "").token(UUID(sale["organisationId"]), UUID(sale["id"]))
    anybody = Api(till.http)

    for token in (altered, of_another, of_nothing, forged, sale["id"], "x", good[:-1], good + "="):
        refused(anybody.get(f"/r/{token}"), 404, "RECEIPT_NOT_FOUND")
        refused(anybody.get(f"/r/{token}/proof"), 404, "RECEIPT_NOT_FOUND")
    assert anybody.get(f"/r/{good}").status_code == 200


def test_an_address_opens_nothing_but_its_receipt(till: Api, sale: dict[str, Any]) -> None:
    token = proof_path(till, sale).rpartition("/")[2]
    holder = Api(till.http, token)

    refused(holder.get(f"/v1/sales/{sale['id']}"), 401, "UNAUTHORIZED")
    refused(holder.get(f"/v1/sales/{sale['id']}/receipt"), 401, "UNAUTHORIZED")
    assert holder.get(f"/api/v1/pos-tickets/{sale['ticketId']}/proof").status_code == 401


# How long it takes


def test_a_receipt_of_two_hundred_lines_is_a_pdf_in_under_a_second(superuser_dsn: str, shop: Shop, till: Api) -> None:
    lines = [product(superuser_dsn, shop, price=100 + at, name=f"{KHMER} {at}") for at in range(20)] * 10
    made = sold(till, lines, 500)
    path = f"/v1/sales/{made['id']}/receipt"
    till.get(path, params={"format": "pdf"})

    took: list[float] = []
    for _ in range(5):
        begun = time.monotonic()
        assert till.get(path, params={"format": "pdf", "lang": "km"}).content.startswith(b"%PDF-")
        took.append(time.monotonic() - begun)

    assert min(took) < 1.0
