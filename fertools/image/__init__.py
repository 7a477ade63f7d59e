"""Images: decode them upright, cut faces out of them, align, compare.

In go the bytes of an image file, or uint8 pixels of shape (H, W, 3) in RGB order or (H, W) gray;
out come uint8 pixels of the same kind. Boxes are `x0, y0, x1, y1` in pixels of the upright image,
where a whole image of width W reaches from 0 to W. Every fault of the data is an `ImageFault`.
"""

import hashlib
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from fertools.errors import FerError, unknown
from fertools.image.align import align
from fertools.image.cutting import crop, fit, region
from fertools.image.header import (
    END_OF_IMAGE,
    MAX_PIXELS,
    Header,
    ImageFault,
    ends_properly,
    read_header,
)

__all__ = [
    "Header",
    "Image",
    "ImageFault",
    "Pixels",
    "align",
    "crop",
    "decode",
    "digest",
    "encode",
    "file_digest",
    "fit",
    "from_gray",
    "read_header",
    "region",
    "shape_of",
    "to_gray",
]

Pixels = npt.NDArray[np.uint8]

REDUCED = {
    1: (cv2.IMREAD_COLOR_RGB, cv2.IMREAD_GRAYSCALE),
    # OpenCV's reduced colour flags contain the bit for BGR order, which excludes the one for RGB
    2: (16 | cv2.IMREAD_COLOR_RGB, cv2.IMREAD_REDUCED_GRAYSCALE_2),
    4: (32 | cv2.IMREAD_COLOR_RGB, cv2.IMREAD_REDUCED_GRAYSCALE_4),
    8: (64 | cv2.IMREAD_COLOR_RGB, cv2.IMREAD_REDUCED_GRAYSCALE_8),
}

# A broken file among half a million is a row with a reason; OpenCV would also write it to stderr.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)


@dataclass(frozen=True, slots=True)
class Image:
    """A decoded image.

    `pixels` are upright; `width` and `height` are those of the stored file in full, before the
    orientation (EXIF, 1..8) was applied; `reduce` says that a pixel stands for reduce x reduce
    pixels of the file, so a box of the full upright frame is divided by it.
    """

    pixels: Pixels
    width: int
    height: int
    orientation: int
    reduce: int


def decode(
    data: bytes, *, gray: bool = False, reduce: int = 1, max_pixels: int = MAX_PIXELS
) -> Image:
    """Decode a JPEG, PNG, BMP, WebP or TIFF file into upright 8-bit pixels.

    The pixels are (H, W, 3) in RGB order, or (H, W) where `gray` is set: of a JPEG the luma channel
    as it is stored, of any other format `to_gray` of the colours. Samples of 16 bits lose the lower
    8; alpha is dropped and the stored colours stand (a TIFF is blended onto black by its decoder).
    The orientation of a JPEG (EXIF) or a TIFF is applied, that of other formats is not looked for.
    `reduce` (1, 2, 4, 8) decodes a JPEG at a fraction of its size, rounded up; other formats have
    no such scale and come in full, which the record says.

    Raises `ImageFault` with the reasons `empty`, `not_an_image`, `too_large` (over `max_pixels`,
    judged by the header), `truncated` (no end marker, or one in the middle of the rows) and
    `undecodable`. Not noticed: damage in the middle of a JPEG that has its end, a loss of less than
    its last block, and a progressive JPEG whose later passes are missing.
    """
    if reduce not in REDUCED:
        raise FerError(f"reduce {reduce}: known are 1, 2, 4 and 8")
    header = read_header(data)
    if header.height * header.width > max_pixels:
        size = f"{header.width} x {header.height} pixels"
        raise ImageFault("too_large", f"{size}, more than {max_pixels}")
    if not ends_properly(data, header):
        raise ImageFault("truncated", f"a {header.kind} without its end in {len(data)} bytes")
    if header.kind != "jpeg":
        reduce = 1
    # the PNG, BMP and WebP decoders have a gray of their own, off by one here and there
    luma = gray and (header.kind == "jpeg" or header.channels == 1)
    flags = REDUCED[reduce][luma] | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = _decode(data, flags)
    if header.kind == "jpeg" and _ended_early(data, header, pixels, flags):
        raise ImageFault("truncated", "a JPEG whose end marker stands before its last rows")
    upright = to_gray(pixels) if gray else pixels
    if header.kind != "tiff":  # whose decoder turns it itself
        upright = _upright(upright, header.orientation)
    return Image(upright, header.width, header.height, header.orientation, reduce)


def shape_of(data: bytes) -> tuple[int, int, int]:
    """Height, width and channels (1 or 3) as stored, from the header alone; raises `ImageFault`."""
    header = read_header(data)
    return header.height, header.width, header.channels


def upright_size(seen: Image | Header) -> tuple[int, int]:
    """Width and height of the picture as one looks at it: orientations 5..8 lie on their side."""
    if seen.orientation >= 5:
        return seen.height, seen.width
    return seen.width, seen.height


def _decode(data: bytes, flags: int) -> Pixels:
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flags)
    except cv2.error as error:
        raise ImageFault("undecodable", f"OpenCV: {error.err}") from error
    if pixels is None:
        raise ImageFault("undecodable", "the header is that of an image, the rest is not")
    return pixels.astype(np.uint8, copy=False)


def _ended_early(data: bytes, header: Header, pixels: Pixels, flags: int) -> bool:
    """Whether the decoder ran out of data before the last block of a JPEG.

    libjpeg then leaves mid-gray blocks and says so on stderr only. Where the last block is mid-gray
    the rows are decoded again with more data before the end marker: a whole picture does not need
    it and stays as it is, a cut one takes it in.
    """
    # the last 8 x 8 block, as far as the picture has one of its own and at the scale decoded at
    tall, wide = (max((side - 1) % 8 + 1, 1) for side in (header.height, header.width))
    scale = max(round(header.height / pixels.shape[0]), 1)
    last = pixels[-max(tall // scale, 1) :, -max(wide // scale, 1) :]
    if (last != 128).any():
        return False
    end = data.find(END_OF_IMAGE, header.scan)
    # cut within an escaped FF, its first half would turn what follows into a marker
    more = data[:end].rstrip(b"\xff") + bytes(range(16, 128)) * 64 + END_OF_IMAGE
    return not np.array_equal(pixels, _decode(more, flags))


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    """Apply an EXIF orientation (EXIF 2.32, tag 274): 1 as stored, 2..8 flipped or turned."""
    match orientation:
        case 2:
            turned = cv2.flip(pixels, 1)
        case 3:
            turned = cv2.rotate(pixels, cv2.ROTATE_180)
        case 4:
            turned = cv2.flip(pixels, 0)
        case 5:
            turned = cv2.transpose(pixels)
        case 6:
            turned = cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE)
        case 7:
            turned = cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180)
        case 8:
            turned = cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE)
        case _:
            return pixels
    return turned.astype(np.uint8, copy=False)


def encode(pixels: Pixels, kind: str, *, quality: int = 95) -> bytes:
    """RGB or gray pixels as the bytes of a `png` (lossless) or a `jpeg` of `quality` 0..100."""
    if kind not in ("jpeg", "png"):
        raise unknown("image format", kind, ["jpeg", "png"])
    stored = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    options = [cv2.IMWRITE_JPEG_QUALITY, quality] if kind == "jpeg" else []
    return cv2.imencode(f".{kind}", stored, options)[1].tobytes()


def to_gray(rgb: Pixels) -> Pixels:
    """Luma of RGB pixels, (H, W, 3) to (H, W); gray pixels are returned as they are.

    ITU-R BT.601 in OpenCV's integers: (9798 R + 19235 G + 3735 B + 16384) >> 15.
    """
    if rgb.ndim == 2:
        return rgb
    return cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def from_gray(gray: Pixels) -> Pixels:
    """Gray as three equal channels, (H, W) to (H, W, 3); RGB pixels are returned as they are."""
    return gray if gray.ndim == 3 else np.repeat(gray[:, :, None], 3, axis=2)


def digest(pixels: Pixels) -> str:
    """32 hex characters that name an image by its shape and pixels.

    The first half of the SHA-256 of the ASCII text `HxWxC`, a zero byte and the pixels in row
    order. A colour image whose three channels are equal counts as gray (C = 1), so that a gray file
    and its copy saved in colour get one name.
    """
    if pixels.ndim == 3:
        red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        if np.array_equal(red, green) and np.array_equal(red, blue):
            pixels = red
    height, width, channels = (*pixels.shape, 1)[:3]
    state = hashlib.sha256(f"{height}x{width}x{channels}\0".encode("ascii"))
    state.update(np.ascontiguousarray(pixels).data)
    return state.hexdigest()[:32]


def file_digest(data: bytes) -> str:
    """32 hex characters that name a file: the first half of the SHA-256 of its bytes."""
    return hashlib.sha256(data).hexdigest()[:32]


def one_thread() -> None:
    """Let OpenCV use one thread: several workers with several threads each fight for the cores."""
    cv2.setNumThreads(1)
