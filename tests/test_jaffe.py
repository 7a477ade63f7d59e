"""JAFFE: names with and without a take, ratings by the table's own names."""

import pytest

from fertools.errors import FerError
from fertools.fakes import jaffe as fake
from fertools.fakes._files import put
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import jaffe


def frames(root):
    return [frame for unit in jaffe.units(Root(root)) for frame in jaffe.read(unit)]


@pytest.mark.parametrize(
    ("name", "label", "subject"),
    [
        ("KA.AN1.39.tiff", "AN", "KA"),
        ("KA.AN.39.tiff", "AN", "KA"),
        ("ka.fe12.9.tif", "FE", "KA"),
        ("NA.SU1.79.b.tiff", "SU", "NA"),
        ("NA.SU1.79.tiff.png", "SU", "NA"),
        ("NA.XX1.79.tiff", None, None),
        ("NA.SU1.tiff", None, None),
        ("NAN.SU1.79.tiff", None, None),
    ],
)
def test_names(tmp_path, name, label, subject):
    put(tmp_path, name, b"x")
    put(tmp_path, "KM.NE1.1.tiff", b"x")  # a folder of JAFFE, whatever the other is
    (frame,) = [frame for frame in frames(tmp_path) if frame.path == name]
    assert frame.raw_label == label
    assert frame.subject == (subject and f"jaffe:{subject}")
    assert (frame.status == "ok") == (label is not None)


@pytest.mark.parametrize(
    "line",
    [
        "1 2.87 2.52 2.10 1.97 1.97 2.06 KM-NE1",
        "1,2.87,2.52,2.10,1.97,1.97,2.06,KM-NE1",
        "  1\t2.87\t2.52\t2.10\t1.97\t1.97\t2.06\tkm-ne1  ",
    ],
)
def test_ratings_stand_in_the_order_of_the_table(tmp_path, line):
    put(tmp_path, "KM.NE1.1.tiff", b"x")
    put(tmp_path, "README_FIRST.txt", f"# HAP SAD SUR ANG DIS FEA PIC\n{line}\n".encode())
    (frame,) = frames(tmp_path)
    assert frame.extra == {
        "rating_happiness": 2.87,
        "rating_sadness": 2.52,
        "rating_surprise": 2.10,
        "rating_anger": 1.97,
        "rating_disgust": 1.97,
        "rating_fear": 2.06,
    }


def test_ratings_belong_to_one_take(tmp_path):
    for name in ("KM.NE1.1", "KM.NE3.3", "KM.NE.9", "KA.NE3.5"):
        put(tmp_path, f"{name}.tiff", b"x")
    put(tmp_path, "ratings.csv", b"1 1 1 1 1 1 1 KM-NE1\n3,3,3,3,3,3,3,KM-NE3\n")
    means = {frame.key: frame.extra.get("rating_fear") for frame in frames(tmp_path)}
    assert means == {"KM.NE1.1": 1, "KM.NE3.3": 3, "KM.NE.9": None, "KA.NE3.5": None}


def test_tables_that_disagree_on_a_picture_are_named(tmp_path):
    put(tmp_path, "KM.NE1.1.tiff", b"x")
    for name, mean in (("a.txt", 2), ("b.txt", 2.0), ("c.csv", 2.5)):
        assert name != "c.csv" or frames(tmp_path)[0].extra["rating_happiness"] == 2
        put(tmp_path, name, f"1 {mean} 2 2 2 2 2 KM-NE1\n".encode())
    with pytest.raises(
        FerError, match=r"/c\.csv: KM-NE1 has 2\.5 2 .* here and 2\.0 2\.0 .* before"
    ):
        frames(tmp_path)


def test_what_was_posed_is_rated_highest_in_the_drawn_set(tmp_path):
    truth = fake.write(tmp_path, people=4)
    face = {"faces": "as-is", "size": 32}
    ingest("jaffe", truth.raws(tmp_path), tmp_path / "out", face=face)
    rows = read_manifest(tmp_path / "out").table.to_pylist()
    rated = [row for row in rows if row["rating_fear"] is not None]
    assert len(rated) == truth.counts["rated"]
    for row in rated:
        best = max(jaffe.RATED, key=lambda word: row[f"rating_{word}"])
        assert row["native_label"] in (best, "neutral")
    assert {row["gender"] for row in rows if row["status"] == "ok"} == {"female"}
