"""Records that a data set keeps apart from its images: pending, reported, in another RAW."""

import json

import pyarrow.parquet as pq
import pytest

from fertools.errors import FerError
from fertools.fakes._face import draw, person
from fertools.fakes._files import png, put
from fertools.ingest import ingest
from fertools.ingest.verify import verify

SOURCE = '''"""Faces with a list of records, in one folder or in two."""

import pyarrow as pa

from fertools.frame import Frame

POPULATION = "mine"
LABELS = {"joy": "happiness"}
DEFAULTS = {"size": 16, "channels": 1, "faces": "as-is"}


def matches(root):
    return bool(root.members)


def units(root):
    return root.units(m for m in root.members if m.suffix == ".png")


def index(root):
    lists = [m for m in root.members if m.suffix == ".txt"]
    keys = [line for m in lists for line in (root.path / m.path).read_text().split()]
    beside = sum(len(other.members) for other in root.beside)
    return pa.table({"key": keys, "beside": [beside] * len(keys)}) if keys else None


def read(unit):
    for member in unit.members:
        yield Frame(key=member.name, path=member.path, image=member, extra={"record": member.name})


def report(table, records):
    return [f"{len(table)} rows, {len(records)} records, {records['beside'][0]} files beside"]
'''


@pytest.fixture
def raw(tmp_path):
    put(tmp_path, "mine.py", SOURCE.encode())
    put(tmp_path, "lists/list.txt", b"a.png b.png c.png")
    for name in "ab":
        put(tmp_path, f"images/{name}.png", png(draw(person(ord(name)), "neutral", size=16)))
    return tmp_path


def test_records_without_an_image_are_pending_and_the_source_reports(raw):
    source = str(raw / "mine.py")
    done = ingest(source, [raw / "images", raw / "lists"], raw / "out")
    assert done.statuses == {"ok": 2, "pending": 1}
    assert done.rows == 2  # a pending record is no row
    assert done.notes == ["2 rows, 3 records, 2 files beside"]
    assert pq.read_table(raw / "out" / "labels.parquet")["key"].to_pylist() == [
        "a.png", "b.png", "c.png",
    ]  # fmt: skip


def test_a_round_of_labels_alone_leaves_every_record_pending(raw):
    source = str(raw / "mine.py")
    first = ingest(source, [raw / "lists"], raw / "out")
    assert (first.rows, first.statuses) == (0, {"pending": 3})
    second = ingest(source, [raw / "images"], raw / "out", add=True)
    assert second.statuses == {"ok": 2, "pending": 1}


def test_a_source_may_choose_its_face_options_by_what_it_was_given(raw):
    text = (
        SOURCE + '\n\ndef defaults(roots):\n    return {**DEFAULTS, "size": 4 * len(roots) + 8}\n'
    )
    put(raw, "other.py", text.encode())
    ingest(str(raw / "other.py"), [raw / "images", raw / "lists"], raw / "out")
    plan = json.loads((raw / "out" / "ingest.json").read_text())
    assert plan["face"]["size"] == 16


def test_damaged_records_are_named_by_verify_and_by_the_next_ingest(raw):
    """A sentence with a cure that works, and no traceback."""
    arguments = str(raw / "mine.py"), [raw / "images", raw / "lists"], raw / "out"
    ingest(*arguments)
    assert verify(raw / "out") == []
    file = raw / "out/labels.parquet"
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])
    (fault,) = verify(raw / "out")
    assert fault.file == file and "every RAW that held labels" in fault.cure
    with pytest.raises(FerError, match=r"labels\.parquet: this is not a Parquet.* put back a copy"):
        ingest(*arguments)
    file.unlink()
    assert [str(fault).split(": ")[1][:10] for fault in verify(raw / "out")] == ["is missing"]
    ingest(*arguments)
    assert verify(raw / "out") == [] and file.read_bytes() == data


def test_force_forgets_the_records_of_before(raw):
    arguments = str(raw / "mine.py"), [raw / "images", raw / "lists"], raw / "out"
    assert ingest(*arguments).statuses == {"ok": 2, "pending": 1}
    put(raw, "lists/list.txt", b"a.png b.png")
    assert ingest(*arguments, force=True).statuses == {"ok": 2}
