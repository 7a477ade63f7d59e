"""Fuzz targets for files in our own formats that a stranger may have made or mended.

Each check takes one input and fails where it ends in anything but a sound reading or a `FerError`.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import strategies as st

from fertools import recipe
from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.labels import mapping, read_words
from fertools.manifest import conform, read_manifest
from fertools.manifest.schema import TYPES
from fertools.probs import read_probs, write_probs
from fertools.shards import HEADER, npy_header, open_shard
from fertools.split import SplitOptions, split
from fertools.stats import stats
from tests.faults.raw_targets import json_values, sandbox
from tests.made import made, smooth

ROWS = 6
ENTRY = {"rows": 3, "shape": [4, 4]}


def check_recipe(data: bytes) -> None:
    """A recipe is read as written, and its table gives it back."""
    with sandbox() as box, suppress(FerError):
        (box / "r.toml").write_bytes(data)
        found = recipe.load(box / "r.toml")
        assert recipe.parse(recipe.table(found)) == found


def check_override(text: str) -> None:
    """`--set` with any text."""
    with suppress(FerError):
        recipe.parse(recipe.override(_recipe(), [text]))


def check_mapping(data: bytes) -> None:
    """A label map turns words into words."""
    with sandbox() as box:
        (box / "map.toml").write_bytes(data)
        with suppress(FerError):
            assert isinstance(mapping(str(box / "map.toml"))("fear"), str | None)
        with suppress(FerError):
            words = read_words(box / "map.toml")
            assert all(isinstance(word, str) for pair in words.items() for word in pair)


def check_manifest(data: bytes) -> None:
    """The bytes of a manifest."""
    with sandbox() as box:
        (box / "m.parquet").write_bytes(data)
        _use(box / "m.parquet")


def check_columns(columns: dict[str, list[Any]]) -> None:
    """A manifest with any values in any columns."""
    with sandbox() as box:
        base = {
            "id": [f"x/{i}" for i in range(ROWS)],
            "source": ["x"] * ROWS,
            "path": [f"{i}.png" for i in range(ROWS)],
            "status": ["ok"] * ROWS,
        }
        try:
            table = pa.table({**base, **columns})
            pq.write_table(table, box / "m.parquet")
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError,
                UnicodeEncodeError):  # fmt: skip
            return  # no column of one type
        _use(box / "m.parquet")


def _use(file: Path) -> None:
    """What commands do with a manifest first."""
    with suppress(FerError):
        manifest = read_manifest(file)
        again = conform(manifest.table)
        assert again.schema == manifest.table.schema and again.num_rows == len(manifest)
        with suppress(FerError):
            faces = open_faces(manifest)
            for place in range(len(faces)):
                with suppress(FerError):
                    faces[place]
        with suppress(FerError):
            stats(file, permutations=1)
        for options in (SplitOptions(ratios=(2, 1, 1)), SplitOptions(official=True)):
            with suppress(FerError):
                out = file.with_name("split.parquet")
                split([file], out, options, force=True)
                assert len(read_manifest(out)) == len(manifest)


def check_card(data: bytes) -> None:
    """The bytes of a card beside a sound manifest."""
    _with_card(lambda folder: (folder / "card.json").write_bytes(data))


def check_card_values(changes: dict[str, Any]) -> None:
    """A card with any JSON values in the places that are read."""

    def write(folder: Path) -> None:
        card = json.loads((folder / "card.json").read_text())
        store = card["stores"]["x-1"]
        shard = store["shards"]["faces-x-0.npy"]
        for name, value in changes.items():
            kept = shard if name in shard else store if name in store else card
            kept[name] = value
        (folder / "card.json").write_text(json.dumps(card))

    _with_card(write)


def _with_card(write: Callable[[Path], Any]) -> None:
    with sandbox() as box:
        folder = box / "data"
        made(folder, smooth(2, seed=0, size=8))
        write(folder)
        with suppress(FerError):
            manifest = read_manifest(folder)
            for options in ({}, {"size": 6, "channels": 3}, {"crop": "box"}):
                with suppress(FerError):
                    faces = open_faces(manifest, **options)
                    assert faces[1].dtype == np.uint8 and len(faces[[1, 0]]) == 2
                with suppress(FerError):
                    open_faces(manifest, folder)
            stats(folder, permutations=1)


def check_shard(data: bytes) -> None:
    """The bytes of a shard: exactly the one that the card describes, or refused."""
    with sandbox() as box, suppress(FerError):
        (box / "faces-x-0.npy").write_bytes(data)
        found = open_shard(box / "faces-x-0.npy", ENTRY)
        assert found.shape == (3, 4, 4) and len(data) == HEADER + 48
        assert data[:HEADER] == npy_header((3, 4, 4))


def check_probs(data: bytes) -> None:
    """The bytes of a probability file."""
    with sandbox() as box:
        (box / "p.parquet").write_bytes(data)
        _probs(box / "p.parquet")


def check_prob_columns(columns: dict[str, list[Any]]) -> None:
    """A probability file with any values."""
    with sandbox() as box:
        try:
            table = pa.table({"id": [f"x/{i}" for i in range(ROWS)], **columns})
            pq.write_table(table, box / "p.parquet")
        except (pa.ArrowInvalid, pa.ArrowTypeError, pa.ArrowNotImplementedError, OverflowError,
                UnicodeEncodeError):  # fmt: skip
            return
        _probs(box / "p.parquet")


def _probs(file: Path) -> None:
    with suppress(FerError):
        probs = read_probs(file)
        assert probs.values.shape == (len(probs.ids), len(probs.classes))
        assert np.isfinite(probs.values).all()
        assert (probs.at(list(probs.ids)) == np.arange(len(probs.ids))).all()
        write_probs(file.with_name("again.parquet"), probs)
        assert (read_probs(file.with_name("again.parquet")).values == probs.values).all()


def _recipe() -> dict[str, Any]:
    import tomllib

    return tomllib.loads(seeds_recipe()[0].decode())


@cache
def seeds_recipe() -> tuple[bytes, ...]:
    text = """
# a recipe
[data]
manifest = "m.parquet"
classes = ["anger", "fear", "happiness"]
merge = { contempt = "anger" }
size = 48

[model]
name = "mini_xception"
options = { width = 8 }

[optimiser]
name = "adam"
lr = 1e-3
betas = [0.9, 0.999]

[train]
epochs = 3
batch = 64
seeds = [0, 1]
balance = "effective(0.999)"

[augment]
rotation = 10.0
noise = [0.0, 2.5]
"""
    return (text.encode(),)


@cache
def seeds_mapping() -> tuple[bytes, ...]:
    return (
        'only = ["fear"]\nnote = "x"\n[words]\n"당황" = "surprise"\nhurt = ""\n'.encode(),
        b'"3" = "happiness"\n',
    )


@cache
def seeds_manifest() -> tuple[bytes, ...]:
    sink = pa.BufferOutputStream()
    table = pa.table(
        {
            "id": ["x/1", "x/2"], "source": ["x"] * 2, "path": ["1", "2"], "status": ["ok", "gone"],
            "subject": ["x:1", None], "label": ["fear", None], "split": ["train", None],
            "votes": [{"fear": 3}, None], "landmarks": [[1.0, 2.0], None],
        }
    )  # fmt: skip
    pq.write_table(table.replace_schema_metadata({"fertools": "{}"}), sink, compression="none")
    return (sink.getvalue().to_pybytes(),)


@cache
def seeds_card() -> tuple[bytes, ...]:
    shard = {"rows": 2, "shape": [8, 8], "sha256": "0" * 64}
    store = {"path": ".", "margin": 0.0, "shards": {"faces-x-0.npy": shard}}
    return (json.dumps({"stores": {"x-1": store}, "rows": 2, "notes": []}, indent=1).encode(),)


@cache
def seeds_shard() -> tuple[bytes, ...]:
    return (npy_header((3, 4, 4)) + bytes(range(48)),)


@cache
def seeds_probs() -> tuple[bytes, ...]:
    sink = pa.BufferOutputStream()
    table = pa.table({"id": ["a", "b"], "p_fear": [0.25, 1.0], "p_anger": [0.75, 0.0]})
    pq.write_table(table, sink, compression="none")
    return (sink.getvalue().to_pybytes(),)


cells = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**63), 2**63 - 1), st.integers(-1, 3), st.floats(),
    st.text(max_size=6), st.sampled_from(["train", "val", "test", "fear", "x:1", "..", "\n"]),
    st.binary(max_size=4), st.lists(st.floats(width=32), max_size=3), st.datetimes(),
    st.dictionaries(st.sampled_from(["fear", "anger", "odd"]), st.integers(-5, 40000), max_size=3),
)  # fmt: skip


def _columns(names: list[str]) -> st.SearchStrategy[dict[str, list[Any]]]:
    """Columns of `ROWS` cells; those of a column are of one kind, so that most have a type."""
    kinds = st.sampled_from(range(len(cells.original_strategies)))  # type: ignore[attr-defined]
    one = kinds.flatmap(
        lambda kind: st.lists(
            st.none() | cells.original_strategies[kind],  # type: ignore[attr-defined]
            min_size=ROWS,
            max_size=ROWS,
        )
    )
    return st.dictionaries(st.sampled_from(names), one, max_size=4)


manifest_columns = _columns([*TYPES, "twin", "quality_blur", "p_fear"])
prob_columns = _columns(["id", "p_fear", "p_anger", "p_", "more"])
card_changes = st.dictionaries(
    st.sampled_from(["stores", "shards", "path", "margin", "rows", "shape", "sha256", "notes"]),
    json_values | st.sampled_from([".", "..", "../data", "/etc", "a/../..", [8, 8], [8, 8, 3], 2]),
    max_size=3,
)
overrides = st.builds(
    "{}={}".format,
    st.sampled_from(["train.epochs", "data.classes", "train.seeds", "model.options.x", "a", "a.",
                     "data.merge.fear", "augment.noise", "optimiser.betas", "data"]),
    st.text(max_size=12) | st.sampled_from(["nan", "inf", "[1, 2]", "{a=1}", "1e999", '"\\ud800"']),
)  # fmt: skip
