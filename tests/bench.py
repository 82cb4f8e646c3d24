#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Speed, as ratios within one run: never a pass or a fail.

  make bench
"""

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import libvirtd

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
ROUNDS = 5
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig"


def explore(out: Path, cache: Path, *words: str) -> float:
    """Seconds of wall time for one explore."""
    start = time.monotonic()
    subprocess.run(
        [RIG, "explore", "fault-vs-alloc", "--out", out, *words],
        cwd=TOP,
        check=False,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "XDG_CACHE_HOME": str(cache), "RACERIG_PYTHON": str(CACHE / "venv/bin/python")},
    )
    return time.monotonic() - start


def quick_path(out: Path, *words: str) -> float:
    """Seconds a schedule spends in restoring, running, stepping and asking."""
    explore(out, CACHE.parent, "--policy", "dfs", "--recheck", "0", *words)
    verdict = json.loads((out / "verdict.json").read_text())
    spent = verdict["spent_s"]
    return float(spent["restore"] + spent["guest"] + spent["stub"]) / float(verdict["executed"])


def compare_backends(work: Path) -> None:
    """In turns, so that both see the same neighbours; the least of each."""
    try:
        with libvirtd.running() as uri:
            direct, libvirt = [], []
            for i in range(ROUNDS):
                direct.append(quick_path(work / f"direct{i}"))
                libvirt.append(quick_path(work / f"libvirt{i}", "--connect", uri))
    except libvirtd.Unavailable as reason:
        print(f"libvirt                     skipped: {reason}")
        return
    print(f"restore, run, step          {min(direct):.4f} s")
    print(f"the same under libvirt      {min(libvirt):.4f} s")
    print(f"ratio                       {min(libvirt) / min(direct):.3f}")


def main() -> None:
    work = Path(tempfile.mkdtemp(prefix="racerig-bench-"))
    try:
        # The same kernels, and no snapshot: every start is a boot.
        fresh = work / "cache" / "racerig"
        fresh.mkdir(parents=True)
        for name in ("builds", "sources"):
            os.symlink(CACHE / name, fresh / name)
        boots = []
        for _ in range(2):
            shutil.rmtree(fresh / "snapshots", ignore_errors=True)
            boots.append(explore(work / "boot", work / "cache", "--max-schedules", "1"))
        explore(work / "warm", CACHE.parent, "--max-schedules", "1")
        explore(work / "run", CACHE.parent)
        verdict = json.loads((work / "run" / "verdict.json").read_text())
        rate = verdict["schedules_per_s"]
        print(f"schedules explored          {verdict['executed']}")
        print(f"schedules per second        {rate:.1f}")
        print(f"one schedule from a reboot  {min(boots):.2f} s")
        print(f"one from the snapshot       {1 / rate:.3f} s")
        print(f"ratio                       {min(boots) * rate:.0f}")
        compare_backends(work)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
