#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The drgn process beside the rig: one JSON request a line on stdin, one JSON
answer a line on stdout.

  {"op": "arena", "map": ID, "pages": [UADDR…], "cpus": N}
  {"op": "check", "map": ID, "pages": [UADDR…], "owned": [PFN|null…], "log_seq": N,
   "faults": [[UADDR, WRITE]…], "reports": the answer's from "arena"}

An answer is {"ok": …} or {"error": "one line"}.  Ends when stdin does.
"""

import argparse
import json
import os
import sys
from dataclasses import asdict
from typing import Any, Dict

from drgn import Program, offsetof

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from analysis.helpers import arena, invariants, klog, smp, stream
from analysis.helpers.guest import attach
from analysis.helpers.qmp import MonitorMemory


def describe_arena(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """Where everything is: asked once, at the snapshot."""
    found = arena.find_arena(prog, request["map"])
    lock = arena.lock(found)
    return {
        "lock": lock.address,
        "lock_phys": arena.physical(prog, lock.address),
        "lock_held": lock.held,
        "irq_queues": [smp.irq_queues(prog, cpu) for cpu in range(request["cpus"])],
        "vmemmap": arena.vmemmap(prog),
        "page_size": arena.struct_page_size(prog),
        "refcount_offset": offsetof(prog.type("struct page"), "_refcount.counter"),
        "kern_vm_start": arena.kern_vm_start(found),
        "scratch_pfn": arena.scratch_pfn(found),
        "log_seq": klog.last_seq(prog),
        "reports": stream.as_lists(stream.reports(prog)),
        "pages": [asdict(arena.page_state(found, uaddr)) for uaddr in request["pages"]],
    }


def check(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """The state at the end of a schedule and what is wrong with it."""
    found = arena.find_arena(prog, request["map"])
    facts = invariants.Facts(
        states=[arena.page_state(found, uaddr) for uaddr in request["pages"]],
        owned=request["owned"],
        scratch_pfn=arena.scratch_pfn(found),
        scratch_refcount=arena.scratch_refcount(found),
        log=klog.lines_since(prog, request["log_seq"]),
        pages_mapped=arena.pages_mapped(found),
        pages_counted=arena.pages_counted(found),
        faults=[stream.Report(uaddr, write) for uaddr, write in request["faults"]],
        reports=stream.since(stream.reports(prog), request["reports"]),
    )
    return {
        "scratch_refcount": facts.scratch_refcount,
        "free": [state.free for state in facts.states],
        "log": facts.log,
        "violations": [asdict(violation) for violation in invariants.check_all(facts)],
    }


OPERATIONS = {"arena": describe_arena, "check": check}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qmp", required=True, help="QEMU's QMP socket")
    parser.add_argument("--vmlinux", required=True, help="the guest kernel with DWARF")
    parser.add_argument("--far", action="store_true", help="QEMU is on another host")
    args = parser.parse_args()
    answer: Dict[str, Any]
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
            answer = {"ok": OPERATIONS[request["op"]](prog, request)}
        except Exception as error:  # whatever it is, the rig must hear of it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
