"""What a check hands over: flags on rows, columns, tables and facts.

A check is a module of `checks/` with a frozen `Options` dataclass and
`find(manifest, faces, options) -> Finding`. It looks and says; `curate` writes, and the policy
decides what a flag means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check found in a manifest of n rows.

    `rows` (m,) are positions in the manifest, `flags` the word found for each (a row may stand
    there more than once). `columns` are new columns of n values (measures, groups), `tables` what
    is worth keeping beside the manifest (pairs, suspects), `facts` thresholds, counts and costs for
    the card, `notes` sentences for the user.
    """

    rows: npt.NDArray[np.int64]
    flags: Sequence[str]
    columns: Mapping[str, pa.Array] = field(default_factory=dict)
    tables: Mapping[str, pa.Table] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: Sequence[str] = ()
