"""What it costs to classify a description, in the process: `python -m bench.classify`."""

from __future__ import annotations

import time

from rich.console import Console
from rich.table import Table

from tillvault.deposits.classification.model import shipped
from tillvault.deposits.classification.train import items
from tillvault.deposits.domain import DESCRIPTION_LENGTH_MAX

ROUNDS = 5


def _mean_ms(texts: list[str]) -> float:
    model = shipped()
    started = time.perf_counter()
    for text in texts * ROUNDS:
        model.suggest(text)
    return (time.perf_counter() - started) * 1000 / (len(texts) * ROUNDS)


def compare(table: Table) -> None:
    """Adds a row: the held-out list, and the longest descriptions that the API takes."""
    usual = [text for _, _, text in items("heldout.csv")]
    longest = [(f"{text} " * DESCRIPTION_LENGTH_MAX)[:DESCRIPTION_LENGTH_MAX] for text in usual[:50]]
    _mean_ms(usual[:1])  # The model is read once, by whoever comes first.
    table.add_row(
        "classifying a description",
        f"{_mean_ms(usual):.2f} ms",
        "≤ 1 ms",
        f"{len(usual)} held-out items; {_mean_ms(longest):.2f} ms with {DESCRIPTION_LENGTH_MAX} characters",
    )


def main() -> None:
    table = Table("measured", "figure", "target", "detail")
    compare(table)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
