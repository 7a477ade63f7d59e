"""fertools: clean, leak-free, reproducible training data from raw facial-expression data sets.

What other projects import is loaded on first use, so that `import fertools` costs nothing.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fertools.data import FaceDataset as FaceDataset
    from fertools.data.loader import make_loader as make_loader
    from fertools.faces import open_faces as open_faces
    from fertools.frame import Batch as Batch
    from fertools.frame import Frame as Frame
    from fertools.frame import option as option
    from fertools.frame import rejected as rejected
    from fertools.manifest import read_manifest as read_manifest
    from fertools.roots import Root as Root
    from fertools.roots import Unit as Unit

__version__ = "0.1.0"

_WHERE = {
    "FaceDataset": "data",
    "make_loader": "data.loader",
    "read_manifest": "manifest",
    "open_faces": "faces",
    "Frame": "frame",
    "Batch": "frame",
    "rejected": "frame",
    "option": "frame",
    "Root": "roots",
    "Unit": "roots",
}
__all__ = ["__version__", *sorted(_WHERE)]


def _load(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module 'fertools' has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"fertools.{_WHERE[name]}"), name)
    except ModuleNotFoundError as error:
        if error.name != "torch":
            raise
        said = f"{name} needs PyTorch: pip install 'fertools[train]'"
        raise ModuleNotFoundError(said, name="torch") from error


if not TYPE_CHECKING:  # it would make every name a known one to type checkers
    __getattr__ = _load
