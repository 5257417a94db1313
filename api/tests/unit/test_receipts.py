"""Layouts of receipts: texts of strangers, long ones, scripts, languages, currencies."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.receipts import KHMER, NOW, ORIGINAL, OTHER, TEXTS, as_page, line, receipt, sale, written
from tillvault.cash.takings.domain import Flow, Payment, PaymentMethod, Rounding, SaleKind
from tillvault.sales.receipts import as_html, layout, wording
from tillvault.sales.receipts.domain import Copy, Form, Language, Mark, Paper
from tillvault.sales.receipts.fonts import Fonts
from tillvault.sales.receipts.rendering import Wanted, rendered
from tillvault.sales.receipts.text import clean, clusters, wrapped
from tillvault.sales.receipts.translations import WORDS


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts()


# What stands on a receipt


def test_a_receipt_says_where_when_what_and_how_it_was_paid() -> None:
    lines = [line(1, "Book", discount=250), line(2, "Tea", price=550, rate=550)]
    paid = [
        Payment(
            number=1, flow=Flow.TENDER, method=PaymentMethod.CASH, currency="EUR", amount_minor=2000, base_minor=2000
        ),
        Payment(
            number=2, flow=Flow.CHANGE, method=PaymentMethod.CASH, currency="KHR", amount_minor=-1_200, base_minor=-250
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
