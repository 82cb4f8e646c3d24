# SPDX-License-Identifier: GPL-2.0-only
"""
I2: after a successful alloc of an address and until its free, its PTE maps exactly the page handed out.

Source: bpf_arena_alloc_pages(), commit 317460317a02 ("bpf: Introduce bpf_arena").
rig/check/check-i2.c looks at every event; this is the state at the end.
Broken by: alloc-overwrites-page in alloc-vs-alloc.
"""

from typing import List

from .facts import Facts, Violation


def check(facts: Facts) -> List[Violation]:
    return [
        Violation("I2", "maps-another", page=i)
        for i, (state, owned) in enumerate(zip(facts.states, facts.owned))
        if state and owned is not None and state.pfn != owned
    ]
