"""The paragraph for a paper says what the leak-free rows are, whatever they are."""

from dataclasses import replace

import pytest

from fertools.evaluate._paragraph_words import ENGLISH, KOREAN
from fertools.evaluate.evaluation import Evaluation, Member, name_of
from fertools.evaluate.paragraph import paragraph
from fertools.evaluate.scoring import Scores, Subset
from fertools.measures.intervals import Interval

SURE = Interval(0.7, 0.65, 0.75, 40)
SCORES = Scores(200, 200, SURE, SURE, SURE, [], [], 0.9, 0.4, 0.1)
FOUND = Evaluation("runs/x", "m.parquet", "d" * 32, "test", SCORES, thresholds={"ck48": 0.93})


@pytest.mark.parametrize(
    ("free", "english", "korean"),
    [
        (Subset(200, 200, {}, SURE, SURE), "None of them has a copy", "영상은 없다"),
        (Subset(300, 150, {}, SURE, SURE), "On the 150 images that have no", "없는 150장에서는"),
        (Subset(24, 12, {}, None, None), "12 have no copy", "12장으로, 점수를 내기에 너무 적다"),
    ],
)
def test_the_leak_free_rows(free, english, korean) -> None:
    found = replace(FOUND, leak_free=free)
    assert english in paragraph(found) and korean in paragraph(found, "ko")
    assert ("NCC >= ck48 0.93" in paragraph(found)) == (free.images == 150)


def test_several_runs_and_predictions_from_a_file() -> None:
    members = [Member("seed0", 200, 0.68, 0.6), Member("seed1", 200, 0.72, 0.6)]
    text = paragraph(replace(FOUND, members=members))
    assert "pooled over 2 runs (68.00 .. 72.00 %)" in text and "not reliable" not in text
    assert "the predictions came from a file" in text
    assert "Looks" not in text  # a part that is no test is not counted


def test_an_interval_that_a_few_errors_make_is_told() -> None:
    sure = Interval(0.99, 0.97, 1.0, 200, unlike=2)
    text = paragraph(replace(FOUND, scores=replace(FOUND.scores, accuracy=sure)))
    assert "All groups but 2 have the same accuracy" in text


def test_both_languages_have_every_sentence() -> None:
    assert ENGLISH.keys() == KOREAN.keys()


def test_a_manifest_is_called_by_its_folder_where_its_own_name_says_nothing(tmp_path) -> None:
    assert name_of("data/jaffe/manifest.parquet") == name_of("data/jaffe") == "jaffe"
    assert name_of("manifests/kdef.parquet") == "kdef"
