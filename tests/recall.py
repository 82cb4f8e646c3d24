#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Unaided recall: which mutants the hunt finds that knows none of our scenarios.  Never a pass or a fail.

  make hunt-recall             all mutants of arenas that are built, ten minutes each at most (a night)
  tests/recall.py MUTANT…      these;  RECALL_TIME=2m, RECALL_JOBS=1, RECALL_FAILURES=1

Each is hunted until the first schedule that violates the invariant that it breaks.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Dict, List

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
TIME = os.environ.get("RECALL_TIME", "10m")
FAILURES = os.environ.get("RECALL_FAILURES", "0")
JOBS = os.environ.get("RECALL_JOBS", str(os.cpu_count() or 1))


def rig(*words: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(RIG), *map(str, words)], cwd=TOP, capture_output=True, text=True)


def breaks(mutant: str) -> List[str]:
    """The invariants that its descriptor names."""
    text = (TOP / "guest-kernel" / "kernels" / f"{mutant}.kernel").read_text()
    return [line.split("=")[1].strip() for line in text.splitlines() if line.startswith("breaks")][0].split(";")


def hunted(mutant: str, invariant: str) -> Dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="racerig-recall-") as out:
        started = time.monotonic()
        result = rig("hunt", "--kernel", mutant, "--stop-at", invariant, "--max-time", TIME, "--jobs", JOBS,
                     "--failures", FAILURES, "--out", out)
        path = Path(out) / "hunt.json"
        if not path.exists():
            return {"error": result.stderr.strip().splitlines()[-1:] or ["no result"]}
        found: Dict[str, Any] = json.loads(path.read_text())
    found["wall"] = time.monotonic() - started
    return found


def recall(mutants: List[str]) -> None:
    found = 0
    print(f"{'mutant':<28}{'breaks':>8} {'found':<6}{'combination':>12}{'schedules':>10}{'wall s':>8}  smallest")
    for mutant in mutants:
        invariant = breaks(mutant)[0]
        said = hunted(mutant, invariant)
        if "error" in said:
            print(f"{mutant:<28}{invariant:>8} error: {said['error'][0]}", flush=True)
            continue
        groups = [group for group in said["groups"] if group["violation"]["invariant"] == invariant]
        counts = said["counts"]
        begun = counts["combinations"] - counts["not-begun"]
        small = groups[0]["smallest"] if groups else {}
        actors = " | ".join(part.split("; sync")[0] for part in small.get("actors", "").split(" | "))
        text = f"after '{small['setup']}': {actors}" if groups else "-"
        found += bool(groups)
        print(f"{mutant:<28}{invariant:>8} {'yes' if groups else 'no':<6}{begun:>12}{counts['executed']:>10}"
              f"{said['wall']:>8.0f}  {text}", flush=True)
    print(f"of {len(mutants)} mutants {found} are found")


if __name__ == "__main__":
    kernels = json.loads(rig("list", "--json").stdout)["kernels"]
    recall(sys.argv[1:] or [k["name"] for k in kernels if k["kind"] == "mutant" and k["built"] and
                            not k["name"].startswith("vmap")])
