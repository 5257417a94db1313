"""the relay"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.support import APP_ROLE, protect, readable_by_directory

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "outbox_events",
        sa.Column(
            "relayed_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="when it was delivered or handed to the deliveries",
        ),
    )
    op.create_index(
        "ix_outbox_events_waiting",
        "outbox_events",
        ["organisation_id", "occurred_at", "id"],
        unique=False,
        postgresql_where=sa.text("relayed_at IS NULL"),
    )
    op.create_index(
        "ix_outbox_events_occurred", "outbox_events", ["organisation_id", "occurred_at", "id"], unique=False
    )
    _deliveries()
    op.create_table(
        "webhook_endpoints",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("types", sa.ARRAY(sa.Text()), nullable=True, comment="null: every type"),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column(
            "generation", sa.Integer(), nullable=False, comment="of the secret, which is derived and never stored"
        ),
        sa.Column("rotated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_by", sa.Uuid(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("generation >= 1", name=op.f("ck_webhook_endpoints_generation_positive")),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "sync_logs",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False, comment="which try this was"),
        sa.Column("event_id", sa.Uuid(), nullable=True, comment="of a webhook"),
        sa.Column("event_count", sa.Integer(), nullable=False),
        sa.Column("response_code", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('SUCCEEDED', 'FAILED')", name=op.f("ck_sync_logs_status_known")),
        sa.PrimaryKeyConstraint("organisation_id", "id", name=op.f("pk_sync_logs")),
    )
    op.create_index("ix_sync_logs_started", "sync_logs", ["organisation_id", "started_at", "id"], unique=False)

    # What is told stays as it was told: only that it was delivered may be noted, and it may go when its time is over.
    op.execute(f"GRANT UPDATE (relayed_at), DELETE ON outbox_events TO {APP_ROLE}")
    protect("event_queues", "SELECT, INSERT, UPDATE, DELETE")
    protect("event_deliveries", "SELECT, INSERT, UPDATE, DELETE")
    protect("webhook_endpoints", "SELECT, INSERT, UPDATE")
    protect("sync_logs", "SELECT, INSERT, DELETE")
    for table in ("outbox_events", "event_queues", "event_deliveries", "sync_logs"):
        readable_by_directory(table)
    for function, body in _DIRECTORY.items():
        op.execute(f"CREATE FUNCTION {body}")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {function} TO {APP_ROLE}")


def _deliveries() -> None:
    op.create_table(
        "event_queues",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False, comment="redis, nats, subscriber:name or webhook:id"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column(
            "next_attempt_at",
            sa.DateTime(timezone=True),
            nullable=False,
            comment="infinity while the target is paused",
        ),
        sa.Column("leased_by", sa.Integer(), nullable=True, comment="the relay at work on it"),
        sa.Column(
            "head_at", sa.DateTime(timezone=True), nullable=False, comment="when its first waiting event occurred"
        ),
        sa.PrimaryKeyConstraint("organisation_id", "target", "key", name=op.f("pk_event_queues")),
    )
    op.create_index(
        "ix_event_queues_due", "event_queues", ["organisation_id", "target", "next_attempt_at"], unique=False
    )
    op.create_index(
        "ix_event_queues_leased",
        "event_queues",
        ["leased_by"],
        unique=False,
        postgresql_where=sa.text("leased_by IS NOT NULL"),
    )
    op.create_table(
        "event_deliveries",
        sa.Column("organisation_id", sa.Uuid(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), nullable=False),
        sa.Column("response_code", sa.SmallInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False, comment="when it was put here, last"),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("status IN ('PENDING', 'DELIVERED', 'DEAD')", name=op.f("ck_event_deliveries_status_known")),
        sa.PrimaryKeyConstraint("organisation_id", "target", "event_id", name=op.f("pk_event_deliveries")),
    )
    op.create_index(
        "ix_event_deliveries_waiting",
        "event_deliveries",
        ["organisation_id", "target", "key", "occurred_at", "event_id"],
        unique=False,
        postgresql_where=sa.text("status = 'PENDING'"),
    )
    op.create_index(
        "ix_event_deliveries_dead",
        "event_deliveries",
        ["organisation_id", "target"],
        unique=False,
        postgresql_where=sa.text("status = 'DEAD'"),
    )
    op.create_index(
        "ix_event_deliveries_listed",
        "event_deliveries",
        ["organisation_id", "target", "occurred_at", "event_id"],
        unique=False,
    )


# The relay is bound to one organisation per transaction like everybody else: these tell it where there is work, and
# nothing of the work itself. They jump from one organisation to the next along an index instead of reading every row.
_DIRECTORY = {
    "directory_outbox()": """
        directory_outbox() RETURNS TABLE (organisation_id uuid)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            WITH RECURSIVE waiting AS (
                (SELECT e.organisation_id FROM outbox_events e WHERE e.relayed_at IS NULL
                 ORDER BY e.organisation_id LIMIT 1)
                UNION ALL
                SELECT following.organisation_id FROM waiting w CROSS JOIN LATERAL (
                    SELECT e.organisation_id FROM outbox_events e
                    WHERE e.relayed_at IS NULL AND e.organisation_id > w.organisation_id
                    ORDER BY e.organisation_id LIMIT 1) following
            )
            SELECT w.organisation_id FROM waiting w
        $$
    """,
    "directory_queues()": """
        directory_queues() RETURNS TABLE (organisation_id uuid, target text)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            WITH RECURSIVE firsts AS (
                (SELECT q.organisation_id, q.target, q.next_attempt_at FROM event_queues q
                 ORDER BY q.organisation_id, q.target, q.next_attempt_at LIMIT 1)
                UNION ALL
                SELECT following.* FROM firsts f CROSS JOIN LATERAL (
                    SELECT q.organisation_id, q.target, q.next_attempt_at FROM event_queues q
                    WHERE (q.organisation_id, q.target) > (f.organisation_id, f.target)
                    ORDER BY q.organisation_id, q.target, q.next_attempt_at LIMIT 1) following
            )
            SELECT f.organisation_id, f.target FROM firsts f WHERE f.next_attempt_at <= now()
        $$
    """,
    "directory_leases()": """
        directory_leases() RETURNS TABLE (organisation_id uuid, leased_by integer)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            SELECT DISTINCT q.organisation_id, q.leased_by FROM event_queues q WHERE q.leased_by IS NOT NULL
        $$
    """,
    "directory_relay_lag()": """
        directory_relay_lag() RETURNS TABLE (oldest_at timestamptz, dead bigint)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            SELECT least(
                (SELECT min(e.occurred_at) FROM directory_outbox() o CROSS JOIN LATERAL (
                    SELECT x.occurred_at FROM outbox_events x
                    WHERE x.organisation_id = o.organisation_id AND x.relayed_at IS NULL
                    ORDER BY x.occurred_at, x.id LIMIT 1) e),
                (SELECT min(q.head_at) FROM event_queues q WHERE q.next_attempt_at < 'infinity')),
                (SELECT count(*) FROM event_deliveries d WHERE d.status = 'DEAD')
        $$
    """,
    "directory_dead_letters()": """
        directory_dead_letters() RETURNS TABLE (organisation_id uuid)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            SELECT DISTINCT d.organisation_id FROM event_deliveries d WHERE d.status = 'DEAD'
        $$
    """,
    "directory_swept(timestamptz)": """
        directory_swept(before timestamptz) RETURNS TABLE (organisation_id uuid)
        LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
            WITH RECURSIVE organisations AS (
                (SELECT e.organisation_id FROM outbox_events e ORDER BY e.organisation_id LIMIT 1)
                UNION ALL
                SELECT following.organisation_id FROM organisations o CROSS JOIN LATERAL (
                    SELECT e.organisation_id FROM outbox_events e WHERE e.organisation_id > o.organisation_id
                    ORDER BY e.organisation_id LIMIT 1) following
            )
            SELECT o.organisation_id FROM organisations o
            WHERE EXISTS (SELECT FROM outbox_events e
                          WHERE e.organisation_id = o.organisation_id AND e.occurred_at < before)
               OR EXISTS (SELECT FROM sync_logs l
                          WHERE l.organisation_id = o.organisation_id AND l.started_at < before)
        $$
    """,
}


def downgrade() -> None:
    """Forget what was delivered; the events themselves stay, and would all be delivered again."""
    for function in reversed(_DIRECTORY):
        op.execute(f"DROP FUNCTION {function}")
    for table in ("sync_logs", "webhook_endpoints", "event_deliveries", "event_queues"):
        op.drop_table(table)
    op.execute(f"REVOKE UPDATE (relayed_at), DELETE ON outbox_events FROM {APP_ROLE}")
    op.execute("DROP POLICY directory ON outbox_events")
    op.drop_index("ix_outbox_events_occurred", table_name="outbox_events")
    op.drop_index("ix_outbox_events_waiting", table_name="outbox_events")
    op.drop_column("outbox_events", "relayed_at")
