# SPDX-License-Identifier: GPL-2.0-only
"""
A host that refuses, and guests that go wrong: a verdict or one clear line, in bounded time, nothing
left running and nothing half-written.

What is done to a host is done in namespaces of the test's own (unshare), never to the machine.
"""

import os
import random
import re
import resource
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from conftest import RIG, TOP, run_rig
from test_faults import LONG, SEED, WORDS, assert_nothing_left, fresh, rig, unbroken  # noqa: F401

CC = shutil.which("gcc") or shutil.which("clang")


@pytest.fixture(scope="session")
def shim(tmp_path_factory):
    """tests/failing.c, to be preloaded."""
    path = tmp_path_factory.mktemp("shim") / "failing.so"
    subprocess.run([CC, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", path, TOP / "tests" / "failing.c"],
                   check=True)
    return path


def run(tmp_path, *words, env, before=(), timeout=600):
    """(exit code, stderr); nothing is left."""
    mark = uuid.uuid4().hex
    shm = tmp_path / "shm"
    shm.mkdir(exist_ok=True)
    result = subprocess.run([*map(str, before), RIG, *map(str, words)], cwd=TOP, text=True, timeout=timeout,
                            capture_output=True,
                            env={**os.environ, "RACERIG_TEST": mark, "RACERIG_SHM": str(shm), **env})
    assert_nothing_left(mark, shm)
    return result.returncode, result.stderr


def one_line(said):
    lines = [line for line in said.splitlines() if line.startswith("racerig: ")]
    assert len(lines) == 1 and "CRITICAL" not in said and "WARNING" not in said, said
    return lines[0]


# --- failing on purpose ----------------------------------------------------------------------

SHORT = (*WORDS, "--max-schedules", "2")
KINDS = ["open", "memfd_create", "socketpair", "write", "fork"]
SAMPLE = 12


@pytest.fixture(scope="session")
def calls(shim, unbroken, tmp_path_factory):  # noqa: F811
    tmp = tmp_path_factory.mktemp("count")
    code, said = run(tmp, *SHORT, "--out", tmp / "run", env={"LD_PRELOAD": str(shim), "FAILING": "count"})
    assert code == 1, said
    return {name: int(n) for name, n in re.findall(r"failing (\w+)=(\d+)", said)}


@pytest.mark.parametrize("on", ["", "+"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [i / 40 for i in range(40)] if LONG else [0, 0.5])
def test_failing(kind, on, part, shim, calls, tmp_path):
    n = calls[kind]
    assert n, kind
    moment = min(n, 1 + int((part + (0 if LONG else random.Random(f"{SEED} {kind}{on}{part}").random() / 2)) * n))
    code, said = run(tmp_path, *SHORT, "--out", tmp_path / "run",
                     env={"LD_PRELOAD": str(shim), "FAILING": f"{kind}:{moment}{on}", "RACERIG_DEADLINE": "5"})
    assert code in (0, 1, 2), (kind, moment, on, said)
    if code == 2:
        one_line(said)
    assert not [path for path in tmp_path.rglob("*") if re.search(r"\.[A-Z0-9]{6}$", path.name)]


def test_clock_jumps(shim, unbroken, tmp_path):  # noqa: F811
    """A day ahead, a day back, at every look: nobody asks what day it is."""
    code, said = run(tmp_path, *WORDS, "--out", tmp_path / "run",
                     env={"LD_PRELOAD": str(shim), "FAILING": "clock:1"})
    assert code == 0, said
    assert (tmp_path / "run" / "verdict.json").read_bytes() == (unbroken / "verdict.json").read_bytes()


# --- a host that refuses -----------------------------------------------------------------------

def mounted(script):
    """Run after @script in mount and user namespaces of its own; skipped where that cannot be had."""
    probe = subprocess.run(["unshare", "-rm", "mount", "-t", "tmpfs", "-o", "size=64k", "none", "/mnt"],
                           capture_output=True, text=True)
    if probe.returncode:
        pytest.skip(f"no mount namespace of one's own here: {probe.stderr.strip()}")
    return ["unshare", "-rm", "sh", "-euc", f'{script}; exec "$@"', "sh"]


@pytest.mark.parametrize("how, what", [("size=16k", "No space left"), ("nr_inodes=4", "No space left"),
                                       ("ro", "Read-only file system")])
def test_no_room_for_the_run(how, what, unbroken, tmp_path):  # noqa: F811
    out = tmp_path / "disk"
    out.mkdir()
    code, said = run(tmp_path, *WORDS, "--out", out / "run", env={},
                     before=mounted(f"mount -t tmpfs -o {how} none {out}"))
    assert code == 2 and what in one_line(said) and str(out) in said, said


def test_no_room_for_a_snapshot(fresh, tmp_path):  # noqa: F811
    snapshots = fresh / "racerig" / "snapshots"
    snapshots.mkdir()
    env = {"XDG_CACHE_HOME": str(fresh), "RACERIG_PYTHON": os.path.expanduser("~/.cache/racerig/venv/bin/python")}
    code, said = run(tmp_path, *WORDS, "--out", tmp_path / "run", env=env,
                     before=mounted(f"mount -t tmpfs -o size=2m none {snapshots}"))
    assert code == 2 and "No space left" in one_line(said) and "snapshots" in said, said


@pytest.mark.parametrize("files", [48, 24, 16])
def test_few_descriptors(files, unbroken, tmp_path):  # noqa: F811
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    result = subprocess.run([RIG, *WORDS, "--max-schedules", "2", "--out", tmp_path / "run"], cwd=TOP, text=True,
                            capture_output=True, preexec_fn=limit, timeout=300)
    assert result.returncode in (1, 2), result.stderr
    if result.returncode == 2:
        one_line(result.stderr)


def test_two_rigs_in_one_folder(tmp_path):
    """The second one is refused, and the first does not notice."""
    out = tmp_path / "run"
    first = subprocess.Popen([RIG, *WORDS, "--policy", "dfs", "--out", out], cwd=TOP, stdout=subprocess.DEVNULL,
                             stderr=subprocess.PIPE, text=True)
    while not (out / "journal").exists():
        assert first.poll() is None
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)
    second = run_rig(*WORDS, "--out", out)
    first.send_signal(signal.SIGCONT)
    assert second.returncode == 2 and "another racerig writes there" in one_line(second.stderr)
    assert first.wait(300) == 0, first.stderr.read()


def test_a_host_that_sleeps(unbroken, tmp_path):  # noqa: F811
    """Everything is stopped for longer than any deadline, and goes on."""
    mark = uuid.uuid4().hex
    out = tmp_path / "run"
    process = subprocess.Popen([RIG, *WORDS, "--out", out], cwd=TOP, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True,
                               env={**os.environ, "RACERIG_TEST": mark, "RACERIG_DEADLINE": "2"})
    while not (out / "journal").exists():
        assert process.poll() is None
        time.sleep(0.01)
    from test_faults import running
    everybody = running(mark)
    for pid in everybody:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(5)
    for pid in everybody:
        os.kill(pid, signal.SIGCONT)
    assert process.wait(300) == 0, process.stderr.read()
    assert (out / "verdict.json").read_bytes() == (unbroken / "verdict.json").read_bytes()


# --- guests that go wrong ----------------------------------------------------------------------

def cpio(entries):
    """The newc format: (name, mode, data, device)."""
    archive = b""
    for i, (name, mode, data, device) in enumerate([*entries, ("TRAILER!!!", 0, b"", (0, 0))]):
        fields = (i + 1, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name) + 1, 0)
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        archive += head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)
    return archive


GUESTS = {
    "PANIC": "the guest panicked at boot: Attempted to kill init",
    "RESET": "the guest reset while booting",
    "POWEROFF": "the guest reset while booting",
    "LOOP": "the guest never reached its marker",
    "FLOOD": "the guest never reached its marker",
    "MEMORY": "the guest panicked at boot: ",
    "REPORT": "what the guest reports cannot be: ",
}


@pytest.mark.parametrize("bad", GUESTS)
def test_bad_guests(bad, fresh, tmp_path):  # noqa: F811
    data = tmp_path / "data"
    (data / "build" / "guest").mkdir(parents=True)
    for name in ("scenarios", "guest-kernel", "analysis"):
        (data / name).symlink_to(TOP / name)
    init = data / "build" / "guest" / "init"
    subprocess.run([CC, "-O1", "-ffreestanding", "-fno-stack-protector", "-nostdlib", "-static", "-fno-pie", "-no-pie",
                    "-Wl,--build-id=none", f"-DBAD_{bad}", "-I", TOP / "scenarios" / "lib", "-o", init,
                    TOP / "tests" / "guests" / "bad-init.c"], check=True)
    (data / "build" / "guest" / "init.cpio").write_bytes(cpio([
        ("dev", 0o40755, b"", (0, 0)), ("dev/console", 0o20600, b"", (5, 1)),
        ("init", 0o100755, init.read_bytes(), (0, 0))]))
    # Two of them never end by themselves; a busy machine boots slowly.
    env = {"RACERIG_DATA": str(data), "XDG_CACHE_HOME": str(fresh),
           "RACERIG_BOOT_SECONDS": "20" if bad in ("LOOP", "FLOOD") else "180",
           "RACERIG_PYTHON": os.path.expanduser("~/.cache/racerig/venv/bin/python")}
    began = time.monotonic()
    code, said = run(tmp_path, "explore", "fault-vs-alloc", "--out", tmp_path / "run", env=env, timeout=300)
    assert code == 2 and GUESTS[bad] in one_line(said), said
    assert time.monotonic() - began < 280 and len(said) < 4000
    assert not (tmp_path / "run").exists() and said.isascii() and "\x1b" not in said
