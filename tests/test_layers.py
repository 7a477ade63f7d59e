"""Who may import whom: the house stays readable from its tree alone."""

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import fertools
from fertools import folder

HOUSE = Path(fertools.__file__).parent

# A module that is named here may import what stands to its left, and its own layer but for stages.
# Any other file at the top serves the ones named here: it is looked through, not at.
LAYERS = (
    {"errors"},
    {"labels", "folder", "resources"},
    {"roots", "frame", "image", "manifest", "columns", "faces", "recipe", "engine", "face_options"},
    {"sources", "detectors", "checks", "models", "fakes", "measures"},
    {
        "ingest",
        "curate",
        "split",
        "audit",
        "stats",
        "export",
        "review",
        "report",
        "diff",
        "doctor",
    },
    {"data"},
    {"evaluate", "compare"},
    {"train"},
    {"flows"},
    {"cli"},
)
STAGES = LAYERS[4]
VARIANTS = LAYERS[3] - {"measures"}
ONLY_IN = {
    "torch": {"data", "train", "evaluate", "compare", "models"},
    "click": {"cli"},
    "rich": {"cli"},
    "cv2": {"image", "detectors", "checks", "fakes"},
    "ray": {"engine"},
}


@cache
def modules() -> tuple[Path, ...]:
    """Every file of the package but the two that start it."""
    return tuple(
        sorted(p for p in HOUSE.rglob("*.py") if p.name != "__main__.py" and place(p) != "__init__")
    )


def place(path: Path) -> str:
    """What a file is called in the layers: its folder, or its own name."""
    relative = path.relative_to(HOUSE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module that a file imports, also inside functions, by its full name."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def graph() -> dict[str, set[str]]:
    """Which names of the layers, and other top modules, each of them imports."""
    names = {place(path) for path in modules()}
    edges: dict[str, set[str]] = {name: set() for name in names}
    for path in modules():
        own = {n.split(".")[1] for n in imports(path) if n.startswith("fertools.")}
        edges[place(path)] |= (own & names) - {place(path)}
    return edges


def layer(name: str) -> int | None:
    return next((i for i, names in enumerate(LAYERS) if name in names), None)


def reached(name: str) -> set[str]:
    """The modules of the layers that one imports, itself or through modules of no layer."""
    found: set[str] = set()
    seen, waiting = {name}, list(graph()[name])
    while waiting:
        other = waiting.pop()
        if other in seen:
            continue
        seen.add(other)
        if layer(other) is None:
            waiting += graph()[other]
        else:
            found.add(other)
    return found


@pytest.mark.parametrize("name", sorted(n for names in LAYERS for n in names if n in graph()))
def test_imports_point_to_the_left(name):
    for other in reached(name):
        assert layer(other) <= layer(name), f"{name} imports {other}, which stands to its right"
        assert not {name, other} <= STAGES, f"{name} imports {other}: stages never meet"
        assert not {name, other} <= VARIANTS, f"{name} imports {other}: variants never meet"


def test_imports_make_no_circle():
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> None:
        assert name not in trail, f"circle: {' -> '.join([*trail, name])}"
        if name not in done:
            for other in graph()[name]:
                visit(other, (*trail, name))
            done.add(name)

    for name in graph():
        visit(name, ())


@pytest.mark.parametrize("package", sorted(ONLY_IN))
def test_heavy_packages_stay_where_they_belong(package):
    for path in modules():
        if package in {name.split(".")[0] for name in imports(path)}:
            where = place(path)
            allowed = where in ONLY_IN[package] or serves(
                where, ONLY_IN[package] | {"flows", "cli"}
            )
            assert allowed, f"{path.relative_to(HOUSE)} imports {package}"


def serves(name: str, masters: set[str]) -> bool:
    """Whether a module of no layer is imported by these alone, or by others that serve them.

    Flows and commands stand to the right of all: what they call is not for them alone.
    """
    users = {user for user, others in graph().items() if name in others}
    return layer(name) is None and all(u in masters or serves(u, masters) for u in users)


@pytest.mark.parametrize(
    ("code", "unloaded"),
    [
        ("import fertools", "torch cv2 pandas pyarrow numpy click rich"),
        ("main(['--help'])", "torch cv2 pandas pyarrow numpy"),
        ("main(['--version'])", "torch cv2 pandas pyarrow numpy"),
        ("main(['ingest', '--help'])", "torch cv2 pandas pyarrow"),
        ("main(['split', '--help'])", "torch cv2 pandas pyarrow"),
        ("main(['stats', '--help'])", "torch cv2 pandas pyarrow"),
    ],
)
def test_help_loads_no_heavy_package(code, unloaded):
    start = "from fertools.cli import main\n" if "main" in code else ""
    script = f"""
import sys
{start}
try:
    {code}
except SystemExit as end:
    assert not end.code, end.code
print("loaded:", *(set({unloaded.split()!r}) & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "loaded:"


def test_no_help_needs_torch():
    lines = [["frontier", "fer2013"], ["frontier", "search"], ["recipes", "cp"]]
    lines += [[name.replace("_", "-")] for name in folder.names("cli")]
    script = f"""
import sys
sys.modules["torch"] = None
from fertools.cli import main
for line in {lines!r}:
    try:
        main([*line, "--help"])
    except SystemExit as end:
        assert not end.code, line
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_help_of_a_source_loads_neither_torch_nor_pandas():
    """It loads the source and the detectors, whose options it lists."""
    script = (
        "import sys\nfrom fertools.cli import main\n"
        "try:\n    main(['ingest', 'ck48', '--help'])\nexcept SystemExit: pass\n"
        "found = {'torch', 'pandas'} & set(sys.modules)\nassert not found, found"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-500:]
