"""A folder is a registry: names, modules, a user's own file."""

import pytest

from fertools import folder
from fertools.errors import FerError
from fertools.fakes._files import put


def test_names_are_the_files_without_the_hidden_ones():
    names = folder.names("sources")
    assert names == sorted(names) and {"ck48", "fer2013", "imagefolder", "table"} <= set(names)
    assert not [name for name in names if name.startswith("_")]


def test_a_module_is_loaded_by_a_listed_name_alone():
    assert folder.load("sources", "ck48").POPULATION == "ckplus"
    for name in ("_pixel_csv", "os", "ck48; import os", "../errors", ""):
        with pytest.raises(FerError, match=r"known are .*ck48"):
            folder.load("sources", name)


def test_what_is_installed_counts_as_well(monkeypatch):
    monkeypatch.setattr(folder, "_installed", lambda kind: {"theirs": "fertools.labels"})
    assert "theirs" in folder.names("sources")
    assert folder.load("sources", "theirs").__name__ == "fertools.labels"
    assert folder.summary("sources", "theirs") == "installed as fertools.labels"


def test_a_file_of_ones_own(tmp_path, monkeypatch):
    put(tmp_path, "mine.py", b'"""What it reads.\n\nMore."""\nANSWER = 42\n')
    monkeypatch.chdir(tmp_path)
    assert folder.load("sources", "./mine.py").ANSWER == 42
    assert folder.summary("sources", "./mine.py") == "What it reads."
    with pytest.raises(FerError, match=r"gone\.py: there is no such file; give the path"):
        folder.load("sources", "gone.py")


def test_a_variant_is_whole(tmp_path):
    put(tmp_path, "half.py", b"FLAGS = ()\ndef find(manifest, faces, options): ...\n")
    with pytest.raises(FerError, match="no 'Options' in it; a check has FLAGS, Options and find"):
        folder.load_whole("checks", str(tmp_path / "half.py"))
    with pytest.raises(FerError, match="a detector has Options, resolve and load"):
        folder.load_whole("detectors", str(tmp_path / "half.py"))
    for kind in folder.HAS:
        assert all(folder.load_whole(kind, name) for name in folder.names(kind))


def test_a_file_with_a_bug_keeps_its_traceback(tmp_path):
    put(tmp_path, "bug.py", b"1 / 0\n")
    with pytest.raises(ZeroDivisionError):
        folder.load("sources", str(tmp_path / "bug.py"))


@pytest.mark.parametrize("kind", ["sources", "detectors", "checks", "models", "cli", "fakes"])
def test_every_variant_says_what_it_is_in_its_first_line(kind):
    for name in folder.names(kind):
        assert folder.summary(kind, name).endswith((".", ":")), f"{kind}/{name}.py"
