#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
What a plain stress loop finds in the time that exploring took: never a pass or a fail.

  make bench-stress            all mutants that are built
  tests/baseline.py MUTANT…    these

Each mutant runs in the scenario that names it, once explored and once under `racerig stress`, which
has at least as much wall time for its loops: a guest second takes more than a second.  The loop
finds a mutant when the kernel complains or the guest does not end well; iterations are the
operations of all actors.
"""

import json
import math
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, List, Tuple

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"


def rig(*words: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(RIG), *map(str, words)], cwd=TOP, capture_output=True, text=True)


def scenario_of(mutant: str) -> str:
    """The scenario that catches it, by the header of its patch."""
    kernel = (TOP / "guest-kernel" / "kernels" / f"{mutant}.kernel").read_text()
    patch = re.findall(r"^patches = (\S+)$", kernel, re.M)[0].split(";")[-1]
    header = (TOP / "guest-kernel" / patch).read_text()
    return str(re.findall(r"^Caught by: ([\w-]+)", header, re.M)[0])


def explored(mutant: str, scenario: str) -> Tuple[Any, int]:
    """The verdict, and the number of the first violating schedule (0: none)."""
    with tempfile.TemporaryDirectory(prefix="racerig-baseline-") as out:
        rig("explore", scenario, "--kernel", mutant, "--recheck", 0, "--out", out)
        verdict = {**json.loads((Path(out) / "run.json").read_text()),
                   **json.loads((Path(out) / "verdict.json").read_text())}
    numbers = [int(re.findall(r"(\d+)-", v["schedule"])[0]) for v in verdict["violations"]]
    return verdict, min(numbers, default=0)


def stressed(mutant: str, scenario: str, seconds: float) -> Tuple[bool, int, float]:
    """Whether it was found, the iterations, and the wall time, the boot included."""
    start = time.monotonic()
    result = rig("stress", scenario, "--kernel", mutant, "--seconds", max(1, math.ceil(seconds)))
    loops = sum(map(int, re.findall(r"loops (\d+)", result.stdout)))
    return result.returncode != 0, loops, time.monotonic() - start


def built_mutants() -> List[str]:
    kernels = json.loads(rig("list", "--json").stdout)["kernels"]
    return [k["name"] for k in kernels if k["kind"] == "mutant" and k["built"]]


def compare(mutants: List[str]) -> None:
    by_exploring = by_stress = 0
    print(f"{'mutant':<26}{'schedules':>10}{'first':>6}{'wall s':>8}   {'stress':<8}"
          f"{'iterations':>11}{'wall s':>8}")
    for mutant in mutants:
        scenario = scenario_of(mutant)
        verdict, first = explored(mutant, scenario)
        found, loops, wall = stressed(mutant, scenario, verdict["wall_s"])
        by_exploring += first > 0
        by_stress += found
        print(f"{mutant:<26}{verdict['executed']:>10}{first or '-':>6}{verdict['wall_s']:>8.1f}   "
              f"{'found' if found else '-':<8}{loops:>11}{wall:>8.1f}", flush=True)
    print(f"of {len(mutants)} mutants exploring finds {by_exploring}, stress {by_stress}")


if __name__ == "__main__":
    compare(sys.argv[1:] or built_mutants())
