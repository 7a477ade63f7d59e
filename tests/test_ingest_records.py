"""Records that a data set keeps apart from its images: pending, reported, in another RAW."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest

from fertools.errors import FerError
from fertools.fakes._face import draw, person
from fertools.fakes._files import png, put
from fertools.ingest import ingest, unitfile
from fertools.ingest.verify import verify
from fertools.roots import Unit

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


def test_of_several_records_of_one_key_the_first_stays(raw):
    source = str(raw / "mine.py")
    ingest(source, [raw / "lists"], raw / "out")
    before = (raw / "out" / "labels.parquet").read_bytes()
    ingest(source, [raw / "lists", raw / "images"], raw / "out", add=True)  # two files beside
    assert (raw / "out" / "labels.parquet").read_bytes() == before


def test_a_shard_ends_before_it_would_be_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(unitfile, "HELD", 512)  # two faces of 256 bytes are written at once
    monkeypatch.setattr(unitfile, "SHARD_BYTES", 1200)
    (tmp_path / "units").mkdir()
    writer = unitfile.UnitWriter(tmp_path, Unit("u", (), "d"))
    for n in range(10):
        writer.add({"id": str(n), "path": str(n), "status": "ok"}, np.full((16, 16), n, np.uint8))
    assert writer.close() == ("u", 10, 10)
    facts = unitfile.unit_facts(tmp_path / "units/u.parquet")
    assert {name: entry["rows"] for name, entry in facts["shards"].items()} == {
        "faces-u-0.npy": 4, "faces-u-1.npy": 4, "faces-u-2.npy": 2,
    }  # fmt: skip
