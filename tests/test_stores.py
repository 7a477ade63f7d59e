"""Data sets in an object store: the same bytes as on a disk, by a real server that may fail."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from pyarrow import fs

from fertools import locations
from fertools.audit import audit
from fertools.errors import FerError
from fertools.faces import open_faces
from fertools.fakes import _files
from fertools.ingest import ingest
from fertools.ingest.verify import verify
from fertools.locations import at
from fertools.manifest import locate, read_manifest
from fertools.roots import Root
from fertools.split import split
from fertools.split.grouping import Grouping
from fertools.split.options import SplitOptions
from fertools.stats import stats
from tests.faults.lab import IMAGES, UNITS, Lab
from tests.s3_server import digests, serve

DEAL = SplitOptions(ratios=(2, 1, 1), grouping=Grouping(or_else="self"), seed=1)


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


@pytest.fixture(scope="module")
def lab(tmp_path_factory, server):
    lab = Lab(tmp_path_factory.mktemp("lab"))
    server.fill(lab.raw, "raw")
    return lab


@pytest.fixture(scope="module")
def stored(lab, server):
    """The lab's data set, read from the store and written to it."""
    ingest(lab.source, [server.address("raw")], server.address("out"))
    return server.address("out")


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_the_same_bytes_as_on_a_disk(lab, server, stored):
    assert digests(server, "out") == lab.undisturbed
    assert verify(stored) == []


def test_processes_write_to_a_store(lab, server):
    ingest(lab.source, [lab.raw], server.address("two"), workers=2)
    assert digests(server, "two") == lab.undisturbed


def test_what_is_missing_or_cut_off_is_made_again(lab, server, stored):
    at(server.address("out/units/1-000.parquet")).unlink()
    put(server, "out/faces-2-000-0.npy", b"cut off")
    at(server.address("out/manifest.parquet")).unlink()
    done = ingest(lab.source, [server.address("raw")], stored)
    assert done.rows == UNITS * IMAGES
    assert digests(server, "out") == lab.undisturbed


def put(server, path, data):
    place = at(server.address(path))
    with locations.create(place) as file:
        file.write(data)
        locations.put(file, place)


def test_from_split_to_the_data_set_of_a_training(server, stored, tmp_path, lab, cache):
    from fertools.data import FaceDataset

    out = server.address("splits/x.parquet")
    split([stored], out, DEAL)
    assert audit(out).parts
    assert stats(out).rows == UNITS * IMAGES
    train = FaceDataset(out, "train")
    whole = open_faces(lab.folder / "whole")
    assert np.array_equal(train.faces[list(range(len(whole)))], whole[list(range(len(whole)))])
    near = tmp_path / "near.parquet"
    split([stored], near, DEAL)
    with pytest.raises(FerError, match="no card leads to it; give data "):
        FaceDataset(near, "train")
    assert len(FaceDataset(near, "train", data=stored)) == len(train)
    assert read_manifest(near).table == read_manifest(out).table


def test_shards_are_copied_once(server, stored, cache):
    first = open_faces(stored)[:]
    server.told()
    assert np.array_equal(open_faces(stored)[:], first)
    asked = server.told()
    manifest = read_manifest(stored)
    assert len(list((cache / "fertools/copies").iterdir())) == UNITS
    server.told()
    open_faces(manifest)
    assert server.told() == 0
    assert asked < 15  # the manifest and the card


def test_another_shard_in_its_place_is_refused(server, stored, cache):
    path = "out/faces-3-000-0.npy"
    before = at(server.address(path)).read_bytes()
    put(server, path, before[:-1] + bytes([before[-1] ^ 1]))
    try:
        with pytest.raises(FerError, match=r"faces-3-000-0\.npy.*its pixels have changed"):
            open_faces(stored)
        assert [str(fault.file) for fault in verify(stored)] == [server.address(path)]
        assert not list((cache / "fertools/copies").glob(".*"))  # nor is the half of it kept
    finally:
        put(server, path, before)


def test_archives_are_read_by_ranges(server, tmp_path):
    rng = np.random.default_rng(0)
    images = {f"a/{i}.png": rng.bytes(600_000) for i in range(8)}
    raw = tmp_path / "raw"
    raw.mkdir()
    with zipfile.ZipFile(raw / "x.zip", "w") as archive:
        for name, data in images.items():
            archive.writestr(name, data)
    whole = (raw / "x.zip").read_bytes()
    (raw / "y.zip.part0").write_bytes(whole[:2_000_000])
    (raw / "y.zip.part1").write_bytes(whole[2_000_000:])
    server.fill(raw, "zips")
    near, far = Root(raw), Root(server.address("zips"))
    (one, *_), (same, *_) = near.units(near.members), far.units(far.members)
    assert same.digest == one.digest and len(same.members) == 8
    assert [m.path for m in far.members] == [m.path for m in near.members]
    assert [same.read(m) for m in same.members] == list(images.values())
    server.told()
    assert same.read(same.members[3]) == images["a/3.png"]
    assert server.told() <= 4  # a photograph is no whole archive
    alone = Root(server.address("zips/x.zip"))
    assert [m.inner for m in alone.members] == list(images)


def test_a_store_that_fails_and_is_slow_is_asked_again(lab, server):
    try:
        server.told(fail=3, slow=0.01)
        ingest(lab.source, [server.address("raw")], server.address("tried"))
    finally:
        server.told()
    assert digests(server, "tried") == lab.undisturbed


def test_an_upload_that_breaks_off_leaves_nothing(server):
    class Broken(io.BytesIO):
        def read(self, size=-1):
            if self.tell():
                raise KeyboardInterrupt
            return super().read(8 << 20)

    place = at(server.address("broken.npy"))
    with pytest.raises(KeyboardInterrupt):
        place.upload(Broken(bytes(17 << 20)))
    assert not place.exists()


def test_large_files_go_in_parts(server):
    data = np.random.default_rng(0).bytes(12 << 20)
    put(server, "large.bin", data)
    server.told()
    assert at(server.address("large.bin")).read_bytes() == data
    assert server.told() < 5


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("s3://nobody/raw?endpoint_override={host}&scheme=http", "no such bucket"),
        ("s3://lab/raw?endpoint_override={host}&colour=red", "setting 'colour': known are"),
        ("s3://me:secret@lab/raw", "AWS_ACCESS_KEY_ID"),
        ("s3://", "there is no bucket in it"),
        ("s3://lab/nothing?endpoint_override={host}&scheme=http", "no such file or folder"),
        ("s4://lab/raw", "pyarrow cannot open this"),
    ],
)
def test_a_place_that_is_none_is_a_sentence(server, place, said):
    with pytest.raises(FerError, match=said) as caught:
        Root(place.format(host=server.host))
    assert "me:secret" not in str(caught.value)


def test_an_endpoint_that_nobody_answers_at(monkeypatch):
    monkeypatch.setattr(locations.objects, "ATTEMPTS", 2)
    with pytest.raises(FerError, match="cannot be reached; look at the network"):
        Root("s3://lab/raw?endpoint_override=127.0.0.1:9&scheme=http")


def test_wrong_credentials_are_a_sentence(lab, server, stored, tmp_path):
    server.refuse(True)
    try:
        for place in (lambda: Root(server.address("raw")), lambda: read_manifest(stored),
                      lambda: ingest(lab.source, [lab.raw], server.address("no"))):  # fmt: skip
            with pytest.raises(FerError, match="refuses the credentials; set AWS_ACCESS_KEY_ID"):
                place()
    finally:
        server.refuse(False)


def test_who_works_with_files_says_so(stored):
    with pytest.raises(FerError, match="copy them to a disk"):
        locate(stored)


def test_a_file_by_its_address_is_on_the_disk():
    assert at("file:///raw/a b") == at("FILE://localhost/raw/a b") == Path("/raw/a b")


def test_a_path_stays_in_its_bucket(server):
    place = at(server.address("a/b"))
    assert str(place / "../c") == server.address("a/c")
    assert place.parent.name == "a" and place.with_name("x.parquet").stem == "x"
    with pytest.raises(FerError, match="climbs out of the bucket"):
        place / "../../../other"
    assert os.fspath(at("C:/data")) == "C:/data"
    assert at("file:///data/x") == at("/data/x")


# --- a store that is a folder: what needs no server


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Where the objects of every bucket lie."""
    (tmp_path / "store/lab").mkdir(parents=True)
    store = fs.SubTreeFileSystem(str(tmp_path / "store"), fs.LocalFileSystem())
    monkeypatch.setattr(locations.objects, "_filesystem", lambda *_: store)
    return tmp_path / "store"


def test_a_table_and_its_images_lie_in_a_store(shelf, tmp_path):
    rng = np.random.default_rng(0)
    for name in ("raw/a.png", "raw/deep/b.png"):
        _files.put(shelf / "lab", name, _files.png(rng.integers(0, 256, (16, 16), np.uint8)))
    _files.put(shelf / "lab", "raw/t.csv", b"path\na.png\ndeep/b.png\ngone.png\ndeep\n")
    places = {
        "near": (shelf / "lab/raw/t.csv", {}),
        "far": ("s3://lab/raw/t.csv?region=x", {}),
        "apart": (shelf / "lab/raw/t.csv", {"images": "s3://lab/raw?region=x"}),
    }
    for name, (table, options) in places.items():
        done = ingest("table", [table], tmp_path / name, options=options)
        assert done.statuses == {"missing": 2, "ok": 2}
    near, *others = (read_manifest(tmp_path / name).table for name in places)
    assert all(other.equals(near) for other in others)


def test_a_key_may_hold_marks_of_an_address(shelf):
    names = ["raw#1/a#.png", "raw#1/what?.png"]
    for name in names:
        _files.put(shelf / "lab", name, name.encode())
    assert [at(f"s3://lab/{name}?region=x").read_bytes().decode() for name in names] == names
    members = Root("s3://lab/raw#1?region=x").members
    assert [f"{m.container}/{m.path}" for m in members] == [
        f"s3://lab/raw#1?region=x/{name.partition('/')[2]}" for name in names
    ]
    assert str(at("s3://lab?region=x")) == "s3://lab?region=x"


def test_a_tar_in_a_store_stands_in_its_own_order(shelf):
    with tarfile.open(shelf / "lab/x.tar", "w") as archive:
        for name in ("z.png", "a.png"):
            archive.addfile(tarfile.TarInfo(name))
    assert [m.inner for m in Root("s3://lab/x.tar?region=x").members] == ["z.png", "a.png"]


def test_parts_in_a_store_that_are_no_zip(shelf):
    (shelf / "lab/x.zip.part0").write_bytes(b"PK")
    with pytest.raises(FerError, match=r"part0\?region=x is a broken archive"):
        Root("s3://lab/x.zip.part0?region=x").members  # noqa: B018


def test_an_object_that_is_not_there_may_be_missing(shelf):
    place = at("s3://lab/gone")
    place.unlink(missing_ok=True)
    with pytest.raises(FileNotFoundError):
        place.unlink()
