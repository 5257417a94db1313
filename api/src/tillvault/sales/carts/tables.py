"""Tables of carts: what is not sold yet, and may change."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
)

from tillvault.core.schema import metadata

cart_status = Enum("OPEN", "PARKED", "FINALISED", "ABANDONED", name="cart_status")

carts = Table(
    "carts",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False, comment="the sale that it becomes has the same"),
    Column("branch_id", Uuid, nullable=False),
    Column("session_id", Uuid, comment="the drawer of whoever holds it"),
    Column("cashier_id", Uuid, nullable=False),
    Column("status", cart_status, nullable=False),
    Column("currency", Text, nullable=False),
    Column("label", Text),
    Column("note", Text),
    Column("discount_percent_bp", Integer),
    Column("discount_minor", BigInteger),
    Column("donation_minor", BigInteger, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    ForeignKeyConstraint(["organisation_id", "branch_id"], ["branches.organisation_id", "branches.id"]),
    ForeignKeyConstraint(["organisation_id", "cashier_id"], ["users.organisation_id", "users.id"]),
    CheckConstraint("num_nonnulls(discount_percent_bp, discount_minor) <= 1", name="one_discount"),
    CheckConstraint("donation_minor >= 0", name="donation_not_negative"),
    Index("ix_carts_branch", "organisation_id", "branch_id", "status", "updated_at"),
)

cart_lines = Table(
    "cart_lines",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("cart_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False, comment="time-ordered: lines stand in the order in which they came"),
    Column("product_id", Uuid),
    Column("name", Text),
    Column("quantity_milli", BigInteger, nullable=False),
    Column("unit_price_minor", BigInteger, comment="where a person gave it"),
    Column("price_decided_by", Uuid, comment="who may decide prices and gave this one"),
    Column("tax_rate_bp", Integer),
    Column("discount_percent_bp", Integer),
    Column("discount_minor", BigInteger),
    Column("eee_category", Text),
    Column("weight_grams", BigInteger),
    PrimaryKeyConstraint("organisation_id", "cart_id", "id"),
    ForeignKeyConstraint(["organisation_id", "cart_id"], ["carts.organisation_id", "carts.id"]),
    CheckConstraint("quantity_milli > 0", name="quantity_positive"),
    CheckConstraint("num_nonnulls(discount_percent_bp, discount_minor) <= 1", name="one_discount"),
)
