# SPDX-License-Identifier: GPL-2.0-only
"""Running the rig and reading what it says; no logic of the rig's own."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"


def run_rig(*words: Any, **kwargs: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(RIG), *map(str, words)],
        cwd=kwargs.pop("cwd", TOP),
        env={**os.environ, **kwargs.pop("env", {})},
        capture_output=True,
        text=True,
        timeout=kwargs.pop("timeout", 300),
    )


@pytest.fixture(scope="session")
def explored(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Explore once per kernel; (result, run folder)."""
    done: dict[str, Any] = {}

    def get(kernel: str) -> Any:
        if kernel not in done:
            out = tmp_path_factory.mktemp("runs") / kernel
            result = run_rig("explore", "fault-vs-alloc", "--kernel", kernel, "--out", out)
            done[kernel] = (result, out)
        return done[kernel]

    return get
