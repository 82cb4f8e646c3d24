# SPDX-License-Identifier: GPL-2.0-only
"""The quick suite by a rig with ASan and UBSan: the same verdicts, and nothing that they see."""

import json
import os
import subprocess

import pytest
from conftest import TOP, run_rig

SANITIZED = TOP / "build-sanitized" / "racerig"


@pytest.fixture(scope="module")
def sanitized():
    made = subprocess.run(["make", "-s", f"-j{os.cpu_count()}", "sanitized"], cwd=TOP,
                          capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return SANITIZED


@pytest.mark.last
@pytest.mark.xdist_group("sanitized")
def test_quick_suite(sanitized, tmp_path):
    result = subprocess.run([sanitized, "suite", "--group", "quick", "--jobs", str(os.cpu_count()),
                             "--out", tmp_path / "suite"], capture_output=True, text=True, cwd=TOP)
    rows = json.loads((tmp_path / "suite" / "suite.json").read_text())["rows"]
    said = result.stdout + result.stderr
    said += "".join(path.read_text(errors="replace") for path in tmp_path.rglob("explore.txt"))
    assert "Sanitizer" not in said and "runtime error" not in said, said
    assert result.returncode == 0, said
    assert all(row["error"] is None and (row["as_expected"] or row["skipped"]) for row in rows), said
    assert any(row["verdict"] == "violation" for row in rows), "no mutant was run"


@pytest.mark.xdist_group("sanitized")
@pytest.mark.parametrize("words", [["list"], ["list", "--json"], ["replay", "Makefile"],
                                   ["explore", "fault-vs-alloc", "--kernel", "../../x"],
                                   ["report", "/nonexistent"], ["suite", "--group", "none"]])
def test_short_commands(sanitized, words):
    result = subprocess.run([sanitized, *words], capture_output=True, text=True, cwd=TOP)
    plain = run_rig(*words)
    assert (result.returncode, result.stdout, result.stderr) == \
        (plain.returncode, plain.stdout, plain.stderr)
