"""ExpW: the box is top, left, right, bottom, and a photograph has several faces."""

import numpy as np
import pytest

from fertools.errors import FerError
from fertools.fakes import expw as fake
from fertools.fakes._files import png, put
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import expw

SMALL = png(np.zeros((40, 60), np.uint8))


def frames(root):
    return [frame for unit in expw.units(Root(root)) for frame in expw.read(unit)]


@pytest.mark.parametrize(
    ("sides", "box"),
    [
        ("28 113 226 141", (113.0, 28.0, 226.0, 141.0)),  # top left RIGHT bottom, as published
        ("-5 -3 226 141", (-3.0, -5.0, 226.0, 141.0)),  # a head at the edge
        ("28 226 113 141", None),
        ("141 113 226 28", None),
    ],
)
def test_the_order_of_the_sides(tmp_path, sides, box):
    put(tmp_path, "image/origin/angry_actor_104.jpg", SMALL)
    put(tmp_path, "label/label.lst", f"angry_actor_104.jpg 0 {sides} 22.9362 3\n".encode())
    (frame,) = frames(tmp_path)
    assert frame.box == box
    assert frame.key == "angry_actor_104.jpg/0" and frame.raw_label == "3"
    assert frame.extra == {"face": 0, "box_confidence": 22.9362}


@pytest.mark.parametrize(("text", "value"), [("1.2.3", None), ("1e999", None), ("-2.5e1", -25.0)])
def test_a_confidence_that_is_no_number_is_none(tmp_path, text, value):
    put(tmp_path, "image/origin/a_1.jpg", SMALL)
    put(tmp_path, "label/label.lst", f"a_1.jpg 0 1 2 30 40 {text} 3\n".encode())
    assert [frame.extra["box_confidence"] for frame in frames(tmp_path)] == [value]


def test_what_is_cut_out_is_the_face(tmp_path):
    """The drawn heads are brighter or darker than the wall; their middle is skin, not wall."""
    truth = fake.write(tmp_path, people=3, traps=False)
    ingest("expw", truth.raws(tmp_path), tmp_path / "out", face={"size": 32})
    for row in read_manifest(tmp_path / "out").table.to_pylist():
        wide, high = row["box_x1"] - row["box_x0"], row["box_y1"] - row["box_y0"]
        assert 0.5 < wide / high < 1.2 and row["box_y1"] <= row["height"] + 1
        assert row["sequence"] in row["id"]


def test_a_name_may_hold_blanks_and_a_line_that_is_none_is_named(tmp_path):
    put(tmp_path, "image/origin/a b.jpg", SMALL)
    put(tmp_path, "label/label.lst", b"a b.jpg 1 2 3 14 15 1e1 6\n\n")
    (frame,) = frames(tmp_path)
    assert frame.key == "a b.jpg/1" and frame.box == (3, 2, 14, 15) and frame.status == "ok"
    put(tmp_path, "label/label.lst", b"a b.jpg 1 2 3 14 15 1e1 6\n\na b.jpg 1 2 3\n")
    with pytest.raises(FerError, match=r"label\.lst, line 3: not name, face, box"):
        frames(tmp_path)
    put(tmp_path, "label/label.lst", b"name face top left\na b.jpg 1 2 3 14 15 1e1 6\n")
    with pytest.raises(FerError, match=r"label\.lst, line 1: not name, .*; mend it, or take"):
        frames(tmp_path)


def test_a_line_finds_its_photograph_in_either_case_and_sequence_is_the_photograph(tmp_path):
    put(tmp_path, "image/origin/ANGRY_actor_1.jpg", SMALL)
    put(tmp_path, "image/origin/sad_actor_2.jpg", SMALL)
    text = b"Angry_actor_1.JPG 0 2 3 14 15 1e1 6\nAngry_actor_1.JPG 1 2 30 40 15 2 0\n"
    put(tmp_path, "label/label.lst", text)
    assert [(f.key, f.status, f.raw_label, f.sequence) for f in frames(tmp_path)] == [
        ("Angry_actor_1.JPG/0", "ok", "6", "Angry_actor_1.JPG"),
        ("Angry_actor_1.JPG/1", "ok", "0", "Angry_actor_1.JPG"),
        ("sad_actor_2.jpg", "ok", None, "sad_actor_2.jpg"),  # no line names it
    ]


def test_photographs_alone_and_a_list_alone_are_refused(tmp_path):
    put(tmp_path, "image/origin/angry_actor_104.jpg", SMALL)
    with pytest.raises(FerError, match="photographs without label"):
        frames(tmp_path)
    put(tmp_path / "other", "label/label.lst", b"a.jpg 1 2 3 14 15 1e1 6\n")
    with pytest.raises(FerError, match="labels without images"):
        frames(tmp_path / "other")


@pytest.mark.parametrize("other", ["image/origin_small", "a"])
def test_the_photograph_in_origin_is_meant(tmp_path, other):
    put(tmp_path, "raw/image/origin/angry_actor_1.jpg", SMALL)
    put(tmp_path, f"raw/{other}/angry_actor_1.jpg", png(np.zeros((20, 30), np.uint8)))
    put(tmp_path, "raw/label/label.lst", b"angry_actor_1.jpg 0 2 3 14 15 1e1 6\n")
    done = ingest("expw", [tmp_path / "raw"], tmp_path / "out", face={"size": 16})
    assert done.statuses == {"ok": 1, "duplicate_id": 1}
    good, copy = sorted(read_manifest(tmp_path / "out").table.to_pylist(), key=lambda r: r["path"],
                        reverse=other == "a")  # fmt: skip
    assert (good["id"], good["width"]) == ("expw/angry_actor_1.jpg/0", 60)
    assert copy["detail"].startswith(f"{other}/angry_actor_1.jpg: image/origin/angry_actor_1.jpg")
