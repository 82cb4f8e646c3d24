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


def _wrong(state: PageState, reserved: bool) -> Optional[str]:
    if state.free and state.pfn not in (None, state.scratch_pfn):
        return "free-maps-page"
    unmapped = state.pfn is None or state.pfn == state.scratch_pfn
    if reserved:
        if state.free:
            return "reserved-free"
        return None if unmapped else "reserved-maps-page"
    if not state.free and unmapped:
        return "allocated-maps-nothing" if state.pfn is None else "allocated-maps-scratch"
    return None


def check(facts: Facts) -> List[Violation]:
    wrong = [
        (i, _wrong(state, reserved))
        for i, (state, reserved) in enumerate(zip(facts.states, facts.reserved))
        if state
    ]
    return [Violation("I4", reason, page=i) for i, reason in wrong if reason]
