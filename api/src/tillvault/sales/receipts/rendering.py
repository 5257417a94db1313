"""Receipts to bytes, off the event loop and few at a time: a long one takes tenths of a second of a core."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from html import escape
from pathlib import Path

from anyio import CapacityLimiter, to_thread

from tillvault.core import secrets
from tillvault.core.config import Settings
from tillvault.sales.receipts import as_html, as_pdf, layout
from tillvault.sales.receipts.domain import Copy, Form, Language, Mark, Paper, Receipt
from tillvault.sales.receipts.fonts import Fonts
from tillvault.sales.receipts.links import Links
from tillvault.sales.receipts.translations import word

AT_ONCE = 2

MEDIA_TYPES = {
    Form.HTML: "text/html; charset=utf-8",
    Form.PDF: "application/pdf",
    Form.ESCPOS: "application/octet-stream",
}
SUFFIXES = {Form.HTML: "html", Form.PDF: "pdf", Form.ESCPOS: "bin"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a receipt is to look."""

    form: Form
    language: Language
    paper: Paper


class Press:
    """Makes the receipts of one process."""

    def __init__(self, links: Links, font_dir: Path | None) -> None:
        self.links = links
        self._fonts = Fonts(font_dir)
        self._places = CapacityLimiter(AT_ONCE)
        self._threads = CapacityLimiter(AT_ONCE)

    @asynccontextmanager
    async def place(self) -> AsyncGenerator[None]:
        """Wait for one's turn before a transaction is opened: whoever waits inside one holds a connection that every
        till needs."""
        async with self._places:
            yield

    async def made(self, receipt: Receipt, copy: Copy, wanted: Wanted) -> bytes:
        """The receipt in the form that was asked for."""
        return await to_thread.run_sync(partial(rendered, receipt, copy, wanted, self._fonts), limiter=self._threads)

    async def drawn(self, draw: Callable[[Fonts], bytes]) -> bytes:
        """Another document in the same fonts, in its turn."""
        return await to_thread.run_sync(partial(draw, self._fonts), limiter=self._threads)


def press_of(settings: Settings) -> Press:
    return Press(Links(secrets.receipt_secret(settings), settings.public_url), settings.receipt_font_dir)


def rendered(receipt: Receipt, copy: Copy, wanted: Wanted, fonts: Fonts) -> bytes:
    """The bytes of a receipt. Deterministic but for the fonts at hand."""
    blocks = layout.laid_out(receipt, copy, wanted.language)
    title = f"{word(wanted.language, 'receipt')} {receipt.sale.receipt_number}"
    match wanted.form:
        case Form.HTML:
            below = _check(receipt, wanted.language) if copy.mark is Mark.ELECTRONIC else ""
            return as_html.page(
                blocks, title=title, language=wanted.language, paper=wanted.paper, fonts=fonts, below=below
            )
        case Form.PDF:
            return as_pdf.document(
                blocks,
                title=title,
                language=wanted.language,
                paper=wanted.paper,
                fonts=fonts,
                made_at=copy.printed_at or receipt.sale.created_at,
            )
        case Form.ESCPOS:
            # Its library reads a megabyte of printers' profiles, which every start and every command would pay.
            from tillvault.sales.receipts import as_escpos  # noqa: PLC0415  (as said above)

            return as_escpos.commands(blocks, paper=wanted.paper, fonts=fonts)


def _check(receipt: Receipt, language: Language) -> str:
    """How to check the receipt without us. The links are relative: the page knows where it stands."""
    proof = f"{receipt.proof_url.rpartition('/')[2]}/proof"
    return (
        f'<section class="check"><p>{escape(word(language, "check"))}</p>\n'
        "<code>tillvault verify proof.json --jwks jwks.json</code>\n"
        f'<p><a href="{escape(proof)}" download="proof.json">{escape(word(language, "proof"))}</a> '
        f'<a href="../jwks.json" download="jwks.json">{escape(word(language, "keys"))}</a></p></section>\n'
    )
