# SPDX-License-Identifier: GPL-2.0-only
"""
I3: the scratch page is never freed and its reference count never drops to zero while the arena lives.

Source: apply_range_clear_cb(), "Without the skip, scratch_page would be freed".
Broken by: free-frees-scratch in free-over-scratch.
"""

from typing import List

from .facts import Facts, Violation


def check(facts: Facts) -> List[Violation]:
    found = []
    for arena in facts.arenas:
        freed = facts.freed.count(arena.scratch_pfn) if arena.scratch_pfn is not None else 0
        refcount = arena.scratch_refcount
        if arena.lives and refcount is not None and refcount <= 0:
            found.append(Violation("I3", "no-reference", count=refcount))
        elif arena.lives and freed:
            found.append(Violation("I3", "freed-while-alive"))
        elif freed > 1:
            found.append(Violation("I3", "freed-again", count=freed))
    return found
