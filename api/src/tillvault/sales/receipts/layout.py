"""A receipt as a column of blocks, the same for every form. Pure: what a form cannot draw, it draws in its own way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tillvault.cash.takings.domain import Flow, Line, Payment, Sale, SaleKind
from tillvault.sales.receipts import wording
from tillvault.sales.receipts.domain import Copy, Language, Mark, Receipt
from tillvault.sales.receipts.text import clean
from tillvault.sales.receipts.translations import word


@dataclass(frozen=True, slots=True)
class Heading:
    text: str


@dataclass(frozen=True, slots=True)
class Centred:
    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """The word that tells a copy from the original; nobody may overlook it."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """Left and right; the right stands whole, the left is wrapped."""

    left: str
    right: str
    bold: bool = False
    large: bool = False
    indent: bool = False


@dataclass(frozen=True, slots=True)
class Columns:
    """A row of a table: the first cell to the left, the others to the right, of equal width."""

    cells: tuple[str, ...]
    bold: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    pass


@dataclass(frozen=True, slots=True)
class Gap:
    pass


@dataclass(frozen=True, slots=True)
class Qr:
    url: str


Block = Heading | Centred | Notice | Text | Pair | Columns | Rule | Gap | Qr


def texts_of(block: Block) -> tuple[str, ...]:
    """All that is written in a block."""
    match block:
        case Pair(left, right):
            return left, right
        case Columns(cells):
            return cells
        case Heading(text) | Centred(text) | Notice(text) | Text(text):
            return (text,)
        case Rule() | Gap() | Qr():
            return ()


def laid_out(receipt: Receipt, copy: Copy, language: Language) -> list[Block]:
    """All blocks from top to bottom. Every text of strangers in them is clean and on one line."""
    sale = receipt.sale
    return [
        *_head(receipt, copy, language),
        Rule(),
        *(block for line in sale.lines for block in _line(line, sale, language)),
        *([Rule()] if sale.lines else []),
        *_sums(sale, language),
        *_payments(sale, language),
        *_taxes(sale, language),
        Rule(),
        *_foot(receipt, copy, language),
    ]


def _head(receipt: Receipt, copy: Copy, language: Language) -> Iterator[Block]:
    sale, shop = receipt.sale, receipt.shop
    notice = _notice(copy, language)
    if notice:
        yield Notice(notice)
    yield Heading(clean(shop.organisation_name))
    for line in _own_lines(shop.legal_identity):
        yield Centred(line)
    if clean(sale.branch_name) != clean(shop.organisation_name):
        yield Centred(clean(sale.branch_name))
    for line in _own_lines(shop.header):
        yield Centred(line)
    yield Gap()
    kind = "refund" if sale.kind is SaleKind.REFUND else "receipt"
    yield Pair(word(language, kind), str(sale.receipt_number), bold=True)
    if receipt.refunded_number is not None:
        yield Pair(word(language, "refund_of"), str(receipt.refunded_number))
    yield Pair(word(language, "date"), wording.moment(receipt.local(sale.occurred_at), language))
    if sale.register_name:
        yield Pair(word(language, "register"), clean(sale.register_name))
    yield Pair(word(language, "cashier"), clean(sale.cashier_name))


def _notice(copy: Copy, language: Language) -> str | None:
    match copy.mark:
        case Mark.ORIGINAL:
            return None
        case Mark.DUPLICATE:
            return f"{word(language, 'duplicate')} {copy.duplicate_number}"
        case Mark.PREVIEW:
            return word(language, "preview")
        case Mark.ELECTRONIC:
            return word(language, "electronic")


def _line(line: Line, sale: Sale, language: Language) -> Iterator[Block]:
    """What was sold, how much of it at which price, and the letter of its tax rate."""
    price = wording.amount(line.unit_price_minor, sale.currency, language)
    mark = _letters(sale)[line.tax_rate_bp]
    yield Text(clean(line.name))
    yield Pair(
        f"{wording.quantity(line.quantity_milli, language)} × {price}",
        f"{wording.amount(line.gross_minor, sale.currency, language)} {mark}",
        indent=True,
    )
    if line.discount_minor:
        yield Pair(
            word(language, "discount"),
            f"{wording.amount(-line.discount_minor, sale.currency, language)} {mark}",
            indent=True,
        )


def _sums(sale: Sale, language: Language) -> Iterator[Block]:
    if sale.donation_minor or sale.rounding:
        yield Pair(word(language, "goods"), wording.amount(sale.goods_minor, sale.currency, language))
    if sale.donation_minor:
        yield Pair(word(language, "donation"), wording.amount(sale.donation_minor, sale.currency, language))
    if sale.rounding:
        yield Pair(word(language, "rounding"), wording.amount(sale.rounding.base_minor, sale.currency, language))
    yield Pair(word(language, "total"), wording.money(sale.total_minor, sale.currency, language), bold=True, large=True)
    if sale.discount_minor:
        yield Pair(word(language, "discounts"), wording.amount(-sale.discount_minor, sale.currency, language))


def _payments(sale: Sale, language: Language) -> Iterator[Block]:
    if sale.payments:
        yield Gap()
    for payment in sale.payments:
        yield Pair(_payment_name(payment, language), wording.money(_given(payment), payment.currency, language))
    for currency, rate in sale.fx_rates.items():
        yield Pair(
            word(language, "rate"), f"1 {sale.currency} = {wording.rate(rate, language)} {currency}", indent=True
        )


def _payment_name(payment: Payment, language: Language) -> str:
    return word(language, "change" if payment.flow is Flow.CHANGE else payment.method)


def _given(payment: Payment) -> int:
    """Change is printed as what the customer got, without the sign that it has in the drawer."""
    return -payment.amount_minor if payment.flow is Flow.CHANGE else payment.amount_minor


def _taxes(sale: Sale, language: Language) -> Iterator[Block]:
    if not sale.lines:
        return
    yield Gap()
    yield Columns(("%", *(word(language, name) for name in ("net", "tax", "gross"))), bold=True)
    for rate_bp, letter in _letters(sale).items():
        total = sum(line.total_minor for line in sale.lines if line.tax_rate_bp == rate_bp)
        tax = sum(line.tax_minor for line in sale.lines if line.tax_rate_bp == rate_bp)
        yield Columns(
            (
                f"{letter} {wording.percent(rate_bp, language)}",
                *(wording.amount(minor, sale.currency, language) for minor in (total - tax, tax, total)),
            )
        )


def _letters(sale: Sale) -> dict[int, str]:
    """A letter for each tax rate, the highest first: A, B, …; beyond 26 rates a number."""
    rates = sorted({line.tax_rate_bp for line in sale.lines}, reverse=True)
    return {rate: chr(ord("A") + at) if at < 26 else str(at + 1) for at, rate in enumerate(rates)}


def _foot(receipt: Receipt, copy: Copy, language: Language) -> Iterator[Block]:
    sale = receipt.sale
    position = receipt.ticket.ledger_hash if receipt.ticket else word(language, "pending")
    yield Pair(word(language, "ledger"), position)
    yield Pair(word(language, "fingerprint"), short_hash(sale))
    if copy.mark is Mark.DUPLICATE and copy.printed_at is not None:
        yield Pair(word(language, "printed"), wording.moment(receipt.local(copy.printed_at), language))
    yield Qr(receipt.proof_url)
    yield Centred(word(language, "scan"))
    for line in _own_lines(receipt.shop.footer):
        yield Centred(line)
    notice = _notice(copy, language)
    if notice:
        yield Notice(notice)


def short_hash(sale: Sale) -> str:
    """The first 16 hex digits of the ticket's identity, in fours: enough to compare by eye."""
    digits = sale.ticket_sha256.hex()[:16]
    return " ".join(digits[at : at + 4] for at in range(0, 16, 4))


def _own_lines(text: str) -> Sequence[str]:
    return [cleaned for line in text.splitlines() if (cleaned := clean(line))]
