"""An ingest makes arrays without loading pandas."""

import shutil
import subprocess
import sys

import pytest

from fertools import folder
from fertools.fakes import ck48

CODE = """
import sys
import pyarrow as pa
from fertools.ingest.startup import with_pyarrow_alone
with_pyarrow_alone()
table = pa.table({"a": pa.array([1, None]), "b": pa.array(["x", "y"])})
assert table.to_pylist() == [{"a": 1, "b": "x"}, {"a": None, "b": "y"}]
assert "pandas" not in sys.modules
import pandas  # who asks for it by name gets it
assert pandas.DataFrame({"a": [1]}).a[0] == 1
"""


def test_pandas_stays_out_of_a_process_that_has_no_use_for_it():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


COMMAND = """
import sys
from fertools.cli import main
try:
    main()
finally:
    print("pandas" in sys.modules)
"""


@pytest.mark.parametrize("own", [False, True])
def test_the_command_does_without_unless_the_source_is_a_users(tmp_path, own):
    (raw,) = ck48.write(tmp_path / "raw", people=2).raws(tmp_path / "raw")
    source = tmp_path / "mine.py" if own else "ck48"
    if own:
        shutil.copy(folder.HERE / "sources" / "ck48.py", source)
    words = ["ingest", source, raw, "-o", tmp_path / "out", "--quiet"]
    command = [sys.executable, "-c", COMMAND, *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{own}\n"), done.stderr
