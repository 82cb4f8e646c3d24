# SPDX-License-Identifier: GPL-2.0-only
"""
I9: page accounting equals the PTEs that map pages; nothing is leaked at destroy.

Source: struct bpf_arena, "number of pages currently populated in the arena"; arena_map_free().
Broken by: free-miscounts-scratch in free-over-scratch.
"""

from collections import Counter
from typing import List

from .facts import Facts, Violation


def check(facts: Facts) -> List[Violation]:
    found = [
        Violation("I9", "miscounted", count=arena.pages_counted, expected=arena.pages_mapped)
        for arena in facts.arenas
        if arena.lives and arena.pages_counted not in (None, arena.pages_mapped)
    ]
    found += [
        Violation("I9", "scratch-leaked")
        for arena in facts.arenas
        if not arena.lives and arena.scratch_pfn is not None
        and arena.scratch_pfn not in facts.freed
    ]
    found += [
        Violation("I9", "freed-maps-page", page=i)
        for i, (state, given_up) in enumerate(zip(facts.states, facts.given_up))
        if state and given_up and state.pfn not in (None, state.scratch_pfn)
    ]
    # What user space still has mapped is no leak; whether it should have it is I12's matter.
    mapped = {pfn for state in facts.states if state for pfn in (state.pfn, *state.user_pfns)}
    installed, freed = Counter(facts.installed), Counter(facts.freed)
    leaked = [pfn for pfn in installed if installed[pfn] > freed[pfn] and pfn not in mapped]
    if leaked:
        found.append(Violation("I9", "leaked", count=len(leaked)))
    return found
