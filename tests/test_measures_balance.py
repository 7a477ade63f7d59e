"""Balance: hand-made numbers, and permutation tests that keep their promise over people."""

import math
import time

import numpy as np
import pytest

from fertools.measures.balance import (
    associate,
    count,
    effective_classes,
    imbalance_ratio,
    shares,
)


def test_counts_leave_unknown_out_and_shares_sum_to_one():
    table = count([0, 1, 1, -1, 2], [0, 0, 1, 1, -1], 3, 3)
    assert table.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert shares(table).tolist() == [[0.5, 0.5, 0], [0, 1, 0], [0, 0, 0]]
    assert shares(table, axis=0).tolist() == [[1, 0.5, 0], [0, 0.5, 0], [0, 0, 0]]


def test_refuses_codes_beyond_the_promised():
    with pytest.raises(ValueError, match="promised"):
        count([0, 3], [0, 0], 3, 1)


def test_single_numbers():
    assert imbalance_ratio([30, 10, 20]) == 3
    assert imbalance_ratio([3, 0]) == math.inf
    assert math.isnan(imbalance_ratio([0, 0]))
    assert effective_classes([5, 5, 5, 0]) == pytest.approx(3)
    assert effective_classes([9, 1]) == pytest.approx(
        math.exp(-0.9 * math.log(0.9) + -0.1 * math.log(0.1))
    )
    assert effective_classes([0, 0]) == 0


def v(table):
    """Cramer's V of rows that give this table."""
    counts = np.asarray(table)
    code, part = (np.repeat(place.ravel(), counts.ravel()) for place in np.indices(counts.shape))
    return associate(code, part, np.arange(counts.sum()), permutations=1).v


def test_cramers_v_of_known_tables():
    assert v([[10, 0], [0, 30]]) == pytest.approx(1)
    assert v([[10, 20], [20, 40]]) == pytest.approx(0)
    # chi2 = 40 (12*12 - 8*8)^2 / 20^4 = 1.6; V = sqrt(1.6 / 40)
    assert v([[12, 8], [8, 12]]) == pytest.approx(0.2)
    assert v([[12, 8, 0], [8, 12, 0], [0, 0, 0]]) == pytest.approx(0.2)
    # every cell 10 from what is expected of it, in four cells of 10: chi2 = 40, n = 80
    assert v([[20, 0], [20, 20], [0, 20]]) == pytest.approx(math.sqrt(40 / 80))
    assert math.isnan(v([[3, 4]])) and math.isnan(v(np.zeros((2, 2), int)))


def test_association_counts_what_it_looked_at():
    unknown = [0, 0, 1, 1, -1, 0], [0, 0, 1, 1, 0, -1], [0, 1, 2, 2, 3, 4]
    found = associate(*unknown, permutations=9)
    assert (found.rows, found.groups, found.permutations) == (4, 3, 9)
    assert found.v == pytest.approx(1)
    assert math.isnan(associate([0, 0], [0, 1], [0, 1]).v) and associate([], [], []).p == 1


def test_a_split_by_the_column_is_found_and_seeded():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(60), 5)
    gender = (np.arange(60) % 2)[groups]
    lean = rng.random(60)[groups] < np.where(gender == 1, 0.8, 0.2)
    found = associate(gender, lean, groups, seed=1)
    assert found.p == pytest.approx(1 / 200) and found == associate(gender, lean, groups, seed=1)
    chance = np.arange(300) % 7 == 0
    assert len({associate(gender, chance, groups, seed=seed).p for seed in range(5)}) > 1


def people_with_habits(rng, groups=40):
    """Rows of people who differ in how many rows and which classes they have."""
    of_row = np.repeat(np.arange(groups), rng.integers(1, 30, groups))
    habits = rng.dirichlet(np.full(4, 0.3), groups)
    classes = (rng.random(len(of_row))[:, None] > habits.cumsum(1)[of_row, :3]).sum(1)
    return of_row, classes


def test_people_permuted_whole_do_not_cry_wolf_where_rows_do():
    rng = np.random.default_rng(0)
    by_group, by_row = [], []
    for seed in range(80):
        of_row, classes = people_with_habits(rng)
        part = rng.choice(3, 40, p=[0.6, 0.2, 0.2])[of_row]
        by_group.append(associate(classes, part, of_row, 39, seed).p)
        by_row.append(associate(classes, part, np.arange(len(of_row)), 39, seed).p)
    assert np.mean(np.array(by_group) <= 0.1) < 0.25  # 10 % expected
    assert np.mean(np.array(by_row) <= 0.1) > 0.9


def test_groups_in_several_parts_trade_within():
    # every person has one row in each part, class and part agree within half of the people
    groups = np.repeat(np.arange(40), 2)
    parts = np.tile([0, 1], 40)
    same = np.repeat(np.random.default_rng(0).random(40) < 0.9, 2)
    assert associate(np.where(same, parts, 1 - parts), parts, groups).p < 0.01
    # the class is the person's own: no trade within can change anything
    own = np.repeat(np.arange(40) % 2, 2)
    assert associate(own, parts, groups).p == 1
    unlike = associate(own, parts + own, groups)  # one class in parts 0 and 1, the other in 1 and 2
    assert unlike.v == pytest.approx(math.sqrt(1 / 2)) and unlike.p == 1


def test_a_class_that_is_lost_leans_over_people():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(100), 6)
    classes = np.tile(np.arange(3), 200)
    lost = rng.random(600) < np.where(classes == 2, 0.3, 0.02)
    assert associate(lost, classes, groups).p == pytest.approx(1 / 200)
    assert associate(np.arange(600) % 50 == 0, classes, groups).p > 0.05


def test_one_unlucky_person_is_no_bias_against_a_gender():
    groups = np.repeat(np.arange(50), 20)
    lost = groups == 7  # all the faces of one man
    gender = (np.arange(50) % 2)[groups]
    assert associate(lost, gender, groups).p > 0.3
    assert associate(lost, gender, np.arange(1000)).p < 0.05


def test_half_a_million_rows_stay_in_seconds():
    rng = np.random.default_rng(0)
    groups = rng.permutation(np.arange(500_000) % 2_500)
    begin = time.process_time()
    part = rng.integers(0, 3, 2_500)[groups]
    assert associate(rng.integers(0, 7, 500_000), part, groups).p > 0.01
    assert time.process_time() - begin < 3  # about 0.2 s
