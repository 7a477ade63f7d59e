"""The sentences at the head of a report: what the data is, what was found, what names it.

In go the facts and a language; out come plain words. The page puts them in place and escapes them.
"""

from collections.abc import Sequence

from fertools.audit.verdict import CLEAN, LEAKS, UNCHECKED, Leak, Verdict
from fertools.flows.report.facts import PUBLISHED, Facts
from fertools.flows.report.say import Say
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
RELATIONS = {
    "subject": "Person",
    "sequence": "Recording",
    "exact": "Exact copy",
    "near": "Near-twin",
    "mirrored": "Mirrored near-twin",
    "derived": "Altered copy",
}
WHO = {
    "subject": "show a person who is also in {earlier}",
    "sequence": "are frames of a recording that also stands in {earlier}",
    "exact": "are equal, pixel by pixel, to an image of {earlier}",
    "near": "have a near-twin in {earlier}",
    "mirrored": "are near-twins of the mirror image of a face in {earlier}",
    "derived": "are altered copies of an image of {earlier}",
}
FEW = 4  # parts whose sizes stand at the head of the page


def lede(facts: Facts, say: Say) -> str:
    """What the data is and the most important thing found, in a few sentences."""
    names, classes = sources(facts), len(facts.stats.balance.values)
    faces = f"{facts.stats.faces:,}"
    if classes == 1:
        text = say("{faces} faces in 1 class", faces=faces)
    else:
        text = say("{faces} faces in {classes} classes", faces=faces, classes=classes)
    if names != [facts.name]:
        text += say(" from {names}", names=say.all_of(names))
    return text + _parts(facts, say) + _worst(facts, say) + _verdict(facts, say)


def sources(facts: Facts) -> list[str]:
    """The data sets."""
    return sorted(str(name) for name in facts.manifest.table["source"].unique().to_pylist())


def reason(verdict: Verdict, say: Say) -> str:
    """What could not be looked at of a relation; what is not a lack is told in English."""
    if (lack := verdict.lack) is None:
        return verdict.why
    return say(
        "{missing} of {rows} rows have no {what}",
        missing=f"{lack.rows:,}",
        rows=f"{lack.of:,}",
        what=say.named(lack.what),
    )


def worst(leaks: Sequence[Leak]) -> Leak:
    """The leak with the highest share; of equal ones that into test, where a score is read."""
    return max(leaks, key=lambda leak: (leak.share, leak.later == "test"))


def _parts(facts: Facts, say: Say) -> str:
    if not facts.parts:
        return say(". There is no split yet, so nothing was audited for leakage.")
    if facts.audit is None:
        return say(", all in one part, so nothing was audited for leakage.")
    if facts.parts == PUBLISHED:
        return say(", in the parts that the data set was published with.")
    return say(", dealt to {folds} folds.", folds=facts.audit.folds) if facts.audit.folds else "."


def _worst(facts: Facts, say: Say) -> str:
    """The largest leak in words."""
    verdicts = facts.audit.verdicts if facts.audit else ()
    found = [(worst(v.leaks), v.relation) for v in verdicts if v.verdict == LEAKS]
    if not found:
        return ""
    leak, relation = max(found, key=lambda each: each[0].share)
    told = {
        "later": say.part(leak.later),
        "share": per_cent(leak.share, SIGN),
        "who": say(WHO[relation], earlier=say.part(leak.earlier)),
    }
    if leak.worst:
        return say(
            " Of the {later} rows of fold {fold}, {share} {who}.", fold=leak.worst[0], **told
        )
    return say(" Of the {later} rows, {share} {who}.", **told)


def _verdict(facts: Facts, say: Say) -> str:
    if facts.audit is None:
        return ""
    named = {
        kind: [say(PLAIN[v.relation]) for v in facts.audit.verdicts if v.verdict == kind]
        for kind in (LEAKS, CLEAN, UNCHECKED)
    }
    text = ""
    if named[LEAKS]:
        text += say(" The parts share {what}.", what=say.all_of(named[LEAKS]))
    if named[CLEAN]:
        what = say.any_of(named[CLEAN])
        text += (
            say(" They share no {what}.", what=what)
            if text
            else say(" The parts share no {what}.", what=what)
        )
    if named[UNCHECKED]:
        what = say.any_of(named[UNCHECKED])
        text += say(" Whether they share {what} could not be checked.", what=what)
    return text


def glance(facts: Facts, say: Say) -> list[tuple[str, str]]:
    """The numbers that a reader looks for first."""
    found, table = facts.stats, facts.manifest.table
    sizes = [sum(counts) for counts in found.balance.counts]
    numbers = [(say("faces"), found.faces)]
    if found.rows != found.faces:
        numbers.insert(0, (say("rows"), found.rows))
    if 1 < len(sizes) <= FEW:
        numbers += zip(map(say.part, found.balance.parts), sizes, strict=True)
    elif sum(sizes) != found.faces:
        name = say("faces in a part") if facts.parts else say("faces with a label")
        numbers.append((name, sum(sizes)))
    if facts.audit is not None and facts.audit.folds:
        numbers.append((say("folds"), facts.audit.folds))
    numbers += [
        (say("classes"), len(found.balance.values)),
        (say("people"), len(table["subject"].drop_null().unique())),
        (say("recordings"), len(table["sequence"].drop_null().unique())),
    ]
    return [(name, f"{n:,}") for name, n in numbers if n]


def digests(facts: Facts, file: str, say: Say) -> list[tuple[str, str, bool]]:
    """What names the data: (term, value, is it code)."""
    lines = [(say("Manifest"), file, True), ("sha256", facts.digest, True)]
    if facts.audit is not None and facts.audit.faces:
        lines.append((say("Face store, sha256 of all shards"), facts.audit.faces, True))
    if facts.parts == PUBLISHED:
        lines.append((say("Parts"), say("as the data set was published"), False))
    if facts.audit is not None and facts.audit.protocol:
        lines.append((say("Protocol"), facts.audit.protocol, False))
    rule = facts.manifest.facts.get("split", {}).get("label_rule")
    if rule:
        lines.append((say("Label rule"), str(rule), False))
    return lines + _about(facts, say)


def _about(facts: Facts, say: Say) -> list[tuple[str, str, bool]]:
    """Licence and citation, as the cards of the data sets say them."""
    about = facts.manifest.card.get("about") or {}
    each = about if all(isinstance(v, dict) for v in about.values()) else {"": about}
    lines = []
    for name, said in sorted(each.items()):
        for key, term in (("licence", say("Licence")), ("citation", say("Citation"))):
            if isinstance(said, dict) and said.get(key):
                which = f", {name}" if len(each) > 1 else ""
                lines.append((term + which, str(said[key]), False))
    return lines
