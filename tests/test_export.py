"""What is exported, under which names and terms; and the way back."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fertools import folder
from fertools.cli import main
from fertools.errors import FerError
from fertools.export import Options, export
from fertools.export._names import DEVICES, distinct, safe
from fertools.faces import open_faces
from fertools.fakes import ck48, imagefolder
from fertools.ingest import ingest
from fertools.locations.lock import alone_in
from fertools.manifest import read_manifest, write_manifest
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from tests.made import made, smooth

HOSTILE = ["../x", "a/b", "CON", "con.png", "..", "", "a\\b", "C:\\x", "/etc/x", "A/B", ".hid",
           "__x", "a\0b", "nul", "x" * 300, "기쁨", "COM¹", "a b", " "]  # fmt: skip


def own(path, **columns):
    """Faces of somebody's own data that may be exported."""
    count = len(next(iter(columns.values())))
    manifest, faces = made(path, smooth(count, 2, 16), **columns)
    free(path)
    return manifest, faces


def free(path):
    card = path / "card.json"
    about = {"x": {"licence": "yours", "citation": "", "homepage": "", "sharing": "free"}}
    card.write_text(json.dumps(json.loads(card.read_text()) | {"about": about}))


def run(capsys, *arguments):
    with pytest.raises(SystemExit) as end:
        main([str(a) for a in arguments])
    said = capsys.readouterr()
    return end.value.code, said.out, said.err


@pytest.mark.parametrize("to", folder.names("export"))
def test_a_hostile_word_never_becomes_a_path(to, tmp_path):
    """Classes and ids of a stranger's manifest: nothing leaves the folder, nothing gets lost."""
    ids = [f"x/{word}" for word in HOSTILE]
    own(tmp_path / "in" / "own", raw_label=HOSTILE, native_label=HOSTILE, id=ids)
    out = tmp_path / "in" / "out"
    done = export(tmp_path / "in" / "own", to, out)
    assert [path.name for path in tmp_path.iterdir()] == ["in"]
    assert {path.name for path in out.parent.iterdir()} == {"out", "own"}
    written = [p for p in out.rglob("*") if p.is_file()]
    for path in written:
        for name in path.relative_to(out).parts:
            stem = name.split(".")[0]
            assert stem.casefold() not in DEVICES and not name.startswith((".", "__"))
            assert "\\" not in name and ":" not in name and "\0" not in name
    assert done.counts == {"all": dict.fromkeys(sorted(HOSTILE), 1)}
    if to not in ("huggingface", "croissant", "webdataset"):
        assert len([p for p in written if p.suffix == ".png"]) == len(HOSTILE)


def test_hostile_classes_of_folders_are_named_in_a_table(tmp_path):
    own(tmp_path / "own", raw_label=HOSTILE, native_label=HOSTILE)
    export(tmp_path / "own", "imagefolder", tmp_path / "out")
    table = json.loads((tmp_path / "out" / "classes.json").read_text(encoding="utf-8"))
    assert table["classes"] == sorted(HOSTILE) == sorted(table["folders"])
    made_of = set(table["folders"].values())
    assert made_of == {path.name for path in (tmp_path / "out").iterdir() if path.is_dir()}
    assert len({name.casefold() for name in made_of}) == len(HOSTILE)


@given(st.lists(st.text(), unique=True))
def test_names_are_safe_and_unlike(texts):
    names = distinct(texts)
    assert len({name.casefold() for name in names}) == len(texts)
    for name in names:
        assert name and not set(name) & set('/\\.:*?"<>|\0\n') and len(name.encode()) <= 255
        assert name[0] not in "_-" and name.casefold() not in DEVICES


def test_a_good_word_is_its_own_name():
    for word in ("happiness", "surprise", "기쁨", "class_1", "no-face"):
        assert safe(word) == word


def test_pictures_that_may_not_be_passed_on_stay_at_home(tmp_path):
    truth = ck48.write(tmp_path / "raw", people=2)
    ingest("ck48", truth.raws(tmp_path / "raw"), tmp_path / "data")
    for to in folder.names("export"):
        if to == "csv":
            continue
        with pytest.raises(
            FerError, match=r"ck48 may not be passed on.*not to be passed on.*right"
        ):
            export(tmp_path / "data", to, tmp_path / "out")
        assert not (tmp_path / "out").exists()
    done = export(tmp_path / "data", "csv", tmp_path / "table")
    assert not done.pixels and "may not be passed on" in done.notes[0]
    assert {p.name for p in (tmp_path / "table").rglob("*")} == {"samples.csv", "export.json"}
    assert "file_name" not in (tmp_path / "table" / "samples.csv").read_text().split("\n")[0]
    done = export(tmp_path / "data", "imagefolder", tmp_path / "out", i_have_the_right=True)
    assert done.pixels and done.samples == truth.ok


@pytest.mark.parametrize(
    "about", [{}, {"x": {"sharing": ""}}, {"x": {"licence": "yours"}}, {"y": {"sharing": "free"}}]
)
def test_what_declares_nothing_is_forbidden(about, tmp_path):
    made(tmp_path / "own", smooth(2, 1, 16))
    card = tmp_path / "own" / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"about": about}))
    with pytest.raises(FerError, match="pictures of x may not be passed on"):
        export(tmp_path / "own", "coco", tmp_path / "out")


@pytest.mark.parametrize("split_of_it", [False, True])
def test_a_name_frees_nobody(split_of_it, tmp_path):
    """A data set may be called as it pleases; what its source declares stays with it."""
    truth = ck48.write(tmp_path / "raw", people=2)
    data = tmp_path / "data"
    ingest("ck48", truth.raws(tmp_path / "raw"), data, name="imagefolder")
    if split_of_it:
        split([data], tmp_path / "s.parquet", SplitOptions(ratios=(1, 1)))
        data = tmp_path / "s.parquet"
    with pytest.raises(FerError, match="imagefolder may not be passed on"):
        export(data, "coco", tmp_path / "out")


def test_a_card_of_before_is_believed_by_its_licence(tmp_path):
    truth = imagefolder.write(tmp_path / "raw", people=2)
    ingest("imagefolder", truth.raws(tmp_path / "raw"), tmp_path / "data", name="mine")
    file = tmp_path / "data" / "card.json"
    card = json.loads(file.read_text())
    assert card["about"].pop("sharing") == "free"
    file.write_text(json.dumps(card))
    options = Options(labels_from="raw_label")
    assert export(tmp_path / "data", "coco", tmp_path / "out", options).pixels
    card["about"]["licence"] = "another's"
    file.write_text(json.dumps(card))
    with pytest.raises(FerError, match="another's"):
        export(tmp_path / "data", "coco", tmp_path / "no", options)


def test_one_bound_data_set_binds_the_whole_manifest(tmp_path):
    own(tmp_path / "own", source=["x", "rafdb"], subject=["x:1", "rafdb:1"])
    with pytest.raises(FerError, match="pictures of rafdb may not be passed on"):
        export(tmp_path / "own", "coco", tmp_path / "out")


def test_sources_declare_what_may_be_shared():
    free = {n for n in folder.names("sources")
            if getattr(folder.load("sources", n), "SHARING", "") == "free"}  # fmt: skip
    assert {"imagefolder", "table"} <= free
    for name in free:
        assert "not to be passed on" not in folder.load("sources", name).LICENCE


def test_a_split_of_own_folders_goes_out_and_comes_back(tmp_path, capsys):
    """Folders, CSV and the answers of Label Studio are read by `ingest` as they are."""
    truth = imagefolder.write(tmp_path / "raw", people=6, variant="subjects")
    options = truth.source_options(tmp_path / "raw")
    raw = truth.raws(tmp_path / "raw")
    ingest("imagefolder", raw, tmp_path / "data", name="mine", options=options)
    deal = tmp_path / "mine.parquet"
    split(
        [tmp_path / "data"], deal, SplitOptions(ratios=(2, 1, 1), grouping=Grouping(or_else="self"))
    )
    manifest = read_manifest(deal)
    faces = open_faces(manifest)
    before = {
        row["face_hash"]: (row["split"], row["label"], row["subject"])
        for row in manifest.samples()
        if row["split"]
    }
    out = tmp_path / "out"
    code, said, _ = run(capsys, "export", deal, "--to", "imagefolder", "-o", out / "folders")
    assert code == 0 and f"{len(before):,} of {len(manifest):,} rows exported" in said
    ingest("imagefolder", [out / "folders"], tmp_path / "again")
    back = [row for row in read_manifest(tmp_path / "again").samples() if row["status"] == "ok"]
    assert {r["face_hash"]: (r["official_split"], r["raw_label"]) for r in back} == {
        key: value[:2] for key, value in before.items()
    }
    export(deal, "csv", out / "csv")
    columns = {"path": "file_name", "label": "label", "subject": "subject", "split": "part"}
    ingest("table", [out / "csv" / "samples.csv"], tmp_path / "table", options=columns)
    back = list(read_manifest(tmp_path / "table").samples())
    assert {
        r["face_hash"]: (r["official_split"], r["raw_label"], r["subject"]) for r in back
    } == before
    export(deal, "labelstudio", out / "ls")
    answers(out / "ls" / "tasks.json", tmp_path / "result.csv", "anger")
    columns = {"path": "file_name", "label": "expression", "subject": "subject", "split": "part",
               "images": str(out / "ls")}  # fmt: skip
    ingest("table", [tmp_path / "result.csv"], tmp_path / "judged", options=columns)
    back = list(read_manifest(tmp_path / "judged").samples())
    assert {r["native_label"] for r in back} == {"anger"}
    assert {r["face_hash"]: (r["official_split"], r["subject"]) for r in back} == {
        key: (part, subject) for key, (part, _, subject) in before.items()
    }
    assert faces.shape == open_faces(read_manifest(tmp_path / "judged")).shape


def answers(tasks, result, word):
    """What Label Studio's CSV export holds: the data of a task, then the answer by its name."""
    import pandas as pd

    rows = [{**task["data"], "id": task["data"]["id"], "expression": word, "annotator": 1}
            for task in json.loads(tasks.read_text(encoding="utf-8"))]  # fmt: skip
    pd.DataFrame(rows).to_csv(result, index=False)


def test_folds_are_a_column_or_the_parts_of_one_round(tmp_path):
    folds = [i % 4 for i in range(8)]
    own(tmp_path / "own", fold=folds)
    done = export(tmp_path / "own", "csv", tmp_path / "all")
    assert any("--fold 0 tests the first" in note for note in done.notes)
    table = pa.csv.read_csv(tmp_path / "all" / "samples.csv")
    assert table["fold"].to_pylist() == folds and table["part"].null_count == 8
    done = export(tmp_path / "own", "csv", tmp_path / "round", Options(fold=3))
    assert not done.notes
    table = pa.csv.read_csv(tmp_path / "round" / "samples.csv")
    named = {0: "val", 1: "train", 2: "train", 3: "test"}
    assert table["part"].to_pylist() == [named[fold] for fold in folds]
    assert {part: sum(n.values()) for part, n in done.counts.items()} == {
        "train": 4, "val": 2, "test": 2,
    }  # fmt: skip
    with pytest.raises(FerError, match="fold 4: from 0 to 3"):
        export(tmp_path / "own", "csv", tmp_path / "no", Options(fold=4))
    own(tmp_path / "plain", frame=[1, 2])
    with pytest.raises(FerError, match="has no folds"):
        export(tmp_path / "plain", "csv", tmp_path / "no", Options(fold=0))


def test_published_parts_count_where_no_row_is_lost_by_them(tmp_path):
    own(tmp_path / "all", official_split=["train", "test"])
    assert set(export(tmp_path / "all", "csv", tmp_path / "a").counts) == {"train", "test"}
    own(tmp_path / "some", official_split=["train", None])
    done = export(tmp_path / "some", "csv", tmp_path / "b")
    assert set(done.counts) == {"all"} and done.samples == 2


def test_every_row_is_written_or_counted(tmp_path):
    """The first reason counts; classes that were not asked for are one."""
    own(
        tmp_path / "own",
        status=["ok", "ok", "ok", "ok", "ok", "too_dark"],
        row=[0, 1, 2, 3, 4, None], store=[*["x-1"] * 5, None],
        shard=[*["faces-x-0.npy"] * 5, None],
        label=["fear", "anger", None, "joy", "fear", None],
        label_status=["ok", "ok", "no_majority", "ok", "ok", "unlabelled"],
        drop=[None, "near", None, None, None, "blank"],
        split=["train", None, None, "test", None, None],
    )  # fmt: skip
    done = export(tmp_path / "own", "csv", tmp_path / "a", Options(classes=("fear", "anger")))
    assert done.counts == {"train": {"fear": 1, "anger": 0}}
    assert done.left_out == {
        "dropped: near": 1, "no_majority": 1, "another class: joy": 1, "in no part": 1,
        "no face: too_dark": 1,
    }  # fmt: skip
    with pytest.raises(FerError, match="class 'rage': known are"):
        export(tmp_path / "own", "csv", tmp_path / "b", Options(classes=("rage",)))
    with pytest.raises(FerError, match="a word stands there twice"):
        export(tmp_path / "own", "csv", tmp_path / "b", Options(classes=("fear", "fear")))


def test_words_that_nobody_knows_are_exported_as_they_are(tmp_path):
    own(tmp_path / "none", native_label=pa.nulls(2, pa.string()), raw_label=["smirk", "grin"])
    done = export(tmp_path / "none", "csv", tmp_path / "a")
    assert done.counts == {"all": {"grin": 1, "smirk": 1}} and "raw_label" in done.notes[0]
    own(tmp_path / "some", native_label=["fear", None], raw_label=["fear", "grin"])
    done = export(tmp_path / "some", "csv", tmp_path / "b")
    assert done.left_out == {"unlabelled": 1} and "--labels-from raw_label" in done.notes[0]
    done = export(tmp_path / "some", "csv", tmp_path / "c", Options(labels_from="raw_label"))
    assert done.samples == 2
    told = "--labels-from raw_label"
    own(tmp_path / "mute", native_label=["fear", None], raw_label=["fear", None])
    assert export(tmp_path / "mute", "csv", tmp_path / "d").notes == []
    words = {"native_label": ["fear", None], "raw_label": ["fear", "grin"]}
    label = {"label": ["fear", None], "label_status": ["ok", "unknown_word"]}
    own(tmp_path / "folds", **words, **label, fold=[0, None])
    assert told in export(tmp_path / "folds", "csv", tmp_path / "e").notes[0]
    own(tmp_path / "dealt", **words, **label, split=["train", None])
    assert export(tmp_path / "dealt", "csv", tmp_path / "f").notes == []  # it is in no part anyway


def test_words_in_the_place_of_labels_that_were_emptied_are_told(tmp_path):
    words = {"native_label": ["fear", "anger"], "label": pa.nulls(2, pa.string())}
    own(tmp_path / "dealt", **words, split=["train", "test"])
    done = export(tmp_path / "dealt", "csv", tmp_path / "a")
    assert "no row has a label: native_label is exported" in done.notes
    own(tmp_path / "whole", **words)
    assert export(tmp_path / "whole", "csv", tmp_path / "b").notes == []


def test_size_and_colour_are_those_asked_for(tmp_path):
    _, faces = own(tmp_path / "own", frame=[1, 2])
    export(tmp_path / "own", "csv", tmp_path / "out", Options(size=24, channels=3))
    files = sorted((tmp_path / "out" / "images").iterdir())
    pictures = [Image.open(file) for file in files]
    assert {(p.size, p.mode) for p in pictures} == {((24, 24), "RGB")}
    assert faces.shape == (16, 16)
    scaled = open_faces(read_manifest(tmp_path / "own"), size=24, channels=3)
    np.testing.assert_array_equal(np.stack([np.asarray(p) for p in pictures]), scaled[:])


def test_the_crop_that_was_dealt_is_exported(tmp_path):
    own(tmp_path / "own", frame=[1, 2])
    card = tmp_path / "own" / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"split": {"crop": "tight"}}))
    with pytest.raises(FerError, match="crop 'tight': known are"):
        export(tmp_path / "own", "csv", tmp_path / "out")
    export(tmp_path / "own", "csv", tmp_path / "out", Options(crop="context"))
    assert json.loads((tmp_path / "out" / "export.json").read_text())["crop"] == "context"


MISTAKES = [
    (["--to", "xml"], 1, "export 'xml': known are"),
    (["--to", "../cli/export"], 1, "known are"),
    (["--to", "coco", "--codec", "webp"], 1, "codec 'webp': known are jpeg, png"),
    (["--to", "coco", "--no-pixels"], 1, "is nothing without its pictures"),
    (["--to", "coco", "--crop", "tight"], 1, "crop 'tight': known are"),
    (["--to", "coco", "--labels-from", "mood"], 1, "column 'mood': known are"),
    (["--to", "coco", "--labels-from", "landmarks"], 1, "column 'landmarks': holds"),
    (["--to", "coco", "-o", "s3://bucket/x"], 1, "goes to a folder on a disk"),
    (["--to", "coco", "--fold", "1"], 1, "`fertools split DATA --folds 10 -o OUT`"),
    (["--to", "coco", "--size", "big"], 2, "--size"),
    (["--to", "coco", "--size", "0"], 2, "--size"),
    ([], 2, "--to"),
]


@pytest.mark.parametrize(("arguments", "code", "words"), MISTAKES, ids=lambda v: str(v)[:40])
def test_a_mistake_is_one_sentence(capsys, tmp_path, arguments, code, words):
    own(tmp_path / "own", frame=[1, 2])
    got, _, err = run(capsys, "export", tmp_path / "own", "-o", tmp_path / "out", *arguments)
    assert got == code and words in err and "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_every_part_has_a_folder_for_every_class(tmp_path):
    own(tmp_path / "own", native_label=["fear", "anger", "fear"],
        official_split=["train", "train", "test"])  # fmt: skip
    export(tmp_path / "own", "imagefolder", tmp_path / "out")
    for part in ("train", "test"):
        found = sorted(each.name for each in (tmp_path / "out" / part).iterdir() if each.is_dir())
        assert found == ["anger", "fear"]


def test_an_order_that_folders_cannot_keep_is_told(tmp_path):
    own(tmp_path / "own", native_label=["fear", "anger"])
    assert export(tmp_path / "own", "imagefolder", tmp_path / "a").notes == []
    asked = Options(classes=("fear", "anger"))
    (note,) = export(tmp_path / "own", "imagefolder", tmp_path / "b", asked).notes
    assert "by name (anger, fear), the classes are fear, anger" in note


def test_an_id_that_stands_twice_is_refused(tmp_path):
    own(tmp_path / "own", id=["x/1", "x/1", "x/2"])
    with pytest.raises(FerError, match="two rows have the id 'x/1'"):
        export(tmp_path / "own", "csv", tmp_path / "out")


def test_an_export_is_written_over_from_inside(capsys, tmp_path, monkeypatch):
    own(tmp_path / "own", frame=[1, 2])
    line = ["export", tmp_path / "own", "--to", "csv", "-o"]
    assert run(capsys, *line, tmp_path / "out")[0] == 0
    monkeypatch.chdir(tmp_path / "out")
    assert run(capsys, *line, ".", "--force")[0] == 0
    assert (tmp_path / "out" / "images").is_dir()


def test_a_column_keeps_its_own_field_beside_the_id(tmp_path):
    own(tmp_path / "own", sample_id=["s1", "s2"])
    export(tmp_path / "own", "fiftyone", tmp_path / "out")
    samples = json.loads((tmp_path / "out" / "samples.json").read_text())["samples"]
    assert [s["sample_id"] for s in samples] == ["x/000", "x/001"]
    assert [s["sample_sample_id"] for s in samples] == ["s1", "s2"]


def test_only_an_export_of_ours_is_written_over(capsys, tmp_path):
    own(tmp_path / "own", frame=[1, 2])
    line = ["export", tmp_path / "own", "--to", "csv", "-o"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    for more in ([], ["--force"]):  # without, --force is no cure
        assert "is no export of fertools" in run(capsys, *line, tmp_path / "mine", *more)[2]
    assert (tmp_path / "mine" / "thesis.tex").is_file()
    assert run(capsys, *line, tmp_path / "out", "--no-pixels")[0] == 0
    assert "give another -o, or --force" in run(capsys, *line, tmp_path / "out")[2]
    code, said, _ = run(capsys, *line, tmp_path / "out", "--force", "--json")
    assert code == 0 and json.loads(said)["pixels"] is True
    assert (tmp_path / "out" / "images").is_dir()


def test_what_somebody_laid_into_an_export_is_not_written_over(tmp_path):
    own(tmp_path / "own", frame=[1, 2])
    out = tmp_path / "out"
    export(tmp_path / "own", "labelstudio", out)
    (out / ".DS_Store").touch()
    export(tmp_path / "own", "labelstudio", out, force=True)
    (out / "images" / "result.csv").write_text("a day of judging")
    with pytest.raises(FerError, match=r"more than the \d files .*result\.csv came last"):
        export(tmp_path / "own", "labelstudio", out, force=True)
    assert (out / "images" / "result.csv").is_file()


def test_two_exports_do_not_write_the_same_folder(tmp_path):
    own(tmp_path / "own", frame=[1, 2])
    partial = tmp_path / ".out.partial"
    partial.mkdir()
    (partial / "left").touch()
    with (
        alone_in(partial, "export"),
        pytest.raises(FerError, match="another export is writing"),
    ):
        export(tmp_path / "own", "csv", tmp_path / "out")
    assert (partial / "left").is_file() and not (tmp_path / "out").exists()
    export(tmp_path / "own", "csv", tmp_path / "out")
    assert not (tmp_path / "out" / "left").exists()


def test_an_earlier_export_is_moved_whole_before_it_is_removed(tmp_path, monkeypatch):
    """Killed while the old one is removed, no folder of that name lacks files that it names."""
    own(tmp_path / "own", frame=[1, 2])
    out = tmp_path / "out"
    export(tmp_path / "own", "csv", out, Options(pixels=False))
    removed = []
    remove = shutil.rmtree
    monkeypatch.setattr(shutil, "rmtree", lambda p, **k: (removed.append(p), remove(p, **k)))
    export(tmp_path / "own", "csv", out, force=True)
    assert out not in removed and (out / "images").is_dir()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out", "own"]


def test_the_help_says_what_each_format_loses(capsys):
    out = run(capsys, "export", "--help")[1]
    for name in folder.names("export"):
        assert f"\n    {name}\n" in out
    assert out.count("    loses ") == out.count("    keeps ") == len(folder.names("export"))


def test_the_readme_says_it_too():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    table = readme.split("| `--to` |")[1].split("\n\n")[0]
    for name in folder.names("export"):
        module = folder.load("export", name)
        assert f"| `{name}` | {module.READ_BY} | {module.KEEPS} | {module.LOSES} |" in table


def test_a_missing_package_is_named(tmp_path, monkeypatch):
    import sys

    own(tmp_path / "own", frame=[1, 2])
    for to, package in (("huggingface", "datasets"), ("croissant", "mlcroissant")):
        monkeypatch.setitem(sys.modules, package, None)
        with pytest.raises(FerError, match=rf"{to} needs {package} .*fertools\[export\]"):
            export(tmp_path / "own", to, tmp_path / "out")
        assert not (tmp_path / "out").exists()


def test_a_word_that_a_spreadsheet_would_compute_is_told(tmp_path):
    words = ["=1+1", "-0.5", "fear", "[k](http://evil)"]
    found, _ = made(tmp_path / "own", smooth(4, 1, 16), native_label=words, gender=["@SUM(A1)"] * 4)
    facts = {"name": "x", "digest": "not its own", "rows": 7}
    write_manifest(tmp_path / "own" / "manifest.parquet", found.table, facts, found.card)
    done = export(tmp_path / "own", "csv", tmp_path / "a")
    told = [note.partition(" to a")[0] for note in done.notes if "spreadsheet" in note]
    assert sorted(told) == [
        "gender '@SUM(A1)' is a formula",
        "label '=1+1' is a formula",
        "native_label '=1+1' is a formula",
    ]
    record = json.loads((tmp_path / "a" / "export.json").read_text())
    assert record["manifest"]["rows"] == 4 and record["manifest"]["digest"] != "not its own"
    export(tmp_path / "own", "imagefolder", tmp_path / "b", i_have_the_right=True)
    assert "[k]" not in (tmp_path / "b" / "README.md").read_text()
