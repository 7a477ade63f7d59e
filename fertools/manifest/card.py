"""The card of a manifest: what we write on it of the moment, and whether one is laid out as ours.

A card may have been mended by a stranger: in goes what its JSON holds; nothing comes out but the
error that names the place at fault.
"""

import platform
import sys
import time
from collections.abc import Mapping
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import Any

from fertools.errors import FerError
from fertools.locations import Location

KINDS = {"stores": dict, "about": dict, "statuses": dict, "units": dict, "face": dict,
         "curation": dict, "files": dict, "notes": list, "name": str}  # fmt: skip
REMAKE = "run the command again that made it"
MOST_MARGIN = 4  # as for `--margin`
PACKAGES = ("fertools", "numpy", "opencv-python-headless", "pyarrow")
NAMES = {dict: "a table", list: "a list", str: "a text"}


def made(command: str | None) -> dict[str, Any]:
    """When, where and with what: for the card only, since none of it determines the content."""
    return {
        "command": command,
        "time": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        "python": sys.version.split()[0],
        "platform": platform.platform(),
        "packages": {d.name: d.version for name in PACKAGES for d in _installed(name)},
    }


def _installed(name: str) -> list[Distribution]:
    """A distribution, or nothing where another one provides the package (there are four cv2)."""
    try:
        return [distribution(name)]
    except PackageNotFoundError:
        return []


def check_card(card: Any, path: Location) -> None:
    """Raise `FerError` where a card is not an object, or an entry that is read is of another kind.

    Keys that are not known pass: later versions may write more.
    """
    if not isinstance(card, dict):
        raise FerError(f"{path}: a card is a JSON object; {REMAKE}")
    for name, kind in KINDS.items():
        if name in card and not isinstance(card[name], kind):
            raise FerError(f"{path}: {name} is {card[name]!r:.60}, not {NAMES[kind]}; mend it")
    for key, store in card.get("stores", {}).items():
        if not _is_store(store):
            raise FerError(f"{path}: store {key!r} is not as ingest writes it; {REMAKE}")


def _is_store(store: Any) -> bool:
    """Path and context of a store, and for each shard its rows and the shape of a face."""
    if not isinstance(store, Mapping) or not isinstance(store.get("path", "."), str):
        return False
    margin, shards = store.get("margin", 0.0), store.get("shards", {})
    if type(margin) not in (int, float) or not 0 <= margin <= MOST_MARGIN:
        return False
    return isinstance(shards, Mapping) and all(map(is_shard, shards.values()))


def is_shard(entry: Any) -> bool:
    """Whether this tells the rows of a shard and the shape of a face."""
    if not isinstance(entry, Mapping):
        return False
    rows, shape = entry.get("rows"), entry.get("shape")
    if type(rows) is not int or rows < 0 or not isinstance(shape, list):
        return False
    sides = all(type(side) is int and 0 < side <= 1 << 16 for side in shape)
    return sides and (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3))
