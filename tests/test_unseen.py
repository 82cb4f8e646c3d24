# SPDX-License-Identifier: GPL-2.0-only
"""A verdict says what was touched in its own run and is no event, counted."""

from conftest import verdict

KINDS = {"user-pte", "word", "lock", "failure", "timer"}


def unseen(explored, scenario):
    result, out = explored("stock", scenario)
    found = verdict(out)["unseen"]
    assert set(found) == KINDS
    for kind in found.values():
        assert kind["total"] == sum(kind["of"].values())
    words = found["word"]["total"]
    assert f"{words} accesses to plain words" in result.stdout
    assert f"{words} accesses to plain words" in " ".join((out / "evidence.txt").read_text().split())
    return found


def test_what_is_touched_is_counted(explored):
    alloc = unseen(explored, "fault-vs-alloc")
    # a word that a lock is said to guard is watched, and so not counted here
    assert "bpf_arena.nr_pages" not in alloc["word"]["of"] and alloc["word"]["total"] > 0
    assert alloc["failure"]["of"]["alloc_pages_nolock_noprof"] == 1
    free = unseen(explored, "fault-vs-free")
    assert "alloc_pages_nolock_noprof" not in free["failure"]["of"]
    assert free["word"]["total"] > 0


def test_what_is_made_in_the_race_is_said(explored):
    result, out = explored("stock", "user-access-vs-free")
    assert verdict(out)["unwatched"] == ["pages"]
    line = "who has references to a page that is allocated in the race, or its folio's lock"
    assert f"not seen   {line}" in result.stdout
    assert f"No event is {line}." in " ".join((out / "evidence.txt").read_text().split())
    assert verdict(explored("stock", "fault-vs-free")[1])["unwatched"] == []


def test_user_ptes_are_events(explored):
    found = unseen(explored, "user-fault-vs-kernel-fault")["user-pte"]
    assert (found["total"], found["uncounted"]) == (0, [])
