"""A receipt as one HTML page: no script, nothing from elsewhere, printable on a roll."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from tillvault.sales.receipts import qr
from tillvault.sales.receipts.as_pdf import TEXT_PT, length_mm
from tillvault.sales.receipts.domain import Language, Paper
from tillvault.sales.receipts.fonts import Fonts
from tillvault.sales.receipts.layout import (
    Block,
    Centred,
    Columns,
    Gap,
    Heading,
    Notice,
    Pair,
    Qr,
    Rule,
    Text,
    texts_of,
)

POLICY = (
    "default-src 'none'; font-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""Content-Security-Policy of these pages: even a text that slipped through could load and run nothing."""

_STYLE = """
:root { color-scheme: light; }
body { margin: 0; background: #e8e8e6; color: #111;
  font: FONTpx/1.4 "Noto Sans", Receipt, "Noto Sans Khmer", system-ui, sans-serif; }
main { box-sizing: border-box; width: PAPERmm; margin: 16px auto; padding: 4mm MARGINmm 6mm; background: #fff;
  box-shadow: 0 1px 6px #0003; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
h1 { margin: 2mm 0 1mm; font-size: 1.35em; line-height: 1.25; text-align: center; }
p { margin: 0; }
.centred { text-align: center; }
.bold { font-weight: 700; }
.notice { margin: 2mm 0; padding: 1mm; border: 2px solid #111; font-weight: 700; text-align: center; }
.pair { display: flex; gap: 3mm; justify-content: space-between; }
.pair > :last-child { text-align: right; flex: none; max-width: 75%; }
.indent { padding-left: 3mm; }
.large { margin: 1mm 0; font-size: 1.3em; }
.columns { display: grid; gap: 2mm; font-size: .9em; }
.columns > :not(:first-child) { text-align: right; }
hr { margin: 2mm 0; border: 0; border-top: 1px dashed #111; }
.gap { height: 2mm; }
.qr { display: block; width: 34mm; margin: 3mm auto 1mm; shape-rendering: crispEdges; }
.check { margin: 16px auto 48px; max-width: 34em; padding: 0 16px; font-size: 15px; }
.check a { color: #0a4d8c; display: inline-block; padding: 10px 16px 10px 0; }
.check code { display: block; padding: 8px; background: #fff; overflow-wrap: anywhere; }
@page { size: PAPERmm LENGTHmm; margin: 0; }
@media print { body { background: none; font-size: PRINTpt; } p { break-inside: avoid; }
  main { margin: 0; box-shadow: none; } .check { display: none; } }
"""


def page(
    blocks: Sequence[Block], *, title: str, language: Language, paper: Paper, fonts: Fonts, below: str = ""
) -> bytes:
    """The page; `below` is markup that stands under the receipt and is not printed."""
    is_wide = paper is Paper.WIDE
    style = _STYLE.replace("FONT", "13" if is_wide else "11")
    style = (
        style.replace("PRINT", str(TEXT_PT[paper]))
        .replace("PAPER", str(int(paper)))
        .replace("MARGIN", "4" if is_wide else "2.5")
    )
    # Other fonts are wider than ours: a page that is too long wastes paper, one that is too short takes two.
    style = style.replace("LENGTH", str(round(length_mm(blocks, paper, fonts) * 1.1) + 5))
    style = fonts.style_sheet([below, *(text for block in blocks for text in texts_of(block))]) + style
    body = "\n".join(_block(block) for block in blocks)
    return (
        f'<!doctype html>\n<html lang="{language.value}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<meta name="robots" content="noindex">\n'
        f'<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f"<main>\n{body}\n</main>\n{below}</body>\n</html>\n"
    ).encode()


def _block(block: Block) -> str:
    match block:
        case Heading(text):
            markup = f"<h1>{_text(text)}</h1>"
        case Centred(text, bold):
            markup = f'<p class="centred{" bold" if bold else ""}">{_text(text)}</p>'
        case Notice(text):
            markup = f'<p class="notice">{_text(text)}</p>'
        case Text(text, bold):
            markup = f'<p class="{"bold" if bold else "text"}">{_text(text)}</p>'
        case Pair(left, right):
            classes = ["pair", *(name for name in ("bold", "large", "indent") if getattr(block, name))]
            markup = f'<p class="{" ".join(classes)}"><span>{_text(left)}</span><span>{_text(right)}</span></p>'
        case Columns(cells, bold):
            inner = "".join(f"<span>{_text(cell)}</span>" for cell in cells)
            style = f"grid-template-columns: repeat({len(cells)}, 1fr)"
            markup = f'<p class="columns{" bold" if bold else ""}" style="{style}">{inner}</p>'
        case Rule():
            markup = "<hr>"
        case Gap():
            markup = '<div class="gap"></div>'
        case Qr(url):
            markup = _qr(url)
    return markup


def _text(text: str) -> str:
    """Isolated, so that a name written from right to left stays in its place."""
    return f"<bdi>{escape(text)}</bdi>"


def _qr(url: str) -> str:
    modules = qr.matrix(url)
    size = len(modules) + 2 * qr.QUIET_MODULES
    path = "".join(
        f"M{x + qr.QUIET_MODULES} {y + qr.QUIET_MODULES}h1v1h-1z"
        for y, row in enumerate(modules)
        for x, dark in enumerate(row)
        if dark
    )
    return (
        f'<svg class="qr" viewBox="0 0 {size} {size}" role="img" aria-label="{escape(url)}">'
        f'<path fill="#fff" d="M0 0h{size}v{size}h-{size}z"/><path d="{path}"/></svg>'
    )
