"""Fonts: which one covers which letters, how wide a text is, and its picture for printers without the script.

The fonts come from packages as variable ones; the weights that receipts use are cut out of them once per process.
HarfBuzz shapes: the letters of Khmer change their form and place by what stands beside them.
"""

from __future__ import annotations

import base64
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from threading import Lock
from typing import Any

import uharfbuzz
from PIL import Image

from tillvault.core.logging import log
from tillvault.sales.receipts.text import ZERO_WIDTH_SPACE, clusters

hb: Any = uharfbuzz
"""The module is compiled and says nothing of its types."""

_PACKAGED = ("fontpkg_noto_sans", "fontpkg_noto_sans_khmer")
_WEIGHTS = {False: 400, True: 700}
_UNKNOWN = "\ufffd"
"""Stands for a letter that no font knows: a receipt is never refused for an emoji in a name."""
_INK = bytes(0 if grey < 110 else 255 for grey in range(256))
"""Thermal paper knows no grey: from here on a dot is printed."""
_UNSHAPED = {"kern": False, "liga": False, "clig": False, "calt": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """A font in one weight."""

    path: Path
    font: Any
    upem: int
    ascent: float
    descent: float
    """Parts of the size; the descent is negative."""
    codepoints: frozenset[int]

    @classmethod
    def load(cls, path: Path) -> Face:
        face = hb.Face(hb.Blob.from_file_path(str(path)))
        font = hb.Font(face)
        extents = font.get_font_extents("ltr")
        return cls(
            path=path,
            font=font,
            upem=face.upem,
            ascent=extents.ascender / face.upem,
            descent=extents.descender / face.upem,
            codepoints=frozenset(face.unicodes),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """A part of a text in one font. `is_shaped` is false where each letter stands for itself."""

    font: int
    text: str
    is_shaped: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """A text as dots (mode L: 255 is ink, 0 is none), and the row of its baseline."""

    image: Image.Image
    baseline: int

    @property
    def width(self) -> int:
        return self.image.width


class Fonts:
    """The fonts of receipts, in order of preference; `extra_dir` names more of them (RECEIPT_FONT_DIR)."""

    def __init__(self, extra_dir: Path | None = None) -> None:
        self._extra_dir = extra_dir
        self._faces: dict[bool, list[Face]] | None = None
        self._loading = Lock()
        self._measured = lru_cache(maxsize=8192)(self._measure)
        self._split = lru_cache(maxsize=8192)(self._runs)

    @property
    def faces(self) -> dict[bool, list[Face]]:
        """Regular and bold, each with the same order. Read at first use, once."""
        if self._faces is None:
            with self._loading:
                if self._faces is None:
                    self._faces = self._loaded()
        return self._faces

    def _loaded(self) -> dict[bool, list[Face]]:
        """A file that is no font is told and left out."""
        made: dict[bool, list[Face]] = {False: [], True: []}
        for source in self._sources():
            try:
                pair = {bold: Face.load(self._cut(source, weight)) for bold, weight in _WEIGHTS.items()}
            except (hb.HarfBuzzError, OSError, RuntimeError, ValueError) as error:
                log().warning("receipts.font_unusable", file=source.name, error=str(error))
                continue
            for bold, face in pair.items():
                made[bold].append(face)
        return made

    def runs(self, text: str, *, bold: bool = False) -> tuple[Run, ...]:
        """The text in the fonts that know its letters."""
        return self._split(text, bold)

    def _runs(self, text: str, bold: bool) -> tuple[Run, ...]:
        faces = self.faces[bold]
        found: list[Run] = []
        for cluster in clusters(text.replace(ZERO_WIDTH_SPACE, "")):
            font, known = _covering(faces, cluster)
            is_shaped = any(not _is_plain(char) for char in known)
            last = found[-1] if found else None
            if last and (last.font, last.is_shaped) == (font, is_shaped):
                found[-1] = Run(font=font, text=last.text + known, is_shaped=is_shaped)
            else:
                found.append(Run(font=font, text=known, is_shaped=is_shaped))
        return tuple(found)

    def width(self, text: str, size: float, *, bold: bool = False) -> float:
        """In the unit of `size`."""
        return self._measured(text, bold) * size

    def picture(self, text: str, size_px: int, *, bold: bool = False) -> Picture:
        """The text as a printer without its script prints it."""
        faces = self.faces[bold]
        drawn: list[Any] = []
        pen = 0.0
        for run in self.runs(text, bold=bold):
            face = faces[run.font]
            scale = size_px / face.upem
            raster = hb.RasterDraw()
            for info, position in _shaped(face, run):
                x, y = pen + position.x_offset * scale, position.y_offset * scale
                raster.transform = (scale, 0.0, 0.0, scale, x, y)
                raster.draw_glyph(face.font, info.codepoint)
                pen += position.x_advance * scale
            part = raster.render()
            if part is not None and part.extents.width and part.extents.height:
                drawn.append(part)
        # Letters below letters reach further down than the font says of itself.
        above = max([round(faces[0].ascent * size_px), *(p.extents.y_origin + p.extents.height for p in drawn)])
        below = max([round(-faces[0].descent * size_px), *(-p.extents.y_origin for p in drawn)])
        width = max([1, round(pen), *(p.extents.x_origin + p.extents.width for p in drawn)])
        image = Image.new("L", (width, above + below), 0)
        for part in drawn:
            _paste(image, part, baseline=above)
        return Picture(image, above)

    def style_sheet(self, texts: Iterable[str]) -> str:
        """`@font-face` rules with the letters of these texts that need more than a common font: a page brings them
        along, because few machines have a font for Khmer."""
        needed: dict[int, set[int]] = {}
        for text in texts:
            for run in self.runs(text):
                if run.is_shaped and run.font > 0:
                    needed.setdefault(run.font, set()).update(map(ord, run.text))
        return "".join(
            f'@font-face {{ font-family: "Receipt"; font-weight: {_WEIGHTS[bold]}; '
            f"src: url(data:font/ttf;base64,{_subset(self.faces[bold][font].path, codepoints)}); "
            f"unicode-range: {', '.join(f'U+{codepoint:X}' for codepoint in sorted(codepoints))}; }}\n"
            for font, codepoints in sorted(needed.items())
            for bold in (False, True)
        )

    def _measure(self, text: str, bold: bool) -> float:
        faces = self.faces[bold]
        return sum(
            sum(position.x_advance for _, position in _shaped(faces[run.font], run)) / faces[run.font].upem
            for run in self.runs(text, bold=bold)
        )

    def _sources(self) -> Iterator[Path]:
        for package in _PACKAGED:
            for file in sorted((files(package) / "files").iterdir(), key=lambda item: item.name):
                if file.name.endswith(".ttf") and "Italic" not in file.name:
                    with as_file(file) as path:
                        yield path
        if self._extra_dir is not None:
            yield from sorted(
                path
                for path in self._extra_dir.rglob("*")
                if path.suffix.lower() in {".ttf", ".otf"} and path.is_file()
            )

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        """Where the cut fonts stand while the process lives: what makes PDFs takes files."""
        return tempfile.TemporaryDirectory(prefix="tillvault-fonts-", ignore_cleanup_errors=True)

    def _cut(self, source: Path, weight: int) -> Path:
        """A font with fixed weight and width; one that has no axes is taken as it is, for both weights."""
        face = hb.Face(hb.Blob.from_file_path(str(source)))
        axes = {axis.tag for axis in face.axis_infos}
        if not axes:
            return source
        wanted = hb.SubsetInput()
        wanted.keep_everything()
        wanted.pin_all_axes_to_default(face)
        if "wght" in axes:
            wanted.pin_axis_location(face, "wght", weight)
        path = Path(self._folder.name) / f"{source.stem.partition('[')[0]}-{weight}.ttf"
        path.write_bytes(wanted.subset(face).blob.data)
        return path


def _subset(path: Path, codepoints: set[int]) -> str:
    """The font with these letters and their forms alone, in Base64."""
    wanted = hb.SubsetInput()
    wanted.unicode_set.update(codepoints)
    return base64.b64encode(wanted.subset(hb.Face(hb.Blob.from_file_path(str(path)))).blob.data).decode()


def _covering(faces: Sequence[Face], cluster: str) -> tuple[int, str]:
    """The first font that knows every letter, and the letters; the replacement where none does."""
    for index, face in enumerate(faces):
        if all(ord(char) in face.codepoints or unicodedata.category(char) == "Cf" for char in cluster):
            return index, cluster
    for index, face in enumerate(faces):
        if ord(_UNKNOWN) in face.codepoints:
            return index, _UNKNOWN
    return 0, "?"


def _is_plain(char: str) -> bool:
    """Latin, Greek, Cyrillic, digits and signs: a letter, a glyph."""
    is_letter_alone = ord(char) < 0x0530 and not unicodedata.category(char).startswith("M")
    return is_letter_alone or 0x2000 <= ord(char) < 0x2E80 or char == _UNKNOWN


def _shaped(face: Face, run: Run) -> list[tuple[Any, Any]]:
    buffer = hb.Buffer()
    buffer.add_str(run.text)
    buffer.guess_segment_properties()
    hb.shape(face.font, buffer, None if run.is_shaped else _UNSHAPED)
    return list(zip(buffer.glyph_infos, buffer.glyph_positions, strict=True))


def _paste(image: Image.Image, drawn: Any, *, baseline: int) -> None:
    """Put what was drawn onto the image. Its rows begin at the bottom."""
    extents = drawn.extents
    ink = bytes(drawn.buffer).translate(_INK)
    part = Image.frombuffer("L", (extents.width, extents.height), ink, "raw", "L", extents.stride, -1)
    image.paste(255, (extents.x_origin, baseline - extents.y_origin - extents.height), part)
