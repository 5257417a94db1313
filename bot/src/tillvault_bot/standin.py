"""A stand-in for Telegram's Bot API, to try the bot without Telegram and without a phone.

`python -m tillvault_bot.standin` serves it and lets you talk to the bot by hand: what you type is sent as the person
you name, `#2` presses the second button of the last message that has any, `@audio.ogg` sends a recording. Tests
drive the same server over `/standin/…`. It knows what the bot uses of the Bot API, and nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

TOKEN = "42:stand-in"  # noqa: S105  (it opens nothing)
_ME = {"id": 42, "is_bot": True, "first_name": "Tillvault", "username": "tillvault_bot"}
_WEBHOOK_PAUSE_SECONDS = 0.2

Json = dict[str, Any]


@dataclass
class Telegram:
    """Updates that wait for the bot, and what it said to whom."""

    updates: list[Json] = field(default_factory=list[Json])
    said: defaultdict[int, list[Json]] = field(default_factory=lambda: defaultdict(list))
    """By chat; a message that was rewritten stands again at the end."""
    messages: dict[tuple[int, int], Json] = field(default_factory=dict[tuple[int, int], Json])
    files: dict[str, bytes] = field(default_factory=dict[str, bytes])
    answered: list[Json] = field(default_factory=list[Json])
    webhook: Json | None = None
    refuses: int = 0
    """How many of the next calls find Telegram out of order."""
    _numbers: int = 1000
    news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def number(self) -> int:
        self._numbers += 1
        return self._numbers

    async def come_in(self, update: Json) -> Json:
        async with self.news:
            self.updates.append(update)
            self.news.notify_all()
        return update

    async def message(self, person: Json, **content: Any) -> Json:
        chat = {"id": person["id"], "type": "private", "first_name": person["first_name"]}
        message = {"message_id": self.number(), "date": int(time.time()), "chat": chat, "from": person, **content}
        return await self.come_in({"update_id": self.number(), "message": message})

    async def press(self, person: Json, label: str) -> Json:
        """Press the newest button that begins with this label."""
        for message in reversed(self.said[person["id"]]):
            for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if button["text"].startswith(label):
                        return await self.press_data(person, message, button["callback_data"])
        raise web.HTTPNotFound(text=f"there is no button {label!r}")

    async def press_data(self, person: Json, message: Json, data: str) -> Json:
        shown = self.messages[person["id"], message["message_id"]]
        pressed = {"id": str(self.number()), "from": person, "chat_instance": "1", "message": shown, "data": data}
        return await self.come_in({"update_id": self.number(), "callback_query": pressed})


class Server:
    """The Bot API under `/bot<token>/`, files under `/file/`, and the controls under `/standin/`."""

    def __init__(self, telegram: Telegram) -> None:
        self.telegram = telegram
        self.app = web.Application(client_max_size=32 * 1024**2)
        self.app.router.add_post("/bot{token}/{method}", self._call)
        self.app.router.add_get("/file/bot{token}/{path:.*}", self._file)
        self.app.router.add_post("/standin/people/{id}/say", self._say)
        self.app.router.add_post("/standin/people/{id}/press", self._press)
        self.app.router.add_get("/standin/people/{id}/heard", self._heard)
        self.app.router.add_post("/standin/repeat", self._repeat)
        self.app.router.add_post("/standin/refuse", self._refuse)
        self._methods: dict[str, Callable[[Json], Awaitable[Any]]] = {
            "getMe": self._me,
            "getUpdates": self._get_updates,
            "sendMessage": self._send,
            "editMessageText": self._edit,
            "answerCallbackQuery": self._settle,
            "setWebhook": self._set_webhook,
            "deleteWebhook": self._delete_webhook,
            "setMyCommands": self._me,
            "getFile": self._get_file,
        }

    async def _call(self, request: web.Request) -> web.Response:
        if request.match_info["token"] != TOKEN:
            return _no(401, "Unauthorized")
        if self.telegram.refuses:
            self.telegram.refuses -= 1
            return _no(502, "Bad Gateway")
        act = self._methods.get(request.match_info["method"])
        if act is None:
            return _no(404, "Not Found")
        form = {name: _value(str(value)) for name, value in (await request.post()).items()}
        try:
            return web.json_response({"ok": True, "result": await act(form)})
        except LookupError:
            return _no(400, "Bad Request: message not found")

    async def _me(self, form: Json) -> Any:
        return True if "commands" in form else _ME

    async def _get_updates(self, form: Json) -> list[Json]:
        telegram, offset = self.telegram, int(form.get("offset", 0))
        async with telegram.news:
            telegram.updates = [each for each in telegram.updates if each["update_id"] >= offset]
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(float(form.get("timeout", 0))):
                    await telegram.news.wait_for(lambda: bool(telegram.updates))
            return telegram.updates[:100]

    async def _send(self, form: Json) -> Json:
        return await self._show(form, message_id=self.telegram.number())

    async def _edit(self, form: Json) -> Json:
        if (int(form["chat_id"]), int(form["message_id"])) not in self.telegram.messages:
            raise KeyError(form["message_id"])
        return await self._show(form, message_id=int(form["message_id"]))

    async def _show(self, form: Json, *, message_id: int) -> Json:
        chat_id = int(form["chat_id"])
        message: Json = {
            "message_id": message_id,
            "date": int(time.time()),
            "chat": {"id": chat_id, "type": "private"},
            "from": _ME,
            "text": str(form["text"]),
        }
        if "reply_markup" in form:
            message["reply_markup"] = form["reply_markup"]
        self.telegram.messages[chat_id, message_id] = message
        async with self.telegram.news:
            self.telegram.said[chat_id].append(message)
            self.telegram.news.notify_all()
        return message

    async def _settle(self, form: Json) -> bool:
        self.telegram.answered.append(form)
        return True

    async def _set_webhook(self, form: Json) -> bool:
        self.telegram.webhook = form
        return True

    async def _delete_webhook(self, _: Json) -> bool:
        self.telegram.webhook = None
        return True

    async def _get_file(self, form: Json) -> Json:
        name = str(form["file_id"])
        return {"file_id": name, "file_unique_id": name, "file_path": f"voice/{name}"}

    async def _file(self, request: web.Request) -> web.Response:
        return web.Response(body=self.telegram.files[request.match_info["path"].removeprefix("voice/")])

    async def _say(self, request: web.Request) -> web.Response:
        """`{"text": …}` or `{"voice": base64, "seconds": …}`, as a person of that number."""
        body, person = await request.json(), _person(request)
        if "voice" not in body:
            return web.json_response(await self.telegram.message(person, text=body["text"]))
        name = f"voice-{self.telegram.number()}"
        self.telegram.files[name] = base64.b64decode(body["voice"])
        voice = {"file_id": name, "file_unique_id": name, "duration": body.get("seconds", 3), "mime_type": "audio/ogg"}
        return web.json_response(await self.telegram.message(person, voice=voice))

    async def _press(self, request: web.Request) -> web.Response:
        body, person = await request.json(), _person(request)
        if "data" in body:
            update = await self.telegram.press_data(person, {"message_id": body["messageId"]}, body["data"])
        else:
            update = await self.telegram.press(person, body["label"])
        return web.json_response(update)

    async def _heard(self, request: web.Request) -> web.Response:
        """What the bot said to a person after the first `after` messages, at once or within `wait` seconds."""
        said, after = self.telegram.said[int(request.match_info["id"])], int(request.query.get("after", 0))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(float(request.query.get("wait", 0))), self.telegram.news:
                await self.telegram.news.wait_for(lambda: len(said) > after)
        return web.json_response(said[after:])

    async def _repeat(self, request: web.Request) -> web.Response:
        """Bring an update again, as Telegram does when it believes that it was not taken."""
        await self.telegram.come_in(await request.json())
        return web.json_response({})

    async def _refuse(self, request: web.Request) -> web.Response:
        self.telegram.refuses = int((await request.json())["calls"])
        return web.json_response({})


async def push(telegram: Telegram) -> None:
    """While there is a webhook: bring each update there, in order, until it is taken."""
    async with aiohttp.ClientSession() as session:
        while True:
            async with telegram.news:
                await telegram.news.wait_for(lambda: bool(telegram.updates))
            hook = telegram.webhook
            if hook is None:
                await asyncio.sleep(_WEBHOOK_PAUSE_SECONDS)
                continue
            headers = {"X-Telegram-Bot-Api-Secret-Token": str(hook.get("secret_token", ""))}
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):
                async with session.post(hook["url"], json=telegram.updates[0], headers=headers) as answer:
                    if answer.status == 200:
                        del telegram.updates[0]
                        continue
            await asyncio.sleep(_WEBHOOK_PAUSE_SECONDS)


async def serve(port: int) -> tuple[Telegram, web.AppRunner]:
    telegram = Telegram()
    runner = web.AppRunner(Server(telegram).app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    return telegram, runner


async def _by_hand(telegram: Telegram, person: Json) -> None:
    """Send what is typed, and print what the bot says."""
    loop = asyncio.get_running_loop()
    showing = asyncio.create_task(_show_all(telegram, person["id"]))
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        text = line.strip()
        if text.startswith("#") and text[1:].isdecimal():
            await _press_number(telegram, person, int(text[1:]))
        elif text.startswith("@"):
            name = f"voice-{telegram.number()}"
            telegram.files[name] = await loop.run_in_executor(None, Path(text[1:]).read_bytes)
            voice = {"file_id": name, "file_unique_id": name, "duration": 3, "mime_type": "audio/ogg"}
            await telegram.message(person, voice=voice)
        elif text:
            await telegram.message(person, text=text)
    showing.cancel()


async def _press_number(telegram: Telegram, person: Json, number: int) -> None:
    for message in reversed(telegram.said[person["id"]]):
        buttons = [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]
        if buttons:
            if 1 <= number <= len(buttons):
                await telegram.press_data(person, message, buttons[number - 1]["callback_data"])
            return


async def _show_all(telegram: Telegram, chat_id: int) -> None:
    said, shown = telegram.said[chat_id], 0
    while True:
        async with telegram.news:
            while len(said) == shown:
                await telegram.news.wait()
        for message in said[shown:]:
            _write(f"bot> {message['text']}")
            buttons = [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]
            for number, button in enumerate(buttons, 1):
                _write(f"     #{number} {button['text']}")
        shown = len(said)


def _write(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _person(request: web.Request) -> Json:
    body_of = request.query
    return {
        "id": int(request.match_info["id"]),
        "is_bot": False,
        "first_name": body_of.get("name", "Somebody"),
        "language_code": body_of.get("language", "en"),
    }


def _value(text: str) -> Any:
    """A field of a form: aiogram writes objects and lists as JSON."""
    return json.loads(text) if text[:1] in {"{", "["} else text


def _no(status: int, description: str) -> web.Response:
    return web.json_response({"ok": False, "error_code": status, "description": description}, status=status)


async def _main(arguments: argparse.Namespace) -> None:
    telegram, runner = await serve(arguments.port)
    pushing = asyncio.create_task(push(telegram))
    person: Json = {
        "id": arguments.person,
        "is_bot": False,
        "first_name": arguments.name,
        "language_code": arguments.language,
    }
    if arguments.silent:
        await asyncio.Event().wait()
    _write(
        f"A stand-in for the Bot API at http://127.0.0.1:{arguments.port} (token {TOKEN}). You are {arguments.name}."
    )
    await _by_hand(telegram, person)
    pushing.cancel()
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="A stand-in for Telegram's Bot API.")
    parser.add_argument("--port", type=int, default=8091)
    parser.add_argument("--person", type=int, default=1001, help="number of the account that you type as")
    parser.add_argument("--name", default="Ana")
    parser.add_argument("--language", default="en", choices=["en", "fr", "es"])
    parser.add_argument("--silent", action="store_true", help="serve only; drive it over /standin/…")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_main(parser.parse_args()))


if __name__ == "__main__":
    main()
