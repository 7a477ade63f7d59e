"""The datasheet: what a data set or a split is, for whoever is about to use it, in Markdown.

In goes a manifest; out comes one page after Datasheets for Datasets (Gebru et al., Communications
of the ACM 64 (12), 2021), in English or Korean: sources, licences, counts, who is shown and of how
many that is not said, agreement, leakage verdict, known faults, recommended use and limits. It
holds no face and no id. The same manifest gives the same bytes.
"""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from fertools import __version__, folder
from fertools.audit.verdict import LEAKS, UNCHECKED
from fertools.charts import BESIDE
from fertools.errors import FerError, unknown
from fertools.export import _terms
from fertools.faces import open_faces
from fertools.flows._datasheet_words import RELATIONS, WORDS
from fertools.flows.report.facts import OTHERS, Facts, gather
from fertools.flows.report.say import Say
from fertools.flows.report.suspects import data_folders
from fertools.flows.report.words import reason, sources
from fertools.manifest import locate, read_card
from fertools.measures.leakage import PARTS
from fertools.measures.words import markdown, per_cent

FEW = 30  # test rows of a class below which its score is called unreliable
EVEN = 3.0  # an imbalance below which accuracy alone does not mislead much
TRAPS = "Traps: "
OF_DETECTION = (
    "detector",
    "detector_options",
    "multiple",
    "min_score",
    "margin",
    "align",
    "decode",
)


def datasheet(
    path: str | Path,
    *,
    language: str = "en",
    data: str | None = None,
    purpose: str = "",
    contact: str = "",
) -> str:
    """The datasheet of a manifest, or of the folder of an ingest, as Markdown.

    `data` is the folder of the face store, where the card does not lead to it; `purpose` and
    `contact` are texts that no manifest knows. Raises `FerError` for a language that is not there,
    and what `audit` and `stats` raise.
    """
    if language not in WORDS:
        raise unknown("language", language, list(WORDS))
    file = locate(path)
    sheet = Sheet(gather(path, data), language, data)
    t = sheet.words
    sections = {
        "motivation": [_line(purpose) or t["purpose_unknown"]],
        "sources": sheet.sources(),
        "composition": sheet.composition(),
        "demography": sheet.demography(),
        "collection": sheet.collection(),
        "processing": sheet.processing(),
        "leakage": sheet.leakage(),
        "faults": sheet.faults(),
        "uses": sheet.uses(),
        "distribution": [t["limit_licence"] + " " + t["no_faces"]],
        "maintenance": [
            t["contact"].format(contact=_line(contact)) if contact else t["no_contact"]
        ],
    }
    head = t["intro"].format(version=__version__, file=_code(file.name), digest=sheet.facts.digest)
    page = [f"# {t['title'].format(name=markdown(sheet.facts.name))}", head]
    for name, blocks in sections.items():
        page += [f"## {t[name]}", *(block for block in blocks if block)]
    return "\n\n".join(page) + "\n"


class Sheet:
    """The facts of a manifest, said in one language; each method gives the blocks of a section."""

    def __init__(self, facts: Facts, language: str, data: str | None) -> None:
        self.facts, self.words, self.relations = facts, WORDS[language], RELATIONS[language]
        self.say = Say(language)  # what the report says, too
        self.cards = _cards(facts, data)
        self.data = data or facts.home

    def sources(self) -> list[str]:
        """Each data set with its licence, whom to cite, and where to get it."""
        t = self.words
        keys = ("licence", "citation", "homepage")
        rows = [
            [name, *(said[key] or t["own"] for key in keys)]
            for name, said in _terms.sources(self.facts.manifest, sources(self.facts)).items()
        ]
        return [_table([t["source"], *(t[key] for key in keys)], rows)]

    def composition(self) -> list[str]:
        """The sum of images, what an instance is, classes by part, people."""
        t, found = self.words, self.facts.stats
        ok, pending = found.statuses.get("ok", 0), found.statuses.get("pending", 0)
        failed = sum(found.statuses.values()) - ok - pending
        balance = found.balance
        of_class = list(zip(*balance.counts, strict=True))
        sums = list(map(sum, of_class))
        all_ = max(1, sum(sums))
        heads, counted = balance.parts, balance.counts
        if (many := len(heads)) > BESIDE:
            heads = [t["all_parts"].format(parts=many), t["fewest"], t["most"]]
            counted = [sums, list(map(min, of_class)), list(map(max, of_class))]
        rows = [
            [value, *(f"{each[i]:,}" for each in counted), per_cent(sums[i] / all_, "%")]
            for i, value in enumerate(balance.values)
        ]
        dropped = sum(tally.rows for tally in self.facts.dropped)
        lines = [
            t["sums"].format(into=ok + failed, ok=ok, failed=failed) + ".",
            t["pending"].format(pending=pending) if pending else "",
            t["left_out"].format(rows=dropped) if dropped else "",
            t["what"].format(shape=self._shape()),
        ]
        even = t["imbalance"].format(ratio=max(sums) / min(sums)) if all(sums) and sums else ""
        head = [t["class"], *heads, t["share"]]
        return [" ".join(filter(None, lines)), _table(head, rows), even, self._people()]

    def demography(self) -> list[str]:
        """For each thing that a data set may say of a person: its values, and how often none."""
        t, table = self.words, self.facts.shown.table
        faces = max(1, self.facts.stats.faces)
        rows = []
        for name in OTHERS:
            if name not in table.column_names or table[name].null_count == table.num_rows:
                rows.append([self.relations[name], "", "100 %"])
                continue
            column = table[name].filter(table["status"].to_numpy() == "ok")
            counted = sorted(column.drop_null().value_counts().to_pylist(),
                             key=lambda each: (-each["counts"], each["values"]))  # fmt: skip
            told = ", ".join(f"{each['values']} {each['counts']:,}" for each in counted[:12])
            more = f", … ({len(counted)})" if len(counted) > 12 else ""
            rows.append(
                [self.relations[name], told + more, per_cent(column.null_count / faces, "%")]
            )
        return [_table([t["column"], t["values"], t["missing"]], rows)]

    def collection(self) -> list[str]:
        """Who labelled, by which rule the label stands, how far people agree."""
        t, found = self.words, self.facts.raters
        rule = self.facts.manifest.facts.get("split", {}).get("label_rule")
        lines = [t["label_rule"].format(rule=_code(rule)) if rule else t["native"]]
        if found is None:
            return [*lines, t["one_rater"]]
        kappa, none = found.fleiss_kappa, per_cent(found.no_majority, "%")
        told = t["undefined"] if math.isnan(kappa) else f"{kappa:.3f}"
        rows = found.rows - found.alone
        return [*lines, t["agreement"].format(rows=rows, kind=found.kind, kappa=told, none=none)]

    def processing(self) -> list[str]:
        """How faces were found, why images gave none, and what was checked since."""
        t, statuses = self.words, self.facts.stats.statuses
        told = [
            t["faces"].format(source=_code(name), told=_options(card["face"]))
            for name, card in self.cards.items()
            if isinstance(card.get("face"), dict)
        ]
        reasons = [
            [word, f"{n:,}"] for word, n in statuses.items() if word not in ("ok", "pending")
        ]
        checks = self.facts.curation.get("checks", {})
        cleaned = t["cleaned"].format(checks=", ".join(checks)) if checks else t["not_cleaned"]
        flags = [[tally.word, f"{tally.rows:,}"] for tally in self.facts.flags]
        return [
            *told,
            _table([t["reason"], t["images"]], reasons),
            cleaned,
            _table([t["flag"], t["rows"]], flags),
        ]

    def leakage(self) -> list[str]:
        """The verdict of the audit on each relation."""
        t, found = self.words, self.facts.audit
        if found is None:
            return [t["no_parts"]]
        rows = []
        for verdict in found.verdicts:
            worst = max((leak.share for leak in verdict.leaks), default=None)
            share = reason(verdict, self.say) if worst is None else per_cent(worst, "%")
            rows.append([self.relations[verdict.relation], t[verdict.verdict], share])
        return [_table([t["relation"], t["verdict"], t["worst"]], rows)]

    def faults(self) -> list[str]:
        """What the readers warn of, and what the checks found."""
        t = self.words
        told = [
            f"- {t['faults_of'].format(source=_code(name), text=_line(text))}"
            for name in sources(self.facts)
            if (text := _traps(self._kind(name)))
        ]
        groups = self.facts.groups
        if groups is not None and groups.contradicting:
            told.append(f"- {t['contradicting'].format(count=groups.contradicting)}")
        return ["\n".join(told) or t["no_faults"]]

    def _kind(self, name: str) -> str:
        """The reader of a data set, which `--name` may have called otherwise."""
        return str(self.cards.get(name, {}).get("source", name))

    def uses(self) -> list[str]:
        """What the data is good for, and each limit that the facts show."""
        return ["\n".join(f"- {line}" for line in self._uses())]

    def _uses(self) -> Iterator[str]:
        t = self.words
        yield t["use_ok"]
        for kind, key in ((LEAKS, "limit_leak"), (UNCHECKED, "limit_unchecked")):
            verdicts = self.facts.audit.verdicts if self.facts.audit else ()
            found = [self.relations[v.relation] for v in verdicts if v.verdict == kind]
            if found:
                yield t[key].format(what=", ".join(found))
        if small := self._small():
            yield t["limit_small"].format(classes=", ".join(map(markdown, small)))
        if self.facts.stats.balance.imbalance >= EVEN:
            yield t["limit_imbalance"]
        table = self.facts.manifest.table
        faces = table.filter(table["status"].to_numpy() == "ok")
        known = {name: faces[name].is_valid().to_pylist() if name in faces.column_names else []
                 for name in OTHERS[:3]}  # fmt: skip
        silent = [self.relations[name] for name, said in known.items() if not any(said)]
        some = [self.relations[name] for name, said in known.items() if any(said) and not all(said)]
        for key, what in (("limit_people", silent), ("limit_some", some)):
            if what:
                yield t[key].format(what=", ".join(what))
        yield t["limit_forbidden"]

    def _small(self) -> list[str]:
        balance = self.facts.stats.balance
        if PARTS[-1] not in balance.parts:
            return []
        counts = balance.counts[balance.parts.index(PARTS[-1])]
        return [name for name, n in zip(balance.values, counts, strict=True) if n < FEW]

    def _people(self) -> str:
        t, table = self.words, self.facts.manifest.table
        ok = table.filter(table["status"].to_numpy() == "ok")
        known = ok["subject"].drop_null()
        if not len(known):
            return t["no_people"]
        return t["people"].format(
            people=len(known.unique()),
            rows=len(known),
            all=len(ok),
            recordings=len(ok["sequence"].drop_null().unique()),
        )

    def _shape(self) -> str:
        """Size and colour of the stored faces, as `48 x 48, gray`."""
        try:
            shape = open_faces(self.facts.manifest, self.data).shape
        except FerError:
            return "?"
        return f"{shape[1]} x {shape[0]}, {'RGB' if len(shape) == 3 else 'gray'}"


def _cards(facts: Facts, data: str | None) -> dict[str, dict[str, Any]]:
    """The cards of the data folders behind a manifest, by the name of the data set."""
    folders = data_folders(facts.manifest, data)
    cards = (read_card(each / "manifest.parquet") for each in folders)
    found = {str(card["name"]): card for card in cards if "name" in card}
    return dict(sorted(found.items()))


def _traps(name: str) -> str:
    """The traps that a reader's own text names, as one line; empty for a reader not at hand."""
    if name not in folder.names("sources"):
        return ""
    text = folder.load("sources", name).__doc__ or ""
    block = next((p for p in text.split("\n\n") if p.startswith(TRAPS)), "")
    return " ".join(block.removeprefix(TRAPS).split())


def _options(face: dict[str, Any]) -> str:
    """The options that made the faces; those of a detector only where one ran."""
    idle = OF_DETECTION if face.get("faces") == "as-is" else ()
    said = (f"{key} {json.dumps(value, ensure_ascii=False)}" if isinstance(value, (dict, list))
            else f"{key} {value}" for key, value in face.items()
            if value not in (None, {}, [], False) and key not in idle)  # fmt: skip
    return ", ".join(map(markdown, said))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of Markdown; nothing where there is no row."""
    if not rows:
        return ""
    lines = [head, ["---"] * len(head), *([markdown(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _line(text: str) -> str:
    """A text of the user's or a reader's own, which may hold Markdown but no HTML, as one line."""
    return markdown(text, marks="")


def _code(text: str) -> str:
    return _line(text).replace("`", "'")
