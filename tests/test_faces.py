"""Faces by position: every way to index, and every store that must be refused."""

import dataclasses
import json
import pickle

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.manifest import Manifest, conform, read_manifest, write_manifest
from fertools.shards import HEADER, ShardWriter, npy_header, open_shard, shard_digest

RNG = np.random.default_rng(0)
GRAY = RNG.integers(0, 256, (7, 8, 8), np.uint8)
COLOUR = RNG.integers(0, 256, (4, 6, 6, 3), np.uint8)


def shard(folder, name, faces):
    writer = ShardWriter(folder / name)
    writer.append(faces[:2])
    assert writer.append(faces[2:]) == 2
    assert not (folder / name).exists()  # in place only once it is whole
    return writer.close()


def made(folder, stores, rows, name="manifest.parquet"):
    """A data folder: `stores` maps store and shard to faces, `rows` are (store, shard, row)."""
    folder.mkdir(exist_ok=True)
    entries = {
        store: {"path": ".", "shards": {n: shard(folder, n, faces) for n, faces in shards.items()}}
        for store, shards in stores.items()
    }
    table = pa.table(
        {
            "id": [f"x/{n}" for n in range(len(rows))],
            "source": ["x"] * len(rows),
            "path": [f"{n}.png" for n in range(len(rows))],
            "status": ["ok" if row else "empty" for row in rows],
            **{
                key: pa.array([row and row[at] for row in rows])
                for at, key in enumerate(("store", "shard", "row"))
            },
        }
    )
    write_manifest(folder / name, conform(table), {}, {"stores": entries})
    return folder / name


@pytest.fixture
def data(tmp_path):
    """Seven faces in two shards, out of order, with a row that has none."""
    shards = {"faces-a-0.npy": GRAY[:4], "faces-b-0.npy": GRAY[4:]}
    rows = [("s", "faces-b-0.npy", 2), None, ("s", "faces-a-0.npy", 0), ("s", "faces-a-0.npy", 3),
            ("s", "faces-b-0.npy", 0), ("s", "faces-a-0.npy", 0)]  # fmt: skip
    return made(tmp_path / "data", {"s": shards}, rows)


TRUTH = [GRAY[6], None, GRAY[0], GRAY[3], GRAY[4], GRAY[0]]


def test_one_face(data):
    faces = open_faces(data)
    assert len(faces) == 6 and faces.shape == (8, 8)
    for at, face in enumerate(TRUTH):
        if face is not None:
            assert np.array_equal(faces[at], face) and faces[at].dtype == np.uint8
    assert np.array_equal(faces[-2], GRAY[4]) and np.array_equal(faces[np.int64(3)], GRAY[3])
    faces[0][:] = 0  # a copy: the store stays as it is
    assert np.array_equal(faces[0], GRAY[6])


@pytest.mark.parametrize(
    ("index", "places"),
    [
        (slice(2, 5), [2, 3, 4]),
        (slice(None, 1, -1), [5, 4, 3, 2]),
        (slice(2, None, 2), [2, 4]),
        (slice(0, 0), []),
        ([5, 0, 5], [5, 0, 5]),
        ([-1, 2], [5, 2]),
        ([], []),
        (np.array([2, 3]), [2, 3]),
        (np.array([], np.int64), []),
        (np.array([3, 4], np.uint8), [3, 4]),
        ((2, 0), [2, 0]),
        (np.array([True, False, True, True, False, False]), [0, 2, 3]),
        ([False] * 6, []),
    ],
)
def test_several_faces(data, index, places):
    batch = open_faces(data)[index]
    assert batch.dtype == np.uint8 and batch.shape == (len(places), 8, 8)
    assert all(np.array_equal(face, TRUTH[at]) for face, at in zip(batch, places, strict=True))


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """Two stores of unlike shape, brought to one."""
    rows = [("s", "f.npy", 6), None, *(("s", "f.npy", n) for n in (0, 3, 4)), ("t", "g.npy", 1)]
    stores = {"s": {"f.npy": GRAY}, "t": {"g.npy": COLOUR}}
    return open_faces(made(tmp_path_factory.mktemp("p") / "d", stores, rows), size=7, channels=3)


@settings(max_examples=50, deadline=None)
@given(places=st.lists(st.sampled_from([0, 2, 3, 4, 5, -1, -2, -6]), max_size=9))
def test_a_batch_is_its_faces_one_by_one(mixed, places):
    assert mixed.shape == (7, 7, 3)
    batch = mixed[places]
    assert batch.shape == (len(places), 7, 7, 3)
    assert all(np.array_equal(b, mixed[at]) for b, at in zip(batch, places, strict=True))


@pytest.mark.parametrize("index", [6, -7, [0, 6], [-7], np.array([True] * 3), [True] * 7])
def test_a_position_outside_is_an_index_error(data, index):
    with pytest.raises(IndexError):
        open_faces(data)[index]


@pytest.mark.parametrize("index", [1, [0, 1], slice(None)])
def test_a_row_without_a_face_says_so(data, index):
    with pytest.raises(FerError, match="row 1 of the manifest has no face"):
        open_faces(data)[index]


def test_pickled_faces_carry_no_pixels(tmp_path):
    many = RNG.integers(0, 256, (500, 48, 48), np.uint8)
    file = made(tmp_path / "d", {"s": {"f.npy": many}}, [("s", "f.npy", n) for n in range(500)])
    faces = open_faces(file)
    assert faces[:].nbytes == many.nbytes
    sent = pickle.dumps(faces)
    assert len(sent) < 20_000
    assert np.array_equal(pickle.loads(sent)[[3, 400]], many[[3, 400]])


def test_a_shard_is_a_plain_npy_file(data):
    file = data.parent / "faces-a-0.npy"
    assert np.array_equal(np.load(file), GRAY[:4])
    np.save(data.parent / "again.npy", GRAY[:4])
    assert (data.parent / "again.npy").read_bytes() == file.read_bytes()
    card = json.loads((data.parent / "card.json").read_text())
    entry = card["stores"]["s"]["shards"]["faces-a-0.npy"]
    assert entry == {"rows": 4, "shape": [8, 8], "sha256": shard_digest(file)}


@given(st.integers(0, 10**9), st.sampled_from([(8, 8), (224, 224, 3), (4096, 4096, 3)]))
def test_every_header_has_one_size(rows, shape):
    assert len(npy_header((rows, *shape))) == HEADER


def test_unlike_faces_are_no_shard(tmp_path):
    writer = ShardWriter(tmp_path / "f.npy")
    assert writer.close() is None and not (tmp_path / "f.npy").exists()
    writer.append(GRAY)
    with pytest.raises(ValueError, match=r"\(6, 6, 3\) in a shard of \(8, 8\)"):
        writer.append(COLOUR)


# --- shape


def test_unlike_stores_need_a_shape(tmp_path):
    stores = {"s": {"f.npy": GRAY}, "t": {"g.npy": COLOUR}}
    file = made(tmp_path / "d", stores, [("s", "f.npy", 0), ("t", "g.npy", 0)])
    with pytest.raises(FerError, match=r"give size= and channels= .*--size, and --gray or --rgb"):
        open_faces(file)
    with pytest.raises(FerError, match="unlike shape"):
        open_faces(file, size=8)
    assert open_faces(file, size=8, channels=1)[:].shape == (2, 8, 8)
    assert open_faces(file, size=5, channels=3)[[1, 0]].shape == (2, 5, 5, 3)
    with pytest.raises(FerError, match=r"channels 2: 1 \(gray\) or 3"):
        open_faces(file, channels=2)


def test_a_face_that_has_the_shape_is_not_touched(data):
    faces = open_faces(data, size=8, channels=1)
    assert np.array_equal(faces[0], GRAY[6]) and np.array_equal(faces[[3]], GRAY[[3]])
    three = open_faces(data, channels=3)
    assert np.array_equal(three[2], np.repeat(GRAY[0][..., None], 3, 2))
    smaller = open_faces(data, size=4)
    assert abs(int(smaller[0].mean()) - int(GRAY[6].mean())) <= 2  # area: the mean stays


def test_context_is_taken_off_again(tmp_path):
    file = made(tmp_path / "d", {"s": {"f.npy": GRAY}}, [("s", "f.npy", 1)])
    card = json.loads((file.parent / "card.json").read_text())
    card["stores"]["s"]["margin"] = 0.5  # half of the box on each side: the box is 4 of 8
    (file.parent / "card.json").write_text(json.dumps(card))
    assert np.array_equal(open_faces(file, crop="box")[0], GRAY[1][2:6, 2:6])
    assert open_faces(file)[0].shape == (8, 8)
    with pytest.raises(FerError, match="crop 'tight': known are box, context"):
        open_faces(file, crop="tight")


def test_a_manifest_without_faces(tmp_path):
    assert len(open_faces(made(tmp_path / "a", {}, []))) == 0
    nothing = open_faces(made(tmp_path / "b", {}, [None, None]))
    assert len(nothing) == 2
    with pytest.raises(FerError, match="has no face"):
        nothing[0]


# --- refused


def cut(file):
    file.write_bytes(file.read_bytes()[:-1])


def grown(file):
    file.write_bytes(file.read_bytes() + b"\0")


def other_shape(file):
    np.save(file, GRAY[:2])


def turned(file):
    np.save(file, np.asfortranarray(GRAY[:4]))


def signed(file):
    np.save(file, GRAY[:4].view(np.int8))


def empty(file):
    file.write_bytes(b"")


def pickled(file):
    np.save(file, np.array([{}] * 4, object), allow_pickle=True)


@pytest.mark.parametrize("spoil", [cut, grown, other_shape, turned, signed, empty, pickled])
def test_a_shard_that_is_not_what_the_card_says_is_refused(data, spoil):
    spoil(data.parent / "faces-a-0.npy")
    faces = open_faces(data)
    assert np.array_equal(faces[0], GRAY[6])  # the other shard
    with pytest.raises(FerError, match=r"faces-a-0\.npy.*run the same ingest again"):
        faces[2]


def test_a_store_that_was_moved_is_found_by_data(data):
    moved = data.parent.rename(data.parent.with_name("moved"))
    own = read_manifest(moved / data.name)
    elsewhere = dataclasses.replace(own, place=data.parent)
    with pytest.raises(FerError, match=r"lies no longer there; give data \(--data FOLDER"):
        open_faces(elsewhere)[2]
    assert np.array_equal(open_faces(elsewhere, moved)[2], open_faces(own)[2])


def test_a_missing_shard_is_named(data):
    (data.parent / "faces-a-0.npy").unlink()
    with pytest.raises(FerError, match=r"faces-a-0\.npy: the shard is missing"):
        open_faces(data)[2]


def spoilt_card(data, change):
    card = json.loads((data.parent / "card.json").read_text())
    change(card["stores"])
    (data.parent / "card.json").write_text(json.dumps(card))


@pytest.mark.parametrize("path", ["/srv/data", "C:/data", "a/../../b", "..\\b", "a/.."])
def test_a_card_cannot_point_anywhere(data, path):
    spoilt_card(data, lambda stores: stores["s"].update(path=path))
    with pytest.raises(FerError, match="a card names folders relative to it"):
        open_faces(data)


def test_a_card_may_point_to_a_sibling(data, tmp_path):
    (tmp_path / "manifests").mkdir()
    manifest = read_manifest(data)
    stores = {k: {**v, "path": "../data"} for k, v in manifest.card["stores"].items()}
    write_manifest(tmp_path / "manifests/x.parquet", manifest.table, {}, {"stores": stores})
    assert np.array_equal(open_faces(tmp_path / "manifests/x.parquet")[0], GRAY[6])


def test_names_and_rows_that_the_card_does_not_know(data):
    manifest = read_manifest(data)

    def opened(**columns):
        table = manifest.table
        for name, values in columns.items():
            table = table.set_column(table.column_names.index(name), name, pa.array(values))
        return open_faces(Manifest(conform(table), manifest.card, manifest.folder))

    names = manifest.table["shard"].to_pylist()
    for name in ("gone.npy", "../secret.npy", ".hidden.npy"):
        with pytest.raises(FerError, match="does not know it"):
            opened(shard=[name, *names[1:]])
    with pytest.raises(FerError, match="row 3 of the manifest: its shard has no row 4"):
        opened(row=[2, None, 0, 4, 0, 0])
    with pytest.raises(FerError, match="row 0 of the manifest: its shard has no row -1"):
        opened(row=[None, None, 0, 3, 0, 0])
    with pytest.raises(FerError, match="face store 'other': no card leads to it"):
        opened(store=["other", None, "s", "s", "s", "s"])


@pytest.mark.parametrize("name", ["s", "s-of-other-options"])
def test_a_store_that_was_made_anew_is_refused(data, tmp_path, name):
    """Same folder, same shards, other faces: the digests of its own card tell."""
    manifest = read_manifest(data)
    stores = {k: {**v, "path": "../data"} for k, v in manifest.card["stores"].items()}
    split = tmp_path / "manifests" / "x.parquet"
    write_manifest(split, manifest.table, {}, {"stores": stores})

    def again(shards):
        for file in data.parent.glob("*.npy"):
            file.unlink()
        made(data.parent, {name: shards}, [])

    more = {"faces-a-0.npy": GRAY[:4], "faces-b-0.npy": GRAY[4:], "faces-c-0.npy": GRAY}
    again(more)
    assert np.array_equal(open_faces(split)[0], GRAY[6])  # it has only grown
    again({**more, "faces-b-0.npy": GRAY[:3]})
    with pytest.raises(FerError, match=r"data: store 's' has another faces-b-0\.npy than"):
        open_faces(split)


def test_a_moved_store_is_found_with_data(data, tmp_path):
    manifest = read_manifest(data)
    alone = tmp_path / "alone"
    write_manifest(alone / "x.parquet", manifest.table, {})
    with pytest.raises(FerError, match="no card leads to it; give data "):
        open_faces(alone / "x.parquet")
    assert np.array_equal(open_faces(alone / "x.parquet", data=data.parent)[0], GRAY[6])
    with pytest.raises(FerError, match=r"no card\.json with a face store"):
        open_faces(alone / "x.parquet", data=tmp_path)


def test_data_is_asked_for_its_own_store_alone(data, tmp_path):
    """Of two data sets, one was moved: the other is still found by the card."""
    other = made(tmp_path / "other", {"t": {"f.npy": GRAY}}, [("t", "f.npy", 5)])
    both = pa.concat_tables([read_manifest(data).table, read_manifest(other).table])
    stores = {
        "s": {**read_manifest(data).card["stores"]["s"], "path": "../data"},
        "t": {**read_manifest(other).card["stores"]["t"], "path": "../gone"},
    }
    write_manifest(tmp_path / "m" / "x.parquet", both, {}, {"stores": stores})
    faces = open_faces(tmp_path / "m" / "x.parquet", data=tmp_path / "other")
    assert np.array_equal(faces[0], GRAY[6]) and np.array_equal(faces[6], GRAY[5])


def test_another_store_of_the_same_name_is_refused(data, tmp_path):
    """Same names and sizes, other faces: the digests tell."""
    card = read_manifest(data).card["stores"]["s"]["shards"]
    shards = {"faces-a-0.npy": GRAY[3:], "faces-b-0.npy": GRAY[:3]}
    assert [e["rows"] for e in card.values()] == [len(f) for f in shards.values()]
    made(tmp_path / "foreign", {"s": shards}, [])
    with pytest.raises(FerError, match=r"store 's' has another faces-a-0\.npy"):
        open_faces(data, data=tmp_path / "foreign")


def test_a_shard_that_claims_more_than_64_bits_hold_is_named(tmp_path):
    file = tmp_path / "faces-x-0.npy"
    file.write_bytes(npy_header((1 << 48, 1 << 16, 1)))
    with pytest.raises(FerError, match="128 bytes instead of"):
        open_shard(file, {"rows": 1 << 48, "shape": [1 << 16, 1], "sha256": ""})


def test_a_face_has_at_least_one_pixel(data):
    with pytest.raises(FerError, match="size 0: at least 1"):
        open_faces(data, size=0)
    assert open_faces(data, size=1)[0].shape == (1, 1)
