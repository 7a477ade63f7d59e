"""An outside project: its own environment, the wheel, its own data set, a manifest of ours.

The wheel is built and installed without its dependencies; these are lent by the environment of the
tests, so that nothing is fetched. Nothing of the checkout is on the path.
"""

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

MYLAB = '''
"""My laboratory's films: frames named <person>-<film>-<frame>-<word>.png."""

from fertools import Frame, rejected

LABELS = {"froh": "happiness", "zornig": "anger"}
POPULATION = "mylab"


def matches(root):
    return any(m.suffix == ".png" for m in root.members)


def units(root):
    return root.units(root.members)


def read(unit):
    for member in unit.members:
        parts = member.name.removesuffix(".png").split("-")
        if len(parts) != 4:
            yield rejected(member, "unknown_name")
            continue
        person, film, frame, word = parts
        yield Frame(
            key=member.inner,
            path=member.path,
            image=member,
            raw_label=word,
            subject=f"{POPULATION}:{person}",
            sequence=f"{person}-{film}",
            frame=int(frame),
        )
'''

PROJECT = """
import sys
import pandas as pd
from fertools import open_faces, read_manifest

frame = pd.read_parquet("data/manifest.parquet")
frame = frame[(frame.native_label == "happiness") & (frame.status == "ok")]
frame.to_parquet("data/happy.parquet")
manifest = read_manifest("data/happy.parquet")
faces = open_faces(manifest)
assert len(faces) == len(frame) > 0
people = sorted(set(manifest.column("subject").to_pylist()))
print(faces[0].shape, faces[0].dtype, len(faces), people)
assert "torch" not in sys.modules
"""


STEPS = """
import torch
from torch import nn
from fertools import FaceDataset, make_loader

torch.manual_seed(0)
words = ["anger", "happiness"]
train = FaceDataset("mine.parquet", split="train", classes=words, size=48, channels=1)
loader = make_loader(train, batch_size=4, shuffle=True, seed=0)
net = nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, len(train.classes)))
optimiser = torch.optim.SGD(net.parameters(), lr=0.01)
before = net[1].weight.detach().clone()
for step, (images, labels) in zip(range(3), loader):
    assert images.shape == (4, 1, 48, 48) and images.dtype == torch.float32
    loss = nn.functional.cross_entropy(net(images), labels)
    optimiser.zero_grad()
    loss.backward()
    optimiser.step()
assert not torch.equal(net[1].weight, before)
print("steps", step + 1, len(train), train.counts.tolist())
"""

NET = """
from torch import nn


def build(classes, channels=1, size=48, *, width=8):
    return nn.Sequential(
        nn.Conv2d(channels, width, 5, 4), nn.ReLU(), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
        nn.Linear(16 * width, classes),
    )
"""

RECIPE = """
[data]
manifest = "mine.parquet"
classes = ["anger", "happiness"]

[model]
name = "./my_net.py:build"
options = { width = 4 }

[optimiser]
name = "adam"
lr = 0.01

[train]
epochs = 2
batch = 8
select = "last"
"""

DRAW = """
import csv, cv2, pathlib
from fertools.fakes._face import draw, person
folder = pathlib.Path("photos"); folder.mkdir()
with open("mine.csv", "w", newline="") as stream:
    rows = csv.writer(stream)
    rows.writerow(["file", "feeling", "who"])
    for p in range(10):
        for word, english in (("happy", "happiness"), ("angry", "anger")):
            name = f"{p}-{word}.png"
            cv2.imwrite(str(folder / name), draw(person(p), english))
            rows.writerow([f"photos/{name}", word, f"p{p}"])
"""


@pytest.fixture(scope="module")
def outside(tmp_path_factory) -> Path:
    """A folder with an environment that holds the wheel."""
    folder = tmp_path_factory.mktemp("outside")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", str(folder)]
    subprocess.run([*build, str(ROOT)], check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    lent = sysconfig.get_paths()["purelib"]
    site = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"],
        check=True, capture_output=True, text=True,
    ).stdout.strip()  # fmt: skip
    pip = [sys.executable, "-m", "pip", "--python", str(python), "install", "-q", "--no-deps"]
    subprocess.run([*pip, "--no-index", str(wheel)], check=True)
    Path(site, "lent.pth").write_text(lent + "\n")
    return folder


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    clean = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    return subprocess.run(
        arguments, cwd=folder, env=clean, capture_output=True, text=True, timeout=120
    )


def test_the_wheel_carries_protocols_and_recipes(outside) -> None:
    (wheel,) = outside.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    for kind in ("manifests", "recipes"):
        ours = {p.relative_to(ROOT).as_posix() for p in (ROOT / kind).rglob("*.*") if p.is_file()}
        assert {f"fertools/_resources/{name}" for name in ours} <= set(names)
    assert not [name for name in names if name.endswith((".png", ".jpg", ".npy"))]


def test_a_source_of_ones_own_and_a_manifest_filtered_by_pandas(outside) -> None:
    (outside / "mylab.py").write_text(MYLAB)
    draw = (
        "import cv2, pathlib\n"
        "from fertools.fakes._face import draw, person\n"
        "raw = pathlib.Path('raw'); raw.mkdir()\n"
        "for p in range(3):\n"
        "    for word, en in (('froh', 'happiness'), ('zornig', 'anger')):\n"
        "        cv2.imwrite(f'raw/p{p}-1-{p}-{word}.png', draw(person(p), en))\n"
        "pathlib.Path('raw/notes.png').write_bytes(b'')\n"
    )
    python, fertools = str(outside / "venv/bin/python"), str(outside / "venv/bin/fertools")
    assert run(outside, python, "-c", draw).returncode == 0
    made = run(outside, fertools, "ingest", "./mylab.py", "raw", "-o", "data")
    assert made.returncode == 0, made.stderr
    assert "images in 7 = ok 6 + 1 with a reason (unknown_name 1)" in made.stdout
    shown = run(outside, python, "-c", PROJECT)
    assert shown.returncode == 0, shown.stderr
    assert shown.stdout.strip() == "(48, 48) uint8 3 ['mylab:p0', 'mylab:p1', 'mylab:p2']"


def test_the_code_comes_from_the_wheel(outside) -> None:
    found = run(
        outside, str(outside / "venv/bin/python"), "-c", "import fertools; print(fertools.__file__)"
    )
    assert found.stdout.startswith(str(outside))


def test_a_project_trains_on_a_csv_of_its_own_with_a_network_of_its_own(outside) -> None:
    python, fertools = str(outside / "venv/bin/python"), str(outside / "venv/bin/fertools")
    (outside / "my_net.py").write_text(NET)
    (outside / "mine.toml").write_text(RECIPE)
    assert run(outside, python, "-c", DRAW).returncode == 0
    columns = ["--path", "file", "--label", "feeling", "--subject", "who"]
    for line in (
        ["ingest", "table", "mine.csv", *columns, "-o", "data/mine"],
        ["split", "data/mine", "--group", "subject", "--ratios", "6:2:2", "-o", "mine.parquet"],
        ["train-baseline", "mine.toml", "-o", "runs/mine", "--device", "cpu"],
    ):
        done = run(outside, fertools, *line)
        assert done.returncode == 0, done.stderr
    scored = run(outside, fertools, "evaluate", "runs/mine", "--json")
    assert scored.returncode == 0, scored.stderr
    found = json.loads(scored.stdout)
    assert found["scores"]["rows"] == 4 and found["looks"] == ["look 1"]


def test_a_project_takes_three_steps_with_the_feed_alone(outside) -> None:
    done = run(outside, str(outside / "venv/bin/python"), "-c", STEPS)
    assert done.returncode == 0, done.stderr
    steps, count, rows = done.stdout.split(maxsplit=3)[1:]
    assert (steps, count) == ("3", "12") and rows.strip() == "[6, 6]"
