"""What a flag leads to: the policy of a curation, a strict TOML file.

In goes the file and a table with flags; out comes a reason for every row that goes. The policy says
which flags drop a row, which of several copies stays, and which published parts are spared.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from fertools import resources, strict
from fertools.columns import encode, flagged, words
from fertools.errors import UNPARSED, FerError, unknown
from fertools.measures.leakage import PARTS
from fertools.strict import setting
from fertools.versions import BY_VERDICT

DEFAULT = "curate_default"
WAYS = ("all", "but_one")
# Which column says whose copy a row is.
COPIES = {"exact_copy": "face_hash", "near_copy": "twin_group"}

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Policy:
    """`drop` maps a flag to `all` or `but_one`; rows of the official parts `spare` never go.

    `options` holds the options of the checks, by check; `file` is what errors name.
    """

    spare: tuple[str, ...] = setting((), known=PARTS)
    drop: Mapping[str, str] = setting(dict)
    options: Mapping[str, Any] = setting(dict)
    file: str = setting("policy")


def read_policy(path: str | Path | None = None) -> Policy:
    """The policy of a TOML file, by default the one that ships with the package.

    Raises `FerError` for a file that is missing or no TOML, and for keys and words it cannot hold.
    """
    file = Path(path) if path else resources.resource("recipes", DEFAULT, ".toml")
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError as error:
        raise FerError(f"{file}: there is no such policy; give the path of a TOML file") from error
    except (OSError, *UNPARSED) as error:
        raise FerError(f"{file}: this is no TOML file: {error}") from error
    if "file" in raw:
        raise unknown(f"{file.name}: key", "file", ["drop", "options", "spare"])
    policy = strict.read(Policy, raw, file.name)
    for flag, way in policy.drop.items():
        if way not in WAYS:
            raise unknown(f"{file.name}: drop.{flag}", str(way), list(WAYS))
        if way == "but_one" and flag not in COPIES:
            known = ", ".join(sorted(COPIES))
            raise FerError(f"{file.name}: drop.{flag} = 'but_one' is for {known}; give 'all'")
    for name, options in policy.options.items():
        if not isinstance(options, dict):
            raise FerError(f"{file.name}: options.{name} = {options!r} is wrong; give a table")
    return replace(policy, file=file.name)


def dropped(table: pa.Table, policy: Policy) -> tuple[pa.ChunkedArray, dict[str, int]]:
    """The column `drop` for a table with `flags`, and how many rows of each reason were spared.

    Flags are followed in the policy's order, and the first that applies is the reason. Of copies
    of which one is to stay, a spared row stays and lets all others go; else the first that no
    earlier flag has dropped does, of those with a label of their own where there are such. A face
    that reviewers dropped goes before all that, spared or not.
    """
    judged = _judged(table)
    spared = pc.is_in(table["official_split"], pa.array(policy.spare, pa.string()))
    safe = spared.to_numpy(zero_copy_only=False) & ~judged
    reason = np.where(judged, len(policy.drop), -1)
    kept: dict[str, int] = {}
    for number, (flag, way) in enumerate(policy.drop.items()):
        marked = flagged(table, flag)
        free = (reason < 0) & ~safe
        if way == "all":
            reason[marked & free] = number
            kept[flag] = int((marked & safe).sum())
        else:
            reason[_superfluous(table, flag, marked, free, safe)] = number
    column = pa.chunked_array([words(reason, [*policy.drop, BY_VERDICT])])
    return column, {flag: count for flag, count in kept.items() if count}


def _judged(table: pa.Table) -> Mask:
    """Faces that reviewers would not use."""
    if "verdict" not in table.column_names:
        return np.zeros(table.num_rows, np.bool_)
    said = pc.and_(pc.equal(table["verdict"], "drop"), pc.equal(table["status"], "ok"))
    return np.asarray(said.fill_null(False).to_numpy())


def _superfluous(table: pa.Table, flag: str, marked: Mask, free: Mask, safe: Mask) -> Mask:
    """Rows in sets of copies that are not the one to stay; only rows that are `free` to go.

    The sets are those with a flagged row.
    """
    if COPIES[flag] not in table.column_names:
        return np.zeros(table.num_rows, np.bool_)
    codes, names = encode(table[COPIES[flag]])
    copied, defended = np.zeros((2, len(names) + 1), np.bool_)  # one more, for rows without a code
    copied[codes[marked]] = True
    copied[-1] = False
    defended[codes[safe]] = True
    goes = copied[codes] & free
    rows = np.flatnonzero(goes & ~defended[codes])
    unlabelled = table["native_label"].is_null().to_numpy()[rows]
    rows = rows[np.argsort(unlabelled, kind="stable")]
    _, first = np.unique(codes[rows], return_index=True)
    goes[rows[first]] = False
    return np.asarray(goes)
