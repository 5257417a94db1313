"""`tillvault relay`: the command."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Annotated

import typer

from tillvault.core import logging
from tillvault.core.config import Settings

RunningDatabase = Callable[[Settings], AbstractContextManager[str]]


def command(
    running_database: RunningDatabase,
    refusals_as_exit: Callable[[], AbstractContextManager[None]],
    ended_by_signals: Callable[[], AbstractContextManager[None]],
) -> Callable[..., None]:
    """The command, given how a database is had, a refusal is told, and a signal ends a start that is under way."""

    def relay(
        *,
        metrics_port: Annotated[
            int | None, typer.Option(min=1, max=65535, help="Serve Prometheus metrics on this port.")
        ] = None,
        metrics_host: Annotated[str, typer.Option(help="Address on which they are served.")] = "127.0.0.1",
        replay: Annotated[
            str | None,
            typer.Option(
                metavar="TARGET",
                help="Do not run: let the dead letters of a target (`subscriber:NAME`, `redis`, `nats`, `webhook:ID`) "
                "be tried again, at most 10,000 of each organisation.",
            ),
        ] = None,
    ) -> None:
        """Bring events from the outbox to webhooks, streams and subscribers, until it is told to stop.

        Several may run at once. With an embedded database `tillvault serve` runs one already.
        """
        from prometheus_client import start_http_server  # noqa: PLC0415  (the other commands do without all of it)

        from tillvault import relaying  # noqa: PLC0415  (as above)
        from tillvault.core.metrics import REGISTRY  # noqa: PLC0415  (as above)

        with refusals_as_exit(), ended_by_signals():
            settings = Settings()
            logging.configure(settings.log_level, settings.log_format)
            with running_database(settings) as dsn:
                if replay is not None:
                    revived = asyncio.run(relaying.replay_dead(dsn, settings, target=replay))
                    typer.echo(f"{revived} dead letters of {replay} will be tried again.")
                    return
                if metrics_port is not None:
                    start_http_server(metrics_port, addr=metrics_host, registry=REGISTRY)
                asyncio.run(relaying.run(dsn, settings))

    return relay
