# SPDX-License-Identifier: GPL-2.0-only
"""What the rig relies on is seen to work first; where it does not, nothing is called clean."""

import re

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
