# SPDX-License-Identifier: GPL-2.0-only
"""What a quiet guest looked like at the end, and what can be wrong with it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Optional

from ..arena import PageState
from ..stream import Report


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
    """
    A broken invariant, in the fields of rig/event/violation.h; the reason is one of the
    invariant's row in its check-iN.c, which has the sentence.
    """

    invariant: str
    reason: str
    page: Optional[int] = None
    # How many there are, and how many there should be.
    count: Optional[int] = None
    expected: Optional[int] = None
    # Of an access: its user address, and whether it stores.
    address: Optional[int] = None
    write: Optional[bool] = None
    log: Optional[str] = None
    # The mail thread accepted it in writing.
    documented: bool = False

    def as_json(self) -> Dict[str, Any]:
        fields = {name: value for name, value in asdict(self).items() if value is not None}
        if self.address is not None:
            fields["address"] = hex(self.address)
        return {**fields, "kind": "seen"}
