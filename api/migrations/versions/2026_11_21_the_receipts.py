"""the receipts"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.support import append_only, protect

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receipt_prints",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("sale_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False, comment="1 is the original"),
        sa.Column("printed_by", sa.Uuid(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("paper_mm", sa.SmallInteger(), nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("number BETWEEN 1 AND 1000", name=op.f("ck_receipt_prints_number_in_range")),
        sa.CheckConstraint("form IN ('html', 'pdf', 'escpos')", name=op.f("ck_receipt_prints_form_known")),
        sa.ForeignKeyConstraint(
            ["organisation_id", "sale_id"],
            ["sales.organisation_id", "sales.id"],
            name=op.f("fk_receipt_prints_organisation_id_sale_id"),
        ),
        sa.ForeignKeyConstraint(
            ["organisation_id", "printed_by"],
            ["users.organisation_id", "users.id"],
            name=op.f("fk_receipt_prints_organisation_id_printed_by"),
        ),
        sa.PrimaryKeyConstraint("organisation_id", "sale_id", "number", name=op.f("pk_receipt_prints")),
    )
    protect("receipt_prints", "SELECT, INSERT")
    append_only("receipt_prints")


def downgrade() -> None:
    raise RuntimeError("Restore a backup: which receipts were printed is not forgotten by a command.")
