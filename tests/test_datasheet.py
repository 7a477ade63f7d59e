"""The datasheet: what it says of a data set, in both languages, and what it will not repeat."""

import dataclasses
from pathlib import Path

import pytest

from fertools.cli import main
from fertools.errors import FerError
from fertools.fakes import aihub, ck48, fer2013
from fertools.flows._datasheet_words import ENGLISH, KOREAN, RELATIONS
from fertools.flows.datasheet import datasheet
from fertools.flows.report.suspects import data_folders
from fertools.ingest import ingest
from fertools.manifest import read_manifest, write_manifest
from fertools.split import SplitOptions, split
from tests.made import leaking, made, smooth

EVIL = "<script>alert(1)</script>|a"


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Drawn people in sequences, dealt without regard to who they are."""
    return leaking(tmp_path_factory.mktemp("study"))


def section(page: str, name: str) -> str:
    return page.split(f"\n## {name}\n")[1].split("\n## ")[0]


def test_it_says_where_the_data_comes_from_and_who_is_in_it(study):
    page = datasheet(study / "data")
    rows = len(read_manifest(study / "data"))
    faces = read_manifest(study / "data").table["status"].to_pylist().count("ok")
    sums = f"{rows} images in = {faces} with a face + {rows - faces} with a reason"
    assert sums in page
    assert "Lucey et al." in section(page, ENGLISH["sources"])
    assert f"5 in {faces} of {faces} faces" in section(page, ENGLISH["composition"])
    assert "| gender |  | 100 % |" in section(page, ENGLISH["demography"])
    assert "near-copies" in section(page, ENGLISH["faults"])
    assert "detector" not in section(page, ENGLISH["processing"])  # none ran


def test_data_sets_of_one_reader_under_other_names_keep_their_facts(tmp_path):
    for name, size in (("aaa", 32), ("bbb", 64)):
        ck48.write(tmp_path / name, people=3, traps=False)
        ingest("ck48", [tmp_path / name / "CK+48"], tmp_path / f"data-{name}", name=name,
               face={"size": size})  # fmt: skip
    both = [tmp_path / "data-aaa", tmp_path / "data-bbb"]
    split(both, tmp_path / "m.parquet", SplitOptions(ratios=(1, 1, 1)))
    page = datasheet(tmp_path / "m.parquet")
    told = section(page, ENGLISH["processing"])
    assert "`aaa`" in told and "size 32" in told and "`bbb`" in told and "size 64" in told
    assert section(page, ENGLISH["faults"]).count("near-copies") == 2


def test_a_split_that_leaks_is_not_recommended(study):
    page = datasheet(study / "random.parquet")
    assert "| people | leaks |" in section(page, ENGLISH["leakage"])
    assert "Do not publish a score" in section(page, ENGLISH["uses"])
    assert "Fewer than 30 test faces" in section(page, ENGLISH["uses"])


def test_a_split_whose_people_are_not_known_claims_nothing(tmp_path):
    fer2013.write(tmp_path / "raw", people=4)
    ingest("fer2013", [tmp_path / "raw"], tmp_path / "data")
    page = datasheet(tmp_path / "data")
    assert ENGLISH["no_people"] in page
    assert "Whether the parts share people" in section(page, ENGLISH["uses"])


def test_ages_and_raters_are_told(tmp_path):
    aihub.write(tmp_path / "raw")
    ingest("aihub", [tmp_path / "raw"], tmp_path / "data")
    page = datasheet(tmp_path / "data")
    shown = section(page, ENGLISH["demography"])
    assert "female" in shown and "male" in shown
    assert "Fleiss' kappa" in section(page, ENGLISH["collection"])


def test_limits_say_of_whom_nothing_is_known_and_of_whom_something(tmp_path):
    """A row without a face says nothing of those who are shown; without a label there is no
    largest class."""
    said = {"gender": ["female", "male", None], "age": ["9", "9", None], "race": [None, None, "a"]}
    made(tmp_path / "data", smooth(3, seed=1), status=["ok", "ok", "no_face"], **said)
    page = datasheet(tmp_path / "data")
    assert "| gender | female 1, male 1 | 0.0% |" in section(page, ENGLISH["demography"])
    uses = section(page, ENGLISH["uses"])
    assert "Nothing is said of race:" in uses and "Not said of every face" not in uses
    made(tmp_path / "some", smooth(2, seed=1), native_label=[None] * 2, gender=["female", None])
    uses = section(datasheet(tmp_path / "some"), ENGLISH["uses"])
    assert "Nothing is said of age, race:" in uses and "Not said of every face: gender." in uses
    assert ENGLISH["limit_imbalance"] not in uses


def test_classes_of_few_test_faces_are_named_and_the_largest_is_compared(tmp_path):
    """fear 30 of test and 30 of training, anger 29 and 1: 60 / 30."""
    words = ["fear"] * 30 + ["anger"] * 29 + ["fear"] * 30 + ["anger"]
    parts = ["test"] * 59 + ["train"] * 31
    made(tmp_path / "data", smooth(90, seed=1, size=16), label=words, split=parts)
    page = datasheet(tmp_path / "data")
    uses = section(page, ENGLISH["uses"])
    assert ENGLISH["limit_small"].format(classes="anger") in uses
    assert ENGLISH["limit_imbalance"] not in uses
    assert "The largest class is 2.0 times the smallest." in page
    made(tmp_path / "none", smooth(2, seed=1), label=["fear"] * 2, split=["train", "val"])
    assert "Fewer than 30" not in datasheet(tmp_path / "none")  # there is no test


def test_the_largest_leak_is_told_and_what_waits_for_an_image_is_no_failure(tmp_path):
    """One of two people of validation stands in training, and both of test."""
    people = [f"x:{who}" for who in "abacab"]
    parts = ["train", "train", "val", "val", "test", "test"]
    status = ["ok"] * 6 + ["pending"] * 2 + ["no_face"]
    rest = {"subject": [*people, *[None] * 3], "split": [*parts, *[None] * 3]}
    made(tmp_path / "data", smooth(9, seed=1), label=["fear"] * 9, status=status, **rest)
    page = datasheet(tmp_path / "data")
    assert "| people | leaks | 100.0% |" in section(page, ENGLISH["leakage"])
    assert "7 images in = 6 with a face + 1 with a reason. 2 records wait" in page


def test_a_row_that_a_protocol_leaves_out_is_not_said_to_be_left_out_by_curate(tmp_path):
    drop = [None, "twin_in_test", None]
    parts = {"label": ["fear"] * 3, "split": ["train", None, "test"], "drop": drop}
    made(tmp_path / "data", smooth(3, seed=1), **parts)
    page = datasheet(tmp_path / "data")
    assert "1 faces are left out; their rows stay, with the reason." in page
    assert ENGLISH["not_cleaned"] in page and "by curation" not in page


def test_a_row_of_one_opinion_was_not_labelled_by_several(tmp_path):
    said = {
        "rater_a_label": ["fear", "fear", "fear"],
        "rater_b_label": ["fear", "anger", None],
        "rater_c_label": ["anger", None, None],
    }
    made(tmp_path / "data", smooth(3, seed=1), **said)
    told = section(datasheet(tmp_path / "data"), ENGLISH["collection"])
    assert "2 rows were labelled by several people" in told


def test_of_many_folds_the_ends_are_told(tmp_path):
    """A column for each person left out would be no table."""
    words = ["fear", "anger", "anger"] * 14 + ["fear"] * 3
    made(tmp_path / "data", smooth(45, seed=1), label=words, fold=[i // 3 for i in range(45)])
    page = datasheet(tmp_path / "data")
    assert "| class | all 15 parts | fewest in a part | most in a part | share |" in page
    assert "| anger | 28 | 0 | 2 | 62.2% |" in page and "| fear | 17 | 1 | 3 | 37.8% |" in page


def test_both_languages_say_the_same_things(study):
    assert ENGLISH.keys() == KOREAN.keys()
    assert RELATIONS["en"].keys() == RELATIONS["ko"].keys()
    english, korean = (datasheet(study / "random.parquet", language=each) for each in ("en", "ko"))
    assert english.count("\n## ") == korean.count("\n## ")
    assert english.count("\n|") == korean.count("\n|")
    assert KOREAN["leaks"] in korean


def test_a_strangers_words_stay_text(tmp_path):
    found, _ = made(tmp_path / "data", smooth(4, seed=1), gender=[EVIL, "x`y", None, None])
    card = {**found.card, "name": "x", "about": {"licence": EVIL, "citation": EVIL}}
    write_manifest(tmp_path / "data" / "manifest.parquet", found.table, {}, card)
    page = datasheet(tmp_path / "data", purpose=EVIL, contact=f"a\n# b {EVIL}")
    assert "<script" not in page
    assert "\n# b" not in page
    lines = [line for line in page.splitlines() if line.startswith("| gender")]
    assert lines[0].count("|") == 4


def test_a_label_makes_no_picture_no_link_and_no_cell(tmp_path):
    words = ["![x](http://evil/x.png)", "[k](javascript:alert(1))", "a\\|b", "**b** `c`"]
    made(tmp_path / "data", smooth(4, seed=1), native_label=words)
    page = datasheet(tmp_path / "data")
    lines = [line for line in section(page, ENGLISH["composition"]).splitlines() if "25.0%" in line]
    assert len(lines) == 4 and all(line.count("|") == 4 for line in lines)
    assert not set("[]*`\\").intersection("".join(lines))


def test_a_card_leads_to_no_other_folder(tmp_path):
    found, _ = made(tmp_path / "data", smooth(4, seed=1))
    store = {**found.card["stores"]["x-1"], "path": str(tmp_path / "mine")}
    card = {**found.card, "stores": {"x-1": store}}
    with pytest.raises(FerError, match="a card names folders relative to it"):
        data_folders(dataclasses.replace(found, card=card), None)


def test_the_same_manifest_gives_the_same_bytes(study):
    assert datasheet(study / "random.parquet") == datasheet(study / "random.parquet")


def test_a_language_that_is_not_there_is_named(study):
    with pytest.raises(FerError, match="language 'fr'"):
        datasheet(study / "data", language="fr")


def test_the_command_writes_a_file_or_says_why_not(study, tmp_path, capsys):
    sheet = tmp_path / "below" / "SHEET.md"
    with pytest.raises(SystemExit) as end:
        main(["datasheet", str(study / "data"), "-o", str(sheet), "--lang", "ko"])
    assert not end.value.code
    assert sheet.read_text(encoding="utf-8").startswith("# 데이터시트")
    (tmp_path / "file").write_text("")
    with pytest.raises(SystemExit) as end:
        main(["datasheet", str(study / "data"), "-o", str(tmp_path / "file" / "x.md")])
    assert end.value.code == 1
    assert "cannot be written" in capsys.readouterr().err
