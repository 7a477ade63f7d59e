"""What is shown to whom: queues, lots, the server's door, blind pages, bundles."""

import json
import re
import signal
import urllib.request
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from werkzeug.test import Client

from fertools.cli import main
from fertools.cli import review as command
from fertools.curate import curate
from fertools.errors import FerError
from fertools.fakes import imagefolder
from fertools.image import decode
from fertools.ingest import ingest
from fertools.manifest import read_manifest, write_json
from fertools.review import Asked, bundle, review
from fertools.review.disputes import write_disputes
from fertools.review.guard import Guard
from fertools.review.offline import page, write_bundles
from fertools.review.originals import Originals
from fertools.review.queue import QUEUES
from fertools.review.server import Review
from fertools.review.session import key_of, open_session, reviewer_name
from fertools.review.showcase import Showcase
from tests.review_data import WORDS, judgeable, lines, started

NASTY = "x/</script><script>alert(1)</script>\u2028<!--"
ALL = Asked()
BLIND = Asked("labels", sample=10, controls=6, blind=True)
HERE = {"Host": "127.0.0.1:8765"}
SELF = {**HERE, "Origin": "http://127.0.0.1:8765"}


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    names = [f"x/{i:03d}" for i in range(40)]
    names[0] = NASTY
    return judgeable(tmp_path_factory.mktemp("judge") / "data", 40, id=names)


@pytest.fixture(scope="module")
def curated(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("curated")
    imagefolder.write(folder / "raw", people=6)
    ingest("imagefolder", [folder / "raw"], folder / "data")
    curate(folder / "data")
    return folder / "data"


def opened(data: Path, asked: Asked = ALL, reviewer: str = "kim", raw: Path | None = None):
    session, manifest = open_session(data, asked)
    return session, Showcase(session, manifest, raw), session.journal(reviewer)


def visitor(data: Path, asked: Asked = ALL, reviewer: str = "kim", raw: Path | None = None):
    session, showcase, journal = opened(data, asked, reviewer, raw)
    guard = Guard(8765)
    return Client(Review(session, showcase, journal, guard)), f"/{guard.token}/", journal


def everything(client: Client, base: str) -> str:
    """All that a page can ask for, as one text."""
    about = client.get(base + "session", headers=HERE).json
    items = client.get(f"{base}items?from=0&count=200", headers=HERE).json
    return json.dumps([about, items], ensure_ascii=False)


# queues


def test_queues_hold_what_curate_wrote(curated):
    table = read_manifest(curated).table
    flags = dict(zip(table["id"].to_pylist(), table["flags"].to_pylist(), strict=True))
    session, _, _ = opened(curated)
    assert sorted(session.items["id"].to_pylist()) == sorted(k for k, v in flags.items() if v)
    session, _, _ = opened(curated, Asked("twins"))
    groups = dict(zip(table["id"].to_pylist(), table["twin_group"].to_pylist(), strict=True))
    order = [groups[name] for name in session.items["id"].to_pylist()]
    assert order and None not in order
    assert len({*order}) == 1 + sum(a != b for a, b in pairwise(order))


def test_no_face_shows_the_reason_and_the_original(curated):
    _, showcase, journal = opened(curated, Asked("no_face"), raw=curated.parent / "raw")
    items = showcase.window(range(len(showcase)), journal, [])
    status = read_manifest(curated).table["status"].to_pylist()
    assert len(items) == sum(word not in ("ok", "pending") for word in status)
    assert {item["reasons"][0]["flag"] for item in items} == {*status} - {"ok"}
    assert all(showcase.picture(item["n"]) is None for item in items)  # none can be decoded
    whole = Originals(curated.parent / "raw")
    path = read_manifest(curated).table["path"][status.index("ok")].as_py()
    assert whole.read(path).shape[:2] == (384, 384)


def test_originals_stay_below_their_folder(tmp_path):
    imagefolder.write(tmp_path / "raw", people=1, traps=False, variant="zip")
    (tmp_path / "secret.png").write_bytes(b"x")
    inside = Originals(tmp_path / "raw")
    with pytest.raises(FerError, match="no such folder"):
        Originals(tmp_path / "none")
    for path in ("../secret.png", str(tmp_path / "secret.png"), "mine.zip!../x", "none.png"):
        assert inside.read(path) is None
    path = "mine.zip!neutral/neutral 0 été.png"  # composed; the archive has it decomposed
    assert inside.read(path).ndim >= 2
    assert Originals(tmp_path / "raw" / "mine.zip").read(path) is not None


def test_the_strongest_doubt_comes_first(tmp_path):
    data = judgeable(tmp_path / "data", 12)
    (data / "curation").mkdir()
    said = [("x/004", "twins", 0.9), ("x/008", "twins", 0.5), ("x/008", "votes", 0.8)]
    rows = [{"id": i, "by": by, "label": "anger", "suggested": "fear", "score": s}
            for i, by, s in said]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), data / "curation/label_noise-suspects.parquet")
    session, showcase, journal = opened(data, Asked("labels"))
    assert session.items["id"].to_pylist()[:2] == ["x/008", "x/004"]  # two voices before one
    first = showcase.window([0], journal, [])[0]
    assert first["reasons"][0] == {
        "flag": "label_suspect", "by": "twins", "word": "fear", "value": 0.5
    }  # fmt: skip


def test_twins_that_contradict_come_first_and_a_group_stays_together(tmp_path):
    copy, torn = ["exact_copy"], ["exact_copy", "contradicting_twins"]
    groups = ["t:a", "t:b", "t:c", "t:a", "t:b", "t:c"]
    flags = [copy, torn, torn, copy, torn, torn]
    data = judgeable(tmp_path / "data", 6, flags=flags, twin_group=groups)
    ids = open_session(data, Asked("twins"))[0].items["id"].to_pylist()
    assert ids == ["x/001", "x/004", "x/002", "x/005", "x/000", "x/003"]


def test_poor_faces_come_by_their_first_fault_in_the_order_of_the_checks(tmp_path):
    flags = [
        ["overexposed"],
        ["blurred", "low_contrast"],
        ["constant", "low_contrast"],
        ["blurred"],
    ]
    data = judgeable(tmp_path / "data", 4, flags=flags)
    ids = open_session(data, Asked("quality"))[0].items["id"].to_pylist()
    assert ids == ["x/002", "x/001", "x/003", "x/000"]


def test_a_record_without_an_image_is_nothing_to_look_at(tmp_path):
    status = ["ok", "pending", "too_dark", "no_face"]
    data = judgeable(tmp_path / "data", 4, status=status)
    ids = open_session(data, Asked("no_face"))[0].items["id"].to_pylist()
    assert ids == ["x/003", "x/002"]


def test_a_face_that_two_sessions_dispute_says_what_all_said(tmp_path):
    data = judgeable(tmp_path / "data", 4)
    for name, said in (("labels", {"kim": "fear"}), ("all", {"ana": "joy", "lee": "drop"})):
        (data / "review" / name).mkdir(parents=True)
        write_disputes(data / "review" / name, {"x/001": said})
    (items,) = open_session(data, Asked("disputed"))[0].items.to_pylist()
    said = [(reason["by"], reason["word"]) for reason in json.loads(items["reasons"])]
    assert said == [("ana", "joy"), ("lee", "drop"), ("kim", "fear")]


def test_what_cannot_be_reviewed_says_why(tmp_path, data):
    with pytest.raises(FerError, match="no manifest"):
        open_session(tmp_path, Asked())
    with pytest.raises(FerError, match="copy them to a disk"):
        open_session("s3://bucket/data", Asked())
    bare = judgeable(tmp_path / "bare", 4)
    table = read_manifest(bare).table.drop_columns(["flags"])
    from fertools.manifest import write_manifest

    write_manifest(bare / "manifest.parquet", table, {}, read_manifest(bare).card)
    with pytest.raises(FerError, match="fertools curate"):
        open_session(bare, Asked())
    table = table.append_column("flags", pa.array([[]] * len(table), pa.list_(pa.string())))
    write_manifest(bare / "manifest.parquet", table, {}, read_manifest(bare).card)
    with pytest.raises(FerError, match=r"queue labels; `fertools curate .*/bare --probs FILE`"):
        open_session(bare, Asked("labels"))
    with pytest.raises(FerError, match="nothing is in the queue no_face"):
        open_session(data, Asked("no_face"))
    for asked in (Asked("love"), Asked(sample=0), Asked(controls=-1), Asked("no_face", blind=True)):
        with pytest.raises(FerError):
            open_session(data, asked)


# samples, controls, reviewers


def test_everybody_sees_the_same_lot_also_after_another_curation(tmp_path):
    data = judgeable(tmp_path / "data", 40)
    first, _, _ = opened(data, BLIND)
    counts = first.items["stratum"].to_pylist()
    assert (counts.count("queue"), counts.count("control")) == (10, 6)
    flags = read_manifest(data).table["flags"].to_pylist()
    ids = read_manifest(data).table["id"].to_pylist()
    for name, stratum in zip(first.items["id"].to_pylist(), counts, strict=True):
        doubted = {"label_suspect", "contradicting_twins"} & set(flags[ids.index(name)])
        assert bool(doubted) == (stratum == "queue")
    assert first.facts["strata"] == {"queue": 20, "control": 20}
    judgeable(data, 40, flags=[[]] * 39 + [["blurred"]])
    again, _, _ = opened(data, BLIND, "lee")
    assert again.items == first.items
    other, _, _ = opened(judgeable(tmp_path / "two", 40), BLIND)
    assert other.items["id"] == first.items["id"] and other.items["key"] != first.items["key"]


def test_a_whole_queue_follows_the_newest_curation_and_verdicts_stay(tmp_path):
    data = judgeable(tmp_path / "data", 12)
    client, base, _ = visitor(data)
    key = client.get(f"{base}items?count=1", headers=HERE).json["items"][0]["key"]
    give(client, base, key=key, verdict="drop")
    judgeable(data, 12, flags=[["blurred"]] * 12)
    client, base, _ = visitor(data)
    found = client.get(f"{base}items?count=99", headers=HERE).json
    assert found["total"] == 12
    assert {i["key"] for i in found["items"] if i["mine"]["verdict"] == "drop"} == {key}


def test_a_sample_keeps_the_order_of_its_queue_and_controls_are_mixed_in(tmp_path):
    data = judgeable(tmp_path / "data", 40)
    queue = open_session(data, Asked("labels"))[0].items["id"].to_pylist()
    some = open_session(data, Asked("labels", sample=8))[0].items["id"].to_pylist()
    assert len(some) == 8 and some == [name for name in queue if name in some]
    mixed = Asked("labels", controls=6)
    items = open_session(data, mixed)[0].items
    strata = items["stratum"].to_pylist()
    assert len(strata) == len(queue) + 6 and strata != sorted(strata, reverse=True)
    judgeable(data, 40, flags=[["label_suspect"]] * 40)  # nothing is left to draw controls from
    assert open_session(data, mixed)[0].items == items


def test_each_question_has_a_folder_of_its_own():
    names = [Asked().name, Asked("labels", 10, 6, True).name, Asked(seed=3).name,
             Asked("twins", controls=2).name, Asked("twins", sample=2).name]  # fmt: skip
    assert names == ["all", "labels-10+6-blind", "all-s3", "twins-all+2", "twins-2+0"]


@pytest.mark.parametrize("name", ["", "../kim", "a/b", ".hidden", "con", "kim.", "x" * 50, "a\nb"])
def test_a_reviewer_is_no_path(name):
    with pytest.raises(FerError, match="--reviewer"):
        reviewer_name(name)


def test_a_reviewer_may_be_anybody():
    assert reviewer_name(" 김민수 ") == "김민수" and reviewer_name("Ana-María 2") == "Ana-María 2"


# the door


def give(client: Client, base: str, headers=SELF, **body):
    given = {"label": None, "second": None, "uid": f"u{np.random.default_rng().integers(1 << 60)}",
             "after": 0, **body}  # fmt: skip
    return client.post(base + "verdicts", json=given, headers=headers)


def test_who_may_not_ask_gets_nothing(data):
    client, base, _ = visitor(data)
    good = client.get(base, headers=HERE)
    assert good.status_code == 200 and b"<!doctype html>" in good.data
    assert client.get(base, headers={"Host": "localhost:8765"}).status_code == 200
    refused = [
        client.get("/", headers=HERE),
        client.get("/session", headers=HERE),
        client.get("/wrong-token/session", headers=HERE),
        client.get(base + "session", headers={"Host": "evil.example"}),
        client.get(base + "session", headers={"Host": "evil.example:8765"}),
        client.get(base + "session", headers={**HERE, "Origin": "http://evil.example"}),
        client.get(base + "session", headers={**HERE, "Origin": "null"}),
        client.get(base + "face/0", headers={**HERE, "Sec-Fetch-Site": "cross-site"}),
        give(client, base, HERE, key="a", verdict="drop"),
        give(client, base, {**HERE, "Origin": "http://127.0.0.1:1"}, key="a", verdict="drop"),
        client.get("/../../etc/passwd", headers=HERE),
    ]
    assert [answer.status_code for answer in refused] == [403] * len(refused)
    assert not any(b"x/0" in answer.data for answer in refused)


@pytest.mark.parametrize(
    "path",
    ["../../etc/passwd", "..%2f..%2fetc/passwd", "static/page.js", "face/../0", "face/-1",
     "page.html", "face/99999", "face/0/99", "face/0/0/0", "manifest.parquet",
     "review/all/kim.jsonl", "//x"],
)  # fmt: skip
def test_no_path_leads_to_a_file(data, path):
    client, base, _ = visitor(data)
    assert client.get(base + path, headers=HERE).status_code == 404


def test_every_answer_is_kept_to_itself(data):
    client, base, _ = visitor(data)
    for path in ("", "page.js", "session", "face/0", "nothing"):
        headers = client.get(base + path, headers=HERE).headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "http" not in policy
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in headers


def test_the_page_asks_nothing_of_the_network(data):
    client, base, _ = visitor(data)
    for path in ("", "page.js", "page.css"):
        text = client.get(base + path, headers=HERE).text
        assert not re.findall(r"https?://|//[a-z]+\.|@import|innerHTML|eval\(|style=", text), path


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"key": "nobody", "verdict": "drop"}, 400),
        ({"verdict": "love"}, 400),
        ({"verdict": "relabel", "label": "<b>"}, 400),
        ({"verdict": "relabel", "label": "anger", "second": "x" * 5000}, 400),
        ({"verdict": "drop", "uid": ""}, 400),
    ],
)
def test_what_is_no_verdict_is_refused(data, body, code):
    client, base, journal = visitor(data)
    before = len(journal.entries)
    key = client.get(f"{base}items?count=1", headers=HERE).json["items"][0]["key"]
    assert give(client, base, **{"key": key, **body}).status_code == code
    plain = client.post(base + "verdicts", data="x", headers=SELF, content_type="text/plain")
    assert plain.status_code == 415 and client.put(base, headers=SELF).status_code == 404
    assert client.get(f"{base}items?from=x", headers=HERE).status_code == 400
    journal.refresh()
    assert len(journal.entries) == before


# what a reviewer sees


def test_a_window_is_all_that_is_given(tmp_path):
    client, base, _ = visitor(judgeable(tmp_path / "data", 400))
    found = client.get(f"{base}items?from=100&count=60", headers=HERE).json
    assert found["total"] == 300 and [item["n"] for item in found["items"]] == [*range(100, 160)]
    assert len(client.get(f"{base}items?from=0&count=5000", headers=HERE).json["items"]) == 200


def test_a_face_is_shown_with_its_reasons_and_twins(tmp_path):
    data = judgeable(tmp_path / "data", 12)
    client, base, _ = visitor(data, Asked("twins"))
    item = client.get(f"{base}items?count=1", headers=HERE).json["items"][0]
    assert item["id"] == "x/001" and item["label"] == "fear" and item["official_split"] == "val"
    assert [r["flag"] for r in item["reasons"]] == ["exact_copy", "contradicting_twins"]
    assert [(t["id"], t["label"]) for t in item["twins"]] == [("x/000", "anger")]
    faces = [decode(client.get(f"{base}face/0{k}", headers=HERE).data).pixels for k in ("", "/1")]
    from fertools.faces import open_faces

    stored = open_faces(read_manifest(data))
    assert (faces[0][..., 0] == stored[1]).all() and (faces[1][..., 0] == stored[0]).all()


def test_filters_find_reasons_labels_and_verdicts(tmp_path):
    client, base, _ = visitor(judgeable(tmp_path / "data", 40))

    def total(**query):
        return client.get(base + "items", query_string={"count": 99, **query}, headers=HERE).json

    assert total()["total"] == 30 and total(reason="blurred")["total"] == 10
    assert total(reason="blurred", label="happiness")["total"] == 4
    assert total(reason="none")["total"] == total(label="none")["total"] == 0
    items = total()["items"]
    give(client, base, key=items[0]["key"], verdict="drop")
    give(client, base, key=items[1]["key"], verdict="unsure")
    assert (
        total(state="open", as_of=2)["total"] == 28 and total(state="open", as_of=1)["total"] == 29
    )
    assert total(state="decided", as_of=2)["total"] == 2
    assert [i["key"] for i in total(state="unsure", as_of=2)["items"]] == [items[1]["key"]]
    answer = give(client, base, key=items[0]["key"], verdict="open", after=1).json
    assert answer["progress"] == {"keep": 0, "drop": 0, "relabel": 0, "unsure": 1, "open": 29}
    assert [total(state=s, as_of=3)["total"] for s in ("open", "decided", "drop")] == [29, 1, 0]


def test_a_tab_is_told_what_another_one_said(tmp_path):
    client, base, _ = visitor(judgeable(tmp_path / "data", 8))
    key = client.get(f"{base}items?count=1", headers=HERE).json["items"][0]["key"]
    assert give(client, base, key=key, verdict="drop").json["mine"]["number"] == 1
    late = give(client, base, key=key, verdict="relabel", label="fear")
    assert late.status_code == 409 and late.json["mine"]["verdict"] == "drop"
    news = client.get(f"{base}news?since=0", headers=HERE).json
    assert news["entries"] == 1 and news["news"][0]["key"] == key


def test_keeping_writes_the_label_that_was_seen_and_others_are_heard(tmp_path):
    data = judgeable(tmp_path / "data", 8)
    client, base, journal = visitor(data, reviewer="kim")
    item = client.get(f"{base}items?count=1", headers=HERE).json["items"][0]
    give(client, base, key=item["key"], verdict="keep", label="surprise")
    assert lines(journal.file)[1]["label"] == item["label"] != "surprise"
    assert lines(journal.file)[1]["id"] == item["id"]
    other, base, _ = visitor(data, reviewer="lee")
    seen = other.get(f"{base}items?count=1", headers=HERE).json["items"][0]
    assert seen["mine"]["verdict"] == "open"
    assert [(o["who"], o["verdict"]) for o in seen["others"]] == [("kim", "keep")]


def test_blind_means_blind(data):
    client, base, _ = visitor(data, BLIND)
    give(client, base, key=journal_key(client, base), verdict="relabel", label="fear")
    other, there, _ = visitor(data, BLIND, "lee")
    text = everything(other, there)
    words = json.loads(text)[0].pop("words")
    assert set(WORDS) <= set(words)
    shown = text.replace(json.dumps(words, ensure_ascii=False), "")
    for secret in (*WORDS, "x/", "suspect", "copy", "blurred", "control", "stratum", "kim", "twin",
                   "t:", "reason\": {\"", "test"):  # fmt: skip
        assert secret not in shown.replace(json.loads(text)[0]["session"], ""), secret
    items = json.loads(text)[1]["items"]
    assert len(items) == 16 and all(set(i) == {"n", "key", "mine", "picture"} for i in items)
    assert other.get(f"{there}face/0/1", headers=HERE).status_code == 404
    everywhere = other.get(f"{there}items?count=99&label=fear&reason=blurred", headers=HERE).json
    assert everywhere["total"] == 16  # a filter must not sort them either
    assert give(other, there, key=items[0]["key"], verdict="keep").status_code == 400


def journal_key(client: Client, base: str) -> str:
    return client.get(f"{base}items?count=1", headers=HERE).json["items"][0]["key"]


def test_disputes_are_a_queue_with_what_everybody_said(tmp_path):
    data = judgeable(tmp_path / "data", 8)
    folder = data / "review" / "labels"
    folder.mkdir(parents=True)
    write_disputes(folder, {"x/003": {"kim": "fear", "lee": "drop"}})
    _, showcase, journal = opened(data, Asked("disputed"))
    (item,) = showcase.window([0], journal, [])
    assert item["id"] == "x/003" and item["reasons"] == [
        {"flag": "said", "by": "kim", "word": "fear"}, {"flag": "said", "by": "lee", "word": "drop"}
    ]  # fmt: skip
    (folder / "disputed.json").write_text("{")
    with pytest.raises(FerError, match="not JSON"):
        opened(data, Asked("disputed"))


# bundles


def test_a_bundle_holds_everything_and_says_nothing_more(data, tmp_path):
    session, showcase, _ = opened(data, BLIND)
    text = page(session, showcase, "kim")
    for secret in ("x/0", "alert(1)", 'label_suspect"', 'control"'):
        assert secret not in embedded(text)
    assert 'src="' not in text.replace('src="data:', "") and "https://" not in text
    assert "default-src 'none'" in text and "unsafe" not in text
    found = json.loads(embedded(text).replace("\\u003c", "<"))
    assert len(found["items"]) == 16 and found["opening"]["reviewer"] == "kim"
    assert all(
        found["pictures"][found["shown"][str(i)]].startswith("data:image/png") for i in range(16)
    )
    salt = (data / "review" / "salt.txt").read_text()
    assert salt not in text and key_of(salt, "x/001") != key_of("", "x/001")


def embedded(text: str) -> str:
    return re.search(r'<script type="application/json" id="bundle">(.*?)</script>', text, re.S)[1]


def test_no_name_ends_the_element_it_stands_in(data):
    session, showcase, _ = opened(data)
    text = page(session, showcase, "kim")
    assert NASTY not in text and text.count("<script") == 2
    found = json.loads(embedded(text))
    assert NASTY in {twin["id"] for item in found["items"] for twin in item["twins"]} | {
        item["id"] for item in found["items"]
    }


def test_a_bundle_is_not_written_over(data, tmp_path):
    session, showcase, _ = opened(data, BLIND)
    partial = tmp_path / "out" / ".kim.partial"  # of a bundle that was killed
    partial.mkdir(parents=True)
    assert write_bundles(tmp_path / "out", session, showcase, ["kim"])[0].name == "index.html"
    assert not partial.exists()
    assert "kim.labels-10+6-blind.jsonl" in (tmp_path / "out/kim/README.txt").read_text("utf-8")
    with pytest.raises(FerError, match="is there already"):
        write_bundles(tmp_path / "out", session, showcase, ["kim"])
    with pytest.raises(FerError, match="kim: is there already"):
        bundle(data, BLIND, ["ann", "kim"], tmp_path / "out")
    assert not (tmp_path / "out" / "ann").exists()  # else ann stands in the way of the cure


def test_bundles_that_were_stopped_are_written_by_the_same_again(data, tmp_path):
    out = tmp_path / "out"
    (out / ".kim.partial" / "index.html").mkdir(parents=True)  # her page cannot be written
    with pytest.raises(FerError, match="cannot be written"):
        bundle(data, BLIND, ["ann", "kim"], out)
    (out / ".kim.partial" / "index.html").rmdir()
    pages, _, _ = bundle(data, BLIND, ["ann", "kim"], out)
    assert [page.parent.name for page in pages] == ["ann", "kim"]
    assert sorted(each.name for each in out.iterdir()) == ["ann", "kim"]


def test_bundles_from_the_command_line(data, tmp_path, capsys):
    def run(*words: str) -> tuple[int, str]:
        with pytest.raises(SystemExit) as end:
            main(["review", str(data), *words])
        said = capsys.readouterr()
        return end.value.code, said.out + said.err

    out = str(tmp_path / "out")
    asked = ["--queue", "labels", "--sample", "5", "--blind", "--bundle", out]
    code, said = run(*asked, "--reviewer", "kim", "--reviewer", "lee", "--json")
    found = json.loads(said)
    assert code == 0 and len(found["pages"]) == 2 and found["faces"] == 5
    assert "--controls" in found["notes"][0]
    assert run(*asked)[0] == 2 and run("--reviewer", "a", "--reviewer", "b")[0] == 2
    assert run("--reviewer", "../x")[0] == 1


def test_a_broken_session_is_named(data, tmp_path):
    other = judgeable(tmp_path / "data", 8)
    opened(other)
    write_json(other / "review/all/session.json", {})
    (other / "review/all/session.json").write_text("{")
    with pytest.raises(FerError, match=r"session\.json"):
        opened(other)


# the command


def ask(address: str, body: dict | None = None) -> dict:
    port = address.split("/")[2]
    headers = {"Content-Type": "application/json", "Origin": f"http://{port}"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(address, data, headers)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_the_command_knows_every_queue():
    assert sorted(command.QUEUES) == sorted(QUEUES)


def test_the_command_serves_and_goes_on_after_kill_9(tmp_path):
    data = judgeable(tmp_path / "data", 20)
    with started(data) as (server, end):
        for item in ask(server.address + "items?count=10")["items"]:
            given = {"key": item["key"], "verdict": "drop", "uid": item["key"]}
            assert ask(server.address + "verdicts", given)["mine"]["verdict"] == "drop"
        end(signal.SIGKILL)
    with started(data, server.port) as (again, end):
        assert again.address != server.address  # a token of its own
        assert ask(again.address + "session")["progress"]["drop"] == 10
        with pytest.raises(FerError, match=f"--port {server.port}"):
            review(data, ALL, "kim", port=server.port, tell=print)
        said = end(signal.SIGINT)
    assert "every verdict is on the disk" in said and said.endswith("0")
