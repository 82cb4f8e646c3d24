# SPDX-License-Identifier: GPL-2.0-only
"""
Whose a word of memory is, where two states of one guest differ.

A loop in the kernel may come back to the same registers and PTEs and have counted something
meanwhile.  Some things may be counted without an end that matters to an arena: what a program
has been told (its stream is a log), what the slab allocator has free, and what lockdep has numbered;
and of all that may be another, KASAN's shadow.  All else is a state of its own.
"""

from dataclasses import dataclass
from typing import Dict, Iterable, Iterator, List, Optional, Tuple

from drgn import FaultError, Object, Program, offsetof, sizeof
from drgn.helpers.linux.bpf import bpf_prog_for_each
from drgn.helpers.linux.cpumask import for_each_possible_cpu
from drgn.helpers.linux.list import list_for_each_entry
from drgn.helpers.linux.llist import llist_for_each
from drgn.helpers.linux.mm import follow_phys, pfn_to_page, phys_to_virt, virt_to_phys, vma_find
from drgn.helpers.linux.nodemask import for_each_online_node
from drgn.helpers.linux.percpu import per_cpu_ptr
from drgn.helpers.linux.pid import for_each_task
from drgn.helpers.linux.sched import cpu_curr
from drgn.helpers.linux.slab import for_each_slab_cache, slab_object_info

from .arch import KERNEL_MAP, PAGE_SIZE, RED_ZONE, SHADOWED, shadow_address


# What may grow in a loop.
STREAM = "program-stream"
SLAB = "slab-allocator"
STACK = "dead-stack"
LOCKDEP = "lockdep"

WORD = 8


@dataclass(frozen=True)
class Span:
    """Guest-physical memory that one thing has."""

    start: int
    size: int
    owner: str

    def has(self, phys: int) -> bool:
        """Whether *phys* is in it."""
        return self.start <= phys < self.start + self.size


def _span(prog: Program, address: int, size: int, owner: str) -> Span:
    """Of *size* bytes of the direct map."""
    return Span(int(virt_to_phys(prog, address).value_()), size, owner)


def _whole(found: Object, owner: str) -> Span:
    """What the pointer *found* points to."""
    return _span(found.prog_, int(found.value_()), int(sizeof(found.type_.type)), owner)


def _streams(prog: Program) -> Iterator[Span]:
    """The streams of all programs, and the objects that their messages are in."""
    if not prog.type("struct bpf_prog_aux").has_member("stream"):
        return
    for bpf_prog in bpf_prog_for_each(prog):
        for stream in bpf_prog.aux.stream:
            yield _whole(stream.address_of_(), STREAM)
            for first in (stream.log.first, stream.backlog_head):
                for node in llist_for_each(first):
                    info = slab_object_info(prog, node)
                    if info is not None:
                        yield _span(prog, info.address, info.slab_cache.size.value_(), STREAM)


def _stacks(prog: Program, pointers: List[int]) -> Iterator[Span]:
    """What lies below the stack *pointers* of those that run: of calls that have returned."""
    size = prog.symbol("__end_init_stack").address - prog.symbol("__start_init_stack").address
    for task in for_each_task(prog):
        start = task.stack.value_()
        for pointer in pointers:
            if not start <= pointer < start + size:
                continue
            for page in range(start, pointer, PAGE_SIZE):
                phys = follow_phys(prog["init_mm"].address_of_(), page).value_()
                yield Span(int(phys), min(PAGE_SIZE, pointer - page), STACK)


def _present(mm: Object, start: int, end: int) -> Iterator[Span]:
    """The memory of the addresses from *start* to *end* that is there."""
    for page in range(start & -PAGE_SIZE, end, PAGE_SIZE):
        first, last = max(start, page), min(end, page + PAGE_SIZE)
        try:
            phys = int(follow_phys(mm, first).value_())
        except FaultError:
            continue
        yield Span(phys, last - first, STACK)


def stacks_in_user_space(prog: Program, pointers: List[int]) -> Iterator[Span]:
    """
    The stacks of those that run on the first vCPUs, in user space at these stack *pointers*: the
    kernel's whole, since the next entry begins at its top, and their own below what a function may use
    without moving the pointer.
    """
    size = prog.symbol("__end_init_stack").address - prog.symbol("__start_init_stack").address
    for cpu, pointer in enumerate(pointers):
        task = cpu_curr(prog, cpu)
        kernel = int(task.stack.value_())
        # The lowest word is no stack but says whether it was overrun.
        yield from _present(prog["init_mm"].address_of_(), kernel + WORD, kernel + size)
        area = vma_find(task.mm, pointer)
        yield from _present(task.mm, int(area.vm_start.value_()), (pointer - RED_ZONE) & -WORD)


def _lockdep(prog: Program) -> Iterator[Span]:
    """
    Its serial numbers: of interrupts that went on and off, which only a report prints, and of locks
    taken, which tell one taking from the next; and what is left of locks that were released.
    Which are held stays a state: curr_chain_key and lockdep_depth say so.
    """
    struct = prog.type("struct task_struct")
    for task in for_each_task(prog):
        for member in ("irqtrace", "lockdep_seq"):
            if struct.has_member(member):
                yield _whole(task.member_(member).address_of_(), LOCKDEP)
        if not struct.has_member("held_locks"):
            continue
        depth, held = task.lockdep_depth.value_(), task.held_locks
        entry = held.type_.type
        size = int(sizeof(entry))
        first = int(held.address_of_().value_())
        yield _span(prog, first + depth * size, int(sizeof(held.type_)) - depth * size, LOCKDEP)
        if entry.has_member("seq_count"):
            word = offsetof(entry, "pin_count") & ~7
            for i in range(depth):
                yield _span(prog, first + i * size + word, 8, LOCKDEP)


def _per_cpu(cache: Object, member: str) -> Iterator[Object]:
    """The per-CPU structs of *cache*, on kernels that have such ones."""
    try:
        pointer = cache.member_(member).read_()
    except (AttributeError, LookupError):
        return
    if pointer:
        for cpu in for_each_possible_cpu(cache.prog_):
            yield per_cpu_ptr(pointer, cpu)


def _sheaves(cache: Object) -> Iterator[Object]:
    for per_cpu in _per_cpu(cache, "cpu_sheaves"):
        for member in ("main", "spare", "rcu_free"):
            sheaf = per_cpu.member_(member).read_()
            if sheaf:
                yield sheaf
    for barn in _barns(cache):
        for head in ("sheaves_full", "sheaves_empty"):
            yield from list_for_each_entry(
                "struct slab_sheaf", barn.member_(head).address_of_(), "barn_list"
            )


def _of_nodes(cache: Object, table: str, member: Optional[str]) -> Iterator[Object]:
    """What *cache* has for each node, where this kernel keeps it in *table*."""
    for node in for_each_online_node(cache.prog_):
        try:
            found = cache.member_(table)[node]
            found = (found.member_(member) if member else found).read_()
        except (AttributeError, LookupError):
            return
        if found:
            yield found


def _barns(cache: Object) -> Iterator[Object]:
    yield from _of_nodes(cache, "per_node", "barn")
    yield from _of_nodes(cache, "node", "barn")


def _slab_lists(prog: Program) -> Iterator[Span]:
    """What the slab allocator keeps beside the objects."""
    for cache in for_each_slab_cache(prog):
        for member in ("cpu_slab", "cpu_sheaves"):
            for found in _per_cpu(cache, member):
                yield _whole(found, SLAB)
        for sheaf in _sheaves(cache):
            capacity = max(sheaf.size.value_(), cache.sheaf_capacity.value_())
            size = int(sizeof(sheaf.type_.type)) + 8 * capacity
            yield _span(prog, int(sheaf.value_()), size, SLAB)
        for found in (*_of_nodes(cache, "per_node", "node"), *_of_nodes(cache, "node", None)):
            if found.type_.type.type_name() == "struct kmem_cache_node":
                yield _whole(found, SLAB)
        for barn in _barns(cache):
            yield _whole(barn, SLAB)


def _slab_page(prog: Program, phys: int) -> bool:
    """Whether *phys* is in the struct page of a page that the slab allocator has."""
    first = pfn_to_page(prog, 0)
    start = follow_phys(prog["init_mm"].address_of_(), first).value_()
    pfn = (phys - start) // sizeof(first.type_.type)
    if phys < start or pfn >= prog["max_pfn"].value_():
        return False
    return slab_object_info(prog, phys_to_virt(prog, pfn * PAGE_SIZE)) is not None


def _shadow_pages(prog: Program) -> Dict[int, int]:
    """
    Of each frame that is KASAN's shadow of the direct map, the frame that its shadow begins with.

    A frame that is the shadow of several is the one of memory that has none of its own.
    """
    if "kasan_flags" not in prog:
        return {}
    mm = prog["init_mm"].address_of_()
    found: Dict[int, List[int]] = {}
    for first in range(0, prog["max_pfn"].value_(), SHADOWED):
        shadow = shadow_address(phys_to_virt(prog, first * PAGE_SIZE).value_())
        try:
            found.setdefault(int(follow_phys(mm, shadow).value_()) // PAGE_SIZE, []).append(first)
        except FaultError:
            continue
    return {frame: firsts[0] for frame, firsts in found.items() if len(firsts) == 1}


def _symbol(prog: Program, phys: int) -> Optional[str]:
    """The variable of the kernel's image at *phys*, which has it without relocation."""
    try:
        return str(prog.symbol(phys + KERNEL_MAP).name)
    except LookupError:
        return None


class Owners:
    """Whose memory is, in one state of the guest."""

    def __init__(self, prog: Program, stack_pointers: List[int]) -> None:
        self.prog = prog
        self.spans = [
            *_streams(prog), *_slab_lists(prog), *_stacks(prog, stack_pointers), *_lockdep(prog)
        ]
        self.shadows = _shadow_pages(prog)

    def _shadow_owner(self, first: int, at: int) -> Tuple[bool, str]:
        """A word *at* bytes into the shadow that begins with the frame *first*'s."""
        memory = first * PAGE_SIZE + at * SHADOWED
        owners = [self.owner(memory + i * WORD) for i in range(SHADOWED)]
        fixed = [owner for may, owner in owners if not may]
        return not fixed, f"KASAN's shadow of {fixed[0]}" if fixed else owners[0][1]

    def owner(self, phys: int) -> Tuple[bool, str]:
        """Whose the word at *phys* is, and whether that may be another one."""
        if phys // PAGE_SIZE in self.shadows:
            return self._shadow_owner(self.shadows[phys // PAGE_SIZE], phys % PAGE_SIZE)
        for span in self.spans:
            if span.has(phys):
                return True, span.owner
        if _slab_page(self.prog, phys):
            return True, SLAB
        address = phys_to_virt(self.prog, phys).value_()
        info = slab_object_info(self.prog, address)
        if info is None:
            return False, _symbol(self.prog, phys) or f"page {phys // PAGE_SIZE:#x}"
        if info.allocated is False:
            return True, SLAB
        return False, f"{info.slab_cache.name.string_().decode()}+{address - info.address:#x}"


def differences(prog: Program, words: Iterable[int], pointers: List[int]) -> Dict[str, List[str]]:
    """
    Whose the guest-physical *words* are: "grown" what may be another, "other" what may not.

    *pointers*: the kernel stack pointers of those that run.
    """
    known = Owners(prog, pointers)
    found = [known.owner(word) for word in words]
    return {
        "grown": sorted({owner for may, owner in found if may}),
        "other": sorted({owner for may, owner in found if not may}),
    }
