"""KDEF: every letter of a name by its place."""

import pytest

from fertools.roots import Root
from fertools.sources import kdef
from tests.made import frame_of


@pytest.mark.parametrize(
    ("name", "word", "subject", "gender", "series", "view"),
    [
        ("AF01ANS.JPG", "anger", "F01", "female", "A", "straight"),
        ("AF01AFS.JPG", "fear", "F01", "female", "A", "straight"),  # afraid, and a woman
        ("AM10AFHL.jpg", "fear", "M10", "male", "A", "half left"),
        ("BF35SAS.jpeg", "sadness", "F35", "female", "B", "straight"),
        ("BM07SUFR.JPG", "surprise", "M07", "male", "B", "full right"),
        ("BF02DIFL.JPG", "disgust", "F02", "female", "B", "full left"),
        ("AM03HAHR.JPG", "happiness", "M03", "male", "A", "half right"),
        ("AM04NES.JPG", "neutral", "M04", "male", "A", "straight"),
        ("AF31V.JPG", "sadness", "F31", "female", "A", "half left"),
        ("AM31H.JPG", "surprise", "M31", "male", "A", "half right"),
    ],
)
def test_names(tmp_path, name, word, subject, gender, series, view):
    frame = frame_of(kdef, tmp_path, name)
    assert kdef.LABELS[frame.raw_label] == word
    assert frame.subject == f"kdef:{subject}" and frame.gender == gender
    assert frame.extra == {"series": series, "view": view}
    assert frame.key == name.split(".")[0]


def test_a_name_in_small_letters_is_the_same_picture(tmp_path):
    frame = frame_of(kdef, tmp_path, "am31h.jpg")
    assert (frame.key, frame.raw_label, frame.subject) == ("AM31H", "SU", "kdef:M31")


@pytest.mark.parametrize("name", ["CF01ANS.JPG", "AF1ANS.JPG", "AF01ANX.JPG", "AF01.JPG", "a.jpg"])
def test_other_names(tmp_path, name):
    assert frame_of(kdef, tmp_path, name).status == "unknown_name"
    assert not kdef.matches(Root(tmp_path))
