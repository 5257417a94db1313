"""Logs: one JSON object a line on standard output, configured once, for our own records and the libraries' alike."""

from __future__ import annotations

import logging
import sys
from collections.abc import MutableMapping
from contextlib import suppress
from contextvars import ContextVar
from typing import Any, BinaryIO, TextIO, cast

import orjson
import structlog
from structlog.typing import EventDict, Processor

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)


def log() -> structlog.typing.FilteringBoundLogger:
    return structlog.get_logger()


class _Out:
    """Standard output as it is at the moment of writing. A line that cannot be written is lost, and nothing else is:
    whoever reads the log may have gone, and a till must go on selling."""

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            return sys.stdout.write(text)
        return 0

    def flush(self) -> None:
        with suppress(OSError, ValueError):
            sys.stdout.flush()


class _OutBytes(_Out):
    def write(self, text: bytes) -> int:  # pyright: ignore[reportIncompatibleMethodOverride]  # bytes where the other has text
        with suppress(OSError, ValueError):
            # What stands in for standard output may take text alone.
            buffer = getattr(sys.stdout, "buffer", None)
            return buffer.write(text) if buffer is not None else sys.stdout.write(text.decode())
        return 0


def configure(level: str, log_format: str) -> None:
    """Set up structlog and route the standard library's loggers through it. Call once per process."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        _with_request_id,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
    ]
    plain = log_format == "console"
    tail: list[Processor] = (
        [_console()]
        if plain
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_dumps)]
    )
    structlog.configure(
        processors=[*shared, *tail],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", _Out()))
        if plain
        else structlog.BytesLoggerFactory(cast("BinaryIO", _OutBytes())),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(_Out())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _console() if plain else structlog.processors.JSONRenderer(serializer=_dumps_text),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.INFO))
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = name != "uvicorn.access"  # The access log is ours, with route and request id.
    logging.getLogger("alembic").setLevel(logging.WARNING)


def _console() -> structlog.dev.ConsoleRenderer:
    # The default traceback shows local variables: a PIN or a token among them would stand in the log.
    return structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)


def _with_request_id(_: object, __: str, event: EventDict) -> MutableMapping[str, Any]:
    if (current := request_id.get()) is not None:
        event.setdefault("request_id", current)
    return event


def _dumps(value: object, **_: object) -> bytes:
    return orjson.dumps(value, default=str, option=orjson.OPT_NON_STR_KEYS)


def _dumps_text(value: object, **_: object) -> str:
    return _dumps(value).decode()
