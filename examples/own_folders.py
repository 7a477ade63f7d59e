"""Images of one's own, a folder per class: python examples/own_folders.py FOLDER

File names such as `p07_3.png` tell who is shown; these people are kept apart. Writes `data/mine`,
`manifests/mine.parquet` and `exported`, which torchvision's ImageFolder and Keras read.
"""

import sys

from fertools.export import export
from fertools.ingest import ingest
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from fertools.stats import stats

ingest("imagefolder", sys.argv[1:], "data/mine", options={"subject_regex": r"p(\d+)"})
apart = Grouping(group="subject", or_else="self")
split(["data/mine"], "manifests/mine.parquet", SplitOptions(ratios=(8, 1, 1), grouping=apart))

balance = stats("manifests/mine.parquet").balance
for part, counts in zip(balance.parts, balance.counts, strict=True):
    print(part, dict(zip(balance.values, counts, strict=True)))
written = export("manifests/mine.parquet", "imagefolder", "exported")
print(written.samples, "images written to", written.out)
