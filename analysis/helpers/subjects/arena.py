# SPDX-License-Identifier: GPL-2.0-only
"""BPF arenas: what of them is watched, and what they look like at the end."""

from typing import Any, Dict, List, Optional, Tuple

from drgn import Object, Program
from drgn.helpers.linux.pid import find_task

from .. import arena, stream, wire
from ..survey import Item, members
from ..watch import End, Frame, Free, Lock, Page, Pte, View, Wait, Watch, Word64

# Groups are the arenas by their BPF map ids, in the guest's order.


def _lock_name(group: int) -> str:
    return f"arena{group + 1}" if group else "arena"


def _page(state: arena.PageState, group: int) -> Page:
    pte = Pte(Word64(state.pte_addr), Word64(state.pte_phys))
    views = [View(Word64(state.kaddr), pte)]
    # Of user space's half only the accesses are seen; a guard zone has none.
    if state.in_arena:
        views.append(View(Word64(state.uaddr), mm=0))
    return Page(group, views, _lock_name(group))


def _lock(prog: Program, found: Object, group: int) -> Lock:
    lock = arena.lock(found)
    return Lock(_lock_name(group), lock.kind, Word64(lock.address),
                Word64(arena.physical(prog, lock.address)), lock.bytes, Word64(lock.held), group)


def _ends(found: Object, group: int) -> List[End]:
    return [
        End("begins", "arena_map_free", 0, Word64(found.map.address_of_().value_()), group),
        End("gone", "bpf_map_area_free", 0, Word64(found.value_()), group),
    ]


def describe(prog: Program, request: Dict[str, Any]) -> Tuple[Watch, Dict[str, Any]]:
    """What is watched: of every arena the pages that were asked for, its lock and its end."""
    found = [arena.find_arena(prog, map_id) for map_id in request["groups"]]
    scratch = [arena.scratch_pfn(each) for each in found]
    pages = [_page(arena.page_state(found[i], uaddr), i) for i, uaddr in request["pages"]]
    watch = Watch(
        pages=pages,
        locks=[_lock(prog, each, i) for i, each in enumerate(found)],
        frames=[Frame("scratch", i, Word64(pfn)) for i, pfn in enumerate(scratch) if pfn is not None],
        frees=[
            Free("__free_pages", "page", required=True),
            Free("free_pages_nolock", "page", required=False),
        ],
        ends=[end for i, each in enumerate(found) for end in _ends(each, i)],
        waits=[Wait("kernel/bpf/")],
    )
    keep = {
        "groups": request["groups"],
        "pages": request["pages"],
        "scratch_pfns": scratch,
        "reports": stream.as_lists(stream.reports(prog)),
    }
    return watch, keep


def _user_ptes(prog: Program, keep: Dict[str, Any]) -> List[Item]:
    """Of the guest's first process; in a table that is not there yet nothing can be counted."""
    pgd = find_task(prog, 1).mm.pgd.value_()
    found = []
    for i, (_, uaddr) in enumerate(keep["pages"]):
        try:
            address = arena.pte_address(prog, uaddr, pgd)
        except LookupError:
            address = 0
        found.append(Item("user-pte", f"page{i}", address, 8))
    return found


def survey(prog: Program, keep: Dict[str, Any]) -> List[Item]:
    """The arenas' own words but the lock, and the other half of the pages."""
    found = [arena.find_arena(prog, map_id) for map_id in keep["groups"]]
    words = [item for each in found for item in members(each, ("spinlock", "lock"))]
    return [*_user_ptes(prog, keep), *words]


def _group_facts(found: Optional[Object]) -> Dict[str, Any]:
    """What is to be known of one arena; None: it is gone."""
    if found is None:
        return {"lives": False, "mapped": 0, "words": []}
    counts = {"refcount": arena.scratch_refcount(found), "counted": arena.pages_counted(found)}
    return {
        "lives": True,
        "mapped": arena.pages_mapped(found),
        "words": [
            {"offset": offset, "word": wire.u64(word)} for offset, word in arena.scratch_words(found)
        ],
        **{name: count for name, count in counts.items() if count is not None},
    }


def _page_facts(found: Optional[Object], uaddr: int) -> Dict[str, Any]:
    """What is to be known of one watched page; None: its arena is gone."""
    if found is None:
        return {"exists": False, "pte": wire.u64(0), "free": True}
    state = arena.page_state(found, uaddr)
    return {"exists": True, "pte": wire.u64(state.pte), "free": state.free}


def end(prog: Program, keep: Dict[str, Any]) -> Dict[str, Any]:
    """The arenas, their watched pages, and what programs were told."""
    found = [
        arena.find_arena(prog, map_id) if arena.has_arena(prog, map_id) else None
        for map_id in keep["groups"]
    ]
    reports = stream.since(stream.reports(prog), keep["reports"])
    facts: Dict[str, Any] = {
        "groups": [_group_facts(each) for each in found],
        "pages": [_page_facts(found[i], uaddr) for i, uaddr in keep["pages"]],
    }
    if reports is not None:
        facts["reports"] = [
            {"program": report.program, "address": wire.u64(report.address), "write": report.write}
            for report in reports
        ]
    return facts
