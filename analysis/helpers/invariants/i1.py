# SPDX-License-Identifier: GPL-2.0-only
"""
I1: a PTE that maps an allocated page never becomes the scratch page.

Source: Dwivedi, bpf list, 12 May 2026: "we shouldn't install scratch page over a valid
page".  rig/subject/arena/check-i1.c looks at every event; this is the state at the end.
Broken by: scratch-plain-store in fault-vs-alloc.
"""

from typing import List

from .facts import Facts, Violation


def check(facts: Facts) -> List[Violation]:
    return [
        Violation("I1", "maps-scratch", page=i)
        for i, (state, owned) in enumerate(zip(facts.states, facts.owned))
        if state and owned is not None and state.pfn is not None and state.pfn == state.scratch_pfn
    ]
