"""RaFD: what each part of a name says."""

import pytest

from fertools.fakes._files import put
from fertools.roots import Root
from fertools.sources import rafd
from tests.made import frame_of


@pytest.mark.parametrize(
    ("name", "label", "subject", "sequence", "who", "camera"),
    [
        (
            "Rafd090_28_Caucasian_male_angry_frontal.jpg",
            "angry", "28", "28_angry_frontal", ("male", "adult", "Caucasian"), (90, "frontal"),
        ),
        (
            "Rafd000_72_Moroccan_male_contemptuous_left.JPG",
            "contemptuous", "72", "72_contemptuous_left", ("male", "adult", "Moroccan"),
            (0, "left"),
        ),
        (
            "rafd180_01_kid_female_surprised_right.png",
            "surprised", "01", "01_surprised_right", ("female", "child", "Caucasian"),
            (180, "right"),
        ),
    ],
)  # fmt: skip
def test_names(tmp_path, name, label, subject, sequence, who, camera):
    frame = frame_of(rafd, tmp_path, name)
    assert (frame.key, frame.raw_label) == (name.split(".")[0].lower(), label)
    assert (frame.subject, frame.sequence) == (f"rafd:{subject}", sequence)
    assert (frame.gender, frame.age, frame.race) == who
    assert (frame.extra["angle"], frame.extra["gaze"]) == camera


def test_the_cameras_of_a_moment_are_one_sequence(tmp_path):
    for angle in ("000", "045", "090", "135", "180"):
        put(tmp_path, f"Rafd{angle}_05_Kid_male_sad_left.jpg", b"x")
    put(tmp_path, "Rafd090_05_Kid_male_sad_right.jpg", b"x")
    frames = [frame for unit in rafd.units(Root(tmp_path)) for frame in rafd.read(unit)]
    assert len(rafd.units(Root(tmp_path))) == 5
    assert sorted(frame.sequence for frame in frames) == ["05_sad_left"] * 5 + ["05_sad_right"]


@pytest.mark.parametrize(
    "name",
    [
        "Rafd090_28_Caucasian_male_angry.jpg",
        "Rafd091_28_Caucasian_male_angry_frontal.jpg",
        "Rafd090_28_Caucasian_male_angry_frontal_gray.jpg",
        "Rafd090_28_Asian_male_angry_frontal.jpg",
        "Rafd090_28_Caucasian_male_anger_frontal.jpg",
    ],
)
def test_other_names(tmp_path, name):
    assert frame_of(rafd, tmp_path, name).status == "unknown_name"
    assert not rafd.matches(Root(tmp_path))
