"""Logs go where standard output goes, and a log that cannot be written stops nothing."""

from __future__ import annotations

import io
import sys

import pytest
import structlog

from tillvault.core import logging


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_log_that_cannot_be_written_stops_nothing(log_format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = io.StringIO()
    gone.close()
    before = structlog.get_config()
    try:
        logging.configure("info", log_format)
        monkeypatch.setattr(sys, "stdout", gone)

        logging.log().info("nobody.reads_this")
        monkeypatch.setattr(sys, "stdout", heard := io.StringIO())
        logging.log().info("somebody.reads_this")
    finally:
        structlog.configure(**before)

    assert "somebody.reads_this" in heard.getvalue()
    assert "nobody.reads_this" not in heard.getvalue()
