"""Make the signatures of published data sets anew from the data in hand.

In go FER2013 and CK+48 as `ingest` wrote them, FER2013 from the reconstructed CSV; out comes
`manifests/fingerprints.parquet`: the same data gives the same bytes. It holds hashes, signs and
coarse numbers, no pixels. No command calls it; it is run anew for each data set that is added:

    python -c "from fertools.flows.signatures import make; from pathlib import Path;
    make({'fer2013': 'data/fer2013', 'ck48': 'data/ck48'}, Path('manifests'))"
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from fertools.faces import open_faces
from fertools.fingerprint.signatures import LISTS, SCHEMA, STATS, in_bytes, look, numbers, short
from fertools.manifest import Manifest, read_manifest
from fertools.protocol import read_rows

SHIPPED = {"fer2013": ("0", "1"), "ck48": tuple("0123456789abcdef")}  # first digit of the hash


def make(data: dict[str, str | Path], out: Path) -> Path:
    """Write the signatures of the data folders, by data set, as `fingerprints.parquet` in `out`."""
    tables = [_table(name, read_manifest(data[name])) for name in LISTS]
    file = out / "fingerprints.parquet"
    pq.write_table(pa.concat_tables(tables), file, compression="zstd")
    return file


def _table(name: str, manifest: Manifest) -> pa.Table:
    table, faces = manifest.table, open_faces(manifest)
    hashes = short(table["image_hash"].to_pylist())
    doubtful = _without_hash(name)
    numbered = "source_row" in table.column_names
    sources = table["source_row"].to_pylist() if numbered else [None] * len(manifest)
    guess = [number in doubtful for number in sources]
    rows = [
        row
        for row, (digest, unsure) in enumerate(zip(hashes, guess, strict=True))
        if digest and (unsure or digest[0] in SHIPPED[name])
    ]
    pixels = faces[np.array(rows)]
    sure = [not guess[row] for row in rows]
    columns = {
        "data": [name] * len(rows),
        "id": [table["id"][row].as_py() for row in rows],
        "source_row": [sources[row] for row in rows],
        "native_label": [table["native_label"][row].as_py() for row in rows],
        "official_split": [table["official_split"][row].as_py() for row in rows],
        "guessed": [hashes[row] if guess[row] else None for row in rows],
        "look": [bytes(each) if ok else None for each, ok in zip(look(pixels), sure, strict=True)],
    }
    for stat, values in zip(STATS, in_bytes(numbers(pixels)), strict=True):
        columns[stat] = [int(v) if ok else None for v, ok in zip(values, sure, strict=True)]
    return pa.table(columns, schema=SCHEMA)


def _without_hash(name: str) -> set[int]:
    """Row numbers whose pixels are not known for certain: the list has no hash there."""
    rows = read_rows(LISTS[name])
    return set(rows.filter(rows["image_hash"].is_null())["source_row"].to_pylist())
