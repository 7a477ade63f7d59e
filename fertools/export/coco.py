"""COCO JSON, one `annotations/instances_<part>.json` for each part, pictures below `images/`.

A class is a category, a face one annotation whose box is the whole picture. Layout: "Data format"
of the COCO site (info, licenses, images, annotations, categories). What COCO has no name for stands
in the object `sample` of each image.
"""

import itertools
from pathlib import Path
from typing import Any

from fertools.export._chosen import Chosen, Sample
from fertools.export._files import picture, put, put_json

READ_BY = "pycocotools, FiftyOne, whatever reads COCO"
KEEPS = "parts as files, classes as categories, all columns in `sample` of each image"
LOSES = "types (those of JSON)"


def write(chosen: Chosen, out: Path) -> None:
    """Write the pictures and a JSON file for each part; image ids count through all parts."""
    numbers = itertools.count(1)
    for part in chosen.dealt:
        images, annotations = [], []
        for sample, number in zip(chosen.samples(part), numbers, strict=False):
            file = picture(chosen, sample)
            put(out, file, sample)
            images.append(_image(number, file, sample, chosen))
            annotations.append(_annotation(number, sample))
        data = _head(chosen) | {"images": images, "annotations": annotations}
        put_json(out / "annotations" / f"instances_{part or 'faces'}.json", data)


def _head(chosen: Chosen) -> dict[str, Any]:
    digest = chosen.facts["manifest"]["digest"]
    sources = chosen.facts["sources"].items()
    return {
        "info": {
            "description": f"{chosen.facts['name']}, fertools manifest {digest}",
            "version": "1.0",
            "contributor": "; ".join(facts["citation"] for _, facts in sources),
        },
        "licenses": [
            {"id": number, "name": f"{name}: {facts['licence']}", "url": facts["homepage"]}
            for number, (name, facts) in enumerate(sources, 1)
        ],
        "categories": [
            {"id": number, "name": word, "supercategory": "expression"}
            for number, word in enumerate(chosen.classes, 1)
        ],
    }


def _image(number: int, file: str, sample: Sample, chosen: Chosen) -> dict[str, Any]:
    return {
        "id": number,
        "file_name": file.removeprefix("images/"),
        "width": sample.width,
        "height": sample.height,
        "license": list(chosen.facts["sources"]).index(sample.about["source"]) + 1,
        "sample": sample.about,
    }


def _annotation(number: int, sample: Sample) -> dict[str, Any]:
    return {
        "id": number,
        "image_id": number,
        "category_id": sample.code + 1,
        "bbox": [0, 0, sample.width, sample.height],
        "area": sample.width * sample.height,
        "segmentation": [],
        "iscrowd": 0,
    }
