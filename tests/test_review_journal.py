"""The journal: nothing that was answered is lost, nobody overwrites anybody."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.errors import FerError
from fertools.review.journal import Given, Journal, Overtaken, parse, read_journal
from tests.full_disk import room_for
from tests.review_data import lines

OPENING = {"session": "labels", "reviewer": "kim", "queue": "labels", "blind": False}


def drop(key: str, uid: str, after: int = 0) -> Given:
    return Given(key, "drop", None, None, uid, after)


def relabel(key: str, word: str, uid: str, after: int = 0) -> Given:
    return Given(key, "relabel", word, None, uid, after)


@pytest.fixture
def file(tmp_path) -> Path:
    return tmp_path / "kim.jsonl"


def test_a_verdict_is_on_the_disk_before_it_is_answered(file, monkeypatch):
    order = []
    real = os.fsync
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append(file.read_bytes()), real(handle)))
    entry = Journal(file, OPENING).add(drop("a", "1"), {"id": "x/1"})
    assert entry.number == 1 and b'"uid": "1"' in order[-1]
    assert lines(file)[1]["id"] == "x/1"


def test_the_last_verdict_counts_and_all_are_kept(file):
    journal = Journal(file, OPENING)
    journal.add(drop("a", "1"))
    journal.add(relabel("a", "fear", "2", after=1))
    journal.add(Given("a", "open", None, None, "3", 2))
    again = read_journal(file)
    assert [each.verdict for each in again.entries] == ["drop", "relabel", "open"]
    assert again.at(2)["a"].label == "fear" and again.at()["a"].verdict == "open"
    assert again.opening["reviewer"] == "kim"


def test_two_tabs_do_not_overwrite_each_other(file):
    journal = Journal(file, OPENING)
    first = journal.add(drop("a", "tab1-1"))
    with pytest.raises(Overtaken) as found:
        journal.add(relabel("a", "fear", "tab2-1", after=0))
    assert found.value.entry == first and len(lines(file)) == 2
    assert journal.add(relabel("a", "fear", "tab2-2", after=first.number)).number == 2


def test_two_servers_on_one_journal_see_each_other(file):
    one, two = Journal(file, OPENING), Journal(file, OPENING)
    one.add(drop("a", "1"))
    with pytest.raises(Overtaken):
        two.add(drop("a", "2"))
    assert two.add(drop("b", "3")).number == 2
    one.refresh()
    assert set(one.at()) == {"a", "b"} and sum("format" in line for line in lines(file)) == 1


def test_a_verdict_that_is_sent_twice_is_kept_once(file):
    journal = Journal(file, OPENING)
    assert journal.add(drop("a", "1")) == journal.add(drop("a", "1"))
    assert Journal(file).add(drop("a", "1")).number == 1 and len(lines(file)) == 2


def test_half_a_line_of_a_killed_process_swallows_nothing(file):
    Journal(file, OPENING).add(drop("a", "1"))
    with file.open("ab") as stream:
        stream.write(b'{"key": "b", "verd')
    journal = Journal(file, OPENING)
    journal.add(drop("c", "2"))
    assert set(read_journal(file).latest) == {"a", "c"}


def test_a_full_disk_takes_no_verdict_by_half(file):
    journal = Journal(file, OPENING)
    with room_for(file.stat().st_size + 30), pytest.raises(FerError, match="cannot be written"):
        journal.add(drop("a", "1"))
    assert journal.add(drop("a", "1")).number == 1  # as the page does, which has kept it
    assert [entry.key for entry in read_journal(file).entries] == ["a"]


def test_half_an_opening_does_not_spoil_the_verdicts_after_it(file):
    with room_for(20), pytest.raises(FerError, match="cannot be written"):
        Journal(file, OPENING)
    assert file.stat().st_size == 20
    Journal(file, OPENING).add(drop("a", "1"))
    found = read_journal(file)
    assert found.opening["reviewer"] == "kim" and set(found.latest) == {"a"}


def test_many_threads_lose_nothing(file):
    journal = Journal(file, OPENING)

    def work(name: int) -> None:
        for number in range(20):
            journal.add(drop(f"{name}-{number}", f"{name}-{number}"))

    workers = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert len(read_journal(file).latest) == 160


WRITER = """
import sys
from pathlib import Path
from fertools.review.journal import Given, Journal
journal = Journal(Path(sys.argv[1]), {"session": "s", "reviewer": "kim"})
for number in range(100000):
    journal.add(Given(f"k{number}", "drop", None, None, f"u{number}"))
    print(number, flush=True)
"""


def test_kill_9_loses_no_verdict_that_was_answered(file):
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file)], stdout=subprocess.PIPE, text=True
    )
    answered = [int(writer.stdout.readline()) for _ in range(50)]
    writer.send_signal(signal.SIGKILL)
    answered += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    writer.wait()
    assert {f"k{number}" for number in answered} <= set(read_journal(file).latest)


@pytest.mark.parametrize(
    "odd",
    [
        {"key": "a", "verdict": "love", "uid": "1"},
        {"key": "a", "verdict": "relabel", "uid": "1"},
        {"key": "a", "verdict": "relabel", "uid": "1", "label": "fear", "second": "fear"},
        {"key": "a", "verdict": "relabel", "uid": "1", "label": "glee"},
        {"key": "a", "verdict": "drop", "uid": "1", "label": "fear"},
        {"key": "a", "verdict": "drop", "uid": "1", "second": "fear"},
        {"key": "a", "verdict": "drop", "uid": "1", "after": "2"},
        {"key": "a", "verdict": "drop", "uid": ""},
        {"key": ["a"], "verdict": "drop", "uid": "1"},
        {"key": "a" * 500, "verdict": "drop", "uid": "1"},
    ],
)
def test_what_is_no_verdict_is_none(odd):
    assert parse(odd, ("fear", "anger")) is None


def test_a_verdict_that_nobody_could_have_given_is_named_by_its_line(file):
    Journal(file, OPENING).add(drop("a", "1"))
    with file.open("a") as stream:
        stream.write('{"key": "b", "verdict": "love", "uid": "2"}\n')
    with pytest.raises(FerError, match="line 3: a verdict that nobody could have given"):
        read_journal(file)


@pytest.mark.parametrize("word", ["", "  "])
def test_a_label_of_blanks_is_named_by_its_line(file, word):
    Journal(file, OPENING).add(relabel("a", word, "1"))
    with pytest.raises(FerError, match=r"kim.jsonl, line 2: label .* write the one that was meant"):
        read_journal(file)


def test_two_spellings_of_one_word_are_no_second_choice(file):
    Journal(file, OPENING).add(Given("a", "relabel", "fear", "Fear ", "1"))
    with pytest.raises(FerError, match="line 2: a verdict that nobody could have given"):
        read_journal(file)


def test_a_word_of_an_unknown_data_set_means_itself(file):
    Journal(file, OPENING).add(Given("a", "relabel", " Fear", "joy ", "1"))
    found = read_journal(file).latest["a"]
    assert (found.label, found.second) == ("fear", "joy")


def test_a_last_line_without_its_end_is_read_where_it_is_whole(file):
    journal = Journal(file, OPENING)
    journal.add(drop("a", "1"))
    journal.add(drop("b", "2"))
    file.write_bytes(file.read_bytes()[:-1])  # as an editor leaves it
    assert [entry.key for entry in read_journal(file).entries] == ["a", "b"]
    file.write_bytes(file.read_bytes()[:-9])  # as a killed process leaves it
    assert [entry.key for entry in read_journal(file).entries] == ["a"]


VALUES = st.one_of(
    st.none(), st.integers(), st.text("ab{\n", max_size=5), st.sampled_from(["drop", "relabel"])
)
KEYS = st.sampled_from(["key", "verdict", "label", "second", "uid", "format"])
LINES = st.one_of(
    st.binary(max_size=30),
    st.dictionaries(KEYS, VALUES).map(lambda found: json.dumps(found).encode()),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(LINES))
def test_any_file_is_read_or_refused(pieces):
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder) / "x.jsonl", pieces)


def check(file: Path, pieces: list[bytes]) -> None:
    file.write_bytes(b"\n".join(pieces))
    try:
        found = read_journal(file)
    except FerError as error:
        assert str(file) in str(error)
    else:
        assert all(each.verdict and each.uid for each in found.entries)
