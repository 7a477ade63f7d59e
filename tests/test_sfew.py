"""SFEW: parts and classes by their folders, films by their names."""

import pytest

from fertools.errors import FerError
from fertools.fakes import sfew as fake
from fertools.fakes._face import draw, person
from fertools.fakes._files import png, put
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import sfew
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping

STILL = "Airheads_000519240_00000005.png"


def frames(root, **options):
    units = sfew.units(Root(root, sfew.Options(**options)))
    return [frame for unit in units for frame in sfew.read(unit)]


@pytest.mark.parametrize(
    ("folder", "part", "label"),
    [
        ("Train/Train_Aligned_Faces/Angry", "train", "Angry"),
        ("SFEW 2.0/images/Train_Aligned_Faces/angry", "train", "Angry"),
        ("Val/Val_Aligned_Faces_new/Val_Aligned_Faces/Sad", "val", "Sad"),
        ("Val/Happy", "val", "Happy"),
        ("Test/Test_Aligned_Faces", "test", None),
        ("Test_Aligned_Faces/Test", "test", None),
    ],
)
def test_folders(tmp_path, folder, part, label):
    put(tmp_path, f"{folder}/{STILL}", b"x")
    (frame,) = frames(tmp_path)
    assert (frame.official_split, frame.raw_label) == (part, label)
    assert (frame.sequence, frame.frame) == ("Airheads", 5)
    assert frame.extra == {"milliseconds": 519240}
    assert frame.key == f"{part}/{label or 'unlabelled'}/{STILL}"


def test_the_innermost_part_counts(tmp_path):
    put(tmp_path, f"test/SFEW/Train/Angry/{STILL}", b"x")
    put(tmp_path, f"test/SFEW/Val/Sad/{STILL}", b"x")
    assert sorted(frame.official_split for frame in frames(tmp_path)) == ["train", "val"]


def test_a_folder_far_above_names_no_part(tmp_path):
    """Of the folders above `test/raw` none is asked, of those above a class two."""
    put(tmp_path, f"test/raw/Train/Train_Aligned_Faces/Angry/{STILL}", b"x")
    put(tmp_path, f"test/raw/Held out/Sad/{STILL}", b"x")
    raw = tmp_path / "test/raw"
    found = {
        frame.path.split("/")[0]: (frame.status, frame.official_split) for frame in frames(raw)
    }
    assert found == {"Held out": ("unknown_name", None), "Train": ("ok", "train")}
    (frame,) = frames(raw / "Train/Train_Aligned_Faces/Angry")
    assert (frame.official_split, frame.raw_label) == ("train", "Angry")
    assert not sfew.matches(Root(raw / "Held out"))


@pytest.mark.parametrize("part", ["Train", "Val"])
def test_a_class_is_missed_where_there_must_be_one(tmp_path, part):
    put(tmp_path, f"{part}/{part}_Aligned_Faces/{STILL}", b"x")
    assert [frame.status for frame in frames(tmp_path)] == ["unknown_name"]


def test_stills_on_request(tmp_path):
    fake.write(tmp_path, people=2)
    assert all("Aligned" in frame.path for frame in frames(tmp_path / "SFEW 2.0"))
    (still,) = frames(tmp_path / "SFEW 2.0", images="original")
    assert still.path == "Train/Angry/Airheads_000000040_00000001.png"
    with pytest.raises(FerError, match="images 'all': known are aligned, auto, original"):
        frames(tmp_path / "SFEW 2.0", images="all")


def test_each_part_has_its_own_kind_and_a_note_counts_the_stills(tmp_path):
    """Aligned faces in train, stills alone in val: nothing is lost, and the notes say what is."""
    for folder in ("Train/Train_Aligned_Faces/Angry", "Train/Angry", "Train/Sad", "Val/Happy"):
        put(tmp_path, f"raw/{folder}/{STILL}", png(draw(person(1), "anger", size=32)))
    found = [frame.path.rpartition("/")[0] for frame in frames(tmp_path / "raw")]
    assert found == ["Train/Train_Aligned_Faces/Angry", "Val/Happy"]
    root = Root(tmp_path / "raw")
    assert sfew.defaults([root])["faces"] == "auto"  # a still is no face
    face = {"faces": "as-is", "size": 16}
    done = ingest("sfew", [tmp_path / "raw"], tmp_path / "out", face=face)
    assert done.statuses == {"ok": 2}
    assert done.notes == [
        "stills not read, for their part has aligned faces: train 2",
        "aligned faces in train, whole stills in val: parts that are unlike; --images original "
        "--force reads stills in all",
    ]
    stills = ingest("sfew", [tmp_path / "raw"], tmp_path / "stills", face=face,
                    options={"images": "original"})  # fmt: skip
    assert stills.statuses == {"ok": 3} and stills.notes == []
    for folder in ("Train/Angry", "Train/Sad"):
        (tmp_path / "raw" / folder / STILL).unlink()
    bare = ingest("sfew", [tmp_path / "raw"], tmp_path / "bare", face=face)
    assert bare.notes == ["aligned faces in train, whole stills in val: parts that are unlike"]


def test_films_can_be_kept_together(tmp_path):
    truth = fake.write(tmp_path, people=4, traps=False)
    face = {"faces": "as-is", "size": 16}
    ingest("sfew", truth.raws(tmp_path), tmp_path / "out", face=face)
    options = SplitOptions(ratios=(1.0, 1.0, 1.0), grouping=Grouping(group="sequence"))
    out = split([tmp_path / "out"], tmp_path / "m.parquet", options).out
    parts = {}
    for row in read_manifest(out).table.to_pylist():
        if row["split"]:
            parts.setdefault(row["sequence"], set()).add(row["split"])
    assert len(parts) == 3 and all(len(found) == 1 for found in parts.values())


@pytest.mark.parametrize("folder", ["SFEW_Val", "SFEW 2.0 Val", "sfew_val_aligned_faces"])
def test_a_part_may_bear_the_name_of_the_set(tmp_path, folder):
    put(tmp_path, f"Train/Angry/{STILL}", b"x")
    put(tmp_path, f"{folder}/Angry/{STILL}", b"x")
    assert sorted(frame.official_split for frame in frames(tmp_path)) == ["train", "val"]


def test_a_picture_in_no_part_is_a_row(tmp_path):
    put(tmp_path, f"Train/Angry/{STILL}", b"x")
    put(tmp_path, f"Held out/Angry/{STILL}", b"x")
    found = {frame.path: frame.status for frame in frames(tmp_path)}
    assert found == {f"Held out/Angry/{STILL}": "unknown_name", f"Train/Angry/{STILL}": "ok"}
