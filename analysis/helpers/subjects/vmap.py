# SPDX-License-Identifier: GPL-2.0-only
"""Kernel mappings of the vmalloc area: what of them is watched, and what they look like at the end."""

from typing import Any, Dict, List, Tuple

from drgn import Program
from drgn.helpers.linux.mm import follow_phys

from .. import arena, invariants, klog, wire
from ..survey import Item
from ..watch import Free, Lock, Page, Pte, View, Wait, Watch, Word64

# One group: the area.  A page is an address in it that the guest reported; what is in its PTE
# belongs to whoever has the address, so no lock guards it.


def _page(prog: Program, address: int) -> Page:
    pte = arena.pte_address(prog, address)
    return Page(0, [View(Word64(address), Pte(Word64(pte), Word64(arena.physical(prog, pte))))],
                lazy=True)


def _purge_lock(prog: Program) -> Lock:
    """The mutex of all purges; the owner's address, with flags below it."""
    owner = prog.variable("vmap_purge_lock", "mm/vmalloc.c").owner.address_of_().value_()
    phys = int(follow_phys(prog["init_mm"].address_of_(), owner).value_())
    return Lock("vmap-purge", "mutex", Word64(owner), Word64(phys), 8, Word64(0xFFFFFFFFFFFFFFF8))


def describe(prog: Program, request: Dict[str, Any]) -> Tuple[Watch, Dict[str, Any]]:
    """What is watched: the pages that were asked for, and the purge."""
    addresses = [address & 0xFFFFFFFFFFFFFFFF for _, address in request["pages"]]
    watch = Watch(
        pages=[_page(prog, address) for address in addresses],
        locks=[_purge_lock(prog)],
        frees=[Free("__free_pages", "page", required=True)],
        waits=[Wait("mm/vmalloc.c")],
    )
    return watch, {"pages": [wire.u64(address) for address in addresses]}


def survey(prog: Program, keep: Dict[str, Any]) -> List[Item]:
    """What else of the area changes: the sum of what waits for a purge."""
    lazy = prog.variable("vmap_lazy_nr", "mm/vmalloc.c")
    return [Item("word", "vmap_lazy_nr", int(lazy.address_of_().value_()), 8)]


def _state(prog: Program, address: int) -> arena.PageState:
    """No books say whether it is free but its PTE."""
    pte_addr = arena.pte_address(prog, address)
    pte = prog.read_u64(pte_addr)
    return arena.PageState(
        uaddr=address, kaddr=address, pte_addr=pte_addr, pte_phys=arena.physical(prog, pte_addr),
        pte=pte, free=not pte & arena.PTE_PRESENT, scratch_pfn=None, in_arena=False,
    )


def facts(prog: Program, request: Dict[str, Any], keep: Dict[str, Any]) -> invariants.Facts:
    """The watched addresses, and what the kernel said."""
    n = len(keep["pages"])
    return invariants.Facts(
        arenas=[],
        states=[_state(prog, wire.from_u64(address)) for address in keep["pages"]],
        owned=request["owned"],
        reserved=[False] * n,
        given_up=[False] * n,
        log=klog.lines_since(prog, keep["log_seq"]),
        installed=request["installed"],
        freed=request["freed"],
    )
