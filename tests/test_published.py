"""The published protocols on the real data: what leaks, what is clean, and that all rows join."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest

from fertools import open_faces
from fertools.audit import audit
from fertools.audit.verdict import Audit
from fertools.flows.protocols import make
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.resources import folder
from fertools.split import SplitOptions, split
from tests.conftest import REAL, needs_real

pytestmark = needs_real
BY = ("subject", "sequence", "exact", "near")


@pytest.fixture(scope="module")
def fer(tmp_path_factory) -> Path:
    raw = REAL / "fer2013" / "fer2013.csv.zst"
    return ingest("fer2013", [raw], tmp_path_factory.mktemp("fer") / "data").out


@pytest.fixture(scope="module")
def ck(tmp_path_factory) -> Path:
    return ingest("ck48", [REAL / "ck48"], tmp_path_factory.mktemp("ck") / "data").out


def audited(data: Path, out: Path, protocol: str, draw: int | None = None) -> Audit:
    result = split([data], out, SplitOptions(protocol=protocol, draw=draw))
    assert result.missing == []
    return audit(result.out, BY)


def leaks(found: Audit, relation: str) -> list[int]:
    """Rows with a partner: val in train, test in train, test in val."""
    return [leak.rows for v in found.verdicts if v.relation == relation for leak in v.leaks]


def verdicts(found: Audit) -> dict[str, str]:
    return {v.relation: v.verdict for v in found.verdicts}


def test_fer2013_leaks_as_published(fer, tmp_path) -> None:
    found = audited(fer, tmp_path / "m.parquet", "fer2013-official")
    assert leaks(found, "exact") == [280, 288, 44]
    assert leaks(found, "near") == [488, 514, 93]
    near = next(v for v in found.verdicts if v.relation == "near")
    val, test = near.leaks[:2]
    assert test.classes == {
        "anger": (70, 491), "disgust": (22, 55), "fear": (107, 528), "happiness": (38, 879),
        "neutral": (56, 626), "sadness": (56, 594), "surprise": (165, 416),
    }  # fmt: skip
    assert val.classes["surprise"] == (164, 415)
    assert verdicts(found)["subject"] == "not checkable"


@pytest.mark.parametrize("protocol", ["fer2013-noleak", "fer2013-clean"])
def test_the_repaired_fer2013_is_clean(fer, tmp_path, protocol: str) -> None:
    found = audited(fer, tmp_path / "m.parquet", protocol)
    assert list(verdicts(found).values()) == ["not checkable"] * 2 + ["clean"] * 3


def test_less_data_alone_leaks_on(fer, tmp_path) -> None:
    found = audited(fer, tmp_path / "m.parquet", "fer2013-control", 2)
    assert leaks(found, "near")[1] > 450


def test_ck48_is_clean_by_people_and_leaks_as_published(ck, tmp_path) -> None:
    clean = audited(ck, tmp_path / "a.parquet", "ck48-subject10")
    assert set(verdicts(clean).values()) == {"clean"}
    assert clean.thresholds == {"ck48": 0.93}
    assert clean.false_twins == 208
    given = audit(tmp_path / "a.parquet", ["near"], near_threshold=0.9)
    assert verdicts(given)["near"] == "leaks"
    assert given.false_twins == 208
    paper = audited(ck, tmp_path / "b.parquet", "ck48-paper", 0)
    assert 160 <= leaks(paper, "sequence")[1] <= 175
    assert leaks(paper, "subject")[1] >= 192


def test_the_folder_version_joins(fer, tmp_path) -> None:
    image = pytest.importorskip("PIL.Image")
    names = {"anger": "angry", "happiness": "happy", "sadness": "sad"}
    usages = {"train": "Training", "val": "PublicTest", "test": "PrivateTest"}
    manifest = read_manifest(fer)
    faces = open_faces(manifest)
    numbers = 1206 + np.random.default_rng(0).choice(99_998_491, len(manifest), replace=False)
    with zipfile.ZipFile(tmp_path / "fer2013.zip", "w") as archive:
        for row, (sample, number) in enumerate(zip(manifest.samples(), numbers, strict=True)):
            part, word = sample["official_split"], sample["native_label"]
            stream = io.BytesIO()
            image.fromarray(faces[row]).save(stream, "JPEG", quality=95)
            file = f"{usages[part]}_{number}.jpg"
            place = f"{'train' if part == 'train' else 'test'}/{names.get(word, word)}/{file}"
            archive.writestr(place, stream.getvalue())
    data = ingest("fer2013", [tmp_path / "fer2013.zip"], tmp_path / "data").out
    options = SplitOptions(protocol="fer2013-noleak", allow_missing=174)
    result = split([data], tmp_path / "m.parquet", options)
    assert result.notes[0] == "protocol fer2013-noleak: 35,713 of 35,887 rows joined"
    assert len(result.missing) == 163  # the others are in no part
    from_csv = split([fer], tmp_path / "c.parquet", SplitOptions(protocol="fer2013-noleak"))
    hidden = set(result.missing)
    table = read_manifest(from_csv.out).table
    kept = [i not in hidden for i in table["id"].to_pylist()]
    by_csv = table.filter(kept).group_by(["split", "label"]).aggregate([([], "count_all")])
    by_folder = read_manifest(result.out).table.group_by(["split", "label"])
    counted = by_folder.aggregate([([], "count_all")])
    expected, got = (
        {(r["split"], r["label"]): r["count_all"] for r in t.to_pylist() if r["split"]}
        for t in (by_csv, counted)
    )
    assert got == expected
    assert pc.sum(pc.is_valid(read_manifest(result.out).table["split"])).as_py() == 34_327 - 163


def test_the_lists_can_be_made_again(fer, ck, tmp_path) -> None:
    votes = REAL / "ferplus" / "fer2013new.csv"
    made = make(tmp_path, fer, votes, ck)
    assert len(made) == 8
    for name in made:
        for suffix in (".toml", ".parquet"):
            ours = (tmp_path / f"{name}{suffix}").read_bytes()
            assert ours == (folder("manifests") / f"{name}{suffix}").read_bytes(), name
