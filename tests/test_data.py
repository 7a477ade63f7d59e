"""The feed: parts, classes and labels of a manifest, in torch's own loader and in ours."""

import pickle
import subprocess
import sys
from pathlib import Path

import albumentations as A
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import torch
from albumentations.pytorch import ToTensorV2
from torch.utils.data import ConcatDataset, DataLoader, Subset

from fertools import FaceDataset, make_loader
from fertools.columns import put
from fertools.data import as_float
from fertools.data.balance import class_weights
from fertools.data.loader import Joined
from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.fakes import ck48
from fertools.ingest import ingest
from fertools.manifest import read_manifest, write_manifest
from fertools.split import SplitOptions, split


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    raws = ck48.write(folder / "raw", people=12).raws(folder / "raw")
    ingest("ck48", raws, folder / "data")
    split([folder / "data"], folder / "parts.parquet", SplitOptions(ratios=(6, 2, 2)))
    split([folder / "data"], folder / "folds.parquet", SplitOptions(folds=4))
    return folder


@pytest.fixture(scope="module")
def train(study) -> FaceDataset:
    return FaceDataset(study / "parts.parquet", "train")


def test_an_item_is_an_image_and_a_label(study, train) -> None:
    manifest = read_manifest(study / "parts.parquet")
    faces = open_faces(manifest)
    image, label = train[5]
    row = int(train.rows[5])
    assert image.shape == (1, 48, 48) and image.dtype == torch.float32
    assert np.allclose(image[0].numpy(), faces[row] / np.float32(255))
    assert train.classes[int(label)] == manifest.table["label"][row].as_py()
    assert label.dtype == torch.int64 and train.ids[5] == manifest.table["id"][row].as_py()
    assert train.classes == sorted(train.classes) and train.shape == (1, 48, 48)
    assert len(train) == train.counts.sum() and f"{len(train)} faces" in repr(train)


def test_parts_hold_every_usable_row_once(study) -> None:
    manifest = read_manifest(study / "parts.parquet")
    parts = [FaceDataset(manifest, name) for name in ("train", "val", "test")]
    rows = np.concatenate([part.rows for part in parts])
    table = manifest.table.to_pandas()
    assert sorted(rows) == np.flatnonzero((table.status == "ok") & table.split.notna()).tolist()
    assert all(part.classes == parts[0].classes for part in parts)


def test_a_plain_loader_gives_what_ours_gives(train) -> None:
    plain = list(DataLoader(train, batch_size=16))
    ours = list(make_loader(train, 16))
    assert len(plain) == len(ours) == -(-len(train) // 16)
    for (images, labels), (again, same) in zip(plain, ours, strict=True):
        assert torch.equal(images, again) and torch.equal(labels, same)


def test_subsets_and_concatenations_work(study, train) -> None:
    val = FaceDataset(study / "parts.parquet", "val")
    both = ConcatDataset([Subset(train, [4, 2]), val])
    images, labels = next(iter(DataLoader(both, batch_size=len(both))))
    assert torch.equal(images[0], train[4][0]) and torch.equal(images[2], val[0][0])
    assert labels.tolist() == [int(both[i][1]) for i in range(len(both))]


def test_spawned_workers_read_the_same(train) -> None:
    loader = DataLoader(train, batch_size=32, num_workers=2, multiprocessing_context="spawn")
    images = torch.cat([images for images, _ in loader])
    assert torch.equal(images, train.pixels(np.arange(len(train))).float().div(255))


def test_a_pickle_carries_no_pixels(train) -> None:
    train[0]  # the map is open now
    data = pickle.dumps(train)
    assert len(data) < 48 * 48 * len(train) / 4
    again = pickle.loads(data)
    assert torch.equal(again[3][0], train[3][0])


def test_fold_k_tests_the_next_validates_the_rest_trains(study) -> None:
    manifest = read_manifest(study / "folds.parquet")
    folds = manifest.table["fold"].to_pylist()
    parts = {n: FaceDataset(manifest, n, fold=3) for n in ("train", "val", "test")}
    found = {name: {folds[row] for row in part.rows} for name, part in parts.items()}
    assert found == {"train": {1, 2}, "val": {0}, "test": {3}}
    assert len(FaceDataset(manifest, fold=0)) == sum(len(part) for part in parts.values())
    with pytest.raises(FerError, match="fold 4: from 0 to 3"):
        FaceDataset(manifest, "train", fold=4)
    with pytest.raises(FerError, match="give fold="):
        FaceDataset(manifest, "train")
    with pytest.raises(FerError, match=r"has no folds; leave the fold out, or give .* -o OUT`"):
        FaceDataset(study / "parts.parquet", "train", fold=0)


def test_classes_stand_in_the_order_given_and_others_are_counted(study, train) -> None:
    some = FaceDataset(study / "parts.parquet", "train", classes=["surprise", "anger"])
    counts = dict(zip(train.classes, train.counts.tolist(), strict=True))
    assert some.counts.tolist() == [counts["surprise"], counts["anger"]]
    assert sum(some.left_out.values()) == len(train) - len(some)
    assert "surprise" not in some.left_out and some.left_out["fear"] == counts["fear"]
    with pytest.raises(FerError, match="class 'joy': known are anger"):
        FaceDataset(study / "parts.parquet", "train", classes=["joy"])
    with pytest.raises(FerError, match="stands there twice"):
        FaceDataset(study / "parts.parquet", "train", classes=["fear", "fear"])


def test_words_are_merged_or_left_out(study, train) -> None:
    counts = dict(zip(train.classes, train.counts.tolist(), strict=True))
    merged = FaceDataset(
        study / "parts.parquet", "train", merge={"contempt": "disgust", "fear": None}
    )
    assert "contempt" not in merged.classes and "fear" not in merged.classes
    found = dict(zip(merged.classes, merged.counts.tolist(), strict=True))
    assert found["disgust"] == counts["disgust"] + counts["contempt"]
    assert merged.left_out == {"(none)": counts["fear"]}
    with pytest.raises(FerError, match="word to merge 'joy': known are"):
        FaceDataset(study / "parts.parquet", "train", merge={"joy": "fear"})


def test_soft_labels_are_the_rule_s_probabilities_over_the_classes(study) -> None:
    manifest = read_manifest(study / "parts.parquet")
    words = manifest.table["label"].to_pylist()
    target = [[(w, 0.6), ("fear", 0.3), ("contempt", 0.1)] if w == "anger" else [(w, 1.0)]
              for w in words]  # fmt: skip
    target = [
        [("contempt", 1.0)] if w == "sadness" else t for w, t in zip(words, target, strict=True)
    ]
    target = [t if w is not None else None for w, t in zip(words, target, strict=True)]
    kind = pa.map_(pa.string(), pa.float32())
    soft = manifest.replace(manifest.table.append_column("target", pa.array(target, kind)))
    classes = ["anger", "fear", "sadness"]
    found = FaceDataset(soft, "train", classes=classes, labels="soft")
    anger = found.labels_of(np.flatnonzero(found.targets == 0))
    assert torch.allclose(anger, torch.tensor([2 / 3, 1 / 3, 0.0]))
    # all of its probability lies outside the classes: its hard label stands
    sadness = found.labels_of(np.flatnonzero(found.targets == 2))
    assert len(sadness) and torch.equal(sadness, torch.tensor([0.0, 0.0, 1.0]).expand_as(sadness))
    label = found[0][1]
    assert label.dtype == torch.float32 and float(label.sum()) == pytest.approx(1)
    with pytest.raises(FerError, match="soft labels: the manifest has none"):
        FaceDataset(manifest, "train", labels="soft")
    with pytest.raises(FerError, match="labels 'sfot': known are hard, soft"):
        FaceDataset(manifest, "train", labels="sfot")


def test_rows_are_kept(study) -> None:
    some = FaceDataset(study / "parts.parquet", "train")
    every = list(zip(some.ids, some.targets.tolist(), strict=True))
    wanted = np.arange(len(some)) % 3 == 0
    some.keep(wanted)
    assert list(zip(some.ids, some.targets.tolist(), strict=True)) == every[::3]


def test_faces_come_in_the_size_asked_for(study) -> None:
    big = FaceDataset(study / "parts.parquet", "val", size=64, channels=3)
    assert big.shape == (3, 64, 64) and big[0][0].shape == (3, 64, 64)
    assert big.pixels(np.array([0, 1])).shape == (2, 3, 64, 64)


def test_every_epoch_has_its_own_order_and_the_seed_decides(train) -> None:
    def orders(seed: int) -> list[list[int]]:
        loader = make_loader(train, 32, shuffle=True, seed=seed)
        return [torch.cat([labels for _, labels in loader]).tolist() for _ in range(2)]

    one, two = orders(0), orders(0)
    assert one == two != orders(1) and one[0] != one[1]
    assert sorted(one[0]) == sorted(train.targets.tolist())
    late = make_loader(train, 32, shuffle=True)
    late.order.epoch = 1
    assert torch.cat([labels for _, labels in late]).tolist() == one[1]


def test_the_last_batch_may_be_left_out(train) -> None:
    loader = make_loader(train, 32, drop_last=True)
    assert [len(labels) for _, labels in loader] == [32] * (len(train) // 32) and len(loader) > 1
    with pytest.raises(FerError, match="batch size 0: at least 1"):
        make_loader(train, 0)


def test_processes_share_an_epoch(train) -> None:
    alone = make_loader(train, 30, shuffle=True, seed=4)
    shares = [make_loader(train, 10, shuffle=True, seed=4, share=(i, 3)) for i in range(3)]
    whole = [set(alone.order.indices()[i : i + 30]) for i in range(0, len(train) - 30, 30)]
    parts = [share.order.indices() for share in shares]
    assert len({len(part) for part in parts}) == 1
    for number, batch in enumerate(whole):
        mine = [set(part[10 * number : 10 * number + 10]) for part in parts]
        assert set.union(*mine) == batch and sum(map(len, mine)) == 30
    assert set(np.concatenate(parts)) == set(range(len(train)))


def test_a_part_can_lie_on_the_device(train) -> None:
    held = make_loader(train, 32, shuffle=True, device="cpu")
    plain = make_loader(train, 32, shuffle=True)
    for (images, labels), (again, same) in zip(held, plain, strict=True):
        assert torch.equal(images, again) and torch.equal(labels, same)


@pytest.mark.parametrize("channels", [1, 3])
def test_batches_that_are_kept_are_never_written_again(study, channels) -> None:
    some = FaceDataset(study / "parts.parquet", "train", size=24, channels=channels)
    loader = make_loader(some, 8)
    kept = [(images, images.numpy().copy()) for images, _ in loader]  # more than it has arrays for
    views = [images[:, :, 3] for images, _ in loader]
    again = [images.clone() for images, _ in loader]
    assert len(kept) > 2 * loader._scaled.MOST
    for (images, then), view, now in zip(kept, views, again, strict=True):
        assert np.array_equal(images, then) and torch.equal(images, now)
        assert torch.equal(view, now[:, :, 3])
    assert torch.equal(kept[0][0][3], some[3][0])
    places = {images.data_ptr() for _ in range(3) for images, _ in loader}
    assert len(places) <= loader._scaled.MOST  # and those that nobody keeps are


def test_batches_are_kept_where_python_counts_no_argument(study, monkeypatch) -> None:
    counted = sys.getrefcount
    # as from Python 3.14 on, where a name that is handed on is only borrowed
    monkeypatch.setattr(sys, "getrefcount", lambda value: counted(value) - 2)
    loader = make_loader(FaceDataset(study / "parts.parquet", "train", size=24), 8)
    batches = iter(loader)
    held = [next(batches)[0] for _ in range(loader._scaled.MOST)]
    again = [images.clone() for images, _ in loader]
    assert len({images.data_ptr() for images in held}) == len(held)
    assert all(torch.equal(*pair) for pair in zip(held, again, strict=False))
    part = held[1][2:3, :, 4]  # holds its batch as well as the whole does
    wanted, place = part.clone(), held[1].data_ptr()
    del held
    places = {images.data_ptr() for images, _ in loader}
    assert place not in places and torch.equal(part, wanted)
    del part
    assert len({images.data_ptr() for _ in range(3) for images, _ in loader}) <= 2


def test_workers_read_the_same_batches_ahead(train, study) -> None:
    for dataset in (train, Joined(train, FaceDataset(study / "parts.parquet", "val"))):
        alone, ahead = (
            make_loader(dataset, 32, shuffle=True, seed=2, workers=workers) for workers in (0, 2)
        )
        assert len(alone) == len(ahead)
        for (images, labels), (again, same) in zip(alone, ahead, strict=True):
            assert torch.equal(images, again) and torch.equal(labels, same)
    state = torch.get_rng_state()
    flipped = make_loader(train, 32, workers=1, augment=lambda images: images.flip(3))
    first = next(iter(flipped))[0]
    assert torch.equal(first, next(iter(make_loader(train, 32)))[0].flip(3))
    assert torch.equal(torch.get_rng_state(), state)
    with pytest.raises(FerError, match="leave workers out"):
        make_loader(train, 32, workers=1, device="cpu")


def test_workers_read_one_pass_at_a_time(train) -> None:
    """Both would get a share of one pass, without a word."""
    loader = make_loader(train, 32, workers=1)
    with pytest.raises(FerError, match=r"another pass .* began before this one had ended"):
        list(zip(loader, loader, strict=True))
    next(iter(loader))  # a look that is not gone on with
    assert len(torch.cat([labels for _, labels in loader])) == len(train)
    both = zip(make_loader(train, 32), make_loader(train, 32, workers=1), strict=True)
    assert all(torch.equal(one[0], two[0]) for one, two in both)


def test_weights_of_classes_have_mean_one_and_are_cut() -> None:
    counts = np.array([100, 50, 25])
    for how in ("inverse", "sqrt", "effective(0.99)"):
        weights = class_weights(counts, how)
        assert (weights * counts).sum() / counts.sum() == pytest.approx(1)
        assert weights[0] < weights[1] < weights[2]
    inverse = class_weights(counts, "inverse")
    assert inverse[2] == pytest.approx(4 * inverse[0])
    beta = 0.99  # Cui et al. 2019, equation 2
    ratio = class_weights(counts, "effective(0.99)")
    assert ratio[0] / ratio[1] == pytest.approx((1 - beta**50) / (1 - beta**100))
    assert class_weights([10_000, 1], "inverse").tolist() == [pytest.approx(0.50005), 10.0]
    assert class_weights([4, 0], "inverse").tolist() == [1.0, 0.0]
    for wrong in ("invers", "effective(2)", "effective(x)"):
        with pytest.raises(FerError):
            class_weights(counts, wrong)


def test_a_balanced_loader_draws_classes_alike(study) -> None:
    some = FaceDataset(study / "parts.parquet", "train", classes=["anger", "surprise"])
    some.keep((some.targets == 1) | (np.cumsum(some.targets == 0) <= 3))
    loader = make_loader(some, 16, balance="inverse", seed=1)
    drawn = np.concatenate([loader.order._whole() for loader.order.epoch in range(200)])
    share = (some.targets[drawn] == 0).mean()
    assert some.counts[0] == 3 < some.counts[1] and 0.4 < share < 0.6


def test_several_data_sets_are_joined(study, train) -> None:
    some = FaceDataset(study / "parts.parquet", "val", classes=["surprise", "anger"])
    joined = Joined(train, some)
    assert len(joined) == len(train) + len(some)
    counts = train.counts.copy()
    counts[train.classes.index("surprise")] += some.counts[0]
    counts[train.classes.index("anger")] += some.counts[1]
    assert (joined.counts == counts).all()
    at = np.array([len(train) + 1, 0, len(train)])
    pixels = joined.pixels(at)
    assert torch.equal(pixels[0], some.pixels(np.array([1]))[0])
    assert torch.equal(pixels[1], train.pixels(np.array([0]))[0])
    labels = [train.classes[i] for i in joined.labels_of(at)]
    assert labels[0] == some.classes[some.targets[1]] and joined.ids[at[2]] == some.ids[0]
    images = torch.cat([images for images, _ in make_loader(joined, 64)])
    assert len(images) == len(joined)
    with pytest.raises(FerError, match="class 'contempt': known are anger, surprise"):
        Joined(some, train)
    with pytest.raises(FerError, match="in one batch: give size and channels"):
        Joined(train, FaceDataset(study / "parts.parquet", "val", size=64))
    with pytest.raises(FerError, match="transform works image by image: leave it out"):
        Joined(train, FaceDataset(study / "parts.parquet", "val", transform=lambda face: face))


SHAKE = A.Compose([A.Rotate((-40, 40), p=1), A.RandomBrightnessContrast(p=1)])


def firsts(dataset: FaceDataset, workers: int, seed: int = 0) -> list[torch.Tensor]:
    """The image that is row 0 of every batch, over two epochs of two batches."""
    loader = make_loader(dataset, 8, seed=seed, workers=workers)
    return [images for _ in range(2) for images, _ in loader]


def shaken(study: Path, transform) -> FaceDataset:
    """Sixteen times the same face, so that equal images are equal draws."""
    manifest = read_manifest(study / "parts.parquet")
    row = int(FaceDataset(manifest, "train").rows[0])
    table = manifest.table.take(pa.array([row] * 16))
    return FaceDataset(manifest.replace(table), "train", transform=transform)


@pytest.mark.parametrize("workers", [0, 2])
def test_albumentations_draw_anew_in_every_worker_and_epoch(study, workers) -> None:
    dataset = shaken(study, SHAKE)
    batches = firsts(dataset, workers)
    images = torch.cat(batches).flatten(1)
    assert len(torch.unique(images, dim=0)) == len(images) == 32
    again = torch.cat(firsts(dataset, workers)).flatten(1)
    assert torch.equal(images, again)  # the loader's seed decides
    other = torch.cat(firsts(dataset, workers, seed=1)).flatten(1)
    assert not torch.equal(images, other)


@pytest.mark.parametrize("workers", [0, 1])
def test_processes_that_share_an_epoch_draw_apart(study, workers) -> None:
    dataset = shaken(study, SHAKE)
    shares = [
        torch.cat([images for images, _ in make_loader(dataset, 8, workers=workers, share=(k, 2))])
        for k in (0, 1)
    ]
    assert len(torch.unique(torch.cat(shares).flatten(1), dim=0)) == 16


def test_a_transform_in_two_data_sets_draws_apart(study) -> None:
    one, two = shaken(study, SHAKE), shaken(study, SHAKE)
    two.keep(np.arange(len(two)) > 0)
    assert not torch.equal(one[0][0], two[0][0])


def test_a_tensor_of_bytes_is_scaled_as_an_array_is(study, train) -> None:
    plain = A.Compose([A.NoOp()])
    to_tensor = A.Compose([A.NoOp(), ToTensorV2()])
    arrays, tensors = (
        FaceDataset(study / "parts.parquet", "train", transform=t)[3][0] for t in (plain, to_tensor)
    )
    assert tensors.dtype == torch.float32 and torch.equal(tensors, arrays)
    assert torch.equal(tensors, train[3][0])


def test_what_cannot_be_fed_is_one_sentence(study, train) -> None:
    path = study / "parts.parquet"
    with pytest.raises(FerError, match=r"split 'train' has no row of the classes \(none\), only"):
        FaceDataset(path, "train", classes=[])
    manifest = read_manifest(path)
    happy = manifest.replace(
        manifest.table.filter(pc.not_equal(manifest.column("label"), "happiness").fill_null(True))
    )
    rest = FaceDataset(happy, "train").classes
    table = put(happy.table, "split", pa.array(["train"] * len(happy.table)))
    table = put(table, "label", pc.if_else(pc.equal(happy.column("split"), "val"), "happiness",
                                           happy.column("label")))  # fmt: skip
    odd = happy.replace(put(table, "split", happy.column("split")))
    with pytest.raises(FerError, match=r"split 'val' has no row of the .*only .*another --seed"):
        FaceDataset(odd, "val", classes=rest)
    with pytest.raises(FerError, match=r"takes a FaceDataset, .* and not a Subset; give that to"):
        make_loader(Subset(train, [1, 2]), 2)
    with pytest.raises(FerError, match="size 0: at least 1"):
        FaceDataset(path, "train", size=0)


def test_transforms_of_one_pipeline_draw_apart_though_it_is_seeded(study) -> None:
    """`Compose(seed=)` hands each transform the same numbers: both flips would always agree."""

    class Column(A.ImageOnlyTransform):
        """Writes the number it draws into a column of the image."""

        def __init__(self, at: int) -> None:
            super().__init__(p=1)
            self.at = at

        def apply(self, img, draw=0, **params):
            img = img.copy()
            img[:, self.at] = draw
            return img

        def get_params(self):
            return {"draw": int(self.py_random.random() * 256)}

    dataset = shaken(study, A.Compose([Column(0), Column(1)], seed=7))
    images = torch.cat([images for images, _ in make_loader(dataset, 16, workers=0)])
    one, two = images[:, 0, 0, 0], images[:, 0, 0, 1]
    assert (one != two).sum() > 12 and len(torch.unique(one)) > 8


def test_an_argument_that_albumentations_does_not_know_is_an_error() -> None:
    with pytest.raises(UserWarning, match="'mode' are not valid for transform Affine"):
        A.Affine(mode=1)
    told = [sys.executable, "-c", "import fertools.data, albumentations as A; A.Affine(mode=1)"]
    done = subprocess.run(told, check=False, capture_output=True, text=True, timeout=100)
    assert done.returncode == 1 and "are not valid for transform Affine" in done.stderr


def test_a_function_may_transform(study) -> None:
    dataset = FaceDataset(study / "parts.parquet", "val", transform=lambda face: face[::-1])
    plain = FaceDataset(study / "parts.parquet", "val")
    assert torch.equal(dataset[2][0], plain[2][0].flip(1))
    tensors = FaceDataset(study / "parts.parquet", "val", transform=lambda face: torch.zeros(2, 3))
    assert tensors[0][0].shape == (2, 3)
    with pytest.raises(FerError, match="need whole batches"):
        make_loader(dataset, 8, device="cpu")


def test_floats_keep_their_values() -> None:
    image = torch.tensor([[0.5, 300.0]])
    assert torch.equal(as_float(image), torch.tensor([[[0.5, 300.0]]]))


def test_rows_that_are_dropped_or_lost_are_in_no_part(study, tmp_path) -> None:
    manifest = read_manifest(study / "parts.parquet")
    train = FaceDataset(manifest, "train")
    reasons = [None] * len(manifest)
    reasons[train.rows[0]] = "blank"
    table = manifest.table.append_column("drop", pa.array(reasons, pa.string()))
    assert len(FaceDataset(manifest.replace(table), "train")) == len(train) - 1
    write_manifest(tmp_path / "alone.parquet", manifest.table, {})
    with pytest.raises(FerError, match=r"no card leads to it; give data .* recipe data\.store"):
        FaceDataset(tmp_path / "alone.parquet", "train")
    found = FaceDataset(tmp_path / "alone.parquet", "train", data=study / "data")
    assert torch.equal(found[0][0], train[0][0])
    with pytest.raises(FerError, match="split 'dev': known are"):
        FaceDataset(manifest, "dev")


@pytest.mark.parametrize("classes", ["anger", {"anger", "fear"}, frozenset({"anger"})])
def test_classes_have_an_order(study, classes) -> None:
    with pytest.raises(FerError, match="give a list, words in the order of their numbers"):
        FaceDataset(study / "parts.parquet", "train", classes=classes)


def test_keep_takes_no_positions_and_changes_nothing_then(study) -> None:
    data = FaceDataset(study / "parts.parquet", "train")
    before = len(data)
    with pytest.raises(FerError, match="keep: takes true or false for each"):
        data.keep(np.arange(3))
    assert len(data) == len(data.ids) == len(data.targets) == before


def test_an_index_is_one_whole_number(train) -> None:
    assert torch.equal(train[np.int64(-1)][0], train[len(train) - 1][0])
    for index in (slice(0, 2), [1, 2], 1.0, np.array([True, False])):
        with pytest.raises(TypeError, match=r"one whole number; torch\.utils"):
            train[index]
    assert train.__getitems__([]) == []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"share": (2, 2)}, "share .2, 2.: give"),
        ({"share": 1}, "share 1: give"),
        ({"seed": -1}, "seed -1: at least 0"),
        ({"batch_size": 8.0}, "batch size 8.0: at least 1"),
        ({"workers": "2"}, "workers '2': at least 0"),
    ],
)
def test_a_loader_refuses_what_it_would_read_wrongly(train, how, said) -> None:
    with pytest.raises(FerError, match=said):
        make_loader(train, **how)


def test_a_transform_that_would_do_nothing_is_refused(study) -> None:
    flip = type("RandomHorizontalFlip", (), {"__call__": lambda self, image: image})
    flip.__module__ = "torchvision.transforms.v2._geometry"  # not installed here
    with pytest.raises(FerError, match="v2 leaves arrays as they are"):
        FaceDataset(study / "parts.parquet", "train", transform=flip())
    with pytest.raises(FerError, match="transform 'flip': give a function"):
        FaceDataset(study / "parts.parquet", "train", transform="flip")


def test_a_frame_of_pandas_takes_the_place_of_the_table(study) -> None:
    manifest = read_manifest(study / "parts.parquet")
    frame = manifest.to_pandas()
    some = manifest.replace(frame[frame["native_label"] == "fear"])
    assert set(FaceDataset(some, "train").classes) == {"fear"}
    assert some.card == manifest.card
    assert len(repr(manifest)) < 200
    with pytest.raises(FerError, match="this is not a manifest"):
        manifest.replace(manifest.table.select(["id", "label"]))
