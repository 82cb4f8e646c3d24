# SPDX-License-Identifier: GPL-2.0-only
"""
The guest's processor, x86-64, as far as anything here knows it: what rig/arch is for the rig.

The format of page table entries (Intel SDM vol. 3, 4.5), the sizes of pages and tables, and where
Linux puts its own mappings without KASLR.
"""

from typing import Callable

from drgn import Architecture, Platform

PAGE_SHIFT = 12
PAGE_SIZE = 1 << PAGE_SHIFT
PTE_BYTES = 8
PTES_PER_TABLE = 512

# What a function may use below its stack pointer (System V ABI, 3.2.2).
RED_ZONE = 128

# Where the kernel's own mapping and that of all memory start.
KERNEL_MAP = 0xFFFFFFFF80000000
KERNEL_MAP_SIZE = 1 << 30
DIRECT_MAP = 0xFFFF888000000000
# Generic KASAN has a byte for each eight of memory there (KASAN_SHADOW_OFFSET).
_SHADOW_OFFSET = 0xDFFFFC0000000000
SHADOWED = 8

_PRESENT = 1
_LARGE = 1 << 7
_FRAME = 0x000FFFFFFFFFF000
_UPPER_SHIFTS = (39, 30, 21)


def platform() -> Platform:
    """What drgn has to be told of it."""
    return Platform(Architecture.X86_64)


def pte_present(pte: int) -> bool:
    """Whether it maps anything."""
    return bool(pte & _PRESENT)


def pte_pfn(pte: int) -> int:
    """The frame that it maps, where it is present."""
    return (pte & _FRAME) >> PAGE_SHIFT


def pte_index(address: int) -> int:
    """The place of the PTE of *address* in its table."""
    return (address >> PAGE_SHIFT) % PTES_PER_TABLE


def shadow_address(address: int) -> int:
    """Where KASAN's shadow of the memory at *address* is."""
    return (address // SHADOWED + _SHADOW_OFFSET) % (1 << 64)


def pte_address(
    root: int, address: int, read: Callable[[int], int], to_virtual: Callable[[int], int]
) -> int:
    """
    Virtual address of the PTE for *address* in the tables at *root*.

    *read* gives the word at a virtual address, *to_virtual* where a physical one is mapped.
    """
    table = root
    for shift in _UPPER_SHIFTS:
        entry = read(table + PTE_BYTES * ((address >> shift) % PTES_PER_TABLE))
        if not entry & _PRESENT:
            raise LookupError(f"no page table for {address:#x}")
        if entry & _LARGE:
            raise LookupError(f"{address:#x} is mapped by a large page")
        table = to_virtual(entry & _FRAME)
    return table + PTE_BYTES * pte_index(address)
