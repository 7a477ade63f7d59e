"""Ingest on a real Ray cluster of two nodes, on loopback: whatever happens, the same bytes."""

import os
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from fertools import engine
from fertools.engine import Engine
from fertools.errors import FerError
from fertools.face_options import FaceOptions
from fertools.ingest import ingest, reading
from fertools.ingest.verify import verify
from fertools.roots import Root
from tests.faults.lab import IMAGES, SOURCE, Lab, tree
from tests.s3_server import digests, serve

SETTINGS = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AUTH_MODE": "disabled",
            "RAY_worker_niceness": "0"}  # fmt: skip
# the first time it is read, an image says who reads it, and keeps them
WAITING = """

def wait(member):
    if member.path == "1/3.png" and not FLAG.exists():
        FLAG.write_text(str(os.getpid()))
        time.sleep(300)


FLAG = Path(__file__).with_name("flag")
import os
"""


@pytest.fixture(scope="module")
def server():
    with serve() as server:
        yield server


class Few(Lab):
    """Two units: on a cluster each costs a process, at least."""

    def _make(self) -> None:
        self.units = 2
        super()._make()


@pytest.fixture(scope="module")
def lab(tmp_path_factory, server):
    lab = Few(tmp_path_factory.mktemp("lab"))
    server.fill(lab.raw, "raw")
    return lab


@pytest.fixture
def out(lab):
    yield lab.out
    lab.harm.unlink(missing_ok=True)
    shutil.rmtree(lab.out, ignore_errors=True)


class Nodes:
    """A cluster of two nodes with a core each; the head has none."""

    def __init__(self, folder: Path) -> None:
        from ray.cluster_utils import Cluster

        small = {"object_store_memory": 80 << 20}
        head = {"num_cpus": 0, "include_dashboard": False, "temp_dir": str(folder)}
        self.ray = Cluster(initialize_head=True, head_node_args={**small, **head})
        self.add = lambda: self.ray.add_node(num_cpus=1, **small)
        self.nodes = [self.add(), self.add()]
        self.address = self.ray.address

    def close(self) -> None:
        self.ray.shutdown()

    def kill_who_runs(self, pid: int) -> None:
        """Kill the node that a process works for, as a power cut does."""
        above = {pid}
        while pid > 1:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
            above.add(pid)
        raylets = {n: n.all_processes["raylet"][0].process.pid for n in self.nodes}
        (node,) = (n for n in self.nodes if raylets[n] in above)
        self.nodes.remove(node)
        self.ray.remove_node(node, allow_graceful=False)

    def replace(self) -> None:
        """Start as many nodes as were killed; only a main thread can."""
        while len(self.nodes) < 2:
            self.nodes.append(self.add())


@pytest.fixture(scope="module")
def nodes():
    pytest.importorskip("ray", reason="ray is not installed: pip install 'fertools[ray]'")
    top = Path(tempfile.mkdtemp(prefix="r"))  # sockets want a short path
    (top / "ray").mkdir()  # where Ray notes the cluster's address, and does not look if it is there
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (SETTINGS | {"RAY_TMPDIR": str(top)}).items():
            patch.setenv(name, value)
        nodes = Nodes(top / "ray")
        yield nodes
        nodes.close()
    shutil.rmtree(top, ignore_errors=True)


def test_on_two_nodes_of_which_one_is_killed(lab, nodes, out, server):
    """One test, since runners that share tests out would each start a cluster."""
    _is_killed(lab, nodes, lab.raw, out)
    assert tree(out) == lab.undisturbed
    _is_killed(lab, nodes, server.address("raw"), server.address("ray"))
    assert digests(server, "ray") == lab.undisturbed
    shutil.rmtree(out)
    _an_image_ends_its_process(lab, nodes, out)


def _is_killed(lab, nodes, raw, out):
    """The node that reads unit 1 is killed in the middle, and another one started."""
    source, flag = lab.folder / "waiting" / "mylab.py", lab.folder / "waiting" / "flag"
    source.parent.mkdir(exist_ok=True)
    source.write_text(SOURCE.replace("time.sleep(0.002)", "wait(member)") + WAITING)
    flag.unlink(missing_ok=True)
    killed = threading.Thread(target=_kill_when, args=(nodes, flag), daemon=True)
    killed.start()
    how = {"engine": "ray", "ray_address": nodes.address}
    replace = lambda *told: nodes.replace()  # noqa: E731
    done = ingest(str(source), [raw], out, progress=replace, **how)
    killed.join()
    assert done.rows == 2 * IMAGES
    assert verify(out) == []


def _kill_when(nodes, flag):
    while not (flag.is_file() and flag.read_text()):
        time.sleep(0.05)
    nodes.kill_who_runs(int(flag.read_text()))


def _an_image_ends_its_process(lab, nodes, out):
    """It is a row with a reason, as on one machine."""
    lab.do_harm("import os; os.kill(os.getpid(), 11)")
    shutil.copytree(lab.raw / "1", lab.folder / "one" / "1")
    done = ingest(lab.source, [lab.folder / "one"], out, engine="ray", ray_address=nodes.address)
    assert done.statuses == {"ok": IMAGES - 1, "crashed": 1}
    assert verify(out) == []


def test_a_folder_that_nodes_do_not_see_is_a_sentence(lab, tmp_path):
    unit = Root(lab.raw).units(Root(lab.raw).members)[0]
    out = str(tmp_path / "elsewhere")
    job = reading.Job(lab.source, reading.packed(unit), FaceOptions(), out, False, shared=True)
    with pytest.raises(FerError, match="a node of the cluster does not see it"):
        reading.read_unit(job)


def test_what_another_machine_kept_to_itself_is_no_success(lab, out, monkeypatch):
    monkeypatch.setattr("fertools.ingest.read_unit", lambda job: (job.unit.name, 6, 6))
    with pytest.raises(FerError, match="was finished on another machine and is not here"):
        ingest(lab.source, [lab.raw], out)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"kind": "rat"}, "engine 'rat': known are processes, ray, serial"),
        ({"kind": "serial", "workers": 2}, "one worker, not 2; say processes"),
        ({"address": "here:1"}, "--ray-address is for --engine ray"),
        ({"workers": 0}, "at least 1"),
    ],
)
def test_engines_that_are_none(given, said):
    with pytest.raises(FerError, match=said):
        Engine(**given)


def test_processes_are_used_when_they_are_asked_for():
    alone = Engine("processes", 1)
    (pid,) = engine.run(_whoever, ["job"], engine=alone)
    assert pid != os.getpid()
    assert list(engine.run(_whoever, ["job", "job"], engine=Engine("serial"))) == 2 * [os.getpid()]


def _whoever(_):
    return os.getpid()


def test_no_cluster_is_a_sentence(lab, out):
    pytest.importorskip("ray", reason="ray is not installed: pip install 'fertools[ray]'")
    with pytest.raises(FerError, match=r"no Ray cluster at 127\.0\.0\.1:9 .*start one with"):
        ingest(lab.source, [lab.raw], out, engine="ray", ray_address="127.0.0.1:9")


def test_no_ray_is_a_sentence(lab, out, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(FerError, match=r"ray is not installed; run pip install 'fertools\[ray\]'"):
        ingest(lab.source, [lab.raw], out, engine="ray")
