"""Training on drawn faces: the same weights twice and after a kill, what is chosen and refused."""

import contextlib
import dataclasses
import json
import math
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from fertools import recipe as recipes
from fertools import runs
from fertools.columns import put
from fertools.data import FaceDataset
from fertools.data.loader import room_for
from fertools.devices import Process, choose, joined, lacks_bf16, ordered
from fertools.errors import FerError
from fertools.evaluate import evaluate
from fertools.evaluate.evaluation import Options
from fertools.fakes import ck48
from fertools.ingest import ingest
from fertools.manifest import read_manifest, write_manifest
from fertools.models import dense_dsc
from fertools.recipe import Recipe
from fertools.runs.checkpoint import read_tensors, write_tensors
from fertools.runs.toml import write_toml
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from fertools.train import train
from fertools.train.feed import open_feed
from fertools.train.jobs import plan

CLASSES = ["anger", "disgust", "happiness", "surprise"]


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """A folder with a data set of drawn people, split by subject (also with soft labels), to folds,
    and at random.
    """
    folder = tmp_path_factory.mktemp("study")
    raws = ck48.write(folder / "raw", people=14, traps=False).raws(folder / "raw")
    ingest("ck48", raws, folder / "data")
    ways = {
        "apart": SplitOptions(ratios=(6, 2, 2)),
        "random": SplitOptions(ratios=(6, 2, 2), grouping=Grouping(group="none")),
        "folds": SplitOptions(folds=4),
    }
    for name, options in ways.items():
        split([folder / "data"], folder / f"{name}.parquet", options)
    manifest = read_manifest(folder / "apart.parquet")
    words = manifest.table["label"].to_pylist()
    target = [[(w, 0.8), ("disgust", 0.2)] if w == "anger" else [(w, 1.0)] for w in words]
    table = put(manifest.table, "target", pa.array(target, pa.map_(pa.string(), pa.float32())))
    write_manifest(folder / "soft.parquet", table, {}, manifest.card)
    return folder


def recipe(study: Path, *changes: str, manifest: str = "apart") -> Recipe:
    raw = {
        "data": {"manifest": str(study / f"{manifest}.parquet"), "classes": CLASSES},
        "model": {"name": "mlp", "options": {"hidden": [32], "activation": "tanh"}},
        "optimiser": {"name": "adam", "lr": 0.003},
        "train": {"epochs": 3, "batch": 32, "select": "last"},
    }
    return recipes.parse(recipes.override(raw, changes))


# Everything that has a memory or draws: batch norm, average, moments, augmentation, mixup, rate.
NET = """
from torch import nn

def build(classes, channels=1, size=48, *, width=4):
    return nn.Sequential(
        nn.Conv2d(channels, width, 5, 3, bias=False), nn.BatchNorm2d(width), nn.ReLU(),
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Dropout(0.2), nn.Linear(16 * width, classes),
    )
"""
RICH = (
    'optimiser={name="adamw", lr=0.002}',
    'schedule={name="cosine", warmup=1}',
    'augment={rotation=10, flip=0.5, noise=[1, 3], mixup=0.2}',
    "train.ema=0.9",
    "train.epochs=5",
    "train.label_smoothing=0.1",
    "train.balance=sqrt",
    "train.channels_last=true",
)  # fmt: skip

KILLED = """
import os, signal, sys, torch
from fertools import recipe
from fertools.train import train

torch.set_num_threads(int(sys.argv[3]))

def progress(line):
    if line["epoch"] == 3:
        os.kill(os.getpid(), signal.SIGKILL)

train(recipe.load(sys.argv[1]), sys.argv[2], progress=progress)
"""


def test_a_killed_run_ends_with_the_weights_of_one_that_was_not(study, tmp_path) -> None:
    (tmp_path / "net.py").write_text(NET)
    wanted = recipe(study, *RICH, f"model={{name='{tmp_path}/net.py'}}")
    whole = train(wanted, tmp_path / "whole")
    write_toml(tmp_path / "recipe.toml", recipes.table(wanted))
    threads = str(torch.get_num_threads())
    argv = [sys.executable, "-c", KILLED, tmp_path / "recipe.toml", tmp_path / "killed", threads]
    assert subprocess.run(argv, check=False, timeout=120).returncode == -9
    assert not (tmp_path / "killed" / "card.json").exists()
    with pytest.raises(FerError, match="has not ended; train again with --resume"):
        runs.open_run(tmp_path / "killed")
    with pytest.raises(FerError, match="--resume goes on"):
        train(wanted, tmp_path / "killed")
    with pytest.raises(FerError, match="the run has another recipe; give another -o, or delete"):
        train(dataclasses.replace(wanted, train=recipe(study).train), tmp_path / "killed")
    with pytest.raises(FerError, match=r"whole: there is a run that has ended; .*delete it to"):
        train(wanted, tmp_path / "whole")
    seen: list[int] = []
    killed = train(
        wanted, tmp_path / "killed", resume=True, progress=lambda x: seen.append(x["epoch"])
    )
    assert seen[-1] == 5 and seen[0] > 1
    assert weights(killed) == weights(whole)
    same = [{k: v for k, v in line.items() if k != "seconds"} for line in runs.read_log(whole)]
    assert [
        {k: v for k, v in line.items() if k != "seconds"} for line in runs.read_log(killed)
    ] == same
    assert not list(killed.glob("last*"))
    assert train(wanted, killed, resume=True) == killed  # nothing is left to do


def weights(run: Path) -> bytes:
    return (run / "best.safetensors").read_bytes()


def stopped_behind(epoch: int) -> Callable[[dict], None]:
    def progress(line: dict) -> None:
        if line["epoch"] == epoch:
            raise KeyboardInterrupt

    return progress


def test_a_run_goes_on_with_its_own_fold_only(study, tmp_path) -> None:
    wanted, run = recipe(study, manifest="folds"), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(wanted, run, fold=0, progress=stopped_behind(2))
    with pytest.raises(FerError, match="is of fold 0, not of fold 1; give another -o"):
        train(wanted, run, fold=1, resume=True)
    last = run / "last.safetensors"
    tensors, facts = read_tensors(last)
    del facts["fold"]
    write_tensors(last, tensors, facts)  # as before checkpoints said so
    train(wanted, run, fold=0, resume=True)
    for fold, name in ((2, "fold 2"), (None, "no fold")):
        with pytest.raises(FerError, match=f"is of fold 0, not of {name}"):
            train(wanted, run, fold=fold, resume=True)
    assert train(wanted, run, fold=0, resume=True) == run
    card = runs.read_json(run / "card.json")
    del card["fold"]
    (run / "card.json").write_text(json.dumps(card))
    assert train(wanted, run, fold=2, resume=True) == run


@pytest.mark.parametrize("behind", [3, 4])
def test_the_chosen_weights_come_back_where_a_lost_epoch_has_taken_their_place(
    study, tmp_path, monkeypatch, behind
) -> None:
    """On a GPU an epoch that a kill has undone need not come back as it was."""
    scores = {"now": iter([0.1, 0.2, 0.5, 0.3, 0.9])}

    def validated(*_: object) -> dict[str, float]:
        return {"accuracy": next(scores["now"]), "macro-f1": 0.0, "nll": 1.0}

    monkeypatch.setattr("fertools.train._validated", validated)
    wanted, run = recipe(study, "train.select=accuracy", "train.epochs=6"), tmp_path / "run"
    last, best = run / "last.safetensors", run / "best.safetensors"
    monkeypatch.setattr("fertools.train.recorder.SAVING", 0)
    kept: dict[int, tuple[bytes, bytes]] = {}

    def progress(line: dict) -> None:
        kept[line["epoch"]] = (last.read_bytes(), best.read_bytes())
        stopped_behind(5)(line)

    with pytest.raises(KeyboardInterrupt):
        train(wanted, run, progress=progress)
    assert read_tensors(best)[1]["epoch"] == 5
    last.write_bytes(kept[behind][0])  # the checkpoint is older than the best
    scores["now"] = iter([0.4] * (6 - behind))  # and 0.9 does not come back
    train(wanted, run, resume=True)
    assert weights(run) == kept[3][1] and runs.open_run(run).card["best_epoch"] == 3
    assert runs.open_run(run).card["val"]["accuracy"] == 0.5


def test_a_checkpoint_of_before_that_has_lost_the_chosen_weights_chooses_anew(
    study, tmp_path, monkeypatch
) -> None:
    scores = iter([0.1, 0.5, 0.3, 0.9, 0.4, 0.4])
    found = {"macro-f1": 0.0, "nll": 1.0}
    monkeypatch.setattr("fertools.train._validated", lambda *_: {"accuracy": next(scores), **found})
    monkeypatch.setattr("fertools.train.recorder.SAVING", 0)
    wanted, run = recipe(study, "train.select=accuracy", "train.epochs=5"), tmp_path / "run"
    last, kept = run / "last.safetensors", {}

    def progress(line: dict) -> None:
        kept[line["epoch"]] = last.read_bytes()
        stopped_behind(4)(line)

    with pytest.raises(KeyboardInterrupt):
        train(wanted, run, progress=progress)
    last.write_bytes(kept[3])
    tensors, facts = read_tensors(last)
    plain = {name: value for name, value in tensors.items() if not name.startswith("best.")}
    write_tensors(last, plain, facts)
    assert len(plain) < len(tensors)
    train(wanted, run, resume=True)
    card = runs.open_run(run).card
    assert card["best_epoch"] == 4 and card["val"]["accuracy"] == 0.4


def test_a_batch_of_one_that_a_batch_norm_cannot_take_is_named(study, tmp_path) -> None:
    (tmp_path / "net.py").write_text(NET.replace("AdaptiveAvgPool2d(4)", "AdaptiveAvgPool2d(1)")
                                     .replace("nn.Flatten()", "nn.BatchNorm2d(4), nn.Flatten()")
                                     .replace("16 * width", "width"))  # fmt: skip
    wanted = recipe(study, f"model={{name='{tmp_path}/net.py'}}", "train.epochs=1")
    one = dataclasses.replace(wanted, train=dataclasses.replace(wanted.train, batch=1))
    with pytest.raises(FerError, match=r"train\.batch = 1: .*net\.py .*--set train\.batch=2 or mo"):
        train(one, tmp_path / "run")
    assert not (tmp_path / "run").exists()
    (tmp_path / "plain.py").write_text(NET)  # its batch norm sees many places of one image
    plain = dataclasses.replace(one.model, name=f"{tmp_path}/plain.py")
    train(dataclasses.replace(one, model=plain), tmp_path / "plain")


def test_a_log_is_cut_behind_the_checkpoint_and_must_hold_what_is_before(
    study, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("fertools.train.recorder.SAVING", 0)
    wanted, run = recipe(study, "train.epochs=4"), tmp_path / "run"
    with pytest.raises(KeyboardInterrupt):
        train(wanted, run, progress=stopped_behind(3))
    log = run / "log.jsonl"
    whole = log.read_text().splitlines(keepends=True)
    kept = {file.name: file.read_bytes() for file in run.iterdir()}
    for lines, lacks in ((whole[:1], 2), ([whole[0], whole[1][:9]], 2), (whole[1:], 1), ([], 1)):
        log.write_text("".join(lines))
        with pytest.raises(FerError, match=rf"log\.jsonl: lacks epoch {lacks} of the 3 that the"):
            train(wanted, run, resume=True)
        assert log.read_text() == "".join(lines) and runs.has_ended(run) is False
    for name, data in kept.items():
        (run / name).write_bytes(data)
    log.write_text("".join(whole) + whole[0][:9])  # an epoch of which half a line was written
    card = runs.open_run(train(wanted, run, resume=True)).card
    assert card["epochs"] == 4 and [line["epoch"] for line in runs.read_log(run)] == [1, 2, 3, 4]
    assert not list(run.glob(".*partial"))


def test_the_same_seed_gives_the_same_weights_and_another_one_others(study, tmp_path) -> None:
    one, two, other = (
        train(recipe(study), tmp_path / str(i), seed=seed) for i, seed in enumerate((3, 3, 4))
    )
    assert weights(one) == weights(two) != weights(other)
    card = runs.open_run(one).card
    assert card["seed"] == 3 and card["best_epoch"] == 3 and card["rows"]["train"] > 50
    assert sum(card["classes"].values()) == card["rows"]["train"]
    assert set(card["hardware"]) == {"cpu", "cores", "threads", "device", "torch"}
    assert runs.open_run(one).contract.classes == tuple(CLASSES)
    assert (one / "curves.png").stat().st_size > 5000
    # the weights are those of the network that comes back
    model = runs.network(runs.open_run(one))
    tensors, _ = read_tensors(one / "best.safetensors")
    assert all(torch.equal(value, tensors[name]) for name, value in model.state_dict().items())


def test_the_epoch_that_validates_best_is_kept(study, tmp_path) -> None:
    wanted = recipe(study, "train.select=accuracy", "train.epochs=15")
    run = train(wanted, tmp_path / "run")
    scores = [line["val_accuracy"] for line in runs.read_log(run)]
    card = runs.open_run(run).card
    assert card["best_epoch"] == 1 + int(np.argmax(scores))
    assert card["val"]["accuracy"] == max(scores)
    losses = [line["loss"] for line in runs.read_log(run)]
    assert losses[-1] < 0.8 * losses[0]
    assert any("validation rows: the free ones" in note for note in card["notes"])


def test_a_run_stops_when_nothing_gets_better(study, tmp_path) -> None:
    changes = ("train.select=nll", "train.stop_after=2", "train.epochs=50", "optimiser.lr=0.3")
    run = train(recipe(study, *changes), tmp_path / "run")
    log = runs.read_log(run)
    assert len(log) < 50
    assert len(log) - runs.open_run(run).card["best_epoch"] == 2


def test_folds_and_draws_have_their_own_rows(study, tmp_path) -> None:
    one = train(recipe(study, manifest="folds"), tmp_path / "0", fold=0)
    two = train(recipe(study, manifest="folds"), tmp_path / "1", fold=1)
    assert weights(one) != weights(two) and runs.open_run(two).fold == 1
    assert [run.fold for run in runs.open_runs(tmp_path)] == [0, 1]
    drawn = recipe(study, manifest="{draw}")
    with pytest.raises(FerError, match="say --draw"):
        train(drawn, tmp_path / "2")
    (tmp_path / "7.parquet").write_bytes((study / "apart.parquet").read_bytes())
    (tmp_path / "7.card.json").write_bytes((study / "apart.card.json").read_bytes())
    text = str(tmp_path / "{draw}.parquet")
    store = f"data.store={study / 'data'}"
    run = train(recipe(study, f"data.manifest='{text}'", store), tmp_path / "3", draw=7)
    assert runs.open_run(run).manifest == str(tmp_path / "7.parquet")


def test_a_solver_takes_the_place_of_gradients(study, tmp_path) -> None:
    wanted = recipe(study, 'model={name="linear_svm", options={c=0.001}}', "train.balance=inverse")
    run = runs.open_run(train(wanted, tmp_path / "run"))
    tensors, _ = read_tensors(run.folder / "best.safetensors")
    assert float(tensors["1.weight"].abs().max()) > 0 and run.card["epochs"] == 1
    scores = evaluate(run.folder, Options(split="val", leak_free=False)).scores
    assert runs.read_log(run.folder)[0]["val_accuracy"] == pytest.approx(scores.accuracy.value)
    with pytest.raises(FerError, match="option of model"):
        train(recipe(study, 'model={name="linear_svm", options={d=1}}'), tmp_path / "other")


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("train.ema=0.9", "train.ema"),
        ("train.teacher=runs/other", "train.teacher"),
        ("model.init_weights=other.safetensors", "model.init_weights"),
        ("data.labels=soft", "data.labels = soft"),
    ],
)
def test_what_a_solver_does_not_take_is_named(study, tmp_path, change, name) -> None:
    wanted = recipe(study, "model.name=linear_svm", "model.options={}", change, manifest="soft")
    with pytest.raises(FerError, match=f"linear_svm: is solved and takes no {name}; leave it out"):
        train(wanted, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_of_several_processes_the_first_solves(study, tmp_path, monkeypatch) -> None:
    @contextlib.contextmanager
    def second(_: str) -> Iterator[Process]:
        yield Process(torch.device("cpu"), 1, 2)

    monkeypatch.setattr("fertools.train.joined", second)
    monkeypatch.setattr("fertools.train.shared", lambda process, data: data)
    run = train(recipe(study, 'model={name="linear_svm"}'), tmp_path / "run")
    assert not run.exists()


def test_weights_to_start_from_and_more_data_mark_the_run(study, tmp_path) -> None:
    first = train(recipe(study), tmp_path / "first")
    frame = read_manifest(study / "random.parquet")
    mask = pa.compute.equal(frame.table["label"], "happiness")
    write_manifest(study / "happy.parquet", frame.table.filter(mask), {}, frame.card)
    changes = (
        f"model.init_weights={first / 'best.safetensors'}",
        f"data.extra_data=['{study / 'happy.parquet'}']",
    )
    run = runs.open_run(train(recipe(study, *changes), tmp_path / "more"))
    alone = runs.open_run(first).card["classes"]
    rows = frame.table.to_pandas().query("status == 'ok' and label == 'happiness'")
    more = int((rows.split == "train").sum())  # and none of its validation or test rows
    assert 0 < more < len(rows)
    assert run.card["classes"]["happiness"] == alone["happiness"] + more
    assert run.card["classes"]["anger"] == alone["anger"]
    assert run.card["init_weights"] and run.card["extra_data"]
    wide = (*changes[:1], 'model.options={hidden=[17]}')  # fmt: skip
    with pytest.raises(FerError, match="another network"):
        train(recipe(study, *wide), tmp_path / "wide")


def test_soft_labels_are_learnt(study, tmp_path) -> None:
    wanted = recipe(study, "data.labels=soft", manifest="soft")
    assert weights(train(wanted, tmp_path / "soft")) != weights(
        train(recipe(study), tmp_path / "h")
    )


def test_two_processes_train_as_one_and_go_on_to_the_next_seed(study, tmp_path) -> None:
    wanted = recipe(study, "train.epochs=2", "train.batch=16")
    write_toml(tmp_path / "recipe.toml", recipes.table(wanted))
    argv = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", "--master-port"]
    argv += [str(_free_port()), "-m", "fertools", "train-baseline", str(tmp_path / "recipe.toml")]
    argv += ["-o", str(tmp_path / "two"), "--seeds", "2", "--device", "cpu"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("seed1 2/2: loss") == 1  # one process speaks
    for seed in (0, 1):
        alone = train(wanted, tmp_path / f"one{seed}", device="cpu", seed=seed)
        ours, _ = read_tensors(tmp_path / "two" / f"seed{seed}" / "best.safetensors")
        theirs, _ = read_tensors(alone / "best.safetensors")
        start = torch.cat([value.flatten() for value in ours.values()])
        other = torch.cat([value.flatten() for value in theirs.values()])
        # an odd row is read twice by two processes, so the last batch of an epoch may differ
        assert torch.nn.functional.cosine_similarity(start, other, dim=0) > 0.999
        assert torch.allclose(start, other, atol=1e-2)
        both = runs.open_run(tmp_path / "two" / f"seed{seed}")
        assert len(runs.read_log(both.folder)) == 2
        assert (both.card["processes"], runs.open_run(alone).card["processes"]) == (2, 1)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


HUNGRY = """
import weakref
import torch
from torch import nn

HELD = []  # what the step that failed had made

class Net(nn.Module):
    def __init__(self, classes, size):
        super().__init__()
        self.out = nn.Linear(size * size, classes)
    def forward(self, x):
        made = x.flatten(1) * 2
        if len(x) > 5 or any(held() is not None for held in HELD):
            HELD.append(weakref.ref(made))
            raise torch.OutOfMemoryError("out of memory")
        return self.out(made)

def build(classes, channels=1, size=48):
    return Net(classes, size)
"""


def test_the_batch_that_fits_is_named(study, tmp_path) -> None:
    (tmp_path / "net.py").write_text(HUNGRY)
    wanted = recipe(study, f"model={{name='{tmp_path}/net.py:build'}}")
    with pytest.raises(FerError, match=r"train.batch = 32 does not fit.*: 4 fits: --set"):
        train(wanted, tmp_path / "run")


def test_a_loss_that_is_no_number_names_its_batch(study, tmp_path) -> None:
    net = 'model={name="mlp", options={hidden=[8]}}'
    steep = recipe(study, net, 'optimiser={name="sgd", lr=1e30}')
    with pytest.raises(
        FerError, match=r"epoch 1: batch \d+ \(ck48/.* has a loss that is no number"
    ):
        train(steep, tmp_path / "run")
    assert not (tmp_path / "run").exists()  # so that the cure, another recipe, can go there
    train(recipe(study, net, "train.clip=1", "train.epochs=1"), tmp_path / "run")
    # the only step of an epoch: its loss was a number, but what it left behind is none
    once, steep = ("train.epochs=1", "train.batch=500"), 'optimiser={name="sgd", lr=1e38}'
    with pytest.raises(FerError, match=r"epoch 1: batch 1 \(ck48/.* network that gives no numbers"):
        train(recipe(study, net, *once, steep), tmp_path / "steep")
    (tmp_path / "net.py").write_text(ENDLESS)
    net = f"model={{name='{tmp_path}/net.py'}}"
    with pytest.raises(FerError, match=r"epoch 1: batch 1 \(ck48/.* weights that are no numbers"):
        train(recipe(study, net, *once), tmp_path / "endless")


ENDLESS = """
from torch import nn

def build(classes, channels=1, size=48):
    net = nn.Sequential(nn.Flatten(), nn.Linear(size * size, classes))
    net[1].weight.register_hook(lambda gradient: gradient * float("inf"))
    return net
"""


def test_a_part_is_kept_on_a_gpu_that_has_room_for_it(study, monkeypatch) -> None:
    rows = FaceDataset(study / "apart.parquet", "train")
    pixels, gpu = len(rows) * 48 * 48, torch.device("cuda")
    for free, expected in ((2 * pixels, gpu), (2 * pixels - 1, None)):
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda _, free=free: (free, free))
        assert room_for(rows, gpu) == expected
    assert room_for(rows, torch.device("cpu")) is None


def test_an_epoch_is_written_for_tensorboard(study, tmp_path) -> None:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = train(recipe(study), tmp_path / "run", tensorboard=True)
    events = EventAccumulator(str(run))
    events.Reload()
    log = runs.read_log(run)
    for name in ("loss", "lr", "val_accuracy", "val_nll"):
        found = events.Scalars(name)
        assert [event.step for event in found] == [1, 2, 3]
        assert [event.value for event in found] == pytest.approx([line[name] for line in log])


def test_what_is_worth_knowing_of_the_data_is_said(study, tmp_path) -> None:
    said: list[str] = []
    run = train(recipe(study, "train.select=nll"), tmp_path / "run", say=said.append)
    assert said == ["; ".join(runs.open_run(run).card["notes"])]
    assert "epoch chosen on" in said[0]


@pytest.mark.parametrize("has", [False, True])
def test_a_processor_without_bf16_is_told_where_a_recipe_wants_it(
    study, tmp_path, has, monkeypatch
):
    facts = {"architecture": "x86_64", "avx512_bf16": False, "amx_bf16": has}
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: facts, raising=False)
    said: list[str] = []
    wanted = recipe(study, "train.epochs=1", "train.precision=bf16")
    train(wanted, tmp_path / "run", device="cpu", say=said.append)
    assert any("train.precision=fp32 is faster" in text for text in said) is not has
    assert not lacks_bf16(torch.device("cuda"))


@pytest.mark.parametrize(
    ("changes", "manifest", "message"),
    [
        (["data.manifest="], "apart", "names no manifest"),
        (["data.manifest=nowhere.parquet"], "apart", "--ratios 8:1:1 -o nowhere.parquet`, or"),
        (["data.manifest=nowhere"], "apart", "run `fertools ingest` or give its path"),
        (
            ["data.manifest=no.parquet", "data.protocol=fer2013-noleak"],
            "apart",
            "make it by `fertools split DATA --protocol fer2013-noleak -o no.parquet`",
        ),
        (["data.classes=['anger', 'neutral']"], "apart", "class 'neutral': known are"),
        (["train.select=accuracy"], "random", "every validation row has a twin"),
        (["model.name=mlpp"], "apart", "model 'mlpp': known are"),
        (["model.options={hidden=[8], width=2}"], "apart", "option of model mlp 'width'"),
        ([], "folds", "give fold="),
    ],
)
def test_what_cannot_be_trained_is_said_first(study, tmp_path, changes, manifest, message) -> None:
    with pytest.raises(FerError, match=message):
        train(recipe(study, *changes, manifest=manifest), tmp_path / "run")


def test_a_device_that_is_not_there_is_named(study, tmp_path) -> None:
    with pytest.raises(FerError, match="device 'tpu': known are auto, cpu, cuda, mps"):
        train(recipe(study), tmp_path / "run", device="tpu")
    for name in ("cpu:7", "auto:9", "cuda:x"):
        with pytest.raises(FerError, match=f"device '{name}': known are"):
            choose(name)
    if not torch.cuda.is_available():
        with pytest.raises(FerError, match=r"device cuda: .*say --device cpu"):
            train(recipe(study), tmp_path / "run", device="cuda")


def test_a_gpu_is_one_of_those_that_are_there(monkeypatch) -> None:
    current: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "set_device", current.append)
    monkeypatch.setattr(torch.backends.cudnn, "deterministic", False)
    assert [choose("cuda:1"), choose("auto"), choose("cuda", 1)] == [
        torch.device("cuda", number) for number in (1, 0, 1)
    ]
    assert current == [1, 0, 1]  # a capture takes the stream of the current one
    with pytest.raises(FerError, match=r"device cuda:7: torch sees 2 GPUs here; say cuda:1 or"):
        choose("cuda:7")
    with pytest.raises(FerError, match=r"process 3 of torchrun .*give --nproc-per-node 2"):
        choose("auto", 2)
    assert choose("cpu", 2) == torch.device("cpu") and len(current) == 3


def test_processes_of_torchrun_do_not_share_one_gpu(monkeypatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    said = (
        "device cuda:1: torchrun gives each of its 2 processes a GPU of its own; say --device cuda"
    )
    with pytest.raises(FerError, match=said), joined("cuda:1"):
        pass


def test_a_class_without_training_rows_is_named(study, tmp_path) -> None:
    manifest = read_manifest(study / "apart.parquet")
    gone = pa.compute.and_(
        pa.compute.equal(manifest.table["label"], "disgust"),
        pa.compute.equal(manifest.table["split"], "train"),
    )
    table = manifest.table.filter(pa.compute.invert(gone))
    write_manifest(study / "thin.parquet", table, {}, manifest.card)
    with pytest.raises(FerError, match=r"no training row has the class 'disgust'.*another --seed"):
        train(recipe(study, manifest="thin"), tmp_path / "run")


def test_rows_of_no_class_of_the_recipe_are_told(study) -> None:
    feed = open_feed(recipe(study, f"data.classes={CLASSES[:-1]}"))
    assert feed.val is not None
    for name, part in (("train", feed.train), ("val", feed.val)):
        whole = FaceDataset(study / "apart.parquet", name)
        told = ", ".join(f"{count:,} {word}" for word, count in part.left_out.items())
        assert f"left out of {name}, being of no class of the recipe: {told}" in feed.notes
        assert CLASSES[-1] in told and sum(part.left_out.values()) == len(whole) - len(part)


def test_faces_of_another_ingest_are_refused(study, tmp_path) -> None:
    manifest = read_manifest(study / "apart.parquet")
    hashes = pa.array(["0" * 32] * len(manifest), pa.string())
    place = manifest.table.column_names.index("face_hash")
    table = manifest.table.set_column(place, "face_hash", hashes)
    write_manifest(study / "other.parquet", table, {}, manifest.card)
    with pytest.raises(FerError, match="another face than the manifest was made with"):
        train(recipe(study, manifest="other"), tmp_path / "run")


def test_a_run_is_resumed_with_its_own_recipe_and_manifest_only(study, tmp_path) -> None:
    run = train(recipe(study), tmp_path / "run")
    (run / "card.json").unlink()
    with pytest.raises(FerError, match="another recipe"):
        train(recipe(study, "train.batch=16"), run, resume=True)


def test_a_run_goes_on_with_the_same_extra_data_only(study, tmp_path) -> None:
    shutil.copytree(study, tmp_path / "study")
    study, more = tmp_path / "study", tmp_path / "study/more.parquet"
    split([study / "data"], more, SplitOptions(ratios=(6, 2, 2)))
    wanted = recipe(study, f"data.extra_data=['{more}']", "train.epochs=4")

    def stop(line):
        if line["epoch"] == 2:
            raise KeyboardInterrupt

    for run in ("run", "same"):
        with pytest.raises(KeyboardInterrupt):
            train(wanted, tmp_path / run, progress=stop)
        assert (tmp_path / run / "last.safetensors").is_file()
    card = runs.open_run(train(wanted, tmp_path / "same", resume=True)).card
    assert card["extra_digests"] == [runs.file_digest(more)]
    split([study / "data"], more, SplitOptions(ratios=(5, 3, 2)), force=True)
    with pytest.raises(FerError, match=r"run: data.extra_data = .*more\.parquet changed since"):
        train(wanted, tmp_path / "run", resume=True)


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize("key", ["data.manifest", "model.init_weights", "train.teacher"])
def test_a_run_goes_on_with_the_files_that_it_began_with_only(
    study, tmp_path, monkeypatch, key, ended
) -> None:
    monkeypatch.setattr("fertools.train.recorder.SAVING", 0)
    study = shutil.copytree(study, tmp_path / "study")
    first = train(recipe(study), tmp_path / "first")
    names = {
        "data.manifest": study / "apart.parquet",
        "model.init_weights": first / "best.safetensors",
        "train.teacher": first,
    }
    wanted, run = recipe(study, f"{key}={names[key]}"), tmp_path / "run"
    if ended:
        train(wanted, run)
    else:
        with pytest.raises(KeyboardInterrupt):
            train(wanted, run, progress=stopped_behind(2))
    if key == "data.manifest":
        options = SplitOptions(ratios=(5, 3, 2))
        split([study / "data"], study / "apart.parquet", options, force=True)
    else:
        shutil.rmtree(first)
        train(recipe(study), first, seed=1)
    with pytest.raises(FerError, match=f"run: {key} = {names[key]} changed since the run began"):
        train(wanted, run, resume=True)
    if ended and key != "model.init_weights":  # cards of before do not tell that
        card = runs.read_json(run / "card.json")
        del card["inputs"]
        (run / "card.json").write_text(json.dumps(card))
        with pytest.raises(FerError, match=f"run: {key} = {names[key]} changed since"):
            train(wanted, run, resume=True)


@pytest.mark.parametrize("key", ["model.name", "model.options.network"])
def test_a_network_file_that_changed_scores_no_weights_of_before(study, tmp_path, key) -> None:
    net = tmp_path / "net.py"
    net.write_text(NET)
    coupled = () if key == "model.name" else ("model={name='coupled', options={members=2}}",)
    wanted = recipe(study, "model.options={}", *coupled, f"{key}='{net}'", "train.epochs=1")
    run = runs.open_run(train(wanted, tmp_path / "run"))
    assert runs.network(run) is not None
    net.write_text(NET.replace("nn.ReLU()", "nn.Tanh()"))
    with pytest.raises(FerError, match=rf"run: {key} = {net} has changed since it was"):
        evaluate(run.folder, Options(split="val", leak_free=False))
    with pytest.raises(FerError, match=f"{key} = {net} changed since"):
        train(wanted, run.folder, resume=True)
    card = {key: value for key, value in run.card.items() if key != "inputs"}
    assert runs.network(dataclasses.replace(run, card=card)) is not None  # a card of before


def test_faces_are_cut_as_the_split_says(study, tmp_path) -> None:
    manifest = read_manifest(study / "apart.parquet")
    card = {**manifest.card, "split": {**manifest.card["split"], "crop": "box"}}
    write_manifest(study / "boxes.parquet", manifest.table, manifest.facts, card)
    with pytest.raises(FerError, match=r"was split with --crop box, .*--set data\.crop=box"):
        train(recipe(study, manifest="boxes"), tmp_path / "run")
    run = runs.open_run(train(recipe(study, "data.crop=box", manifest="boxes"), tmp_path / "run"))
    assert run.contract.crop == "box"


def test_runs_do_not_lie_in_one_another(study, tmp_path) -> None:
    wanted, two, three = (recipe(study, f"train.seeds={list(range(n))}") for n in (1, 2, 3))
    train(wanted, tmp_path / "one")
    with pytest.raises(FerError, match="one: is a run, and several would go below it"):
        plan(three, tmp_path / "one", None, None)
    for folder, options in plan(two, tmp_path / "two", None, None):
        train(two, folder, **options)
    assert [folder.name for folder, _ in plan(three, tmp_path / "two", None, None)] == [
        "seed0", "seed1", "seed2"
    ]  # fmt: skip
    with pytest.raises(FerError, match=r"two: holds runs \(seed[01] for one\); give another -o"):
        plan(wanted, tmp_path / "two", None, None)
    shutil.copytree(tmp_path / "one", tmp_path / "two", dirs_exist_ok=True)
    with pytest.raises(FerError, match="two: is a run and holds runs"):
        runs.open_runs(tmp_path / "two")


def test_a_data_set_is_not_trained_over(study, tmp_path) -> None:
    data = shutil.copytree(study / "data", tmp_path / "data")
    card = (data / "card.json").read_bytes()
    for resume in (False, True):
        with pytest.raises(FerError, match="data: holds a data set, not a run; give another -o"):
            train(recipe(study), data, resume=resume)
    assert (data / "card.json").read_bytes() == card
    with pytest.raises(FerError, match="data: there is no run"):
        runs.open_run(data)


def test_a_place_that_cannot_be_written_is_named(study, tmp_path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FerError, match=r"file/run: Not a directory; .* again with --resume"):
        train(recipe(study), tmp_path / "file" / "run")
    (tmp_path / "run" / "log.jsonl").mkdir(parents=True)
    with pytest.raises(FerError, match=r"log\.jsonl: .*; mend that and run the same .*again$"):
        train(recipe(study), tmp_path / "run", resume=True)
    with pytest.raises(FerError, match=r"no/x\.safetensors: cannot be written"):
        write_tensors(tmp_path / "no" / "x.safetensors", {"a": torch.zeros(1)})


def test_every_run_that_is_asked_for_is_another_one(study, tmp_path) -> None:
    shutil.copy(study / "folds.parquet", tmp_path / "x-0.parquet")
    drawn = recipe(study, f"data.manifest='{tmp_path}/x-{{draw}}.parquet'", "train.seeds=[0, 1]")
    names = [folder.name for folder, _ in plan(drawn, tmp_path / "a", "all", 0)]
    assert names == [f"draw0-fold{k}-seed{s}" for k in range(4) for s in range(2)]
    with pytest.raises(FerError, match="has several draws; say --draw 0"):
        plan(drawn, tmp_path / "a", "all", None)
    with pytest.raises(FerError, match=r"apart\.parquet: has no {draw} in its name, so every draw"):
        plan(recipe(study), tmp_path / "a", None, 0)
    with pytest.raises(FerError, match="the recipe names no manifest: --set"):
        plan(recipe(study, "data.manifest="), tmp_path / "a", "all", None)
    with pytest.raises(FerError, match=r"leave --fold out, or .*split DATA --folds 10 -o OUT`"):
        plan(recipe(study), tmp_path / "a", "all", None)
    with pytest.raises(FerError, match="--fold ²: give a number, or all"):
        plan(recipe(study), tmp_path / "a", "²", None)


def test_a_start_that_fails_leaves_no_folder(study, tmp_path, monkeypatch) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(FerError, match="file: is a file; give a folder with -o"):
        train(recipe(study), tmp_path / "file")
    with pytest.raises(FerError, match="known are"):
        train(recipe(study, "model.name=foo"), tmp_path / "run")
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(FerError, match="--tensorboard needs it"):
        train(recipe(study), tmp_path / "run", tensorboard=True)
    monkeypatch.setitem(sys.modules, "sklearn.svm", None)
    with pytest.raises(FerError, match="linear_svm needs scikit-learn"):
        train(recipe(study, 'model={name="linear_svm"}'), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_number_without_end_is_written_as_toml_writes_it(tmp_path) -> None:
    write_toml(tmp_path / "x.toml", {"train": {"clip": math.inf, "low": -math.inf}})
    assert tomllib.loads((tmp_path / "x.toml").read_text()) == {
        "train": {"clip": math.inf, "low": -math.inf}
    }


def test_a_recipe_is_written_as_it_is_read(study, tmp_path) -> None:
    wanted = recipe(study, *RICH, 'data.merge={"a\\"b" = "anger"}')
    write_toml(tmp_path / "r.toml", recipes.table(wanted), "one\ntwo")
    assert recipes.load(tmp_path / "r.toml") == wanted
    assert (tmp_path / "r.toml").read_text().startswith("# one\n# two\n")
    again = dataclasses.replace(wanted)
    assert json.dumps(recipes.table(again)) == json.dumps(recipes.table(wanted))


@pytest.mark.parametrize("channels", [1, 3])
def test_a_concatenating_network_keeps_its_channels_last(channels) -> None:
    images = torch.rand(3, channels, 48, 48)
    model = dense_dsc.build(7, channels).to(memory_format=torch.channels_last)
    changed = ordered(images, True)
    assert torch.equal(changed, images)
    with torch.no_grad():
        maps = model[:2](changed)  # the stem and the first stage
    assert maps.is_contiguous(memory_format=torch.channels_last)
