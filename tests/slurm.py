# SPDX-License-Identifier: GPL-2.0-only
"""
A Slurm of our own, for as long as somebody needs one: munged, slurmctld, and two nodes on this
machine.  A node is a PID namespace, so that its end is the end of all that runs on it, at once.
"""

import contextlib
import os
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from libvirtd import Unavailable, find_tool, stop

#: Until a node that says nothing is down; Slurm asks every third of it.
NODE_TIMEOUT_S = 5
START_S = 30
NODES = ("n1", "n2")

CONF = """\
ClusterName=racerig
SlurmctldHost={host}(127.0.0.1)
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={top}/munge.socket
CryptoType=crypto/munge
StateSaveLocation={top}/state
SlurmdSpoolDir={top}/spool-%n
SlurmctldPidFile={top}/slurmctld.pid
SlurmdPidFile={top}/%n.pid
SlurmctldLogFile={top}/slurmctld.log
SlurmdLogFile={top}/%n.log
SlurmctldPort={port}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MailProg=/bin/true
MpiDefault=none
ReturnToService=2
SlurmdTimeout={timeout}
JobRequeue=1
{nodes}
PartitionName=all Nodes={names} Default=YES State=UP MaxTime=INFINITE
"""


def free_ports(count: int) -> List[int]:
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


class Slurm:
    """Commands of one cluster; its nodes can be killed."""

    def __init__(self, top: Path) -> None:
        self.top = top
        self.env = {**os.environ, "SLURM_CONF": str(top / "slurm.conf")}
        self.nodes: Dict[str, "subprocess.Popen[bytes]"] = {}
        self.others: List["subprocess.Popen[bytes]"] = []

    def run(self, *words: str) -> str:
        result = subprocess.run([find_tool(words[0]), *words[1:]], capture_output=True, text=True, timeout=60,
                                env=self.env)
        if result.returncode:
            raise RuntimeError(f"{' '.join(words)}: {result.stderr.strip()}")
        return result.stdout

    def start(self, *words: str) -> "subprocess.Popen[bytes]":
        with open(self.top / "said", "ab") as said:
            return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=self.env,
                                    start_new_session=True)

    def start_node(self, name: str) -> None:
        self.nodes[name] = self.start(find_tool("unshare"), "--pid", "--fork", "--kill-child", "--mount-proc",
                                      find_tool("slurmd"), "-D", "-N", name)

    def kill_node(self, name: str) -> None:
        """As if its power were cut: nothing on it says a word more."""
        self.nodes[name].send_signal(signal.SIGKILL)
        self.nodes.pop(name).wait()

    def last_words(self) -> str:
        said = [line for name in ("said", "slurmctld.log") if (self.top / name).exists()
                for line in (self.top / name).read_text(errors="replace").splitlines() if line.strip()]
        return said[-1] if said else "it says nothing"

    def wait(self, ready: str, *words: str) -> None:
        """Until what a command says is @ready."""
        for _ in range(START_S * 5):
            with contextlib.suppress(RuntimeError):
                if self.run(*words).split() == ready.split():
                    return
            if any(process.poll() is not None for process in [*self.others, *self.nodes.values()]):
                break
            time.sleep(0.2)
        raise Unavailable(f"Slurm does not start here: {self.last_words()}")

    def end(self) -> None:
        for name in list(self.nodes):
            self.kill_node(name)
        for process in reversed(self.others):
            stop(process)


def why_not() -> Optional[str]:
    if os.geteuid() != 0:
        return "a cluster of one's own takes root"
    tried = subprocess.run([find_tool("unshare"), "--pid", "--fork", "--mount-proc", "true"], capture_output=True,
                           text=True)
    return f"no PID namespace: {tried.stderr.strip()}" if tried.returncode else None


@contextlib.contextmanager
def running() -> Iterator[Slurm]:
    """Both nodes idle."""
    for tool in ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "scontrol", "squeue"):
        find_tool(tool)
    reason = why_not()
    if reason:
        raise Unavailable(reason)
    with tempfile.TemporaryDirectory(prefix="rrsl-") as folder:
        top = Path(folder)
        slurm = Slurm(top)
        try:
            start_all(slurm, top)
            yield slurm
        finally:
            slurm.end()


def start_all(slurm: Slurm, top: Path) -> None:
    port, *ports = free_ports(1 + len(NODES))
    host = socket.gethostname()
    (top / "key").write_bytes(os.urandom(1024))
    (top / "key").chmod(0o400)
    (top / "state").mkdir()
    nodes = "\n".join(f"NodeName={name} NodeHostname={host} NodeAddr=127.0.0.1 Port={each} CPUs=1 RealMemory=1"
                      for name, each in zip(NODES, ports))
    (top / "slurm.conf").write_text(CONF.format(host=host, user="root", top=top, port=port, nodes=nodes,
                                                timeout=NODE_TIMEOUT_S, names=",".join(NODES)))
    slurm.others.append(slurm.start(
        find_tool("munged"), "--foreground", "--force", f"--key-file={top}/key", f"--socket={top}/munge.socket",
        f"--pid-file={top}/munged.pid", f"--log-file={top}/munged.log", f"--seed-file={top}/munged.seed"))
    for _ in range(START_S * 10):
        if (top / "munge.socket").exists() or slurm.others[0].poll() is not None:
            break
        time.sleep(0.1)
    slurm.others.append(slurm.start(find_tool("slurmctld"), "-D", "-c"))
    for name in NODES:
        slurm.start_node(name)
    slurm.wait("idle idle", "sinfo", "-h", "-N", "-o", "%t")
