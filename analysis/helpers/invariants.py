# SPDX-License-Identifier: GPL-2.0-only
"""
The invariants a quiet guest can be asked about: I1 to I4 and I8 to I11.

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
class ArenaFacts:
    """One arena; all but *scratch_pfn* only means something while it lives."""

    scratch_pfn: Optional[int]
    lives: bool = True
    scratch_refcount: Optional[int] = None
    scratch_zero: bool = True
    # PTEs that map pages, and what the kernel counts; None: it counts nothing.
    pages_mapped: int = 0
    pages_counted: Optional[int] = None


@dataclass(frozen=True)
class Facts:
    """What the guest looked like at the end."""

    arenas: List[ArenaFacts]
    # Watched pages; None: their arena is gone.
    states: List[Optional[PageState]]
    # Frame each page's allocator handed out and nobody freed; None: nothing.
    owned: List[Optional[int]]
    reserved: List[bool]
    # Pages that an operation freed and none allocated.
    given_up: List[bool]
    log: List[str]
    # Frames put into watched PTEs (once for each time) and given back to the allocator.
    installed: List[int] = field(default_factory=list)
    freed: List[int] = field(default_factory=list)
    # Whether the kernel wrote through scratch, with its programs' bad pointers.
    scratch_written: bool = False
    # Faults that the kernel took, and those it told the programs of; None: no streams.
    faults: List[Report] = field(default_factory=list)
    reports: Optional[List[Report]] = None


@dataclass(frozen=True)
class Violation:
    """A broken invariant, in one sentence."""

    invariant: str
    summary: str
    # The mail thread accepted it in writing.
    documented: bool = False


def check_i1(facts: Facts) -> List[Violation]:
    """I1: a PTE that maps an allocated page never becomes the scratch page."""
    return [
        Violation("I1", f"page {i} is allocated and its PTE maps the scratch page")
        for i, (state, owned) in enumerate(zip(facts.states, facts.owned))
        if state and owned is not None and state.pfn is not None and state.pfn == state.scratch_pfn
    ]


def check_i2(facts: Facts) -> List[Violation]:
    """I2: the PTE of an allocated address maps exactly the page handed out."""
    return [
        Violation("I2", f"page {i} is allocated and its PTE does not map the page handed out")
        for i, (state, owned) in enumerate(zip(facts.states, facts.owned))
        if state and owned is not None and state.pfn != owned
    ]


def check_i3(facts: Facts) -> List[Violation]:
    """I3: the scratch page is freed once, by the arena's end."""
    found = []
    for arena in facts.arenas:
        freed = facts.freed.count(arena.scratch_pfn) if arena.scratch_pfn is not None else 0
        refcount = arena.scratch_refcount
        if arena.lives and refcount is not None and refcount <= 0:
            found.append(Violation("I3", f"the scratch page's reference count is {refcount}"))
        elif arena.lives and freed:
            found.append(Violation("I3", "the scratch page was freed and its arena lives"))
        elif freed > 1:
            found.append(Violation("I3", f"the scratch page was freed {freed} times"))
    return found


def _check_tree(i: int, state: PageState, reserved: bool) -> Optional[str]:
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


def check_i4(facts: Facts) -> List[Violation]:
    """I4: range tree and PTEs agree when nobody holds the lock."""
    wrong = [
        _check_tree(i, state, reserved)
        for i, (state, reserved) in enumerate(zip(facts.states, facts.reserved))
        if state
    ]
    return [Violation("I4", summary) for summary in wrong if summary]


def check_i8(facts: Facts) -> List[Violation]:
    """I8: the scratch page reads as zeroes; a program's own write is documented."""
    if all(arena.scratch_zero for arena in facts.arenas if arena.lives):
        return []
    if facts.scratch_written:
        return [Violation("I8", "the scratch page holds what the kernel wrote through a bad pointer",
                          documented=True)]
    return [Violation("I8", "the scratch page is not zero and no access wrote to it")]


def check_i9(facts: Facts) -> List[Violation]:
    """I9: the arena's page count equals the PTEs that map pages; nothing is leaked."""
    found = [
        Violation("I9", f"the arena counts {arena.pages_counted} pages and maps "
                        f"{arena.pages_mapped}")
        for arena in facts.arenas
        if arena.lives and arena.pages_counted not in (None, arena.pages_mapped)
    ]
    found += [
        Violation("I9", "the arena is gone and its scratch page was never freed")
        for arena in facts.arenas
        if not arena.lives and arena.scratch_pfn is not None
        and arena.scratch_pfn not in facts.freed
    ]
    found += [
        Violation("I9", f"page {i} was freed and still maps a page")
        for i, (state, given_up) in enumerate(zip(facts.states, facts.given_up))
        if state and given_up and state.pfn not in (None, state.scratch_pfn)
    ]
    mapped = {state.pfn for state in facts.states if state}
    installed, freed = Counter(facts.installed), Counter(facts.freed)
    leaked = [pfn for pfn in installed if installed[pfn] > freed[pfn] and pfn not in mapped]
    if leaked:
        found.append(Violation("I9", f"no PTE maps {len(leaked)} of the pages handed out, and "
                                     "nobody gave them back"))
    return found


def _describe(report: Report) -> str:
    return f"the {'write' if report.write else 'read'} fault at {report.address:#x}"


def check_i11(facts: Facts) -> List[Violation]:
    """I11: a kernel fault is reported once, to the program that caused it."""
    if facts.reports is None:
        return []
    taken, told = Counter(facts.faults), Counter(facts.reports)
    return [
        Violation("I11", f"{_describe(report)} was taken {taken[report]} times by one program and "
                         f"reported {told[report]} times to it")
        for report in sorted(taken | told)
        if taken[report] != told[report]
    ]


def check_i10(facts: Facts) -> List[Violation]:
    """I10: the kernel log holds no splat."""
    return [Violation("I10", f"kernel log: {line}") for line in splats(facts.log)]


CHECKS = (check_i1, check_i2, check_i3, check_i4, check_i8, check_i9, check_i10, check_i11)


def check_all(facts: Facts) -> List[Violation]:
    """Every violation, in the order of the invariants."""
    return [violation for check in CHECKS for violation in check(facts)]
