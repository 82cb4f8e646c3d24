# SPDX-License-Identifier: GPL-2.0-only
"""Kernel mappings of the vmalloc area: what of them is watched, and what they look like at the end."""

from typing import Any, Dict, List, Tuple

from drgn import Program
from drgn.helpers.linux.mm import follow_phys

from .. import arena, wire
from ..arch import pte_present
from ..survey import Item
from ..watch import Lock, Page, Pte, View, Wait, Watch, Word64

# One group: the area.  A page is an address in it that the guest reported; what is in its PTE
# belongs to whoever has the address, so no lock guards it.


def _page(prog: Program, address: int) -> Page:
    pte = arena.pte_address(prog, address)
    return Page(0, [View(Word64(address), Pte(Word64(pte), Word64(arena.physical(prog, pte))))],
                lazy=True)


def _purge_lock(prog: Program) -> Lock:
    """The mutex of all purges."""
    found = arena.mutex_lock(prog.variable("vmap_purge_lock", "mm/vmalloc.c"))
    phys = int(follow_phys(prog["init_mm"].address_of_(), found.address).value_())
    return Lock("vmap-purge", found.kind, Word64(found.address), Word64(phys), found.bytes,
                Word64(found.held))


def describe(prog: Program, request: Dict[str, Any]) -> Tuple[Watch, Dict[str, Any]]:
    """What is watched: the pages that were asked for, and the purge."""
    addresses = [address & 0xFFFFFFFFFFFFFFFF for _, address in request["pages"]]
    watch = Watch(
        pages=[_page(prog, address) for address in addresses],
        locks=[_purge_lock(prog)],
        frees=arena.frees(prog),
        waits=[Wait("mm/vmalloc.c")],
    )
    return watch, {"pages": [wire.u64(address) for address in addresses]}


def survey(prog: Program, keep: Dict[str, Any]) -> List[Item]:
    """What else of the area changes: the sum of what waits for a purge."""
    lazy = prog.variable("vmap_lazy_nr", "mm/vmalloc.c")
    return [Item("word", "vmap_lazy_nr", int(lazy.address_of_().value_()), 8)]


def end(prog: Program, keep: Dict[str, Any]) -> Dict[str, Any]:
    """The watched addresses; no books say whether one is free but its PTE."""
    ptes = [
        prog.read_u64(arena.pte_address(prog, wire.from_u64(address))) for address in keep["pages"]
    ]
    return {
        "groups": [{"lives": True, "mapped": 0, "words": []}],
        "pages": [
            {"exists": True, "pte": wire.u64(pte), "free": not pte_present(pte)} for pte in ptes
        ],
    }


def failures(prog: Program, keep: Dict[str, Any]) -> Tuple[List[str], List[str]]:
    """Its allocations wait for memory, and its locks for their holders."""
    return [], []
