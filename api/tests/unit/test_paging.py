"""core.paging: cursors are ours or refused."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tillvault.core import paging
from tillvault.core.errors import ValidationFailed


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_names_the_last_row_exactly(moment: datetime, row_id: UUID) -> None:
    cursor = paging.encode(moment, row_id)

    assert paging.decode(cursor) == (moment, row_id)
    assert cursor.isascii()
    assert not set(cursor) & set("+/=?&# ")
    assert len(cursor) <= 200


def test_no_cursor_is_the_first_page() -> None:
    assert paging.decode(None) == (None, None)


@given(st.text(max_size=200))
def test_any_other_text_is_refused_or_a_cursor(text: str) -> None:
    try:
        moment, row_id = paging.decode(text)
    except ValidationFailed:
        return
    assert isinstance(moment, datetime)
    assert moment.tzinfo is not None
    assert isinstance(row_id, UUID)


@pytest.mark.parametrize(
    "text",
    [
        "2026-01-30T10:00:00|0198c0de-0000-7000-8000-000000000001",
        "yesterday|0198c0de-0000-7000-8000-000000000001",
        "2026-01-30T10:00:00Z|1",
        "|",
        "",
    ],
)
def test_a_cursor_of_another_make_is_refused(text: str) -> None:
    with pytest.raises(ValidationFailed) as refused:
        paging.decode(base64.urlsafe_b64encode(text.encode()).decode())

    assert refused.value.extra["details"][0]["field"] == "cursor"
