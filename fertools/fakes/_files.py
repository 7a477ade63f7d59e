"""How a fake puts things on the disk: images sound and broken, archives, always the same bytes.

Images come in as uint8, (h, w) gray or (h, w, 3) RGB; encoded files go out as bytes.
"""

import gzip
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from fertools.errors import unknown

Image = NDArray[np.uint8]
Entries = Iterable[tuple[str, bytes]]

DATE = (2013, 7, 1, 0, 0, 0)  # of every zip entry: a clock would change the bytes

TEXT = b"This is a note that somebody saved under an image's name.\n"
LFS_POINTER = (
    b"version https://git-lfs.github.com/spec/v1\n"
    b"oid sha256:" + b"0123456789abcdef" * 4 + b"\nsize 96365319\n"
)
HTML = (
    b"<!DOCTYPE html>\n<html><head><title>fer2013.csv</title></head><body>Sign in</body></html>\n"
)


def put(folder: Path, relative: str, data: bytes) -> None:
    """Write a file, with the folders above it."""
    path = folder / relative
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def png(image: Image) -> bytes:
    """An image as PNG."""
    return _encoded(".png", image, [])


def jpeg(image: Image, orientation: int | None = None, quality: int = 95) -> bytes:
    """An upright image as JPEG, its pixels stored the way a camera with this EXIF value does.

    `None` writes no EXIF block, 0 an invalid value (which viewers ignore).
    """
    stored = as_stored(image, orientation or 1)
    data = _encoded(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return data if orientation is None else data[:2] + exif(orientation) + data[2:]


def as_stored(image: Image, orientation: int) -> Image:
    """The pixels that turn upright when a viewer applies an EXIF orientation of 1 to 8.

    Values as in the EXIF 2.32 standard, tag 0x0112: 6 means "turn clockwise by 90 degrees", so the
    stored rows are the upright image turned counter-clockwise.
    """
    turned = {
        1: image,
        2: image[:, ::-1],
        3: image[::-1, ::-1],
        4: image[::-1],
        5: image.swapaxes(0, 1),
        6: np.rot90(image, 1),
        7: image[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(image, -1),
    }
    if orientation not in turned:
        raise unknown("orientation", str(orientation), [str(n) for n in turned])
    return np.ascontiguousarray(turned[orientation])


def exif(orientation: int) -> bytes:
    """A JPEG's APP1 segment with the orientation as its only tag, little-endian TIFF."""
    entry = struct.pack("<HHIHH", 0x0112, 3, 1, orientation, 0)
    block = b"Exif\0\0" + b"II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 0)
    return b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block


def truncated(data: bytes) -> bytes:
    """The first two thirds of a file, as an interrupted download leaves them."""
    return data[: 2 * len(data) // 3]


def broken_png() -> bytes:
    """A PNG whose header and end are fine and whose pixels are rubbish."""
    return _png_of(48, b"these bytes were never deflated")


def huge_png() -> bytes:
    """A PNG of a hundred bytes that says it has 400 million pixels."""
    return _png_of(20_000, zlib.compress(bytes(64)))


def zipped(entries: Entries, encoding: str = "utf-8", packed: bool = False) -> bytes:
    """A zip with entries in the given order and a fixed date.

    Any `encoding` but utf-8 writes the names' bytes without the UTF-8 flag, as Korean tools do.
    """
    stream = io.BytesIO()
    renamed: list[tuple[bytes, bytes]] = []
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    with zipfile.ZipFile(stream, "w", method) as archive:
        for number, (name, data) in enumerate(entries):
            written = name
            if encoding != "utf-8" and not name.isascii():
                # zipfile writes other encodings only as UTF-8: hold the place, rename afterwards
                raw = name.encode(encoding)
                written = f"@{number:09d}@".ljust(len(raw), "@")[: len(raw)]
                renamed.append((written.encode(), raw))
            info = zipfile.ZipInfo(written, DATE)
            info.create_system, info.compress_type = 3, method
            archive.writestr(info, data)
    whole = stream.getvalue()
    for place, raw in renamed:
        whole = whole.replace(place, raw)
    return whole


def put_parts(folder: Path, relative: str, data: bytes, parts: int) -> None:
    """Write a file in pieces `x.part0`, `x.part1`, .. as split downloads lie on a disk."""
    step = -(-len(data) // parts)
    for number in range(parts):
        put(folder, f"{relative}.part{number}", data[number * step : (number + 1) * step])


def gzipped(data: bytes) -> bytes:
    """Compressed by gzip, without the time."""
    return gzip.compress(data, mtime=0)


def zstandard(data: bytes) -> bytes:
    """Compressed by Zstandard."""
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return bytes(sink.getvalue().to_pybytes())


def _encoded(suffix: str, image: Image, options: list[int]) -> bytes:
    pixels = image if image.ndim == 2 else cv2.cvtColor(image, cv2.COLOR_RGB2BGR)
    _, data = cv2.imencode(suffix, pixels, options)
    return data.tobytes()


def _png_of(side: int, pixels: bytes) -> bytes:
    """A gray PNG that says it has `side` x `side` pixels, with any bytes for them."""
    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    )
