"""What the first bytes of an image file say: format, size, colour, EXIF orientation.

In go the bytes of a JPEG, PNG, BMP, WebP or TIFF file, or only its beginning; out comes a `Header`
or an `ImageFault`. Nothing is decoded. Layouts: JPEG ITU-T T.81 annex B, PNG ISO/IEC 15948 11.2.2,
BMP BITMAPINFOHEADER, WebP RFC 9649, TIFF 6.0 section 2 (the EXIF block of a JPEG is a TIFF file).
"""

import struct
from dataclasses import dataclass

TIFF_ORDER = {b"II*\0": "<", b"MM\0*": ">"}
TAG_WIDTH, TAG_HEIGHT, TAG_PHOTOMETRIC, TAG_ORIENTATION, TAG_SAMPLES = 256, 257, 262, 274, 277
SOF = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # less DHT, JPG and DAC
SOS, EOI, APP1 = 0xDA, 0xD9, 0xE1
END_OF_IMAGE = b"\xff\xd9"
MAX_PIXELS = 200_000_000  # 600 MB in colour


class ImageFault(Exception):
    """Bytes that give no image, or a box that gives no face.

    `reason` is what the manifest's `status` says: of the bytes `empty`, `no_image`, `not_an_image`,
    `undecodable`, `truncated` or `too_large`; of where the face is `bad_box`, `bad_landmarks`,
    `no_box`, `no_face`, `many_faces` or `low_score`. `detail` is a sentence for a reader.
    """

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type["ImageFault"], tuple[str, str]]:
        return ImageFault, (self.reason, self.detail)  # it travels between worker processes


@dataclass(frozen=True, slots=True)
class Header:
    """Size and kind of an image file.

    `height` and `width` are those of the stored pixels, before the orientation is applied;
    `channels` is 1 for gray and 3 for anything else, without alpha; `orientation` is the value 1..8
    of a JPEG's EXIF block or of a TIFF, and 1 for every other format; `scan` is the offset of a
    JPEG's first scan, 0 for other formats or where the given bytes end before it.
    """

    kind: str
    height: int
    width: int
    channels: int
    orientation: int = 1
    scan: int = 0


def read_header(data: bytes) -> Header:
    """Read the header of an image file; the first 64 KiB of it suffice as a rule.

    Raises `ImageFault`: `empty`, `not_an_image`, `truncated` (the bytes end before the size is
    told) or `undecodable` (a size of zero).
    """
    if not data:
        raise ImageFault("empty", "the file has no bytes")
    try:
        header = _by_signature(data)
    except (struct.error, IndexError) as error:
        raise ImageFault("truncated", f"the header ends after {len(data)} bytes") from error
    if header.height < 1 or header.width < 1:
        raise ImageFault("undecodable", f"the header says {header.width} x {header.height} pixels")
    return header


def _by_signature(data: bytes) -> Header:
    if data[:3] == b"\xff\xd8\xff":
        return _jpeg(data)
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        width, height, _, colour = struct.unpack_from(">IIBB", data, 16)
        return Header("png", height, width, 1 if colour in (0, 4) else 3)
    if data[:2] == b"BM":
        return _bmp(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _webp(data)
    if data[:4] in TIFF_ORDER:
        tags = tiff_tags(data)
        gray = tags.get(TAG_SAMPLES, 1) < 3 and tags.get(TAG_PHOTOMETRIC, 1) < 2
        height, width = tags.get(TAG_HEIGHT, 0), tags.get(TAG_WIDTH, 0)
        return Header("tiff", height, width, 1 if gray else 3, _orientation(tags))
    if data[:6] in (b"GIF87a", b"GIF89a") or data[4:8] == b"ftyp":
        kind = "GIF" if data[:3] == b"GIF" else data[8:12].decode("latin-1").strip().upper()
        raise ImageFault("not_an_image", f"a {kind} file; convert it to JPEG, PNG or TIFF")
    start = data[:12]
    raise ImageFault("not_an_image", f"no JPEG, PNG, BMP, WebP or TIFF starts with {start!r}")


def _jpeg(data: bytes) -> Header:
    frame: tuple[int, int, int] | None = None
    orientation = scan = 0
    at = 2
    while (at := data.find(b"\xff", at)) >= 0 and at + 4 <= len(data):
        marker, length = struct.unpack_from(">xBH", data, at)
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == EOI:
            break
        body = data[at + 4 : at + 2 + length]
        if marker == APP1 and body[:6] == b"Exif\0\0" and not orientation:
            orientation = _orientation(tiff_tags(body[6:]))
        elif marker in SOF:
            frame = struct.unpack_from(">xHHB", body)
        at += 2 + length
        if marker == SOS:
            scan = at
            break
    if frame is None:
        raise ImageFault("truncated", f"a JPEG without a frame header in {len(data)} bytes")
    height, width, parts = frame
    return Header("jpeg", height, width, 1 if parts == 1 else 3, orientation or 1, scan)


def _orientation(tags: dict[int, int]) -> int:
    """1 for 0 and nonsense, which occur: every viewer shows such a picture as it is stored."""
    told = tags.get(TAG_ORIENTATION, 1)
    return told if told in range(1, 9) else 1


def _bmp(data: bytes) -> Header:
    (size,) = struct.unpack_from("<I", data, 14)
    width, height = struct.unpack_from("<HH" if size == 12 else "<ii", data, 18)
    return Header("bmp", abs(height), abs(width), 3)  # a negative height means rows from the top


def _webp(data: bytes) -> Header:
    chunk = data[12:16]
    if chunk == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    elif chunk == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    return Header("webp", height, width, 3)


def tiff_tags(data: bytes) -> dict[int, int]:
    """First value of each SHORT and LONG tag of the first directory; broken ones are left out."""
    order = TIFF_ORDER.get(data[:4])
    if order is None or len(data) < 8:
        return {}
    (at,) = struct.unpack_from(order + "I", data, 4)
    tags: dict[int, int] = {}
    entries = data[at : at + 2]
    for index in range(struct.unpack(order + "H", entries)[0] if len(entries) == 2 else 0):
        entry = data[at + 2 + 12 * index : at + 14 + 12 * index]
        if len(entry) < 12:
            break
        tag, kind = struct.unpack_from(order + "HH", entry)
        if kind in (3, 4):
            tags[tag] = struct.unpack_from(order + ("H" if kind == 3 else "I"), entry, 8)[0]
    return tags


def ends_properly(data: bytes, header: Header) -> bool:
    """Whether the file has its end: the marker of a JPEG, all chunks of a PNG, a WebP's length.

    True for BMP and TIFF, whose decoders notice missing rows themselves.
    """
    if header.kind == "jpeg":
        # from the first scan on, since the thumbnail in the EXIF block has an end marker of its own
        return header.scan > 0 and data.rfind(END_OF_IMAGE, header.scan) >= 0
    if header.kind == "png":
        return _has_all_chunks(data)
    if header.kind == "webp":
        return len(data) >= int.from_bytes(data[4:8], "little") + 8
    return True


def _has_all_chunks(png: bytes) -> bool:
    # a chunk that claims to be longer than the file makes OpenCV reserve that much, up to 4 GB
    at = 8
    while at + 12 <= len(png):
        kind = png[at + 4 : at + 8]
        at += 12 + int.from_bytes(png[at : at + 4], "big")
        if kind == b"IEND":
            return at <= len(png)
    return False
