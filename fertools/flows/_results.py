"""The table of a reproduction: published, ours as published, ours honestly, and what it took.

In go the settings and a folder of runs with their metrics; out comes Markdown. A setting without
runs says so.
"""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from fertools.flows._rehearsal import runs_of
from fertools.flows._systems import NOTES, Setting, Trial
from fertools.manifest import write_page
from fertools.measures.words import per_cent
from fertools.runs import MADE_AGAIN, Run, cost, has_ended, open_runs, read_json, read_log

SCORED = "reproduced.json"  # the evaluation of a trial, in the folder of its runs
REFUSED = "left out: its runs are of another recipe or split"
ONE_CLASS = 0.95  # share of the rows from which a class is as good as the only answer
HEAD = """# Results

Written by `fertools reproduce all`. Per cent of the test rows. Under the published protocol stand
the mean over the runs and their range, or of one run its 95 % interval; under the honest one
(people apart, or no twins between the parts) the score of the pooled folds, or the mean over seeds,
with its 95 % interval. Intervals are by bootstrap over people or groups and hold the trained
networks fixed. "Scored" says how many views of a face were averaged (2: with its mirror image),
which epoch was taken, and which look at its test rows this was. Parameters are those that are
trained; Keras' total, which the papers print, adds the running statistics of batch norms. Minutes
are of one run, by the clock, whatever else the machine did meanwhile.

| system | setting | published | ours, published protocol | ours, honest protocol | scored | \
parameters (Keras total) | M MACs | minutes | hardware | runs | recipe |
|---|---|---|---|---|---|---|---|---|---|---|---|
"""


def write(
    file: Path, every: Sequence[Setting], runs: Path, refused: Collection[Trial] = ()
) -> None:
    """Write the table and, below it, the confusion matrices of what has several classes scored.

    Of `refused` trials it tells no score.
    """
    lines = [_line(setting, runs, refused) for setting in every]
    details = [text for setting in every for text in _details(setting, runs, refused)]
    details += _rehearsed(runs)
    write_page(file, HEAD + "\n".join(lines) + "\n" + NOTES + "".join(details))


def _line(setting: Setting, runs: Path, refused: Collection[Trial]) -> str:
    published = "" if setting.published is None else f"{setting.published:.2f}"
    ours, honest = (
        REFUSED if trial in refused else _shown(trial, runs, trial is setting.honest)
        for trial in (setting.trial, setting.honest)
    )
    if setting.trial is None or setting.trial in refused:
        cells = [published, ours or setting.why, honest, *[""] * 7]
    else:
        scored = _scored(_metrics(setting.trial, runs))
        cells = [published, ours or "not run yet", honest, scored, *_cost(setting.trial, runs)]
    return f"| {' | '.join([setting.system, setting.label, *cells])} |"


def _metrics(trial: Trial | None, runs: Path) -> dict[str, Any] | None:
    file = runs / trial.name / SCORED if trial is not None else None
    return read_json(file, MADE_AGAIN) if file is not None and file.is_file() else None


def _shown(trial: Trial | None, runs: Path, interval: bool) -> str:
    """A score as the table shows it."""
    found = _metrics(trial, runs)
    if found is None:
        return ""
    accuracy = found["scores"]["accuracy"]
    text = f"**{100 * accuracy['value']:.2f}**"
    values = [100 * member["accuracy"] for member in found["members"]]
    bounds = f"{100 * accuracy['low']:.2f} .. {100 * accuracy['high']:.2f}"
    if interval:
        text += f" ({bounds})"
    elif not values:
        text += f" (95 %: {bounds})"
    else:
        text += f" ({min(values):.2f} .. {max(values):.2f})"
    many = runs_of_score(found)
    if trial is not None and many < trial.runs and (interval or many < len(_ended(trial, runs))):
        text += f"; {many} of {trial.runs} runs"
    free = found.get("leak_free") or {}
    if not interval and free.get("accuracy"):
        text += f"; {images_of(free):,} leak-free rows {100 * free['accuracy']['value']:.2f}"
    return text + _one_class(found["scores"])


def _scored(found: dict[str, Any] | None) -> str:
    """How many views were averaged, which epoch was taken, which looks at the test rows it took."""
    if found is None:
        return ""
    views = "2 views" if found["tta"] == "flip" else "1 view"
    epoch = f"best {found['select']} on {found['select_rows']} validation rows"
    said = [views, "last epoch" if found["select"] == "last" else epoch]
    looks = [look.removeprefix("look ") for look in found["looks"]]
    return ", ".join([*said, *([f"look {', '.join(looks)}"] if looks else [])])


def runs_of_score(found: dict[str, Any]) -> int:
    """How many runs a score is of; others may have ended since."""
    return len(found["members"]) or 1


def images_of(scores: dict[str, Any]) -> int:
    """Scores of before images were counted have rows alone; to score again is to look again."""
    found: int = scores.get("images", scores["rows"])
    return found


def _one_class(scores: dict[str, Any]) -> str:
    """Where nearly all rows are given one class: which, and how many."""
    given = [sum(column) for column in zip(*scores["confusion"], strict=True)]
    most = max(given)
    if most < ONE_CLASS * sum(given):
        return ""
    share = per_cent(most / sum(given), "%")
    return f"; {share} of the rows are called {_words(scores)[given.index(most)]}"


def _words(scores: dict[str, Any]) -> list[str]:
    return [each["label"] for each in scores["classes"]]


def _cost(trial: Trial, runs: Path) -> list[str]:
    """Parameters, MACs, minutes, hardware, runs, recipe of a trial."""
    recipe = f"[{trial.recipe}]({trial.recipe}.toml)"
    found = _ended(trial, runs)
    if not found:
        return ["", "", "", "", f"0 of {trial.runs}", recipe]
    first = found[0]
    facts = cost(first.recipe)
    minutes = sum(run.card["minutes"] for run in found) / len(found)
    hardware = first.card["hardware"]
    threads = hardware["threads"]
    cores = f"{hardware['cpu']}, {threads} thread{'s' * (threads != 1)}"
    return [
        f"{facts.parameters:,} ({facts.keras_total:,})",
        f"{facts.macs / 1e6:.2f}",
        f"{minutes:.1f}",
        hardware.get("gpu") or cores,
        f"{len(found)} of {trial.runs} ({_which(trial)})",
        recipe + (f" `{' '.join(trial.changes)}`" if trial.changes else ""),
    ]


def _ended(trial: Trial, runs: Path) -> list[Run]:
    folder = runs / trial.name
    return open_runs(folder) if list(folder.glob("**/card.json")) else []


def _which(trial: Trial) -> str:
    names = [("draws", trial.draws), ("folds", trial.folds), ("seeds", trial.seeds)]
    return ", ".join(f"{n} {name}" for name, n in names if n > 1) or "seed 0"


def _details(setting: Setting, runs: Path, refused: Collection[Trial]) -> list[str]:
    """Below the table: what each protocol says of a setting that has both, class by class."""
    if setting.honest is None:
        return []
    texts = []
    for trial, what in ((setting.trial, "published"), (setting.honest, "honest")):
        if trial in refused or (found := _metrics(trial, runs)) is None:
            continue
        texts.append(f"\n## {setting.system}, {setting.label}: {what} protocol\n\n")
        texts.append(_about(found))
        texts.append(_confusion(found["scores"]))
    return texts


def _rehearsed(runs: Path) -> list[str]:
    """What system C's short runs on drawn photographs show."""
    ended = {label: run for label, run in runs_of(runs).items() if has_ended(run)}
    if not ended:
        return []
    lines = ["| setting | training rows | loss of each epoch | minutes |", "|---|---|---|---|"]
    for label, folder in ended.items():
        card = read_json(folder / "card.json")
        losses = " ".join(f"{line['loss']:.3f}" for line in read_log(folder))
        lines.append(f"| {label} | {card['rows']['train']} | {losses} | {card['minutes']:.1f} |")
    head = "\n## C on drawn photographs: its path works, its scores mean nothing\n\n"
    return [head + "\n".join(lines) + "\n"]


def _about(found: dict[str, Any]) -> str:
    scores = found["scores"]
    runs = f" of {len(found['members'])} runs" if found["members"] else ""
    groups = scores["accuracy"]["groups"]
    lines = [f"{scores['rows']:,} test rows{runs} in {groups:,} independent groups."]
    sequence = scores.get("per_sequence")
    if sequence:
        lines.append(
            f"Per recording {100 * sequence['value']:.2f} % ({100 * sequence['low']:.2f} .. "
            f"{100 * sequence['high']:.2f})."
        )
    if found.get("leak_free"):
        # scores of before partners were counted have none; to score again is to look again
        shares = [
            f"{name} {per_cent(n / scores['rows'], '%', 0)}"
            for name, n in found.get("partners", {}).items()
        ]
        lines.append(
            f"{found['leak_free']['rows']:,} of the rows have no copy, near-twin or frame of the "
            "same recording in the other parts"
            + (f"; with a partner there by {', '.join(shares)}." if shares else ".")
        )
    lines.append(f"Macro-F1 {100 * scores['macro_f1']['value']:.2f} %.")
    return " ".join(lines) + "\n\n"


def _confusion(scores: dict[str, Any]) -> str:
    words = _words(scores)
    lines = [f"| true \\ given | {' | '.join(words)} | recall |", "|---" * (len(words) + 2) + "|"]
    for each, row in zip(scores["classes"], scores["confusion"], strict=True):
        recall = "" if each["recall"] is None else f"{100 * each['recall']:.1f}"
        lines.append(f"| {each['label']} | {' | '.join(f'{n:,}' for n in row)} | {recall} |")
    return "\n".join(lines) + "\n"
