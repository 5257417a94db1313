"""A report, as the API answers it, to tables in a language. Pure: the figures are the report's own, none is added up
anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from tillvault.sales.documents.domain import Cell, Grid, Paper
from tillvault.sales.documents.translations import word
from tillvault.sales.receipts import wording
from tillvault.sales.receipts.domain import Language

_DRAWER = (
    "openingFloat",
    "totalSalesCash",
    "totalRefunds",
    "totalPaidIn",
    "totalPaidOut",
    "totalAdjustments",
    "totalSafeDrops",
    "expectedCash",
    "countedCash",
    "variance",
)


def laid_out(report: dict[str, Any], *, organisation: str, branch: str, timezone: str, language: Language) -> Paper:
    """The report as its tables; amounts that a cashier may not see are empty."""
    kind, number = report["kind"], report["zNumber"]
    title = word(language, kind) if number is None else f"{word(language, kind)} {number}"
    return Paper(
        title=title,
        place=f"{organisation} · {branch}",
        facts=list(_facts(report, timezone, language)),
        grids=list(_grids(report, timezone, language)),
    )


def _facts(report: dict[str, Any], timezone: str, language: Language) -> Iterator[tuple[str, str]]:
    session = report["session"]
    if session["registerName"]:
        yield word(language, "register"), session["registerName"]
    yield word(language, "day"), session["businessDate"]
    yield word(language, "opened_by"), session["openedByName"]
    yield word(language, "opened"), _moment(session["openedAt"], timezone, language)
    if session["closedAt"]:
        yield word(language, "closed"), _moment(session["closedAt"], timezone, language)
    yield word(language, "made"), _moment(report["generatedAt"], timezone, language)
    for name, value in (
        ("note", session["note"]),
        ("note", session["closeNote"]),
        ("reason", session["forcedReason"]),
    ):
        if value:
            yield word(language, name), value


def _grids(report: dict[str, Any], timezone: str, language: Language) -> Iterator[Grid]:
    columns = report["summary"]["byCurrency"]
    yield Grid(
        title=word(language, "drawer"),
        heads=("", *(column["currency"] for column in columns)),
        rows=[
            *((word(language, name), *(column[name] for column in columns)) for name in _DRAWER),
            *_left(report["summary"], [column["currency"] for column in columns], language),
        ],
    )
    if report["sales"] is not None:
        yield from _sales(report["sales"], language)
    movements = report["movements"]
    shown = ""
    if len(movements) < report["movementsTotal"]:
        sentence = word(language, "shown").format(shown=len(movements), total=report["movementsTotal"])
        shown = f" ({sentence})"
    yield Grid(
        title=word(language, "movements") + shown,
        heads=tuple(word(language, name) for name in ("time", "type", "status", "currency", "amount", "by", "reason")),
        rows=[row for movement in movements for row in _movement(movement, timezone, language)],
    )


def _left(summary: dict[str, Any], currencies: list[str], language: Language) -> Iterator[tuple[Cell, ...]]:
    """What stays in the drawer and what was taken out of it, where the close said so."""
    for name in ("leftCash", "removedCash"):
        if amounts := summary.get(name):
            yield (word(language, name), *(amounts.get(currency) for currency in currencies))


def _sales(sales: dict[str, Any], language: Language) -> Iterator[Grid]:
    currency = sales["currency"]
    amount = f"{word(language, 'amount')} {currency}"
    extras: list[tuple[Cell, ...]] = [
        (word(language, name), None, sales[name]) for name in ("discounts",) if sales[name]
    ]
    yield Grid(
        title=word(language, "takings"),
        heads=("", word(language, "count"), amount),
        rows=[
            (word(language, "sales"), sales["count"], sales["sales"]),
            (word(language, "refunds"), sales["refundCount"], sales["refunds"]),
            *extras,
            (word(language, "donation"), None, sales["donations"]),
            (word(language, "rounding"), None, sales["rounding"]),
            (word(language, "total"), None, sales["total"]),
        ],
    )
    yield Grid(
        title=word(language, "by_method"),
        heads=(word(language, "method"), *(word(language, name) for name in ("sales", "refunds")), amount),
        rows=[
            (word(language, line["method"]), line["sales"], line["refunds"], line["total"])
            for line in sales["byMethod"]
        ],
    )
    yield Grid(
        title=word(language, "by_tax"),
        heads=tuple(word(language, name) for name in ("rate", "net", "tax", "gross")),
        rows=[
            (_part(line, language, line["rate"]), line["net"], line["tax"], line["total"]) for line in sales["byTax"]
        ],
    )
    yield Grid(
        title=word(language, "by_category"),
        heads=(word(language, "category"), word(language, "quantity"), amount),
        rows=[(_part(line, language, line["name"]), line["quantity"], line["total"]) for line in sales["byCategory"]],
    )
    perpetual = sales["perpetual"]
    yield Grid(
        title=word(language, "perpetual"),
        heads=(word(language, "currency"), *(word(language, name) for name in ("sales", "refunds", "total"))),
        rows=[
            (each, perpetual["sales"].get(each), perpetual["refunds"].get(each), perpetual["algebraic"].get(each))
            for each in sorted({*perpetual["sales"], *perpetual["refunds"]})
        ],
    )


def _part(line: dict[str, Any], language: Language, own: Cell) -> Cell:
    """Goods go by their rate or category; donations and rounding have none, and go by their name."""
    # A Z that was made before reports knew parts has none.
    if line.get("part", "GOODS") != "GOODS":
        return word(language, str(line["part"]).lower())
    return word(language, "none") if own is None else own


def _movement(movement: dict[str, Any], timezone: str, language: Language) -> Iterator[tuple[Cell, ...]]:
    for currency, amount in movement["amounts"].items():
        yield (
            _moment(movement["createdAt"], timezone, language),
            word(language, movement["type"]),
            word(language, movement["status"]),
            currency,
            amount,
            movement["actorName"],
            movement["reason"],
        )


def _moment(text: str, timezone: str, language: Language) -> str:
    return wording.moment(datetime.fromisoformat(text).astimezone(ZoneInfo(timezone)), language)


def written(cell: Cell) -> str:
    """A cell as text, digit by digit."""
    return format(cell, "f") if isinstance(cell, Decimal) else "" if cell is None else str(cell)
