"""The documentation: it builds without a warning, and every command and program on it runs.

A page says in comments what it needs: `<!-- draw SOURCE FOLDER key=value -->` draws raw data there,
`<!-- own FOLDER -->` images of eight people by class; `<!-- file NAME -->` keeps the next program.
Blocks without a language are command lines, `python` blocks are programs, `text` ones are neither.
"""

import importlib.util
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from fertools import folder
from fertools.cli import main
from fertools.fakes._face import draw, person

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "pages"
TOKEN = re.compile(
    r"<!-- (?P<order>draw|own|file) (?P<words>[^>]*) -->|```(?P<kind>\w*)\n(?P<block>.*?)```",
    re.DOTALL,
)


def steps(page: Path) -> list[re.Match[str]]:
    return list(TOKEN.finditer(page.read_text(encoding="utf-8")))


def draw_own(where: Path) -> None:
    """`<class>/p<person>.png` for eight people."""
    for number in range(8):
        for word in ("happiness", "sadness", "surprise"):
            image = draw(person(number), word, seed=number)
            (where / word).mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(where / word / f"p{number:02d}.png"), image)


@pytest.mark.parametrize(
    "page", [p for p in sorted(PAGES.rglob("*.md")) if steps(p)], ids=lambda p: p.stem
)
def test_what_a_page_says_runs(page: Path, tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("manifests").mkdir()
    name = ""
    for step in steps(page):
        if step["order"] == "draw":
            source, where, *options = step["words"].split()
            wanted = {key: int(value) for key, _, value in (o.partition("=") for o in options)}
            folder.load("fakes", source).write(Path(where), **wanted)
        elif step["order"] == "own":
            draw_own(Path(step["words"].strip()))
        elif step["order"] == "file":
            name = step["words"].strip()
        elif step["kind"] == "python":
            exec(compile(step["block"], str(page), "exec"), {"__name__": "page"})
            if name:
                Path(name).write_text(step["block"], encoding="utf-8")
            name = ""
        elif not step["kind"]:
            for line in step["block"].strip().splitlines():
                with pytest.raises(SystemExit) as end:
                    main(shlex.split(line)[1:])
                assert not end.value.code, f"{line}\n{capsys.readouterr().err}"


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        ("clean_fer2013", ["fer2013"]),
        ("own_folders", []),
        ("cross_korean", ["fer2013", "aihub"]),
    ],
)
def test_an_example_runs(name: str, drawn: list[str], tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.chdir(tmp_path)
    Path("manifests").mkdir()
    for source in drawn:
        folder.load("fakes", source).write(Path("raw", source))
    if not drawn:
        draw_own(Path("raw"))
    raws = [f"raw/{source}" for source in drawn] or ["raw"]
    monkeypatch.setattr(sys, "argv", [name, *raws])
    runpy.run_path(str(ROOT / "examples" / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out.count("\n") >= 2


def test_every_example_is_run() -> None:
    ours = {p.stem for p in (ROOT / "examples").glob("*.py")}
    assert ours == {"clean_fer2013", "own_folders", "cross_korean"}


def test_every_stage_has_a_page() -> None:
    """A command that no page names is one that nobody finds."""
    text = "\n".join(page.read_text(encoding="utf-8") for page in PAGES.rglob("*.md"))
    named = {name for name in folder.names("cli") if f"fertools {name.replace('_', '-')}" in text}
    assert set(folder.names("cli")) - named <= {"completion"}


@pytest.mark.skipif(importlib.util.find_spec("mkdocs") is None, reason="mkdocs is not installed")
def test_it_builds_without_a_warning(tmp_path) -> None:
    line = [sys.executable, "-m", "mkdocs", "build", "-q", "--strict"]
    done = subprocess.run(
        [*line, "-f", str(ROOT / "docs" / "mkdocs.yml"), "-d", str(tmp_path)],
        capture_output=True, text=True, env={"PATH": "/usr/bin:/bin", "NO_MKDOCS_2_WARNING": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    for page in tmp_path.rglob("*.html"):
        found = re.findall(r'(?:src|href)="(https?:)?//[^"]+\.(?:js|css|woff2?)', page.read_text())
        assert not found, f"{page.name} fetches something"
    sources = {p.stem for p in (tmp_path / "data-sets").glob("*.html")}
    assert sources == {*folder.names("sources"), "index"}
