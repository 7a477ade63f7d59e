"""Tar shards `<part>-000000.tar` for webdataset: `<name>.png`, `<name>.cls`, `<name>.json`.

`cls` is the number of the class, whose word stands in `json` beside the other columns, and in
`classes.json` for all. A shard holds 10,000 samples or 1 GB; members carry no time and no owner.
The standard library writes the shards: webdataset's own writer does no more, and imports torch.
"""

import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

from fertools.export._chosen import Chosen, Sample
from fertools.export._files import put_json

READ_BY = "webdataset, img2dataset's readers, datasets"
KEEPS = "parts as shards, labels as numbers and words, all columns in each json"
LOSES = "random access, types (those of JSON)"
MOST = 10_000
BYTES = 1_000_000_000


def write(chosen: Chosen, out: Path) -> None:
    """Write the shards of every part, and the words of the classes."""
    for part in chosen.dealt:
        for number, samples in enumerate(_shards(chosen, part)):
            _shard(out / f"{part or 'faces'}-{number:06d}.tar", samples, chosen.ending)
    put_json(out / "classes.json", {"classes": chosen.classes}, indent=1)


def _shards(chosen: Chosen, part: str) -> Iterator[list[Sample]]:
    batch: list[Sample] = []
    size = 0
    for sample in chosen.samples(part):
        batch.append(sample)
        size += len(sample.image)
        if len(batch) == MOST or size >= BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _shard(path: Path, samples: list[Sample], ending: str) -> None:
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as tar:  # names may be Korean
        for sample in samples:
            about = {"label": sample.label, "part": sample.part or None, **sample.about}
            text = json.dumps(about, ensure_ascii=False, allow_nan=False)
            members = {
                "cls": str(sample.code).encode(),
                "json": text.encode(),
                ending: sample.image,
            }
            for kind, data in members.items():
                member = tarfile.TarInfo(f"{sample.name}.{kind}")
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
