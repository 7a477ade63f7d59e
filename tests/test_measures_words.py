"""Numbers in words: no rounding to none or to all."""

import math

import pytest

from fertools.measures.words import markdown, p_value, per_cent


@pytest.mark.parametrize(
    ("share", "told"),
    [
        (0.0, "0.0 %"),
        (1 / 3589, "<0.1 %"),
        (0.0005, "0.1 %"),
        (0.5, "50.0 %"),
        (0.9994, "99.9 %"),
        (3588 / 3589, ">99.9 %"),
        (1.0, "100.0 %"),
        (math.nan, "nan %"),
    ],
)
def test_only_none_and_all_are_told_as_such(share: float, told: str) -> None:
    assert per_cent(share) == told


def test_digits_and_unit_are_the_callers() -> None:
    assert [per_cent(n / 3589, "%", 0) for n in (0, 1, 1795, 3588, 3589)] == [
        "0%", "<1%", "50%", ">99%", "100%"
    ]  # fmt: skip


def test_no_p_value_is_told_as_zero() -> None:
    assert [p_value(x) for x in (1.0, 0.05, 0.00006, 0.00004)] == [
        "1.0000", "0.0500", "0.0001", "<0.0001"
    ]  # fmt: skip
    assert [p_value(x, 3) for x in (0.0006, 0.0004)] == ["0.001", "<0.001"]


def test_a_text_of_a_stranger_is_no_markdown():
    assert markdown("a\n# <b>") == "a # &lt;b&gt;"
    assert not set("[]*|`\\").intersection(markdown("![x](http://y) **b** c\\|d `e`"))
