"""Bundles: one folder per person that opens without a server, from a stick or an attachment.

    OUT/<reviewer>/index.html   the page with everything it shows in it
    OUT/<reviewer>/README.txt   what to do with it, in English and Korean

In go a showcase and names; out come folders. The page asks nothing of the network, keeps verdicts
in the browser as they are given, and saves them as a file that `import-verdicts` reads.
"""

import base64
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fertools.errors import FerError
from fertools.review.assets import asset, script
from fertools.review.journal import FORMAT
from fertools.review.session import Session
from fertools.review.showcase import Showcase

MOST = 5000  # items: a page holds all pictures, and a browser the page
README = """fertools review: {session}, for {reviewer}

Private: this folder shows faces. Do not share it, and delete it when you are done.

1. Open index.html in a browser. Nothing is sent anywhere.
2. Judge the faces; press ? for the keys. Verdicts stay in this browser until you save them.
3. Press "Save verdicts" and send the file {reviewer}.{session}.jsonl back.

비공개: 얼굴이 보이는 폴더입니다. 공유하지 말고, 끝나면 지우세요.

1. index.html을 브라우저로 엽니다. 어디로도 전송되지 않습니다.
2. 얼굴을 판정합니다. ?를 누르면 단축키가 나옵니다. 저장하기 전까지 판정은 이 브라우저에 있습니다.
3. "판정 저장"을 누르고 {reviewer}.{session}.jsonl 파일을 보내 주세요.
"""


def write_bundles(
    out: Path, session: Session, showcase: Showcase, reviewers: Sequence[str]
) -> list[Path]:
    """Write the folder of each reviewer; returns the pages.

    All are written before the first is put in its place: a run that was stopped before leaves none
    that stands in the way of the next. Raises `FerError` where there are more items than a page can
    hold, and where a folder is there already: somebody may be at work in it.
    """
    if len(showcase) > MOST:
        raise FerError(
            f"--bundle: {len(showcase):,} faces are more than the {MOST:,} that a page can hold; "
            "say --sample 500"
        )
    folders = [out / reviewer for reviewer in reviewers]
    for folder in folders:
        _check_free(folder)
    try:
        partials = [_partial(out, session, showcase, reviewer) for reviewer in reviewers]
        for partial, folder in zip(partials, folders, strict=True):
            partial.rename(folder)
    except OSError as error:
        cure = "give another --bundle"
        raise FerError(
            f"{error.filename or out}: cannot be written ({error.strerror}); {cure}"
        ) from error
    return [folder / "index.html" for folder in folders]


def _partial(out: Path, session: Session, showcase: Showcase, reviewer: str) -> Path:
    """What is to become the folder of a reviewer."""
    partial = out / f".{reviewer}.partial"  # what was killed leaves no folder that is there
    partial.mkdir(parents=True, exist_ok=True)
    names = {"session": session.asked.name, "reviewer": reviewer}
    (partial / "README.txt").write_text(README.format(**names), encoding="utf-8")
    text = page(session, showcase, reviewer)
    (partial / "index.html").write_text(text, encoding="utf-8", newline="\n")
    return partial


def _check_free(folder: Path) -> None:
    """Raise `FerError` where the folder of a reviewer is there already."""
    if folder.exists():
        raise FerError(f"{folder}: is there already; give another --bundle, or remove it")


def page(session: Session, showcase: Showcase, reviewer: str) -> str:
    """The page as one text: style, script, items and pictures in it, and nothing else allowed."""
    style, code = asset("page.css"), script()
    icon = _uri(asset("icon.svg").encode(), "svg+xml")
    policy = (
        f"default-src 'none'; script-src 'sha256-{_digest(code)}'; "
        f"style-src 'sha256-{_digest(style)}'; img-src data:; base-uri 'none'; form-action 'none'"
    )
    data = json.dumps(_content(session, showcase, reviewer), ensure_ascii=False)
    # a name may hold anything: nothing in it may end the element that it stands in
    data = data.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    text = asset("page.html")
    parts = {
        '<meta charset="utf-8">': '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        'href="icon.svg"': f'href="{icon}"',
        '<link rel="stylesheet" href="page.css">': f"<style>{style}</style>",
        '<script src="page.js" defer></script>': '<script type="application/json" id="bundle">'
        f"{data}</script>\n<script>{code}</script>",
    }
    for old, new in parts.items():
        before, found, after = text.partition(old)
        assert found, old
        text = before + new + after
    return text


def _content(session: Session, showcase: Showcase, reviewer: str) -> dict[str, Any]:
    """What the page knows: the session, the items without what others said, the pictures."""
    items = [showcase.item(place, {}, {}) for place in range(len(showcase))]
    pictures: list[str] = []
    known: dict[str, int] = {}
    shown: dict[str, int] = {}
    for item in items:
        for beside in range(1 + len(item.get("twins", []))):
            found = showcase.picture(item["n"], beside)
            if found is None:
                continue
            uri = _uri(*found)
            if uri not in known:
                known[uri] = len(pictures)
                pictures.append(uri)
            shown[f"{item['n']}/{beside}" if beside else str(item["n"])] = known[uri]
    about = {
        **session.about(reviewer),
        "items": len(items),
        "facets": showcase.facets(),
    }
    opening = {"format": FORMAT, **session.opening(reviewer)}
    return {"session": about, "opening": opening, "items": items, "pictures": pictures,
            "shown": shown}  # fmt: skip


def _uri(data: bytes, kind: str) -> str:
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
