"""Oulu-CASIA: which frames of which condition become rows."""

from collections import Counter

import pytest

from fertools.curate import curate
from fertools.errors import FerError
from fertools.fakes import oulucasia as fake
from fertools.fakes._face import draw, person
from fertools.fakes._files import png, put
from fertools.ingest import ingest
from fertools.ingest.verify import verify
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import oulucasia
from fertools.sources.oulucasia import Options

FACE = {"faces": "as-is", "size": 16}


@pytest.fixture(scope="module")
def raw(tmp_path_factory):
    place = tmp_path_factory.mktemp("oulu")
    return place, fake.write(place, people=3)


def frames(root, **options):
    units = oulucasia.units(Root(root, Options(**options)))
    return [frame for unit in units for frame in oulucasia.read(unit)]


def test_a_note_counts_what_is_not_read(raw, tmp_path):
    place, truth = raw
    result = ingest("oulucasia", truth.raws(place), tmp_path, face=FACE)
    left = truth.counts["left"]
    assert result.notes == [f"earlier images of the sequences, not asked for: {left}"]
    rows = read_manifest(tmp_path).table.to_pylist()
    assert Counter(row["condition"] for row in rows).keys() == {"VL/Strong", "NI/Weak"}
    last = {}
    for row in rows:
        last.setdefault(row["sequence"], []).append(row["frame"])
    assert all(max(numbers) - min(numbers) == len(numbers) - 1 for numbers in last.values())


def test_images_beyond_the_limit_are_told_as_such(raw, tmp_path):
    place, truth = raw
    whole = ingest("oulucasia", truth.raws(place), tmp_path / "all", face=FACE)
    result = ingest("oulucasia", truth.raws(place), tmp_path / "some", face=FACE, limit=3)
    said = {k: int(n) for k, n in (note.rsplit(": ", 1) for note in result.notes)}
    beyond = said["images of sequences that --limit left out"]
    (earlier,) = (n for text, n in said.items() if text.startswith("earlier images"))
    assert result.rows == 3 and beyond > earlier
    assert 3 + beyond + earlier == whole.rows + truth.counts["left"]


def test_one_condition_and_the_first_as_neutral(raw):
    place, _ = raw
    found = frames(place / "Oulu", condition="VL/Strong", frames=1, neutral_first=True)
    assert {frame.extra["condition"] for frame in found} == {"VL/Strong"}
    labels = Counter(frame.raw_label for frame in found)
    assert labels["Neutral"] == 3 and sum(labels.values()) == 6
    assert {frame.frame for frame in found if frame.raw_label == "Neutral"} == {0}


def test_a_folder_of_one_condition_may_be_the_root(raw):
    place, _ = raw
    found = frames(place / "Oulu/OriginalImg/NI/Weak")
    assert {frame.sequence.rsplit("_", 2)[0] for frame in found} == {"NI_Weak"}


def test_cropped_faces_go_first_and_originals_on_request(tmp_path):
    fake.write(tmp_path, people=2, variant="cropped")
    root = Root(tmp_path / "Oulu")
    assert oulucasia.defaults([root])["faces"] == "as-is"
    assert all("_Acropped/" in frame.path for frame in frames(tmp_path / "Oulu"))
    (only,) = frames(tmp_path / "Oulu", images="original")
    assert only.path == "OriginalImg/VL/Strong/P001/Anger/000.jpeg"


def test_each_camera_and_light_has_its_own_kind_and_a_note_counts_the_rest(tmp_path):
    """Cropped faces of one camera and light do not drop the originals of the others."""
    image = png(draw(person(1), "anger", size=32))
    for place in ("VL_Acropped/Strong", "VL/Strong", "VL/Weak", "NI/Strong"):
        put(tmp_path, f"raw/{place}/P001/Anger/000.jpeg", image)
    put(tmp_path, "raw/VL/Strong/P002/Anger/000.jpeg", image)  # whose face was not cropped
    found = [frame.path.split("/P0")[0] for frame in frames(tmp_path / "raw")]
    assert sorted(found) == ["NI/Strong", "VL/Weak", "VL_Acropped/Strong"]
    done = ingest("oulucasia", [tmp_path / "raw"], tmp_path / "out", face=FACE)
    assert done.statuses == {"ok": 3}
    assert done.notes == ["originals not read, for their camera and light has cropped ones: 2"]

    def default(condition):
        options = Options(condition=condition)
        return oulucasia.defaults([Root(tmp_path / "raw", options)])["faces"]

    assert (default("VL/Strong"), default("all")) == ("as-is", "auto")


def test_records_may_change_without_a_row_and_a_curation_stays(tmp_path):
    """A frame that nobody asked for is gone: the card speaks of the records as they are."""
    truth = fake.write(tmp_path / "raw", people=2)
    arguments = "oulucasia", truth.raws(tmp_path / "raw"), tmp_path / "out"
    ingest(*arguments, face=FACE)
    curate(tmp_path / "out", ["quality"])
    (tmp_path / "raw/Oulu/OriginalImg/VL/Strong/P001/Anger/000.jpeg").unlink()
    ingest(*arguments, face=FACE)
    assert verify(tmp_path / "out") == []
    assert "curation" in read_manifest(tmp_path / "out").facts


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"condition": "VL/Bright"}, "condition 'VL/Bright': known are NI/Dark, .*VL/Weak, all"),
        ({"condition": "VL/Dark"}, "in condition VL/Dark; there are original NI/Weak, "),
        ({"images": "small"}, "images 'small': known are auto, cropped, original"),
        ({"frames": 0}, "at least 1"),
    ],
)
def test_wrong_options(raw, options, says):
    with pytest.raises(FerError, match=says):
        frames(raw[0] / "Oulu", **options)


def test_several_conditions_and_cropped_ones_alone(tmp_path):
    for place in ("VL/Strong", "VL/Weak", "NI/Strong", "NI_Acropped/Strong"):
        put(tmp_path, f"{place}/P001/Anger/000.jpeg", b"x")

    def found(**options):
        return [frame.path.split("/P0")[0] for frame in frames(tmp_path, **options)]

    assert found(condition="VL/Strong,NI/Strong") == ["NI_Acropped/Strong", "VL/Strong"]
    assert found(images="cropped") == ["NI_Acropped/Strong"]


def test_the_only_frame_of_a_sequence_is_its_peak_not_neutral(tmp_path):
    put(tmp_path, "VL/Strong/P001/Anger/000.jpeg", b"x")
    assert [frame.raw_label for frame in frames(tmp_path, neutral_first=True)] == ["Anger"]


def test_a_place_without_a_light_is_read_as_well(tmp_path):
    put(tmp_path, "P001/Anger/000.jpeg", b"x")
    (frame,) = frames(tmp_path)
    assert frame.sequence == "P001_Anger" and frame.extra == {"condition": None}


def test_camera_and_light_may_be_one_folder(tmp_path):
    for folder in ("VL_Strong", "NI_Strong", "VL_Acropped_Weak"):
        put(tmp_path, f"{folder}/P001/Anger/000.jpeg", b"x")
    found = {frame.path.split("/")[0]: frame.extra["condition"] for frame in frames(tmp_path)}
    want = {"VL_Strong": "VL/Strong", "NI_Strong": "NI/Strong", "VL_Acropped_Weak": "VL/Weak"}
    assert found == want
    (only,) = frames(tmp_path, condition="NI/Strong")
    assert only.path == "NI_Strong/P001/Anger/000.jpeg"


def test_a_second_file_of_a_frame_is_a_row_with_a_reason(tmp_path):
    """Folders that say neither camera nor light: their frames cannot be told apart."""
    image = png(draw(person(1), "anger", size=32))
    for folder, number in (("first", 0), ("first", 1), ("other", 0), ("other", 1)):
        put(tmp_path, f"raw/{folder}/P001/Anger/{number:03d}.png", image)
    options = {"frames": 1}
    done = ingest("oulucasia", [tmp_path / "raw"], tmp_path / "out", options=options, face=FACE)
    assert done.statuses == {"ok": 1, "duplicate_id": 1}
    assert "earlier images of the sequences, not asked for: 2" in done.notes
    (lost,) = [r for r in read_manifest(done.out).table.to_pylist() if r["status"] != "ok"]
    assert "first/P001/Anger/001.png" in lost["detail"] and lost["path"].startswith("other/")
