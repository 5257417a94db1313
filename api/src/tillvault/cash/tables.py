"""Tables of the drawer. Counts, amounts and reports are only ever added; a session's row moves through its states."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
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

session_status = Enum("OPEN", "PENDING_REVIEW", "CLOSED", name="session_status")
close_reason = Enum("NORMAL", "FORCED", "RELEASED", name="close_reason")
movement_type = Enum(
    "SALE_CASH", "REFUND_CASH", "PAID_IN", "PAID_OUT", "ADJUSTMENT", "SAFE_DROP", name="cash_movement_type"
)
movement_status = Enum("APPROVED", "PENDING", "DECLINED", name="cash_movement_status")

cash_sessions = Table(
    "cash_sessions",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    Column("register_id", Uuid),
    Column("opened_by", Uuid, nullable=False),
    Column("opened_at", DateTime(timezone=True), nullable=False),
    Column("business_date", Date, nullable=False),
    Column("base_currency", Text, nullable=False, comment="the branch's when it opened: sales of the drawer are in it"),
    Column("status", session_status, nullable=False),
    Column("note", Text),
    Column("close_reason", close_reason),
    Column("close_note", Text),
    Column("forced_reason", Text),
    Column("closed_by", Uuid),
    Column("closed_at", DateTime(timezone=True)),
    Column("counted_provided", Boolean),
    Column("z_number", Integer),
    Column("reviewed_by", Uuid),
    Column("reviewed_at", DateTime(timezone=True)),
    Column("review_note", Text),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "branch_id", "id"),
    ForeignKeyConstraint(["organisation_id", "branch_id"], ["branches.organisation_id", "branches.id"]),
    ForeignKeyConstraint(
        ["organisation_id", "branch_id", "register_id"],
        ["registers.organisation_id", "registers.branch_id", "registers.id"],
    ),
    ForeignKeyConstraint(["organisation_id", "opened_by"], ["users.organisation_id", "users.id"]),
    ForeignKeyConstraint(["organisation_id", "closed_by"], ["users.organisation_id", "users.id"]),
    ForeignKeyConstraint(["organisation_id", "reviewed_by"], ["users.organisation_id", "users.id"]),
    CheckConstraint("(status = 'OPEN') = (closed_at IS NULL)", name="closed_has_time"),
    CheckConstraint(
        "num_nonnulls(closed_at, close_reason, counted_provided, z_number) IN (0, 4)", name="closed_as_a_whole"
    ),
    Index(
        # cash-session-hardening.md, criterion 1.
        "uq_cash_sessions_one_open_per_register",
        "organisation_id",
        "register_id",
        unique=True,
        postgresql_where=text("status = 'OPEN'"),
    ),
    Index(
        # cash-session-api.md, "Open session": one OPEN session per user per branch.
        "uq_cash_sessions_one_open_per_user",
        "organisation_id",
        "branch_id",
        "opened_by",
        unique=True,
        postgresql_where=text("status = 'OPEN'"),
    ),
    Index("ix_cash_sessions_opened", "organisation_id", "opened_at", "id"),
    Index("ix_cash_sessions_register", "organisation_id", "register_id", "opened_at"),
)

cash_session_floats = Table(
    # One row per currency that the drawer holds, 0 included: the drawer's currencies are fixed when it opens.
    "cash_session_floats",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("currency", Text, nullable=False),
    Column("opening_minor", BigInteger, nullable=False),
    Column("denominations", JSONB),
    PrimaryKeyConstraint("organisation_id", "session_id", "currency"),
    ForeignKeyConstraint(["organisation_id", "session_id"], ["cash_sessions.organisation_id", "cash_sessions.id"]),
    CheckConstraint("opening_minor >= 0", name="opening_not_negative"),
)

cash_movements = Table(
    # Totals are sums of these rows (decision 6). Amounts stand in the row, not in a table of their own: a drawer is
    # summed by one scan of its movements, and no plan for a join can go wrong on a table without statistics.
    "cash_movements",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("actor_id", Uuid, nullable=False),
    Column("type", movement_type, nullable=False),
    Column("status", movement_status, nullable=False),
    Column("reason", Text, nullable=False),
    Column("currencies", ARRAY(Text), nullable=False),
    Column(
        "effects_minor",
        ARRAY(BigInteger),
        nullable=False,
        comment="what the movement does to the drawer, by position in currencies; money in is positive",
    ),
    Column("ref_sale_id", Uuid),
    Column("decided_by", Uuid),
    Column("decided_at", DateTime(timezone=True)),
    Column("decision_note", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "session_id", "id"),
    ForeignKeyConstraint(
        ["organisation_id", "branch_id", "session_id"],
        ["cash_sessions.organisation_id", "cash_sessions.branch_id", "cash_sessions.id"],
    ),
    ForeignKeyConstraint(["organisation_id", "actor_id"], ["users.organisation_id", "users.id"]),
    ForeignKeyConstraint(["organisation_id", "decided_by"], ["users.organisation_id", "users.id"]),
    CheckConstraint("status <> 'PENDING' OR decided_at IS NULL", name="pending_is_undecided"),
    CheckConstraint(
        "cardinality(currencies) BETWEEN 1 AND 10 AND cardinality(currencies) = cardinality(effects_minor)"
        " AND 0 <> ALL (effects_minor)",
        name="amounts_whole",
    ),
    Index("ix_cash_movements_waiting", "organisation_id", "session_id", postgresql_where=text("status = 'PENDING'")),
)

cash_counts = Table(
    # Number 1 is the count of the close, which the Z keeps; later numbers are recounts beside it.
    "cash_counts",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("number", SmallInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("counted_minor", BigInteger, nullable=False),
    Column("expected_minor", BigInteger, nullable=False),
    Column("denominations", JSONB),
    Column("left_minor", BigInteger, comment="what the close left in the drawer, where somebody said so"),
    Column("counted_by", Uuid, nullable=False),
    Column("counted_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "session_id", "number", "currency"),
    ForeignKeyConstraint(
        ["organisation_id", "session_id", "currency"],
        [
            "cash_session_floats.organisation_id",
            "cash_session_floats.session_id",
            "cash_session_floats.currency",
        ],
    ),
    ForeignKeyConstraint(["organisation_id", "counted_by"], ["users.organisation_id", "users.id"]),
    CheckConstraint("counted_minor >= 0 OR counted_minor = expected_minor", name="counted_not_negative"),
    CheckConstraint("left_minor BETWEEN 0 AND counted_minor", name="left_was_counted"),
)

z_reports = Table(
    "z_reports",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("session_id", Uuid, nullable=False),
    Column("series_id", Uuid, nullable=False, comment="the register, or the branch for drawers without one"),
    Column("z_number", Integer, nullable=False, comment="1, 2, 3 … without gaps in a series"),
    Column("body", LargeBinary, nullable=False, comment="the answer, byte for byte"),
    Column("perpetual", JSONB, nullable=False, comment="all that the series ever sold and gave back, by currency"),
    Column("receipts_through", Integer, nullable=False, comment="the last receipt that the perpetual totals know"),
    Column("created_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "session_id"),
    UniqueConstraint("organisation_id", "series_id", "z_number"),
    ForeignKeyConstraint(["organisation_id", "session_id"], ["cash_sessions.organisation_id", "cash_sessions.id"]),
    CheckConstraint("z_number > 0", name="z_number_positive"),
)
