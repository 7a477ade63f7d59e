"""TOML, as a run keeps its recipe: a table of sections, written so that it reads back the same.

In goes a table of sections, each of plain values, lists and tables; out comes a file.
"""

import json
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fertools.locations import create, put

BARE = set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")


def write_toml(file: Path, table: Mapping[str, Any], opening: str = "") -> None:
    """Write a table of sections as TOML, put in place whole; `opening` are comment lines."""
    lines = [f"# {line}" for line in opening.splitlines()]
    for section, values in table.items():
        lines += ["", f"[{section}]"]
        lines += [f"{_key(name)} = {_toml(value)}" for name, value in values.items()]
    with create(file) as stream:
        stream.write(("\n".join(lines).lstrip("\n") + "\n").encode())
        put(stream, file)


def _key(name: str) -> str:
    return name if name and set(name) <= BARE else json.dumps(name, ensure_ascii=False)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        inner = ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # inf, -inf, nan, as TOML writes them too
    return json.dumps(value, ensure_ascii=False)
