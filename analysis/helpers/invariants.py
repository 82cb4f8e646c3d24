# SPDX-License-Identifier: GPL-2.0-only
"""
The invariants a quiet guest can be asked about: I1 to I4 and I9 to I11.

Asked after a schedule, when every operation has returned.  Each check looks at
facts only; what the operations returned comes from the rig.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import List, Optional

from .arena import PageState
from .klog import splats
from .stream import Report


@dataclass(frozen=True)
class Facts:
    """What the guest looked like at the end."""

    states: List[PageState]
    # Frame each page's allocator handed out and nobody freed; None: nothing.
    owned: List[Optional[int]]
    scratch_pfn: Optional[int]
    scratch_refcount: Optional[int]
    log: List[str]
    # PTEs that map pages, and what the kernel counts; None: it counts nothing.
    pages_mapped: int = 0
    pages_counted: Optional[int] = None
    # Faults that the kernel took, and those it told the programs of; None: no streams.
    faults: List[Report] = field(default_factory=list)
    reports: Optional[List[Report]] = None


@dataclass(frozen=True)
class Violation:
    """A broken invariant, in one sentence."""

    invariant: str
    summary: str


def check_i1(facts: Facts) -> List[Violation]:
    """I1: a PTE that maps an allocated page never becomes the scratch page."""
    return [
        Violation("I1", f"page {i} is allocated and its PTE maps the scratch page")
        for i, (state, owned) in enumerate(zip(facts.states, facts.owned))
        if owned is not None and state.pfn is not None and state.pfn == facts.scratch_pfn
    ]


def check_i2(facts: Facts) -> List[Violation]:
    """I2: the PTE of an allocated address maps exactly the page handed out."""
    return [
        Violation("I2", f"page {i} is allocated and its PTE does not map the page handed out")
        for i, (state, owned) in enumerate(zip(facts.states, facts.owned))
        if owned is not None and state.pfn != owned
    ]


def check_i3(facts: Facts) -> List[Violation]:
    """I3: the scratch page is never freed while the arena lives."""
    if facts.scratch_refcount is None or facts.scratch_refcount > 0:
        return []
    return [Violation("I3", f"the scratch page's reference count is {facts.scratch_refcount}")]


def check_i4(facts: Facts) -> List[Violation]:
    """I4: range tree and PTEs agree when nobody holds the lock."""
    found = []
    for i, state in enumerate(facts.states):
        if state.free and state.pfn not in (None, facts.scratch_pfn):
            found.append(Violation("I4", f"page {i} is free in the range tree and maps a page"))
        if not state.free and (state.pfn is None or state.pfn == facts.scratch_pfn):
            what = "nothing" if state.pfn is None else "the scratch page"
            found.append(
                Violation("I4", f"page {i} is allocated in the range tree and maps {what}")
            )
    return found


def check_i9(facts: Facts) -> List[Violation]:
    """I9: the arena's page count equals the PTEs that map pages."""
    if facts.pages_counted in (None, facts.pages_mapped):
        return []
    return [
        Violation(
            "I9",
            f"the arena counts {facts.pages_counted} pages and maps {facts.pages_mapped}",
        )
    ]


def _describe(report: Report) -> str:
    return f"the {'write' if report.write else 'read'} fault at {report.address:#x}"


def check_i11(facts: Facts) -> List[Violation]:
    """I11: a kernel fault is reported once, with address and direction."""
    if facts.reports is None:
        return []
    taken, told = Counter(facts.faults), Counter(facts.reports)
    return [
        Violation("I11", f"{_describe(report)} was taken {taken[report]} times and reported "
                         f"{told[report]} times")
        for report in sorted(taken | told)
        if taken[report] != told[report]
    ]


def check_i10(facts: Facts) -> List[Violation]:
    """I10: the kernel log holds no splat."""
    return [Violation("I10", f"kernel log: {line}") for line in splats(facts.log)]


CHECKS = (check_i1, check_i2, check_i3, check_i4, check_i9, check_i10, check_i11)


def check_all(facts: Facts) -> List[Violation]:
    """Every violation, in the order of the invariants."""
    return [violation for check in CHECKS for violation in check(facts)]
