# SPDX-License-Identifier: GPL-2.0-only
"""Scenarios on the stock kernel: what each is there to show does happen."""

import json
import os

import pytest
from conftest import TOP, run_rig, verdict
from test_suite import data_with

# (scenario, verdict, what a run has to have reached)
ROWS = [
    ("fault-vs-fault-two-arenas", "clean", "page0=scratch page1=scratch 2"),
    ("alloc-over-scratch-range", "documented", "page0=frame A page1=frame B page2=frame C"),
    ("user-fault-vs-kernel-fault", "documented", "user=-14"),
    ("user-fault-vs-kernel-fault", "documented", "user=0"),
    ("user-fault-on-scratch", "clean", "user=-14"),
    ("user-fault-on-scratch-write", "clean", "user=0"),
    ("user-fault-vs-alloc", "clean", "user=0 alloc=0"),
    ("user-fault-vs-alloc", "clean", "alloc=1"),
    ("user-access-vs-free-pages", "clean", "page0=frame C"),
    ("user-access-vs-deferred-free", "clean", "page0=frame B"),
    ("free-range-with-scratch", "clean", "page2=scratch"),
    ("reserve-vs-alloc-vs-fault", "documented", "reserve=0 alloc=0"),
    ("reserve-vs-alloc-vs-fault", "documented", "alloc=1"),
    ("two-programs-one-arena", "documented", "reader=31438"),
    ("fault-in-guard", "clean", "page0=scratch page1=none"),
    ("fault-at-edges", "clean", "page0=scratch page1=scratch"),
    ("fault-without-arena", "clean", "page1=none"),
    ("write-fault-then-read", "documented", "reader=31438"),
    ("fault-vs-fault-write", "documented", "page0=scratch"),
]


@pytest.mark.parametrize("scenario, expected, reached", ROWS)
def test_stock(explored, scenario, expected, reached):
    result, out = explored("stock", scenario)
    found = verdict(out)
    assert result.returncode == 0, result.stdout + result.stderr
    assert found["complete"] and found["verdict"] == expected
    assert any(reached in state for state in found["final_states"]), found["final_states"]


def events(out, stem):
    lines = next((out / "trace").glob(f"{stem}.jsonl")).read_text().splitlines()[1:]
    return [event for event in map(json.loads, lines) if "n" in event]


def test_a_deferred_free_is_the_workers(explored):
    result, out = explored("stock", "fault-vs-deferred-free-worker")
    assert result.returncode == 0 and verdict(out)["complete"], result.stdout + result.stderr
    free = [e["event"] for e in events(out, "0001-clean") if e["actor"] == "free"]
    after = free[free.index("return"):]
    assert "irq" in after and "free page0" in after
    assert any(event.startswith("lock arena_free_worker") for event in after)
    # the same choices as with a free that is not put off
    plain = verdict(explored("stock", "fault-vs-free")[1])
    assert verdict(out)["executed"] == plain["executed"]
    assert verdict(out)["final_states"] == plain["final_states"]


def test_a_zap_does_not_wait_for_a_fault(explored):
    result, out = explored("stock", "user-fault-vs-free")
    found = verdict(out)
    assert result.returncode == 0, result.stdout + result.stderr
    assert found["complete"] and found["verdict"] == "violation" and found["executed"] < 2000
    journal = (out / "journal").read_text()
    # after the free has returned, while it is under way and mended by its zap, never by it
    for reason in ("mapped-after-free", "user-maps-another", "freed-still-mapped"):
        assert f'"reason":"{reason}"' in journal


def test_an_arena_ends_once(explored):
    result, out = explored("stock", "destroy-with-scratch")
    assert result.returncode == 0 and verdict(out)["complete"], result.stdout + result.stderr
    names = [e["event"] for e in events(out, "0001-documented")]
    assert names.count("destroy") == 1
    assert [name for name in names if name.startswith("free")] == ["free page0", "free page1"]
    assert [(one["invariant"], one["reason"]) for one in verdict(out)["accepted"]] == [
        ("I6", "arena-end")]


def other_expectation(tmp_path, scenario, old, new):
    """The rig's data with one .scenario changed."""
    data = tmp_path / "data"
    (data / "scenarios").mkdir(parents=True)
    for name in ("guest-kernel", "analysis", "build"):
        os.symlink(TOP / name, data / name)
    text = (TOP / "scenarios" / f"{scenario}.scenario").read_text()
    assert old in text
    (data / "scenarios" / f"{scenario}.scenario").write_text(text.replace(old, new))
    return {"RACERIG_DATA": str(data)}


def test_an_oops_nobody_declared(tmp_path):
    env = other_expectation(tmp_path, "fault-without-arena",
                            "oops = stray page-fault page 1\n", "")
    result = run_rig("explore", "fault-without-arena", "--out", tmp_path / "run", env=env)
    assert result.returncode == 1
    assert "I5: the kernel crashed under stray" in result.stdout


def test_a_declared_oops_that_does_not_happen(tmp_path):
    env = other_expectation(tmp_path, "fault-vs-fault", "group = quick\n",
                            "group = quick\noops = fault2 page-fault page 0\n")
    result = run_rig("explore", "fault-vs-fault", "--out", tmp_path / "run", env=env)
    assert result.returncode == 1
    assert "I10: fault2 was to end in an oops, and the kernel went on" in result.stdout


def test_an_oops_of_nobody(tmp_path):
    env = other_expectation(tmp_path, "fault-without-arena", "oops = stray page-fault", "oops = nobody page-fault")
    result = run_rig("list", env=env)
    assert result.returncode == 2
    assert "[scenario] oops: 'nobody' is none of its actors" in result.stderr


@pytest.mark.parametrize("old, new, what", [
    ("alloc 0 | fault: touch 0", "alloc 0 | fault: tuch 0",
     "[scenario] actors: 'tuch 0': no verb \"tuch\" (col 18); did you mean \"touch\"?"),
    ("group = quick", "setup = alloc 0-", "[scenario] setup: 'alloc 0-': \"0-\" is no page (col 7)"),
    ("group = quick", "pages = 9", "[scenario] pages: '9' is no number from 1 to 8"),
    ("group = quick", "arenas = 3", "[scenario] arenas: '3' is no number from 1 to 2"),
])
def test_a_text_that_is_wrong(tmp_path, old, new, what):
    env = other_expectation(tmp_path, "fault-vs-alloc", old, new)
    result = run_rig("explore", "fault-vs-alloc", env=env)
    assert result.returncode == 2 and what in result.stderr, result.stderr


@pytest.mark.parametrize("old, new, what", [
    ("actors = owner;free", "actors = free;owner",
     "[scenario] actors: 'free;owner', but the guest has 'owner;free'"),
    ("pages = 1", "pages = 2", "[scenario] pages: 2, but the guest has 1"),
    ("pages = 1", "pages = 1\nsetup = alloc 0",
     "[scenario] setup: is for operations as text, and 'actors' are names here"),
])
def test_halves_of_a_scenario_that_differ(tmp_path, old, new, what):
    env = other_expectation(tmp_path, "lost-write", old, new)
    result = run_rig("explore", "lost-write", "--out", tmp_path / "run", env=env)
    assert result.returncode == 2 and what in result.stderr, result.stderr
    assert not (tmp_path / "run").exists()


def other_kernel(tmp_path, name, **keys):
    """The rig's data with one more kernel, which is stock but for @keys."""
    def edit(data):
        kernels = data / "guest-kernel" / "kernels"
        text = (kernels / "stock.kernel").read_text().replace("kind = stock", "kind = variant")
        (kernels / f"{name}.kernel").write_text(text + "".join(f"{key} = {value}\n" for key, value in keys.items()))

    return data_with(tmp_path, edit)


def test_an_arena_in_which_user_space_gets_a_signal(tmp_path):
    """
    BPF_F_SEGV_ON_FAULT: no fault of user space allocates, so what it does not get is SIGSEGV (-14).
    The fault that takes the page before it is freed maps it after that, as in user-fault-vs-free.
    """
    env = other_kernel(tmp_path, "signals", map_flags="0x20000")
    out = tmp_path / "run"
    result = run_rig("explore", "--kernel", "signals", "--setup", "alloc 0", "--actors",
                     "user: user-read 0 | free 0", "--out", out, env=env)
    found = verdict(out)
    assert found["complete"] and found["verdict"] == "violation", result.stdout + result.stderr
    assert {state.strip() for state in found["final_states"]} == {
        "user=-14 free=0 page0=none", "user=0 free=0 page0=none"}
    assert {each["invariant"] for each in found["violations"]} == {"I12"}
