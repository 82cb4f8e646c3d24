# SPDX-License-Identifier: GPL-2.0-only
"""
I8: the scratch page reads as zeroes.

Source: Dwivedi, bpf list, 12 May 2026: "It likely should also be zeroed out, to preserve the
idea that reading 'faulting' regions returns zeroes".  Mappings are writable, so what the
kernel stored through a bad pointer is documented.  rig/subject/arena/check-i8.c is about user space.
Broken by: scratch-not-zeroed in fault-vs-fault.
"""

from typing import List

from .facts import Facts, Violation


def check(facts: Facts) -> List[Violation]:
    if all(arena.scratch_zero for arena in facts.arenas if arena.lives):
        return []
    if facts.scratch_written:
        return [Violation("I8", "kernel-wrote", documented=True)]
    return [Violation("I8", "not-zero")]
