"""Catalogue files, without a database: what a file means, and that an export means what it was made of."""

from __future__ import annotations

import unicodedata
from decimal import Decimal
from itertools import count
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillvault.core.money import EXPONENTS
from tillvault.sales.catalogue import demo, domain
from tillvault.sales.catalogue.domain import Category, Product, Unit
from tillvault.sales.catalogue.errors import FileUnreadable
from tillvault.sales.catalogue.transfer.columns import COLUMNS, column_of, number, read_cell
from tillvault.sales.catalogue.transfer.plan import Known, Plan, Price, plan_of
from tillvault.sales.catalogue.transfer.service import csv_of
from tillvault.sales.catalogue.transfer.sheets import csv_rows


def is_known(title: str) -> bool:
    return column_of(title) is not None


def plan(raw: bytes, products: list[Product], categories: list[Category], prices: dict[UUID, Price] | None) -> Plan:
    known = Known(products=products, categories=categories, currency="EUR", branch_prices=prices)
    numbers = count(1)
    return plan_of(csv_rows(raw, is_known), known, new_id=lambda: UUID(int=next(numbers)))


def text(length_max: int) -> st.SearchStrategy[str]:
    """What a name or a SKU may be, with what is special to CSV and to spreadsheets often in it."""
    special = st.sampled_from([*"=+-@'\";,\t ", "''", "'=", "é", "ß", "\u00a0", "ﷺ"])
    letters = st.characters(exclude_categories=("Cc", "Cs"))
    return (
        st.lists(st.one_of(special.filter(lambda char: char != "\t"), letters), min_size=1, max_size=12)
        .map(lambda chars: "".join(chars).strip()[:length_max].strip())
        .filter(bool)
    )


categories = st.lists(text(120), max_size=4, unique_by=domain.folded_name).map(
    lambda names: [
        Category(id=UUID(int=10_000 + at), name=name, position=at, colour=None, is_active=True)
        for at, name in enumerate(names)
    ]
)
barcodes = (
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1, max_size=64)
    .map(str.strip)
    .filter(bool)
    .filter(lambda code: not domain._ROUNDED.fullmatch(code))  # pyright: ignore[reportPrivateUsage]  # what it refuses
)


@st.composite
def catalogues(draw: st.DrawFn) -> tuple[list[Product], list[Category], dict[UUID, Price] | None]:
    known = draw(categories)
    skus = draw(st.lists(text(64), max_size=6, unique=True))
    codes = draw(st.lists(barcodes, max_size=6, unique=True))
    products = [
        Product(
            id=UUID(int=20_000 + at),
            name=draw(text(120)),
            sku=skus[at] if at < len(skus) else None,
            barcode=codes[at - 2] if 0 <= at - 2 < len(codes) else None,
            category_id=draw(st.sampled_from([None, *(category.id for category in known)])),
            tax_rate_bp=draw(st.integers(0, 10_000)),
            eee_category=draw(st.sampled_from([None, *domain.EEE_CATEGORIES])),
            weight_grams=draw(st.none() | st.integers(1, domain.WEIGHT_GRAMS_MAX)),
            price_minor=draw(st.integers(0, 10**12)),
            currency=draw(st.sampled_from(sorted(EXPONENTS))),
            is_open_price=draw(st.booleans()),
            unit=draw(st.sampled_from(Unit)),
            is_favourite=draw(st.booleans()),
            is_active=draw(st.booleans()),
        )
        for at in range(draw(st.integers(0, 8)))
    ]
    priced: st.SearchStrategy[dict[UUID, Price]] = st.just({})
    if products:
        ids = st.sampled_from([product.id for product in products])
        amounts = st.tuples(st.integers(0, 10**9), st.sampled_from(["EUR", "KHR", "TND"]))
        priced = st.dictionaries(ids, amounts)
    return products, known, draw(st.none() | priced)


@given(catalogues())
def test_an_export_imported_again_changes_nothing(
    made: tuple[list[Product], list[Category], dict[UUID, Price] | None],
) -> None:
    products, known, prices = made
    raw = csv_of(products, {category.id: category.name for category in known}, prices or {})

    found = plan(raw, products, known, prices)

    assert found.errors == []
    assert (found.created, found.changed, found.priced, found.categories) == ([], [], {}, [])
    assert found.unchanged == len(products)


@given(catalogues())
def test_an_export_makes_the_same_catalogue_elsewhere(
    made: tuple[list[Product], list[Category], dict[UUID, Price] | None],
) -> None:
    products, known, _ = made
    names = {category.id: category.name for category in known}

    found = plan(csv_of(products, names, {}), [], [], None)

    names |= {category.id: category.name for category in found.categories}
    described = [
        [domain.described(product) | {"categoryId": names.get(product.category_id or UUID(int=0))} for product in side]
        for side in (products, found.created)
    ]
    assert found.errors == []
    assert described[0] == described[1]


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    try:
        found = plan(b"name;price\n" + raw, [], [], None)
    except FileUnreadable:
        return

    assert all(product.name.strip() for product in found.created)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12", "12"),
        ("12.50", "12.50"),
        ("12,50", "12.50"),
        (" 12,5 € ", "12.5"),
        ("$12.50", "12.50"),
        ("20 %", "20"),
        ("1 234,50", "1234.50"),
        ("1\u202f234\u00a0567,8", "1234567.8"),
        ("1.234,50", "1234.50"),
        ("1,234.50", "1234.50"),
        ("1'234.50", "1234.50"),
        ("1.234.567", "1234567"),
        ("1,500", "1.500"),
        ("-3", "-3"),
    ],
)
def test_numbers_are_read_as_people_write_them(written: str, meant: str) -> None:
    assert str(number(written)) == str(Decimal(meant))


@pytest.mark.parametrize(
    "written", ["", "x", "1_000", "1e5", "NaN", "Infinity", "1.2.3", "1,2,3", "1,23.456", "--1", "٣", "1" * 41, "."]
)
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a number"):
        number(written)


@pytest.mark.parametrize(
    ("title", "column"),
    [
        ("Taux de TVA (%)", "tax_rate"),
        ("CODE-BARRES", "barcode"),
        ("Désignation", "name"),
        ("Código de barras", "barcode"),
        ("tax_rate", "tax_rate"),
        ("Prix TTC :", "price"),
        ("", None),
        ("Stock", None),
    ],
)
def test_titles_are_known_in_three_languages(title: str, column: str | None) -> None:
    assert column_of(title) == column


def test_no_title_means_two_columns() -> None:
    titles = [title for column, others in COLUMNS.items() for title in (column.replace("_", " "), *others)]

    assert len(set(titles)) == len(titles)
    assert {column_of(title) for title in titles} == set(COLUMNS)


@pytest.mark.parametrize(
    ("column", "cell", "value"),
    [
        ("eee_category", "eee 4", "EEE-4"),
        ("eee_category", "4", "EEE-4"),
        ("unit", "Kg", Unit.KILOGRAM),
        ("unit", "pièce", Unit.PIECE),
        ("active", "Sí", True),
        ("active", "FAUX", False),
        ("name", "'=1+1", "=1+1"),
        ("name", "'tis", "'tis"),
        ("name", "''", "''"),
        ("weight_grams", "1 500", 1500),
        ("price", "", None),
    ],
)
def test_cells_are_read(column: str, cell: str, value: object) -> None:
    assert read_cell(column, cell) == value


def test_the_longest_name_fits_the_index() -> None:
    scalars = [chr(point) for point in range(0x20, 0x30000) if not 0xD800 <= point < 0xE000]
    widest = max(scalars, key=lambda char: len(domain.folded(char).encode()))
    product = Product(id=UUID(int=1), name=widest * 120, sku=widest * 64, barcode="x" * 64, currency="EUR")

    assert len(domain.folded(widest)) > 10
    assert len(domain.search_text(product).encode()) < 1_400


def test_search_ignores_case_and_accents() -> None:
    assert domain.folded("  CAFETIÈRE  Électrique ") == "cafetiere electrique"
    assert domain.folded("Straße") == "strasse"
    assert domain.search_patterns("50% a_b") == [r"%50\%%", r"%a\_b%"]
    assert unicodedata.normalize("NFD", "é") != "é"
    assert domain.folded_name(unicodedata.normalize("NFD", "É")) == domain.folded_name("é")


def test_barcodes_of_the_demo_are_valid() -> None:
    assert demo.ean13(1) == "2000000000015"
    for at in range(1, 40):
        digits = [int(digit) for digit in demo.ean13(at)]
        assert (len(digits), (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10) == (13, 0)
