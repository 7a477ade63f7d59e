"""Verdicts in a split: labels where asked for, and another name for a changed test part."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fertools.audit import audit
from fertools.errors import FerError
from fertools.evaluate import evaluate
from fertools.evaluate.paragraph import paragraph
from fertools.fakes import fer2013
from fertools.flows._lists import identity, listed
from fertools.flows.protocols import TEXTS, toml
from fertools.ingest import ingest
from fertools.manifest import Manifest, read_manifest, write_manifest
from fertools.probs import Probs, write_probs
from fertools.protocol import write_list
from fertools.review.agree import Settled
from fertools.review.verdicts import judged
from fertools.split import SplitOptions, split
from fertools.split.judged import judge

RULE = """
title = "by its own parts"
data = "fer2013"
task = "t"
label_rule = "uploader"
classes = ["anger"]
selection = "val"
metric = "accuracy"
tta = "none"
[rule]
official = true
"""


@pytest.fixture(scope="module")
def ingested(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("fer2013")
    fer2013.write(folder / "raw", people=6, traps=False)
    ingest("fer2013", [folder / "raw"], folder / "data")
    return folder / "data"


def reviewed(data: Path, out: Path, answers: dict[int, str]) -> Path:
    """A copy of the manifest with verdicts on some rows; its faces stay where they are."""
    manifest = read_manifest(data)
    table = judged(manifest, {row: Settled(word) for row, word in answers.items()}, "labels")
    facts = {**manifest.facts, "verdicts": "ab12cd34ef"}
    write_manifest(out / "manifest.parquet", table, facts, manifest.card)
    for shard in data.glob("*.npy"):
        (out / shard.name).symlink_to(shard)
    return out


def rows_of(data: Path, part: str) -> list[int]:
    parts = read_manifest(data).table["official_split"].to_pylist()
    return [row for row, each in enumerate(parts) if each == part]


def dealt(data: Path, out: Path, **options) -> Manifest:
    split([data], out, SplitOptions(**options))
    return read_manifest(out)


@pytest.fixture
def rule(tmp_path) -> str:
    (tmp_path / "own.toml").write_text(RULE)
    return str(tmp_path / "own.toml")


def test_labels_follow_verdicts_only_where_asked(ingested, tmp_path):
    test, train = rows_of(ingested, "test"), rows_of(ingested, "train")
    data = reviewed(ingested, tmp_path / "data",
                    {test[0]: "contempt", train[0]: "drop", train[1]: "unsure"})  # fmt: skip
    plain = dealt(data, tmp_path / "plain.parquet", official=True).table
    asked = dealt(data, tmp_path / "asked.parquet", official=True, verdicts=True).table
    assert plain["label"][test[0]].as_py() == plain["native_label"][test[0]].as_py()
    assert asked["label"][test[0]].as_py() == "contempt"
    assert asked["native_label"] == plain["native_label"]
    for table in (plain, asked):
        assert table["split"][train[0]].as_py() is None
        assert table["drop"][train[0]].as_py() == "verdict"
        assert table["split"][train[1]].as_py() == "train"
    ways = {"official": True, "verdicts": True, "labels": "basic7"}
    mapped = dealt(data, tmp_path / "mapped.parquet", **ways).table
    assert mapped["label"][test[0]].as_py() is None and mapped["split"][test[0]].as_py() is None
    assert mapped["label_status"][test[0]].as_py() == "mapped_away"


def test_a_changed_test_part_scores_under_another_name(ingested, tmp_path, rule):
    test, train = rows_of(ingested, "test"), rows_of(ingested, "train")
    own = tmp_path / "own"
    same = dealt(ingested, own / "same.parquet", protocol=rule)
    assert same.facts["protocol"]["name"] == rule
    trained = reviewed(ingested, tmp_path / "a", {train[0]: "drop", train[1]: "fear"})
    assert (
        dealt(trained, own / "a.parquet", protocol=rule, verdicts=True).facts["protocol"]
        == (same.facts["protocol"])
    )  # training rows may be cleaned
    other = rule + "+verdicts-ab12cd34"
    relabelled = reviewed(ingested, tmp_path / "b", {test[0]: "contempt"})
    assert dealt(relabelled, own / "b.parquet", protocol=rule).facts["protocol"]["name"] == rule
    found = split([relabelled], own / "c.parquet", SplitOptions(protocol=rule, verdicts=True))
    assert read_manifest(own / "c.parquet").facts["protocol"]["name"] == other
    assert any("1 rows of the test part are others by verdict" in note for note in found.notes)
    gone = reviewed(ingested, tmp_path / "c", {test[0]: "drop"})
    dropped = dealt(gone, own / "d.parquet", protocol=rule)
    assert dropped.facts["protocol"]["name"] == other  # a dropped row is gone, asked or not
    assert audit(own / "d.parquet", by=["exact"]).protocol == other
    score(own / "d.parquet", tmp_path / "probs.parquet", other)


def test_a_list_stands_above_verdicts_unless_asked(ingested, tmp_path):
    manifest = read_manifest(ingested)
    base = identity(manifest, "fer2013")
    said = {"label": base["native_label"], "label_status": pa.array(["ok"] * len(base))}
    write_list(tmp_path / "own.parquet", listed(base, split=base["official_split"], **said))
    (tmp_path / "own.toml").write_text(toml(TEXTS["fer2013-official"]))
    name = str(tmp_path / "own.toml")
    test = rows_of(ingested, "test")
    data = reviewed(ingested, tmp_path / "data", {test[0]: "drop", test[1]: "contempt"})
    plain = dealt(data, tmp_path / "plain.parquet", protocol=name)
    assert plain.facts["protocol"]["name"] == name
    assert plain.table["split"][test[0]].as_py() == "test"
    asked = dealt(data, tmp_path / "asked.parquet", protocol=name, verdicts=True)
    assert asked.facts["protocol"]["name"] == name + "+verdicts-ab12cd34"
    assert asked.table["split"][test[0]].as_py() is None
    assert asked.table["label"][test[1]].as_py() == "contempt"


def score(file: Path, probs: Path, name: str) -> None:
    table = read_manifest(file).table
    rows = [row for row in table.to_pylist() if row["split"] == "test"]
    words = sorted({row["label"] for row in table.to_pylist() if row["label"]})
    values = np.full((len(rows), len(words)), 1 / len(words))
    write_probs(probs, Probs(tuple(r["id"] for r in rows), tuple(words), values))
    found = evaluate(file, probs=probs)
    assert found.protocol == name
    assert f"Protocol: {name}." in paragraph(found)
    assert f"프로토콜: {name}." in paragraph(found, "ko")


def test_verdicts_that_are_not_there_are_missed(ingested, tmp_path):
    with pytest.raises(FerError, match="import-verdicts"):
        dealt(ingested, tmp_path / "x.parquet", official=True, verdicts=True)


def test_a_row_is_dropped_or_relabelled_by_verdict_or_neither():
    rows = [  # status, label, verdict, its word; dropped, relabelled, the reason to drop it
        ("ok", "fear", "drop", None, True, False, "verdict"),
        ("no_face", "fear", "drop", None, False, False, None),
        ("ok", "fear", "relabel", "anger", False, True, None),
        ("ok", "fear", "drop", "anger", True, False, "verdict"),
        ("ok", None, "drop", None, False, False, "verdict"),
        ("ok", "fear", "keep", "fear", False, False, None),
    ]
    status, label, verdict, word, dropped, relabelled, drop = map(list, zip(*rows, strict=True))
    said = {"status": status, "label": label, "verdict": verdict, "label_verdict": word}
    text = pa.array(["ok"] * len(rows))
    found = judge(pa.table({**said, "label_status": text}), None, asked=True)
    assert found.dropped.tolist() == dropped and found.relabelled.tolist() == relabelled
    assert found.table["drop"].to_pylist() == drop
