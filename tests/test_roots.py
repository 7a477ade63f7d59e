"""Folders, archives and their traps: every file is listed once, and none is unpacked."""

import gzip
import io
import itertools
import json
import os
import pickle
import struct
import tarfile
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.errors import FerError
from fertools.fakes._files import gzipped, put, put_parts, zipped, zstandard
from fertools.roots import (
    Member,
    ReadFault,
    Root,
    Unit,
    archives,
    listing,
    make_unit,
    open_member,
    slug,
    table_unit,
)
from fertools.roots.parts import Parts

FILES = [("happy/1.png", b"one"), ("happy/2.png", b"two!"), ("sad/1.png", b"")]

LITTER = (
    ".DS_Store",
    "happy/Thumbs.db",
    "__MACOSX/x.png",
    ".git/a.png",
    "sad/._1.png",
    "happy/@eaDir/1.png/SYNOPHOTO_THUMB_M.jpg",
    "$RECYCLE.BIN/S-1-5-21/$R1.png",
    "System Volume Information/1.png",
)


def paths(root):
    return [m.path for m in Root(root).members]


def contents(root):
    unit = Unit("u", (), "")
    return {m.path: unit.read(m) for m in Root(root).members if not m.fault}


def tarred(entries, mode="w:gz"):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode) as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return stream.getvalue()


# --- folders


def test_a_folder_lists_every_file_by_path_without_the_systems_litter(tmp_path):
    for name, data in FILES:
        put(tmp_path, name, data)
    for litter in LITTER:
        put(tmp_path, litter, b"x")
    assert paths(tmp_path) == ["happy/1.png", "happy/2.png", "sad/1.png"]
    assert contents(tmp_path) == dict(FILES)
    member = Root(tmp_path).members[0]
    assert (member.name, member.inner, member.suffix) == ("1.png", "happy/1.png", ".png")
    assert member.parts == ("happy", "1.png")


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_the_systems_litter_in_an_archive_is_left_out(tmp_path, pack):
    suffix = ".zip" if pack is zipped else ".tar.gz"
    entries = [*((f"./{name}", b"x") for name in LITTER), *FILES, ("my $RECYCLE.BIN/1.png", b"y")]
    put(tmp_path, f"x{suffix}", pack(entries))
    found = {m.inner for m in Root(tmp_path).members}
    assert found == {*dict(FILES), "my $RECYCLE.BIN/1.png"}


def test_a_hidden_file_that_is_asked_for_by_name_is_read(tmp_path):
    put(tmp_path, ".faces.csv", b"path\n")
    assert paths(tmp_path / ".faces.csv") == [".faces.csv"]


def test_a_mac_leaves_a_shadow_beside_every_archive(tmp_path):
    """`._x.zip` on an exFAT disk is no archive."""
    put(tmp_path, "x.zip", zipped(FILES))
    put(tmp_path, "._x.zip", b"\0\5\26\7")
    assert paths(tmp_path) == [f"x.zip!{name}" for name, _ in FILES]


def test_names_may_hold_an_exclamation_mark(tmp_path):
    put(tmp_path, "oh!/a!b.png", b"x")
    put(tmp_path, "z.zip", zipped([("wow!/c.png", b"y")]))
    assert contents(tmp_path) == {"oh!/a!b.png": b"x", "z.zip!wow!/c.png": b"y"}
    plain, packed = Root(tmp_path).members
    assert plain.inner == "oh!/a!b.png" and packed.inner == "wow!/c.png"
    assert packed.parts == ("z.zip", "wow!", "c.png")


def test_links_are_followed_once_and_never_in_circles(tmp_path):
    put(tmp_path, "raw/happy/1.png", b"x")
    put(tmp_path, "disk2/2.png", b"y")
    (tmp_path / "raw" / "a-link").symlink_to(tmp_path / "raw" / "happy")
    (tmp_path / "raw" / "happy" / "loop").symlink_to(tmp_path / "raw")
    (tmp_path / "raw" / "sad").symlink_to(tmp_path / "disk2")
    assert paths(tmp_path / "raw") == ["happy/1.png", "sad/2.png"]


def test_a_data_set_that_an_ingest_made_below_is_no_raw_data(tmp_path):
    plan = {"source": "imagefolder", "name": "x", "face": {}, "options": {}, "limit": None}
    put(tmp_path, "out/ingest.json", json.dumps(plan).encode())
    put(tmp_path, "other/ingest.json", b'{"theirs": 1}')
    put(tmp_path, "broken/ingest.json", b"{")
    put(tmp_path, "deep/ingest.json", b"[" * 100_000)
    for place in ("a.png", "out/units/b.png", "out/c.png", "other/d.png", "broken/e.png"):
        put(tmp_path, place, b"x")
    paths = [m.path for m in Root(tmp_path).members]
    assert [p for p in paths if p.endswith(".png")] == ["a.png", "broken/e.png", "other/d.png"]
    inside = [m.path for m in Root(tmp_path / "out").members]
    assert inside == ["c.png", "ingest.json", "units/b.png"]  # asked for by name


def test_a_link_to_nothing_is_a_member_with_a_fault(tmp_path):
    (tmp_path / "1.png").symlink_to(tmp_path / "gone.png")
    (tmp_path / "2.zip").symlink_to(tmp_path / "gone.zip")
    assert [(m.path, m.fault) for m in Root(tmp_path).members] == [
        ("1.png", "unreadable"),
        ("2.zip", "unreadable"),
    ]


def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path, monkeypatch):
    put(tmp_path, "locked/1.png", b"x")
    scandir = os.scandir

    def refuse(path):
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(FerError, match="locked: this folder cannot be listed"):
        paths(tmp_path)
    (tmp_path / "locked").rename(tmp_path / ".locked")  # as Windows' own on a disk
    put(tmp_path, "2.png", b"x")
    assert paths(tmp_path) == ["2.png"]


def test_names_are_composed_whatever_the_disk_holds(tmp_path):
    put(tmp_path, unicodedata.normalize("NFD", "슬픔/é.png"), b"x")
    assert paths(tmp_path) == [unicodedata.normalize("NFC", "슬픔/é.png")]
    assert list(contents(tmp_path).values()) == [b"x"]


@pytest.mark.skipif(os.name != "posix", reason="other systems know no such names")
def test_names_that_an_old_unzip_left_in_cp949(tmp_path):
    raw = os.fsencode(tmp_path) + b"/" + "기쁨.png".encode("cp949")
    Path(os.fsdecode(raw)).write_bytes(b"x")
    assert contents(tmp_path) == {"기쁨.png": b"x"}


def test_nothing_there(tmp_path):
    with pytest.raises(FerError, match=r"gone: there is no such file or folder"):
        Root(tmp_path / "gone")
    assert paths(tmp_path) == []


# --- archives


@pytest.mark.parametrize("packed", [False, True])
def test_a_zip_is_read_in_place(tmp_path, packed):
    put(tmp_path, "raw/x.zip", zipped(FILES, packed=packed))
    put(tmp_path, "raw/sub/y.ZIP", zipped(FILES[:1]))
    assert contents(tmp_path / "raw") == {
        "sub/y.ZIP!happy/1.png": b"one",
        **{f"x.zip!{name}": data for name, data in FILES},
    }
    assert contents(tmp_path / "raw" / "x.zip") == {f"x.zip!{n}": d for n, d in FILES}
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["raw", "sub", "x.zip", "y.ZIP"]


@pytest.mark.parametrize(
    ("name", "mode"), [("x.tar", "w"), ("x.tar.gz", "w:gz"), ("x.tgz", "w:gz")]
)
def test_a_tar_is_read_in_its_own_order(tmp_path, name, mode):
    put(tmp_path, name, tarred(reversed(FILES), mode))
    assert paths(tmp_path) == [f"{name}!{n}" for n, _ in reversed(FILES)]
    assert contents(tmp_path) == {f"{name}!{n}": data for n, data in FILES}


def test_an_archive_in_an_archive_is_a_member(tmp_path):
    put(tmp_path, "x.zip", zipped([("inner.zip", zipped(FILES)), (".hidden/a.png", b"")]))
    assert paths(tmp_path) == ["x.zip!inner.zip"]


def test_entries_of_one_name_are_two_members(tmp_path):
    with pytest.warns(UserWarning, match="Duplicate name"):
        put(tmp_path, "x.zip", zipped([("a.png", b"first"), ("a.png", b"second")]))
    put(tmp_path, "y.tar", tarred([("a.png", b"third"), ("a.png", b"fourth")], "w"))
    unit = Unit("u", (), "")
    read = [unit.read(m) for m in Root(tmp_path).members]
    assert read == [b"first", b"second", b"third", b"fourth"]


def test_korean_names_without_the_utf8_flag(tmp_path):
    name = "[원천]기쁨/0a_여_20_기쁨_숙박 및 거주공간.jpg"
    put(tmp_path, "a.zip", zipped([(name, b"x")], encoding="cp949"))
    put(tmp_path, "b.zip", zipped([(unicodedata.normalize("NFD", name), b"y")]))
    assert contents(tmp_path) == {f"a.zip!{name}": b"x", f"b.zip!{name}": b"y"}


def test_a_tar_with_names_in_cp949(tmp_path):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", encoding="cp949", format=tarfile.GNU_FORMAT) as t:
        t.addfile(tarfile.TarInfo("기쁨.jpg"), io.BytesIO())
    put(tmp_path, "x.tar", stream.getvalue())
    assert paths(tmp_path) == ["x.tar!기쁨.jpg"]


@pytest.mark.parametrize("name", ["../a.png", "/srv/a.png", "b/../../a.png", "C:\\a.png", ".."])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_members_that_climb_out_are_listed_and_never_opened(tmp_path, name, pack):
    put(tmp_path, "x.zip" if pack is zipped else "x.tar.gz", pack([(name, b"x"), ("ok.png", b"y")]))
    faults = {m.path.split("!")[1]: m.fault for m in Root(tmp_path).members}
    assert faults == {name.replace("\\", "/"): "unsafe_path", "ok.png": None}
    (bad,) = (m for m in Root(tmp_path).members if m.fault)
    with pytest.raises(ReadFault, match="unsafe path") as caught:
        Unit("u", (), "").read(bad)
    assert caught.value.reason == "unsafe_path"
    assert pickle.loads(pickle.dumps(caught.value)).reason == "unsafe_path"


def test_bombs_are_told_by_ratio_and_by_size(tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBER", 4 << 20)
    bomb, large = bytes(3 << 20), os.urandom(5 << 20)
    small = bytes(1 << 20)  # packs 1000:1, and does no harm
    entries = [("bomb.png", bomb), ("large.png", large), ("small.png", small)]
    put(tmp_path, "x.zip", zipped(entries, packed=True))
    faults = {m.name: m.fault for m in Root(tmp_path / "x.zip").members}
    assert faults == {"bomb.png": "too_large", "large.png": "too_large", "small.png": None}
    put(tmp_path, "y.tar.gz", tarred([("bomb.png", bytes(6 << 20))]))
    assert [m.fault for m in Root(tmp_path / "y.tar.gz").members] == ["too_large"]


def test_a_compressed_table_is_bounded(tmp_path):
    put(tmp_path, "x.csv.gz", gzip.compress(bytes(30 << 20)))
    member = Root(tmp_path / "x.csv.gz").members[0]
    with pytest.raises(ReadFault, match=r"x\.csv\.gz: more than \d+ bytes"):
        Unit("u", (), "").read(member)


def test_a_zip_entry_that_lies_about_its_size_is_a_fault(tmp_path):
    data = bytearray(zipped([("a.png", b"x" * 5000)], packed=True))
    at = data.rindex(b"PK\1\2")
    data[at + 24 : at + 28] = (100).to_bytes(4, "little")
    put(tmp_path, "x.zip", bytes(data))
    with pytest.raises(ReadFault, match="cannot be read"):
        contents(tmp_path)


def test_an_encrypted_entry_is_never_opened(tmp_path):
    data = bytearray(zipped([("a.png", b"secret")]))
    for sign, offset in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        data[data.index(sign) + offset] |= 1
    put(tmp_path, "x.zip", bytes(data))
    assert [m.fault for m in Root(tmp_path).members] == ["encrypted"]


@pytest.mark.parametrize("at", [40, 60])
def test_damage_inside_an_archive_is_a_fault_of_the_member(tmp_path, at):
    data = bytearray(zipped([("a.png", os.urandom(200))], packed=True))
    data[at] ^= 0xFF
    put(tmp_path, "x.zip", bytes(data))
    with pytest.raises(ReadFault, match=r"x\.zip!a\.png: cannot be read") as caught:
        contents(tmp_path)
    assert caught.value.reason == "unreadable"


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_names_are_those_that_unpacking_gives(tmp_path, pack):
    """`tar -C raw -c .` puts `./` before each name."""
    suffix = ".zip" if pack is zipped else ".tar.gz"
    put(tmp_path, f"dot/x{suffix}", pack([(f"./{name}", data) for name, data in FILES]))
    put(tmp_path, f"plain/x{suffix}", pack(FILES))
    put(
        tmp_path, "odd.tar", tarred([("a//./b.png", b"x"), (".//../c.png", b"y"), ("//d.png", b"")])
    )
    dot, plain = (Root(tmp_path / name) for name in ("dot", "plain"))
    assert contents(tmp_path / "dot") == contents(tmp_path / "plain")
    assert [u.name for u in dot.units(dot.members)] == [u.name for u in plain.units(plain.members)]
    odd = {m.inner: m.fault for m in Root(tmp_path / "odd.tar").members}
    assert odd == {"a/b.png": None, "../c.png": "unsafe_path", "/d.png": "unsafe_path"}


def test_folders_of_a_zip_from_an_old_windows_tool(tmp_path):
    entries = [("anger\\", b""), ("anger\\a.png", b"x"), ("fear/", b""), ("odd\\", b"y")]
    put(tmp_path, "x.zip", zipped(entries))
    assert contents(tmp_path) == {"x.zip!anger/a.png": b"x", "x.zip!odd": b"y"}


def test_links_in_a_tar(tmp_path):
    """A hard link is the file again; a symbolic one is not followed, nor lost."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        first = tarfile.TarInfo("a.png")
        first.size = 3
        archive.addfile(first, io.BytesIO(b"abc"))
        for name, target, kind in (
            ("b.png", "a.png", tarfile.LNKTYPE),
            ("c.png", "gone.png", tarfile.LNKTYPE),
            ("d.png", "/etc/passwd", tarfile.SYMTYPE),
        ):
            link = tarfile.TarInfo(name)
            link.type, link.linkname = kind, target
            archive.addfile(link)
        pipe = tarfile.TarInfo("pipe")
        pipe.type = tarfile.FIFOTYPE
        archive.addfile(pipe)
    put(tmp_path, "x.tar", stream.getvalue())
    a, b, c, d = Root(tmp_path).members
    unit = Unit("u", (), "")
    assert unit.read(a) == unit.read(b) == b"abc"
    assert d.fault == "symbolic_link"
    with pytest.raises(ReadFault, match="cannot be read"):
        unit.read(c)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("x.zip", b"PK\3\4 and no more", "broken archive"),
        ("x.zip", b"", "empty"),
        ("x.zip", b"version https://git-lfs.github.com/spec/v1\noid", "Git LFS pointer"),
        ("x.zip", b"\n<!DOCTYPE html><html>", "web page"),
        ("x.tar.gz", b"<html>", "web page"),
        ("x.tar.gz", tarred([("a", os.urandom(9000))])[:4000], "broken archive"),
        ("x.tar", tarred(FILES, "w")[:700], "broken archive"),
    ],
    ids=range(7),  # the bytes are other ones in every process
)
def test_a_broken_archive_is_named_with_the_cure(tmp_path, name, data, words):
    put(tmp_path, name, data)
    with pytest.raises(FerError, match=words) as caught:
        paths(tmp_path)
    assert str(tmp_path / name) in str(caught.value)
    assert "download it again" in str(caught.value)


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda tar: tar[:1536] + b"?" + tar[1537:], "damaged after entry 1, at byte 1536"),
        (lambda tar: tar[:1536], "cut off after entry 1, at byte 1536"),
        (lambda tar: tar[:1700], "cut off after entry 1, at byte 1536"),
        (lambda tar: tar[:4608], "cut off after entry 3, at byte 4608"),  # or tar left it so
        (lambda tar: tar[:1536] + bytes(1536) + tar[3072:], "zeros after entry 1, at byte 1536"),
        (lambda tar: tar + tar, "zeros after entry 3, at byte 4608"),
        (lambda tar: tar[:1536] + bytes(5 << 20), "nothing but zeros after entry 1"),
        (lambda tar: b"?" + tar[1:], "does not begin as a tar"),
    ],
)
def test_a_tar_that_breaks_off_loses_nothing_in_silence(tmp_path, damage, words):
    """Python takes each of these for the end, and GNU tar some."""
    tar = damage(tarred([(f"{n}.png", os.urandom(1000)) for n in range(3)], "w"))
    put(tmp_path, "x.tar", tar)
    put(tmp_path, "x.tar.gz", gzip.compress(tar))
    for name in ("x.tar", "x.tar.gz"):
        for _ in range(2):  # the archive that stays open has not gone past it
            with pytest.raises(FerError, match=words):
                paths(tmp_path / name)


def test_a_tar_may_end_in_one_block_of_zeros_or_in_many(tmp_path):
    tar = tarred(FILES, "w").rstrip(b"\0")
    for zeros in (1, 2, 2000):
        size = 512 * (len(tar) // 512 + 1 + zeros)
        put(tmp_path, "x.tar", tar.ljust(size, b"\0"))
        assert len(paths(tmp_path)) == 3


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (lambda packed: packed[:-5], "ended before"),
        (lambda packed: packed[:-8] + bytes(4) + packed[-4:], "CRC check failed"),
        (lambda packed: packed + b"more", "Not a gzipped file"),
        (lambda packed: packed + packed, "more data behind them"),
    ],
)
def test_a_packed_tar_is_read_to_the_last_byte(tmp_path, damage, words):
    put(tmp_path, "x.tgz", damage(tarred(FILES)))
    with pytest.raises(FerError, match=words):
        paths(tmp_path)


def test_a_tar_that_is_packed_in_two_pieces_is_one(tmp_path):
    tar = tarred(FILES, "w")
    put(tmp_path, "x.tar.gz", gzip.compress(tar[:700]) + gzip.compress(tar[700:]) + bytes(512))
    assert contents(tmp_path) == {f"x.tar.gz!{n}": data for n, data in FILES}


def test_an_archive_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    put(tmp_path, "x.zip", zipped(FILES))

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(io, "open", refuse)
    with pytest.raises(FerError, match=r"x\.zip: cannot be read \(Permission denied\); let it be"):
        paths(tmp_path)


def test_an_archive_that_was_replaced_is_opened_again(tmp_path):
    put(tmp_path, "x.zip", zipped([("a.png", b"old")]))
    assert contents(tmp_path) == {"x.zip!a.png": b"old"}
    put(tmp_path, "x.zip", zipped([("b.png", b"new data")]))
    assert contents(tmp_path) == {"x.zip!b.png": b"new data"}


# --- split downloads


def test_parts_are_read_as_one_zip(tmp_path):
    whole = zipped([(name, data * 1000) for name, data in FILES])
    put_parts(tmp_path, "raw/x.zip", whole, 5)
    expected = {f"x.zip!{name}": data * 1000 for name, data in FILES}
    assert contents(tmp_path / "raw") == expected
    assert contents(tmp_path / "raw" / "x.zip.part0") == expected  # one part stands for all
    put(tmp_path, "raw/x.zip", whole)  # joined, and the parts were kept
    assert contents(tmp_path / "raw") == expected
    assert len(paths(tmp_path / "raw")) == len(FILES)  # each of them once


def test_of_two_downloads_beside_one_another_the_one_that_is_named_is_read(tmp_path):
    put(tmp_path, "x.zip.part0", zipped(FILES))
    put(tmp_path, "x.zip.001", zipped(FILES[:1]))
    assert len(paths(tmp_path / "x.zip.part0")) == len(FILES)
    assert len(paths(tmp_path / "x.zip.001")) == 1


def test_every_entry_of_a_large_zip_is_read(tmp_path):
    files = [(f"{n:04d}.txt", str(n).encode()) for n in range(600)]
    put(tmp_path, "x.zip", zipped(files))
    assert contents(tmp_path) == {f"x.zip!{name}": data for name, data in files}


def test_entries_of_a_zip_in_no_order_are_opened_one_by_one(tmp_path, monkeypatch):
    files = [(f"{n * 77 % 600:04d}.txt", str(n).encode()) for n in range(600)]
    put(tmp_path, "x.zip", zipped(files))
    members = Root(tmp_path).members  # by their names, none beside its neighbour in the archive
    made, make = [], archives._info
    monkeypatch.setattr(archives, "_info", lambda facts: made.append(facts) or make(facts))
    unit = Unit("u", (), "")
    assert {m.inner: unit.read(m) for m in members} == dict(files)
    assert len(made) == len(files)


def test_a_table_of_another_name_is_another_unit(tmp_path):
    for name in ("a.csv", "b.csv"):
        put(tmp_path, name, b"x\n1\n")
    first, second = (table_unit("t", m) for m in Root(tmp_path).members)
    assert first.digest != second.digest


@pytest.mark.parametrize("comment", [b"", b"of the maker"])
@pytest.mark.parametrize("large", [False, True])
def test_the_last_file_of_a_split_zip_is_told(tmp_path, large, comment):
    """By what `zip -s` and others write into its end; Python overlooks it where it is not large."""
    data = zipped(FILES)
    begin = data.rindex(b"PK\5\6")

    def put_end(files):
        counts = struct.unpack("<HHLL", data[begin + 8 : begin + 20])
        record = struct.pack("<4sQHHLL4Q", b"PK\6\6", 44, 45, 45, files - 1, files - 1, *counts)
        record += struct.pack("<4sLQL", b"PK\6\7", files - 1, begin, files)
        number = 0xFFFF if large else files - 1
        end = data[begin:-2] + struct.pack("<H", len(comment)) + comment
        end = end[:4] + struct.pack("<H", number) + end[6:]
        put(tmp_path, "my x.zip", data[:begin] + record * large + end)

    put_end(3)
    with pytest.raises(FerError, match=r"my x\.zip is the last part of a split archive") as told:
        paths(tmp_path)
    join = f"zip -s 0 '{tmp_path}/my x.zip' --out {tmp_path}/whole.zip"
    assert str(told.value).endswith(
        f"join its parts ({join}), take them away and call whole.zip my x.zip"
    )
    put_end(1)
    assert len(paths(tmp_path)) == 3


def test_parts_with_a_decomposed_name(tmp_path):
    """A Mac's name is longer than the one that manifests hold."""
    name = unicodedata.normalize("NFD", "기쁨.zip")
    put_parts(tmp_path, f"raw/{name}", zipped(FILES), 2)
    assert paths(tmp_path)[0] == "raw/기쁨.zip!happy/1.png"


def test_parts_may_be_numbered_by_the_byte_they_start_at(tmp_path):
    whole = zipped([("a.png", os.urandom(5000))])
    for start in (0, 2000, 4000):
        put(tmp_path, f"x.zip.part{start}", whole[start : start + 2000])
    assert paths(tmp_path) == ["x.zip!a.png"]


def test_ten_parts_stand_in_the_order_of_their_numbers(tmp_path):
    put_parts(tmp_path, "x.zip", zipped([("a.png", bytes(range(256)) * 9)]), 12)
    assert contents(tmp_path) == {"x.zip!a.png": bytes(range(256)) * 9}


def test_parts_called_in_two_ways_are_refused(tmp_path):
    """0 and 1 follow one another, and the files may be of two downloads."""
    put(tmp_path, "raw/x.zip.part0", b"PK")
    put(tmp_path, "raw/x.zip.001", b"PK")
    with pytest.raises(FerError, match=r"in two ways, as x.zip.part0 and x.zip.001; take those"):
        Root(tmp_path / "raw").members  # noqa: B018


def test_pieces_of_7_zip_are_parts(tmp_path):
    whole = zipped([(name, data * 1000) for name, data in FILES])
    size = -(-len(whole) // 12)
    for number in range(12):
        put(tmp_path, f"x.zip.{number + 1:03d}", whole[number * size : (number + 1) * size])
    expected = {f"x.zip!{name}": data * 1000 for name, data in FILES}
    assert contents(tmp_path) == expected
    assert contents(tmp_path / "x.zip.002") == expected
    for gone, told in (("002", "002"), ("001", "001")):
        (tmp_path / f"x.zip.{gone}").rename(tmp_path / "aside")
        with pytest.raises(FerError, match=rf"x\.zip\.{told}: this part is missing"):
            paths(tmp_path)
        (tmp_path / "aside").rename(tmp_path / f"x.zip.{gone}")
    put(tmp_path, "y.zip.1", whole)  # wget's second copy
    assert "y.zip.1" in paths(tmp_path)


@pytest.mark.parametrize("gone", [0, 1, 3])
def test_a_missing_part_is_named(tmp_path, gone):
    put_parts(tmp_path, "x.zip", zipped([("a.png", os.urandom(4000))]), 4)
    (tmp_path / f"x.zip.part{gone}").unlink()
    # nobody knows how many there should be: without the last, the archive is broken
    words = "broken archive" if gone == 3 else f"part{gone}: this part is missing"
    with pytest.raises(FerError, match=words):
        paths(tmp_path)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("shut", [0, 2])
def test_the_part_that_cannot_be_read_is_named(tmp_path, monkeypatch, first, shut):
    whole = zipped([("a.png", os.urandom(4000))])
    for number in range(4):
        put(tmp_path, f"x.zip.part{number + first}", whole[number * 1100 : number * 1100 + 1100])
    name = f"x.zip.part{shut + first}"
    plain = io.open

    def refuse(file, *args, **options):
        if str(file).endswith(name):
            raise PermissionError(13, "Permission denied", str(file))
        return plain(file, *args, **options)

    with monkeypatch.context() as context:
        context.setattr(io, "open", refuse)
        words = rf"{name}: this part cannot be read \(Permission denied\); let it be read"
        with pytest.raises(FerError, match=words):
            paths(tmp_path)
    (tmp_path / name).unlink()
    (tmp_path / name).symlink_to(tmp_path / "gone")
    with pytest.raises(FerError, match=rf"{name}: this part is missing; download it"):
        paths(tmp_path)


@settings(max_examples=60, deadline=None)
@given(
    data=st.binary(min_size=1, max_size=200),
    cuts=st.lists(st.integers(0, 200), max_size=4),
    steps=st.lists(st.tuples(st.integers(0, 220), st.integers(0, 60)), max_size=8),
)
def test_parts_read_like_the_whole(tmp_path_factory, data, cuts, steps):
    folder = tmp_path_factory.mktemp("parts")
    edges = [0, *sorted(min(c, len(data)) for c in cuts), len(data)]
    files = []
    for number, (start, end) in enumerate(itertools.pairwise(edges)):
        files.append(folder / f"x.zip.part{number}")
        files[-1].write_bytes(data[start:end])
    with Parts(files) as parts:
        plain = io.BytesIO(data)
        for position, count in steps:
            assert parts.seek(position) == plain.seek(position)
            buffer = bytearray(count)
            got = parts.readinto(buffer)
            assert bytes(buffer[:got]) == data[position : position + got]
            assert got or not count or position >= len(data)
        assert parts.seek(0, io.SEEK_END) == len(data)
        whole = io.BufferedReader(parts)
        whole.seek(0)
        assert whole.read() == data


# --- tables, units, names


@pytest.mark.parametrize(
    ("name", "pack"), [("a.csv", bytes), ("a.csv.gz", gzipped), ("a.csv.zst", zstandard)]
)
def test_a_compressed_table_is_read_as_what_it_holds(tmp_path, name, pack):
    put(tmp_path, name, pack(b"path,label\n" * 5000))
    member = Root(tmp_path / name).members[0]
    with open_member(member) as stream:
        assert stream.readline() == b"path,label\n"
    assert Unit("u", (), "").read(member) == b"path,label\n" * 5000
    put(tmp_path, "x.zip", zipped([(name, pack(b"x"))]))
    assert contents(tmp_path / "x.zip") == {f"x.zip!{name}": b"x"}


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.csv.gz", gzipped(os.urandom(9000))[:5000], "cannot be read"),
        ("a.csv.zst", zstandard(os.urandom(9000))[:5000], "cannot be read"),
        ("a.csv.gz", b"a,b\n1,2\n", "cannot be read"),
        ("a.csv.zst", b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        ("a.csv.gz", b"<!doctype html>", "web page"),
    ],
    ids=range(5),  # the bytes are other ones in every process
)
def test_a_broken_compressed_table_is_a_fault(tmp_path, name, data, words):
    put(tmp_path, name, data)
    with pytest.raises(ReadFault, match=words):
        contents(tmp_path / name)


def test_a_mistake_of_the_reader_is_not_blamed_on_the_file(tmp_path):
    put(tmp_path, "x.zip", zipped(FILES))
    with pytest.raises(KeyError), open_member(Root(tmp_path).members[0]):
        {}["mistake"]


def test_units_are_slices_of_one_folder(tmp_path):
    for name, data in FILES:
        put(tmp_path, name, data)
    put(tmp_path, "top.png", b"x")
    root = Root(tmp_path)
    assert [u.name for u in root.units(root.members)] == ["happy-000", "root-000", "sad-000"]
    assert [(u.name, len(u.members)) for u in root.units(root.members, size=1)][:2] == [
        ("happy-000", 1),
        ("happy-001", 1),
    ]
    by_suffix = root.units(root.members, key=lambda m: m.suffix)
    assert [(u.name, len(u.members)) for u in by_suffix] == [("png-000", 4)]
    put(tmp_path, "z.zip", zipped(FILES))
    assert Root(tmp_path).units(Root(tmp_path).members)[-1].name == "z.zip-sad-000"


def test_a_digest_covers_names_sizes_and_checksums(tmp_path):
    def digest(entries, pack=zipped):
        put(tmp_path, "x.zip", pack(entries))
        return make_unit("u", Root(tmp_path / "x.zip").members).digest

    base = digest([("a.png", b"abc")])
    assert digest([("a.png", b"abc")]) == base
    assert digest([("a.png", b"abd")]) != base
    assert digest([("b.png", b"abc")]) != base
    put(tmp_path, "t.csv", b"a,b\n1,2\n")
    table = table_unit("t", Root(tmp_path / "t.csv").members[0])
    put(tmp_path, "t.csv", b"a,b\n1,3\n")
    assert table_unit("t", Root(tmp_path / "t.csv").members[0]).digest != table.digest


def test_a_digest_says_nothing_of_where_the_data_lies(tmp_path):
    for place in ("here", "there"):
        put(tmp_path, f"{place}/raw/happy/1.png", b"x")
        put(tmp_path, f"{place}/raw/z.zip", zipped(FILES))
    units = [
        Root(tmp_path / p / "raw").units(Root(tmp_path / p / "raw").members)
        for p in ("here", "there")
    ]
    assert [u.digest for u in units[0]] == [u.digest for u in units[1]]


@given(st.text(max_size=120))
def test_slugs_are_short_plain_and_settled(text):
    name = slug(text)
    assert name and len(name.encode()) <= 80
    assert not {*name} & {*'/\\:*?"<>| \n\0!'} and not name.startswith((".", "_"))
    assert slug(name) == name
    assert unicodedata.normalize("NFC", name) == name


@given(st.lists(st.text("ab가", min_size=60, max_size=90), unique=True, max_size=5))
def test_long_names_stay_apart(texts):
    assert len({slug(text) for text in texts}) == len(texts)


def test_what_a_member_of_nothing_is_called():
    member = Member("a.tar.gz!b/c.PNG", "b/c.PNG", "/raw/a.tar.gz", 1, archive="a.tar.gz")
    assert (member.name, member.suffix, member.inner) == ("c.PNG", ".png", "b/c.PNG")


def test_files_of_a_folder_come_in_a_fixed_order(tmp_path):
    for name in ("b/2", "a/9", "a/1", "c"):
        put(tmp_path, name, b"")
    found = [p.relative_to(tmp_path).as_posix() for p in listing.walk(tmp_path)]
    assert found == ["c", "a/1", "a/9", "b/2"]


def test_a_damaged_entry_that_is_packed_by_lzma_is_a_fault(tmp_path):
    file = tmp_path / "x.zip"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("a.png", bytes(range(256)) * 40)
    data = bytearray(file.read_bytes())
    data[60:120] = bytes(byte ^ 0x5A for byte in data[60:120])
    file.write_bytes(data)
    member = Root(file).members[0]
    with pytest.raises(ReadFault, match=r"x\.zip!a\.png: cannot be read"):
        make_unit("x", [member]).read(member)
