"""The networks of the frontier: counts, attention and pooling against their formulas, any size."""

import math

import pytest
import torch
from torch import nn

from fertools.errors import FerError
from fertools.models import residual
from fertools.models._attention import Blurred, Coordinate, EfficientChannel
from fertools.models._count import count

torch.set_num_threads(1)


def facts(**options: object):
    with torch.device("meta"):
        model = residual.build(7, 1, 48, **options)
    return count(model, (1, 48, 48))


def by_hand(widths, blocks, kernel=3) -> int:
    """Parameters of separable blocks with SE, layer by layer."""
    total = 9 * widths[0] + 2 * widths[0]
    inputs = widths[0]
    for width, many in zip(widths, blocks, strict=True):
        for k in range(many):
            first = inputs if k == 0 else width
            total += kernel**2 * (first + width) + width * (first + width) + 4 * width
            total += 2 * width * max(1, width // 8)
            total += first * width + 2 * width if first != width else 0
        inputs = width
    return total + 7 * inputs + 7


@pytest.mark.parametrize("kernel", [3, 5])
def test_its_parameters_are_those_of_its_layers(kernel: int) -> None:
    for widths, blocks in (((32, 64, 128, 256), (1, 2, 2, 2)), ((16, 32), (2, 1))):
        found = facts(widths=widths, blocks=blocks, kernel=kernel).parameters
        assert found == by_hand(widths, blocks, kernel)
    assert facts().parameters == 410_823 and facts().macs == 37_097_984


def test_the_same_weights_take_windows_and_whole_faces() -> None:
    model = residual.build(7, widths=(8, 16), blocks=(1, 1), attend="coordinate", pool="blur")
    for side in (44, 47, 48):
        assert model(torch.rand(2, 1, side, side)).shape == (2, 7)


def test_eca_mixes_the_means_of_neighbouring_channels() -> None:
    layer = EfficientChannel(64)
    assert layer.mix.weight.numel() == 3  # |log2(64) / 2 + 1 / 2| = 3.5, so 3
    assert (
        EfficientChannel(256).mix.weight.numel() == 5
        and EfficientChannel(8).mix.weight.numel() == 3
    )
    x = torch.rand(2, 64, 5, 4)
    layer.mix.weight.data = torch.tensor([[[1.0, 2.0, 3.0]]])
    means = nn.functional.pad(x.mean((2, 3)), (1, 1))
    gate = torch.sigmoid(means[:, :-2] + 2 * means[:, 1:-1] + 3 * means[:, 2:])
    assert torch.allclose(layer(x), x * gate[:, :, None, None])


def test_coordinate_attention_knows_rows_and_columns() -> None:
    torch.manual_seed(2)
    layer = Coordinate(16).eval()
    x = torch.rand(1, 16, 6, 4)
    gate = layer(x) / x
    # a product of one gate along the height and one along the width, not a single number
    outer = gate[..., :1] * gate[:, :, :1] / gate[:, :, :1, :1]
    assert torch.allclose(gate, outer, atol=1e-5) and float(gate[0, 0].detach().std()) > 1e-4
    turned = layer(x.flip(2)).flip(2)
    assert torch.allclose(turned, layer(x), atol=1e-6)  # it learns places from what lies there


def test_coordinate_attention_is_its_formula_and_has_eight_channels_between() -> None:
    """Hou et al. 2021: per row and per column, a hard swish behind a shared 1x1 convolution."""
    layer = Coordinate(16).eval()
    x = torch.rand(1, 16, 6, 4)
    weights = {name: value.detach() for name, value in layer.state_dict().items()}
    both = torch.cat((x.mean(3), x.mean(2)), 2)  # (1, 16, 6 + 4)
    mixed = torch.einsum("ij,njk->nik", weights["share.0.weight"][:, :, 0, 0], both)
    mixed = mixed / math.sqrt(1 + 1e-5)  # a batch norm that has learnt nothing
    swish = mixed * (mixed + 3).clamp(0, 6) / 6
    gates = [
        torch.sigmoid(torch.einsum("ij,njk->nik", weights[f"{side}.weight"][:, :, 0, 0], part)
                      + weights[f"{side}.bias"][:, None])
        for side, part in (("down", swish[..., :6]), ("right", swish[..., 6:]))
    ]  # fmt: skip
    assert torch.allclose(layer(x), x * gates[0][..., None] * gates[1][:, :, None], atol=1e-6)
    assert weights["share.0.weight"].shape == (8, 16, 1, 1)
    assert Coordinate(128).share[0].out_channels == 16


def test_a_stem_may_take_steps() -> None:
    assert facts(stem=5, stride=2, widths=(8, 16), blocks=(1, 1)).shapes["stem"] == (8, 24, 24)


def test_blurred_pooling_is_max_then_one_two_one_then_every_second_pixel() -> None:
    x = torch.rand(1, 1, 12, 12)
    wide = nn.functional.max_pool2d(nn.functional.pad(x, (1, 1, 1, 1), mode="replicate"), 2, 1)
    kernel = torch.tensor([1.0, 2.0, 1.0])
    kernel = (kernel[:, None] * kernel[None] / 16)[None, None]
    assert torch.allclose(Blurred()(x), nn.functional.conv2d(wide, kernel, stride=2), atol=1e-6)
    assert Blurred()(torch.rand(1, 3, 11, 11)).shape == (1, 3, 5, 5)


@pytest.mark.parametrize("order", [torch.channels_last, torch.contiguous_format])
@pytest.mark.parametrize("side", [11, 12])
def test_blurred_pooling_is_that_of_a_replicated_border_bit_for_bit(side, order) -> None:
    """Without `nn.ReplicationPad2d`, whose gradient differs from run to run on a GPU."""
    torch.manual_seed(4)
    padded = nn.Sequential(
        nn.ReplicationPad2d(1), nn.MaxPool2d(2, 1), nn.AvgPool2d(2, 1), nn.AvgPool2d(2)
    )
    values = torch.randn(3, 8, side, side).mul(2).round()  # with ties
    values = values.contiguous(memory_format=order)
    found = []
    for pool in (Blurred(), padded):
        x = values.clone().requires_grad_()
        out = pool(x)
        out.backward(torch.linspace(-1, 1, out.numel()).reshape(out.shape))
        found.append((out, x.grad))
    assert torch.equal(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1], found[1][1], rtol=0, atol=1e-6)
    assert not any(isinstance(layer, nn.ReplicationPad2d) for layer in Blurred())


def test_a_shift_by_a_pixel_moves_blurred_maps_less() -> None:
    torch.manual_seed(0)
    x = torch.rand(8, 1, 26, 26)
    still, moved = x[..., :24, :24], x[..., 1:25, 1:25]
    change = {
        name: float((pool(still) - pool(moved)).abs().mean() / pool(still).std())
        for name, pool in (("max", nn.MaxPool2d(2)), ("blur", Blurred()))
    }
    assert change["blur"] < 0.9 * change["max"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"attend": "cbam"}, "attention 'cbam': known are coordinate, eca, se"),
        ({"pool": "mean"}, "pool 'mean': known are blur, max"),
        ({"kind": "dense"}, "kind of convolution 'dense': known are full, separable"),
        ({"kernel": 4}, "odd kernels, a stride"),
        ({"stem": 4}, "odd kernels, a stride"),
        ({"stride": 0}, "a stride of 1 or more"),
        ({"stride": 1.5}, "a stride of 1 or more whole pixels"),
        ({"stride": 2, "size": 48}, "at least 64 px"),
        ({"blocks": (1,)}, "as many blocks as widths"),
        ({"widths": (), "blocks": ()}, "as many blocks as widths"),
    ],
)
def test_what_it_cannot_build_is_named(options, message) -> None:
    with pytest.raises(FerError, match=message):
        residual.build(7, **options)
