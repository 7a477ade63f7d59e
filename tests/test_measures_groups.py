"""Connected components: against a plain union-find, and quick on the shapes that are hard."""

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fertools.measures.groups import unite


def plainly(n, relations):
    """The same answer by the textbook: one parent list, one link at a time."""
    parent = list(range(n))

    def root(row):
        while parent[row] != row:
            row = parent[row]
        return row

    for relation in relations:
        if relation.ndim == 2:
            links = [(a, b) for a, b in relation.tolist()]
        else:
            codes = relation.tolist()
            links = [
                (i, j) for i in range(n) for j in range(i) if codes[i] == codes[j] and codes[i] >= 0
            ]
        for a, b in links:
            parent[root(a)] = root(b)
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(row), len(numbers)) for row in range(n)]


@st.composite
def relations_of_rows(draw):
    n = draw(st.integers(1, 30))
    code = st.lists(st.integers(-1, 12), min_size=n, max_size=n)
    pair = st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=12)
    codes = [np.array(c, np.int64) for c in draw(st.lists(code, max_size=3))]
    pairs = [np.array(p, np.int64).reshape(-1, 2) for p in draw(st.lists(pair, max_size=2))]
    return n, codes + pairs


@given(relations_of_rows())
def test_equals_a_plain_union_find(case):
    n, relations = case
    assert unite(n, *relations).tolist() == plainly(n, relations)


def test_numbers_groups_by_their_first_row():
    assert unite(5, [7, -1, 3, -1, 7], [[3, 2]]).tolist() == [0, 1, 2, 2, 0]


def test_without_relations_every_row_is_alone():
    assert unite(3).tolist() == [0, 1, 2]
    assert unite(0).tolist() == []
    assert unite(0, np.empty(0, np.int64)).tolist() == []


def test_unknown_codes_join_nothing():
    assert unite(3, [-1, -1, -1]).tolist() == [0, 1, 2]


@pytest.mark.parametrize("relation", [[[0, 3]], [[-1, 0]], [0, 1], [[0, 1, 2]]])
def test_refuses_what_is_no_relation(relation):
    with pytest.raises(ValueError, match=r"row outside|has shape"):
        unite(3, relation)


def test_half_a_million_rows_in_a_second():
    n = 500_000
    shuffled = np.random.default_rng(0).permutation(n)
    chain = np.stack([shuffled[:-1], shuffled[1:]], axis=1)
    subjects = np.random.default_rng(1).integers(0, 100_000, n)
    begin = time.process_time()
    codes = unite(n, subjects, np.repeat(np.arange(n // 2), 2))
    joined = unite(n, chain)
    took = time.process_time() - begin
    assert codes.max() + 1 < 100_000 and joined.max() == 0
    assert took < 3  # about 0.5 s for both; a bound that a busy machine keeps
