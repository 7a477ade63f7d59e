"""Image files of an export, and the JSON and text beside them."""

import json
from pathlib import Path
from typing import Any

from fertools.errors import FerError
from fertools.export._chosen import Chosen, Sample
from fertools.measures.words import markdown


def put(out: Path, file: str, sample: Sample) -> None:
    """Write the picture of a sample below `out`, at a relative path made of safe names."""
    path = out / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sample.image)


def picture(chosen: Chosen, sample: Sample, above: str = "images") -> str:
    """`<above>/<part>/<name>.<ending>`; no folder for a part where nothing was dealt."""
    return "/".join(p for p in (above, sample.part, f"{sample.name}.{chosen.ending}") if p)


def put_json(path: Path, data: Any, indent: int | None = None) -> None:
    """Write JSON as UTF-8; the keys keep their order, which is that of the columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(data, ensure_ascii=False, indent=indent, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="\n")


def missing(package: str, to: str, error: ImportError) -> FerError:
    """The error for a format whose library is not installed."""
    return FerError(f"--to {to} needs {package} ({error}): pip install 'fertools[export]'")


def terms(chosen: Chosen) -> str:
    """Licence and citation of each data set, a paragraph each, for a README."""
    lines = []
    for name, facts in chosen.facts["sources"].items():
        said = [facts["licence"] or "no licence declared", facts["citation"], facts["homepage"]]
        lines.append(
            f"- **{markdown(name)}**: " + ". ".join(markdown(each) for each in said if each)
        )
    return "\n".join(lines)


def licences(chosen: Chosen) -> str:
    """The licences in one line."""
    said = (facts["licence"] for facts in chosen.facts["sources"].values())
    return "; ".join(dict.fromkeys(text for text in said if text)) or "not declared"


def citations(chosen: Chosen) -> str:
    """The citations in one line, "" where none is declared."""
    said = (facts["citation"] for facts in chosen.facts["sources"].values())
    return "; ".join(dict.fromkeys(text for text in said if text))


def title(chosen: Chosen) -> str:
    """The name of an export as a heading of Markdown."""
    return f"# {markdown(chosen.facts['name'])}"


def about(chosen: Chosen) -> str:
    """What an export is, in a few sentences of Markdown."""
    facts = chosen.facts
    counts = chosen.counts()
    rows = ["| class | " + " | ".join(counts) + " |"]
    rows.append("|---" * (len(counts) + 1) + "|")
    for word in chosen.classes:
        rows.append(
            f"| {markdown(word)} | " + " | ".join(str(n[word]) for n in counts.values()) + " |"
        )
    left = ", ".join(f"{n} {markdown(reason)}" for reason, n in chosen.left_out.items()) or "none"
    return (
        f"{len(chosen.names)} faces of {facts['manifest']['rows']} rows, exported by fertools "
        f"{facts['fertools']} from the manifest with the digest `{facts['manifest']['digest']}`. "
        f"Rows left out: {left}. The label is the column `{facts['labels_from']}`.\n\n"
        + "\n".join(rows)
        + "\n\n## Licence and citation\n\n"
        + terms(chosen)
        + "\n"
    )
