#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The drgn process beside the rig: one JSON request a line on stdin, one JSON
answer a line on stdout.

  {"op": "arena", "maps": [ID…], "pages": [[MAP, UADDR]…], "cpus": N, "report": UADDR, "control": UADDR}
  {"op": "check", the same maps and pages, "owned": [PFN|null…], "reserved": [BOOL…], "given_up": [BOOL…],
   "installed": [PFN…], "freed": [PFN…], "scratch_written": BOOL, "log_seq": N,
   "scratch_pfns" and "reports": the answer's from "arena",
   "faults": [[PROGRAM, UADDR, WRITE]…]}

MAP is an index into maps; the lock and the addresses are those of the first one.  Addresses
in an answer are text (analysis/helpers/wire.py).
An answer is {"ok": …} or {"error": "one line"}.  Ends when stdin does.
"""

import argparse
import json
import os
import sys
from collections import Counter
from dataclasses import asdict
from typing import Any, Dict, List, Optional

from drgn import Object, Program, offsetof

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from analysis.helpers import arena, invariants, klog, smp, stream, wire
from analysis.helpers.guest import attach
from analysis.helpers.qmp import MonitorMemory


def describe_page(state: arena.PageState) -> Dict[str, Any]:
    """Where a watched page is."""
    return {
        "kaddr": wire.u64(state.kaddr),
        "pte_addr": wire.u64(state.pte_addr),
        "pte_phys": wire.u64(state.pte_phys),
        "in_arena": state.in_arena,
        "scratch_pfn": state.scratch_pfn,
    }


def describe_arena(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """Where everything is: asked once, at the snapshot."""
    arenas = [arena.find_arena(prog, map_id) for map_id in request["maps"]]
    found = arenas[0]
    lock = arena.lock(found)
    u64 = wire.u64
    return {
        "report_phys": u64(arena.init_physical(prog, request["report"])),
        "control_phys": u64(arena.init_physical(prog, request["control"])),
        "arena": u64(found.value_()),
        "map": u64(found.map.address_of_().value_()),
        "lock": u64(lock.address),
        "lock_phys": u64(arena.physical(prog, lock.address)),
        "lock_held": lock.held,
        "irq_queues": [
            [u64(head) for head in smp.irq_queues(prog, cpu)] for cpu in range(request["cpus"])
        ],
        "vmemmap": u64(arena.vmemmap(prog)),
        "page_size": arena.struct_page_size(prog),
        "refcount_offset": offsetof(prog.type("struct page"), "_refcount.counter"),
        "scratch_pfns": [arena.scratch_pfn(each) for each in arenas],
        "log_seq": klog.last_seq(prog),
        "reports": stream.as_lists(stream.reports(prog)),
        "pages": [describe_page(arena.page_state(arenas[i], uaddr)) for i, uaddr in request["pages"]],
    }


def arena_facts(found: Optional[Object], scratch_pfn: Optional[int]) -> invariants.ArenaFacts:
    """What is to be known of one arena; None: it is gone."""
    if found is None:
        return invariants.ArenaFacts(scratch_pfn, lives=False)
    return invariants.ArenaFacts(
        scratch_pfn=arena.scratch_pfn(found),
        scratch_refcount=arena.scratch_refcount(found),
        scratch_zero=arena.scratch_is_zero(found),
        pages_mapped=arena.pages_mapped(found),
        pages_counted=arena.pages_counted(found),
    )


def given_back(prog: Program, installed: List[int], freed: List[int]) -> List[int]:
    """
    The frames of *freed*, and those of which no free was an event and which the allocator has.

    The end of a mapping in user space gives pages back through functions that nobody watches.
    """
    missing = Counter(installed) - Counter(freed)
    return freed + [pfn for pfn in missing.elements() if arena.refcount(prog, pfn) == 0]


def check(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """The state at the end of a schedule and what is wrong with it."""
    arenas = [
        arena.find_arena(prog, map_id) if arena.has_arena(prog, map_id) else None
        for map_id in request["maps"]
    ]
    facts = invariants.Facts(
        arenas=[arena_facts(*pair) for pair in zip(arenas, request["scratch_pfns"])],
        states=[
            arena.page_state(arenas[i], uaddr) if arenas[i] else None
            for i, uaddr in request["pages"]
        ],
        owned=request["owned"],
        reserved=request["reserved"],
        given_up=request["given_up"],
        log=klog.lines_since(prog, request["log_seq"]),
        installed=request["installed"],
        freed=given_back(prog, request["installed"], request["freed"]),
        scratch_written=request["scratch_written"],
        faults=[stream.Report(*fault) for fault in request["faults"]],
        reports=stream.since(stream.reports(prog), request["reports"]),
    )
    return {
        "log": facts.log,
        "violations": [violation.as_json() for violation in invariants.check_all(facts)],
    }


OPERATIONS = {"arena": describe_arena, "check": check}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qmp", required=True, help="QEMU's QMP socket")
    parser.add_argument("--vmlinux", required=True, help="the guest kernel with DWARF")
    parser.add_argument("--far", action="store_true", help="QEMU is on another host")
    args = parser.parse_args()
    prog = None
    far = None
    for line in sys.stdin:
        try:
            if args.far and far is None:
                far = MonitorMemory(args.qmp)
            if far is not None:
                far.forget()
            if prog is None:
                prog = attach(args.qmp, args.vmlinux, far)
            request = json.loads(line)
            line = wire.dumps({"ok": OPERATIONS[request["op"]](prog, request)})
        except Exception as error:  # whatever it is, the rig must hear of it
            line = json.dumps({"error": f"{type(error).__name__}: {error}"})
        print(line, flush=True)


if __name__ == "__main__":
    main()
