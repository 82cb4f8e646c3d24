# SPDX-License-Identifier: GPL-2.0-only
"""Running the rig and reading what it says; no logic of the rig's own."""

import fcntl
import hashlib
import json
import os
import pickle
import subprocess
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
PYTHON = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig/venv/bin/python"


def run_rig(*words: Any, **kwargs: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(RIG), *map(str, words)],
        cwd=kwargs.pop("cwd", TOP),
        env={**os.environ, **kwargs.pop("env", {})},
        capture_output=True,
        text=True,
        timeout=kwargs.pop("timeout", 300),
    )


def verdict(out: Path) -> Any:
    return json.loads((out / "verdict.json").read_text())


def qemus_of(rig: "subprocess.Popen[str]") -> list[int]:
    """Pids of the machines that a rig started; `qemu --version`, which it also runs, is none."""
    found = subprocess.run(["pgrep", "-P", str(rig.pid), "-f", "--", "-icount"],
                           capture_output=True, text=True)
    return [int(pid) for pid in found.stdout.split()]


@pytest.fixture(scope="session")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Explore once per kernel, scenario and options; (result, run folder).

    Once for all workers: whoever comes second waits for the first.
    """
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    (shared / "runs").mkdir(exist_ok=True)

    def get(kernel: str, scenario: str = "fault-vs-alloc", *words: str, **kwargs: Any) -> Any:
        key = " ".join((kernel, scenario, *words))
        out = shared / "runs" / hashlib.sha256(key.encode()).hexdigest()[:16]
        said = Path(f"{out}.result")
        with open(f"{out}.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not said.exists():
                result = run_rig("explore", scenario, "--kernel", kernel, "--out", out, *words,
                                 **kwargs)
                assert result.returncode in (0, 1), result.stdout + result.stderr
                said.write_bytes(pickle.dumps(result))
            return pickle.loads(said.read_bytes()), out

    return get
