"""Folders `<part>/<class>/<image>`, with the other columns in a `metadata.csv` beside the classes.

torchvision's and timm's ImageFolder, Keras and `datasets.load_dataset` read it. A class whose word
is no safe folder name gets one made of it; `folders` in `classes.json` says which. Every part has a
folder for every class, also an empty one, since readers number the folders that they find.
"""

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

from fertools.export._chosen import Chosen
from fertools.export._columns import flat, like_formulas, like_nothing
from fertools.export._files import about, put, put_json, title
from fertools.export._names import distinct

READ_BY = "torchvision, timm, Keras, datasets"
KEEPS = "parts and classes as folders; all columns in metadata.csv"
LOSES = (
    "types (lists become JSON text), the order of the classes (classes.json); words that are no "
    "folder names stand in metadata.csv; a class that a part lacks is an empty folder there, for "
    "torchvision `allow_empty=True`"
)


def notes(chosen: Chosen) -> list[str]:
    """What is to be said where a reader would lose a word, and where readers, which sort the
    folders, number the classes otherwise.
    """
    lost = like_nothing(chosen.table, chosen.classes, "metadata.csv")
    lost += like_formulas(chosen.table, chosen.classes, "metadata.csv")
    folders = distinct(chosen.classes)
    if folders == sorted(folders):
        return lost
    return [
        *lost,
        f"readers number the folders by name ({', '.join(sorted(folders))}), the classes are "
        f"{', '.join(chosen.classes)}: classes.json has their order",
    ]


def write(chosen: Chosen, out: Path) -> None:
    """Write folders, one `metadata.csv` for each part, and a README that `datasets` reads."""
    folders = dict(zip(chosen.classes, distinct(chosen.classes), strict=True))
    for part in chosen.dealt:
        for each in folders.values():  # readers number the folders that they find in each part
            (out / part / each).mkdir(parents=True, exist_ok=True)
        at = chosen.at(part)
        files = []
        for sample in chosen.samples(part):
            files.append(f"{folders[sample.label]}/{sample.name}.{chosen.ending}")
            put(out / part, files[-1], sample)
        labels = [chosen.classes[code] for code in chosen.codes[at]]
        rest = flat(chosen.table.take(pa.array(at)))
        first = {"file_name": files, "label": labels}
        columns = first | {name: rest[name] for name in rest.column_names}
        pyarrow.csv.write_csv(pa.table(columns), out / part / "metadata.csv")
    put_json(out / "classes.json", {"classes": chosen.classes, "folders": folders}, indent=1)
    _readme(chosen, out)


def _readme(chosen: Chosen, out: Path) -> None:
    """A card whose header tells `datasets` the parts, which it would else guess from names."""
    splits = [
        {"split": part or "train", "path": f"{part}/**" if part else "**/*.*"}
        for part in chosen.dealt
    ]
    header = json.dumps([{"config_name": "default", "data_files": splits}], ensure_ascii=False)
    text = f"---\nconfigs: {header}\n---\n{title(chosen)}\n\n{about(chosen)}"
    (out / "README.md").write_text(text, encoding="utf-8", newline="\n")
