"""Contract of the fakes: the same bytes every time, and a truth that the disk bears out."""

import csv
import io
import re
import tarfile
import zipfile

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fertools import folder
from fertools.errors import FerError
from fertools.fakes import fer2013
from fertools.fakes._expected import Row, expected
from fertools.fakes._files import as_stored, jpeg, zipped

STATUSES = {
    "ok", "empty", "not_an_image", "undecodable", "truncated", "too_large", "unknown_name",
    "wrong_pixels", "bad_value", "augmented_copy", "duplicate_id", "unsafe_path", "no_face",
    "many_faces", "low_score", "no_box", "missing", "no_image",
}  # fmt: skip
CASES = [(name, v) for name in folder.names("fakes") for v in folder.load("fakes", name).VARIANTS]
IMAGE = re.compile(r"\.(png|jpe?g|bmp|webp)$", re.IGNORECASE)
PART = re.compile(r"\.zip\.part\d+$")
every_case = pytest.mark.parametrize(("name", "variant"), CASES, ids=["-".join(c) for c in CASES])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Writes a fake once and remembers where, and what it said."""
    done = {}

    def get(name, variant):
        if (name, variant) not in done:
            place = tmp_path_factory.mktemp(f"{name}-{variant}")
            truth = folder.load("fakes", name).write(place, people=3, variant=variant)
            done[name, variant] = place, truth
        return done[name, variant]

    return get


def tree(place):
    return {p.relative_to(place): p.read_bytes() for p in place.rglob("*") if p.is_file()}


@every_case
def test_two_writes_give_the_same_bytes(name, variant, written, tmp_path):
    place, truth = written(name, variant)
    again = folder.load("fakes", name).write(tmp_path, people=3, variant=variant)
    assert again == truth
    assert tree(tmp_path) == tree(place)


@pytest.mark.parametrize("name", folder.names("fakes"))
def test_another_seed_draws_other_people(name, written, tmp_path):
    fake = folder.load("fakes", name)
    place, _ = written(name, fake.VARIANTS[0])
    fake.write(tmp_path, people=3, seed=1)
    assert tree(tmp_path) != tree(place)


@every_case
def test_what_it_expects_is_on_the_disk(name, variant, written):
    place, truth = written(name, variant)
    assert all(path.exists() for path in truth.raws(place))
    assert all((place / path).is_file() for path in truth.files.values())
    assert set(truth.statuses) <= STATUSES
    if not truth.refused:
        assert truth.rows == counted(name, truth.raws(place))
    assert sum(truth.labels.values()) <= truth.ok
    assert sum(truth.splits.values()) <= truth.ok


@every_case
def test_it_says_nothing_of_this_machine_and_is_small(name, variant, written):
    place, truth = written(name, variant)
    assert str(place) not in repr(truth)
    assert not any(path.startswith("/") for path in (*truth.roots, *truth.files.values()))
    assert sum(len(data) for data in tree(place).values()) < 4_000_000


@every_case
def test_without_traps_every_row_is_fine(name, variant, tmp_path):
    truth = folder.load("fakes", name).write(tmp_path, people=2, traps=False, variant=variant)
    if not truth.refused:
        assert set(truth.statuses) == {"ok"}
        assert truth.rows == counted(name, truth.raws(tmp_path))


@pytest.mark.parametrize("name", folder.names("fakes"))
def test_an_unknown_variant_is_an_error_that_lists_the_known(name, tmp_path):
    fake = folder.load("fakes", name)
    with pytest.raises(FerError, match=f"variant 'nonsense': known are.*{fake.VARIANTS[0]}"):
        fake.write(tmp_path, variant="nonsense")
    assert fake.__doc__ and "Traps" in fake.__doc__


def test_fer2013_is_one_data_set_in_many_spellings(tmp_path):
    """The same faces in the same order, whatever the file is called."""
    texts = set()
    for variant in ("official", "icml", "quoted", "reordered", "crlf_bom"):
        place = tmp_path / variant
        truth = fer2013.write(place, people=3, variant=variant)
        header, *rows = _lines((place / truth.roots[0]).read_bytes(), ",")
        names = [cell.strip() for cell in header]
        texts.add(tuple(tuple(row[names.index(c)] for c in ("emotion", "pixels")) for row in rows))
    assert len(texts) == 1
    folders = fer2013.write(tmp_path / "folder", people=3, traps=False, variant="folder")
    table = fer2013.write(tmp_path / "table", people=3, traps=False)
    codes = {name: str(code) for code, name in enumerate(fer2013.FOLDERS)}
    assert {codes[name]: n for name, n in folders.labels.items()} == table.labels
    assert folders.splits == table.splits


def test_counting_rows():
    rows = [Row(label="happy", subject="a", split="train"), Row(), Row(status="empty", label="sad")]
    truth = expected(rows, ["x"])
    assert truth.statuses == {"empty": 1, "ok": 2} and truth.rows == 3 and truth.ok == 2
    assert truth.labels == {"happy": 1} and truth.splits == {"train": 1}
    assert truth.subjects == {"a"}


def test_korean_names_without_the_utf8_flag():
    names = ["[원천]중립/01_여_슬픔.jpg", "plain.txt", "[원천]중립/02_남_기쁨.jpg"]
    data = zipped([(n, n.encode()) for n in names], "cp949")
    archive = zipfile.ZipFile(io.BytesIO(data))
    assert archive.testzip() is None
    for info, name in zip(archive.infolist(), names, strict=True):
        assert not info.flag_bits & 0x800
        assert info.filename.encode("cp437").decode("cp949") == name
        assert archive.read(info) == name.encode()


@pytest.mark.parametrize("orientation", [1, 2, 3, 4, 5, 6, 7, 8])
def test_photographs_lie_on_the_disk_as_a_camera_stores_them(orientation):
    """Pillow, which knows EXIF, turns every one upright."""
    images = pytest.importorskip("PIL.Image")
    turn = pytest.importorskip("PIL.ImageOps").exif_transpose
    upright = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
    large = np.kron(upright, np.ones((16, 16), np.uint8))
    seen = np.asarray(turn(images.open(io.BytesIO(jpeg(large, orientation)))))
    assert seen.shape == large.shape
    assert np.abs(seen.astype(int) - large).max() < 16
    assert as_stored(large, orientation).shape == (large.shape if orientation < 5 else (128, 96))


def counted(name, raws):
    """Rows that a data set has on the disk, counted without its fake: lines, else images."""
    if name == "table" or (name == "fer2013" and raws[0].is_file()):
        return sum(_count_table(raw) for raw in raws)
    return sum(bool(IMAGE.search(path)) for raw in raws for path in _names(raw))


def _names(raw):
    if raw.is_dir():
        for path in sorted(raw.rglob("*")):
            if PART.search(path.name):
                if path.name.endswith("part0"):
                    yield from _names(path)
            elif path.is_file():
                yield from _names(path)
    elif PART.search(raw.name):
        whole = b"".join(p.read_bytes() for p in _parts(raw))
        yield from zipfile.ZipFile(io.BytesIO(whole)).namelist()
    elif raw.suffix == ".zip":
        yield from zipfile.ZipFile(raw).namelist()
    elif raw.suffix in (".tar", ".gz"):
        with tarfile.open(raw) as archive:
            yield from archive.getnames()
    else:
        yield raw.name


def _parts(first):
    pieces = first.parent.glob(first.name[:-1] + "*")
    return sorted(pieces, key=lambda path: int(path.name.rpartition("part")[2]))


def _count_table(raw):
    if raw.suffix == ".parquet":
        return pq.read_metadata(raw).num_rows
    data = raw.read_bytes()
    if raw.suffix == ".zip":
        with zipfile.ZipFile(raw) as archive:
            data = archive.read(next(n for n in archive.namelist() if n.endswith(".csv")))
    elif raw.suffix in (".gz", ".zst"):
        with pa.input_stream(str(raw)) as stream:
            data = stream.read()
    return sum(any(row) for row in _lines(data, "\t" if raw.suffix == ".tsv" else ",")) - 1


def _lines(data, delimiter):
    csv.field_size_limit(1 << 20)
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))
