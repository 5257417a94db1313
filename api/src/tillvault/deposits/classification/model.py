"""The classifier at run time: a table of weights and a few sums. Neither scikit-learn nor numpy is needed to use it."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from tillvault.deposits.classification.features import weighted
from tillvault.deposits.domain import EEE_CATEGORIES, Suggestion

DATA = files("tillvault.deposits.classification") / "data"
MODEL_FILE = "model.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A linear model over pieces of words, and the temperature that makes its confidence mean what it says."""

    idf: Mapping[str, float]
    rows: Mapping[str, memoryview]
    """For each piece a weight per category, as whole multiples of `step`."""
    bias: Sequence[float]
    step: float
    temperature: float
    trained_on: str
    """SHA-256 of the list it was trained on."""

    def probabilities(self, text: str) -> list[float]:
        """A probability per category, in their order; all the same where nothing of the text is known."""
        known = weighted(text, self.idf)
        if not known:
            return [1 / len(EEE_CATEGORIES)] * len(EEE_CATEGORIES)
        sums = [0.0] * len(EEE_CATEGORIES)
        for piece, value in known.items():
            for at, weight in enumerate(self.rows[piece]):
                sums[at] += value * weight
        scores = [(total * self.step + bias) / self.temperature for total, bias in zip(sums, self.bias, strict=True)]
        highest = max(scores)
        shares = [math.exp(score - highest) for score in scores]
        whole = sum(shares)
        return [share / whole for share in shares]

    def suggest(self, text: str, *, count: int = 3) -> list[Suggestion]:
        """The likeliest categories, best first."""
        ranked = sorted(
            zip(self.probabilities(text), EEE_CATEGORIES, strict=True), key=lambda each: (-each[0], each[1])
        )
        return [Suggestion(category=category, confidence=share) for share, category in ranked[:count]]


def read(document: Mapping[str, Any]) -> Model:
    """A model from its JSON form, as `train` writes it."""
    pieces: list[str] = document["pieces"]
    width = len(EEE_CATEGORIES)
    weights = memoryview(base64.b64decode(document["weights"])).cast("b")
    return Model(
        idf=dict(zip(pieces, document["idf"], strict=True)),
        rows={piece: weights[at * width : (at + 1) * width] for at, piece in enumerate(pieces)},
        bias=document["bias"],
        step=document["step"],
        temperature=document["temperature"],
        trained_on=document["trained_on"],
    )


@cache
def shipped() -> Model:
    """The model that comes with the product; read once."""
    return read(json.loads((DATA / MODEL_FILE).read_text(encoding="utf-8")))
