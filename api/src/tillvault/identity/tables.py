"""Tables of identity. Every key starts with the organisation (decision 4)."""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Enum,
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

user_role = Enum("CASHIER", "MANAGER", "ADMIN", name="user_role")
terminal_session_status = Enum("activa", "pausada", "cerrada", "cerrada_por_admin", name="terminal_session_status")

organisations = Table(
    "organisations",
    metadata,
    Column("id", Uuid, nullable=False),
    Column("slug", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column(
        "legal_identity", Text, nullable=False, server_default=text("''"), comment="lines that every receipt prints"
    ),
    Column("is_demo", Boolean, nullable=False, server_default=text("false")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("id"),
    UniqueConstraint("slug"),
    CheckConstraint("slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'", name="slug_plain"),
)

branches = Table(
    "branches",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("base_currency", Text, nullable=False),
    Column("currencies", ARRAY(Text), nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "code"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    CheckConstraint("base_currency = ANY (currencies)", name="base_currency_held"),
    CheckConstraint("code = upper(code)", name="code_upper"),
)

store_codes = Table(
    # The one name that is global: a terminal knows its store's code before anything else. It holds no organisation;
    # a trigger on `branches` keeps it, and only the directory functions read it.
    "store_codes",
    metadata,
    Column("code", Text, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    PrimaryKeyConstraint("code"),
    UniqueConstraint("branch_id"),
)

branch_policies = Table(
    "branch_policies",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    Column("policies", JSONB, nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "branch_id"),
    ForeignKeyConstraint(["organisation_id", "branch_id"], ["branches.organisation_id", "branches.id"]),
)

registers = Table(
    "registers",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("emission_point", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "branch_id", "id"),
    UniqueConstraint("organisation_id", "branch_id", "name"),
    UniqueConstraint("organisation_id", "branch_id", "emission_point"),
    ForeignKeyConstraint(["organisation_id", "branch_id"], ["branches.organisation_id", "branches.id"]),
)

users = Table(
    "users",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("username", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("role", user_role, nullable=False),
    Column("is_active", Boolean, nullable=False, server_default=text("true")),
    Column("pin_hash", Text),
    Column("password_hash", Text),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "username"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    CheckConstraint("username = lower(username)", name="username_lower"),
)

user_branches = Table(
    "user_branches",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    Column("position", SmallInteger, nullable=False, comment="0 is the user's own branch, the default of requests"),
    Column("pin_lookup", LargeBinary, comment="HMAC-SHA-256 of the PIN under the pepper; unique in a branch"),
    PrimaryKeyConstraint("organisation_id", "user_id", "branch_id"),
    UniqueConstraint("organisation_id", "branch_id", "pin_lookup"),
    ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"]),
    ForeignKeyConstraint(["organisation_id", "branch_id"], ["branches.organisation_id", "branches.id"]),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("name", Text, nullable=False),
    Column("key_hash", LargeBinary, nullable=False, comment="SHA-256 of the key; the key itself is never stored"),
    Column("hint", Text, nullable=False, comment="first characters of the key, to tell keys apart"),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("created_by", Uuid),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("revoked_at", DateTime(timezone=True)),
    PrimaryKeyConstraint("organisation_id", "id"),
    UniqueConstraint("organisation_id", "key_hash"),
    ForeignKeyConstraint(["organisation_id"], ["organisations.id"]),
    Index("ix_api_keys_key_hash", "key_hash"),
)

terminal_sessions = Table(
    "terminal_sessions",
    metadata,
    Column("organisation_id", Uuid, nullable=False),
    Column("id", Uuid, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("branch_id", Uuid, nullable=False),
    Column("register_id", Uuid, comment="null for a back-office login"),
    Column("status", terminal_session_status, nullable=False),
    Column("token_id", Uuid, nullable=False, comment="the one login whose token is good"),
    Column("device", Text),
    Column("address", Text),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("paused_at", DateTime(timezone=True)),
    Column("ended_at", DateTime(timezone=True)),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("organisation_id", "id"),
    ForeignKeyConstraint(["organisation_id", "user_id"], ["users.organisation_id", "users.id"]),
    ForeignKeyConstraint(
        ["organisation_id", "branch_id", "register_id"],
        ["registers.organisation_id", "registers.branch_id", "registers.id"],
    ),
    ForeignKeyConstraint(["organisation_id", "branch_id"], ["branches.organisation_id", "branches.id"]),
    Index(
        "uq_terminal_sessions_one_register_per_user",
        "organisation_id",
        "user_id",
        unique=True,
        postgresql_where=text("status IN ('activa', 'pausada') AND register_id IS NOT NULL"),
    ),
    Index(
        "uq_terminal_sessions_one_user_per_register",
        "organisation_id",
        "register_id",
        unique=True,
        postgresql_where=text("status IN ('activa', 'pausada') AND register_id IS NOT NULL"),
    ),
)
