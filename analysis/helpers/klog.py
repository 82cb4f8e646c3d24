# SPDX-License-Identifier: GPL-2.0-only
"""The kernel log: what came since a point, and what in it is a splat."""

from pathlib import Path
from typing import List

from drgn import Program
from drgn.helpers.linux.printk import get_printk_records

# How the kernel opens each kind of complaint; the rig reads the same list.
SPLATS = tuple((Path(__file__).parent / "splats.txt").read_text().splitlines())


def last_seq(prog: Program) -> int:
    """Sequence number of the newest record; -1 for an empty log."""
    return max((record.seq for record in get_printk_records(prog)), default=-1)


def unchanged_since(prog: Program, seq: int) -> bool:
    """Whether nothing came after *seq*; cheap where the kernel counts records."""
    try:
        last = prog["prb"].desc_ring.last_finalized_seq.counter.value_()
    except AttributeError:
        return False
    return bool(last == seq)


def lines_since(prog: Program, seq: int) -> List[str]:
    """The text of every record newer than *seq*."""
    if unchanged_since(prog, seq):
        return []
    return [
        record.text.decode(errors="replace")
        for record in get_printk_records(prog)
        if record.seq > seq
    ]


def splats(lines: List[str]) -> List[str]:
    """The lines that open a splat."""
    return [line for line in lines if any(word in line for word in SPLATS)]
