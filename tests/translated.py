# SPDX-License-Identifier: GPL-2.0-only
"""
What QEMU translates and flushes per schedule: counts, so they hardly hang on the machine.

The emulator is a script around the real one that logs translations (-d in_asm) and has a monitor
of its own, which is asked while schedules run.  It is slow, and another emulator to the rig: it boots.
"""

import contextlib
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Dict, List, Optional, Tuple

TOP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP))

from analysis.helpers.qmp import MonitorMemory  # noqa: E402

RIG = TOP / "build" / "racerig"
EVERY_S = 0.2
#: What is counted, and the lines of `info jit` that it is the sum of.
COUNTS = {"flushes of all code": ("TB flush count",), "flushes of a TLB": ("TLB full flushes", "TLB partial flushes")}


def ask(path: Path) -> Dict[str, int]:
    """What `info jit` counts."""
    with contextlib.closing(MonitorMemory(str(path))) as monitor:
        text = monitor.execute("human-monitor-command", **{"command-line": "info jit"})
    return {what: sum(int(re.findall(rf"^{name} +(\d+)", text, re.M)[0]) for name in names)
            for what, names in COUNTS.items()}


def look(work: Path) -> Optional[Tuple[int, Dict[str, int]]]:
    """(schedules so far, counts so far); None: not yet, or no more."""
    try:
        counts = ask(work / "qmp")
        schedules = (work / "run" / "journal").read_bytes().count(b"\n") - 1
        counts["translations"] = (work / "log").read_bytes().count(b"\nIN:")
    except (OSError, EOFError, ValueError, IndexError):
        return None
    return (schedules, counts) if schedules > 0 else None


def per_schedule(work: Path, qemu: Path, cache: Path, *words: str) -> Dict[str, float]:
    """Of `racerig explore` with *words*; *work* is an empty folder, *cache* one without snapshots."""
    wrapper = work / "qemu"
    emulator, folder = shlex.quote(str(qemu)), shlex.quote(str(work))
    wrapper.write_text(f"""#!/bin/sh
case "$*" in *-icount*) ;; *) exec {emulator} "$@" ;; esac
exec {emulator} "$@" -qmp unix:{folder}/qmp,server=on,wait=off -d in_asm -D {folder}/log
""")
    wrapper.chmod(0o755)
    samples: List[Tuple[int, Dict[str, int]]] = []
    with open(work / "said", "w") as said:
        process = subprocess.Popen(
            [RIG, "explore", *words, "--qemu", wrapper, "--out", work / "run"], cwd=TOP, stdout=said, stderr=said,
            env={**os.environ, "XDG_CACHE_HOME": str(cache.parent), "RACERIG_PYTHON": str(cache / "venv/bin/python")})
        while process.poll() is None:
            sample = look(work)
            samples += [sample] if sample else []
            time.sleep(EVERY_S)
    if len(samples) < 2 or samples[-1][0] == samples[0][0]:
        raise ValueError(f"nothing was counted: {(work / 'said').read_text().strip()[-300:]}")
    (first, before), (last, after) = samples[0], samples[-1]
    return {name: (after[name] - before[name]) / (last - first) for name in after}
