# SPDX-License-Identifier: GPL-2.0-only
"""A guest's physical memory, mapped, and a note of what was read of it."""

import mmap
from typing import List, Set, Tuple


class Ram:
    """
    The RAM in the file *fd*, from guest-physical 0 on.

    Remembers what was read since the last :meth:`forget`: an answer depends on nothing else.
    """

    def __init__(self, fd: int) -> None:
        self._ram = mmap.mmap(fd, 0, prot=mmap.PROT_READ)
        self._reads: Set[Tuple[int, int]] = set()

    def size(self) -> int:
        return len(self._ram)

    def forget(self) -> None:
        self._reads.clear()

    def read(self, address: int, count: int, offset: int = 0, physical: bool = True) -> bytes:
        """In the shape that :meth:`drgn.Program.add_memory_segment` wants."""
        self._reads.add((address, count))
        return self._ram[address : address + count]

    def reads(self) -> List[int]:
        """Address and length of each stretch that was read, one after another."""
        return merge(self._reads)


def merge(reads: Set[Tuple[int, int]]) -> List[int]:
    """The stretches that *reads* cover: address, length, address, length … by address."""
    flat: List[int] = []
    for address, count in sorted(reads):
        if flat and address <= flat[-2] + flat[-1]:
            flat[-1] = max(flat[-1], address + count - flat[-2])
        else:
            flat += [address, count]
    return flat
