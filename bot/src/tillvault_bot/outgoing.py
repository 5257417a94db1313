"""Speaking to Telegram: messages with buttons, again while Telegram does not listen."""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from aiogram import Bot
from aiogram.exceptions import (
    TelegramBadRequest,
    TelegramForbiddenError,
    TelegramNetworkError,
    TelegramRetryAfter,
    TelegramServerError,
)
from aiogram.types import InlineKeyboardButton, InlineKeyboardMarkup

Buttons = Sequence[Sequence[tuple[str, str]]]
"""Rows of label and what pressing it sends (64 bytes at most)."""

TRIES = 4
TEXT_LENGTH_MAX = 4000
"""Telegram takes 4096."""
_PAUSE_SECONDS = 0.5
_PAUSE_MAX_SECONDS = 60

T = TypeVar("T")
log = logging.getLogger("tillvault_bot")


class Outgoing:
    def __init__(self, bot: Bot) -> None:
        self.bot = bot

    async def say(self, chat_id: int, text: str, buttons: Buttons = ()) -> bool:
        """Whether Telegram took it. Somebody who has blocked the bot is not told again."""
        markup = _markup(buttons) if buttons else None
        try:
            await _patiently(lambda: self.bot.send_message(chat_id, text[:TEXT_LENGTH_MAX], reply_markup=markup))
        except (TelegramForbiddenError, TelegramBadRequest) as error:
            log.warning("Telegram refused a message: %s", error.message)
            return True
        except (TelegramNetworkError, TelegramServerError, TelegramRetryAfter) as error:
            log.warning("Telegram did not take a message: %s", error)
            return False
        return True

    async def rewrite(self, chat_id: int, message_id: int, text: str) -> None:
        """Put other words, and no buttons, where a message stood."""
        with suppress(TelegramForbiddenError, TelegramBadRequest, TelegramNetworkError, TelegramServerError):
            await _patiently(
                lambda: self.bot.edit_message_text(text[:TEXT_LENGTH_MAX], chat_id=chat_id, message_id=message_id)
            )

    async def settle(self, press_id: str, text: str | None = None) -> None:
        """End the waiting of a pressed button. One that was pressed long ago cannot be answered any more."""
        with suppress(TelegramForbiddenError, TelegramBadRequest, TelegramNetworkError, TelegramServerError):
            await self.bot.answer_callback_query(press_id, text=text)

    async def voice(self, file_id: str) -> bytes:
        """The bytes of a recording. Raises what aiogram raises when Telegram does not give it."""
        file = await _patiently(lambda: self.bot.get_file(file_id))
        into = io.BytesIO()
        await self.bot.download_file(file.file_path or "", into)
        return into.getvalue()


async def _patiently(act: Callable[[], Awaitable[T]]) -> T:
    """Raises the last failure."""
    for number in range(1, TRIES + 1):
        try:
            return await act()
        except TelegramRetryAfter as error:
            if number == TRIES:
                raise
            await asyncio.sleep(min(error.retry_after, _PAUSE_MAX_SECONDS))
        except (TelegramNetworkError, TelegramServerError):
            if number == TRIES:
                raise
            await asyncio.sleep(_PAUSE_SECONDS * 2**number)
    raise AssertionError("a loop that returns or raises")


def _markup(buttons: Buttons) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup(
        inline_keyboard=[
            [InlineKeyboardButton(text=label, callback_data=sent) for label, sent in row] for row in buttons
        ]
    )
