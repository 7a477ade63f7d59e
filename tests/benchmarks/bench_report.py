"""The report of the real FER2013, with faces: seconds to make, bytes, seconds to open.

    python tests/benchmarks/bench_report.py [DATA]

DATA is the folder of an ingest, curated or not; without it the research data is ingested first.
Floors: below 5 MB, opens in less than 2 s. Pages show faces, so they go to a temporary folder.
"""

import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from fertools.flows.report import report  # noqa: E402
from fertools.ingest import ingest  # noqa: E402
from tests.browser import BROWSER, DRIVER, browser  # noqa: E402
from tests.conftest import REAL  # noqa: E402

MEGABYTES, SECONDS = 5.0, 2.0


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder)
        data = Path(sys.argv[1]) if len(sys.argv) > 1 else out / "fer2013"
        if not data.exists():
            ingest("fer2013", [REAL / "fer2013"], data)
        for with_faces in (False, True):
            began = time.perf_counter()
            written = report(data, out / "r.html", with_faces=with_faces)
            took = time.perf_counter() - began
            size = written.size / 1e6
            print(
                f"{written.faces:4} faces: {size:.2f} MB (floor {MEGABYTES}), made in {took:.0f} s"
            )
            assert size < MEGABYTES
        if BROWSER and DRIVER:
            _open(written.file, out / "profile")


def _open(page: Path, profile: Path) -> None:
    with browser(profile) as window:
        for width in (1280, 390):
            began = time.perf_counter()
            window.open(page, width)
            window.photograph()
            took = time.perf_counter() - began
            print(f"{width} px: opened and drawn in {took:.2f} s (floor {SECONDS})")
            assert took < SECONDS and not window.complaints()


if __name__ == "__main__":
    main()
