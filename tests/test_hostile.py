# SPDX-License-Identifier: GPL-2.0-only
"""
A host that refuses, and guests that go wrong: a verdict or one clear line, in bounded time, nothing
left running and nothing half-written.

What is done to a host is done in namespaces of the test's own (unshare), never to the machine.
"""

import json
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
from conftest import RIG, TOP, run_rig, verdict
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

#: Clean ones, and the first that violates.
SHORT = (*WORDS, "--max-schedules", "8")
KINDS = ["open", "memfd_create", "socketpair", "dup", "write", "flush", "mkdir", "rename", "fork"]


@pytest.fixture(scope="session")
def short(shim, unbroken, tmp_path_factory):  # noqa: F811
    """Of an exploration in which nothing fails: how many calls there are of each kind, and its folder."""
    tmp = tmp_path_factory.mktemp("count")
    code, said = run(tmp, *SHORT, "--out", tmp / "run", env={"LD_PRELOAD": str(shim), "FAILING": "count"})
    assert code == 0, said
    return {name: int(n) for name, n in re.findall(r"failing (\w+)=(\d+)", said)}, tmp / "run"


def fail_at(kind, moment, on, shim, whole, tmp_path):
    """It ends with one line or does without, leaves nothing half-written, and goes on to the same result."""
    out = tmp_path / f"{kind}-{moment}{on}"
    code, said = run(tmp_path, *SHORT, "--out", out,
                     env={"LD_PRELOAD": str(shim), "FAILING": f"{kind}:{moment}{on}", "RACERIG_DEADLINE": "5"})
    assert code in (0, 2), said
    if code == 2:
        one_line(said)
    assert not [path for path in out.rglob("*") if re.search(r"\.[A-Z0-9]{6}$", path.name)]
    journal = out / "journal"
    kept = journal.exists() and journal.stat().st_size
    code, said = run(tmp_path, *SHORT, "--out", out, *(("--resume",) if kept else ()), env={})
    assert code == 0, said
    for name in ("verdict.json", "journal"):
        assert (out / name).read_bytes() == (whole / name).read_bytes(), name
    shutil.rmtree(out)


@pytest.mark.parametrize("on", ["", "+"])
@pytest.mark.parametrize("kind", KINDS)
def test_failing(kind, on, shim, short, tmp_path):
    """A sample of it; all of it where time is no matter."""
    n = short[0][kind]
    assert n, kind
    all_of_them = range(1, n + 1) if not on or n < 40 else range(1, n + 1, 20)
    some = all_of_them if LONG else [random.Random(f"{SEED} {kind}{on}").choice(all_of_them)]
    failed = []
    for moment in some:
        try:
            fail_at(kind, moment, on, shim, short[1], tmp_path)
        except AssertionError as error:
            failed.append(f"{kind}:{moment}{on}: {error}")
    assert not failed, "\n".join(failed)


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


def test_no_room_for_the_guest(unbroken, tmp_path):  # noqa: F811
    """Under libvirt its memory is a file, and who writes where there is no room is killed."""
    small = tmp_path / "small"
    small.mkdir()
    code, said = run(tmp_path, *WORDS, "--out", tmp_path / "run", env={"RACERIG_SHM": str(small)},
                     before=[*mounted(f"mount -t tmpfs -o size=24m none {small}"), TOP / "tests" / "libvirtd.py",
                             "sh", "-euc", 'exec "$@" --connect "$RACERIG_CONNECT"', "sh"])
    if code == 77:
        pytest.skip(said)
    assert code == 2 and "No space left for a guest's memory (2" in one_line(said) and str(small) in said, said
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("files", [48, 24, 16])
def test_few_descriptors(files, unbroken, tmp_path):  # noqa: F811
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))

    result = subprocess.run([RIG, *WORDS, "--max-schedules", "2", "--out", tmp_path / "run"], cwd=TOP, text=True,
                            capture_output=True, preexec_fn=limit, timeout=300)
    assert result.returncode in (1, 2), result.stderr
    if result.returncode == 2:
        one_line(result.stderr)


def limited(kind, amount):
    return lambda: resource.setrlimit(kind, (amount, amount))


@pytest.mark.parametrize("mib", [4096, 1024, 512, 256, 128] if LONG else [1024, 256])
def test_little_address_space(mib, unbroken, tmp_path):  # noqa: F811
    """QEMU and drgn have the same limit.  GLib ends a program that gets no memory: SECURITY.md."""
    mark = uuid.uuid4().hex
    shm = tmp_path / "shm"
    shm.mkdir()
    result = subprocess.run([RIG, *WORDS, "--out", tmp_path / "run"], cwd=TOP, text=True, capture_output=True,
                            preexec_fn=limited(resource.RLIMIT_AS, mib << 20), timeout=300,
                            env={**os.environ, "RACERIG_TEST": mark, "RACERIG_SHM": str(shm)})
    assert_nothing_left(mark, shm)
    assert result.returncode in (0, 2, -signal.SIGTRAP, -signal.SIGABRT), result.stderr
    if result.returncode == 2:
        one_line(result.stderr)
    assert goes_on(tmp_path / "run") == (unbroken / "verdict.json").read_bytes()


def goes_on(out):
    """To the end, from what there is."""
    journal = out / "journal"
    kept = journal.exists() and journal.stat().st_size
    result = run_rig(*WORDS, "--out", out, *(("--resume",) if kept else ()))
    assert result.returncode == 0, result.stderr
    return (out / "verdict.json").read_bytes()


@pytest.fixture
def cgroup():
    """One of our own, below that of this process: how to get into it with so many MiB, and who was killed."""
    lines = dict(line.split(":", 2)[1:] for line in Path("/proc/self/cgroup").read_text().splitlines())
    old = "memory" in lines
    top = Path("/sys/fs/cgroup/memory" if old else "/sys/fs/cgroup") / lines["memory" if old else ""].lstrip("/")
    group = top / f"racerig-test-{os.getpid()}"

    def enter(mib):
        (group / ("memory.limit_in_bytes" if old else "memory.max")).write_text(str(mib << 20))
        return lambda: (group / "cgroup.procs").write_text("0")

    try:
        group.mkdir()
        enter(4096)
    except OSError as error:
        if group.is_dir():
            group.rmdir()
        pytest.skip(f"no cgroup with a limit of memory of one's own here: {error}")
    def killed():
        text = (group / ("memory.oom_control" if old else "memory.events")).read_text()
        return int(dict(line.split() for line in text.splitlines())["oom_kill"])

    yield enter, killed
    for _ in range(100):
        if not (group / "cgroup.procs").read_text():
            break
        time.sleep(0.1)
    group.rmdir()


@pytest.mark.parametrize("mib", [200, 150, 120, 90, 60, 30] if LONG else [90])
def test_the_oom_killer(mib, cgroup, unbroken, tmp_path):  # noqa: F811
    """It takes whom it likes: QEMU and drgn are replaced, or it is one line, or the rig itself is gone."""
    mark = uuid.uuid4().hex
    shm = tmp_path / "shm"
    shm.mkdir()
    result = subprocess.run([RIG, *WORDS, "--out", tmp_path / "run"], cwd=TOP, text=True, capture_output=True,
                            preexec_fn=cgroup[0](mib), timeout=300,
                            env={**os.environ, "RACERIG_TEST": mark, "RACERIG_SHM": str(shm)})
    assert_nothing_left(mark, shm)
    assert result.returncode in (0, 2, -signal.SIGKILL), result.stderr
    # The rig, QEMU and drgn want some 200 MiB.
    assert cgroup[1]() >= 1 or mib > 90
    if result.returncode == 2:
        one_line(result.stderr)
    assert goes_on(tmp_path / "run") == (unbroken / "verdict.json").read_bytes()


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
    time.sleep(60 if LONG else 5)
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


#: What a kernel does instead of booting, in 16-bit mode: an IDT with no entries and an exception in it; a loop
#: that no interrupt ends; one that each interrupt enters anew.
IMAGES = {
    "triple": (b"\x2e\x0f\x01\x1e%(at)s\xcc" + b"\0" * 8, "the guest reset while booting"),
    "closed": (b"\xfa\xeb\xfe", "the guest never reached its marker"),
    "open": (b"\xfb\xeb\xfe", "the guest never reached its marker"),
    "halted": (b"\xfa\xf4\xeb\xfd", "the guest never reached its marker"),
}


@pytest.mark.parametrize("how", IMAGES if LONG else ["triple", "closed"])
def test_bad_kernels(how, fresh, tmp_path):  # noqa: F811
    """The setup code of a bzImage is where QEMU enters it (Documentation/arch/x86/boot.rst)."""
    cache = fresh / "racerig"
    builds = (cache / "builds").resolve()
    key = stock_key()
    (cache / "builds").unlink()
    (cache / "builds").mkdir()
    for path in builds.iterdir():
        (cache / "builds" / path.name).symlink_to(path)
    (cache / "builds" / key).unlink()
    shutil.copytree(builds / key, cache / "builds" / key, ignore=shutil.ignore_patterns("vmlinux"))
    (cache / "builds" / key / "vmlinux").symlink_to(builds / key / "vmlinux")
    image = bytearray((builds / key / "bzImage").read_bytes())
    code, what = IMAGES[how]
    assert image[0x200] == 0xeb
    entry = 0x202 + image[0x201]
    # The null descriptor lies behind the code; CS begins at 0x200 of the file.
    code = code.replace(b"%(at)s", (entry - 0x200 + 8).to_bytes(2, "little"))
    image[entry:entry + len(code)] = code
    (cache / "builds" / key / "bzImage").unlink()
    (cache / "builds" / key / "bzImage").write_bytes(image)
    env = {"XDG_CACHE_HOME": str(fresh), "RACERIG_BOOT_SECONDS": "20",
           "RACERIG_PYTHON": os.path.expanduser("~/.cache/racerig/venv/bin/python")}
    began = time.monotonic()
    code, said = run(tmp_path, "explore", "fault-vs-alloc", "--out", tmp_path / "run", env=env, timeout=300)
    assert code == 2 and what in one_line(said), said
    assert time.monotonic() - began < 120
    assert not (tmp_path / "run").exists() and said.isascii() and "\x1b" not in said


def stock_key():
    kernels = json.loads(run_rig("list", "--json").stdout)["kernels"]
    return next(kernel["key"] for kernel in kernels if kernel["name"] == "stock")


# --- actors that go wrong ----------------------------------------------------------------------

@pytest.fixture(scope="session")
def evil(tmp_path_factory):
    """A data folder whose guest has tests/guests/evil.c, too."""
    data = tmp_path_factory.mktemp("evil")
    (data / "scenarios").mkdir()
    for name in ("guest-kernel", "analysis"):
        (data / name).symlink_to(TOP / name)
    for path in [*(TOP / "scenarios").iterdir(), TOP / "tests" / "guests" / "evil.c"]:
        (data / "scenarios" / path.name).symlink_to(path)
    for what in EVIL:
        (data / "scenarios" / f"evil-{what}.scenario").write_text(
            f"[scenario]\ntitle = an actor that goes wrong: {what}\nsource = tests/test_hostile.py\nvcpus = 2\n"
            "actors = evil;free\npages = 1\n\n[expect]\nstock = clean\n")
    subprocess.run([data / "guest-kernel" / "guest", data / "build" / "guest"], check=True, capture_output=True)
    return data


#: The invariant that it breaks, the verdict without one, or what is said of it.
EVIL = {
    "exit": "I5",
    "memory": "I5",
    "reset": "I5",
    "off": "I5",
    "report": "inconclusive",  # what it then says of itself contradicts nothing that the kernel did
    "loop": "evil runs on and on near run_loop",
    "flood": "evil runs on and on near ",
}


@pytest.mark.parametrize("what", EVIL if LONG else ["exit", "report", "loop"])
def test_evil_actors(what, evil, tmp_path):
    """A finding, with its trace; or a line that says who does not end."""
    began = time.monotonic()
    code, said = run(tmp_path, "explore", f"evil-{what}", "--max-schedules", "2", "--out", tmp_path / "run",
                     env={"RACERIG_DATA": str(evil)})
    assert time.monotonic() - began < 280 and len(said) < 10000 and "\x1b" not in said
    if EVIL[what] == "inconclusive":
        assert verdict(tmp_path / "run")["verdict"] == "inconclusive" and verdict(tmp_path / "run")["executed"] == 2
    elif EVIL[what][0] == "I":
        assert code == 1, said
        assert EVIL[what] in [found["invariant"] for found in verdict(tmp_path / "run")["violations"]]
    else:
        assert code == 2 and EVIL[what] in one_line(said), said
        assert not (tmp_path / "run" / "verdict.json").exists()
