"""Names from strangers become file names only after they were cleaned."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fertools.fakes._files import png, put, zipped
from fertools.ingest import ingest
from fertools.manifest import read_manifest
from fertools.roots import slug
from tests.faults.raw_targets import FACE, OURS

SOURCE = '''"""A source that names its units as it likes."""

from fertools.frame import Frame
from fertools.roots import Unit

DEFAULTS = {"faces": "as-is"}
NAMES = %r


def matches(root):
    return True


def units(root):
    return [Unit(name, (member,), name) for name, member in zip(NAMES, root.members)]


def read(unit):
    for member in unit.members:
        yield Frame(key=member.path, path=member.path, image=member, raw_label="fear")
'''


def files(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.mark.parametrize(
    "names",
    [["../../up", "/etc/x"], ["a/b", "a\\b"], ["..", "."], ["", "\n"], ["가" * 200, "x" * 300]],
)
def test_units_of_a_stranger_stay_in_the_folder(tmp_path, names):
    number = abs(hash(tuple(names)))
    put(tmp_path, f"names{number}.py", (SOURCE % names).encode())
    for name in ("1.png", "2.png"):
        put(tmp_path, f"raw/{name}", png(FACE))
    done = ingest(str(tmp_path / f"names{number}.py"), [tmp_path / "raw"], tmp_path / "out")
    assert done.ok == 2
    assert all(OURS.fullmatch(name) for name in files(tmp_path / "out"))
    assert files(tmp_path)[0] == f"names{number}.py" and len(list(tmp_path.iterdir())) == 3


def test_classes_that_differ_by_case_do_not_share_a_file(tmp_path):
    """They would overwrite one another where the disk ignores case."""
    put(tmp_path, "raw.zip", zipped([("Happy/1.png", png(FACE)), ("happy/1.png", png(FACE.T))]))
    ingest("imagefolder", [tmp_path / "raw.zip"], tmp_path / "out")
    names = files(tmp_path / "out")
    assert len({name.casefold() for name in names}) == len(names)
    assert len(read_manifest(tmp_path / "out")) == 2


@given(st.text(max_size=120))
def test_a_cleaned_name_is_clean(text):
    name = slug(text)
    assert slug(name) == name and 0 < len(name.encode()) <= 80
    assert not set(name) & set("/\\:\0\n") and not name.startswith(".")
