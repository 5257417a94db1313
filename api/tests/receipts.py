"""What tests of receipts share: a sale as it is stored, and what is written of it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from tillvault.cash.takings.domain import Line, Sale, SaleKind
from tillvault.sales.receipts import layout
from tillvault.sales.receipts.domain import Copy, Form, Language, Mark, Paper, Receipt, Shop
from tillvault.sales.receipts.fonts import Fonts
from tillvault.sales.receipts.links import Address, Links
from tillvault.sales.receipts.rendering import Wanted, rendered

NOW = datetime(2026, 11, 21, 9, 30, tzinfo=UTC)
ORGANISATION, SALE, OTHER = (UUID(int=number) for number in (1, 2, 3))
LINKS = Links(b"s" * 32, "https://shop.example/")
KHMER = "កាហ្វេទឹកដោះគោ"
ADDRESS = Address(ORGANISATION, SALE)
ORIGINAL = Copy(mark=Mark.ORIGINAL)
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=120)


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


def text_sent(sent: bytes) -> str:
    """What the printer writes in its own font: all but pictures and commands."""
    text = b""
    while (at := sent.find(b"\x1dv0\x00")) >= 0:
        width, height = (int.from_bytes(sent[at + 4 + 2 * n : at + 6 + 2 * n], "little") for n in (0, 1))
        text, sent = text + sent[:at], sent[at + 8 + width * height :]
    return re.sub(rb"\x1b@|[\x1b\x1d][!aEtVBd{M-][\x00-\xff]", b"", text + sent).decode("cp858")
