"""Decoding, orientation, cropping, alignment and names of images."""

import hashlib
import io
import pickle
import struct

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Pillow
from PIL import ImageOps

from fertools import image
from fertools.errors import FerError
from fertools.image.align import TEMPLATE, similarity
from tests.conftest import REAL

PHOTO = REAL / "photos/2008_001322.jpg"


def scene(height: int = 90, width: int = 120, seed: int = 0) -> image.Pixels:
    """A smooth colour scene without symmetry, so that every turn of it differs."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    return cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)


def saved(pixels: np.ndarray, kind: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    Pillow.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def reason(data: bytes, **options: int) -> str:
    with pytest.raises(image.ImageFault) as fault:
        image.decode(data, **options)
    return fault.value.reason


# orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_orientation_agrees_with_pillow(orientation: int, order: str) -> None:
    exif = Pillow.Exif()
    exif.endian = order
    exif[0x0112] = orientation
    data = saved(scene(), exif=exif)
    decoded = image.decode(data)
    expected = ImageOps.exif_transpose(Pillow.open(io.BytesIO(data)))
    np.testing.assert_array_equal(decoded.pixels, np.asarray(expected))
    assert (decoded.width, decoded.height, decoded.orientation) == (120, 90, orientation)
    assert decoded.pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("gray", [False, True])
def test_the_orientation_of_a_tiff_agrees_with_pillow(orientation: int, gray: bool) -> None:
    pixels = image.to_gray(scene()) if gray else scene()
    data = saved(pixels, "TIFF", tiffinfo={0x0112: orientation})
    decoded = image.decode(data, gray=gray)
    expected = ImageOps.exif_transpose(Pillow.open(io.BytesIO(data)))
    np.testing.assert_array_equal(decoded.pixels, np.asarray(expected))
    assert (decoded.width, decoded.height, decoded.orientation) == (120, 90, orientation)
    assert decoded.pixels.flags.c_contiguous


def test_of_two_exif_blocks_the_first_counts() -> None:
    blocks = []
    for orientation in (6, 3):
        exif = Pillow.Exif()
        exif[0x0112] = orientation
        data = saved(scene(), exif=exif)
        start = data.index(b"\xff\xe1")
        end = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        blocks.append(data[start:end])
    both = data[:start] + b"".join(blocks) + data[end:]
    expected = ImageOps.exif_transpose(Pillow.open(io.BytesIO(both)))
    assert image.decode(both).orientation == 6
    np.testing.assert_array_equal(image.decode(both).pixels, np.asarray(expected))


@pytest.mark.parametrize("value", [0, 9, 300])
def test_an_orientation_that_does_not_exist_leaves_the_picture_alone(value: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = value
    assert image.decode(saved(scene(), exif=exif)).orientation == 1


def test_a_broken_exif_block_leaves_the_picture_alone() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    data = saved(scene(), exif=exif)
    broken = data.replace(b"Exif\0\0MM\0*", b"Exif\0\0MM\0+").replace(b"II*\0", b"II+\0")
    assert broken != data
    assert image.decode(broken).orientation == 1


# decoding


@pytest.mark.parametrize("reduce", [1, 2, 4, 8])
@pytest.mark.parametrize("gray", [False, True])
def test_reduced_scale_is_the_picture_made_smaller(reduce: int, gray: bool) -> None:
    pixels = scene(203, 301)
    decoded = image.decode(saved(pixels, quality=95), gray=gray, reduce=reduce)
    shape = (-(-203 // reduce), -(-301 // reduce))
    assert decoded.pixels.shape[:2] == shape
    assert (decoded.width, decoded.height, decoded.reduce) == (301, 203, reduce)
    rows, columns = (side * reduce for side in shape)
    whole = np.pad(pixels, ((0, rows - 203), (0, columns - 301), (0, 0)), mode="edge")
    wanted = cv2.resize(whole, shape[::-1], interpolation=cv2.INTER_AREA)
    wanted = image.to_gray(wanted) if gray else wanted
    assert np.abs(decoded.pixels.astype(int) - wanted).mean() < 3


def test_reduced_scale_is_for_jpeg_only() -> None:
    decoded = image.decode(saved(scene(), "PNG"), reduce=4)
    assert (decoded.pixels.shape, decoded.reduce) == ((90, 120, 3), 1)
    with pytest.raises(FerError, match="known are 1, 2, 4 and 8"):
        image.decode(saved(scene()), reduce=3)


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("gray", [False, True])
def test_lossless_formats_come_back_exactly(kind: str, gray: bool) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    data = saved(scene(), kind, **options)
    expected = image.to_gray(scene()) if gray else scene()
    np.testing.assert_array_equal(image.decode(data, gray=gray).pixels, expected)
    assert image.shape_of(data) == (90, 120, 3)


def test_a_webp_with_loss_and_one_with_alpha_tell_their_size() -> None:
    assert image.shape_of(saved(scene(), "WEBP")) == (90, 120, 3)
    alpha = np.dstack([scene(), scene()[..., 0]])
    assert image.shape_of(saved(alpha, "WEBP")) == (90, 120, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_gray_files_say_one_channel(kind: str) -> None:
    assert image.shape_of(saved(image.to_gray(scene()), kind)) == (90, 120, 1)


def test_sixteen_bits_lose_the_lower_eight() -> None:
    deep = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    pixels = image.decode(saved(deep, "PNG"), gray=True).pixels
    np.testing.assert_array_equal(pixels, (deep >> 8).astype(np.uint8))


def test_alpha_is_dropped_and_the_colours_stand() -> None:
    alpha = np.dstack([scene(), np.full((90, 120), 10, np.uint8)])
    np.testing.assert_array_equal(image.decode(saved(alpha, "PNG")).pixels, scene())


@pytest.mark.parametrize("core", [False, True])
def test_a_bmp_from_the_top_and_one_of_os2(core: bool) -> None:
    pixels = scene(5, 4)  # rows of 12 bytes need no padding
    rows = pixels[::-1] if core else pixels
    size = struct.pack("<IHHHH", 12, 4, 5, 1, 24)
    if not core:  # a negative height: rows from the top
        size = struct.pack("<IiiHHIIiiII", 40, 4, -5, 1, 24, 0, 60, 0, 0, 0, 0)
    start = 14 + len(size)
    head = b"BM" + struct.pack("<IHHI", start + 60, 0, 0, start)
    data = head + size + rows[..., ::-1].tobytes()
    assert image.shape_of(data) == (5, 4, 3)
    np.testing.assert_array_equal(image.decode(data).pixels, pixels)


def test_a_palette_of_a_tiff_is_in_colour() -> None:
    palette = Pillow.fromarray(scene()).quantize(16)
    out = io.BytesIO()
    palette.save(out, "TIFF")
    assert image.shape_of(out.getvalue()) == (90, 120, 3)
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(image.decode(out.getvalue()).pixels, expected)


def test_a_palette_is_looked_up() -> None:
    palette = Pillow.fromarray(scene()).quantize(16)
    out = io.BytesIO()
    palette.save(out, "PNG")
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(image.decode(out.getvalue()).pixels, expected)


@pytest.mark.parametrize("kind", ["png", "jpeg"])
@pytest.mark.parametrize("gray", [False, True])
def test_what_is_encoded_is_decoded(kind: str, gray: bool) -> None:
    pixels = image.to_gray(scene()) if gray else scene()
    back = image.decode(image.encode(pixels, kind), gray=gray).pixels
    assert np.abs(back.astype(int) - pixels).max() <= (0 if kind == "png" else 24)
    with pytest.raises(FerError, match="known are jpeg, png"):
        image.encode(pixels, "bmp")


@pytest.mark.parametrize("quality", [20, 85, 95])
def test_the_quality_of_a_jpeg_is_the_one_that_is_asked_for(quality: int) -> None:
    ours = Pillow.open(io.BytesIO(image.encode(scene(), "jpeg", quality=quality)))
    theirs = Pillow.open(io.BytesIO(saved(scene(), quality=quality)))
    assert ours.quantization == theirs.quantization


# faults


def test_faults_have_reasons() -> None:
    assert reason(b"") == "empty"
    assert reason(b"<!DOCTYPE html><html><body>Log in first</body></html>") == "not_an_image"
    for data, kind in ((b"GIF89a", "GIF"), (b"\0\0\0\x1cftypavif", "AVIF")):
        with pytest.raises(
            image.ImageFault, match=f"not_an_image: a {kind} file; convert it to JPEG"
        ):
            image.decode(data + bytes(100))
    assert reason(b"BM" + struct.pack("<IHHIIiiHH", 0, 0, 0, 54, 40, 8, 8, 1, 99)) == "undecodable"
    assert reason(b"BM" + struct.pack("<IHHIIiiHH", 0, 0, 0, 54, 40, 0, 8, 1, 24)) == "undecodable"
    assert reason(saved(scene()), max_pixels=90 * 120 - 1) == "too_large"
    assert image.decode(saved(scene()), max_pixels=90 * 120).width == 120


def test_a_fault_travels_between_processes() -> None:
    fault = pickle.loads(pickle.dumps(image.ImageFault("truncated", "half of it")))
    assert (fault.reason, fault.detail) == ("truncated", "half of it")


def test_a_huge_picture_is_refused_by_its_header() -> None:
    data = bytearray(saved(scene(), "PNG"))
    data[16:24] = struct.pack(">II", 100_000, 100_000)
    assert reason(bytes(data)) == "too_large"
    jpeg = bytearray(saved(scene()))
    frame = jpeg.index(b"\xff\xc0") + 5
    jpeg[frame : frame + 4] = struct.pack(">HH", 65_000, 65_000)
    assert reason(bytes(jpeg)) == "too_large"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.7, 0.99])
def test_a_cut_file_is_truncated(kind: str, share: float) -> None:
    data = saved(scene(300, 400), kind)
    assert reason(data[: max(int(len(data) * share), 13)]) == "truncated"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_one_byte_less_is_truncated(kind: str) -> None:
    assert reason(saved(scene(), kind)[:-1]) == "truncated"


def test_a_jpeg_whose_tail_is_zero_is_truncated() -> None:
    data = saved(scene(300, 400))
    half = len(data) // 2
    assert reason(data[:half] + bytes(len(data) - half)) == "truncated"


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.95])
@pytest.mark.parametrize("gray", [False, True])
def test_an_end_marker_in_the_middle_is_truncated(share: float, gray: bool) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (80, 80, 3), dtype=np.uint8)
    data = saved(noise)
    scan = image.read_header(data).scan
    cut = scan + int((len(data) - scan) * share)
    assert reason(data[:cut] + b"\xff\xd9", gray=gray) == "truncated"


@pytest.mark.parametrize(
    ("side", "reduce", "flag"),
    [(81, 1, cv2.IMREAD_COLOR), (96, 4, cv2.IMREAD_REDUCED_COLOR_4)],
    ids=["a block of one pixel", "at a quarter"],
)
def test_the_last_block_alone_is_missed(side: int, reduce: int, flag: int) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (side, side, 3), dtype=np.uint8)
    data = saved(noise)
    lost = 0
    for cut in range(len(data) - 700, len(data) - 2):
        ended = data[:cut] + b"\xff\xd9"
        if (cv2.imdecode(np.frombuffer(ended, np.uint8), flag)[-1, -1] == 128).all():
            assert reason(ended, reduce=reduce) == "truncated"
            lost += 1
    assert lost  # libjpeg has left it gray


@pytest.mark.parametrize("gray", [False, True])
def test_a_mid_gray_corner_is_no_truncation(gray: bool) -> None:
    for pixels in (np.full((40, 40, 3), 128, np.uint8), scene(40, 40)):
        pixels[30:, 20:] = 128
        decoded = image.decode(saved(pixels, quality=100, subsampling=0), gray=gray)
        assert (decoded.pixels[-1, -1] == 128).all()


def test_a_png_chunk_longer_than_the_file_is_truncated() -> None:
    data = bytearray(saved(scene(), "PNG"))
    place = data.index(b"IDAT") - 4
    data[place] = 0xEA  # some 4 GB, which the decoder would reserve
    assert reason(bytes(data)) == "truncated"


def test_the_thumbnail_of_a_cut_jpeg_does_not_end_it() -> None:
    data = saved(scene())
    thumb = b"Exif\0\0II*\0" + bytes(8) + saved(scene(8, 8))
    segment = b"\xff\xe1" + struct.pack(">H", len(thumb) + 2) + thumb
    with_thumb = data[:2] + segment + data[2:]
    assert image.shape_of(with_thumb) == (90, 120, 3)
    np.testing.assert_array_equal(image.decode(with_thumb).pixels, image.decode(data).pixels)
    assert reason(with_thumb[:-200]) == "truncated"


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["JPEG", "PNG", "BMP", "WEBP", "TIFF"]),
    st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), max_size=8),
    st.floats(0, 1),
)
def test_strange_bytes_give_pixels_or_a_fault(
    kind: str, edits: list[tuple[float, int]], share: float
) -> None:
    data = bytearray(saved(scene(20, 30), kind))
    for place, value in edits:
        data[int(place * len(data))] = value
    try:
        decoded = image.decode(bytes(data[: int(share * len(data))]), max_pixels=1_000_000)
    except image.ImageFault:
        return
    assert decoded.pixels.dtype == np.uint8 and decoded.pixels.ndim == 3


# gray and names


def test_gray_is_the_stated_formula() -> None:
    rgb = np.random.default_rng(2).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    red, green, blue = (rgb[..., i].astype(np.int64) for i in range(3))
    expected = (9798 * red + 19235 * green + 3735 * blue + 16384) >> 15
    np.testing.assert_array_equal(image.to_gray(rgb), expected)
    levels = np.arange(256, dtype=np.uint8)[None]
    np.testing.assert_array_equal(image.to_gray(image.from_gray(levels)), levels)
    assert image.to_gray(levels) is levels and image.from_gray(rgb) is rgb


def test_gray_and_its_colour_copy_have_one_digest() -> None:
    gray = image.to_gray(scene(48, 48))
    assert image.digest(gray) == image.digest(image.from_gray(gray))
    files = (saved(gray, quality=95), saved(image.from_gray(gray), quality=95))
    first, second = (image.digest(image.decode(data).pixels) for data in files)
    assert first == second == image.digest(image.decode(files[1], gray=True).pixels)


def test_digest_is_the_documented_one() -> None:
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    whole = hashlib.sha256(b"2x4x3\0" + pixels.tobytes()).hexdigest()
    assert image.digest(pixels) == whole[:32]
    assert image.digest(pixels[:, ::-1]) == image.digest(pixels[:, ::-1].copy()) != whole[:32]
    assert image.digest(pixels[..., 0]) != image.digest(pixels[..., 0].T)
    for odd in range(3):  # one channel that differs makes a colour image
        colour = np.full((2, 4, 3), 9, np.uint8)
        colour[..., odd] = 8
        whole = hashlib.sha256(b"2x4x3\0" + colour.tobytes()).hexdigest()
        assert image.digest(colour) == whole[:32]
    assert image.file_digest(b"abc") == "ba7816bf8f01cfea414140de5dae2223"


# crops


def test_squash_is_the_published_recipe_pixel_for_pixel() -> None:
    picture = scene(200, 300)
    for box in ((20.9, 30.2, 140.7, 190.99), (0.0, 0.0, 300.0, 200.0), (-9.5, 50, 80, 260)):
        x0, y0, x1, y1 = (int(v) for v in np.clip(box, 0, [300, 200, 300, 200]))
        expected = cv2.resize(picture[y0:y1, x0:x1], (224, 224), interpolation=cv2.INTER_CUBIC)
        got = image.crop(picture, box, size=224, aspect="squash", interpolation="cubic")
        np.testing.assert_array_equal(got, expected)


def test_expand_takes_the_picture_around_the_box() -> None:
    picture = scene(200, 300)
    got = image.crop(picture, (100, 60, 140, 120), size=60)
    np.testing.assert_array_equal(got, picture[60:120, 90:150])


def test_halves_of_pixels_are_rounded_up() -> None:
    assert image.region((100, 60, 141, 120), 200, 300) == (91, 60, 151, 120)  # from 90.5
    assert image.region((100, 60, 160, 101), 200, 300) == (100, 51, 160, 111)


@pytest.mark.parametrize("aspect", ["expand", "pad"])
def test_a_strip_that_would_be_a_huge_square_is_refused(aspect: str) -> None:
    strip = np.zeros((16, 16_400), np.uint8)  # 16,400 x 16,400 are 269 million pixels
    with pytest.raises(image.ImageFault, match="too_large: made square it has 16400 x 16400"):
        image.crop(strip, (0, 0, 16_400, 16), size=64, aspect=aspect)


def test_expand_replicates_where_the_picture_ends() -> None:
    picture = scene(200, 300)
    got = image.crop(picture, (0, 0, 40, 60), size=60)
    np.testing.assert_array_equal(got[:, 10:], picture[:60, :50])
    for column in range(10):
        np.testing.assert_array_equal(got[:, column], picture[:60, 0])


def test_pad_sees_nothing_outside_the_box() -> None:
    picture = scene(200, 300)
    changed = np.full_like(picture, 7)
    changed[60:120, 100:140] = picture[60:120, 100:140]
    got = image.crop(picture, (100, 60, 140, 120), size=60, aspect="pad")
    np.testing.assert_array_equal(
        got, image.crop(changed, (100, 60, 140, 120), size=60, aspect="pad")
    )
    np.testing.assert_array_equal(got[:, 10:50], picture[60:120, 100:140])
    np.testing.assert_array_equal(got[:, 0], picture[60:120, 100])


def test_margin_is_a_share_of_the_box_on_each_side() -> None:
    assert image.region((100, 60, 140, 100), 200, 300, margin=0.3) == (88, 48, 152, 112)
    assert image.region((100, 60, 140, 80), 200, 300, margin=0.5, aspect="pad") == (80, 50, 160, 90)
    assert image.region((0, 0, 40, 20), 200, 300, margin=0.5, aspect="squash") == (0, 0, 60, 30)


@given(
    st.tuples(*[st.floats(-50, 150)] * 4),
    st.floats(0, 1),
    st.sampled_from(["expand", "pad", "squash"]),
)
@settings(max_examples=200, deadline=None)
def test_a_region_covers_its_box_or_is_refused(
    box: tuple[float, float, float, float], margin: float, aspect: str
) -> None:
    try:
        x0, y0, x1, y1 = image.region(box, 70, 100, margin=margin, aspect=aspect)
    except image.ImageFault as fault:
        assert fault.reason == "bad_box"
        return
    left, top, right, bottom = np.clip(box, 0, [100, 70, 100, 70])
    assert x0 <= left + 1 and y0 <= top + 1 and x1 >= right - 1 and y1 >= bottom - 1
    if aspect == "expand":
        assert x1 - x0 == y1 - y0
    else:
        assert 0 <= x0 < x1 <= 100 and 0 <= y0 < y1 <= 70
    face = image.crop(scene(70, 100), box, size=16, margin=margin, aspect=aspect)
    assert face.shape == (16, 16, 3)


@pytest.mark.parametrize(
    "box", [(10, 10, 10, 20), (30, 10, 20, 20), (400, 0, 500, 90), (float("nan"), 0, 9, 9)]
)
def test_a_box_without_pixels_is_a_fault(box: tuple[float, ...]) -> None:
    with pytest.raises(image.ImageFault, match="bad_box"):
        image.crop(scene(), box, size=8)


def test_unknown_ways_are_named() -> None:
    with pytest.raises(FerError, match="'cut': known are expand, pad, squash"):
        image.crop(scene(), (0, 0, 9, 9), size=8, aspect="cut")
    with pytest.raises(FerError, match="'lanczos': known are area, cubic"):
        image.crop(scene(), (0, 0, 9, 9), size=8, interpolation="lanczos")


def test_area_shrinks_and_cubic_enlarges() -> None:
    face = scene(64, 64)
    area = cv2.resize(face, (32, 32), interpolation=cv2.INTER_AREA)
    cubic = cv2.resize(face, (96, 96), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(image.fit(face, 32), area)
    np.testing.assert_array_equal(image.fit(face, 96), cubic)
    wide = scene(30, 100)  # one side grows, so it is enlarged
    cubic = cv2.resize(wide, (64, 64), interpolation=cv2.INTER_CUBIC)
    np.testing.assert_array_equal(image.fit(wide, 64, aspect="squash"), cubic)


def test_fit_leaves_a_face_of_the_right_size_untouched() -> None:
    face = scene(48, 48)
    assert image.fit(face, 48) is face
    wide = image.fit(image.to_gray(scene(30, 60)), 60)
    np.testing.assert_array_equal(wide[15:45], image.to_gray(scene(30, 60)))
    np.testing.assert_array_equal(wide[0], wide[15])


def test_a_crop_does_not_keep_its_photograph_alive() -> None:
    picture = scene(200, 300)
    face = image.crop(picture, (10, 10, 42, 42), size=32)
    assert not np.shares_memory(face, picture)


# alignment

EYES_NOSE_MOUTH = np.array([[-15.0, -12], [15, -12], [0, 6], [-12, 22], [12, 22]])


def drawn_face(angle: float, scale: float) -> tuple[image.Pixels, np.ndarray]:
    """A face of five dots in an upright picture of 480 x 640, and where the dots are."""
    turn = np.deg2rad(angle)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    points = (EYES_NOSE_MOUTH * scale) @ rotation.T + (330, 240)
    picture = np.zeros((480, 640), np.uint8)
    for x, y in points - 0.5:  # drawing counts from the middle of a pixel
        place = (round(x * 16), round(y * 16))
        cv2.circle(picture, place, round(2.5 * scale * 16), 255, -1, cv2.LINE_AA, 4)
    return picture, points


def dots(face: image.Pixels) -> np.ndarray:
    """The middles of the bright spots, by row, then by column for spots on one level."""
    _, _, stats, middles = cv2.connectedComponentsWithStats((face > 127).astype(np.uint8))
    middles = middles[1:][stats[1:, cv2.CC_STAT_AREA] > 4] + 0.5
    return middles[np.lexsort((middles[:, 0], np.round(middles[:, 1] / 8)))]


@pytest.mark.parametrize("angle", [0, 17, -35, 60])
@pytest.mark.parametrize("scale", [0.8, 2.0, 5.5])
def test_alignment_levels_the_eyes_within_a_pixel(angle: float, scale: float) -> None:
    picture, points = drawn_face(angle, scale)
    found = dots(image.align(picture, points, size=112))
    assert len(found) == 5
    left, right = found[0], found[1]
    assert abs(left[1] - right[1]) < 1
    template = np.array([[38.4, 51.6], [73.6, 51.6]])
    assert np.abs(found[:2] - template).max() < 6  # the drawing has other proportions
    assert found[3:, 1].min() > found[2, 1] > left[1]


def test_whose_left_does_not_matter_and_unknown_points_are_left_out() -> None:
    picture, points = drawn_face(20, 2)
    face = image.align(picture, points, size=96, margin=0.2)
    swapped = image.align(picture, points[[1, 0, 2, 4, 3]], size=96, margin=0.2)
    np.testing.assert_array_equal(face, swapped)
    partial = points.copy()
    partial[2] = np.nan
    assert abs(np.subtract(*dots(image.align(picture, partial, size=96))[:2, 1])) < 1


def test_margin_of_an_alignment_is_a_share_of_the_template() -> None:
    # 100 pixels and 20 on each side become 112: scale 0.8, shift 16
    matrix = similarity(TEMPLATE * 100, 112, margin=0.2)
    np.testing.assert_allclose(matrix, [[0.8, 0, 16], [0, 0.8, 16]], atol=1e-9)


def test_alignment_is_exact_to_a_part_of_a_pixel() -> None:
    # pixel i, whose middle is i + 0.5, has 5 i; the face takes 48 of the 51 columns from 1.5 on
    ramp = np.tile(np.arange(51, dtype=np.uint8) * 5, (51, 1))
    for size, step in ((24, 2.0), (96, 0.5)):
        face = image.align(ramp, TEMPLATE * 48 + 1.5, size=size).astype(float)
        expected = 5 * (1.5 + (np.arange(size) + 0.5) * step - 0.5)
        inner = slice(size // 8, -size // 8)
        assert np.abs(face - expected)[inner, inner].max() < 1.6


def test_alignment_shrinks_without_a_pattern() -> None:
    checks = (np.indices((225, 225)).sum(axis=0) % 2 * 255).astype(np.uint8)
    face = image.align(checks, TEMPLATE * 200 + 10, size=40)
    assert np.abs(face.astype(int) - 127)[2:-2, 2:-2].max() < 30  # single pixels would be 0 or 255


def test_sixty_eight_points_mean_the_same_face() -> None:
    picture, points = drawn_face(10, 3)
    many = np.full((68, 2), np.nan)
    ring = np.array([[np.cos(a), np.sin(a)] for a in np.linspace(0, 2 * np.pi, 7)[:6]]) * 4
    many[36:42], many[42:48] = points[0] + ring, points[1] + ring
    many[30], many[48], many[54] = points[2], points[3], points[4]
    first, second = (image.align(picture, p, size=96) for p in (points, many))
    assert np.abs(first.astype(int) - second).max() <= 2


def test_landmarks_that_make_no_face_are_refused() -> None:
    picture, points = drawn_face(0, 1)
    points[0] = np.nan
    with pytest.raises(image.ImageFault, match="bad_landmarks"):
        image.align(picture, points, size=96)
    points[0] = points[1]
    with pytest.raises(image.ImageFault, match="bad_landmarks"):
        image.align(picture, points, size=96)
    with pytest.raises(ValueError, match="not \\(5, 2\\)"):
        image.align(picture, points[:3], size=96)


@pytest.mark.parametrize("angle", [120, 180, -150])
def test_a_face_that_is_upside_down_is_refused(angle: float) -> None:
    picture, points = drawn_face(angle, 1)
    with pytest.raises(image.ImageFault, match="bad_landmarks: they form no upright face"):
        image.align(picture, points, size=96)
    points[2:] = np.nan  # of the eyes alone nobody can tell
    assert image.align(picture, points, size=96).shape == (96, 96)


# a real photograph


@pytest.mark.skipif(not PHOTO.is_file(), reason="the photographs are not here")
def test_a_photograph_is_the_one_that_cv2_reads() -> None:
    data = PHOTO.read_bytes()
    decoded = image.decode(data)
    np.testing.assert_array_equal(decoded.pixels[..., ::-1], cv2.imread(str(PHOTO)))
    assert image.shape_of(data[:4096]) == decoded.pixels.shape
    for share in (0.2, 0.5, 0.9):
        assert reason(data[: int(len(data) * share)]) == "truncated"
        assert reason(data[: int(len(data) * share)] + b"\xff\xd9") == "truncated"
