# SPDX-License-Identifier: GPL-2.0-only
"""What the kernel told BPF programs: the messages in their streams."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, List, Optional

from drgn import Object, Program
from drgn.helpers.linux.bpf import bpf_prog_for_each
from drgn.helpers.linux.llist import llist_for_each_entry

from . import wire

# As __bpf_prog_report_arena_violation() writes it.
REPORT = re.compile(r"Arena (READ|WRITE) access at unmapped address 0x([0-9a-f]+)")


@dataclass(frozen=True, order=True)
class Report:
    """One reported fault."""

    program: int  # id of the program whose stream has it
    address: int
    write: bool


def _texts(stream: Object) -> List[str]:
    return [
        # In one go: string_() looks for the end step by step.
        stream.prog_.read(element.str.address_of_(), element.total_len).decode(errors="replace")
        for element in llist_for_each_entry("struct bpf_stream_elem", stream.log.first, "node")
    ]


def reports(prog: Program) -> Optional[List[Report]]:
    """Every arena fault reported so far, sorted; None on kernels without streams."""
    if not prog.type("struct bpf_prog_aux").has_member("stream"):
        return None
    matches = [
        (bpf_prog.aux.id.value_(), REPORT.search(text))
        for bpf_prog in bpf_prog_for_each(prog)
        for stream in bpf_prog.aux.stream
        for text in _texts(stream)
    ]
    return sorted(
        Report(program, int(match[2], 16), match[1] == "WRITE")
        for program, match in matches
        if match
    )


def as_lists(found: Optional[List[Report]]) -> Optional[List[List[Any]]]:
    """For JSON: what a guest prints as an address may be any word."""
    if found is None:
        return None
    return [[report.program, wire.u64(report.address), report.write] for report in found]


def since(
    found: Optional[List[Report]], before: Optional[List[List[Any]]]
) -> Optional[List[Report]]:
    """Those of *found* that are not in *before*, as as_lists() gave it."""
    if found is None or before is None:
        return None
    new = Counter(found) - Counter(
        Report(program, wire.from_u64(address), write) for program, address, write in before
    )
    return sorted(new.elements())
