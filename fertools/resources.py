"""Files that ship with the package: published protocols and recipes.

In goes a relative path such as `recipes/curate_default.toml`; out comes the file, from the wheel or
from a checkout, so that both give the same.
"""

import tomllib
from pathlib import Path

from fertools.errors import unknown

HERE = Path(__file__).parent
KINDS = ("manifests", "recipes")


def folder(kind: str) -> Path:
    """The folder of protocols (`manifests`) or of recipes."""
    if kind not in KINDS:
        raise unknown("resource folder", kind, list(KINDS))
    installed = HERE / "_resources" / kind
    return installed if installed.is_dir() else HERE.parent / kind


def names(kind: str, suffix: str) -> list[str]:
    """The names of what a folder holds, without the suffix, sorted."""
    return sorted(str(file.relative_to(folder(kind)))[: -len(suffix)]
                  for file in folder(kind).rglob(f"*{suffix}"))  # fmt: skip


def resource(kind: str, name: str, suffix: str) -> Path:
    """The file of one protocol or recipe. Raises `FerError` that lists the known names."""
    if name not in names(kind, suffix):
        raise unknown({"manifests": "protocol"}.get(kind, "recipe"), name, names(kind, suffix))
    return folder(kind) / f"{name}{suffix}"


def training_recipe(name: str) -> Path:
    """The TOML file that a recipe's name means: a path, or one that ships and trains a network.

    Raises `FerError` that lists those: policies and plans are recipes, too.
    """
    return _with_table(name, "recipe for training", "model")


def search_plan(name: str) -> Path:
    """The same for the plan of a search, which has rows."""
    return _with_table(name, "plan", "row")


def _with_table(name: str, what: str, table: str) -> Path:
    if name.endswith(".toml"):
        return Path(name)
    shipped = {each: folder("recipes") / f"{each}.toml" for each in names("recipes", ".toml")}
    if name not in shipped or not _has(shipped[name], table):
        known = [each for each, file in shipped.items() if _has(file, table)]
        raise unknown(what, name, known)
    return shipped[name]


def _has(file: Path, table: str) -> bool:
    return table in tomllib.loads(file.read_text(encoding="utf-8"))
