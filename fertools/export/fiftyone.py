"""FiftyOne: a folder that is a FiftyOneDataset and a FiftyOneImageClassificationDataset at once.

`metadata.json` and `samples.json` hold every column as a field of its sample and the part as its
tag; `labels.json` the labels alone. Both lead to the pictures in `data/`. FiftyOne itself, a
gigabyte with a database, is not needed to write them: the layouts are those of its page "Importing
datasets"; `metadata.json` has no version, by which it knows the layout without database documents.
"""

import hashlib
from pathlib import Path
from typing import Any

from fertools.export._chosen import Chosen, Sample
from fertools.export._columns import free
from fertools.export._files import citations, licences, picture, put, put_json

READ_BY = "FiftyOne: `fo.Dataset.from_dir(OUT, fo.types.FiftyOneDataset)`"
KEEPS = "parts as tags, labels as Classification, all columns as fields, licence as info"
LOSES = "types (those of JSON); the column id is called sample_id"
OWN = ("id", "filepath", "tags", "metadata", "ground_truth")  # FiftyOne's own fields


def write(chosen: Chosen, out: Path) -> None:
    """Write pictures, `samples.json`, `metadata.json` and `labels.json`."""
    samples, labels = [], {}
    taken: set[str] = set()
    fields = {name: free(_field(name), taken) for name in chosen.table.column_names}
    for sample in chosen.samples():
        file = picture(chosen, sample, "data")
        put(out, file, sample)
        samples.append(_sample(sample, file, fields))
        labels[file.removeprefix("data/").removesuffix(f".{chosen.ending}")] = sample.code
    put_json(out / "samples.json", {"samples": samples})
    put_json(out / "labels.json", {"classes": chosen.classes, "labels": labels})
    put_json(out / "metadata.json", _metadata(chosen), indent=1)


def _metadata(chosen: Chosen) -> dict[str, Any]:
    return {
        "name": chosen.facts["name"],
        "media_type": "image",
        "num_samples": len(chosen.names),
        "default_classes": chosen.classes,
        "info": {
            "classes": chosen.classes,
            "licence": licences(chosen),
            "citation": citations(chosen),
            "manifest": chosen.facts["manifest"]["digest"],
        },
    }


def _sample(sample: Sample, file: str, fields: dict[str, str]) -> dict[str, Any]:
    # the id of a label comes from the sample's, so that the file is the same again
    oid = hashlib.sha256(sample.about["id"].encode()).hexdigest()[:24]
    label = {"_id": {"$oid": oid}, "_cls": "Classification", "tags": [], "label": sample.label}
    about = {fields[name]: value for name, value in sample.about.items()}
    tags = [sample.part] if sample.part else []
    return {"filepath": file, "tags": tags, "metadata": None, "ground_truth": label, **about}


def _field(name: str) -> str:
    """A column's name as a field: no dot, no `_` in front, none of FiftyOne's own."""
    name = name.replace(".", "_")
    other = name in OWN or name.startswith(("_", "sample_"))
    return f"sample_{name.lstrip('_')}" if other else name
