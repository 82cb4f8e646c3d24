# SPDX-License-Identifier: GPL-2.0-only
"""
I4: outside the lock, a free address has an empty or scratch PTE and an allocated one maps its page.

Source: Tsalapatis, bpf list, 12 May 2026: "it can just allocate over them and automatically
turns the address valid".
Broken by: alloc-ignores-scratch in alloc-over-scratch.
"""

from typing import List, Optional

from ..arena import PageState
from .facts import Facts, Violation


def _wrong(i: int, state: PageState, reserved: bool) -> Optional[str]:
    if state.free and state.pfn not in (None, state.scratch_pfn):
        return f"page {i} is free in the range tree and maps a page"
    unmapped = state.pfn is None or state.pfn == state.scratch_pfn
    if reserved:
        if state.free:
            return f"page {i} is reserved and free in the range tree"
        return None if unmapped else f"page {i} is reserved and maps a page"
    if not state.free and unmapped:
        what = "nothing" if state.pfn is None else "the scratch page"
        return f"page {i} is allocated in the range tree and maps {what}"
    return None


def check(facts: Facts) -> List[Violation]:
    wrong = [
        _wrong(i, state, reserved)
        for i, (state, reserved) in enumerate(zip(facts.states, facts.reserved))
        if state
    ]
    return [Violation("I4", summary) for summary in wrong if summary]
