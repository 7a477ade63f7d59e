"""NimStim: two letters for the expression, one for the mouth."""

import pytest

from fertools.roots import Root
from fertools.sources import nimstim
from tests.made import frame_of


@pytest.mark.parametrize(
    ("name", "label", "word", "subject", "gender", "mouth"),
    [
        ("01F_AN_C.BMP", "AN", "anger", "01F", "female", "closed"),
        ("01f_an_o.jpeg", "AN", "anger", "01F", "female", "open"),
        ("36M_HA_X.bmp", "HA", "happiness", "36M", "male", "exuberant"),
        ("08F_SP_O.jpg", "SP", "surprise", "08F", "female", "open"),
        ("20M_SA_C.png", "SA", "sadness", "20M", "male", "closed"),
        ("20M_CA_C.png", "CA", "neutral", "20M", "male", "closed"),
    ],
)
def test_names(tmp_path, name, label, word, subject, gender, mouth):
    frame = frame_of(nimstim, tmp_path, name)
    assert frame.key == name.split(".")[0].upper()
    assert (frame.raw_label, nimstim.LABELS[frame.raw_label]) == (label, word)
    assert (frame.subject, frame.gender) == (f"nimstim:{subject}", gender)
    assert frame.extra == {"mouth": mouth}


@pytest.mark.parametrize("name", ["01F_AN.BMP", "01X_AN_C.BMP", "01F_SU_C.BMP", "01F_AN_C_2.BMP"])
def test_other_names(tmp_path, name):
    assert frame_of(nimstim, tmp_path, name).status == "unknown_name"
    assert not nimstim.matches(Root(tmp_path))
