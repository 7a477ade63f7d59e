"""Who is shown, from a file of the user's: where a data set does not say, or says it wrongly.

In go the rows and a table with `id` and `subject`, as a clustering of faces or a study's own
records give it; out come the rows with these people.
"""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from fertools.columns import encode, put, words
from fertools.errors import FerError
from fertools.manifest.tabular import read_tabular


def with_people(table: pa.Table, file: Path) -> tuple[pa.Table, list[str]]:
    """The rows with the subjects of the file, and notes on what these changed.

    A subject is one of the row's data set, as its own are; with a colon (`lab:12`) it is one of
    that population, which several data sets may share. Rows that the file does not name, or gives
    no subject, keep theirs. Raises `FerError` where none of its ids is here.
    """
    said = read_tabular(file, "the columns `id` and `subject`", ["subject"])
    ids, own = table["id"].combine_chunks(), table["subject"].combine_chunks()
    place = pc.index_in(ids, said["id"].combine_chunks())
    strange = len(said) - (len(place) - place.null_count)
    if strange == len(said):
        like = f"{said['id'][0].as_py()!r}" if len(said) else "nothing"
        raise FerError(
            f"{file}: none of its ids is in the data, where they look like {ids[0].as_py()!r}; it "
            f"has {like}"
        )
    named = _spelt(said["subject"].combine_chunks()).take(place)
    inner = pc.binary_join_element_wise(_populations(table), named, ":")
    named = pc.if_else(pc.match_substring(named, ":"), named, inner)
    others = pc.sum(pc.not_equal(named, own)).as_py() or 0
    notes = [
        f"{len(named) - named.null_count:,} subjects are those of {file}; {others:,} of these rows "
        "had another one"
    ]
    if strange:
        notes.append(f"{strange:,} ids of {file} are in none of the data")
    return put(table, "subject", pc.coalesce(named, own)), notes


def _spelt(subjects: pa.Array) -> pa.Array:
    """Names without blanks around them; none where nothing is left."""
    bare = pc.utf8_trim_whitespace(subjects)
    return pc.if_else(pc.equal(bare, ""), None, bare)


def _populations(table: pa.Table) -> pa.Array:
    """Whom each row's data set counts its people to: that of the others, or its own name."""
    source, names = encode(table["source"])
    of_rows, populations = encode(pc.replace_substring_regex(table["subject"], ":.*", ""))
    lent = []
    for number, name in enumerate(names):
        found = np.unique(of_rows[(source == number) & (of_rows >= 0)])
        lent.append(populations[found[0]] if len(found) == 1 else name)
    return words(source, lent)
