# SPDX-License-Identifier: GPL-2.0-only
"""The explorer on real kernels: complete, reduced, minimal, resumable, the same with any jobs."""

import itertools
import json
import math
import os
import re
import signal
import subprocess
import time

import pytest
from conftest import RIG, TOP, qemus_of, run_rig, verdict

LONG = pytest.mark.skipif("RACERIG_LONG" not in os.environ, reason="make check-long runs it")


def found(run):
    """What two explorations must agree on."""
    return run["final_states"], sorted({v["invariant"] for v in run["violations"]}), run["verdict"]


def test_dfs_count_is_the_multinomial(explored):
    """Two faults on two pages: four events each, in any order, all different schedules."""
    dfs = verdict(explored("stock", "fault-vs-fault-neighbours", "--policy", "dfs")[1])
    assert dfs["executed"] == math.comb(8, 4)
    dpor = verdict(explored("stock", "fault-vs-fault-neighbours")[1])
    assert dpor["executed"] == 1 and found(dpor) == found(dfs)


def test_what_an_invariant_reads_is_an_order(explored, tmp_path):
    """A return against two stores to a PTE: they touch nothing in common, but I2 reads both."""
    run_rig("explore", "alloc-beside-alloc", "--kernel", "alloc-misses-by-one", "--out", tmp_path / "blind",
            env={"RACERIG_LOSE": "judged"})
    blind = verdict(tmp_path / "blind")
    assert (blind["verdict"], blind["complete"]) == ("clean", True)
    dpor = verdict(explored("alloc-misses-by-one", "alloc-beside-alloc")[1])
    assert dpor["complete"] and {each["invariant"] for each in dpor["violations"]} == {"I2"}
    assert dpor["executed"] > blind["executed"]


def test_three_actors(explored):
    result, out = explored("stock", "fault-vs-alloc-vs-free", "--jobs", "2")
    dpor = verdict(out)
    assert dpor["complete"] and dpor["verdict"] == "documented", result.stdout


@LONG
def test_three_actors_are_reduced(explored):
    """Dfs has more than three times as many schedules: not all of them are needed to say so."""
    dpor = verdict(explored("stock", "fault-vs-alloc-vs-free", "--jobs", "2")[1])
    dfs = verdict(explored("stock", "fault-vs-alloc-vs-free", "--policy", "dfs", "--recheck", "0", "--jobs", "2",
                           "--max-schedules", str(3 * dpor["executed"]))[1])
    assert dpor["complete"] and not dfs["complete"]
    assert dfs["executed"] == 3 * dpor["executed"]
    assert set(dfs["final_states"]) <= set(dpor["final_states"])


@pytest.mark.parametrize("bound", [0, 1])
def test_bounded_dpor_finds_what_bounded_dfs_finds(explored, bound):
    words = ("--preemptions", str(bound), "--jobs", "2")
    dfs = verdict(explored("stock", "fault-vs-alloc-vs-free", "--policy", "dfs", *words)[1])
    dpor = verdict(explored("stock", "fault-vs-alloc-vs-free", *words)[1])
    assert dfs["complete"] and dpor["complete"] and found(dfs) == found(dpor)
    assert dpor["bound"] == f"at most {bound} preemptions"


FOUR = ("stock", "two-faults-vs-reserve-vs-alloc", "--jobs", "2", "--preemptions")


def test_four_actors_two_preemptions(explored):
    dpor = verdict(explored(*FOUR, "2")[1])
    assert dpor["complete"] and dpor["verdict"] == "documented"
    assert dpor["bound"] == "at most 2 preemptions"


@pytest.mark.parametrize("bound", ["0", pytest.param("1", marks=LONG), pytest.param("2", marks=LONG)])
def test_four_actors_find_what_dfs_finds(explored, bound):
    dpor = verdict(explored(*FOUR, bound)[1])
    dfs = verdict(explored(*FOUR, bound, "--policy", "dfs", timeout=3600)[1])
    assert dpor["complete"] and dfs["complete"] and found(dfs) == found(dpor)
    assert dpor["executed"] <= dfs["executed"]


def test_jobs_do_not_change_the_result(explored):
    """To the byte."""
    one = explored("scratch-plain-store", "fault-vs-alloc", "--policy", "dfs")[1]
    two = explored("scratch-plain-store", "fault-vs-alloc", "--policy", "dfs", "--jobs", "2")[1]
    assert (one / "verdict.json").read_bytes() == (two / "verdict.json").read_bytes()
    assert json.loads((two / "run.json").read_text())["racerig-run"] == 3


def test_killed_and_resumed(explored, tmp_path):
    out = tmp_path / "run"
    words = ("explore", "fault-vs-alloc", "--kernel", "scratch-plain-store", "--policy", "dfs",
             "--out", out)
    journal = out / "journal"
    for lines in (4, 11):  # kill -9, twice
        resume = ("--resume",) if journal.exists() else ()
        rig = subprocess.Popen([RIG, *words, *resume], cwd=TOP, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
        while not journal.exists() or len(journal.read_text().splitlines()) < lines:
            assert rig.poll() is None
            time.sleep(0.01)
        rig.send_signal(signal.SIGKILL)
        rig.wait()
        with journal.open("a") as file:
            file.write("0/0/1/0/0/0/0101\t([(uint32 1, 2")  # cut in the middle
    done = len(journal.read_text().splitlines()) - 2
    result = run_rig(*words, "--resume")
    assert f"{done} schedules are done already" in result.stderr
    unbroken = explored("scratch-plain-store", "fault-vs-alloc", "--policy", "dfs")[1]
    assert (out / "verdict.json").read_bytes() == (unbroken / "verdict.json").read_bytes()
    whole = verdict(unbroken)
    keys = [line.split("\t")[0] for line in journal.read_text().splitlines()[1:]]
    assert len(keys) == len(set(keys)) == whole["executed"]
    for violation in whole["violations"]:
        assert (out / violation["schedule"]).exists()


def test_stops_at_an_invariant(explored, tmp_path):
    """With the first schedule that violates it; going on from there comes to the same as one run."""
    out = tmp_path / "run"
    words = ("explore", "fault-vs-alloc", "--kernel", "scratch-plain-store", "--policy", "dfs", "--out", out)
    result = run_rig(*words, "--stop-at", "I1")
    assert result.returncode == 0 and "NOT complete" in result.stdout, result.stdout + result.stderr
    first = verdict(out)
    assert first["verdict"] == "violation" and not first["complete"]
    assert first["violations"][-1]["schedule"].startswith(f"schedules/{first['executed']:04d}-")
    assert "I1" in {each["invariant"] for each in first["violations"]}
    whole = explored("scratch-plain-store", "fault-vs-alloc", "--policy", "dfs")[1]
    assert first["executed"] < verdict(whole)["executed"]
    assert run_rig(*words, "--resume").returncode == 0
    assert (out / "verdict.json").read_bytes() == (whole / "verdict.json").read_bytes()


def test_stops_at_what_there_is(tmp_path):
    result = run_rig("explore", "fault-vs-alloc", "--stop-at", "I99", "--out", tmp_path / "run")
    assert result.returncode == 2 and result.stdout == ""
    assert "--stop-at 'I99': no such invariant (there are: I1 I2" in result.stderr
    assert not (tmp_path / "run").exists()


def test_resume_of_something_else_is_refused(explored, tmp_path):
    _, out = explored("stock", "fault-vs-alloc")
    result = run_rig("explore", "fault-vs-alloc", "--policy", "dfs", "--resume", "--out", out)
    assert result.returncode == 2 and "journal:1: made for" in result.stderr
    assert (out / "verdict.json").exists()
    result = run_rig("explore", "fault-vs-alloc", "--resume", "--out", tmp_path / "none")
    assert result.returncode == 2 and "nothing to resume" in result.stderr


def test_minimise(explored, tmp_path):
    _, out = explored("scratch-plain-store", "fault-vs-alloc")
    schedule = sorted((out / "schedules").glob("*-I1.sched"))[0]
    least = tmp_path / "least.sched"
    result = run_rig("minimise", schedule, "--times", 100, "--out", least)
    assert result.returncode == 0, result.stdout + result.stderr
    match = re.search(r"^(\d+) context switches and (\d+) events still violate I1", result.stdout,
                      re.M)
    assert match and int(match[1]) <= 3
    assert "none has fewer switches" in result.stdout and "100 of 100 identical" in result.stdout
    assert run_rig("replay", least, "--times", 5).returncode == 0


@LONG
def test_a_thousand_replays(explored):
    _, out = explored("scratch-plain-store", "fault-vs-alloc")
    schedule = sorted((out / "schedules").glob("*-I1.sched"))[0]
    result = run_rig("replay", schedule, "--times", 1000, timeout=1800)
    assert "1000 of 1000 runs identical" in result.stdout


def test_deadlock_names_the_lock_and_its_holder(explored):
    result, _ = explored("alloc-keeps-lock", "alloc-vs-alloc")
    assert re.search(r"I5: deadlock: alloc2? waits for the arena lock held by alloc", result.stdout)


def test_a_loop_that_counts_is_not_a_cycle(explored):
    # cut by registers and PTEs alone, it was complete and saw nothing
    result, out = explored("alloc-gives-up-third", "fault-vs-alloc")
    assert "violates I4" in result.stdout
    assert json.loads((out / "verdict.json").read_text())["unsettled"] == 0


def test_who_waits_for_a_lock_is_no_livelock(explored):
    """A writer that spins on the mmap lock's owner looks at the lock again and again; the owner can go on."""
    result, out = explored("zap-waits-for-faults", "munmap-vs-free")
    found = verdict(out)
    assert result.returncode == 0 and found["complete"], result.stdout + result.stderr
    assert found["verdict"] == "clean" and found["cycles"] > 0


def test_a_cycle_with_other_memory_is_not_complete(tmp_path, monkeypatch):
    monkeypatch.setenv("RACERIG_LOSE", "growth")
    result = run_rig("explore", "fault-vs-alloc", "--out", tmp_path / "out")
    verdict = json.loads((tmp_path / "out" / "verdict.json").read_text())
    assert result.returncode == 1 and verdict["verdict"] == "inconclusive" and not verdict["complete"]
    assert verdict["cycles"] == 0 and verdict["unsettled"] > 0
    assert "program-stream" in verdict["unsettled_differs"]
    assert re.search(r"unsettled  \d+ went round and round with other memory \(.*program-stream",
                     result.stdout)


def test_unlocked_cmpxchg_is_split(explored):
    result, _ = explored("scratch-cmpxchg-unlocked", "fault-vs-alloc")
    halves = re.findall(r"(load|store) half", result.stdout)
    assert halves.index("load") < halves.index("store")
    # with the allocation in between, which is what an atomic one would not allow
    assert re.search(r"load half.*none -> frame A.*store half.*frame A -> scratch", result.stdout,
                     re.S)


def test_interrupts_are_decisions(explored):
    _, out = explored("stock", "fault-vs-free")
    assert "irq fault\n" in (out / "schedules" / "0001-clean.sched").read_text()
    events = [json.loads(line) for line in
              (out / "trace" / "0001-clean.jsonl").read_text().splitlines()[1:]]
    events = [e for e in events if "n" in e]
    taken = [e for e in events if e["event"] == "irq"]
    assert taken and taken[0]["decision"] and taken[0]["actor"] == "fault"
    flushed = events[events.index(taken[0]) + 1]
    assert flushed["event"] == "flush page0" and flushed["actor"] == "fault"
    # the page goes back only after that
    assert [e["event"] for e in events].index("free page0") > events.index(flushed)


def test_windows_are_listed():
    result = run_rig("list", "--windows", "fault-vs-free")
    assert result.returncode == 0, result.stderr
    assert re.search(r"^fault\n  load +racerig_arena_read\+\S+ +\S+/kfuncs.c:\d+ +mov",
                     result.stdout, re.M)
    assert re.search(r"^free\n(?:  .*\n)*  xchg +apply_range_clear_cb\+\S+ +kernel/bpf/arena.c:\d+ "
                     r"+xchg ", result.stdout, re.M)
    assert re.search(r"^  lock +arena_free_pages\+", result.stdout, re.M)


def test_random_policies(explored):
    words = ("--policy", "pct", "--depth", "2", "--seed", "7", "--max-schedules", "40")
    result, out = explored("scratch-plain-store", "fault-vs-alloc", *words)
    assert "a bug of depth 2 is hit by a schedule with probability" in result.stdout
    pct = verdict(out)
    assert not pct["complete"] and pct["executed"] == 40
    again = verdict(explored("scratch-plain-store", "fault-vs-alloc", *words, "--jobs", "2")[1])
    assert pct == again
    luck = verdict(explored("scratch-plain-store", "fault-vs-alloc", "--policy", "random",
                            "--max-schedules", "40")[1])
    assert luck["executed"] == 40 and luck["violating"] > 0

def test_a_site_found_on_the_way(explored):
    """The retry over scratch is only reached in a race: no actor alone shows it."""
    alone = run_rig("list", "--windows", "fault-vs-alloc").stdout
    _, out = explored("stock", "fault-vs-alloc")
    race = "".join(path.read_text() for path in (out / "schedules").glob("*.sched"))
    (line,) = set(re.findall(r"^run alloc xchg (apply_range_set_cb\+\S+) page0$", race, re.M))
    assert "apply_range_set_cb" in alone and line not in alone


def test_progress_on_a_terminal(tmp_path):
    out = tmp_path / "run"
    rig = subprocess.run(["script", "-qec", f"{RIG} explore fault-vs-alloc --out {out} "
                          "--policy dfs", "/dev/null"], cwd=TOP, capture_output=True, text=True)
    assert re.search(r"\d+ schedules, \d+ pruned, frontier [1-9]\d*, \d+\.\d/s, 0 violating, "
                     r"about \d+ left", rig.stdout)


@pytest.mark.parametrize("track, code, said", [
    ("on", 2, r"page 0 of the guest's RAM is not what it was at 'parked', and the host did not say"),
    ("off", 1, r"run \d+ has the trace of run 1 and other registers or memory")])
def test_a_disturbed_guest_is_noticed(explored, track, code, said):
    """Somebody writes into the guest's memory from outside: no two runs are the same."""
    _, out = explored("stock", "fault-vs-alloc")
    rig = subprocess.Popen([RIG, "replay", out / "schedules" / "0001-clean.sched", "--times", "200"],
                           cwd=TOP, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           env={**os.environ, "RACERIG_TRACK": track})
    ram = None
    while not ram:
        assert rig.poll() is None
        for pid in qemus_of(rig):
            ram = next((f"/proc/{pid}/fd/{fd.name}" for fd in os.scandir(f"/proc/{pid}/fd")
                        if "racerig-ram" in os.readlink(fd.path)), None)
    with open(ram, "r+b", buffering=0) as memory:
        for value in itertools.count():
            if rig.poll() is not None:
                break
            memory.seek(0x500)  # between the BIOS's data and the kernel's
            memory.write(value.to_bytes(8, "little"))
    text, _ = rig.communicate()
    assert rig.returncode == code, text
    assert re.search(said, text), text
