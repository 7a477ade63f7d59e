"""The near-twin search against brute force: the same pairs and the same values, bit by bit."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from pyarrow import csv

from fertools.checks import _ncc
from fertools.checks._ncc import Cost, Twins, near_twins, strongest
from fertools.checks._sketch import MARGIN, sketch
from fertools.checks._tile import COLUMNS, ROWS
from fertools.errors import FerError
from tests.conftest import REAL, needs_real

Faces = NDArray[np.uint8]
BLOCK = 1000
Row = tuple[int, int, bool, float]


def every_ncc(some: Faces, others: Faces) -> list[NDArray[np.float64]]:
    """The NCC of some faces with others, upright and mirrored, from exact sums; 0 for constants."""
    pixels = some[0].size
    x, y, turned = (
        faces.reshape(-1, pixels).astype(np.float64) for faces in (some, others, others[:, :, ::-1])
    )
    scale = np.sqrt(np.outer(*(pixels * (z**2).sum(1) - z.sum(1) ** 2 for z in (x, y))))
    scale[scale == 0] = np.inf
    total = np.outer(x.sum(1), y.sum(1))
    return [(pixels * (x @ z.T) - total) / scale for z in (y, turned)]


def brute_force(
    faces: Faces, threshold: float, touching: NDArray[np.bool_] | None = None
) -> list[Row]:
    marks = np.ones(len(faces), np.bool_) if touching is None else touching
    found: list[Row] = []
    for start in range(0, len(faces), BLOCK):
        block = slice(start, start + BLOCK)
        for mirrored, ncc in enumerate(every_ncc(faces[block], faces[start:])):
            touched = marks[block, None] | marks[start:]
            i, j = np.nonzero(np.triu(ncc >= threshold, 1) & touched)
            pairs = zip((start + i).tolist(), (start + j).tolist(), ncc[i, j].tolist(), strict=True)
            found += [(a, b, bool(mirrored), value) for a, b, value in pairs]
    return sorted(found)


def rows(twins: Twins) -> list[Row]:
    return [
        (int(i), int(j), bool(mirrored), float(ncc))
        for (i, j), mirrored, ncc in zip(twins.pairs, twins.mirrored, twins.ncc, strict=True)
    ]


def drawn(count: int, seed: int) -> Faces:
    """Faces whose energy lies in the low frequencies, as that of photographs does."""
    rng = np.random.default_rng(seed)
    coarse = np.repeat(np.repeat(rng.normal(size=(count, 9, 9)), 6, axis=1), 6, axis=2)
    smooth = coarse[:, 3:51, 3:51]
    for axis in (1, 2):
        smooth = np.mean([np.roll(smooth, k, axis) for k in range(-3, 4)], axis=0)
    rough = smooth / smooth.std() + rng.normal(scale=0.15, size=smooth.shape)
    return np.asarray(np.clip(128 + 40 * rough, 0, 255), np.uint8)


def with_twins(count: int, seed: int, near: float) -> Faces:
    """Drawn faces, and among them twins on both sides of `near`, mirrors, copies and constants."""
    rng = np.random.default_rng(seed)
    faces = drawn(count, seed)
    half = count // 2
    share = 1 / near**2 - 1  # noise of this share of the variance gives an NCC of `near`
    for i in range(0, half, 2):
        face = faces[i] - faces[i].mean()
        noise = rng.normal(size=face.shape) * face.std() * np.sqrt(share * rng.uniform(0.96, 1.04))
        twin = np.clip(128 + 0.6 * (face + noise), 0, 255).astype(np.uint8)
        faces[half + i] = twin[:, ::-1] if i % 4 else twin
    faces[1], faces[3], faces[5] = faces[half + 1], faces[half + 3, :, ::-1], 255 - faces[half + 5]
    faces[7], faces[9], faces[11] = 0, 255, faces[half + 11] // 2
    faces[13] = (faces[13].astype(np.int64) + faces[13, :, ::-1]) // 2  # its own mirror
    faces[15] = faces[13]
    return faces[rng.permutation(count)]


@pytest.mark.parametrize("threshold", [0.5, 0.86, 0.9, 0.97])
def test_drawn_faces_give_the_pairs_of_brute_force(threshold: float) -> None:
    faces = with_twins(600, 3, threshold)
    twins = near_twins(faces, threshold)
    assert rows(twins) == brute_force(faces, threshold)
    assert (twins.ncc[twins.mirrored] < threshold + 0.01).sum() > 10
    assert (twins.ncc[~twins.mirrored] < threshold + 0.01).sum() > 10
    assert len(brute_force(faces, threshold - 0.01)) > len(twins.pairs) + 10
    assert twins.constants.tolist() == np.flatnonzero(np.ptp(faces, axis=(1, 2)) == 0).tolist()
    assert len(twins.constants) == 2


def test_several_strips_and_tiles() -> None:
    faces = with_twins(ROWS + COLUMNS + 100, 5, 0.9)
    twins = near_twins(faces)
    assert rows(twins) == brute_force(faces, 0.9)
    assert twins.candidates < twins.cost.pairs / 50


def test_a_pair_at_the_threshold_is_in_and_above_it_out() -> None:
    faces = with_twins(300, 7, 0.9)
    values = near_twins(faces, 0.85).ncc
    for value in values[values < 1][::5].tolist():
        assert value in near_twins(faces, value).ncc
        assert value not in near_twins(faces, np.nextafter(value, 1)).ncc


@settings(deadline=None, max_examples=150)
@given(
    faces=st.tuples(st.integers(1, 14), st.integers(1, 7), st.integers(1, 7)).flatmap(
        lambda shape: st.sampled_from([(0, 1), (0, 255), (249, 252), (0, 3)]).flatmap(
            lambda ends: hnp.arrays(np.uint8, shape, elements=st.integers(*ends))
        )
    ),
    threshold=st.sampled_from([0.01, 0.3, 0.5, 0.8, 0.9, 0.99, 1.0]),
)
def test_small_faces_of_any_shape_and_contrast(faces: Faces, threshold: float) -> None:
    assert rows(near_twins(faces, threshold, threads=1)) == brute_force(faces, threshold)


@pytest.mark.parametrize("contrast", ["full", "faint", "two levels"])
@pytest.mark.parametrize("shape", [(48, 48), (64, 64), (40, 31)])
def test_the_bounds_hold(contrast: str, shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(11).integers(0, 256, (60, *shape), np.uint8)
    smooth = np.pad(drawn(120, 1), ((0, 0), (8, 8), (8, 8)), mode="reflect")
    faces = np.concatenate([smooth[:, : shape[0], : shape[1]], noise])
    if contrast == "faint":
        faces = 250 + faces // 64
    elif contrast == "two levels":
        faces = 255 * (faces > 200).astype(np.uint8)
    upright, mirrored = every_ncc(faces, faces)
    known = sketch(faces, np.arange(len(faces)), room=len(faces))
    even, odd = known.even @ known.even.T, known.odd @ known.odd.T
    assert (even + odd >= upright - MARGIN).all()
    assert (even - odd >= mirrored - MARGIN).all()
    assert (known.blind @ known.blind.T >= np.maximum(upright, mirrored) - MARGIN).all()


def test_threads_change_nothing() -> None:
    faces = with_twins(900, 13, 0.9)
    assert rows(near_twins(faces, threads=1)) == rows(near_twins(faces, threads=5))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9])
def test_pairs_that_touch_marked_rows(share: float) -> None:
    faces = with_twins(700, 17, 0.9)
    marks = np.random.default_rng(0).random(len(faces)) < share
    twins = near_twins(faces, touching=marks)
    assert rows(twins) == brute_force(faces, 0.9, marks)
    assert len(twins.constants) == 2
    marked = int(marks.sum())
    assert twins.cost.pairs == marked * (marked - 1) // 2 + marked * (len(faces) - marked)


@pytest.mark.parametrize("crowded", [0, 10**9])
def test_a_crowded_tile_is_multiplied(crowded: int, monkeypatch: pytest.MonkeyPatch) -> None:
    faces = with_twins(700, 19, 0.9)
    monkeypatch.setattr(_ncc, "CROWDED", crowded)
    assert rows(near_twins(faces)) == brute_force(faces, 0.9)
    marks = np.arange(len(faces)) % 3 == 0
    assert rows(near_twins(faces, touching=marks)) == brute_force(faces, 0.9, marks)


def test_faces_that_all_look_alike() -> None:
    rng = np.random.default_rng(23)
    faces = np.clip(drawn(1, 1) + rng.integers(0, 12, (500, 48, 48)), 0, 255).astype(np.uint8)
    assert rows(near_twins(faces)) == brute_force(faces, 0.9)
    with pytest.raises(FerError, match=r"more than 1,000 pairs .*; go without that search"):
        near_twins(faces, most=1000)


class Shards:
    """Faces in two arrays, which notes how it was asked."""

    def __init__(self, faces: Faces) -> None:
        self.parts = faces[:70], faces[70:]
        self.asked: list[NDArray[np.int64]] = []

    def __len__(self) -> int:
        return sum(map(len, self.parts))

    def __getitem__(self, rows: slice | NDArray[np.int64], /) -> Faces:
        numbers = np.arange(len(self))[rows]
        self.asked.append(numbers)
        first, second = numbers[numbers < 70], numbers[numbers >= 70]
        return np.concatenate([self.parts[0][first], self.parts[1][second - 70]])


def test_faces_are_read_from_shards_in_ascending_order(tmp_path: Path) -> None:
    faces = with_twins(200, 29, 0.9)
    shards = Shards(faces)
    marks = np.arange(len(faces)) % 4 == 1
    assert rows(near_twins(shards, touching=marks)) == brute_force(faces, 0.9, marks)
    assert all((np.diff(numbers) > 0).all() for numbers in shards.asked)
    np.save(tmp_path / "faces.npy", faces)
    mapped = np.load(tmp_path / "faces.npy", mmap_mode="r")
    assert rows(near_twins(mapped)) == brute_force(faces, 0.9)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_too_few_or_only_constant_faces(count: int) -> None:
    twins = near_twins(np.full((count, 48, 48), 9, np.uint8))
    assert twins.pairs.shape == (0, 2)
    assert twins.constants.tolist() == list(range(count))


def test_the_stronger_orientation_stands_for_the_pair() -> None:
    twins = near_twins(with_twins(600, 3, 0.9), 0.8)
    best: dict[tuple[int, int], tuple[float, bool]] = {}
    for i, j, mirrored, ncc in rows(twins):
        if (i, j) not in best or ncc > best[i, j][0]:
            best[i, j] = ncc, mirrored
    kept = strongest(twins)
    assert len(best) < len(kept)
    found = zip(twins.pairs[kept].tolist(), twins.ncc[kept], twins.mirrored[kept], strict=True)
    assert {(i, j): (r, m) for (i, j), r, m in found} == best


def test_the_cost_is_announced_before_the_search() -> None:
    faces = with_twins(300, 3, 0.9)
    heard: list[Cost] = []
    twins = near_twins(faces, announce=heard.append, threads=2)
    assert heard == [twins.cost]
    assert twins.cost.pairs == 300 * 299 // 2
    assert twins.cost.plain_flops == 2 * 2 * 2304 * twins.cost.pairs
    assert twins.cost.threads == 2
    assert twins.cost.rate > 0
    assert twins.cost.seconds > twins.cost.flops / twins.cost.rate


@pytest.mark.parametrize("threshold", [0.0, -1.0, 1.01, float("nan")])
def test_a_threshold_that_means_nothing_is_refused(threshold: float) -> None:
    with pytest.raises(FerError, match="threshold"):
        near_twins(drawn(3, 0), threshold)


def test_other_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="uint8"):
        near_twins(np.zeros((3, 48, 48)))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="uint8"):
        near_twins(np.zeros((3, 48, 48, 3), np.uint8))
    with pytest.raises(ValueError, match="64"):
        near_twins(np.zeros((3, 100, 100), np.uint8))
    with pytest.raises(ValueError, match="touching"):
        near_twins(drawn(3, 0), touching=np.ones(2, np.bool_))


@needs_real
def test_six_thousand_faces_of_fer2013() -> None:
    path = REAL / "fer2013" / "fer2013.csv.zst"
    table = csv.read_csv(pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    some = np.sort(np.random.default_rng(0).choice(table.num_rows, 6000, replace=False))
    text = " ".join(table["pixels"].take(some).to_pylist())
    faces = np.fromstring(text, np.int64, sep=" ").astype(np.uint8).reshape(-1, 48, 48)
    twins = near_twins(faces)
    assert rows(twins) == brute_force(faces, 0.9)
    assert len(twins.pairs) > 100
    assert twins.verified < 5e-5 * twins.cost.pairs
