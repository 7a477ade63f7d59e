"""The checks on the real data sets: the counts that are known of them."""

import numpy as np
import pytest

from fertools.checks import derived, duplicates, label_noise, quality
from fertools.faces import Faces, open_faces
from fertools.ingest import ingest
from fertools.manifest import Manifest, read_manifest
from tests.conftest import REAL, needs_real

pytestmark = needs_real


@pytest.fixture(scope="module")
def ck48(tmp_path_factory) -> tuple[Manifest, Faces]:
    folder = tmp_path_factory.mktemp("ck48") / "data"
    ingest("ck48", [REAL / "ck48"], folder)
    manifest = read_manifest(folder)
    return manifest, open_faces(manifest)


@pytest.fixture(scope="module")
def fer2013(tmp_path_factory) -> tuple[Manifest, Faces]:
    folder = tmp_path_factory.mktemp("fer2013") / "data"
    ingest("fer2013", [REAL / "fer2013" / "fer2013.csv.zst"], folder)
    manifest = read_manifest(folder)
    return manifest, open_faces(manifest)


def test_ck48_has_its_own_threshold(ck48):
    found = duplicates.find(*ck48, duplicates.Options())
    assert found.facts["threshold"] == 0.93
    assert found.facts["curve"]["different_subjects"][0] == 208
    assert found.facts["exact_groups"] == 0
    assert found.facts["pairs"]["sequence"] > 900
    assert "contradicting_twins" not in found.flags


def test_fer2013_has_its_published_copies(fer2013):
    manifest, _ = fer2013
    found = duplicates.find(*fer2013, duplicates.Options())
    facts = found.facts
    assert (facts["exact_groups"], facts["exact_redundant"]) == (1518, 1855)
    assert (facts["exact_contradicting_groups"], facts["constants"]) == (59, 12)
    part = np.array(manifest.table["official_split"].to_pylist())
    place = {name: i for i, name in enumerate(manifest.table["id"].to_pylist())}
    twins = found.tables["twins"].to_pandas()
    twins = twins[~twins.mirrored]  # as in the published counts
    ends = np.stack([twins.id_a.map(place), twins.id_b.map(place)], axis=1)
    both = np.concatenate([ends, ends[:, ::-1]])
    leaked = {p: np.unique(both[(part[both[:, 0]] == p) & (part[both[:, 1]] == "train"), 0])
              for p in ("val", "test")}  # fmt: skip
    assert {p: len(rows) for p, rows in leaked.items()} == {"val": 488, "test": 514}


def test_ck48_has_no_augmented_copy_and_no_poor_face(ck48):
    assert len(derived.find(*ck48, derived.Options()).rows) == 0
    assert len(quality.find(*ck48, quality.Options()).rows) == 0


def test_twins_of_one_person_say_nothing_of_labels(ck48):
    found = label_noise.find(*ck48, label_noise.Options())
    assert found.facts["twins"]["pairs"] == 0 and len(found.rows) == 0
    assert found.facts["left_out"]["one_subject"] > 300


def test_fer2013_has_few_faces_beyond_the_limits(fer2013):
    found = quality.find(*fer2013, quality.Options())
    counts = found.facts["flagged"]
    assert counts["constant"] == 12
    assert all(0 < counts[flag] < 100 for flag in quality.FLAGS)


def test_twins_of_fer2013_measure_its_noise(fer2013):
    found = label_noise.find(*fer2013, label_noise.Options())
    bands = {band["band"]: band for band in found.facts["bands"]}
    assert bands["exact"] == {"band": "exact", "pairs": 2354, "differ": 105}
    assert 0.12 < found.facts["twins"]["rate"] < 0.15
    table = found.tables["agreement"].to_pandas()
    differ = table[table.label_a != table.label_b].groupby(["label_a", "label_b"]).pairs.sum()
    assert differ.idxmax() == ("fear", "surprise")


def test_fer2013_has_few_augmented_copies(fer2013):
    found = derived.find(*fer2013, derived.Options(turns=False))
    assert 5 < len(found.rows) < 50
