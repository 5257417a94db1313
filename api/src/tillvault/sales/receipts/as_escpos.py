"""A receipt as the bytes that a receipt printer takes: text where its code page has the letters, else a picture.

Printers agree on little more than CP858 (page 19) for western Europe. A line that does not fit into it, such as one in
Khmer, is shaped here and sent as a raster image (GS v 0), which every ESC/POS printer knows.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from escpos.printer import Dummy
from PIL import Image

from tillvault.sales.receipts import qr
from tillvault.sales.receipts.domain import Paper
from tillvault.sales.receipts.fonts import Fonts, Picture
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
)
from tillvault.sales.receipts.text import wrapped

_CODE_PAGE = "CP858"
_DOTS_PER_COLUMN = 12
"""Of font A."""
_COLUMNS = {Paper.WIDE: 48, Paper.NARROW: 32}
_SIZE_PX = 24
_QR_DOTS_MAX = 264
_PLAIN = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "−": "-", "№": "No."})


class Roll(Dummy):
    """A printer that keeps what it is sent."""

    def raster(self, band: Image.Image) -> None:
        """Print a picture of one bit per dot, ink is 1 (GS v 0). The library's own `image` talks to standard output."""
        width_bytes = (band.width + 7) // 8
        self._raw(
            b"\x1dv0\x00" + width_bytes.to_bytes(2, "little") + band.height.to_bytes(2, "little") + band.tobytes()
        )


class Strip:
    """Sends blocks to a printer that keeps what it is sent."""

    def __init__(self, fonts: Fonts, paper: Paper) -> None:
        self.fonts = fonts
        self.columns = _COLUMNS[paper]
        self.dots = self.columns * _DOTS_PER_COLUMN
        self.printer = Roll()
        self.printer.hw("INIT")
        self.printer.charcode(_CODE_PAGE)

    def send(self, block: Block) -> None:
        match block:
            case Heading(text):
                self._centred(text, bold=True, large=True)
            case Centred(text, bold):
                self._centred(text, bold=bold)
            case Notice(text):
                self._notice(text)
            case Text(text, bold):
                self._paragraph(text, bold=bold)
            case Pair():
                self._pair(block)
            case Columns(cells, bold):
                self._columns(cells, bold=bold)
            case Rule():
                self.printer.text("-" * self.columns + "\n")
            case Gap():
                self.printer.text("\n")
            case Qr(url):
                self._qr(url)

    def end(self) -> bytes:
        self.printer.cut()
        return self.printer.output

    # Text of the printer's own font

    def _centred(self, text: str, *, bold: bool, large: bool = False) -> None:
        plain = _as_plain(text)
        if plain is None:
            return self._paragraph_picture(text, bold=bold, size=_SIZE_PX * (3 if large else 2) // 2, centred=True)
        columns = self.columns // 2 if large else self.columns
        for line in wrapped(plain, columns, len):
            self._line(line, align="center", bold=bold, large=large)
        return None

    def _notice(self, text: str) -> None:
        self.printer.text("*" * self.columns + "\n")
        self._centred(text, bold=True)
        self.printer.text("*" * self.columns + "\n")

    def _paragraph(self, text: str, *, bold: bool) -> None:
        plain = _as_plain(text)
        if plain is None:
            return self._paragraph_picture(text, bold=bold, size=_SIZE_PX, centred=False)
        for line in wrapped(plain, self.columns, len):
            self._line(line, bold=bold)
        return None

    def _pair(self, block: Pair) -> None:
        left, right = _as_plain(block.left), _as_plain(block.right)
        if left is None or right is None:
            return self._pair_picture(block)
        large = block.large and len(left) + len(right) + 1 <= self.columns // 2
        columns = self.columns // 2 if large else self.columns
        indent = "  " if block.indent else ""
        room = columns - len(indent) - len(right) - 1
        if room < columns // 4:
            lines = [indent + part for part in wrapped(left, columns - len(indent), len)]
            lines += [part.rjust(columns) for part in wrapped(right, columns, len)]
        else:
            lines = [indent + part for part in wrapped(left, room, len)]
            lines[-1] += right.rjust(columns - len(lines[-1]))
        for line in lines:
            self._line(line, bold=block.bold, large=large)
        return None

    def _columns(self, cells: tuple[str, ...], *, bold: bool) -> None:
        plain = [_as_plain(cell) for cell in cells]
        width = self.columns // len(cells)
        if any(cell is None or len(cell) >= width for cell in plain):
            return self._columns_picture(cells, bold=bold)
        first, *others = [cell or "" for cell in plain]
        self._line(first.ljust(self.columns - width * len(others)) + "".join(c.rjust(width) for c in others), bold=bold)
        return None

    def _line(self, text: str, *, align: str = "left", bold: bool = False, large: bool = False) -> None:
        self.printer.set(align=align, bold=bold, double_width=large, double_height=large, normal_textsize=not large)
        self.printer.text(text + "\n")
        self.printer.set(align="left", bold=False, normal_textsize=True)

    # Pictures, for what the printer's font cannot write

    def _paragraph_picture(self, text: str, *, bold: bool, size: int, centred: bool) -> None:
        for line in self._lines(text, self.dots, size, bold):
            drawn = self.fonts.picture(line, size, bold=bold)
            self._send([(drawn, max(0, (self.dots - drawn.width) // 2) if centred else 0)])

    def _pair_picture(self, block: Pair) -> None:
        size = _SIZE_PX * 3 // 2 if block.large else _SIZE_PX
        indent = 2 * _DOTS_PER_COLUMN if block.indent else 0
        right_text, *more = self._lines(block.right, self.dots, size, block.bold)
        right = self.fonts.picture(right_text, size, bold=block.bold)
        room = self.dots - indent - right.width - _DOTS_PER_COLUMN
        fits = room >= self.dots // 4
        lines = self._lines(block.left, room if fits else self.dots - indent, size, block.bold)
        *above, last = [self.fonts.picture(line, size, bold=block.bold) for line in lines]
        for drawn in above:
            self._send([(drawn, indent)])
        if fits:
            self._send([(last, indent), (right, self.dots - right.width)])
        else:
            self._send([(last, indent)])
            self._send([(right, self.dots - right.width)])
        for line in more:
            drawn = self.fonts.picture(line, size, bold=block.bold)
            self._send([(drawn, self.dots - drawn.width)])

    def _columns_picture(self, cells: tuple[str, ...], *, bold: bool) -> None:
        width = self.dots // len(cells)
        rows = [self._lines(cell, width - _DOTS_PER_COLUMN, _SIZE_PX - 2, bold) for cell in cells]
        for row in range(max(map(len, rows))):
            parts: list[tuple[Picture, int]] = []
            for at, lines in enumerate(rows):
                if row < len(lines):
                    drawn = self.fonts.picture(lines[row], _SIZE_PX - 2, bold=bold)
                    parts.append((drawn, at * width + (width - drawn.width if at else 0)))
            self._send(parts)

    def _qr(self, url: str) -> None:
        modules = qr.matrix(url)
        size = len(modules) + 2 * qr.QUIET_MODULES
        scale = max(2, _QR_DOTS_MAX // size)
        image = Image.new("L", (size * scale, size * scale), 0)
        for y, row in enumerate(modules, start=qr.QUIET_MODULES):
            for x, dark in enumerate(row, start=qr.QUIET_MODULES):
                if dark:
                    image.paste(255, (x * scale, y * scale, (x + 1) * scale, (y + 1) * scale))
        self._send([(Picture(image, image.height), (self.dots - image.width) // 2)])

    def _lines(self, text: str, width: float, size: int, bold: bool) -> list[str]:
        return wrapped(text, width - 2, lambda part: self.fonts.width(part, size, bold=bold))

    def _send(self, parts: list[tuple[Picture, int]]) -> None:
        """A band of the whole width, its pictures on one baseline."""
        above = max(drawn.baseline for drawn, _ in parts)
        below = max(drawn.image.height - drawn.baseline for drawn, _ in parts)
        band = Image.new("1", (self.dots, above + below), 0)
        for drawn, x in parts:
            band.paste(1, (x, above - drawn.baseline), drawn.image)
        self.printer.raster(band)


def _as_plain(text: str) -> str | None:
    """The text as the code page has it, a byte a column; None where it lacks a letter."""
    plain = unicodedata.normalize("NFC", text.translate(_PLAIN)).replace("\u00a0", " ").replace("\u200b", "")
    try:
        plain.encode(_CODE_PAGE)
    except UnicodeEncodeError:
        return None
    return plain if plain.isprintable() else None


def commands(blocks: Sequence[Block], *, paper: Paper, fonts: Fonts) -> bytes:
    """All that the printer is sent, from its initialisation to the cut."""
    strip = Strip(fonts, paper)
    for block in blocks:
        strip.send(block)
    return strip.end()
