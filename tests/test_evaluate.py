"""Evaluation of runs on drawn faces: parts, folds, other people's files, comparison, words."""

import contextlib
import dataclasses
import json
import os
import re
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import torch
from pyarrow import csv

from fertools import recipe as recipes
from fertools.checks._ncc import near_twins
from fertools.compare import Comparison, compare, markdown
from fertools.errors import FerError
from fertools.evaluate import evaluate, ledger
from fertools.evaluate.evaluation import Options
from fertools.evaluate.leakfree import leak_free, parts
from fertools.evaluate.mapped import words_of
from fertools.evaluate.other import shown
from fertools.evaluate.paragraph import paragraph
from fertools.evaluate.predictions import Way, probabilities, settled, shares, units, way_of
from fertools.faces import open_faces
from fertools.fakes import ck48
from fertools.flows.export_onnx import export_onnx
from fertools.ingest import ingest
from fertools.manifest import read_manifest, write_manifest
from fertools.measures.intervals import Interval, Paired
from fertools.models import dense_dsc
from fertools.probs import read_probs
from fertools.recipe import Recipe
from fertools.runs import open_run
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from fertools.train import train
from fertools.train.jobs import plan
from tests.made import made, smooth

CLASSES = ["anger", "disgust", "happiness", "surprise"]


def recipe(manifest: Path, *changes: str) -> Recipe:
    raw = {
        "data": {"manifest": str(manifest), "classes": CLASSES},
        "model": {"name": "mlp", "options": {"hidden": [24], "activation": "tanh"}},
        "optimiser": {"name": "adam", "lr": 0.003},
        "train": {"epochs": 6, "batch": 32, "select": "last"},
    }
    return recipes.parse(recipes.override(raw, changes))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Runs: `one` and `two` on a split by people, `folds/` of three folds."""
    folder = tmp_path_factory.mktemp("study")
    raws = ck48.write(folder / "raw", people=16, traps=False).raws(folder / "raw")
    ingest("ck48", raws, folder / "data")
    ways = {
        "apart": SplitOptions(ratios=(5, 2, 3)),
        "random": SplitOptions(ratios=(5, 2, 3), grouping=Grouping(group="none")),
        "folds": SplitOptions(folds=3),
    }
    for name, options in ways.items():
        split([folder / "data"], folder / f"{name}.parquet", options)
    for name, seed in (("one", 0), ("two", 1)):
        train(recipe(folder / "apart.parquet"), folder / name, seed=seed)
    for k in range(3):
        train(recipe(folder / "folds.parquet"), folder / "folds" / f"fold{k}", fold=k)
    return folder


def test_the_order_in_memory_does_not_change_what_a_network_says() -> None:
    torch.manual_seed(0)
    model = dense_dsc.build(7, growth=(4, 4), blocks=2, width=8).eval()
    images = torch.rand(5, 1, 48, 48)
    plain = shares(model, images, Way(tta="flip"))
    last = shares(model.to(memory_format=torch.channels_last), images, Way("flip", "fp32", True))
    np.testing.assert_allclose(last, plain, rtol=1e-4)
    turned = shares(model, images.flip(3), Way())
    np.testing.assert_allclose(plain, (shares(model, images, Way()) + turned) / 2, rtol=1e-4)
    assert np.allclose(plain.sum(1), 1) and plain.std(0).min() > 0


def test_a_run_is_scored_on_the_rows_of_its_part(study) -> None:
    found = evaluate(study / "one", write=study / "probs.parquet")
    probs = read_probs(study / "probs.parquet")
    table = read_manifest(study / "apart.parquet").table.to_pandas()
    rows = table[(table.split == "test") & table.label.isin(CLASSES)].set_index("id")
    assert sorted(probs.ids) == sorted(rows.index) and found.scores.rows == len(rows)
    said = [probs.classes[i] for i in probs.values.argmax(axis=1)]
    hits = np.mean([word == rows.label[name] for word, name in zip(said, probs.ids, strict=True)])
    assert found.scores.accuracy.value == pytest.approx(hits)
    assert found.scores.accuracy.groups == rows.subject.nunique()
    assert found.scores.per_sequence is not None and found.select == "last"
    counts = rows.label.value_counts()
    assert {c.label: c.rows for c in found.scores.classes} == {w: counts[w] for w in CLASSES}
    # the same predictions from a file, whoever made it, score the same; that is no new look
    again = evaluate(study / "apart.parquet", probs=study / "probs.parquet")
    assert again.scores == found.scores and again.leak_free == found.leak_free
    assert again.looks == ["look 1 (again)"] and again.select == ""
    assert any("rows of sadness left out" in note for note in again.notes)


def test_looks_are_counted_per_test_set(study) -> None:
    first, second = evaluate(study / "one"), evaluate(study / "two")
    assert [x.looks[0].removesuffix(" (again)") for x in (first, second)] == ["look 1", "look 2"]
    assert evaluate(study / "two").looks == ["look 2 (again)"]
    assert evaluate(study / "two", Options(split="val")).looks == []


def test_a_look_is_on_the_disk_before_it_is_told(tmp_path, monkeypatch) -> None:
    order, real, file = [], os.fsync, tmp_path / ledger.NAME
    monkeypatch.setattr(os, "fsync", lambda handle: (order.append(file.read_bytes()), real(handle)))
    assert ledger.look(tmp_path, "x", "a", "who").number == 1
    assert b'"who": "who"' in order[-1]


@pytest.mark.parametrize("text", ["[" * 100_000, "{}", '{"classes": 3}', '{"classes": [], "a": 1}'])
def test_a_contract_that_is_none_is_a_sentence(tmp_path, text) -> None:
    (tmp_path / "recipe.toml").touch()
    (tmp_path / "card.json").write_text("{}")
    (tmp_path / "contract.json").write_text(text)
    with pytest.raises(FerError, match=r"contract\.json: .*; train the run anew"):
        open_run(tmp_path)


def test_half_a_line_of_a_killed_process_stops_no_look(tmp_path) -> None:
    half = '{"test": "x", "who": "러'.encode()[:-1]
    (tmp_path / ledger.NAME).write_bytes(b"[" * 100_000 + b"\n" + half)
    assert [ledger.look(tmp_path, "x", who, who).number for who in "ab"] == [1, 2]


def test_folds_are_pooled(study) -> None:
    found = evaluate(study / "folds", out_of_fold=True, write=study / "oof.parquet")
    table = read_manifest(study / "folds.parquet").table.to_pandas()
    labelled = table[table.label.isin(CLASSES)]
    assert found.scores.rows == len(labelled) == pq.read_table(study / "oof.parquet").num_rows
    assert [member.name for member in found.members] == ["fold0", "fold1", "fold2"]
    mean = np.average([m.accuracy for m in found.members], weights=[m.rows for m in found.members])
    assert found.scores.accuracy.value == pytest.approx(mean)
    gone = table[table.label.notna() & ~table.label.isin(CLASSES)].label.value_counts().to_dict()
    assert found.left_out == gone and len(gone) == 3
    lines = {f"rows of {word} left out: not in the run's classes" for word in gone}
    assert {note.partition(" ")[2] for note in found.notes} == lines
    assert f"{sum(gone.values()):,} rows of " in paragraph(found)
    assert f"{sum(gone.values()):,}행은 제외하였다" in paragraph(found, "ko")
    free = [evaluate(study / "folds" / f"fold{k}").leak_free for k in range(3)]
    assert found.leak_free is not None and all(each is not None and each.rows for each in free)
    assert found.leak_free.rows == sum(each.rows for each in free)
    some = evaluate(study / "folds" / "fold1")
    assert some.scores.rows == found.members[1].rows
    assert found.partners["subject"] == found.partners["sequence"] == 0
    # as a file of another framework they score the same
    again = evaluate(study / "folds.parquet", probs=study / "oof.parquet", out_of_fold=True)
    assert again.scores.accuracy == found.scores.accuracy and again.leak_free is None
    with pytest.raises(FerError, match="give fold="):
        evaluate(study / "folds.parquet", probs=study / "oof.parquet")
    with pytest.raises(FerError, match="--out-of-fold needs runs of folds"):
        evaluate(study / "one", out_of_fold=True)


def test_seeds_are_averaged_and_their_spread_is_told(study, tmp_path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).symlink_to(study / name)
    found = evaluate(tmp_path)
    values = [member.accuracy for member in found.members]
    assert len(values) == 2 and found.scores.accuracy.value == pytest.approx(np.mean(values))
    assert found.scores.accuracy.groups == evaluate(study / "one").scores.accuracy.groups
    evaluate(tmp_path, write=tmp_path / "p.parquet")
    both, single = read_probs(tmp_path / "p.parquet"), []
    for name in ("one", "two"):
        evaluate(study / name, write=tmp_path / f"{name}.parquet")
        single.append(read_probs(tmp_path / f"{name}.parquet"))
    assert found.left_out == evaluate(study / "one").left_out and found.left_out
    assert both.ids == single[0].ids == single[1].ids
    assert both.values == pytest.approx(np.mean([each.values for each in single], axis=0))


def test_runs_that_have_not_ended_are_counted_and_named(study, tmp_path) -> None:
    def stopped(line: dict) -> None:
        raise KeyboardInterrupt

    wanted = recipe(study / "apart.parquet", "train.seeds=[0, 1, 2]", "train.epochs=2")
    jobs = plan(wanted, tmp_path / "runs", None, None)
    for (folder, options), progress in zip(jobs, (None, stopped), strict=False):
        with contextlib.suppress(KeyboardInterrupt):
            train(wanted, folder, **options, progress=progress)
    found = evaluate(tmp_path / "runs", Options(leak_free=False))
    assert found.unfinished == ["seed1", "seed2"]
    assert "1 of 3 runs have ended; not scored: seed1, seed2" in found.notes
    assert "Only 1 of 3 runs had ended (seed1, seed2 had not)." in paragraph(found)
    assert "3회 실행 가운데 1회만 끝났다" in paragraph(found, "ko")
    alone = evaluate(tmp_path / "runs" / "seed0", Options(leak_free=False))
    (tmp_path / "runs" / "seed0" / "best.safetensors").unlink()
    with pytest.raises(FerError, match=r"the run's weights are gone; bring them back or train"):
        evaluate(tmp_path / "runs", Options(leak_free=False))
    (tmp_path / "runs" / "seed0" / "card.json").unlink()
    with pytest.raises(FerError, match="seed0: the run has not ended; train again with --resume"):
        evaluate(tmp_path / "runs")
    assert not alone.unfinished and "runs had ended" not in paragraph(alone)
    # of folds the manifest knows how many there are
    shutil.copytree(study / "folds" / "fold1", tmp_path / "folds" / "fold1")
    assert evaluate(tmp_path / "folds", Options(leak_free=False)).unfinished == ["fold0", "fold2"]
    assert not evaluate(study / "folds", Options(leak_free=False)).unfinished


def test_the_leak_free_rows_are_those_that_resemble_nothing(study) -> None:
    manifest = read_manifest(study / "random.parquet")
    part = parts(manifest)
    found = leak_free(manifest, part, later=2)
    table = manifest.table.to_pandas()
    sequences = set(table.sequence[np.isin(part, (0, 1))])
    threshold = found.thresholds["ck48"]
    twins = near_twins(open_faces(manifest), threshold)
    beside: dict[int, set[int]] = {}
    for one, other in twins.pairs.tolist():
        beside.setdefault(one, set()).add(other)
        beside.setdefault(other, set()).add(one)
    for row in np.flatnonzero(part == 2):
        leaks = table.sequence[row] in sequences
        leaks |= any(part[other] in (0, 1) for other in beside.get(row, ()))
        assert found.rows[row] == (not leaks)
    assert not found.rows[part != 2].any()
    people = set(table.subject[np.isin(part, (0, 1))])
    assert (found.partners["subject"] == ((part == 2) & table.subject.isin(people))).all()
    assert found.partners["sequence"].sum() > 0 and not found.partners["near"][part != 2].any()
    by_people = read_manifest(study / "apart.parquet")
    assert leak_free(by_people, parts(by_people), later=2).rows.sum() > found.rows.sum()


def test_without_faces_nobody_is_called_leak_free(study, tmp_path) -> None:
    whole = read_manifest(study / "apart.parquet")
    write_manifest(tmp_path / "m.parquet", whole.table, whole.facts, {**whole.card, "stores": {}})
    apart = read_manifest(tmp_path / "m.parquet")
    with pytest.raises(FerError, match=r"near-twins cannot be looked for: .* no card leads to it"):
        leak_free(apart, parts(apart), 2)


def test_a_store_that_the_recipe_names_serves_the_search_for_twins(study, tmp_path) -> None:
    whole = read_manifest(study / "apart.parquet")
    write_manifest(tmp_path / "m.parquet", whole.table, whole.facts, {**whole.card, "stores": {}})
    store = f"data.store={study / 'data'}"
    train(recipe(tmp_path / "m.parquet", store), tmp_path / "run")
    found = evaluate(tmp_path / "run")
    assert found.leak_free == evaluate(study / "one", Options(data=str(study / "data"))).leak_free


def test_scores_by_a_column(study) -> None:
    found = evaluate(study / "one", Options(by=("subject",)))
    subjects = found.by["subject"]
    assert len(subjects) == found.scores.accuracy.groups
    assert all(each.groups == 1 for each in subjects.values())
    assert list(evaluate(study / "one", Options(by=("race",))).by["race"]) == ["(unknown)"]
    with pytest.raises(FerError, match="column 'shoe'"):
        evaluate(study / "one", Options(by=("shoe",)))


def test_the_mirror_image_is_averaged_in(study) -> None:
    plain, flipped = (evaluate(study / "one", Options(tta=tta)) for tta in ("none", "flip"))
    assert flipped.tta == "flip" and flipped.scores.nll != plain.scores.nll
    with pytest.raises(FerError, match="tta 'filp': known are flip, none"):
        evaluate(study / "one", Options(tta="filp"))


@pytest.mark.parametrize(("trained", "scored"), [(8, 8), (300, 256)])
def test_a_gpu_scores_no_more_faces_at_a_time_than_it_trains_on(
    study, monkeypatch, trained, scored
) -> None:
    asked: list[int] = []

    def noted(dataset: object, batch: int, **_: object) -> list[object]:
        asked.append(batch)
        return [(torch.zeros(1, 1), None)]

    monkeypatch.setattr("fertools.evaluate.predictions.make_loader", noted)
    monkeypatch.setattr("fertools.evaluate.predictions.room_for", lambda *_: None)
    monkeypatch.setattr("fertools.evaluate.predictions.shares", lambda *_: np.zeros((1, 4)))
    monkeypatch.setattr(torch.Tensor, "to", lambda images, _: images)
    way = way_of(recipe(study / "apart.parquet", f"train.batch={trained}"))
    for device in ("cuda", "cpu"):
        probabilities(torch.nn.Linear(1, 4), None, way, device)  # type: ignore[arg-type]
    assert asked == [scored, 64]


def test_another_manifest_with_other_words(study, tmp_path) -> None:
    manifest = read_manifest(study / "apart.parquet")
    words = manifest.table["label"].to_pylist()
    renamed = ["terror" if word == "disgust" else word for word in words]
    place = manifest.table.column_names.index("label")
    table = manifest.table.set_column(place, "label", [renamed])
    card = {**manifest.card}
    for store in card["stores"].values():
        store["path"] = "data"
    other = study / "other.parquet"
    write_manifest(other, table, {}, card)
    with pytest.raises(FerError, match=r"only one side knows .*disgust.*terror.*--outside mask"):
        evaluate(study / "one", Options(on=str(other)))
    found = evaluate(study / "one", Options(on=str(other), outside="mask"))
    assert {c.label for c in found.scores.classes} == {"anger", "happiness", "surprise"}
    assert found.leak_free is None and any("terror" in note for note in found.notes)
    assert found.masked == ["contempt", "disgust", "fear", "sadness", "terror"]
    assert found.trained_on == str(study / "apart.parquet")
    text = paragraph(found)
    assert text.startswith("Accuracy on the test part of other was")
    assert "another manifest (apart.parquet)" in text and "left out: contempt," in text
    none = {"person": 0, "photograph or face": 0}
    assert found.seen == none and " 0 show a person and 0 a photograph" in text
    assert paragraph(found, "ko").startswith("other의 테스트 집합에 대한")
    # the same faces: people of the training and validation rows are told
    part = read_manifest(other).table.to_pandas()
    shown = found.scores.rows
    assert not any("that the run was fitted" in note for note in found.notes)
    fitted = evaluate(study / "one", Options(split="train", on=str(other), outside="mask"))
    seen = fitted.notes
    rows = ((part.split == "train") & part.label.isin(["anger", "happiness", "surprise"])).sum()
    for what in ("person", "photograph or face"):
        assert f"{rows:,} of {rows:,} rows show a {what} that the run was fitted to" in "".join(
            seen
        )
    assert shown < rows and fitted.seen == dict.fromkeys(none, rows)
    assert f"{rows:,} show a person and {rows:,} a photograph" in paragraph(fitted)
    chosen = evaluate(study / "one", Options(split="val", on=str(other), outside="mask"))
    assert chosen.seen == dict.fromkeys(none, chosen.scores.rows)  # the epoch is chosen on them
    unknown = dataclasses.replace(fitted, seen=None)  # its own manifest is not there any more
    assert "was not looked for" in paragraph(unknown)
    with pytest.raises(FerError, match="outside 'maks': known are"):
        evaluate(study / "one", Options(outside="maks"))


def test_a_row_is_seen_by_its_photograph_or_by_its_face(tmp_path) -> None:
    faces = smooth(8, 1)
    faces[6] = faces[1]
    photographs = ["a", "b", "c", "d", "e", "a", "f", "c"]
    people = ["p:0", "p:1", "p:2", "p:3", None, "p:3", None, "p:2"]
    whole, _ = made(tmp_path, faces, image_hash=photographs, subject=people)
    fitted = np.array([True, True, False, True, True, False, False, False])
    # 5 is the photograph of 0 and of the person of 3, 6 the face of 1; 2 was not fitted to
    assert shown(whole, fitted, whole, np.array([5, 6, 7])) == {
        "person": 1, "photograph or face": 2
    }  # fmt: skip


def test_rows_of_one_group_or_person_are_one_unit(tmp_path) -> None:
    columns = {"group": ["g", "g", "h", "i", None], "subject": [None, "p:1", "p:1", None, None]}
    found = units(made(tmp_path, smooth(5, 2), **columns)[0])
    assert found[0] == found[1] == found[2] and len(set(found[2:])) == 3


def test_another_manifest_that_is_not_split_or_dealt_to_folds(study, tmp_path) -> None:
    mask = {"outside": "mask"}
    whole = evaluate(study / "one", Options(on=str(study / "data"), **mask))
    labelled = read_manifest(study / "data").table.to_pandas().query("status == 'ok'")
    assert whole.scores.rows == labelled.native_label.isin(CLASSES).sum() and whole.split == "all"
    assert paragraph(whole).startswith("Accuracy on all labelled faces of data was")
    assert paragraph(whole, "ko").startswith("data의 전체 영상에 대한")
    fold = evaluate(study / "one", Options(on=str(study / "folds.parquet"), fold=1, **mask))
    assert fold.scores.rows == evaluate(study / "folds" / "fold1").scores.rows
    # every network of the folds says something of every row
    every = evaluate(study / "folds", Options(on=str(study / "apart.parquet"), **mask))
    assert every.scores.rows == 3 * evaluate(study / "one").scores.rows
    away = shutil.copytree(study / "folds", tmp_path / "folds")
    for file in away.glob("*/recipe.toml"):
        file.write_text(file.read_text().replace("folds.parquet", "away.parquet"))
    alone = evaluate(away, Options(on=str(study / "apart.parquet"), **mask))
    assert alone.scores.accuracy == every.scores.accuracy and alone.seen is None
    table = read_manifest(study / "data").table
    words = ["anger" if word else None for word in table["native_label"].to_pylist()]
    place = table.column_names.index("native_label")
    write_manifest(
        study / "bare.parquet",
        table.set_column(place, "native_label", [words]),
        {},
        read_manifest(study / "apart.parquet").card,
    )
    with pytest.raises(FerError, match="shares anger of the run's classes"):
        evaluate(study / "one", Options(on=str(study / "bare.parquet"), **mask))


def test_what_a_score_owes_to_other_data_is_told(study) -> None:
    data = recipe(study / "apart.parquet", f"data.extra_data=['{study / 'random.parquet'}']")
    start = recipes.table(data) | {
        "model": {**recipes.table(data)["model"], "init_weights": f"{study}/one/best.safetensors"}
    }
    run = train(recipes.parse(start), study / "more")
    found = evaluate(run)
    assert found.extra_data == [str(study / "random.parquet")] and found.init_weights
    notes = " ".join(found.notes)
    assert "photograph or face that stands in the extra data" in notes
    assert "near-twins in the extra data" in notes
    assert "not compared with the other data that took part in training" in paragraph(found)
    assert "not compared" not in paragraph(dataclasses.replace(found, leak_free=None))
    english, korean = paragraph(found), paragraph(found, "ko")
    assert "took part in training: random.parquet" in english and "random.parquet" in korean
    assert "started from other weights: best.safetensors" in english and "가중치" in korean


def test_a_class_that_the_part_lacks_is_named(study) -> None:
    manifest = read_manifest(study / "apart.parquet")
    gone = pc.and_(
        pc.equal(manifest.table["label"], "disgust"), pc.equal(manifest.table["split"], "test")
    )
    write_manifest(
        study / "lacking.parquet", manifest.table.filter(pc.invert(gone)), {}, manifest.card
    )
    copy = study / "lacking"
    copy.mkdir()
    for file in (study / "one").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    text = (copy / "recipe.toml").read_text()
    (copy / "recipe.toml").write_text(text.replace("apart.parquet", "lacking.parquet"))
    assert "no row of the part has the class disgust" in evaluate(copy).notes


def test_what_a_run_calls_the_words_of_another_data_set(study) -> None:
    found = words_of(study / "one", study / "apart.parquet", split="test")
    assert found.classes == CLASSES and found.words == sorted(found.words) and len(found.words) == 7
    scored = evaluate(study / "one").scores
    rows = dict(zip(found.words, found.table, strict=True))
    assert [rows[word] for word in CLASSES] == scored.confusion
    assert sum(rows["contempt"]) > 0  # a word that the run does not know is called something, too


def test_a_uniform_prior_takes_the_training_shares_out(study) -> None:
    run = open_run(study / "one")
    card = {**run.card, "classes": {"anger": 30, "disgust": 10, "happiness": 10, "surprise": 50}}
    run = dataclasses.replace(run, card=card)
    shares = np.array([[0.3, 0.1, 0.1, 0.5]])  # what a network says that knows only the prior
    assert settled(run, shares, CLASSES, "uniform") == pytest.approx(np.full((1, 4), 0.25))
    assert settled(run, shares, CLASSES[:2], "none") == pytest.approx(np.array([[0.75, 0.25]]))
    # a loss that weighs classes has taken their shares out already
    spec = dataclasses.replace(run.recipe.train, balance="inverse")
    even = dataclasses.replace(run, recipe=dataclasses.replace(run.recipe, train=spec))
    flat = np.full((1, 4), 0.25)
    assert settled(even, flat, CLASSES, "uniform") == pytest.approx(flat)
    sure = np.array([[0.0, 0.0, 0.0, 1.0]])  # of a class that the other side lacks
    assert settled(run, sure, CLASSES[:2], "none") == pytest.approx(np.array([[0.5, 0.5]]))


def test_predictions_that_do_not_cover_the_part_are_refused(study) -> None:
    evaluate(study / "one", write=study / "some.parquet")
    table = pq.read_table(study / "some.parquet")
    pq.write_table(table.slice(3), study / "short.parquet")
    with pytest.raises(FerError, match=r"3 of the .* rows are missing"):
        evaluate(study / "apart.parquet", probs=study / "short.parquet")
    pq.write_table(table.rename_columns(["id", "p_a", "p_b", "p_c", "p_d"]), study / "odd.parquet")
    with pytest.raises(FerError, match=r"odd.parquet: p_a is a class that no row of .*apart\.parq"):
        evaluate(study / "apart.parquet", probs=study / "odd.parquet")


def test_predictions_for_data_sets_of_unlike_faces_are_scored(study, tmp_path) -> None:
    raws = ck48.write(tmp_path / "raw", people=6, traps=False).raws(tmp_path / "raw")
    ingest("ck48", raws, tmp_path / "small", name="small", face={"size": 32})
    file = tmp_path / "both.parquet"
    split([study / "data", tmp_path / "small"], file, SplitOptions(ratios=(5, 2, 3)))
    frame = read_manifest(file).table.to_pandas().query("split == 'test'")
    words = sorted(set(frame.label))
    sure = {f"p_{word}": (frame.label == word).astype(float) for word in words}
    frame[["id"]].assign(**sure).to_parquet(tmp_path / "probs.parquet")
    found = evaluate(file, Options(leak_free=False), probs=tmp_path / "probs.parquet")
    assert found.scores.accuracy.value == 1 and found.scores.rows == len(frame)


@pytest.mark.parametrize(
    ("options", "more", "message"),
    [
        (Options(on="x.parquet"), {}, "--on is of a run"),
        (Options(tta="flip"), {}, "--tta is of a run"),
        (Options(prior="uniform"), {}, "--prior is of a run"),
        (Options(outside="mask"), {}, "--outside is of a run"),
        (Options(), {"write": "p.parquet"}, "--probs writes those of a run"),
        (Options(split="val"), {"out_of_fold": True}, "leave --split out"),
        (Options(fold=2), {"out_of_fold": True}, "leave --fold out"),
    ],
)
def test_what_a_file_of_predictions_has_no_use_for_is_said(study, options, more, message) -> None:
    with pytest.raises(FerError, match=message):
        evaluate(study / "apart.parquet", options, probs=study / "no.parquet", **more)


def test_a_run_knows_its_fold(study) -> None:
    with pytest.raises(FerError, match="--fold is of --from and --on; leave it out"):
        evaluate(study / "one", Options(fold=1))


def test_only_runs_of_one_system_are_scored_together(study, tmp_path) -> None:
    for name in ("one", "two"):
        shutil.copytree(study / name, tmp_path / "recipes" / name)
        shutil.copytree(study / name, tmp_path / "manifests" / name)
    train(recipe(study / "apart.parquet", "optimiser.lr=0.01"), tmp_path / "recipes" / "three")
    with pytest.raises(FerError, match="its runs have different recipes"):
        evaluate(tmp_path / "recipes")
    train(recipe(study / "random.parquet"), tmp_path / "manifests" / "three")
    with pytest.raises(FerError, match="trained on different manifests"):
        evaluate(tmp_path / "manifests")
    with pytest.raises(FerError, match="trained on different manifests"):
        compare(tmp_path / "manifests", study / "one")


def test_a_column_of_lists_is_refused_before_anything_is_predicted(study) -> None:
    with pytest.raises(FerError, match="column 'votes': holds"):
        evaluate(study / "one", Options(by=("votes",)))
    with pytest.raises(FerError, match="column 'shoe': known are"):
        evaluate(study / "one", Options(by=("shoe",)))


def test_whoever_sees_the_labels_of_test_rows_is_in_the_ledger(study, tmp_path) -> None:
    made = read_manifest(study / "apart.parquet")
    write_manifest(tmp_path / "m.parquet", made.table, made.facts, made.card)
    options = {"data": str(study / "data")}
    assert words_of(study / "one", tmp_path / "m.parquet", split="val", **options).look == ""
    found = words_of(study / "one", tmp_path / "m.parquet", split="test", **options)
    assert found.look == "look 1"
    whole = words_of(study / "one", tmp_path / "m.parquet", **options)
    assert whole.look == "look 1"  # other rows, so another test
    again = words_of(study / "one", tmp_path / "m.parquet", **options)
    assert again.look == "look 1 (again)"


def test_a_folder_without_a_run_is_named(tmp_path) -> None:
    with pytest.raises(FerError, match="no run; give a folder made by"):
        evaluate(tmp_path)


def test_predictions_of_other_frameworks_are_compared(study, tmp_path):
    """Files of what two runs said compare as the runs do, and with the runs themselves."""
    manifest = str(open_run(study / "one").manifest)
    for name in ("one", "two"):
        evaluate(study / name, Options(leak_free=False), write=tmp_path / f"{name}.parquet")
        csv.write_csv(pq.read_table(tmp_path / f"{name}.parquet"), tmp_path / f"{name}.csv")
    on = Options(on=manifest, leak_free=False)
    runs = compare(study / "one", study / "two", Options(leak_free=False))
    files = compare(tmp_path / "one.csv", tmp_path / "two.parquet", on)
    assert (files.rows, files.test, files.difference) == (runs.rows, runs.test, runs.difference)
    assert compare(study / "one", tmp_path / "one.csv", on).difference.value == 0
    with pytest.raises(FerError, match=r"one\.csv: is a file; say --on MANIFEST"):
        compare(tmp_path / "one.csv", tmp_path / "two.csv")
    with pytest.raises(FerError, match=r"none\.csv: there is no such file, nor a folder of runs"):
        compare(tmp_path / "none.csv", tmp_path / "two.csv", on)
    probs = pq.read_table(tmp_path / "one.parquet")
    words = [name for name in probs.column_names if name.startswith("p_")]
    rest = 1 - probs[words[-1]].to_numpy()
    fewer = {word: probs[word].to_numpy() / rest for word in words[:-1]}
    pq.write_table(pa.table({"id": probs["id"], **fewer}), tmp_path / "fewer.parquet")
    found = compare(tmp_path / "fewer.parquet", tmp_path / "fewer.parquet", on)
    said = rf"\n\nNote: \S*fewer\.parquet: \d+ rows of {words[-1][2:]} left out: not in the file\."
    assert len(re.findall(said, markdown(found))) == 1


def test_two_runs_are_compared_on_the_same_rows(study) -> None:
    same = compare(study / "one", study / "one")
    assert same.difference.value == 0 and same.test.p == 1.0
    assert (same.only_first, same.only_second, same.mcnemar) == (0, 0, None)
    found = compare(study / "one", study / "two")
    gap = found.first_accuracy.value - found.second_accuracy.value
    assert found.difference.value == pytest.approx(gap) and 0 < found.test.p <= 1
    assert found.test.groups == found.first_accuracy.groups
    assert f"p = {found.test.p:.4f}" in markdown(found)
    assert markdown(found).startswith("| | accuracy | 95 % interval |")
    pooled = compare(study / "folds", study / "folds")
    assert pooled.rows == evaluate(study / "folds").scores.rows
    renamed = study / "renamed"
    renamed.mkdir()
    for file in (study / "one").iterdir():
        (renamed / file.name).write_bytes(file.read_bytes())
    for name in ("recipe.toml", "contract.json"):
        text = (renamed / name).read_text().replace('"disgust"', '"rage"')
        (renamed / name).write_text(text.replace("merge = {}", 'merge = { disgust = "rage" }'))
    with pytest.raises(FerError, match=r"not tested on the same rows; .* the same classes"):
        compare(study / "one", renamed)
    with pytest.raises(FerError, match="other folds or draws"):
        compare(study / "one", study / "folds")


def test_training_draws_are_compared_with_one_run_where_the_test_rows_are_the_same(study) -> None:
    draws = study / "draws"
    for draw, run in enumerate(("one", "two")):
        shutil.copytree(study / run, draws / f"draw{draw}")
        card = json.loads((study / run / "card.json").read_text())
        (draws / f"draw{draw}/card.json").write_text(json.dumps(card | {"draw": draw}))
    found = compare(draws, study / "one")
    each = [compare(study / run, study / "one") for run in ("one", "two")]
    means = [np.mean([c.difference.value for c in each]), found.difference.value]
    assert means[0] == pytest.approx(means[1]) and found.rows == each[0].rows
    assert found.only_first is None  # a row counts with the mean of two runs
    same = compare(draws, draws)
    assert (same.rows, same.only_first, same.difference.value) == (found.rows, None, 0)


def test_a_difference_that_rounds_to_nothing_has_no_sign() -> None:
    gap = Interval(-0.00003, -0.001, 0.0005, 40, 9)
    test = Paired(-0.00003, 0.5, 40, 99, False)
    found = Comparison("a", "b", "test", 40, gap, gap, gap, test, None, None, None, ())
    assert "| difference | 0.00 | -0.10 .. 0.05 |" in markdown(found)


def test_the_paragraph_says_what_a_reader_needs(study) -> None:
    found = evaluate(study / "one")
    english, korean = paragraph(found), paragraph(found, "ko")
    needed = (
        f"{100 * found.scores.accuracy.value:.2f}",
        f"{found.scores.accuracy.groups:,}",
        f"{100 * found.scores.accuracy.low:.2f}",
        found.looks[0],
        found.digest,
    )
    for text in (english, korean):
        assert all(value in text for value in needed)
    assert "the last epoch" in english and "마지막 에폭" in korean
    assert "not reliable" in english  # under 30 people
    chosen = dataclasses.replace(found, select="accuracy", select_rows="twin-free", tta="flip")
    assert "best accuracy on twin-free validation rows, averaged with the mirror" in paragraph(
        chosen
    )
    with pytest.raises(FerError, match="language 'fr': known are en, ko"):
        paragraph(found, "fr")


def test_a_manifest_that_changed_since_is_named(study) -> None:
    run = open_run(study / "two")
    manifest = read_manifest(run.manifest)
    text = (study / "two" / "recipe.toml").read_text()
    write_manifest(study / "later.parquet", manifest.table, {"more": 1}, manifest.card)
    moved = text.replace("apart.parquet", "later.parquet")
    copy = study / "moved"
    copy.mkdir()
    for file in (study / "two").iterdir():
        (copy / file.name).write_bytes(file.read_bytes())
    (copy / "recipe.toml").write_text(moved)
    assert any("has changed since" in note for note in evaluate(copy).notes)
    (study / "later.parquet").unlink()
    for use in (evaluate, export_onnx):
        with pytest.raises(FerError, match="cannot be read from here; call it from where it was"):
            use(copy)
