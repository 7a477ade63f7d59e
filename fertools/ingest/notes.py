"""What a reader of a data set should know and no count of statuses says, as sentences.

In go the rows of all units and the plan; out come the notes of the card that any source may need.
"""

import re
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from fertools.manifest import counts

SAME_ID = "name each once, rename one, or take one away, and say --force"


def notes_on(table: pa.Table, plan: dict[str, Any]) -> list[str]:
    """Ids claimed twice, paths without a person or sequence, sequences of several people, faces
    that are coarser or less level than they might be, labels that no map knows."""
    strange = table.filter(
        pc.and_(pc.is_valid(table["raw_label"]), pc.is_null(table["native_label"]))
    )
    lost = counts(table["status"]).get("duplicate_id", 0)
    said = f"images without a face, since another one has their id: {lost}; {SAME_ID}"
    cure = "; say its word in a file for --labels, and --force" * ("labels" in plan["options"])
    return (
        [said] * bool(lost)
        + _unnamed(table, plan, "subject", "a person")
        + _unnamed(table, plan, "sequence", "a sequence")
        + _several_people(table, plan)
        + _shrunk(table, plan["face"]["size"])
        + (_unaligned(table) if plan["face"]["align"] else [])
        + [
            f"label {raw!r} of {n} rows is no known word: native_label is null there{cure}"
            for raw, n in counts(strange["raw_label"]).items()
        ]
    )


def _unnamed(table: pa.Table, plan: dict[str, Any], what: str, who: str) -> list[str]:
    """Where a pattern that was given finds no person (or sequence) in any or some of the paths."""
    pattern = _pattern(plan, what)
    without = table.filter(pc.is_null(table[what]))
    if not pattern or not len(without):
        return []
    named, first = len(table) - len(without), without["path"][0].as_py()
    said = f"{pattern} names {who} in {named:,} of {len(table):,} rows"
    return [f"{said}; the first without one is {first}"]


def _pattern(plan: dict[str, Any], what: str) -> str:
    """The option that was to find a person or a sequence in the paths, and its value; or ""."""
    own, whole = (plan["options"].get(f"{name}_regex") for name in (what, "name"))
    if own is not None:
        return f"{what} regex {own!r}"
    if whole is not None and what in re.compile(whole).groupindex:
        return f"name regex {whole!r}"
    return ""


def _several_people(table: pa.Table, plan: dict[str, Any]) -> list[str]:
    """Where sequences that a user named are of several people, as a `clip1` of each would be."""
    if not (plan["options"].get("sequence") or _pattern(plan, "sequence")):
        return []
    both = table.select(["sequence", "subject"]).drop_null()
    people = both.group_by("sequence").aggregate([("subject", "count_distinct")])
    mixed = people.filter(pc.greater(people["subject_count_distinct"], 1)).sort_by("sequence")
    if not len(mixed):
        return []
    name, count = mixed["sequence"][0].as_py(), mixed["subject_count_distinct"][0].as_py()
    said = f"{len(mixed):,} sequences show several people, {name!r} {count:,}"
    return [f"{said}; if each has one of that name, put theirs before it, as in p01/{name}"]


def _shrunk(table: pa.Table, size: int) -> list[str]:
    """Where images of several sizes are stored whole at the size of the smaller ones."""
    whole = table.filter(pc.equal(table["box_source"], "image"))
    longer = pc.max_element_wise(whole["width"], whole["height"])
    larger = int(pc.sum(pc.greater(longer, size)).as_py() or 0)
    if not larger or not pc.any(pc.equal(longer, size)).as_py():
        return []
    most = pc.max(longer).as_py()
    said = f"{larger:,} images are larger than the {size} px at which they are stored"
    return [f"{said}, up to {most}; say --size for more, and --force"]


def _unaligned(table: pa.Table) -> list[str]:
    """Where the eyes were to be level, and nobody knows where they are."""
    faces = table.filter(pc.equal(table["status"], "ok"))
    without = faces["landmarks"].null_count
    said = f"{without:,} of {len(faces):,} faces are not aligned: the data set has no landmarks"
    return [f"{said} for them"] if without else []
