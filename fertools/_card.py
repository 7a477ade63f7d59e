"""The card of a manifest, which a stranger may have mended: is it laid out as we write it?

In goes what a card's JSON holds; nothing comes out but the error that names the place at fault.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fertools.errors import FerError

KINDS = {"stores": dict, "about": dict, "statuses": dict, "units": dict, "face": dict,
         "curation": dict, "notes": list, "name": str}  # fmt: skip
MOST_MARGIN = 4  # as for `--margin`
NAMES = {dict: "a table", list: "a list", str: "a text"}


def check_card(card: Any, path: Path) -> None:
    """Raise `FerError` where a card is not an object, or an entry that is read is of another kind.

    Keys that are not known pass: later versions may write more.
    """
    if not isinstance(card, dict):
        raise FerError(f"{path}: a card is a JSON object; write it again")
    for name, kind in KINDS.items():
        if name in card and not isinstance(card[name], kind):
            raise FerError(f"{path}: {name} is {card[name]!r:.60}, not {NAMES[kind]}; mend it")
    for key, store in card.get("stores", {}).items():
        if not _is_store(store):
            raise FerError(f"{path}: store {key!r} is not as ingest writes it; run ingest again")


def _is_store(store: Any) -> bool:
    """Path and context of a store, and for each shard its rows and the shape of a face."""
    if not isinstance(store, Mapping) or not isinstance(store.get("path", "."), str):
        return False
    margin, shards = store.get("margin", 0.0), store.get("shards", {})
    if type(margin) not in (int, float) or not 0 <= margin <= MOST_MARGIN:
        return False
    return isinstance(shards, Mapping) and all(map(_is_shard, shards.values()))


def _is_shard(entry: Any) -> bool:
    if not isinstance(entry, Mapping):
        return False
    rows, shape = entry.get("rows"), entry.get("shape")
    if type(rows) is not int or rows < 0 or not isinstance(shape, list):
        return False
    sides = all(type(side) is int and 0 < side <= 1 << 16 for side in shape)
    return sides and (len(shape) == 2 or (len(shape) == 3 and shape[2] == 3))
