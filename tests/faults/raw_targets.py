"""Fuzz targets for raw data: what comes from a stranger's disk, read by an ingest.

Each check takes one input and fails where the promise is broken: an input is refused by a
`FerError`, or every image and record of it is a row with a status.
"""

import json
import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from hypothesis import strategies as st

from fertools import folder
from fertools.errors import FerError
from fertools.face_options import FaceOptions
from fertools.faces import open_faces
from fertools.fakes._files import huge_png, jpeg, png, zipped
from fertools.frame import Batch, Frame
from fertools.image import ImageFault, decode
from fertools.ingest import ingest
from fertools.ingest.extract import Extractor
from fertools.ingest.plan import find_units, open_roots
from fertools.ingest.records import keep_records
from fertools.manifest import read_manifest
from fertools.roots import Root, Unit
from tests.faults.watch import watched

OURS = re.compile(
    r"(ingest|card)\.json|(manifest|labels)\.parquet|faces-[\w.-]+-\d+\.npy"
    r"|units|units/[\w.-]+\.parquet"
)
UNIT = re.compile(r"[\w.-]{1,90}")
FACE = np.add.outer(np.arange(16, dtype=np.uint8) * 9, np.arange(16, dtype=np.uint8) * 5)
TINY = png(FACE)
PERSON = "0123456789abcdef" * 4
PHOTO = f"{PERSON}_남_20_기쁨_숙박 및 거주공간_20201206153000-010-001.jpg"
MEMORY = "/dev/shm"


@contextmanager
def sandbox() -> Iterator[Path]:
    """A folder for one input: in memory where the system has such a place."""
    where = MEMORY if Path(MEMORY).is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as path, watched(Path(path)):
        yield Path(path)


def ingested(source: str, raws: list[Path], out: Path, rows: int | None = None, **more) -> None:
    """Run an ingest; what it does not refuse must add up, and nothing else may lie there.

    An ingest takes 30 ms, most of it on writing. Of 8 inputs 7 are only read, by their bytes.
    """
    if zlib.crc32(b"".join(raw.read_bytes() for raw in raws if raw.is_file())) % 8:
        _read(source, raws, out, rows, **more)
        return
    with suppress(FerError):
        done = ingest(source, raws, out, **more)
        manifest = read_manifest(out)
        assert sum(n for k, n in done.statuses.items() if k != "pending") == len(manifest)
        assert rows is None or len(manifest) == rows, (len(manifest), rows)
        assert manifest.table["id"].null_count == 0
        assert len(manifest.table["id"].unique()) == len(manifest)
        faces = open_faces(manifest)
        assert len(faces) == len(manifest)
        for place, status in enumerate(manifest.table["status"].to_pylist()):
            assert status
            with suppress(FerError):
                assert faces[place].dtype == np.uint8 and status == "ok"
    for path in out.rglob("*"):
        name = path.relative_to(out).as_posix()
        assert OURS.fullmatch(name), name


def _read(source: str, raws: list[Path], out: Path, rows: int | None, **more) -> None:
    """Every frame of the units becomes a row, with a face or without."""
    module = folder.load_whole("sources", source)
    out.mkdir()
    with suppress(FerError):
        roots = open_roots(module, raws, more.get("options", {}))
        units = find_units(module, roots, source)
        assert all(UNIT.fullmatch(unit.name) for unit in units)
        labels = keep_records(module, roots, out)
        face = {"size": 16, "channels": 1, "detector": "annotation", **more.get("face", {})}
        extract, count = Extractor(FaceOptions(**face)), 0
        for unit in units:
            for piece in module.read(replace(unit, labels=labels)):
                if isinstance(piece, Batch):
                    table, faces = extract.batch(piece, 1 << 30)
                    count += table.num_rows
                    assert len(faces) == table["status"].to_pylist().count("ok")
                else:
                    row, found = extract(piece, unit)
                    count += 1
                    assert (found is None) == (row["status"] != "ok")
        assert rows is None or count == rows, (count, rows)


def check_csv(data: bytes) -> None:
    """FER2013's table: every line that holds something is a row."""
    with sandbox() as box:
        (box / "fer2013.csv").write_bytes(data)
        lines = data.split(b"\n")[1:]
        rows = sum(bool(line.strip()) for line in lines)
        ingested("fer2013", [box / "fer2013.csv"], box / "out", rows)


def check_votes(data: bytes) -> None:
    """FER+'s votes beside a sound table of three rows."""
    with sandbox() as box:
        (box / "fer2013.csv").write_bytes(seeds_csv()[0])
        (box / "fer2013new.csv").write_bytes(data)
        ingested("ferplus", [box / "fer2013.csv", box / "fer2013new.csv"], box / "out", 3)


def check_table(data: bytes) -> None:
    """A user's CSV beside two images."""
    with sandbox() as box:
        for name in ("a.png", "b.png"):
            (box / name).write_bytes(TINY)
        (box / "faces.csv").write_bytes(data)
        more = {"options": {"label": "emotion"}, "face": {"size": 16, "channels": 1}}
        ingested("table", [box / "faces.csv"], box / "out", **more)


def check_parquet(data: bytes) -> None:
    """A user's Parquet table."""
    with sandbox() as box:
        (box / "faces.parquet").write_bytes(data)
        ingested("table", [box / "faces.parquet"], box / "out", face={"size": 16, "channels": 1})


def check_records(data: bytes) -> None:
    """AI-Hub's label file beside the photograph that it may speak of."""
    with sandbox() as box:
        raw = box / "raw"
        (raw / "EMOIMG_기쁨_TRAIN_01").mkdir(parents=True)
        (raw / "EMOIMG_기쁨_TRAIN_01" / PHOTO).write_bytes(jpeg(FACE))
        (raw / "img_emotion_training_data(기쁨).json").write_bytes(data)
        ingested("aihub", [raw], box / "out", 1, face={"faces": "annotation", "size": 16})


def check_list(data: bytes) -> None:
    """RAF-DB's list of labels, as a text and as a table, beside two pictures."""
    for name in ("list_patition_label.txt", "train_labels.csv"):
        with sandbox() as box:
            raw = box / "raw"
            raw.mkdir()
            for picture in ("train_00001_aligned.jpg", "test_0001_aligned.jpg"):
                (raw / picture).write_bytes(jpeg(FACE))
            (raw / name).write_bytes(data)
            ingested("rafdb", [raw], box / "out", face={"size": 16, "channels": 1})


def check_note(data: bytes) -> None:
    """RAF-DB's attributes and box, CK+'s emotion, landmarks and action units: files of numbers."""
    with sandbox() as box:
        raw = box / "raw"
        (raw / "ck").mkdir(parents=True)
        (raw / "raf").mkdir()
        (raw / "raf" / "train_00001.jpg").write_bytes(jpeg(FACE))
        for what in ("manu_attri", "boundingbox"):
            (raw / "raf" / f"train_00001_{what}.txt").write_bytes(data)
        (raw / "ck" / "S005_001_00000011.png").write_bytes(TINY)
        for what in ("emotion", "landmarks", "facs"):
            (raw / "ck" / f"S005_001_00000011_{what}.txt").write_bytes(data)
        face = {"faces": "annotation", "size": 16}
        ingested("rafdb", [raw / "raf"], box / "raf-out", 1, face=face)
        ingested("ckplus", [raw / "ck"], box / "ck-out", face=face | {"align": True})


def check_record_values(records: object) -> None:
    """The same with any JSON values in the fields that are read."""
    check_records(json.dumps(records).encode())


def check_names(names: list[str]) -> None:
    """A zip with images under any names, read by every source that takes it."""
    with sandbox() as box:
        file = box / "raw.zip"
        with zipfile.ZipFile(file, "w") as archive:
            for name in dict.fromkeys(names):
                with suppress(UnicodeEncodeError):
                    archive.writestr(zipfile.ZipInfo(name or "x"), _content(name))
        for source in folder.names("sources"):
            module = folder.load("sources", source)
            options = module.Options() if hasattr(module, "Options") else None
            with suppress(FerError):
                if module.matches(Root(file, options)):
                    face = {"faces": "as-is", "size": 8, "channels": 1}
                    ingested(source, [file], box / source, face=face)
                    shutil.rmtree(box / source, ignore_errors=True)


def _content(name: str) -> bytes:
    if name.lower().endswith(".txt"):
        return b"3 1 nan"
    return seeds_records()[0] if name.lower().endswith(".json") else TINY


def check_zip(data: bytes) -> None:
    """The bytes of a zip: each entry of its directory is a row."""
    _check_archive("raw.zip", data)


def check_tar(data: bytes) -> None:
    """The bytes of a tar."""
    _check_archive("raw.tar", data)


def check_tgz(data: bytes) -> None:
    """The bytes of a compressed tar."""
    _check_archive("raw.tgz", data)


def _check_archive(name: str, data: bytes) -> None:
    with sandbox() as box:
        (box / name).write_bytes(data)
        rows = None
        with suppress(FerError):
            rows = len(Root(box / name).members)
        ingested("imagefolder", [box / name], box / "out", rows, face={"size": 16, "channels": 1})


def check_image(data: bytes) -> None:
    """The bytes of an image: upright uint8 pixels of the size that was asked for, or a reason."""
    unit = Unit("u", (), "")
    with watched(Path(tempfile.gettempdir())):
        for gray in (False, True):
            for reduce in (1, 8):
                with suppress(ImageFault):
                    image = decode(data, gray=gray, reduce=reduce, max_pixels=4_000_000)
                    assert image.pixels.dtype == np.uint8
                    assert image.pixels.ndim == (2 if gray else 3)
                    whole = sorted((image.height, image.width))
                    part = sorted(image.pixels.shape[:2])
                    assert part == [-(-side // image.reduce) for side in whole]
        frame = Frame(key="a", path="a.jpg", image=data, box=(1, 2, 9, 12))
        for faces in ("as-is", "annotation"):
            options = FaceOptions(size=24, channels=1, faces=faces, detector="annotation")
            row, face = Extractor(options)(frame, unit)
            assert (face is None) == (row["status"] != "ok")
            assert face is None or face.shape == (24, 24)


@cache
def seeds_csv() -> tuple[bytes, ...]:
    pixels = b" ".join(b"%d" % (i % 256) for i in range(2304))
    usages = (b"Training", b"PublicTest", b"PrivateTest")
    rows = b"".join(b"%d,%s,%s\n" % (i, pixels, usage) for i, usage in enumerate(usages))
    short = b"emotion, Usage, pixels\n3, Training, 1 2 3\n\n4.0,,\n"
    quoted = b'\xef\xbb\xbf"emotion","pixels"\r\n"0","' + pixels + b'"\r\n'
    return b"emotion,pixels,Usage\n" + rows, short, quoted, b"pixels\n" + pixels


@cache
def seeds_votes() -> tuple[bytes, ...]:
    head = (
        b"Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,"
        b"unknown,NF\n"
    )
    rows = b"Training,fer0000000.png,4,0,0,1,3,2,0,0,0,0\nPublicTest,,0,10,0,0,0,0,0,0,0,0\n"
    return head + rows + b"PrivateTest,fer0000002.png,,,,,,,,,,10\n", head


@cache
def seeds_table() -> tuple[bytes, ...]:
    return (
        b"path,emotion,subject\na.png,happy,1\nb.png,3,2\nc.png,,\n",
        b'"path","emotion"\r\n"../a.png","x"\r\n"/etc/passwd","y"\r\n',
        "path,emotion\na.png,기쁨\n".encode("cp949"),
        b"path\temotion\n",
    )


@cache
def seeds_parquet() -> tuple[bytes, ...]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({"path": ["a.png", None], "n": [1, 2]}), sink, compression="none")
    return (sink.getvalue().to_pybytes(),)


@cache
def seeds_records() -> tuple[bytes, ...]:
    box = {"minX": 1, "minY": 2.5, "maxX": 12, "maxY": 14}
    block = {"boxes": box, "faceExp": "기쁨", "bg": "도심"}
    record = {
        "filename": PHOTO, "gender": "남", "age": 20, "isProf": "전문인",
        "faceExp_uploader": "기쁨", "bg_uploader": "숙박 및 거주공간",
        "annot_A": block, "annot_B": {"boxes": [[1, 2, 3, 4]], "faceExp": "불안"},
        "annot_C": [box],
    }  # fmt: skip
    return tuple(
        json.dumps([record], ensure_ascii=ascii).encode(code)
        for ascii, code in ((False, "utf-8"), (True, "ascii"), (False, "cp949"))
    )


@cache
def seeds_list() -> tuple[bytes, ...]:
    return (
        b"train_00001.jpg 5\ntest_0001.jpg 11\ntest_0002.jpg 1\n",
        b"image,label\ntrain_00001.jpg,3\ntest_0001.jpg,0.0\n",
    )


@cache
def seeds_note() -> tuple[bytes, ...]:
    points = b"\n".join(b"%.7e %.7e" % (2 + i % 12, 3 + i // 8) for i in range(68))
    attributes = b"3 4\n9 4\n6 8\n4 11\n9 11\n0\n2\n3"
    return b"3.0000000e+00\n", points, attributes, b"1.5 2 12 14 ", b"4 0\n20 3\n"


@cache
def seeds_zip() -> tuple[bytes, ...]:
    entries = [("happy/1.png", TINY), ("sad/2.jpg", jpeg(FACE)), ("sad/x.txt", b"hello" * 20)]
    korean = zipped([("기쁨/슬픔.png", TINY)], encoding="cp949")
    return zipped(entries), zipped(entries, packed=True), korean


@cache
def seeds_tar(mode: str = "w") -> tuple[bytes, ...]:
    import io
    import tarfile

    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, format=tarfile.PAX_FORMAT) as archive:  # type: ignore[call-overload]
        for name, data in (("happy/1.png", TINY), ("슬픔/2.png", TINY)):
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("sad/link.png")
        link.type, link.linkname = tarfile.LNKTYPE, "happy/1.png"
        archive.addfile(link)
    return (stream.getvalue(),)


@cache
def seeds_image() -> tuple[bytes, ...]:
    import cv2

    colour = np.dstack([FACE, FACE.T, FACE[::-1]])
    others = [cv2.imencode(kind, colour)[1].tobytes() for kind in (".bmp", ".webp", ".tiff")]
    progressive = cv2.imencode(".jpg", colour, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    sound = [jpeg(FACE, 6), jpeg(colour, 3), png(FACE), png(colour)]
    return (*sound, progressive, huge_png(), *others)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
    | st.sampled_from(["기쁨", "", "\ud800", "1", "nan", PHOTO, 10**30, -0.0, 1e300]),
    lambda inner: st.lists(inner, max_size=5)
    | st.dictionaries(st.sampled_from(["boxes", "faceExp", "minX", "minY", "maxX", "maxY", "x"]),
                      inner, max_size=6),
    max_leaves=12,
)  # fmt: skip
FIELDS = ("filename", "gender", "age", "isProf", "faceExp_uploader", "bg_uploader", "annot_A",
          "annot_B", "annot_C", "faceBB_A")  # fmt: skip
record_values = st.lists(
    st.dictionaries(st.sampled_from(FIELDS), json_values, max_size=8).map(
        lambda record: {"filename": PHOTO, **record}
    )
    | json_values,
    max_size=3,
)
TOKENS = (
    "happy", "기쁨", "happy/", "sad/", "train/", "test/", "S005_001_", "S005/", "001/", "00000011",
    ".png", ".jpg", ".JPEG", ".txt", "_emotion", "_facs", "_landmarks", "train_00001", "test_0001",
    "_aligned", "Training_1", "PublicTest_2", "..", "../", "/", "\\", "C:", ":", "!", "~", " ",
    ".", "-", "\n", "\t", "\x01", "\udcff", "é", "é", "😀", "CON", "NUL", "a" * 90,
    "가" * 90, PERSON, PHOTO, "EMOIMG_기쁨_TRAIN_01/", "EMOIMG_../_VALID/", ".zip", ".zip.part0",
    ".csv", "list_patition_label.txt", "img_emotion_training_data(기쁨).json", "basic/", "٣",
)  # fmt: skip
file_names = st.lists(
    st.lists(st.sampled_from(TOKENS) | st.text(max_size=3), min_size=1, max_size=6).map("".join),
    min_size=1,
    max_size=4,
)
