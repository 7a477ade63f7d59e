"""Reports of drawn data: what stands on the page, what never does, how it looks in a browser."""

import ast
import json
import re
import string
import sys
from collections import Counter
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace

import cv2
import jinja2
import jinja2.nodes
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fertools.audit import audit
from fertools.audit.verdict import CLEAN, LEAKS, UNCHECKED
from fertools.cli import main
from fertools.curate import curate
from fertools.errors import FerError
from fertools.fakes import fer2013
from fertools.flows import report as flow
from fertools.flows.report import facts, method, named, report, words
from fertools.flows.report import say as saying
from fertools.flows.report.chart import bars, histogram
from fertools.flows.report.korean import KOREAN
from fertools.flows.report.say import Say
from fertools.flows.report.suspects import suspects
from fertools.ingest import ingest
from fertools.manifest import read_manifest, write_manifest
from fertools.split import SplitOptions, split
from fertools.stats import Balance
from fertools.twins import Step
from tests.browser import BROWSER, DRIVER, browser
from tests.made import leaking, made, smooth

EVIL = "<script>alert(1)</script>"
QUOTED = "\"' onerror=alert(1) x='"
needs_browser = pytest.mark.skipif(not (BROWSER and DRIVER), reason="no chromium, no chromedriver")


class Page(HTMLParser):
    """The elements of a page, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]

    @property
    def text(self) -> str:
        return re.sub(r"[\s\u00a0]+", " ", " ".join(self.words))


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Drawn people in several sequences, dealt without regard to who they are."""
    return leaking(tmp_path_factory.mktemp("study"))


@pytest.fixture(scope="module")
def curated(tmp_path_factory) -> Path:
    """Drawn FER2013, with an exact copy, two labels on it, and an all black face."""
    folder = tmp_path_factory.mktemp("web")
    fer2013.write(folder / "raw", people=4)
    ingest("fer2013", [folder / "raw"], folder / "data")
    curate(folder / "data", ["duplicates", "quality"])
    return folder / "data"


@pytest.fixture(scope="module")
def hostile(tmp_path_factory) -> Path:
    """Labels, ids, people and a data set whose names are markup."""
    folder = tmp_path_factory.mktemp("hostile") / EVIL.replace("/", "_")
    faces = np.repeat(smooth(6, seed=3), 2, axis=0)
    labels = [EVIL, QUOTED, "fear", "fear"] * 3
    found, _ = made(
        folder,
        faces,
        id=[f"x/{i}{EVIL}{QUOTED}" for i in range(12)],
        source=[EVIL] * 12,
        native_label=labels,
        subject=[f"x:{QUOTED}"] * 12,
        official_split=["train", "test"] * 6,
        gender=[EVIL, "female"] * 6,
        rater_a_label=labels,
        rater_b_label=["fear"] * 12,
        flags=[[EVIL], [QUOTED, "blurred"]] * 6,
        drop=[EVIL, *[None] * 11],
        twin_group=[QUOTED, QUOTED, EVIL, EVIL, *[None] * 8],
        quality_sharpness=[float(i) for i in range(12)],
    )
    card = {**found.card, "about": {EVIL: {"licence": EVIL, "citation": QUOTED}}}
    write_manifest(folder / "manifest.parquet", found.table, {}, card)
    return folder


def read(file: Path) -> Page:
    return Page(file.read_text(encoding="utf-8"))


def test_the_page_says_what_the_audit_found(study, tmp_path):
    written = report(study / "random.parquet", tmp_path / "r.html")
    page = read(written.file)
    assert written.size == (tmp_path / "r.html").stat().st_size and written.faces == 0
    found = audit(study / "random.parquet")
    assert {v.verdict for v in found.verdicts} > {"leaks"}
    for verdict in found.verdicts:
        for leak in verdict.leaks:
            assert f"{leak.rows} of {leak.of}" in page.text
    counts = page.text.split("Classes per part")[1]
    assert f"all {' '.join(str(n) for n in found.parts.values())}" in counts
    for digest in (found.digest, found.faces):
        assert digest in page.text


def test_the_page_holds_everything_and_asks_for_nothing(study, tmp_path):
    page = read(report(study / "random.parquet", tmp_path / "r.html", with_faces=True).file)
    policy = next(m for m in page.all("meta") if "http-equiv" in m)
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert policy["content"].startswith("default-src 'none'; style-src 'unsafe-inline'; img-src da")
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "iframe", "object", "embed", "form", "base", "video", "audio"}
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href"):
            assert (attributes.get(name) or "#").startswith(("#", "data:"))
    style = (Path(flow.__file__).parent / "page.css").read_text(encoding="utf-8")
    assert "url(" not in style and "@import" not in style


def test_the_page_is_built_of_headings_and_captioned_tables(study, tmp_path):
    page = read(report(study / "random.parquet", tmp_path / "r.html").file)
    tags = [tag for tag, _ in page.elements]
    assert tags.count("h1") == tags.count("main") == tags.count("header") == 1
    assert tags.count("caption") == tags.count("table") > 4
    assert all(svg.get("aria-label") or svg.get("aria-hidden") for svg in page.all("svg"))
    assert all(cell.get("scope") for cell in page.all("th"))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    linked = {a["href"][1:] for a in page.all("a")}
    assert linked <= set(ids) and {"balance", "leakage", "method", "unchecked"} <= linked
    assert page.all("html")[0]["lang"] == "en"


def test_the_same_manifest_gives_the_same_bytes(study, tmp_path):
    for name in ("a", "b"):
        report(study / "random.parquet", tmp_path / name, with_faces=True)
    first, second = (tmp_path / f"{name}.private.html" for name in ("a", "b"))
    assert first.read_bytes() == second.read_bytes()
    assert str(study).encode() not in first.read_bytes()


@pytest.mark.parametrize(
    ("typed", "with_faces", "name"),
    [
        ("r.html", False, "r.html"),
        ("r.html", True, "r.private.html"),
        ("r.private.html", True, "r.private.html"),
        ("r.v2", True, "r.v2.private.html"),
    ],
)
def test_a_page_with_faces_says_in_its_name_that_it_is_private(typed, with_faces, name):
    assert named(Path("out") / typed, with_faces) == Path("out") / name


def test_faces_are_shown_only_when_asked_for(study, tmp_path):
    shared = read(report(study / "random.parquet", tmp_path / "r.html").file)
    assert not shared.all("img") and "Private" not in shared.text
    written = report(study / "random.parquet", tmp_path / "r.html", with_faces=True)
    private = read(written.file)
    assert written.file == tmp_path / "r.private.html"
    assert len(private.all("img")) == written.faces > 0
    assert all(image["src"].startswith("data:image/png;base64,") for image in private.all("img"))
    assert all(image["alt"].startswith("Face ck48/") for image in private.all("img"))
    body = [tag for tag, _ in private.elements if tag in ("aside", "header", "img")]
    assert body[0] == "aside" and "Private: this page shows faces" in private.text
    assert "(private: shows faces)" in private.text


def test_markup_in_names_stays_text(hostile, tmp_path):
    written = report(hostile, tmp_path / "r.html", with_faces=True, title=EVIL)
    raw = written.file.read_text(encoding="utf-8")
    assert EVIL not in raw and "<script" not in raw and QUOTED not in raw
    page = read(written.file)
    for _, attributes in page.elements:
        assert not [name for name in attributes if name.startswith("on")]
    assert page.text.count(EVIL) > 10 and QUOTED in page.text
    assert any(EVIL in (image["alt"] or "") for image in page.all("img"))


def test_a_data_folder_is_shown_in_its_published_parts(curated, tmp_path):
    before = sorted(curated.rglob("*"))
    page = read(report(curated, tmp_path / "r.html").file)
    assert sorted(curated.rglob("*")) == before
    assert "in the parts that the data set was published with" in page.text
    assert "Exact copy: leaks" in page.text
    assert audit_of(page)["Exact copy"] == "leaks"


def audit_of(page: Page) -> dict[str, str]:
    """The verdicts at the head of the page."""
    return dict(re.findall(r"([A-Z][a-z -]+): (leaks|clean|not checkable)", page.text))


def test_data_without_parts_is_not_audited(study, tmp_path):
    page = read(report(study / "data", tmp_path / "r.html").file)
    assert "There is no split yet" in page.text and not audit_of(page)
    assert "leakage" not in {a["href"][1:] for a in page.all("a")}
    assert "Run fertools split first" in page.text.split("What was not checked")[-1]


def test_curation_is_shown(curated, tmp_path):
    facts = read_manifest(curated).card["curation"]["checks"]
    written = report(curated, tmp_path / "r.html", with_faces=True)
    page = read(written.file)
    groups = facts["duplicates"]["facts"]["twin_groups"]
    assert f"groups of twins {groups} " in page.text or f"{groups} groups of twins" in page.text
    for flag, count in facts["duplicates"]["flags"].items():
        assert re.search(rf"{flag.replace('_', ' ')} {count} ", page.text), flag
    labels = [svg["aria-label"] or "" for svg in page.all("svg") if "aria-label" in svg]
    assert sum(label.startswith("Histogram of ") for label in labels) == 4
    assert "Twins that contradict each other" in page.text
    assert re.search(r"constant 1 ", page.text.split("Faces left out")[1])


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"native_label": [None] * 4}, "4 faces in 0 classes"),
        ({"native_label": [None] * 4, "official_split": ["train", "test"] * 2}, "no split yet"),
        ({"split": ["train"] * 4, "label": ["fear"] * 4}, "all in one part, so nothing was"),
        ({"status": ["no_face"] * 4}, "0 faces in 1 class from x"),
        ({"split": ["train", "test"] * 2, "label": ["fear"] * 4}, "The parts share no exact cop"),
    ],
)
def test_poor_data_has_a_page_too(columns, says, tmp_path):
    made(tmp_path / "data", smooth(4, seed=2), **columns)
    assert says in text_of(tmp_path / "data", tmp_path)
    assert report(tmp_path / "data", tmp_path / "r.html", with_faces=True).faces == 0


def test_measures_of_a_stranger_are_drawn_where_they_are_numbers(tmp_path):
    nan, inf = float("nan"), float("inf")
    columns = {"quality_blur": [nan, 1.0, 2.0, inf], "quality_none": [nan] * 4,
               "quality_word": ["good"] * 4, "quality_list": [[1.0]] * 4}  # fmt: skip
    made(tmp_path / "data", smooth(4, seed=2), **columns)
    said = text_of(tmp_path / "data", tmp_path)
    assert "blur 1 median 1.5 2 How it was" in said


def test_faces_of_any_size_and_colour_are_shown_small(tmp_path):
    faces = np.repeat(smooth(2, seed=1, size=224)[..., None], 3, axis=3)[[0, 0, 1, 1]]
    made(tmp_path / "data", faces, split=["train", "test"] * 2, label=["fear"] * 4)
    written = report(tmp_path / "data", tmp_path / "r.html", with_faces=True)
    shown = read(written.file).all("img")
    assert len(shown) == written.faces == 4 and {image["width"] for image in shown} == {"96"}
    assert written.size < 50_000


def test_two_labels_for_one_picture_are_not_two_pictures_of_one_person(tmp_path):
    columns = {"split": ["train", "test"], "label": ["fear", "anger"]}
    for name, person, shown in (("a", None, True), ("b", "x:1", False)):
        made(tmp_path / name, np.repeat(smooth(1, seed=1), 2, axis=0),
             subject=[person] * 2, **columns)  # fmt: skip
        text = read(report(tmp_path / name, tmp_path / name, with_faces=True).file).text
        assert ("One picture, two labels, two parts" in text) == shown
        assert "Twins across parts, from the threshold up" in text


def test_people_who_are_not_known_are_alone_when_rows_are_left_out():
    """Of six rows two are of one person, one of another, three of nobody that is known."""
    table = pa.table(
        {
            "id": list("abcdef"),
            "drop": ["blank", None, None, "blank", None, None],
            "label": ["fear", "anger"] * 3,
            "subject": ["x:1", "x:1", "x:2", None, None, None],
        }
    )
    lean = facts._drop_lean(table, "label")
    assert (lean.rows, lean.groups) == (6, 5)
    assert facts._drop_lean(table.drop_columns(["subject"]), "label").groups == 6
    nothing = table.set_column(1, "drop", pa.nulls(6, pa.string()))
    assert facts._drop_lean(nothing, "label") is None


def test_twins_are_counted_by_group_and_rows_by_word():
    """a: three rows of two labels; b: two of one; c: one row, whose twin is gone."""
    torn = ["contradicting_twins"]
    table = pa.table(
        {
            "twin_group": ["a", "a", "a", "b", "b", "c", None],
            "flags": [torn, [*torn, "blurred"], torn, [], ["blurred"], [], []],
            "label": ["fear", "anger", "fear", "fear", "fear", None, "fear"],
        }
    )
    found = facts._groups(table, "label")
    assert (found.rows, found.sizes, found.count, found.contradicting) == (
        6, {1: 1, 2: 1, 3: 1}, 3, 1,
    )  # fmt: skip
    assert [(t.word, t.rows, t.classes) for t in facts._tallies(table, "flags", "label")] == [
        ("contradicting_twins", 3, {"anger": 1, "fear": 2}),
        ("blurred", 2, {"anger": 1, "fear": 1}),
    ]


def test_parts_without_a_label_in_two_of_them_are_not_audited(tmp_path):
    words = {"native_label": ["fear", None], "official_split": ["train", "test"]}
    found, _ = made(tmp_path / "data", smooth(2, seed=1), **words)
    file = tmp_path / "data" / "manifest.parquet"
    assert facts._parted(file, found, tmp_path) == (file, "")


def test_a_column_of_more_than_twelve_values_is_no_table(tmp_path):
    ages = [str(i) for i in range(13)]
    found, _ = made(tmp_path / "data", smooth(13, seed=1), age=ages, race=[*ages[:12], "0"])
    assert [facts._countable(found, name) for name in ("age", "race", "gender")] == [
        False, True, False,
    ]  # fmt: skip


def test_each_kind_of_doubt_lists_its_strongest(tmp_path):
    """60 rows, each doubted by twins and by votes, and one row that is not of this manifest."""
    flags = [["label_suspect"]] * 60
    found, _ = made(tmp_path / "data", smooth(60, seed=1, size=16), flags=flags)
    ids = [f"x/{i:03d}" for i in range(60)]
    rows = [{"id": name, "by": by, "label": "fear", "suggested": "anger", "score": 0.5}
            for name in [*ids, "x/999"] for by in ("twins", "votes")]  # fmt: skip
    (tmp_path / "data" / "curation").mkdir()
    pq.write_table(
        pa.Table.from_pylist(rows), tmp_path / "data/curation/label_noise-suspects.parquet"
    )
    card = {"checks": {"label_noise": {"facts": {}}}}
    told = suspects(found, None, card)
    assert (told.rows, told.kinds) == (60, {"twins": {"fear": 60}, "votes": {"fear": 60}})
    assert [each.by for each in told.listed] == ["twins"] * 48 + ["votes"] * 48


def test_of_equal_leaks_that_into_test_is_told():
    leaks = [SimpleNamespace(share=share, later=part)
             for share, part in ((0.5, "test"), (0.5, "val"), (0.4, "test"))]  # fmt: skip
    assert words.worst(leaks) is words.worst(leaks[::-1]) is leaks[0]
    assert words.worst(leaks[1:]).later == "val"


def test_sums_and_curves_on_the_page_are_what_they_are_by_hand():
    assert flow._sums({"ok": 2, "pending": 3, "no_face": 1}, Say()) == (
        "3 images in = 2 with a face + 1 with a reason; 3 records are pending, without an image yet"
    )
    steps = [Step(at / 100, 0, 0, 0) for at in range(80, 100, 2)]
    assert [step.threshold for step in flow._until(steps, 0.85)] == [
        0.8,
        0.82,
        0.84,
        0.86,
        0.88,
        0.9,
    ]


def test_suspects_are_shown_of_a_data_folder_and_of_its_split(tmp_path):
    faces = np.repeat(smooth(4, seed=5), 3, axis=0)  # three copies of each
    words = ["fear", "anger", "anger", *["sadness"] * 9]
    made(tmp_path / "data", faces, native_label=words, rater_a_label=words,
         rater_b_label=[*words[:-1], "disgust"], official_split=["train", "test"] * 6)  # fmt: skip
    (tmp_path / "data" / "units").mkdir()
    assert "Doubtful labels: the check has not run" in text_of(tmp_path / "data", tmp_path)
    curate(tmp_path / "data", ["duplicates", "label_noise"])
    split([tmp_path / "data"], tmp_path / "m" / "s.parquet", SplitOptions(official=True))
    for path in (tmp_path / "data", tmp_path / "m" / "s.parquet"):
        text = text_of(path, tmp_path)
        told = text.split("What was not checked")[-1]
        assert "Doubtful labels" not in told and "Blur, exposure, contrast" in told
        assert "One row is suspected." in text
        assert "x/000 fear → anger (twins 0.67)" in text
        assert "exact 12 2 16.7 %" in text
    shown = read(report(tmp_path / "data", tmp_path / "r.html", with_faces=True).file)
    assert "fear perhaps anger train" in shown.text


def text_of(path: Path, folder: Path) -> str:
    return read(report(path, folder / "r.html").file).text


def test_raters_and_drop_outs_are_shown(tmp_path):
    faces = smooth(8, seed=1)
    words = ["fear", "anger"] * 4
    _, _ = made(
        tmp_path / "data",
        faces,
        status=["ok"] * 6 + ["no_face"] * 2,
        native_label=words,
        rater_a_label=words,
        rater_b_label=words,
        rater_c_label=["fear"] * 8,
    )
    page = read(report(tmp_path / "data", tmp_path / "r.html").file)
    assert "8 images in = 6 with a face + 2 with a reason" in page.text
    assert "no face 1" in page.text.split("by class")[1]
    assert re.search(r"anger 4 100.0 % 0.0 %", page.text)
    assert "50.0 %" in page.text.split("Raters")[-1]  # half of the rows are unanimous


def test_a_balance_of_many_parts_is_one_bar_with_its_range():
    found = Balance(
        "label", "fold", [f"fold {i}" for i in range(5)], ["a", "b"],
        [[2, 8], [4, 6], [5, 5], [5, 5], [4, 6]], 0, 0, 1.0, [2.0] * 5,
    )  # fmt: skip
    chart = bars(found, Say())
    (name, (bar,)) = chart.classes[0]
    assert (name, bar.rows, bar.share) == ("a", 20, 0.4)
    assert bar.low < bar.width < bar.high
    assert bar.low / bar.width == pytest.approx(0.2 / 0.4, rel=1e-3)
    counts = [[3, 1], [1, 1]]
    few = Balance("label", "split", ["train", "test"], ["a", "b"], counts, 0, 0, 1.0, [1.0, 1.0])
    assert [b.share for _, row in bars(few, Say()).classes for b in row] == [0.75, 0.5, 0.25, 0.5]
    assert max(b.width for _, row in bars(few, Say()).classes for b in row) < 80


def test_a_histogram_of_equal_values_has_one_bar():
    flat = histogram("detail", np.full(9, 0.5))
    assert sorted(flat.heights)[-2:] == [0.0, 100.0] and flat.median == 0.5
    even = histogram("detail", np.linspace(0, 1, 3200))
    assert min(even.heights) > 90


def test_a_page_that_cannot_be_written_is_a_sentence(study, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(FerError, match="give another -o"):
        report(study / "data", tmp_path / "file" / "r.html")


def test_without_jinja2_the_cure_is_named(study, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(FerError, match=r"pip install 'fertools\[report\]'"):
        report(study / "data", tmp_path / "r.html")


def test_the_command_says_what_it_wrote(study, tmp_path, capsys):
    out = tmp_path / "page.html"
    with pytest.raises(SystemExit) as end:
        main(["report", str(study / "random.parquet"), "-o", str(out), "--with-faces", "--json"])
    told = json.loads(capsys.readouterr().out)
    assert end.value.code == 0 and told["file"] == str(tmp_path / "page.private.html")
    assert told["bytes"] == Path(told["file"]).stat().st_size and not out.exists()
    with pytest.raises(SystemExit) as end:
        main(["report", str(study / "random.parquet"), "-o", str(out), "--with-faces"])
    assert "private, do not share it" in capsys.readouterr().out


# Korean


SAYING = ("say", "self", "self.say", "shower.say")


def messages() -> set[str]:
    """Every text that a report says: in its programs, on its page, and in their tables of words."""
    house = Path(flow.__file__).parent
    found: set[str] = set()
    for file in house.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in SAYING:
                found |= {a.value for a in node.args if isinstance(a, ast.Constant)}
    page = jinja2.Environment().parse((house / "page.html.j2").read_text(encoding="utf-8"))
    for call in page.find_all(jinja2.nodes.Call):
        if isinstance(call.node, jinja2.nodes.Name) and call.node.name == "say":
            found |= {a.value for a in call.args if isinstance(a, jinja2.nodes.Const)}
    for table in (saying.PARTS, saying.NAMES, words.PLAIN, words.WHO,
                  words.RELATIONS):  # fmt: skip
        found |= set(table.values())
    return found | {name for name, _ in method.TRACES.values()} | {CLEAN, LEAKS, UNCHECKED}


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_every_sentence_has_a_korean_one_that_is_filled_in_alike():
    assert messages() == set(KOREAN)
    assert [text for text, said in KOREAN.items() if fields(text) != fields(said)] == []
    particle = re.compile(r"\}\)?(은|는|이|가|을|를|과|와|으로|로)(?![가-힣])")
    assert [said for said in KOREAN.values() if particle.search(said)] == []


def test_a_korean_page_says_the_same_numbers(study, curated, tmp_path):
    for path in (study / "random.parquet", study / "data", curated):
        pages = [read(report(path, tmp_path / f"{language}.html", with_faces=True,
                             language=language).file) for language in ("en", "ko")]  # fmt: skip
        english, korean = (Counter(re.findall(r"\d+(?:[.,]\d+)*", page.text)) for page in pages)
        assert english == korean
        assert pages[1].all("html")[0]["lang"] == "ko"
        assert [tag for tag, _ in pages[0].elements] == [tag for tag, _ in pages[1].elements]


def test_what_could_not_be_checked_is_told_in_korean(tmp_path):
    columns = {"split": ["train", "test"] * 2, "label": ["fear"] * 4}
    made(tmp_path / "data", smooth(4, seed=2), subject=["x:1", None, None, None], **columns)
    said = read(report(tmp_path / "data", tmp_path / "r.html", language="ko").file).text
    assert "누출(사람): 4행 중 3행에 사람 없음." in said
    assert "누출(촬영): 4행 중 4행에 시퀀스 없음." in said
    assert "확인 불가(촬영): 4행 중 4행에 시퀀스 없음" in said


def test_a_language_that_is_not_there_is_named(study, tmp_path, capsys):
    with pytest.raises(SystemExit) as end:
        main(["report", str(study / "data"), "-o", str(tmp_path / "r.html"), "--lang", "kr"])
    assert end.value.code == 1 and "language 'kr'" in capsys.readouterr().err
    assert not (tmp_path / "r.html").exists()


def channel(value: float) -> float:
    return value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4


def luminance(colour: str) -> float:
    red, green, blue = (channel(int(colour[i : i + 2], 16) / 255) for i in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_letters_and_bars_stand_out_in_both_modes():
    """WCAG 2.2, 1.4.3 and 1.4.11: contrast of 4.5 for letters, 3 for what is drawn."""
    style = (Path(flow.__file__).parent / "page.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root \{(.*?)\}", style, re.DOTALL)[:2]
    )
    for mode in (light, dark):
        pairs = [(name, "paper", 4.5) for name in ("ink", "soft", "accent", "bad", "good")]
        pairs += [("bad", "bad-paper", 4.5), ("good", "good-paper", 4.5), ("ink", "faint", 4.5)]
        pairs += [(name, "faint", 3) for name in "abcd"]
        for name, ground, least in pairs:
            a, b = sorted((luminance(mode[name]), luminance(mode[ground])))
            assert (b + 0.05) / (a + 0.05) >= least, (name, ground)


@needs_browser
def test_a_browser_shows_it_without_complaint(hostile, study, tmp_path):
    pages = [
        report(hostile, tmp_path / "h.html", with_faces=True, title=EVIL * 3),
        report(study / "random.parquet", tmp_path / "s.html", with_faces=True),
    ]
    with browser(tmp_path / "profile") as window:
        for written in pages:
            for width in (1280, 390):
                for dark in (False, True):
                    window.open(written.file, width, dark=dark)
                    assert window.complaints() == []
                    assert window.ask("document.documentElement.scrollWidth") <= width
                    seen = "[...document.images].filter(i => i.complete && i.naturalWidth).length"
                    assert window.ask(seen) == window.ask("document.images.length") > 0
                    assert window.ask("document.scripts.length") == 0
                    photograph = np.frombuffer(window.photograph(), np.uint8)
                    pixels = cv2.imdecode(photograph, cv2.IMREAD_GRAYSCALE)
                    assert pixels.shape[1] == width and pixels.std() > 8
                    assert (np.median(pixels) < 60) if dark else (np.median(pixels) > 200)
