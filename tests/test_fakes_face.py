"""The drawn faces: shapes, and who and what can be told apart in them."""

from itertools import combinations

import numpy as np
import pytest

from fertools.errors import FerError
from fertools.fakes._face import EXPRESSIONS, draw, person, photograph

PEOPLE = 8


def ncc(one, other):
    a, b = (x.astype(float).ravel() - x.mean() for x in (one, other))
    return float(a @ b / np.sqrt((a @ a) * (b @ b)))


@pytest.fixture(scope="module")
def faces():
    return {(i, e): draw(person(i), e) for i in range(PEOPLE) for e in EXPRESSIONS}


def test_sizes_and_types(faces):
    assert all(f.shape == (48, 48) and f.dtype == np.uint8 for f in faces.values())
    colour = draw(person(1), "fear", size=100, gray=False)
    assert colour.shape == (100, 100, 3) and colour.dtype == np.uint8
    assert colour[50, 50, 0] > colour[50, 50, 2] + 10  # RGB: skin is redder than blue


def test_the_words_are_those_of_the_project():
    assert set(EXPRESSIONS) == {
        *("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise"),
        *("embarrassment", "anxiety", "hurt"),
    }
    with pytest.raises(FerError, match=r"joy.*known are anger"):
        draw(person(0), "joy")


def test_same_arguments_same_pixels_and_no_two_pictures_alike(faces):
    assert (draw(person(3), "fear") == faces[3, "fear"]).all()
    others = [draw(person(3), "fear", seed=s, frame=f) for s in (0, 1) for f in (0, 1, 2)]
    pictures = [*faces.values(), *others[:2], *others[3:]]
    assert len({p.tobytes() for p in pictures}) == len(pictures)


def test_people_differ(faces):
    across = [ncc(faces[i, e], faces[j, e]) for e in EXPRESSIONS
              for i, j in combinations(range(PEOPLE), 2)]  # fmt: skip
    assert np.mean(np.array(across) >= 0.95) < 0.01
    assert np.median(across) < 0.8


def test_frames_of_a_sequence_are_near_copies():
    for i, word in [(0, "happiness"), (3, "happiness"), (5, "surprise"), (6, "anger")]:
        frames = [draw(person(i), word, frame=f) for f in range(3)]
        assert all(ncc(a, b) > 0.97 for a, b in combinations(frames, 2))


def test_expressions_can_be_told_apart():
    """With pose and light held still, an expression moves edges; the noise moves none."""
    peaks = {e: [_still(3, e, frame) for frame in (0, 1)] for e in EXPRESSIONS}
    assert max(_moved(*pair) for pair in peaks.values()) == 0
    for one, other in combinations(EXPRESSIONS, 2):
        assert _moved(peaks[one][0], peaks[other][0]) > 0.01, (one, other)


def test_strength_grows_from_neutral():
    weak, half, full = (draw(person(2), "surprise", strength=s) for s in (0.0, 0.5, 1.0))
    assert _distance(weak, half) < _distance(weak, full)


def test_photographs_tell_where_the_faces_are():
    image, boxes, points = photograph([person(1), person(2)], size=(240, 320), seed=5)
    assert image.shape == (240, 320, 3) and boxes.shape == (2, 4) and points.shape == (2, 5, 2)
    for (x0, y0, x1, y1), five in zip(boxes, points, strict=True):
        assert 0 <= x0 < x1 <= 320 and 0 <= y0 < y1 <= 240
        assert ((five > [x0, y0]) & (five < [x1, y1])).all()
        left, right, nose, *mouth = five
        assert left[0] < nose[0] < right[0] and left[1] < nose[1] < mouth[0][1]
    assert boxes[0, 2] < boxes[1, 0]


def test_photographs_of_a_sequence_share_pose_and_background():
    frames = [
        photograph([person(4)], size=(160, 160), expressions=["fear"], strength=s, frame=k)[0]
        for k, s in enumerate((0.0, 1.0))
    ]
    assert _distance(frames[0][:20], frames[1][:20]) < 3
    assert (frames[0] != frames[1]).any()


def _still(who, word, frame):
    """A picture at the same place for every word: photographs seed their pose by the person."""
    image, _, _ = photograph(
        [person(who)], size=(96, 96), expressions=[word], head=0.4, frame=frame
    )
    return image


def _distance(one, other):
    return float(np.abs(one.astype(float) - other).mean())


def _moved(one, other):
    """Share of pixels that changed by more than 20 levels."""
    return float((np.abs(one.astype(int) - other) > 20).mean())
