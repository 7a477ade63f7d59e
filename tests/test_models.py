"""Every network of `fertools/models`: the contract, the counts of its source, its named errors."""

import math
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from sklearn.svm import LinearSVC
from torch import nn

from fertools import folder
from fertools.cli.models import command
from fertools.errors import FerError
from fertools.models import (
    dense_dsc,
    light_se_xception,
    linear_svm,
    mini_xception,
    mlp,
    plain_cnn,
    resnet18,
    resnet50_fc512,
)
from fertools.models._blocks import KerasSamePool, Thinned, conv, packed
from fertools.models._count import Facts, count, latency
from fertools.models._make import make
from fertools.train.losses import of_members


def facts(module, channels: int = 1, size: int = 48, **options: object) -> Facts:
    """The cost of a network, built without memory for its weights."""
    with torch.device("meta"):
        model = module.build(7, channels, size, **options)
    return count(model, (channels, size, size))


# The contract of the folder


@pytest.mark.parametrize("name", folder.names("models"))
def test_every_network_learns_and_repeats(name: str) -> None:
    module = folder.load("models", name)
    words = re.findall(r"^(\w+)[:,]", module.__doc__ or "", re.MULTILINE)
    assert {"Source", "Input", "Size"} <= set(words)
    torch.manual_seed(5)
    model = module.build(7)
    torch.manual_seed(5)
    twin = module.build(7).state_dict()
    assert all(torch.equal(value, twin[key]) for key, value in model.state_dict().items())
    images = torch.rand(2, 1, 48, 48)
    logits, members = of_members(model(images))
    assert logits.shape == (2 * members, 7) and logits.dtype == torch.float32
    labels = torch.tensor([0, 6]).repeat_interleave(members)
    nn.functional.cross_entropy(logits, labels).backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in model.parameters())
    assert any(p.grad.abs().sum() > 0 for p in model.parameters())


@pytest.mark.parametrize("name", folder.names("models"))
def test_every_network_takes_color_other_sizes_and_classes(name: str) -> None:
    with torch.device("meta"):
        model = folder.load("models", name).build(4, 3, 64).eval()
        assert model(torch.rand(2, 3, 64, 64)).shape == (2, 4)


@pytest.mark.parametrize("name", folder.names("models"))
def test_every_network_refuses_an_option_it_does_not_know(name: str) -> None:
    with pytest.raises(TypeError, match="depht"):
        folder.load("models", name).build(7, depht=3)
    with pytest.raises(FerError, match=f"option of model {name} 'depht': known are"):
        make(name, 7, 1, 48, {"depht": 3})


# The counts of the published systems


def test_light_se_xception_has_every_size_of_the_published_table() -> None:
    cost = facts(light_se_xception)
    table = {"prepare": (3, 46), "conv1": (8, 44), "conv2": (8, 44), "down1": (16, 22)}
    table |= {"se1": (16, 22), "down2": (32, 11), "down3": (64, 6), "se2": (64, 6)}
    table |= {"down4": (128, 3), "pool": (7, 1)}
    assert {name: cost.shapes[name][:2] for name in table} == table
    assert (cost.parameters, cost.running_statistics, cost.keras_total) == (65_351, 1_472, 66_823)
    assert cost.macs == 5_754_208


@pytest.mark.parametrize(("dilation", "side"), [((2, 0), 44), ((2, 2), 42), ((2, 4), 38)])
def test_light_se_xception_dilates_without_new_parameters(
    dilation: tuple[int, int], side: int
) -> None:
    cost = facts(light_se_xception, dilation=dilation, activation="relu")
    assert cost.shapes["conv2"] == (8, side, side)
    assert cost.keras_total == 66_823


def test_light_se_xception_crops_only_48_and_repeats_only_gray() -> None:
    model = light_se_xception.build(7).eval()
    image = torch.rand(1, 1, 48, 48)
    framed = image.clone()
    framed[..., 0, :] = framed[..., -1, :] = framed[..., 0] = framed[..., -1] = 9.0
    assert torch.equal(model(image), model(framed))
    assert facts(light_se_xception, size=46).shapes["conv1"] == (8, 44, 44)
    assert facts(light_se_xception, channels=3).keras_total == 66_823
    assert facts(light_se_xception, gray_as_rgb=False).parameters == 65_351 - 2 * 9 * 8


def test_plain_cnn_is_the_nearest_to_the_published_count() -> None:
    assert facts(plain_cnn).parameters == facts(plain_cnn, size=46).parameters == 15_779_655
    assert facts(plain_cnn).macs == 705_755_136
    assert facts(plain_cnn, batch_norm=True).parameters == 15_779_655 + 2 * 4_224


@pytest.mark.parametrize(
    ("size", "parameters", "macs"), [(48, 476_839, 92_488_672), (100, 477_095, 98_058_464)]
)
def test_dense_dsc_has_the_counts_of_the_reading(size: int, parameters: int, macs: int) -> None:
    cost = facts(dense_dsc, size=size)
    assert (cost.parameters, cost.macs) == (parameters, macs)


def test_dense_dsc_widens_by_twice_the_growth() -> None:
    shapes = facts(dense_dsc).shapes
    assert shapes["stem"] == (32, 48, 48)
    assert shapes["stage1"] == (32 + 3 * 2 * 16, 48, 48)
    assert shapes["transition1"] == (64, 24, 24)
    assert facts(dense_dsc, size=100).shapes["stem"] == (32, 50, 50)
    assert facts(dense_dsc, stem="3x3").shapes["stem"] == (32, 24, 24)


def test_resnet50_fc512_has_the_published_count() -> None:
    cost = facts(resnet50_fc512, size=224)
    assert (cost.parameters, cost.macs) == (24_580_999, 3_778_301_440)
    assert cost.shapes["stage1"] == (256, 56, 56) and cost.shapes["stage4"] == (2048, 7, 7)
    assert facts(resnet50_fc512, fc=False).parameters == 24_580_999 - 1_052_679 + 2_049 * 7


def test_resnet50_fc512_draws_weights_as_keras_does() -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(64, 256, 3)
    std = math.sqrt(2 / (64 * 9))
    resnet50_fc512._he_normal(layer)
    assert layer.weight.std().item() == pytest.approx(std, rel=0.01)
    assert layer.weight.abs().max() <= 2 * std / 0.8796
    assert layer.weight.abs().max() > 2 * std
    resnet50_fc512._glorot_uniform(layer)
    limit = math.sqrt(6 / (9 * (64 + 256)))
    assert 0.99 * limit < layer.weight.abs().max() <= limit
    assert not layer.bias.any()


@pytest.mark.parametrize(
    ("name", "times"),
    [("dense_dsc", 1), ("mlp", 2), ("plain_cnn", 1), ("resnet18", 1), ("resnet50_fc512", 1)],
)
def test_dropout_is_what_was_asked_for(name: str, times: int) -> None:
    with torch.device("meta"):
        model = make(name, 7, 1, 48, {"dropout": 0.25})
    found = [layer.p for layer in model.modules() if isinstance(layer, nn.Dropout)]
    assert found == [0.25] * times


def test_resnet50_fc512_normalises_and_starts_as_it_says() -> None:
    model = resnet50_fc512.build(7, init="glorot_uniform")
    norms = [layer for layer in model.modules() if isinstance(layer, nn.BatchNorm2d)]
    assert len(norms) == 53 and {(n.eps, n.momentum) for n in norms} == {(1.001e-5, 0.01)}
    limit = math.sqrt(6 / (512 + 7))
    assert 0.98 * limit < model.classify.weight.abs().max() <= limit


def test_dense_dsc_takes_the_wide_stem_from_64_pixels_on() -> None:
    assert facts(dense_dsc, size=63).shapes["stem"] == (32, 63, 63)
    assert facts(dense_dsc, size=64).shapes["stem"] == (32, 32, 32)
    with torch.device("meta"):
        narrow = dense_dsc.build(7, growth=(8, 16))
    assert narrow.stage1[0].attend.squeeze.out_features == 1  # 8 // 16 would be no gate


@pytest.mark.parametrize(("word", "kind"), [("elu", nn.ELU), ("relu", nn.ReLU)])
def test_light_se_xception_has_one_activation(word: str, kind: type[nn.Module]) -> None:
    model = light_se_xception.build(7, activation=word)
    found = {type(layer) for layer in model.modules() if isinstance(layer, nn.ELU | nn.ReLU)}
    assert found == {kind}


@pytest.mark.parametrize(
    ("hidden", "parameters"),
    [
        ([128, 32], 299_399),
        ([512, 256], 1_313_287),
        ([512, 256, 128], 1_345_287),
        ([256, 128], 623_879),
        ([64, 32, 16], 150_247),
        ([884, 886, 888], 3_615_609),
        ([500, 550, 600, 650, 700], 2_609_907),
    ],
)
def test_mlp_has_the_counts_of_the_study(hidden: list[int], parameters: int) -> None:
    assert facts(mlp, hidden=hidden).parameters == parameters


def test_mlp_by_rows_sees_each_row_alone() -> None:
    model = mlp.build(7, hidden=[128, 32], rows=True)
    image = torch.rand(1, 1, 48, 48)
    assert torch.allclose(model(image), model(image.flip(2)), atol=1e-6)
    assert not torch.allclose(model(image), model(image.flip(3)), atol=1e-3)
    assert sum(p.numel() for p in model.parameters()) == 11_984


def test_mlp_softmax_is_the_identity_of_the_published_code() -> None:
    model = mlp.build(7, activation="softmax").eval()
    zero, image = torch.zeros(1, 1, 48, 48), torch.rand(1, 1, 48, 48)
    halfway = (model(zero) + model(image)) / 2
    assert torch.allclose(model(image / 2), halfway, atol=1e-5)


def test_mini_xception_has_the_published_count() -> None:
    cost = facts(mini_xception, size=64)
    assert (cost.parameters, cost.keras_total, cost.macs) == (56_951, 58_423, 10_163_392)
    assert [cost.shapes[f"down{k}"][1] for k in range(1, 5)] == [30, 15, 8, 4]


def test_keras_pools_an_even_side_only_right_and_below() -> None:
    rising = torch.arange(36.0).reshape(1, 1, 6, 6)
    assert KerasSamePool()(rising)[0, 0].tolist() == [[14, 16, 17], [26, 28, 29], [32, 34, 35]]
    odd = torch.arange(25.0).reshape(1, 1, 5, 5)
    assert torch.equal(KerasSamePool()(odd), nn.functional.max_pool2d(odd, 3, 2, 1))


def test_resnet18_keeps_the_size_in_its_stem() -> None:
    cost = facts(resnet18)
    assert (cost.parameters, cost.macs) == (11_171_271, 1_247_038_976)
    assert cost.shapes["stem"] == (64, 48, 48) and cost.shapes["stage4"] == (512, 6, 6)


# The support vector machine


def fitted(labels: list[int], classes: int) -> tuple[nn.Module, torch.Tensor]:
    """A machine fitted to images whose brightness tells the class, and those images in 0..1."""
    rng = np.random.default_rng(0)
    level = 60 * np.array(labels)[:, None, None, None]
    images = (20 + level + rng.integers(0, 9, (len(labels), 1, 8, 8))).astype(np.uint8)
    images[:, :, 0, 0] = 7  # a pixel that never changes
    model = linear_svm.build(classes, size=8)
    linear_svm.fit(model, images, np.array(labels))
    return model, torch.from_numpy(images) / 255


def test_linear_svm_answers_as_the_solver_does() -> None:
    labels = [0, 1, 3] * 20
    model, images = fitted(labels, classes=4)
    margins = model(images)
    x = images.flatten(1).numpy()
    x = (x - x.mean(0)) / (x.std(0) + 1e-3)
    solver = LinearSVC(C=1e-4, dual=False).fit(x, labels)
    assert np.allclose(margins[:, [0, 1, 3]].detach(), solver.decision_function(x), atol=1e-4)
    assert (margins[:, 2] == -1).all()


def test_linear_svm_of_two_classes_has_one_margin_with_two_signs() -> None:
    labels = [0, 2] * 20
    model, images = fitted(labels, classes=3)
    margins = model(images)
    assert margins.argmax(1).tolist() == labels
    assert torch.allclose(margins[:, 0], -margins[:, 2], atol=1e-5)


def test_linear_svm_weighs_classes() -> None:
    rng = np.random.default_rng(1)
    images = rng.integers(0, 255, (80, 1, 4, 4)).astype(np.uint8)
    labels = (rng.random(80) < 0.2).astype(int)
    answers = []
    for weights in ([1.0, 1.0], [1.0, 50.0]):
        model = linear_svm.build(2, size=4)
        linear_svm.fit(model, images, labels, weights=np.array(weights))
        answers.append(int(model(torch.from_numpy(images) / 255).argmax(1).sum()))
    assert answers[0] < answers[1]


def test_linear_svm_takes_every_seed_of_a_recipe() -> None:
    model = linear_svm.build(2, size=4)
    images = np.random.default_rng(0).integers(0, 255, (8, 1, 4, 4)).astype(np.uint8)
    linear_svm.fit(model, images, np.arange(8) % 2, seed=2**63 - 1)


def test_linear_svm_needs_two_classes() -> None:
    with pytest.raises(FerError, match="fewer than two classes"):
        fitted([1, 1, 1], classes=3)


# Building by name, and what a user is told


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: light_se_xception.build(7, activation="gelu"), "known are elu, relu"),
        (lambda: light_se_xception.build(7, dilation=(2,)), "not two numbers"),
        (lambda: mlp.build(7, activation="elu"), "known are leaky_relu, relu, sigmoid"),
        (lambda: mlp.build(7, hidden=[0]), "width under 1"),
        (lambda: mlp.build(7, size=6, rows=True), "cannot stand for 7 classes"),
        (lambda: dense_dsc.build(7, stem="5x5"), "known are 1x1, 3x3, auto"),
        (lambda: dense_dsc.build(7, growth=[]), "growth is empty"),
        (lambda: resnet50_fc512.build(7, init="zeros"), "known are glorot_uniform, he_normal"),
        (lambda: plain_cnn.build(7, size=24), "at least 32 px, not 24"),
        (lambda: make("light_se_xceptoin", 7, 1, 48), "known are coupled, dense_dsc"),
        (lambda: mlp.build(7, size=0), "at least 1 px, not 0"),
        (lambda: linear_svm.build(7, size=-3), "at least 1 px, not -3"),
    ],
)
def test_wrong_values_are_named(build, message: str) -> None:
    with pytest.raises(FerError, match=message):
        build()


@pytest.mark.parametrize(
    ("name", "options", "classes"),
    [
        ("mlp", {"hidden": "abc"}, 7),
        ("mlp", {"hidden": [32.5]}, 7),
        ("dense_dsc", {"growth": 16}, 7),
        ("dense_dsc", {"dropout": 2.0}, 7),
        ("dense_dsc", {"reduction": 0}, 7),
        ("light_se_xception", {"dilation": 2}, 7),
        ("residual", {"kernel": -1}, 7),
        ("mini_xception", {}, -1),
    ],
)
def test_options_that_give_no_network_are_named(name, options, classes) -> None:
    given = ", ".join(f"{key}={value!r}" for key, value in options.items()) or "no options"
    message = f"model {name} cannot be built with {given} for {classes} classes at 48x48x1 ("
    with pytest.raises(FerError, match=re.escape(message) + r".+\); give other values$"):
        make(name, classes, 1, 48, options)


@pytest.mark.parametrize("option", ["--size", "--classes"])
def test_a_network_for_nothing_is_no_use(option: str) -> None:
    done = CliRunner().invoke(command, ["mlp", option, "0"])
    assert done.exit_code == 2 and "0 is not in the range x>=1" in done.output


def test_a_users_own_file_is_a_model(tmp_path: Path) -> None:
    file = tmp_path / "my_net.py"
    file.write_text(
        "from torch import nn\n"
        "def tiny(classes, channels=1, size=48, *, width=2):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(channels * size**2, classes))\n"
        "def wrapped(classes, channels, size, **options):\n"
        "    return tiny(classes, channels, size, **options)\n"
        "def nothing(classes, channels=1, size=48):\n"
        "    return None\n"
    )
    assert make(f"{file}:tiny", 3, 1, 8, {"width": 4})(torch.rand(2, 1, 8, 8)).shape == (2, 3)
    assert make(f"{file}:wrapped", 3, 1, 8, {"width": 4})(torch.rand(2, 1, 8, 8)).shape == (2, 3)
    with pytest.raises(FerError, match="no function 'build'"):
        make(str(file), 3, 1, 8)
    with pytest.raises(FerError, match="known are width"):
        make(f"{file}:tiny", 3, 1, 8, {"widht": 4})
    with pytest.raises(FerError, match=r"gives no torch\.nn\.Module"):
        make(f"{file}:nothing", 3, 1, 8)
    with pytest.raises(TypeError):  # a fault in it keeps its traceback
        make(f"{file}:tiny", 3, 1, "8")  # type: ignore[arg-type]


# Counting


def test_count_leaves_the_model_as_it_was_and_latency_is_a_time() -> None:
    model = mini_xception.build(7, size=24)
    model.last.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    cost = count(model, (1, 24, 24))
    assert cost.bytes == 4 * cost.keras_total + 8 * 14  # 14 batch norms count their batches
    assert 0 < latency(model, (1, 24, 24), repeats=3) < 1_000
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())
    assert model.training and model.down1.training and not model.last.training
    assert not any(m._forward_hooks for m in model.modules())


def test_count_of_a_grouped_convolution_and_a_layer_that_runs_twice() -> None:
    grouped = nn.Conv2d(4, 8, 3, padding=1, groups=4)
    assert count(nn.Sequential(grouped), (4, 5, 5)).macs == 8 * 9 * 25
    twice = nn.Linear(6, 6)
    assert count(nn.Sequential(nn.Flatten(), twice, twice), (1, 2, 3)).macs == 72


def test_an_odd_batch_on_two_threads_leaves_memory_whole() -> None:
    # torch's own strided 1x1 ends in a segmentation fault here, on a CPU with AVX-512
    program = """
import torch
from fertools.models import light_se_xception
torch.set_num_threads(2)
model = light_se_xception.build(7).train().to(memory_format=torch.channels_last)
for _ in range(60):
    images = torch.rand(5, 1, 48, 48).contiguous(memory_format=torch.channels_last)
    model(images).sum().backward()
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("shape", [(5, 8, 44, 44), (2, 8, 45, 43)])
def test_a_thinned_convolution_is_the_strided_one(shape: tuple[int, ...]) -> None:
    thinned = conv(8, 16, 1, stride=2, bias=True)
    assert isinstance(thinned, Thinned)
    plain = nn.Conv2d(8, 16, 1, stride=2)
    plain.load_state_dict(thinned.state_dict())
    images = torch.rand(shape)
    torch.testing.assert_close(thinned(images), plain(images))


@pytest.mark.parametrize("order", [torch.channels_last, torch.contiguous_format])
def test_a_packed_use_gives_the_same_gradient_without_gaps(order: torch.memory_format) -> None:
    values = torch.rand(3, 4, 6, 5)
    gradients = []
    for use in (packed, lambda x: x):
        maps = values.clone(memory_format=order).requires_grad_()
        source = maps * 2
        source.register_hook(gradients.append)
        (torch.cat((use(source), maps), 1) * torch.arange(8.0)[:, None, None]).sum().backward()
    ours, plain = gradients
    assert torch.equal(ours, plain)
    assert ours.is_contiguous(memory_format=order)
    assert not plain.is_contiguous(memory_format=order)
    assert packed(values) is values  # nothing to do without a gradient
