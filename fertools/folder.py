"""A folder is a registry: which variants there are, and how one is loaded.

In goes the name of a folder of this package (`sources`, `detectors`, `checks`, `models`, `export`,
`fakes`, `cli`); out come the names of its files and, on demand, one of them as a module. A user's
own file (`./mylab.py`) and an installed entry point (`fertools.sources`) serve as well as a file of
ours.
"""

import ast
import importlib
import importlib.util
import sys
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType

from fertools.errors import FerError, unknown

HERE = Path(__file__).parent
HAS = {  # what every variant has, by folder
    "sources": ("matches", "units", "read"),
    "detectors": ("Options", "resolve", "load"),
    "checks": ("FLAGS", "Options", "find"),
}


def names(folder: str) -> list[str]:
    """The variants of `folder`, sorted; a leading underscore hides a file."""
    own = {p.stem for p in (HERE / folder).glob("*.py") if not p.stem.startswith("_")}
    return sorted(own | _installed(folder).keys())


def load(folder: str, name: str) -> ModuleType:
    """The module of one variant: a name of the listing, or the path of a user's `.py` file.

    Raises `FerError` for a name that is not listed (nothing is ever imported by a raw name) and for
    a file that is missing or cannot be imported.
    """
    if name.endswith(".py"):
        return _load_file(Path(name))
    if name not in names(folder):
        raise unknown(folder.removesuffix("s"), name, names(folder))
    installed = _installed(folder)
    return importlib.import_module(installed.get(name, f"fertools.{folder}.{name}"))


def load_whole(folder: str, name: str) -> ModuleType:
    """The module of one variant, with what every variant of its folder has.

    Raises `FerError` as `load` does, and where something of that is missing.
    """
    module = load(folder, name)
    for part in HAS[folder]:
        if not hasattr(module, part):
            *most, last = HAS[folder]
            known = f"a {folder.removesuffix('s')} has {', '.join(most)} and {last}"
            raise FerError(f"{name}: there is no {part!r} in it; {known}")
    return module


def summary(folder: str, name: str) -> str:
    """The first line of a variant's docstring, read without importing it."""
    path = Path(name) if name.endswith(".py") else HERE / folder / f"{name}.py"
    if not path.is_file():
        return f"installed as {_installed(folder).get(name, '?')}"
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return text.split("\n", 1)[0]


@cache
def _installed(folder: str) -> dict[str, str]:
    return {e.name: e.value for e in entry_points(group=f"fertools.{folder}")}


@cache
def _load_file(path: Path) -> ModuleType:
    path = path.resolve()
    if not path.is_file():
        raise FerError(f"{path}: there is no such file; give the path of a Python file")
    spec = importlib.util.spec_from_file_location(f"fertools_user_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise FerError(f"{path}: this is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their own module up by name
    try:
        spec.loader.exec_module(module)
    except (SyntaxError, ImportError) as error:
        raise FerError(f"{path}: cannot be imported: {error}") from error
    return module
