# SPDX-License-Identifier: GPL-2.0-only
"""What the rig relies on is seen to work first; where it does not, nothing is called clean."""

import json
import re
from pathlib import Path

import pytest

from conftest import run_rig, verdict

LOSSES = {
    "pte": "PTE load of page 0",
    "page-kernel": "page load by kernel address of page 0",
    "page-user": "page load by user address of page 0",
    "site": "breakpoint at an access of page 0",
    "stamp": "stamp in a page of page 0",
    "mask": "no breakpoint at the masking of interrupts before an event is hit",
    "sites": "access inside an interrupt of page 0",
    "sites,controls": "the breakpoint at ",
    "inside": "access inside an interrupt of page 0",
    "lock": "lock word store",
    "word": "guarded word load",
    "__free_pages": "page given to the allocator",
    "free_pages_nolock": "page given to the allocator",
    "__free_frozen_pages": "page given to the allocator",
    "free_unref_folios": "list of pages given to the allocator",
    "flush": "TLB flush",
    "hold": "interrupt held",
    "let-in": "interrupt let in",
}


@pytest.mark.parametrize("what", LOSSES)
def test_what_is_lost_is_missed(what, tmp_path):
    result = run_rig("explore", "fault-vs-alloc", "--out", tmp_path / "run",
                     env={"RACERIG_LOSE": what})
    assert result.returncode == 2, result.stdout + result.stderr
    assert result.stdout == "" and not (tmp_path / "run").exists()
    assert f"racerig: blind: {LOSSES[what]}" in result.stderr
    assert what in ("mask", "sites,controls") or re.search(r"QEMU \d+\.\d+\.\d+", result.stderr), \
        "the emulator is refused by name"


def test_a_count_that_is_lost_is_missed(tmp_path):
    """References to pages are counted where user space takes part."""
    result = run_rig("explore", "pin-vs-free", "--out", tmp_path / "run", env={"RACERIG_LOSE": "count"})
    assert result.returncode == 2 and "racerig: blind: guarded word load" in result.stderr


def test_what_ran_is_recorded(explored):
    _, out = explored("stock")
    controls = verdict(out)["controls"]
    assert controls["PTE load"] == controls["PTE store"] == 4, "two vCPUs, both halves"
    assert controls["page store by user address"] == 2
    assert controls["lock word store"] == 8, "two vCPUs; arena, zap, VMAs, page table"
    assert controls["guarded word load"] == controls["guarded word store"] == 16, "two vCPUs, eight words"
    assert controls["breakpoint at an access"] == controls["stamp in a page"] == 4, "load, store"
    assert controls["page given to the allocator"] == 6, "two vCPUs; two that drop a reference, and the door"
    assert controls["list of pages given to the allocator"] == 2
    assert controls["interrupt held"] == controls["interrupt let in"] > 0
    text = (out / "evidence.txt").read_text()
    assert all(what in text for what in controls)


def test_an_actor_of_whom_nothing_is_seen_is_an_error(tmp_path):
    lost = "controls,pte,page-kernel,page-user,lock,word"
    result = run_rig("explore", "alloc-vs-free", "--out", tmp_path / "run",
                     env={"RACERIG_LOSE": lost})
    assert result.returncode == 2
    assert "blind: nothing that alloc does in alloc-vs-free is an event" in result.stderr


def test_nothing_is_clean_without_controls(tmp_path):
    result = run_rig("explore", "alloc-vs-free", "--out", tmp_path / "run",
                     env={"RACERIG_LOSE": "controls"})
    assert result.returncode == 1
    assert verdict(tmp_path / "run")["verdict"] == "inconclusive"


def test_every_address_keeps_its_bits():
    """Where a JSON reader clips them, nothing that is watched is ever touched."""
    result = run_rig("list", "--windows", "fault-vs-alloc")
    assert result.returncode == 0, result.stderr
    assert "apply_range_set_cb" in result.stdout and "racerig_arena_read" in result.stdout


def records(own):
    return set((Path(own["XDG_CACHE_HOME"]) / "racerig" / "controls").glob("*"))


def explore_in(own, out, *words, scenario="alloc-vs-free"):
    """(What is written of it, stderr): whether controls ran is a line of the log."""
    env = {**own, "G_MESSAGES_DEBUG": "rig-step"}
    result = run_rig("explore", scenario, "--out", out, *words, env=env)
    assert result.returncode == 0, result.stdout + result.stderr
    written = (out / "journal", out / "verdict.json", *sorted(out.glob("schedules/*")), *sorted(out.glob("trace/*")))
    return {path.name: path.read_bytes() for path in written}, result.stderr


PASSED = "controls have passed before"


def test_they_run_once_and_what_comes_of_it_is_the_same(own, tmp_path):
    cold, said = explore_in(own, tmp_path / "cold")
    assert PASSED not in said and len(records(own)) == 1
    warm, said = explore_in(own, tmp_path / "warm")
    assert PASSED in said and len(records(own)) == 1
    assert warm == cold and json.loads(warm["verdict.json"])["controls"]


def test_a_record_that_is_none_is_made_anew(own, tmp_path):
    """rig/util/test-kept.c has every kind of damage."""
    cold, _ = explore_in(own, tmp_path / "cold")
    (path,) = records(own)
    good = path.read_text()
    explore_in(own, tmp_path / "other", scenario="alloc-vs-alloc")
    (other,) = records(own) - {path}
    for text in (good[:20], good.replace('"PTE load":4', '"PTE load":5'), other.read_text()):
        assert text != good
        path.write_text(text)
        again, said = explore_in(own, tmp_path / "again")
        assert PASSED not in said and f"{path} is damaged" in said and "running the controls again" in said
        assert again == cold and path.read_text() == good


def test_a_setup_has_controls_of_its_own(own, tmp_path):
    words = ("--actors", "read 0 | free 0", "--out", tmp_path / "run")
    for setup in ("alloc 0", "alloc 0; cpu1 read 0"):
        result = run_rig("explore", *words, "--setup", setup, env=own)
        assert result.returncode == 0, result.stderr
    assert len(records(own)) == 2
    # the same guest and setup, and nothing that is watched is another
    result = run_rig("explore", "--actors", "write 0 | free 0", "--setup", "alloc 0", "--out", tmp_path / "run",
                     env=own)
    assert result.returncode == 0 and len(records(own)) == 2
    # references to pages are counted where user space takes part: more to control
    result = run_rig("explore", "--actors", "user-read 0 | free 0", "--setup", "alloc 0", "--out", tmp_path / "run",
                     env=own)
    assert result.returncode in (0, 1) and len(records(own)) == 3, result.stderr


@pytest.mark.parametrize("what", ["pte", "hold", "track"])
def test_a_loss_is_missed_whatever_passed_before(what, own, tmp_path):
    explore_in(own, tmp_path / "cold")
    before = {path: path.read_bytes() for path in records(own)}
    result = run_rig("explore", "alloc-vs-free", "--out", tmp_path / "run", env={**own, "RACERIG_LOSE": what})
    assert result.returncode == 2, result.stdout
    assert {path: path.read_bytes() for path in records(own)} == before


def test_the_doctor_always_runs_them(own, tmp_path):
    env = {**own, "G_MESSAGES_DEBUG": "rig-step"}
    for _ in range(2):
        result = run_rig("doctor", env=env)
        assert result.returncode == 0 and PASSED not in result.stdout + result.stderr, result.stdout
