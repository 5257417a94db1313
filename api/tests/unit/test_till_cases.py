"""The cases by which the web app reckons are what the API itself answers to them."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from tests.tillcases import CASES, answer, made


def test_the_web_apps_cases_hold_what_the_api_answers_today() -> None:
    kept: list[dict[str, Any]] = json.loads(CASES.read_text())

    assert kept == [{**case, "answer": answer(case)} for case in made()]


def test_the_cases_know_every_refusal_and_every_way_to_round() -> None:
    kept: list[dict[str, Any]] = json.loads(CASES.read_text())
    refusals = Counter(case["answer"] for case in kept if isinstance(case["answer"], str))
    settled: list[dict[str, Any]] = [case["answer"] for case in kept if isinstance(case["answer"], dict)]
    rounded = [one for one in settled if one["rounding"]]
    with_change = [one for one in settled if "CHANGE" in json.dumps(one["payments"])]

    assert set(refusals) == {
        "DISCOUNT_TOO_LARGE",
        "PAYMENT_INSUFFICIENT",
        "OVERPAID",
        "RATE_UNKNOWN",
        "REFUND_AMOUNT_MISMATCH",
    }
    assert len(rounded) > 20
    assert len(with_change) > 20
