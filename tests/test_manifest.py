"""The table of samples: its schema, its way through pandas, and what cannot be read."""

import json
from contextlib import nullcontext

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fertools.errors import FerError
from fertools.manifest import (
    SCHEMA,
    TYPES,
    VOTE_WORDS,
    Manifest,
    card_path,
    clean_path,
    conform,
    counts,
    locate,
    read_manifest,
    spread,
    write_manifest,
    write_page,
    write_rows,
)
from fertools.manifest.card import check_card, is_shard
from fertools.manifest.parquet import read_parquet
from fertools.manifest.schema import DEALT, INGESTED, NEVER_NULL, stored
from fertools.manifest.tabular import read_tabular

ROWS = [
    {
        "id": "x/a", "source": "x", "path": "a.png", "status": "ok", "raw_label": "happy",
        "native_label": "happiness", "subject": "x:001", "frame": 11, "age": "20", "valence": 0.25,
        "votes": {word: n for n, word in enumerate(VOTE_WORDS)}, "landmarks": [1.0, 2.5, 3.0, 4.0],
        "width": 48, "height": 48, "orientation": 6, "store": "x-1", "shard": "s.npy", "row": 0,
        "flags": ["blurred", "dark"], "fold": 3, "mine": 7,
        "target": [("fear", 0.25), ("anger", 0.75)],
    },
    {"id": "x/b", "source": "x", "path": "b.png", "status": "empty", "detail": "no bytes"},
    {
        "id": "x/c", "source": "x", "path": "c.png", "status": "ok",
        "votes": {"fear": 3, "anger": 7}, "landmarks": [],
        "store": "x-1", "shard": "s.npy", "row": 1, "fold": 0, "flags": [],
        "target": [],
    },
]  # fmt: skip


def table(rows=ROWS):
    names = dict.fromkeys(name for row in rows for name in row)
    return conform(pa.table({n: pa.array([r.get(n) for r in rows], TYPES.get(n)) for n in names}))


def written(tmp_path, rows=ROWS, name="manifest.parquet"):
    write_manifest(tmp_path / name, table(rows), {"name": "x"}, {"stores": {}})
    return tmp_path / name


def test_the_schema_is_documented_and_whole():
    assert [f.name for f in SCHEMA] == [name for name, _, _ in INGESTED]
    assert all(about and about == about.strip() for _, _, about in (*INGESTED, *DEALT))
    assert [f.name for f in SCHEMA if not f.nullable] == list(NEVER_NULL)
    empty = conform(pa.table({name: pa.array([], pa.string()) for name in NEVER_NULL}))
    assert empty.schema.names == SCHEMA.names and empty.num_rows == 0


def test_what_is_written_is_read(tmp_path):
    manifest = read_manifest(written(tmp_path))
    assert manifest.table.equals(table())
    assert manifest.facts == {"name": "x", "version": "1"} and manifest.folder == tmp_path
    assert len(manifest) == 3 and manifest.ok().to_pylist() == [True, False, True]
    assert manifest.has("frame") and not manifest.has("race") and not manifest.has("nonsense")
    assert [row["id"] for row in manifest.samples()] == ["x/a", "x/b", "x/c"]
    assert read_manifest(tmp_path).table.equals(table())
    assert manifest.column("mine").to_pylist() == [7, None, None]
    with pytest.raises(FerError, match="column 'nonsense': known are id, source"):
        manifest.column("nonsense")


def test_the_bytes_are_the_same_and_say_no_time(tmp_path):
    a, b = (written(tmp_path / place) for place in ("a", "b"))
    assert a.read_bytes() == b.read_bytes()
    assert [p.name for p in sorted((tmp_path / "a").iterdir())] == ["card.json", "manifest.parquet"]
    assert str(tmp_path).encode() not in a.read_bytes()


def keep(frame):
    return frame


def first_and_last(frame):
    return frame[frame["status"] == "ok"]


def reversed_rows(frame):
    return frame.iloc[::-1]


def by_name(frame):
    return frame.set_index("id", drop=False)


def categories(frame):
    return frame.astype({"status": "category", "native_label": "category"})


def reordered(frame):
    return frame[sorted(frame.columns)]


def joined(frame):
    return frame.merge(pd.DataFrame({"id": ["x/a"], "note": ["fine"]}), how="left", on="id")


@pytest.mark.parametrize(
    ("change", "places"),
    [
        (keep, [0, 1, 2]),
        (first_and_last, [0, 2]),
        (reversed_rows, [2, 1, 0]),
        (by_name, [0, 1, 2]),
        (categories, [0, 1, 2]),
        (reordered, [0, 1, 2]),
        (joined, [0, 1, 2]),
    ],
)
def test_a_way_through_pandas_loses_nothing(tmp_path, change, places):
    """Integers with gaps become floats there, structs dictionaries, lists arrays."""
    frame = pd.read_parquet(written(tmp_path))
    assert frame["row"].dtype == np.float64  # the detour that must be undone
    change(frame).to_parquet(tmp_path / "kept.parquet")
    back = read_manifest(tmp_path / "kept.parquet").table
    expected = table().take(places)
    for name in expected.column_names:
        assert back[name].type == expected[name].type or name == "mine", name
        assert back[name].to_pylist() == expected[name].to_pylist(), name
    assert ("note" in back.column_names) == (change is joined)
    assert "__index_level_0__" not in back.column_names


def test_a_manifest_of_faces_alone_keeps_its_integers(tmp_path):
    frame = read_manifest(written(tmp_path, ROWS[::2])).to_pandas()
    frame.to_parquet(tmp_path / "kept.parquet", index=False)
    back = read_manifest(tmp_path / "kept.parquet").table
    assert back.to_pylist() == table(ROWS[::2]).to_pylist()


def test_a_way_through_a_csv(tmp_path):
    """Lists and votes cannot go this way; words and numbers come back as they were."""
    frame = pd.read_parquet(written(tmp_path)).drop(
        columns=["votes", "landmarks", "flags", "target"]
    )
    frame.to_csv(tmp_path / "x.csv", index=False)
    again = pd.read_csv(tmp_path / "x.csv")
    again.to_parquet(tmp_path / "kept.parquet")
    back = read_manifest(tmp_path / "kept.parquet").table
    for name in frame.columns:
        assert back[name].to_pylist() == table()[name].to_pylist(), name


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.none() | st.integers(-(2**31), 2**31 - 1),
            st.none() | st.text("ab당", max_size=3),
            st.none() | st.dictionaries(st.sampled_from(VOTE_WORDS), st.integers(0, 99)),
            st.none() | st.lists(st.floats(-9, 9, width=32), max_size=3),
        ),
        min_size=1,
        max_size=6,
    ),
    st.randoms(),
)
def test_any_rows_survive_pandas(tmp_path_factory, drawn, random):
    rows = [
        {"id": f"x/{n}", "source": "x", "path": f"{n}", "status": "ok", "frame": frame,
         "subject": subject, "votes": votes, "landmarks": points}
        for n, (frame, subject, votes, points) in enumerate(drawn)
    ]  # fmt: skip
    whole = table(rows)
    kept = sorted(random.sample(range(len(rows)), random.randint(1, len(rows))))
    file = tmp_path_factory.mktemp("any") / "kept.parquet"
    whole.to_pandas().iloc[kept].to_parquet(file)
    assert read_manifest(file).table.to_pylist() == whole.take(kept).to_pylist()


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("frame", [1.5, 2.0, None], "column 'frame' is double, not int32"),
        ("frame", ["a", "b", "c"], "column 'frame' is string, not int32"),
        ("frame", [2**40, 1, 2], "column 'frame' is int64, not int32"),
        ("row", [float("inf"), 0.0, 1.0], "column 'row' is double"),
        ("votes", [{"joy": 1}, None, None], "column 'votes' has a field 'joy'; known are anger"),
        ("votes", [{"fear": 2.5}, None, None], "column 'votes', fear is double, not int16"),
        ("votes", ["3", None, None], "column 'votes' is string"),
        ("landmarks", ["1 2", None, None], "column 'landmarks' is string"),
        ("id", ["a", None, "b"], "column 'id' is null in 1 rows"),
        ("target", ["fear", None, None], "column 'target' is string, not map"),
        ("target", [[{"fear": 1.0}], None, None], "column 'target' is list"),
        ("fold", ["one", "two", "three"], "column 'fold' is string, not int16"),
    ],
)
def test_a_column_that_cannot_be_read_is_named(tmp_path, name, values, words):
    spoilt = table().drop_columns([name]).append_column(name, pa.array(values))
    pq.write_table(spoilt, tmp_path / "x.parquet")
    with pytest.raises(FerError, match=words) as caught:
        read_manifest(tmp_path / "x.parquet")
    assert str(tmp_path / "x.parquet") in str(caught.value)


def test_numbers_with_nan_for_words(tmp_path):
    """pandas makes floats of a text column that holds digits and gaps."""
    spoilt = table().drop_columns(["age", "race", "subject"])
    spoilt = spoilt.append_column("age", pa.array([20.0, float("nan"), 31.0]))
    spoilt = spoilt.append_column("race", pa.array([float("nan")] * 3))
    spoilt = spoilt.append_column("subject", pa.nulls(3))
    pq.write_table(spoilt, tmp_path / "x.parquet")
    back = read_manifest(tmp_path / "x.parquet").table
    assert back["age"].to_pylist() == ["20", None, "31"]
    assert back["race"].null_count == back["subject"].null_count == 3


@pytest.mark.parametrize("name", NEVER_NULL)
def test_a_table_without_the_first_columns_is_no_manifest(tmp_path, name):
    pq.write_table(table().drop_columns([name]), tmp_path / "x.parquet")
    with pytest.raises(FerError, match=f"column '{name}' is missing; this is not a manifest"):
        read_manifest(tmp_path / "x.parquet")


def test_other_columns_may_be_missing(tmp_path):
    pq.write_table(table().select([*NEVER_NULL, "mine"]), tmp_path / "x.parquet")
    back = read_manifest(tmp_path / "x.parquet").table
    assert back.column_names == [*SCHEMA.names, "mine"]
    assert back["votes"].type == TYPES["votes"] and back["votes"].null_count == 3


def test_a_column_twice_is_named():
    twice = table().append_column("frame", pa.array([1, 2, 3]))
    with pytest.raises(FerError, match="column 'frame' is there twice"):
        conform(twice)


@pytest.mark.parametrize("data", [b"", b"id,source\n", b"PAR1 cut short PAR1"])
def test_no_parquet_at_all(tmp_path, data):
    (tmp_path / "x.parquet").write_bytes(data)
    with pytest.raises(FerError, match=r"x\.parquet: this is not a Parquet file"):
        read_manifest(tmp_path / "x.parquet")


def test_nothing_there(tmp_path):
    with pytest.raises(FerError, match="there is no manifest; run `fertools ingest`"):
        read_manifest(tmp_path)


def test_broken_metadata_and_cards_are_named(tmp_path):
    file = written(tmp_path)
    spoilt = pq.read_table(file).replace_schema_metadata({b"fertools": b"{"})
    pq.write_table(spoilt, tmp_path / "x.parquet")
    with pytest.raises(FerError, match="its metadata is no JSON"):
        read_manifest(tmp_path / "x.parquet")
    for text, words in (("{", "is not JSON"), ("[1]", "is a JSON object")):
        (tmp_path / "card.json").write_text(text)
        with pytest.raises(FerError, match=words):
            read_manifest(file)


def test_a_card_is_found_beside_its_manifest(tmp_path):
    assert card_path(tmp_path / "manifest.parquet") == tmp_path / "card.json"
    assert card_path(tmp_path / "ck.parquet") == tmp_path / "ck.card.json"
    written(tmp_path)
    written(tmp_path, name="ck.parquet")
    (tmp_path / "ck.card.json").write_text(json.dumps({"mine": 1}))
    assert read_manifest(tmp_path / "ck.parquet").card == {"mine": 1}
    (tmp_path / "ck.card.json").unlink()
    assert read_manifest(tmp_path / "ck.parquet").card["stores"] == {}


def test_a_folder_that_looks_like_a_partition_adds_no_column(tmp_path):
    assert "seed" not in read_manifest(written(tmp_path / "seed=0")).table.column_names


def test_targets_lie_on_the_disk_as_pairs(tmp_path):
    """Also those of a slice; and a map, as Arrow has it, is read as well."""
    part = table([*ROWS, {**ROWS[0], "id": "x/d", "target": [("sadness", 1.0)]}]).slice(1)
    write_manifest(tmp_path / "x.parquet", part, {})
    assert pa.types.is_list(pq.read_schema(tmp_path / "x.parquet").field("target").type)
    assert read_manifest(tmp_path / "x.parquet").table.equals(part)
    pq.write_table(table(), tmp_path / "y.parquet")
    assert read_manifest(tmp_path / "y.parquet").table["target"].to_pylist()[0] == [
        ("fear", 0.25),
        ("anger", 0.75),
    ]


def test_replacing_the_table_keeps_the_rest(tmp_path):
    manifest = read_manifest(written(tmp_path))
    fewer = manifest.replace(manifest.table.slice(0, 1))
    assert (len(fewer), fewer.folder, fewer.facts) == (1, manifest.folder, manifest.facts)
    assert isinstance(fewer, Manifest)


def test_spreading_values_over_the_rows_that_have_one():
    has = pa.chunked_array([[True, False], [False, True, True]])
    assert spread(pa.array([5, 6, 7]), has).to_pylist() == [5, None, None, 6, 7]
    assert spread(pa.array([], pa.int32()), pa.chunked_array([[False]])).to_pylist() == [None]


def test_counting_and_cleaning():
    column = pa.chunked_array([["b", "a", None], ["b", "c", "c"]])
    assert list(counts(column).items()) == [("b", 2), ("c", 2), ("", 1), ("a", 1)]
    assert clean_path("a\\b/e\u0301.png") == "a/b/\u00e9.png"


def test_views_of_texts_become_texts(tmp_path):
    """As other writers of Parquet than pandas may leave them."""
    words = {"id": ["x/0"], "source": ["x"], "path": ["0"], "status": ["ok"], "camera": ["left"]}
    table = pa.table({name: pa.array(word, pa.string_view()) for name, word in words.items()})
    pq.write_table(table, tmp_path / "views.parquet")
    found = read_manifest(tmp_path / "views.parquet").table
    assert found["id"].type == found["camera"].type == pa.string()
    assert found.take(pa.array([0]))["camera"].to_pylist() == ["left"]


def test_no_page_and_no_table_is_written_over_a_manifest(tmp_path):
    file = tmp_path / "m.parquet"
    rows = {name: ["x"] for name in NEVER_NULL}
    write_manifest(file, conform(pa.table(rows)), {})
    before = file.read_bytes()
    for write in (write_page, lambda path, _: write_rows(path, pa.table({"a": [1]}), "--rows")):
        with pytest.raises(FerError, match=r"m\.parquet: is a manifest"):
            write(file, "page")
        assert file.read_bytes() == before
        write(tmp_path / "other.parquet", "page")
        write(tmp_path / "other.parquet", "again")


def test_no_object_store_is_asked_for_a_file_of_this_machine():
    """A stranger's recipe may name one as its manifest."""
    place = "s3://bucket/m.parquet?endpoint_override=nowhere.invalid&region=x&scheme=http"
    with pytest.raises(FerError, match="files of this machine alone"):
        locate(place)


@pytest.mark.parametrize(
    ("entry", "fine"),
    [
        ({"rows": 0, "shape": [8, 8]}, True),
        ({"rows": 1, "shape": [1 << 16, 1, 3]}, True),
        ({"rows": -1, "shape": [8, 8]}, False),
        ({"rows": True, "shape": [8, 8]}, False),
        ({"rows": 1.0, "shape": [8, 8]}, False),
        ({"rows": 1, "shape": [8]}, False),
        ({"rows": 1, "shape": [8, 8, 1]}, False),
        ({"rows": 1, "shape": [8, 8, 4]}, False),
        ({"rows": 1, "shape": [0, 8]}, False),
        ({"rows": 1, "shape": [(1 << 16) + 1, 8]}, False),
        ({"rows": 1, "shape": "8x8"}, False),
    ],
)
def test_what_a_card_may_say_of_a_shard(entry, fine):
    assert is_shard(entry) == fine


@pytest.mark.parametrize(("margin", "fine"), [(0, True), (4, True), (4.1, False), (-0.1, False)])
def test_what_a_card_may_say_of_the_context(tmp_path, margin, fine):
    card = {"stores": {"s": {"margin": margin, "shards": {}}}}
    with nullcontext() if fine else pytest.raises(FerError, match="store 's' is not as ingest"):
        check_card(card, tmp_path / "card.json")


def test_more_rows_than_a_file_has_room_for_are_refused(tmp_path):
    file = tmp_path / "x.parquet"
    for rows, fine in ((1_000_000, True), (2_000_000, False)):
        pq.write_table(pa.table({"x": pa.nulls(rows, pa.int8())}), file)
        assert file.stat().st_size < 10_000
        with nullcontext() if fine else pytest.raises(FerError, match=f"{rows} rows in "):
            assert read_parquet(file, file).num_rows == rows


def test_texts_that_are_no_utf8_are_refused(tmp_path):
    buffers = [None, pa.py_buffer(np.array([0, 1], np.int32)), pa.py_buffer(b"\xff")]
    pq.write_table(pa.table({"x": pa.Array.from_buffers(pa.string(), 1, buffers)}), tmp_path / "x")
    with pytest.raises(FerError, match="this is not a Parquet file"):
        read_parquet(tmp_path / "x", "x")


def test_ids_of_a_table_are_texts_and_each_stands_there_once(tmp_path):
    file = tmp_path / "x.csv"
    file.write_text("id,word\n007,1\n08,2\n")
    assert read_tabular(file, "id")["id"].to_pylist() == ["007", "08"]
    for ids in (["a", None], ["a", "a"]):
        pq.write_table(pa.table({"id": ids}), tmp_path / "x.parquet")
        with pytest.raises(FerError, match="an id is null or stands there twice"):
            read_tabular(tmp_path / "x.parquet", "id")


def test_targets_of_some_rows_lie_on_the_disk_as_those_of_all():
    kind = pa.map_(pa.string(), pa.float32())
    targets = [[("joy", 1.0)], None, [("joy", 0.25), ("fear", 0.75)], []]
    table = pa.table({"target": pa.array(targets, kind)})
    for start in range(4):
        assert stored(table.slice(start)).to_pylist() == stored(table).to_pylist()[start:]
    assert stored(table)["target"].to_pylist()[2] == [
        {"word": "joy", "p": 0.25}, {"word": "fear", "p": 0.75},
    ]  # fmt: skip
