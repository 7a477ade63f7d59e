"""What verify finds, and that the cure it names heals."""

import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fertools.curate import curate
from fertools.errors import FerError
from fertools.fakes import ck48
from fertools.ingest import ingest
from fertools.ingest.unitfile import unit_table
from fertools.ingest.verify import verify
from fertools.manifest import read_manifest, write_manifest


@pytest.fixture
def data(tmp_path):
    truth = ck48.write(tmp_path / "raw", people=3)
    ingest("ck48", truth.raws(tmp_path / "raw"), tmp_path / "out")
    return tmp_path / "out"


def again(data, **more):
    ingest("ck48", [data.parent / "raw" / "CK+48"], data, **more)


def shard(data):
    return sorted(data.glob("faces-*.npy"))[0]


def flip(file, at):
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


def edited(data, change):
    manifest = read_manifest(data)
    write_manifest(data / "manifest.parquet", change(manifest.table), manifest.facts)


def test_what_was_just_made_is_whole(data):
    assert verify(data) == []
    again(data)
    assert verify(data) == []


def test_one_bit_of_one_pixel(data):
    flip(shard(data), -100)
    (fault,) = verify(data)
    assert fault.file == shard(data) and fault.what == "its pixels have changed"
    assert "delete it and run the same ingest again" in str(fault)
    fault.file.unlink()
    again(data)
    assert verify(data) == []


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda d: shard(d).unlink(), "the shard is missing"),
        (lambda d: shard(d).write_bytes(shard(d).read_bytes()[:-1]), "bytes instead of"),
        (lambda d: np.save(shard(d), np.zeros((2, 9, 9), np.uint8)), "not the shard that"),
        (lambda d: (d / "manifest.parquet").write_bytes(b"PAR1"), "not a Parquet file"),
        (lambda d: (d / "manifest.parquet").unlink(), "there is no manifest"),
        (lambda d: (d / "card.json").unlink(), "is missing"),
        (lambda d: (d / "card.json").write_text("{"), "is not JSON"),
        (lambda d: (d / ".faces-x.npy.partial").write_bytes(b""), "was stopped here"),
        (lambda d: edited(d, lambda t: t.slice(1)), "rows, the units have"),
        (
            lambda d: edited(d, lambda t: t.take([0, 0, *range(2, len(t))])),
            "its rows are not those of the units",
        ),
    ],
)
def test_what_is_lost_or_cut_is_found(data, spoil, words):
    spoil(data)
    assert words in " | ".join(map(str, verify(data)))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: shard(d).unlink(),
        lambda d: shard(d).write_bytes(b""),
        lambda d: (d / "manifest.parquet").write_bytes(b"PAR1"),
        lambda d: (d / "card.json").unlink(),
        lambda d: edited(d, lambda t: t.slice(1)),
    ],
)
def test_the_same_ingest_again_heals(data, spoil):
    spoil(data)
    faults = verify(data)
    assert faults and all(fault.cure == "run the same ingest again" for fault in faults)
    again(data)
    assert verify(data) == []


def on_card(data, change):
    card = json.loads((data / "card.json").read_text())
    (data / "card.json").write_text(json.dumps({**card, **change}))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda d: (d / "card.json").unlink(),
        lambda d: (d / "card.json").write_text("{"),
        lambda d: on_card(d, {"statuses": {"ok": 1}}),
        lambda d: on_card(d, {"stores": {"x": {"path": ".", "shards": {}}}}),
        lambda d: edited(d, lambda t: t.slice(1)),
        lambda d: edited(d, lambda t: t.take([0, 0, *range(2, len(t))])),
        lambda d: (d / "manifest.parquet").write_bytes(b"PAR1"),
    ],
)
def test_what_was_curated_is_healed_by_the_cure_as_well(data, spoil):
    curate(data, ["quality"])
    whole = (data / "manifest.parquet").read_bytes()
    spoil(data)
    faults = verify(data)
    assert faults
    for fault in faults:
        assert fault.cure.endswith("run the same ingest again and curate")
        if fault.cure.startswith("delete it"):
            fault.file.unlink()
    again(data)
    curate(data, ["quality"])
    assert verify(data) == [] and (data / "manifest.parquet").read_bytes() == whole
    assert read_manifest(data).card["curation"]["checks"]


def test_faces_whose_card_is_lost_name_the_cure(data):
    (data / "card.json").unlink()
    with pytest.raises(FerError, match=r"card\.json: is missing; run the same ingest again"):
        curate(data, ["quality"])
    again(data)
    assert curate(data, ["quality"]).rows


def test_what_a_stopped_ingest_left_of_a_card_is_cleared(data):
    curate(data, ["quality"])
    (data / ".card.json.partial").write_bytes(b"{")
    (fault,) = verify(data)
    assert fault.cure == "run the same ingest again"
    again(data)
    assert verify(data) == []


def test_a_unit_file_that_cannot_be_read(data):
    file = sorted((data / "units").glob("*.parquet"))[2]
    file.write_bytes(b"PAR1")
    faults = verify(data)
    assert faults[0].file == file
    assert str(faults[0]) == f"{file}: a broken unit; delete it and run the same ingest again"
    file.unlink()
    again(data)
    assert verify(data) == []


def test_a_curation_that_was_stopped_is_cured_by_the_next(data):
    (data / ".curation.partial").mkdir()
    (fault,) = verify(data)
    assert fault.what == "a curation was stopped here"
    assert fault.cure == "run the same `curate` or `import-verdicts` again"
    curate(data, ["quality"])
    assert verify(data) == []


def test_what_a_stopped_ingest_left_of_a_unit_is_found(data):
    (data / "units" / ".x.parquet.partial").write_bytes(b"PAR1")
    (fault,) = verify(data)
    assert fault.what == "an ingest was stopped here"
    again(data)
    assert verify(data) == []


def test_one_bit_of_any_column_of_a_unit(data):
    file = min((data / "units").iterdir())
    group = pq.read_metadata(file).row_group(0)
    for column in map(group.column, range(group.num_columns)):
        first = column.dictionary_page_offset or column.data_page_offset
        last = first + column.total_compressed_size - 1  # of its values
        flip(file, last)
        with pytest.raises(FerError, match="a broken unit; delete it and run"):
            unit_table(file)
        flip(file, last)
    assert unit_table(file)[0].num_rows == group.num_rows


def test_a_shard_of_no_unit(data):
    np.save(data / "faces-old-0.npy", np.zeros((2, 48, 48), np.uint8))
    (fault,) = verify(data)
    assert fault.file.name == "faces-old-0.npy" and "belongs to no finished unit" in fault.what


def test_a_card_with_other_sums_or_shards(data):
    card = json.loads((data / "card.json").read_text())
    card["statuses"]["ok"] += 1
    next(iter(card["stores"].values()))["shards"].popitem()
    (data / "card.json").write_text(json.dumps(card))
    assert [fault.what[:20] for fault in verify(data)] == [
        "names other shards t",
        'its sums are {"ok": ',
    ]


def test_rows_that_share_a_face_or_have_none(data):
    def placed(table, change):
        rows = table["row"].to_pylist()
        first, second = [at for at, row in enumerate(rows) if row is not None][:2]
        rows[second] = change(rows[first])
        return table.set_column(table.column_names.index("row"), "row", pa.array(rows, pa.int32()))

    def share(table):
        return placed(table, lambda row: row)

    def lose(table):
        return placed(table, lambda row: None)

    whole = read_manifest(data)
    edited(data, share)
    assert [fault.what for fault in verify(data)] == ["1 rows share their face with another"]
    write_manifest(data / "manifest.parquet", whole.table, whole.facts)
    edited(data, lose)
    (fault,) = verify(data)
    assert fault.what.startswith("1 rows have a face and a reason why not, or neither")


def test_a_manifest_of_other_units(data):
    facts = read_manifest(data).facts
    facts["units"]["anger-000"] = "0" * 32
    write_manifest(data / "manifest.parquet", read_manifest(data).table, facts)
    assert [fault.what for fault in verify(data)] == ["was made from other units than there are"]


def test_a_folder_that_is_no_data_set(tmp_path):
    with pytest.raises(FerError, match="is no data set of fertools; give a folder"):
        verify(tmp_path)
