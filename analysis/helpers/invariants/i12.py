# SPDX-License-Identifier: GPL-2.0-only
"""
I12: user space and the kernel agree on what an address maps.

Source: zap_pages(), "unmap it from all user space vma-s".  rig/check/check-i12.c looks at every
event; this is the state at the end, when nothing is put off any more.
Broken by: free-one-no-zap in user-access-vs-free.
"""

from typing import List

from .facts import Facts, Violation


def check(facts: Facts) -> List[Violation]:
    return [
        Violation("I12", "disagree", page=i)
        for i, state in enumerate(facts.states)
        if state and any(pfn != state.pfn for pfn in state.user_pfns)
    ]
