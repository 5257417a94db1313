"""core.clock: UTC everywhere, and the trading day of a place."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillvault.core import clock

ZONES = ("Europe/Madrid", "Europe/Paris", "Indian/Reunion", "Asia/Phnom_Penh", "Pacific/Kiritimati", "America/Nome")


@pytest.mark.parametrize(
    ("moment", "timezone_name", "cutoff_hour", "day"),
    [
        ("2026-01-30T12:00:00Z", "Europe/Madrid", 4, date(2026, 1, 30)),
        ("2026-01-31T02:59:59Z", "Europe/Madrid", 4, date(2026, 1, 30)),
        ("2026-01-31T03:00:00Z", "Europe/Madrid", 4, date(2026, 1, 31)),
        ("2026-01-30T23:00:00Z", "Europe/Madrid", 0, date(2026, 1, 31)),
        ("2026-01-30T16:59:59Z", "Asia/Phnom_Penh", 0, date(2026, 1, 30)),
        ("2026-01-30T17:00:00Z", "Asia/Phnom_Penh", 0, date(2026, 1, 31)),
        ("2026-01-30T20:00:00Z", "Indian/Reunion", 0, date(2026, 1, 31)),
        # The night of 29 March 2026 has no 02:00 to 03:00 in Madrid, that of 25 October has it twice.
        ("2026-03-29T01:59:59Z", "Europe/Madrid", 4, date(2026, 3, 28)),
        ("2026-03-29T02:00:00Z", "Europe/Madrid", 4, date(2026, 3, 29)),
        ("2026-10-25T02:59:59Z", "Europe/Madrid", 4, date(2026, 10, 24)),
        ("2026-10-25T03:00:00Z", "Europe/Madrid", 4, date(2026, 10, 25)),
        ("2026-12-31T23:30:00Z", "Pacific/Kiritimati", 4, date(2027, 1, 1)),
    ],
)
def test_the_trading_day_starts_at_the_cut_off_of_the_place(
    moment: str, timezone_name: str, cutoff_hour: int, day: date
) -> None:
    at = datetime.fromisoformat(moment)

    assert clock.business_date(at, timezone=timezone_name, cutoff_hour=cutoff_hour) == day


@given(
    st.integers(946_684_800, 2_840_140_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    st.sampled_from(ZONES),
    st.integers(0, 23),
)
def test_the_trading_day_is_the_local_date_or_the_one_before(moment: datetime, zone: str, cutoff_hour: int) -> None:
    local = moment.astimezone(ZoneInfo(zone))

    day = clock.business_date(moment, timezone=zone, cutoff_hour=cutoff_hour)

    assert day == (local.date() if local.hour >= cutoff_hour else local.date() - timedelta(days=1))


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="a time needs its offset"):
        clock.require_aware(datetime(2026, 1, 30, 10))  # noqa: DTZ001  (that is the point)
    with pytest.raises(ValueError, match="a time needs its offset"):
        clock.business_date(datetime(2026, 1, 30, 10), timezone="Europe/Madrid", cutoff_hour=4)  # noqa: DTZ001  (as above)


def test_a_time_with_an_offset_becomes_utc() -> None:
    moment = datetime(2026, 1, 30, 10, tzinfo=timezone(timedelta(hours=7)))

    assert clock.iso(clock.require_aware(moment)) == "2026-01-30T03:00:00Z"
    assert clock.require_aware(moment) == moment
