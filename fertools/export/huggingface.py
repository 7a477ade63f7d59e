"""A folder as the Hugging Face Hub holds it: Parquet files with the pictures, and a card.

`datasets.load_dataset(OUT)` gives an Image and a ClassLabel column, the parts as splits (val is
called validation, as it is there; what was not dealt is all train), and every other column in its
own type. The card states features, counts, licence and citation.
"""

from pathlib import Path
from typing import Any

import pyarrow as pa

from fertools.export._chosen import Chosen, Sample
from fertools.export._files import about, citations, licences, missing, title
from fertools.export._parquet import write_parquet
from fertools.manifest.schema import stored
from fertools.measures.words import markdown

READ_BY = "datasets, whatever reads Parquet"
KEEPS = "parts as splits, the classes and their order, all columns in their types"
LOSES = "the name val (it is called validation)"
SPLITS = {"train": "train", "val": "validation", "test": "test", "": "train"}


def write(chosen: Chosen, out: Path) -> None:
    """Write `data/<split>-*.parquet` and `README.md`."""
    try:
        from datasets import ClassLabel, Features, Image
    except ImportError as error:
        raise missing("datasets", "huggingface", error) from error
    rest = stored(chosen.table)  # features know no map
    own = {"image": Image(), "label": ClassLabel(names=chosen.classes)}
    features = Features(own | dict(Features.from_arrow_schema(rest.schema)))
    table = rest.append_column("label", pa.array(chosen.codes, pa.int64()))
    sizes = {}
    for part in chosen.dealt:
        stem = out / "data" / SPLITS[part]
        files = write_parquet(
            chosen, part, stem, features.arrow_schema, table,
            lambda sample: _cell(sample, chosen.ending),
        )  # fmt: skip
        sizes[SPLITS[part]] = len(chosen.at(part)), sum(file.stat().st_size for file in files)
    _card(chosen, features, sizes, out / "README.md")


def _cell(sample: Sample, ending: str) -> dict[str, Any]:
    return {"bytes": sample.image, "path": f"{sample.name}.{ending}"}


def _card(chosen: Chosen, features: Any, sizes: dict[str, tuple[int, int]], path: Path) -> None:
    """The card: a header that `datasets` checks what it loads against, and the words for people."""
    from datasets import DatasetInfo
    from datasets.info import DatasetInfosDict
    from datasets.splits import SplitDict, SplitInfo
    from huggingface_hub import DatasetCardData

    splits = SplitDict()
    for name, (rows, size) in sizes.items():
        splits.add(SplitInfo(name, num_bytes=size, num_examples=rows))
    total = sum(size for _, size in sizes.values())
    info = DatasetInfo(features=features, splits=splits, download_size=total, dataset_size=total)
    data = DatasetCardData(
        pretty_name=chosen.facts["name"],
        license="other",
        license_name="see-below",
        task_categories=["image-classification"],
        tags=["facial-expression-recognition"],
        configs=[
            {
                "config_name": "default",
                "data_files": [{"split": n, "path": f"data/{n}-*"} for n in sizes],
            }
        ],
    )
    DatasetInfosDict({"default": info}).to_dataset_card_data(data)
    cite = f"\nPlease cite: {markdown(citations(chosen))}\n" if citations(chosen) else ""
    licence = markdown(licences(chosen))
    text = f"{title(chosen)}\n\nLicence: {licence}\n{cite}\n{about(chosen)}"
    path.write_text(f"---\n{data.to_yaml()}\n---\n{text}", encoding="utf-8", newline="\n")
