"""An estimate of an ingest: it counts what ingest counts, and writes nothing."""

import pytest

from fertools import folder
from fertools.engine import available_cores
from fertools.errors import FerError
from fertools.fakes import aihub, ck48, fer2013, table
from fertools.fakes._files import put
from fertools.ingest import ingest
from fertools.ingest.estimate import estimate
from tests.made import EVERY_FILE

MINE = (
    '''"""Forty records, of which the first alone has an image."""

from fertools import Frame
'''
    + EVERY_FILE
    + """def read(unit):
    yield Frame(key="0", path="0", image=unit.members[0])
    for n in range(1, 40):
        yield Frame(key=str(n), path=str(n), status="no_image")
"""
)


def test_images_and_bytes_are_those_of_the_ingest(tmp_path) -> None:
    raws = ck48.write(tmp_path / "raw").raws(tmp_path / "raw")
    found = estimate("ck48", raws)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["raw"]
    made = ingest("ck48", raws, tmp_path / "data")
    assert found.images == made.rows
    assert found.bytes_out == made.rows * 48 * 48
    assert found.hours == found.hours_reading + found.hours_working > 0  # one worker, by turns
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
    assert four.hours_reading <= four.hours <= four.hours_reading + four.hours_working


def test_as_many_at_a_time_as_the_ingest_would_have(tmp_path) -> None:
    roots = ck48.write(tmp_path / "raw", people=2, traps=False).raws(tmp_path / "raw")
    cores = estimate("ck48", roots, engine="processes")
    assert cores.workers == min(available_cores(), cores.units)
    assert estimate("ck48", roots, workers=99).workers == cores.units
    with pytest.raises(FerError, match="not known; say --workers N"):
        estimate("ck48", roots, engine="ray")


def test_the_images_of_a_table_are_among_its_bytes(tmp_path) -> None:
    truth = table.write(tmp_path / "raw", people=3, variant="csv")
    raws, options = truth.raws(tmp_path / "raw"), truth.source_options(tmp_path / "raw")
    found = estimate("table", raws, options=options)
    files = [file for file in (tmp_path / "raw").rglob("*.*") if file.is_file()]
    pictures = sum(file.stat().st_size for file in files if file.suffix not in (".csv", ".toml"))
    assert 0.5 * pictures < found.bytes_in - raws[0].stat().st_size <= 2 * pictures


def test_images_whose_labels_came_in_an_earlier_round(tmp_path) -> None:
    truth = aihub.write(tmp_path / "raw", people=3, traps=False, variant="zips")
    labels = [file for file in sorted(tmp_path.rglob("*.zip")) if "라벨" in file.name]
    ingest("aihub", labels, tmp_path / "out", face=dict(truth.face))
    for file in labels:
        file.unlink()
    raws, face = truth.raws(tmp_path / "raw"), dict(truth.face)
    before = sorted(tmp_path.rglob("*"))
    assert estimate("aihub", raws, tmp_path / "out", face=face).images == truth.rows
    assert sorted(tmp_path.rglob("*")) == before
    with pytest.raises(FerError, match="along with it, or before it"):
        estimate("aihub", raws, face=face)


def test_files_without_a_byte_take_no_time_to_read(tmp_path) -> None:
    for n in range(3):
        put(tmp_path, f"raw/happiness/{n}.png", b"")
    found = estimate("imagefolder", [tmp_path / "raw"])
    assert (found.images, found.bytes_in, found.hours_reading, found.faces) == (3, 0, 0, 0)


def test_a_few_images_among_many_rows_without_one_tell_how_fast_reading_is(tmp_path) -> None:
    put(tmp_path, "mine.py", MINE.encode())
    put(tmp_path, "raw/a.bin", bytes(1000))
    source, face = str(tmp_path / "mine.py"), {"size": 16, "channels": 3}
    found = estimate(source, [tmp_path / "raw"], face=face)
    assert found.rate_in > 0 and found.hours_reading > 0
    assert (found.images, found.bytes_out) == (1, 16 * 16 * 3)
