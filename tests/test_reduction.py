# SPDX-License-Identifier: GPL-2.0-only
"""Dpor finds what dfs finds, wherever dfs is small enough to ask.

The pairs are in reduction-pairs, with the number of schedules that dfs has there.  `make check`
compares those with few of them, `make check-long` all, and sees that none is missing in the file.
"""

import json
import os
from typing import NamedTuple

import findings
import pytest
from conftest import RIG, TOP, run_rig, verdict

LONG = "RACERIG_LONG" in os.environ

#: Dfs is asked where it has at most so many schedules; `make check` has time for so many.
ALL, QUICK = 1000, 80

#: How many pairs the file has at least: one that goes needs a reason here.
STOCK_PAIRS, MUTANT_PAIRS = 40, 8


class Pair(NamedTuple):
    scenario: str
    kernel: str
    schedules: int


def pairs() -> list[Pair]:
    lines = [line.split() for line in (TOP / "tests" / "reduction-pairs").read_text().splitlines()]
    return [Pair(line[0], line[1], int(line[2])) for line in lines if line and line[0] != "#"]


def names(pair: Pair) -> str:
    return f"{pair.scenario}-{pair.kernel}"


def test_no_pair_is_lost() -> None:
    listed = pairs()
    assert len({names(pair) for pair in listed}) == len(listed)
    assert all(pair.schedules <= ALL for pair in listed)
    assert sum(pair.kernel == "stock" for pair in listed) >= STOCK_PAIRS
    assert sum(pair.kernel != "stock" for pair in listed) >= MUTANT_PAIRS


@pytest.mark.last
@pytest.mark.parametrize("pair", [pair for pair in pairs() if LONG or pair.schedules <= QUICK], ids=names)
def test_dpor_finds_what_dfs_finds(explored, pair):
    """The same final states, and the same findings by invariant, kind, page and site."""
    _, dfs_out = explored(pair.kernel, pair.scenario, "--policy", "dfs", "--recheck", "0", timeout=1200)
    _, dpor_out = explored(pair.kernel, pair.scenario, timeout=1200)
    dfs, dpor = verdict(dfs_out), verdict(dpor_out)
    assert dfs["complete"] and dpor["complete"]
    assert dfs["executed"] <= ALL
    assert dpor["executed"] <= dfs["executed"]
    assert dpor["final_states"] == dfs["final_states"]
    assert dpor["verdict"] == dfs["verdict"]
    assert findings.of_run(dpor_out) == findings.of_run(dfs_out)


def scenarios() -> list[str]:
    return [each["name"] for each in json.loads(run_rig("list", "--json").stdout)["scenarios"]]


def not_listed() -> list[str]:
    listed = {pair.scenario for pair in pairs() if pair.kernel == "stock"}
    return [name for name in (scenarios() if LONG and RIG.exists() else []) if name not in listed]


@pytest.mark.skipif(not LONG, reason="make check-long runs it")
@pytest.mark.parametrize("scenario", not_listed())
def test_what_is_not_listed_is_too_large(explored, scenario):
    _, out = explored("stock", scenario, "--policy", "dfs", "--recheck", "0", "--max-schedules", str(ALL + 1),
                      "--jobs", "2", timeout=1200)
    assert not verdict(out)["complete"], "small enough: list it in tests/reduction-pairs"
