#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
What a plain stress loop finds in a minute, and what exploring takes: never a pass or a fail.

  make bench-stress                     stock in the scenarios of the findings, and all mutants that are built
  tests/baseline.py [--seconds S] KERNEL[:SCENARIO]…    these

Each kernel runs in the scenario that names it, once explored and once under `racerig stress`, with KVM where that
boots a guest and else with TCG and a thread for each vCPU.  The loop finds a kernel when drgn finds the guest wrong
at its end, or when the guest does not get there; iterations are the operations of all actors.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, List, NamedTuple, Tuple

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


class Stressed(NamedTuple):
    found: str          # what it was found by; "": it was not
    loops: int
    wall: float         # the boot included


def accel() -> str:
    """What boots a guest here."""
    tried = subprocess.run([str(RIG), "stress", "fault-vs-alloc", "--accel", "kvm", "--seconds", "1"], cwd=TOP,
                           env={**os.environ, "RACERIG_BOOT_SECONDS": "30"}, stdout=subprocess.DEVNULL,
                           stderr=subprocess.DEVNULL)
    return "kvm" if tried.returncode == 0 else "tcg"


def stressed(kernel: str, scenario: str, seconds: int, how: str) -> Stressed:
    start = time.monotonic()
    result = rig("stress", scenario, "--kernel", kernel, "--seconds", seconds, "--accel", how)
    if result.returncode not in (0, 1):
        return Stressed(f"broken: {result.stderr.strip()[:60]}", 0, time.monotonic() - start)
    loops = sum(map(int, re.findall(r"loops (\d+)$", result.stdout, re.M)))
    found = sorted(set(re.findall(r"^(I\d+)[: ]", result.stdout, re.M)))
    end = re.findall(r"^loops (.*), on", result.stdout, re.M)[0]
    if end != "ended":
        found.append(end)
    return Stressed(" ".join(found) if result.returncode else "", loops, time.monotonic() - start)


def subjects() -> List[Tuple[str, str]]:
    """Stock where the findings are, and the mutants."""
    kernels = json.loads(rig("list", "--json").stdout)["kernels"]
    scenarios = sorted((TOP / "scenarios").glob("*.scenario"))
    findings = [("stock", path.stem) for path in scenarios
                if re.search(r"^stock = .*I\d", path.read_text(), re.M)]
    return findings + [(k["name"], scenario_of(k["name"])) for k in kernels
                       if k["kind"] == "mutant" and k["built"]]


def compare(pairs: List[Tuple[str, str]], seconds: int) -> None:
    by_exploring = by_stress = 0
    how = accel()
    print(f"stress: {seconds} s each, all vCPUs, {how}")
    print(f"{'kernel':<26} {'scenario':<26}{'schedules':>10}{'first':>6}{'wall s':>8}   {'stress':<18}"
          f"{'iterations':>11}{'wall s':>8}")
    for kernel, scenario in pairs:
        verdict, first = explored(kernel, scenario)
        loop = stressed(kernel, scenario, seconds, how)
        by_exploring += first > 0
        by_stress += bool(loop.found) and not loop.found.startswith("broken")
        print(f"{kernel:<26} {scenario:<26}{verdict['executed']:>10}{first or '-':>6}{verdict['wall_s']:>8.1f}   "
              f"{loop.found or '-':<18}{loop.loops:>11}{loop.wall:>8.1f}", flush=True)
    print(f"of {len(pairs)} exploring finds {by_exploring}, stress {by_stress}")


def main(words: List[str]) -> None:
    seconds = 60
    if words[:1] == ["--seconds"]:
        seconds, words = int(words[1]), words[2:]
    pairs = [(name, rest[0] if rest else scenario_of(name)) for name, *rest in (word.split(":") for word in words)]
    compare(pairs or subjects(), seconds)


if __name__ == "__main__":
    main(sys.argv[1:])
