"""The probability file: a round trip, other people's files, and what is wrong with a file."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from fertools.errors import FerError
from fertools.probs import Probs, read_probs, write_probs


@pytest.mark.parametrize("name", ["p.parquet", "p.csv"])
def test_what_is_written_is_read(name, tmp_path) -> None:
    values = np.array([[0.25, 0.75], [1.0, 0.0]])
    write_probs(tmp_path / name, Probs(("a", "b"), ("fear", "anger"), values), {"fold": [0, 1]})
    found = read_probs(tmp_path / name)
    assert found.ids == ("a", "b") and found.classes == ("fear", "anger")
    assert (found.values == values).all()
    assert found.at(["b", "x", "a"]).tolist() == [1, -1, 0]


def test_a_class_may_begin_with_the_letters_of_the_prefix(tmp_path) -> None:
    words = ("pout", "p_x", "asleep")
    write_probs(tmp_path / "p.parquet", Probs(("a",), words, np.array([[0.5, 0.25, 0.25]])))
    assert read_probs(tmp_path / "p.parquet").classes == words


@pytest.mark.parametrize(("more", "right"), [(9e-4, True), (1.1e-3, False), (-1.1e-3, False)])
def test_a_sum_may_be_off_by_a_thousandth(tmp_path, more, right) -> None:
    write_probs(tmp_path / "p.parquet", Probs(("a",), ("x", "y"), np.array([[0.5, 0.5 + more]])))
    if right:
        assert read_probs(tmp_path / "p.parquet").ids == ("a",)
    else:
        with pytest.raises(FerError, match="sum to 1"):
            read_probs(tmp_path / "p.parquet")


def test_a_file_of_pandas_in_single_precision_is_read(tmp_path) -> None:
    frame = pd.DataFrame({"id": ["a"], "p_x": np.float32([1 / 3]), "p_y": np.float32([2 / 3])})
    frame.to_parquet(tmp_path / "p.parquet")
    assert read_probs(tmp_path / "p.parquet").values.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"p_a": [1.0], "p_b": [0.0]}, "needs a column `id`"),
        ({"id": ["a"], "p_a": [1.0]}, "two or more"),
        ({"id": ["a", "a"], "p_a": [1.0, 1.0], "p_b": [0.0, 0.0]}, "stands there twice"),
        ({"id": ["a"], "p_a": [0.9], "p_b": [0.2]}, r"'a' are \[0.9, 0.2\]"),
        ({"id": ["a"], "p_a": [-0.5], "p_b": [1.5]}, "sum to 1"),
        ({"id": ["a"], "p_a": [None], "p_b": [1.0]}, "nan"),
        ({"id": ["a"], "p_a": ["much"], "p_b": [1.0]}, "column p_a holds"),
    ],
)
def test_a_file_that_cannot_be_right_is_refused(tmp_path, columns, message) -> None:
    pd.DataFrame(columns).to_parquet(tmp_path / "p.parquet")
    with pytest.raises(FerError, match=message):
        read_probs(tmp_path / "p.parquet")


def test_a_column_that_stands_there_twice_is_named(tmp_path) -> None:
    table = pa.table({"id": ["a"], "p_a": [1.0], "p_b": [0.0]})
    pq.write_table(table.append_column("p_a", pa.array([0.0])), tmp_path / "p.parquet")
    with pytest.raises(FerError, match="the column 'p_a' stands there twice"):
        read_probs(tmp_path / "p.parquet")


def test_a_csv_is_read_as_well(tmp_path) -> None:
    (tmp_path / "p.csv").write_text("id,p_fear,p_anger\n7,0.25,0.75\n")
    found = read_probs(tmp_path / "p.csv")
    assert (found.ids, found.values.tolist()) == (("7",), [[0.25, 0.75]])
    (tmp_path / "p.csv").write_text("id,p_fear\n7,0.25,0.75\n")
    with pytest.raises(FerError, match=r"p\.csv: cannot be read as a CSV"):
        read_probs(tmp_path / "p.csv")


def test_another_kind_of_file_is_named(tmp_path) -> None:
    (tmp_path / "p.parquet").write_text("id,p_a,p_b")
    with pytest.raises(FerError, match="not a Parquet file"):
        read_probs(tmp_path / "p.parquet")


def test_a_file_that_is_not_there_is_called_so(tmp_path) -> None:
    for name in ("p.parquet", "p.csv"):
        with pytest.raises(
            FerError, match="there is no such file; it is to hold a column `id` and"
        ):
            read_probs(tmp_path / name)
