import pyarrow as pa
import pytest

from fertools import labels
from fertools.errors import FerError
from fertools.labelling import label
from fertools.labels import Mapping
from fertools.manifest import VOTE_WORDS


def test_every_synonym_leads_to_a_word() -> None:
    assert set(labels.SYNONYMS.values()) <= set(labels.WORDS)
    assert not set(labels.SYNONYMS) & set(labels.WORDS)


@pytest.mark.parametrize(
    ("text", "word"),
    [("Happy", "happiness"), (" anger ", "anger"), ("당황", "embarrassment"), ("bored", None)],
)
def test_canonical(text: str, word: str | None) -> None:
    assert labels.canonical(text) == word


def test_the_sources_own_map_is_asked_first() -> None:
    assert labels.canonical("3", {"3": "happiness"}) == "happiness"
    assert labels.canonical("fear", {"fear": "surprise"}) == "surprise"
    assert labels.canonical(None) is None


def test_mappings_state_what_they_do() -> None:
    four = labels.mapping("korean4")
    assert four("hurt") is None
    assert four("anger") == "anger"
    fold = labels.mapping("korean-fold")
    assert [fold(w) for w in ("embarrassment", "anxiety", "hurt", "anger", None)] == [
        "surprise",
        "fear",
        "sadness",
        "anger",
        None,
    ]
    assert all(m.note for m in labels.MAPPINGS.values())


def test_a_users_mapping(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[words]\nanger = "negative"\nhappiness = ""\n')
    mine = labels.mapping(str(file))
    assert (mine("anger"), mine("happiness"), mine("fear")) == ("negative", None, "fear")


def test_a_users_mapping_may_say_what_remains_and_why(tmp_path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('only = ["anger", "calm"]\nnote = "two"\n[words]\nneutral = "calm"\n')
    mine = labels.mapping(str(file))
    assert (mine("anger"), mine("neutral"), mine("fear")) == ("anger", "calm", None)
    assert (mine.name, mine.note) == ("mine", "two")
    assert labels.read_words(file) == {"neutral": "calm"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a = 3", "'a' maps to 3"),
        ("a = [", "not TOML"),
        (None, "no such file"),
        ("words = 3", "write a table"),
        ('only = "anger"', "write a list of words"),
        ("only = [1]", "write a list of words"),
    ],
)
def test_a_broken_mapping_is_named(tmp_path, text: str | None, says: str) -> None:
    file = tmp_path / "mine.toml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(FerError, match=says):
        labels.mapping(str(file))


def test_a_folder_is_no_mapping(tmp_path) -> None:
    (tmp_path / "mine.toml").mkdir()
    with pytest.raises(FerError, match=r"mine\.toml: Is a directory"):
        labels.mapping(str(tmp_path / "mine.toml"))


def test_an_unknown_mapping_lists_the_known() -> None:
    with pytest.raises(FerError, match="korean-fold, korean4"):
        labels.mapping("korean5")


def test_a_mapping_keeps_label_and_probabilities_together() -> None:
    """Words that become one may lead; a row whose word is mapped away has no probabilities."""
    cast = [{"neutral": 4, "disgust": 3, "contempt": 3}, {"fear": 6, "sadness": 4}, {"anger": 9}]
    votes = pa.array([{word: said.get(word, 0) for word in VOTE_WORDS} for said in cast])
    names = ["raw_label", "native_label"]
    table = pa.table({"votes": votes, **{name: pa.nulls(3, pa.string()) for name in names}})
    fold = Mapping("own", {"disgust": "anger", "contempt": "anger", "fear": None})
    found = label(table, "soft", fold)
    assert found["label"].to_pylist() == ["anger", None, "anger"]
    assert found["label_status"].to_pylist() == ["ok", "mapped_away", "ok"]
    shares = [dict(row) for row in found["target"].to_pylist()]
    assert shares[0] == pytest.approx({"anger": 0.6, "neutral": 0.4}) and shares[1] == {}


def test_a_mapping_shares_out_what_it_drops_and_leaves_a_tie_as_it_was() -> None:
    cast = {"happiness": 4, "anger": 2, "fear": 2}
    votes = pa.array([{word: cast.get(word, 0) for word in VOTE_WORDS}])
    names = ["raw_label", "native_label"]
    table = pa.table({"votes": votes, **{name: pa.nulls(1, pa.string()) for name in names}})
    even = label(table, "soft", Mapping("own", {"fear": "anger"}))  # both have 4 of 8 now
    assert even["label"].to_pylist() == ["happiness"]
    less = label(table, "soft", Mapping("own", {"fear": None}))
    assert dict(less["target"][0].as_py()) == pytest.approx({"happiness": 4 / 6, "anger": 2 / 6})


def test_three_raters_make_soft_labels() -> None:
    raters = {
        "rater_a_label": ["happy", "fear", "bored", None],
        "rater_b_label": ["happiness", None, "bored", None],
        "rater_c_label": ["fear", None, "fear", None],
    }
    silent = dict.fromkeys(("raw_label", "native_label", "votes"), pa.nulls(4, pa.string()))
    table = pa.table({**raters, **silent})
    with pytest.raises(FerError, match="no word of its own; say --label-rule majority, or shares"):
        label(table, "uploader")
    found = label(table, "shares")
    assert found["label"].to_pylist() == ["happiness", "fear", None, None]
    assert found["label_status"].to_pylist() == ["ok", "ok", "unknown_word", "unlabelled"]
    shares = [dict(row) for row in found["target"].to_pylist()]
    assert shares[0] == pytest.approx({"happiness": 2 / 3, "fear": 1 / 3})
    assert shares[1:] == [{"fear": 1.0}, {}, {}]
