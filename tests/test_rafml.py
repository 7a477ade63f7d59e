"""RAF-ML and RAF-CE: shares, several labels, compounds, parts, and whose picture it is."""

import shutil
from pathlib import Path

import pytest

from fertools import labels
from fertools.errors import FerError
from fertools.fakes import rafce as fake_ce
from fertools.fakes import rafml as fake
from fertools.fakes._files import put
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import Root
from fertools.sources import rafce, rafml
from fertools.sources._numbered import is_aligned
from fertools.split import SplitOptions, split


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """RAF-ML, ingested once: folder, truth, result, table."""
    place = tmp_path_factory.mktemp("rafml")
    truth = fake.write(place, people=5)
    result = ingest("rafml", truth.raws(place), place / "out", face={"size": 16})
    return place, truth, result, read_manifest(place / "out").table


def frames(module, root, **options):
    units = module.units(Root(root, module.Options(**options)))
    return [frame for unit in units for frame in module.read(unit)]


def test_shares_are_kept_and_votes_are_their_thousandths(done):
    _, _, result, table = done
    for row in table.to_pylist():
        shares = {word: row[f"share_{word}"] for word in rafml.WORDS}
        if row["votes"] is None:
            assert set(shares.values()) == {None} and row["raw_label"] is None
            continue
        assert {w: row["votes"][w] for w in shares} == {w: 1000 * p for w, p in shares.items()}
        assert row["multilabel"].split() == [word for word, share in shares.items() if share]
        assert row["raw_label"] is None or shares[row["raw_label"]] == 0.625
    assert result.notes == ["votes are shares in thousandths, not counts of people"]


def test_a_rule_makes_targets_of_the_shares(done, tmp_path):
    options = SplitOptions(official=True, label_rule="multi")
    out = split([done[0] / "out"], tmp_path / "m.parquet", options).out
    rows = [row for row in read_manifest(out).table.to_pylist() if row["split"]]
    assert {row["split"] for row in rows} == {"train", "test"}
    for row in rows:
        assert sorted(p for _, p in row["target"]) in ([0.375, 0.625], [0.5, 0.5])


@pytest.mark.parametrize(
    ("lines", "parts"),
    [
        ("0001.jpg 0\n0002.jpg 0\n0003.jpg 1\n", ["train", "train", "test"]),
        ("0001.jpg 2\n0002.jpg 1\n0003.jpg 1\n", ["test", "train", "train"]),
        ("0001.jpg 5\n0002.jpg\nREADME 1\n", ["train", None, None]),
    ],
)
def test_training_is_the_larger_part(tmp_path, lines, parts):
    for n in (1, 2, 3):
        put(tmp_path, f"Image/aligned/{n:04d}_aligned.jpg", b"x")
    put(tmp_path, "EmoLabel/partition_label.txt", lines.encode())
    assert [frame.official_split for frame in frames(rafml, tmp_path)] == parts


@pytest.mark.parametrize(
    "words", ["0.5 0.5", "a 0 0 0 0 1", "nan 0 0 0 0 1", "0 0 0 0 0 0", "2 0 0 0 0 0"]
)
def test_shares_that_are_none(tmp_path, words):
    put(tmp_path, "Image/aligned/0001_aligned.jpg", b"x")
    put(tmp_path, "EmoLabel/distribution.txt", f"0001.jpg {words}\n".encode())
    (frame,) = frames(rafml, tmp_path)
    assert frame.votes is None and frame.raw_label is None


def test_shares_stand_in_the_order_of_the_list(tmp_path):
    """Surprise, fear, disgust, happiness, sadness, anger; thousandths are rounded."""
    put(tmp_path, "Image/aligned/0001_aligned.jpg", b"x")
    put(tmp_path, "EmoLabel/distribution.txt", b"0001.jpg 0.02 0.5679 0.03 0.04 0.29 0.0521\n")
    put(tmp_path, "EmoLabel/multilabel.txt", b"0001.jpg 0 1 0 0 1 0\n")
    (frame,) = frames(rafml, tmp_path)
    assert frame.raw_label == "fear" and frame.extra["multilabel"] == "fear sadness"
    assert frame.votes == {
        "surprise": 20, "fear": 568, "disgust": 30, "happiness": 40, "sadness": 290, "anger": 52,
    }  # fmt: skip


def test_the_codes_of_raf_ce_in_their_order(tmp_path):
    words = [
        "Happily surprised", "Happily disgusted", "Sadly fearful", "Sadly angry",
        "Sadly surprised", "Sadly disgusted", "Fearfully angry", "Fearfully surprised",
        "Fearfully disgusted", "Angrily surprised", "Angrily disgusted",
        "Disgustedly surprised", "Happily fearful", "Happily sad",
    ]  # fmt: skip
    for code in range(14):
        put(tmp_path, f"aligned/{code + 1:04d}_aligned.jpg", b"x")
    text = "".join(f"{code + 1:04d}.jpg {code}\n" for code in range(14))
    put(tmp_path, "RAFCE_emolabel.txt", text.encode())
    assert [frame.raw_label for frame in frames(rafce, tmp_path)] == words
    assert {word: word.lower() for word in words} == rafce.LABELS


def test_lines_that_disagree_on_a_picture_are_named(tmp_path):
    put(tmp_path, "aligned/0001_aligned.jpg", b"x")
    put(tmp_path, "RAFCE_emolabel.txt", b"0001.jpg 3\n0001.jpg 3 \n0001_aligned.jpg 3\n")
    assert [frame.raw_label for frame in frames(rafce, tmp_path)] == ["Sadly angry"]
    put(tmp_path, "RAFCE_emolabel.txt", b"0001.jpg 3\n0001.jpg 5\n")
    said = rf"^{tmp_path}/RAFCE_emolabel\.txt: two lines of 0001, '3' and '5'; ta"
    with pytest.raises(FerError, match=said):
        frames(rafce, tmp_path)


def test_several_lists_of_one_kind_are_read_together(tmp_path):
    for n in (1, 2):
        put(tmp_path, f"Image/aligned/{n:04d}_aligned.jpg", b"x")
    put(tmp_path, "EmoLabel/distribution_a.txt", b"0001.jpg 1 0 0 0 0 0\n")
    put(tmp_path, "EmoLabel/distribution_b.txt", b"0002.jpg 0 0 1 0 0 0\n0003.jpg 0 1 0 0 0 0\n")
    put(tmp_path, "EmoLabel/copy/distribution_a.txt", b"0001.jpg 1 0 0 0 0 0\n")
    rows = frames(rafml, tmp_path)
    assert [row.raw_label for row in rows] == ["surprise", "disgust", "fear"]
    assert rows[2].path == "EmoLabel/distribution_b.txt#0003"


@pytest.mark.parametrize(("module", "name"), [(rafml, "distribution"), (rafce, "RAFCE_emolabel")])
def test_lists_that_disagree_on_a_picture_are_named(tmp_path, module, name):
    put(tmp_path, "aligned/0001_aligned.jpg", b"x")
    for folder, code in (("new", 5), ("old", 3)):
        put(tmp_path, f"{folder}/{name}.txt", f"0001.jpg {code}\n".encode())
    said = rf"/new/{name}\.txt and \S+/old/{name}\.txt: two lines of 0001, '5' and '3'; take"
    with pytest.raises(FerError, match=said):
        frames(module, tmp_path)


def test_a_face_without_its_aligned_picture_is_a_row(tmp_path):
    for name in ("aligned/0001_aligned.jpg", "original/0001.jpg", "original/0002.jpg",
                 "original/0003.jpg", "notes/0004.jpg"):  # fmt: skip
        put(tmp_path, name, b"x")
    put(tmp_path, "RAFCE_emolabel.txt", b"0001.jpg 3\n0002.jpg 5\n")
    rows = frames(rafce, tmp_path)
    assert [(row.path, row.status, row.raw_label) for row in rows] == [
        ("aligned/0001_aligned.jpg", "ok", "Sadly angry"),
        ("RAFCE_emolabel.txt#0002", "missing", "Sadly disgusted"),
        ("original/0003.jpg", "missing", None),
    ]
    assert rows[2].detail.startswith("original/0003.jpg: this face is there as original only; --im")


def test_an_original_below_a_folder_called_aligned_is_none(tmp_path):
    put(tmp_path, "aligned/original/0001.jpg", b"x")
    put(tmp_path, "original/aligned/0002.jpg", b"x")
    found = {member.name: is_aligned(member) for member in Root(tmp_path).members}
    assert found == {"0001.jpg": False, "0002.jpg": True}


def test_two_pictures_of_one_name_are_two_rows(tmp_path):
    for folder in ("a/aligned", "b/aligned"):
        put(tmp_path, f"{folder}/0001.jpg", b"x")
    put(tmp_path, "distribution.txt", b"0001.jpg 1 0 0 0 0 0\n")
    found = [(frame.path, frame.raw_label) for frame in frames(rafml, tmp_path)]
    assert found == [("a/aligned/0001.jpg", "surprise"), ("b/aligned/0001.jpg", "surprise")]


def test_originals_on_request(done):
    raw = done[0] / "RAF-ML"
    assert rafml.defaults([Root(raw)])["faces"] == "as-is"
    found = frames(rafml, raw, images="original")
    assert all("original/" in frame.path for frame in found if frame.image)
    with pytest.raises(FerError, match="images 'both': known are aligned, auto, original"):
        frames(rafml, raw, images="both")


def test_the_codes_of_raf_ce_are_its_own(tmp_path):
    """8 is fearfully disgusted here and fearfully surprised in RAF-DB's compound set."""
    truth = fake_ce.write(tmp_path, people=4, traps=False)
    ingest("rafce", truth.raws(tmp_path), tmp_path / "out", face={"size": 16})
    rows = read_manifest(tmp_path / "out").table.to_pylist()
    assert {row["native_label"] for row in rows} == {*labels.COMPOUND, *labels.RARE_COMPOUND}
    assert len(rafce.CODES) == 14 and rafce.CODES[8] == "fearfully disgusted"
    assert [row["official_split"] for row in rows[:3]] == ["train", "test", "val"]
    assert {row["action_units"] for row in rows} == {"1:0 2:0 L12:0", None}


def test_only_a_folder_called_aligned_holds_aligned_faces(tmp_path, monkeypatch):
    """Whatever the folders above are called, and however the RAW argument is written."""
    study = tmp_path / "aligned/aligned-study/Image"
    put(study, "original/0001.jpg", b"x")
    put(study, "distribution.txt", b"0001.jpg 1 0 0 0 0 0\n")
    monkeypatch.chdir(study / "original")
    for raw in (study, Path(".."), study.parent):
        assert rafml.defaults([Root(raw, rafml.Options())])["faces"] == "auto"
        (frame,) = frames(rafml, raw)
        assert (frame.status, frame.path.rpartition("/")[2]) == ("ok", "0001.jpg")
    put(study, "ALIGNED/0001.jpg", b"x")
    assert [frame.path for frame in frames(rafml, Path(".."))] == ["ALIGNED/0001.jpg"]
    monkeypatch.chdir(study / "ALIGNED")
    assert [is_aligned(member) for member in Root(".").members] == [True]


@pytest.mark.parametrize(
    ("words", "units"),
    [
        ("AU1 AU12", "1:0 12:0"),
        ("1+L2+RB10", "1:0 L2:0 RB10:0"),
        ("null", None),
        ("", None),
    ],
)
def test_spellings_of_action_units(tmp_path, words, units):
    put(tmp_path, "aligned/0001_aligned.jpg", b"x")
    put(tmp_path, "RAFCE_emolabel.txt", b"0001.jpg 77\n")
    put(tmp_path, "RAFCE_AUlabel.txt", f"0001.jpg {words} \n".encode())
    (frame,) = frames(rafce, tmp_path)
    assert frame.action_units == units and frame.raw_label == "77"


def test_pictures_without_their_lists_are_refused(done, tmp_path):
    pictures = shutil.copytree(done[0] / "RAF-ML/Image/aligned", tmp_path / "x/aligned")
    for module, says in ((rafml, "distribution"), (rafce, "RAFCE_emolabel.txt; give it, too$")):
        assert module.matches(Root(pictures))
        with pytest.raises(FerError, match=says):
            frames(module, pictures)
    assert rafml.matches(Root(done[0] / "RAF-ML/Image"))
    assert not rafce.matches(Root(done[0] / "RAF-ML/Image"))


def test_a_list_with_commas_is_not_called_missing(tmp_path):
    put(tmp_path, "Image/aligned/0001_aligned.jpg", b"x")
    put(tmp_path, "EmoLabel/distribution.txt", b"0001.jpg,0.5,0.5,0,0,0,0\n")
    with pytest.raises(FerError, match=r"distribution\.txt: its columns stand between ','"):
        frames(rafml, tmp_path)
