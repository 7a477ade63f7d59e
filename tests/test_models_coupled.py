"""Coupled networks: the mean of the members' probabilities, and members that learn as alone."""

import pytest
import torch
from torch.nn import functional

from fertools.errors import FerError
from fertools.models import coupled
from fertools.models._count import count
from fertools.models._make import make
from fertools.train.losses import of_members

SMALL = {"widths": [4, 8], "blocks": [1, 1], "stem": 5, "stride": 2}


def pair(size: int = 32) -> coupled.Coupled:
    torch.manual_seed(0)
    return coupled.build(7, 1, size, members=2, options=SMALL)


def test_it_says_the_mean_probability_of_its_members() -> None:
    model = pair().eval()
    faces = torch.rand(3, 1, 32, 32)
    alone = [member(faces).softmax(1) for member in model.members]
    assert not torch.allclose(alone[0], alone[1])
    assert torch.allclose(model(faces).exp(), (alone[0] + alone[1]) / 2, atol=1e-6)
    assert model(torch.rand(2, 1, 44, 44)).shape == (2, 7)


def test_each_member_learns_as_it_would_alone() -> None:
    model = pair().train()
    faces, labels = torch.rand(6, 1, 32, 32), torch.arange(6)
    found = model(faces)
    assert found.shape == (6, 2, 7)
    logits, members = of_members(found)
    loss = functional.cross_entropy(logits, labels.repeat_interleave(members, 0))
    (loss * members).backward()
    for member in model.members:
        together = [p.grad.clone() for p in member.parameters()]
        member.zero_grad()
        functional.cross_entropy(member(faces), labels).backward()
        for each, weight in zip(together, member.parameters(), strict=True):
            assert torch.allclose(each, weight.grad, atol=1e-5)


def test_members_of_members_learn_each_by_its_own_loss() -> None:
    torch.manual_seed(0)
    inner = {"members": 2, "options": SMALL}
    model = coupled.build(7, 1, 32, members=3, network="coupled", options=inner)
    faces = torch.rand(4, 1, 32, 32)
    logits, members = of_members(model.train()(faces))
    assert (logits.shape, members) == ((24, 7), 6)
    alone = [member(faces).softmax(1) for each in model.eval().members for member in each.members]
    assert torch.allclose(model(faces).exp(), sum(alone) / 6, atol=1e-6)


def test_a_mistake_in_a_network_of_ones_own_keeps_its_traceback(tmp_path) -> None:
    net = tmp_path / "net.py"
    net.write_text("def build(classes, channels, size):\n    raise ValueError('mine')\n")
    with pytest.raises(ValueError, match="mine"):
        make("coupled", 7, 1, 32, {"network": str(net)})


def test_its_cost_is_the_sum() -> None:
    whole = count(pair(), (1, 32, 32))
    part = count(make("residual", 7, 1, 32, SMALL), (1, 32, 32))
    assert (whole.parameters, whole.macs) == (2 * part.parameters, 2 * part.macs)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"members": 1}, "members = 1: give 2 or more"),
        ({"members": 2, "network": "residul"}, "residul"),
        ({"members": 2, "network": 5}, "cannot be built with members=2, network=5"),
        ({"members": 2, "network": "linear_svm"}, "linear_svm is solved and not trained; give"),
        ({"members": 2, "options": {"width": [4]}}, "option of model residual"),
    ],
)
def test_what_cannot_be_built_is_told(options: dict[str, object], sentence: str) -> None:
    with pytest.raises(FerError, match=sentence):
        make("coupled", 7, 1, 32, options)
