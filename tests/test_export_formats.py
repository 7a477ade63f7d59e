"""Every format is opened by its own reader: the same counts, labels, columns and pixels."""

import datetime
import io
import json
import os
import urllib.parse
import xml.etree.ElementTree as ElementTree
from collections import Counter
from decimal import Decimal
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from fertools import folder
from fertools.export import Options, export
from fertools.faces import open_faces
from fertools.manifest import read_manifest
from tests.made import made, smooth

WORDS = ("fear", "anger", "joy & <love>")
PARTS = ("train", "val", "test")
COUNT = 15


def own(path: Path, channels: int = 1) -> Path:
    """A split manifest of somebody's own data; three of its rows cannot be exported."""
    faces = smooth(COUNT, 1, 16)
    if channels == 3:
        faces = np.stack([faces, faces[:, ::-1], 255 - faces], axis=3)
    nobody, dropped, unlabelled = 3, 7, 11
    labels = [WORDS[i // 2 % 3] for i in range(COUNT)]
    labels[unlabelled] = None
    at = range(COUNT)

    def but(row, values):
        return [None if i == row else value for i, value in enumerate(values)]

    columns = {
        "status": ["no_face" if i == nobody else "ok" for i in at],
        "store": but(nobody, ["x-1"] * COUNT),
        "shard": but(nobody, ["faces-x-0.npy"] * COUNT),
        "row": but(nobody, at),
        "drop": ["blank" if i == dropped else None for i in at],
        "label": labels,
        "label_status": ["unlabelled" if i == unlabelled else "ok" for i in at],
        "split": [None if i in (nobody, dropped, unlabelled) else PARTS[i % 3] for i in at],
        "group": [f"x:{i // 2}" for i in at],
        "group_kind": ["subject"] * COUNT,
        "subject": [f"x:p{i // 2}" if i % 5 else None for i in at],
        "votes": [{"fear": i, "anger": 1} if i % 2 else None for i in at],
        "landmarks": pa.array([[i + 0.5, 2.0] for i in at], pa.list_(pa.float32())),
        "flags": [["dark", "small"] if i % 4 == 0 else [] for i in at],
        "target": pa.array([[("fear", 0.25), ("anger", 0.75)]] * COUNT,
                           pa.map_(pa.string(), pa.float32())),
        "valence": pa.array([i / 10 if i % 3 else None for i in at], pa.float32()),
        "frame": pa.array([i if i % 2 else None for i in at], pa.int32()),
        "camera": [f"캠 {i % 2}, \"left\"" for i in at],
        "file_name": [f"mine-{i}" for i in at],
    }  # fmt: skip
    made(path, faces, **columns)
    card = path / "card.json"
    about = {"x": {"licence": "CC0", "citation": "Me, 2026", "homepage": "mine", "sharing": "free"}}
    card.write_text(json.dumps(json.loads(card.read_text()) | {"about": about}))
    return path


@pytest.fixture(scope="module", params=[1, 3], ids=["gray", "colour"])
def data(request, tmp_path_factory):
    return own(tmp_path_factory.mktemp("own"), request.param)


@pytest.fixture
def truth(data):
    """What must come out: by id the part, the label, the face and the row."""
    manifest = read_manifest(data)
    faces = open_faces(manifest)
    return {
        row["id"]: (row["split"], row["label"], faces[at], row)
        for at, row in enumerate(manifest.samples())
        if row["split"] is not None
    }


def check(truth, found):
    """`found` holds id, part, label and picture of every sample that a reader gave."""
    found = list(found)
    assert len(found) == len(truth) == 12
    parts = Counter((part, label) for part, label, *_ in truth.values())
    assert Counter((part, label) for _, part, label, _ in found) == parts
    for name, part, label, picture in found:
        assert (part, label) == truth[name][:2]
        np.testing.assert_array_equal(np.asarray(picture), truth[name][2])


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_huggingface(data, truth, tmp_path):
    datasets = pytest.importorskip("datasets")
    export(data, "huggingface", tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train", "validation", "test"]
    features = loaded["train"].features
    assert isinstance(features["image"], datasets.Image)
    assert features["label"].names == sorted(WORDS)
    named = {"train": "train", "validation": "val", "test": "test"}
    rows = [(named[part], row) for part in loaded for row in loaded[part]]
    words = features["label"].int2str
    check(truth, ((r["id"], part, words(r["label"]), r["image"]) for part, r in rows))
    for _, row in rows:
        before = truth[row["id"]][3]
        for name in ("subject", "group", "landmarks", "valence", "frame", "flags", "camera"):
            assert row[name] == before[name], name
        assert (row["votes"] or {}).get("fear") == (before["votes"] or {}).get("fear")
        assert {pair["word"]: pair["p"] for pair in row["target"]} == dict(before["target"])
        assert row["file_name_in_manifest"] == before["file_name"]
    card = (tmp_path / "out" / "README.md").read_text(encoding="utf-8")
    assert "Me, 2026" in card and "CC0" in card and "num_examples: 4" in card


def test_webdataset(data, truth, tmp_path):
    wds = pytest.importorskip("webdataset")
    export(data, "webdataset", tmp_path / "out")
    words = json.loads((tmp_path / "out/classes.json").read_text(encoding="utf-8"))["classes"]
    found = []
    for part in PARTS:
        shards = [str(p) for p in sorted((tmp_path / "out").glob(f"{part}-*.tar"))]
        feed = wds.WebDataset(shards, shardshuffle=False).decode("rgb8")
        for sample in feed:
            about = sample["json"]
            picture = sample["png"]
            if truth[about["id"]][2].ndim == 2:  # the reader makes colour of gray
                assert (picture == picture[:, :, :1]).all()
                picture = picture[:, :, 0]
            assert about["part"] == part and about["label"] == words[sample["cls"]]
            before = truth[about["id"]][3]
            assert about["target"] == {"fear": 0.25, "anger": 0.75}
            assert about.get("subject") == before["subject"]
            assert about.get("votes", {}).get("fear") == (before["votes"] or {}).get("fear")
            found.append((about["id"], part, about["label"], picture))
    check(truth, found)


def test_croissant(data, truth, tmp_path):
    mlc = pytest.importorskip("mlcroissant")
    export(data, "croissant", tmp_path / "out")
    dataset = mlc.Dataset(tmp_path / "out" / "croissant.json")
    assert dataset.metadata.license == ["CC0"] and dataset.metadata.cite_as == "Me, 2026"
    rows = []
    for record in dataset.records("faces"):
        plain = {k.removeprefix("faces/"): v for k, v in record.items()}
        rows.append({k: v.decode() if isinstance(v, bytes) else v for k, v in plain.items()})
    check(truth, ((r["id"], r["split"], r["label"], r["image"]) for r in rows))
    for row in rows:
        before = truth[row["id"]][3]
        assert (row["subject"], row["camera"]) == (before["subject"], before["camera"])
        assert json.loads(row["landmarks"]) == before["landmarks"]
        assert row["votes_fear"] == (before["votes"] or {}).get("fear")


def test_coco(data, truth, tmp_path):
    coco = pytest.importorskip("pycocotools.coco")
    export(data, "coco", tmp_path / "out")
    found, seen = [], []
    for part in PARTS:
        api = coco.COCO(str(tmp_path / "out" / "annotations" / f"instances_{part}.json"))
        words = {c["id"]: c["name"] for c in api.loadCats(api.getCatIds())}
        assert sorted(words.values()) == sorted(WORDS)
        for image in api.loadImgs(api.getImgIds()):
            (annotation,) = api.loadAnns(api.getAnnIds(imgIds=image["id"]))
            picture = Image.open(tmp_path / "out" / "images" / image["file_name"])
            assert picture.size == (image["width"], image["height"])
            assert annotation["bbox"] == [0, 0, *picture.size]
            about = image["sample"]
            assert about.get("subject") == truth[about["id"]][3]["subject"]
            found.append((about["id"], part, words[annotation["category_id"]], picture))
            seen.append(image["id"])
        assert api.dataset["licenses"][0]["name"] == "x: CC0"
    check(truth, found)
    assert sorted(seen) == list(range(1, 13))


def test_csv(data, truth, tmp_path):
    export(data, "csv", tmp_path / "out")
    table = pd.read_csv(tmp_path / "out" / "samples.csv")
    rows = table.to_dict("records")
    found = [
        (r["id"], r["part"], r["label"], Image.open(tmp_path / "out" / r["file_name"]))
        for r in rows
    ]
    check(truth, found)
    for row in rows:
        before = truth[row["id"]][3]
        assert (
            row["camera"] == before["camera"]
            and row["file_name_in_manifest"] == before["file_name"]
        )
        assert json.loads(row["landmarks"]) == before["landmarks"]
        assert json.loads(row["flags"]) == before["flags"]
        assert json.loads(row["target"]) == dict(before["target"])


@pytest.mark.parametrize(("to", "file"), [("csv", "samples"), ("imagefolder", "metadata")])
def test_a_word_that_pandas_reads_as_nothing_is_told(tmp_path, to, file):
    """The call that the note gives keeps the word, and an empty cell empty."""
    people, label = ["x:p", "NA", None, "x:q"], ["None", "fear", "None", "fear"]
    made(tmp_path / "own", smooth(4, 1, 16), label=label, subject=people)
    done = export(tmp_path / "own", to, tmp_path / "out", i_have_the_right=True)
    told = [note for note in done.notes if "empty cell" in note]
    assert [note.split(" is ")[0] for note in told] == ["label 'None'", "subject 'NA'"]
    assert all(f"read {file}.csv with keep_default_na=False, na_values=['']" in n for n in told)
    (found,) = (tmp_path / "out").rglob(f"{file}.csv")
    table = pd.read_csv(found, keep_default_na=False, na_values=[""])
    assert sorted(table["label"]) == sorted(label)
    assert sorted(table["subject"].dropna()) == ["NA", "x:p", "x:q"]


def test_imagefolder_as_folders(data, truth, tmp_path):
    """As torchvision reads it: classes are the folders, in alphabetical order."""
    export(data, "imagefolder", tmp_path / "out")
    kept = json.loads((tmp_path / "out" / "classes.json").read_text(encoding="utf-8"))["folders"]
    words = {name: word for word, name in kept.items()}
    found = []
    for part in PARTS:
        about = pd.read_csv(tmp_path / "out" / part / "metadata.csv").set_index("file_name")
        classes = sorted(
            entry.name for entry in os.scandir(tmp_path / "out" / part) if entry.is_dir()
        )
        assert set(classes) <= {"fear", "anger", "joy_love"}
        for name in classes:
            for file in sorted((tmp_path / "out" / part / name).iterdir()):
                row = about.loc[f"{name}/{file.name}"]
                assert row["label"] == words[name]
                found.append((row["id"], part, words[name], Image.open(file)))
    check(truth, found)


def test_imagefolder_as_datasets_reads_it(data, truth, tmp_path):
    datasets = pytest.importorskip("datasets")
    export(data, "imagefolder", tmp_path / "out")
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == list(PARTS)
    rows = [(part, row) for part in loaded for row in loaded[part]]
    check(truth, ((row["id"], part, row["label"], row["image"]) for part, row in rows))
    assert all(row["camera"] == truth[row["id"]][3]["camera"] for _, row in rows)


@pytest.mark.parametrize("to", ["imagefolder", "huggingface"])
def test_what_was_not_dealt_is_one_part(to, tmp_path):
    """Classes called like parts are no parts."""
    datasets = pytest.importorskip("datasets")
    words = ["test", "train", "fear"] * 2
    made(tmp_path / "own", smooth(6, 1, 16), native_label=words, fold=[0, 1, 2] * 2)
    export(tmp_path / "own", to, tmp_path / "out", i_have_the_right=True)
    loaded = datasets.load_dataset(str(tmp_path / "out"), cache_dir=str(tmp_path / "cache"))
    assert list(loaded) == ["train"]
    rows = {row["id"]: (row["native_label"], row["fold"]) for row in loaded["train"]}
    assert rows == {f"x/{i:03d}": (words[i], i % 3) for i in range(6)}


def test_labelstudio(data, truth, tmp_path):
    """A URL is resolved as `localfiles_data` of Label Studio does: below the document root."""
    export(data, "labelstudio", tmp_path / "out")
    tasks = json.loads((tmp_path / "out" / "tasks.json").read_text(encoding="utf-8"))
    config = ElementTree.parse(tmp_path / "out" / "label_config.xml").getroot()
    assert "--images . -o data/judged`" in (tmp_path / "out" / "README.md").read_text("utf-8")
    control = config.find("Choices")
    assert [choice.get("value") for choice in control] == sorted(WORDS)
    found = []
    for task in tasks:
        url = urllib.parse.urlsplit(task["data"]["image"])
        (place,) = urllib.parse.parse_qs(url.query)["d"]
        assert url.path == "/data/local-files/" and place.startswith("images/")
        (result,) = task["predictions"][0]["result"]
        assert (result["from_name"], result["to_name"]) == (control.get("name"), "image")
        assert config.find("Image").get("value") == "$image"
        about = task["data"]
        assert result["value"]["choices"] == [about["label"]]
        picture = Image.open(tmp_path / "out" / place)
        found.append((about["id"], about["part"], about["label"], picture))
    check(truth, found)


def test_fiftyone(data, truth, tmp_path):
    """Both layouts, read as FiftyOne's importers do (`fiftyone/utils/data/importers.py`)."""
    export(data, "fiftyone", tmp_path / "out")
    read = {n: json.loads((tmp_path / "out" / f"{n}.json").read_text(encoding="utf-8"))
            for n in ("metadata", "samples", "labels")}  # fmt: skip
    assert "version" not in read["metadata"]  # else it would be taken for database documents
    assert read["metadata"]["media_type"] == "image"
    found = []
    for sample in read["samples"]["samples"]:
        assert sample["ground_truth"]["_cls"] == "Classification"
        picture = Image.open(tmp_path / "out" / sample["filepath"])
        (part,) = sample["tags"]
        found.append((sample["sample_id"], part, sample["ground_truth"]["label"], picture))
        uuid = sample["filepath"].removeprefix("data/").removesuffix(".png")
        code = read["labels"]["labels"][uuid]
        assert read["labels"]["classes"][code] == sample["ground_truth"]["label"]
    check(truth, found)
    assert len({s["ground_truth"]["_id"]["$oid"] for s in read["samples"]["samples"]}) == 12


def test_each_picture_of_coco_has_the_licence_of_its_data_set(tmp_path):
    made(tmp_path / "own", smooth(4, 1, 16), source=["y", "x", "y", "x"])
    card = tmp_path / "own" / "card.json"
    about = {
        n: {"licence": f"of {n}", "citation": "", "homepage": "", "sharing": "free"} for n in "xy"
    }
    card.write_text(json.dumps(json.loads(card.read_text()) | {"about": about}))
    export(tmp_path / "own", "coco", tmp_path / "out")
    read = json.loads((tmp_path / "out/annotations/instances_faces.json").read_text())
    names = {each["id"]: each["name"] for each in read["licenses"]}
    assert [names[image["license"]] for image in read["images"]] == [
        "y: of y", "x: of x", "y: of y", "x: of x",
    ]  # fmt: skip


def test_a_number_that_json_does_not_know_is_none(tmp_path):
    values = pa.array([float("inf"), float("-inf"), float("nan"), 0.5], pa.float32())
    made(tmp_path / "own", smooth(4, 1, 16), valence=values)
    export(tmp_path / "own", "coco", tmp_path / "out", i_have_the_right=True)
    read = json.loads((tmp_path / "out/annotations/instances_faces.json").read_text())
    assert [image["sample"].get("valence") for image in read["images"]] == [None] * 3 + [0.5]


def test_a_full_shard_is_followed_by_another(tmp_path, monkeypatch):
    """A sample is three members of a kilobyte, or one and a half: header and data in blocks."""
    wds = pytest.importorskip("webdataset")
    made(tmp_path / "own", smooth(5, 1, 16))
    for name, value, many in (("MOST", 2, [2, 2, 1]), ("BYTES", 4000, [2, 2, 1])):
        with monkeypatch.context() as patch:
            patch.setattr(f"fertools.export.webdataset.{name}", value)
            out = tmp_path / name
            export(tmp_path / "own", "webdataset", out, i_have_the_right=True)
        shards = [str(path) for path in sorted(out.glob("faces-*.tar"))]
        ids = [[s["json"]["id"] for s in wds.WebDataset(each, shardshuffle=False).decode()]
               for each in shards]  # fmt: skip
        assert [len(each) for each in ids] == many
        assert [name for each in ids for name in each] == [f"x/{i:03d}" for i in range(5)]


@pytest.mark.parametrize(("size", "many"), [(10**9, [5]), (1, [2, 2, 1])])
def test_a_parquet_file_ends_once_it_is_full(tmp_path, monkeypatch, size, many):
    for name in ("_parquet", "_chosen"):
        monkeypatch.setattr(f"fertools.export.{name}.BATCH", 2)
    monkeypatch.setattr("fertools.export._parquet.BYTES", size)
    pytest.importorskip("mlcroissant")
    made(tmp_path / "own", smooth(5, 1, 16))
    export(tmp_path / "own", "croissant", tmp_path / "out", i_have_the_right=True)
    files = sorted((tmp_path / "out" / "data").iterdir())
    assert [f.name for f in files] == [
        f"faces-{i:05d}-of-{len(many):05d}.parquet" for i in range(len(many))
    ]
    ids = [pq.read_table(file)["id"].to_pylist() for file in files]
    assert [len(each) for each in ids] == many
    assert [name for each in ids for name in each] == [f"x/{i:03d}" for i in range(5)]


def test_the_part_is_a_split_to_croissant(tmp_path):
    """As the specification 1.0 asks: https://docs.mlcommons.org/croissant/docs/croissant-spec.html"""
    pytest.importorskip("mlcroissant")
    export(own(tmp_path / "own"), "croissant", tmp_path / "out")
    (records,) = json.loads((tmp_path / "out/croissant.json").read_text())["recordSet"]
    kinds = {field["name"]: field["dataType"] for field in records["field"]}
    assert kinds["split"] == ["sc:Text", "cr:Split"]
    assert (kinds["image"], kinds["valence"], kinds["frame"]) == (
        "sc:ImageObject", "sc:Float", "sc:Integer",
    )  # fmt: skip


@pytest.mark.parametrize("to", folder.names("export"))
def test_the_same_manifest_gives_the_same_bytes(to, tmp_path):
    path = own(tmp_path / "own")
    for name in ("one", "two"):
        export(path, to, tmp_path / name)
    one, two = (tree(tmp_path / name) for name in ("one", "two"))
    assert one == two and "export.json" in one


def tree(out: Path) -> dict[str, bytes]:
    return {str(p.relative_to(out)): p.read_bytes() for p in out.rglob("*") if p.is_file()}


@pytest.mark.parametrize("to", folder.names("export"))
def test_every_format_says_what_it_loses_and_where_its_rows_come_from(to, tmp_path):
    module = folder.load("export", to)
    assert module.READ_BY and module.KEEPS and module.LOSES
    done = export(own(tmp_path / "own"), to, tmp_path / "out")
    record = json.loads((tmp_path / "out" / "export.json").read_text(encoding="utf-8"))
    assert record["sources"]["x"]["citation"] == "Me, 2026"
    assert len(record["manifest"]["digest"]) == 32
    left = {"no face: no_face": 1, "dropped: blank": 1, "unlabelled": 1}
    assert record["left_out"] == done.left_out == left
    assert done.samples + sum(left.values()) == done.rows == COUNT
    assert record["counts"] == done.counts
    assert {part: sum(n.values()) for part, n in done.counts.items()} == dict.fromkeys(PARTS, 4)


@pytest.mark.parametrize("to", folder.names("export"))
def test_jpeg_is_the_codec_that_was_asked_for(to, tmp_path):
    export(own(tmp_path / "own"), to, tmp_path / "out", Options(codec="jpeg"))
    files = tree(tmp_path / "out")
    assert not any(name.endswith(".png") for name in files)
    assert any(b"\xff\xd8\xff\xe0" in data for data in files.values())


@pytest.mark.parametrize("to", folder.names("export"))
def test_columns_of_any_type_and_name_are_written(to, tmp_path):
    """No column takes another's place, and none ends the export."""
    data = own(tmp_path / "own")
    file = data / "manifest.parquet"
    table = pq.read_table(file)
    day = datetime.date(2020, 2, 1)
    more = {
        "pose.yaw": ["dot"], "pose_yaw": ["bar"], "votes_fear": ["mine"], "part": ["one"],
        "part_in_manifest": ["two"], "raw": [b"\xff"], "day": [day], "price": [Decimal("1.5")],
        "deep": [{"a": {"b": [1, 2]}, "c": b"\xfe"}],
    }  # fmt: skip
    for name, values in more.items():
        table = table.append_column(name, [pa.array(values * len(table))])
    pq.write_table(table, file)
    export(data, to, tmp_path / "out")
    if to == "fiftyone":
        first = json.loads((tmp_path / "out/samples.json").read_text())["samples"][0]
        assert {first["pose_yaw"], first["pose_yaw_"]} == {"dot", "bar"}
    if to == "csv":
        first = pd.read_csv(tmp_path / "out/samples.csv").iloc[1].to_dict()
        assert (first["votes_fear"], first["votes_fear_"]) == ("mine", 1)
        assert (first["part_in_manifest"], first["part_in_manifest_"]) == ("two", "one")
        assert (first["deep_a_b"], first["raw"]) == ("[1, 2]", "b'\\xff'")
    if to == "croissant":
        mlc = pytest.importorskip("mlcroissant")
        read = mlc.Dataset(jsonld=str(tmp_path / "out/croissant.json")).records("faces")
        first = next(iter(read))
        assert first["faces/day"] == b"2020-02-01" and first["faces/price"] == b"1.5"
