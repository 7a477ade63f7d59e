"""The frontier: who stands on it, what each row must say of itself, what is refused."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from matplotlib.transforms import Bbox

from fertools.cli import main
from fertools.errors import FerError
from fertools.evaluate import evaluate
from fertools.evaluate.evaluation import Options
from fertools.fakes import ck48
from fertools.flows.anchors import datasets
from fertools.flows.frontier import CHOSEN, Row, _marked, frontier, markdown
from fertools.ingest import ingest
from fertools.recipe import parse
from fertools.split import SplitOptions, split
from fertools.train import train


def row(name: str, size: int, accuracy: float, chosen: str = "validation", views: int = 1) -> Row:
    return Row(name, False, size, None, accuracy, None, None, chosen, views, "", "")


def test_only_a_fair_row_that_nothing_smaller_beats_is_on_the_frontier():
    rows = [
        row("small", 10, 60.0),
        row("peeked", 20, 99.0, chosen="test"),
        row("many views", 30, 90.0, views=10),
        row("worse", 40, 59.0),
        row("better", 50, 61.0),
        row("as good, and larger", 55, 61.0),
        row("fixed", 60, 62.0, chosen="fixed"),
    ]
    assert [r.system for r in _marked(rows) if r.front] == ["small", "better", "fixed"]


def test_rows_of_another_protocol_or_with_other_data_are_of_another_kind():
    rows = [
        row("small", 10, 60.0),
        dataclasses.replace(row("leaky", 20, 90.0), protocol="random"),
        dataclasses.replace(row("helped", 30, 80.0), helped=True),
        dataclasses.replace(row("own parts", 40, 50.0), protocol="own split", manifest="a"),
        dataclasses.replace(row("others'", 50, 40.0), protocol="own split", manifest="b"),
        row("better", 60, 61.0),
        dataclasses.replace(row("less leaky", 70, 89.0), protocol="random"),
    ]
    stars = ["small", "leaky", "helped", "own parts", "others'", "better"]
    assert [r.system for r in _marked(rows) if r.front] == stars


def test_every_published_row_is_whole():
    for data in datasets():
        rows = frontier(data)
        assert [r.parameters for r in rows] == sorted(r.parameters for r in rows)
        assert all(50 < r.accuracy < 100 and r.chosen in CHOSEN and r.views >= 1 for r in rows)


def test_a_data_set_that_nobody_published_on_is_named():
    with pytest.raises(FerError, match=r"data set 'fer2014'.*fer2013"):
        frontier("fer2014")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("frontier")
    raws = ck48.write(folder / "raw", people=8, traps=False).raws(folder / "raw")
    ingest("ck48", raws, folder / "data")
    split([folder / "data"], folder / "split.parquet", SplitOptions(ratios=(5, 2, 3)))
    wanted = parse({
        "data": {"manifest": str(folder / "split.parquet"), "classes": ["happiness", "surprise"],
                 "merge": {"anger": "happiness", "contempt": "happiness", "disgust": "happiness",
                           "fear": "surprise", "sadness": "surprise"}},
        "model": {"name": "mlp", "options": {"hidden": [4]}},
        "optimiser": {"name": "sgd", "lr": 0.1},
        "train": {"epochs": 1, "batch": 16, "select": "accuracy"},
    })  # fmt: skip
    train(wanted, folder / "mine")
    return folder / "mine"


def test_a_run_without_a_score_says_how_to_get_one(run):
    with pytest.raises(FerError, match="fertools evaluate"):
        frontier("ck48", [run])


def test_a_run_of_another_data_set_is_refused(run, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(run, copy)
    (copy / "metrics-test.json").write_text("{")
    with pytest.raises(FerError, match=r"cannot be read as JSON .*; run again: fertools evaluate"):
        frontier("ck48", [copy])
    (copy / "metrics-test.json").write_text("{}")
    text = (copy / "recipe.toml").read_text()
    (copy / "recipe.toml").write_text(text.replace('protocol = ""', 'protocol = "ck48-paper"'))
    with pytest.raises(FerError, match=r"copy: is of ck48 \(ck48-paper\); .*frontier ck48 .*copy$"):
        frontier("fer2013", [copy])


def test_the_manifest_says_the_protocol_and_not_the_recipe(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    text = (copy / "recipe.toml").read_text()
    (copy / "recipe.toml").write_text(text.replace('protocol = ""', 'protocol = "ck48-paper"'))
    metrics = dataclasses.asdict(evaluate(copy, Options(leak_free=False)))

    def mine() -> Row:
        (copy / "metrics-test.json").write_text(json.dumps(metrics))
        return next(row for row in frontier("ck48", [copy]) if row.ours)

    assert (mine().protocol, mine().manifest) == ("own split", metrics["digest"])
    assert "the recipe says ck48-paper, its manifest does not" in mine().note
    metrics["protocol"] = "ck48-paper, draws 0, 1"
    assert mine().kind == ("ck48-paper", "", False) and "the recipe says" not in mine().note
    metrics["protocol"] = "fer2013-official"
    with pytest.raises(FerError, match=r"is of fer2013 \(fer2013-official\)"):
        mine()
    del metrics["protocol"]  # as before scores told it
    with pytest.raises(FerError, match="run again: fertools evaluate"):
        mine()


def test_a_run_stands_beside_the_published_ones(run, tmp_path, capsys):
    evaluate(run, Options())  # the library writes nothing, the command does
    with pytest.raises(SystemExit):
        main(["evaluate", str(run), "--brief"])
    capsys.readouterr()
    plot, table = tmp_path / "f.png", tmp_path / "f.md"
    line = ["frontier", "ck48", str(run), "--plot", str(plot), "-o", str(table), "--json"]
    with pytest.raises(SystemExit) as end:
        main(line)
    assert not end.value.code
    rows = json.loads(capsys.readouterr().out)
    mine = next(r for r in rows if r["ours"])
    assert mine["parameters"] == 48 * 48 * 4 + 4 + 4 * 2 + 2
    assert mine["low"] <= mine["accuracy"] <= mine["high"]
    assert "chosen by accuracy on twin-free rows" in mine["note"] and "look" in mine["note"]
    assert plot.read_bytes()[:4] == b"\x89PNG"
    assert table.read_text() == markdown(frontier("ck48", [run]))


def test_a_run_that_started_from_other_weights_was_helped(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "copy")
    metrics = dataclasses.asdict(evaluate(copy, Options(leak_free=False)))
    (copy / "metrics-test.json").write_text(json.dumps(metrics))
    helped = []
    for weights in ("", "others.safetensors"):
        text = (run / "recipe.toml").read_text()
        assert text.count('init_weights = ""') == 1
        text = text.replace('init_weights = ""', f'init_weights = "{weights}"')
        (copy / "recipe.toml").write_text(text)
        found = next(row for row in frontier("ck48", [copy]) if row.ours)
        helped.append((found.helped, "started from other weights" in found.note))
    assert helped == [(False, False), (True, True)]


def test_a_trial_of_a_search_was_chosen_on_validation_rows(run):
    from fertools.flows import frontier as flow
    from fertools.runs import open_run

    found = open_run(run)
    card = {**found.card, "made": {**found.card["made"], "command": flow.COMMAND}}
    trial = dataclasses.replace(found, card=card)
    said = [flow._chosen(each, {"select": "last"}) for each in (found, trial)]
    assert said == ["fixed", "validation"]
    assert flow._chosen(found, {"select": "accuracy"}) == "validation"


def test_a_taught_run_says_by_whom(run):
    from fertools.flows import frontier as flow
    from fertools.runs import open_run

    found = open_run(run)
    spec = dataclasses.replace(found.recipe.train, teacher="runs/large/seed0")
    pupil = dataclasses.replace(found, recipe=dataclasses.replace(found.recipe, train=spec))
    metrics = {"select": "accuracy", "select_rows": "twin-free", "looks": [], "members": []}
    assert "taught by our own runs/large/seed0" in flow._note([pupil], metrics, "")
    assert "taught" not in flow._note([found], metrics, "")


def test_names_of_points_that_stand_close_cover_no_mark_and_no_name():
    from matplotlib import pyplot

    from fertools.charts import MARK, _write_names

    figure, axes = pyplot.subplots(figsize=(8, 4.8), dpi=120)
    points = np.array([[5.0, 70.0], [5.0, 70.3], [5.02, 70.1], [5.0, 70.6], [5.3, 70.0]])
    axes.scatter(*points.T)
    figure.tight_layout()
    _write_names(axes, [f"a system {i}" for i in range(len(points))], points, [])
    boxes = [text.get_window_extent() for text in axes.texts]
    marks = [Bbox([place - MARK, place + MARK]) for place in axes.transData.transform(points)]
    pyplot.close(figure)
    assert len(boxes) == len(points)
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i])
        assert not any(box.overlaps(mark) for mark in marks)
