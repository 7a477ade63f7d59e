"""Reproduction on drawn faces: what is missing is run, once, and the table says what was found."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

from fertools import recipe, resources
from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.fakes import ck48, fer2013
from fertools.flows import _rehearsal, _results, _splits, reproduce
from fertools.flows._systems import FOLDER, Setting, Trial, settings
from fertools.ingest import ingest
from fertools.manifest import read_manifest, write_manifest
from fertools.protocol import digest
from fertools.runs import open_run, open_runs
from fertools.split import SplitOptions, split

QUICK = ("train.epochs=2",)


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> reproduce.Place:
    folder = tmp_path_factory.mktemp("place")
    raws = ck48.write(folder / "raw", people=12, traps=False).raws(folder / "raw")
    data = ingest("ck48", raws, folder / "data" / "ck48").out
    (folder / "splits").mkdir()
    for draw in range(2):
        options = SplitOptions(ratios=(5, 2, 3), seed=draw)
        split([data], folder / "splits" / f"drawn-{draw}.parquet", options)
    split([data], folder / "splits" / "folds.parquet", SplitOptions(folds=3))
    return reproduce.Place(folder / "data", folder / "splits", folder / "runs")


def test_what_is_missing_is_trained_scored_once_and_written(place, monkeypatch, tmp_path) -> None:
    drawn = Trial("demo", "demo", "ck48", "drawn", 1, QUICK, draws=2)
    folds = Trial("demo-folds", "demo", "ck48", "folds", 1, QUICK, folds=3)
    other = Trial("demo-other", "demo", "rafdb", "x", 1, QUICK)
    every = [
        Setting("A", "a perceptron", 99.0, drawn, folds),
        Setting("A", "without data", 85.4, other),
        Setting("B", "no images", 88.0, why="not measured"),
    ]
    monkeypatch.setattr(reproduce, "settings", lambda draws: every)
    before = {w.trial.name: (w.runs, w.ended, w.minutes) for w in reproduce.estimate(["a"], place)}
    assert before == {"demo": (2, 0, 2), "demo-folds": (3, 0, 3), "demo-other": (1, 0, 1)}
    said: list[str] = []
    results = tmp_path / "recipes" / "RESULTS.md"
    reproduce.reproduce(["A"], place, results, only_score=True, say=said.append)
    assert not said and "| 99.00 | not run yet |" in results.read_text()
    reproduce.reproduce(["A"], place, results, say=said.append, device="cpu")
    assert len(said) == 1 and "there is no data set; run `fertools ingest rafdb" in said[0]
    text = results.read_text()
    values = [m.accuracy for m in _evaluated(place.runs / "demo")]
    row = next(line for line in text.splitlines() if "a perceptron" in line)
    assert f"| 99.00 | **{100 * np.mean(values):.2f}** ({100 * min(values):.2f} .. " in row
    cells = [cell.strip() for cell in row.split("|")]
    assert cells[6] == "1 view, last epoch, look 1"  # each draw has test rows of its own
    assert "2 of 2 (2 draws)" in row and "[demo](demo.toml) `train.epochs=2`" in row
    assert "| 295,943 (295,943) |" in row  # 2304 x 128 + 128 + 128 x 7 + 7
    assert "| 85.40 | not run yet |" in text and "| 88.00 | not measured |" in text
    assert "## A, a perceptron: honest protocol" in text and "| true \\ given |" in text
    # once more: nothing is trained or looked at again
    looks = (place.splits / "looks.jsonl").read_text()
    cards = [run.card for run in open_runs(place.runs / "demo")]
    reproduce.reproduce(["A"], place, results, say=said.append, device="cpu")
    assert (place.splits / "looks.jsonl").read_text() == looks
    assert [run.card for run in open_runs(place.runs / "demo")] == cards
    assert results.read_text() == text
    assert [w.minutes for w in reproduce.estimate(["A"], place)] == [0, 0, 1]


def test_the_first_run_of_every_trial_comes_first(place, tmp_path) -> None:
    one = Trial("one", "demo", "ck48", "drawn", 1, QUICK, draws=2)
    two = Trial("two", "demo", "ck48", "folds", 1, QUICK, folds=3)
    here = reproduce.Place(place.data, place.splits, tmp_path)
    tasks = reproduce._missing([one, two], here, "cpu", set(), print)
    names = [str(task.folder.relative_to(tmp_path)) for task in tasks]
    assert names == ["one/draw0", "two/fold0", "one/draw1", "two/fold1", "two/fold2"]
    assert [task.manifest.stem for task in tasks[:3]] == ["drawn-0", "folds", "drawn-1"]
    (tmp_path / "one" / "draw0").mkdir(parents=True)
    (tmp_path / "one" / "draw0" / "card.json").touch()  # has ended
    left = [task.folder for task in reproduce._missing([one, two], here, "cpu", set(), print)]
    assert left == [tmp_path / name for name in names[1:]]


def test_two_at_a_time_give_the_same_weights(place, monkeypatch, tmp_path) -> None:
    trial = Trial("demo", "demo", "ck48", "drawn", 1, QUICK, draws=2)
    monkeypatch.setattr(reproduce, "settings", lambda draws: [Setting("A", "a", 99.0, trial)])
    torch.set_num_threads(1)  # as each of two processes has: sums depend on it
    weights = []
    for jobs in (1, 2):
        here = reproduce.Place(place.data, place.splits, tmp_path / str(jobs))
        said: list[str] = []
        out = tmp_path / f"{jobs}.md"
        reproduce.reproduce(["A"], here, out, jobs=jobs, device="cpu", say=said.append)
        ended = [f"{here.runs}/demo/draw{k}: ended" for k in range(2)]
        assert sorted(said) == (ended if jobs > 1 else [])
        weights.append([run.digest for run in open_runs(here.runs / "demo")])
    assert weights[0] == weights[1]
    # a trial that cannot be scored is told; the table is written all the same
    (here.runs / "demo" / "draw0" / "best.safetensors").write_bytes(b"cut")
    (here.runs / "demo" / _results.SCORED).unlink()
    said.clear()
    reproduce.reproduce(["A"], here, out, only_score=True, device="cpu", say=said.append)
    assert len(said) == 1 and said[0].startswith("demo: ") and "best.safetensors" in said[0]
    assert "| 99.00 | not run yet |" in out.read_text()


@pytest.mark.parametrize("made", ["another recipe", "another split"])
def test_runs_that_are_not_the_trials_own_are_told_and_left_out(
    place, monkeypatch, tmp_path, made
) -> None:
    folder = tmp_path / "place"
    for name in ("data", "splits"):
        shutil.copytree(place.data.parent / name, folder / name)
    here = reproduce.Place(folder / "data", folder / "splits", folder / "runs")
    trial = Trial("demo", "demo", "ck48", "drawn", 1, QUICK, draws=1)
    monkeypatch.setattr(reproduce, "settings", lambda draws: [Setting("A", "a", 99.0, trial)])
    said: list[str] = []
    reproduce.reproduce(["A"], here, tmp_path / "R.md", device="cpu", say=said.append)
    assert not said and "| 99.00 | **" in (tmp_path / "R.md").read_text()
    if made == "another recipe":
        trial = dataclasses.replace(trial, changes=("train.epochs=3",))
        told = f"demo: {here.runs}/demo/draw0: was trained by another recipe (train.epochs); delete"
    else:
        options, file = SplitOptions(ratios=(4, 3, 3)), here.splits / "drawn-0.parquet"
        split([here.data / "ck48"], file, options, force=True)
        told = f"demo: {here.runs}/demo/draw0: was trained on another manifest than {file} is now"
    monkeypatch.setattr(reproduce, "settings", lambda draws: [Setting("A", "a", 99.0, trial)])
    looks = (here.splits / "looks.jsonl").read_text()
    for only_score in (True, False):
        said.clear()
        reproduce.reproduce(
            ["A"], here, tmp_path / "R.md", device="cpu", say=said.append, only_score=only_score
        )
        assert len(said) == 1 and said[0].startswith(told)
        assert f"| A | a | 99.00 | {_results.REFUSED} |" in (tmp_path / "R.md").read_text()
    assert (here.splits / "looks.jsonl").read_text() == looks


def test_a_split_that_does_not_follow_its_protocol_is_refused(place, tmp_path) -> None:
    data, file = place.data / "ck48", tmp_path / "ck48-paper-0.parquet"
    split([data], file, SplitOptions(ratios=(5, 2, 3)))
    with pytest.raises(FerError, match=r"-0\.parquet: does not follow .* ck48-paper, draw 0 as it"):
        _splits.prepare("ck48-paper", 0, data, tmp_path)
    manifest = read_manifest(file)
    fact = {"name": "ck48-paper", "digest": digest("ck48-paper")}
    facts = {"split": {"draw": 0}, "protocol": fact}
    write_manifest(file, manifest.table, facts, manifest.card)
    assert _splits.prepare("ck48-paper", 0, data, tmp_path) == file
    write_manifest(file, manifest.table, {**facts, "split": {"draw": 1}}, manifest.card)
    with pytest.raises(FerError, match="does not follow"):
        _splits.prepare("ck48-paper", 0, data, tmp_path)


def test_scores_of_before_partners_were_counted_are_read() -> None:
    interval = {"value": 0.5, "low": 0.4, "high": 0.6, "groups": 8}
    old = {"scores": {"rows": 20, "accuracy": interval, "macro_f1": interval}}
    old |= {"leak_free": {"rows": 9}, "members": []}
    assert "9 of the rows have no copy" in _results._about(old)
    assert "by exact 25%" in _results._about({**old, "partners": {"exact": 5}})


def _evaluated(folder: Path):
    from fertools.evaluate import evaluate
    from fertools.evaluate.evaluation import Options

    return evaluate(folder, Options(leak_free=False, device="cpu")).members


def test_a_network_that_always_answers_alike_is_named() -> None:
    def shown(*confusion: list[int]) -> str:
        classes = [{"label": "anger"}, {"label": "fear"}]
        return _results._one_class({"confusion": confusion, "classes": classes})

    assert shown([1, 99], [0, 100]) == "; 99.5% of the rows are called fear"
    assert shown([20, 80], [0, 100]) == ""


def test_every_setting_names_a_recipe_and_changes_that_it_takes() -> None:
    every = settings()
    trials = {t for s in every for t in (s.trial, s.honest) if t is not None}
    assert len({t.name for t in trials}) == len(trials)
    for trial in trials:
        found = recipe.load(resources.resource("recipes", trial.recipe, ".toml"), trial.changes)
        assert Path(found.data.manifest).stem.startswith(trial.protocol)
        assert len(found.train.seeds) >= trial.seeds
    assert {s.system for s in every} == set(reproduce.SYSTEMS)
    assert sum(s.published is not None for s in every) >= 30
    with pytest.raises(FerError, match="system 'E': known are A, B, C, D, all"):
        reproduce.estimate(["E"], reproduce.Place())
    only = reproduce.estimate(["B"], reproduce.Place(), only=["system_b_noleak"])
    assert [wanted.trial.name for wanted in only] == ["system_b_noleak"]
    with pytest.raises(FerError, match="trial 'system_a': known are system_b_control, system_b_"):
        reproduce.estimate(["B"], reproduce.Place(), only=["system_a"])


def test_the_parts_of_system_d(monkeypatch, tmp_path) -> None:
    raws = fer2013.write(tmp_path / "raw").raws(tmp_path / "raw")
    data = ingest("fer2013", raws, tmp_path / "fer2013").out

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(_splits, "deal", killed)
        _splits.prepare(FOLDER, None, data, tmp_path / "splits")
    file = _splits.prepare(FOLDER, None, data, tmp_path / "splits")
    assert {each.name for each in file.parent.iterdir()} == {file.name, f"{file.stem}.card.json"}
    table = read_manifest(file).table.to_pandas()
    dealt = table[table.split.notna()]
    train = dealt[dealt.official_split == "train"]
    assert set(dealt.split[dealt.official_split != "train"]) == {"test"}
    shares = (train.split == "val").groupby(train.label).sum() / train.groupby("label").size()
    counts = train.groupby("label").size()
    assert set(train.split) == {"train", "val"}
    assert (abs(shares - 0.2) <= 1 / counts).all()
    assert _splits.prepare(FOLDER, None, data, tmp_path / "splits") == file


def test_system_c_is_rehearsed_on_drawn_photographs(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(_rehearsal, "PEOPLE", 5)
    small = ("train.epochs=1", "train.batch=16", "train.select=last", "data.size=32")
    monkeypatch.setattr(_rehearsal, "SHORT", small)
    _rehearsal.rehearse(tmp_path, "cpu", None)
    runs = [open_run(folder) for folder in _rehearsal.runs_of(tmp_path).values()]
    assert [run.recipe.model.options["init"] for run in runs] == [
        "he_normal",
        "glorot_uniform",
        "he_normal",
    ]
    assert [run.recipe.model.options["fc"] for run in runs] == [True, True, False]
    assert runs[0].recipe.augment.noise == (1, 5) and runs[0].card["rows"]["train"] >= 20
    assert open_faces(runs[0].manifest).shape == (224, 224)
    _rehearsal.rehearse(tmp_path, "cpu", None)  # nothing is left to do
    _results.write(tmp_path / "R.md", [], tmp_path)
    assert "| without FC 512 | " in (tmp_path / "R.md").read_text()
