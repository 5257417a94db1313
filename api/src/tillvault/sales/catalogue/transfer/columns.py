"""The columns of a catalogue file: what they may be called, how their cells are read, how they are written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from tillvault.core.money import exponent
from tillvault.sales.catalogue import domain
from tillvault.sales.catalogue.domain import Unit

COLUMNS: Mapping[str, tuple[str, ...]] = {
    "id": (),
    "sku": ("reference", "ref", "code article", "referencia", "codigo"),
    "barcode": ("ean", "ean13", "gtin", "code barres", "code barre", "codigo de barras", "codigo barras"),
    "name": ("product", "nom", "designation", "libelle", "article", "produit", "nombre", "producto", "articulo"),
    "category": ("categorie", "rayon", "famille", "categoria", "familia"),
    "price": ("prix", "prix ttc", "prix de vente", "precio", "pvp", "precio de venta"),
    "currency": ("devise", "monnaie", "moneda", "divisa"),
    "tax_rate": ("tax", "vat", "vat rate", "tva", "taux tva", "taux de tva", "iva", "tipo de iva", "impuesto"),
    "unit": ("unite", "unidad"),
    "open_price": ("prix libre", "precio libre", "precio abierto"),
    "eee_category": ("eee", "categorie eee", "categoria eee", "deee", "raee", "weee"),
    "weight_grams": ("weight g", "poids g", "poids en grammes", "peso g", "peso en gramos"),
    "favourite": ("favorite", "favori", "favorito"),
    "active": ("actif", "activo"),
}
"""Each column under its own name, in the order of an export, with the other names that it may have: English, French
and Spanish, without case, accents and punctuation."""

_BY_NAME: Mapping[str, str] = {
    alias: column for column, others in COLUMNS.items() for alias in (column.replace("_", " "), *others)
}

_TRUE = frozenset({"true", "yes", "y", "1", "x", "oui", "o", "vrai", "si", "s", "verdadero"})
_FALSE = frozenset({"false", "no", "n", "0", "non", "faux", "falso"})
_UNITS: Mapping[str, Unit] = {
    word: unit
    for unit, words in (
        (Unit.PIECE, ("piece", "pieces", "pcs", "pc", "u", "unit", "unite", "unidad", "pieza", "piezas")),
        (Unit.KILOGRAM, ("kilogram", "kg", "kilo", "kilos", "kilogramme", "kilogrammes", "kilogramo", "kilogramos")),
    )
    for word in words
}
_EEE = re.compile(r"(?:eee[ -]?)?([1-8])")
_PLAIN_NUMBER = re.compile(r"-?[0-9]+(?:[.,][0-9]+)?")
_GROUPED = re.compile(r"([0-9]{1,3}(?:([., '’])[0-9]{3})(?:\2[0-9]{3})*)(?:([.,])([0-9]+))?")
_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def column_of(title: str) -> str | None:
    """The column that a title names."""
    return _BY_NAME.get(re.sub(r"[^a-z0-9]+", " ", domain.folded(title)).strip())


def number(text: str) -> Decimal:
    """`12.50`, `12,50`, `1 234,50`, `1.234,50`, `1,234.50`, with or without a currency's or a percent sign.

    A lone comma or point is always that of the decimals, and those that are written stay in the number: `1,500` has
    three, so that nobody's thousand becomes one and a half. Raises ValueError.
    """
    bare = re.sub(r"\s+", " ", text).strip(" %€$£៛")
    if grouped := _GROUPED.fullmatch(bare):
        whole, separator, point, decimals = grouped.groups()
        is_lone = separator in {",", "."} and point is None and bare.count(separator) == 1
        if not is_lone and point != separator:
            bare = whole.replace(separator, "") + (f".{decimals}" if decimals else "")
    if len(bare) > 40 or not _PLAIN_NUMBER.fullmatch(bare):
        raise ValueError("is not a number")
    return Decimal(bare.replace(",", "."))


def decimals_of(found: Decimal) -> int:
    """How many were written."""
    places = found.as_tuple().exponent
    return -places if isinstance(places, int) else 0


def _price(text: str) -> Decimal:
    found = number(text)
    if found < 0:
        raise ValueError("must not be negative")
    return found


def _flag(text: str) -> bool:
    word = domain.folded(text)
    if word not in _TRUE | _FALSE:
        raise ValueError("must be yes or no")
    return word in _TRUE


def _unit(text: str) -> Unit:
    found = _UNITS.get(domain.folded(text))
    if found is None:
        raise ValueError("must be PIECE or KILOGRAM")
    return found


def _eee_category(text: str) -> str:
    found = _EEE.fullmatch(domain.folded(text))
    if found is None:
        raise ValueError("must be one of EEE-1 to EEE-8")
    return f"EEE-{found[1]}"


def _weight_grams(text: str) -> int:
    grams = number(text)
    if decimals_of(grams) > 0:
        raise ValueError("must be a whole number of grams")
    return domain.weight_grams(int(grams))


def _currency(text: str) -> str:
    currency = text.strip().upper()
    exponent(currency)
    return currency


def _id(text: str) -> UUID:
    try:
        return UUID(text.strip())
    except ValueError:
        raise ValueError("must be an id as an export has it; leave the column out for products of your own") from None


_READERS: Mapping[str, Callable[[str], Any]] = {
    "id": _id,
    "sku": domain.sku,
    "barcode": domain.barcode,
    "name": domain.product_name,
    "category": domain.product_name,
    "price": _price,
    "currency": _currency,
    "tax_rate": lambda text: domain.tax_rate_bp(number(text)),
    "unit": _unit,
    "open_price": _flag,
    "eee_category": _eee_category,
    "weight_grams": _weight_grams,
    "favourite": _flag,
    "active": _flag,
}


def read_cell(column: str, text: str) -> Any:
    """The value of a cell, None for an empty one. Raises ValueError."""
    bare = text[1:] if _ESCAPED.match(text) else text
    return _READERS[column](bare) if bare.strip() else None


def write_text(text: str | None) -> str:
    """A text as a cell. A spreadsheet would compute what begins like a formula, so that gets an apostrophe before it,
    which `read_cell` takes off."""
    if text is None:
        return ""
    return f"'{text}" if _FORMULA.match(text) else text


def write_flag(value: bool) -> str:
    return "yes" if value else "no"
