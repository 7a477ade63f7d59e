"""What the frontier's trials need of the trainer: losses, teachers, SAM, windows, compiling."""

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from fertools import recipe as recipes
from fertools import runs
from fertools.data.augment import BatchAugment
from fertools.devices import Process
from fertools.errors import FerError
from fertools.fakes import ck48
from fertools.ingest import ingest
from fertools.recipe import Augment, Optimiser, Recipe, Schedule, Train
from fertools.runs.checkpoint import read_tensors
from fertools.split import SplitOptions, split
from fertools.train import train
from fertools.train.feed import open_feed
from fertools.train.losses import label_loss, teacher_loss
from fertools.train.optimisers import Rate, make_optimiser
from fertools.train.resume import Choice
from fertools.train.sam import climb, descend
from fertools.train.speed import Cast, captured
from fertools.train.trainer import Trainer

CLASSES = ["anger", "disgust", "happiness", "surprise"]
SMALL = 'model={name="residual", options={widths=[4, 8], blocks=[1, 1]}}'


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("methods")
    raws = ck48.write(folder / "raw", people=14, traps=False).raws(folder / "raw")
    ingest("ck48", raws, folder / "data")
    split([folder / "data"], folder / "apart.parquet", SplitOptions(ratios=(6, 2, 2)))
    split([folder / "data"], folder / "other.parquet", SplitOptions(ratios=(6, 2, 2), seed=1))
    return folder


def recipe(study: Path, *changes: str) -> Recipe:
    raw = {
        "data": {"manifest": str(study / "apart.parquet"), "classes": CLASSES},
        "model": {"name": "mlp", "options": {"hidden": [16]}},
        "optimiser": {"name": "sgd", "lr": 0.05},
        "train": {"epochs": 2, "batch": 32, "select": "last"},
    }
    return recipes.parse(recipes.override(raw, changes))


def spec(**options: object) -> Train:
    return Train(epochs=1, batch=1, **options)  # type: ignore[arg-type]


# Losses


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighed", [False, True])
def test_the_robust_loss_runs_from_cross_entropy_to_the_distance(smoothing, weighed) -> None:
    torch.manual_seed(0)
    logits = torch.randn(9, 4, dtype=torch.float64)
    labels = torch.randint(4, (9,))
    weights = torch.tensor([0.5, 1.0, 1.5, 2.0], dtype=torch.float64) if weighed else None
    soft = functional.one_hot(labels, 4).double() * 0.7 + 0.075
    for target in (labels, soft):
        exact = functional.cross_entropy(logits, target, weights, label_smoothing=smoothing)
        near = label_loss(logits, target, spec(robust=1e-6, label_smoothing=smoothing), weights)
        assert near == pytest.approx(float(exact), rel=1e-4)
        same = label_loss(logits, target, spec(label_smoothing=smoothing), weights)
        assert same == exact
    if not weighed and not smoothing:
        far = label_loss(logits, labels, spec(robust=1.0))
        assert far == pytest.approx(float((1 - logits.softmax(1)[range(9), labels]).mean()))


def test_a_wrong_label_pulls_less_under_the_robust_loss() -> None:
    pulls = {}
    for q in (0.0, 0.7):
        logits = torch.tensor([[4.0, 0.0], [0.0, 0.0]], requires_grad=True)
        label_loss(logits, torch.tensor([1, 1]), spec(robust=q)).backward()
        wrong, doubtful = logits.grad.abs().sum(1)  # type: ignore[union-attr]
        pulls[q] = float(wrong / doubtful)
    assert pulls[0.0] > 1.5 and pulls[0.7] < 0.3


def test_a_teacher_is_followed_to_its_own_outputs() -> None:
    taught = torch.tensor([[2.0, 0.0, -1.0]])
    assert float(teacher_loss(taught + 5, taught, 4.0)) == pytest.approx(0, abs=1e-5)
    torch.manual_seed(1)
    logits = torch.randn(5, 3)
    ours = teacher_loss(logits, taught.expand(5, 3), 2.0)
    p, q = (taught / 2).softmax(1), (logits / 2).softmax(1)
    by_hand = 4 * (p * (p.log() - q.log())).sum(1).mean()
    assert float(ours) == pytest.approx(float(by_hand), rel=1e-5)


def test_a_student_learns_its_teacher_and_says_so(study, tmp_path) -> None:
    teacher = train(recipe(study, "train.epochs=8", "optimiser.lr=0.2"), tmp_path / "teacher")
    base = ("train.epochs=5", "train.ema=0.5")
    taught = (*base, f"train.teacher={teacher}", "train.teacher_weight=1", "train.temperature=2")
    alone = runs.open_run(train(recipe(study, *base), tmp_path / "alone"))
    pupil = runs.open_run(train(recipe(study, *taught), tmp_path / "pupil"))
    rows = open_feed(alone.recipe).train
    images = rows.pixels(np.arange(len(rows))).float() / 255
    with torch.no_grad():
        goal = runs.network(runs.open_run(teacher))(images)
        gaps = [float(teacher_loss(runs.network(r)(images), goal, 1)) for r in (pupil, alone)]
    assert gaps[0] < 0.6 * gaps[1]
    digest = runs.open_run(teacher).digest
    assert pupil.card["teacher"] == {"run": str(teacher), "weights": digest}
    assert alone.card["teacher"] is None


@pytest.mark.parametrize(
    ("taught", "own", "message"),
    [
        (["data.manifest={other}"], [], "another split"),
        (["data.classes=['anger', 'disgust']"], [], "another kind"),
        (["data.extra_data=['{other}']"], [], "other data or weights"),
        ([], ["train.teacher=nowhere"], "there is no run"),
    ],
)
def test_a_teacher_that_has_seen_other_rows_is_refused(study, tmp_path, taught, own, message):
    changes = [c.format(other=study / "other.parquet") for c in taught]
    teacher = train(recipe(study, "train.epochs=1", *changes), tmp_path / "teacher")
    with pytest.raises(FerError, match=message):
        train(recipe(study, f"train.teacher={teacher}", *own), tmp_path / "pupil")


def test_a_teacher_of_another_fold_or_with_other_weights_is_refused(study, tmp_path) -> None:
    split([study / "data"], study / "folds.parquet", SplitOptions(folds=3))
    folds, once = f"data.manifest={study / 'folds.parquet'}", "train.epochs=1"
    first = train(recipe(study, folds, once), tmp_path / "first", fold=1)
    with pytest.raises(FerError, match="another split"):
        train(recipe(study, folds, f"train.teacher={first}"), tmp_path / "pupil", fold=0)
    start = f"model.init_weights={first / 'best.safetensors'}"
    second = train(recipe(study, folds, once, start), tmp_path / "second", fold=0)
    with pytest.raises(FerError, match="other data or weights"):
        train(recipe(study, folds, f"train.teacher={second}"), tmp_path / "pupil", fold=0)


def test_a_teacher_of_several_seeds_is_one_of_them(study, tmp_path) -> None:
    wanted = recipe(study, f"train.teacher={tmp_path / 'many'}", "train.epochs=1")
    one = train(recipe(study, "train.epochs=1"), tmp_path / "many" / "seed0")
    with pytest.raises(FerError, match=f"many: holds runs and is none; give one of them: {one}"):
        train(wanted, tmp_path / "pupil")
    (one / "card.json").unlink()
    with pytest.raises(FerError, match="seed0: the run has not ended; train again with --resume"):
        train(wanted, tmp_path / "pupil")


@pytest.mark.parametrize("balance", ["none", "inverse"])
def test_an_epoch_of_one_batch_has_the_loss_that_the_recipe_says(study, balance) -> None:
    """(1 - w) cross-entropy + w T^2 KL, over all rows; a class weighs rows / (classes * its)."""
    changes = (f"train.balance={balance}", "train.teacher_weight=0.25", "train.temperature=2")
    wanted = recipe(study, *changes, "train.batch=500")
    torch.manual_seed(3)
    teacher = runs.build(wanted).eval()
    made = Trainer(wanted, open_feed(wanted), Process(torch.device("cpu")), 0, teacher)
    rows = made.loader.dataset
    images = rows.pixels(np.arange(len(rows))).float() / 255
    with torch.no_grad():
        ours, theirs = made.model(images), teacher(images)
    labels = torch.from_numpy(rows.targets)
    weight = len(rows) / (4 * torch.bincount(labels).float()) if balance == "inverse" else None
    plain = functional.cross_entropy(ours, labels, weight)
    p, q = (theirs / 2).softmax(1), (ours / 2).softmax(1)
    distance = 4 * (p * (p.log() - q.log())).sum(1).mean()
    assert made.run(0) == pytest.approx(float(0.75 * plain + 0.25 * distance), rel=1e-4)


def test_each_coupled_network_is_trained_as_it_would_be_alone(study) -> None:
    inner = "{widths=[4], blocks=[1]}"
    both = f'model={{name="coupled", options={{members=2, network="residual", options={inner}}}}}'
    whole = ("train.batch=500", "train.teacher_weight=0.5")
    wanted = recipe(study, both, *whole)
    alone = recipe(study, f'model={{name="residual", options={inner}}}', *whole)
    teacher = runs.build(alone).eval()
    made = Trainer(wanted, open_feed(wanted), Process(torch.device("cpu")), 0, teacher)
    for member in made.model.members:
        one = Trainer(alone, open_feed(alone), Process(torch.device("cpu")), 0, teacher)
        one.model.load_state_dict(member.state_dict())
        one.run(0)
        member.ended = copy.deepcopy(one.model.state_dict())
    made.run(0)
    for member in made.model.members:
        for name, value in member.ended.items():
            assert torch.allclose(member.state_dict()[name].float(), value.float(), atol=1e-5), name


# Steps, averages and rates


def of_weights(model: nn.Module) -> torch.Tensor:
    return torch.cat([weight.detach().flatten() for weight in model.parameters()])


def test_the_average_follows_faster_at_the_start(study) -> None:
    """average = d * average + (1 - d) * weights, with d = (1 + step) / (10 + step) up to `ema`."""
    made = trainer(study, "train.ema=0.15", "train.batch=500")
    wanted = of_weights(made.model)
    for epoch, decay in enumerate((1 / 10, 0.15)):  # 2 / 11 would be more
        made.run(epoch)
        wanted = decay * wanted + (1 - decay) * of_weights(made.model)
        assert torch.allclose(of_weights(made.kept), wanted, atol=1e-6)
        assert not torch.allclose(of_weights(made.model), wanted, atol=1e-4)


def test_validation_scores_the_network_that_is_kept(study, tmp_path) -> None:
    run = train(recipe(study, "train.ema=0.9", "train.epochs=1"), tmp_path / "run")
    kept = runs.network(runs.open_run(run))
    rows = open_feed(runs.open_run(run).recipe).val
    with torch.no_grad():
        logits = kept(rows.pixels(np.arange(len(rows))).float() / 255)
    nll = float(functional.cross_entropy(logits, torch.from_numpy(rows.targets)))
    assert runs.read_log(run)[0]["val_nll"] == pytest.approx(nll, rel=1e-4)


def test_a_clipped_step_is_as_long_as_it_may_be(study) -> None:
    made = trainer(study, "train.clip=0.001", "train.batch=500", "optimiser.lr=2")
    before = of_weights(made.model)
    made.run(0)
    assert float((of_weights(made.model) - before).norm()) == pytest.approx(0.002, rel=0.01)


def test_a_last_batch_of_a_single_row_is_left_out(study) -> None:
    rows = len(open_feed(recipe(study)).train)
    made = trainer(study, f"train.batch={rows - 1}")
    seen: list[int] = []
    made.plain.register_forward_hook(lambda _, images, __: seen.append(len(images[0])))
    made.run(0)
    assert seen == [rows - 1]


def test_an_epoch_draws_anew_by_its_number_and_the_seed(study) -> None:
    def drawn(seed: int, *epochs: int) -> tuple[float, list[int]]:
        wanted = recipe(study, "augment.noise=[1, 2]", "train.batch=500")
        made = Trainer(wanted, open_feed(wanted), Process(torch.device("cpu")), seed)
        for epoch in epochs:
            made.run(epoch)
        order = made.loader.order
        order.epoch = epochs[-1]
        return made.loader.augment.rng.random(), order.indices().tolist()

    first, second, other = drawn(0, 0), drawn(0, 0, 1), drawn(1, 0)
    assert len({first[0], second[0], other[0]}) == 3  # of the augmentation
    assert first[1] != second[1] and first[1] != other[1] != sorted(other[1])
    assert drawn(0, 1) == second  # as a run that goes on


def test_mixing_is_part_of_a_step(study) -> None:
    ways = ("augment.flip=0", "augment.mixup=1", "augment.cutmix=1")
    losses = [trainer(study, way, "train.batch=500").run(0) for way in ways]
    assert len({round(loss, 5) for loss in losses}) == 3


@pytest.mark.parametrize(
    ("schedule", "shares"),
    [
        ({}, [1, 1, 1, 1, 1]),
        ({"warmup": 1}, [1 / 5, 2 / 5, 3 / 5, 4 / 5, 1, 1, 1]),
        ({"name": "cosine"}, {0: 1, 3: 0.5 + 2**0.5 / 4, 6: 0.5, 12: 0}),
        ({"name": "cosine", "warmup": 1, "final": 0.2}, {0: 0.2, 3: 0.8, 4: 1, 8: 0.6, 12: 0.2}),
        ({"name": "one-cycle", "warmup": 1.5}, {0: 0.04, 3: 0.52, 6: 1, 9: 0.5, 12: 0}),
    ],
)
def test_the_rate_goes_as_its_schedule_says(schedule, shares) -> None:
    rate = Rate(Schedule(**schedule), epochs=3, steps=4)
    found = {step: rate.at(step) for step in range(13)}
    wanted = shares if isinstance(shares, dict) else dict(enumerate(shares))
    assert {step: found[step] for step in wanted} == pytest.approx(wanted)


def test_a_plateau_lowers_the_rate_when_the_loss_has_not_fallen_for_its_patience() -> None:
    spec = Schedule(name="plateau", factor=0.5, patience=2)
    rate = Rate(spec, epochs=9, steps=4)
    found = []
    for loss in (3, 2, 2, 2.5, 1, 1, 1, 1, 1):  # the same again is no fall
        rate.ended(loss)
        found.append(rate.at(7))
        before, rate = rate, Rate(spec, epochs=9, steps=4)
        rate.restore(before.state())  # as behind a kill
    assert found == [1, 1, 1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.125]


def test_a_plateau_looks_at_the_validation_rows(study, tmp_path, monkeypatch) -> None:
    losses = iter([1.0, 2.0, 2.0])  # while that of the training rows falls
    found = {"accuracy": 0.5, "macro-f1": 0.5}
    monkeypatch.setattr("fertools.train._validated", lambda *_: {**found, "nll": next(losses)})
    schedule = 'schedule={name="plateau", patience=1, factor=0.5}'
    slow = ("optimiser.lr=0.002", "train.epochs=3")
    log = runs.read_log(train(recipe(study, schedule, *slow), tmp_path / "run"))
    assert log[2]["loss"] < log[1]["loss"] < log[0]["loss"]
    assert [line["lr"] for line in log] == pytest.approx([0.002, 0.002, 0.001])


def test_an_optimiser_has_the_settings_of_its_recipe() -> None:
    for spec in (
        Optimiser("sgd", 0.1, 0.01, momentum=0.8, nesterov=True),
        Optimiser("adamw", 0.2, 0.03, betas=(0.7, 0.9)),
    ):
        (group,) = make_optimiser(spec, [nn.Parameter(torch.zeros(1))]).param_groups
        for name in ("lr", "weight_decay", "momentum", "nesterov", "betas"):
            if getattr(spec, name) is not None:
                assert group[name] == getattr(spec, name)


@pytest.mark.parametrize(
    ("select", "scores", "kept"),
    [
        ("accuracy", [0.2, 0.5, 0.5, 0.4], 1),  # of equal ones the first
        ("nll", [0.9, 0.4, 0.7, 0.4], 1),
        ("last", [0.2, 0.5, 0.5, 0.4], 3),
    ],
)
def test_the_choice_is_the_first_of_the_best(select, scores, kept) -> None:
    choice = Choice()
    for epoch, score in enumerate(scores):
        choice = choice.after(epoch, {} if select == "last" else {select: score}, select)
    assert choice.epoch == kept


# SAM


def test_sam_steps_by_the_gradient_at_the_top_of_the_radius() -> None:
    weight = nn.Parameter(torch.tensor([3.0, 4.0]))
    other = nn.Parameter(torch.tensor([12.0]))
    (0.5 * (weight.square().sum() + other.square().sum())).backward()  # the gradient is the weight
    climbed = climb([weight, other], 1.3)
    assert weight.tolist() == pytest.approx([3.3, 4.4]) and other.item() == pytest.approx(13.2)
    descend(climbed)
    assert weight.tolist() == pytest.approx([3, 4]) and other.item() == pytest.approx(12)


def test_sam_trains_other_weights_and_a_radius_of_nothing_the_same(study, tmp_path) -> None:
    found = {
        radius: read_tensors(
            train(recipe(study, SMALL, f"optimiser.sam={radius}"), tmp_path / str(radius))
            / "best.safetensors"
        )[0]
        for radius in (0.0, 1e-9, 0.2)
    }
    names = [n for n, value in found[0.0].items() if value.is_floating_point()]
    gap = {
        radius: max(float((found[radius][n] - found[0.0][n]).abs().max()) for n in names)
        for radius in (1e-9, 0.2)
    }
    assert gap[1e-9] < 1e-4 < 1e-3 < gap[0.2]


# Mixing and windows


def test_cutmix_takes_the_label_with_the_pixels() -> None:
    images = torch.arange(40.0)[:, None, None, None].expand(40, 1, 24, 24) / 40
    labels = torch.eye(40)
    mixed, shares = BatchAugment(Augment(cutmix=1.0), 3).mix(images, labels)
    partners = set()
    for k in range(40):
        foreign = mixed[k, 0] != images[k, 0, 0, 0]
        own = 1 - float(foreign.float().mean())
        assert float(shares[k, k]) == pytest.approx(own, abs=1e-6) or shares[k, k] == 1
        assert float(shares[k].sum()) == pytest.approx(1, abs=1e-6)
        if foreign.any():
            values = mixed[k, 0][foreign].unique()
            assert len(values) == 1 and float(shares[k, round(float(values) * 40)]) > 0
            rows, columns = foreign.any(1), foreign.any(0)
            assert torch.equal(foreign, rows[:, None] & columns[None])  # one whole rectangle
            assert rows.nonzero().diff(dim=0).le(1).all()
            partners.add(own)
    assert len(partners) > 10 and min(partners) < 0.3 < 0.7 < max(partners)


def test_with_mixup_and_cutmix_each_batch_draws_one() -> None:
    images, labels = torch.rand(16, 1, 8, 8), torch.eye(16)
    augment = BatchAugment(Augment(mixup=1.0, cutmix=1.0), 0)
    kept = [
        float((augment.mix(images, labels)[0] == images).float().mean()) > 0.1 for _ in range(24)
    ]
    assert 4 < sum(kept) < 20  # under mixup no pixel stays what it was


def test_a_window_is_a_part_of_the_image_and_every_place_is_drawn() -> None:
    plane = torch.arange(100.0).reshape(1, 1, 10, 10).expand(200, 2, 10, 10) / 100
    found = BatchAugment(Augment(crop=8), 5)(plane)
    assert found.shape == (200, 2, 8, 8)
    corners = {round(float(image[0, 0, 0]) * 100) for image in found}
    assert corners == {10 * row + column for row in range(3) for column in range(3)}
    for image in found[:9]:
        corner = round(float(image[1, 0, 0]) * 100)
        row, column = divmod(corner, 10)
        assert torch.equal(image, plane[0, :, row : row + 8, column : column + 8])


def test_a_network_is_trained_on_windows_and_scored_on_whole_faces(study, tmp_path) -> None:
    run = train(recipe(study, SMALL, "augment.crop=40"), tmp_path / "run")
    assert runs.open_run(run).contract.size == 48 and runs.read_log(run)[-1]["val_accuracy"] > 0
    with pytest.raises(FerError, match="mlp does not take windows of 40 px"):
        train(recipe(study, "augment.crop=40"), tmp_path / "other")


def test_a_teacher_must_take_windows_too_and_stays_as_it_was(study, tmp_path) -> None:
    flat = train(recipe(study, "train.epochs=1"), tmp_path / "flat")
    wanted = recipe(study, SMALL, "augment.crop=40", f"train.teacher={flat}")
    message = rf"augment.crop = 40: the teacher {flat} does not take windows of 40 px"
    with pytest.raises(FerError, match=message):
        train(wanted, tmp_path / "run")
    maps = runs.build(wanted).eval()
    made = Trainer(wanted, open_feed(wanted), Process(torch.device("cpu")), 0, maps)
    assert made.model.training and not any(layer.training for layer in maps.modules())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (["augment.crop=48"], "leaves no window to draw; give less than data.size = 48"),
        (["train.compile=true", "train.graphs=true"], "two ways to the same"),
        (["optimiser.sam=0.1", "train.precision=fp16"], "give bf16 or fp32"),
        (["train.robust=1.5"], "too large"),
        (["train.temperature=0"], "too small"),
        (["augment.cutmix=-1"], "too small"),
    ],
)
def test_what_does_not_go_together_is_named(study, changes, message) -> None:
    with pytest.raises(FerError, match=message):
        recipe(study, *changes)


# Speed


def trainer(study: Path, *changes: str) -> Trainer:
    wanted = recipe(study, *changes)
    return Trainer(wanted, open_feed(wanted), Process(torch.device("cpu")), 0)


def test_a_last_smaller_batch_goes_the_plain_way(study) -> None:
    made = trainer(study, SMALL, "augment.crop=40", "train.graphs=true")
    made.run(0)
    assert made.network is made.plain  # no GPU: graphs say nothing
    seen: list[int] = []

    def noted(images: torch.Tensor) -> torch.Tensor:
        seen.append(len(images))
        return made.plain(images)

    made.network = noted
    made.run(1)
    rows = len(made.loader.dataset)
    assert seen == [32] * (rows // 32) and rows % 32 > 1


def test_a_capture_that_does_not_fit_names_the_batch_that_does(study, tmp_path, monkeypatch):
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr("fertools.train.trainer.hastened", full)
    with pytest.raises(FerError, match=r"train.batch = 32 does not fit.*: 16 fits: --set"):
        train(recipe(study, SMALL), tmp_path / "run")


def test_autocast_inside_a_network_computes_what_it_does_outside() -> None:
    model, images = nn.Conv2d(1, 3, 3), torch.rand(2, 1, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        outside = model(images)
    inside = Cast(model, "cpu", torch.bfloat16)(images)
    assert inside.dtype == torch.bfloat16 and torch.equal(inside, outside)
    assert Cast(model, "cpu", None)(images).dtype == torch.float32


def test_a_capture_sees_a_whole_batch_of_windows_and_leaves_the_statistics(study, monkeypatch):
    """Without a GPU: what stands in for the capture runs the network to warm up, as it does."""
    seen = []

    def warmed(network: nn.Module, samples: tuple[torch.Tensor, ...]) -> nn.Module:
        seen.append(samples[0])
        for _ in range(3):
            network(samples[0])
        return network

    monkeypatch.setattr(torch.cuda, "make_graphed_callables", warmed)
    wanted = recipe(study, SMALL, "augment.crop=40", "train.channels_last=true")
    model = runs.build(wanted).to(memory_format=torch.channels_last)
    before = copy.deepcopy(model.state_dict())
    made = captured(model, wanted, torch.device("cpu"), 16)
    assert seen[0].shape == (16, 1, 40, 40) and seen[0].stride()[1] == 1
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    images = torch.rand(16, 1, 40, 40)
    assert made.network is model and torch.equal(made(images), model(images))


def test_a_compiled_network_goes_with_average_resume_and_a_smaller_last_batch(
    study, tmp_path, monkeypatch
) -> None:
    """Traced as it is, but without a C++ compiler, which takes a minute."""
    real, asked = torch.compile, []

    def traced(network: nn.Module, **options: object) -> object:
        asked.append(options)
        return real(network, backend="eager", dynamic=options["dynamic"])

    monkeypatch.setattr(torch, "compile", traced)
    same = ("train.ema=0.9", "train.precision=bf16", "train.channels_last=true", "train.epochs=3")
    plain = train(recipe(study, SMALL, *same), tmp_path / "plain")
    assert not asked
    wanted = recipe(study, SMALL, *same, "train.compile=true")

    def stopped(line: dict) -> None:
        if line["epoch"] == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(wanted, tmp_path / "compiled", progress=stopped)
    compiled = train(wanted, tmp_path / "compiled", resume=True)
    assert asked == [{"mode": "default", "dynamic": False}] * 2
    weights = [(run / "best.safetensors").read_bytes() for run in (plain, compiled)]
    assert weights[0] == weights[1]
