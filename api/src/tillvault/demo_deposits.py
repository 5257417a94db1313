"""Three past weeks of what a demo re-use shop took in, made by the use cases themselves at days that are pretended.
Most of it is validated, some rejected or corrected, and the last days still wait. The same goods come out each time;
only the dates move with today."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from tillvault.core.clock import pretending
from tillvault.core.db import Connection
from tillvault.core.ids import new_id
from tillvault.demo_history import Place
from tillvault.deposits import service
from tillvault.deposits.classification.model import shipped
from tillvault.deposits.classification.providers import SHOWN
from tillvault.deposits.domain import Channel, Classification
from tillvault.events import service as events
from tillvault.identity.domain import Actor, Caller, Role

DAYS = 21
WAITING_DAYS = 2
"""As many days back nobody has looked at what came in."""
_A_DAY = (2, 5)
_SURE = 0.6
_CALLER = Caller(address="127.0.0.1", device_id=None, device="demo", request_id=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """What people bring, and the grams that one of it may have."""

    words: str
    grams: tuple[int, int]
    many: int = 1
    """Of it come at once, at most."""


def _things(*rows: tuple[str, int, int, int]) -> tuple[Thing, ...]:
    return tuple(Thing(words=words, grams=(least, most), many=many) for words, least, most, many in rows)


_THINGS = _things(
    ("frigo américain hs", 88_000, 105_000, 1),
    ("machine à laver 7 kg", 60_000, 72_000, 1),
    ("petit congélateur", 24_000, 32_000, 1),
    ("micro onde", 11_000, 16_000, 2),
    ("bouilloire qui fuit", 800, 1_200, 3),
    ("grille-pain", 1_000, 1_700, 2),
    ("aspirateur traîneau", 4_500, 7_000, 2),
    ("cafetière", 1_500, 4_000, 3),
    ("tel portable hs", 120, 210, 8),
    ("ordi portable sans chargeur", 1_600, 2_800, 3),
    ("écran plat 22 pouces", 3_200, 4_600, 2),
    ("imprimante jet d'encre", 4_000, 8_000, 1),
    ("lampe de bureau", 600, 1_400, 4),
    ("carton d'ampoules basse conso", 1_000, 3_500, 1),
    ("perceuse sans fil", 1_100, 2_000, 2),
    ("tondeuse électrique", 12_000, 18_000, 1),
    ("console de jeux avec manettes", 2_400, 4_200, 1),
    ("appareil bizarre qui clignote", 400, 1_500, 1),
    ("chaîne hifi", 6_000, 11_000, 1),
    ("tensiomètre", 300, 700, 2),
    ("détecteur de fumée", 100, 250, 6),
    ("thermostat d'ambiance", 150, 400, 2),
)
_NOT_ELECTRIC = Thing(words="carton de livres", grams=(6_000, 12_000))


async def load(db: Connection, place: Place, *, today: datetime) -> None:
    """Make what came in until this morning."""
    chance = random.Random("three weeks of deposits")  # noqa: S311  (the demo is the same for everybody)
    cashier = _actor(place, *place.cashier, Role.CASHIER)
    manager = _actor(place, *place.manager, Role.MANAGER)
    today_there = today.astimezone(ZoneInfo(place.timezone)).date()
    for back in range(DAYS, -1, -1):
        day = today_there - timedelta(days=back)
        if day.weekday() == 6 and back > WAITING_DAYS:
            continue
        morning = datetime.combine(day, time(10), ZoneInfo(place.timezone)).astimezone(UTC)
        # Today's came before now, whatever the hour is.
        morning = min(morning, today - timedelta(hours=3))
        told = await _day(db, chance, cashier, morning, things=[_NOT_ELECTRIC] if back in {5, 12} else [])
        if back > WAITING_DAYS:
            with pretending(morning + timedelta(hours=6)):
                await _decided(db, chance, manager, told)
    await events.flush(db)


async def _day(
    db: Connection, chance: random.Random, cashier: Actor, morning: datetime, *, things: Sequence[Thing]
) -> list[UUID]:
    """What one day brought, told at the desk or to the bot."""
    told: list[UUID] = []
    brought = [*things, *chance.sample(_THINGS, chance.randint(*_A_DAY))]
    for number, thing in enumerate(brought):
        quantity = chance.randint(1, thing.many)
        with pretending(morning + timedelta(minutes=12 * number + chance.randint(0, 9))):
            row = await service.record(
                db,
                actor=cashier,
                branch_id=None,
                on_behalf_of=None,
                channel=chance.choice((Channel.BOT, Channel.BOT, Channel.WEB)),
                description=thing.words,
                quantity=quantity,
                weight_grams=quantity * chance.randrange(*thing.grams, 10),
                category=None,
                classified=_classified(thing.words),
            )
        told.append(row["id"])
    return told


async def _decided(db: Connection, chance: random.Random, manager: Actor, told: Sequence[UUID]) -> None:
    """The manager looks through a day: books are no appliances, and now and then the scales were read wrongly."""
    for deposit_id in told:
        row = await service.read(db, actor=manager, deposit_id=deposit_id)
        if row["description"] == _NOT_ELECTRIC.words:
            await service.reject(db, actor=manager, deposit_id=deposit_id, reason="Pas électrique")
            continue
        if chance.random() < 0.08:
            right = {"weight_grams": row["weight_grams"] - row["weight_grams"] // 10}
            row = await service.correct(db, actor=manager, deposit_id=deposit_id, changes=right)
        await service.validate(db, actor=manager, deposit_id=row["id"], category=None)


def _classified(words: str) -> Classification:
    """By the model that comes with the product: a demo asks nobody."""
    suggestions = tuple(shipped().suggest(words, count=SHOWN))
    return Classification(suggestions=suggestions, needs_choice=suggestions[0].confidence < _SURE, provider="local")


def _actor(place: Place, user_id: UUID, name: str, role: Role) -> Actor:
    return Actor(
        organisation_id=place.organisation_id,
        id=user_id,
        name=name,
        role=role,
        scopes=frozenset(),
        branch_id=place.branch_id,
        branch_is_active=True,
        branch_ids=frozenset({place.branch_id}),
        session_id=new_id(),
        register_id=None,
        caller=_CALLER,
    )
