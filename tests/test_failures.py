# SPDX-License-Identifier: GPL-2.0-only
"""Calls that may fail are decisions: what comes of it, and that they fail as they do by themselves."""

import json
import re

import findings
import pytest
from conftest import run_rig, verdict

#: Actors, setup, pages, and whether stock violates something (docs/findings/range-tree-loses-the-rest.md).
SMALL = {
    "alloc-vs-alloc": ("alloc 1 | alloc 1", "alloc 0; alloc 2", 3, set()),
    "alloc-apart": ("alloc 0 | alloc 1", None, 2, {"I4"}),
    "alloc-vs-free": ("alloc 0 | free 0", "alloc 0", 1, {"I4"}),
}


def explore(out, name, *words, **kwargs):
    actors, setup, pages, _ = SMALL[name]
    before = ("--setup", setup) if setup else ()
    return run_rig("explore", "--actors", actors, *before, "--pages", pages, "--recheck", 0,
                   "--out", out, *words, **kwargs)


@pytest.mark.parametrize("name", SMALL)
def test_both_policies_find_the_same(name, tmp_path):
    found = {}
    for policy in ("dpor", "dfs"):
        result = explore(tmp_path / policy, name, "--failures", 1, "--policy", policy)
        said = verdict(tmp_path / policy)
        assert said["complete"] and said["failures"]["at_most"] == 1, result.stdout + result.stderr
        assert {each["invariant"] for each in said["violations"]} == SMALL[name][3]
        found[policy] = findings.of_run(tmp_path / policy), said["final_states"], said["failures"]["of"].keys()
    assert found["dpor"] == found["dfs"]


def test_it_replays_and_says_what_failed(tmp_path):
    result = explore(tmp_path / "run", "alloc-apart", "--failures", 1)
    path = next((tmp_path / "run" / "schedules").glob("*-I4.sched"))
    text = path.read_text()
    assert text.startswith("racerig-schedule 5\n") and "\nfailures 1\n" in text
    assert re.search(r"^fail alloc2? kmalloc range_tree_clear\+0x[0-9a-f]+$", text, re.M)
    assert "kmalloc fails" in result.stdout
    again = run_rig("replay", path, "--times", 3)
    assert again.returncode == 0 and "3 of 3 runs identical" in again.stdout, again.stdout + again.stderr
    trace = (tmp_path / "run" / "trace" / path.name).with_suffix(".jsonl")
    first, *events = map(json.loads, trace.read_text().splitlines())
    assert first["failing"] == ["alloc-page", "kmalloc"]
    assert [each["call"] for each in events if each.get("kind") == "fail"] == ["kmalloc"]
    assert run_rig("check", trace).returncode == 1


def test_without_failures_nothing_shows(tmp_path):
    explore(tmp_path / "plain", "alloc-apart")
    said = verdict(tmp_path / "plain")
    assert said["verdict"] == "clean" and "failures" not in said
    for path in (tmp_path / "plain").rglob("0001-clean*"):
        assert "fail" not in path.read_text() and '"kind":"call"' not in path.read_text()


def test_a_failure_is_what_the_kernel_does_itself(tmp_path):
    """Both from one state: all of memory, and the registers that a caller may rely on."""
    result = explore(tmp_path / "run", "alloc-vs-free", "--failures", 1, env={"RACERIG_LOSE": "forgery"})
    assert result.returncode in (0, 1), result.stderr
    compared = re.findall(r"compared with a failure by itself: \d+ words of memory differ, not allowed: (.*)",
                          result.stderr)
    of = verdict(tmp_path / "run")["failures"]["of"]
    assert len(compared) >= sum(of.values()) > 0 and set(compared) == {"[]"}
    assert {"alloc-page", "kmalloc", "lock"} <= {name.split()[1] for name, count in of.items() if count}


def test_a_failure_that_is_not_is_found(tmp_path):
    """The table of locks held is left as it was."""
    result = explore(tmp_path / "run", "alloc-vs-free", "--failures", 1,
                     env={"RACERIG_LOSE": "forgery,held-table"})
    assert result.returncode == 2
    assert "a call that is made to fail leaves other memory than one that fails by itself" in result.stderr


@pytest.mark.parametrize("failures, invariants", [(0, set()), (1, {"I4"})])
def test_a_broken_error_path_needs_a_failure(explored, failures, invariants):
    _, out = explored("alloc-failed-keeps-range", "alloc-fails", "--failures", str(failures))
    assert {each["invariant"] for each in verdict(out)["violations"]} == invariants


def test_the_scenario_says_how_many(explored):
    result, out = explored("stock", "alloc-fails")
    said = verdict(out)
    assert result.returncode == 0 and said["verdict"] == "clean" and said["failures"]["at_most"] == 1
    assert "dpor, at most 1 failure: complete" in result.stdout
    assert "calls that could fail, those asked to among them" in result.stdout


def test_a_free_that_gets_no_lock_is_done_later(tmp_path):
    result = run_rig("explore", "--actors", "free 0 | free 0", "--setup", "alloc 0", "--failures", 1,
                     "--recheck", 0, "--out", tmp_path / "run")
    said = verdict(tmp_path / "run")
    assert said["verdict"] == "clean", result.stdout + result.stderr
    assert any(name.startswith("free lock arena") and count for name, count in said["failures"]["of"].items())


def test_what_is_left_behind_on_purpose_is_documented(tmp_path):
    run_rig("explore", "--actors", "free-nosleep 0 | read 0", "--setup", "alloc 0", "--failures", 1,
            "--recheck", 0, "--out", tmp_path / "run")
    said = verdict(tmp_path / "run")
    assert said["verdict"] == "documented"
    assert [(each["invariant"], each["reason"]) for each in said["accepted"]] == [("I9", "left-behind")]


@pytest.mark.parametrize("words, message", [
    (("alloc-fails", "--failures", 10), "--failures 10: give 0 to 9"),
    (("alloc-fails", "--split", 1), "--failures 1: a split exploration has none"),
    (("vmap-purge-vs-map", "--failures", 1), "nothing of this subject on this kernel is known to fail"),
])
def test_bad_words(words, message, tmp_path):
    result = run_rig("explore", *words, "--out", tmp_path / "run")
    assert result.returncode == 2 and message in result.stderr, result.stderr
    assert not (tmp_path / "run").exists()
