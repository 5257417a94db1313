"""Layouts of receipts: texts of strangers, long ones, scripts, languages, currencies."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from importlib import import_module
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tillvault.cash.takings.domain import Flow, Line, Payment, PaymentMethod, Rounding, Sale, SaleKind
from tillvault.sales.receipts import as_html, layout, qr, wording
from tillvault.sales.receipts.as_escpos import commands
from tillvault.sales.receipts.domain import Copy, Form, Language, Mark, Paper, Receipt, Shop
from tillvault.sales.receipts.fonts import Fonts
from tillvault.sales.receipts.links import TOKEN_LENGTH, Address, Links
from tillvault.sales.receipts.rendering import Wanted, rendered
from tillvault.sales.receipts.text import clean, clusters, wrapped
from tillvault.sales.receipts.translations import WORDS

zxingcpp: Any = import_module("zxingcpp")
"""A reader of codes; the module is compiled and says nothing of its types."""
NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ORGANISATION, SALE, OTHER = (UUID(int=number) for number in (1, 2, 3))
LINKS = Links(b"s" * 32, "https://shop.example/")
KHMER = "កាហ្វេទឹកដោះគោ"
ADDRESS = Address(ORGANISATION, SALE)
ORIGINAL = Copy(mark=Mark.ORIGINAL)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts()


def line(number: int, name: str, *, price: int = 1250, discount: int = 0, rate: int = 2000) -> Line:
    total = price - discount
    return Line(
        number=number,
        product_id=None,
        category_id=None,
        category_name=None,
        name=name,
        eee_category=None,
        weight_grams=None,
        quantity_milli=1000,
        unit_price_minor=price,
        list_price_minor=None,
        gross_minor=price,
        discount_minor=discount,
        total_minor=total,
        tax_rate_bp=rate,
        tax_minor=total * rate // (10_000 + rate),
    )


def sale(names: list[str], *, lines: list[Line] | None = None, cashier: str = "Ana", **columns: Any) -> Sale:
    made = lines if lines is not None else [line(at, name) for at, name in enumerate(names, start=1)]
    goods = sum(one.total_minor for one in made)
    known: dict[str, Any] = {
        "organisation_id": ORGANISATION,
        "id": SALE,
        "kind": SaleKind.SALE,
        "branch_id": OTHER,
        "branch_name": "Branch",
        "register_id": None,
        "register_name": "Caja 1",
        "session_id": None,
        "cashier_id": OTHER,
        "cashier_name": cashier,
        "series_id": OTHER,
        "receipt_number": 7,
        "refunded_sale_id": None,
        "currency": "EUR",
        "goods_minor": goods,
        "discount_minor": sum(one.discount_minor for one in made),
        "tax_minor": sum(one.tax_minor for one in made),
        "donation_minor": 0,
        "rounding": None,
        "total_minor": goods,
        "fx_rates": {},
        "note": None,
        "occurred_at": NOW,
        "created_at": NOW,
        "ticket_sha256": bytes(range(32)),
        "lines": made,
        "payments": [],
    }
    return Sale(**known | columns)


def receipt(
    made: Sale, *, name: str = "Shop", header: str = "", footer: str = "", number: int | None = None
) -> Receipt:
    return Receipt(
        shop=Shop(organisation_name=name, timezone="Asia/Phnom_Penh", header=header, footer=footer),
        sale=made,
        refunded_number=number,
        ticket=None,
        proof_url=LINKS.url(ORGANISATION, SALE),
    )


def written(made: Receipt, copy: Copy = ORIGINAL, language: Language = Language.EN) -> list[tuple[str, ...]]:
    """All rows of a receipt, as they are written."""
    return [row for block in layout.laid_out(made, copy, language) if (row := layout.texts_of(block))]


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and the text between them."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []
        self.feed(page.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def as_page(made: Receipt, fonts: Fonts, copy: Copy = ORIGINAL) -> Page:
    wanted = Wanted(form=Form.HTML, language=Language.EN, paper=Paper.WIDE)
    return Page(rendered(made, copy, wanted, fonts))


def read_code(modules: list[list[bool]]) -> str:
    """What a scanner reads."""
    scale, quiet = 4, qr.QUIET_MODULES
    side = (len(modules) + 2 * quiet) * scale
    image = Image.new("L", (side, side), 255)
    for y, row in enumerate(modules, start=quiet):
        for x, dark in enumerate(row, start=quiet):
            if dark:
                image.paste(0, (x * scale, y * scale, (x + 1) * scale, (y + 1) * scale))
    return zxingcpp.read_barcode(image).text


def text_sent(sent: bytes) -> str:
    """What the printer writes in its own font: all but pictures and commands."""
    text = b""
    while (at := sent.find(b"\x1dv0\x00")) >= 0:
        width, height = (int.from_bytes(sent[at + 4 + 2 * n : at + 6 + 2 * n], "little") for n in (0, 1))
        text, sent = text + sent[:at], sent[at + 8 + width * height :]
    return re.sub(rb"\x1b@|[\x1b\x1d][!aEtVBd{M-][\x00-\xff]", b"", text + sent).decode("cp858")


# What stands on a receipt


def test_a_receipt_says_where_when_what_and_how_it_was_paid() -> None:
    lines = [line(1, "Book", discount=250), line(2, "Tea", price=550, rate=550)]
    paid = [
        Payment(
            number=1,
            flow=Flow.TENDER,
            method=PaymentMethod.CASH,
            currency="EUR",
            amount_minor=2000,
            base_minor=2000,
        ),
        Payment(
            number=2,
            flow=Flow.CHANGE,
            method=PaymentMethod.CASH,
            currency="KHR",
            amount_minor=-1_200,
            base_minor=-250,
        ),
    ]
    rounded = Rounding(currency="KHR", amount_minor=50, base_minor=1)
    made = sale(
        [],
        lines=lines,
        payments=paid,
        donation_minor=200,
        rounding=rounded,
        total_minor=1751,
        fx_rates={"KHR": Decimal("4100.5")},
    )

    rows = written(receipt(made, name="River Books", header="1 River St\n\nTax 123", footer="Thank you"))

    assert rows == [
        ("River Books",),
        ("Branch",),
        ("1 River St",),
        ("Tax 123",),
        ("Receipt", "7"),
        ("Date", "Nov 21, 2026 16:30"),
        ("Register", "Caja 1"),
        ("Cashier", "Ana"),
        ("Book",),
        ("1 × 12.50", "12.50 A"),
        ("Discount", "-2.50 A"),
        ("Tea",),
        ("1 × 5.50", "5.50 B"),
        ("Goods", "15.50"),
        ("Donation", "2.00"),
        ("Cash rounding", "0.01"),
        ("TOTAL", "€17.51"),
        ("of which discounts", "-2.50"),
        ("Cash", "€20.00"),
        ("Change", "KHR\u00a01,200"),
        ("Exchange rate", "1 EUR = 4,100.5 KHR"),
        ("%", "Net", "Tax", "Incl. tax"),
        ("A 20\u00a0%", "8.34", "1.66", "10.00"),
        ("B 5.5\u00a0%", "5.22", "0.28", "5.50"),
        ("Ledger", "on its way"),
        ("Fingerprint", "0001 0203 0405 0607"),
        ("Scan to check",),
        ("Thank you",),
    ]


def test_a_refund_names_the_receipt_that_it_takes_back() -> None:
    made = sale(["Book"], kind=SaleKind.REFUND, refunded_sale_id=OTHER)

    rows = written(receipt(made, number=41))

    assert ("Refund", "7") in rows
    assert ("Refund of receipt", "41") in rows


@pytest.mark.parametrize(
    ("copy", "notice"),
    [
        (ORIGINAL, None),
        (Copy(mark=Mark.DUPLICATE, duplicate_number=3, printed_at=NOW), "DUPLICATE No. 3"),
        (Copy(mark=Mark.PREVIEW), "PREVIEW · NOT A RECEIPT"),
        (Copy(mark=Mark.ELECTRONIC), "ELECTRONIC COPY"),
    ],
    ids=["original", "duplicate", "preview", "electronic"],
)
def test_only_the_original_carries_no_mark_and_others_carry_it_twice(copy: Copy, notice: str | None) -> None:
    blocks = layout.laid_out(receipt(sale(["Book"])), copy, Language.EN)

    notices = [block.text for block in blocks if isinstance(block, layout.Notice)]

    assert notices == ([] if notice is None else [notice, notice])
    assert isinstance(blocks[0], layout.Notice) is (notice is not None)


def test_every_language_has_every_word() -> None:
    assert set(WORDS) == set(Language)
    assert all(all(form.strip() for form in words.values()) for words in WORDS.values())
    assert {method.value for method in PaymentMethod} <= set(WORDS[Language.KM])


@pytest.mark.parametrize(
    ("currency", "language", "text"),
    [
        ("EUR", Language.FR, "1\u00a0234,50\u00a0€"),
        ("EUR", Language.ES, "1.234,50\u00a0€"),
        ("USD", Language.EN, "$1,234.50"),
        ("KHR", Language.EN, "KHR\u00a0123,450"),
        ("KHR", Language.KM, "123,450៛"),
        ("JPY", Language.FR, "123\u00a0450\u00a0JPY"),
        ("TND", Language.FR, "123,450\u00a0TND"),
    ],
    ids=["EUR fr", "EUR es", "USD en", "KHR en", "KHR km", "JPY fr", "TND fr"],
)
def test_amounts_have_the_decimals_of_our_table_in_the_manner_of_the_language(
    currency: str, language: Language, text: str
) -> None:
    assert wording.money(123_450, currency, language) == text


# Texts of strangers


@settings(max_examples=150, deadline=None)
@given(name=TEXTS, shop=TEXTS, cashier=TEXTS, header=TEXTS)
def test_no_text_becomes_markup(fonts: Fonts, name: str, shop: str, cashier: str, header: str) -> None:
    plain = as_page(receipt(sale(["x"]), name="x", header="x" if header.strip() else ""), fonts)

    page = as_page(receipt(sale([name], cashier=cashier), name=shop, header=header), fonts)

    allowed = {tag for tag, _ in plain.elements}
    assert {tag for tag, _ in page.elements} <= allowed
    assert not any(key.startswith("on") or key in {"src", "srcdoc"} for _, keys in page.elements for key in keys)
    assert clean(name) in "".join(page.text)


def test_a_name_with_markup_is_shown_as_it_is_typed(fonts: Fonts) -> None:
    name = '<script>alert("x")</script><img src=x onerror=alert(1)>&amp;'

    page = as_page(receipt(sale([name])), fonts)

    assert name in "".join(page.text)
    assert not {"script", "img"} & {tag for tag, _ in page.elements}


def test_a_page_loads_nothing_from_elsewhere(fonts: Fonts) -> None:
    page = rendered(
        receipt(sale([KHMER])),
        Copy(mark=Mark.ELECTRONIC),
        Wanted(form=Form.HTML, language=Language.KM, paper=Paper.NARROW),
        fonts,
    ).decode()

    assert not re.findall(r"(?:src|href)=[\"']?(?:https?:)?//", page)
    assert set(re.findall(r"url\((.{5})", page)) <= {"data:"}
    assert "<script" not in page
    assert "default-src 'none'" in as_html.POLICY


@settings(max_examples=40, deadline=None)
@given(names=st.lists(TEXTS, min_size=1, max_size=4), paper=st.sampled_from(Paper), language=st.sampled_from(Language))
def test_no_text_breaks_pdf_or_printer(fonts: Fonts, names: list[str], paper: Paper, language: Language) -> None:
    made = receipt(sale(names), header="\n".join(names))

    pdf = rendered(made, ORIGINAL, Wanted(form=Form.PDF, language=language, paper=paper), fonts)
    sent = rendered(made, ORIGINAL, Wanted(form=Form.ESCPOS, language=language, paper=paper), fonts)

    assert pdf.startswith(b"%PDF-")
    assert pdf.rstrip().endswith(b"%%EOF")
    assert sent.startswith(b"\x1b@")


def test_no_name_can_steer_a_printer(fonts: Fonts) -> None:
    """ESC p opens the drawer, GS V cuts, LF would move an amount to another line."""
    plain = commands(
        layout.laid_out(receipt(sale(["Book p0 V0"])), ORIGINAL, Language.EN), paper=Paper.WIDE, fonts=fonts
    )

    sly = commands(
        layout.laid_out(receipt(sale(["Book\x1b p0\x1d\n V0"])), ORIGINAL, Language.EN), paper=Paper.WIDE, fonts=fonts
    )

    assert sly == plain


def test_characters_that_turn_text_around_are_left_out() -> None:
    assert clean("Tea \u202e05.21\u202c\u2066x\u2069\x00\x1b") == "Tea 05.21x"
    assert clean("  a\t b\r\nc ") == "a b c"


def test_khmer_is_never_parted_within_a_letter() -> None:
    text = "ស្ត្រី" + KHMER

    parts = list(clusters(text))
    lines = wrapped(text, 4, len)

    assert "".join(parts) == text
    assert parts[0] == "ស្ត្រី"
    assert all(not line.startswith(("\u17d2", "\u17b8")) for line in lines)


@settings(max_examples=200, deadline=None)
@given(text=TEXTS, width=st.integers(1, 40))
def test_wrapped_text_keeps_every_letter_and_the_width(text: str, width: int) -> None:
    cleaned = clean(text)

    lines = wrapped(cleaned, width, len)

    assert "".join(lines).replace(" ", "") == cleaned.replace(" ", "").replace("\u200b", "")
    assert all(len(line) <= width or len(list(clusters(line))) == 1 for line in lines)
    assert lines


# Fonts and printers


def test_khmer_has_a_font_and_a_letter_without_one_is_replaced(fonts: Fonts) -> None:
    runs = fonts.runs(f"Café {KHMER} 😀")

    assert [run.is_shaped for run in runs] == [False, True, False]
    assert runs[1].text == KHMER
    assert runs[2].text == " \ufffd"


def test_a_subscript_of_khmer_takes_no_room_beside_its_letter(fonts: Fonts) -> None:
    assert fonts.width("ក្រ", 100) < fonts.width("ក", 100) + fonts.width("រ", 100)


def test_what_the_code_page_has_is_sent_as_text_and_khmer_as_a_picture(fonts: Fonts) -> None:
    latin = commands([layout.Text("Café 12,50 €")], paper=Paper.WIDE, fonts=fonts)
    khmer = commands([layout.Text(KHMER)], paper=Paper.WIDE, fonts=fonts)

    assert "Café 12,50 €".encode("cp858") in latin
    assert b"\x1dv0" not in latin
    assert khmer.count(b"\x1dv0\x00") == 1
    at = khmer.index(b"\x1dv0\x00") + 4
    assert int.from_bytes(khmer[at : at + 2], "little") * 8 == 576


@pytest.mark.parametrize(("paper", "columns"), [(Paper.WIDE, 48), (Paper.NARROW, 32)], ids=["80 mm", "58 mm"])
def test_a_line_of_text_is_never_longer_than_the_paper(fonts: Fonts, paper: Paper, columns: int) -> None:
    blocks = [
        layout.Pair("A name that is much too long for one line of any receipt", "1,234,567,890.12"),
        layout.Pair("Short", "x" * 60),
        layout.Columns(("A 20 %", "1,000.00", "200.00", "1,200.00")),
        layout.Rule(),
    ]

    sent = commands(blocks, paper=paper, fonts=fonts)

    assert max(len(row) for row in text_sent(sent).split("\n")) <= columns


def test_two_hundred_lines_make_one_long_page(fonts: Fonts) -> None:
    made = receipt(sale([f"{KHMER} {number}" for number in range(200)]))

    pdf = rendered(made, ORIGINAL, Wanted(form=Form.PDF, language=Language.KM, paper=Paper.WIDE), fonts)

    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert [round(float(width) / 72 * 25.4) for width, _ in boxes] == [80]
    assert 1000 < float(boxes[0][1]) / 72 * 25.4 < 5080


def test_a_receipt_beyond_the_longest_page_goes_on_on_the_next(fonts: Fonts) -> None:
    made = receipt(sale(["W" * 120] * 200))

    pdf = rendered(made, ORIGINAL, Wanted(form=Form.PDF, language=Language.EN, paper=Paper.NARROW), fonts)

    heights = [float(height) for _, height in re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)]
    assert len(heights) >= 1
    assert max(heights) <= 14_400


# The code and its address


def test_the_modules_of_the_code_hold_the_address() -> None:
    url = LINKS.url(ADDRESS.organisation_id, ADDRESS.sale_id)

    assert read_code(qr.matrix(url)) == url


def test_a_token_reads_back_and_no_altered_one_does() -> None:
    token = LINKS.token(ORGANISATION, SALE)

    assert LINKS.read(token) == ADDRESS
    assert len(token) == TOKEN_LENGTH
    for at in range(TOKEN_LENGTH):
        other = "A" if token[at] != "A" else "B"
        assert LINKS.read(token[:at] + other + token[at + 1 :]) is None
    assert LINKS.read(token[:-1]) is None
    assert LINKS.read(token + "A") is None
    assert LINKS.read("é" * TOKEN_LENGTH) is None
    assert Links(b"t" * 32, "").read(token) is None
