# SPDX-License-Identifier: GPL-2.0-only
"""The real thing: real kernels, real QEMU, real drgn."""

import os
import re
import signal
import subprocess
import time
from pathlib import Path

from conftest import RIG, TOP, qemus_of, run_rig, verdict


def alive(pid):
    """Not one that only waits to be reaped, as it does where PID 1 is this test."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in "ZX"


def test_stock_holds_but_for_what_was_accepted(explored):
    result, out = explored("stock", "fault-vs-alloc", "--policy", "dfs")
    assert result.returncode == 0, result.stdout + result.stderr
    found = verdict(out)
    assert found["verdict"] == "documented" and found["complete"] is True
    assert found["violations"] == [] and found["executed"] >= 40
    # the translation cached from scratch, which is not flushed by an allocation
    first = found["accepted"][0]
    assert (first["invariant"], first["reason"], first["vcpu"]) == ("I7", "read-scratch", 1)
    assert (out / first["schedule"]).exists()
    # alloc always wins in the end: one final state
    assert found["distinct_final_states"] == 1
    assert (out / "console.log").exists()


def test_mutant_violates_i1(explored):
    result, out = explored("scratch-plain-store")
    assert result.returncode == 0, result.stdout + result.stderr
    found = verdict(out)
    assert found["verdict"] == "violation" and found["complete"] is True
    assert {v["invariant"] for v in found["violations"]} >= {"I1", "I4"}
    assert "frame A -> scratch" in result.stdout
    for violation in found["violations"]:
        assert (out / violation["schedule"]).exists()


def first_violation(out):
    return sorted((out / "schedules").glob("*-I1.sched"))[0]


def test_replay_is_identical(explored):
    _, out = explored("scratch-plain-store")
    result = run_rig("replay", first_violation(out), "--times", 10)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "10 of 10 runs identical" in result.stdout and "I1:" in result.stdout


def test_trace_is_the_recorded_one(explored):
    _, out = explored("scratch-plain-store")
    schedule = first_violation(out)
    result = run_rig("trace", schedule)
    assert result.stdout == (out / "trace" / schedule.name).with_suffix(".jsonl").read_text()


def test_replay_of_a_changed_order_diverges(explored, tmp_path):
    _, out = explored("scratch-plain-store")
    lines = first_violation(out).read_text().splitlines()
    runs = [i for i, line in enumerate(lines) if line.startswith("run")]
    lines[runs[0]], lines[runs[-1]] = lines[runs[-1]], lines[runs[0]]
    changed = tmp_path / "changed.sched"
    changed.write_text("\n".join(lines) + "\n")
    result = run_rig("replay", changed)
    assert result.returncode == 1 and "diverges: event 2 is" in result.stdout


def test_restore_run_hash_twenty_times():
    result = run_rig("hash", "fault-vs-alloc", "--times", 20)
    hashes = result.stdout.split()
    assert len(hashes) == 20 and len(set(hashes)) == 1 and len(hashes[0]) == 64


def test_other_build_is_named(explored, tmp_path):
    _, out = explored("scratch-plain-store")
    schedule = tmp_path / "old.sched"
    schedule.write_text(re.sub(r"(kernel \S+) \S+", r"\1 0123456789abcdef",
                               first_violation(out).read_text()))
    result = run_rig("replay", schedule)
    assert result.returncode == 2
    assert "was made on build 0123456789abcdef of kernel scratch-plain-store" in result.stderr


def test_interrupt_keeps_finished_work(explored, tmp_path):
    out = tmp_path / "run"
    rig = subprocess.Popen([RIG, "explore", "fault-vs-alloc", "--out", out], cwd=TOP,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not list(out.glob("schedules/*")):
        assert rig.poll() is None
        time.sleep(0.02)
    rig.send_signal(signal.SIGINT)
    rig.communicate(timeout=30)
    assert rig.returncode == 1
    found = verdict(out)
    assert found["verdict"] == "inconclusive" and found["complete"] is False
    assert found["executed"] >= 1


def test_no_qemu_survives_the_rig(explored, tmp_path):
    rig = subprocess.Popen([RIG, "explore", "fault-vs-alloc", "--out", tmp_path / "run"], cwd=TOP,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not qemus_of(rig):
        assert rig.poll() is None
        time.sleep(0.02)
    (pid,) = qemus_of(rig)
    rig.kill()
    rig.wait()
    for _ in range(200):
        if not alive(pid):
            return
        time.sleep(0.02)
    raise AssertionError("QEMU outlived a killed rig")


def test_arena_tool_alone(explored, tmp_path):
    sock = tmp_path / "qmp"
    rig = subprocess.Popen([RIG, "boot", "fault-vs-alloc", "--qmp", sock], cwd=TOP,
                           stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        command = ""
        while "arena.py" not in command:
            command = rig.stdout.readline()
            assert command, rig.stderr.read()
        python = os.path.expanduser("~/.cache") if not os.environ.get("XDG_CACHE_HOME") \
            else os.environ["XDG_CACHE_HOME"]
        result = subprocess.run([f"{python}/racerig/venv/bin/python", *command.split()], cwd=TOP,
                                capture_output=True, text=True, timeout=60)
    finally:
        rig.send_signal(signal.SIGINT)
        rig.communicate(timeout=30)
    assert result.returncode == 0, result.stderr
    assert re.search(r"scratch page  pfn 0x[0-9a-f]+ refcount 1", result.stdout)
    assert "page 1 0x100001000 pte 0x0000000000000000 none, free" in result.stdout
    assert not sock.exists()


def test_stress_baseline():
    result = run_rig("stress", "fault-vs-alloc", "--seconds", 1, "--accel", "tcg", timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"alloc loops [1-9]", result.stdout)
    assert re.search(r"fault loops [1-9]", result.stdout)
    assert "loops ended, on 2 vCPUs under TCG, a thread for each" in result.stdout
    judged = re.findall(r"^judged by (.*)$", result.stdout, re.M)[0].split(", ")
    assert {one.split()[0] for one in judged} == {"I3", "I4", "I8", "I9", "I10"}
