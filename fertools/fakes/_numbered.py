"""Pictures with numbers for names, as RAF-ML and RAF-CE have them: an original and a cut face."""

from collections.abc import Iterator
from pathlib import Path

from fertools.fakes._face import draw, person, photograph
from fertools.fakes._files import jpeg, put, truncated

SHOTS = 4  # faces of each person
STATUSES = {1: "truncated", 3: "empty", 5: "missing"}


def pictures(
    folder: Path, seed: int, people: int, feelings: tuple[str, ...], traps: bool
) -> Iterator[tuple[str, int, str]]:
    """Write `original` and `aligned` of each face; yields name, place in `feelings`, status."""
    for number in range(SHOTS * people):
        name, at = f"{number + 1:04d}", number % len(feelings)
        status = STATUSES.get(number, "ok") if traps else "ok"
        who = person(1000 * seed + number // SHOTS)
        whole, _, _ = photograph([who], size=(90, 110), expressions=[feelings[at]], seed=number)
        face = draw(who, feelings[at], size=100, seed=number, gray=False)
        for path, image in ((f"original/{name}", whole), (f"aligned/{name}_aligned", face)):
            data = jpeg(image)
            if status != "missing":
                cut = {"truncated": truncated(data), "empty": b""}
                put(folder, f"{path}.jpg", cut.get(status, data))
        yield name, at, status


def on_disk(raws: list[Path], texts: str) -> int:
    """Names of aligned pictures and of the lists that match the pattern `texts`."""
    names = {p.name.partition("_")[0] for raw in raws for p in raw.rglob("*_aligned.jpg")}
    lists = [path.read_text().splitlines() for raw in raws for path in raw.rglob(texts)]
    return len(names | {line.split(".")[0] for lines in lists for line in lines if line.strip()})
