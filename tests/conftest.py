# SPDX-License-Identifier: GPL-2.0-only
"""Running the rig and reading what it says; no logic of the rig's own."""

import fcntl
import hashlib
import json
import os
import pickle
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parent.parent
RIG = TOP / "build" / "racerig"
PYTHON = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig/venv/bin/python"


#: Tests marked `last` are not begun later than this after RACERIG_STARTED, seconds of the epoch.
LAST_BEGIN_S = 60 * 60
LEFT_OUT = "past 60 minutes"


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "last: left out where time is short; CONTRIBUTING.md says which")
    started = os.environ.get("RACERIG_STARTED", "0")
    if not started.isdigit() or int(started) > time.time():
        raise pytest.UsageError(f"RACERIG_STARTED '{started}': no second of the epoch that has been")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    grouped = [item.nodeid for item in items if item.get_closest_marker("xdist_group")]
    if config.getoption("loadgroup", False) and not all("@" in nodeid for nodeid in grouped):
        raise pytest.UsageError("this pytest-xdist puts no test into its group: they would not wait for each other")
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)


def pytest_runtest_setup(item: pytest.Item) -> None:
    started = int(os.environ.get("RACERIG_STARTED", "0"))
    if started and item.get_closest_marker("last") and time.time() - started > LAST_BEGIN_S:
        pytest.skip(LEFT_OUT)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """What nobody ran is said, whatever the options."""
    out = [report.nodeid for report in terminalreporter.stats.get("skipped", [])
           if LEFT_OUT in str(report.longrepr)]
    if out:
        terminalreporter.write_line(f"{LEFT_OUT}: {len(out)} tests left out (make check-long has them): "
                                    f"{' '.join(out)}")


def built(name: str) -> Path:
    """build/NAME, made by one worker: the other would link what this one runs already."""
    with (RIG.parent / "made-by-tests").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(["make", "-s", f"{RIG.parent.name}/{name}"], cwd=TOP, check=True)
    return RIG.parent / name


def run_rig(*words: Any, **kwargs: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [str(RIG), *map(str, words)],
        cwd=kwargs.pop("cwd", TOP),
        env={**os.environ, **kwargs.pop("env", {})},
        capture_output=True,
        text=True,
        timeout=kwargs.pop("timeout", 300),
    )


@pytest.fixture
def own(tmp_path: Path) -> dict[str, str]:
    """The environment with a cache in which a start finds its snapshot, and nothing else that it would know."""
    cache = tmp_path / "cache" / "racerig"
    cache.mkdir(parents=True)
    for entry in PYTHON.parents[2].iterdir():
        if entry.name not in ("controls", "sites"):
            (cache / entry.name).symlink_to(entry)
    return {"XDG_CACHE_HOME": str(cache.parent), "RACERIG_PYTHON": str(PYTHON)}


def verdict(out: Path) -> Any:
    return json.loads((out / "verdict.json").read_text())


def qemus_of(rig: "subprocess.Popen[str]") -> list[int]:
    """Pids of the machines that a rig started; `qemu --version`, which it also runs, is none."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            words = (stat.parent / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent == rig.pid and b"-icount" in words:
            found.append(int(stat.parent.name))
    return found


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
