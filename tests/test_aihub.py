"""AI-Hub: names, records, boxes, and the rounds that a small disk needs."""

import json
import shutil
import unicodedata
from dataclasses import replace
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from fertools.cli import cli
from fertools.errors import FerError
from fertools.fakes import aihub as fake
from fertools.fakes._files import put
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import Member, Root
from fertools.sources import _aihub_names as names
from fertools.sources import _aihub_records as records
from fertools.sources import aihub
from tests.made import ingester

PERSON = "0cb3d5e25825f2908769e75f7f14dbc587423fcb6e5f50a0ff5a60078bb03df1"
REAL_NAMES = [  # from the publisher's documents and public loaders
    (f"{PERSON}_여_20_기쁨_숙박 및 거주공간_20210126165538-010-011.jpg", "여", "기쁨", "010"),
    (f"{PERSON}_남_30_중립_숙박 및 거주공간_20201207110438-010-005.jpg", "남", "중립", "010"),
    (
        f"{PERSON}_남_20_기쁨_교통&이동수단(엘리베이터 포함)_20210125160548-002-004.jpg",
        "남",
        "기쁨",
        "002",
    ),
    (
        f"{PERSON}_남_20_분노_공공시설&종교&의료시설_20201206191935-001-004.jpg",
        "남",
        "분노",
        "001",
    ),
]
FACE = {"size": 48, "faces": "annotation"}


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Each layout of the fake, ingested once: folder, truth, result, table."""
    return ingester(tmp_path_factory, fake, FACE)


def faces_of(place, table):
    good = table.filter(pa.compute.equal(table["status"], "ok"))
    return [
        np.load(place / "out" / shard)[row]
        for shard, row in zip(good["shard"].to_pylist(), good["row"].to_pylist(), strict=True)
    ]


@pytest.mark.parametrize("variant", fake.VARIANTS)
def test_every_image_and_record_is_accounted_for(variant, done):
    _, truth, result, table = done(variant)
    pending = {"pending": truth.counts["pending"]} if truth.counts["pending"] else {}
    assert result.statuses == {**truth.statuses, **pending}
    claimed = {key for key in table["record"].to_pylist() if key}
    assert len(claimed) + truth.counts["pending"] == truth.counts["records"]
    assert table["record"].null_count == truth.counts["without_record"]


@pytest.mark.parametrize("variant", ["zips", "parts", "mac"])
def test_packed_and_tidied_copies_differ_in_path_only(variant, done):
    place, _, _, table = done(variant)
    plain_place, _, _, plain = done("folders")
    apart = ["path", "detail"]  # the detail names the path
    assert table.drop_columns(apart).equals(plain.drop_columns(apart))
    for file in sorted((plain_place / "out").glob("faces-*.npy")):
        assert (place / "out" / file.name).read_bytes() == file.read_bytes()
    assert table["path"].to_pylist() != plain["path"].to_pylist()


def test_one_photograph_gives_one_crop_under_every_orientation(done):
    place, _, _, table = done("orientations")
    assert {1, 2, 3, 4, 6, 8} <= set(table["orientation"].to_pylist())
    faces = [face.astype(float).ravel() for face in faces_of(place, table)]
    assert min(np.corrcoef(one, other)[0, 1] for one, other in combinations(faces, 2)) > 0.98


def test_the_report_names_people_who_are_two(done):
    _, truth, result, _ = done("zips")
    said = dict(note.rsplit(": ", 1) for note in result.notes)
    assert said["people with two genders"] == str(truth.counts["two_genders"])
    assert said["people with two ages"] == str(truth.counts["two_ages"])
    assert said["images without a record"] == str(truth.counts["without_record"])
    both = "people in both Training and Validation (split by subject)"
    assert said[both] == str(truth.counts["in_both_parts"])


def test_what_a_row_says(done):
    _, truth, _, table = done("zips")
    rows = table.to_pylist()
    labelled = [row for row in rows if row["record"]]
    assert {row["gender"] for row in labelled} == {"female", "male"}
    assert {row["age"] for row in labelled} <= {f"{n}0-{n}9" for n in range(1, 7)}
    assert {row["professional"] for row in labelled} == {True, False}
    assert {row["captured_at"][:8] for row in labelled} == {"2020-12-"}
    words = [row[f"rater_{r}_label"] for row in rows for r in "abc" if row["status"] == "ok"]
    assert words.count("알수없음") == truth.counts["unsure"]


def rounds(truth, place, order):
    """Ingest image zips in an order, four rounds, each zip deleted when its round is done."""
    whole, disk, out = place / "whole", place / "disk", place / "out"
    if not whole.exists():
        truth = fake.write(whole, variant="zips")
    zips = sorted((whole / "aihub").rglob("*.zip"))
    labels = [z for z in zips if "라벨" in str(z)]
    images = [z for z in zips if "라벨" not in str(z)]
    images = [images[i] for i in order.permutation(len(images))]
    for number, part in enumerate(np.array_split(np.array(images, object), 4)):
        for file in [*part, *(labels if number == 0 else [])]:
            target = disk / file.relative_to(whole)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(file, target)
        ingest("aihub", [disk / "aihub"], out, face=FACE, add=number > 0)
        shutil.rmtree(disk)
    return truth


@pytest.mark.parametrize("seed", [0, 1])
def test_four_rounds_with_each_zip_deleted_give_the_bytes_of_one_run(seed, done, tmp_path):
    at_once, *_ = done("zips")
    rounds(None, tmp_path, np.random.default_rng(seed))
    want = {p.relative_to(at_once / "out"): p for p in (at_once / "out").rglob("*") if p.is_file()}
    have = {p.relative_to(tmp_path / "out"): p for p in (tmp_path / "out").rglob("*")
            if p.is_file()}  # fmt: skip
    assert have.keys() == want.keys()
    for name, file in want.items():
        if name.name != "card.json":  # it holds the time
            assert have[name].read_bytes() == file.read_bytes(), name


def test_labels_may_come_in_a_round_of_their_own(done, tmp_path):
    at_once, truth, *_ = done("zips")
    labels, images = tmp_path / "labels", tmp_path / "images"
    for file in (at_once / "aihub").rglob("*.zip"):
        kind = labels if "라벨" in file.name else images
        put(kind, str(file.relative_to(at_once / "aihub")), file.read_bytes())
    first = ingest("aihub", [labels], tmp_path / "out", face=FACE)
    assert first.statuses == {"pending": truth.counts["records"]}
    ingest("aihub", [images], tmp_path / "out", face=FACE, add=True)
    for name in ("manifest.parquet", "labels.parquet"):
        assert (tmp_path / "out" / name).read_bytes() == (at_once / "out" / name).read_bytes()


def test_images_whose_label_file_is_not_there_are_refused(tmp_path):
    truth = fake.write(tmp_path, people=3, traps=False, variant="zips")
    missing = tmp_path / "aihub/Training/[라벨]EMOIMG_슬픔_TRAIN.zip"
    kept = missing.read_bytes()
    missing.unlink()
    with pytest.raises(FerError, match=r"ingest \[라벨\]EMOIMG_슬픔_TRAIN.zip along with it, or"):
        ingest("aihub", truth.raws(tmp_path), tmp_path / "out", face=FACE)
    put(missing.parent, missing.name, kept)
    result = ingest("aihub", truth.raws(tmp_path), tmp_path / "out", face=FACE)
    assert result.statuses == dict(truth.statuses)


def test_what_is_said_of_a_missing_label_file_can_be_done_in_the_same_folder(tmp_path):
    fake.write(tmp_path, people=2, traps=False, variant="zips")
    label, image = (
        next((tmp_path / "aihub").rglob(f"*{kind}*기쁨*.zip")) for kind in ("라벨", "원천")
    )
    for out in ("asked", "rounds"):
        with pytest.raises(FerError, match="before it and then this with --add, or say --without"):
            ingest("aihub", [image], tmp_path / out, face=FACE)
    way = {"options": {"without_labels": True}}
    assert ingest("aihub", [image], tmp_path / "asked", face=FACE, **way).rows
    ingest("aihub", [label], tmp_path / "rounds", face=FACE)
    assert ingest("aihub", [image], tmp_path / "rounds", face=FACE, add=True).rows


def test_images_alone_are_taken_when_asked_for(tmp_path):
    truth = fake.write(tmp_path, people=2, traps=False, variant="zips")
    for file in (tmp_path / "aihub").rglob("*라벨*"):
        file.unlink()
    result = ingest(
        "aihub", truth.raws(tmp_path), tmp_path / "out",
        face={"size": 48, "faces": "as-is"}, options={"without_labels": True},
    )  # fmt: skip
    table = read_manifest(tmp_path / "out").table
    assert result.statuses == dict(truth.statuses)
    assert set(table["raw_label"].to_pylist()) == set(truth.labels)
    assert table["record"].null_count == table.num_rows
    assert {f"aihub:{who}" for who in truth.subjects} == set(table["subject"].to_pylist())


def test_records_that_come_after_their_images_are_told(tmp_path):
    truth = fake.write(tmp_path, people=2, traps=False, variant="zips")
    labels = {file: file.read_bytes() for file in (tmp_path / "aihub").rglob("*라벨*")}
    for file in labels:
        file.unlink()
    way = {"face": FACE | {"faces": "as-is"}, "options": {"without_labels": True}}
    ingest("aihub", truth.raws(tmp_path), tmp_path / "out", **way)
    for file, data in labels.items():
        file.write_bytes(data)
    done = ingest("aihub", truth.raws(tmp_path), tmp_path / "out", add=True, **way)
    said = "images whose records came later (start over with --force)"
    assert f"{said}: {done.rows}" in done.notes


def test_the_rater_box_is_an_option_and_a_wrong_one_lists_the_known(done, tmp_path):
    place, truth, _, table = done("zips")
    ingest("aihub", truth.raws(place), tmp_path, face=FACE, options={"rater_box": "closest-two"})
    two = read_manifest(tmp_path).table
    moved = np.abs(np.subtract(table["box_x1"].to_numpy(), two["box_x1"].to_numpy()))
    assert np.nanmax(moved) > 10  # the photograph with one rater far off
    with pytest.raises(FerError, match="rater box 'median': known are closest-two, mean"):
        ingest("aihub", truth.raws(place), tmp_path / "x", options={"rater_box": "median"})


@pytest.mark.parametrize(("text", "gender", "emotion", "code"), REAL_NAMES)
def test_real_names_are_read(text, gender, emotion, code):
    for spelled in (text, text.upper().replace("JPG", "JPEG"), unicodedata.normalize(
            "NFD", text), f"data/{text}", names.plain(text)):  # fmt: skip
        photo = names.parse(spelled)
        assert (photo.person, photo.gender, photo.emotion) == (PERSON, gender, emotion)
        assert photo.place == code
        assert names.background(None, photo) == names.BACKGROUNDS[code]
    assert names.parse(text).captured_at.startswith("202")
    assert names.parse("IMG_0001.jpg") == names.Photo("IMG_0001.jpg")


def test_a_slash_in_a_name_is_a_folder_or_a_background():
    text = f"data/01/{PERSON}_남_20_분노_공공시설/종교/의료시설_20201206191935-001-004.jpg"
    photo = names.parse(text)
    assert photo.background == "공공시설/종교/의료시설"
    assert names.background(None, photo) == "공공시설&종교&의료시설"


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("도심환경", "도심 환경"),  # another spelling of a known one
        ("우주 정거장", "우주 정거장"),  # an intact one that nobody knows
        ("½Ç¿Ü ÀÚ¿¬È¯°æ", "실외 자연환경"),  # the wrong encoding: by the number
        ("실외 자\ufffd\ufffd", "실외 자연환경"),
        ("실외 자??", "실외 자연환경"),
        (None, "실외 자연환경"),
    ],
)
def test_backgrounds_are_recovered(said, word):
    photo = names.Photo("x", place="007")
    assert names.background(said, photo) == word


def test_the_numbers_of_backgrounds_are_the_publishers():
    table = {
        "001": "공공시설&종교&의료시설", "002": "교통&이동수단(엘리베이터 포함)",
        "003": "상업시설&점포&시장", "004": "스포츠 관람 및 레저시설", "005": "오락&공연시설",
        "006": "행사&사무공간", "007": "실외 자연환경", "008": "도심 환경",
        "009": "문화재 및 유적지", "010": "숙박 및 거주공간",
    }  # fmt: skip
    assert {code: names.background(None, names.Photo("x", place=code)) for code in table} == table


@pytest.mark.parametrize(
    ("value", "box"),
    [
        ({"boxes": {"minX": 1, "minY": 2, "maxX": 3, "maxY": 4}}, [1, 2, 3, 4]),
        ({"boxes": [{"minX": "1", "minY": 2.0, "maxX": 3, "maxY": 4}]}, [1, 2, 3, 4]),
        ({"boxes": [1, 2, 3, 4]}, [1, 2, 3, 4]),
        ([{"minX": 1, "minY": 2, "maxX": 3, "maxY": 4}], [1, 2, 3, 4]),
        ([[1, 2, 3, 4]], [1, 2, 3, 4]),
        ({"boxes": {"minX": 1, "minY": 2, "maxX": 1, "maxY": 4}}, None),  # no width
        ({"boxes": {"minX": 1, "minY": 4, "maxX": 3, "maxY": 4}}, None),  # no height
        ({"boxes": {"minX": 1, "minY": None, "maxX": 3, "maxY": 4}}, None),
        ({"boxes": {"minX": "left", "minY": 2, "maxX": 3, "maxY": 4}}, None),
        ({"boxes": {"minX": float("nan"), "minY": 2, "maxX": 3, "maxY": 4}}, None),
        ({"boxes": []}, None),
        ({"boxes": [1, 2, 3]}, None),
        ({}, None),
        (None, None),
    ],
)
def test_boxes_in_every_shape(value, box):
    assert records._box(value) == box


def test_rater_boxes_by_hand():
    near, other, far = [0.0, 0, 10, 10], [2.0, 0, 12, 10], [50.0, 50, 90, 90]

    def record(*boxes):
        return dict(zip(("box_a", "box_b", "box_c"), boxes, strict=True))

    assert records.overlap(near, other) == pytest.approx(80 / 120)
    assert records.overlap(near, far) == 0
    assert records.rater_box(record(near, far, other), "closest-two") == (1, 0, 11, 10)
    assert records.rater_box(record(near, None, other), "mean") == (1, 0, 11, 10)
    assert records.rater_box(record(None, None, far), "closest-two") == tuple(far)
    assert records.rater_box(record(None, None, None), "mean") is None
    mean = records.rater_box(record(near, far, other), "mean")
    assert mean == pytest.approx((52 / 3, 50 / 3, 112 / 3, 110 / 3))


def label_file(folder, found, name="Training/img_emotion_training_data(기쁨).json", **how):
    put(folder, name, json.dumps(found, ensure_ascii=False).encode(**how))


def indexed(folder):
    table = aihub.unite(aihub.index(Root(folder)))
    pq.write_table(table, folder / "labels.parquet")
    return table, str(folder / "labels.parquet")


def rows_of(folder):
    """The rows of the images below a folder, with the records below it."""
    units = aihub.units(Root(folder))
    _, labels = indexed(folder)
    return [row for unit in units for row in aihub.read(replace(unit, labels=labels))]


def test_what_a_record_says_stands_before_the_file_name(tmp_path):
    """The blocks of raters under either name, and the part of the label file."""
    text = REAL_NAMES[3][0]  # a man of 20 in anger, by his file's name
    box = {"minX": 10, "minY": 20, "maxX": 50, "maxY": 80}
    record = {
        "filename": text, "gender": "여", "age": "40대", "faceExp_uploader": "슬픔",
        "bg_uploader": "도심 환경", "annot_A": {"faceExp": "슬픔", "boxes": box},
        "annot_B": {"faceExp": "불안"},
        "faceBB_C": {"boxes": {**{edge: n + 2 for edge, n in box.items()}, "label": "상처"}},
    }  # fmt: skip
    put(tmp_path, f"images/{text}", b"x")
    label_file(tmp_path, [record])
    (row,) = rows_of(tmp_path)
    assert (row.raw_label, row.gender, row.age) == ("슬픔", "female", "40-49")
    assert (row.background, row.official_split) == ("도심 환경", "train")
    assert (row.rater_a_label, row.rater_b_label, row.rater_c_label) == ("슬픔", "불안", "상처")
    assert row.box == (11, 21, 51, 81)


def test_without_a_record_the_file_name_speaks(tmp_path):
    """A label file that names no part of the data set is one for both parts."""
    text, other = REAL_NAMES[0][0], REAL_NAMES[2][0]
    put(tmp_path, f"Training/{text}", b"x")
    label_file(tmp_path, [{"filename": other}], "labels.json")
    (row,) = rows_of(tmp_path)
    assert (row.raw_label, row.gender, row.age) == ("기쁨", "female", "20-29")
    assert (row.subject, row.official_split) == (f"aihub:{PERSON}", "train")
    assert (row.captured_at, row.extra["record"]) == ("2021-01-26T16:55:38", None)


def test_an_image_finds_its_record_by_name_then_by_person_and_time(tmp_path):
    text = REAL_NAMES[2][0]
    label_file(tmp_path, [{"filename": text}, {"filename": "renamed&kept.jpg"}], encoding="cp949")
    label_file(tmp_path, [{"filename": text}], "Validation/img_emotion_validation_data.json")
    _, labels = indexed(tmp_path)
    spelled = [text, names.plain(text), text.replace("_20_", "_30_"), text.replace("jpg", "jpeg")]
    for name in spelled:
        photo = names.parse(name)
        lookup = records.Lookup(labels, [photo])
        assert lookup(photo, "train")["key"] == f"train/{text}"
        assert lookup(photo, "val")["key"] == f"val/{text}"
    photo = names.parse("renamed_kept.jpg")
    assert records.Lookup(labels, [photo])(photo, "train")["key"] == "train/renamed&kept.jpg"
    photo = names.parse(text.replace("160548", "160549"))
    assert records.Lookup(labels, [photo])(photo, "train") is None


def test_the_name_as_it_stands_goes_before_the_plain_one(tmp_path):
    label_file(tmp_path, [{"filename": name, "age": 20} for name in ("a&b.jpg", "a_b.jpg")])
    _, labels = indexed(tmp_path)
    photos = [names.parse(name) for name in ("a&b.jpg", "a_b.jpg")]
    lookup = records.Lookup(labels, photos)
    found = [lookup(photo, "train")["key"] for photo in photos]
    assert found == ["train/a&b.jpg", "train/a_b.jpg"]


def test_the_innermost_folder_speaks_and_a_persons_folder_is_not_the_name():
    text = REAL_NAMES[0][0]
    above = f"{'f' * 64}_남_20_슬픔/{text}"
    assert names.parse(above) == names.parse(text)
    assert names.place(f"Training/슬픔/Validation/기쁨/{text}") == names.Place("기쁨", "val", None)


def test_records_that_repeat_a_name_are_counted_and_the_first_stands(tmp_path):
    text = REAL_NAMES[0][0]
    found = [{"filename": text, "age": 20}, {"filename": text, "age": 30}]
    label_file(tmp_path, found, encoding="utf-8-sig")
    table, labels = indexed(tmp_path)
    again = aihub.unite(pa.concat_tables([table, aihub.index(Root(tmp_path))]))
    assert again.equals(table)  # read twice is read once
    photo = names.parse(text)
    assert records.Lookup(labels, [photo])(photo, "train")["age"] == "20"
    rows = pa.table(
        {"record": ["train/x"], "path": ["a.jpg"], "subject": ["aihub:1"], "gender": ["male"],
         "age": ["20-29"], "official_split": ["train"]}
    )  # fmt: skip
    assert aihub.report(rows, table) == [
        "records that repeat the name of another (the first one stands): 1"
    ]


def test_a_label_file_that_changes_between_rounds_is_named(tmp_path):
    text = REAL_NAMES[0][0]
    label_file(tmp_path, [{"filename": text, "gender": "남"}])
    before, _ = indexed(tmp_path)
    label_file(tmp_path, [{"filename": text, "gender": "여"}])
    both = pa.concat_tables([before, aihub.index(Root(tmp_path))])
    with pytest.raises(
        FerError, match=r"img_emotion_training_data\(기쁨\).json: its label changed"
    ):
        aihub.unite(both)


def test_folders_that_contradict_the_name_are_counted(tmp_path):
    text = REAL_NAMES[0][0]
    paths = [f"Training/[원천]EMOIMG_{e}_TRAIN_01.zip!{text}" for e in ("기쁨", "슬픔")]
    elsewhere = [f"Training/study/{text}", "Training/[원천]EMOIMG_기쁨_TRAIN_01.zip!IMG_0001.jpg"]
    assert aihub._astray(pa.array([*paths, *elsewhere])) == 1


def test_a_record_per_image_and_other_json(tmp_path):
    label_file(tmp_path, {"filename": REAL_NAMES[0][0], "isProf": "전문인"}, "Training/1.json")
    label_file(tmp_path, {"version": 3}, "Training/about.json")
    label_file(tmp_path, ["a", 1], "Training/list.json")
    table, _ = indexed(tmp_path)
    assert table["professional"].to_pylist() == [True]


@pytest.mark.parametrize(
    ("data", "complaint"), [(b'[{"filename": ', "no JSON"), (b"[\xff\xff\xff]", "neither UTF-8")]
)
def test_a_broken_label_file_is_named(tmp_path, data, complaint):
    put(tmp_path, "img_emotion_training_data(x).json", data)
    with pytest.raises(FerError, match=rf"img_emotion_training_data\(x\).json: {complaint}"):
        aihub.index(Root(tmp_path))


@pytest.mark.parametrize(
    ("value", "said"),
    [("전문인", True), ("일반인", False), (True, True), (0, False), ("?", None), (None, None)],
)
def test_professional_in_any_spelling(value, said):
    assert records._professional(value) is said


@pytest.mark.parametrize(
    ("said", "age"),
    [("20", "20-29"), ("20대", "20-29"), ("60", "60-69"), ("23", "23"), (None, None)],
)
def test_ages_are_decades(said, age):
    assert aihub._age(said) == age


@pytest.mark.parametrize(
    ("path", "group"),
    [
        ("Training/[원천]EMOIMG_기쁨_TRAIN_01.zip!{}", "happiness-train-01"),
        ("Training/EMOIMG_기쁨_TRAIN_01/{}", "happiness-train-01"),
        ("Validation/[원천]EMOIMG_기쁨_VALID.zip!{}", "happiness-val"),
        ("1.Training/원천데이터/기쁨_unzipped/{}", "happiness-train"),
        ("train/기쁨/{}", "happiness-train"),
        ("val/기쁨/{}", "happiness-val"),
        ("{}", "happiness"),
        ("mine.zip!{}", "happiness-mine.zip"),
        ("readme.txt", "elsewhere"),
    ],
)
def test_slices_are_named_by_emotion_and_part(path, group):
    path = path.format(REAL_NAMES[0][0])
    member = Member(path, "", "", 0, archive=path.rpartition("!")[0])
    assert aihub._group(member) == group


def test_a_split_by_subject_audits_clean(tmp_path):
    truth = fake.write(tmp_path, people=6, variant="zips")
    data, split = str(tmp_path / "data"), str(tmp_path / "split.parquet")
    ingest("aihub", truth.raws(tmp_path), data, face=FACE)
    shares = ["--group", "subject", "--ratios", "4:1:1", "--label-rule", "majority"]
    for line in (["split", data, *shares, "-o", split], ["audit", split, "--max-leakage", "0"]):
        done = CliRunner().invoke(cli, line, catch_exceptions=False)
        assert done.exit_code == 0, done.output
    table = read_manifest(split).table
    parts = {}
    for who, part in zip(table["subject"].to_pylist(), table["split"].to_pylist(), strict=True):
        if part is not None:
            parts.setdefault(who, set()).add(part)
    assert set().union(*parts.values()) == {"train", "val", "test"}
    assert all(len(found) == 1 for found in parts.values())
