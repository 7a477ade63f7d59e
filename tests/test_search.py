"""The search: plans that contradict themselves, the rule, what is missing, what is written."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fertools import recipe as recipes
from fertools.cli import main
from fertools.columns import put
from fertools.errors import FerError
from fertools.flows import _verdict
from fertools.flows import search as flow
from fertools.flows._search_table import _published
from fertools.flows._trials import adopted, changes_of, open_plan, parameters, recipe_of
from fertools.flows._verdict import Selection, Verdict, judge, select
from fertools.flows.search import Place, estimate, search
from fertools.manifest import read_manifest, write_manifest
from fertools.models._count import count
from fertools.resources import folder
from fertools.runs import build, open_run
from fertools.train import train
from fertools.train.feed import open_feed
from tests.made import made, smooth

CLASSES = ("anger", "disgust", "happiness", "surprise")
SHIPPED = folder("recipes") / "frontier" / "trials.toml"
BASE = """
[data]
manifest = "{manifest}"
classes = ["anger", "disgust", "happiness", "surprise"]
[model]
name = "mlp"
options = {{ hidden = [8] }}
[optimiser]
name = "sgd"
lr = 1e-6
[train]
epochs = 1
batch = 32
"""
PLAN = """
recipe = "base.toml"
images = 300

[row.small]
most = 30_000
goal = 70
trials = 6

[row.large]
most = 60_000
goal = 80
trials = 0
changes = ["model.options.hidden=[16]", "optimiser.lr=0.2"]

[trial.longer]
base = "small"
hypothesis = "It has not learnt yet."
prediction = 20
changes = ["train.epochs=6", "optimiser={name='adam', lr=0.003}", "model.options.hidden=[]"]

[trial.idle]
base = "small"
hypothesis = "Words change nothing."
prediction = 0
changes = ["expected.hardware=another"]

[trial.windows]
base = "small"
hypothesis = "A perceptron takes windows."
prediction = 1
changes = ["augment.crop=40"]

[trial.taught]
base = "small"
hypothesis = "A teacher helps."
prediction = 1
changes = ["train.teacher_weight=0.5"]
teacher = "large"

[trial.all]
base = "small"
hypothesis = "It adds up."
prediction = 20
changes = ["expected.hardware=a third"]
adopt = ["longer", "idle", "windows"]

[trial.alone]
base = "small"
hypothesis = "Nothing is added to it."
prediction = 20
adopt = ["longer", "idle", "windows"]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """320 unlike patterns; each class is brighter in a quarter of its own."""
    place = tmp_path_factory.mktemp("search")
    words, faces = np.arange(320) % 4, smooth(320, 0).astype(float)
    for row, column in ((0, 0), (0, 24), (24, 0), (24, 24)):
        number = row // 12 + column // 24
        faces[words == number, row : row + 24, column : column + 24] += 60
    parts = np.array(["train", "val", "test"])[np.repeat([0, 1, 2], (160, 120, 40))]
    columns = {"label": np.array(CLASSES)[words].tolist(), "split": parts.tolist()}
    made(place, np.clip(faces, 0, 255).astype(np.uint8), **columns)
    (place / "base.toml").write_text(BASE.format(manifest=place / "manifest.parquet"))
    (place / "plan.toml").write_text(PLAN)
    return place


def row_of(text: str, name: str) -> list[str]:
    line = next(line for line in text.splitlines() if line.startswith(f"| {name} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_what_is_missing_is_trained_judged_and_written(study, tmp_path, monkeypatch) -> None:
    asked = []
    real = _verdict.outcome_of

    def noted(run, options, cache):
        asked.append(options.split)
        return real(run, options, cache)

    monkeypatch.setattr(_verdict, "outcome_of", noted)
    place, results = Place(tmp_path / "runs", device="cpu"), tmp_path / "RESULTS.md"
    said: list[str] = []
    search(study / "plan.toml", place, results, only=["longer", "all"], say=said.append)
    assert any(line == "all: waits for idle, windows" for line in said)
    assert not (tmp_path / "runs" / "large").exists()
    before = [(w.name, w.ended) for w in estimate(study / "plan.toml", place)[0]]
    assert before[:3] == [("small", 3), ("large", 0), ("longer", 3)]
    search(study / "plan.toml", place, results, say=said.append)
    text = results.read_text()

    # by hand, from the hits of each run
    hits = {
        name: [select(tmp_path / "runs" / name / f"seed{k}").hits for k in range(3)]
        for name in ("small", "longer", "all")
    }
    gaps = [100 * (a.mean() - b.mean()) for a, b in zip(hits["longer"], hits["small"], strict=True)]
    error = np.std(gaps, ddof=1) / 3**0.5
    assert np.mean(gaps) > 2 * error  # of the test's own making
    longer = row_of(text, "longer")
    assert longer[6] == f"{np.mean(gaps):+.2f}, {error:.2f}" and longer[3] == "+20.0"
    assert longer[8] == "3" and longer[10] == "kept" and 0 < float(longer[7]) < 0.05
    assert row_of(text, "idle")[6] == "+0.00, 0.00" and row_of(text, "idle")[10] == "dropped"
    assert "does not take windows of 40 px" in row_of(text, "windows")[10]
    assert float(row_of(text, "taught")[4]) == pytest.approx(100 * np.mean(hits["small"]), abs=0.01)
    # what was kept is put together: here the one trial, so the same weights
    assert "Takes longer." in row_of(text, "all")[2]
    assert all(np.array_equal(a, b) for a, b in zip(hits["all"], hits["longer"], strict=True))
    assert row_of(text, "small")[2] in ("all", "longer") and row_of(text, "small")[6] == "4, 6"
    assert row_of(text, "alone")[10] == "the same as longer, the only one kept"
    assert not (tmp_path / "runs/alone").exists()
    assert row_of(text, "large")[2] == "large" and "not changed since the first run" in text
    teacher = open_run(tmp_path / "runs/taught/seed1").card["teacher"]
    assert teacher["run"] == str(tmp_path / "runs/large/seed1")

    # the test part was not scored, the rows are those that choose the epoch
    assert set(asked) == {"val"} and len(asked) == 18
    assert not list(study.glob("looks.jsonl"))
    one = open_run(tmp_path / "runs/small/seed0")
    rows = open_feed(one.recipe).val
    assert len(hits["small"][0]) == len(rows) and one.card["val"]["accuracy"] == pytest.approx(
        hits["small"][0].mean()
    )

    # hits that were kept in another form are scored anew; a trial on other rows stops no other
    kept = tmp_path / "runs/longer/seed0/selection.json"
    facts = json.loads(kept.read_text())
    kept.write_text(json.dumps({**facts, "truth": "other"}))
    search(study / "plan.toml", place, tmp_path / "R1.md", only_score=True, say=said.append)
    text1 = (tmp_path / "R1.md").read_text()
    assert "other selection rows" in row_of(text1, "longer")[10]
    assert row_of(text1, "idle") == row_of(text, "idle")
    kept.write_text(json.dumps({k: v for k, v in facts.items() if k != "truth"}))
    search(study / "plan.toml", place, tmp_path / "R1.md", only_score=True, say=said.append)
    assert json.loads(kept.read_text()) == facts
    assert row_of((tmp_path / "R1.md").read_text(), "longer") == row_of(text, "longer")

    # fewer runs of each: a decision takes three
    fewer = dataclasses.replace(place, most=2)
    search(study / "plan.toml", fewer, tmp_path / "R2.md", only_score=True, say=said.append)
    assert row_of((tmp_path / "R2.md").read_text(), "longer")[8:11:2] == ["2", "2 of 3 runs"]

    # a teacher that was trained anew is another one than its pupils had
    told = tmp_path / "runs/large/seed1/card.json"
    before = told.read_text()
    told.write_text(json.dumps({**json.loads(before), "weights": "0" * 32}))
    search(study / "plan.toml", place, tmp_path / "R1.md", only_score=True, say=said.append)
    text1 = (tmp_path / "R1.md").read_text()
    assert "train.teacher = " in row_of(text1, "taught")[10]
    assert row_of(text1, "longer") == row_of(text, "longer")
    told.write_text(before)

    # once more: nothing is trained; a plan that was changed says so
    cards = {f: f.stat().st_mtime_ns for f in tmp_path.glob("runs/*/*/card.json")}
    search(study / "plan.toml", place, results, say=said.append)
    assert results.read_text() == text
    later = study / "later.toml"
    later.write_text(PLAN.replace("= 20", "= 2", 1))
    search(later, place, results, say=said.append)
    assert "CHANGED after the first run" in results.read_text()
    assert {f: f.stat().st_mtime_ns for f in tmp_path.glob("runs/*/*/card.json")} == cards
    later.write_text(PLAN.replace("train.epochs=6", "train.epochs=4"))
    search(later, place, results, say=said.append)
    assert "was trained by another recipe; delete it" in row_of(results.read_text(), "longer")[10]


def test_runs_side_by_side_are_those_one_by_one(study, tmp_path) -> None:
    for jobs in (1, 2):
        place = Place(tmp_path / str(jobs), most=2, device="cpu", jobs=jobs)
        search(study / "plan.toml", place, tmp_path / "R.md", only=["small"], say=lambda _: None)
    files = [
        [(tmp_path / jobs / "small" / seed / "best.safetensors").read_bytes() for jobs in "12"]
        for seed in ("seed0", "seed1")
    ]
    assert all(one == two for one, two in files) and files[0] != files[1]


@pytest.mark.parametrize("over", ["draw", "fold"])
def test_the_runs_of_an_entry_may_be_draws_or_folds(study, tmp_path, over) -> None:
    manifest = read_manifest(study / "manifest.parquet")
    rng = np.random.default_rng(0)
    for draw in range(4):
        parts = rng.permutation(manifest.column("split").to_pylist())
        table = put(manifest.table, "split", pa.array(parts))
        table = put(table, "fold", pa.array(np.arange(320) // 4 % 4, pa.int32()))
        write_manifest(study / f"{over}-{draw}.parquet", table, manifest.facts, manifest.card)
    name = f"{over}-{{draw}}.parquet" if over == "draw" else f"{over}-0.parquet"
    base = BASE.format(manifest=study / name) + 'select_rows = "all"\n'
    (tmp_path / "base.toml").write_text(base)
    head = PLAN.replace("images = 300", f'images = 160\nover = "{over}"\nruns = [0, 1, 3]')
    (tmp_path / "plan.toml").write_text(head)
    place, results = Place(tmp_path / "runs", device="cpu"), tmp_path / "R.md"
    search(tmp_path / "plan.toml", place, results, only=["longer"], say=lambda _: None)
    folders = [tmp_path / "runs" / "longer" / f"{over}{k}" for k in (0, 1, 3)]
    found = [select(folder) for folder in folders]
    assert [len(each.ids) for each in found] == ([120] * 3 if over == "draw" else [80] * 3)
    assert len({each.rows for each in found}) == 3  # each chooses on rows of its own
    text = results.read_text()
    assert "rows: all validation rows." in text and f"over all 3\n{over}s is above" in text
    cells = row_of(text, "longer")
    assert float(cells[5]) == pytest.approx(np.mean([each.accuracy for each in found]), abs=0.01)
    assert cells[8] == "3" and cells[10] == "kept"


IDS = tuple(f"{k:04}" for k in range(1000))


def hits_of(*shares: float, rows: str = "x", n: int = 1000) -> dict[int, Selection]:
    """Runs that got the first rows right, so many of a thousand."""
    return {
        seed: Selection(rows, IDS[:n], (np.arange(n) < share * n).astype(float), np.arange(n))
        for seed, share in enumerate(shares)
    }


@pytest.mark.parametrize(
    ("own", "decision"),
    [
        ((0.710, 0.712, 0.708), "kept"),  # + 1.0 +- 0.12
        ((0.730, 0.690, 0.710), "dropped"),  # + 1.0 +- 1.15
        ((0.700, 0.700, 0.700), "dropped"),
        ((0.690, 0.690, 0.690), "dropped"),
        ((0.750, 0.751), "2 of 3 runs"),
        ((0.730, 0.690, 0.710, 0.730, 0.735, 0.725), "kept"),  # more seeds, a smaller error
    ],
)
def test_a_trial_stays_above_two_standard_errors_over_three_seeds(own, decision) -> None:
    found = judge(hits_of(*own), hits_of(*[0.700] * 6), planned=3)
    assert found is not None and found.decision == decision and found.runs == len(own)
    gaps = 100 * (np.array(own) - 0.7)
    assert found.gain == pytest.approx(gaps.mean(), abs=0.01)
    assert found.error == pytest.approx(gaps.std(ddof=1) / len(own) ** 0.5, abs=0.01)


def test_only_shared_seeds_and_the_same_rows_are_compared() -> None:
    assert judge({}, hits_of(0.7), 3) is None
    with pytest.raises(FerError, match="other selection rows"):
        judge(hits_of(0.7), hits_of(0.7, rows="y"), 3)


def test_p_is_of_people_over_the_rows_of_all_runs() -> None:
    """Two runs share the rows of one of three people, who speaks against the trial in one run."""

    def said(*hits: str) -> dict[int, Selection]:
        rows = (("abcd", [0, 0, 1, 1]), ("cdef", [1, 1, 2, 2]))
        return {
            seed: Selection("x", tuple(ids), np.array([float(c) for c in hit]), np.array(units))
            for seed, (hit, (ids, units)) in enumerate(zip(hits, rows, strict=True))
        }

    found = judge(said("1100", "0011"), said("0000", "1100"), 2)
    # the people's sums are 2, -1 and 2: of eight patterns of signs four are at 3 or beyond
    assert found is not None and found.p == 4 / 8


def test_a_trial_is_chosen_on_rows_that_resemble_nothing(tmp_path) -> None:
    faces = smooth(24, 3)
    faces[12], faces[13] = faces[0], faces[18, :, ::-1]  # in training, and mirrored in the test
    parts = np.repeat(["train", "val", "test"], (12, 6, 6)).tolist()
    made(tmp_path, faces, label=[CLASSES[i % 4] for i in range(24)], split=parts)
    base = BASE.format(manifest=tmp_path / "manifest.parquet")
    for rows, first in (("twin-free", 14), ("all", 12)):
        file = tmp_path / f"{rows}.toml"
        file.write_text(base + f'select_rows = "{rows}"\n')
        wanted, ids = recipes.load(file), [f"x/{i:03d}" for i in range(first, 18)]
        feed = open_feed(wanted)
        assert feed.val is not None and feed.val.ids == ids
        assert list(select(train(wanted, tmp_path / rows), "cpu").ids) == ids


def test_nothing_is_decided_before_all_planned_runs_have_ended() -> None:
    some, all_ten = hits_of(0.710, 0.712, 0.708), hits_of(*[0.700] * 10)
    found = judge(some, all_ten, planned=10)
    assert found is not None and found.decision == "3 of 10 runs" and found.gain > 0.9


def test_of_several_kept_trials_none_is_published_but_their_sum(tmp_path) -> None:
    opened = open_plan(write_plan(tmp_path, PLAN))
    known = flow.State()
    names = ["longer", "idle", "windows", "taught", "all"]

    def published(**gains: float) -> str:
        known.verdicts = {
            name: Verdict(
                3, 70.0, 70.0 + gain, gain, 0.1, 0.01, "kept" if gain > 0.2 else "dropped"
            )
            for name, gain in gains.items()
        }
        return _published(opened, known, "small", names)

    assert published(longer=1.0, idle=0.1) == "longer"  # the sum would be the same network
    assert published(longer=1.0, idle=2.0) == "small"  # their sum has not run yet
    assert published(longer=1.0, idle=2.0, all=0.0) == "small"
    assert published(longer=1.0, idle=2.0, all=1.5) == "all"
    assert published(longer=0.0) == published() == "small"


def write_plan(place: Path, text: str) -> Path:
    (place / "base.toml").write_text(BASE.format(manifest="none.parquet"))
    (place / "plan.toml").write_text(text)
    return place / "plan.toml"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("trials = 6", "trials = 4", "row small may have 4 trials and has 6"),
        ('base = "small"', 'base = "tiny"', "base of trial longer 'tiny': known are"),
        ('adopt = ["longer"', 'adopt = ["shorter"', "needs shorter, which is no trial before"),
        ('adopt = ["longer"', 'adopt = ["large"', "needs large, which is no trial before"),
        ('teacher = "large"', 'teacher = "all"', "taught needs all, which is no trial before"),
        ("[trial.idle]", "[trial.large]", "large is a row and a trial"),
        ("prediction = 20", "prediction = 'good'", "trial.longer.prediction = 'good' is wrong"),
        ("most = 30_000", "least = 3", r"key 'row\.small\.least': known are"),
        ("images = 300", "images =", "no TOML file"),
        ("images = 300", "images = 300\nruns = [1, 1]", "give the number of each seed once"),
        ("images = 300", "images = 300\nruns = [0, 1]", "give at least 3; fewer cannot decide"),
        ("images = 300", "images = 300\nover = 'run'", "over 'run': known are draw, fold, seed"),
    ],
)
def test_a_plan_that_contradicts_itself_is_refused(tmp_path, old, new, message) -> None:
    with pytest.raises(FerError, match=message):
        open_plan(write_plan(tmp_path, PLAN.replace(old, new, 1)))


def test_a_network_above_its_row_and_a_strange_name_are_refused(tmp_path) -> None:
    plan = write_plan(tmp_path, PLAN.replace("most = 30_000", "most = 18_000"))
    with pytest.raises(FerError, match=r"small: has 18,476 parameters; its row allows 18,000"):
        search(plan, Place(tmp_path / "runs"), tmp_path / "R.md")
    with pytest.raises(FerError, match="row or trial 'big': known are"):
        search(plan, Place(tmp_path / "runs"), tmp_path / "R.md", only=["big"])
    with pytest.raises(FerError, match="no such plan"):
        open_plan(tmp_path / "none.toml")


@pytest.mark.parametrize("changed", ["base", "trial", "set"])
def test_a_plan_over_draws_has_draws_in_every_entry(tmp_path, changed) -> None:
    plan = PLAN.replace("images = 300", "images = 300\nover = 'draw'")
    if changed == "trial":
        plan = plan.replace("expected.hardware=another", "data.manifest=y.parquet")
    file, how = write_plan(tmp_path, plan), ("data.manifest=y.parquet",) * (changed == "set")
    if changed != "base":
        (tmp_path / "base.toml").write_text(BASE.format(manifest=tmp_path / "x-{draw}.parquet"))
    place = Place(tmp_path / "runs", changes=how)
    for ask in (lambda: search(file, place, tmp_path / "R.md"), lambda: estimate(file, place)):
        with pytest.raises(FerError, match=r"\.parquet, without {draw}: every draw would be the"):
            ask()
    assert not place.runs.exists()


def test_a_plan_over_seeds_takes_one_draw(tmp_path) -> None:
    """It is told before the first run, and each cure gets past it: to the manifest that lacks."""
    plan, place = write_plan(tmp_path, PLAN), Place(tmp_path / "runs", device="cpu")
    base = BASE.format(manifest=tmp_path / "x-{draw}.parquet")
    (tmp_path / "base.toml").write_text(base)
    with pytest.raises(FerError, match=r"x-{draw}.parquet has several draws, .* are seeds; write"):
        search(plan, place, tmp_path / "R.md")
    assert not (tmp_path / "runs").exists()
    changes = (f"data.manifest={tmp_path / 'x-7.parquet'}",)
    over = PLAN.replace("images = 300", "images = 300\nover = 'draw'")
    for text, how, file in ((PLAN, changes, "x-7"), (over, (), "x-2")):
        plan.write_text(text)
        said: list[str] = []
        one = Place(tmp_path / file, changes=how, device="cpu")
        search(plan, one, tmp_path / "R.md", only=["small"], say=said.append)
        assert any(f"{file}.parquet: there is no manifest" in line for line in said), said


def written(name: str, how: str) -> str:
    return f'[trial.{name}]\nbase = "small"\nhypothesis = "."\nprediction = 1\n{how}\n\n'


TAKING = (
    written("wide", 'changes = ["model.options.hidden=[12]"]')
    + written("net", "changes = [\"model={name='linear_svm'}\"]")
    + written("blur", 'changes = ["augment.flip=0.5", "augment.rotation=5"]')
    + written("turn", 'changes = ["augment.rotation=9"]')
    + written("huge", 'changes = ["model.options.hidden=[14]"]')
    + written("sum", 'adopt = ["wide", "net", "blur", "turn", "huge"]')
)


def test_what_is_put_together_meets_no_key_twice_and_fits_the_row(tmp_path) -> None:
    head = PLAN.partition("[trial.longer]")[0].replace("trials = 6", "trials = 9")
    opened = open_plan(write_plan(tmp_path, head + TAKING))
    gains = {"wide": 1.0, "net": 2.0, "blur": 0.5, "turn": 0.6, "other": 9.0}
    assert adopted(opened, "sum", gains) == ["net", "turn"]
    assert adopted(opened, "sum", {**gains, "net": 0.1}) == ["wide", "turn"]
    assert adopted(opened, "sum", {"huge": 1.0, "wide": 0.1}) == ["wide"]  # 32,364 are too many
    assert adopted(opened, "sum", {}) == []
    found = recipe_of(opened, changes_of(opened, "sum", ["wide", "blur"]))
    assert found.model.options == {"hidden": [12]} and found.augment.flip == 0.5


# The plan that ships


def test_the_rows_of_the_frontier_have_these_sizes() -> None:
    opened = open_plan(SHIPPED)
    sizes = {
        name: parameters(recipe_of(opened, changes_of(opened, name))) for name in opened.plan.row
    }
    assert sizes == {"small": 410_823, "large": 11_270_343, "medium": 1_949_479, "tiny": 81_447}
    assert all(size <= opened.plan.row[name].most for name, size in sizes.items())
    tiny = build(recipe_of(opened, changes_of(opened, "tiny")))
    assert count(tiny, (1, 48, 48)).macs == 8_030_744


@pytest.mark.parametrize("file", sorted(SHIPPED.parent.rglob("trials.toml")), ids=str)
def test_every_trial_can_be_built_and_stands_in_the_plan(file) -> None:
    opened, page = open_plan(file), (file.parent / "PLAN.md").read_text()
    for name in opened.names:
        wanted = recipe_of(opened, changes_of(opened, name))
        assert parameters(wanted) <= opened.plan.row[opened.row_of(name)].most
        assert wanted.train.tta == "none" and f"`{name}`" in page
        assert (wanted.train.select_rows == "all") == (wanted.data.protocol == "ck48-paper")
        trial = opened.plan.trial.get(name)
        if trial is not None and not trial.adopt:
            bare = recipe_of(opened, changes_of(opened, trial.base))
            assert recipes.table(wanted) != recipes.table(bare) or trial.teacher


def test_the_command_tells_hours_and_searches(study, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setattr(flow, "seconds_of_a_step", lambda recipe, device: 0.5)
    with pytest.raises(SystemExit):
        main(["frontier", "search", "-o", str(tmp_path / "none"), "--json"])
    found = {each["trial"]: each for each in json.loads(capsys.readouterr().out)}
    assert found["small"]["hours_left"] == pytest.approx(3 * 40 * 28_709 / 128 * 0.5 / 3600, 1e-3)
    assert found["sam"]["hours_left"] == pytest.approx(2 * found["small"]["hours_left"])
    assert found["distil"]["hours_left"] > 5 * found["small"]["hours_left"]
    line = ["frontier", "search", str(study / "plan.toml"), "-o", str(tmp_path / "runs")]
    line += ["--results", str(tmp_path / "R.md"), "--only", "idle", "--most", "1"]
    with pytest.raises(SystemExit) as end:
        main([*line, "--set", "train.epochs=2"])
    assert not end.value.code
    out = capsys.readouterr().out
    assert "idle seed 0: " in out and f"wrote {tmp_path / 'R.md'}" in out
    text = (tmp_path / "R.md").read_text()
    assert "All recipes with `train.epochs=2`" in text and row_of(text, "idle")[10] == "1 of 3 runs"
