"""The certificate: an audit on one page of Markdown, with digests and a sentence for the paper.

It holds counts, thresholds and digests, no id and no picture, so it can be published. The same
manifest gives the same page.
"""

from pathlib import Path

from fertools import __version__
from fertools.audit.verdict import CLEAN, LEAKS, UNCHECKED, Audit, Leak, Verdict
from fertools.manifest import write_whole
from fertools.measures.words import markdown, per_cent

MEANING = {
    "subject": "the same person",
    "sequence": "frames of one recording",
    "exact": "an equal photograph or face, pixel by pixel",
    "near": "near-twins: zero-mean normalised cross-correlation (NCC) at the threshold or above",
    "mirrored": "near-twins of the left-right mirror image",
    "derived": "a copy that was blurred, turned, stretched or the like",
}
ORIGINS = {
    "asked": "as asked for",
    "by eye": "the default, right by eye on faces from the web",
    "subjects": "the smallest from 0.90 at which no two people are taken for one",
}


def write(found: Audit, file: str | Path) -> None:
    """Write the page, renamed into place. Raises `FerError` where that is not possible."""
    write_whole(file, page(found).encode(), "--certificate")


def page(found: Audit) -> str:
    """The certificate as Markdown."""
    sections = [
        f"# Leakage certificate: {found.manifest}",
        f"**{_headline(found)}**",
        _digests(found),
        "## Relations",
        _relations(found),
        "\n".join(f"- `{v.relation}`: {MEANING[v.relation]}" for v in found.verdicts),
        _unchecked(found),
        _classes(found),
        _thresholds(found),
        "## For the paper",
        f"> {sentence(found)}",
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def sentence(found: Audit) -> str:
    """What a paper can say of the split: its size, what was checked, what was found."""
    by = {kind: [v for v in found.verdicts if v.verdict == kind]
          for kind in (CLEAN, LEAKS, UNCHECKED)}  # fmt: skip
    text = f"The split ({_size(found)}) was audited with fertools {__version__}."
    if by[CLEAN]:
        bound = f"At most {100 * found.max_leakage:g}% of a part's rows have"
        who = bound if found.max_leakage else "No row has"
        text += f" {who} a partner in an earlier part by {_named(found, by[CLEAN])}."
    for verdict in by[LEAKS]:
        worst = _worst(verdict)
        text += (
            f" By {_named(found, [verdict])}, {worst.told} of the {worst.later} rows have a "
            f"partner in {worst.earlier}{_round(worst)}."
        )
    if by[UNCHECKED]:
        text += f" Not checkable: {', '.join(v.relation for v in by[UNCHECKED])}."
    return text


def _headline(found: Audit) -> str:
    said = {v.verdict for v in found.verdicts}
    words = [f"leaks by {_list(found, LEAKS)}"] if LEAKS in said else []
    words += [f"clean by {_list(found, CLEAN)}"] if CLEAN in said else []
    words += [f"not checkable by {_list(found, UNCHECKED)}"] if UNCHECKED in said else []
    text = "; ".join(words)
    return text[:1].upper() + text[1:]


def _list(found: Audit, kind: str) -> str:
    return ", ".join(v.relation for v in found.verdicts if v.verdict == kind)


def _size(found: Audit) -> str:
    if found.folds:
        return f"{sum(found.parts.values()):,} rows in {found.folds} folds"
    return ", ".join(f"{n:,} {name}" for name, n in found.parts.items() if n)


def _digests(found: Audit) -> str:
    lines = [f"- manifest: `{found.manifest}`, sha256 `{found.digest}`"]
    if found.faces:
        lines.append(f"- face store, all shards: sha256 `{found.faces}`")
    if found.protocol:
        lines.append(f"- protocol: `{found.protocol}`")
    lines.append(f"- rows: {_size(found)}")
    lines.append(f"- leakage allowed: {100 * found.max_leakage:g}% of a part, per relation")
    return "\n".join([*lines, f"- audited by fertools {__version__}"])


def _relations(found: Audit) -> str:
    pairs = [(leak.earlier, leak.later) for leak in _some(found)]
    heads = [f"{later} in {earlier}" for earlier, later in pairs]
    lines = [_line(["relation", *heads, "verdict"]), _line(["---"] * (len(heads) + 2))]
    for verdict in found.verdicts:
        cells = [f"{leak.told}{_round(leak)}" for leak in verdict.leaks] or ["-"] * len(heads)
        lines.append(_line([f"`{verdict.relation}`", *cells, f"**{verdict.verdict}**"]))
    return "\n".join(lines)


def _some(found: Audit) -> tuple[Leak, ...]:
    return next((v.leaks for v in found.verdicts if v.leaks), ())


def _unchecked(found: Audit) -> str:
    return "\n".join(f"- not looked at by `{v.relation}`: {v.why}" for v in found.verdicts if v.why)


def _classes(found: Audit) -> str:
    """Rows with a partner per class, of the worst pair of parts, where anything leaks; with folds
    summed over the rounds.
    """
    leaks = [(v.relation, _worst(v)) for v in found.verdicts if v.verdict == LEAKS]
    if not leaks:
        return ""
    names = list(dict.fromkeys(name for _, leak in leaks for name in leak.classes))
    heads = [f"`{relation}`, {leak.later} in {leak.earlier}" for relation, leak in leaks]
    rounds = ", summed over all rounds" if found.folds else ""
    lines = [f"Per class, where it is worst{rounds}:", "", _line(["class", *heads])]
    lines.append(_line(["---"] * (len(leaks) + 1)))
    for name in names:
        cells = [leak.classes.get(name, (0, 0)) for _, leak in leaks]
        lines.append(_line([name or "(none)", *(f"{n:,} of {of:,}" for n, of in cells)]))
    return "\n".join(lines)


def _worst(verdict: Verdict) -> Leak:
    return max(verdict.leaks, key=lambda leak: leak.share)


def _thresholds(found: Audit) -> str:
    lines = []
    for name, threshold in found.thresholds.items():
        lines.append(f"- NCC threshold of {name}: {threshold:g} ({ORIGINS[found.origins[name]]})")
    if found.false_twins:
        lines.append(f"- {found.false_twins:,} pairs from 0.90 are of different people: no twins")
    return "\n".join([*lines, *(f"- {note}" for note in found.notes)])


def _named(found: Audit, verdicts: list[Verdict]) -> str:
    """The relations in words, with their threshold where that is one for all."""
    values = sorted(set(found.thresholds.values()))
    level = f" (NCC >= {' or '.join(f'{v:g}' for v in values)})" if values else ""
    words = {
        "subject": "person",
        "sequence": "recording",
        "exact": "exact copy",
        "near": f"near-twin{level}",
        "mirrored": f"mirrored near-twin{level}",
        "derived": "derived copy",
    }
    return ", ".join(words[v.relation] for v in verdicts)


def _round(leak: Leak) -> str:
    if leak.worst is None or not leak.rows:
        return ""
    mean = per_cent(leak.rows / leak.of, "%")
    return f" in the worst round, fold {leak.worst[0]} ({mean} on average)"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(markdown(cell, marks='[]|') for cell in cells)} |"
