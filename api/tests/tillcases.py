"""Cases by which the web app's pricing and settlement are held to the API's: what goes in, what the API makes of it.

`python -m tests.tillcases` in `api/` writes `frontend/src/till/cases.json`; a test of each side reads that file.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

from tillvault.cash.takings.domain import PaymentMethod
from tillvault.core.errors import AppError
from tillvault.identity.policies import Rounding, RoundingMode
from tillvault.sales.pricing import Discount, Priced, lines_of, returned_part
from tillvault.sales.settlement import Settled, Tender, Terms, pay_back, settle

CASES = Path(__file__).resolve().parents[2] / "frontend" / "src" / "till" / "cases.json"


def answer(case: dict[str, Any]) -> Any:
    """What the API makes of a case; a refusal is its code."""
    answers: dict[str, Callable[[dict[str, Any]], Any]] = {
        "lines": _lines,
        "settle": _settle,
        "payBack": _pay_back,
        "returned": _returned,
    }
    try:
        return answers[case["kind"]](case)
    except AppError as refusal:
        return refusal.code


def _lines(case: dict[str, Any]) -> Any:
    priced = [
        Priced(
            product_id=None,
            category_id=None,
            category_name=None,
            name="x",
            eee_category=None,
            weight_grams=None,
            quantity_milli=line["quantityMilli"],
            unit_price_minor=line["unitPriceMinor"],
            list_price_minor=None,
            tax_rate_bp=line["taxRateBp"],
            discount=_discount(line["discount"]),
        )
        for line in case["lines"]
    ]
    return [
        {
            "grossMinor": line.gross_minor,
            "discountMinor": line.discount_minor,
            "totalMinor": line.total_minor,
            "taxMinor": line.tax_minor,
        }
        for line in lines_of(priced, _discount(case["discount"]))
    ]


def _discount(given: dict[str, int] | None) -> Discount | None:
    if given is None:
        return None
    if "percentBp" in given:
        return Discount(percent=Decimal(given["percentBp"]).scaleb(-2))
    return Discount(amount_minor=given["amountMinor"])


def _terms(given: dict[str, Any]) -> Terms:
    return Terms(
        base=given["base"],
        rates={currency: Decimal(rate) for currency, rate in given["rates"].items()},
        rounding={
            currency: Rounding(rule["stepMinor"], RoundingMode(rule["mode"]))
            for currency, rule in given["rounding"].items()
        },
    )


def _tenders(given: list[dict[str, Any]]) -> list[Tender]:
    return [
        Tender(method=PaymentMethod(one["method"]), currency=one["currency"], amount_minor=one["amountMinor"])
        for one in given
    ]


def _settle(case: dict[str, Any]) -> Any:
    return _settled(
        settle(case["due"], _tenders(case["tenders"]), _terms(case["terms"]), change_currency=case["changeCurrency"])
    )


def _pay_back(case: dict[str, Any]) -> Any:
    return _settled(pay_back(case["due"], _tenders(case["tenders"]), _terms(case["terms"])))


def _settled(settled: Settled) -> Any:
    rounding = settled.rounding
    return {
        "payments": [
            {
                "method": one.method.value,
                "currency": one.currency,
                "amountMinor": one.amount_minor,
                "flow": one.flow.value,
                "baseMinor": one.base_minor,
            }
            for one in settled.payments
        ],
        "rounding": rounding
        and {
            "currency": rounding.currency,
            "amountMinor": rounding.amount_minor,
            "baseMinor": rounding.base_minor,
        },
    }


def _returned(case: dict[str, Any]) -> Any:
    return returned_part(
        case["soldMinor"],
        sold_milli=case["soldMilli"],
        before_milli=case["beforeMilli"],
        quantity_milli=case["quantityMilli"],
    )


TERMS: list[dict[str, Any]] = [
    {"base": "EUR", "rates": {}, "rounding": {}},
    {"base": "EUR", "rates": {"USD": "1.0835"}, "rounding": {"EUR": {"stepMinor": 5, "mode": "NEAREST"}}},
    {"base": "USD", "rates": {"KHR": "4100"}, "rounding": {"KHR": {"stepMinor": 100, "mode": "NEAREST"}}},
    {"base": "USD", "rates": {"KHR": "4100"}, "rounding": {"KHR": {"stepMinor": 100, "mode": "DOWN"}}},
    {
        "base": "KHR",
        "rates": {"USD": "0.000244"},
        "rounding": {"KHR": {"stepMinor": 100, "mode": "UP"}, "USD": {"stepMinor": 25, "mode": "DOWN"}},
    },
    {"base": "TND", "rates": {"EUR": "0.2951"}, "rounding": {"TND": {"stepMinor": 50, "mode": "NEAREST"}}},
]


def made(seed: int = 7) -> list[dict[str, Any]]:
    """The inputs, the same ones each time."""
    dice = random.Random(seed)  # noqa: S311  (cases, not secrets)
    cases: list[dict[str, Any]] = [_made_lines(dice) for _ in range(150)]
    cases += [_made_payment(dice, kind) for kind in ("settle", "payBack") for _ in range(220)]
    for _ in range(80):
        sold = dice.choice([1000, 3000, 7000, 1234, 999_999])
        before = dice.randrange(sold)
        cases.append(
            {
                "kind": "returned",
                "soldMinor": dice.randrange(100_000),
                "soldMilli": sold,
                "beforeMilli": before,
                "quantityMilli": dice.randint(1, sold - before),
            }
        )
    return cases


def _made_discount(dice: random.Random, around: int) -> dict[str, int] | None:
    match dice.randrange(4):
        case 0:
            return {"percentBp": dice.choice([0, 33, 500, 1000, 1250, 3333, 10_000])}
        case 1:
            return {"amountMinor": dice.randrange(around + 1)}
        case _:
            return None


def _made_lines(dice: random.Random) -> dict[str, Any]:
    lines: list[dict[str, Any]] = []
    for _ in range(dice.randint(1, 6)):
        price = dice.choice([0, 1, 99, 250, 1999, dice.randrange(1_000_000), 10**13])
        lines.append(
            {
                "quantityMilli": dice.choice([1000, 2000, 5000, 10_000, 355, 1005, 12_345]),
                "unitPriceMinor": price,
                "taxRateBp": dice.choice([0, 210, 550, 1000, 2000, 2100, 10_000]),
                "discount": _made_discount(dice, price),
            }
        )
    return {"kind": "lines", "lines": lines, "discount": _made_discount(dice, 3000)}


def _made_payment(dice: random.Random, kind: str) -> dict[str, Any]:
    terms = dice.choice(TERMS)
    currencies = [terms["base"], *terms["rates"]]
    due = dice.choice([0, 1, 4750, 7500, dice.randrange(20_000), dice.randrange(1_000_000)])
    real = _terms(terms)
    tenders: list[dict[str, Any]] = []
    left = due
    for _ in range(dice.randint(0, 3)):
        currency = dice.choice(currencies) if dice.random() < 0.95 else "GBP"
        method = dice.choice(["CASH", "CASH", "CARD", "VOUCHER"])
        part = dice.choice([left, left, left // 2, left + dice.randrange(5000)])
        if currency == "GBP":
            minor = part
        elif method == "CASH" and dice.random() < 0.7:
            minor = real.rounded(real.from_base(part, currency), currency)
        else:
            minor = int(real.from_base(part, currency))
        if minor <= 0:
            continue
        tenders.append({"method": method, "currency": currency, "amountMinor": minor})
        left = max(0, left - part)
    case: dict[str, Any] = {"kind": kind, "due": due, "tenders": tenders, "terms": terms}
    if kind == "settle":
        case["changeCurrency"] = dice.choice([None, None, *currencies])
    return case


def main() -> None:
    rows = [json.dumps({**case, "answer": answer(case)}, separators=(",", ":")) for case in made()]
    CASES.write_text("[\n" + ",\n".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()
