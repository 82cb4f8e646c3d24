#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Speed, as ratios within one run: never a pass or a fail.

  make bench
"""

import contextlib
import json
import math
import os
import resource
import shutil
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, Iterator, List, Tuple

import baseline
import libvirtd
import translated

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
ROUNDS = 8
WAKE_UPS = 10000
MUTANTS = ("scratch-plain-store", "scratch-cmpxchg-unlocked", "free-no-flush")
STRESS_SECONDS = 20
#: Of the cache: what a start finds out and keeps.
KEPT = ("controls", "sites")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig"


def explore(out: Path, cache: Path, scenario: str, *words: str) -> tuple[float, Any]:
    """Seconds of wall time for one explore, and its verdict."""
    start = time.monotonic()
    subprocess.run(
        [RIG, "explore", scenario, "--out", out, *words],
        cwd=TOP,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "RACERIG_PYTHON": str(CACHE / "venv/bin/python")},
    )
    # run.json has the times
    return time.monotonic() - start, {**json.loads((out / "run.json").read_text()),
                                      **json.loads((out / "verdict.json").read_text())}


def emulators() -> List[Path]:
    """The QEMU of the PATH, and those that tests/fetch-qemu has brought."""
    found = shutil.which("qemu-system-x86_64")
    return [*([Path(found)] if found else []), *sorted(CACHE.glob("qemu/*/qemu-system-x86_64"))]


PARTS = (("restore", "restore"), ("guest", "guest execution"), ("stub", "gdbstub traffic"),
         ("drgn", "drgn"), ("own", "the rig itself"))
COUNTS = (("stops", "stops"), ("packets", "packets to the stub"), ("writes", "writes that they take"))


def per_schedule(run: Any) -> Dict[str, float]:
    """Milliseconds of each part, and how often what is counted; the rig's own part is what nobody else took."""
    spent = run["spent_s"]
    runs = run["executed"] + run["redundant"]
    parts = {part: 1000 * seconds / runs for part, seconds in spent.items()}
    parts["own"] = parts["total"] - sum(parts[part] for part in ("restore", "guest", "stub", "drgn"))
    return {**parts, **{name: run["counts"][name] / runs for name, _ in COUNTS}}


def spread(values: List[float]) -> str:
    return f"{statistics.median(values):6.1f}  ({min(values):.1f} to {max(values):.1f})"


def breakdown(work: Path, words: Tuple[str, ...]) -> float:
    """Where a schedule's time goes on each QEMU, in turns; schedules a second of the first one."""
    rounds: Dict[str, List[Dict[str, float]]] = {}
    for turn in range(ROUNDS):
        for qemu in emulators():
            _, run = explore(work / f"turn{turn}", CACHE.parent, "fault-vs-alloc", *words, "--qemu", str(qemu))
            rounds.setdefault(f"QEMU {run['environment']['qemu']}", []).append(per_schedule(run))
    for name, runs in rounds.items():
        totals = [run["total"] for run in runs]
        print(f"{name}, one schedule       {spread(totals)} ms")
        for part, what in PARTS:
            print(f"  {what:<25} {spread([run[part] for run in runs])} ms")
        for part, what in COUNTS:
            print(f"  {what:<25} {statistics.median(run[part] for run in runs):6.1f}")
        print(f"  schedules per second      {spread([1000 / total for total in totals])}")
    first = next(iter(rounds.values()))
    return 1000 / statistics.median(run["total"] for run in first)


def cache_without(names: Tuple[str, ...], top: Path) -> Path:
    """One that has all but these of the user's, in the empty folder *top*."""
    cache = top / "racerig"
    cache.mkdir(parents=True)
    for entry in CACHE.iterdir():
        if entry.name not in names:
            os.symlink(entry, cache / entry.name)
    return cache


def count_translations(work: Path) -> None:
    """Why one QEMU is faster than another."""
    for qemu in emulators():
        folder = work / f"translated-{len(list(work.iterdir()))}"
        folder.mkdir()
        cache = cache_without(("snapshots",), folder / "cache")
        counts = translated.per_schedule(folder, qemu, cache, "fault-vs-alloc-vs-free", "--policy", "dfs",
                                         "--recheck", "0", "--max-schedules", "100")
        print(f"{qemu if qemu.is_relative_to(CACHE) else 'QEMU of the PATH'}, fault-vs-alloc-vs-free")
        for what, count in counts.items():
            print(f"  {what:<25} {count:6.1f}")


def processors() -> float:
    """Seconds of all processes that have ended: of QEMU and drgn, too."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def start(cache: Path, qemu: Path) -> Tuple[float, float]:
    """Seconds of wall time and of all processors until schedules can be run, and nothing else."""
    cpu, wall = processors(), time.monotonic()
    subprocess.run([RIG, "list", "--windows", "fault-vs-alloc"], cwd=TOP, check=True, stdout=subprocess.DEVNULL,
                   env={**os.environ, "XDG_CACHE_HOME": str(cache), "RACERIG_QEMU": str(qemu),
                        "RACERIG_PYTHON": str(CACHE / "venv/bin/python")})
    return time.monotonic() - wall, processors() - cpu


def starts(work: Path) -> None:
    """With nothing but the snapshot, and again: in turns."""
    cache = cache_without(KEPT, work / "starts")
    for qemu in emulators():
        times: Dict[str, List[Tuple[float, float]]] = {"a first start": [], "a warm start": []}
        for _ in range(ROUNDS):
            for folder in KEPT:
                shutil.rmtree(cache / folder, ignore_errors=True)
            for which in times.values():
                which.append(start(cache.parent, qemu))
        print(qemu if qemu.is_relative_to(CACHE) else "QEMU of the PATH")
        for name, each in times.items():
            wall, cpu = ([1000 * one[i] for one in each] for i in (0, 1))
            print(f"  {name:<25} {spread(wall)} ms; of all processors {spread(cpu)} ms")


def from_reboot(work: Path) -> float:
    """Seconds from nothing to one schedule: the same kernels and no snapshot."""
    fresh = work / "cache" / "racerig"
    fresh.mkdir(parents=True)
    for name in ("builds", "sources"):
        os.symlink(CACHE / name, fresh / name)
    boots = []
    for _ in range(2):
        shutil.rmtree(fresh / "snapshots", ignore_errors=True)
        boots.append(explore(work / "boot", work / "cache", "fault-vs-alloc", "--max-schedules", "1")[0])
    return min(boots)


def quick_path(out: Path, *words: str) -> float:
    """Seconds a schedule spends in restoring, running, stepping and asking."""
    _, verdict = explore(out, CACHE.parent, "fault-vs-alloc", "--policy", "dfs", "--recheck", "0", *words)
    spent = verdict["spent_s"]
    runs = verdict["executed"] + verdict["redundant"]
    return float(spent["restore"] + spent["guest"] + spent["stub"]) / float(runs)


def compare_sandbox(out: Path) -> None:
    """QEMU with its seccomp filter and without, in turns: the ratio, and where it lies in 95 of 100."""
    ratios = []
    for _ in range(3 * ROUNDS):
        spent = {}
        for on in ("off", "on"):
            os.environ["RACERIG_SANDBOX"] = on
            spent[on] = quick_path(out)
        ratios.append(math.log(spent["on"] / spent["off"]))
    del os.environ["RACERIG_SANDBOX"]
    mean = statistics.mean(ratios)
    half = 2.07 * statistics.stdev(ratios) / math.sqrt(len(ratios))     # Student, 23 degrees of freedom
    low, high = math.exp(mean - half), math.exp(mean + half)
    print(f"sandbox against none        {math.exp(mean):.3f}  ({low:.3f} to {high:.3f}; it is on by default)")


def compare_jobs(work: Path) -> None:
    """In turns, the best of each; the second guest's start is part of it."""
    rates = {1: 0.0, 2: 0.0}
    for _ in range(2):
        for jobs in rates:
            words = ("--policy", "dfs", "--recheck", "0", "--max-schedules", "800", "--jobs", str(jobs))
            _, verdict = explore(work / f"jobs{jobs}", CACHE.parent, "fault-vs-alloc-vs-free", *words)
            rates[jobs] = max(rates[jobs], verdict["schedules_per_s"])
    for jobs, rate in rates.items():
        print(f"  with {jobs} guest{'s' if jobs > 1 else ' '}             {rate:5.1f}  (fault-vs-alloc-vs-free)")
    print(f"two guests against one      {rates[2] / rates[1]:.2f}")


@contextlib.contextmanager
def awake() -> Iterator[None]:
    """No CPU sleeps for as long (PM QoS, Documentation/power/pm_qos_interface.rst); root may."""
    with open("/dev/cpu_dma_latency", "wb", buffering=0) as latency:
        latency.write(struct.pack("i", 0))
        yield


def wake_up() -> float:
    """Microseconds that a write takes when it wakes its reader on another CPU."""
    cpus = sorted(os.sched_getaffinity(0))
    there, back = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.sched_setaffinity(0, {cpus[-1]})
        for _ in range(WAKE_UPS):
            os.read(there[0], 1)
            os.write(back[1], b"x")
        os._exit(0)
    os.sched_setaffinity(0, {cpus[0]})
    spent = 0.0
    for _ in range(WAKE_UPS):
        start = time.monotonic()
        os.write(there[1], b"x")
        spent += time.monotonic() - start
        os.read(back[0], 1)
    os.sched_setaffinity(0, cpus)
    os.waitpid(child, 0)
    for end in there + back:
        os.close(end)
    return 1e6 * spent / WAKE_UPS


def ratio(work: Path, uri: str) -> str:
    """In turns, so that both see the same neighbours, and each first as often as the other."""
    direct: List[float] = []
    libvirt: List[float] = []
    turns: List[Tuple[List[float], Tuple[str, ...]]] = [(direct, ()), (libvirt, ("--connect", uri))]
    for _ in range(ROUNDS):
        for times, words in turns:
            times.append(quick_path(work / f"turn{len(direct) + len(libvirt)}", *words))
        turns.reverse()
    logs = [math.log(there / here) for here, there in zip(direct, libvirt)]
    return (f"{math.exp(statistics.mean(logs)):.3f} ± {statistics.stdev(logs) / math.sqrt(ROUNDS):.3f}  "
            f"({1000 * statistics.mean(libvirt):.1f} ms, {1000 * statistics.mean(direct):.1f} ms)")


def compare_backends(work: Path) -> None:
    """Restore, run and step.  At every stop QEMU wakes a libvirtd that sleeps on another CPU."""
    try:
        with libvirtd.running() as uri:
            print(f"libvirt against direct      {ratio(work / 'as-is', uri)}")
            print(f"  a write that wakes a CPU  {wake_up():.0f} us")
            with awake():
                print(f"  with CPUs kept awake      {ratio(work / 'awake', uri)}")
                print(f"  a write that wakes a CPU  {wake_up():.0f} us")
    except libvirtd.Unavailable as reason:
        print(f"libvirt                     skipped: {reason}")
    except PermissionError as reason:
        print(f"  with CPUs kept awake      skipped: {reason}")


def main() -> None:
    work = Path(tempfile.mkdtemp(prefix="racerig-bench-"))
    try:
        boot = from_reboot(work)
        explore(work / "warm", CACHE.parent, "fault-vs-alloc", "--max-schedules", "1")
        words = ("--policy", "dfs", "--recheck", "0")
        rate = breakdown(work, words)
        print(f"from a reboot instead       {boot:.1f} s, {boot * rate:.0f} times as long")

        count_translations(work)
        starts(work)
        compare_jobs(work)
        compare_sandbox(work / "run")
        compare_backends(work)
        # All of them: make bench-stress.
        baseline.compare([(mutant, baseline.scenario_of(mutant)) for mutant in MUTANTS], STRESS_SECONDS)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
