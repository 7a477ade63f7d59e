"""Loaders of other packages over one folder of images, for `bench_loader.py`; runs in .venv-bench.

    python tests/benchmarks/_loaders_of_others.py FOLDER TAR BATCH EPOCHS OUT.npy

Prints one JSON object: images per second of each package, by the clock and by CPU time, or why it
did not run. Each gives
float32 (n, 1, H, W) in 0..1 in shuffled batches from two workers, which stay alive between epochs;
the first epoch is not timed. OUT gets the first image of the folder as each package read it.
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from _rates import rates
from PIL import Image
from torch.utils.data import DataLoader, Dataset

WORKERS = 2


def tensor(image: Image.Image) -> torch.Tensor:
    """(1, H, W) in 0..1, as torchvision's ToTensor gives it."""
    return torch.from_numpy(np.asarray(image.convert("L"), np.uint8).copy())[None].float().div(255)


def gray(path: str) -> Image.Image:
    with Path(path).open("rb") as file:
        return Image.open(file).convert("L")


def image_folder(folder: Path, batch: int) -> tuple[DataLoader, Dataset]:
    from torchvision.datasets import ImageFolder
    from torchvision.transforms import ToTensor

    data = ImageFolder(str(folder), transform=ToTensor(), loader=gray)
    return loader(data, batch), data


def hugging_face(folder: Path, batch: int) -> tuple[DataLoader, Dataset]:
    from datasets import load_dataset

    data = load_dataset("imagefolder", data_dir=str(folder), split="train")

    def change(rows: dict) -> dict:
        return {"image": [tensor(i) for i in rows["image"]], "label": rows["label"]}

    data.set_transform(change)
    return loader(data, batch), data


def hugging_face_arrays(folder: Path, batch: int) -> tuple[DataLoader, Dataset]:
    """Pixels as an Arrow column instead of files: its fastest way for small images."""
    from datasets import Array2D, ClassLabel, Features, load_dataset

    files = load_dataset("imagefolder", data_dir=str(folder), split="train")
    height, width = files[0]["image"].height, files[0]["image"].width
    features = Features(
        {"label": ClassLabel(names=files.features["label"].names),
         "pixels": Array2D((height, width), "uint8")}
    )  # fmt: skip
    flat = files.map(
        lambda row: {"pixels": np.asarray(row["image"].convert("L"), np.uint8)},
        remove_columns=["image"],
        features=features,
    ).with_format("torch")

    class Scaled(Dataset):
        def __len__(self) -> int:
            return len(flat)

        def __getitems__(self, at: list[int]) -> list:
            rows = flat[at]
            images = rows["pixels"].unsqueeze(1).float().div(255)
            return list(zip(images, rows["label"], strict=True))

        def __getitem__(self, at: int) -> tuple:
            return self.__getitems__([at])[0]

    return loader(Scaled(), batch), Scaled()


def web_dataset(tar: Path, batch: int) -> tuple[DataLoader, None]:
    import webdataset as wds

    shards = sorted(str(file) for file in tar.glob("*.tar"))
    data = (
        wds.WebDataset(shards, shardshuffle=len(shards), workersplitter=wds.split_by_worker)
        .shuffle(1000)
        .decode("pil")
        .to_tuple("png;jpg", "cls")
        .map_tuple(tensor, int)
        .batched(batch)
    )
    return DataLoader(data, batch_size=None, num_workers=WORKERS, persistent_workers=True), None


def loader(data: Dataset, batch: int) -> DataLoader:
    return DataLoader(
        data, batch, shuffle=True, num_workers=WORKERS, persistent_workers=True, prefetch_factor=4
    )


def main() -> None:
    folder, tar, batch, epochs, out = sys.argv[1:]
    torch.set_num_threads(1)
    ways = {
        "torchvision ImageFolder, 2 workers": lambda: image_folder(Path(folder), int(batch)),
        "datasets (files), 2 workers": lambda: hugging_face(Path(folder), int(batch)),
        "datasets (Arrow arrays), 2 workers": lambda: hugging_face_arrays(Path(folder), int(batch)),
        "webdataset, 2 workers": lambda: web_dataset(Path(tar), int(batch)),
    }
    found: dict[str, tuple[float, float] | str] = {}
    firsts: dict[str, np.ndarray] = {}
    for name, make in ways.items():
        try:
            batches, data = make()
        except ImportError as error:
            found[name] = f"skipped: {error}"
            continue
        if data is not None:
            first = data[0]
            firsts[name] = np.asarray(first["image"] if isinstance(first, dict) else first[0])
        found[name] = rates(batches, int(epochs))
    np.savez(out, **firsts)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
