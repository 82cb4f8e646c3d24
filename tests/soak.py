#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Many schedules in one process, over both backends: nothing unexplained, nothing that grows.

  tests/soak.py [PART [OUT]]     a PART-th of all (1), into OUT (racerig-runs/soak)

Each run is `racerig explore --policy random` in one process, looked at twice a second: descriptors
and memory of its own (RssAnon) of the rig, of its QEMU and of the Python that drgn runs in.  OUT gets
a curve of each as SVG, and table.md.  What a schedule shows of a mutant is explained if some schedule of
all interleavings (dfs) shows it; on the stock kernel nothing is.  Then some of what violates is replayed,
over and over, and what docs/findings is about.
Exit code 1: something was unexplained, something grew, or a replay differed.
"""

import contextlib
import functools
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Tuple

import findings
import libvirtd
import svg

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
EVERY_S = 0.5
PARTS = ("rig", "QEMU", "drgn")
#: What a part may gain over the second half of a run, in descriptors and KiB.  The rig keeps what it
#: has found: ten schedules of each violation, and the final states.
MORE_DESCRIPTORS = 0
MORE_KIB = 2048
#: QEMUs from 11 on keep what they have translated (64 MiB) beside the rest of them: no growth before they have that.
CODE_KIB = (64 + 24) << 10
REPLAYS = 1000
VIOLATIONS = 10


class Run(NamedTuple):
    scenario: str
    kernel: str
    schedules: int
    breaks: str  #: the invariant; "": stock


RUNS = (Run("fault-vs-alloc-vs-free", "stock", 20000, ""),
        Run("fault-vs-alloc", "scratch-plain-store", 5000, "I1"),
        Run("fault-vs-alloc", "scratch-cmpxchg-unlocked", 5000, "I1"),
        Run("fault-vs-free", "free-no-flush", 5000, "I6"))
#: (scenario, invariant) on stock: docs/findings.
FINDINGS = (("lost-write", "I7"), ("user-fault-vs-free", "I12"))


class Sample(NamedTuple):
    schedules: int
    descriptors: Dict[str, int]
    kib: Dict[str, int]


def lines_of(journal: Path, seen: List[int]) -> int:
    """Schedules in it; @seen is how far it was counted, and how many there were."""
    with contextlib.suppress(OSError), journal.open("rb") as file:
        file.seek(seen[0])
        data = file.read()
        seen[0] += len(data)
        seen[1] += data.count(b"\n")
    return max(seen[1] - 1, 0)


def anonymous_kib(pid: int) -> int:
    return int(re.findall(r"^RssAnon:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(), re.M)[0])


def find_parts(rig: int, mark: str) -> Dict[str, int]:
    """Pids, by what they are: children of the rig, and of a daemon those whose guest lies in @mark."""
    found = {"rig": rig}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError, IndexError):
            pid, words = int(path.parent.name), path.read_bytes()
            parent = int((path.parent / "stat").read_text().rpartition(")")[2].split()[1])
            if b"-icount" in words and (parent == rig or mark.encode() in words):
                found["QEMU"] = pid
            elif parent == rig and b"python" in words.split(b"\0")[0]:
                found["drgn"] = pid
    return found


def look(parts: Dict[str, int], schedules: int) -> Optional[Sample]:
    try:
        return Sample(schedules, {name: len(os.listdir(f"/proc/{pid}/fd")) for name, pid in parts.items()},
                      {name: anonymous_kib(pid) for name, pid in parts.items()})
    except (OSError, IndexError):
        return None


def soak(run: Run, out: Path, schedules: int, uri: str) -> Tuple[int, List[Sample], str]:
    """(exit code, samples, what it said)."""
    samples: List[Sample] = []
    seen = [0, 0]
    with tempfile.TemporaryDirectory(prefix="rr-soak-", dir=libvirtd.runtime_base()) as shm:
        words = ["explore", run.scenario, "--kernel", run.kernel, "--policy", "random", "--seed", "20",
                 "--max-schedules", str(schedules), "--out", str(out)]
        process = subprocess.Popen([str(RIG), *words, *(["--connect", uri] if uri else [])], cwd=TOP,
                                   env={**os.environ, "RACERIG_SHM": shm}, text=True,
                                   stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        while process.poll() is None:
            parts = find_parts(process.pid, shm)
            done = lines_of(out / "journal", seen)
            sample = look(parts, done) if len(parts) == len(PARTS) and done else None
            if sample:
                samples.append(sample)
            time.sleep(EVERY_S)
        assert process.stdout
        return process.returncode, samples, process.stdout.read()


def growth(samples: List[Sample], which: str, part: str) -> float:
    """What the last quarter has more than the third one, twice: over half of the run; medians."""
    values = [getattr(sample, which)[part] for sample in samples]
    quarter = len(values) // 4
    if not quarter:
        return 0
    return 2 * (statistics.median(values[-quarter:]) - statistics.median(values[-2 * quarter:-quarter]))


COLOURS = {"rig": "#1b6", "QEMU": "#c33", "drgn": "#36c"}


def curve(samples: List[Sample], title: str) -> str:
    """Memory above, descriptors below, over schedules."""
    thin = samples[::max(1, len(samples) // 200)]
    most = max(sample.schedules for sample in samples)

    def panel(unit: str, which: str, scale: int) -> svg.Panel:
        return svg.Panel(unit, {part: [(sample.schedules, getattr(sample, which)[part] / scale) for sample in thin]
                                for part in PARTS})
    return svg.chart(title, [panel("MiB", "kib", 1024), panel("descriptors", "descriptors", 1)],
                     f"{most} schedules", COLOURS)


@functools.lru_cache(maxsize=None)
def explanations(run: Run, top: Path) -> FrozenSet[findings.Finding]:
    """All that some interleaving shows."""
    if not run.breaks:
        return frozenset()
    out = top / f"{run.kernel}-dfs"
    subprocess.run([str(RIG), "explore", run.scenario, "--kernel", run.kernel, "--policy", "dfs", "--out", str(out)],
                   cwd=TOP, capture_output=True)
    assert json.loads((out / "verdict.json").read_text())["complete"], out
    return frozenset(findings.of_run(out))


def unexplained(out: Path, run: Run, schedules: int, code: int) -> List[str]:
    if not (out / "verdict.json").exists():
        return [f"exit code {code}, no verdict"]
    verdict, facts = (json.loads((out / name).read_text()) for name in ("verdict.json", "run.json"))
    found = {finding for finding in findings.of_run(out) if finding.kind != "documented"}
    said = [f"unexplained: {finding}" for finding in sorted(found - explanations(run, out.parent), key=str)]
    if run.breaks and not verdict["violations"]:
        said.append("no violation")
    if code not in (0, 1):
        said.append(f"exit code {code}")
    if verdict["executed"] < schedules:
        said.append(f"only {verdict['executed']} schedules")
    if facts["restarts"]:
        said.append(f"{facts['restarts']} restarts")
    return said


@functools.lru_cache(maxsize=None)
def emulator() -> str:
    """What it says of itself."""
    return subprocess.run([os.environ.get("RACERIG_QEMU", "qemu-system-x86_64"), "--version"],
                          capture_output=True, text=True).stdout.split("\n")[0]


def keeps_code() -> bool:
    return int(re.findall(r"version (\d+)", emulator())[0]) >= 11


def one_run(run: Run, backend: str, uri: str, schedules: int, top: Path) -> Tuple[str, List[str]]:
    """A row of the table, and what is wrong."""
    name = f"{run.kernel}-{backend}"
    out = top / name
    shutil.rmtree(out, ignore_errors=True)
    began = time.monotonic()
    code, samples, said = soak(run, out, schedules, uri)
    seconds = time.monotonic() - began
    (top / f"{name}.log").write_text(said)
    wrong = unexplained(out, run, schedules, code)
    if len(samples) < 8:
        return "", [*wrong, f"{name}: looked at {len(samples)} times only: {said.strip()[-300:]}"]
    (top / f"{name}.svg").write_text(curve(samples, f"{run.scenario} on {run.kernel}, {backend}"))
    cells = []
    for part in PARTS:
        more, kib = growth(samples, "descriptors", part), growth(samples, "kib", part)
        wrong += [f"{part}: {more:+.0f} descriptors"] if more > MORE_DESCRIPTORS else []
        full = part != "QEMU" or not keeps_code() or samples[-1].kib[part] > CODE_KIB
        wrong += [f"{part}: {kib:+.0f} KiB"] if kib > MORE_KIB and full else []
        cells.append(f"{samples[-1].descriptors[part]}, {samples[-1].kib[part] / 1024:.0f} MiB ({kib:+.0f} KiB)")
    verdict = json.loads((out / "verdict.json").read_text())
    row = (f"| {run.scenario} on {run.kernel} | {backend} | {verdict['executed']} in {seconds:.0f} s | "
           f"{verdict['violating']} | {len(wrong)} | {' | '.join(cells)} |")
    return row, [f"{name}: {what}" for what in wrong]


def replayed(schedule: Path, times: int) -> Optional[str]:
    """None: all were identical."""
    result = subprocess.run([str(RIG), "replay", str(schedule), "--times", str(times)], cwd=TOP,
                            capture_output=True, text=True)
    if result.returncode == 0 and f"{times} of {times} runs identical" in result.stdout:
        return None
    return f"{schedule}: {(result.stderr or result.stdout).strip()[-300:]}"


def to_replay(top: Path) -> Iterator[Path]:
    """Of each finding one schedule, and ten of what the mutants violate."""
    for scenario, invariant in FINDINGS:
        out = top / scenario
        subprocess.run([str(RIG), "explore", scenario, "--stop-at", invariant, "--out", str(out)], cwd=TOP,
                       capture_output=True)
        found = [path for path in sorted((out / "schedules").glob("*.sched")) if f"-{invariant}" in path.name]
        assert found, f"{scenario}: {invariant} is not found"
        yield found[0]
    per_mutant = [sorted((top / f"{run.kernel}-qemu" / "schedules").glob(f"*-{run.breaks}*.sched"))
                  for run in RUNS if run.breaks]
    for i in range(VIOLATIONS):
        some = per_mutant[i % len(per_mutant)]
        yield some[i // len(per_mutant) % len(some)]


@contextlib.contextmanager
def backends() -> Iterator[Dict[str, str]]:
    try:
        with libvirtd.running() as uri:
            yield {"qemu": "", "libvirt": uri}
    except libvirtd.Unavailable as reason:
        print(f"libvirt left out: {reason}", file=sys.stderr)
        yield {"qemu": ""}


def main() -> int:
    part = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    top = Path(sys.argv[2] if len(sys.argv) > 2 else TOP / "racerig-runs" / "soak")
    top.mkdir(parents=True, exist_ok=True)
    rows = [f"{time.strftime('%d %B %Y', time.gmtime())}, {emulator()}, host Linux {platform.release()}, "
            f"{os.cpu_count()} CPUs: `make soak PART={part}`", "",
            "| run | backend | schedules | violating | unexplained | rig | QEMU | drgn |",
            "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    wrong: List[str] = []
    with backends() as all_of_them:
        for backend, uri in all_of_them.items():
            for run in RUNS:
                row, said = one_run(run, backend, uri, max(run.schedules // part, 50), top)
                print(row, *said, sep="\n", flush=True)
                rows.append(row)
                wrong += said
    times, schedules = max(REPLAYS // part, 10), list(to_replay(top))
    differing = [said for said in (replayed(path, times) for path in schedules) if said]
    rows += ["", f"Replays: {len(schedules) - len(differing)} of {len(schedules)} schedules identical {times} times of "
                 f"{times}.", "", *(f"- {said}" for said in wrong + differing)]
    print(*rows[-2 - len(wrong + differing):], sep="\n")
    (top / "table.md").write_text("\n".join(rows).rstrip() + "\n")
    return 1 if wrong or differing else 0


if __name__ == "__main__":
    sys.exit(main())
