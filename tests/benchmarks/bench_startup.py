"""Start-up: what `import fertools` and `fertools --help` cost beside a bare interpreter and Click.

Run: python tests/benchmarks/bench_startup.py
"""

import shutil
import statistics
import subprocess
import sys
import time

RUNS = 7
COMMANDS = {
    "python -c pass (the floor)": [sys.executable, "-c", "pass"],
    "import click": [sys.executable, "-c", "import click"],
    "import fertools": [sys.executable, "-c", "import fertools"],
    "fertools --help": ["fertools", "--help"],
    "fertools ingest --help": ["fertools", "ingest", "--help"],
    "fertools stats --help": ["fertools", "stats", "--help"],
    "import pandas": [sys.executable, "-c", "import pandas"],
}


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - start


def main() -> None:
    commands = {name: [shutil.which(c[0]) or c[0], *c[1:]] for name, c in COMMANDS.items()}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(RUNS):  # in turn, so that a slow moment hits all alike
        for name, command in commands.items():
            times[name].append(seconds(command))
    floor = statistics.median(times["python -c pass (the floor)"])
    print("| command | median ms | times the floor |\n|---|---|---|")
    for name, taken in times.items():
        median = statistics.median(taken)
        print(f"| {name} | {1000 * median:.0f} | {median / floor:.1f} |")


if __name__ == "__main__":
    main()
