"""FACES: a letter means another thing in each place of a name."""

import pytest

from fertools.roots import Root
from fertools.sources import mpifaces
from tests.made import frame_of


@pytest.mark.parametrize(
    ("name", "word", "subject", "age", "gender", "taken"),
    [
        ("140_y_f_a_b.jpg", "anger", "140", "young", "female", "b"),
        ("116_m_m_f_a.jpg", "fear", "116", "middle-aged", "male", "a"),
        ("004_o_m_n_a.JPG", "neutral", "004", "older", "male", "a"),
        ("079_O_F_S_B.png", "sadness", "079", "older", "female", "b"),
        ("022_y_f_d_b.jpg", "disgust", "022", "young", "female", "b"),
        ("168_m_f_h_a.jpg", "happiness", "168", "middle-aged", "female", "a"),
    ],
)
def test_names(tmp_path, name, word, subject, age, gender, taken):
    frame = frame_of(mpifaces, tmp_path, name)
    assert frame.key == name.split(".")[0].lower()
    assert mpifaces.LABELS[frame.raw_label] == word
    assert (frame.subject, frame.age, frame.gender) == (f"mpifaces:{subject}", age, gender)
    assert frame.extra == {"set": taken}


@pytest.mark.parametrize("name", ["140_y_f_a.jpg", "14_y_f_a_b.jpg", "140_y_f_c_b.jpg", "a.jpg"])
def test_other_names(tmp_path, name):
    assert frame_of(mpifaces, tmp_path, name).status == "unknown_name"
    assert not mpifaces.matches(Root(tmp_path))
