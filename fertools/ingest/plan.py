"""What an ingest is going to do: its roots, its units, and every option resolved.

In go a source and what the user asked for; out come the units in the order of their names, and the
plan: a JSON object of all that determines the result besides the units.
"""

import dataclasses
import itertools
import json
import re
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from fertools import folder
from fertools.errors import FerError, unknown
from fertools.face_options import settle
from fertools.frame import Batch, Frame
from fertools.image import ImageFault, shape_of
from fertools.roots import Member, ReadFault, Root, Unit, slug

PROBED = 64  # images looked at, at most, where nobody says how large a face is
LARGEST_AS_IS = 256  # pixels
STANDARD = (224, 3)
GENERIC = ("imagefolder", "table")  # these fit many a root, so they are suggested last


def source_name(source: str, name: str | None) -> str:
    """The data set's name: what the user says, or the source's; it starts every id."""
    name = name or Path(source).stem
    if not re.fullmatch(r"[\w.-]+", name):
        raise FerError(f"name {name!r}: letters, digits, '-', '_' and '.' only")
    return name


def open_roots(module: ModuleType, raws: Sequence[str | Path], given: dict[str, Any]) -> list[Root]:
    """The RAW arguments, each of which knows the others."""
    roots = [Root(raw, _source_options(module, given)) for raw in raws]
    for root in roots:
        root.beside = tuple(other for other in roots if other is not root)
    return roots


def _source_options(module: ModuleType, given: dict[str, Any]) -> Any:
    if not hasattr(module, "Options"):
        if given:
            raise FerError(f"option {next(iter(given))!r}: this source has no options")
        return None
    known = [f.name for f in dataclasses.fields(module.Options)]
    for key in given:
        if key not in known:
            raise unknown("option", key, known)
    return module.Options(**given)


def find_units(module: ModuleType, roots: Sequence[Root], source: str) -> list[Unit]:
    """The units of all roots by name; of those that share a name, later ones get a number.

    Names become file names: a source's are cleaned, and told apart on disks that ignore case.
    """
    found: dict[str, Unit] = {}
    taken: set[str] = set()
    for root in roots:
        if not module.matches(root):
            raise FerError(_wrong_root(root, source))
        for unit in module.units(root):
            first = slug(unit.name)
            names = (f"{first}-{n}" for n in itertools.count(2))
            name = next(n for n in itertools.chain([first], names) if n.casefold() not in taken)
            taken.add(name.casefold())
            found[name] = dataclasses.replace(unit, name=name)
    return [found[name] for name in sorted(found)]


def _wrong_root(root: Root, source: str) -> str:
    kinds = sorted({member.suffix or "no extension" for member in root.members})[:5]
    holds = f"{len(root.members)} files ({', '.join(kinds)})" if root.members else "no file"
    names = [name for name in folder.names("sources") if name != source]
    others = [n for n in names if n not in GENERIC and _fits(n, root)]
    others = others or [n for n in names if n in GENERIC and _fits(n, root)]
    looks = "`fertools ingest --help` lists the data sets that can be read"
    if others:
        looks = f"it looks like {' or '.join(others)}"
    return f"{root}: this is not laid out as {Path(source).stem}: {holds}; {looks}"


def _fits(name: str, root: Root) -> bool:
    module = folder.load("sources", name)
    try:
        return bool(module.matches(Root(root.path, _source_options(module, {}))))
    except FerError:
        return False  # a broken copy of that data set; the other one's error says enough


def make_plan(
    module: ModuleType,
    roots: Sequence[Root],
    source: str,
    name: str,
    face: dict[str, Any],
    units: Sequence[Unit],
    limit: int | None,
) -> dict[str, Any]:
    """What determines the result, but for the units: source, name and every option, resolved."""
    options = settle(_preferred(module, roots), face)
    if options.size is None or options.channels is None:
        size, channels = _probe(module, units)
        options = dataclasses.replace(
            options, size=options.size or size, channels=options.channels or channels
        )
    plan = {
        "source": Path(source).stem,
        "name": name,
        "face": dataclasses.asdict(options),
        "options": _determining(module, roots[0].options if roots else None),
        "limit": limit,
    }
    resolved: dict[str, Any] = json.loads(json.dumps(plan))  # as it is read back from the disk
    return resolved


def _preferred(module: ModuleType, roots: Sequence[Root]) -> dict[str, Any]:
    """Face options that a source prefers; some look at what they were given first."""
    if hasattr(module, "defaults"):
        return dict(module.defaults(roots))
    return dict(getattr(module, "DEFAULTS", {}))


def _determining(module: ModuleType, options: Any) -> dict[str, Any]:
    """What of a source's options determines the result: all, unless the source knows better."""
    if options is None:
        return {}
    if hasattr(module, "determining"):
        return dict(module.determining(options))
    return dataclasses.asdict(options)


def _probe(module: ModuleType, units: Sequence[Unit]) -> tuple[int, int]:
    """Side and channels of some images where they all agree and are small, else 224 colour.

    Looked at are the first ones of units from all over: a class may have come from elsewhere.
    """
    step = -(-len(units) // PROBED)
    some = sorted(units[:: step or 1], key=_place)  # a packed tar is read forward once
    each = PROBED // max(len(some), 1)
    pieces = ((unit, piece) for unit in some for piece in itertools.islice(module.read(unit), each))
    shapes = {_shape(unit, piece) for unit, piece in pieces} - {None}
    if len(shapes) == 1 and (shape := shapes.pop()):
        height, width, channels = shape
        if height == width <= LARGEST_AS_IS:
            return height, channels
    return STANDARD


def _place(unit: Unit) -> tuple[str, int]:
    first = unit.members[0] if unit.members else None
    return (first.container, first.place) if first else ("", 0)


def _shape(unit: Unit, piece: Frame | Batch) -> tuple[int, int, int] | None:
    """Height, width and channels of an image, None where there is none."""
    image = piece.faces[0] if isinstance(piece, Batch) and len(piece.faces) else None
    if isinstance(piece, Frame):
        image = piece.image
    if isinstance(image, np.ndarray):
        return (*image.shape[:2], image.ndim * 2 - 3) if image.ndim in (2, 3) else None
    try:
        data = unit.read(image) if isinstance(image, Member) else image
        return None if data is None else shape_of(data)
    except (ImageFault, ReadFault):
        return None
