# SPDX-License-Identifier: GPL-2.0-only
"""What saves time changes nothing that is found, and where it fails the rig says so."""

import pytest

from conftest import run_rig

SCENARIO = "alloc-vs-free"


def explored(out, **env):
    result = run_rig("explore", SCENARIO, "--policy", "dfs", "--out", out, env=env)
    assert result.returncode == 0, result.stdout + result.stderr
    return {str(path.relative_to(out)): path.read_bytes()
            for path in (out / "journal", out / "verdict.json", *out.glob("schedules/*"), *out.glob("trace/*"))}


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return explored(tmp_path_factory.mktemp("speed") / "run")


@pytest.mark.parametrize("off", ["RACERIG_TRACK"])
def test_the_same_to_the_byte_without(off, usual, tmp_path):
    assert explored(tmp_path / "run", **{off: "off"}) == usual


def test_a_write_that_is_not_reported_is_found(tmp_path):
    result = run_rig("explore", SCENARIO, "--out", tmp_path / "run", env={"RACERIG_LOSE": "track"})
    assert result.returncode == 2
    assert "the host did not say that QEMU has written it" in result.stderr


def test_memory_that_drgn_does_not_name_is_missed(tmp_path):
    result = run_rig("explore", "fault-vs-alloc", "--policy", "dfs", "--out", tmp_path / "run",
                     env={"RACERIG_LOSE": "reads"})
    assert result.returncode == 2
    assert "drgn says another thing than before" in result.stderr
