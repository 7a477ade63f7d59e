"""Data sets in an object store: the same bytes as on a disk, by a real server that may fail."""

import io
import os
import zipfile

import numpy as np
import pytest

from fertools import locations
from fertools.audit import audit
from fertools.errors import FerError
from fertools.faces import open_faces
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
    with pytest.raises(FerError, match="no card leads to it; give data="):
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


def test_another_shard_in_its_place_is_refused(server, stored):
    path = "out/faces-3-000-0.npy"
    before = at(server.address(path)).read_bytes()
    put(server, path, before[:-1] + bytes([before[-1] ^ 1]))
    try:
        with pytest.raises(FerError, match=r"faces-3-000-0\.npy.*its pixels have changed"):
            open_faces(stored)
        assert [str(fault.file) for fault in verify(stored)] == [server.address(path)]
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


def test_a_path_stays_in_its_bucket(server):
    place = at(server.address("a/b"))
    assert str(place / "../c") == server.address("a/c")
    assert place.parent.name == "a" and place.with_name("x.parquet").stem == "x"
    with pytest.raises(FerError, match="climbs out of the bucket"):
        place / "../../../other"
    assert os.fspath(at("C:/data")) == "C:/data"
    assert at("file:///data/x") == at("/data/x")
