"""CK+: which frames become rows, whose label they carry, and what is said of the rest."""

import shutil
from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from fertools.errors import FerError
from fertools.fakes import ck48 as fake48
from fertools.fakes import ckplus as fake
from fertools.fakes._files import put
from fertools.image.align import similarity
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import ck48, ckplus
from tests.made import ingester

FACE = {"size": 32}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A variant of the fake, ingested once with some options: folder, truth, result, table."""
    return ingester(tmp_path_factory, fake, FACE)


@pytest.mark.parametrize("variant", fake.VARIANTS)
def test_the_last_three_frames_of_every_labelled_sequence(variant, done):
    _, truth, result, table = done(variant)
    assert result.statuses == dict(truth.statuses)
    rows = table.to_pylist()
    good = [row for row in rows if row["status"] == "ok"]
    assert Counter(row["raw_label"] for row in good) == dict(truth.labels)
    assert Counter(row["native_label"] for row in good) == dict(truth.words)
    assert {row["sequence"] for row in good} == truth.sequences
    assert {row["subject"] for row in good} == {f"ckplus:{who}" for who in truth.subjects}
    frames = {}
    for row in rows:
        frames.setdefault(row["sequence"], []).append(row["frame"])
    assert all(np.diff(numbers).tolist() == [1, 1] for numbers in frames.values())
    assert len(frames) == truth.counts["labelled"]


@pytest.mark.parametrize("variant", ["nested", "zips"])
def test_layouts_differ_in_path_only(variant, done):
    table, plain = done(variant)[3], done("official")[3]
    apart = ["path", "detail"]
    assert table.drop_columns(apart).equals(plain.drop_columns(apart))


def test_what_is_not_read_is_counted(done):
    _, truth, result, _ = done("official")
    said = dict(note.rsplit(": ", 1) for note in result.notes)
    rest = int(said["earlier images of the sequences, not asked for"])
    (silent,) = (text for text in said if text.startswith("sequences without an emotion"))
    assert int(said[silent]) == truth.counts["unlabelled"]
    unread = int(silent.split("(")[1].split()[0])
    assert rest + unread + result.rows == truth.counts["frames"]


def test_the_first_frame_is_neutral_when_asked_for(done):
    _, truth, result, table = done("official", neutral_first=True)
    first = [row for row in table.to_pylist() if row["raw_label"] == "0"]
    assert len(first) == truth.counts["neutral_first"]
    assert {row["native_label"] for row in first} == {"neutral"}
    assert {row["frame"] for row in first} == {1}
    assert result.rows == truth.rows + len(first)


def test_a_short_sequence_keeps_its_label_on_all_frames(done):
    """The first of three is not neutral as well when all three are asked for."""
    _, _, result, table = done("official", frames=50, neutral_first=True)
    assert not any("not asked for" in note for note in result.notes)
    assert "0" not in table["raw_label"].to_pylist()


def test_landmarks_box_and_action_units(done):
    rows = [row for row in done("official")[3].to_pylist() if row["status"] == "ok"]
    assert {len(row["landmarks"]) for row in rows} == {136}
    assert {row["box_source"] for row in rows} == {"annotation"}
    for row in rows:
        points = np.reshape(row["landmarks"], (68, 2))
        box = [row[f"box_{edge}"] for edge in ("x0", "y0", "x1", "y1")]
        assert np.allclose([*points.min(axis=0), *points.max(axis=0)], box)
    peaks = {}
    for row in rows:
        peaks[row["sequence"]] = max(peaks.get(row["sequence"], 0), row["frame"])
    coded = {row["sequence"]: row["action_units"] for row in rows if row["action_units"]}
    assert coded.keys() == peaks.keys()  # the file with a slip in its name among them
    assert all(
        (row["action_units"] is not None) == (row["frame"] == peaks[row["sequence"]])
        for row in rows
    )
    happy = next(row["sequence"] for row in rows if row["native_label"] == "happiness")
    assert coded[happy] == "6:3 12:3 25:3"


def test_aligned_by_68_landmarks_the_eyes_are_level(done, tmp_path):
    place, truth, *_ = done("official")
    ingest("ckplus", truth.raws(place), tmp_path, face={"size": 64, "align": True})
    for row in read_manifest(tmp_path).table.to_pylist():
        if row["status"] != "ok":
            continue
        points = np.reshape(row["landmarks"], (68, 2))
        matrix = similarity(points, 64, 0.15)
        eyes = [points[part].mean(axis=0) for part in (slice(36, 42), slice(42, 48))]
        level = [matrix[1, :2] @ eye + matrix[1, 2] for eye in eyes]
        assert abs(level[0] - level[1]) < 1e-3
        face = np.load(tmp_path / row["shard"])[row["row"]].astype(float)
        at = [matrix[:, :2] @ eye + matrix[:, 2] for eye in eyes]
        for x, y in at:  # an eye is dark
            eye = face[round(y) - 1 : round(y) + 2, round(x) - 2 : round(x) + 3]
            assert eye.min() < 0.6 * np.median(face)


def test_archives_may_be_given_one_by_one(done, tmp_path):
    place, truth, _, table = done("zips")
    raws = sorted((place / "CK+").iterdir(), reverse=True)
    assert len(raws) == 4
    result = ingest("ckplus", raws, tmp_path, face=FACE)
    assert result.statuses == dict(truth.statuses)
    assert read_manifest(tmp_path).table.equals(table)


def test_labels_without_images_and_images_without_labels_are_refused(done, tmp_path):
    place, *_ = done("zips")
    images = place / "CK+" / "extended-cohn-kanade-images.zip"
    with pytest.raises(FerError, match=r"extended.*no sequence has an emotion; give Emotion_lab"):
        ingest("ckplus", [images], tmp_path / "one")
    with pytest.raises(FerError, match=r"Emotion_labels.zip: labels without images"):
        ingest("ckplus", [place / "CK+" / "Emotion_labels.zip"], tmp_path / "two")


def test_an_emotion_whose_images_are_gone_is_a_row(done, tmp_path):
    place, truth, *_ = done("official")
    raw = shutil.copytree(place / "CK+", tmp_path / "CK+")
    name = sorted(truth.sequences)[-1]
    shutil.rmtree(raw / "cohn-kanade-images" / name[:4] / name[5:])
    put(raw, "Emotion/S998/001/S998_001_00000009_emotion.txt", b"")  # says nothing
    put(raw, "cohn-kanade-images/S010/notes.png", b"x")
    result = ingest("ckplus", [raw], tmp_path / "out", face=FACE)
    want = {**truth.statuses, "ok": truth.ok - 3, "missing": 1, "unknown_name": 1}
    assert result.statuses == want
    gone = [r for r in read_manifest(tmp_path / "out").table.to_pylist() if r["sequence"] == name]
    assert [(row["status"], row["frame"]) for row in gone] == [("missing", None)]


def test_images_that_are_there_twice_are_counted(done, tmp_path):
    place, truth, *_ = done("official")
    raw = shutil.copytree(place / "CK+", tmp_path / "CK+")
    shutil.copytree(raw / "cohn-kanade-images/S010/001", raw / "copy/S010/001")
    result = ingest("ckplus", [raw], tmp_path / "out", face=FACE)
    assert result.statuses == dict(truth.statuses)
    copies = len(list((raw / "copy/S010/001").iterdir()))
    assert f"images that are there twice, read once: {copies}" in result.notes


def test_what_was_found_last_of_a_sequence_stands():
    columns = {"images": [3, 5, 4], "label": [None, "3", "3"], "copies": [0, 0, 0]}
    table = pa.table({"key": ["S010_001", "S011_001", "S010_001"], **columns})
    assert ckplus.unite(table).to_pylist() == [
        {"key": "S010_001", "images": 4, "label": "3", "copies": 0},
        {"key": "S011_001", "images": 5, "label": "3", "copies": 0},
    ]


def test_the_set_and_its_extract_are_told_apart_and_share_people(done, tmp_path):
    place, truth, *_ = done("official")
    other = fake48.write(tmp_path, people=4)
    assert not ck48.matches(Root(truth.raws(place)[0]))
    assert not ckplus.matches(Root(other.raws(tmp_path)[0]))
    assert ck48.POPULATION == ckplus.POPULATION
    assert truth.subjects == other.subjects


@pytest.mark.parametrize("frames", [0, -1])
def test_some_frame_must_be_asked_for(done, frames, tmp_path):
    place, truth, *_ = done("official")
    with pytest.raises(FerError, match="at least 1 of each sequence"):
        ingest("ckplus", truth.raws(place), tmp_path / "x", options={"frames": frames})


def unpacked(place, tmp_path, keep, **options):
    """One labelled sequence of which the frames `keep` are on the disk: its rows, by frame."""
    raw = shutil.copytree(place / "CK+", tmp_path / "CK+")
    takes = sorted((raw / "Emotion").rglob("*_emotion.txt"))
    name = next(file.name[:8] for file in takes if file.read_text().strip())
    images = sorted((raw / "cohn-kanade-images" / name[:4] / name[5:]).glob("*.png"))
    peak = len(images)
    for number, image in enumerate(images, start=1):
        if not keep(number, peak):
            image.unlink()
    units = ckplus.units(Root(raw, ckplus.Options(**options)))
    rows = [frame for unit in units for frame in ckplus.read(unit) if frame.sequence == name]
    return {int(row.key.rpartition("_")[2]): row for row in rows}, peak


@pytest.mark.parametrize("gone", [1, 2, 3])
def test_a_sequence_without_its_peak_lends_the_label_to_no_other_frame(done, tmp_path, gone):
    rows, peak = unpacked(done("official")[0], tmp_path, lambda n, peak: n <= peak - gone)
    assert rows.keys() == {peak}
    (row,) = rows.values()
    assert (row.status, row.image, row.landmarks) == ("missing", None, None)
    assert row.detail.endswith(f"the peak, frame {peak}, is not there")


@pytest.mark.parametrize("last", [False, True])
def test_neutral_is_the_frame_1_or_missing(done, tmp_path, last):
    """Of a sequence whose beginning is not unpacked, a later frame is not called neutral."""
    place = done("official")[0]
    rows, peak = unpacked(place, tmp_path, lambda n, peak: (n == 1) != last, neutral_first=True)
    assert rows[1].raw_label == "0"
    assert [rows[1].status, rows[peak].status] == (["missing", "ok"] if last else ["ok", "missing"])
    if last:
        assert rows[1].detail.endswith("the first, frame 1, is not there")
        assert rows.keys() == {1, peak - 2, peak - 1, peak}


def test_a_gap_in_a_sequence_is_counted(done, tmp_path):
    place, truth, *_ = done("official")
    raw = shutil.copytree(place / "CK+", tmp_path / "CK+")
    name = sorted(truth.sequences)[-1]
    frames = sorted((raw / "cohn-kanade-images" / name[:4] / name[5:]).iterdir())
    frames[-2].unlink()  # an earlier frame takes its place, with the peak's label
    result = ingest("ckplus", [raw], tmp_path / "out", face=FACE)
    said = "images that lack between the first and the last of their sequence: 1"
    assert said in result.notes and said not in done("official")[2].notes


def sequence(folder, emotions, points=None):
    """One sequence of the frames 9 to 11, with an emotion's file for some: its rows."""
    for n in (9, 10, 11):
        put(folder, f"cohn-kanade-images/S005/001/S005_001_{n:08d}.png", b"x")
    for n, code in emotions.items():
        text = f"   {code:.7e}\n"
        put(folder, f"Emotion/S005/001/S005_001_{n:08d}_emotion.txt", text.encode())
    if points is not None:
        put(folder, "Landmarks/S005/001/S005_001_00000011_landmarks.txt", points.encode())
    return [row for unit in ckplus.units(Root(folder)) for row in ckplus.read(unit)]


def test_of_two_emotions_the_later_frame_is_the_peak(tmp_path):
    rows = sequence(tmp_path, {10: 3, 11: 5})
    assert [(row.frame, row.raw_label) for row in rows] == [(9, "5"), (10, "5"), (11, "5")]


def test_of_two_files_of_an_emotion_none_is_passed_over(tmp_path):
    """An empty one hides no other, a copy is one, and two that differ are named."""
    put(tmp_path, "A/S005/001/S005_001_00000011_emotion.txt", b"")
    assert [row.raw_label for row in sequence(tmp_path, {11: 5})] == ["5", "5", "5"]
    put(tmp_path, "A/S005/001/S005_001_00000011_emotion.txt", b"5.0")
    assert [row.raw_label for row in sequence(tmp_path, {11: 5})] == ["5", "5", "5"]
    put(tmp_path, "A/S005/001/S005_001_00000011_emotion.txt", b"3.0")
    with pytest.raises(FerError, match=r"A/S005/001/S0.* says 3, .*Emotion/S0.* says 5; take"):
        sequence(tmp_path, {11: 5})


@pytest.mark.parametrize("words", ["1 2 " * 67, "1 2 " * 69, "1 2 " * 67 + "nan 2", "1 2 " * 68])
def test_landmarks_are_68_points(tmp_path, words):
    peak = sequence(tmp_path, {11: 1}, words)[-1]
    good = words == "1 2 " * 68
    assert (peak.landmarks is not None, peak.box) == (good, (1, 2, 1, 2) if good else None)


def test_a_subject_of_the_extract_is_one_in_either_case(tmp_path):
    for name in ("Happy/S005_001_00000011.png", "fear/s005_002_00000009.PNG"):
        put(tmp_path, name, b"x")
    rows = [row for unit in ck48.units(Root(tmp_path)) for row in ck48.read(unit)]
    assert [(row.raw_label, row.subject, row.sequence, row.frame) for row in rows] == [
        ("fear", "ckplus:S005", "S005_002", 9),
        ("happy", "ckplus:S005", "S005_001", 11),
    ]
