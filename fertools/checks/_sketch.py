"""Sketches of faces: short vectors whose products bound the correlation of two faces from above.

In go uint8 faces `(n, H, W)` with sides of at most 64; out come, per face, two exact integers and
three float32 vectors. `NCC` is the zero-mean normalised cross-correlation: with N pixels and the
unit vector a = (x - mean x) / |x - mean x|, the NCC of two faces is <a, b>.

**The bounds.** Let c and d be the coefficients of a and b in the orthonormal 2-D DCT-II (Ahmed,
Natarajan and Rao, "Discrete cosine transform", 1974). The transform is orthogonal and the constant
coefficient of a is 0, so <a, b> is the sum of c d over all others. Mirroring a face left to right
multiplies the coefficients of odd horizontal frequency by -1 and changes nothing else. With e the
sum of c d over the even ones and o over the odd ones, the upright NCC is e + o, the mirrored one
e - o, the better of the two e + |o|. For any set B of coefficients the sum of c d over B is, in
size, at most |c_B| |d_B| (Cauchy-Schwarz). So

- `even` and `odd` hold the lowest frequencies K, and `even` at its end the norm r of all others:
  e_K + r r' + o_K bounds the upright NCC and e_K + r r' - o_K the mirrored one;
- `blind`, blind to the sign of o, holds the lowest even coefficients, the absolute values of the
  lowest odd ones, and the norms of bands that share out all the rest: one product of two such
  vectors bounds both orientations at once, so one narrow GEMM serves for both.

**Rounding.** With u = 2^-53, a coefficient comes out in float64 within
(H + W + 60) u |x| / |x - mean x| <= 5e-10: 60 u for the cosines, |x| <= 255 * 64, and a face that
is not constant has |x - mean x| >= 0.7. That is 7e-9 over the vector and 2e-8 in r squared; r is
computed from r squared + `SLACK`, so it is never too small. Storing as float32 moves a vector of
norm 1 by at most 2^-24, and a product of two of them, summed in any order over fewer than 200
terms, by at most 200 * 2^-24 (Higham, "Accuracy and Stability of Numerical Algorithms", 2002,
section 3.1). All of it together is below `MARGIN`: a pair whose computed bound is below
t - `MARGIN` has an NCC below t.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

KEPT = 160  # coefficients in `even` and `odd` together
# `blind` keeps the coefficients below the first edge, then the norms of the bands between edges. 40
# columns: on FER2013 1 pair in 1,000 passes at 0.90; 30 let 3 pass, 60 half a one.
EVEN_EDGES = (25,)
ODD_EDGES = (10, 12, 16)
SLACK = 1e-7
MARGIN = 2e-5
LARGEST = 64
BLOCK = 512  # faces that are projected at a time: 9 MB in float64 at 48 x 48

Floats = NDArray[np.float32]
Doubles = NDArray[np.float64]
Integers = NDArray[np.int64]


class Faces(Protocol):
    """Faces by row: an array, a memory map, or an object that reads them from shards.

    `faces[rows]`, for a slice or for ascending row numbers, gives uint8 `(len(rows), H, W)`;
    several threads may ask at once.
    """

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice | Integers, /) -> NDArray[np.uint8]: ...


@dataclass(frozen=True, slots=True)
class Sketches:
    """What is kept of n faces; a constant face has `spread` 0 and zeros in every vector."""

    total: Integers  # (n,) S = sum of the pixels
    spread: Integers  # (n,) N * sum of the squared pixels - S * S
    blind: Floats  # (room, width)
    even: Floats  # (n, even frequencies kept + 1)
    odd: Floats  # (n, odd frequencies kept)
    pixels: int  # N


@dataclass(frozen=True, slots=True)
class _Basis:
    """The `KEPT` lowest frequencies but the constant one, lowest first."""

    vertical: Integers  # (kept,)
    horizontal: Integers  # (kept,)
    rows: Doubles  # (vertical frequencies, H)
    columns: Doubles  # (horizontal frequencies, W)
    even: NDArray[np.bool_]  # (kept,) the horizontal frequency is


def sketch(faces: Faces, places: Integers, room: int) -> Sketches:
    """Sketch every face; face i stands at `places[i]`, and zeros fill `blind` up to `room` rows.

    Raises `ValueError` for faces that are not uint8 `(n, H, W)` with sides of 1 to 64 pixels.
    """
    count = len(faces)
    height, width = _sides(faces)
    basis = _basis(height, width)
    even, odd, blind = _vectors(np.zeros((1, len(basis.vertical))), np.zeros(1), basis)
    out = Sketches(
        np.zeros(count, np.int64),
        np.zeros(count, np.int64),
        np.zeros((room, blind.shape[1]), np.float32),
        np.zeros((count, even.shape[1]), np.float32),
        np.zeros((count, odd.shape[1]), np.float32),
        height * width,
    )
    for start in range(0, count, BLOCK):
        at = places[start : start + BLOCK]
        block = np.asarray(faces[start : start + BLOCK]).astype(np.float64)
        out.total[at], out.spread[at] = _moments(block)
        levels = basis.rows @ (block @ basis.columns.T)
        norm = np.sqrt(out.spread[at] / out.pixels)
        scale = np.divide(1, norm, out=np.zeros_like(norm), where=norm > 0)
        unit = levels[:, basis.vertical, basis.horizontal] * scale[:, None]
        rest = np.sqrt(np.maximum(0, 1 - (unit**2).sum(1)) + SLACK) * (norm > 0)
        out.even[at], out.odd[at], out.blind[at] = _vectors(unit, rest, basis)
    return out


def _vectors(unit: Doubles, rest: Doubles, basis: _Basis) -> tuple[Doubles, Doubles, Doubles]:
    """`even`, `odd` and `blind` of faces, from the kept coefficients and the norm of the others."""
    even, odd = unit[:, basis.even], unit[:, ~basis.even]
    blind = [_banded(even, EVEN_EDGES), _banded(abs(odd), ODD_EDGES), rest]
    return np.column_stack([even, rest]), odd, np.column_stack(blind)


def _banded(unit: Doubles, edges: tuple[int, ...]) -> Doubles:
    """The columns below the first edge, then a norm for each band between edges and to the end."""
    bands = [unit[:, a:b] for a, b in zip(edges, (*edges[1:], None), strict=True)]
    norms = [np.sqrt((band**2).sum(1)) for band in bands]
    return np.column_stack([unit[:, : edges[0]], *norms])


def _sides(faces: Faces) -> tuple[int, int]:
    sample = np.asarray(faces[0:1])
    if sample.dtype != np.uint8 or sample.ndim != 3:
        raise ValueError(f"faces are uint8 (n, H, W), not {sample.dtype} in {sample.ndim} axes")
    height, width = sample.shape[1:]
    if not (1 <= height <= LARGEST and 1 <= width <= LARGEST):
        raise ValueError(f"faces have sides of 1 to {LARGEST} pixels, not {height} x {width}")
    return height, width


def _basis(height: int, width: int) -> _Basis:
    vertical, horizontal = (a.ravel() for a in np.mgrid[:height, :width])
    radius = (vertical * width) ** 2 + (horizontal * height) ** 2
    lowest = np.lexsort((horizontal, vertical, radius))[1 : KEPT + 1]
    vertical, horizontal = vertical[lowest], horizontal[lowest]
    rows = _cosines(height, int(vertical.max(initial=0)) + 1)
    columns = _cosines(width, int(horizontal.max(initial=0)) + 1)
    return _Basis(vertical, horizontal, rows, columns, horizontal % 2 == 0)


def _cosines(size: int, count: int) -> Doubles:
    """The first `count` rows of the orthonormal DCT-II of `size` points."""
    turns = np.arange(count)[:, None] * (2 * np.arange(size) + 1) % (4 * size)  # keeps cos accurate
    rows = np.cos(np.pi * turns / (2 * size))
    scale = np.full((count, 1), np.sqrt(2 / size))
    scale[0] = np.sqrt(1 / size)
    return np.asarray(scale * rows)


def _moments(block: Doubles) -> tuple[Integers, Integers]:
    """`total` and `spread` of float64 faces: whole numbers far below 2^53, so exact."""
    flat = block.reshape(len(block), -1)
    total = flat.sum(1)
    squares = np.einsum("ij,ij->i", flat, flat)
    return total.astype(np.int64), (flat.shape[1] * squares - total * total).astype(np.int64)
