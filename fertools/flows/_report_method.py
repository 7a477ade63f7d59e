"""The small print of a report: how each figure was computed, and what was not looked at.

In go the facts; out come plain words with their sources.
"""

from fertools.flows._report_facts import Facts
from fertools.flows._report_words import PLAIN, listed

SAID_OF_PEOPLE = ("subject", "gender", "age", "race")
# what a check looks for, and a column that shows it has run on a manifest that was split since
TRACES = {
    "duplicates": ("Twins within a part", "twin_group"),
    "derived": ("Altered copies within a part", "derived_from"),
    "quality": ("Blur, exposure, contrast and detail", "quality_sharpness"),
    "label_noise": ("Doubtful labels", ""),
}


def method(facts: Facts) -> list[tuple[str, str]]:
    """How each figure on the page was computed, with its source."""
    lines = [
        (
            "Balance",
            "Counts over rows with a face that nothing leaves out. The effective number of classes "
            "is exp of the entropy of the shares: n for n even classes (Hill, Ecology 54, 1973).",
        )
    ]
    if facts.stats.leans or facts.stats.dropout_leans or facts.drop_lean:
        lines.append(
            (
                "Cramér’s V and p",
                "V is sqrt(chi² / (n (min(rows, columns) - 1))) (Cramér, Mathematical Methods of "
                "Statistics, 1946). p comes from 199 permutations, seed 0, in which whole groups "
                "(people, or twins) trade places, since the rows of one person are not "
                "independent; it is never 0 (Phipson and Smyth, Statistical Applications in "
                "Genetics and Molecular Biology 9, 2010).",
            )
        )
    if facts.audit is not None:
        lines += _of_audit(facts)
    lines += _of_checks(facts)
    if facts.raters is not None:
        lines.append(
            (
                "Agreement of raters",
                "Fleiss’ kappa is (P - Pe) / (1 - Pe), with P the share of rater pairs that agree "
                "and Pe what chance would give (Fleiss, Psychological Bulletin 76, 1971). A "
                "majority is more than half of a row’s votes.",
            )
        )
    return lines


def _of_audit(facts: Facts) -> list[tuple[str, str]]:
    return [
        (
            "Leakage",
            "A row of a later part counts once per relation if it has at least one partner in an "
            "earlier part. Partners are direct: nothing is chained. Person and recording are what "
            "the data set recorded; exact copies have the same digest of their pixels, of the "
            "photograph or of the stored face.",
        ),
        (
            "Near-twins",
            "Two faces are near-twins if their zero-mean normalised cross-correlation (NCC) "
            f"{_thresholds(facts)}. Faces are compared gray, at 48 x 48 pixels where they are "
            "larger, and again with one of them mirrored. All pairs are found: a projection on low "
            "frequencies of the cosine transform rules pairs out by the Cauchy-Schwarz bound, and "
            "every pair that is left is computed in full. Frames of one recording are no twins. "
            "Close to the threshold some pairs are two people who look alike: a report with faces "
            "shows the least alike first.",
        ),
    ]


def _of_checks(facts: Facts) -> list[tuple[str, str]]:
    """What `curate` left in the manifest, and how."""
    lines = []
    if facts.groups is not None:
        lines.append(
            (
                "Groups of twins",
                "Exact copies and near-twins of the whole data, each with the next, so that a twin "
                "of a twin is in the group. Labels contradict each other where exact copies or "
                "near-twins that are not known to show one person bear different ones.",
            )
        )
    if facts.manifest.has("quality_sharpness"):
        lines.append(
            (
                "Quality",
                "Sharpness is the mean squared Laplacian over the mean squared gradient (measures "
                "of focus: Subbarao, Choi and Nikzad, Optical Engineering 32, 1993; Pertuz, Puig "
                "and Garcia, Pattern Recognition 46, 2013); brightness the mean gray level, 0 to "
                "1; contrast its standard deviation (Peli, JOSA A 7, 1990); detail the share of "
                "pixels that differ from a neighbour by more than 4 of 255 levels. A flag is a "
                f"fixed limit, never a quantile{_limits(facts)}.",
            )
        )
    if facts.suspects is not None:
        lines.append(
            (
                "Label suspects",
                "A row is suspected where two or more of its twins agree on another word, where "
                "all of two or more raters do, or enough of the votes, or where a model that never "
                "saw the row is surer of another word than it usually is of that one (confident "
                "learning: Northcutt, Jiang and Chuang, JAIR 70, 2021). Twins are one picture "
                "labelled twice: where two labels differ one is wrong, so half the share of pairs "
                "that differ is a lower bound of the share of wrong labels. Pairs of one person "
                "are left out.",
            )
        )
    return lines


def _limits(facts: Facts) -> str:
    options = facts.curation.get("options", {}).get("quality", {})
    said = [f"{name.replace('_', ' ')} {value:g}" for name, value in options.items()]
    return f": {', '.join(said)}" if said else ""


def _thresholds(facts: Facts) -> str:
    found = facts.audit.thresholds if facts.audit is not None else {}
    said = [f"{value:g} in {name}" for name, value in sorted(found.items())]
    return f"is at least {listed(said)}" if said else "reaches a threshold"


def _not_run(facts: Facts) -> list[str]:
    """Checks of which the manifest shows no trace."""
    ran = facts.curation.get("checks", {})
    return [
        name
        for check, (name, column) in TRACES.items()
        if check not in ran and column not in facts.manifest.table.column_names
    ]


def unchecked(facts: Facts) -> list[str]:
    """What this page does not tell, for this data and in general."""
    lines = []
    if facts.audit is None:
        lines.append("Leakage: there are no two parts to compare. Run fertools split first.")
    else:
        for verdict in facts.audit.verdicts:
            if verdict.why:
                lines.append(
                    f"Leakage by {PLAIN[verdict.relation]}: {verdict.why.replace('`', '')}."
                )
    lines += [f"{name}: the check has not run. Run fertools curate." for name in _not_run(facts)]
    missing = [name for name in SAID_OF_PEOPLE if not facts.manifest.has(name)]
    if missing:
        lines.append(
            f"Balance by {listed(missing)}: the data set does not say. A model may be worse for "
            "some people without this page showing it."
        )
    if facts.raters is None:
        lines.append(
            "Agreement of raters: the manifest has neither votes nor the words of several raters."
        )
    pending = facts.stats.statuses.get("pending", 0)
    if pending:
        lines.append(f"{pending:,} records whose image has not been read: they are pending.")
    return [
        *lines,
        "Who somebody is: people are told apart by the names in the data set alone. No face was "
        "recognised, so one person under two names stays two.",
        "Copies that no longer look alike: another crop, a strong rotation, another photograph of "
        "the same moment.",
        "Whether the labels are right where nothing contradicts them, and whether a face shows "
        "what somebody felt.",
        "Whether those who are shown agreed to it, and whether the licence allows your use.",
    ]
