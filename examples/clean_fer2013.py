"""Clean FER2013 in a few lines: python examples/clean_fer2013.py RAW

RAW is the folder, archive or CSV of FER2013. Writes `data/fer2013` and `manifests/fer2013.parquet`:
validation and test as published; training without blank images, without twins of two labels, and
without any face that has a copy in another part or a second one in training. Copies between
validation and test stay, and the audit says so.
"""

import sys

from fertools import FaceDataset, make_loader
from fertools.audit import audit
from fertools.curate import curate
from fertools.ingest import ingest
from fertools.resources import resource
from fertools.split import SplitOptions, split

ingest("fer2013", sys.argv[1:], "data/fer2013")
one_of_each = resource("recipes", "curate_one_of_each", ".toml")
curate("data/fer2013", ["duplicates", "quality"], policy=one_of_each)
split(["data/fer2013"], "manifests/fer2013.parquet", SplitOptions(official=True))
for verdict in audit("manifests/fer2013.parquet").verdicts:
    print(f"{verdict.relation:10} {verdict.verdict}")

train = FaceDataset("manifests/fer2013.parquet", split="train")
images, labels = next(iter(make_loader(train, batch_size=256, shuffle=True, seed=0)))
print(len(train), "faces;", tuple(images.shape), images.dtype, tuple(labels.shape))
