"""Tables of the catalogue. A product belongs to the organisation; a branch may have a price of its own for it."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)

from tillvault.core.schema import metadata

product_categories = Table(
    "product_categories",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("name_key", Text(collation="C"), nullable=False, comment="the name without case: unique, and the order"),
    Column("position", Integer, nullable=False),
    Column("colour", Text, comment="#rrggbb"),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "name_key"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    CheckConstraint("length(name) BETWEEN 1 AND 120", name="name_length"),
    CheckConstraint("colour ~ '^#[0-9a-f]{6}$'", name="colour_rgb"),
)

products = Table(
    "products",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    # "C" compares bytes: the order is the same on every server, and LIKE looks at text without a locale's rules.
    Column("search", Text(collation="C"), nullable=False, comment="name, SKU and barcode without case and accents"),
    Column("sku", Text),
    Column("barcode", Text),
    Column("category_id", Uuid),
    Column("tax_rate_bp", Integer, nullable=False, comment="hundredths of a percent"),
    Column("eee_category", Text),
    Column("weight_grams", Integer),
    Column("price_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("is_open_price", Boolean, nullable=False, server_default=text("false")),
    Column("unit", Text, nullable=False, server_default=text("'PIECE'")),
    Column("is_favourite", Boolean, nullable=False, server_default=text("false")),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    # Deferrable: an import may let two products change their codes with each other.
    UniqueConstraint("organisation_id", "sku", deferrable=True, initially="IMMEDIATE"),
    UniqueConstraint("organisation_id", "barcode", deferrable=True, initially="IMMEDIATE"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    ForeignKeyConstraint(
        ["organisation_id", "category_id"], ["product_categories.organisation_id", "product_categories.id"]
    ),
    CheckConstraint("length(name) BETWEEN 1 AND 120", name="name_length"),
    CheckConstraint("length(sku) BETWEEN 1 AND 64", name="sku_length"),
    CheckConstraint("barcode ~ '^[ -~]{1,64}$'", name="barcode_printable"),
    CheckConstraint("tax_rate_bp BETWEEN 0 AND 10000", name="tax_rate_percent"),
    CheckConstraint("eee_category ~ '^EEE-[1-8]$'", name="eee_category_known"),
    CheckConstraint("weight_grams > 0", name="weight_positive"),
    CheckConstraint("price_minor >= 0", name="price_not_negative"),
    CheckConstraint("unit IN ('PIECE', 'KILOGRAM')", name="unit_known"),
    Index("ix_products_search", "organisation_id", "search", "id"),
    Index("ix_products_category", "organisation_id", "category_id"),
    Index("ix_products_updated", "organisation_id", "updated_at", "id"),
)

product_prices = Table(
    # Only where a branch's price differs; without a row the organisation's price holds there.
    "product_prices",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    Column("product_id", Uuid, nullable=False),
    Column("price_minor", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "product_id", "branch_id"),
    ForeignKeyConstraint(["organisation_id", "branch_id"], ["branches.organisation_id", "branches.id"]),
    ForeignKeyConstraint(["organisation_id", "product_id"], ["products.organisation_id", "products.id"]),
    CheckConstraint("price_minor >= 0", name="price_not_negative"),
)
