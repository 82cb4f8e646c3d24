#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Unaided recall: which mutants the hunt finds that knows none of our scenarios.  Never a pass or a fail.

  make hunt-recall             all mutants of arenas that are built, ten minutes each at most (a night)
  tests/recall.py MUTANT…      these;  RECALL_TIME=2m, RECALL_JOBS=1, RECALL_FAILURES=1
  tests/recall.py --anew …     … and none of what an earlier run has left

Each is hunted until the first schedule that violates the invariant that it breaks in a way that stock does
not.  A run that was interrupted goes on where it was: rows are kept in RECALL_ROWS
(racerig-runs/recall.jsonl), each by all that decides it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from hashlib import sha256
from pathlib import Path
from typing import Any, Dict, List, Optional

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
TIME = os.environ.get("RECALL_TIME", "10m")
FAILURES = os.environ.get("RECALL_FAILURES")
JOBS = os.environ.get("RECALL_JOBS", str(os.cpu_count() or 1))
ROWS = Path(os.environ.get("RECALL_ROWS", TOP / "racerig-runs" / "recall.jsonl"))

Row = Dict[str, Any]


def rig(*words: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run([str(RIG), *map(str, words)], cwd=TOP, capture_output=True, text=True)


def emulator() -> str:
    """The first line of what QEMU says it is."""
    command = os.environ.get("RACERIG_QEMU", "qemu-system-x86_64")
    said = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    return said.stdout.splitlines()[0]


def breaks(mutant: str) -> str:
    """The invariant that its descriptor names first."""
    text = (TOP / "guest-kernel" / "kernels" / f"{mutant}.kernel").read_text()
    lines = [line for line in text.splitlines() if line.startswith("breaks")]
    return lines[0].split("=")[1].split(";")[0].strip()


def hunted(mutant: str, invariant: str) -> Row:
    """hunt.json, or "error"."""
    failures = ["--failures", FAILURES] if FAILURES else []
    with tempfile.TemporaryDirectory(prefix="racerig-recall-") as out:
        result = rig("hunt", "--kernel", mutant, "--stop-at", invariant, "--max-time", TIME, "--jobs", JOBS,
                     *failures, "--out", out)
        path = Path(out) / "hunt.json"
        if not path.exists():
            return {"error": (result.stderr.strip().splitlines() or ["no result"])[-1]}
        said: Row = json.loads(path.read_text())
    return said


def why_not(said: Row) -> str:
    """Why nothing was found, as far as the numbers say it."""
    counts = said["counts"]
    if counts["not-begun"]:
        return "time"
    parts = [f"{counts[how]} {how}" for how in ("cut", "broken", "bounded") if counts[how]]
    return "explored, but " + ", ".join(parts) if parts else "explored to the end"


def row_of(mutant: str) -> Row:
    invariant, started = breaks(mutant), time.monotonic()
    said = hunted(mutant, invariant)
    row: Row = {"mutant": mutant, "breaks": invariant, "wall": round(time.monotonic() - started)}
    if "error" in said:
        return {**row, "why": "error: " + said["error"]}
    counts = said["counts"]
    row.update(begun=counts["combinations"] - counts["not-begun"], of=counts["combinations"],
               executed=counts["executed"])
    groups = [group for group in said["groups"]
              if group["violation"]["invariant"] == invariant and "known" not in group]
    if not groups:
        return {**row, "why": why_not(said)}
    small = groups[0]["smallest"]
    actors = " | ".join(part.split("; sync")[0] for part in small["actors"].split(" | "))
    return {**row, "why": "found", "family": small["family"], "in": f"after '{small['setup']}': {actors}"}


def identity(mutant: str, key: str) -> str:
    """All that decides a row: the kernel, the rig, the emulator and the options."""
    parts = [mutant, key, sha256(RIG.read_bytes()).hexdigest(), emulator(), TIME, JOBS, str(FAILURES)]
    return sha256("\n".join(parts).encode()).hexdigest()


def load() -> Dict[str, Row]:
    """What was found out before; the last line of an interrupted run may be none."""
    rows: Dict[str, Row] = {}
    for line in ROWS.read_text().splitlines() if ROWS.exists() else []:
        try:
            row = json.loads(line)
            rows[row["identity"]] = row
        except (ValueError, KeyError):
            continue
    return rows


def keep(row: Row) -> None:
    ROWS.parent.mkdir(parents=True, exist_ok=True)
    with ROWS.open("a") as rows:
        print(json.dumps(row), file=rows)


def show(row: Row) -> None:
    found = row["why"] == "found"
    print(f"{row['mutant']:<28}{row['breaks']:>8} {'yes' if found else 'no':<6}{row.get('begun', '-'):>12}"
          f"{row.get('executed', '-'):>10}{row['wall']:>8}  {row['in'] if found else row['why']}", flush=True)


def summary(rows: List[Row]) -> None:
    found = [row for row in rows if row["why"] == "found"]
    minutes = sum(row["wall"] for row in rows) / 60
    print(f"of {len(rows)} mutants {len(found)} are found "
          f"({100 * len(found) / max(len(rows), 1):.0f} %), in {minutes:.0f} min")
    for family, n in sorted(Counter(row["family"] for row in found).items()):
        print(f"  {n:>3} in family {family}")
    for why in sorted({row["why"] for row in rows} - {"found"}):
        print(f"  not found, {why}: {' '.join(row['mutant'] for row in rows if row['why'] == why)}")


def recall(mutants: List[str], keys: Dict[str, str], anew: bool) -> None:
    known = {} if anew else load()
    rows: List[Row] = []
    print(f"{emulator()}\nat most {TIME} each, {JOBS} guests, "
          f"failures: {FAILURES or 'as the hunt has them'}\n")
    print(f"{'mutant':<28}{'breaks':>8} {'found':<6}{'combination':>12}{'schedules':>10}{'wall s':>8}"
          "  smallest, or why not")
    try:
        for mutant in mutants:
            which = identity(mutant, keys[mutant])
            row: Optional[Row] = known.get(which)
            if row is None:
                row = {**row_of(mutant), "identity": which}
                # What went wrong is tried again.
                if not row["why"].startswith("error"):
                    keep(row)
            rows.append(row)
            show(row)
    except KeyboardInterrupt:
        print(f"interrupted; the same command goes on ({ROWS})")
    summary(rows)


def main(words: List[str]) -> None:
    anew = "--anew" in words
    asked = [word for word in words if word != "--anew"]
    kernels = {kernel["name"]: kernel for kernel in json.loads(rig("list", "--json").stdout)["kernels"]}
    unknown = [word for word in asked if word not in kernels or kernels[word]["kind"] != "mutant"]
    if unknown:
        sys.exit(f"{unknown[0]}: no mutant (racerig list)")
    mutants = asked or [name for name, kernel in kernels.items() if kernel["kind"] == "mutant" and
                        kernel["built"] and not name.startswith("vmap")]
    recall(mutants, {name: kernels[name].get("key") or "" for name in mutants}, anew)


if __name__ == "__main__":
    main(sys.argv[1:])
