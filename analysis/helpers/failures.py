# SPDX-License-Identifier: GPL-2.0-only
"""
What can fail, and what a failing call leaves: the one table that failures are made from
(rig/step/failures.h).

A call is made to fail at its entry: it does nothing, and returns what it returns when it fails.  So
a row is right only if a failing call leaves nothing else, or if what else it leaves is said here
and done by the rig.  ``tests/test_failures.py`` compares each with a call that really fails.
"""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Tuple

from drgn import Program
from drgn.helpers.linux.mm import virt_to_phys
from drgn.helpers.linux.percpu import per_cpu_ptr

from . import wire

ETIMEDOUT = 110


@dataclass(frozen=True)
class Call:
    """A function that may fail."""

    name: str  # as schedules have it
    symbol: str
    returns: int  # what it returns then
    refuses: Tuple[int, int]  # an argument, from 0, and a value with which it fails by itself
    source: str  # that it may fail, and leaves nothing


#: What is not in a kernel is not called there.
CALLS = (
    Call("alloc-page", "alloc_pages_nolock_noprof", 0, (2, 64),
         "mm/page_alloc.c: 'best effort and to be expected to fail easily'; NULL is all that its"
         " caller sees, nothing is taken from a list and no slow path wakes anybody"),
    Call("alloc-page", "__alloc_pages_noprof", 0, (1, 64),
         "mm/page_alloc.c: with __GFP_ACCOUNT 'page = NULL' when __memcg_kmem_charge_page() fails,"
         " after the page was freed"),
    Call("kmalloc", "_kmalloc_nolock_noprof", 0, (0, 1 << 20),
         "mm/slub.c: NULL where a lock cannot be had at once or a slab has no object left"),
)


@dataclass(frozen=True)
class GivingUp:
    """A function in which a vCPU waits for a lock that somebody holds, and may give it up."""

    symbol: str
    returns: int
    held: str  # the per-CPU table of locks held, whose last entry was made before the call
    source: str


GIVING_UP = GivingUp(
    "resilient_queued_spin_lock_slowpath", -ETIMEDOUT, "rqspinlock_held_locks",
    "kernel/bpf/rqspinlock.c: check_timeout() gives up after RES_DEF_TIMEOUT; clear_pending(), or"
    " try_cmpxchg_tail(), leaves the lock's word as it was, '__this_cpu_dec(rqnodes[0].mcs.count)'"
    " the node, and at err_release_entry release_held_lock_entry() takes the entry out")


@dataclass(frozen=True)
class LeftBehind:
    """Where the kernel says itself that it leaves pages behind for good when a call fails."""

    call: str
    function: str
    source: str


LEFT_BEHIND = (
    LeftBehind("kmalloc", "arena_free_pages",
               "kernel/bpf/arena.c: 'If allocation fails in non-sleepable context, pages are"
               " intentionally left inaccessible (leaked) until the arena is destroyed.'"),
)


def _symbol(prog: Program, name: str) -> Optional[int]:
    try:
        return int(prog.symbol(name).address)
    except LookupError:
        return None


def _calls(prog: Program) -> List[Dict[str, Any]]:
    found: List[Dict[str, Any]] = []
    for call in CALLS:
        entry = _symbol(prog, call.symbol)
        if entry is None:
            continue
        argument, value = call.refuses
        found.append({"name": call.name, "entry": wire.u64(entry),
                      "returns": wire.u64(call.returns % 2**64),
                      "argument": argument, "value": wire.u64(value)})
    return found


def _giving_up(prog: Program, locks: List[str], cpus: int) -> Dict[str, Any]:
    entry = _symbol(prog, GIVING_UP.symbol)
    if entry is None or not locks:
        return {"locks": [], "entry": wire.u64(0), "returns": wire.u64(0), "count": 0, "entries": 0,
                "held": []}
    held = prog[GIVING_UP.held]
    tables = [per_cpu_ptr(held.address_of_(), cpu).value_() for cpu in range(cpus)]
    member = held.type_.member
    return {
        "locks": locks,
        "entry": wire.u64(entry),
        "returns": wire.u64(GIVING_UP.returns % 2**64),
        "count": member("cnt").offset,
        "entries": member("locks").offset,
        "held": [wire.u64(int(virt_to_phys(prog, table).value_())) for table in tables],
    }


def describe(prog: Program, sources: List[str], locks: List[str], cpus: int) -> Dict[str, Any]:
    """Calls from what was compiled from *sources*, and *locks*, by their names, that may be given up."""
    return {
        "calls": _calls(prog),
        "callers": sources,
        "left_behind": [{"call": each.call, "function": each.function} for each in LEFT_BEHIND],
        "giving_up": _giving_up(prog, locks, cpus),
    }
