"""The sentences at the head of a report: what the data is, what was found, what names it.

In go the facts; out come plain words. The page puts them in place and escapes them.
"""

from collections.abc import Sequence

from fertools.audit.verdict import CLEAN, LEAKS, UNCHECKED, Leak
from fertools.flows._report_facts import PUBLISHED, Facts
from fertools.measures.words import per_cent

SIGN = "\u00a0%"  # no line ends before it
PLAIN = {
    "subject": "people",
    "sequence": "recordings",
    "exact": "exact copies",
    "near": "near-twins",
    "mirrored": "mirrored near-twins",
    "derived": "altered copies",
}
WHO = {
    "subject": "show a person who is also in",
    "sequence": "are frames of a recording that also stands in",
    "exact": "are equal, pixel by pixel, to an image of",
    "near": "have a near-twin in",
    "mirrored": "are near-twins of the mirror image of a face in",
    "derived": "are altered copies of an image of",
}
PARTS = {"train": "training", "val": "validation", "test": "test"}
FEW = 4  # parts whose sizes stand at the head of the page


def listed(words: list[str], last: str = "and") -> str:
    """`a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def lede(facts: Facts) -> str:
    """What the data is and the most important thing found, in a few sentences."""
    names = sources(facts)
    classes = len(facts.stats.balance.values)
    text = f"{facts.stats.faces:,} faces in {classes} class{'es' if classes != 1 else ''}"
    if names != [facts.name]:
        text += f" from {listed(names)}"
    return text + _parts(facts) + _worst(facts) + _verdict(facts)


def sources(facts: Facts) -> list[str]:
    """The data sets."""
    return sorted(str(name) for name in facts.manifest.table["source"].unique().to_pylist())


def worst(leaks: Sequence[Leak]) -> Leak:
    """The leak with the highest share; of equal ones that into test, where a score is read."""
    return max(leaks, key=lambda leak: (leak.share, leak.later == "test"))


def _parts(facts: Facts) -> str:
    if not facts.parts:
        return ". There is no split yet, so nothing was audited for leakage."
    if facts.audit is None:
        return ", all in one part, so nothing was audited for leakage."
    if facts.parts == PUBLISHED:
        return ", in the parts that the data set was published with."
    return f", dealt to {facts.audit.folds} folds." if facts.audit.folds else "."


def _worst(facts: Facts) -> str:
    """The largest leak in words."""
    verdicts = facts.audit.verdicts if facts.audit else ()
    found = [(worst(v.leaks), v.relation) for v in verdicts if v.verdict == LEAKS]
    if not found:
        return ""
    leak, relation = max(found, key=lambda each: each[0].share)
    where = f" of fold {leak.worst[0]}" if leak.worst else ""
    return (
        f" Of the {PARTS[leak.later]} rows{where}, {per_cent(leak.share, SIGN)} {WHO[relation]} "
        f"{PARTS[leak.earlier]}."
    )


def _verdict(facts: Facts) -> str:
    if facts.audit is None:
        return ""
    named = {
        kind: [PLAIN[v.relation] for v in facts.audit.verdicts if v.verdict == kind]
        for kind in (LEAKS, CLEAN, UNCHECKED)
    }
    text = f" The parts share {listed(named[LEAKS])}." if named[LEAKS] else ""
    if named[CLEAN]:
        start = "They share" if named[LEAKS] else "The parts share"
        text += f" {start} no {listed(named[CLEAN], 'or')}."
    if named[UNCHECKED]:
        text += f" Whether they share {listed(named[UNCHECKED], 'or')} could not be checked."
    return text


def glance(facts: Facts) -> list[tuple[str, str]]:
    """The numbers that a reader looks for first."""
    found, table = facts.stats, facts.manifest.table
    sizes = [sum(counts) for counts in found.balance.counts]
    numbers = [("faces", found.faces)]
    if found.rows != found.faces:
        numbers.insert(0, ("rows", found.rows))
    if 1 < len(sizes) <= FEW:
        names = [PARTS.get(name, name) for name in found.balance.parts]
        numbers += zip(names, sizes, strict=True)
    elif sum(sizes) != found.faces:
        numbers.append(("faces in a part" if facts.parts else "faces with a label", sum(sizes)))
    if facts.audit is not None and facts.audit.folds:
        numbers.append(("folds", facts.audit.folds))
    numbers += [
        ("classes", len(found.balance.values)),
        ("people", len(table["subject"].drop_null().unique())),
        ("recordings", len(table["sequence"].drop_null().unique())),
    ]
    return [(name, f"{n:,}") for name, n in numbers if n]


def digests(facts: Facts, file: str) -> list[tuple[str, str, bool]]:
    """What names the data: (term, value, is it code)."""
    lines = [("Manifest", file, True), ("sha256", facts.digest, True)]
    if facts.audit is not None and facts.audit.faces:
        lines.append(("Face store, sha256 of all shards", facts.audit.faces, True))
    if facts.parts == PUBLISHED:
        lines.append(("Parts", "as the data set was published", False))
    if facts.audit is not None and facts.audit.protocol:
        lines.append(("Protocol", facts.audit.protocol, False))
    rule = facts.manifest.facts.get("split", {}).get("label_rule")
    if rule:
        lines.append(("Label rule", str(rule), False))
    return lines + _about(facts)


def _about(facts: Facts) -> list[tuple[str, str, bool]]:
    """Licence and citation, as the cards of the data sets say them."""
    about = facts.manifest.card.get("about") or {}
    each = about if all(isinstance(v, dict) for v in about.values()) else {"": about}
    lines = []
    for name, said in sorted(each.items()):
        for key in ("licence", "citation"):
            if isinstance(said, dict) and said.get(key):
                term = key.capitalize() + (f", {name}" if len(each) > 1 else "")
                lines.append((term, str(said[key]), False))
    return lines
