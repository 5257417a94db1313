"""Figures as CSV, the form that eco-organisms take (domain.md), and as a workbook with a sheet per month."""

from __future__ import annotations

import csv
from datetime import UTC
from decimal import Decimal
from io import BytesIO, StringIO
from typing import Any

from tillvault.core.clock import iso
from tillvault.core.money import rounded_half_up
from tillvault.deposits.domain import EEE_CATEGORIES, LABELS
from tillvault.deposits.exports.domain import (
    MEDIA_TYPES,
    CategoryFigures,
    ExportFile,
    ExportFormat,
    Figures,
    MonthFigures,
    file_name,
)

CSV_COLUMNS = (
    "category_code",
    "category_label",
    "deposit_count",
    "deposit_weight_kg",
    "sales_quantity",
    "sales_amount_eur",
    "period_start",
    "period_end",
    "generated_at",
)

_TITLES = {
    "en": (
        "Category",
        "Name",
        "Deposits",
        "Things",
        "Deposited, kg",
        "Sold",
        "Sold, kg",
        "Sold, EUR",
        "All categories",
        "Sales of other goods, EUR",
        "Donations, EUR",
        "Rounding of cash, EUR",
        "Taken in all, EUR",
        "Difference, EUR",
    ),
    "fr": (
        "Catégorie",
        "Nom",
        "Dépôts",
        "Objets",
        "Déposé, kg",
        "Vendu",
        "Vendu, kg",
        "Vendu, EUR",
        "Toutes les catégories",
        "Ventes d'autres articles, EUR",
        "Dons, EUR",
        "Arrondi des espèces, EUR",
        "Encaissé au total, EUR",
        "Écart, EUR",
    ),
    "es": (
        "Categoría",
        "Nombre",
        "Depósitos",
        "Objetos",
        "Depositado, kg",
        "Vendido",
        "Vendido, kg",
        "Vendido, EUR",
        "Todas las categorías",
        "Ventas de otros artículos, EUR",
        "Donaciones, EUR",
        "Redondeo del efectivo, EUR",
        "Cobrado en total, EUR",
        "Diferencia, EUR",
    ),
}
_COLUMNS = 8


def export_file(figures: Figures, kind: ExportFormat, lang: str) -> ExportFile:
    return ExportFile(
        name=file_name(figures.since, figures.until, kind),
        media_type=MEDIA_TYPES[kind],
        content=as_csv(figures, lang) if kind is ExportFormat.CSV else as_xlsx(figures, lang),
        since=figures.since,
        until=figures.until,
    )


def _thousandths(number: int) -> str:
    """`1500` → `1.5`: grams in kilograms, and quantities."""
    whole = f"{Decimal(number).scaleb(-3):f}"
    return whole.rstrip("0").rstrip(".")


def as_csv(figures: Figures, lang: str) -> bytes:
    """A line for each of the eight categories, also where nothing happened in it."""
    text = StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for category in EEE_CATEGORIES:
        found = figures.of_category(category)
        writer.writerow(
            (
                category,
                LABELS[category][lang],
                found.deposit_count,
                _thousandths(found.deposit_weight_grams),
                _thousandths(found.sales_quantity_milli),
                rounded_half_up(found.sales_eur, 2),
                figures.since.isoformat(),
                figures.until.isoformat(),
                iso(figures.generated_at),
            )
        )
    return text.getvalue().encode()


def as_xlsx(figures: Figures, lang: str) -> bytes:
    """A sheet for each month: the categories, their sum, and how the sales, donations and rounding make up what was
    taken."""
    import xlsxwriter  # noqa: PLC0415  (a library for files alone, loaded when one is written)

    out = BytesIO()
    book: Any = xlsxwriter.Workbook(out, {"in_memory": True})
    # Without it the file would tell the time twice, and two exports of the same figures would differ.
    book.set_properties({"created": figures.generated_at.astimezone(UTC).replace(tzinfo=None), "author": "Tillvault"})
    styles = {
        "title": book.add_format({"bold": True, "bottom": 1}),
        "sum": book.add_format({"bold": True, "top": 1, "num_format": "#,##0.###"}),
        "label": book.add_format({"bold": True}),
        "number": book.add_format({"num_format": "#,##0.###"}),
        "money": book.add_format({"num_format": "#,##0.00"}),
        "money_sum": book.add_format({"bold": True, "top": 1, "num_format": "#,##0.00"}),
    }
    for month in figures.months:
        _sheet(book.add_worksheet(month.month), month, styles, lang)
    book.close()
    return out.getvalue()


def _sheet(sheet: Any, month: MonthFigures, styles: dict[str, Any], lang: str) -> None:
    titles = _TITLES[lang]
    sheet.set_column(0, 0, 10)
    sheet.set_column(1, 1, 42)
    sheet.set_column(2, _COLUMNS - 1, 14)
    sheet.freeze_panes(1, 0)
    sheet.write_row(0, 0, titles[:_COLUMNS], styles["title"])
    for at, category in enumerate(EEE_CATEGORIES, 1):
        sheet.write_row(at, 0, (category, LABELS[category][lang]))
        _row(sheet, at, month.categories[category], styles["number"], styles["money"])
    at = len(EEE_CATEGORIES) + 1
    sheet.write_row(at, 0, ("", titles[8]), styles["sum"])
    _row(sheet, at, month.total, styles["sum"], styles["money_sum"])
    parts = (month.others_eur, month.donations_eur, month.rounding_eur, month.taken_eur, month.difference_eur)
    for offset, (title, amount) in enumerate(zip(titles[9:], parts, strict=True), 2):
        sheet.write(at + offset, 1, title, styles["label"])
        sheet.write_number(at + offset, _COLUMNS - 1, rounded_half_up(amount, 2), styles["money"])


def _row(sheet: Any, at: int, found: CategoryFigures, number: Any, money: Any) -> None:
    values = (
        found.deposit_count,
        found.deposit_quantity,
        Decimal(found.deposit_weight_grams).scaleb(-3),
        Decimal(found.sales_quantity_milli).scaleb(-3),
        Decimal(found.sales_weight_grams).scaleb(-3),
    )
    for column, value in enumerate(values, 2):
        sheet.write_number(at, column, value, number)
    sheet.write_number(at, _COLUMNS - 1, rounded_half_up(found.sales_eur, 2), money)
