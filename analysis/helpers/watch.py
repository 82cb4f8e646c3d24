# SPDX-License-Identifier: GPL-2.0-only
"""
What the rig is to watch, in the form of rig/subject/watch.h, which says what each part means.

A subject makes one Watch of its kernel's own types; the rig reads it strictly and knows
nothing of the subject by other means.
"""

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Optional

from . import wire


@dataclass(frozen=True)
class Word64:
    """A 64-bit word, which JSON gets as text."""

    value: int


@dataclass(frozen=True)
class Pte:
    """Where a PTE is."""

    va: Word64
    phys: Word64


@dataclass(frozen=True)
class View:
    """One way to reach a page; without *mm* the kernel's, without *pte* its PTE is not watched."""

    va: Word64
    pte: Optional[Pte] = None
    mm: Optional[int] = None

    @property
    def space(self) -> str:
        return "kernel" if self.mm is None else "user"


@dataclass(frozen=True)
class Page:
    """A watched page; its first view is the kernel's and has a PTE."""

    group: int
    views: List[View]
    guarded_by: Optional[str] = None  # the lock under which its PTEs are changed
    lazy: Optional[bool] = None  # its flush is left to a purge, and until then it may be used


@dataclass(frozen=True)
class Lock:
    """The word of a lock."""

    name: str
    kind: str  # "spin", "mutex"
    va: Word64
    phys: Word64
    bytes: int
    held: Word64  # its bits of which one is set while somebody holds it
    group: Optional[int] = None  # with which its memory goes


@dataclass(frozen=True)
class Frame:
    """A frame that is not handed out, but means something."""

    role: str
    group: int
    pfn: Word64


@dataclass(frozen=True)
class Free:
    """
    A function that frees pages; what is not *required* some kernels lack.  It *drops* a reference, which need
    not be the last, or is the allocator's own and gets what nobody refers to any more.  A "batch" is a struct
    folio_batch with so many folios, in an array of them.
    """

    symbol: str
    argument: str  # "page", "folio", "batch"
    required: bool
    drops: bool = False
    count_at: Optional[int] = None  # of a batch, in bytes: one byte, how many …
    list_at: Optional[int] = None  # … and pointers to them


@dataclass(frozen=True)
class Lockless:
    """A function that reads a word without its lock by design, and the source that says so."""

    function: str
    source: str


@dataclass(frozen=True)
class Word:
    """
    A word that only the holder of a lock should touch; or, without one, that is anybody's: it counts the
    references to the frame *pfn* or has the lock of its folio in it, is a lock of the *mapping*s of process
    *mm*, or counts the users of that.  These come last, in that order.
    """

    name: str
    va: Word64
    phys: Word64
    bytes: int
    guarded_by: Optional[str] = None
    lockless: List[Lockless] = field(default_factory=list)
    pfn: Optional[Word64] = None
    mapping: Optional[bool] = None
    read_in: Optional[str] = None  # the source outside of which a load of it only asserts
    bits: Optional[Word64] = None  # those that say something to others; without it all
    ends: Optional[bool] = None  # at 0 the mapping is gone, and what had the lock may be something else
    mm: Optional[int] = None


@dataclass(frozen=True)
class End:
    """A group's end is there when *symbol* gets *value* as its argument of that number."""

    kind: str  # "begins", "gone"
    symbol: str
    argument: int
    value: Word64
    group: int


@dataclass(frozen=True)
class Wait:
    """A source folder or file in which one vCPU waits for another."""

    source: str


@dataclass(frozen=True)
class Root:
    """The top of a process's page tables; without *mm* of the kernel's own."""

    phys: Word64
    mm: Optional[int] = None


@dataclass(frozen=True)
class Watch:
    """All of it."""

    pages: List[Page]
    locks: List[Lock]
    frees: List[Free]
    frames: List[Frame] = field(default_factory=list)
    words: List[Word] = field(default_factory=list)
    ends: List[End] = field(default_factory=list)
    waits: List[Wait] = field(default_factory=list)
    roots: List[Root] = field(default_factory=list)

    def as_json(self) -> Dict[str, Any]:
        spaces = [[view.space for view in page.views] for page in self.pages]
        found: Dict[str, Any] = _plain(asdict(self))
        for page, names in zip(found["pages"], spaces):
            for view, name in zip(page["views"], names):
                view["space"] = name
        return found


def _plain(value: Any) -> Any:
    """Without what is None, and words as text."""
    if isinstance(value, dict):
        if value.keys() == {"value"}:
            return wire.u64(value["value"])
        return {name: _plain(member) for name, member in value.items() if member is not None}
    if isinstance(value, list):
        return [_plain(element) for element in value]
    return value
