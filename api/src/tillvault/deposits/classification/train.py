"""Trains the classifier: `python -m tillvault.deposits.classification.train` writes data/model.json.

Needs scikit-learn, which is installed for development alone. Everything is seeded. What is held out is read by the
report, and never here.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import math
import random
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from tillvault.deposits.classification.features import pieces
from tillvault.deposits.classification.model import MODEL_FILE
from tillvault.deposits.domain import EEE_CATEGORIES

FOLDER = Path(__file__).parent / "data"
SEED = 20_261_121
VARIANTS = 8
"""Misspelled and decorated forms of each item of the list, beside itself."""
FOLDS = 3
STRENGTH = 30.0
"""The inverse of the regularisation."""

_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# Spelled as it is heard, in three languages: each side is written for the other.
_HEARD_ALIKE = (
    ("b", "v"), ("c", "k"), ("c", "s"), ("s", "z"), ("qu", "k"), ("ph", "f"), ("y", "i"), ("ll", "y"), ("g", "j"),
    ("x", "s"), ("ch", "sh"), ("ee", "ea"), ("er", "re"), ("ou", "oo"), ("an", "en"), ("ain", "in"), ("eau", "o"),
    ("m", "n"), ("h", ""), ("tion", "sion"), ("ei", "ie"), ("ss", "s"), ("tt", "t"), ("nn", "n"), ("rr", "r"),
)  # fmt: skip


def items(name: str) -> list[tuple[str, str, str]]:
    """Category, language and text of each line of a list."""
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return [(row["category"], row["lang"], row["text"]) for row in csv.DictReader(file)]


def fingerprint() -> str:
    return hashlib.sha256((FOLDER / "train.csv").read_bytes()).hexdigest()


def heard(text: str, chance: random.Random) -> str:
    """Spelled by ear once, or with a word broken in two, or two words run together."""
    spots = [(one, other) for pair in _HEARD_ALIKE for one, other in (pair, pair[::-1]) if one and one in text]
    if spots and chance.random() < 0.8:
        one, other = chance.choice(spots)
        return text.replace(one, other, 1)
    if " " in text:
        return text.replace(" ", "", 1)
    at = len(text) // 2
    return f"{text[:at]} {text[at:]}"


def misspelled(text: str, chance: random.Random) -> str:
    """Spelled by ear, or one or two slips: a letter left out, swapped, doubled or wrong."""
    if chance.random() < 0.4:
        return heard(text, chance)
    letters = list(text)
    for _ in range(chance.choice((1, 1, 2))):
        if len(letters) < 4:
            break
        at = chance.randrange(1, len(letters) - 1)
        match chance.randrange(4):
            case 0:
                del letters[at]
            case 1:
                letters[at], letters[at - 1] = letters[at - 1], letters[at]
            case 2:
                letters.insert(at, letters[at])
            case _:
                letters[at] = chance.choice(_LETTERS)
    return "".join(letters)


def varied(texts: Sequence[str], chance: random.Random) -> list[list[str]]:
    """For each text itself and its variants."""
    # What people add whatever the thing is: it must not speak for any category.
    remarks = (FOLDER / "remarks.txt").read_text(encoding="utf-8").splitlines()
    every: list[list[str]] = []
    for text in texts:
        forms = [text]
        for _ in range(VARIANTS):
            form = misspelled(text, chance) if chance.random() < 0.7 else text
            if chance.random() < 0.6:
                remark = chance.choice(remarks)
                form = f"{form} {remark}" if chance.random() < 0.8 else f"{remark} {form}"
            forms.append(form)
        every.append(forms)
    return every


def _fitted(forms: Sequence[Sequence[str]], labels: Sequence[str]) -> tuple[Any, Any]:
    """A vocabulary and a linear model over it."""
    text: Any = import_module("sklearn.feature_extraction.text")
    linear: Any = import_module("sklearn.linear_model")
    flat = [form for each in forms for form in each]
    repeated = [label for each, label in zip(forms, labels, strict=True) for _ in each]
    vocabulary = text.TfidfVectorizer(analyzer=pieces, sublinear_tf=True, min_df=3)
    model = linear.LogisticRegression(C=STRENGTH, max_iter=400, tol=1e-3)
    model.fit(vocabulary.fit_transform(flat), repeated)
    return vocabulary, model


def _temperature(forms: Sequence[Sequence[str]], labels: Sequence[str]) -> float:
    """What the scores are divided by so that confidence is right, found on texts that the model had not seen.

    Half of them are items that were left out with all their variants, half are items that it knows, misspelled anew: so
    it is at a reception, where most things are usual and some are not.
    """
    optimise: Any = import_module("scipy.optimize")
    numpy: Any = import_module("numpy")
    order = list(range(len(forms)))
    chance = random.Random(SEED)  # noqa: S311  (to be repeated, not to be secret)
    chance.shuffle(order)
    scores: list[Any] = []
    right: list[int] = []
    for fold in range(FOLDS):
        out = set(order[fold::FOLDS])
        rest = [at for at in order if at not in out]
        vocabulary, model = _fitted([forms[at] for at in rest], [labels[at] for at in rest])
        known = chance.sample(rest, len(out))
        asked = [forms[at][1] for at in sorted(out)] + [misspelled(forms[at][0], chance) for at in known]
        scores.append(model.decision_function(vocabulary.transform(asked)))
        right += [EEE_CATEGORIES.index(labels[at]) for at in (*sorted(out), *known)]
    every = numpy.vstack(scores)

    def loss(logarithm: float) -> float:
        scaled = every / math.exp(logarithm)
        normal = numpy.logaddexp.reduce(scaled, axis=1)
        return float((normal - scaled[numpy.arange(len(right)), right]).mean())

    return math.exp(float(optimise.minimize_scalar(loss, bounds=(-2, 2), method="bounded").x))


def train() -> dict[str, Any]:
    """The model in its JSON form."""
    numpy: Any = import_module("numpy")
    listed = items("train.csv")
    labels = [category for category, _, _ in listed]
    forms = varied([text for _, _, text in listed], random.Random(SEED))  # noqa: S311  (as above)
    temperature = _temperature(forms, labels)
    vocabulary, model = _fitted(forms, labels)
    assert tuple(model.classes_) == EEE_CATEGORIES, "every category has examples"  # noqa: S101  (of the list)
    weights: Any = model.coef_.T
    step = float(numpy.abs(weights).max()) / 127
    names: list[str] = [str(name) for name in vocabulary.get_feature_names_out()]
    return {
        "trained_on": fingerprint(),
        "temperature": round(temperature, 4),
        "step": step,
        "bias": [round(float(each), 4) for each in model.intercept_],
        "pieces": names,
        "idf": [round(float(each), 3) for each in vocabulary.idf_],
        "weights": base64.b64encode(numpy.rint(weights / step).astype(numpy.int8).tobytes()).decode(),
    }


def main() -> None:
    path = FOLDER / MODEL_FILE
    path.write_text(json.dumps(train(), ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8")
    sys.stdout.write(f"wrote {path.name}: {path.stat().st_size // 1024} KiB. Now write the report: make openapi\n")


if __name__ == "__main__":
    main()
