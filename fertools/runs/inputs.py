"""What a run was made from: digests of the files that its recipe only names.

In goes a recipe; out come the digests of its manifests, the weights it starts from, its teacher's
weights and network files of the user's own. A card and a checkpoint keep them, so that a file that
has changed since shows.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fertools.errors import FerError
from fertools.manifest import locate
from fertools.recipe import Recipe
from fertools.runs import file_digest, has_ended, model_files, open_run, told

Digests = dict[str, str]


def inputs(recipe: Recipe) -> Digests:
    """The digest of every file that a recipe names and that is there, as `key = path`."""
    data, path = recipe.data, recipe.train.teacher
    files = {"model.init_weights": Path(recipe.model.init_weights), **model_files(recipe)}
    found = {told(key, file): file_digest(file) for key, file in files.items() if file.is_file()}
    for key, each in (
        ("data.manifest", data.manifest),
        *(("data.extra_data", each) for each in data.extra_data),
    ):
        try:
            found[told(key, each)] = file_digest(locate(each))
        except FerError:  # who needs it complains
            continue
    if path and has_ended(Path(path)):
        found[told("train.teacher", path)] = open_run(Path(path)).digest
    return found


def recorded(facts: Mapping[str, Any], recipe: Recipe) -> Digests:
    """What a card or a checkpoint says of the files of its recipe; those of before say less."""
    if "inputs" in facts:
        return dict(facts["inputs"])
    data, manifest = recipe.data, facts["manifest"]
    digest = manifest if isinstance(manifest, str) else manifest["digest"]
    found = {told("data.manifest", data.manifest): str(digest)}
    extra = facts.get("extra", facts.get("extra_digests", ()))
    names = (told("data.extra_data", each) for each in data.extra_data)
    found |= dict(zip(names, extra, strict=False))
    if taught := facts.get("teacher"):
        found[told("train.teacher", taught["run"])] = taught["weights"]
    return found


def changed(then: Mapping[str, str], now: Mapping[str, str]) -> str:
    """The files that are others now, in words; one that either side does not know is none."""
    return ", ".join(sorted(name for name in then.keys() & now.keys() if then[name] != now[name]))
