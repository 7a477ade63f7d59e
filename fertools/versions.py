"""Older versions of a data folder's manifest, and the way back to them.

In goes a data folder; `versions/` in it holds the manifests that stood there before, numbered from
1, each with its card and the tables of its curation. Faces have no versions: no step deletes any.
"""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from fertools.errors import UNPARSED, FerError
from fertools.locations import Location, sha256
from fertools.manifest import read_card, stored_facts, with_digest, write_json, write_manifest

VERSIONS = "versions"
TABLES = "curation"
BY_VERDICT = "verdict"  # in the column `drop`: a reviewer said so
NAME = re.compile(r"manifest-(\d+)\.parquet")


def numbers(out: Path) -> list[int]:
    """The versions that are kept, oldest first."""
    found = (NAME.fullmatch(file.name) for file in (out / VERSIONS).glob("manifest-*.parquet"))
    return sorted(int(match[1]) for match in found if match)


def keep(out: Path) -> int:
    """Keep the manifest that stands there as the newest version; returns its number.

    Nothing is copied where the newest version is this very manifest, as after a run that was
    killed before it wrote another.
    """
    manifest, card, tables = (out / name for name in ("manifest.parquet", "card.json", TABLES))
    known = numbers(out)
    number = known[-1] if known else 1
    if known and _manifest(out, number).read_bytes() != manifest.read_bytes():
        number += 1
    elif known and _card(out, number).is_file():
        return number
    (out / VERSIONS).mkdir(exist_ok=True)
    # what a run that was killed here has left may be of another manifest
    shutil.rmtree(_tables(out, number), ignore_errors=True)
    if tables.is_dir():
        shutil.copytree(tables, _tables(out, number))
    _move_card(card, _card(out, number), "..")
    partial = _manifest(out, number).with_suffix(".partial")
    partial.unlink(missing_ok=True)
    shutil.copyfile(manifest, partial)
    partial.replace(_manifest(out, number))
    return number


def publish(
    out: Path,
    table: pa.Table,
    facts: dict[str, Any],
    card: dict[str, Any],
    tables: Mapping[str, pa.Table] | None = None,
) -> int | None:
    """Write the next version, the manifest last, and keep the one before; returns its number.

    `tables` take the place of those of the last curation; without any these stay. Nothing is
    written where the manifest is the one that stands there: None.
    """
    partial = out / f".{TABLES}.partial"
    if partial.is_symlink():  # somebody's folder may bring one, and what it leads to stays
        partial.unlink()
    partial.mkdir(exist_ok=True)
    for old in partial.iterdir():
        old.unlink()
    following = out / ".manifest.parquet.next"
    digest = write_manifest(following, table, facts)
    if following.read_bytes() == (out / "manifest.parquet").read_bytes():
        following.unlink()
        partial.rmdir()
        return None
    number = keep(out)
    for name, each in (tables or {}).items():
        pq.write_table(each, partial / name, compression="zstd")
    if tables is None:
        partial.rmdir()
    else:
        replace_tables(out, partial)
    write_json(out / "card.json", with_digest(card, "manifest.parquet", digest))
    following.replace(out / "manifest.parquet")
    return number


def step_back(out: Path) -> int:
    """Let the newest version stand again in place of the present manifest, which is gone then.

    Returns the number that the version had. Raises `FerError` where there is none.
    """
    known = numbers(out)
    if not known:
        raise FerError(f"{out}: there is no older version to go back to")
    number = known[-1]
    if _card(out, number).is_file():  # else a run that was killed has brought all of it back
        _bring_back(out, number)
        _card(out, number).unlink()
    shutil.rmtree(_tables(out, number), ignore_errors=True)
    # last of all: with it the version is gone, and the same command would go back once more
    _manifest(out, number).replace(out / "manifest.parquet")
    return number


def settle(out: Path) -> None:
    """Mend what a run left that was killed between the card and the manifest that it wrote.

    Where it wrote the next version, card and tables of the manifest that stands there are brought
    back; where it went back to the one before, it goes there.
    """
    known, manifest = numbers(out), out / "manifest.parquet"
    told = read_card(manifest).get("files", {}).get(manifest.name)
    if not known or told is None or told == sha256(manifest):
        return
    newest = sha256(_manifest(out, known[-1]))
    if newest == sha256(manifest):
        _bring_back(out, known[-1])
    elif newest == told:
        step_back(out)


def _bring_back(out: Path, number: int) -> None:
    """Put a version's tables and card in the place of the present ones; the version stays whole."""
    partial = out / f".{TABLES}.partial"
    shutil.rmtree(partial, ignore_errors=True)
    if _tables(out, number).is_dir():
        shutil.copytree(_tables(out, number), partial)
    replace_tables(out, partial)
    _move_card(_card(out, number), out / "card.json", ".")


def curated(manifest: Location) -> dict[str, Any] | None:
    """What determined the rows of a manifest that a curation or reviewers wrote into; None for one
    that none did."""
    facts = stored_facts(manifest)
    if not facts.keys() & {"curation", "verdicts"}:
        return None
    return {k: v for k, v in facts.items() if k not in ("curation", "verdicts", "version")}


def replace_tables(out: Path, made: Path) -> None:
    """Put the folder `made` in the place of the tables of the last curation; none if it is none."""
    drop_tables(out)
    if made.is_dir():
        made.rename(out / TABLES)


def drop_tables(out: Path) -> None:
    """Remove the tables of the last curation: they speak of a manifest that is gone."""
    if (out / TABLES).is_dir():
        shutil.rmtree(out / TABLES)


def forget(out: Path) -> None:
    """Remove all versions and tables: their faces are gone."""
    drop_tables(out)
    if (out / VERSIONS).is_dir():
        shutil.rmtree(out / VERSIONS)


def _manifest(out: Path, number: int) -> Path:
    return out / VERSIONS / f"manifest-{number}.parquet"


def _card(out: Path, number: int) -> Path:
    return out / VERSIONS / f"manifest-{number}.card.json"


def _tables(out: Path, number: int) -> Path:
    return out / VERSIONS / f"{TABLES}-{number}"


def _move_card(source: Path, target: Path, store: str) -> None:
    """Copy a card to where its stores lie at another relative path."""
    try:
        card = json.loads(source.read_text(encoding="utf-8"))
    except (OSError, *UNPARSED) as error:
        raise FerError(f"{source}: cannot be read ({error}); run the same ingest again") from error
    for entry in card.get("stores", {}).values():
        entry["path"] = store
    write_json(target, card)
