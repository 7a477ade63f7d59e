"""The options `--box`, `--valence` and `--arousal` of the user's own data: numbers of a row.

In go the names of columns and a row's cells; out come a box of the face, or a number from -1 to 1.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from fertools.errors import FerError, unknown
from fertools.frame import Box

KINDS = ("corners", "size")
Row = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class BoxColumns:
    """Four columns with a face's box: left, top, right, bottom; or left, top, width, height."""

    names: tuple[str, ...]
    kind: str

    def read(self, row: Row) -> Box | None:
        """The box x0 y0 x1 y1 of a row, None where a cell is empty.

        Raises `ValueError`, which says what is no number.
        """
        cells = [row.get(name) for name in self.names]
        if None in cells or not cells:
            return None
        x0, y0, x1, y1 = map(_number, self.names, cells)
        return (x0, y0, x0 + x1, y0 + y1) if self.kind == "size" else (x0, y0, x1, y1)


def box_columns(columns: str | None, kind: str) -> BoxColumns:
    """The columns of a box, none where none are named. Raises `FerError` for other than four."""
    if kind not in KINDS:
        raise unknown("box kind", kind, list(KINDS))
    names = tuple(name.strip() for name in columns.split(",")) if columns else ()
    if len(names) not in (0, 4) or not all(names):
        raise FerError(
            f"box {columns!r}: name four columns, left,top,right,bottom, or with --box-kind size "
            "left,top,width,height"
        )
    return BoxColumns(names, kind)


def share(row: Row, column: str | None, where: str) -> float | None:
    """Valence or arousal of a row, None where its cell is empty.

    Raises `FerError` for a cell that is no number from -1 to 1; `where` names the row.
    """
    cell = row.get(column) if column else None
    if cell is None:
        return None
    try:
        value = _number(column or "", cell)
    except ValueError as error:
        raise FerError(f"{where}: {error}; leave the cell empty where nobody said it") from error
    if abs(value) > 1:
        raise FerError(f"{where}: {column} = {cell!r}; scale this column to -1 .. 1")
    return value


def _number(column: str, cell: str | None) -> float:
    try:
        value = float(cell or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{column} = {cell!r} is no number")
    return value
