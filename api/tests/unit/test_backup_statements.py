"""What of a dump is sent to which server."""

from __future__ import annotations

import pytest

from tillvault.backup.loading import for_server

TIMEOUT = b"SET transaction_timeout = 0;\n"
STAMP = b"ALTER TABLE ONLY public.api_keys ALTER COLUMN id SET (pg_attver=26555648);\n"
TUNED = b"ALTER TABLE ONLY public.api_keys ALTER COLUMN id SET (n_distinct=-1);\n"
COPY = b"COPY public.api_keys (id) FROM stdin;\n"


@pytest.mark.parametrize(("major", "kept"), [(15, []), (16, []), (17, [TIMEOUT]), (18, [TIMEOUT])])
def test_an_older_server_is_not_told_what_it_does_not_know(major: int, kept: list[bytes]) -> None:
    assert [*for_server([b"SET lock_timeout = 0;\n", TIMEOUT, COPY], major)] == [
        b"SET lock_timeout = 0;\n",
        *kept,
        COPY,
    ]


def test_the_bookkeeping_of_another_server_is_left_out_and_what_somebody_has_tuned_is_not() -> None:
    assert [*for_server([b"CREATE TABLE public.api_keys (\n", STAMP, TUNED, COPY], 18)] == [
        b"CREATE TABLE public.api_keys (\n",
        TUNED,
        COPY,
    ]


def test_nothing_of_the_data_is_left_out() -> None:
    data = [COPY, TIMEOUT, STAMP]

    assert [*for_server(data, 15)] == data
