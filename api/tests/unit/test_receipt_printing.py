"""Receipts on paper: fonts, scripts, long ones, printers, the code to scan and the address in it."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.receipts import ADDRESS, KHMER, LINKS, ORGANISATION, ORIGINAL, SALE, TEXTS, receipt, sale, text_sent
from tillvault.sales.receipts import layout, qr
from tillvault.sales.receipts.as_escpos import commands
from tillvault.sales.receipts.domain import Form, Language, Paper
from tillvault.sales.receipts.fonts import Fonts
from tillvault.sales.receipts.links import TOKEN_LENGTH, Links
from tillvault.sales.receipts.rendering import Wanted, rendered

zxingcpp: Any = import_module("zxingcpp")
"""A reader of codes; the module is compiled and says nothing of its types."""


@pytest.fixture(scope="module")
def fonts() -> Fonts:
    return Fonts()


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


# Fonts and printers


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
