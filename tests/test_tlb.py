# SPDX-License-Identifier: GPL-2.0-only
"""Stale translations: carried out, walked with and without, and undisturbed by the looking."""

import re

from conftest import run_rig, verdict


def stale(out):
    """The schedules in which something went through a stale translation, by what they violate."""
    return sorted((out / "schedules").glob("*-I7.sched"))


def test_a_write_is_lost_on_stock(explored):
    """docs/findings/free-flush-order.md"""
    result, out = explored("stock", "lost-write")
    assert result.returncode == 0, result.stdout
    found = verdict(out)
    assert found["complete"] and found["violating"] == 18
    stores = [v for v in found["violations"] if v["reason"] == "wrote-old-page"]
    assert stores and all(v["invariant"] == "I7" and v["kind"] == "carried-out" for v in stores)
    # the owner reads back 0 what it wrote as 0x7ace
    assert any(state.startswith("owner=0 ") for state in found["final_states"])


def test_the_fix_is_complete_and_clean(explored):
    result, out = explored("stock-fixed", "lost-write")
    assert result.returncode == 0, result.stdout
    found = verdict(out)
    assert found["complete"] and found["verdict"] == "documented" and not found["violations"]


def test_the_fix_gives_back_nothing_that_is_owned(explored):
    """The first version did: a free of what was free already took it from whoever allocated it."""
    result, out = explored("stock-fixed", "alloc-vs-free-unallocated")
    assert result.returncode == 0 and verdict(out)["complete"], result.stdout


def test_looking_changes_nothing(explored):
    """A probe that filled or flushed the TLB would change what the stale access finds."""
    _, out = explored("stock", "lost-write")
    schedule = stale(out)[0]
    looked, blind = (run_rig("replay", schedule, *words) for words in ((), ("--no-probe",)))
    assert re.search(r"(to|from) frame A: stale", looked.stdout)
    assert "stale" not in blind.stdout
    hashes = [re.search(r"sha256 ([0-9a-f]+)", run.stdout)[1] for run in (looked, blind)]
    assert hashes[0] == hashes[1]


def test_an_eviction_is_a_decision(explored):
    """With the stale translation or without it: both are walked, and both replay."""
    _, out = explored("stock", "stale-scratch", "--max-schedules", "4")
    first = out / verdict(out)["accepted"][0]["schedule"]
    lines = first.read_text().splitlines()
    last = max(i for i, line in enumerate(lines) if line.startswith("run user load"))
    # the last access after all others: what was allocated is another page than the TLB says
    late = [*lines[:last], *lines[last + 1:-1], lines[last], lines[-1]]
    stale = out / "stale.sched"
    stale.write_text("\n".join(late) + "\n")
    result = run_rig("replay", stale, "--times", 3)
    assert "stale" in result.stdout and "3 of 3 runs identical" in result.stdout, result.stderr
    # the same up to the access, and then the TLB drops it
    evicted = out / "evicted.sched"
    evicted.write_text("\n".join([*late[:-2], "evict user", late[-2],
                                  f"end {int(late[-1].split()[1]) + 1}"]) + "\n")
    result = run_rig("replay", evicted, "--times", 3)
    assert "its TLB drops what it held" in result.stdout, result.stdout + result.stderr
    assert "stale" not in result.stdout.split("TLB drops")[1]
    assert "3 of 3 runs identical" in result.stdout
