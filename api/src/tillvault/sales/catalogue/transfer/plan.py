"""What a file would change: its lines against the catalogue as it is. Pure, so that a dry run and the run agree."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from tillvault.core.money import exponent, to_minor
from tillvault.sales.catalogue.domain import Category, Product, folded_name
from tillvault.sales.catalogue.transfer import columns
from tillvault.sales.catalogue.transfer.sheets import SheetRow

Price = tuple[int, str]
"""Minor units and their currency."""

_CLEARED_BY_NOTHING = frozenset({"category", "eee_category", "weight_grams"})
"""Columns whose empty cell takes the value away; in the others it leaves it as it is."""
_FIELDS = {
    "sku": "sku",
    "barcode": "barcode",
    "name": "name",
    "tax_rate": "tax_rate_bp",
    "unit": "unit",
    "open_price": "is_open_price",
    "eee_category": "eee_category",
    "weight_grams": "weight_grams",
    "favourite": "is_favourite",
    "active": "is_active",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LineError:
    """Why a line cannot be imported; `column` is its title in the file, None for the line as a whole."""

    line: int
    column: str | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The catalogue before the import."""

    products: list[Product]
    categories: list[Category]
    currency: str | None
    """Of prices that name none."""
    branch_prices: Mapping[UUID, Price] | None
    """Of the branch whose prices are set, by product; None when those of the organisation are."""


@dataclass(slots=True, kw_only=True)
class Plan:
    created: list[Product] = field(default_factory=list[Product])
    changed: list[tuple[Product, Product]] = field(default_factory=list[tuple[Product, Product]])
    """Before and after."""
    priced: dict[UUID, tuple[Price | None, Price]] = field(default_factory=dict[UUID, tuple[Price | None, Price]])
    """Prices of the branch by product, before and after."""
    categories: list[Category] = field(default_factory=list[Category])
    unchanged: int = 0
    errors: list[LineError] = field(default_factory=list[LineError])

    @property
    def updated(self) -> int:
        return len({after.id for _, after in self.changed} | set(self.priced))


class _Wrong(Exception):
    """Why a line is wrong, and in which column."""

    def __init__(self, column: str | None, message: str) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


def plan_of(rows: Iterable[SheetRow], known: Known, *, new_id: Callable[[], UUID]) -> Plan:
    """Raises FileUnreadable while the rows are read."""
    return _Planner(known, new_id).run(rows)


class _Planner:
    def __init__(self, known: Known, new_id: Callable[[], UUID]) -> None:
        self.known = known
        self.new_id = new_id
        self.plan = Plan()
        self.titles: dict[str, str] = {}
        self.by_id = {product.id: product for product in known.products}
        self.by_sku = {product.sku: product for product in known.products if product.sku}
        self.by_barcode = {product.barcode: product for product in known.products if product.barcode}
        self.by_name: dict[str, list[Product]] = defaultdict(list)
        for product in known.products:
            self.by_name[folded_name(product.name)].append(product)
        self.category_ids = {folded_name(category.name): category.id for category in known.categories}
        self.positions = max((category.position for category in known.categories), default=0)
        self.lines: dict[UUID, int] = {}
        """In which line each product stands."""
        self.named: dict[str, int] = {}
        """In which line a name without codes makes a new product."""

    def run(self, rows: Iterable[SheetRow]) -> Plan:
        order: list[str | None] | None = None
        for row in rows:
            if order is None:
                order = self._header(row)
                if self.plan.errors:
                    return self.plan
                continue
            values = self._values(row, order)
            if values is not None:
                self._line(row.line, values)
        if order is None:
            self._wrong(1, None, "the file is empty: its first line names the columns")
        self._refuse_shared_codes()
        self.plan.errors.sort(key=lambda error: error.line)
        return self.plan

    def _wrong(self, line: int, column: str | None, message: str) -> None:
        title = self.titles.get(column, column) if column else None
        self.plan.errors.append(LineError(line=line, column=title, message=message))

    def _header(self, row: SheetRow) -> list[str | None]:
        order: list[str | None] = []
        for title in row.cells:
            column = columns.column_of(title)
            order.append(column)
            if column is None and title.strip():
                named = ", ".join(columns.COLUMNS)
                self.plan.errors.append(
                    LineError(line=row.line, column=title[:120], message=f"is not a column of the catalogue: {named}")
                )
            elif column in self.titles:
                self._wrong(row.line, column, "stands twice in the header")
            elif column is not None:
                self.titles[column] = title.strip()
        if not self.plan.errors and not self.titles.keys() & {"id", "sku", "barcode", "name"}:
            self._wrong(row.line, None, "no column says which product a line is: name, sku or barcode")
        return order

    def _values(self, row: SheetRow, order: list[str | None]) -> dict[str, Any] | None:
        """The cells of a line by column; None, with its errors noted, when one cannot be read."""
        values: dict[str, Any] = {column: None for column in order if column}
        is_right = True
        for at, text in enumerate(row.cells):
            column = order[at] if at < len(order) else None
            if column is None:
                if text.strip():
                    self._wrong(row.line, None, f"cell {at + 1} stands under no title")
                    is_right = False
                continue
            try:
                values[column] = columns.read_cell(column, text)
            except ValueError as error:
                self._wrong(row.line, column, str(error))
                is_right = False
        return values if is_right else None

    def _line(self, line: int, values: dict[str, Any]) -> None:
        try:
            before = self._found(values)
            self._once(line, before, values)
            after, price = self._after(before, values)
        except _Wrong as wrong:
            self._wrong(line, wrong.column, wrong.message)
            return
        self.lines[after.id] = line
        if before is None:
            self.plan.created.append(after)
            return
        if after != before:
            self.plan.changed.append((before, after))
        if price is not None:
            self.plan.priced[after.id] = price
        if after == before and price is None:
            self.plan.unchanged += 1

    def _found(self, values: dict[str, Any]) -> Product | None:
        """By id, else by SKU, else by barcode, else, where the line has neither, by name."""
        sku: str | None = values.get("sku")
        barcode: str | None = values.get("barcode")
        product_id: UUID | None = values.get("id")
        if product_id is not None and product_id in self.by_id:
            return self.by_id[product_id]
        if sku is not None and sku in self.by_sku:
            return self.by_sku[sku]
        if barcode is not None and (product := self.by_barcode.get(barcode)) is not None:
            if sku and product.sku:
                raise _Wrong("barcode", f"belongs to the product with the SKU {product.sku}")
            return product
        if sku or barcode or not values.get("name"):
            return None
        same = self.by_name.get(folded_name(values["name"]), [])
        # One that has no codes either is the one that an export would have written like this.
        likely = [product for product in same if not product.sku and not product.barcode] or same
        if len(likely) > 1:
            raise _Wrong("name", "several products have this name: say which by id, SKU or barcode")
        return likely[0] if likely else None

    def _once(self, line: int, before: Product | None, values: dict[str, Any]) -> None:
        if before is not None:
            if (other := self.lines.get(before.id)) is not None:
                raise _Wrong(None, f"is the same product as line {other}")
        elif values.get("name") and not values.get("sku") and not values.get("barcode") and not values.get("id"):
            other = self.named.setdefault(folded_name(values["name"]), line)
            if other != line:
                raise _Wrong(None, f"is the same product as line {other}")

    def _after(
        self, before: Product | None, values: dict[str, Any]
    ) -> tuple[Product, tuple[Price | None, Price] | None]:
        """The product as the line wants it, and what becomes of its price in the branch."""
        fields: dict[str, Any] = {
            _FIELDS[column]: value
            for column, value in values.items()
            if column in _FIELDS and (value is not None or column in _CLEARED_BY_NOTHING)
        }
        if before is None and "name" not in fields:
            raise _Wrong("name", "must be given for a new product")
        start = before or Product(id=self.new_id(), name=fields["name"], currency="")
        after = replace(start, **fields)
        own = (self.known.branch_prices or {}).get(after.id)
        here: Price = own or (after.price_minor, after.currency)
        price = self._price(before, after, values, here)
        if "category" in values:
            # Last, so that no category is made for a line that is wrong.
            after = replace(after, category_id=self._category(values["category"]))
        if before is not None and self.known.branch_prices is not None:
            return after, None if price == here else (own, price)
        return replace(after, price_minor=price[0], currency=price[1]), None

    def _price(self, before: Product | None, after: Product, values: dict[str, Any], here: Price) -> Price:
        amount, named = values.get("price"), values.get("currency")
        if before is None and amount is None and not after.is_open_price:
            raise _Wrong("price", "must be given for a new product, except where the cashier types it")
        in_branch = self.known.branch_prices is not None
        currency = named or (here[1] if before is not None else None) or self.known.currency
        if currency is None:
            raise _Wrong("currency", "must be given: the branches keep their prices in several currencies")
        if amount is None:
            if before is not None and named not in {None, here[1]}:
                raise _Wrong("currency", "cannot change without a price")
            return here if before is not None else (0, currency)
        if columns.decimals_of(amount) > (allowed := exponent(currency)):
            raise _Wrong("price", f"{currency} has {allowed} decimals at most")
        try:
            price = to_minor(amount, currency), currency
        except ValueError as error:
            raise _Wrong("price", str(error)) from error
        if in_branch and price != here and currency != self.known.currency:
            if named is None:
                return self._price(before, after, values | {"currency": self.known.currency}, here)
            raise _Wrong("currency", f"must be {self.known.currency}, the base currency of the branch")
        return price

    def _category(self, name: str | None) -> UUID | None:
        if name is None:
            return None
        key = folded_name(name)
        if key not in self.category_ids:
            self.positions += 1
            made = Category(id=self.new_id(), name=name, position=self.positions, colour=None, is_active=True)
            self.plan.categories.append(made)
            self.category_ids[key] = made.id
        return self.category_ids[key]

    def _refuse_shared_codes(self) -> None:
        """Two products of the catalogue that results may not have one code."""
        touched = sorted(
            [*self.plan.created, *(after for _, after in self.plan.changed)], key=lambda product: self.lines[product.id]
        )
        ids = {product.id for product in touched}
        for column in ("sku", "barcode"):
            held = {getattr(product, column): 0 for product in self.known.products if product.id not in ids}
            for product in touched:
                code: str | None = getattr(product, column)
                if code is None:
                    continue
                line = self.lines[product.id]
                if (other := held.setdefault(code, line)) != line:
                    of = f"that of line {other}" if other else "another product's"
                    self._wrong(line, column, f"is {of} already")
