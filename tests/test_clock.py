# SPDX-License-Identifier: GPL-2.0-only
"""What CI leaves out when time is short, and that it says so."""

import os
import subprocess
import time

import pytest
from conftest import LAST_BEGIN_S, PYTHON, TOP

TESTS = """
import pytest

@pytest.mark.last
def test_may_wait(): pass

def test_must_run(): pass
"""


def run(tmp_path, started, *words):
    path = tmp_path / "test_two.py"
    path.write_text(TESTS)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "RACERIG_"))}
    env["PYTHONPATH"] = str(TOP / "tests")
    if started is not None:
        env["RACERIG_STARTED"] = str(started)
    return subprocess.run([PYTHON, "-m", "pytest", "-v", "-p", "conftest", *words, path], cwd=tmp_path,
                          env=env, capture_output=True, text=True)


@pytest.mark.parametrize("words", [(), ("-n", "2", "--dist", "loadgroup")], ids=["alone", "workers"])
def test_past_the_hour(tmp_path, words):
    result = run(tmp_path, int(time.time()) - LAST_BEGIN_S - 5, *words)
    assert result.returncode == 0 and "1 passed, 1 skipped" in result.stdout, result.stdout + result.stderr
    assert "past 60 minutes: 1 tests left out (make check-long has them): test_two.py::test_may_wait" \
        in result.stdout


@pytest.mark.parametrize("ago", [None, 0, LAST_BEGIN_S // 2])
def test_in_time(tmp_path, ago):
    result = run(tmp_path, None if ago is None else int(time.time()) - ago)
    assert result.returncode == 0 and "2 passed" in result.stdout, result.stdout + result.stderr
    assert "left out" not in result.stdout
    assert result.stdout.index("test_must_run") < result.stdout.index("test_may_wait"), "last comes last"


@pytest.mark.parametrize("started", ["soon", "-5", "99999999999"])
def test_no_such_clock(tmp_path, started):
    result = run(tmp_path, started)
    assert result.returncode != 0 and "RACERIG_STARTED" in result.stderr + result.stdout
