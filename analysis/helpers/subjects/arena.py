# SPDX-License-Identifier: GPL-2.0-only
"""BPF arenas: what of them is watched, and what they look like at the end."""

from typing import Any, Dict, Iterator, List, Optional, Tuple

from drgn import Object, Program
from drgn.helpers.linux.pid import find_task

from .. import arena, stream, wire
from ..survey import Item, members
from ..watch import (
    End,
    Frame,
    Lock,
    Lockless,
    Page,
    Pte,
    Root,
    View,
    Wait,
    Watch,
    Word,
    Word64,
)

# Groups are the arenas by their BPF map ids, in the guest's order.

# Who reads without the lock by design, by member.
_LOCKLESS = {
    "nr_pages": [Lockless("arena_map_mem_usage", "return (u64)READ_ONCE(arena->nr_pages)")],
}


def _lock_name(group: int, role: str = "arena") -> str:
    return f"{role}{group + 1}" if group else role


def _user_views(prog: Program, uaddr: int) -> Iterator[View]:
    """Of each process: its page table is there before the first page is (lib/arena.c)."""
    for mm, address in enumerate(arena.user_pte_addresses(prog, uaddr)):
        yield View(Word64(uaddr), Pte(Word64(address), Word64(arena.physical(prog, address))), mm)


def _page(prog: Program, state: arena.PageState, group: int) -> Page:
    pte = Pte(Word64(state.pte_addr), Word64(state.pte_phys))
    views = [View(Word64(state.kaddr), pte)]
    if state.in_arena:  # a guard zone has no user half
        views += _user_views(prog, state.uaddr)
    return Page(group, views, _lock_name(group))


def _lock(prog: Program, name: str, lock: arena.Lock, group: Optional[int]) -> Lock:
    return Lock(name, lock.kind, Word64(lock.address),
                Word64(arena.physical(prog, lock.address)), lock.bytes, Word64(lock.held), group)


def _locks(prog: Program, found: Object, group: int) -> List[Lock]:
    """The arena's own, and those of the page tables in which its user halves are."""
    locks = {"arena": arena.lock(found), **arena.zap_locks(found)}
    tables = {
        f"page-table-{chr(ord('a') + i)}" if i else "page-table":
            arena.table_lock(mm, found.user_vm_start.value_())
        for i, mm in enumerate(arena.processes(prog))
    }
    return [
        *(_lock(prog, _lock_name(group, role), lock, group) for role, lock in locks.items()),
        *(_lock(prog, _lock_name(group, role), lock, None) for role, lock in tables.items()),
    ]


def _words(prog: Program, found: Object, group: int) -> Iterator[Word]:
    for name, (member, role) in arena.guarded_words(found).items():
        va = int(member.address_of_().value_())
        yield Word(f"arena{group + 1}.{name}" if group else name, Word64(va),
                   Word64(arena.physical(prog, va)), 8, _lock_name(group, role),
                   _LOCKLESS.get(name, []))


def _anybodys(prog: Program, states: List[arena.PageState], found: List[Object]) -> Iterator[Word]:
    """
    Counts of the pages that are mapped now, and of the processes: a free decides by the former
    (page_ref_count(), page_mapped()), its zap by the latter (mmget_not_zero()).  With the former the flags
    that a folio's lock is one of, which are read to decide where it is taken; between them locks that have
    several holders.
    """
    for i, state in enumerate(states):
        if state.pfn is not None and state.pfn != state.scratch_pfn:
            va, size = arena.references(prog, state.pfn)
            yield Word(f"page{i}.refs", Word64(va), Word64(arena.physical(prog, va)), size,
                       pfn=Word64(state.pfn))
            va, size, bits = arena.folio_flags(prog, state.pfn)
            yield Word(f"page{i}.flags", Word64(va), Word64(arena.physical(prog, va)), size,
                       pfn=Word64(state.pfn), read_in="mm/filemap.c", bits=Word64(bits))
    for i, mm in enumerate(arena.processes(prog)):
        for name, (va, source, ends) in arena.mapping_locks(mm, found).items():
            yield Word(f"process{i + 1}.{name}", Word64(va), Word64(arena.physical(prog, va)), 4,
                       mapping=True, read_in=source, ends=ends or None, mm=i)
    for i, mm in enumerate(arena.processes(prog)):
        va = int(mm.mm_users.counter.address_of_().value_())
        yield Word(f"process{i + 1}.users", Word64(va), Word64(arena.physical(prog, va)), 4, mm=i)


def _ends(found: Object, group: int) -> List[End]:
    return [
        End("begins", "arena_map_free", 0, Word64(found.map.address_of_().value_()), group),
        End("gone", "bpf_map_area_free", 0, Word64(found.value_()), group),
    ]


def _roots(prog: Program) -> List[Root]:
    """A vCPU is in one of the guest's processes, or in none and walks the kernel's own tables."""
    return [
        Root(Word64(arena.root(prog, prog["init_mm"].address_of_()))),
        *(Root(Word64(arena.root(prog, mm)), i) for i, mm in enumerate(arena.processes(prog))),
    ]


def describe(prog: Program, request: Dict[str, Any]) -> Tuple[Watch, Dict[str, Any]]:
    """What is watched: of every arena the pages that were asked for, its lock and its end."""
    found = [arena.find_arena(prog, map_id) for map_id in request["groups"]]
    scratch = [arena.scratch_pfn(each) for each in found]
    states = [arena.page_state(found[i], uaddr) for i, uaddr in request["pages"]]
    pages = [_page(prog, state, i) for state, (i, _) in zip(states, request["pages"])]
    watch = Watch(
        pages=pages,
        locks=[lock for i, each in enumerate(found) for lock in _locks(prog, each, i)],
        words=[*(word for i, each in enumerate(found) for word in _words(prog, each, i)),
               *_anybodys(prog, states, found)],
        frames=[Frame("scratch", i, Word64(pfn)) for i, pfn in enumerate(scratch) if pfn is not None],
        frees=arena.frees(prog),
        ends=[end for i, each in enumerate(found) for end in _ends(each, i)],
        waits=[Wait("kernel/bpf/")],
        roots=_roots(prog),
    )
    keep = {
        "groups": request["groups"],
        "pages": request["pages"],
        "scratch_pfns": scratch,
        "reports": stream.as_lists(stream.reports(prog)),
    }
    return watch, keep


def survey(prog: Program, keep: Dict[str, Any]) -> List[Item]:
    """The arenas' own words but the locks, and those that are watched."""
    watched = ("spinlock", "lock", "zap_mutex", "rt", "nr_pages", "vma_list", "zap_gen")
    found = [arena.find_arena(prog, map_id) for map_id in keep["groups"]]
    return [item for each in found for item in members(each, watched)]


def failures(prog: Program, keep: Dict[str, Any]) -> Tuple[List[str], List[str]]:
    """An rqspinlock may be given up, a mutex not; reports for a program's stream are best effort."""
    struct = prog.type("struct bpf_arena")
    gives_up = struct.has_member("spinlock") and \
        struct.member("spinlock").type.type_name() == "rqspinlock_t"
    return (
        [f"kernel/bpf/{name}.c" for name in ("arena", "range_tree", "syscall")],
        [_lock_name(group) for group in range(len(keep["groups"]))] if gives_up else [],
    )


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
