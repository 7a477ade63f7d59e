"""Batch norms: passes that leave no trace, and who cannot be trained on a single image."""

import copy

import pytest
import torch
from torch import nn

from fertools.train.norms import statistics_kept, takes_one


def test_the_second_pass_leaves_the_running_statistics() -> None:
    norm = nn.BatchNorm1d(2)
    before = copy.deepcopy(norm.state_dict())
    with statistics_kept(norm):
        norm(torch.randn(8, 2))
        assert not torch.equal(norm.running_mean, before["running_mean"])
    assert all(torch.equal(value, before[name]) for name, value in norm.state_dict().items())


@pytest.mark.parametrize(
    ("pool", "takes"), [(nn.AdaptiveAvgPool2d(2), True), (nn.AdaptiveAvgPool2d(1), False)]
)
def test_the_question_for_one_image_leaves_no_trace_whatever_the_answer(pool, takes) -> None:
    """A map of a single number has no variance; the norm before it has seen the image by then."""
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), pool, nn.BatchNorm2d(2))
    before = copy.deepcopy(model.state_dict())
    assert takes_one(model, torch.rand(1, 1, 6, 6)) is takes
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_another_fault_of_a_network_is_not_taken_for_an_answer() -> None:
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        takes_one(nn.Linear(3, 2), torch.rand(1, 1, 6, 6))
    with pytest.raises(ValueError, match="expected 4D input"):
        takes_one(nn.BatchNorm2d(1), torch.rand(1, 1, 6))
