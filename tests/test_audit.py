"""Audits of drawn and of real data: what leaks, what is clean, what cannot be said."""

import json
import shlex
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from fertools.audit import audit
from fertools.audit.certificate import page, sentence
from fertools.audit.verdict import Audit, Leak, Verdict, gate
from fertools.cli import main
from fertools.errors import FerError, GateFailed, GateUnchecked
from fertools.fakes import ck48, fer2013
from fertools.ingest import ingest
from fertools.manifest import conform, write_manifest
from fertools.shards import ShardWriter
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from tests.conftest import REAL, needs_real


def manifest(folder: Path, faces: np.ndarray | None = None, **columns: list) -> Path:
    """A split manifest of a few rows, with faces where they are given."""
    n = len(next(iter(columns.values())))
    base: dict[str, list] = {
        "id": [f"x/{i}" for i in range(n)],
        "source": ["x"] * n,
        "path": [f"{i}.png" for i in range(n)],
        "status": ["ok"] * n,
        "native_label": ["fear"] * n,
    }
    card = {}
    if faces is not None:
        writer = ShardWriter(folder / "faces-x-0.npy")
        writer.append(faces)
        card = {"stores": {"x-1": {"path": ".", "shards": {"faces-x-0.npy": writer.close()}}}}
        base |= {"store": ["x-1"] * n, "shard": ["faces-x-0.npy"] * n, "row": list(range(n))}
    path = folder / "m.parquet"
    write_manifest(path, conform(pa.table({**base, **columns})), {}, card)
    return path


def leaks(found: Audit, relation: str) -> dict[tuple[str, str], tuple[int, int]]:
    verdict = next(v for v in found.verdicts if v.relation == relation)
    return {(e.earlier, e.later): (e.rows, e.of) for e in verdict.leaks}


def verdicts(found: Audit) -> dict[str, str]:
    return {v.relation: v.verdict for v in found.verdicts}


def looks(seed: int, count: int) -> np.ndarray:
    """Faces that resemble nobody."""
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48), np.uint8)


def test_a_person_in_two_parts_leaks(tmp_path) -> None:
    path = manifest(
        tmp_path,
        split=["train", "train", "val", "val", "test", "test", None],
        subject=["p:a", "p:b", "p:b", "p:c", "p:b", "p:d", "p:d"],
        label=["fear", "fear", "fear", "anger", "anger", "fear", "fear"],
    )
    found = audit(path, ["subject"])
    assert leaks(found, "subject") == {
        ("train", "val"): (1, 2),
        ("train", "test"): (1, 2),
        ("val", "test"): (1, 2),
    }
    test = found.verdicts[0].leaks[1]
    assert test.classes == {"anger": (1, 1), "fear": (0, 1)}
    with pytest.raises(GateFailed, match=r"1 of 2 \(50\.0%\) rows of val"):
        gate(found)
    gate(audit(path, ["subject"], max_leakage=0.5))
    with pytest.raises(GateFailed):
        gate(audit(path, ["subject"], max_leakage=0.49))


def test_people_that_are_partly_unknown_cannot_be_called_clean(tmp_path) -> None:
    path = manifest(tmp_path, split=["train", "val", "test"], subject=["p:a", None, "p:b"])
    found = audit(path, ["subject"])
    assert verdicts(found) == {"subject": "not checkable"}
    with pytest.raises(GateUnchecked, match="1 of 3 rows have no subject"):
        gate(found)
    gate(audit(path))  # not asked for by name


def test_what_leaks_outweighs_what_is_unknown(tmp_path) -> None:
    path = manifest(tmp_path, split=["train", "val", "test"], subject=["p:a", None, "p:a"])
    with pytest.raises(GateFailed, match="leaks by subject"):
        gate(audit(path, ["subject", "sequence"]))


def test_one_sequence_name_in_two_populations_is_two_sequences(tmp_path) -> None:
    path = manifest(
        tmp_path,
        split=["train", "test", "test", "test"],
        subject=["p:1", "q:1", "p:2", None],
        sequence=["001", "001", "001", "001"],
    )
    assert leaks(audit(path, ["sequence"]), "sequence") == {("train", "test"): (1, 3)}


def test_an_equal_photograph_or_an_equal_face_is_exact(tmp_path) -> None:
    path = manifest(
        tmp_path,
        split=["train", "train", "val", "test", "test"],
        image_hash=["a", "b", "c", "a", "d"],
        face_hash=["f", "g", "g", "h", "i"],
    )
    found = leaks(audit(path, ["exact"]), "exact")
    assert found == {("train", "val"): (1, 1), ("train", "test"): (1, 2), ("val", "test"): (0, 2)}


def test_twins_are_found_upright_and_mirrored(tmp_path) -> None:
    faces = looks(1, 8)
    faces[4] = faces[0] // 2 + 20  # another contrast
    faces[5] = faces[1][:, ::-1]
    faces[6], faces[7] = 9, 9
    parts = ["train"] * 4 + ["test"] * 3 + ["train"]
    found = audit(manifest(tmp_path, faces, split=parts), ["near"], rows=tmp_path / "rows.parquet")
    assert leaks(found, "near") == {("train", "test"): (1, 3)}
    assert leaks(found, "mirrored") == {("train", "test"): (1, 3)}
    assert found.thresholds == {"x": 0.9}
    assert found.notes == ("faces of one gray level, which have no NCC: 2",)
    rows = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [(r["relation"], r["earlier_id"], r["later_id"]) for r in rows] == [
        ("near", "x/0", "x/4"),
        ("mirrored", "x/1", "x/5"),
    ]
    assert all(r["ncc"] > 0.99 and r["partners"] == 1 for r in rows)


def people(seed: int) -> np.ndarray:
    """Six faces: 0 and 3 look alike (NCC 0.925 to 0.93), 1 and 4, 2 and 5 are near-copies."""
    faces = looks(seed, 6).astype(float)
    noise = looks(seed + 1, 6).astype(float)
    for twin, share in ((3, 0.4), (4, 0.15), (5, 0.15)):
        faces[twin] = faces[twin - 3] + share * (noise[twin] - 128)
    return np.clip(faces / 2 + 60, 0, 255).astype(np.uint8)


def test_twins_are_found_between_any_two_parts(tmp_path) -> None:
    faces = looks(5, 6)
    faces[3], faces[5] = faces[0] // 2 + 20, faces[2] // 2 + 20
    faces[4] = 255 - faces[1] // 2  # a negative is no twin
    path = manifest(tmp_path, faces, split=["train", "test", "val", "val", "test", "test"])
    assert leaks(audit(path, ["near"]), "near") == {
        ("train", "val"): (1, 2),
        ("train", "test"): (0, 3),
        ("val", "test"): (1, 3),
    }


def test_a_photograph_under_two_names_does_not_lift_the_threshold(tmp_path) -> None:
    """Two near-copies of nobody (NCC above 0.9) stay twins beside one photograph saved twice."""
    faces = looks(9, 8).astype(float)
    noise = looks(10, 8).astype(float)
    for twin, share in ((4, 0.3), (5, 0.3), (6, 0.03)):
        faces[twin] = faces[twin - 4] + share * (noise[twin] - 128)
    path = manifest(
        tmp_path,
        np.clip(faces / 2 + 60, 0, 255).astype(np.uint8),
        split=["train"] * 4 + ["test"] * 4,
        subject=[None, None, "p:a", "p:c", None, None, "p:b", "p:d"],
    )
    found = audit(path, ["near"])
    assert found.thresholds == {"x": 0.9} and verdicts(found)["near"] == "leaks"
    assert leaks(found, "near") == {("train", "test"): (3, 4)}
    assert found.notes == (
        "x: 1 pairs of two people have an NCC of 0.98 and more: taken for one photograph under two "
        "names",
    )


def test_people_that_look_alike_are_false_twins_and_set_the_threshold(tmp_path) -> None:
    path = manifest(
        tmp_path,
        people(3),
        split=["train"] * 3 + ["test"] * 3,
        subject=["p:a", "p:b", "p:c", "p:d", "p:b", "p:c"],
        sequence=["1", "2", "3", "4", "5", "3"],
    )
    found = audit(path, ["near"], rows=tmp_path / "rows.parquet")
    assert found.thresholds == {"x": 0.93}
    assert leaks(found, "near") == {("train", "test"): (1, 3)}  # the recording is left out
    assert found.false_twins == 1
    rows = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [(r["relation"], r["earlier_id"], r["later_id"]) for r in rows] == [
        ("near", "x/1", "x/4"),
        ("false twin", "x/0", "x/3"),
    ]
    assert found.curves["x"][0].different == 1
    assert "0.93 (the smallest from 0.90 at which no two people" in page(found)
    given = audit(path, ["near"], near_threshold=0.9)
    assert "NCC threshold of x: 0.9 (as asked for)" in page(given)
    assert leaks(given, "near") == {("train", "test"): (2, 3)}
    assert given.false_twins == 1


def test_a_pair_of_two_data_sets_must_reach_the_higher_threshold(tmp_path) -> None:
    """Faces 6 and 1 are as alike as 8 and 7, but 1 is of a data set where that is not enough."""
    faces = np.concatenate([people(3), looks(30, 3) // 2 + 60]).astype(float)
    noise = looks(31, 2).astype(float) - 128
    for twin, of in ((6, 1), (8, 7)):
        faces[twin] = faces[of] + 0.4 * noise[twin // 8] / 2
    path = manifest(
        tmp_path,
        np.clip(faces, 0, 255).astype(np.uint8),
        split=["train"] * 3 + ["test"] * 4 + ["train", "test"],
        source=["x"] * 6 + ["y"] * 3,
        subject=["p:a", "p:b", "p:c", "p:d", "p:b", "p:c", None, None, None],
    )
    found = audit(path, ["near"], rows=tmp_path / "rows.parquet")
    assert found.thresholds == {"x": 0.93, "y": 0.9}
    rows = pq.read_table(tmp_path / "rows.parquet").filter(pc.field("relation") == "near")
    assert rows["later_id"].to_pylist() == ["x/4", "x/5", "x/8"]
    # at the very correlation of a pair it still is one, above it is not
    level = rows["ncc"][2].as_py()
    at = leaks(audit(path, ["near"], near_threshold=level), "near")["train", "test"]
    above = np.nextafter(level, 1)
    assert leaks(audit(path, ["near"], near_threshold=above), "near") == {
        ("train", "test"): (at[0] - 1, 5)
    }


def test_a_copy_under_two_names_is_a_twin_all_the_same(tmp_path) -> None:
    faces = looks(5, 4)
    faces[3] = faces[0]
    path = manifest(
        tmp_path,
        faces,
        split=["train", "train", "test", "test"],
        subject=["p:a", "p:b", "p:c", "p:d"],
        face_hash=["1", "2", "3", "1"],
    )
    found = audit(path, ["exact", "near", "subject"])
    assert verdicts(found) == {
        "exact": "leaks", "near": "leaks", "mirrored": "clean", "subject": "clean"
    }  # fmt: skip
    assert found.thresholds == {"x": 0.9}


def test_a_thousand_copies_of_one_face_are_one_comparison(tmp_path) -> None:
    faces = np.repeat(looks(7, 3), [2000, 2000, 1], axis=0)
    faces[2000:4000] = faces[0] // 2 + 9  # a near-copy of it
    hashes = ["1"] * 2000 + ["2"] * 1999 + ["4", "3"]
    faces[3999, 0, 0] ^= 1
    split = ["train"] * 3999 + ["test"] * 2
    path = manifest(tmp_path, faces, split=split, face_hash=hashes, image_hash=hashes)
    found = audit(path, ["exact", "near"], rows=tmp_path / "rows.parquet")
    assert leaks(found, "exact") == {("train", "test"): (0, 2)}
    assert leaks(found, "near") == {("train", "test"): (1, 2)}
    assert pq.read_metadata(tmp_path / "rows.parquet").num_rows == 3999


def test_an_augmented_copy_is_derived(tmp_path) -> None:
    path = manifest(
        tmp_path,
        looks(11, 4),
        path=["z.jpg", "a.jpg", "b.jpg", "a.jpg0.jpg"],
        split=[None, "train", "train", "test"],
    )
    found = audit(path, ["derived"], rows=tmp_path / "rows.parquet")
    assert leaks(found, "derived") == {("train", "test"): (1, 1)}
    (row,) = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert (row["earlier_id"], row["later_id"], row["ncc"]) == ("x/1", "x/3", None)


def test_without_faces_twins_cannot_be_checked(tmp_path) -> None:
    path = manifest(tmp_path, looks(1, 2), split=["train", "test"])
    (tmp_path / "m.card.json").unlink()
    with pytest.raises(GateUnchecked, match="no card leads to it"):
        gate(audit(path, ["near"]))
    with pytest.raises(FerError, match=r"no card\.json"):
        audit(path, ["near"], data=str(tmp_path))
    other = manifest(tmp_path / "b", split=["train", "test"])
    assert audit(other, ["near"]).verdicts[0].why == "no row has a face"


@pytest.mark.parametrize(
    ("columns", "by", "says"),
    [
        ({"split": ["train", "dev"]}, None, "'dev': known are test, train, val"),
        ({"split": [None, None]}, None, "run `fertools split`"),
        ({"split": ["test", "test"]}, None, "in one part"),
        ({"split": ["train", "test"]}, ["family"], "relation 'family'"),
    ],
)
def test_what_cannot_be_audited_is_one_sentence(tmp_path, columns, by, says) -> None:
    with pytest.raises(FerError, match=says):
        audit(manifest(tmp_path, **columns), by)


def test_folds_are_audited_in_every_round(tmp_path) -> None:
    path = manifest(tmp_path, fold=[0, 0, 1, 1, 2, 2, None], subject=list("aabbcaa"))
    found = audit(path, ["subject"], rows=tmp_path / "rows.parquet")
    (verdict,) = found.verdicts
    by = {(e.earlier, e.later): e for e in verdict.leaks}
    # round 0: fold 0 tests, 1 validates, 2 trains; round 1: 1, 2, 0; round 2: 2, 0, 1
    assert (by["train", "test"].rows, by["train", "test"].of) == (2, 6)
    assert by["train", "test"].worst == (0, 2, 2)
    assert (by["train", "val"].rows, by["train", "val"].worst) == (1, (1, 1, 2))
    assert (by["val", "test"].rows, by["val", "test"].worst) == (1, (2, 1, 2))
    assert by["val", "test"].rounds == 1
    rows = pq.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [(r["fold"], r["earlier_id"], r["later_id"]) for r in rows] == [
        (0, "x/5", "x/0"), (0, "x/5", "x/1"), (2, "x/0", "x/5")
    ]  # fmt: skip
    assert rows[2]["partners"] == 2


def test_the_worst_round_has_the_highest_share_and_not_the_most_rows(tmp_path) -> None:
    folds, people = [0, 0, 0, 0, 1, 2, 2, 2], list("abcddabe")
    (verdict,) = audit(manifest(tmp_path, fold=folds, subject=people), ["subject"]).verdicts
    test = next(e for e in verdict.leaks if (e.earlier, e.later) == ("train", "test"))
    # round 0: a and b of fold 0 are in 2, two of four; round 1: d of fold 1 is in 0, one of one
    assert (test.rows, test.of, test.worst, test.rounds) == (3, 8, (1, 1, 1), 2)


def test_the_part_with_the_highest_share_is_told(tmp_path) -> None:
    parts = ["train"] * 2 + ["val"] * 2 + ["test"] * 10
    path = manifest(tmp_path, split=parts, subject=list("abacbbdefghijk"))
    found = audit(path, ["subject"], rows=tmp_path / "rows.parquet")
    rows = pq.read_table(tmp_path / "rows.parquet")
    assert rows["later_id"].to_pylist() == ["x/2", "x/4", "x/5"]
    assert rows["later_part"].to_pylist() == ["val", "test", "test"]
    assert leaks(found, "subject")["train", "val"] == (1, 2)
    assert leaks(found, "subject")["train", "test"] == (2, 10)
    assert "By person, 1 of 2 (50.0%) of the val rows have a partner in train" in sentence(found)
    with pytest.raises(GateFailed, match=r"up to 1 of 2 \(50.0%\) rows of val have a partner"):
        gate(found)


def test_what_rows_in_no_part_lack_leaves_nothing_unchecked(tmp_path) -> None:
    said = {name: ["a", "b", None] for name in ("image_hash", "subject", "sequence")}
    path = manifest(tmp_path, split=["train", "test", None], **said)
    found = audit(path, ["exact", "subject", "sequence"])
    assert verdicts(found) == {"exact": "clean", "subject": "clean", "sequence": "clean"}


def test_the_certificate_says_it_in_a_sentence_and_shows_no_row(tmp_path) -> None:
    path = manifest(
        tmp_path,
        split=["train", "val", "test"],
        subject=["p:a", "p:b", "p:a"],
        label=["<script>|", "fear", "<script>|"],
    )
    found = audit(path)
    text = page(found)
    assert text == page(audit(path))
    assert found.digest in text
    assert "p:a" not in text
    assert "x/0" not in text
    assert "<script>" not in text
    assert "By person, 1 of 1 (100.0%) of the test rows have a partner in train" in sentence(found)
    assert "Not checkable: sequence, exact, near, mirrored, derived" in sentence(found)


def test_a_clean_certificate() -> None:
    leak = Leak("train", "test", 0, 10, {"fear": (0, 10)})
    found = Audit(
        "m.parquet", "d1", "f1", 0, {"train": 80, "val": 10, "test": 10}, 0.0, True,
        (Verdict("subject", "clean", "", (leak,)),),
    )  # fmt: skip
    assert sentence(found).endswith("No row has a partner in an earlier part by person.")
    assert "**Clean by subject**" in page(found)


def test_a_single_row_among_many_is_not_told_as_nothing() -> None:
    leak = Leak("train", "test", 1, 3_589, {"fear": (1, 3_589)})
    assert leak.told == "1 of 3,589 (<0.1%)"
    most = Leak("train", "test", 3_588, 3_589, {"fear": (3_588, 3_589)})
    assert most.told == "3,588 of 3,589 (>99.9%)"  # one row is clean
    found = Audit(
        "m.parquet", "d1", "f1", 0, {"train": 80, "test": 3_589}, 0.0003, True,
        (Verdict("subject", "leaks", "", (leak,)),),
    )  # fmt: skip
    assert "leakage allowed: 0.03% of a part" in page(found)
    with pytest.raises(GateFailed, match=r"up to 1 of 3,589 \(<0.1%\) rows of test have a partner"):
        gate(found)


def test_the_classes_of_folds_are_told_as_sums() -> None:
    leak = Leak("train", "test", 3, 90, {"fear": (3, 90)}, worst=(1, 2, 30), rounds=2)
    found = Audit(
        "m.parquet", "d1", "f1", 3, {f"fold {k}": 30 for k in range(3)}, 0.0, True,
        (Verdict("subject", "leaks", "", (leak,)),),
    )  # fmt: skip
    told = page(found)
    assert "2 of 30 (6.7%) in the worst round, fold 1 (3.3% on average)" in told
    assert "Per class, where it is worst, summed over all rounds:" in told
    assert "3 of 90" in told


def run(line: str) -> int:
    with pytest.raises(SystemExit) as stop:
        main(shlex.split(line))
    return int(stop.value.code or 0)


def test_the_command_and_its_exit_codes(tmp_path, capsys) -> None:
    raw = fer2013.write(tmp_path / "raw").raws(tmp_path / "raw")
    data = ingest("fer2013", raw, tmp_path / "data").out
    out = tmp_path / "fer.parquet"
    split([data], out, SplitOptions(official=True))
    page_file, rows = tmp_path / "c.md", tmp_path / "rows.parquet"
    assert run(f"audit {out} --certificate {page_file} --rows {rows}") == 3
    assert "exact" in capsys.readouterr().out
    assert page_file.read_text().startswith("# Leakage certificate: fer.parquet")
    twin = pq.read_table(rows).filter(pc.field("relation") == "exact")
    assert twin.num_rows == fer2013.write(tmp_path / "again").counts["twins"]
    assert run(f"audit {out} --by subject") == 4
    assert run(f"audit {out} --max-leakage 1") == 0
    capsys.readouterr()
    assert run(f"audit {out} --by exact --json") == 3
    shown = json.loads(capsys.readouterr().out)
    assert shown["verdicts"][0]["verdict"] == "leaks"
    assert run(f"audit {data}") == 1
    assert run(f"audit {out} --near-threshold 1.5") == 1
    capsys.readouterr()
    assert run(f"audit {out} --certificate {out}") == 1
    assert "give another --certificate" in capsys.readouterr().err
    assert run(f"audit {out} --max-leakage nan") == run(f"audit {out} --max-leakage 1.5") == 1


def test_drawn_people_kept_apart_are_clean(tmp_path, capsys) -> None:
    raws = ck48.write(tmp_path / "raw", people=20).raws(tmp_path / "raw")
    data = ingest("ck48", raws, tmp_path / "data").out
    apart = split([data], tmp_path / "a.parquet", SplitOptions(folds=4)).out
    assert run(f"audit {apart} --by subject,sequence,exact") == 0
    random = SplitOptions(ratios=(8, 1, 1), grouping=Grouping(group="none"))
    torn = split([data], tmp_path / "b.parquet", random).out
    assert run(f"audit {torn} --by sequence") == 3


@needs_real
def test_ck48_leaks_by_chance_and_is_clean_by_subject(tmp_path) -> None:
    data = ingest("ck48", [REAL / "ck48"], tmp_path / "ck48").out
    chance = SplitOptions(ratios=(9, 0, 1), grouping=Grouping(group="none"))
    by = ("subject", "sequence", "exact", "near")
    found = audit(split([data], tmp_path / "r.parquet", chance).out, by)
    assert leaks(found, "subject")["train", "test"][0] >= 95
    assert leaks(found, "sequence")["train", "test"][0] >= 90
    assert found.thresholds == {"ck48": 0.93}
    assert found.false_twins == 208
    assert [s.different for s in found.curves["ck48"]][6] == 0
    clean = audit(split([data], tmp_path / "f.parquet", SplitOptions(folds=10)).out, by)
    assert set(verdicts(clean).values()) == {"clean"}
