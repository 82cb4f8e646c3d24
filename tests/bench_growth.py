#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
How the cost of an exploration grows: never a pass or a fail.

  make bench-growth
  tests/bench_growth.py [OUT [AXIS…]]   the curves as OUT/AXIS.svg (docs/growth); only these axes

One text is made longer along one axis: actors, operations, pages, RAM.  Each is explored with every interleaving
(dfs) and with the reduction (dpor) until it is complete or takes too long; counts are the same on every machine.
"""

import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

import svg

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig"
#: Where one exploration ends, complete or not: by the first, that counts are the same on every machine.
SCHEDULES, SECONDS = 1000, 300
POLICIES = ("dpor", "dfs")
COLOURS = ("#1b6", "#c33", "#36c", "#a60", "#639", "#088", "#888", "#000")


class Family(NamedTuple):
    axis: str
    name: str
    sizes: Tuple[int, ...]
    words: Callable[[int], List[str]]   #: of `racerig explore`
    policies: Tuple[str, ...] = POLICIES


class Cost(NamedTuple):
    size: int
    schedules: int      #: those in vain, too
    complete: bool
    ms: float           #: a schedule


def text(actors: Iterable[str], *more: Any) -> List[str]:
    named = (f"{chr(ord('a') + at)}: {actor}" for at, actor in enumerate(actors))
    return ["--actors", " | ".join(named), *map(str, more)]


def again(operation: str, times: int) -> str:
    return "; ".join([operation] * times)


FAMILIES = (
    Family("actors", "one writes, the others read", (2, 3, 4, 5),
           lambda n: text(["write 0", *["read 0"] * (n - 1)], "--setup", "alloc 0")),
    Family("actors", "all write", (2, 3, 4, 5), lambda n: text(["write 0"] * n, "--setup", "alloc 0")),
    Family("actors", "all allocate", (2, 3), lambda n: text(["alloc 0"] * n)),
    Family("operations", "writes against reads", (1, 2, 3, 4, 5),
           lambda n: text([again("write 0", n), again("read 0", n)], "--setup", "alloc 0")),
    Family("operations", "writes of page 0, of page 1", (1, 2, 3, 4, 5),
           lambda n: text([again("write 0", n), again("write 1", n)], "--setup", "alloc 0-1")),
    Family("operations", "writes against one free", (1, 2, 3, 4),
           lambda n: text([again("write 0", n), "free 0"], "--setup", "alloc 0")),
    Family("pages", "a range is allocated, its last read", (1, 2, 4, 8),
           lambda n: text([f"alloc 0-{n - 1}" if n > 1 else "alloc 0", f"read {n - 1}"])),
    Family("pages", "one is used, the others watched", (1, 2, 4, 8),
           lambda n: text(["alloc 0", "free 0"], "--pages", n)),
    Family("ram", "fault-vs-alloc", (48, 96, 192, 384), lambda n: [f"ram-{n}"], ("dfs",)),
)


def explore(family: Family, size: int, policy: str, out: Path) -> Cost:
    words = ["--policy", policy, "--recheck", "0", "--max-schedules", str(SCHEDULES), "--max-time", f"{SECONDS}s"]
    result = subprocess.run([str(RIG), "explore", *family.words(size), *words, "--out", str(out)], cwd=TOP,
                            capture_output=True, text=True)
    if result.returncode not in (0, 1):
        sys.exit(f"bench_growth: {family.name}, {size}: {result.stderr.strip()}")
    said, run = (json.loads((out / name).read_text()) for name in ("verdict.json", "run.json"))
    begun = said["executed"] + said["redundant"]
    return Cost(size, begun, said["complete"], 1000 * run["spent_s"]["total"] / begun)


def measure(family: Family, policy: str, work: Path) -> List[Cost]:
    """From the smallest on; after the first that is not complete the others would not be, either."""
    costs: List[Cost] = []
    for size in family.sizes:
        costs.append(explore(family, size, policy, work / f"{family.axis}-{size}-{policy}"))
        shutil.rmtree(work / f"{family.axis}-{size}-{policy}")
        if not costs[-1].complete:
            break
    return costs


def slope(points: List[Tuple[float, float]]) -> float:
    """Least squares."""
    mean_x, mean_y = (sum(values) / len(points) for values in zip(*points))
    return float(sum((x - mean_x) * (y - mean_y) for x, y in points) / sum((x - mean_x) ** 2 for x, _ in points))


def exponent(costs: List[Cost], of: Callable[[Cost], float]) -> Optional[float]:
    """The e of size^e; None: of one point there is none."""
    points = [(math.log(cost.size), math.log(of(cost))) for cost in costs]
    return slope(points) if len(points) > 1 else None


def factor(costs: List[Cost]) -> Optional[float]:
    """By what the last step has multiplied the schedules, for each unit of it."""
    if len(costs) < 2:
        return None
    last, before = costs[-1], costs[-2]
    return float((last.schedules / before.schedules) ** (1 / (last.size - before.size)))


def number(value: Optional[float], digits: int = 2) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def rows(family: Family, by_policy: Dict[str, List[Cost]]) -> Iterator[str]:
    dfs = {cost.size: cost for cost in by_policy.get("dfs", []) if cost.complete}
    for policy, costs in by_policy.items():
        done = [cost for cost in costs if cost.complete]
        counts = ", ".join(f"{cost.size}: {'' if cost.complete else 'over '}{cost.schedules}" for cost in costs)
        both = [cost for cost in done if cost.size in dfs and policy != "dfs"]
        left = f"1 in {dfs[both[-1].size].schedules / both[-1].schedules:.1f}" if both else "-"
        times = ", ".join(f"{cost.ms:.0f}" for cost in done)
        yield (f"| {family.name} | {policy} | {counts} | {number(exponent(done, lambda cost: cost.schedules))} | "
               f"{number(factor(done))} | {left} | {times} | {number(exponent(done, lambda cost: cost.ms))} |")


HEAD = ("schedules", "exponent", "last step", "left of dfs", "ms a schedule", "exponent")


def curves(axis: str, measured: List[Tuple[Family, Dict[str, List[Cost]]]]) -> str:
    named = {f"{at} {policy}": [cost for cost in costs if cost.complete]
             for at, (family, by_policy) in enumerate(measured, 1) for policy, costs in by_policy.items()}
    shown = {name: costs for name, costs in named.items() if costs}
    title = ", ".join(f"{at}: {family.name}" for at, (family, _) in enumerate(measured, 1))
    last = max(cost.size for costs in shown.values() for cost in costs)
    return svg.chart(title, [
        svg.Panel("schedules", {name: [(cost.size, cost.schedules) for cost in costs] for name, costs in shown.items()},
                  log=True, marks=True),
        svg.Panel("ms a schedule", {name: [(cost.size, cost.ms) for cost in costs] for name, costs in shown.items()},
                  marks=True),
    ], f"{last} {axis}", dict(zip(shown, COLOURS)))


def with_ram(work: Path) -> None:
    """Scenarios of our own, alike but for the RAM; their snapshots go when we do."""
    data, cache = work / "data", work / "cache" / "racerig"
    data.mkdir()
    cache.mkdir(parents=True)
    for name in ("analysis", "build", "guest-kernel"):
        os.symlink(TOP / name, data / name)
    shutil.copytree(TOP / "scenarios", data / "scenarios")
    for family in FAMILIES:
        for size in family.sizes if family.axis == "ram" else ():
            own = (data / "scenarios" / f"{family.name}.scenario").read_text()
            (data / "scenarios" / f"ram-{size}.scenario").write_text(
                own.replace("[scenario]\n", f"[scenario]\nram_mib = {size}\n"))
    for name in ("builds", "images", "sources", "kernels", "guests", "packed"):
        if (CACHE / name).exists():
            os.symlink(CACHE / name, cache / name)
    os.environ.update(RACERIG_DATA=str(data), XDG_CACHE_HOME=str(work / "cache"),
                      RACERIG_PYTHON=str(CACHE / "venv" / "bin" / "python"))


def along(axis: str, out: Path, work: Path) -> None:
    if axis == "ram":
        with_ram(work)
    measured = []
    print(f"\n| {axis} | policy | {' | '.join(HEAD)} |\n|{' --- |' * (2 + len(HEAD))}", flush=True)
    for family in FAMILIES:
        if family.axis != axis:
            continue
        measured.append((family, {policy: measure(family, policy, work) for policy in family.policies}))
        print(*rows(*measured[-1]), sep="\n", flush=True)
    (out / f"{axis}.svg").write_text(curves(axis, measured))


def main() -> None:
    out = Path(sys.argv[1] if len(sys.argv) > 1 else TOP / "docs" / "growth")
    axes = list(dict.fromkeys(family.axis for family in FAMILIES))
    wanted = sys.argv[2:] or axes
    for axis in wanted:
        if axis not in axes:
            sys.exit(f"bench_growth: no axis '{axis}' (there are: {' '.join(axes)})")
    out.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="racerig-growth-"))
    try:
        # "ram", which changes where the rig looks for things, comes last
        for axis in sorted(wanted, key=axes.index):
            along(axis, out, work)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
