"""The quality check on planted faults: each kind is found by its flag, and sound faces by none."""

import numpy as np
import pytest

from fertools.checks.quality import FLAGS, Options, find, measure
from fertools.fakes._face import draw, person
from fertools.image import fit
from tests.made import made


@pytest.fixture(scope="module")
def sound():
    """Faces of forty people, in every expression."""
    words = ("happiness", "fear", "anger", "neutral")
    return np.stack([draw(person(i), words[i % 4], seed=i) for i in range(40)])


def soft(faces, sigma):
    """Gaussian blur by two passes of a kernel, edges repeated."""
    reach = int(4 * sigma)
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma) ** 2)
    weight /= weight.sum()
    out = faces.astype(float)
    for axis in (1, 2):
        pad = [(0, 0)] * 3
        pad[axis] = (reach, reach)
        wide = np.pad(out, pad, mode="edge")
        out = sum(
            w * np.take(wide, range(i, i + out.shape[axis]), axis) for i, w in enumerate(weight)
        )
    return np.round(out).astype(np.uint8)


def scaled(faces, gain, shift=0.0):
    return np.clip(faces * gain + shift, 0, 255).astype(np.uint8)


PLANTED = {
    "constant": lambda faces: np.full_like(faces, 77),
    "blurred": lambda faces: soft(faces, 2.0),
    "underexposed": lambda faces: scaled(faces, 0.15),
    "overexposed": lambda faces: scaled(faces, 3.0, 120),
    "low_contrast": lambda faces: scaled(faces, 0.08, 120),
    "low_detail": lambda faces: 100 * (faces // 128),
}


@pytest.mark.parametrize("flag", FLAGS)
def test_planted_faults_are_found_and_sound_faces_are_not(tmp_path, sound, flag):
    faces = np.concatenate([sound, PLANTED[flag](sound)])
    found = find(*made(tmp_path, faces), Options())
    rows = {row for row, name in zip(found.rows.tolist(), found.flags, strict=True) if name == flag}
    assert rows == set(range(len(sound), 2 * len(sound)))
    assert found.rows.min() >= len(sound)  # no flag at all on a sound face


def test_measures_are_what_they_say():
    edge = np.zeros((1, 48, 48), np.uint8)
    edge[:, :, 24:] = 200
    sharpness, brightness, contrast, detail, black, white = measure(edge)[0]
    assert brightness == pytest.approx(100 / 255)
    assert contrast == pytest.approx(100 / 255)
    assert sharpness == pytest.approx((2 / 46) / (1 / 47))  # a step of one pixel
    assert detail == pytest.approx(2 / 46)
    assert (black, white) == (0.5, 0)


def test_limits_count_from_where_they_say(tmp_path):
    """Of 48 columns 30 (62.5 %) are dark or light, at 8 levels from the end and at 9."""
    faces = np.full((5, 48, 48), 120, np.uint8)
    for face, level in zip(faces, (8, 9, 247, 246), strict=False):
        face[:, :30] = level
    found = find(*made(tmp_path, faces), Options())
    flags = [[], [], [], [], []]
    for row, flag in zip(found.rows.tolist(), found.flags, strict=True):
        flags[row].append(flag)
    assert "underexposed" in flags[0] and "overexposed" in flags[2]
    assert not {"underexposed", "overexposed"} & {*flags[1], *flags[3]}
    assert flags[4] == ["constant"]  # and nothing else is said of it
    steps = np.full((2, 48, 48), 100, np.uint8)
    steps[0, 24:], steps[1, 24:] = 104, 105  # more than 4 levels differ
    assert measure(steps)[:, 3] == pytest.approx([0, 2 / 46])


def test_sharpness_asks_neither_contrast_nor_background(sound):
    wide = np.pad(sound, ((0, 0), (8, 8), (8, 8)), mode="edge")
    plain, faint = measure(wide)[:, 0], measure(scaled(wide, 0.6, 40))[:, 0]
    assert np.abs(faint / plain - 1).max() < 0.1
    assert (measure(soft(sound, 1.0))[:, 0] < 0.6 * measure(sound)[:, 0]).all()


def test_columns_are_null_without_a_face_and_limits_can_be_moved(tmp_path, sound):
    status = ["ok"] * 40
    status[3] = "no_face"
    place = {"shard": ["faces-x-0.npy"] * 40, "row": list(range(40)), "store": ["x-1"] * 40}
    for column in place.values():
        column[3] = None
    manifest, faces = made(tmp_path, sound, status=status, **place)
    found = find(manifest, faces, Options())
    for column in found.columns.values():
        assert [i for i, value in enumerate(column.to_pylist()) if value is None] == [3]
    strict = find(manifest, faces, Options(blurred=9.0))
    assert strict.facts["flagged"]["blurred"] == 39
    assert 3 not in strict.rows
    free = find(manifest, faces, Options(0, 0, 0, 1, 1, 0))
    assert not len(free.rows)


def test_larger_faces_in_colour_are_measured_small(tmp_path, sound):
    large = np.stack([np.repeat(fit(face, 96)[:, :, None], 3, axis=2) for face in sound[:8]])
    found = find(*made(tmp_path, large), Options())
    wanted = measure(np.stack([fit(face[:, :, 0], 48) for face in large]))
    got = found.columns["quality_sharpness"].to_numpy()
    assert got == pytest.approx(wanted[:, 0], rel=1e-5)


def test_a_manifest_without_faces_has_no_quality(tmp_path, sound):
    manifest, faces = made(tmp_path, sound[:2])
    empty = manifest.replace(manifest.table.slice(0, 0))
    found = find(empty, faces, Options())
    assert len(found.rows) == 0
    assert set(found.facts["flagged"].values()) == {0}
