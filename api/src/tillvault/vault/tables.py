"""Tables of the vault. The head of a log and the key register are the only rows that move; tickets, leaves, tiles and
checkpoints are only ever added (vault.md, "Storage protection")."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKeyConstraint,
    Index,
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

vault_keys = Table(
    # Every public key ever used, of the whole installation: all organisations' evidence is by the same keys, and the
    # keys are shown to everybody. The only change of a row is its end.
    "vault_keys",
    metadata,
    Column("kid", Text, nullable=False, comment="RFC 7638 thumbprint"),
    Column("use", Text, nullable=False),
    Column("jwk", Text, nullable=False, comment="public JWK, RFC 8785"),
    Column("since", DateTime(timezone=True), nullable=False, comment="a whole second"),
    Column("until", DateTime(timezone=True), comment="a whole second; null while the key signs"),
    PrimaryKeyConstraint("kid"),
    CheckConstraint("use IN ('evidence', 'checkpoint')", name="use_known"),
    CheckConstraint("until >= since", name="window"),
    Index("uq_vault_keys_current", "use", unique=True, postgresql_where=text("until IS NULL")),
)

vault_logs = Table(
    # One log per tenant. Whoever appends holds this row; positions come from here, never from a sequence.
    "vault_logs",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("origin", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("frontier", LargeBinary, nullable=False, comment="hashes of the complete subtrees, 32 bytes each"),
    Column("last_leaf_hash", LargeBinary, nullable=False),
    Column("streams", JSONB, nullable=False, comment="last position of each stream"),
    Column("last_received_at", DateTime(timezone=True), comment="before the first leaf: when its key began to sign"),
    Column("evidence_kid", Text, nullable=False, comment="the key that signs this log's evidence"),
    PrimaryKeyConstraint("organisation_id"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    CheckConstraint("size >= 0", name="size_not_negative"),
    CheckConstraint("octet_length(last_leaf_hash) = 32", name="leaf_hash_length"),
    CheckConstraint("octet_length(frontier) % 32 = 0", name="frontier_length"),
)

vault_leaves = Table(
    "vault_leaves",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("stream", Text, nullable=False),
    Column("stream_seq", BigInteger, nullable=False),
    Column("leaf", Text, nullable=False, comment="RFC 8785 text"),
    Column("leaf_hash", LargeBinary, nullable=False, comment="RFC 6962"),
    Column("content", Text, comment="canonical body of leaves that are not tickets"),
    PrimaryKeyConstraint("organisation_id", "index"),
    UniqueConstraint("organisation_id", "stream", "stream_seq"),
    ForeignKeyConstraint(["organisation_id"], ["vault_logs.organisation_id"]),
)

vault_tickets = Table(
    "vault_tickets",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("scheme", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False, comment="identity of the ticket"),
    Column("source_id", Text, nullable=False),
    Column("pos_session", Text),
    Column("envelope", Text, nullable=False, comment="canonical metadata with its salt"),
    Column("raw", LargeBinary, nullable=False, comment="the body as it came, byte for byte"),
    Column("ledger_hash", Text, nullable=False),
    Column("evidence_jws", Text, nullable=False),
    Column("received_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "sha256"),
    UniqueConstraint("organisation_id", "index"),
    ForeignKeyConstraint(["organisation_id", "index"], ["vault_leaves.organisation_id", "vault_leaves.index"]),
    CheckConstraint("octet_length(sha256) = 32", name="sha256_length"),
    Index("ix_vault_tickets_source", "organisation_id", "source_id"),
    Index("ix_vault_tickets_session", "organisation_id", "pos_session", "index"),
    Index("ix_vault_tickets_received", "organisation_id", "received_at", "id"),
)

vault_tiles = Table(
    # Complete 256-wide tiles (C2SP tlog-tiles): a proof reads O(log n) rows at any size.
    "vault_tiles",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("index", BigInteger, nullable=False),
    Column("hashes", LargeBinary, nullable=False),
    Column("root", LargeBinary, nullable=False, comment="the node that this tile is on the level above"),
    PrimaryKeyConstraint("organisation_id", "level", "index"),
    ForeignKeyConstraint(["organisation_id"], ["vault_logs.organisation_id"]),
    CheckConstraint("octet_length(hashes) = 8192", name="tile_complete"),
)

vault_checkpoints = Table(
    "vault_checkpoints",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("root", LargeBinary, nullable=False),
    Column("note", Text, nullable=False, comment="C2SP tlog-checkpoint"),
    Column("jws", Text, nullable=False),
    Column("issued_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "size", "issued_at"),
    ForeignKeyConstraint(["organisation_id"], ["vault_logs.organisation_id"]),
    CheckConstraint("octet_length(root) = 32", name="root_length"),
)

vault_checks = Table(
    # What `tillvault vault fsck` found, each time: a log that does not hold has to be heard of.
    "vault_checks",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("size", BigInteger, nullable=False, comment="leaves that were read"),
    Column("with_signatures", Boolean, nullable=False),
    Column("fault_index", BigInteger, comment="the first that is wrong, where one is to be named"),
    Column("fault", Text, comment="null: the log holds"),
    Column("checked_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    Index("ix_vault_checks_checked", "organisation_id", "checked_at", "id"),
)
