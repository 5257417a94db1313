"""Where every update comes in: once each, in the order of its chat, kept while the API is away."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from typing import Any

from aiogram.types import CallbackQuery, Message, Update, User

from tillvault_bot import chats, figures
from tillvault_bot.alerts import Alerts
from tillvault_bot.api import Api, ApiDown, ApiRefused
from tillvault_bot.chats import Chat
from tillvault_bot.deposits import Deposits
from tillvault_bot.outgoing import Outgoing
from tillvault_bot.shapes import Link
from tillvault_bot.store import Store
from tillvault_bot.texts import language_of, say

log = logging.getLogger("tillvault_bot")

UPDATES = ["message", "callback_query"]
_NAME_LENGTH_MAX = 120
_FAILURES_MAX = 10
"""How often the API may fail at an update before it is given up: it must not hold up what comes after for ever."""


class Desk:
    def __init__(self, api: Api, out: Outgoing, store: Store, deposits: Deposits, alerts: Alerts) -> None:
        self._api = api
        self._out = out
        self._store = store
        self._deposits = deposits
        self._alerts = alerts
        self._turns: defaultdict[int, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def take(self, update: Update) -> None:
        """Returns when the update is done or kept; after a crash before that, Telegram sends it again."""
        chat_id = _chat_of(update)
        if chat_id is None:
            return
        async with self._turns[chat_id]:
            chat = await chats.load(self._store, chat_id)
            if chat.has_seen(update.update_id):
                return
            if chat.parked:
                # Whatever waits is older: nothing overtakes it.
                await self._park(chat, update)
                return
            try:
                await self._handle(chat, update)
            except ApiDown as error:
                log.warning("The API does not answer: %s", error)
                before = await chats.load(self._store, chat_id)
                before.language = chat.language
                await self._park(before, update)
                await self._out.say(chat_id, say(chat.language, "down"))
                return
            chat.mark_seen(update.update_id)
            await chats.save(self._store, chat)

    async def take_up(self) -> None:
        """Do what waited for the API, in its order; called while somebody waits or not."""
        waiting = [chat_id for chat_id in await chats.known(self._store) if await self._waits(chat_id)]
        if not waiting or not await self._api.answers():
            return
        for chat_id in waiting:
            async with self._turns[chat_id]:
                await self._take_up(chat_id)

    async def time_out(self) -> None:
        """End the conversations in which nobody has answered. Those that wait for the API wait for us, not we for
        them."""
        for chat_id in await chats.known(self._store):
            async with self._turns[chat_id]:
                chat = await chats.load(self._store, chat_id)
                if chat.conversation is not None and not chat.parked and chat.conversation.deadline < time.time():
                    await self._deposits.time_out(chat)
                    await chats.save(self._store, chat)

    async def give_time(self, seconds: float) -> None:
        """After a start: answers that were sent while the bot was away must not come too late."""
        for chat_id in await chats.known(self._store):
            chat = await chats.load(self._store, chat_id)
            if chat.conversation is not None:
                chat.conversation.deadline = max(chat.conversation.deadline, time.time() + seconds)
                await chats.save(self._store, chat)

    async def _waits(self, chat_id: int) -> bool:
        return bool((await chats.load(self._store, chat_id)).parked)

    async def _park(self, chat: Chat, update: Update) -> None:
        chat.park(update.model_dump(mode="json", exclude_none=True, exclude_unset=True))
        chat.mark_seen(update.update_id)
        await chats.save(self._store, chat)
        if update.callback_query is not None:
            await self._out.settle(update.callback_query.id)

    async def _take_up(self, chat_id: int) -> None:
        chat = await chats.load(self._store, chat_id)
        while chat.parked:
            if not chat.is_back_told:
                # Kept first: where it goes away again at once, it must not be greeted at every try.
                chat.is_back_told = True
                await chats.save(self._store, chat)
                await self._out.say(chat_id, say(chat.language, "back"))
            update = Update.model_validate(chat.parked[0], context={"bot": self._out.bot})
            try:
                await self._handle(chat, update)
            except ApiDown as error:
                if error.is_failure:
                    await self._count_failure(chat_id)
                return
            chat.unpark()
            await chats.save(self._store, chat)

    async def _count_failure(self, chat_id: int) -> None:
        chat = await chats.load(self._store, chat_id)
        chat.failures += 1
        if chat.failures >= _FAILURES_MAX:
            log.error("The API failed %s times at update %s: given up.", chat.failures, chat.parked[0]["update_id"])
            chat.unpark()
            await self._out.say(chat_id, say(chat.language, "failed"))
        await chats.save(self._store, chat)

    async def _handle(self, chat: Chat, update: Update) -> None:
        """Raises ApiDown, and then the chat is as it was stored."""
        person = _person_of(update)
        if person is None:
            return
        chat.language = language_of(person.language_code, chat.language)
        try:
            if update.message is not None:
                await self._read(chat, person, update.message, update.update_id)
            elif update.callback_query is not None:
                await self._pressed(chat, person, update.callback_query, update.update_id)
        except ApiRefused as refusal:
            log.warning("The API refused: %s", refusal)
            await self._out.say(chat.id, say(chat.language, "refused", message=refusal.message))

    async def _read(self, chat: Chat, person: User, message: Message, update_id: int) -> None:
        command, rest = _command(message.text or "")
        if command == "start" and rest:
            await self._link(chat, person, rest, update_id)
            return
        link = await self._api.link_of(person.id)
        if link is None:
            chat.conversation = None
            await self._out.say(chat.id, say(chat.language, "stranger"))
            return
        match command:
            case "start":
                await self._out.say(chat.id, say(chat.language, "welcome", name=link.user_name))
            case "help" | "aide" | "ayuda":
                await self._out.say(chat.id, say(chat.language, "help"))
            case "depot" | "deposit" | "deposito":
                await self._deposits.begin(chat, link, update_id=update_id, text=rest)
            case "annuler" | "cancel" | "cancelar":
                if chat.conversation is None:
                    await self._out.say(chat.id, say(chat.language, "nothing_to_cancel"))
                else:
                    await self._deposits.cancel(chat)
            case "caisse" | "caja" | "drawers":
                await self._out.say(chat.id, await figures.open_drawers(self._api, link, chat.language))
            case "stats":
                labels = await self._deposits.labels(chat.language)
                text = await figures.deposits_of_month(self._api, link, chat.language, labels)
                await self._out.say(chat.id, text)
            case None if chat.conversation is not None:
                await self._deposits.answer(chat, link, message)
            case _:
                await self._out.say(chat.id, say(chat.language, "begin"))

    async def _pressed(self, chat: Chat, person: User, pressed: CallbackQuery, update_id: int) -> None:
        link = await self._api.link_of(person.id)
        kind, _, data = (pressed.data or "").partition(":")
        if link is None:
            await self._out.say(chat.id, say(chat.language, "stranger"))
        elif kind == "d":
            if not await self._deposits.press(chat, link, data=data):
                await self._out.settle(pressed.id, say(chat.language, "stale"))
                return
        elif kind == "a":
            await self._alerts.press(chat, link, pressed, data=data, update_id=update_id)
        await self._out.settle(pressed.id)

    async def _link(self, chat: Chat, person: User, code: str, update_id: int) -> None:
        try:
            link = await self._api.redeem(
                code=code[:40],
                telegram_id=person.id,
                chat_id=chat.id,
                name=(person.full_name.strip() or str(person.id))[:_NAME_LENGTH_MAX],
                language=chat.language,
                key=f"telegram-link:{update_id}",
            )
        except ApiRefused as refusal:
            text = "code_throttled" if refusal.status == 429 else "code_wrong"
            await self._out.say(chat.id, say(chat.language, text))
            return
        chat.conversation = None
        await self._out.say(chat.id, _greeting(chat, link))


def _greeting(chat: Chat, link: Link) -> str:
    return say(chat.language, "linked", name=link.user_name)


def _chat_of(update: Update) -> int | None:
    """The private chat of an update; a group is no place for a drawer's figures."""
    message: Any = update.message or (update.callback_query.message if update.callback_query else None)
    if message is None or message.chat.type != "private":
        return None
    return message.chat.id


def _person_of(update: Update) -> User | None:
    if update.message is not None:
        return update.message.from_user
    return update.callback_query.from_user if update.callback_query else None


def _command(text: str) -> tuple[str | None, str]:
    """`/depot@our_bot 2 lamps` → `depot`, `2 lamps`; no command → None and the text."""
    if not text.startswith("/"):
        return None, text
    first, _, rest = text[1:].partition(" ")
    return first.partition("@")[0].lower(), rest.strip()
