#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
What sharding costs, on this machine's cores: never a pass or a fail.

  make bench-scale                          shards against one process, and what merging takes
  tests/bench_scale.py --split [SCENARIO…]  schedules with --split 3, 6 and 9 against none
"""

import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
SCENARIO = "shootdown-order"
SPLIT = "9"
ROUNDS = 3
SHARDS = (2, 4)
MERGED = (2, 4, 8, 16)
#: Those of 500 schedules and more that end within minutes.
LARGE = ("shootdown-order", "fault-vs-alloc-vs-free")


def rig(*words: Any) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([RIG, *map(str, words)], cwd=TOP, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def end(process: "subprocess.Popen[bytes]") -> None:
    _, said = process.communicate()
    if process.returncode not in (0, 1):
        sys.exit(f"bench_scale: {said.decode().strip()}")


def verdict(out: Path) -> Any:
    return json.loads((out / "verdict.json").read_text())


def explore(out: Path, *words: Any) -> "subprocess.Popen[bytes]":
    return rig("explore", SCENARIO, "--split", SPLIT, "--recheck", "0", "--out", out, *words)


class Spent(NamedTuple):
    """Seconds, on the wall and of all processors: those of QEMU and drgn, too."""
    wall: float
    cpu: float


def processors() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def together(started: Callable[[], List["subprocess.Popen[bytes]"]]) -> Spent:
    """Until the last one has ended."""
    cpu, wall = processors(), time.monotonic()
    for process in started():
        end(process)
    return Spent(time.monotonic() - wall, processors() - cpu)


def folders_of(work: Path, count: int) -> List[Path]:
    return [work / f"{count}" / f"{index}" for index in range(1, count + 1)]


def shards(work: Path, count: int) -> Spent:
    return together(lambda: [explore(out, "--shard", f"{index}/{count}")
                             for index, out in enumerate(folders_of(work, count), 1)])


def whole(work: Path) -> Spent:
    return together(lambda: [explore(work / "whole")])


def merge(work: Path, folders: List[Path]) -> Spent:
    return together(lambda: [rig("merge", *folders, "--out", work / "merged")])


def begun(out: Path) -> int:
    said = verdict(out)
    return int(said["executed"]) + int(said["redundant"])


def largest_share(work: Path, count: int) -> float:
    """Of what all begin, by the shard that begins most: 1 / count is fair, on every machine."""
    each = [begun(out) for out in (folders_of(work, count) if count > 1 else [work / "whole"])]
    return max(each) / sum(each)


def efficiency(work: Path) -> None:
    """In turns, so that all see the same neighbours."""
    cores = len(os.sched_getaffinity(0))
    times: Dict[int, List[Spent]] = {count: [] for count in (1, *SHARDS)}
    for _ in range(ROUNDS):
        times[1].append(whole(work))
        for count in SHARDS:
            times[count].append(shards(work, count))
    alone = statistics.median(one.wall for one in times[1])
    print(f"{SCENARIO}, --split {SPLIT}: {begun(work / 'whole')} schedules; {cores} cores, load "
          f"{os.getloadavg()[0]:.1f}; median of {ROUNDS} rounds")
    print("processes   seconds (of all rounds)   times one   efficiency   CPU seconds   a schedule   "
          "largest share")
    for count, each in times.items():
        wall = statistics.median(one.wall for one in each)
        cpu = statistics.median(one.cpu for one in each)
        rounds = " ".join(f"{one.wall:.1f}" for one in each)
        print(f"{count:9}   {wall:7.1f} ({rounds})   {alone / wall:9.2f}   {alone / wall / min(count, cores):10.2f}"
              f"   {cpu:11.1f}   {1000 * cpu / begun(work / 'whole'):7.1f} ms   {largest_share(work, count):.2f}")


def merging(work: Path) -> None:
    print("merged shards   seconds   CPU seconds   KiB in journals")
    for count in MERGED:
        folders = folders_of(work, count)
        # one after the other: only what they leave counts
        for index, out in enumerate(folders, 1):
            if not out.exists():
                end(explore(out, "--shard", f"{index}/{count}"))
        rounds = [merge(work, folders) for _ in range(ROUNDS)]
        size = sum((out / "journal").stat().st_size for out in folders)
        print(f"{count:13}   {statistics.median(one.wall for one in rounds):7.2f}   "
              f"{statistics.median(one.cpu for one in rounds):11.2f}   {size >> 10:15}", flush=True)
    size = (work / "merged" / "journal").stat().st_size
    print(f"a schedule in the journal: {size / begun(work / 'merged'):.0f} bytes; "
          f"the largest of all processes had {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10} MiB")


def split_table(work: Path, scenarios: Tuple[str, ...]) -> None:
    """Counts: the same on every machine, and however busy it is."""
    print("scenario                  split   begun   executed   redundant   factor")
    for scenario in scenarios:
        without = 0
        for depth in (0, 3, 6, 9):
            out = work / f"{scenario}-{depth}"
            end(rig("explore", scenario, "--recheck", "0", "--out", out,
                    *(["--split", depth] if depth else [])))
            said = verdict(out)
            without = without or begun(out)
            print(f"{scenario:24} {depth:6} {begun(out):7} {said['executed']:10} {said['redundant']:11} "
                  f"{begun(out) / without:8.3f}", flush=True)


def main() -> None:
    work = Path(tempfile.mkdtemp(prefix="racerig-bench-"))
    try:
        if sys.argv[1:2] == ["--split"]:
            split_table(work, tuple(sys.argv[2:]) or LARGE)
        else:
            efficiency(work)
            merging(work)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
