"""Partners across parts against a double loop; the rounds of a cross-validation."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.measures.leakage import NONE, PAIRS, TEST, TRAIN, VAL, Links, partnered, partners
from fertools.measures.leakage import rounds as rounds_of


@settings(deadline=None)
@given(st.data())
def test_partners_are_those_of_a_double_loop(data) -> None:
    n = data.draw(st.integers(1, 12))
    numbers = st.lists(st.integers(-1, 2), min_size=n, max_size=n)
    part = np.array(data.draw(st.lists(st.integers(-1, 2), min_size=n, max_size=n)))
    codes = [np.array(data.draw(numbers)) for _ in range(data.draw(st.integers(0, 3)))]
    rows = st.integers(0, n - 1)
    drawn = data.draw(st.sets(st.tuples(rows, rows).filter(lambda p: p[0] < p[1]), max_size=8))
    pairs = np.array(sorted(drawn), np.int64).reshape(-1, 2)

    def related(i: int, j: int) -> bool:
        same = any(c[i] == c[j] >= 0 for c in codes)
        return same or (min(i, j), max(i, j)) in drawn

    for earlier, later in PAIRS:
        truth = [
            part[i] == later and any(part[j] == earlier and related(i, j) for j in range(n))
            for i in range(n)
        ]
        links = Links(tuple(codes), pairs)
        assert partnered(links, part, earlier, later).tolist() == truth
        found = partners(links, part, earlier, later)
        for i, j in zip(found.later.tolist(), found.earlier.tolist(), strict=True):
            assert part[i] == later
            assert part[j] == earlier
            assert related(i, j)
        if not drawn:
            many = [sum(related(i, j) for j in np.flatnonzero(part == earlier)) for i in range(n)]
            assert found.counts.tolist() == [many[i] for i in found.later]


def test_a_row_stands_once_with_its_first_partner_and_their_number() -> None:
    codes = np.array([0, 0, 1, 0, 1, -1])
    part = np.array([TRAIN, TRAIN, TRAIN, TEST, VAL, TEST])
    found = partners(Links((codes,)), part, TRAIN, TEST)
    assert (found.later.tolist(), found.earlier.tolist(), found.counts.tolist()) == ([3], [0], [2])
    twice = partners(Links((codes, codes)), part, TRAIN, TEST)
    assert twice.later.tolist() == [3]
    unlike = Links((np.array([0, -1, 0]), np.array([0, 0, 0])))
    assert partners(unlike, np.array([TRAIN, TRAIN, TEST]), TRAIN, TEST).counts.tolist() == [2]
    apart = Links((np.array([0, 1, 0]), np.array([0, 1, 1])))  # one by this code, one by that
    assert partners(apart, np.array([TRAIN, TRAIN, TEST]), TRAIN, TEST).counts.tolist() == [2]


def test_a_row_stands_beside_each_of_its_twins() -> None:
    pairs = np.array([[0, 3], [1, 3], [0, 1], [3, 2]])
    part = np.array([TRAIN, TRAIN, VAL, TEST])
    found = partners(Links(pairs=pairs), part, TRAIN, TEST)
    assert list(zip(found.later, found.earlier, found.at, strict=True)) == [(3, 0, 0), (3, 1, 1)]


def test_every_fold_tests_once_and_validates_once() -> None:
    folds = np.array([0, 1, 2, -1, 1])
    found = list(rounds_of(folds))
    assert [part.tolist() for part in found] == [
        [TEST, VAL, TRAIN, NONE, VAL],
        [TRAIN, TEST, VAL, NONE, TEST],
        [VAL, TRAIN, TEST, NONE, TRAIN],
    ]
