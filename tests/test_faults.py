# SPDX-License-Identifier: GPL-2.0-only
"""
The fault table: whoever dies or stops, at whatever packet, the result is the same to the byte, or
there is one clear line; nothing is left running, and what was finished is kept.

Moments count packets (rig/util/fault.h) and come from a seeded generator; RACERIG_LONG has all of them.
"""

import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
import uuid
from pathlib import Path

import pytest
from conftest import RIG, TOP, run_rig

LONG = "RACERIG_LONG" in os.environ
SEED = 20
WORDS = ("explore", "fault-vs-alloc", "--kernel", "scratch-plain-store")
SAME = ("verdict.json", "journal")


def running(mark):
    """Processes that have @mark in their environment."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"RACERIG_TEST={mark}".encode() in path.read_bytes().split(b"\0"):
                found.append(int(path.parent.name))
        except OSError:
            pass
    return found


def assert_nothing_left(mark, shm):
    deadline = time.monotonic() + 20
    while running(mark):
        assert time.monotonic() < deadline, running(mark)
        time.sleep(0.05)
    assert not list(shm.glob("*/*.tmp"))


def rig(tmp_path, *words, fault="", timeout=600, cache=None, deadline=1):
    """Run it to its end; (exit code, stderr)."""
    mark = uuid.uuid4().hex
    shm = tmp_path / "shm"
    shm.mkdir(exist_ok=True)
    env = {**os.environ, "RACERIG_TEST": mark, "RACERIG_FAULT": fault, "RACERIG_DEADLINE": str(deadline),
           "RACERIG_SHM": str(shm)}
    if not fault:
        del env["RACERIG_FAULT"]
    if cache:
        env["XDG_CACHE_HOME"] = str(cache)
        env["RACERIG_PYTHON"] = os.path.expanduser("~/.cache/racerig/venv/bin/python")
    result = subprocess.run([RIG, *map(str, words)], cwd=TOP, env=env, capture_output=True, text=True,
                            timeout=timeout)
    assert_nothing_left(mark, shm)
    return result.returncode, result.stderr


def restarts(out):
    return json.loads((out / "run.json").read_text())["restarts"]


@pytest.fixture(scope="session")
def unbroken(explored):
    return explored("scratch-plain-store")[1]


@pytest.fixture(scope="session")
def packets(unbroken, tmp_path_factory):
    """How many there are, by whom they are sent to; the snapshot is in the cache by now."""
    tmp = tmp_path_factory.mktemp("count")
    code, said = rig(tmp, *WORDS, "--out", tmp / "run", fault="count", deadline=60)
    assert code == 0, said
    return {name: int(n) for name, n in re.findall(r"(qemu|drgn)=(\d+)", said)}


def moments(whom, sign, n):
    """Fractions of all packets: the same ones in every run."""
    generator = random.Random(f"{SEED} {whom} {sign}")
    return [(whom, sign, generator.random()) for _ in range(n)]


TABLE = [*moments("qemu", "KILL", 200 if LONG else 10), *moments("qemu", "STOP", 40 if LONG else 4),
         *moments("drgn", "KILL", 40 if LONG else 4), *moments("drgn", "STOP", 20 if LONG else 2)]


@pytest.mark.parametrize("whom, sign, when", TABLE)
def test_lost_and_replaced(whom, sign, when, unbroken, packets, tmp_path):
    out = tmp_path / "run"
    moment = 1 + int(when * packets[whom])
    code, said = rig(tmp_path, *WORDS, "--out", out, fault=f"{whom}:{sign}:{moment}")
    assert code == 0, said
    for name in SAME:
        assert (out / name).read_bytes() == (unbroken / name).read_bytes(), said
    # By its last packets a drgn may have said all that anybody wants to know.
    assert restarts(out) >= 1 or moment >= packets[whom] - 5, said
    assert "; starting it again" in said or restarts(out) == 0


def test_two_guests(unbroken, packets, tmp_path):
    """A worker's guest, too; where it was does not show."""
    out = tmp_path / "run"
    faults = ",".join(f"qemu:KILL:{int(packets['qemu'] * part)}" for part in (0.5, 0.9))
    code, said = rig(tmp_path, *WORDS, "--jobs", 2, "--out", out, fault=faults)
    assert code == 0, said
    assert (out / "verdict.json").read_bytes() == (unbroken / "verdict.json").read_bytes()
    assert restarts(out) >= 2


@pytest.mark.parametrize("fault", ["qemu:KILL:300+", "qemu:KILL:1+", "drgn:KILL:1+"])
def test_lost_over_and_over(fault, tmp_path):
    """After three others in one place it is an error, and the cache keeps what it has."""
    code, said = rig(tmp_path, *WORDS, "--out", tmp_path / "run", fault=fault)
    assert code == 2
    errors = [line for line in said.splitlines() if line.startswith("racerig: ")]
    assert len(errors) == 1 and "closed the connection" in errors[0], said
    assert said.count("starting it again") == 3
    assert "making it again" not in said and "booting" not in said
    assert not (tmp_path / "run" / "verdict.json").exists()


@pytest.mark.parametrize("sign", ["INT", "TERM", "HUP", "KILL"])
@pytest.mark.parametrize("when", [random.Random(SEED).random() for _ in range(10)] if LONG else [0.3, 0.75])
def test_the_rig(sign, when, unbroken, packets, tmp_path):
    out = tmp_path / "run"
    moment = 1 + int(when * packets["qemu"])
    code, said = rig(tmp_path, *WORDS, "--out", out, fault=f"rig:{sign}:{moment}")
    if sign == "KILL":
        assert code == -signal.SIGKILL
        assert not (out / "verdict.json").exists() or (out / "verdict.json").read_bytes() == \
            (unbroken / "verdict.json").read_bytes()
    else:
        # Before the first schedule there is nothing to be kept; at the last it may be complete.
        assert code in (0, 1, 2), said
        if code == 2:
            assert [line for line in said.splitlines() if line.startswith("racerig:")], said
    journal = out / "journal"
    resume = ("--resume",) if journal.exists() and journal.stat().st_size else ()
    kept = journal.read_bytes().splitlines(keepends=True) if resume else []
    kept = [line for line in kept if line.endswith(b"\n")]
    code, said = rig(tmp_path, *WORDS, "--out", out, *resume)
    assert code == 0, said
    assert journal.read_bytes().splitlines(keepends=True)[:len(kept)] == kept
    for name in SAME:
        assert (out / name).read_bytes() == (unbroken / name).read_bytes()


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
def test_the_suite(sign, tmp_path):
    pairs = ("suite", "-s", "fault-vs-alloc", "-k", "stock", "-k", "scratch-plain-store", "--jobs", "2")
    mark = uuid.uuid4().hex
    suite = subprocess.Popen([RIG, *pairs, "--out", tmp_path / "out"], cwd=TOP, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, env={**os.environ, "RACERIG_TEST": mark})
    while not list((tmp_path / "out").glob("runs/*/*/journal")):
        assert suite.poll() is None
        time.sleep(0.01)
    time.sleep(random.Random(f"{SEED} {sign}").random())
    suite.send_signal(sign)
    code = suite.wait(timeout=60)
    assert code == -sign if sign == signal.SIGKILL else code in (0, 1)
    (tmp_path / "shm").mkdir()
    assert_nothing_left(mark, tmp_path / "shm")
    code, said = rig(tmp_path, *pairs, "--out", tmp_path / "out", "--resume", deadline=60)
    assert code == 0, said
    code, said = rig(tmp_path, *pairs, "--out", tmp_path / "whole", deadline=60)
    assert code == 0, said
    for path in (tmp_path / "whole").glob("runs/*/*/verdict.json"):
        other = tmp_path / "out" / path.relative_to(tmp_path / "whole")
        assert other.read_bytes() == path.read_bytes()


@pytest.fixture
def fresh(tmp_path):
    """A cache with all but snapshots, and what is known of those."""
    mine = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig"
    cache = tmp_path / "cache" / "racerig"
    cache.mkdir(parents=True)
    for entry in mine.iterdir():
        if entry.name not in ("snapshots", "controls", "sites"):
            (cache / entry.name).symlink_to(entry)
    return cache.parent


@pytest.mark.parametrize("moment", range(2, 62, 3) if LONG else [4, 9])
def test_lost_while_booting(moment, fresh, tmp_path):
    """The first packets of a guest that no snapshot knows: boot, park, snapshot."""
    out = tmp_path / "run"
    code, said = rig(tmp_path, *WORDS, "--out", out, fault=f"qemu:KILL:{moment}", cache=fresh, deadline=5)
    assert code == 0, said
    assert restarts(out) >= 1 and said.count("starting it again") == restarts(out)
    names = sorted(path.name for path in (fresh / "racerig" / "snapshots").iterdir())
    assert [name for name in names if not re.fullmatch(r"[0-9a-f]{16}\.qcow2(\.sha256)?", name)] == []
    shutil.rmtree(out)
    code, said = rig(tmp_path, *WORDS, "--out", out, cache=fresh, deadline=60)
    assert code == 0 and "booting" not in said, said


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "older"])
def test_a_damaged_snapshot(damage, fresh, unbroken, tmp_path):
    """It is not looked at, and made again.  An older rig wrote no sum: what can be loaded is."""
    code, said = rig(tmp_path, *WORDS, "--out", tmp_path / "run", cache=fresh, deadline=60)
    assert code == 0, said
    for path in (fresh / "racerig" / "snapshots").glob("*.qcow2"):
        data = bytearray(path.read_bytes())
        if damage == "flipped":
            data[len(data) // 2] ^= 0x10
        path.write_bytes({"cut": data[:len(data) // 3], "empty": b""}.get(damage, data))
        if damage == "older":
            path.with_name(path.name + ".sha256").unlink()
    out = tmp_path / "again"
    code, said = rig(tmp_path, *WORDS, "--out", out, cache=fresh, deadline=60)
    assert code == 0, said
    assert said.count("is of no use; making it again") == (0 if damage == "older" else 2), said
    assert (out / "verdict.json").read_bytes() == (unbroken / "verdict.json").read_bytes()


def test_two_rigs_one_snapshot(fresh, tmp_path):
    """Neither is there at first: one makes it, the other waits and has the very same."""
    env = {**os.environ, "XDG_CACHE_HOME": str(fresh),
           "RACERIG_PYTHON": os.path.expanduser("~/.cache/racerig/venv/bin/python")}
    both = [subprocess.Popen([RIG, *WORDS, "--out", tmp_path / name], cwd=TOP, env=env, text=True,
                             stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) for name in "ab"]
    said = [process.communicate(timeout=600)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sum("booting kernel" in text for text in said) == 1, said
    assert (tmp_path / "a" / "journal").read_bytes() == (tmp_path / "b" / "journal").read_bytes()
