"""The table of printings. Rows are only ever added: the first is the original, every other a duplicate."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
)

from tillvault.core.schema import metadata

receipt_prints = Table(
    "receipt_prints",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("sale_id", Uuid, nullable=False),
    Column("number", SmallInteger, nullable=False, comment="1 is the original"),
    Column("printed_by", Uuid, nullable=False),
    Column("form", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("paper_mm", SmallInteger, nullable=False),
    Column("printed_at", DateTime(timezone=True), nullable=False),
    # Two printings cannot both be the original, nor the same duplicate.
    PrimaryKeyConstraint("organisation_id", "sale_id", "number"),
    ForeignKeyConstraint(["organisation_id", "sale_id"], ["sales.organisation_id", "sales.id"]),
    ForeignKeyConstraint(["organisation_id", "printed_by"], ["users.organisation_id", "users.id"]),
    CheckConstraint("number BETWEEN 1 AND 1000", name="number_in_range"),
    CheckConstraint("form IN ('html', 'pdf', 'escpos')", name="form_known"),
)
