"""Recipes: strict TOML files that say all that decides a training run and what it should score.

In goes a TOML file and overrides such as `train.batch=64`; out comes a frozen `Recipe`. Every key
is declared below with its default, unit and bounds; an unknown key, a wrong type or a contradiction
is a `FerError` that names the file and the key. Loads neither torch nor pandas.

A recipe opens with comments: its command, the hardware it was measured on, its expected score.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from fertools import strict
from fertools.errors import UNPARSED, FerError
from fertools.strict import setting

OPTIMISERS = ("sgd", "adagrad", "rmsprop", "adadelta", "adam", "nadam", "adamw")
SCHEDULES = ("constant", "cosine", "one-cycle", "plateau")
# Which optimiser takes which of the settings that not all of them take.
TAKES = {
    "sgd": {"momentum", "nesterov"},
    "rmsprop": {"momentum"},
    "adam": {"betas"},
    "nadam": {"betas"},
    "adamw": {"betas"},
}
DRAW = "{draw}"  # stands in a manifest's name for the number of its draw
OF_SEVERAL = re.compile(r"(draw|fold|seed)\d+(-(fold|seed)\d+)*")  # a run's folder among its kind
BALANCE = re.compile(r"none|inverse|sqrt|effective\((0?\.\d+)\)")


@dataclass(frozen=True, slots=True)
class Data:
    """`manifest` is a split manifest; `classes` are words in the order of the network's outputs.

    `merge` turns a word into one of `classes`; `labels = "soft"` trains on the manifest's target
    probabilities; `extra_data` are further manifests whose training rows are added, which marks the
    result; `protocol` names the published protocol that the manifest follows, and `{draw}` in
    `manifest` stands for the number of its draw; `size` in pixels; `crop = "box"` takes off the
    context that a face was stored with; `store` is the folder of the faces where the manifest's
    card does not lead to it.
    """

    classes: tuple[str, ...] = setting()
    manifest: str = setting("")
    merge: Mapping[str, str] = setting(dict)
    protocol: str = setting("")
    labels: str = setting("hard", known=("hard", "soft"))
    extra_data: tuple[str, ...] = setting(())
    size: int = setting(48, low=8)
    channels: int = setting(1, low=1, high=3)
    crop: str = setting("context", known=("context", "box"))
    store: str = setting("")


@dataclass(frozen=True, slots=True)
class Model:
    """`name` is a file of `fertools/models` or `./my_net.py:build`; `options` are its keywords.

    `init_weights` is a safetensors file of the same network to start from, which marks the result.
    """

    name: str = setting()
    init_weights: str = setting("")
    options: Mapping[str, Any] = setting(dict)


@dataclass(frozen=True, slots=True)
class Optimiser:
    """`momentum` is for sgd and rmsprop, `nesterov` for sgd, `betas` for the Adam family.

    `sam` is the radius within which each step looks for the highest loss before it goes down from
    there (0: none); a step then costs two.
    """

    name: str = setting(known=OPTIMISERS)
    lr: float = setting(low=1e-12)
    weight_decay: float = setting(0.0, low=0)
    momentum: float | None = setting(None, low=0, high=0.9999)
    nesterov: bool | None = setting(None)
    betas: tuple[float, float] | None = setting(None, low=0, high=0.99999)
    sam: float = setting(0.0, low=0, high=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """How the learning rate runs, from `optimiser.lr` as its highest value.

    `warmup` epochs rise linearly to it (constant, cosine; one-cycle rises as a cosine); cosine and
    one-cycle end at `final` times it; plateau multiplies by `factor` after `patience` epochs
    without a better validation loss.
    """

    name: str = setting("constant", known=SCHEDULES)
    warmup: float = setting(0.0, low=0)
    final: float = setting(0.0, low=0, high=1)
    factor: float = setting(0.1, low=1e-6, high=0.999)
    patience: int = setting(3, low=1)


@dataclass(frozen=True, slots=True)
class Train:
    """How a network is trained and which of its epochs is kept.

    `select` chooses the epoch on the validation rows ("last" keeps the last one), with
    `select_rows = "twin-free"` on those that have no copy, twin or neighbouring frame in training
    or test; `stop_after` ends a run after so many epochs without a better one (0: never; with
    "last" none is better, and it says nothing).
    `balance` weighs classes in the loss (none, inverse, sqrt, effective(BETA)); `ema` is the decay
    of averaged weights per step (0: none); `clip` bounds the gradient's norm (0: free);
    `tta = "flip"` averages with the mirror image when scoring. One run is made for each of `seeds`.

    `robust` (q) bends the loss so that rows far from their label pull less: 0 is cross-entropy, 1
    the distance of the probabilities. `teacher` is the folder of a run of ours on the same
    manifest, whose probabilities at `temperature` make up the share `teacher_weight` of the loss;
    it marks the result. `compile` runs the network through torch.compile, `graphs` replays its
    steps as CUDA graphs on a single GPU and says nothing elsewhere.
    """

    epochs: int = setting(low=1)
    batch: int = setting(low=1)
    seeds: tuple[int, ...] = setting((0,), low=0, high=2**63 - 1)
    select: str = setting("accuracy", known=("accuracy", "macro-f1", "nll", "last"))
    select_rows: str = setting("twin-free", known=("twin-free", "all"))
    stop_after: int = setting(0, low=0)
    label_smoothing: float = setting(0.0, low=0, high=0.99)
    balance: str = setting("none")
    ema: float = setting(0.0, low=0, high=0.99999)
    clip: float = setting(0.0, low=0)
    precision: str = setting("fp32", known=("fp32", "bf16", "fp16"))
    channels_last: bool = setting(False)
    compile: bool = setting(False)
    graphs: bool = setting(False)
    robust: float = setting(0.0, low=0, high=1)
    teacher: str = setting("")
    temperature: float = setting(4.0, low=0.1, high=100)
    teacher_weight: float = setting(0.7, low=0, high=1)
    tta: str = setting("none", known=("none", "flip"))


@dataclass(frozen=True, slots=True)
class Augment:
    """What is drawn anew for every training image; 0 leaves a step out. Borders are replicated.

    `rotation` degrees, U(-r, r); `shift` share of the height and width, U(-s, s) each; `shear`
    degrees, U(-s, s); `zoom` share, an output pixel looks U(1-z, 1+z) times as far from the centre,
    with one draw for both axes or, `zoom_axes = "separate"`, two; `flip` probability of a mirror
    image; `noise` lowest and highest standard deviation in gray levels of 255, drawn per image;
    `stretch` spreads each image to the full range after the noise; `erase` probability of a
    rectangle of the image's mean, `erase_area` its lowest and highest share of the image; `mixup`
    alpha of Beta(alpha, alpha), the share of another image and of its label; `cutmix` alpha of the
    share that a rectangle of another image takes, and its label with it (with both, each batch
    draws one); `crop` side in pixels of a random window that is trained on, unscaled, while whole
    faces are scored (0: none; for networks that take any size).
    """

    rotation: float = setting(0.0, low=0, high=180)
    shift: float = setting(0.0, low=0, high=1)
    shear: float = setting(0.0, low=0, high=60)
    zoom: float = setting(0.0, low=0, high=0.9)
    zoom_axes: str = setting("joint", known=("joint", "separate"))
    flip: float = setting(0.0, low=0, high=1)
    noise: tuple[float, float] = setting((0.0, 0.0), low=0, high=255)
    stretch: bool = setting(False)
    erase: float = setting(0.0, low=0, high=1)
    erase_area: tuple[float, float] = setting((0.02, 0.2), low=0, high=1)
    mixup: float = setting(0.0, low=0, high=10)
    cutmix: float = setting(0.0, low=0, high=10)
    crop: int = setting(0, low=0)


@dataclass(frozen=True, slots=True)
class Expected:
    """What the recipe is held against, in percent: the `published` score and the one `measured`.

    `metric` and `split` say of what; `hardware` and `minutes` what the measurement took.
    """

    metric: str = setting("accuracy", known=("accuracy", "macro-f1"))
    split: str = setting("test", known=("train", "val", "test"))
    published: float | None = setting(None, low=0, high=100)
    measured: float | None = setting(None, low=0, high=100)
    hardware: str = setting("")
    minutes: float | None = setting(None, low=0)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One training run, or one per seed; each field is a section of the TOML file."""

    data: Data
    model: Model
    optimiser: Optimiser
    train: Train
    schedule: Schedule
    augment: Augment
    expected: Expected


def load(path: Path | str, overrides: Iterable[str] = ()) -> Recipe:
    """The recipe of a TOML file, after overrides of the form `section.key=value`.

    An override's value is read as TOML (`0.1`, `true`, `[0, 1]`) and otherwise taken as text.
    Raises `FerError` for a file that is missing or no TOML, and for anything not declared here.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        raw = override(tomllib.loads(text), overrides)
    except FileNotFoundError as error:
        raise FerError(f"{path}: there is no such recipe; give the path of a TOML file") from error
    except (OSError, *UNPARSED) as error:
        raise FerError(f"{path}: this is no TOML file: {error}") from error
    return parse(raw, str(path))


def parse(raw: Mapping[str, Any], file: str = "recipe") -> Recipe:
    """The recipe of a parsed table, such as `table` gives; `file` names it in errors."""
    recipe = strict.read(Recipe, raw, file)
    for complaint in _contradictions(recipe):
        raise FerError(f"{file}: {complaint}")
    return recipe


def of_any_run(recipe: Recipe) -> Recipe:
    """The recipe without what differs between the runs of one system: the manifest, the seed, and
    which run of its kind was the teacher.
    """
    teacher = Path(recipe.train.teacher)
    if OF_SEVERAL.fullmatch(teacher.name):
        teacher = teacher.parent
    spec = replace(recipe.train, seeds=(0,), teacher=teacher.name)
    return replace(recipe, data=replace(recipe.data, manifest=""), train=spec)


def table(recipe: Recipe) -> dict[str, Any]:
    """The recipe with all defaults written out, fit for JSON; `parse` gives it back."""
    return strict.table(recipe)


def override(raw: Mapping[str, Any], overrides: Iterable[str]) -> dict[str, Any]:
    """A copy of `raw` with each `a.b=value` set; raises `FerError` where the form is another."""
    changed = _copy(raw)
    for item in overrides:
        path, equals, text = item.partition("=")
        keys = path.strip().split(".")
        if not equals or not all(keys):
            raise FerError(f"--set {item}: write it as section.key=value")
        inner = changed
        for key in keys[:-1]:
            inner = inner.setdefault(key, {})
            if not isinstance(inner, dict):
                raise FerError(f"--set {item}: {key} is a value and holds no further keys")
        inner[keys[-1]] = _toml_value(text.strip())
    return changed


def _copy(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {k: _copy(v) if isinstance(v, Mapping) else v for k, v in raw.items()}


def _toml_value(text: str) -> Any:
    try:
        parsed = tomllib.loads(f"value = {text}")
    except UNPARSED:
        return text
    return parsed["value"] if parsed.keys() == {"value"} else text


def _contradictions(recipe: Recipe) -> Iterable[str]:
    """What no single key shows, each as the rest of a sentence."""
    data, optimiser, train = recipe.data, recipe.optimiser, recipe.train
    if len(data.classes) < 2 or len(set(data.classes)) < len(data.classes):
        yield "data.classes needs at least two words, each once"
    if data.channels == 2:
        yield "data.channels = 2 is no image; give 1 (gray) or 3 (color)"
    for word, target in data.merge.items():
        if target not in data.classes or word in data.classes:
            yield f"data.merge turns {word} into {target}; only the second may stand in classes"
    for name in ("momentum", "nesterov", "betas"):
        if getattr(optimiser, name) is not None and name not in TAKES.get(optimiser.name, ()):
            yield f"optimiser.{name} is nothing that {optimiser.name} takes; remove it"
    if optimiser.nesterov and not optimiser.momentum:
        yield "optimiser.nesterov needs optimiser.momentum above 0"
    if recipe.schedule.warmup >= train.epochs:
        yield "schedule.warmup is as long as train.epochs; make it shorter"
    if recipe.schedule.warmup and recipe.schedule.name == "plateau":
        yield "schedule.warmup is nothing that plateau takes; remove it"
    if not BALANCE.fullmatch(train.balance):
        yield f"train.balance = {train.balance!r}: known are none, inverse, sqrt, effective(0.999)"
    if not train.seeds or len(set(train.seeds)) < len(train.seeds):
        yield "train.seeds needs at least one number, each once"
    if train.compile and train.graphs:
        yield "train.compile and train.graphs are two ways to the same; give one"
    if optimiser.sam and train.precision == "fp16":
        yield "optimiser.sam climbs along gradients that fp16 scales; give bf16 or fp32"
    if recipe.augment.crop >= data.size:
        yield f"augment.crop leaves no window to draw; give less than data.size = {data.size}"
    for name in ("noise", "erase_area"):
        low, high = getattr(recipe.augment, name)
        if low > high:
            yield f"augment.{name} runs from {low} down to {high}; give the lower number first"
