"""The running bot: how updates come in, what it does by itself, and how it stops."""

from __future__ import annotations

import asyncio
import hmac
import logging
import signal
from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.exceptions import TelegramAPIError
from aiogram.types import BotCommand, Update
from aiohttp import web
from pydantic import ValidationError

from tillvault_bot.alerts import Alerts
from tillvault_bot.api import Api, ApiDown, ApiRefused
from tillvault_bot.deposits import Deposits
from tillvault_bot.desk import UPDATES, Desk
from tillvault_bot.outgoing import Outgoing
from tillvault_bot.settings import Settings
from tillvault_bot.store import StoreDown, open_store

log = logging.getLogger("tillvault_bot")

T = TypeVar("T")

POLL_SECONDS = 25
_CONFIRM_SECONDS = 5
_PAUSE_SECONDS = 1.0
_PAUSE_MAX_SECONDS = 30.0
_GRACE_SECONDS = 30.0
_COMMANDS = {
    "fr": {
        "depot": "Dire ce qui est arrivé",
        "annuler": "Arrêter",
        "caisse": "Les caisses ouvertes",
        "stats": "Les dépôts du mois",
        "help": "Ce que je sais faire",
    },
    "es": {
        "depot": "Decir qué ha llegado",
        "cancel": "Parar",
        "caisse": "Cajas abiertas",
        "stats": "Las entradas del mes",
        "help": "Lo que sé hacer",
    },
    None: {
        "depot": "Tell what came in",
        "cancel": "Stop that",
        "caisse": "Open drawers",
        "stats": "This month's deposits",
        "help": "What I can do",
    },
}


async def run(settings: Settings) -> None:
    """Until SIGTERM or SIGINT; what is being done is done first."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    store = open_store(settings.redis_url.get_secret_value() if settings.redis_url else None, settings.state_dir)
    api = Api(settings.api_url, settings.api_key.get_secret_value(), timeout_seconds=settings.api_timeout_seconds)
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram_url.rstrip("/")))
    bot = Bot(settings.telegram_token.get_secret_value(), session=session)
    out = Outgoing(bot)
    alerts = Alerts(api, out, store)
    desk = Desk(api, out, store, Deposits(api, out, settings), alerts)
    runner = await _listen(settings, bot, desk)
    try:
        await desk.give_time(min(_GRACE_SECONDS, settings.conversation_seconds))
        await _introduce(settings, bot)
        chores = [
            _every(settings.retry_seconds, desk.take_up),
            _every(min(1.0, settings.conversation_seconds), desk.time_out),
            _every(settings.alerts_seconds, alerts.look),
            _every(settings.vault_seconds, alerts.look_at_vault),
        ]
        if settings.webhook_url is None:
            chores.append(_poll(bot, desk, stop))
        tasks = [asyncio.create_task(chore) for chore in chores]
        log.info("The bot is ready (%s).", "webhook" if settings.webhook_url else "long polling")
        waiting = asyncio.create_task(stop.wait())
        await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
        for task in (waiting, *tasks):
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result
    finally:
        await runner.cleanup()
        await api.close()
        await store.close()
        await bot.session.close()


async def _introduce(settings: Settings, bot: Bot) -> None:
    """Say how updates are to come, and which commands there are. Telegram may be away: it is asked until it answers."""
    secret = settings.webhook_secret
    while True:
        try:
            if settings.webhook_url is None:
                # What waits is kept: it was sent to the bot all the same.
                await bot.delete_webhook(drop_pending_updates=False)
            else:
                await bot.set_webhook(
                    settings.webhook_url,
                    secret_token=secret.get_secret_value() if secret else None,
                    allowed_updates=UPDATES,
                )
            for language, commands in _COMMANDS.items():
                shown = [BotCommand(command=name, description=text) for name, text in commands.items()]
                await bot.set_my_commands(shown, language_code=language)
        except TelegramAPIError as error:
            log.warning("Telegram does not answer as it should: %s", error)
            await asyncio.sleep(_PAUSE_MAX_SECONDS if settings.webhook_url else _PAUSE_SECONDS)
        else:
            return


async def _poll(bot: Bot, desk: Desk, stop: asyncio.Event) -> None:
    """Ask for updates one batch after the other. The next question confirms a batch, so a batch is done before it: what
    a crash interrupts comes again."""
    offset: int | None = None
    pause = _PAUSE_SECONDS

    async def do(update: Update) -> bool:
        nonlocal offset
        is_taken = await _take(desk, update)
        if is_taken:
            offset = update.update_id + 1
        return is_taken

    try:
        while not stop.is_set():
            try:
                updates = await bot.get_updates(
                    offset=offset, timeout=POLL_SECONDS, allowed_updates=UPDATES, request_timeout=POLL_SECONDS + 15
                )
            except TelegramAPIError as error:
                log.warning("Telegram does not answer as it should: %s", error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, _PAUSE_MAX_SECONDS)
                continue
            pause = _PAUSE_SECONDS
            for update in updates:
                is_done = False
                while not is_done:
                    is_done = await _to_the_end(do(update))
                    await asyncio.sleep(0 if is_done else _PAUSE_SECONDS)
    finally:
        if offset is not None:
            await _confirm(bot, offset)


async def _confirm(bot: Bot, offset: int) -> None:
    """Tell Telegram what was done. Without it the next start would be sent it again, and would have to know it from
    what is kept; which another place to keep things would not."""
    with suppress(TelegramAPIError):
        await bot.get_updates(offset=offset, limit=1, timeout=0, request_timeout=_CONFIRM_SECONDS)


async def _to_the_end(doing: Coroutine[Any, Any, T]) -> T:
    """An end of the bot that comes meanwhile waits for what was begun: what was said is also kept."""
    task = asyncio.create_task(doing)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise


async def _take(desk: Desk, update: Update) -> bool:
    """False where it is to be done again, because nothing can be kept at present."""
    try:
        await desk.take(update)
    except StoreDown as error:
        log.warning("What the bot keeps is out of reach: %s", error)
        return False
    except Exception:
        # One update that cannot be done must not keep all others from being done.
        log.exception("Update %s could not be done.", update.update_id)
    return True


async def _every(seconds: float, act: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Do it again and again. What fails is told and done again: an alert must not end with one lost connection."""
    while True:
        try:
            await _to_the_end(act())
        except ApiDown as error:
            log.warning("The API does not answer: %s", error)
        except ApiRefused as refusal:
            log.warning("The API refused the bot: %s. Does its key have every scope?", refusal)
        except StoreDown as error:
            log.warning("What the bot keeps is out of reach: %s", error)
        except Exception:
            log.exception("A chore of the bot failed; it is done again.")
        await asyncio.sleep(seconds)


async def _listen(settings: Settings, bot: Bot, desk: Desk) -> web.AppRunner:
    """/health, and the webhook where there is one."""
    app = web.Application(client_max_size=1024**2)

    async def health(_: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def webhook(request: web.Request) -> web.Response:
        secret = settings.webhook_secret.get_secret_value() if settings.webhook_secret else ""
        given = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        if not secret or not hmac.compare_digest(given.encode(), secret.encode()):
            return web.Response(status=401)
        try:
            update = Update.model_validate_json(await request.read(), context={"bot": bot})
        except ValidationError:
            return web.Response(status=400)
        # Telegram brings again what was not taken.
        return web.Response(status=200 if await asyncio.shield(_take(desk, update)) else 503)

    app.router.add_get("/health", health)
    if settings.webhook_url is not None:
        app.router.add_post("/telegram", webhook)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=10)
    await runner.setup()
    await web.TCPSite(runner, settings.host, settings.port).start()
    return runner
