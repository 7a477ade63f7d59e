"""Every fuzz target by its name, and how inputs are drawn for it.

A target with `seeds` takes bytes: sound inputs that are spoilt in a few places. Another takes
values that hypothesis draws.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from tests.faults import own_targets as own
from tests.faults import raw_targets as raw

# What parsers stumble over, put into sound inputs.
WORDS = (
    b"\0", b"\xff", b"\xff\xff\xff\xff", b"\x80", b"\n", b"\r\n", b'"', b",", b"nan", b"-1",
    b"1e999", b"9" * 30, b"9" * 5000, b"[" * 3000, b"{'a':" * 3000, b"a=[" * 2000, b"\\ud800",
    b"\xed\xa0\x80", b"../../x", b"/etc/passwd", b"\x7f\xff\xff\xff", b"null", b"true", b"{}",
    b"[]", b"a." * 3000, b"x" * 70_000,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Target:
    """`check` raises for a broken promise; `inputs` draws what it takes."""

    check: Callable[[Any], None]
    inputs: st.SearchStrategy[Any]
    seeds: tuple[bytes, ...] = ()


@st.composite
def spoilt(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """A sound input with up to four edits: bytes set, cut, put in, repeated, or the end gone."""
    data = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(0, 4))):
        at = draw(st.integers(0, len(data)))
        more = draw(st.sampled_from([1, 2, 4, 16, 200]))
        match draw(st.sampled_from(["set", "cut", "put", "word", "over", "again", "end"])):
            case "set" if at < len(data):
                data[at] = draw(st.integers(0, 255))
            case "cut":
                del data[at : at + more]
            case "put":
                data[at:at] = draw(st.binary(max_size=8))
            case "word":
                data[at:at] = draw(st.sampled_from(WORDS))
            case "over":
                word = draw(st.sampled_from(WORDS))[:more]
                data[at : at + len(word)] = word
            case "again":
                data[at:at] = data[at : at + more]
            case "end":
                del data[at:]
    return bytes(data)


def _bytes(check: Callable[[bytes], None], seeds: tuple[bytes, ...]) -> Target:
    return Target(check, spoilt(seeds), seeds)


TARGETS: dict[str, Target] = {
    "csv": _bytes(raw.check_csv, raw.seeds_csv()),
    "votes": _bytes(raw.check_votes, raw.seeds_votes()),
    "table": _bytes(raw.check_table, raw.seeds_table()),
    "parquet": _bytes(raw.check_parquet, raw.seeds_parquet()),
    "records": _bytes(raw.check_records, raw.seeds_records()),
    "record-values": Target(raw.check_record_values, raw.record_values),
    "list": _bytes(raw.check_list, raw.seeds_list()),
    "note": _bytes(raw.check_note, raw.seeds_note()),
    "names": Target(raw.check_names, raw.file_names),
    "zip": _bytes(raw.check_zip, raw.seeds_zip()),
    "tar": _bytes(raw.check_tar, raw.seeds_tar()),
    "tgz": _bytes(raw.check_tgz, raw.seeds_tar("w:gz")),
    "image": _bytes(raw.check_image, raw.seeds_image()),
    "recipe": _bytes(own.check_recipe, own.seeds_recipe()),
    "override": Target(own.check_override, own.overrides),
    "mapping": _bytes(own.check_mapping, own.seeds_mapping()),
    "manifest": _bytes(own.check_manifest, own.seeds_manifest()),
    "columns": Target(own.check_columns, own.manifest_columns),
    "card": _bytes(own.check_card, own.seeds_card()),
    "card-values": Target(own.check_card_values, own.card_changes),
    "shard": _bytes(own.check_shard, own.seeds_shard()),
    "probs": _bytes(own.check_probs, own.seeds_probs()),
    "prob-columns": Target(own.check_prob_columns, own.prob_columns),
}
