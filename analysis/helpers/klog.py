# SPDX-License-Identifier: GPL-2.0-only
"""The kernel log: what came since a point, and what in it is a splat."""

from pathlib import Path
from typing import List, Optional

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


def _flag(prog: Program, name: str) -> Optional[int]:
    """An integer of the kernel's; None: this one has not got it."""
    try:
        return int(prog.variable(name).value_())
    except LookupError:
        return None


def silent_checkers(prog: Program) -> List[str]:
    """Checkers of the kernel's own that have reported, and by that have turned themselves off."""
    lockdep = _flag(prog, "prove_locking") is not None and _flag(prog, "debug_locks") == 0
    # KASAN_BIT_REPORTED without KASAN_BIT_MULTI_SHOT
    kasan = (_flag(prog, "kasan_flags") or 0) & 3 == 1
    return [name for name, silent in (("lockdep", lockdep), ("KASAN", kasan)) if silent]


def check_armed(prog: Program) -> None:
    """To be called before a race: what is silent there would never report it."""
    silent = silent_checkers(prog)
    if silent:
        said = splats(lines_since(prog, -1)) or ["nothing in the log"]
        names = " and ".join(silent)
        raise ValueError(f"{names} reported while the guest booted and says nothing since: {said[0]}")


def splats(lines: List[str]) -> List[str]:
    """The lines that open a splat."""
    return [line for line in lines if any(word in line for word in SPLATS)]
