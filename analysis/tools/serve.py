#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
The drgn process beside the rig: one JSON request a line on stdin, one JSON
answer a line on stdout.

  {"op": "describe", "subject": NAME, "groups": [ID…], "pages": [[GROUP, UADDR]…], "cpus": N,
   "report": UADDR, "control": UADDR}
  {"op": "end", "subject": NAME, "keep": the answer's from "describe", "frames": [PFN…]}
  {"op": "survey", "subject": NAME, "keep": as above}
  {"op": "failures", "subject": NAME, "keep": as above, "cpus": N}
  {"op": "differences", "words": [PHYS…], "stacks": [POINTER…]}
  {"op": "dead", "stacks": [POINTER…]}

GROUP is an index into groups.  Addresses in an answer are text
(analysis/helpers/wire.py), but in "keep", which is nobody's to read.
With --ram the answers to "end", "differences" and "dead" have "reads", too: the stretches of physical memory that it rests on.
An answer is {"ok": …} or {"error": "one line"}.  Ends when stdin does.
"""

import argparse
import json
import os
import sys
from typing import Any, Dict, Optional

from drgn import Program, offsetof

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from analysis.helpers import arena, failures, klog, memory, pins, smp, subjects, survey, wire
from analysis.helpers.guest import Memory, attach
from analysis.helpers.qmp import MonitorMemory
from analysis.helpers.ram import Ram


def describe(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """Where everything is: asked once, at the snapshot."""
    klog.check_armed(prog)
    watch, keep = subjects.find(request["subject"]).describe(prog, request)
    u64 = wire.u64
    return {
        "report_phys": u64(arena.init_physical(prog, request["report"])),
        "control_phys": u64(arena.init_physical(prog, request["control"])),
        "run_queues": [
            [u64(count) for count in smp.run_queue(prog, cpu)] for cpu in range(request["cpus"])
        ],
        "irq_queues": [
            [u64(head) for head in smp.irq_queues(prog, cpu)] for cpu in range(request["cpus"])
        ],
        "lazy_flags": [u64(smp.lazy_flag(prog, cpu)) for cpu in range(request["cpus"])],
        "vmemmap": u64(arena.vmemmap(prog)),
        "page_size": arena.struct_page_size(prog),
        "refcount_offset": offsetof(prog.type("struct page"), "_refcount.counter"),
        "watch": watch.as_json(),
        "keep": {**keep, "log_seq": klog.last_seq(prog)},
    }


def end(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """The state at the end of a schedule; what is wrong with it the rig says (rig/check/)."""
    keep = request["keep"]
    return {
        **subjects.find(request["subject"]).end(prog, keep),
        "given_back": [arena.refcount(prog, pfn) == 0 for pfn in request["frames"]],
        "pinned": pins.pinned(prog, request["frames"]),
        "splats": klog.splats(klog.lines_since(prog, keep["log_seq"])),
    }


def differences(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """Whose the words are in which two states of the guest differ."""
    return memory.differences(
        prog,
        [wire.from_u64(word) for word in request["words"]],
        [wire.from_u64(pointer) for pointer in request["stacks"]],
    )


def dead(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """Where nothing is read before it is written, while all actors stand in user space."""
    pointers = [wire.from_u64(pointer) for pointer in request["stacks"]]
    return {
        "dead": [
            {"phys": wire.u64(span.start), "size": wire.u64(span.size)}
            for span in memory.stacks_in_user_space(prog, pointers)
        ]
    }


def survey_of(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """What is no event, and can be counted."""
    found = subjects.find(request["subject"]).survey(prog, request["keep"])
    return {"survey": [item.as_json() for item in [*found, *survey.functions(prog)]]}


def failures_of(prog: Program, request: Dict[str, Any]) -> Dict[str, Any]:
    """What can be made to fail."""
    sources, locks = subjects.find(request["subject"]).failures(prog, request["keep"])
    return failures.describe(prog, sources, locks, request["cpus"])


OPERATIONS = {"describe": describe, "end": end, "differences": differences,
              "dead": dead, "failures": failures_of, "survey": survey_of}

#: What the rig asks after many schedules, and may find to be as it was.
REPEATED = {"end", "differences", "dead"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--qmp", required=True, help="QEMU's QMP socket")
    parser.add_argument("--vmlinux", required=True, help="the guest kernel with DWARF")
    parser.add_argument("--ram", type=int, help="the number of an open file that is the guest's RAM")
    args = parser.parse_args()
    prog = None
    memory: Optional[Memory] = None
    for line in sys.stdin:
        try:
            if memory is None:
                memory = Ram(args.ram) if args.ram is not None else MonitorMemory(args.qmp)
            memory.forget()
            if prog is None:
                prog = attach(args.qmp, args.vmlinux, memory)
            request = json.loads(line)
            answer = OPERATIONS[request["op"]](prog, request)
            if request["op"] in REPEATED and isinstance(memory, Ram):
                answer["reads"] = memory.reads()
            line = wire.dumps({"ok": answer})
        except Exception as error:  # whatever it is, the rig must hear of it
            line = json.dumps({"error": f"{type(error).__name__}: {error}"})
        print(line, flush=True)


if __name__ == "__main__":
    main()
