"""Label suspects on FER2013 against what ten FER+ raters say, and against planted mistakes.

    python tests/benchmarks/bench_label_noise.py

Out-of-fold probabilities come from something quick: linear discriminant analysis (shrunk) on HOG
features, five folds by twin group. Truth: a label of FER2013 is wrong where 8 or more of the 10
votes are for another word; rows with fewer votes for one word say nothing and are left out. Then
labels that 8 votes confirm are flipped, one in ten, by the confusion of FER2013's labels with those
votes, and looked for with probabilities learnt from the flipped labels. Reads FER2013 and FER+ from
`$FERTOOLS_DATA` or `../shared/data`.
"""

import time

import cv2
import numpy as np
from bench_twins import REAL, Faces, fer2013
from numpy.typing import NDArray
from pyarrow import csv
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import roc_auc_score

from fertools.checks import _doubts
from fertools.checks._ncc import near_twins
from fertools.measures.groups import unite

WORDS = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral")
VOTED = ("anger", "disgust", "fear", "happiness", "sadness", "surprise", "neutral",
         "contempt", "unknown", "NF")  # fmt: skip
SURE = 8
FOLDS = 5
FLIPPED = 0.1
PLACES = (100, 300, 1000, 3000)

Integers = NDArray[np.int64]
Doubles = NDArray[np.float64]


def votes() -> Integers:
    """FER+ votes (35887, 10) in the order of the CSV, by the words of `VOTED`."""
    table = csv.read_csv(REAL / "ferplus" / "fer2013new.csv")
    return np.stack([table[name].to_numpy() for name in VOTED], axis=1)


def features(faces: Faces) -> NDArray[np.float32]:
    hog = cv2.HOGDescriptor((48, 48), (16, 16), (8, 8), (8, 8), 9)
    return np.stack([hog.compute(face).ravel() for face in faces])


def out_of_fold(x: NDArray[np.float32], labels: Integers, fold: Integers) -> Doubles:
    """Probabilities (n, 7) of a model that has seen neither the row nor a twin of it."""
    out = np.zeros((len(x), len(WORDS)))
    for number in range(FOLDS):
        held = fold == number
        model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=0.1)
        out[held] = model.fit(x[~held], labels[~held]).predict_proba(x[held])
    return out


def judge(name: str, score: Doubles, wrong: NDArray[np.bool_]) -> None:
    """Precision among the k highest scores, and ROC AUC; ties are broken by row."""
    order = np.argsort(-score, kind="stable")
    at = "".join(f"{wrong[order[:k]].mean():8.3f}" for k in PLACES)
    print(f"{name:44}{at}{roc_auc_score(wrong, score):9.3f}")


def flagged(name: str, rows: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> None:
    hit = (rows & wrong).sum()
    print(
        f"{name:44} flags {rows.sum():,}: precision {hit / max(1, rows.sum()):.3f}, "
        f"recall {hit / wrong.sum():.3f}"
    )


def ranked(probs: Doubles, labels: Integers, among: Integers, wrong: NDArray[np.bool_]) -> Doubles:
    """Judge the ways to rank rows by a model; returns the one that the check uses."""
    own = probs[np.arange(len(labels)), labels]
    margin = probs.max(1) - own
    rows = np.zeros(len(labels), np.bool_)
    rows[_doubts.by_probabilities(probs, labels).rows] = True
    judge("model: 1 - p(label)", (1 - own)[among], wrong)
    judge("model: p(best) - p(label)", margin[among], wrong)
    judge("  what confident learning flags, first", (margin + rows)[among], wrong)
    flagged("model: confident learning", rows[among], wrong)
    return margin + rows


def main() -> None:
    faces, _, labels = fer2013()
    labels = labels.astype(np.int64)
    said = votes()
    pairs = near_twins(faces, 0.90).pairs
    groups = unite(len(faces), pairs)
    fold = np.random.default_rng(0).permutation(groups.max() + 1)[groups] % FOLDS
    began = time.perf_counter()
    x = features(faces)
    probs = out_of_fold(x, labels, fold)
    right = (probs.argmax(1) == labels).mean()
    print(
        f"model: {x.shape[1]} features, accuracy {right:.3f}, {time.perf_counter() - began:.0f} s"
    )
    against_raters(probs, labels, said, pairs)
    planted(x, labels, said, fold)


def against_raters(probs: Doubles, labels: Integers, said: Integers, pairs: Integers) -> None:
    """How well the model and the twins tell labels that 8 of 10 raters contradict."""
    sure = np.flatnonzero(said.max(1) >= SURE)
    wrong = (said.argmax(1) != labels)[sure]
    print(
        f"\nFER2013 against FER+: {len(sure):,} rows with {SURE} votes or more for one word, "
        f"{wrong.sum():,} of them labelled otherwise ({wrong.mean():.3f})"
    )
    print(f"{'':44}" + "".join(f"{'P@' + str(k):>8}" for k in PLACES) + f"{'ROC AUC':>9}")
    ranked(probs, labels, sure, wrong)
    outvoted, differ = np.zeros((2, len(labels)), np.bool_)
    outvoted[_doubts.by_twins(pairs, labels, len(WORDS)).rows] = True
    differ[pairs[labels[pairs[:, 0]] != labels[pairs[:, 1]]]] = True
    flagged("twins: outvoted by two or more", outvoted[sure], wrong)
    flagged("twins: any twin with another label", differ[sure], wrong)


def planted(x: NDArray[np.float32], labels: Integers, said: Integers, fold: Integers) -> None:
    """Flip confirmed labels as FER2013 errs, learn from the result, and look for the flips."""
    rng = np.random.default_rng(0)
    truth = said.argmax(1)
    firm = (said.max(1) >= SURE) & (truth < len(WORDS))
    confusion = np.zeros((len(WORDS), len(WORDS)))
    np.add.at(confusion, (truth[firm], labels[firm]), 1)
    np.fill_diagonal(confusion, 0)
    confusion /= confusion.sum(1, keepdims=True)
    known = np.flatnonzero(firm & (truth == labels))
    chosen = rng.choice(known, int(FLIPPED * len(known)), replace=False)
    noisy = labels.copy()
    for row in chosen:
        noisy[row] = rng.choice(len(WORDS), p=confusion[labels[row]])
    probs = out_of_fold(x, noisy, fold)
    wrong = (noisy != labels)[known]
    print(f"\nplanted: {wrong.sum():,} flips among {len(known):,} confirmed labels")
    score = ranked(probs, noisy, known, wrong)[known]
    order = np.argsort(-score, kind="stable")[: wrong.sum()]
    print(f"{'precision at the number of flips':44}{wrong[order].mean():8.3f}")


if __name__ == "__main__":
    main()
