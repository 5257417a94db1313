"""the takings"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from migrations.support import append_only, protect

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_series",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("series_id", sa.Uuid(), nullable=False, comment="the register, or the branch for sales without one"),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.CheckConstraint("last_number > 0", name=op.f("ck_receipt_series_last_number_positive")),
        sa.PrimaryKeyConstraint("organisation_id", "series_id", name=op.f("pk_receipt_series")),
    )
    op.create_table(
        "sales",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Enum("SALE", "REFUND", name="sale_kind"), nullable=False),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("register_id", sa.Uuid(), nullable=True),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("cashier_id", sa.Uuid(), nullable=False),
        sa.Column("approved_by", sa.Uuid(), nullable=True, comment="of a refund: whose PIN allowed it"),
        sa.Column("series_id", sa.Uuid(), nullable=False),
        sa.Column("receipt_number", sa.Integer(), nullable=False),
        sa.Column("refunded_sale_id", sa.Uuid(), nullable=True),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("goods_minor", sa.BigInteger(), nullable=False, comment="Σ of the lines, tax included"),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("donation_minor", sa.BigInteger(), nullable=False),
        sa.Column("rounding_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False, comment="goods + donation + rounding"),
        sa.Column("rounded_currency", sa.Text(), nullable=True),
        sa.Column(
            "rounded_minor", sa.BigInteger(), nullable=True, comment="the rounding in the currency that was rounded"
        ),
        sa.Column(
            "fx_rates",
            postgresql.JSONB(astext_type=sa.Text()),
            nullable=False,
            comment="units per unit of the sale's currency, as text",
        ),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("request_sha256", sa.LargeBinary(), nullable=False, comment="tells a repetition from another sale"),
        sa.Column("ticket", sa.LargeBinary(), nullable=False, comment="what goes into the vault, byte for byte"),
        sa.Column("ticket_sha256", sa.LargeBinary(), nullable=False, comment="identity of the ticket in the vault"),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(kind = 'REFUND') = (refunded_sale_id IS NOT NULL)", name=op.f("ck_sales_refund_names_its_sale")
        ),
        sa.CheckConstraint(
            "CASE kind WHEN 'SALE' THEN goods_minor >= 0 AND donation_minor >= 0"
            " ELSE goods_minor <= 0 AND donation_minor = 0 END",
            name=op.f("ck_sales_sign_of_kind"),
        ),
        sa.CheckConstraint(
            "octet_length(ticket_sha256) = 32 AND octet_length(request_sha256) = 32", name=op.f("ck_sales_hash_lengths")
        ),
        sa.CheckConstraint(
            "total_minor = goods_minor + donation_minor + rounding_minor", name=op.f("ck_sales_total_adds_up")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "approved_by"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_sales_organisation_id_approved_by"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id", "session_id"],
            ["cash_sessions.organisation_id", "cash_sessions.branch_id", "cash_sessions.id"],
            name=op.f("fk_sales_organisation_id_branch_id_session_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_sales_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "cashier_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_sales_organisation_id_cashier_id"),
        ),
        sa.UniqueConstraint(
            "organisation_id",
            "series_id",
            "receipt_number",
            name=op.f("uq_sales_organisation_id_series_id_receipt_number"),
        ),
    )
    op.create_index("ix_sales_created", "sales", ["organisation_id", "created_at", "id"], unique=False)
    op.create_index(
        "ix_sales_refunded",
        "sales",
        ["organisation_id", "refunded_sale_id"],
        unique=False,
        postgresql_where=sa.text("refunded_sale_id IS NOT NULL"),
    )
    op.create_index("ix_sales_session", "sales", ["organisation_id", "session_id"], unique=False)
    # The key last, as that of branches: or every line and payment would be checked by reading every sale.
    op.create_primary_key(op.f("pk_sales"), "sales", ["organisation_id", "id"])
    op.create_foreign_key(
        op.f("fk_sales_organisation_id_refunded_sale_id"),
        "sales",
        "sales",
        ["organisation_id", "refunded_sale_id"],
        ["organisation_id", "id"],
    )
    op.create_table(
        "sale_lines",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column(
            "number", sa.SmallInteger(), nullable=False, comment="on a refund, the number of the line that came back"
        ),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("refunded_sale_id", sa.Uuid(), nullable=True),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("category_id", sa.Uuid(), nullable=True),
        sa.Column("category_name", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("eee_category", sa.Text(), nullable=True),
        sa.Column("weight_grams", sa.BigInteger(), nullable=True),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=False),
        sa.Column("list_price_minor", sa.BigInteger(), nullable=True),
        sa.Column("gross_minor", sa.BigInteger(), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("total_minor", sa.BigInteger(), nullable=False),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=False),
        sa.Column("tax_minor", sa.BigInteger(), nullable=False),
        sa.Column("refunded_before_milli", sa.BigInteger(), nullable=True),
        sa.Column("sold_milli", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "(refunded_sale_id IS NULL AND refunded_before_milli IS NULL AND sold_milli IS NULL AND quantity_milli > 0)"
            " OR (refunded_sale_id IS NOT NULL AND num_nonnulls(refunded_before_milli, sold_milli) = 2"
            " AND quantity_milli < 0 AND refunded_before_milli >= 0"
            " AND refunded_before_milli - quantity_milli <= sold_milli)",
            name=op.f("ck_sale_lines_refund_within_sale"),
        ),
        sa.CheckConstraint("quantity_milli <> 0", name=op.f("ck_sale_lines_quantity_not_zero")),
        sa.CheckConstraint("total_minor = gross_minor - discount_minor", name=op.f("ck_sale_lines_total_adds_up")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "sale_id"],
            ["sales.organisation_id", "sales.id"],
            name=op.f("fk_sale_lines_organisation_id_sale_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "sale_id", "number", name=op.f("pk_sale_lines")),
    )
    op.create_index("ix_sale_lines_session", "sale_lines", ["organisation_id", "session_id"], unique=False)
    op.create_index(
        "uq_sale_lines_next_refund",
        "sale_lines",
        ["organisation_id", "refunded_sale_id", "number", "refunded_before_milli"],
        unique=True,
        postgresql_where=sa.text("refunded_sale_id IS NOT NULL"),
    )
    op.create_table(
        "sale_payments",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("flow", sa.Enum("TENDER", "CHANGE", name="payment_flow"), nullable=False),
        sa.Column(
            "method",
            sa.Enum("CASH", "CARD", "CHECK", "QR", "TRANSFER", "VOUCHER", name="payment_method"),
            nullable=False,
        ),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("amount_minor", sa.BigInteger(), nullable=False),
        sa.Column("base_minor", sa.BigInteger(), nullable=False, comment="in the sale's currency, at the frozen rate"),
        sa.Column("reference", sa.Text(), nullable=True),
        sa.CheckConstraint("amount_minor <> 0", name=op.f("ck_sale_payments_amount_not_zero")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "sale_id"],
            ["sales.organisation_id", "sales.id"],
            name=op.f("fk_sale_payments_organisation_id_sale_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "sale_id", "number", name=op.f("pk_sale_payments")),
    )
    op.create_index("ix_sale_payments_session", "sale_payments", ["organisation_id", "session_id"], unique=False)
    op.create_table(
        "carts",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False, comment="the sale that it becomes has the same"),
        sa.Column("branch_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True, comment="the drawer of whoever holds it"),
        sa.Column("cashier_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Enum("OPEN", "PARKED", "FINALISED", "ABANDONED", name="cart_status"), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=True),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("discount_percent_bp", sa.Integer(), nullable=True),
        sa.Column("discount_minor", sa.BigInteger(), nullable=True),
        sa.Column("donation_minor", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("donation_minor >= 0", name=op.f("ck_carts_donation_not_negative")),
        sa.CheckConstraint(
            "num_nonnulls(discount_percent_bp, discount_minor) <= 1", name=op.f("ck_carts_one_discount")
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "branch_id"],
            ["branches.organisation_id", "branches.id"],
            name=op.f("fk_carts_organisation_id_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "cashier_id"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_carts_organisation_id_cashier_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_carts")),
    )
    op.create_index("ix_carts_branch", "carts", ["organisation_id", "branch_id", "status", "updated_at"], unique=False)
    op.create_table(
        "cart_lines",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("cart_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False, comment="time-ordered: lines stand in the order in which they came"),
        sa.Column("product_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("quantity_milli", sa.BigInteger(), nullable=False),
        sa.Column("unit_price_minor", sa.BigInteger(), nullable=True, comment="where a person gave it"),
        sa.Column("price_decided_by", sa.Uuid(), nullable=True, comment="who may decide prices and gave this one"),
        sa.Column("tax_rate_bp", sa.Integer(), nullable=True),
        sa.Column("discount_percent_bp", sa.Integer(), nullable=True),
        sa.Column("discount_minor", sa.BigInteger(), nullable=True),
        sa.Column("eee_category", sa.Text(), nullable=True),
        sa.Column("weight_grams", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "num_nonnulls(discount_percent_bp, discount_minor) <= 1", name=op.f("ck_cart_lines_one_discount")
        ),
        sa.CheckConstraint("quantity_milli > 0", name=op.f("ck_cart_lines_quantity_positive")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "cart_id"],
            ["carts.organisation_id", "carts.id"],
            name=op.f("fk_cart_lines_organisation_id_cart_id"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "cart_id", "id", name=op.f("pk_cart_lines")),
    )
    protect("receipt_series", "SELECT, INSERT, UPDATE")
    protect("carts", "SELECT, INSERT, UPDATE")
    protect("cart_lines", "SELECT, INSERT, UPDATE, DELETE")
    for table in ("sales", "sale_lines", "sale_payments"):
        protect(table, "SELECT, INSERT")
        append_only(table)


def downgrade() -> None:
    raise RuntimeError("Restore a backup: what a shop has sold is not unmade by a command.")
