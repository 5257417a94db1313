"""What the bot knows of a chat. It is read before an update and written after it, as one document: what an update did
to the conversation and that it was seen are kept together or not at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tillvault_bot.conversation import Conversation
from tillvault_bot.shapes import Language
from tillvault_bot.store import Store

_SEEN_MAX = 100
_PARKED_MAX = 200
_PREFIX = "chat:"


@dataclass(slots=True, kw_only=True)
class Chat:
    id: int
    language: Language = "en"
    conversation: Conversation | None = None
    branch_id: str | None = None
    """Where the last deposit came in: the next one comes in there too, most likely."""
    seen: list[int] = field(default_factory=list[int])
    """The last updates that were taken: Telegram repeats what it believes was not."""
    parked: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    """Updates that wait for the API, in their order."""
    is_back_told: bool = False
    """Whether they were told that the API is back, while updates still wait."""
    failures: int = 0
    """How often the API has failed at the first of those that wait."""

    def has_seen(self, update_id: int) -> bool:
        return update_id in self.seen

    def mark_seen(self, update_id: int) -> None:
        self.seen = [*self.seen, update_id][-_SEEN_MAX:]

    def unpark(self) -> None:
        """The first is done, or given up."""
        self.parked, self.failures = self.parked[1:], 0
        self.is_back_told = self.is_back_told and bool(self.parked)

    def park(self, update: dict[str, Any]) -> None:
        self.parked = [*self.parked, update][:_PARKED_MAX]


async def load(store: Store, chat_id: int) -> Chat:
    found = await store.get(f"{_PREFIX}{chat_id}")
    if found is None:
        return Chat(id=chat_id)
    told = found["conversation"]
    return Chat(
        id=chat_id,
        language=found["language"],
        conversation=Conversation(**told) if told else None,
        branch_id=found.get("branch_id"),
        seen=found["seen"],
        parked=found["parked"],
        is_back_told=found.get("is_back_told", False),
        failures=found.get("failures", 0),
    )


async def save(store: Store, chat: Chat) -> None:
    await store.put(
        f"{_PREFIX}{chat.id}",
        {
            "language": chat.language,
            "conversation": chat.conversation.document() if chat.conversation else None,
            "branch_id": chat.branch_id,
            "seen": chat.seen,
            "parked": chat.parked,
            "is_back_told": chat.is_back_told,
            "failures": chat.failures,
        },
    )


async def known(store: Store) -> list[int]:
    return [int(name.removeprefix(_PREFIX)) for name in await store.names(_PREFIX)]
