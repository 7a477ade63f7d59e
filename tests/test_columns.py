import numpy as np
import pyarrow as pa
import pytest

from fertools.columns import cross, encode, flagged, numbers, put, texts, usable, words
from fertools.errors import FerError


def test_codes_are_ranks_of_sorted_words() -> None:
    column = pa.chunked_array([["b", None], ["a", "b"], []], pa.string())
    codes, names = encode(column)
    assert codes.tolist() == [1, -1, 0, 1]
    assert names == ["a", "b"]
    assert words(codes, names).to_pylist() == ["b", None, "a", "b"]


def test_an_empty_column_has_no_words() -> None:
    codes, names = encode(pa.chunked_array([], pa.string()))
    assert (len(codes), names) == (0, [])


def test_numbers_are_in_the_order_of_the_first_occurrence() -> None:
    column = pa.chunked_array([["b", None], ["a", "b"], []], pa.string())
    assert numbers(column).tolist() == [0, -1, 1, 0]
    assert len(numbers(pa.chunked_array([], pa.null()))) == 0


def test_cross_numbers_the_combinations_that_occur() -> None:
    both, found = cross(np.array([0, 1, 1, -1]), np.array([1, 0, 0, 2]))
    assert both.tolist() == [0, 1, 1, -1]
    assert found.tolist() == [[0, 1], [1, 0]]


def test_usable_rows_have_a_face_and_no_reason_to_drop_it() -> None:
    table = pa.table({"status": ["ok", "empty", "ok"], "drop": [None, None, "blank"]})
    assert usable(table).tolist() == [True, False, False]
    assert usable(put(table, "drop", pa.nulls(3, pa.string()))).tolist() == [True, False, True]


def test_flags_are_looked_for_in_lists() -> None:
    flags = pa.array([["a", "b"], None, [], ["c"]], pa.list_(pa.string()))
    table = pa.table({"flags": flags})
    assert flagged(table, "b").tolist() == [True, False, False, False]
    assert flagged(table, "a", "c").tolist() == [True, False, False, True]
    assert flagged(table.drop(["flags"]), "a").tolist() == [False] * 4


def test_bytes_that_are_no_text_are_named() -> None:
    with pytest.raises(FerError, match=r"column 'blob': holds binary, which is no text"):
        texts(pa.chunked_array([[b"\xff\xfe"]]), "blob")
