"""Recipes: strict reading, overrides, contradictions, a round trip."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fertools import recipe
from fertools.cli import main
from fertools.errors import FerError
from fertools.recipe import Augment
from tests.full_disk import room_for

TEXT = """
# fertools train-baseline fer2013_dense_dsc.toml; two CPU cores; accuracy 70
[data]
manifest = "manifests/fer2013.parquet"
classes = ["anger", "disgust", "happiness"]
merge = { contempt = "disgust" }

[model]
name = "dense_dsc"
options = { growth = [16, 32], stem = "1x1" }

[optimiser]
name = "sgd"
lr = 0.1
momentum = 0.9
nesterov = true

[schedule]
name = "cosine"
warmup = 2

[train]
epochs = 36
batch = 128
seeds = [0, 1, 2]
balance = "effective(0.999)"
precision = "bf16"

[augment]
rotation = 15
erase_area = [0.02, 0.1]

[expected]
published = 70.69
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "recipe.toml"
    file.write_text(TEXT)
    return file


def test_a_recipe_is_read_with_its_types_and_defaults(path: Path) -> None:
    r = recipe.load(path)
    assert r.data.classes == ("anger", "disgust", "happiness")
    assert r.data.merge == {"contempt": "disgust"} and r.data.labels == "hard"
    assert r.model.options == {"growth": [16, 32], "stem": "1x1"}
    assert r.optimiser.nesterov is True and r.optimiser.betas is None
    assert r.schedule.warmup == 2.0 and isinstance(r.schedule.warmup, float)
    assert r.train.seeds == (0, 1, 2) and r.train.stop_after == 0
    assert r.augment.erase_area == (0.02, 0.1) and r.augment.flip == 0.0
    assert r.expected.published == 70.69 and r.expected.measured is None


def test_sections_left_out_have_their_defaults() -> None:
    raw = recipe.override({}, ["data.classes=['a', 'b']", "model.name=mlp", "optimiser.name=adam"])
    raw = recipe.override(raw, ["optimiser.lr=1e-3", "train.epochs=1", "train.batch=8"])
    assert recipe.parse(raw).augment == Augment()


def test_a_recipe_survives_json(path: Path) -> None:
    r = recipe.load(path)
    plain = recipe.table(r)
    assert "betas" not in plain["optimiser"]
    assert recipe.parse(json.loads(json.dumps(plain))) == r


def test_overrides_are_toml_or_text(path: Path) -> None:
    r = recipe.load(
        path,
        [
            "train.batch=64",
            "train.seeds=[7]",
            "data.manifest=other/x.parquet",
            "data.merge.hurt=anger",
            "model.options.width = 48",
            "expected.hardware=one GPU = fast",
            "augment.flip=0.5",
        ],
    )
    assert (r.train.batch, r.train.seeds) == (64, (7,))
    assert r.data.manifest == "other/x.parquet"
    assert r.data.merge == {"contempt": "disgust", "hurt": "anger"}
    assert r.model.options == {"growth": [16, 32], "stem": "1x1", "width": 48}
    assert r.expected.hardware == "one GPU = fast"
    assert recipe.load(path).train.batch == 128


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("train.bacth=64", r"key 'train\.bacth': known are train\.balance, train\.batch, "),
        ("trian.batch=64", r"key 'trian': known are augment, data, "),
        ("train.batch=big", r"train\.batch = 'big' is wrong; give a whole number"),
        ("train.batch=1.5", "give a whole number"),
        ("train.batch=true", "give a whole number"),
        ("train.batch=0", r"train\.batch = 0 is too small; give 1 or more"),
        ("train.compile=1", "give true or false"),
        ("train.seeds=3", "give a list, each a whole number"),
        ("train.seeds=[]", "at least one number"),
        ("train.seeds=[1, 1]", "each once"),
        ("train.seeds=[18446744073709551616]", "too large; give 9223372036854775807 or less"),
        ("train.label_smoothing=1", "too large; give 0.99 or less"),
        ("train.ema=nan", "too small; give 0"),
        ("train.balance=effective(2)", "known are none, inverse, sqrt"),
        ("train.precision=fp8", r"train\.precision 'fp8': known are bf16, fp16, fp32"),
        ("data.classes=[1, 2]", "data.classes = 1 is wrong; give a text"),
        ("data.classes=['anger']", "at least two words"),
        ("data.classes=['anger', 'anger']", "each once"),
        ("data.merge.hurt=pain", "turns hurt into pain"),
        ("data.merge.anger=disgust", "turns anger into disgust"),
        ("data.merge.hurt=3", "give a text"),
        ("data.merge=[]", "give a table"),
        ("data.channels=2", "no image"),
        ("data=3", "give a table"),
        ("optimiser.name=adamax", "known are adadelta, adagrad, adam"),
        ("optimiser.name=adam", "momentum is nothing that adam takes"),
        ("optimiser.betas=[0.9, 0.99]", "betas is nothing that sgd takes"),
        ("optimiser.betas=[0.9]", "give a list of 2, each a number"),
        ("optimiser.momentum=0", "nesterov needs"),
        ("optimiser.lr=-1", "too small"),
        ("schedule.warmup=36", "make it shorter"),
        ("schedule.name=plateau", "nothing that plateau takes"),
        ("augment.noise=[5, 1]", "runs from 5.0 down to 1.0"),
        ("augment.erase_area=[0.1, 2]", "too large"),
        ("train", "write it as section.key=value"),
        ("train..batch=1", "write it as section.key=value"),
        ("train.batch.size=1", "batch is a value and holds no further keys"),
    ],
)
def test_what_is_wrong_is_named(path: Path, change: str, message: str) -> None:
    with pytest.raises(FerError, match=message):
        recipe.load(path, [change])


def test_a_missing_key_is_named_with_its_file(path: Path) -> None:
    path.write_text(TEXT.replace("lr = 0.1\n", ""))
    with pytest.raises(FerError, match=r"recipe\.toml: optimiser\.lr is missing"):
        recipe.load(path)
    path.write_text("")
    with pytest.raises(FerError, match=r"data\.classes is missing"):
        recipe.load(path)


def test_a_file_that_is_no_recipe_is_named(tmp_path: Path) -> None:
    with pytest.raises(FerError, match="there is no such recipe"):
        recipe.load(tmp_path / "none.toml")
    file = tmp_path / "broken.toml"
    file.write_text("[data\n")
    with pytest.raises(FerError, match=r"broken\.toml: this is no TOML file: .*line 1"):
        recipe.load(file)
    file.write_bytes(b"\xff\xfe")
    with pytest.raises(FerError, match="no TOML file"):
        recipe.load(file)
    with pytest.raises(FerError, match="no TOML file"):
        recipe.load(tmp_path)


@given(st.text(max_size=30))
def test_any_override_of_a_text_is_that_text_or_a_toml_value(text: str) -> None:
    raw = recipe.override({"a": {"b": 1}}, [f"a.c={text}"])
    assert raw["a"].keys() == {"b", "c"}


def test_a_recipe_that_a_full_disk_took_by_half_is_not_there(tmp_path, capsys) -> None:
    with room_for(100), pytest.raises(SystemExit):
        main(["recipes", "cp", "demo", str(tmp_path / "mine.toml")])
    assert "cannot be written" in capsys.readouterr().err
    assert not (tmp_path / "mine.toml").exists()
    with pytest.raises(SystemExit, match="0"):
        main(["recipes", "cp", "demo", str(tmp_path / "mine.toml")])


def test_reading_recipes_loads_no_heavy_package() -> None:
    code = (
        "import sys, fertools.recipe; "
        "print({'torch', 'numpy', 'pandas', 'pyarrow', 'cv2'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_runs_of_one_system_differ_in_seed_manifest_and_run_of_the_teacher(tmp_path) -> None:
    (tmp_path / "r.toml").write_text(TEXT)

    def of(seed: int, *changes: str) -> recipe.Recipe:
        told = [f"train.seeds=[{seed}]", *changes]
        return recipe.of_any_run(recipe.load(tmp_path / "r.toml", told))

    one = of(0, "train.teacher=runs/large/seed0", "data.manifest=a.parquet")
    assert of(1, "train.teacher=runs/large/seed1", "data.manifest=b.parquet") == one
    assert of(1, "train.teacher=runs/small/seed1") != one and of(1) != one
    assert of(0, "train.teacher=elsewhere/large") == one  # a run by itself
    assert of(0, "train.teacher=runs/resnet") != of(0, "train.teacher=runs/dense")
    both = (of(k, f"train.teacher=runs/a/draw{k}-fold1-seed0") for k in (0, 1))
    assert next(both) == next(both)
    assert of(0, "optimiser.lr=0.5") != of(0)
