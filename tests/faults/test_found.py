"""Inputs that once ended in a traceback, each as small as it gets."""

import zlib

import numpy as np
import pytest

from fertools.fakes._files import png
from tests.faults import own_targets as own
from tests.faults import raw_targets as raw
from tests.faults.targets import TARGETS


def _with(seed, old, new):
    assert old in seed
    return seed.replace(old, new)


def _strip():
    return png(np.zeros((2, 33_000), np.uint8))


def _until_whole(start):
    """Blank lines that make an input one that is ingested whole, see `raw_targets.ingested`."""
    return next(b"\n" * n for n in range(64) if zlib.crc32(start + b"\n" * n) % 8 == 0)


FOUND = [
    ("card-values", {"stores": None}),
    ("card-values", {"stores": "."}),
    ("card-values", {"shards": "."}),
    ("card-values", {"shards": None}),
    ("card-values", {"shape": "."}),
    ("card", b"[" * 3000),
    # brackets within brackets, and a number that Python will not read
    ("recipe", b"a = " + b"[" * 5000),
    ("recipe", b"a" + b".a" * 900 + b" = 1"),
    ("recipe", b"a = " + b"1" * 5000),
    ("mapping", b"a = " + b"1" * 5000),
    ("list", b"a = " + b"[" * 5000),
    # texts that are no UTF-8
    ("probs", _with(own.seeds_probs()[0], b"\1\0\0\0a", b"\1\0\0\0\x9f")),
    ("manifest", _with(own.seeds_manifest()[0], b"\3\0\0\0x/1", b"\3\0\0\0x\x9a1")),
    ("parquet", _with(raw.seeds_parquet()[0], b"\5\0\0\0a.png", b"\5\0\0\0\xff.png")),
    (
        "manifest",  # metadata that is no object
        _with(own.seeds_manifest()[0], b"{}", b"[]"),
    ),
    ("prob-columns", {"id": [[0.5]] * 6, "p_fear": [0.5] * 6, "p_anger": [0.5] * 6}),
    ("names", ["\0"]),  # zipfile cuts a name there
    # a name marked as UTF-8 that is not: in the directory, in front of the entry
    ("zip", _with(raw.seeds_zip()[2], "기쁨".encode("cp949"), b"\xb1" * 4)
     .replace(b"PK\1\2\x14\3\x14\0\0\0", b"PK\1\2\x14\3\x14\0\0\x08")),
    ("zip", _with(raw.seeds_zip()[0], b"PK\1\2\x14\3\x14", b"PK\1\2\x14\3\xff")),  # version 25.5
    ("record-values", [{"filename": "\ud800"}]),
    ("record-values", [{"annot_A": {"minX": 10**400, "minY": 1, "maxX": 2, "maxY": 3}}]),
    ("records", b"[" * 3000),
    ("records", b'[{"filename": "x", "annot_A": ' + b"[" * 800 + b"]" * 800 + b"}]"),
    ("votes", raw.seeds_votes()[1]),  # no row
    ("votes", _with(raw.seeds_votes()[0], b",4,", b",9" + b"9" * 30 + b",")),
    ("votes", _with(raw.seeds_votes()[0], b"Usage", b"Use")),
    ("note", _with(raw.seeds_note()[2], b"\n2\n", b"\nnan\n")),
    ("note", _with(raw.seeds_note()[2], b"\n2\n", b"\n1e999\n")),
    ("table", b"path,emotion\n" + _until_whole(b"path,emotion\n")),  # no row at all
    ("image", _strip()),  # made square it had a billion pixels
    ("table", _with(raw.seeds_table()[0], b"a.png", b"a" * 300)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), FOUND, ids=[name for name, _ in FOUND])
def test_it_is_refused_or_read(name, value):
    TARGETS[name].check(value)
