"""Alerts to those who supervise: each once for each of them, whatever restarts in between."""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import UTC, datetime, timedelta

from aiogram.types import CallbackQuery

from tillvault_bot.api import Api, ApiRefused
from tillvault_bot.chats import Chat
from tillvault_bot.figures import differences
from tillvault_bot.outgoing import Buttons, Outgoing
from tillvault_bot.shapes import Alert, Language, Link, VaultAlert
from tillvault_bot.store import Store
from tillvault_bot.texts import say

_OVERLAP = timedelta(hours=1)
"""Read again what was read already: a close that committed late is found all the same."""
_FIRST_LOOK = timedelta(days=1)
_FORGET_AFTER_SECONDS = 30 * 86_400
_ASKED_TIMES = 3
_ASKED_AGAIN_SECONDS = 1.0
_STATE = "alerts"
_VAULT_STATE = "vault"

log = logging.getLogger("tillvault_bot")


class Alerts:
    def __init__(self, api: Api, out: Outgoing, store: Store) -> None:
        self._api = api
        self._out = out
        self._store = store
        # Two chores tell, and what was told is one document for each chat.
        self._telling = asyncio.Lock()

    async def look(self) -> None:
        """Tell what is new. Raises ApiDown."""
        started = datetime.now(UTC)
        state = await self._store.get(_STATE) or {}
        since = datetime.fromisoformat(state["looked_at"]) - _OVERLAP if "looked_at" in state else started - _FIRST_LOOK
        alerts = await self._api.alerts(since=since)
        links = [link for link in await self._api.links() if link.supervises]
        taken = True
        for alert in reversed(alerts.items):
            for link in links:
                if _is_for(alert, link):
                    taken &= await self._tell(link, alert.key, _text(alert, link.language), _buttons(alert, link))
        if alerts.vault is not None:
            for link in links:
                taken &= await self._tell_broken(link, alerts.vault)
        if taken:
            await self._store.put(_STATE, {"looked_at": started.isoformat()})

    async def look_at_vault(self) -> None:
        """Tell when the vault begins to refuse its log, once until it signs again. Raises ApiDown."""
        links = [link for link in await self._api.links() if link.supervises]
        for organisation in {link.organisation for link in links}:
            name = f"{_VAULT_STATE}:{organisation}"
            state = await self._store.get(name)
            if not await self._refuses(organisation):
                if state is not None:
                    await self._store.delete(name)
                continue
            if state is None:
                state = {"since": datetime.now(UTC).isoformat()}
                await self._store.put(name, state)
            for link in links:
                buttons = [[(say(link.language, "acknowledge"), "a:seen")]]
                await self._tell(link, f"VAULT:{state['since']}", say(link.language, "alert_VAULT"), buttons)

    async def _refuses(self, organisation: str) -> bool:
        """Whether the vault refuses its log, and not only at this moment: a database that is too busy for one answer
        refuses with the same status. Raises ApiDown."""
        for number in range(_ASKED_TIMES):
            if number:
                await asyncio.sleep(_ASKED_AGAIN_SECONDS)
            if await self._api.vault_signs(organisation):
                return False
        return True

    async def press(self, chat: Chat, link: Link, pressed: CallbackQuery, *, data: str, update_id: int) -> None:
        """A button below an alert. Raises ApiDown."""
        act, _, session_id = data.partition(":")
        language = chat.language
        if not link.supervises:
            note = say(language, "stale")
        elif act == "seen":
            note = say(language, "acknowledged", name=link.user_name)
        elif act == "ok":
            note = await self._approve(link, session_id, language, update_id=update_id)
        elif act == "re":
            note = await self._ask_recount(link, session_id, language)
        else:
            note = say(language, "stale")
        message = pressed.message
        text = getattr(message, "text", None) if message else None
        if message is not None and text:
            await self._out.rewrite(chat.id, message.message_id, f"{text}\n\n{note}")
        else:
            await self._out.say(chat.id, note)

    async def _approve(self, link: Link, session_id: str, language: Language, *, update_id: int) -> str:
        """To acknowledge a difference is to approve it: the review of the drawer ends with it."""
        try:
            await self._api.approve(link.telegram_id, session_id, key=f"telegram-review:{update_id}")
        except ApiRefused as refusal:
            match refusal.code:
                case "SESSION_NOT_PENDING_REVIEW":
                    return say(language, "settled")
                case "SELF_REVIEW_FORBIDDEN":
                    return say(language, "own_close")
                case _:
                    return say(language, "refused", message=refusal.message)
        return say(language, "acknowledged", name=link.user_name)

    async def _ask_recount(self, link: Link, session_id: str, language: Language) -> str:
        """Tell who had the drawer to count it again. The review stays open until it was counted."""
        alerts = await self._api.alerts(since=datetime.now(UTC) - _FIRST_LOOK)
        found = next((alert for alert in alerts.items if alert.session_id == session_id), None)
        if found is None or not found.needs_review:
            return say(language, "settled")
        cashier = next((one for one in await self._api.links() if one.user_id == found.opened_by), None)
        asked = say(language, "recount_asked", name=link.user_name)
        if cashier is None:
            return asked + say(language, "recount_untold", person=found.opened_by_name)
        wanted = say(
            cashier.language,
            "recount_wanted",
            name=link.user_name,
            register=found.register_name or say(cashier.language, "no_register"),
            date=found.business_date,
        )
        await self._out.say(cashier.chat_id, wanted)
        return asked + say(language, "recount_told", person=found.opened_by_name)

    async def _tell_broken(self, link: Link, alert: VaultAlert) -> bool:
        where = "" if alert.index is None else say(link.language, "vault_entry", index=alert.index)
        text = say(link.language, "alert_VAULT_BROKEN", entry=where, reason=alert.reason)
        return await self._tell(link, alert.key, text, [[(say(link.language, "acknowledge"), "a:seen")]])

    async def _tell(self, link: Link, key: str, text: str, buttons: Buttons) -> bool:
        """Send it unless this person was told; whether that is settled."""
        async with self._telling:
            name = f"told:{link.chat_id}"
            told = (await self._store.get(name) or {}).get("keys", {})
            if key in told:
                return True
            if not await self._out.say(link.chat_id, text, buttons):
                return False
            now = time.time()
            kept = {each: at for each, at in told.items() if now - at < _FORGET_AFTER_SECONDS}
            await self._store.put(name, {"keys": {**kept, key: now}})
            return True


def _is_for(alert: Alert, link: Link) -> bool:
    """Nobody is told of what they did themselves, nor of what was over before they came."""
    if not link.hears_of(alert.branch_id) or (link.user_id == alert.closed_by and alert.kind != "VARIANCE"):
        return False
    return alert.needs_review or alert.kind == "OPEN_PAST_CUTOFF" or alert.at > link.linked_at


def _text(alert: Alert, language: Language) -> str:
    return say(
        language,
        f"alert_{alert.kind}",
        register=alert.register_name or say(language, "no_register"),
        name=alert.opened_by_name,
        date=alert.business_date,
        reason=alert.forced_reason or "–",
        variance=differences(alert.balances),
    )


def _buttons(alert: Alert, link: Link) -> Buttons:
    language = link.language
    if not alert.needs_review:
        return [[(say(language, "acknowledge"), "a:seen")]]
    return [
        [
            (say(language, "acknowledge"), f"a:ok:{alert.session_id}"),
            (say(language, "ask_recount"), f"a:re:{alert.session_id}"),
        ]
    ]
