"""Two past weeks of a demo shop: drawers, sales, a refund and a difference to explain, made by the use cases themselves
at days that are pretended. The same days come out each time; only the dates move with today."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from tillvault.cash.closing import service as closing
from tillvault.cash.domain import ManualMovementType
from tillvault.cash.movements import service as movements
from tillvault.cash.sessions import service as sessions
from tillvault.cash.takings.domain import PaymentMethod, Sale
from tillvault.core.clock import pretending
from tillvault.core.db import Connection
from tillvault.core.ids import new_id
from tillvault.core.money import from_minor
from tillvault.events import service as events
from tillvault.identity.access import queries as access
from tillvault.identity.domain import Actor, Caller, Role
from tillvault.sales.catalogue import queries as catalogue
from tillvault.sales.catalogue.domain import SaleProduct, Unit
from tillvault.sales.domain import WantedLine, WantedPayment, WantedRefund, WantedSale
from tillvault.sales.refunds import service as refunds
from tillvault.sales.selling import service as selling

DAYS = 14
_SALES_A_DAY = (6, 12)
_CALLER = Caller(address="127.0.0.1", device_id=None, device="demo", request_id=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the history happens, and who makes it."""

    organisation_id: UUID
    branch_id: UUID
    register_id: UUID
    timezone: str
    currency: str
    cashier: tuple[UUID, str]
    manager: tuple[UUID, str]


async def load(db: Connection, place: Place, *, today: datetime) -> None:
    """Make the past weeks of a shop that has a catalogue and no drawer open."""
    chance = random.Random("two past weeks")  # noqa: S311  (the demo is the same for everybody)
    cashier = await _logged_in(db, place, *place.cashier, Role.CASHIER, today)
    manager = await _logged_in(db, place, *place.manager, Role.MANAGER, today)
    ids = [
        row["id"] for row in await db.fetch("SELECT id FROM products WHERE organisation_id = $1", db.organisation_id)
    ]
    stock = list((await catalogue.for_sale(db, branch_id=place.branch_id, product_ids=ids)).values())
    stock.sort(key=lambda product: product.name)
    opening = today.astimezone(ZoneInfo(place.timezone)).date()
    for back in range(DAYS, 0, -1):
        day = opening - timedelta(days=back)
        if day.weekday() == 6:
            continue
        morning = datetime.combine(day, time(9, 55), ZoneInfo(place.timezone)).astimezone(UTC)
        await _day(db, place, chance, stock, cashier, manager, morning, is_short=back == 3)
    await _logged_out(db, (cashier, manager), today)
    await events.flush(db)


async def _day(
    db: Connection,
    place: Place,
    chance: random.Random,
    stock: Sequence[SaleProduct],
    cashier: Actor,
    manager: Actor,
    morning: datetime,
    *,
    is_short: bool,
) -> None:
    """From the float to the Z; on one day 12 units are missing, and the manager has not looked yet."""
    with pretending(morning):
        session, _ = await sessions.open_session(
            db,
            actor=cashier,
            branch_id=None,
            register_id=place.register_id,
            opening={place.currency: 10_000},
            denominations={},
            note=None,
        )
    now, sold = morning, list[Sale]()
    for _ in range(chance.randint(*_SALES_A_DAY)):
        now += timedelta(minutes=chance.randint(8, 45))
        with pretending(now):
            sold.append(await _sale(db, chance, stock, cashier, place.currency))
    if chance.random() < 0.4:
        with pretending(now + timedelta(minutes=5)):
            await _refund(db, cashier, chance.choice(sold))
    with pretending(now + timedelta(minutes=20)):
        await movements.record_movement(
            db,
            actor=cashier,
            session_id=session.id,
            branch_id=None,
            register_id=None,
            kind=ManualMovementType.PAID_OUT,
            amounts={place.currency: 450},
            reason="Stamps",
        )
    with pretending(now + timedelta(minutes=40)):
        seen, _ = await sessions.get_session(db, actor=manager, session_id=session.id)
        counted = dict(seen.expected)
        counted[place.currency] += -1_200 if is_short else chance.choice((0, 0, 0, -20, 50))
        left = {currency: min(minor, counted[currency]) for currency, minor in seen.opening.items()}
        await closing.close_session(
            db, actor=cashier, session_id=session.id, counted=counted, denominations={}, left=left, note=None
        )


async def _sale(
    db: Connection, chance: random.Random, stock: Sequence[SaleProduct], cashier: Actor, currency: str
) -> Sale:
    lines = [_line(chance, product, currency) for product in chance.sample(stock, chance.randint(1, 4))]
    due = sum(
        (line.unit_price or from_minor(product.price_minor, currency)) * line.quantity_milli / 1000
        for line in lines
        for product in stock
        if product.id == line.product_id
    )
    method = chance.choice((PaymentMethod.CASH, PaymentMethod.CASH, PaymentMethod.CARD))
    amount = Decimal(due).quantize(Decimal("0.01"))
    if method is PaymentMethod.CASH:
        amount = (amount // 10 + 1) * 10
    donation = Decimal(1) if chance.random() < 0.15 else Decimal(0)
    paid = amount + donation
    sale, _ = await selling.sell(
        db,
        actor=cashier,
        wanted=WantedSale(
            id=new_id(),
            lines=lines,
            payments=[WantedPayment(method=method, amount=paid)] if paid else [],
            donation=donation,
            request_sha256=bytes(32),
        ),
    )
    return sale


def _line(chance: random.Random, product: SaleProduct, currency: str) -> WantedLine:
    by_weight = product.unit is Unit.KILOGRAM
    return WantedLine(
        product_id=product.id,
        # Whole cents come out of half kilograms of any price that the demo has.
        quantity_milli=chance.choice((500, 1000, 2500)) if by_weight else chance.choice((1000, 1000, 2000)),
        unit_price=from_minor(chance.randrange(200, 2000, 50), currency) if product.is_open_price else None,
    )


async def _refund(db: Connection, cashier: Actor, sale: Sale) -> None:
    await refunds.refund(
        db,
        actor=cashier,
        wanted=WantedRefund(
            id=new_id(),
            sale_id=sale.id,
            lines=None,
            payments=None,
            session_id=None,
            reason="Did not fit",
            request_sha256=bytes(32),
        ),
        approver_id=None,
    )


async def _logged_in(db: Connection, place: Place, user_id: UUID, name: str, role: Role, today: datetime) -> Actor:
    """A drawer is opened by somebody who is logged in."""
    session_id = new_id()
    await access.insert_session(
        db,
        session_id=session_id,
        user_id=user_id,
        branch_id=place.branch_id,
        register_id=None,
        token_id=new_id(),
        device="demo",
        address=None,
        now=today - timedelta(days=DAYS + 1),
        expires_at=today,
    )
    return Actor(
        organisation_id=place.organisation_id,
        id=user_id,
        name=name,
        role=role,
        scopes=frozenset(),
        branch_id=place.branch_id,
        branch_is_active=True,
        branch_ids=frozenset({place.branch_id}),
        session_id=session_id,
        register_id=None,
        caller=_CALLER,
    )


async def _logged_out(db: Connection, actors: Sequence[Actor], now: datetime) -> None:
    await db.execute(
        "UPDATE terminal_sessions SET status = 'cerrada', ended_at = $3"
        " WHERE organisation_id = $1 AND id = ANY($2::uuid[])",
        db.organisation_id,
        [actor.session_id for actor in actors],
        now,
    )
