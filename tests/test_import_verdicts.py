"""Verdicts come home: agreement, majority, disputes and noise as worked out by hand, and what the
manifest says afterwards."""

import json
import math
from pathlib import Path

import pytest

from fertools.cli import main
from fertools.curate import curate
from fertools.errors import FerError
from fertools.fakes import imagefolder
from fertools.ingest import ingest
from fertools.manifest import read_manifest, write_manifest
from fertools.measures.intervals import wilson
from fertools.review import Asked, import_verdicts
from fertools.review.journal import Given
from fertools.review.session import key_of, open_session
from tests.review_data import judgeable, verdicts

# Three people, eight faces. Unsure is no word; what is not listed was not looked at.
SAID = {
    "kim": {"u1": "fear", "u2": "fear", "u3": "sadness", "u4": "sadness", "u5": "drop",
            "u6": "fear", "u7": "fear", "u8": "fear"},
    "lee": {"u1": "fear", "u2": "fear", "u3": "sadness", "u4": "fear", "u5": "drop",
            "u6": "sadness", "u7": "unsure", "u8": "unsure"},
    "ana": {"u1": "fear", "u2": "sadness", "u3": "sadness", "u4": "sadness", "u5": "drop",
            "u6": "drop", "u7": "fear"},
}  # fmt: skip


def given(key: str, word: str) -> tuple[str, ...]:
    return (key, word) if word in ("drop", "unsure", "keep") else (key, "relabel", word)


def bundles(folder: Path, keys: dict[str, str] | None = None, **opening) -> list[Path]:
    """What three bundles saved; `keys` say which face each of u1 .. u8 is."""
    return [
        verdicts(folder / f"{who}.jsonl", who,
                 [given((keys or {}).get(u, u), word) for u, word in said.items()], **opening)
        for who, said in SAID.items()
    ]  # fmt: skip


def test_agreement_is_what_it_is_by_hand(tmp_path):
    """Krippendorff, Computing Krippendorff's Alpha-Reliability, 2011: 1 - D_o / D_e.

    Disagreeing ordered pairs within a face by its words less one: u2 4/2, u4 4/2, u6 6/2, the
    others 0: 7. Of 20 words in faces with two or more (u8 has one) fear 9, sadness 7, drop 4:
    (400 - 81 - 49 - 16) / 19 = 254 / 19 expected. 1 - 7 * 19 / 254 = 0.4764.
    """
    found = import_verdicts(bundles(tmp_path)).agreement
    assert found.alpha.value == pytest.approx(1 - 133 / 254)
    assert found.alpha.low < found.alpha.value < found.alpha.high and found.alpha.groups == 7
    # of each face's pairs of people: 1, 1/3, 1, 1/3, 1, 0, 1 (one pair)
    assert found.pairwise == pytest.approx((1 + 1 / 3 + 1 + 1 / 3 + 1 + 0 + 1) / 7)


def test_majority_and_disputes_are_what_they_are_by_hand(tmp_path):
    found = import_verdicts(bundles(tmp_path))
    settled = {key: each.word for key, each in found.agreement.settled.items()}
    assert settled == {
        "u1": "fear", "u2": "fear", "u3": "sadness", "u4": "sadness", "u5": "drop",
        "u6": "disputed",  # three words
        "u7": "fear",  # two of the three who looked
        "u8": "disputed",  # one of the two who looked
    }  # fmt: skip
    assert found.agreement.disputed == {
        "u6": {"kim": "fear", "lee": "sadness", "ana": "drop"},
        "u8": {"kim": "fear", "lee": "unsure"},
    }
    assert found.faces == {"fear": 3, "disputed": 2, "sadness": 2, "drop": 1}
    assert found.noise is None and "--into" in found.why_no_noise


def test_who_decides_disputes_is_no_fourth_reviewer(tmp_path):
    boss = verdicts(tmp_path / "boss.jsonl", "boss", [("u6", "drop"), ("u8", "unsure")],
                    session="disputed", queue="disputed", blind=False)  # fmt: skip
    found = import_verdicts([*bundles(tmp_path), boss]).agreement
    assert found.settled["u6"].word == "drop" and found.settled["u8"].word == "unsure"
    assert not found.disputed and found.alpha.value == pytest.approx(1 - 133 / 254)
    assert found.reviewers == ("kim", "lee", "ana")


DECIDE = {"session": "disputed", "queue": "disputed", "blind": False}


def test_where_those_who_decide_differ_it_stays_disputed_in_any_order(tmp_path, capsys):
    deciders = [
        verdicts(tmp_path / "d" / f"{who}.jsonl", who, [("u6", "drop"), ("u8", *word)], **DECIDE)
        for who, word in (("ann", ("drop",)), ("bob", ("relabel", "fear")))
    ]
    for files in (deciders, deciders[::-1]):
        found = import_verdicts([*bundles(tmp_path), *files]).agreement
        assert found.settled["u6"].word == "drop" and found.settled["u8"].word == "disputed"
        assert found.undecided == 1 and found.disputed == {
            "u8": {"kim": "fear", "lee": "unsure", "ann": "drop", "bob": "fear"}
        }
    with pytest.raises(SystemExit):
        main(["import-verdicts", *map(str, [*bundles(tmp_path), *deciders])])
    assert "1 disputes stay: those who decided differ" in capsys.readouterr().out
    with pytest.raises(FerError, match="ann is there twice"):
        import_verdicts([*bundles(tmp_path), deciders[0], deciders[0]])


def test_a_decision_on_faces_of_other_sessions_is_told_and_not_taken(tmp_path, capsys):
    boss = verdicts(tmp_path / "boss.jsonl", "boss", [("u6", "drop"), ("v1", "drop")], **DECIDE)
    files = [*bundles(tmp_path), boss]
    assert import_verdicts(files).taken_back == 0
    found = import_verdicts(files).agreement
    assert found.elsewhere == 1 and "v1" not in found.settled
    with pytest.raises(SystemExit):
        main(["import-verdicts", *map(str, files)])
    out = capsys.readouterr().out
    assert "1 decisions are on faces that none of these" in out and "those of another go" in out


def test_two_who_are_unsure_dispute_and_a_second_choice_is_that_of_most(tmp_path):
    """u1: both unsure; u2: one looked; u3: one of two names a second choice; u4: both do."""
    said = {
        "kim": [("u1", "unsure"), ("u2", "unsure"), ("u3", "relabel", "fear", "anger"),
                ("u4", "relabel", "fear", "anger")],
        "lee": [("u1", "unsure"), ("u3", "relabel", "fear"), ("u4", "relabel", "fear", "anger")],
    }  # fmt: skip
    files = [verdicts(tmp_path / f"{who}.jsonl", who, of) for who, of in said.items()]
    found = import_verdicts(files).agreement.settled
    assert {key: (each.word, each.second) for key, each in found.items()} == {
        "u1": ("disputed", None), "u2": ("unsure", None), "u3": ("fear", None),
        "u4": ("fear", "anger"),
    }  # fmt: skip


def test_who_is_left_when_one_takes_a_verdict_back_is_heard(tmp_path):
    back = [("u1", "drop"), ("u2", "drop"), ("u1", "open"), ("u2", "open")]
    kim = verdicts(tmp_path / "kim.jsonl", "kim", back)
    lee = verdicts(tmp_path / "lee.jsonl", "lee", [("u1", "relabel", "fear")])
    found = import_verdicts([kim, lee])
    assert found.agreement.settled["u1"].word == "fear"
    assert found.taken_back == 1 and "u2" not in found.agreement.settled


@pytest.mark.parametrize(
    ("others", "said"),
    [
        (None, "one reviewer: there is no agreement"),
        ({"u2": "fear"}, "no face has words of two reviewers"),
        ({"u1": "fear"}, "only one word was said"),
    ],
)
def test_what_is_not_known_is_a_sentence_and_null(tmp_path, capsys, others, said):
    data = judgeable(tmp_path / "data", 20)
    session, _ = session_of(data, Asked("labels"))
    keys = {f"u{n}": key for n, key in enumerate(session.items["key"].to_pylist())}
    files = [
        verdicts(tmp_path / f"{who}.jsonl", who, [given(keys[u], word) for u, word in of.items()])
        for who, of in (("kim", {"u1": "fear"}), ("lee", others)) if of
    ]  # fmt: skip
    with pytest.raises(SystemExit) as end:
        main(["import-verdicts", *map(str, files), "--into", str(data)])
    shown = capsys.readouterr().out
    assert end.value.code == 0 and said in shown and "nan" not in shown
    text = (data / "card.json").read_text()
    assert "NaN" not in text and json.loads(text)["verdicts"]["labels"]["alpha"]["value"] is None


def test_a_stratum_that_nobody_judged_has_no_noise_rate(tmp_path, capsys):
    data = judgeable(tmp_path / "data", 40)
    session, _ = session_of(data, Asked("labels", sample=4, controls=5, blind=True))
    key = next(r["key"] for r in session.items.to_pylist() if r["stratum"] == "queue")
    file = verdicts(tmp_path / "kim.jsonl", "kim", [(key, "drop")], session=session.asked.name)
    with pytest.raises(SystemExit):
        main(["import-verdicts", str(file), "--into", str(data)])
    shown = capsys.readouterr().out
    assert "no noise rate yet" in shown and "nan" not in shown
    assert "NaN" not in (data / "card.json").read_text()


def test_words_are_those_of_the_data_set_or_ours_however_they_are_spelled(tmp_path):
    labels = ["joy", "anger"] * 10
    data = judgeable(tmp_path / "data", 20, native_label=labels)
    session, _ = session_of(data, Asked("labels"))
    keys = session.items["key"].to_pylist()
    written = ["Fear ", "angry", "Joy", "joy", "embarrassment"]
    said = [(key, "relabel", word) for key, word in zip(keys, written, strict=False)]
    import_verdicts([verdicts(tmp_path / "kim.jsonl", "kim", said)], data)
    words = columns(data, "label_verdict")
    found = [words[name][0] for name in session.items["id"].to_pylist()[: len(written)]]
    assert found == ["fear", "anger", "joy", "joy", "embarrassment"]
    odd = verdicts(tmp_path / "lee.jsonl", "lee", [(keys[0], "drop"), (keys[1], "relabel", "glee")])
    with pytest.raises(FerError, match=r"lee.jsonl, line 3: label 'glee': known are anger, .*joy"):
        import_verdicts([odd], data)


def test_the_last_word_of_a_reviewer_counts_and_open_is_none(tmp_path):
    said = [("u1", "drop"), ("u1", "relabel", "fear", "sadness"), ("u2", "drop"), ("u2", "open")]
    found = import_verdicts([verdicts(tmp_path / "kim.jsonl", "kim", said)]).agreement
    assert {k: (v.word, v.second) for k, v in found.settled.items()} == {"u1": ("fear", "sadness")}
    assert math.isnan(found.alpha.value)


@pytest.mark.parametrize(
    ("second", "match"),
    [
        ({"reviewer": "kim"}, "there twice"),
        ({"reviewer": "lee", "session": "quality"}, "one session at a time"),
        ({"reviewer": "lee", "format": "other"}, "no verdicts"),
    ],
)
def test_files_that_do_not_fit_are_named(tmp_path, second, match):
    first = verdicts(tmp_path / "kim.jsonl", "kim", [("u1", "drop")])
    who = second.pop("reviewer")
    with pytest.raises(FerError, match=match):
        import_verdicts([first, verdicts(tmp_path / "b.jsonl", who, [("u1", "drop")], **second)])


def test_a_decision_alone_and_a_missing_file_are_named(tmp_path):
    boss = verdicts(tmp_path / "b.jsonl", "boss", [("u1", "drop")], queue="disputed")
    with pytest.raises(FerError, match="decides disputes"):
        import_verdicts([boss])
    with pytest.raises(FerError, match="no such file"):
        import_verdicts([tmp_path / "none.jsonl"])
    other = judgeable(tmp_path / "data", 8)
    with pytest.raises(FerError, match="knows no session 'labels'"):
        import_verdicts(bundles(tmp_path), other)


# into a data folder


def session_of(data: Path, asked: Asked):
    session, _ = open_session(data, asked)
    return session, (data / "review" / "salt.txt").read_text()


def columns(data: Path, *names: str) -> dict[str, tuple]:
    table = read_manifest(data).table
    rows = zip(*(table[name].to_pylist() for name in names), strict=True)
    return dict(zip(table["id"].to_pylist(), rows, strict=True))


def test_noise_is_estimated_from_sample_and_controls(tmp_path):
    """40 faces, 20 of them suspects. Of 4 suspects 2 have another word (one as second choice the
    label), 1 is dropped; of 5 controls 1 has another word."""
    data = judgeable(tmp_path / "data", 40)
    session, _ = session_of(data, Asked("labels", sample=4, controls=5, blind=True))
    rows = session.items.to_pylist()
    suspects = [r for r in rows if r["stratum"] == "queue"]
    controls = [r for r in rows if r["stratum"] == "control"]
    said = [
        (suspects[0]["key"], "relabel", "contempt"),
        (suspects[1]["key"], "relabel", "contempt", suspects[1]["label"]),
        (suspects[2]["key"], "drop"),
        (suspects[3]["key"], "relabel", suspects[3]["label"]),
        (controls[0]["key"], "relabel", "contempt"),
        *((r["key"], "relabel", r["label"]) for r in controls[1:4]),
        (controls[4]["key"], "unsure"),
    ]
    file = verdicts(tmp_path / "kim.jsonl", "kim", said, session=session.asked.name)
    noise = import_verdicts([file], data).noise
    assert noise.strata["queue"] == {"faces": 20, "sampled": 4, "judged": 4, "wrong": 2,
                                     "clearly_wrong": 1, "unusable": 1}  # fmt: skip
    assert noise.strata["control"]["judged"] == 4 and noise.open == 1
    weights = 20 / 40, 20 / 40
    assert noise.wrong.value == pytest.approx(weights[0] * 2 / 4 + weights[1] * 1 / 4)
    assert noise.clearly_wrong.value == pytest.approx(weights[0] / 4 + weights[1] / 4)
    assert noise.unusable.value == pytest.approx(weights[0] / 4)
    above = [w * (wilson(h, 4).high - h / 4) for w, h in zip(weights, (2, 1), strict=True)]
    assert noise.wrong.high == pytest.approx(noise.wrong.value + math.hypot(*above))


def test_without_controls_there_is_no_noise_rate(tmp_path):
    data = judgeable(tmp_path / "data", 40)
    session, _ = session_of(data, Asked("labels", sample=4))
    key = session.items["key"][0].as_py()
    file = verdicts(tmp_path / "kim.jsonl", "kim", [(key, "drop")], session=session.asked.name)
    found = import_verdicts([file], data)
    assert found.noise is None and "--controls" in found.why_no_noise


def test_a_queue_that_does_not_ask_about_the_label_has_no_noise_rate(tmp_path):
    data = judgeable(tmp_path / "data", 40)
    for controls, cure in ((4, "--blind"), (0, "--blind, with --controls")):
        session, _ = session_of(data, Asked("quality", sample=4, controls=controls))
        said = [(row["key"], "keep", row["label"]) for row in session.items.to_pylist()]
        opening = {"session": session.asked.name, "queue": "quality", "blind": False}
        found = import_verdicts([verdicts(tmp_path / "kim.jsonl", "kim", said, **opening)], data)
        assert found.noise is None and "quality does not ask about" in found.why_no_noise
        assert found.why_no_noise.endswith(f"take labels, or {cure}")


def test_a_verdict_leaves_the_reason_that_a_check_had(tmp_path):
    data = judgeable(tmp_path / "data", 8, drop=["exact_copy"] * 8)
    session, _ = session_of(data, Asked("labels"))
    first = session.items.to_pylist()[0]
    for verdict, *word in (("drop",), ("keep", first["label"])):
        file = tmp_path / f"{verdict}.jsonl"
        import_verdicts([verdicts(file, "kim", [(first["key"], verdict, *word)])], data)
        assert columns(data, "verdict", "drop")[first["id"]] == (verdict, "exact_copy")


def test_verdicts_become_columns_of_the_next_version_and_never_the_label(tmp_path):
    data = judgeable(tmp_path / "data", 20)
    before = read_manifest(data).table
    session, _ = session_of(data, Asked("labels"))
    names = session.items["id"].to_pylist()
    keys = dict(zip(names, session.items["key"].to_pylist(), strict=True))
    labels = columns(data, "native_label")
    a, b, c, d, e = names[:5]
    other = "contempt"
    files = [
        verdicts(tmp_path / f"{who}.jsonl", who, [
            (keys[a], "relabel", other, "disgust"), (keys[b], "keep", labels[b][0]),
            (keys[c], "drop"), (keys[d], "relabel", third), (keys[e], "relabel", labels[e][0]),
        ])
        for who, third in (("kim", "fear"), ("lee", "anger"))
    ]  # fmt: skip
    found = import_verdicts(files, data, command="fertools import-verdicts")
    after = columns(data, "verdict", "label_verdict", "label_verdict_second", "drop")
    assert found.version == 1
    assert after[a] == ("relabel", other, "disgust", None)
    assert after[b] == ("keep", labels[b][0], None, None)
    assert after[c] == ("drop", None, None, "verdict")
    assert after[d] == ("disputed", None, None, None)
    assert after[e] == ("keep", labels[e][0], None, None)  # another's word for the same
    assert sum(row[0] is not None for row in after.values()) == 5
    table = read_manifest(data).table
    same = [name for name in before.column_names if name != "drop"]
    assert table.select(same) == before.select(same)
    card = read_manifest(data).card["verdicts"]["labels"]
    assert card["reviewers"] == 2 and card["made"]["command"] == "fertools import-verdicts"
    assert json.loads((data / "review/labels/disputed.json").read_text()) == {
        d: {"kim": "fear", "lee": "anger"}
    }
    tests = [n for n in (a, c) if columns(data, "official_split")[n][0] == "test"]
    assert found.changed_test_rows == len(tests)
    assert import_verdicts(files, data).version is None  # the same again changes nothing


def test_a_dispute_that_is_decided_is_written_and_gone(tmp_path):
    data = judgeable(tmp_path / "data", 20)
    session, salt = session_of(data, Asked("labels"))
    name = session.items["id"][0].as_py()
    key = key_of(salt, name)
    files = [verdicts(tmp_path / f"{who}.jsonl", who, [(key, "relabel", word)])
             for who, word in (("kim", "fear"), ("lee", "anger"))]  # fmt: skip
    import_verdicts(files, data)
    decided, _ = open_session(data, Asked("disputed"))
    assert decided.items["id"].to_pylist() == [name]
    journal = decided.journal("boss")
    journal.add(Given(decided.items["key"][0].as_py(), "drop", None, None, "1"))
    import_verdicts([*files, journal.file], data)
    assert columns(data, "verdict", "drop")[name] == ("drop", "verdict")
    with pytest.raises(FerError, match=r"queue disputed; `fertools import-verdicts FILES --into"):
        open_session(data, Asked("disputed"))
    journal.add(Given(key, "keep", None, None, "2", after=1))
    import_verdicts([*files, journal.file], data)
    assert columns(data, "verdict", "drop")[name] == ("keep", None)


def labelled(data: Path, file: Path, count: int) -> tuple[Path, list[str]]:
    """Verdicts on the first faces of the queue `labels`, and the ids of these."""
    session, _ = session_of(data, Asked("labels"))
    keys = session.items["key"].to_pylist()[:count]
    said = [(key, "relabel", "contempt") for key in keys]
    return verdicts(file, "kim", said), session.items["id"].to_pylist()[:count]


def test_faces_that_another_curation_took_off_the_queue_keep_their_verdicts(tmp_path):
    data = judgeable(tmp_path / "data", 20)
    file, names = labelled(data, tmp_path / "kim.jsonl", 5)
    judgeable(data, 20, flags=[["label_suspect"]] + [[]] * 19)
    assert len(session_of(data, Asked("labels"))[0].items) == 1
    found = import_verdicts([file], data)
    words = columns(data, "label_verdict")
    assert found.on_no_row == 0 and [words[name] for name in names] == [("contempt",)] * 5


def test_verdicts_on_rows_that_are_gone_are_counted(tmp_path, capsys):
    data = judgeable(tmp_path / "data", 20)
    file, names = labelled(data, tmp_path / "kim.jsonl", 5)
    manifest = read_manifest(data)
    stays = [name not in names[:2] for name in manifest.table["id"].to_pylist()]
    left = manifest.table.filter(stays)
    write_manifest(data / "manifest.parquet", left, manifest.facts, manifest.card)
    with pytest.raises(SystemExit):
        main(["import-verdicts", str(file), "--into", str(data)])
    assert "2 of 5 verdicts are on no row here" in capsys.readouterr().out
    assert [columns(data, "label_verdict")[name] for name in names[2:]] == [("contempt",)] * 3


def test_verdicts_of_another_folder_are_refused(tmp_path):
    file, _ = labelled(judgeable(tmp_path / "data", 20), tmp_path / "kim.jsonl", 5)
    other = judgeable(tmp_path / "other", 20)
    labelled(other, tmp_path / "lee.jsonl", 5)
    before = (other / "manifest.parquet").read_bytes()
    with pytest.raises(FerError, match="has none of the 5 faces of these verdicts"):
        import_verdicts([file], other)
    assert (other / "manifest.parquet").read_bytes() == before


@pytest.mark.parametrize("way", ["../../other/review/labels", "{}/other/review/labels", ".."])
def test_a_session_is_no_way_to_another_folder(tmp_path, way):
    """A stranger's file of verdicts names its session: only the folder that was given changes."""
    mine, other = (judgeable(tmp_path / name, 20) for name in ("mine", "other"))
    keys = session_of(other, Asked("labels"))[0].items["key"].to_pylist()
    file = verdicts(tmp_path / "lee.jsonl", "lee", [(keys[0], "drop")],
                    session=way.format(tmp_path))  # fmt: skip
    before = (other / "manifest.parquet").read_bytes()
    with pytest.raises(FerError, match="no session is called"):
        import_verdicts([file], mine)
    assert (other / "manifest.parquet").read_bytes() == before


def test_verdicts_outlive_ingest_and_curate_and_are_undone(tmp_path):
    imagefolder.write(tmp_path / "raw", people=4, traps=False)
    data = tmp_path / "data"
    ingest("imagefolder", [tmp_path / "raw"], data)
    curate(data, ["duplicates", "quality"])
    plain = (data / "manifest.parquet").read_bytes()
    session, _ = session_of(data, Asked())
    name, key = (session.items[column][0].as_py() for column in ("id", "key"))
    file = verdicts(tmp_path / "kim.jsonl", "kim", [(key, "drop")], session="all", queue="all")
    assert import_verdicts([file], data).version == 2
    ingest("imagefolder", [tmp_path / "raw"], data)
    curate(data, ["quality"])
    assert columns(data, "verdict", "drop")[name] == ("drop", "verdict")
    with pytest.raises(SystemExit):
        main(["curate", str(data), "--undo", "--quiet"])
    with pytest.raises(SystemExit):
        main(["curate", str(data), "--undo", "--quiet"])
    assert (data / "manifest.parquet").read_bytes() == plain


def test_rows_that_are_added_do_not_take_verdicts_away_in_silence(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    imagefolder.write(first, people=4, traps=False)
    imagefolder.write(second, people=3, traps=False)
    data = tmp_path / "data"
    ingest("imagefolder", [first], data)
    curate(data, ["duplicates", "quality"])
    session, _ = session_of(data, Asked())
    key = session.items["key"][0].as_py()
    import_verdicts([verdicts(tmp_path / "kim.jsonl", "kim", [(key, "drop")], session="all",
                              queue="all")], data)  # fmt: skip
    notes = ingest("imagefolder", [first, second], data, add=True).notes
    assert any("then `import-verdicts` with the reviewers' files" in note for note in notes)


def test_the_command_prints_what_was_found(tmp_path, capsys):
    data = judgeable(tmp_path / "my data", 40)
    session, _ = session_of(data, Asked("labels", sample=8, controls=4, blind=True))
    keys = {f"u{n + 1}": key for n, key in enumerate(session.items["key"].to_pylist())}
    files = bundles(tmp_path, keys, session=session.asked.name)
    with pytest.raises(SystemExit) as end:
        main(["import-verdicts", *map(str, files), "--into", str(data)])
    said = capsys.readouterr().out
    assert end.value.code == 0
    assert "Krippendorff's alpha 0.476 (95 % interval" in said and "over 7 faces" in said
    assert "wrong labels:" in said and f"2 disputed: fertools review '{data}' --" in said
    assert "the manifest before is version 1" in said
    assert f"`fertools curate '{data}' --undo`" in said  # as a shell takes it
    with pytest.raises(SystemExit):
        main(["import-verdicts", *map(str, files), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["agreement"]["alpha"]["value"] == pytest.approx(1 - 133 / 254)
    assert found["out"] is None and found["faces"]["disputed"] == 2
