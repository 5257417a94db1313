"""A receipt as a PDF as long as it is: one page of the roll's width."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from tillvault.sales.receipts import qr
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
)
from tillvault.sales.receipts.text import wrapped

_PAGE_MM_MAX = 4500.0
"""A page of a PDF has at most 14,400 points (ISO 32000-1, annex C.2), which is 5,080 mm."""
if TYPE_CHECKING:
    from fpdf import FPDF

TEXT_PT = {Paper.WIDE: 8.5, Paper.NARROW: 7.5}
_POINT_MM = 25.4 / 72
_LEADING = 1.36
_GAP_MM = 2.0
_RULE_MM = 3.4


class Sheet:
    """Draws blocks one below the other. With no document it only measures how long they are."""

    def __init__(self, fonts: Fonts, paper: Paper) -> None:
        self.fonts = fonts
        self.paper_mm = float(paper)
        self.margin_mm = 4.0 if paper is Paper.WIDE else 2.5
        self.width_mm = self.paper_mm - 2 * self.margin_mm
        self.size_pt = TEXT_PT[paper]
        self.y = self.margin_mm
        self.page_mm_max = _PAGE_MM_MAX
        self.longest_mm = 0.0
        self.document: FPDF | None = None
        self.used: set[tuple[bool, int]] = set()
        """Which fonts are needed, as found while measuring: bold or not, and its place."""

    def begin(self, document: FPDF) -> None:
        self.document = document
        self.y = self.margin_mm

    def draw(self, block: Block) -> None:
        match block:
            case Heading(text):
                self._paragraph(text, size=self.size_pt * 1.4, bold=True, align="C")
            case Centred(text, bold):
                self._paragraph(text, bold=bold, align="C")
            case Notice(text):
                self._notice(text)
            case Text(text, bold):
                self._paragraph(text, bold=bold)
            case Pair():
                self._pair(block)
            case Columns(cells, bold):
                self._columns(cells, bold=bold)
            case Rule():
                self._rule()
            case Gap():
                self.y += _GAP_MM
            case Qr(url):
                self._qr(url)
        self.longest_mm = max(self.longest_mm, self.y)

    def _lines(self, text: str, width_mm: float, size: float, bold: bool) -> list[str]:
        return wrapped(text, width_mm, lambda part: self.fonts.width(part, size, bold=bold) * _POINT_MM)

    def _paragraph(
        self, text: str, *, size: float | None = None, bold: bool = False, align: str = "L", indent_mm: float = 0.0
    ) -> None:
        size = size or self.size_pt
        for line in self._lines(text, self.width_mm - indent_mm, size, bold):
            baseline = self._next_line(size)
            free = self.width_mm - indent_mm - self._width(line, size, bold)
            shift = indent_mm + {"L": 0.0, "C": free / 2, "R": free}[align]
            self._write(line, self.margin_mm + shift, baseline, size, bold)

    def _pair(self, block: Pair) -> None:
        size = self.size_pt * (1.3 if block.large else 1.0)
        indent = 3.0 if block.indent else 0.0
        right = self._width(block.right, size, block.bold)
        room = self.width_mm - indent - right - 2.0
        if room < self.width_mm / 4:
            # Too wide for both: the right gets lines of its own.
            self._paragraph(block.left, size=size, bold=block.bold, indent_mm=indent)
            self._paragraph(block.right, size=size, bold=block.bold, align="R", indent_mm=indent)
            return
        lines = self._lines(block.left, room, size, block.bold)
        for at, line in enumerate(lines):
            baseline = self._next_line(size)
            self._write(line, self.margin_mm + indent, baseline, size, block.bold)
            if at == len(lines) - 1:
                x = self.margin_mm + self.width_mm - right
                self._write(block.right, x, baseline, size, block.bold)

    def _columns(self, cells: tuple[str, ...], *, bold: bool) -> None:
        size = self.size_pt * 0.94
        column = self.width_mm / len(cells)
        wrapped_cells = [self._lines(cell, column - 1.0, size, bold) for cell in cells]
        for row in range(max(map(len, wrapped_cells))):
            baseline = self._next_line(size)
            for at, lines in enumerate(wrapped_cells):
                if row < len(lines):
                    free = column - self._width(lines[row], size, bold)
                    x = self.margin_mm + at * column + (free if at else 0.0)
                    self._write(lines[row], x, baseline, size, bold)

    def _notice(self, text: str) -> None:
        lines = self._lines(text, self.width_mm - 4.0, self.size_pt, bold=True)
        height = len(lines) * self._line_mm(self.size_pt) + 2.0
        self._make_room(height + 2.0)
        top = self.y + 1.0
        if self.document:
            self.document.set_line_width(0.4)
            self.document.rect(self.margin_mm + 0.2, top, self.width_mm - 0.4, height)
        self.y = top + 1.0
        for line in lines:
            baseline = self._next_line(self.size_pt)
            x = self.margin_mm + (self.width_mm - self._width(line, self.size_pt, bold=True)) / 2
            self._write(line, x, baseline, self.size_pt, bold=True)
        self.y += 2.0

    def _rule(self) -> None:
        self._make_room(_RULE_MM)
        if self.document:
            self.document.set_line_width(0.2)
            self.document.set_dash_pattern(dash=0.8, gap=0.6)
            middle = self.y + _RULE_MM / 2
            self.document.line(self.margin_mm, middle, self.margin_mm + self.width_mm, middle)
            self.document.set_dash_pattern()
        self.y += _RULE_MM

    def _qr(self, url: str) -> None:
        modules = qr.matrix(url)
        side = 34.0 if self.paper_mm > 60 else 30.0
        module = side / (len(modules) + 2 * qr.QUIET_MODULES)
        self._make_room(side)
        if self.document:
            left = (self.paper_mm - side) / 2 + module * qr.QUIET_MODULES
            top = self.y + module * qr.QUIET_MODULES
            for y, row in enumerate(modules):
                for start, length in _stretches(row):
                    # A hair wider than it is, or viewers show white lines between the modules.
                    self.document.rect(
                        left + start * module, top + y * module, length * module, module * 1.02, style="F"
                    )
        self.y += side

    def _line_mm(self, size: float) -> float:
        return size * _LEADING * _POINT_MM

    def _next_line(self, size: float) -> float:
        """Take the room of a line; gives the y of its baseline."""
        self._make_room(self._line_mm(size))
        self.y += self._line_mm(size)
        return self.y - 0.32 * size * _POINT_MM

    def _make_room(self, height: float) -> None:
        if self.y + height > self.page_mm_max - self.margin_mm:
            if self.document:
                self.document.add_page()
            self.y = self.margin_mm

    def _width(self, text: str, size: float, bold: bool) -> float:
        return self.fonts.width(text, size, bold=bold) * _POINT_MM

    def _write(self, text: str, x: float, baseline: float, size: float, bold: bool) -> None:
        if self.document is None:
            self.used.update((bold, run.font) for run in self.fonts.runs(text, bold=bold))
            return
        for run in self.fonts.runs(text, bold=bold):
            self.document.set_font(f"f{run.font}", "B" if bold else "", size)
            width = self._width(run.text, size, bold)
            if run.is_shaped:
                height = size * _POINT_MM
                self.document.set_text_shaping(use_shaping_engine=True)
                # A cell writes its baseline at 0.3 of the size below its middle.
                self.document.set_xy(x, baseline - 0.8 * height)
                self.document.cell(width, height, run.text)
                self.document.set_text_shaping(use_shaping_engine=False)
            else:
                self.document.text(x, baseline, run.text)
            x += width


def _stretches(row: list[bool]) -> list[tuple[int, int]]:
    """Neighbouring dark modules as one rectangle: start and length."""
    found: list[tuple[int, int]] = []
    for x, dark in enumerate(row):
        if not dark:
            continue
        if found and sum(found[-1]) == x:
            found[-1] = (found[-1][0], found[-1][1] + 1)
        else:
            found.append((x, 1))
    return found


def length_mm(blocks: Sequence[Block], paper: Paper, fonts: Fonts) -> float:
    """How long the receipt is, margins included."""
    sheet = Sheet(fonts, paper)
    for block in blocks:
        sheet.draw(block)
    return sheet.longest_mm + sheet.margin_mm


def document(
    blocks: Sequence[Block], *, title: str, language: Language, paper: Paper, fonts: Fonts, made_at: datetime
) -> bytes:
    """The PDF: measured first, because a page must know its length before anything stands on it."""
    sheet = Sheet(fonts, paper)
    for block in blocks:
        sheet.draw(block)
    length = min(sheet.longest_mm + sheet.margin_mm, _PAGE_MM_MAX)
    # The library takes half a second to load, which every start and every command would pay.
    from fpdf import FPDF  # noqa: PLC0415  (as said above)

    pdf = FPDF(unit="mm", format=(float(paper), max(length, float(paper))))
    pdf.set_title(title)
    pdf.set_lang(language.value)
    pdf.set_creator("Tillvault")
    pdf.set_creation_date(made_at)
    pdf.set_auto_page_break(auto=False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    for bold, at in sorted(sheet.used):
        pdf.add_font(f"f{at}", "B" if bold else "", fonts.faces[bold][at].path)
    pdf.add_page()
    sheet.begin(pdf)
    for block in blocks:
        sheet.draw(block)
    return bytes(pdf.output())
