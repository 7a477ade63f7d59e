"""Tar shards `<part>-000000.tar` for webdataset: `<name>.png`, `<name>.cls`, `<name>.json`.

`cls` is the number of the class, whose word stands in `json` beside the other columns, and in
`classes.json` for all. A shard holds 10,000 samples or 1 GB; members carry no time and no owner.
The standard library writes the shards: webdataset's own writer does no more, and imports torch.
"""

import io
import itertools
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from fertools.export._chosen import Chosen, Sample
from fertools.export._files import put_json

READ_BY = "webdataset"
KEEPS = "parts as shards, labels as numbers and words, all columns in each json"
LOSES = "random access, types (those of JSON)"
MOST = 10_000
BYTES = 1_000_000_000


def write(chosen: Chosen, out: Path) -> None:
    """Write the shards of every part, and the words of the classes."""
    for part in chosen.dealt:
        samples = chosen.samples(part)
        for number, first in enumerate(samples):
            path = out / f"{part or 'faces'}-{number:06d}.tar"
            with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:  # names may be Korean
                _fill(tar, itertools.chain([first], samples), chosen.ending)
    put_json(out / "classes.json", {"classes": chosen.classes}, indent=1)


def _fill(tar: tarfile.TarFile, samples: Iterator[Sample], ending: str) -> None:
    """Take samples until the shard is full or none is left."""
    for sample in itertools.islice(samples, MOST):
        about = {"label": sample.label, "part": sample.part or None, **sample.about}
        text = json.dumps(about, ensure_ascii=False, allow_nan=False)
        code = str(sample.code).encode()
        for kind, data in {"cls": code, "json": text.encode(), ending: sample.image}.items():
            member = tarfile.TarInfo(f"{sample.name}.{kind}")
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
        if tar.offset >= BYTES:
            return
