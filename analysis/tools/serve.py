#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The drgn process beside the rig: one JSON request a line on stdin, one JSON
answer a line on stdout.

  {"op": "arena", "maps": [ID…], "pages": [[MAP, UADDR]…], "cpus": N, "report": UADDR, "control": UADDR}
  {"op": "end", the same maps and pages, "log_seq" and "reports": the answer's from "arena"}

MAP is an index into maps; the lock and the addresses are those of the first one.  Addresses
in an answer are text (analysis/helpers/wire.py).
An answer is {"ok": …} or {"error": "one line"}.  Ends when stdin does.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict
from typing import Any, Dict, Optional

from drgn import Object, Program, offsetof

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from analysis.helpers import arena, klog, smp, stream, wire
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
        "log_seq": klog.last_seq(prog),
        "reports": stream.as_lists(stream.reports(prog)),
        "pages": [describe_page(arena.page_state(arenas[i], uaddr)) for i, uaddr in request["pages"]],
    }


def arena_facts(found: Optional[Object]) -> Dict[str, Any]:
    """What is to be known of one arena; None: it is gone."""
    if found is None:
        return {"lives": False, "mapped": 0, "words": []}
    counts = {"refcount": arena.scratch_refcount(found), "counted": arena.pages_counted(found)}
    return {
        "lives": True,
        "mapped": arena.pages_mapped(found),
        "words": [
            {"offset": offset, "word": wire.u64(word)} for offset, word in arena.scratch_words(found)
        ],
        **{name: count for name, count in counts.items() if count is not None},
    }


def page_facts(found: Optional[Object], uaddr: int) -> Dict[str, Any]:
    """What is to be known of one watched page; None: its arena is gone."""
    if found is None:
        return {"exists": False, "pte": wire.u64(0), "free": True}
    state = arena.page_state(found, uaddr)
    return {"exists": True, "pte": wire.u64(state.pte), "free": state.free}


def describe_end(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """The state at the end of a schedule; what is wrong with it the rig says (rig/check/)."""
    arenas = [
        arena.find_arena(prog, map_id) if arena.has_arena(prog, map_id) else None
        for map_id in request["maps"]
    ]
    reports = stream.since(stream.reports(prog), request["reports"])
    answer = {
        "arenas": [arena_facts(found) for found in arenas],
        "pages": [page_facts(arenas[i], uaddr) for i, uaddr in request["pages"]],
        "splats": klog.splats(klog.lines_since(prog, request["log_seq"])),
    }
    if reports is not None:
        answer["reports"] = [
            {"program": report.program, "address": wire.u64(report.address), "write": report.write}
            for report in reports
        ]
    return answer


OPERATIONS = {"arena": describe_arena, "end": describe_end}


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
