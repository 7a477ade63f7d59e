"""An estimate of an ingest: it counts what ingest counts, and writes nothing."""

import pytest

from fertools import folder
from fertools.fakes import aihub, ck48, fer2013
from fertools.ingest import ingest
from fertools.ingest.estimate import estimate


def test_images_and_bytes_are_those_of_the_ingest(tmp_path) -> None:
    raws = ck48.write(tmp_path / "raw").raws(tmp_path / "raw")
    found = estimate("ck48", raws)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]
    made = ingest("ck48", raws, tmp_path / "data")
    assert found.images == made.rows
    assert found.bytes_out == made.rows * 48 * 48
    assert found.hours == max(found.hours_reading, found.hours_working) > 0
    assert 0 < found.faces <= found.sampled


def test_the_rows_of_a_table_are_counted(tmp_path) -> None:
    raws = fer2013.write(tmp_path / "raw").raws(tmp_path / "raw")
    found = estimate("fer2013", raws)
    assert found.images == ingest("fer2013", raws, tmp_path / "data").rows
    assert found.bound == "the processor"


@pytest.mark.parametrize(
    ("name", "variant"),
    [("table", "csv"), ("ckplus", None), ("rafdb", "basic"), ("ck48", None), ("oulucasia", None)],
)
def test_rows_are_counted_not_the_files_that_speak_of_them(tmp_path, name, variant) -> None:
    fake = folder.load("fakes", name)
    truth = fake.write(tmp_path / "raw", people=3, variant=variant or fake.VARIANTS[0])
    options = truth.source_options(tmp_path / "raw")
    raws, face = truth.raws(tmp_path / "raw"), {"faces": "as-is", "size": 16}
    found = estimate(name, raws, face=face, options=options)
    assert found.images == ingest(name, raws, tmp_path / "out", face=face, options=options).rows


def test_workers_share_the_work_and_not_the_reading(tmp_path) -> None:
    expected = aihub.write(tmp_path / "raw")
    one, four = (
        estimate("aihub", expected.raws(tmp_path / "raw"), face=dict(expected.face), workers=n)
        for n in (1, 4)
    )
    assert one.images == four.images >= expected.rows
    assert four.hours_working < one.hours_working
