"""May these pictures be passed on, and what must be said of where they come from?

In goes a manifest; out come licence, citation and home page of each data set in it, and the names
of those whose pictures may not leave the house. A source declares `SHARING = "free"` where its
pictures may be given to anybody; whatever does not declare it is forbidden.
"""

from collections.abc import Sequence
from typing import Any

from fertools import folder
from fertools.manifest import Manifest

FACTS = ("licence", "citation", "homepage", "sharing")
FREE = "free"


def sources(manifest: Manifest, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """What the card beside the manifest declares of each data set; nothing where there is none."""
    return {name: _declared(manifest.card, name) for name in names}


def forbidden(declared: dict[str, dict[str, str]]) -> list[str]:
    """The data sets whose pictures may not be passed on."""
    return [name for name, facts in declared.items() if facts["sharing"] != FREE]


def _declared(card: dict[str, Any], name: str) -> dict[str, str]:
    about = card.get("about", {})
    kind = name
    if "licence" in about:  # of an ingest; a split has one for each of its data sets
        about = {card.get("name"): about}
        kind = str(card.get("source", name))
    found = about.get(name)
    found = dict(found) if isinstance(found, dict) else {}
    module = folder.load("sources", kind) if kind in folder.names("sources") else None
    # A card written before there was `sharing` is believed where its licence is the source's: the
    # name alone says nothing, for `ingest --name` takes any.
    if "sharing" not in found and found.get("licence") == getattr(module, "LICENCE", None):
        found["sharing"] = getattr(module, "SHARING", "")
    return {fact: str(found.get(fact, "")) for fact in FACTS}
