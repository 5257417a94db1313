"""Alembic's entry: runs the migrations over asyncpg, as the owner of the tables."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import Any

import asyncpg
from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from tillvault.core.schema import metadata

for module in (
    "cash",
    "cash.takings",
    "core",
    "deposits",
    "events",
    "identity",
    "identity.telegram",
    "sales.carts",
    "sales.catalogue",
    "sales.receipts",
    "vault",
):
    import_module(f"tillvault.{module}.tables")  # It fills the metadata.


def _run(connection: Connection) -> None:
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, compare_server_default=True)
    with context.begin_transaction():
        # Two processes that start together migrate one after the other.
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7246110)")
        context.run_migrations()


async def _main() -> None:
    dsn: str = context.config.attributes["dsn"]

    async def connect() -> Any:
        return await asyncpg.connect(dsn, timeout=10)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_run)
    await engine.dispose()


asyncio.run(_main())
