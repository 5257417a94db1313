"""Tables of takings. Rows are only ever added; a refund is a row of its own with negative amounts."""

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
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from tillvault.core.schema import metadata

sale_kind = Enum("SALE", "REFUND", name="sale_kind")
payment_method = Enum("CASH", "CARD", "CHECK", "QR", "TRANSFER", "VOUCHER", name="payment_method")
payment_flow = Enum("TENDER", "CHANGE", name="payment_flow")

receipt_series = Table(
    # The number of the last receipt: taken in the transaction of the sale, so a rollback leaves no gap.
    "receipt_series",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("series_id", Uuid, nullable=False, comment="the register, or the branch for sales without one"),
    Column("last_number", Integer, nullable=False),
    PrimaryKeyConstraint("organisation_id", "series_id"),
    CheckConstraint("last_number > 0", name="last_number_positive"),
)

sales = Table(
    "sales",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("kind", sale_kind, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    Column("register_id", Uuid),
    Column("session_id", Uuid),
    Column("cashier_id", Uuid, nullable=False),
    Column("approved_by", Uuid, comment="of a refund: whose PIN allowed it"),
    Column("series_id", Uuid, nullable=False),
    Column("receipt_number", Integer, nullable=False),
    Column("refunded_sale_id", Uuid),
    Column("currency", Text, nullable=False),
    Column("goods_minor", BigInteger, nullable=False, comment="Σ of the lines, tax included"),
    Column("discount_minor", BigInteger, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("donation_minor", BigInteger, nullable=False),
    Column("rounding_minor", BigInteger, nullable=False),
    Column("total_minor", BigInteger, nullable=False, comment="goods + donation + rounding"),
    Column("rounded_currency", Text),
    Column("rounded_minor", BigInteger, comment="the rounding in the currency that was rounded"),
    Column("fx_rates", JSONB, nullable=False, comment="units per unit of the sale's currency, as text"),
    Column("note", Text),
    Column("request_sha256", LargeBinary, nullable=False, comment="tells a repetition from another sale"),
    Column("ticket", LargeBinary, nullable=False, comment="what goes into the vault, byte for byte"),
    Column("ticket_sha256", LargeBinary, nullable=False, comment="identity of the ticket in the vault"),
    Column("occurred_at", DateTime(timezone=True), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "series_id", "receipt_number"),
    ForeignKeyConstraint(
        ["organisation_id", "branch_id", "session_id"],
        ["cash_sessions.organisation_id", "cash_sessions.branch_id", "cash_sessions.id"],
    ),
    ForeignKeyConstraint(["organisation_id", "branch_id"], ["branches.organisation_id", "branches.id"]),
    ForeignKeyConstraint(["organisation_id", "cashier_id"], ["users.organisation_id", "users.id"]),
    ForeignKeyConstraint(["organisation_id", "approved_by"], ["users.organisation_id", "users.id"]),
    ForeignKeyConstraint(["organisation_id", "refunded_sale_id"], ["sales.organisation_id", "sales.id"]),
    CheckConstraint("total_minor = goods_minor + donation_minor + rounding_minor", name="total_adds_up"),
    CheckConstraint("(kind = 'REFUND') = (refunded_sale_id IS NOT NULL)", name="refund_names_its_sale"),
    CheckConstraint(
        "CASE kind WHEN 'SALE' THEN goods_minor >= 0 AND donation_minor >= 0"
        " ELSE goods_minor <= 0 AND donation_minor = 0 END",
        name="sign_of_kind",
    ),
    CheckConstraint("octet_length(ticket_sha256) = 32 AND octet_length(request_sha256) = 32", name="hash_lengths"),
    Index("ix_sales_session", "organisation_id", "session_id"),
    Index("ix_sales_created", "organisation_id", "created_at", "id"),
    Index(
        "ix_sales_refunded",
        "organisation_id",
        "refunded_sale_id",
        postgresql_where=text("refunded_sale_id IS NOT NULL"),
    ),
)

sale_lines = Table(
    # The session stands here too: an X sums the lines of a drawer in one scan, without a join.
    "sale_lines",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("sale_id", Uuid, nullable=False),
    Column("number", SmallInteger, nullable=False, comment="on a refund, the number of the line that came back"),
    Column("session_id", Uuid),
    Column("refunded_sale_id", Uuid),
    Column("product_id", Uuid),
    Column("category_id", Uuid),
    Column("category_name", Text),
    Column("name", Text, nullable=False),
    Column("eee_category", Text),
    Column("weight_grams", BigInteger),
    Column("quantity_milli", BigInteger, nullable=False),
    Column("unit_price_minor", BigInteger, nullable=False),
    Column("list_price_minor", BigInteger),
    Column("gross_minor", BigInteger, nullable=False),
    Column("discount_minor", BigInteger, nullable=False),
    Column("total_minor", BigInteger, nullable=False),
    Column("tax_rate_bp", Integer, nullable=False),
    Column("tax_minor", BigInteger, nullable=False),
    Column("refunded_before_milli", BigInteger),
    Column("sold_milli", BigInteger),
    PrimaryKeyConstraint("organisation_id", "sale_id", "number"),
    ForeignKeyConstraint(["organisation_id", "sale_id"], ["sales.organisation_id", "sales.id"]),
    CheckConstraint("total_minor = gross_minor - discount_minor", name="total_adds_up"),
    CheckConstraint("quantity_milli <> 0", name="quantity_not_zero"),
    CheckConstraint(
        # Of one line never more comes back than was sold.
        "(refunded_sale_id IS NULL AND refunded_before_milli IS NULL AND sold_milli IS NULL AND quantity_milli > 0)"
        " OR (refunded_sale_id IS NOT NULL AND num_nonnulls(refunded_before_milli, sold_milli) = 2"
        " AND quantity_milli < 0 AND refunded_before_milli >= 0"
        " AND refunded_before_milli - quantity_milli <= sold_milli)",
        name="refund_within_sale",
    ),
    Index(
        # Two refunds of one line cannot both be the next one.
        "uq_sale_lines_next_refund",
        "organisation_id",
        "refunded_sale_id",
        "number",
        "refunded_before_milli",
        unique=True,
        postgresql_where=text("refunded_sale_id IS NOT NULL"),
    ),
    Index("ix_sale_lines_session", "organisation_id", "session_id"),
)

sale_payments = Table(
    "sale_payments",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("sale_id", Uuid, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("session_id", Uuid),
    Column("flow", payment_flow, nullable=False),
    Column("method", payment_method, nullable=False),
    Column("currency", Text, nullable=False),
    Column("amount_minor", BigInteger, nullable=False),
    Column("base_minor", BigInteger, nullable=False, comment="in the sale's currency, at the frozen rate"),
    Column("reference", Text),
    PrimaryKeyConstraint("organisation_id", "sale_id", "number"),
    ForeignKeyConstraint(["organisation_id", "sale_id"], ["sales.organisation_id", "sales.id"]),
    CheckConstraint("amount_minor <> 0", name="amount_not_zero"),
    Index("ix_sale_payments_session", "organisation_id", "session_id"),
)
