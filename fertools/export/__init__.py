"""Export: hand the faces of a manifest to other tools, each in a format of its own.

In goes a manifest and the name of a format; out comes a folder that the format's own readers open.
A file of this folder is a format: `write(chosen, out)` fills an empty folder, `READ_BY`, `KEEPS`
and `LOSES` are what the table of formats says, and `PIXELS = "optional"` marks one that is worth
something without its pictures; `notes(chosen)` may say what a user of this one must know.

Every folder holds `export.json`: the digest of the manifest, licence and citation of each data set,
classes in the order of their numbers, counts by part and class, and why the other rows were left
out. The same manifest, options and versions give the same bytes.
"""

import dataclasses
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fertools import __version__, folder
from fertools.errors import FerError
from fertools.export import _terms
from fertools.export._chosen import Chosen, choose
from fertools.export._chosen import Options as Options
from fertools.locations import sha256
from fertools.locations.lock import alone_in
from fertools.manifest import Manifest, locate, read_manifest, write_json
from fertools.roots.listing import LITTER

RECORD = "export.json"


@dataclass(frozen=True, slots=True)
class Exported:
    """What came out: rows of the manifest, samples written, by part and class, and the rest."""

    out: Path
    format: str
    rows: int
    samples: int
    counts: dict[str, dict[str, int]]
    left_out: dict[str, int]
    pixels: bool
    notes: list[str]


def export(
    manifest: str | Path,
    to: str,
    out: str | Path,
    options: Options | None = None,
    *,
    i_have_the_right: bool = False,
    force: bool = False,
) -> Exported:
    """Write the faces of a manifest to the new folder `out` in the format `to`.

    Pictures of a data set whose terms forbid sharing are written only where the caller has the
    right: a format that needs them is refused, any other goes without, and a note says so. Raises
    `FerError` for this, for an unknown format, an `out` that is there (with `force`: that is no
    export of ours), a package that is missing, and a manifest without a face to export.
    """
    module = folder.load("export", to)
    if "://" in str(out):
        raise FerError(f"{out}: an export goes to a folder on a disk; give one, and copy it there")
    file, out, options = locate(manifest), Path(out).resolve(), options or Options()
    _check_out(out, force=force)
    found = read_manifest(file)
    found.each_once(file)
    declared = _terms.sources(found, sorted(set(found.table["source"].to_pylist())))
    pixels, notes = _pixels(module, to, declared, options, i_have_the_right)
    chosen = choose(
        found, dataclasses.replace(options, pixels=pixels), _facts(file, found, to, declared)
    )
    notes += chosen.notes + (module.notes(chosen) if hasattr(module, "notes") else [])
    _write(module, chosen, out)
    return Exported(
        out=out,
        format=to,
        rows=len(found),
        samples=len(chosen.names),
        counts=chosen.counts(),
        left_out=chosen.left_out,
        pixels=pixels,
        notes=notes,
    )


def _check_out(out: Path, *, force: bool) -> None:
    if not out.exists():
        return
    try:
        wrote = json.loads((out / RECORD).read_text(encoding="utf-8")).get("files")
    except (OSError, ValueError, AttributeError) as error:
        raise FerError(f"{out}: is there and is no export of fertools; give another -o") from error
    here = [file for file in _held(out) if not LITTER.search(file.name)]
    if wrote is not None and len(here) > wrote:  # the records of before do not say it
        newest = max(here, key=lambda file: file.lstat().st_ctime_ns)
        raise FerError(
            f"{out}: holds more than the {wrote:,} files that were exported ({newest.name} came "
            "last); take the others away, or give another -o"
        )
    if not force:  # said last: it is no cure for what --force leaves alone, too
        raise FerError(f"{out}: is there; give another -o, or --force")


def _held(out: Path) -> list[Path]:
    """The files below a folder, but for the record."""
    return [file for file in out.rglob("*") if not file.is_dir() and file != out / RECORD]


def _pixels(
    module: Any,
    to: str,
    declared: dict[str, dict[str, str]],
    options: Options,
    i_have_the_right: bool,
) -> tuple[bool, list[str]]:
    """Whether pictures are written, and a note where they are not though they were asked for."""
    optional = getattr(module, "PIXELS", "needed") == "optional"
    if not options.pixels:
        if not optional:
            raise FerError(f"--to {to} is nothing without its pictures; leave --no-pixels out")
        return False, []
    bound = [] if i_have_the_right else _terms.forbidden(declared)
    if not bound:
        return True, []
    name = bound[0]
    terms = declared[name]["licence"] or "it declares no terms"
    why = f"pictures of {name} may not be passed on ({terms})"
    cure = "say --i-have-the-right where you may"
    if not optional:
        raise FerError(f"{why}; {cure}, or export --to csv, which goes without pictures")
    return False, [f"no pictures: {why}; {cure}"]


def _facts(
    file: Path, manifest: Manifest, to: str, declared: dict[str, dict[str, str]]
) -> dict[str, Any]:
    """Where an export comes from; nothing of it changes between two runs."""
    name = str(manifest.facts.get("name") or file.stem)
    return {
        "format": to,
        "fertools": __version__,
        "name": file.parent.name if name == "manifest" else name,
        "manifest": {**manifest.facts, "digest": sha256(file)[:32], "rows": len(manifest)},
        "sources": declared,
    }


def _write(module: Any, chosen: Chosen, out: Path) -> None:
    """Write beside `out` and rename: what was killed leaves nothing that looks finished."""
    partial, before = (out.with_name(f".{out.name}.{end}") for end in ("partial", "before"))
    try:
        partial.mkdir(parents=True, exist_ok=True)
        with alone_in(partial, "export"):
            _empty(partial)
            module.write(chosen, partial)
            record = {**_record(chosen), "files": len(_held(partial))}
            write_json(partial / RECORD, record)
            shutil.rmtree(before, ignore_errors=True)
            if out.exists():  # moved whole: one that is half removed would still look finished
                out.replace(before)
            partial.replace(out)
        shutil.rmtree(before, ignore_errors=True)
    except OSError as error:
        what = error.strerror or error
        raise FerError(f"{error.filename or out}: {what}; mend that and export again") from error


def _empty(partial: Path) -> None:
    """Take away what an export that was killed has left."""
    for left in partial.iterdir():
        shutil.rmtree(left) if left.is_dir() else left.unlink()


def _record(chosen: Chosen) -> dict[str, Any]:
    record = {
        **chosen.facts,
        "classes": chosen.classes,
        "counts": chosen.counts(),
        "samples": len(chosen.names),
        "left_out": chosen.left_out,
        "codec": chosen.codec if chosen.faces is not None else None,
    }
    ordered: dict[str, Any] = json.loads(json.dumps(record, sort_keys=True))
    return ordered
