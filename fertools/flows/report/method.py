"""The small print of a report: how each figure was computed, and what was not looked at.

In go the facts and a language; out come plain words with their sources.
"""

from fertools.flows.report.facts import Facts
from fertools.flows.report.say import Say
from fertools.flows.report.words import PLAIN, reason

SAID_OF_PEOPLE = ("subject", "gender", "age", "race")
# what a check looks for, and a column that shows it has run on a manifest that was split since
TRACES = {
    "duplicates": ("Twins within a part", "twin_group"),
    "derived": ("Altered copies within a part", "derived_from"),
    "quality": ("Blur, exposure, contrast and detail", "quality_sharpness"),
    "label_noise": ("Doubtful labels", ""),
}


def method(facts: Facts, say: Say) -> list[tuple[str, str]]:
    """How each figure on the page was computed, with its source."""
    lines = [
        (
            say("Balance"),
            say(
                "Counts over rows with a face that nothing leaves out. The effective number of "
                "classes is exp of the entropy of the shares: n for n even classes (Hill, Ecology "
                "54, 1973)."
            ),
        )
    ]
    if facts.stats.leans or facts.stats.dropout_leans or facts.drop_lean:
        lines.append(
            (
                say("Cramér’s V and p"),
                say(
                    "V is sqrt(chi² / (n (min(rows, columns) - 1))) (Cramér, Mathematical Methods "
                    "of Statistics, 1946). p comes from 199 permutations, seed 0, in which whole "
                    "groups (people, or twins) trade places, since the rows of one person are not "
                    "independent; it is never 0 (Phipson and Smyth, Statistical Applications in "
                    "Genetics and Molecular Biology 9, 2010)."
                ),
            )
        )
    if facts.audit is not None:
        lines += _of_audit(facts, say)
    lines += _of_checks(facts, say)
    if facts.raters is not None:
        lines.append(
            (
                say("Agreement of raters"),
                say(
                    "Fleiss’ kappa is (P - Pe) / (1 - Pe), with P the share of rater pairs that "
                    "agree and Pe what chance would give (Fleiss, Psychological Bulletin 76, "
                    "1971). A majority is more than half of a row’s votes."
                ),
            )
        )
    return lines


def _of_audit(facts: Facts, say: Say) -> list[tuple[str, str]]:
    return [
        (
            say("Leakage"),
            say(
                "A row of a later part counts once per relation if it has at least one partner in "
                "an earlier part. Partners are direct: nothing is chained. Person and recording "
                "are what the data set recorded; exact copies have the same digest of their "
                "pixels, of the photograph or of the stored face."
            ),
        ),
        (
            say("Near-twins"),
            say(
                "Two faces are near-twins if their zero-mean normalised cross-correlation (NCC) "
                "{reaches}. Faces are compared gray, at 48 x 48 pixels where they are larger, and "
                "again with one of them mirrored. All pairs are found: a projection on low "
                "frequencies of the cosine transform rules pairs out by the Cauchy-Schwarz bound, "
                "and every pair that is left is computed in full. Frames of one recording are no "
                "twins. Close to the threshold some pairs are two people who look alike: a report "
                "with faces shows the least alike first.",
                reaches=_thresholds(facts, say),
            ),
        ),
    ]


def _of_checks(facts: Facts, say: Say) -> list[tuple[str, str]]:
    """What `curate` left in the manifest, and how."""
    lines = []
    if facts.groups is not None:
        lines.append(
            (
                say("Groups of twins"),
                say(
                    "Exact copies and near-twins of the whole data, each with the next, so that a "
                    "twin of a twin is in the group. Labels contradict each other where exact "
                    "copies or near-twins that are not known to show one person bear different "
                    "ones."
                ),
            )
        )
    if facts.manifest.has("quality_sharpness"):
        lines.append(
            (
                say("Quality"),
                say(
                    "Sharpness is the mean squared Laplacian over the mean squared gradient "
                    "(measures of focus: Subbarao, Choi and Nikzad, Optical Engineering 32, 1993; "
                    "Pertuz, Puig and Garcia, Pattern Recognition 46, 2013); brightness the mean "
                    "gray level, 0 to 1; contrast its standard deviation (Peli, JOSA A 7, 1990); "
                    "detail the share of pixels that differ from a neighbour by more than 4 of "
                    "255 levels. A flag is a fixed limit, never a quantile{limits}.",
                    limits=_limits(facts),
                ),
            )
        )
    if facts.suspects is not None:
        lines.append(
            (
                say("Label suspects"),
                say(
                    "A row is suspected where two or more of its twins agree on another word, "
                    "where all of two or more raters do, or enough of the votes, or where a model "
                    "that never saw the row is surer of another word than it usually is of that "
                    "one (confident learning: Northcutt, Jiang and Chuang, JAIR 70, 2021). Twins "
                    "are one picture labelled twice: where two labels differ one is wrong, so half "
                    "the share of pairs that differ is a lower bound of the share of wrong labels. "
                    "Pairs of one person are left out."
                ),
            )
        )
    return lines


def _limits(facts: Facts) -> str:
    options = facts.curation.get("options", {}).get("quality", {})
    said = [f"{name.replace('_', ' ')} {value:g}" for name, value in options.items()]
    return f": {', '.join(said)}" if said else ""


def _thresholds(facts: Facts, say: Say) -> str:
    found = facts.audit.thresholds if facts.audit is not None else {}
    said = [say("{value} in {name}", value=f"{found[name]:g}", name=name) for name in sorted(found)]
    return (
        say("is at least {values}", values=say.all_of(said)) if said else say("reaches a threshold")
    )


def _not_run(facts: Facts) -> list[str]:
    """Checks of which the manifest shows no trace."""
    ran = facts.curation.get("checks", {})
    return [
        name
        for check, (name, column) in TRACES.items()
        if check not in ran and column not in facts.manifest.table.column_names
    ]


def unchecked(facts: Facts, say: Say) -> list[str]:
    """What this page does not tell, for this data and in general."""
    lines = []
    if facts.audit is None:
        lines.append(say("Leakage: there are no two parts to compare. Run fertools split first."))
    else:
        lines += [
            say(
                "Leakage by {relation}: {why}.",
                relation=say(PLAIN[verdict.relation]),
                why=reason(verdict, say).replace("`", ""),
            )
            for verdict in facts.audit.verdicts
            if verdict.why
        ]
    lines += [
        say("{name}: the check has not run. Run fertools curate.", name=say(name))
        for name in _not_run(facts)
    ]
    missing = [say.named(name) for name in SAID_OF_PEOPLE if not facts.manifest.has(name)]
    if missing:
        lines.append(
            say(
                "Balance by {what}: the data set does not say. A model may be worse for some "
                "people without this page showing it.",
                what=say.all_of(missing),
            )
        )
    if facts.raters is None:
        lines.append(
            say(
                "Agreement of raters: the manifest has neither votes nor the words of several "
                "raters."
            )
        )
    pending = facts.stats.statuses.get("pending", 0)
    if pending:
        lines.append(
            say(
                "{rows} records whose image has not been read: they are pending.",
                rows=f"{pending:,}",
            )
        )
    return [
        *lines,
        say(
            "Who somebody is: people are told apart by the names in the data set alone. No face "
            "was recognised, so one person under two names stays two."
        ),
        say(
            "Copies that no longer look alike: another crop, a strong rotation, another photograph "
            "of the same moment."
        ),
        say(
            "Whether the labels are right where nothing contradicts them, and whether a face shows "
            "what somebody felt."
        ),
        say("Whether those who are shown agreed to it, and whether the licence allows your use."),
    ]
