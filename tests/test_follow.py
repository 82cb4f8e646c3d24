# SPDX-License-Identifier: GPL-2.0-only
"""A schedule on another build: followed by what happens, not by addresses."""

import shutil

import pytest
from conftest import run_rig, verdict
from test_input import assert_refused


@pytest.fixture(scope="module")
def lost_write(explored, tmp_path_factory):
    """The first violating schedule of the finding, on stock."""
    out = explored("stock", "lost-write")[1]
    schedule = out / verdict(out)["violations"][0]["schedule"]
    return shutil.copy(schedule, tmp_path_factory.mktemp("follow") / "v1.sched")


def test_where_the_violation_still_is(lost_write, tmp_path):
    """The mutant of the fix frees as early as stock does, and looks at the PTE once more at the end."""
    new = tmp_path / "v2.sched"
    result = run_rig("replay", lost_write, "--kernel", "free-gives-back-early", "--times", "3", "--out", new)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 of 3 runs identical" in result.stdout and "\nfollowed 12 of 12 decisions\n" in result.stdout
    assert result.stdout.endswith("I7 is still there\n")
    assert "run free read apply_range_give_back_cb+0x" in result.stdout
    assert "was not recorded and came in between" in result.stdout
    # As it went there it is a schedule of that build, and needs no following.
    again = run_rig("replay", new)
    assert again.returncode == 0 and "followed" not in again.stdout, again.stdout + again.stderr
    assert_refused(run_rig("replay", new, "--out", new), "--kernel is missing")


def test_where_it_is_fixed(lost_write):
    """There the allocation fails instead, so the owner's access never comes."""
    result = run_rig("replay", lost_write, "--kernel", "stock-fixed")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "I7 is not there; not all of it could be followed" in result.stdout
    assert "run owner store racerig_arena_write+0x" in result.stdout and "was not reached" in result.stdout


def test_the_same_build_by_another_name(lost_write):
    result = run_rig("replay", lost_write, "--kernel", "stock")
    assert result.returncode == 0 and "followed" not in result.stdout
