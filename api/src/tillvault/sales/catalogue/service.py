"""Use cases of the catalogue: everybody at the till reads it, managers and machines with the scope change it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from tillvault.core import paging
from tillvault.core.clock import utc_now
from tillvault.core.db import Connection, Row
from tillvault.core.errors import ValidationFailed
from tillvault.core.ids import NIL, new_id
from tillvault.core.money import from_minor
from tillvault.events import service as events
from tillvault.identity.administration import differences
from tillvault.identity.audit import service as audit
from tillvault.identity.domain import Actor
from tillvault.identity.permissions import Permission, require
from tillvault.sales.catalogue import cursors, queries
from tillvault.sales.catalogue.access import branch_named, default_currency, price_in
from tillvault.sales.catalogue.domain import (
    Category,
    Product,
    ProductChanged,
    catalogue_key,
    described,
    price_described,
    search_patterns,
)
from tillvault.sales.catalogue.errors import CategoryNotFound, ProductNotFound

Detail = tuple[Row, list[Row]]
"""A product with the organisation's price, and the prices of branches that have their own."""


async def listed(
    db: Connection,
    *,
    actor: Actor,
    branch_id: UUID | None,
    text: str | None,
    updated_since: datetime | None,
    filters: Mapping[str, Any],
    cursor: str | None,
    limit: int,
) -> tuple[list[Row], str | None]:
    """A page by name, or with `updated_since` by the last change, with the prices of the branch (default: the actor's).

    A product whose barcode is the text itself comes first. Raises RoleForbidden, BranchNotFound, BranchForbidden or
    ValidationFailed.
    """
    require(actor, Permission.CATALOGUE_READ)
    if branch_id is not None:
        await branch_named(db, actor, branch_id)
    wanted = dict(filters) | {"updated_since": updated_since}
    if text is not None:
        wanted |= {"patterns": search_patterns(text), "but_barcode": text.strip()}
    by_update = updated_since is not None
    wanted |= _after(cursor, by_update=by_update)
    first: list[Row] = []
    branch = branch_id or actor.branch_id
    if text is not None and cursor is None:
        exact = wanted | {"patterns": None, "but_barcode": None, "barcode": text.strip()}
        # A barcode asked for beside the text must be the same one.
        if filters.get("barcode") in {None, text.strip()}:
            first = await queries.listed(db, branch_id=branch, filters=exact, by_update=by_update, limit=1)
    rest = await queries.listed(db, branch_id=branch, filters=wanted, by_update=by_update, limit=limit + 1 - len(first))
    rows = first + rest
    return rows[:limit], _following(rows, limit, updated_since, found_first=bool(first))


def _after(cursor: str | None, *, by_update: bool) -> dict[str, Any]:
    if cursor is None:
        return {}
    return {"after_update": paging.decode(cursor)} if by_update else {"after_name": cursors.decode(cursor)}


def _following(rows: list[Row], limit: int, updated_since: datetime | None, *, found_first: bool) -> str | None:
    if len(rows) <= limit:
        return None
    last = rows[limit - 1]
    # What was found by its barcode stands outside the order: behind it alone, the rest begins at its beginning.
    is_at_start = found_first and limit == 1
    if updated_since is not None:
        return paging.encode(updated_since, NIL) if is_at_start else paging.encode(last["updated_at"], last["id"])
    return cursors.encode("", NIL) if is_at_start else cursors.encode(last["search"], last["id"])


async def read(db: Connection, *, actor: Actor, product_id: UUID) -> Detail:
    """Raises RoleForbidden or ProductNotFound."""
    require(actor, Permission.CATALOGUE_READ)
    return await _detail(db, product_id)


async def _detail(db: Connection, product_id: UUID) -> Detail:
    rows = await queries.listed(db, branch_id=None, filters={"product_id": product_id}, by_update=False, limit=1)
    if not rows:
        raise ProductNotFound
    return rows[0], await queries.prices_of(db, product_id)


async def create(db: Connection, *, actor: Actor, fields: Mapping[str, Any]) -> Detail:
    """`fields` are those of Product, with `price` in major units and `currency` None for the branch's.

    Raises RoleForbidden, ValidationFailed, CategoryNotFound, SkuTaken or BarcodeTaken.
    """
    require(actor, Permission.CATALOGUE_WRITE)
    await queries.hold_catalogue(db, alone=False)
    given = dict(fields)
    currency = given.pop("currency") or await default_currency(db, actor)
    if currency is None:
        raise ValidationFailed.of("currency", "must be given: the branches keep their prices in several currencies")
    price: Decimal | None = given.pop("price")
    if price is None and not given["is_open_price"]:
        raise ValidationFailed.of("price", "must be given, except where the cashier types it")
    price_minor = price_in(price or Decimal(0), currency)
    product = Product(id=new_id(), price_minor=price_minor, currency=currency, **given)
    await queries.insert_product(db, product=product, now=utc_now())
    audit.record(
        db,
        actor,
        "PRODUCT_CREATED",
        resource_type="product",
        resource_id=product.id,
        branch_id=None,
        after=described(product),
    )
    _tell(db, product)
    return await _detail(db, product.id)


async def change(db: Connection, *, actor: Actor, product_id: UUID, changes: Mapping[str, Any]) -> Detail:
    """Raises RoleForbidden, ProductNotFound, ValidationFailed, CategoryNotFound, SkuTaken or BarcodeTaken."""
    require(actor, Permission.CATALOGUE_WRITE)
    await queries.hold_catalogue(db, alone=False)
    before = await queries.lock_product(db, product_id)
    if before is None:
        raise ProductNotFound
    after = changed(before, changes)
    if after != before:
        await queries.update_product(db, product=after, now=utc_now())
        told_before, told_after = differences(described(before), described(after))
        audit.record(
            db,
            actor,
            "PRODUCT_UPDATED",
            resource_type="product",
            resource_id=product_id,
            branch_id=None,
            before=told_before,
            after=told_after,
        )
        _tell(db, after)
    return await _detail(db, product_id)


def changed(product: Product, changes: Mapping[str, Any]) -> Product:
    """The product with its changes; a new currency alone keeps the number of the price. Raises ValidationFailed."""
    given = dict(changes)
    currency: str = given.pop("currency", product.currency)
    price: Decimal = given.pop("price", from_minor(product.price_minor, product.currency))
    return replace(product, **given, currency=currency, price_minor=price_in(price, currency))


async def set_price(db: Connection, *, actor: Actor, product_id: UUID, branch_id: UUID, price: Decimal) -> Detail:
    """Give a product a price of its own in a branch, in the branch's base currency.

    Raises RoleForbidden, ProductNotFound, BranchNotFound, BranchForbidden or ValidationFailed.
    """
    require(actor, Permission.CATALOGUE_WRITE)
    await queries.hold_catalogue(db, alone=False)
    branch = await branch_named(db, actor, branch_id)
    product = await queries.lock_product(db, product_id)
    if product is None:
        raise ProductNotFound
    own = await _own_price(db, product_id, branch_id)
    minor = price_in(price, branch.base_currency)
    if own is None or (own["price_minor"], own["currency"]) != (minor, branch.base_currency):
        await queries.save_price(
            db,
            product_id=product_id,
            branch_id=branch_id,
            price_minor=minor,
            currency=branch.base_currency,
            now=utc_now(),
        )
        audit.record(
            db,
            actor,
            "PRODUCT_PRICE_SET",
            resource_type="product",
            resource_id=product_id,
            branch_id=branch_id,
            before=price_described(own["price_minor"], own["currency"]) if own else None,
            after=price_described(minor, branch.base_currency),
        )
        _tell(db, replace(product, price_minor=minor, currency=branch.base_currency), branch_id)
    return await _detail(db, product_id)


async def remove_price(db: Connection, *, actor: Actor, product_id: UUID, branch_id: UUID) -> Detail:
    """Let the organisation's price hold in the branch again; where it does already, nothing happens.

    Raises RoleForbidden, ProductNotFound, BranchNotFound or BranchForbidden.
    """
    require(actor, Permission.CATALOGUE_WRITE)
    await queries.hold_catalogue(db, alone=False)
    await branch_named(db, actor, branch_id)
    product = await queries.lock_product(db, product_id)
    if product is None:
        raise ProductNotFound
    own = await _own_price(db, product_id, branch_id)
    if own is not None:
        await queries.delete_price(db, product_id=product_id, branch_id=branch_id, now=utc_now())
        audit.record(
            db,
            actor,
            "PRODUCT_PRICE_REMOVED",
            resource_type="product",
            resource_id=product_id,
            branch_id=branch_id,
            before=price_described(own["price_minor"], own["currency"]),
        )
        _tell(db, product, branch_id)
    return await _detail(db, product_id)


async def _own_price(db: Connection, product_id: UUID, branch_id: UUID) -> Row | None:
    prices = await queries.prices_of(db, product_id)
    return next((price for price in prices if price["branch_id"] == branch_id), None)


def _tell(db: Connection, product: Product, branch_id: UUID | None = None) -> None:
    told = ProductChanged(
        branch_id=branch_id,
        key=catalogue_key(),
        product_id=product.id,
        name=product.name,
        price_minor={product.currency: product.price_minor},
        is_active=product.is_active,
    )
    events.emit(db, told)


async def categories(
    db: Connection, *, actor: Actor, is_active: bool | None, cursor: str | None, limit: int
) -> tuple[list[Row], str | None]:
    """A page, by name. Raises RoleForbidden or ValidationFailed."""
    require(actor, Permission.CATALOGUE_READ)
    after = (None, None) if cursor is None else cursors.decode(cursor)
    rows = await queries.categories(db, is_active=is_active, after=after, limit=limit + 1)
    if len(rows) <= limit:
        return rows, None
    return rows[:limit], cursors.encode(rows[limit - 1]["name_key"], rows[limit - 1]["id"])


async def create_category(
    db: Connection, *, actor: Actor, name: str, position: int | None, colour: str | None, is_active: bool
) -> Row:
    """Raises RoleForbidden or CategoryNameTaken."""
    require(actor, Permission.CATALOGUE_WRITE)
    await queries.hold_catalogue(db, alone=False)
    if position is None:
        position = await queries.last_position(db) + 1
    category = Category(id=new_id(), name=name, position=position, colour=colour, is_active=is_active)
    row = await queries.insert_category(db, category=category, now=utc_now())
    audit.record(
        db,
        actor,
        "CATEGORY_CREATED",
        resource_type="product_category",
        resource_id=category.id,
        branch_id=None,
        after=_category_described(category),
    )
    return row


async def change_category(db: Connection, *, actor: Actor, category_id: UUID, changes: Mapping[str, Any]) -> Row:
    """Raises RoleForbidden, CategoryNotFound or CategoryNameTaken."""
    require(actor, Permission.CATALOGUE_WRITE)
    await queries.hold_catalogue(db, alone=False)
    row = await queries.lock_category(db, category_id)
    if row is None:
        raise CategoryNotFound
    before = Category(**{name: row[name] for name in ("id", "name", "position", "colour", "is_active")})
    after = replace(before, **changes)
    if after == before:
        return row
    now = utc_now()
    row = await queries.update_category(db, category=after, now=now)
    if after.name != before.name:
        await queries.touch_products_of(db, category_id=category_id, now=now)
    told_before, told_after = differences(_category_described(before), _category_described(after))
    audit.record(
        db,
        actor,
        "CATEGORY_UPDATED",
        resource_type="product_category",
        resource_id=category_id,
        branch_id=None,
        before=told_before,
        after=told_after,
    )
    return row


def _category_described(category: Category) -> dict[str, Any]:
    told = asdict(category)
    return {"name": told["name"], "position": told["position"], "colour": told["colour"], "isActive": told["is_active"]}
