"""An ensemble: exactly the mean of its members, used like any run, and refused where it is none."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from fertools import recipe as recipes
from fertools import runs
from fertools.cli import main
from fertools.errors import FerError
from fertools.evaluate import evaluate
from fertools.evaluate.evaluation import Options
from fertools.evaluate.paragraph import paragraph
from fertools.fakes import ck48
from fertools.flows.ensemble import ensemble
from fertools.flows.export_onnx import export_onnx
from fertools.flows.frontier import frontier
from fertools.ingest import ingest
from fertools.manifest import write_json
from fertools.probs import read_probs
from fertools.recipe import Recipe
from fertools.split import SplitOptions, split
from fertools.train import train

SEEDS = (0, 3, 1)


def recipe(folder: Path, *changes: str) -> Recipe:
    raw = {
        "data": {"manifest": str(folder / "apart.parquet"), "classes": ["anger", "happiness"]},
        "model": {"name": "residual", "options": {"widths": [4, 8], "blocks": [1, 1]}},
        "optimiser": {"name": "sgd", "lr": 0.1},
        "train": {"epochs": 2, "batch": 16, "select": "last", "seeds": list(SEEDS)},
    }
    return recipes.parse(recipes.override(raw, changes))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("ensemble")
    raws = ck48.write(folder / "raw", people=9, traps=False).raws(folder / "raw")
    ingest("ck48", raws, folder / "data")
    split([folder / "data"], folder / "apart.parquet", SplitOptions(ratios=(5, 2, 3)))
    for seed in SEEDS:
        train(recipe(folder), folder / "three" / f"seed{seed}", seed=seed)
    ensemble([folder / "three"], folder / "mean", command="fertools ensemble")
    return folder


def told(run: Path, out: Path) -> tuple[list[str], np.ndarray]:
    evaluate(run, Options(leak_free=False), write=out)
    found = read_probs(out)
    return list(found.ids), found.values


def test_it_says_the_mean_of_what_its_members_say(study, tmp_path) -> None:
    each = [told(study / "three" / f"seed{k}", tmp_path / f"{k}.parquet") for k in SEEDS]
    ids, values = told(study / "mean", tmp_path / "mean.parquet")
    assert all(other == ids for other, _ in each)
    np.testing.assert_allclose(values, np.mean([one for _, one in each], 0), atol=1e-6)
    assert np.abs(each[0][1] - each[1][1]).max() > 1e-3


def test_its_card_names_its_members_and_its_recipe_their_seeds(study) -> None:
    run = runs.open_run(study / "mean")
    order = sorted(SEEDS)
    members = [runs.open_run(study / "three" / f"seed{k}") for k in order]
    assert [m["weights"] for m in run.card["members"]] == [m.digest for m in members]
    assert [m["seed"] for m in run.card["members"]] == run.card["seeds"] == order
    assert run.recipe.train.seeds == tuple(order)
    assert run.card["minutes"] == pytest.approx(sum(m.card["minutes"] for m in members), abs=0.01)
    assert runs.cost(run.recipe).parameters == 3 * runs.cost(members[0].recipe).parameters


def test_every_score_of_it_says_that_it_is_one(study, tmp_path) -> None:
    found = evaluate(study / "mean", Options(leak_free=False))
    assert "the mean of the probabilities of 3 runs" in paragraph(found)
    assert "3회 학습한 모델의 확률을 평균한" in paragraph(found, "ko")
    one = evaluate(study / "three" / "seed0", Options(leak_free=False))
    assert one.averaged == 0 and "ensemble" not in paragraph(one)
    main_said(["evaluate", str(study / "mean")])
    (row,) = (row for row in frontier("ck48", [study / "mean"]) if row.ours)
    assert "an ensemble of 3" in row.note


def test_it_is_exported_and_teaches_like_any_run(study, tmp_path) -> None:
    exported = export_onnx(study / "mean", tmp_path / "mean.onnx")
    assert exported.forms[0].difference < 1e-4
    pupil = recipe(study, f"train.teacher={study / 'mean'}", "train.epochs=1")
    card = runs.open_run(train(pupil, tmp_path / "pupil", seed=0)).card
    assert card["teacher"]["weights"] == runs.open_run(study / "mean").digest


def main_said(line: list[str]) -> int:
    with pytest.raises(SystemExit) as end:
        main(line)
    return int(end.value.code or 0)


def test_the_command_says_what_it_made(study, tmp_path, capsys) -> None:
    members = [str(study / "three" / f"seed{k}") for k in (0, 1)]
    assert main_said(["ensemble", *members, "-o", str(tmp_path / "two")]) == 0
    said = capsys.readouterr().out
    assert "two: the mean of 2 runs (seeds 0, 1)" in said and "fertools evaluate" in said


def copy(study: Path, place: Path, seed: int, **card: object) -> Path:
    """A member, with other facts in its card."""
    shutil.copytree(study / "three" / f"seed{seed}", place)
    write_json(place / "card.json", {**runs.read_json(place / "card.json"), **card})
    return place


def test_what_is_no_ensemble_is_refused(study, tmp_path) -> None:
    first, second = study / "three" / "seed0", study / "three" / "seed1"
    alone = "the only run of its fold or draw"
    out = tmp_path / "out"
    for members, message in (
        ([first], "is one run, and an ensemble has 2 or more"),
        ([first, first], "give each run once"),
        ([first, copy(study, tmp_path / "fold", 1, fold=1)], alone),
        ([copy(study, tmp_path / "f", 0, fold=0), tmp_path / "fold"], alone),
        ([first, copy(study, tmp_path / "draw", 1, draw=2)], alone),
        (
            [first, copy(study, tmp_path / "split", 1, manifest={"path": "x", "digest": "y"})],
            "different manifests",
        ),
        ([first, tmp_path / "nowhere"], "there is no run"),
    ):
        with pytest.raises(FerError, match=message):
            ensemble(members, out)
    other = train(recipe(study, "train.epochs=1"), tmp_path / "other", seed=1)
    with pytest.raises(FerError, match=r"different recipes; give one .* of one recipe"):
        ensemble([first, other], out)
    with pytest.raises(FerError, match="is there already"):
        ensemble([first, second], study / "mean")
    assert not out.exists()


def test_folds_are_averaged_each_for_itself(study, tmp_path, capsys) -> None:
    """Each fold's ensemble is scored on that fold's test rows, and each row of all folds once."""
    split([study / "data"], tmp_path / "folds.parquet", SplitOptions(folds=3))
    folds = f"data.manifest={tmp_path / 'folds.parquet'}"
    wanted = recipe(study, folds, "train.epochs=1", "train.seeds=[0, 1]")
    for fold in range(3):
        for seed in (0, 1):
            train(wanted, tmp_path / "runs" / f"fold{fold}-seed{seed}", seed=seed, fold=fold)
    assert main_said(["ensemble", str(tmp_path / "runs"), "-o", str(tmp_path / "mean")]) == 0
    assert capsys.readouterr().out.count("the mean of 2 runs (seeds 0, 1)") == 3
    made = runs.open_runs(tmp_path / "mean")
    assert [(run.folder.name, run.fold) for run in made] == [(f"fold{k}", k) for k in range(3)]
    pooled = evaluate(tmp_path / "mean", Options(leak_free=False), out_of_fold=True)
    labelled = evaluate(tmp_path / "runs", Options(leak_free=False), out_of_fold=True)
    assert pooled.scores.images == labelled.scores.images
    assert (pooled.averaged, pooled.unfinished) == (2, [])


def test_a_folder_with_a_seed_that_has_not_ended_is_refused(study, tmp_path) -> None:
    place = shutil.copytree(study / "three", tmp_path / "three")
    (place / "seed3" / "card.json").unlink()
    with pytest.raises(FerError, match=r"have ended \(seed3\)"):
        ensemble([place], tmp_path / "out")
    ensemble([place / "seed0", place / "seed1"], tmp_path / "out")


def test_what_is_solved_is_not_averaged(study, tmp_path) -> None:
    solved = ("model={name='linear_svm'}",)
    both = [train(recipe(study, *solved), tmp_path / f"seed{k}", seed=k) for k in (0, 1)]
    card = runs.read_json(both[1] / "card.json")
    write_json(both[1] / "card.json", {**card, "weights": "another"})
    with pytest.raises(FerError, match="is solved"):
        ensemble(both, tmp_path / "out")
