"""How long a stream of live updates goes on."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from tillvault.core.errors import Unauthorized
from tillvault.core.ids import new_id
from tillvault.core.jsontext import dumps
from tillvault.core.live import Live
from tillvault.identity.domain import Actor, Caller, Role
from tillvault.identity.live.service import stream

ORGANISATION = UUID(int=1)


def admin() -> Actor:
    return Actor(
        organisation_id=ORGANISATION,
        id=UUID(int=2),
        name="Elena",
        role=Role.ADMIN,
        scopes=frozenset(),
        branch_id=None,
        branch_is_active=True,
        branch_ids=frozenset(),
        session_id=UUID(int=3),
        register_id=None,
        caller=Caller(address="127.0.0.1", device_id=None, device=None, request_id=None),
    )


async def shut_out() -> Actor:
    raise Unauthorized


async def heard(live: Live, *, every: float) -> list[bytes]:
    """All that somebody hears who is shut out at once, while something happens every few milliseconds."""

    async def happen() -> None:
        while True:
            live.publish(ORGANISATION, dumps({"id": new_id(), "type": "sale.finalized", "branchId": None}))
            await asyncio.sleep(0.005)

    happening = asyncio.create_task(happen())
    try:
        return [part async for part in stream(live, admin(), shut_out, asked_every=every)]
    finally:
        happening.cancel()


@pytest.mark.parametrize("every", [0.05, 0.3])
def test_a_stream_ends_for_who_is_shut_out_however_much_happens(every: float) -> None:
    async def listened() -> list[bytes]:
        return await asyncio.wait_for(heard(Live(None), every=every), 10)

    parts = asyncio.run(listened())

    assert parts[0].startswith(b"retry: 2000\nevent: ready\n")
    assert parts[-1] == b"event: ended\ndata: {}\n\n"
    assert any(b"event: sale.finalized\n" in part for part in parts)
