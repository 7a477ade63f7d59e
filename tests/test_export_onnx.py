"""Runs as ONNX files: every network, what a file says of itself, what is refused."""

import dataclasses
import json
import shutil
import sys
import tempfile
from pathlib import Path
from types import SimpleNamespace

import click
import numpy as np
import onnx
import pytest
import torch
from click.testing import CliRunner

from fertools import __version__, folder, runs
from fertools import recipe as recipes
from fertools.cli import cli
from fertools.errors import FerError
from fertools.evaluate import evaluate
from fertools.evaluate.evaluation import Options as Scoring
from fertools.flows.export_onnx import Options, export_onnx
from fertools.image import to_gray
from fertools.manifest import read_manifest
from fertools.onnx_file import latencies, load_onnx
from fertools.probs import read_probs
from fertools.recipe import Recipe
from fertools.runs.checkpoint import write_tensors
from fertools.runs.toml import write_toml
from fertools.train import train
from tests.made import made, smooth

CLASSES = ["anger", "fear", "sadness"]
PARTS = ["train"] * 60 + ["val"] * 40 + ["test"] * 20


@pytest.fixture(autouse=True)
def hurried(monkeypatch) -> None:
    """Times are not looked at, so few calls are timed."""
    monkeypatch.setattr("fertools.onnx_file.MOST_CALLS", 5)


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A split of 120 patterns, each mixed with that of its class, or of another one."""
    place = tmp_path_factory.mktemp("study")
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, len(PARTS))
    seen = np.where(rng.random(len(PARTS)) < 0.25, rng.integers(0, 3, len(PARTS)), truth)
    faces = smooth(len(PARTS), 1) // 2 + smooth(3, 2)[seen] // 2
    words = [CLASSES[k] for k in truth]
    made(place, faces, native_label=words, label=words, split=PARTS)
    return place


def recipe(study: Path, *changes: str) -> Recipe:
    raw = {
        "data": {"manifest": str(study / "manifest.parquet"), "classes": CLASSES},
        "model": {"name": "mlp", "options": {"hidden": [64]}},
        "optimiser": {"name": "adam", "lr": 0.001},
        "train": {"epochs": 100, "batch": 20, "select": "last"},
    }
    return recipes.parse(recipes.override(raw, changes))


@pytest.fixture(scope="module")
def run(study) -> Path:
    """A run that was trained."""
    return train(recipe(study), study / "run", device="cpu")


def untrained(study: Path, out: Path, *changes: str) -> Path:
    """A run as training leaves it, with the weights that its network starts from."""
    wanted = recipe(study, *changes)
    out.mkdir()
    data = wanted.data
    runs.write_contract(out, runs.Contract(data.size, data.channels, data.crop, data.classes))
    write_toml(out / "recipe.toml", recipes.table(wanted))
    torch.manual_seed(3)
    write_tensors(out / "best.safetensors", runs.build(wanted).state_dict())
    digest = runs.file_digest(study / "manifest.parquet")
    weights = runs.file_digest(out / "best.safetensors")
    card = {"weights": weights, "manifest": {"digest": digest}, "fold": None}
    (out / "card.json").write_text(json.dumps(card))
    return out


def faces_of(study: Path, part: str = "val") -> np.ndarray:
    from fertools import FaceDataset

    data = FaceDataset(read_manifest(study), part)
    return data.pixels(np.arange(len(data)))[:, 0].numpy()


@pytest.mark.parametrize("name", folder.names("models"))
def test_every_network_becomes_a_file_that_answers_as_it_does(study, tmp_path, name) -> None:
    options = '{ init = "glorot_uniform" }' if name == "resnet50_fc512" else "{}"  # drawn faster
    changes = (f"model.name={name}", f"model.options={options}", "data.size=32")
    place = untrained(study, tmp_path / "run", *changes)
    found = export_onnx(place, options=Options(rows=6))
    assert [form.precision for form in found.forms] == ["fp32"]
    assert found.forms[0].difference <= 1e-4
    assert sorted(file.name for file in place.glob("model*")) == ["model-fp32.onnx"]
    assert found.forms[0].bytes == (place / "model-fp32.onnx").stat().st_size
    onnx.checker.check_model(str(place / "model-fp32.onnx"), full_check=True)
    faces = faces_of(study)[:3, 8:40, 8:40]
    network = runs.network(runs.open_run(place))
    with torch.inference_mode():
        wanted = network(torch.from_numpy(faces)[:, None] / 255)
    file = load_onnx(place / "model-fp32.onnx")
    share, logits = file(faces)
    assert np.allclose(logits, wanted, atol=1e-4 * max(1, wanted.abs().max()))
    soft = torch.softmax(wanted / file.facts.temperature, 1)
    assert np.allclose(share, soft, atol=1e-4)
    assert np.allclose(file(faces[1:2])[0], share[1:2], atol=1e-5)  # any number at a time


def test_a_file_says_what_it_takes_and_gives(study, run, tmp_path) -> None:
    found = export_onnx(run, tmp_path / "m.onnx", Options(abstain="20%"))
    facts = load_onnx(tmp_path / "m.onnx").facts
    assert facts == found.facts and facts.classes == tuple(CLASSES)
    assert (facts.size, facts.channels, facts.crop, facts.gray_inside) == (48, 1, "context", False)
    assert facts.gray == runs.GRAY and facts.fertools == __version__
    assert facts.run == runs.open_run(run).digest == runs.file_digest(run / "best.safetensors")
    assert facts.manifest == runs.file_digest(study / "manifest.parquet")
    model = onnx.load(tmp_path / "m.onnx")
    assert {p.key for p in model.metadata_props} == {f.name for f in dataclasses.fields(facts)}
    assert model.producer_name == "fertools"
    [taken] = model.graph.input
    assert taken.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    dims = [d.dim_param or d.dim_value for d in taken.type.tensor_type.shape.dim]
    assert dims == ["n", 48, 48]
    assert [each.name for each in model.graph.output] == ["probabilities", "logits"]
    assert str(run).encode() not in (tmp_path / "m.onnx").read_bytes()


def test_no_room_for_temporary_files_is_a_sentence(study, run, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(FerError, match="mend that and run the same command again"):
        export_onnx(run, tmp_path / "m.onnx")
    assert not (tmp_path / "m.onnx").exists()


def test_the_temperature_and_the_threshold_come_from_the_validation_rows(
    study, run, tmp_path
) -> None:
    found = export_onnx(run, tmp_path / "m.onnx", Options(abstain="20%"))
    assert (found.part, found.rows, found.of) == ("val", 40, 40)
    assert found.facts.temperature > 1.2  # patterns learned by heart make a network too sure
    assert found.nll[1] < found.nll[0] - 0.01
    words = load_onnx(tmp_path / "m.onnx").words(faces_of(study))
    none = [word is None for word in words]
    assert np.mean(none) == pytest.approx(found.abstained) and 0.1 < found.abstained <= 0.2
    truth = read_manifest(study).table["label"].to_pylist()[60:100]
    hits = [word == other for word, other in zip(words, truth, strict=True) if word]
    assert np.mean(hits) == pytest.approx(found.answered)
    assert found.answered >= found.forms[0].accuracy
    fixed = export_onnx(run, tmp_path / "f.onnx", Options(abstain="0.5"))
    assert fixed.facts.abstain == 0.5
    assert export_onnx(run, tmp_path / "f.onnx").abstained == 0


def test_the_same_run_gives_the_same_bytes(run, tmp_path) -> None:
    for name in ("a", "b"):
        export_onnx(run, tmp_path / f"{name}.onnx", Options(int8=True, calibrate="train:30"))
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()


@pytest.mark.parametrize("name", ["mlp", "mini_xception"])
def test_int8_is_smaller_and_says_nearly_the_same(study, tmp_path, name) -> None:
    changes = (f"model.name={name}", "model.options={}", "train.epochs=6")
    place = train(recipe(study, *changes), tmp_path / "run", device="cpu")
    found = export_onnx(place, options=Options(int8=True))
    plain, small = found.forms
    assert (plain.precision, small.precision) == ("fp32", "int8")
    assert Path(found.file).name == "model-int8.onnx"
    assert small.bytes == (place / "model-int8.onnx").stat().st_size < 0.6 * plain.bytes
    assert plain.difference < 1e-4 < small.difference < 0.2
    assert abs(small.accuracy - plain.accuracy) <= 0.1
    assert min(plain.microseconds, small.microseconds) > 0
    kinds = {node.op_type for node in onnx.load(found.file).graph.node}
    assert {"QuantizeLinear", "DequantizeLinear"} <= kinds
    assert load_onnx(found.file).facts.precision == "int8"


def test_a_gray_network_takes_color(study, run, tmp_path) -> None:
    export_onnx(run, tmp_path / "gray.onnx")
    found = export_onnx(run, tmp_path / "rgb.onnx", Options(color=True))
    assert found.forms[0].difference <= 1e-4 and found.facts.gray_inside
    gray, rgb = load_onnx(tmp_path / "gray.onnx"), load_onnx(tmp_path / "rgb.onnx")
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (50, 48, 48, 3), np.uint8)
    alike = np.stack([to_gray(face) for face in faces])
    assert np.allclose(rgb(faces)[1], gray(alike)[1], atol=1e-6)
    with pytest.raises(FerError, match=r"the file takes uint8 \(n, 48x48x3\)"):
        rgb(alike)


def test_a_color_network_takes_rgb_in_its_order(study, tmp_path) -> None:
    changes = ("model.name=mini_xception", "model.options={}", "data.channels=3", "data.size=32")
    place = untrained(study, tmp_path / "run", *changes)
    found = export_onnx(place, options=Options(rows=8))
    assert (found.facts.channels, found.facts.gray_inside) == (3, False)
    faces = np.random.default_rng(0).integers(0, 256, (4, 32, 32, 3), np.uint8)
    network = runs.network(runs.open_run(place))
    with torch.inference_mode():
        wanted = network(torch.from_numpy(faces).permute(0, 3, 1, 2) / 255)
    assert np.allclose(load_onnx(found.file)(faces)[1], wanted, atol=1e-4)


def test_what_a_file_says_is_scored_like_the_run(study, run, tmp_path) -> None:
    probs = tmp_path / "probs.parquet"
    export_onnx(run, tmp_path / "m.onnx", probs=probs)
    assert len(read_probs(probs).ids) == 60  # val and test
    asked = Scoring(leak_free=False)
    other = evaluate(study / "manifest.parquet", asked, probs=probs)
    assert other.scores.confusion == evaluate(run, asked).scores.confusion


def test_a_run_without_validation_rows_is_measured_on_training(study, tmp_path) -> None:
    manifest = read_manifest(study)
    parts = ["train"] * 100 + ["test"] * 20
    words = manifest.table["label"].to_pylist()
    place = tmp_path / "data"
    made(place, np.concatenate([faces_of(study, p) for p in ("train", "val", "test")]),
         native_label=words, label=words, split=parts)  # fmt: skip
    bare = untrained(place, tmp_path / "run")
    found = export_onnx(bare, options=Options(abstain="0.4", rows=50))
    assert (found.part, found.rows, found.of, found.facts.temperature) == ("train", 50, 100, 1.0)
    assert any("measured on, and the temperature is 1" in note for note in found.notes)
    assert not any("no temperature from" in note for note in found.notes)
    with pytest.raises(FerError, match="no validation rows to take a share of"):
        export_onnx(bare, options=Options(abstain="10%"))
    with pytest.raises(FerError, match="no validation rows; --calibrate train:9"):
        export_onnx(bare, options=Options(int8=True, calibrate="val:9"))


def test_a_network_worse_than_chance_has_no_temperature(study, run, tmp_path) -> None:
    other = dict(zip(CLASSES, CLASSES[1:] + CLASSES[:1], strict=True))
    turned = [other[word] for word in read_manifest(study).table["label"].to_pylist()]
    parts = ["train"] * 60 + ["val"] * 60
    faces = np.concatenate([faces_of(study, part) for part in ("train", "val", "test")])
    place = tmp_path / "data"
    made(place, faces, native_label=turned, label=turned, split=parts)
    bare = untrained(place, tmp_path / "run")
    shutil.copy(run / "best.safetensors", bare)
    card = json.loads((bare / "card.json").read_text())
    card["weights"] = runs.file_digest(bare / "best.safetensors")
    (bare / "card.json").write_text(json.dumps(card))
    found = export_onnx(bare)
    assert found.facts.temperature == 1
    assert "no temperature from 0.1 to 10 fits these rows; it is 1" in found.notes


def test_probabilities_of_no_rows_are_refused_first(study, tmp_path) -> None:
    words = read_manifest(study).table["label"].to_pylist()[:60]
    place = tmp_path / "data"
    made(place, faces_of(study, "train"), native_label=words, label=words, split=["train"] * 60)
    bare = untrained(place, tmp_path / "run")
    with pytest.raises(FerError, match="has no validation or test rows to predict; leave --probs"):
        export_onnx(bare, probs=tmp_path / "probs.parquet")
    assert not list(bare.glob("*.onnx"))


# What is refused

NETS = """
import torch
from torch import nn

class Branch(nn.Module):
    def __init__(self, classes, how):
        super().__init__()
        self.how, self.last = how, nn.Linear(48 * 48, classes)

    def forward(self, x):
        flat = x.flatten(1)
        if self.how == "branch" and x.mean() > 0.01:
            flat = -flat
        if self.how == "batch":
            flat = x.reshape(int(x.shape[0]), -1)
        if self.how == "foreign":
            flat = flat + torch.linalg.eigvalsh(flat[:, :16].reshape(-1, 4, 4)).sum()
        return self.last(flat)

def build(classes, channels=1, size=48, *, how="branch"):
    return Branch(classes, how)
"""


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("branch", "in onnxruntime a probability differs by"),
        ("batch", "must take any number of images at a time"),
        ("foreign", "cannot be written as ONNX"),
    ],
)
def test_a_network_that_onnx_cannot_hold_leaves_no_file(study, tmp_path, how, words) -> None:
    (tmp_path / "my_net.py").write_text(NETS)
    options = f'model.options={{how = "{how}"}}'
    place = untrained(study, tmp_path / "run", f"model.name={tmp_path}/my_net.py", options)
    with pytest.raises(FerError, match=words):
        export_onnx(place)
    assert not list(place.glob("*.onnx"))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (
            {"int8": True, "calibrate": "test:5"},
            "part to calibrate on 'test': known are train, val",
        ),
        ({"int8": True, "calibrate": "train:none"}, "as in train:500"),
        ({"int8": True, "calibrate": "train:0"}, "as in train:500"),
        ({"calibrate": "train:5"}, "--calibrate is for --int8"),
        ({"abstain": "often"}, "--abstain often: give a share"),
        ({"abstain": "120%"}, "give a share"),
        ({"abstain": "1.5"}, "give a share"),
        ({"abstain": "nan"}, "give a share"),
        ({"rows": 0}, "at least 1"),
    ],
)
def test_options_that_are_wrong_are_named(run, options, words) -> None:
    with pytest.raises(FerError, match=words):
        export_onnx(run, options=Options(**options))


def test_runs_that_cannot_be_exported_are_named(study, run, tmp_path) -> None:
    with pytest.raises(FerError, match="there is no run"):
        export_onnx(tmp_path / "gone")
    place = untrained(study, tmp_path / "seed0")
    untrained(study, tmp_path / "seed1")
    with pytest.raises(FerError, match=r"holds 2 runs; give one of them: .*seed0"):
        export_onnx(tmp_path)
    (place / "best.safetensors").write_bytes((run / "best.safetensors").read_bytes())
    with pytest.raises(FerError, match="not the weights that the run's card names"):
        export_onnx(place)
    (place / "best.safetensors").unlink()
    with pytest.raises(FerError, match=r"best\.safetensors: the run's weights are gone"):
        export_onnx(place)
    with pytest.raises(FerError, match="cannot be written"):
        export_onnx(run, study / "manifest.parquet" / "m.onnx")


def test_the_weights_of_a_run_are_not_written_over(run) -> None:
    weights = run / "best.safetensors"
    before = weights.read_bytes()
    with pytest.raises(FerError, match="these are the run's weights"):
        export_onnx(run, weights)
    assert weights.read_bytes() == before


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_missing_package_is_named_with_its_extra(run, monkeypatch, package) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(FerError, match=rf"needs {package}; pip install 'fertools\[export\]'"):
        export_onnx(run)


def test_a_file_of_others_is_refused(run, tmp_path) -> None:
    with pytest.raises(FerError, match=r"gone\.onnx: cannot be read"):
        load_onnx(tmp_path / "gone.onnx")
    (tmp_path / "noise.onnx").write_bytes(b"\x08\x07no model")
    with pytest.raises(FerError, match=r"noise\.onnx: onnxruntime cannot open it"):
        load_onnx(tmp_path / "noise.onnx")
    export_onnx(run, tmp_path / "m.onnx")
    model = onnx.load(tmp_path / "m.onnx")
    kept = [p for p in model.metadata_props if p.key != "classes"]
    for change, words in (([], "says no classes"), ([("classes", "[oops")], "its classes is")):
        del model.metadata_props[:]
        model.metadata_props.extend(kept)
        for key, value in change:
            model.metadata_props.add(key=key, value=value)
        onnx.save(model, tmp_path / "other.onnx")
        with pytest.raises(FerError, match=words):
            load_onnx(tmp_path / "other.onnx")
    file = load_onnx(tmp_path / "m.onnx")
    assert file(np.zeros((0, 48, 48), np.uint8))[0].shape == (0, 3)
    with pytest.raises(FerError, match=r"float64 \(1, 48, 48\)"):
        file(np.zeros((1, 48, 48)))


def test_a_file_is_opened_without_torch(run, tmp_path) -> None:
    import subprocess

    export_onnx(run, tmp_path / "m.onnx")
    script = (
        "import sys, numpy as np\nfrom fertools.onnx_file import load_onnx\n"
        f"words = load_onnx({str(tmp_path / 'm.onnx')!r}).words(np.zeros((2, 48, 48), np.uint8))\n"
        "assert len(words) == 2 and not {'torch', 'pandas', 'cv2'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]


def test_files_are_timed_in_turns() -> None:
    asked = []
    files = [SimpleNamespace(ask=lambda face, k=k: asked.append(k)) for k in range(2)]
    assert len(latencies(files, np.zeros((1, 48, 48), np.uint8))) == 2
    assert asked[:4] == [0, 1, 0, 1] and len(asked) == 10


def test_the_command_prints_what_was_measured(study, run, monkeypatch) -> None:
    command = cli.get_command(click.Context(cli), "export-onnx")
    example = command.epilog.removeprefix("Example: fertools ").split()
    monkeypatch.chdir(study)
    (study / "runs").mkdir()
    (study / "runs/demo").symlink_to(run)
    said = CliRunner().invoke(cli, [*example, "--abstain", "10%"], catch_exceptions=False).output
    for words in ("runs/demo/model-int8.onnx: 40 rows of val", "fp32", "int8", "NLL", "no word"):
        assert words in said
    line = ["export-onnx", "runs/demo", "-o", "m.onnx", "--json", "--rows", "20"]
    found = json.loads(CliRunner().invoke(cli, line, catch_exceptions=False).output)
    assert found["rows"] == 20 and found["forms"][0]["difference"] < 1e-4
    assert found["facts"]["classes"] == CLASSES
