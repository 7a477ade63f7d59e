"""Train on FER2013, score on AI-Hub's Korean photographs:
python examples/cross_korean.py FER2013 AIHUB

The two label sets share four words that mean the same without an assumption: happiness, anger,
sadness, neutral (`korean4`). Rows with another word are left out, and counted.
"""

import sys

from fertools import recipe
from fertools.evaluate import evaluate
from fertools.evaluate.evaluation import Options
from fertools.ingest import ingest
from fertools.resources import training_recipe
from fertools.split import SplitOptions, split
from fertools.split.grouping import Grouping
from fertools.train import train

WORDS = '["anger", "happiness", "neutral", "sadness"]'

fer2013, aihub = sys.argv[1:]
ingest("fer2013", [fer2013], "data/fer2013")
ingest("aihub", [aihub], "data/aihub", face={"faces": "annotation", "size": 48, "channels": 1})
split(["data/fer2013"], "manifests/fer2013.parquet", SplitOptions(official=True, labels="korean4"))
people = SplitOptions(ratios=(8, 1, 1), grouping=Grouping(or_else="self"), labels="korean4")
split(["data/aihub"], "manifests/aihub.parquet", people)

wanted = ["data.manifest=manifests/fer2013.parquet", f"data.classes={WORDS}"]
train(recipe.load(training_recipe("demo"), wanted), "runs/fer2013")
for name in ("fer2013", "aihub"):
    found = evaluate("runs/fer2013", Options(on=f"manifests/{name}.parquet", split="train"))
    print(name, f"{found.scores.accuracy.value:.3f} of {found.scores.rows} training rows")
