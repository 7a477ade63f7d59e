"""Which row of a list each row of a copy is: by picture, label, part, order and number."""

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.manifest import conform
from fertools.protocol import HASHED, LIST
from fertools.split.joining import Joined, join

FULL = "0" * (32 - HASHED)


def listing(*rows: dict) -> pa.Table:
    """Rows of a list: `hash`, `jpeg`, `word`, `part`, `number` and `split`."""
    base = {"native_label": "fear", "official_split": "train", "split": "train"}
    short = {"hash": "image_hash", "jpeg": "jpeg_hash", "word": "native_label",
             "part": "official_split", "number": "source_row"}  # fmt: skip
    full = [{**base, **{short.get(k, k): v for k, v in row.items()}} for row in rows]
    for number, row in enumerate(full):
        row["id"] = f"x/{number}"
        for name in ("image_hash", "jpeg_hash"):
            if row.get(name):
                row[name] = str(row[name]).ljust(HASHED, "-")
    return pa.Table.from_pylist(full, schema=LIST)


def copy(rows: pa.Table, order: list[int], name: str = "image_hash", **change: list) -> pa.Table:
    """A copy of some rows of a list, in another order, by its pictures or their JPEGs."""
    rows = rows.take(pa.array(order, pa.int64()))
    hashes = [h and h + FULL for h in rows[name].to_pylist()]
    table = {
        "id": [f"y/{i}" for i in range(len(order))],
        "source": ["y"] * len(order),
        "path": [""] * len(order),
        "status": ["ok"] * len(order),
        "native_label": rows["native_label"],
        "official_split": rows["official_split"],
        "image_hash": pa.array(hashes, pa.string()),
    }
    return conform(pa.table({**table, **change}))


def joined(table: pa.Table, rows: pa.Table) -> Joined:
    return join(table, rows, np.ones(len(table), np.bool_))


LISTED = st.lists(
    st.fixed_dictionaries(
        {
            "hash": st.sampled_from("ab"),
            "jpeg": st.sampled_from("jk"),
            "word": st.sampled_from(["fear", "anger"]),
            "split": st.sampled_from(["train", "test", None]),
        }
    ),
    max_size=9,
)


@settings(deadline=None)
@given(LISTED, st.data())
def test_a_shuffled_copy_gets_the_same_fates(rows, data) -> None:
    rows = listing(*rows)
    order = data.draw(st.permutations(range(len(rows))))
    table = copy(rows, order)
    found = joined(table, rows)
    assert sorted(found.at.tolist()) == list(range(len(rows)))
    assert not len(found.missing)
    for name in ("native_label", "official_split"):
        assert rows[name].take(pa.array(found.at)).to_pylist() == table[name].to_pylist()
    hashes = rows["image_hash"].take(pa.array(found.at)).to_pylist()
    assert [h + FULL for h in hashes] == table["image_hash"].to_pylist()


@settings(deadline=None)
@given(LISTED, st.data())
def test_no_row_is_joined_twice_or_lost_from_the_count(rows, data) -> None:
    rows = listing(*rows)
    numbers = st.lists(st.integers(0, max(len(rows) - 1, 0)), max_size=9 if len(rows) else 0)
    found = joined(copy(rows, data.draw(numbers)), rows)
    inside = found.at[found.at >= 0].tolist()
    assert len(set(inside)) == len(inside)
    every = [*inside, *found.missing.tolist(), *found.ambiguous.tolist()]
    assert sorted(every) == list(range(len(rows)))


def test_a_jpeg_copy_is_joined_by_the_hash_of_its_jpeg() -> None:
    rows = listing({"hash": "a", "jpeg": "j"}, {"hash": "b", "jpeg": "k"})
    assert joined(copy(rows, [1, 0], "jpeg_hash"), rows).at.tolist() == [1, 0]


def test_equals_of_which_one_is_missing_are_ambiguous_only_if_it_matters() -> None:
    alike = listing({"hash": "a"}, {"hash": "a"}, {"hash": "a"})
    found = joined(copy(alike, [2, 0]), alike)
    assert (sorted(found.at.tolist()), found.missing.tolist()) == ([0, 1], [2])
    apart = listing({"hash": "a"}, {"hash": "a", "split": "test"}, {"hash": "b"})
    found = joined(copy(apart, [1, 2]), apart)
    assert found.at.tolist() == [-1, 2]
    assert (found.missing.tolist(), found.ambiguous.tolist()) == ([], [0, 1])
    more = joined(copy(apart, [0, 1, 1, 2]), apart)
    assert more.ambiguous.tolist() == [0, 1]


def test_the_number_tells_equals_apart_and_finds_rows_without_a_hash() -> None:
    rows = listing(
        {"hash": "a", "number": 0},
        {"hash": "a", "number": 1, "split": "test"},
        {"number": 2, "split": "test"},
        {"number": 3, "part": "test"},
    )
    numbers = {"source_row": [1, 2, 0, 3]}
    hashed = {"image_hash": ["a".ljust(HASHED, "-") + FULL, "z" * 32, "a".ljust(HASHED, "-"), "y"]}
    found = joined(copy(rows, [1, 2, 0, 3], **numbers, **hashed), rows)
    assert found.at.tolist() == [1, 2, 0, 3]
    elsewhere = {"official_split": ["train", "val", "train", "test"]}
    assert joined(copy(rows, [1, 2, 0, 3], **numbers, **elsewhere), rows).missing.tolist() == [2]


def test_a_number_alone_does_not_join_a_row_whose_picture_is_another() -> None:
    rows = listing({"hash": "a", "number": 0}, {"hash": "b", "number": 1})
    altered = {"source_row": [0, 1], "image_hash": ["c" * 32, "b".ljust(HASHED, "-") + FULL]}
    assert joined(copy(rows, [0, 1], **altered), rows).at.tolist() == [-1, 1]


def test_a_picture_with_another_label_or_part_is_missing_and_counted() -> None:
    rows = listing({"hash": "a"}, {"hash": "b"}, {"hash": "c", "jpeg": "j"}, {"hash": "d"})
    table = copy(rows, [0, 1, 2, 3], native_label=["anger", "fear", "anger", "fear"])
    found = joined(table, rows)
    assert found.missing.tolist() == [0, 2]
    assert found.elsewhere == 2
    parts = copy(rows, [0, 1], official_split=["test", "train"])
    assert joined(parts, rows).elsewhere == 1


def test_a_copy_without_parts_is_joined_without_them() -> None:
    rows = listing({"hash": "a", "part": "val"}, {"hash": "b", "part": "test"})
    table = copy(rows, [1, 0], official_split=pa.nulls(2, pa.string()))
    assert joined(table, rows).at.tolist() == [1, 0]


def test_only_usable_rows_are_joined() -> None:
    rows = listing({"hash": "a"}, {"hash": "b"})
    found = join(copy(rows, [0, 1]), rows, np.array([True, False]))
    assert (found.at.tolist(), found.missing.tolist()) == ([0, -1], [1])
