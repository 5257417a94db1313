"""Use cases of files: an import that changes all or nothing, an export that the import takes back."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.ids import new_id
from tillvault.core.money import from_minor
from tillvault.events import service as events
from tillvault.identity.administration import differences
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor, Branch
from tillvault.identity.permissions import Permission, require
from tillvault.sales.catalogue.access import branch_named, default_currency
from tillvault.sales.catalogue.domain import (
    CatalogueImported,
    Category,
    Product,
    Unit,
    catalogue_key,
    described,
    price_described,
    tax_rate_percent,
)
from tillvault.sales.catalogue.errors import ImportInvalid
from tillvault.sales.catalogue.queries import hold_catalogue
from tillvault.sales.catalogue.transfer import queries
from tillvault.sales.catalogue.transfer.columns import COLUMNS, column_of, write_flag, write_text
from tillvault.sales.catalogue.transfer.plan import Known, LineError, Plan, Price, plan_of
from tillvault.sales.catalogue.transfer.sheets import SheetRow, csv_rows, xlsx_rows

ERRORS_TOLD_MAX = 200
_BATCH = 500
"""Products written and audited before the event loop gets its turn."""

T = TypeVar("T")


class FileType(StrEnum):
    CSV = "text/csv"
    XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import did, or would do."""

    created: int
    updated: int
    unchanged: int
    errors: Sequence[LineError]
    """The first of them."""
    error_count: int
    dry_run: bool


async def import_file(
    db: Connection, *, actor: Actor, file_type: FileType, raw: bytes, branch_id: UUID | None, dry_run: bool
) -> Imported:
    """Make and change products as the file says, all or nothing; with a branch, prices are that branch's own.

    Raises RoleForbidden, BranchNotFound, BranchForbidden, FileUnreadable, or, unless it is a dry run, ImportInvalid.
    """
    require(actor, Permission.CATALOGUE_WRITE)
    branch = None if branch_id is None else await branch_named(db, actor, branch_id)
    rows = await asyncio.to_thread(_read, file_type, raw)
    await hold_catalogue(db, alone=not dry_run)
    products, categories = await queries.all_products(db), await queries.all_categories(db)
    prices = None if branch_id is None else await queries.prices_in(db, branch_id)
    currency = await default_currency(db, actor) if branch is None else branch.base_currency
    plan = await asyncio.to_thread(lambda: plan_of(rows, _known(products, categories, prices, currency), new_id=new_id))
    told = Imported(
        created=len(plan.created),
        updated=plan.updated,
        unchanged=plan.unchanged,
        errors=plan.errors[:ERRORS_TOLD_MAX],
        error_count=len(plan.errors),
        dry_run=dry_run,
    )
    if dry_run:
        return told
    if plan.errors:
        raise ImportInvalid(extra={"details": list(told.errors), "errorCount": told.error_count})
    await _carry_out(db, actor, plan, branch)
    _tell(db, actor, told, branch, hashlib.sha256(raw).hexdigest())
    return told


def _read(file_type: FileType, raw: bytes) -> list[SheetRow]:
    found = xlsx_rows(raw) if file_type is FileType.XLSX else csv_rows(raw, lambda title: column_of(title) is not None)
    return list(found)


def _known(
    products: Sequence[Row], categories: Sequence[Row], prices: Sequence[Row] | None, currency: str | None
) -> Known:
    return Known(
        products=[_product(row) for row in products],
        categories=[Category(**dict(row)) for row in categories],
        currency=currency,
        branch_prices=None if prices is None else _by_product(prices),
    )


def _product(row: Row) -> Product:
    fields: dict[str, Any] = dict(row)
    del fields["search"]
    fields["unit"] = Unit(fields["unit"])
    return Product(**fields)


def _by_product(prices: Sequence[Row]) -> dict[UUID, Price]:
    return {row["product_id"]: (row["price_minor"], row["currency"]) for row in prices}


async def _carry_out(db: Connection, actor: Actor, plan: Plan, branch: Branch | None) -> None:
    now = utc_now()
    await queries.insert_categories(db, plan.categories, now)
    for category in plan.categories:
        _audit(db, actor, "CATEGORY_CREATED", category.id, after={"name": category.name}, kind="product_category")
    await queries.postpone_unique_codes(db)
    for changes in _batches(plan.changed):
        await queries.update_products(db, [after for _, after in changes], now)
        for before, after in changes:
            told_before, told_after = differences(described(before), described(after))
            _audit(db, actor, "PRODUCT_UPDATED", after.id, before=told_before, after=told_after)
        await events.flush(db)
    for created in _batches(plan.created):
        await queries.insert_products(db, created, now)
        for product in created:
            _audit(db, actor, "PRODUCT_CREATED", product.id, after=described(product))
        await events.flush(db)
    await queries.require_unique_codes(db)
    if branch is None:
        return
    for priced in _batches(list(plan.priced.items())):
        rows = [(product_id, *price) for product_id, (_, price) in priced]
        await queries.save_prices(db, rows, branch_id=branch.id, now=now)
        for product_id, (own, price) in priced:
            told = price_described(*own) if own else None
            _audit(
                db,
                actor,
                "PRODUCT_PRICE_SET",
                product_id,
                before=told,
                after=price_described(*price),
                branch_id=branch.id,
            )
        await events.flush(db)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _audit(
    db: Connection,
    actor: Actor,
    action: str,
    resource_id: UUID,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any],
    kind: str = "product",
    branch_id: UUID | None = None,
) -> None:
    audit.record(
        db,
        actor,
        action,
        resource_type=kind,
        resource_id=resource_id,
        branch_id=branch_id,
        before=before,
        after=after,
    )


def _tell(db: Connection, actor: Actor, told: Imported, branch: Branch | None, sha256: str) -> None:
    branch_id = branch.id if branch else None
    counts = {"created": told.created, "updated": told.updated}
    audit.record(
        db,
        actor,
        "CATALOGUE_IMPORTED",
        resource_type="catalogue",
        resource_id=sha256,
        branch_id=branch_id,
        after=counts | {"unchanged": told.unchanged, "sha256": sha256},
    )
    if told.created or told.updated:
        events.emit(db, CatalogueImported(branch_id=branch_id, key=catalogue_key(), **counts))


async def export(db: Connection, *, actor: Actor, branch_id: UUID | None) -> bytes:
    """The whole catalogue as CSV, with the prices of the organisation or of a branch.

    Raises RoleForbidden, BranchNotFound or BranchForbidden.
    """
    require(actor, Permission.CATALOGUE_READ)
    if branch_id is not None:
        await branch_named(db, actor, branch_id)
    products, categories = await queries.all_products(db), await queries.all_categories(db)
    prices = [] if branch_id is None else await queries.prices_in(db, branch_id)
    names = {row["id"]: row["name"] for row in categories}
    return await asyncio.to_thread(lambda: csv_of([_product(row) for row in products], names, _by_product(prices)))


def csv_of(products: Sequence[Product], categories: Mapping[UUID, str], prices: Mapping[UUID, Price]) -> bytes:
    """UTF-8 with the mark that makes spreadsheets read it as such."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for product in products:
        price = prices.get(product.id) or (product.price_minor, product.currency)
        writer.writerow([write(product, categories, price) for write in _WRITERS.values()])
    return text.getvalue().encode("utf-8-sig")


_Writer = Callable[[Product, Mapping[UUID, str], Price], object]

_WRITERS: Mapping[str, _Writer] = {
    "id": lambda product, _, __: product.id,
    "sku": lambda product, _, __: write_text(product.sku),
    "barcode": lambda product, _, __: write_text(product.barcode),
    "name": lambda product, _, __: write_text(product.name),
    "category": lambda product, categories, _: write_text(
        None if product.category_id is None else categories[product.category_id]
    ),
    "price": lambda _, __, price: format(from_minor(*price), "f"),
    "currency": lambda _, __, price: price[1],
    "tax_rate": lambda product, _, __: format(tax_rate_percent(product.tax_rate_bp), "f"),
    "unit": lambda product, _, __: product.unit,
    "open_price": lambda product, _, __: write_flag(product.is_open_price),
    "eee_category": lambda product, _, __: product.eee_category,
    "weight_grams": lambda product, _, __: product.weight_grams,
    "favourite": lambda product, _, __: write_flag(product.is_favourite),
    "active": lambda product, _, __: write_flag(product.is_active),
}
