"""Strict reading: a parsed TOML table becomes a frozen dataclass, or one sentence says why not.

In goes a dict of TOML values; out comes the dataclass, with every key known, every type as declared
and every bound kept. Fields are declared with `setting`, nested dataclasses are sections.
"""

import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, asdict, field, fields, is_dataclass
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from fertools.errors import FerError, unknown

Record = TypeVar("Record")

NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


def setting(
    default: Any = MISSING,
    *,
    low: float | None = None,
    high: float | None = None,
    known: tuple[str, ...] = (),
) -> Any:
    """A field of a record with inclusive bounds (for each number in it) or its known words.

    Without a default the key must be given. A dict or a record as default is made anew each time.
    """
    rule = {"low": low, "high": high, "known": known}
    if default is MISSING:
        return field(metadata=rule)
    if callable(default):
        return field(default_factory=default, metadata=rule)
    return field(default=default, metadata=rule)


def read(cls: type[Record], table: Mapping[str, Any], file: str, where: str = "") -> Record:
    """Build `cls` from `table`; `file` and `where` are for the words of a `FerError`."""
    hints = get_type_hints(cls)
    declared = {f.name: f for f in fields(cls)}  # type: ignore[arg-type]
    prefix = f"{where}." if where else ""
    for key in table:
        if key not in declared:
            raise unknown(f"{file}: key", prefix + key, [prefix + name for name in declared])
    values = {}
    for name, spec in declared.items():
        if name in table:
            values[name] = _value(table[name], hints[name], file, prefix + name)
            _bound(values[name], spec, file, prefix + name)
        elif is_dataclass(hints[name]) and isinstance(hints[name], type):
            values[name] = read(hints[name], {}, file, prefix + name)
        elif spec.default is MISSING and spec.default_factory is MISSING:
            raise FerError(f"{file}: {prefix}{name} is missing; add it")
    return cls(**values)


def table(record: Any) -> dict[str, Any]:
    """The plain table that `read` turns into an equal record: lists for tuples, no absent keys."""
    plain: dict[str, Any] = _plain(asdict(record))
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list | tuple) else value


def _value(value: Any, hint: Any, file: str, where: str) -> Any:
    """`value` as the type that `hint` declares."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):  # X | None, where None is the absent key
        return _value(value, inner[0], file, where)
    if origin is tuple and isinstance(value, list):
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        if len(kinds) == len(value):
            return tuple(_value(v, k, file, where) for v, k in zip(value, kinds, strict=True))
    if origin is not None and issubclass(origin, Mapping) and isinstance(value, dict):
        return {key: _value(v, inner[1], file, f"{where}.{key}") for key, v in value.items()}
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(value, dict):
        return read(hint, value, file, where)
    if hint is Any:
        return value
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is hint:
        return value
    raise FerError(f"{file}: {where} = {value!r} is wrong; give {_name(hint)}")


def _name(hint: Any) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if origin is tuple:
        many = "a list, each" if inner[-1] is Ellipsis else f"a list of {len(inner)}, each"
        return f"{many} {_name(inner[0])}"
    return NAMES.get(hint, "a table")


def _bound(value: Any, spec: Field[Any], file: str, where: str) -> None:
    low, high, known = (spec.metadata.get(k) for k in ("low", "high", "known"))
    for item in value if isinstance(value, tuple) else (value,):
        if known and item not in known:
            raise unknown(f"{file}: {where}", str(item), list(known))
        if low is not None and not item >= low:  # a NaN is not >= low either
            raise FerError(f"{file}: {where} = {item} is too small; give {low} or more")
        if high is not None and not item <= high:
            raise FerError(f"{file}: {where} = {item} is too large; give {high} or less")
