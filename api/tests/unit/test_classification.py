"""The classifier: what it must reach on the list that was held out, and that the list was held out."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

import tillvault.deposits.classification
from tillvault.deposits.classification import report
from tillvault.deposits.classification.features import LENGTH_MAX, normalised, weighted
from tillvault.deposits.classification.model import shipped
from tillvault.deposits.classification.train import fingerprint, items
from tillvault.deposits.domain import EEE_CATEGORIES, LANGUAGES

DATA = Path(tillvault.deposits.classification.__file__).parent / "data"


@pytest.fixture(scope="module")
def judged() -> list[report.Judged]:
    return report.judged(shipped())


def test_accuracy_on_what_was_held_out(judged: list[report.Judged]) -> None:
    assert report.accuracy(judged) >= report.ACCURACY_MIN


def test_confidence_means_what_it_says(judged: list[report.Judged]) -> None:
    assert report.calibration_error(judged) < report.CALIBRATION_ERROR_MAX


def test_no_language_and_no_category_is_left_behind(judged: list[report.Judged]) -> None:
    for lang in LANGUAGES:
        assert report.accuracy([each for each in judged if each.lang == lang]) >= 0.9, lang
    for category in EEE_CATEGORIES:
        assert report.accuracy([each for each in judged if each.category == category]) >= 0.85, category


def test_what_is_sure_enough_not_to_be_asked_is_nearly_always_right(judged: list[report.Judged]) -> None:
    sure = [each for each in judged if each.confidence >= report.DEFAULT_THRESHOLD]

    assert report.accuracy(sure) >= 0.97
    assert len(sure) / len(judged) >= 0.85


def test_the_held_out_list_is_large_and_covers_everything() -> None:
    held_out, trained = items("heldout.csv"), items("train.csv")

    assert len(held_out) >= 400
    assert len(trained) >= 1_500
    for listed in (held_out, trained):
        counts = Counter((category, lang) for category, lang, _ in listed)
        assert set(counts) == {(category, lang) for category in EEE_CATEGORIES for lang in LANGUAGES}
        assert min(counts.values()) >= len(listed) / 24 / 2


def test_nothing_held_out_was_trained_on() -> None:
    trained = {normalised(text) for _, _, text in items("train.csv")}

    assert [text for _, _, text in items("heldout.csv") if normalised(text) in trained] == []


def test_the_model_was_trained_on_the_list_beside_it() -> None:
    assert shipped().trained_on == fingerprint(), "run python -m tillvault.deposits.classification.train"


def test_the_lists_are_clean() -> None:
    for name in ("train.csv", "heldout.csv"):
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            rows = [tuple(row.values()) for row in csv.DictReader(file)]
        assert len(set(rows)) == len(rows), name
        assert all(text == text.strip() and text for _, _, text in rows), name


@pytest.mark.parametrize("text", ["", "   ", "!!!", "漢字", "😀", "\u200b"])
def test_what_holds_no_word_is_as_likely_anything(text: str) -> None:
    assert shipped().probabilities(text) == [1 / 8] * 8


@pytest.mark.parametrize("text", ["Frigo", "FRIGO", "frigo!", "  frigo "])
def test_case_and_punctuation_do_not_matter(text: str) -> None:
    assert shipped().probabilities(text) == shipped().probabilities("frigo")


def test_probabilities_are_probabilities_however_long_the_text() -> None:
    found = shipped().probabilities("machine à laver " * 10_000)

    assert abs(sum(found) - 1) < 1e-9
    assert all(0 <= share <= 1 for share in found)
    assert len(normalised("x" * 10_000)) == LENGTH_MAX


def test_the_pieces_of_a_text_are_weighed_to_one() -> None:
    found = weighted("micro onde", shipped().idf)

    assert abs(sum(value * value for value in found.values()) - 1) < 1e-9
