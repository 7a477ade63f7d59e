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


def recipe_file(name: str, table: str = "model") -> Path:
    """The TOML file that a name means: a path, or a recipe that ships and has this table.

    `model` is what trains, `row` a plan. Raises `FerError` that lists those of the kind.
    """
    if name.endswith(".toml"):
        return Path(name)
    shipped = names("recipes", ".toml")
    texts = {each: resource("recipes", each, ".toml").read_text("utf-8") for each in shipped}
    known = [each for each, text in texts.items() if table in tomllib.loads(text)]
    if name not in known:
        raise unknown({"model": "recipe for training", "row": "plan"}[table], name, known)
    return resource("recipes", name, ".toml")
