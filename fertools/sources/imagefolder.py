"""Folders of images, one folder per class: your own data.

Layout on disk: `<class>/<image>`, or `<part>/<class>/<image>` with train, val (valid, validation)
and test above; an archive counts as the folder that it would unpack to (`train.zip`, `happy.zip`),
unless it is all there is. Of several RAW arguments (`fer/train fer/test`) the name of each may be
the part, and begins the ids. Images: jpg, jpeg, png, bmp, webp, tif, tiff, in lower or upper case.

Traps: without `--subject-regex` nobody knows who is on the images, and `split --group subject` is
refused; `--sequence-regex` names the film that a frame is of. The class is the name of the folder,
or what `--name-regex` finds: `(?P<subject>[0-9]+)_(?P<label>[a-z]+)` needs no folders, and an image
whose path it does not fit becomes `unknown_name`. A class that is no known word is kept as
`raw_label` alone, unless a TOML file says what it means (`--labels map.toml`: `bored = "boredom"`).
"""

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fertools.frame import Frame, option, rejected
from fertools.locations import Location
from fertools.roots import Member, Root, Unit
from fertools.roots.archives import unpacked
from fertools.sources._apart import apart
from fertools.sources._cells import composed
from fertools.sources._from_path import (
    NAME_HELP,
    SEQUENCE_HELP,
    SUBJECT_HELP,
    check,
    groups_of,
    named,
    told,
)
from fertools.sources._own_data import (
    CITATION_HELP,
    LABELS_HELP,
    LICENCE_HELP,
    UNSTATED,
    determining_of,
    own_words,
)

LICENCE = UNSTATED
SHARING = "free"  # `export` may write the pictures
CITATION = ""
HOMEPAGE = ""
DEFAULTS = {"faces": "as-is"}
IMAGES = (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".bmp", ".webp", ".tif", ".tiff")
PARTS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "publictest": "val",  # as FER2013 names its parts
    "test": "test",
    "privatetest": "test",
    "testing": "test",
}


@dataclass(frozen=True, slots=True)
class Options:
    """What the user may say about the folders."""

    subject_regex: str | None = option(None, SUBJECT_HELP)
    sequence_regex: str | None = option(None, SEQUENCE_HELP)
    name_regex: str | None = option(None, NAME_HELP)
    labels: str | None = option(None, LABELS_HELP)
    licence: str | None = option(None, LICENCE_HELP)
    citation: str | None = option(None, CITATION_HELP)


def labels(options: Options) -> dict[str, str]:
    """The user's own map from folders' names to words."""
    return own_words(options.labels)


def determining(options: Options) -> dict[str, Any]:
    """What of the options determines the result."""
    return determining_of(options)


def matches(root: Root) -> bool:
    """Whether an image lies below a folder of the root, or anywhere if names tell the class."""
    anywhere = _by_name(_checked(root))
    return any(
        m.suffix in IMAGES and (anywhere or _folders(m, root.path.is_dir())) for m in root.members
    )


def units(root: Root) -> list[Unit]:
    """Slices by part and class."""
    options, within = _checked(root), root.path.is_dir()
    by_name = _by_name(options)
    sliced = root.units(
        root.members,
        key=lambda m: "-".join(filter(None, _place(m, within, by_name))) or "elsewhere",
    )
    above = apart(root, _unpacked)
    return [dataclasses.replace(unit, options=(options, within, above)) for unit in sliced]


def read(unit: Unit) -> Iterator[Frame]:
    """Every file of a slice, in the order of the paths."""
    options, within, above = unit.options
    by_name = _by_name(options)
    where = "called as --name-regex says" if by_name else "below a class folder"
    for member in unit.members:
        part, folder = _place(member, within, by_name, above)
        inner = "/".join([*_folders(member, within), member.name])
        key = f"{above}/{inner}" if above else inner
        found = told(options.name_regex, inner)
        label = found["label"] if by_name else folder
        if not label:
            yield rejected(member, "unknown_name", f"{member.path}: not {where}", key=key)
        elif member.suffix not in IMAGES:
            why = f"{member.path}: no image by its extension"
            yield rejected(member, "not_an_image", why, key=key)
        else:
            yield Frame(
                key=key,
                path=member.path,
                image=member,
                raw_label=composed(label),
                subject=named(options.subject_regex, inner, "subject") or found["subject"],
                sequence=named(options.sequence_regex, inner, "sequence") or found["sequence"],
                gender=found["gender"],
                age=found["age"],
                race=found["race"],
                official_split=part or None,
            )


def _checked(root: Root) -> Options:
    options: Options = root.options or Options()
    check(options.subject_regex, options.sequence_regex, options.name_regex)
    return options


def _by_name(options: Options) -> bool:
    """Whether names tell the class, and not folders."""
    return "label" in groups_of(options.name_regex)


def _unpacked(root: Root) -> Location:
    """Where a root lies, or would if it were unpacked."""
    bare = unpacked(root.path.name)
    return root.path.with_name(bare) if bare and not root.path.is_dir() else root.path


def _folders(member: Member, within: bool) -> list[str]:
    """The folders of an image; an archive `within` a folder stands for one of its own name."""
    folders = member.inner.split("/")[:-1]
    if member.archive and within:
        *above, name = member.archive.split("/")
        folders = [*above, unpacked(name), *folders]
    return folders


def _place(member: Member, within: bool, by_name: bool, above: str = "") -> tuple[str, str]:
    """Official part and class of an image: the innermost folder, and the nearest part above it.

    `above` tells the RAW argument from others, and may be the part. Where names tell the class,
    any folder may be the part.
    """
    folders = _folders(member, within)
    label = folders.pop() if folders and not by_name else ""
    outer = [*above.split("/"), *folders]
    parts = [PARTS[f.lower()] for f in outer if f.lower() in PARTS]
    return (parts[-1] if parts else ""), label
