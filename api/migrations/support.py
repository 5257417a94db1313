"""What every migration does to a new table: row-level security, grants, append-only triggers."""

from __future__ import annotations

from alembic import op

APP_ROLE = "tillvault_app"
_CURRENT = "nullif(current_setting('app.organisation_id', true), '')::uuid"


def protect(table: str, grants: str, *, column: str = "organisation_id") -> None:
    """Enable and force row-level security on the organisation (decision 4), and grant the app's role what it needs."""
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY organisation_only ON {table} USING ({column} = {_CURRENT}) WITH CHECK ({column} = {_CURRENT})"
    )
    op.execute(f"GRANT {grants} ON {table} TO {APP_ROLE}")


def readable_by_directory(table: str) -> None:
    """Let the owner read across organisations: the SECURITY DEFINER functions run as the owner, and forced row-level
    security would hide every row from them."""
    op.execute(f"CREATE POLICY directory ON {table} FOR SELECT TO CURRENT_USER USING (true)")


def append_only(table: str) -> None:
    """Refuse UPDATE, DELETE and TRUNCATE, for the owner too. ENABLE ALWAYS: an ordinary trigger is silent under
    session_replication_role = replica."""
    op.execute(
        f"CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only")
