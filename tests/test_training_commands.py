"""The commands of training as they are typed, from a recipe to a comparison."""

import json
import shutil
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from fertools import folder, recipe, resources
from fertools.cli import cli
from fertools.errors import FerError
from fertools.fakes import ck48
from fertools.ingest import ingest
from fertools.split import SplitOptions, split


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """A folder as a user has it: data, manifests, recipes."""
    place = tmp_path_factory.mktemp("place")
    raws = ck48.write(place / "raw", people=12, traps=False).raws(place / "raw")
    ingest("ck48", raws, place / "data" / "ck48")
    split([place / "data/ck48"], place / "manifests/ck48.parquet", SplitOptions(ratios=(5, 2, 3)))
    split([place / "data/ck48"], place / "manifests/folds.parquet", SplitOptions(folds=3))
    return place


def typed(monkeypatch, place: Path, line: str) -> str:
    monkeypatch.chdir(place)
    result = CliRunner().invoke(cli, line.split(), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


QUICK = "--set train.epochs=2 --device cpu"


def test_from_a_recipe_to_a_comparison(monkeypatch, place) -> None:
    said = typed(monkeypatch, place, f"train-baseline demo {QUICK} --seeds 2 -o runs/demo")
    assert "seed0 2/2: loss" in said and "about 0 s left" in said
    assert "fertools evaluate runs/demo/seed1" in said
    typed(monkeypatch, place, f"train-baseline demo {QUICK} --seeds 2 -o runs/demo --resume")
    said = typed(monkeypatch, place, "evaluate runs/demo --plot matrix.png --by subject")
    for words in ("each run", "look 1, look 2", "by subject", "95 % interval", "leak-free"):
        assert words in said
    assert (place / "matrix.png").read_bytes()[:4] == b"\x89PNG"
    found = json.loads((place / "runs/demo/metrics-test.json").read_text())
    assert found["scores"]["rows"] > 20 and found["paragraph"].startswith("Accuracy on the test")
    said = typed(monkeypatch, place, "evaluate runs/demo/seed0 --split val --language ko --json")
    assert json.loads(said)["paragraph"].startswith("검증 집합")
    said = typed(monkeypatch, place, "evaluate runs/demo/seed0 --probs probs.parquet")
    said = typed(monkeypatch, place, "evaluate manifests/ck48.parquet --from probs.parquet")
    assert "look 1 (again)" in said
    said = typed(monkeypatch, place, "compare runs/demo/seed0 runs/demo/seed1")
    assert "Paired sign-flip test" in said


def test_a_score_that_cannot_be_kept_is_printed(monkeypatch, place) -> None:
    typed(monkeypatch, place, f"train-baseline demo {QUICK} --seeds 1 -o runs/full")
    (place / "runs/full/metrics-test.json").mkdir()
    for how in ("", "--json"):
        line = f"evaluate runs/full --device cpu {how}"
        result = CliRunner().invoke(cli, line.split())
        assert "Accuracy on the test part" in result.output
        assert isinstance(result.exception, FerError)
        assert "metrics-test.json" in str(result.exception)


def test_raters_take_no_options_of_the_balance(monkeypatch, place) -> None:
    monkeypatch.chdir(place)
    for more in ("--plot x.png", "--permutations 9", "--seed 1"):
        line = f"stats manifests/ck48.parquet --column raters {more}"
        result = CliRunner().invoke(cli, line.split())
        assert result.exit_code == 2 and f"{more.split()[0]} is nothing that" in result.output


def test_all_folds_are_trained_and_pooled(monkeypatch, place) -> None:
    line = f"train-baseline demo {QUICK} --set data.manifest=manifests/folds.parquet --fold all"
    typed(monkeypatch, place, f"{line} -o runs/folds --quiet")
    said = typed(monkeypatch, place, "evaluate runs/folds --out-of-fold --json")
    found = json.loads(said)
    assert [member["name"] for member in found["members"]] == ["fold0", "fold1", "fold2"]


def test_folds_are_trained_at_the_same_time(monkeypatch, place) -> None:
    """In processes of their own: what fails in one stops no other."""
    line = f"train-baseline demo {QUICK} --set data.manifest=manifests/folds.parquet --fold all"
    monkeypatch.chdir(place)
    blocked = place / "runs/at-once/fold1"
    blocked.mkdir(parents=True)
    (blocked / "card.json").write_text("{}")
    result = CliRunner().invoke(cli, f"{line} -o runs/at-once --jobs 2".split())
    assert isinstance(result.exception, FerError)
    assert "1 of 3 runs failed; runs/at-once/fold1: holds a data set" in str(result.exception)
    assert "runs/at-once/fold0: ended" in result.output and "fold2: ended" in result.output
    (blocked / "card.json").unlink()
    said = typed(monkeypatch, place, f"{line} -o runs/at-once --jobs 3 --resume")
    assert "fertools evaluate runs/at-once --out-of-fold" in said
    cards = [json.loads((blocked.parent / f"fold{k}/card.json").read_text()) for k in range(3)]
    assert [card["fold"] for card in cards] == [0, 1, 2]
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = CliRunner().invoke(cli, f"{line} -o runs/at-once --jobs 2".split())
    assert "torchrun shares one run" in str(result.exception)


def test_the_networks_are_listed_with_their_cost(monkeypatch, place) -> None:
    found = {r["name"]: r for r in json.loads(typed(monkeypatch, place, "models --json"))}
    assert found.keys() == set(folder.names("models"))
    assert found["light_se_xception"]["keras_total"] == 66_823
    assert found["dense_dsc"]["parameters"] == 476_839
    said = typed(monkeypatch, place, "models mlp --size 8 --latency")
    assert "M MACs" in said and "mlp" in said


def test_recipes_are_listed_shown_and_copied(monkeypatch, place) -> None:
    listed = typed(monkeypatch, place, "recipes ls")
    assert "demo" in listed and "A baseline for the demonstration" in listed
    text = typed(monkeypatch, place, "recipes show demo")
    assert text == resources.resource("recipes", "demo", ".toml").read_text()
    typed(monkeypatch, place, "recipes cp demo mine.toml")
    assert (place / "mine.toml").read_text() == text
    with pytest.raises(FerError, match=r"mine\.toml: is there"):
        typed(monkeypatch, place, "recipes cp demo mine.toml")
    with pytest.raises(FerError, match="recipe 'demmo': known are"):
        typed(monkeypatch, place, "recipes show demmo")


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("train-baseline curate_default -o runs/no", "recipe for training .*: known are demo, "),
        ("frontier search demo --estimate", "plan 'demo': known are frontier/ck48-paper/trials, "),
    ],
)
def test_a_recipe_of_another_kind_is_not_offered(monkeypatch, place, line, sentence) -> None:
    with pytest.raises(FerError, match=sentence) as found:
        typed(monkeypatch, place, line)
    assert len({"system_a", "frontier/trials"} & set(str(found.value).split(", "))) == 1


def test_every_training_recipe_is_sound() -> None:
    for name in resources.names("recipes", ".toml"):
        file = resources.resource("recipes", name, ".toml")
        if "[model]" not in file.read_text():
            continue  # a policy of curation
        found = recipe.load(file)
        assert found.model.name in folder.names("models")
        assert f"fertools train-baseline recipes/{name}.toml" in file.read_text()


def test_the_examples_of_the_help_run(monkeypatch, place, tmp_path) -> None:
    for name in ("data", "manifests"):
        (tmp_path / name).symlink_to(place / name)
    (tmp_path / "recipes").symlink_to(resources.folder("recipes"))
    names = ("train-baseline", "evaluate", "compare", "labels", "models", "recipes", "reproduce")
    for name in names:
        command = cli.get_command(click.Context(cli), name)
        example = command.epilog.removeprefix("Example: fertools ")
        if name == "compare":
            shutil.copytree(tmp_path / "runs/demo", tmp_path / "runs/other")
        assert typed(monkeypatch, tmp_path, example)
    for command in cli.get_command(click.Context(cli), "recipes").commands.values():
        assert typed(monkeypatch, tmp_path, command.epilog.removeprefix("Example: fertools "))
