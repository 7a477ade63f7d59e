"""What several sessions say of one row, and what stands in the manifest in the end."""

from pathlib import Path

import pytest

from fertools.manifest import read_manifest
from fertools.review import Asked, import_verdicts
from fertools.review.agree import Settled
from fertools.review.session import open_session
from fertools.review.verdicts import standing
from fertools.split import SplitOptions, split
from tests.review_data import judgeable, verdicts

NAMES = ("verdict", "label_verdict", "label_verdict_second", "drop")


@pytest.fixture
def data(tmp_path) -> Path:
    """Eight faces in all queues, `anger` each, which two of three raters call fear."""
    flags = [["label_suspect", "exact_copy", "blurred"]] * 8
    raters = {f"rater_{who}_label": ["fear"] * 8 for who in "ab"}
    raters |= {"rater_c_label": ["anger"] * 8, "native_label": ["anger"] * 8}
    return judgeable(tmp_path / "data", 8, flags=flags, **raters)


def say(data: Path, asked: Asked, said: dict[int, tuple[str, ...]], who: str = "kim"):
    """Import what one reviewer says of some rows in a session; a keep is of the label shown."""
    session, _ = open_session(data, asked)
    keys = dict(zip(session.items["id"].to_pylist(), session.items["key"].to_pylist(), strict=True))
    rows = [(keys[f"x/{row:03d}"], *(said[row] if said[row] != ("keep",) else ("keep", "anger")))
            for row in said]  # fmt: skip
    opening = {"session": session.asked.name, "queue": asked.queue, "blind": asked.blind}
    file = verdicts(data.parent / f"{who}.{session.asked.name}.jsonl", who, rows, **opening)
    return import_verdicts([file], data)


def columns(data: Path) -> list[tuple]:
    table = read_manifest(data).table
    return list(zip(*(table[name].to_pylist() for name in NAMES), strict=True))


def test_a_keep_of_who_was_not_asked_about_the_label_says_nothing_of_it(data, tmp_path):
    say(data, Asked("labels"), {0: ("relabel", "fear", "disgust"), 1: ("drop",), 2: ("keep",)})
    for queue in ("quality", "twins"):
        say(data, Asked(queue), dict.fromkeys(range(4), ("keep",)), "lee")
    assert columns(data)[:5] == [
        ("relabel", "fear", "disgust", None),
        ("drop", None, None, "verdict"),
        ("keep", "anger", None, None),  # who was asked said so
        ("keep", None, None, None),
        (None, None, None, None),
    ]
    options = SplitOptions(official=True, label_rule="majority", verdicts=True)
    split([data], tmp_path / "split.parquet", options)
    labels = read_manifest(tmp_path / "split.parquet").table["label"].to_pylist()
    assert labels == ["fear", "fear", "anger", *["fear"] * 5]


def test_a_photograph_without_a_face_is_judged_and_has_nothing_to_drop(tmp_path):
    data = judgeable(tmp_path / "data", 4, status=["no_face", "ok", "ok", "ok"])
    say(data, Asked("no_face"), {0: ("drop",)})
    assert columns(data)[0] == ("drop", None, None, None)


def test_a_test_row_that_is_dropped_or_renamed_is_counted(data):
    """Of the published parts train, val, test, over and over: rows 2 and 5 are tests."""
    said = {0: ("drop",), 2: ("drop",), 3: ("relabel", "fear"), 5: ("relabel", "fear")}
    assert say(data, Asked("labels"), said).changed_test_rows == 2
    assert say(data, Asked("labels"), {2: ("open",), 5: ("keep",)}).changed_test_rows == 0


def test_who_is_blind_names_the_label_in_any_queue(data):
    say(data, Asked("labels"), {0: ("relabel", "fear")})
    say(data, Asked("quality", sample=8, blind=True), {0: ("relabel", "anger")}, "lee")
    assert columns(data)[0] == ("keep", "anger", None, None)


def test_a_relabel_counts_in_any_queue(data):
    say(data, Asked("quality"), {0: ("relabel", "fear"), 1: ("relabel", "anger")})
    assert columns(data)[:2] == [("relabel", "fear", None, None), ("keep", "anger", None, None)]


def test_a_drop_is_lifted_by_the_session_that_said_it_alone(data):
    say(data, Asked("quality"), {0: ("drop",), 1: ("drop",)})
    say(data, Asked("labels"), {0: ("relabel", "fear"), 1: ("keep",)})
    assert columns(data)[:2] == [("drop", "fear", None, "verdict"),
                                 ("drop", "anger", None, "verdict")]  # fmt: skip
    say(data, Asked("quality"), {0: ("keep",), 1: ("unsure",)})
    assert columns(data)[:2] == [("relabel", "fear", None, None), ("keep", "anger", None, None)]


@pytest.mark.parametrize(
    ("said", "stands"),
    [
        ([("fear", "anger"), ("sadness", None)], ("relabel", "sadness", None)),
        ([("fear", "anger"), ("anger", None)], ("keep", "anger", None)),
        ([("fear", "anger"), ("disputed", None)], ("relabel", "fear", "anger")),
        ([("fear", None), ("unsure", None)], ("relabel", "fear", None)),
        ([("drop", None), ("fear", None)], ("drop", "fear", None)),
        ([("keep", None), ("disputed", None)], ("keep", None, None)),
        ([("unsure", None), ("disputed", None)], ("disputed", None, None)),
        ([("unsure", None)], ("unsure", None, None)),
        ([], (None, None, None)),
    ],
)
def test_what_stands_is_the_last_word_that_was_settled(said, stands):
    assert standing([Settled(*each) for each in said], "anger") == stands


def test_an_import_replaces_what_its_own_session_said(data):
    say(data, Asked("labels"), {0: ("relabel", "fear")})
    say(data, Asked(), {0: ("relabel", "sadness")})
    assert columns(data)[0][1] == "sadness"
    assert say(data, Asked(), {0: ("relabel", "sadness")}).version is None
    say(data, Asked(), {0: ("unsure",)})
    assert columns(data)[0] == ("relabel", "fear", None, None)
    assert read_manifest(data).table["session_verdicts"][0].as_py() == [
        {"session": "labels", "word": "fear", "second": None},
        {"session": "all", "word": "unsure", "second": None},
    ]


def test_who_takes_a_verdict_back_leaves_what_others_said(data):
    say(data, Asked("labels"), {0: ("relabel", "fear"), 1: ("drop",), 2: ("keep",)})
    say(data, Asked(), {0: ("relabel", "sadness"), 1: ("drop",)})
    taken = dict.fromkeys(range(3), ("open",))
    found = say(data, Asked("labels"), taken)
    assert (found.taken_back, found.faces) == (3, {})
    assert columns(data)[:3] == [
        ("relabel", "sadness", None, None), ("drop", None, None, "verdict"),
        (None, None, None, None),
    ]  # fmt: skip
    say(data, Asked(), taken)
    assert columns(data) == [(None, None, None, None)] * 8
    assert read_manifest(data).table["session_verdicts"].null_count == 8
    assert say(data, Asked(), taken).version is None


def test_a_drop_that_is_taken_back_leaves_the_reason_of_a_check(tmp_path):
    data = judgeable(tmp_path / "data", 8, native_label=["anger"] * 8, drop=["exact_copy"] * 8)
    say(data, Asked("labels"), {0: ("drop",)})
    say(data, Asked("labels"), {0: ("open",)})
    assert columns(data)[0] == (None, None, None, "exact_copy")
