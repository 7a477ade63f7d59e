"""Published protocols: a named way to split a data set and to score on it.

In goes a name, or the path of a TOML file; out comes a `Protocol`, and for a list its rows. A
protocol is a list (a Parquet table beside the TOML file: ids, hashes and parts, no pixels) or a
rule (options of `split`). It fixes label rule, classes, the part that checkpoints are chosen on,
metric and test-time augmentation.

A list is joined to the copy of the data set at hand by what a copy keeps: the pixels. `image_hash`
holds the first 16 hex characters of the manifest's, `jpeg_hash` those of the same picture saved by
Pillow as a JPEG of quality 95, which is what the Kaggle folders hold. Rows of one picture, label
and official part are told apart by their order, or by their number in the CSV.
"""

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from fertools import resources, strict
from fertools.errors import UNPARSED, FerError
from fertools.locations import create, put
from fertools.strict import setting

KIND = "manifests"
HASHED = 16  # hex characters: two of 35,887 pictures share them with a chance of 4e-11

LIST = pa.schema(
    [
        ("draw", pa.int16()),
        ("id", pa.string()),
        ("source_row", pa.int32()),
        ("image_hash", pa.string()),
        ("jpeg_hash", pa.string()),
        ("official_split", pa.string()),
        ("raw_label", pa.string()),
        ("native_label", pa.string()),
        ("label", pa.string()),
        ("label_status", pa.string()),
        ("split", pa.string()),
        ("fold", pa.int16()),
        ("drop", pa.string()),
    ]
)


@dataclass(frozen=True, slots=True)
class Rule:
    """Options of `split`, for a protocol without ids; see `SplitOptions`."""

    ratios: tuple[float, ...] = setting(())
    folds: int = setting(0, low=0)
    leave_one_out: bool = setting(False)
    official: bool = setting(False)
    val_from: float = setting(0.0, low=0, high=1)
    group: str = setting("subject")
    or_else: str = setting("")
    labels: str = setting("")
    stratify_on: tuple[str, ...] = setting(("label",))
    seed: int = setting(0, low=0)


@dataclass(frozen=True, slots=True)
class Protocol:
    """What a TOML file of `manifests/` says.

    `data` is the source whose data set it is for; `classes` stand in the order of a network's
    outputs; `selection` is the part that checkpoints are chosen on; `tta` the test-time
    augmentation that is allowed. `parts` holds the rows of each part (of one draw), `draws` how
    many random draws there are, `sources` digests of what a list was made from, `made` how.
    """

    title: str = setting()
    data: str = setting()
    task: str = setting()
    label_rule: str = setting()
    classes: tuple[str, ...] = setting()
    selection: str = setting(known=("val",))
    metric: str = setting(known=("accuracy", "macro-f1"))
    tta: str = setting(known=("none", "flip"))
    note: str = setting("")
    made: str = setting("")
    draws: int = setting(0, low=0)
    parts: Mapping[str, int] = setting(dict)
    sources: Mapping[str, str] = setting(dict)
    rule: Rule | None = None


def names() -> list[str]:
    """The protocols that ship with the package."""
    return resources.names(KIND, ".toml")


def file_of(name: str) -> Path:
    """The TOML file of a protocol: one that ships with the package, or a path."""
    if not name.endswith(".toml"):
        return resources.resource(KIND, name, ".toml")
    if not Path(name).is_file():
        raise FerError(f"{name}: there is no such file; give the TOML file of a protocol")
    return Path(name)


def read_protocol(name: str) -> Protocol:
    """Read a protocol. Raises `FerError` for an unknown name and a file that does not hold one."""
    file = file_of(name)
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except UNPARSED as error:
        raise FerError(f"{file}: this is not TOML: {error}") from error
    return strict.read(Protocol, table, str(file))


def read_rows(name: str, draw: int | None = None) -> pa.Table:
    """The rows of a list in the schema `LIST`, of one draw.

    Raises `FerError` for a draw that there is not, for none where there are several, and for a list
    that holds other draws than its protocol says.
    """
    draws, file = read_protocol(name).draws, file_of(name).with_suffix(".parquet")
    try:
        rows = pq.read_table(file, schema=LIST)
    except (OSError, pa.ArrowInvalid) as error:
        raise FerError(f"{file}: this is not the list of a protocol; make it again") from error
    held = rows["draw"].unique().to_pylist()
    if not draws:
        if draw is not None:
            raise FerError(f"protocol {name}: has no draws; leave --draw out")
        if len(held) > 1:
            raise FerError(f"{file}: holds {len(held)} draws; say draws = {len(held)} in its TOML")
        return rows
    if draw is None or not 0 <= draw < draws:
        raise FerError(f"protocol {name}: has {draws} draws; say --draw 0 to --draw {draws - 1}")
    if draw not in held:
        raise FerError(f"{file}: has no row of draw {draw}; make it again, or give another draw")
    return rows.filter(pc.equal(rows["draw"], draw))


def followed(every: Iterable[Mapping[str, Any]]) -> str:
    """The protocols that split manifests follow by their facts, with their draws; "" for none.

    One whose test part reviewers have changed has a name of its own.
    """
    draws: dict[str, list[str]] = {}
    for facts in every:
        if "protocol" in facts:
            found = draws.setdefault(str(facts["protocol"]["name"]), [])
            draw = facts.get("split", {}).get("draw")
            found += [str(draw)] if draw is not None and str(draw) not in found else []
    return "; ".join(
        f"{name}, draw{'s' * (len(numbers) > 1)} {', '.join(numbers)}" if numbers else name
        for name, numbers in draws.items()
    )


def digest(name: str) -> str:
    """32 hex characters of the SHA-256 of a protocol's files."""
    state = hashlib.sha256()
    for file in (file_of(name), file_of(name).with_suffix(".parquet")):
        if file.is_file():
            state.update(file.read_bytes())
    return state.hexdigest()[:32]


def write_list(file: Path, rows: pa.Table) -> None:
    """Write the rows of a list, put in place whole."""
    with create(file) as stream:
        pq.write_table(
            rows.select(LIST.names).cast(LIST), stream, compression="zstd", compression_level=12,
            dictionary_pagesize_limit=1 << 24, write_statistics=False,
        )  # fmt: skip
        put(stream, file)
