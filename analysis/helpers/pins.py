# SPDX-License-Identifier: GPL-2.0-only
"""
References to pages that no PTE stands for: what vmsplice() has put into a pipe stays there, with a
reference of its own, until somebody reads it or the pipe is closed.
"""

from collections import Counter
from typing import Iterable, Iterator, List

from drgn import Object, Program, cast, sizeof
from drgn.helpers.linux.fs import for_each_file
from drgn.helpers.linux.mm import page_to_pfn

from . import arena


# A pipe without a name has operations of its own, where the kernel tells it from one with a name.
_OPERATIONS = ("pipefifo_fops", "pipeanon_fops")


def _pipes(prog: Program) -> Iterator[Object]:
    """``struct pipe_inode_info *`` of each pipe that one of the guest's processes has open, once."""
    operations = {prog[name].address_of_().value_() for name in _OPERATIONS if name in prog}
    seen = set()
    for task in arena.tasks(prog):
        for _, file in for_each_file(task):
            pipe = file.private_data.value_()
            if file.f_op.value_() in operations and pipe not in seen:
                seen.add(pipe)
                yield cast("struct pipe_inode_info *", file.private_data)


def _frames(pipe: Object) -> Iterator[int]:
    """Of each buffer that is full, its page's."""
    size, head = pipe.ring_size.value_(), pipe.head.value_()
    at = pipe.tail.value_()
    while at != head:
        yield int(page_to_pfn(pipe.bufs[at & (size - 1)].page).value_())
        at = (at + 1) & (2 ** (8 * sizeof(pipe.head)) - 1)


def pinned(prog: Program, pfns: Iterable[int]) -> List[bool]:
    """
    Of each frame whether it is in use and pipes have all references to it: then it is nobody
    else's, and lost only if it stays when they are gone.
    """
    references = [arena.refcount(prog, pfn) for pfn in pfns]
    if not any(references):
        return [False] * len(references)
    held = Counter(pfn for pipe in _pipes(prog) for pfn in _frames(pipe))
    return [0 < count == held[pfn] for pfn, count in zip(pfns, references)]
