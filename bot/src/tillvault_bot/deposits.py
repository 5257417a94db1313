"""/depot: from words to a deposit that waits for validation."""

from __future__ import annotations

import time

from aiogram.exceptions import TelegramAPIError
from aiogram.types import Message

from tillvault_bot.api import Api, ApiRefused
from tillvault_bot.chats import Chat
from tillvault_bot.conversation import Conversation, Step, grams_of, kilos, quantity_of
from tillvault_bot.outgoing import Buttons, Outgoing
from tillvault_bot.settings import Settings
from tillvault_bot.shapes import Category, Language, Link
from tillvault_bot.texts import say

_VOICE_SECONDS_MAX = 120
_QUANTITIES = (1, 2, 3, 4, 5, 10)


class Deposits:
    """Every method may raise ApiDown; the update is then made again later, from the state before it."""

    def __init__(self, api: Api, out: Outgoing, settings: Settings) -> None:
        self._api = api
        self._out = out
        self._patience = settings.conversation_seconds
        self._categories: list[Category] = []

    async def begin(self, chat: Chat, link: Link, *, update_id: int, text: str) -> None:
        chat.conversation = Conversation(id=update_id, deadline=0.0, branch_id=_likely_branch(chat, link))
        if text:
            await self._describe(chat, link, chat.conversation, text)
        await self._ask_next(chat, link)

    async def answer(self, chat: Chat, link: Link, message: Message) -> None:
        """What was written or said while a deposit is told."""
        told = chat.conversation
        assert told is not None  # noqa: S101  (asked by the caller)
        text = await self._words(chat, message)
        if text is None:
            self._wait_again(told)
            return
        match told.step:
            case Step.WHAT:
                await self._describe(chat, link, told, text)
            case Step.QUANTITY:
                told.quantity = quantity_of(text)
                if told.quantity is None:
                    await self._out.say(chat.id, say(chat.language, "quantity_wrong"))
            case Step.WEIGHT:
                told.weight_grams = grams_of(text)
                if told.weight_grams is None:
                    await self._out.say(chat.id, say(chat.language, "weight_wrong"))
            case Step.CATEGORY | Step.BRANCH | Step.CONFIRM:
                pass  # Buttons answer these; asking again shows them again.
        await self._ask_next(chat, link)

    async def press(self, chat: Chat, link: Link, *, data: str) -> bool:
        """A button of a deposit; whether it was one of the question that stands."""
        told = chat.conversation
        begun, _, act = data.partition(":")
        if told is None or begun != str(told.id):
            return False
        kind, _, value = act.partition("=")
        match kind, told.step:
            case "x", _:
                await self.cancel(chat)
                return True
            case "q", Step.QUANTITY:
                told.quantity = quantity_of(value)
            case "c", Step.CATEGORY:
                known = {each.code for each in await self._all_categories()}
                told.category = value if value in known else None
            case "all", Step.CATEGORY:
                self._wait_again(told)
                await self._out.say(chat.id, say(chat.language, "category"), await self._every_category(chat, told))
                return True
            case "b", Step.BRANCH:
                told.branch_id = chat.branch_id = value if value in link.branch_ids else None
            case "elsewhere", Step.CONFIRM:
                told.branch_id = None
            case "ok", Step.CONFIRM:
                await self._record(chat, link, told)
                return True
            case _:
                return False
        await self._ask_next(chat, link)
        return True

    async def cancel(self, chat: Chat) -> None:
        chat.conversation = None
        await self._out.say(chat.id, say(chat.language, "cancelled"))

    async def time_out(self, chat: Chat) -> None:
        chat.conversation = None
        await self._out.say(chat.id, say(chat.language, "timed_out"))

    async def labels(self, language: Language) -> dict[str, str]:
        return {each.code: each.labels[language] for each in await self._all_categories()}

    async def _words(self, chat: Chat, message: Message) -> str | None:
        """The text of a message, of its voice too; None when there is none, which has been said."""
        if message.text:
            return message.text.strip()
        voice = message.voice or message.audio
        if voice is None:
            await self._out.say(chat.id, say(chat.language, "text_wanted"))
            return None
        if voice.duration > _VOICE_SECONDS_MAX:
            await self._out.say(chat.id, say(chat.language, "voice_too_long"))
            return None
        person = message.from_user.id if message.from_user else chat.id
        try:
            audio = await self._out.voice(voice.file_id)
            text = await self._api.transcribe(
                person, audio=audio, media_type=voice.mime_type or "audio/ogg", language=chat.language
            )
        except TelegramAPIError:
            await self._out.say(chat.id, say(chat.language, "voice_unreadable"))
            return None
        except ApiRefused as refusal:
            is_unavailable = refusal.code == "TRANSCRIPTION_UNAVAILABLE"
            await self._out.say(
                chat.id, say(chat.language, "voice_unavailable" if is_unavailable else "voice_unreadable")
            )
            return None
        await self._out.say(chat.id, say(chat.language, "heard", text=text))
        return text.strip()

    async def _describe(self, chat: Chat, link: Link, told: Conversation, text: str) -> None:
        told.describe(text)
        assert told.description is not None  # noqa: S101  (just taken)
        found = await self._api.classify(link.telegram_id, text=told.description, language=chat.language)
        told.suggestions = [each.model_dump() for each in found.suggestions]
        told.needs_choice = found.needs_choice

    async def _ask_next(self, chat: Chat, link: Link) -> None:
        told = chat.conversation
        assert told is not None  # noqa: S101  (asked by the callers)
        self._wait_again(told)
        language = chat.language
        match told.step:
            case Step.WHAT:
                await self._out.say(chat.id, say(language, "what"), [[self._stop(told, language)]])
            case Step.QUANTITY:
                numbers = [(str(number), f"d:{told.id}:q={number}") for number in _QUANTITIES]
                await self._out.say(chat.id, say(language, "quantity"), [numbers, [self._stop(told, language)]])
            case Step.WEIGHT:
                await self._out.say(chat.id, say(language, "weight"), [[self._stop(told, language)]])
            case Step.CATEGORY:
                text = "category_unsure" if told.needs_choice else "category"
                await self._out.say(chat.id, say(language, text), self._suggested(told, language))
            case Step.BRANCH:
                branches = [[(name, f"d:{told.id}:b={branch_id}")] for branch_id, name in link.branches.items()]
                await self._out.say(chat.id, say(language, "branch"), [*branches, [self._stop(told, language)]])
            case Step.CONFIRM:
                buttons = [[(say(language, "yes"), f"d:{told.id}:ok"), self._stop(told, language)]]
                if len(link.branches) > 1:
                    buttons.append([(say(language, "elsewhere"), f"d:{told.id}:elsewhere")])
                await self._out.say(chat.id, await self._summary(told, link, language), buttons)

    def _wait_again(self, told: Conversation) -> None:
        told.deadline = time.time() + self._patience

    async def _record(self, chat: Chat, link: Link, told: Conversation) -> None:
        assert told.description and told.quantity and told.weight_grams  # noqa: S101, PT018  (the step)
        assert told.category and told.branch_id  # noqa: S101, PT018  (the step)
        language = chat.language
        try:
            # The conversation's number: whatever is pressed, repeated or made again, one telling is one deposit.
            deposit = await self._api.record_deposit(
                link,
                branch_id=told.branch_id,
                description=told.description,
                quantity=told.quantity,
                weight_grams=told.weight_grams,
                category=told.category,
                language=language,
                key=f"telegram-deposit:{chat.id}:{told.id}",
            )
        except ApiRefused as refusal:
            chat.conversation = None
            await self._out.say(chat.id, say(language, "refused", message=refusal.message))
            return
        chat.conversation = None
        weight = kilos(deposit.weight_grams, language)
        await self._out.say(
            chat.id,
            say(language, "recorded", quantity=deposit.quantity, description=told.description, weight=weight),
        )

    async def _summary(self, told: Conversation, link: Link, language: Language) -> str:
        labels = await self.labels(language)
        # Whoever works in one branch knows where they are.
        branch = link.branches.get(told.branch_id or "") if len(link.branches) > 1 else None
        return say(
            language,
            "confirm",
            quantity=told.quantity,
            description=told.description,
            weight=kilos(told.weight_grams or 0, language),
            category=labels.get(told.category or "", told.category),
            branch=f"\n{branch}" if branch else "",
        )

    def _suggested(self, told: Conversation, language: Language) -> Buttons:
        rows = [
            [(f"{each['labels'][language]} ({round(each['confidence'] * 100)} %)", f"d:{told.id}:c={each['category']}")]
            for each in told.suggestions
        ]
        return [*rows, [(say(language, "other"), f"d:{told.id}:all"), self._stop(told, language)]]

    async def _every_category(self, chat: Chat, told: Conversation) -> Buttons:
        rows = [[(each.labels[chat.language], f"d:{told.id}:c={each.code}")] for each in await self._all_categories()]
        return [*rows, [self._stop(told, chat.language)]]

    def _stop(self, told: Conversation, language: Language) -> tuple[str, str]:
        return say(language, "cancel"), f"d:{told.id}:x"

    async def _all_categories(self) -> list[Category]:
        if not self._categories:
            self._categories = await self._api.categories()
        return self._categories


def _likely_branch(chat: Chat, link: Link) -> str | None:
    """The only one, or that of the last time; None where it has to be asked."""
    if len(link.branch_ids) == 1:
        return link.branch_ids[0]
    return chat.branch_id if chat.branch_id in link.branch_ids else None
