"""Files to rows of text: CSV in any of its usual forms, and XLSX workbooks (decision 21).

What comes in is a stranger's file: limits are kept before anything is unfolded, and whatever a reader stumbles over is
FileUnreadable with a sentence.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from tillvault.sales.catalogue.errors import FileUnreadable

LINES_MAX = 50_000
COLUMNS_MAX = 64
CELL_LENGTH_MAX = 2_000
XLSX_UNFOLDED_MAX = 64 * 1024 * 1024
_XLSX_PARTS_MAX = 2_000
_SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True, slots=True)
class SheetRow:
    """A row with something in it; `line` is where it begins in the file, from 1."""

    line: int
    cells: list[str]


def csv_rows(raw: bytes, is_known: Callable[[str], bool]) -> Iterator[SheetRow]:
    """Rows of a CSV file; its separator is the one under which most titles are known. Raises FileUnreadable."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FileUnreadable("The file is not in UTF-8. Save it as “CSV UTF-8”.") from error
    if "\0" in text:
        raise FileUnreadable("The file holds U+0000, so it is no text.")
    separator = _separator(text, is_known)
    return _limited(_csv_lines(text, separator))


def _csv_lines(text: str, separator: str) -> Iterator[SheetRow]:
    # Line ends are left to the reader: a cell may hold some.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    begins = 1
    try:
        for cells in reader:
            yield SheetRow(begins, cells)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise FileUnreadable(f"Line {begins} is no CSV: {error}.") from error


def _separator(text: str, is_known: Callable[[str], bool]) -> str:
    def known(separator: str) -> int:
        for row in _csv_lines(text, separator):
            if any(row.cells):
                return sum(is_known(cell) for cell in row.cells)
        return 0

    found: dict[str, int] = {}
    for separator in _SEPARATORS:
        try:
            found[separator] = known(separator)
        except FileUnreadable:
            continue  # Quotes can be right for one separator alone.
    return max(found, key=lambda separator: found[separator], default=",")


def xlsx_rows(raw: bytes) -> Iterator[SheetRow]:
    """Rows of the first sheet of a workbook. Raises FileUnreadable."""
    from openpyxl import load_workbook  # noqa: PLC0415  (costs every start 0.2 s, and few imports are workbooks)

    _refuse_bombs(raw)
    try:
        workbook: Any = load_workbook(io.BytesIO(raw), read_only=True, data_only=True, keep_links=False)
        sheet: Any = workbook.worksheets[0]
        # What a sheet says of its own size is only a claim; the limits below are ours.
        sheet.reset_dimensions()
        rows: Iterable[Any] = sheet.iter_rows(max_row=LINES_MAX + 2, max_col=COLUMNS_MAX)
    except Exception as error:
        # A broken workbook makes the library raise anything from KeyError to a parser's own errors.
        raise FileUnreadable("The workbook cannot be read.") from error
    return _limited(_xlsx_lines(rows))


def _xlsx_lines(rows: Iterable[Any]) -> Iterator[SheetRow]:
    try:
        for line, row in enumerate(rows, start=1):
            yield SheetRow(line, [_text_of(cell) for cell in row])
    except FileUnreadable:
        raise
    except Exception as error:
        raise FileUnreadable("The workbook cannot be read.") from error


def _limited(rows: Iterator[SheetRow]) -> Iterator[SheetRow]:
    for row in rows:
        while row.cells and not row.cells[-1].strip():
            row.cells.pop()
        if row.line > LINES_MAX + 1:
            # A line of a CSV file may hold line ends, so this counts a little more than its records.
            raise FileUnreadable(f"The file has more than {LINES_MAX} lines. Import it in parts.")
        if len(row.cells) > COLUMNS_MAX:
            raise FileUnreadable(f"Line {row.line} has more than {COLUMNS_MAX} columns.")
        if any(len(cell) > CELL_LENGTH_MAX for cell in row.cells):
            raise FileUnreadable(f"Line {row.line} has a cell of more than {CELL_LENGTH_MAX} characters.")
        if row.cells:
            yield row


def _text_of(cell: Any) -> str:
    """A cell as one would type it into a CSV file."""
    value: object = cell.value
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int() | float():
            # A cell shown as 20 % holds 0.2.
            is_percent = "%" in str(cell.number_format)
            number = _number_text(value * 100 if is_percent else value)
            return f"{number}%" if is_percent else number
        case datetime() | date():
            return value.isoformat()
        case _:
            return str(value)


def _number_text(value: float) -> str:
    """Without the noise of floats: 12 significant digits, no exponent below 10¹⁵."""
    if isinstance(value, int) or (value.is_integer() and abs(value) < 1e15):
        return str(int(value))
    return f"{value:.12g}"


def _refuse_bombs(raw: bytes) -> None:
    """Raises FileUnreadable before a small archive unfolds into a large one, or XML into more XML."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            parts = archive.infolist()
            _refuse_size(parts)
            for part in parts:
                _refuse_declarations(archive.read(part))
    except FileUnreadable:
        raise
    except Exception as error:
        raise FileUnreadable("The file is no XLSX workbook.") from error


def _refuse_size(parts: list[zipfile.ZipInfo]) -> None:
    # The archive reader gives no more of a part than its declared size.
    if len(parts) > _XLSX_PARTS_MAX or sum(part.file_size for part in parts) > XLSX_UNFOLDED_MAX:
        raise FileUnreadable("The workbook is too large when unfolded. Import it in parts, or as CSV.")


def _refuse_declarations(content: bytes) -> None:
    # In UTF-16 the declaration would look different; no spreadsheet program writes that, either.
    is_utf_16 = content[:2] in {b"\xff\xfe", b"\xfe\xff"} or b"\0" in content[:4]
    is_xml = content.lstrip(b"\xef\xbb\xbf \t\r\n\0\xff\xfe")[:1] == b"<"
    if is_xml and (is_utf_16 or b"<!DOCTYPE" in content):
        raise FileUnreadable("The workbook holds a document type declaration, which no spreadsheet has.")
