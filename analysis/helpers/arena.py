# SPDX-License-Identifier: GPL-2.0-only
"""
BPF arenas in a guest, read with the kernel's own types.

Kernel differences are met by asking for the field or symbol, never for the
version.
"""

import struct
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Tuple

from drgn import Object, Program, TypeKind, cast, container_of, offsetof, sizeof
from drgn.helpers.linux.bpf import bpf_map_for_each
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.mapletree import mtree_load
from drgn.helpers.linux.mm import (
    follow_phys,
    page_to_pfn,
    pfn_to_page,
    phys_to_virt,
    virt_to_phys,
    vma_find,
)
from drgn.helpers.linux.pid import find_task
from drgn.helpers.linux.rbtree import rbtree_inorder_for_each_entry

from .arch import PAGE_SHIFT, PAGE_SIZE, PTE_BYTES, PTES_PER_TABLE, pte_index, pte_pfn, pte_present
from .arch import pte_address as pte_address_in
from .watch import Free


@dataclass(frozen=True)
class PageState:
    """One arena page: where its PTE is, what it holds, what the range tree says."""

    uaddr: int
    kaddr: int
    pte_addr: int  # kernel virtual address of the PTE
    pte_phys: int  # its guest-physical address
    pte: int
    free: bool  # as the kernel has it in its books; a guard's is in none
    scratch_pfn: Optional[int]  # its arena's; None on kernels without one
    in_arena: bool = True  # it has a user view; else it is in a guard zone
    user_ptes: Tuple[int, ...] = ()  # of the guest's processes that have a page table there

    @property
    def pfn(self) -> Optional[int]:
        """The frame the PTE maps, or None when it is not present."""
        return pte_pfn(self.pte) if pte_present(self.pte) else None

    @property
    def user_pfns(self) -> List[int]:
        """The frames that processes have mapped there."""
        return [pte_pfn(pte) for pte in self.user_ptes if pte_present(pte)]


def arenas(prog: Program) -> Iterator[Object]:
    """Every ``struct bpf_arena *`` in the guest."""
    for bpf_map in bpf_map_for_each(prog):
        if bpf_map.map_type.value_() == prog.constant("BPF_MAP_TYPE_ARENA").value_():
            yield container_of(bpf_map, "struct bpf_arena", "map")


def find_arena(prog: Program, map_id: int) -> Object:
    """The arena with BPF map id *map_id*; LookupError when there is none."""
    for arena in arenas(prog):
        if arena.map.id.value_() == map_id:
            return arena
    raise LookupError(f"no arena with map id {map_id}")


def frees(prog: Program) -> List[Free]:
    """
    The page allocator's doors: all pages of one go back by one of the latter two, which get them by page or by
    list, whoever lets go of them.  What is free already the former are seen to let go of once more.
    """
    batch = prog.type("struct folio_batch")
    pages = "__free_frozen_pages" if _has_function(prog, "__free_frozen_pages") else "free_unref_page"
    return [
        Free("__free_pages", "page", required=True, drops=True),
        Free("free_pages_nolock", "page", required=False, drops=True),
        Free(pages, "page", required=True),
        Free("free_unref_folios", "batch", required=True, count_at=offsetof(batch, "nr"),
             list_at=offsetof(batch, "folios")),
    ]


def _has_function(prog: Program, name: str) -> bool:
    try:
        return bool(prog.symbol(name))
    except LookupError:
        return False


def has_arena(prog: Program, map_id: int) -> bool:
    """Whether the arena with BPF map id *map_id* is still there."""
    return any(arena.map.id.value_() == map_id for arena in arenas(prog))


def kern_vm_start(arena: Object) -> int:
    """Kernel address of user offset 0 (bpf_arena_get_kern_vm_start())."""
    # GUARD_SZ is what a 16-bit offset reaches; half of it lies on each side.
    off_bits = 8 * sizeof(arena.prog_.type("struct bpf_insn").member("off").type)
    return int(arena.kern_vm.addr.value_() + (1 << off_bits) // 2)


def scratch_page(arena: Object) -> Optional[Object]:
    """``struct page *`` of the scratch page; None on kernels without one."""
    try:
        page = arena.scratch_page
    except AttributeError:
        return None
    return page if page else None


@dataclass(frozen=True)
class Lock:
    """The word of the lock that guards the range tree and the PTEs."""

    kind: str  # "spin", "mutex"
    address: int
    bytes: int
    held: int  # its bits of which one is set while somebody holds it


def _rt_mutex(base: Object) -> Lock:
    # The owner's address; RT_MUTEX_HAS_WAITERS is below it.
    return Lock("mutex", int(base.owner.address_of_().value_()), 8, 0xFFFFFFFFFFFFFFFE)


def mutex_lock(mutex: Object) -> Lock:
    """The word of a ``struct mutex``, which is another one with PREEMPT_RT."""
    if mutex.prog_.type("struct mutex").has_member("rtmutex"):
        return _rt_mutex(mutex.rtmutex)
    # The owner's address; MUTEX_FLAGS are below it, and say nothing of an owner.
    return Lock("mutex", int(mutex.owner.address_of_().value_()), 8, 0xFFFFFFFFFFFFFFF8)


def _spin_lock(lock: Object) -> Lock:
    # With PREEMPT_RT who waits for one sleeps; its first word there is another lock's.
    if lock.prog_.type("struct spinlock").has_member("lock"):
        return _rt_mutex(lock.lock)
    return Lock("spin", int(lock.address_of_().value_()), 4, 0xFFFFFFFF)


def lock(arena: Object) -> Lock:
    """The arena's lock: a spinning one, or a mutex."""
    if arena.prog_.type("struct bpf_arena").has_member("spinlock"):
        return Lock("spin", int(arena.spinlock.address_of_().value_()), 4, 0xFFFFFFFF)
    return mutex_lock(arena.lock)


def zap_locks(arena: Object) -> Dict[str, Lock]:
    """What a zap takes besides: none where the one lock guards the list of VMAs, too."""
    struct = arena.prog_.type("struct bpf_arena")
    if not struct.has_member("spinlock"):
        return {}
    roles = {"vmas": "lock", "zap": "zap_mutex"}
    return {
        role: mutex_lock(arena.member_(member))
        for role, member in roles.items() if struct.has_member(member)
    }


def guarded_words(arena: Object) -> Dict[str, Tuple[Object, str]]:
    """
    What the comments of ``struct bpf_arena`` and of zap_pages() say that a lock protects: the member,
    and the role of its lock.  Every look at the range tree begins at one of its roots.
    """
    struct = arena.prog_.type("struct bpf_arena")
    found: Dict[str, Tuple[Object, str]] = {}
    if struct.has_member("spinlock"):
        for name in ("it_root", "range_size_root"):
            root = arena.rt.member_(name)
            found[f"rt.{name}"] = root.rb_root.rb_node, "arena"
            found[f"rt.{name}.leftmost"] = root.rb_leftmost, "arena"
    if struct.has_member("nr_pages"):
        found["nr_pages"] = arena.nr_pages, "arena"
    vmas = "vmas" if struct.has_member("spinlock") else "arena"
    found["vma_list.next"] = arena.vma_list.next, vmas
    found["vma_list.prev"] = arena.vma_list.prev, vmas
    if struct.has_member("zap_mutex"):
        found["zap_gen"] = arena.zap_gen, "zap"
    return found


def mapping_locks(mm: Object, found: List[Object]) -> Dict[str, Tuple[int, str, bool]]:
    """
    Addresses of 32-bit words by name, in which source they are read to decide, and whether the mapping is gone at 0: ``mmap_lock``, and of the VMAs that
    map *found* what readers count (vma_start_read(); an rw_semaphore in 6.12).  Elsewhere who holds one
    asserts that it is held.  ``vm_lock_seq`` is not among them: a writer stamps it while no reader can
    get in, and a reader that is in looks at it again.
    """
    rwsem = "kernel/locking/rwsem.c"
    locks: Dict[str, Tuple[Object, str, bool]] = {"mmap-lock": (mm.mmap_lock.count.counter, rwsem, False)}
    for i, each in enumerate(found):
        vma = vma_find(mm, each.user_vm_start.value_())
        if not vma:
            continue
        name = f"vma{i + 1}" if i else "vma"
        if vma.prog_.type("struct vm_area_struct").has_member("vm_refcnt"):
            locks[f"{name}-readers"] = (vma.vm_refcnt.refs.counter, "mm/mmap_lock.c", True)
        else:
            locks[f"{name}-lock"] = (vma.vm_lock.lock.count.counter, rwsem, False)
    return {name: (int(lock.address_of_().value_()), source, ends)
            for name, (lock, source, ends) in locks.items()}


def table_lock(mm: Object, uaddr: int) -> Lock:
    """The lock of the page table in which the PTE of *uaddr* is (pte_lockptr())."""
    prog = mm.prog_
    table = pte_address(prog, uaddr, mm.pgd.value_()) & ~(PAGE_SIZE - 1)
    found = mm.page_table_lock
    if prog.type("struct ptdesc").has_member("ptl"):
        page = pfn_to_page(prog, int(virt_to_phys(prog, table).value_()) >> PAGE_SHIFT)
        found = cast("struct ptdesc *", page).ptl
        # Behind a pointer, where it is too big for a struct page (ALLOC_SPLIT_PTLOCKS).
        if found.type_.kind is TypeKind.POINTER:
            found = found[0]
    return _spin_lock(found)


def physical(prog: Program, address: int) -> int:
    """Guest-physical address of the kernel *address*: of the direct map, or a struct page's."""
    return int(follow_phys(prog["init_mm"].address_of_(), address).value_())


def init_physical(prog: Program, address: int) -> int:
    """Guest-physical address of the user *address* of PID 1, which has it mapped."""
    return int(follow_phys(find_task(prog, 1).mm, address).value_())


def vmemmap(prog: Program) -> int:
    """Kernel address of the ``struct page`` of frame 0."""
    return int(pfn_to_page(prog, 0).value_())


def struct_page_size(prog: Program) -> int:
    """Bytes of a ``struct page``."""
    return int(sizeof(prog.type("struct page")))


def refcount(prog: Program, pfn: int) -> int:
    """References to frame *pfn*; 0 while the page allocator has it."""
    return int(pfn_to_page(prog, pfn)._refcount.counter.value_())


def references(prog: Program, pfn: int) -> Tuple[int, int]:
    """Address and bytes of how many references there are to frame *pfn*, and how many of them are PTEs."""
    page = pfn_to_page(prog, pfn)
    mapped, all_of_them = (int(count.counter.address_of_().value_())
                           for count in (page._mapcount, page._refcount))
    # One word has both, where they are side by side.
    return (mapped, 8) if all_of_them == mapped + 4 and not mapped % 8 else (all_of_them, 4)


def folio_flags(prog: Program, pfn: int) -> Tuple[int, int, int]:
    """
    Address and bytes of the word in which the lock of frame *pfn*'s folio is, and its bits there: that it is
    held, and that somebody waits.
    """
    bits = sum(1 << int(prog.constant(name).value_()) for name in ("PG_locked", "PG_waiters"))
    return int(pfn_to_page(prog, pfn).flags.address_of_().value_()), 4, bits


def is_free(arena: Object, pgoff: int) -> bool:
    """Whether *pgoff* is nobody's: a range tree holds what is free, a maple tree what is not."""
    if not arena.prog_.type("struct bpf_arena").has_member("rt"):
        return not mtree_load(arena.mt.address_of_(), pgoff)
    root = arena.rt.it_root.rb_root.address_of_()
    for node in rbtree_inorder_for_each_entry("struct range_node", root, "rn_rbnode"):
        if node.rn_start.value_() <= pgoff <= node.rn_last.value_():
            return True
    return False


def pte_address(prog: Program, kaddr: int, pgd: Optional[int] = None) -> int:
    """Kernel virtual address of the PTE for *kaddr*, by walking *pgd*, or init_mm's."""
    top = prog["init_mm"].pgd.value_() if pgd is None else pgd
    return pte_address_in(
        top, kaddr, prog.read_u64, lambda phys: int(phys_to_virt(prog, phys).value_())
    )


def root(prog: Program, mm: Object) -> int:
    """Guest-physical address of the top of the page tables of *mm*."""
    return physical(prog, int(mm.pgd.value_()))


def tasks(prog: Program) -> List[Object]:
    """``struct task_struct *`` of PID 1 and of what it has forked, the rig's processes in order."""
    first = find_task(prog, 1)
    children = list_for_each_entry("struct task_struct", first.children.address_of_(), "sibling")
    return [first, *children]


def processes(prog: Program) -> List[Object]:
    """``struct mm_struct *`` of those that have not ended."""
    return [task.mm for task in tasks(prog) if task.mm]


def user_pte_addresses(prog: Program, uaddr: int) -> List[int]:
    """Kernel virtual addresses of the PTEs for *uaddr*, process by process."""
    return [pte_address(prog, uaddr, mm.pgd.value_()) for mm in processes(prog)]


def _user_ptes(prog: Program, uaddr: int) -> Tuple[int, ...]:
    found = []
    for mm in processes(prog):
        try:
            found.append(prog.read_u64(pte_address(prog, uaddr, mm.pgd.value_())))
        except LookupError:
            pass  # an end of its own, and no table any more
    return tuple(found)


def page_state(arena: Object, uaddr: int) -> PageState:
    """The state of the arena page at user address *uaddr*."""
    prog = arena.prog_
    user_start = arena.user_vm_start.value_()
    # A guard's addresses are outside of the user view's 4 GiB, on either side.
    kaddr = kern_vm_start(arena) + uaddr - (user_start & ~0xFFFFFFFF)
    address = pte_address(prog, kaddr)
    pgoff = (uaddr - user_start) >> PAGE_SHIFT
    in_arena = 0 <= pgoff < arena.map.max_entries.value_()
    return PageState(
        uaddr=uaddr,
        kaddr=kaddr,
        pte_addr=address,
        pte_phys=physical(prog, address),
        pte=prog.read_u64(address),
        free=is_free(arena, pgoff) if in_arena else True,
        in_arena=in_arena,
        user_ptes=_user_ptes(prog, uaddr) if in_arena else (),
        scratch_pfn=scratch_pfn(arena),
    )


def ptes(prog: Program, kaddr: int, count: int) -> List[int]:
    """The PTEs of *count* pages from *kaddr*; 0 where there is no page table."""
    found: List[int] = []
    while count:
        here = min(count, PTES_PER_TABLE - pte_index(kaddr))
        try:
            table = prog.read(pte_address(prog, kaddr), PTE_BYTES * here)
            found += struct.unpack(f"<{here}Q", table)
        except LookupError:
            found += [0] * here
        kaddr += here * PAGE_SIZE
        count -= here
    return found


def pages_mapped(arena: Object) -> int:
    """How many PTEs of the arena's user range map a page that is not the scratch page."""
    scratch = scratch_pfn(arena)
    start = kern_vm_start(arena) + (arena.user_vm_start.value_() & 0xFFFFFFFF)
    return sum(
        pte_present(pte) and pte_pfn(pte) != scratch
        for pte in ptes(arena.prog_, start, arena.map.max_entries.value_())
    )


def pages_counted(arena: Object) -> Optional[int]:
    """The kernel's own count of them; None on kernels that keep none.

    Below 0 when more were taken off than put on: the kernel's u64 has wrapped then.
    """
    try:
        counted = int(arena.nr_pages.value_())
    except AttributeError:
        return None
    return counted - (1 << 64) if counted >= 1 << 63 else counted


def scratch_pfn(arena: Object) -> Optional[int]:
    """Frame number of the scratch page; None on kernels without one."""
    page = scratch_page(arena)
    return None if page is None else int(page_to_pfn(page).value_())


def scratch_words(arena: Object) -> List[Tuple[int, int]]:
    """Offset and value of each word of the scratch page, if there is one, that is not zero."""
    pfn = scratch_pfn(arena)
    if pfn is None:
        return []
    page = arena.prog_.read(pfn * PAGE_SIZE, PAGE_SIZE, True)
    words = struct.unpack(f"<{PAGE_SIZE // 8}Q", page)
    return [(8 * i, word) for i, word in enumerate(words) if word]


def scratch_refcount(arena: Object) -> Optional[int]:
    """Reference count of the scratch page; None on kernels without one."""
    page = scratch_page(arena)
    return None if page is None else int(page._refcount.counter.value_())
