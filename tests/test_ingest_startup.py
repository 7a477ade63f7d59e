"""A worker makes arrays without loading pandas."""

import subprocess
import sys

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
