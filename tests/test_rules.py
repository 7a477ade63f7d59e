"""Label rules: ties and slips by hand, the published counts on the real votes."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fertools.manifest import VOTE_WORDS
from fertools.measures import rules
from tests.conftest import REAL, needs_real

EXPRESSIONS = VOTE_WORDS[:8]
RULES = (rules.majority, rules.argmax, rules.soft, rules.multi, rules.shares)


def votes(**cast):
    """One row of votes by word."""
    return np.array([[cast.get(word, 0) for word in VOTE_WORDS]], float)


def word(found):
    """The only row's word, or None."""
    return found.names[found.codes[0]] if found.codes[0] >= 0 else None


def target(found):
    """The only row's probabilities by word."""
    return {n: round(float(p), 6) for n, p in zip(found.names, found.target[0], strict=True) if p}


@pytest.mark.parametrize(
    ("cast", "kept"),
    [
        ({"happiness": 6, "neutral": 4}, "happiness"),
        ({"happiness": 5, "neutral": 5}, None),
        # single votes are slips: these five of nine are all that is left
        (
            {"happiness": 5, **dict.fromkeys(("anger", "fear", "neutral", "disgust"), 1)},
            "happiness",
        ),
        ({"happiness": 4, "neutral": 2, "anger": 2}, None),  # exactly half is no majority
        ({"happiness": 4, "neutral": 3}, "happiness"),
        ({"unknown": 8, "happiness": 2}, None),
        ({"non_face": 10}, None),
        ({"contempt": 9}, "contempt"),  # a row of nine votes
        (dict.fromkeys(EXPRESSIONS, 1), None),  # nothing is left
    ],
)
def test_majority(cast, kept):
    found = rules.majority(votes(**cast), VOTE_WORDS)
    assert word(found) == kept
    assert found.status[0] == ("ok" if kept else "no_majority")


@pytest.mark.parametrize(
    ("cast", "kept"),
    [
        ({"sadness": 3, "neutral": 2, "anger": 2, "fear": 2, "unknown": 1}, "sadness"),
        ({"sadness": 4, "neutral": 4, "anger": 2}, None),  # a tie for the first place
        ({"sadness": 4, "neutral": 3, "anger": 3}, "sadness"),  # a tie behind it
        ({"fear": 1}, "fear"),  # single votes count
        ({"unknown": 4, "sadness": 3, "neutral": 3}, None),
    ],
)
def test_argmax(cast, kept):
    assert word(rules.argmax(votes(**cast), VOTE_WORDS)) == kept


@pytest.mark.parametrize(
    ("cast", "shares"),
    [
        ({"happiness": 8, "neutral": 2}, {"happiness": 1}),  # 80 % is enough
        ({"happiness": 6, "neutral": 4}, {"happiness": 0.6, "neutral": 0.4}),
        ({"happiness": 6, "neutral": 2}, {"happiness": 1}),  # 75 % are, too
        ({"happiness": 15, "neutral": 6}, {"happiness": 0.714286, "neutral": 0.285714}),  # not 71
        ({"happiness": 5, "neutral": 5}, {"happiness": 0.5, "neutral": 0.5}),
        ({"anger": 4, "disgust": 3, "fear": 3}, {"anger": 0.4, "disgust": 0.3, "fear": 0.3}),
        ({"anger": 4, "disgust": 2, "fear": 2, "sadness": 2}, {}),  # a tie makes four
        ({"happiness": 6, "unknown": 4}, {"happiness": 1}),  # the list ends there
        ({"happiness": 5, "unknown": 3, "neutral": 2}, {}),  # what stands before is half
        ({"unknown": 6, "happiness": 4}, {}),
        ({"non_face": 10}, {}),
        ({"happiness": 4, "neutral": 1, "anger": 1}, {"happiness": 1}),  # slips
    ],
)
def test_soft(cast, shares):
    assert target(rules.soft(votes(**cast), VOTE_WORDS)) == shares


@pytest.mark.parametrize(
    ("cast", "shares"),
    [
        ({"happiness": 5, "neutral": 3, "anger": 2}, {"happiness": 0.625, "neutral": 0.375}),
        ({"happiness": 7, "neutral": 2}, {"happiness": 1}),
        ({"happiness": 5, "neutral": 5}, {"happiness": 0.5, "neutral": 0.5}),
        ({"anger": 3, "fear": 3, "disgust": 2, "sadness": 2}, {"anger": 0.5, "fear": 0.5}),
        ({"anger": 4, "fear": 2, "disgust": 2, "sadness": 2}, {}),  # 40 % is not half
        ({"unknown": 6, "happiness": 4}, {}),
        ({"happiness": 6, "unknown": 4}, {"happiness": 1}),
    ],
)
def test_multi(cast, shares):
    assert target(rules.multi(votes(**cast), VOTE_WORDS)) == shares


@pytest.mark.parametrize(
    ("cast", "kept", "shares"),
    [
        ({"anger": 2, "fear": 1}, "anger", {"anger": 0.666667, "fear": 0.333333}),
        ({"fear": 1, "sadness": 1}, "sadness", {"fear": 0.5, "sadness": 0.5}),  # in words' order
        ({"happiness": 2, "unknown": 1}, "happiness", {"happiness": 1.0}),
        ({"happiness": 1, "unknown": 2}, None, {}),
    ],
)
def test_shares_hear_every_opinion(cast, kept, shares):
    found = rules.shares(votes(**cast), VOTE_WORDS)
    assert (word(found), target(found)) == (kept, shares)


@pytest.mark.parametrize("rule", RULES)
def test_silence_is_unlabelled(rule):
    found = rule(votes(), VOTE_WORDS)
    assert word(found) is None
    assert found.status[0] == "unlabelled"


@given(st.lists(st.lists(st.integers(0, 10), min_size=10, max_size=10), min_size=1, max_size=20))
def test_every_label_is_an_expression_and_probabilities_sum_to_one(rows):
    cast = np.array(rows, float)
    for rule in RULES:
        found = rule(cast, VOTE_WORDS)
        assert {found.names[c] for c in found.codes if c >= 0} <= set(EXPRESSIONS)
        assert ((found.status == "ok") == (found.codes >= 0)).all()
        if found.target is not None:
            sums = found.target.sum(axis=1)
            assert np.allclose(sums, found.codes >= 0)
            assert (found.target >= 0).all()


@given(
    st.lists(st.integers(0, 10), min_size=10, max_size=10),
    st.permutations(range(10)),
)
def test_the_order_of_the_words_does_not_matter(row, order):
    names = tuple(VOTE_WORDS[i] for i in order)
    cast = np.array([row], float)
    for rule in (rules.majority, rules.argmax):
        assert word(rule(cast, VOTE_WORDS)) == word(rule(cast[:, order], names))


@pytest.mark.parametrize(
    ("said", "majority", "unanimous"),
    [
        ((0, 0, 0), 0, 0),
        ((0, 0, 1), 0, -1),
        ((0, 1, 2), -1, -1),  # three words
        ((0, 0, -1), 0, 0),  # the third said nothing
        ((0, 1, -1), -1, -1),
        ((2, -1, -1), 2, 2),
        ((-1, -1, -1), -1, -1),
    ],
)
def test_raters(said, majority, unanimous):
    names = ("anger", "fear", "hurt")
    labels = np.array([said])
    assert rules.raters(labels, names, unanimous=False).codes[0] == majority
    found = rules.raters(labels, names, unanimous=True)
    assert found.codes[0] == unanimous
    silent = all(code < 0 for code in said)
    refused = "unlabelled" if silent else "no_majority"
    assert found.status[0] == ("ok" if unanimous >= 0 else refused)


def test_raters_who_know_no_word():
    found = rules.raters(np.full((2, 3), -1), (), unanimous=False)
    assert found.status.tolist() == ["unlabelled", "unlabelled"]


@pytest.mark.parametrize(
    ("said", "majority", "unanimous"),
    [((0, 3, 3), "unknown_word", "no_majority"), ((0, 0, 3), "ok", "no_majority"),
     ((3, 3, 3), "unknown_word", "unknown_word"), ((0, 3, 4), "no_majority", "no_majority"),
     ((3, -1, -1), "unknown_word", "unknown_word")],
)  # fmt: skip
def test_a_rater_whose_word_nobody_knows_was_not_silent(said, majority, unanimous):
    for wanted, whole in ((majority, False), (unanimous, True)):
        found = rules.raters(np.array([said]), ("anger", "fear", "hurt"), unanimous=whole)
        assert found.status[0] == wanted
        assert found.codes[0] == (0 if wanted == "ok" else -1)


def test_the_own_word():
    found = rules.single(np.array([1, -1, -1]), ("anger", "fear"), np.array([True, True, False]))
    assert found.codes.tolist() == [1, -1, -1]
    assert found.status.tolist() == ["ok", "unknown_word", "unlabelled"]


@pytest.fixture(scope="module")
def ferplus():
    """Usage and votes of every row of fer2013new.csv."""
    with (REAL / "ferplus" / "fer2013new.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert [name.replace("NF", "non_face") for name in head[2:]] == list(VOTE_WORDS)
    return np.array([row[0] for row in rows]), np.array([row[2:] for row in rows], float)


@needs_real
@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        (rules.majority, (25_060, 3_199, 3_153)),
        (rules.soft, (27_956, 3_505, 3_505)),
        (rules.multi, (27_671, 3_472, 3_472)),
    ],
)
def test_the_published_rules_keep_their_counts(rule, kept, ferplus):
    """Measured on fer2013new.csv with the code that was published with FER+."""
    usage, cast = ferplus
    labelled = rule(cast, VOTE_WORDS).codes >= 0
    parts = ("Training", "PublicTest", "PrivateTest")
    assert tuple(int(labelled[usage == part].sum()) for part in parts) == kept


@needs_real
def test_ties_for_the_first_place_have_no_argmax(ferplus):
    _, cast = ferplus
    top = cast.max(axis=1, keepdims=True)
    ties = (cast == top).sum(axis=1) > 1
    assert ties.sum() == 1_776
    found = rules.argmax(cast, VOTE_WORDS)
    assert (found.codes[ties] == -1).all()
