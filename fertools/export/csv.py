"""A table `samples.csv`, one row per face, with the pictures below `images/`.

`fertools ingest table samples.csv --path file_name --label label --subject subject --split part
-o OUT` reads it back. Without pictures, for data sets that may not be passed on, it is the list of
ids, hashes, labels, parts and groups by which somebody who has the data can rebuild them.
"""

from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from fertools.export._chosen import Chosen
from fertools.export._columns import flat, like_formulas, like_nothing
from fertools.export._files import picture, put

READ_BY = "pandas, a spreadsheet, the source `table`"
KEEPS = "all columns; also without pictures"
LOSES = "types (all is text; lists become JSON text)"
PIXELS = "optional"


def notes(chosen: Chosen) -> list[str]:
    """What is to be said where a reader would lose a word, or compute it."""
    lost = like_nothing(chosen.table, chosen.classes, "samples.csv")
    return lost + like_formulas(chosen.table, chosen.classes, "samples.csv")


def write(chosen: Chosen, out: Path) -> None:
    """Write `samples.csv`, and the pictures where there are any."""
    files: list[str] = []
    for sample in chosen.samples() if chosen.faces is not None else ():
        files.append(picture(chosen, sample))
        put(out, files[-1], sample)
    columns: dict[str, object] = {"file_name": files} if files else {}
    columns["label"] = [chosen.classes[code] for code in chosen.codes]
    columns["part"] = [part or None for part in chosen.parts]
    rest = flat(chosen.table)
    columns |= {name: rest[name] for name in rest.column_names}
    pyarrow.csv.write_csv(pa.table(columns), out / "samples.csv")
