"""`python -m tillvault_bot`."""

from __future__ import annotations

import asyncio
import logging
import sys

from pydantic import ValidationError

from tillvault_bot.app import run
from tillvault_bot.settings import Settings


def main() -> None:
    try:
        settings = Settings()  # pyright: ignore[reportCallIssue]  # what is required comes from the environment
    except ValidationError as error:
        for finding in error.errors():
            name = "_".join(str(part) for part in finding["loc"])
            sys.stderr.write(f"BOT_{name.upper()}: {finding['msg']}\n" if name else f"{finding['msg']}\n")
        raise SystemExit(2) from None
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    asyncio.run(run(settings))


if __name__ == "__main__":
    main()
