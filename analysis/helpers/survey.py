# SPDX-License-Identifier: GPL-2.0-only
"""
What a schedule may touch that is no event (rig/step/survey.h): counted, so that a verdict can
say where nobody looked.
"""

from dataclasses import dataclass
from typing import Any, Dict, Iterator, List

from drgn import Object, Program, TypeKind, sizeof

from . import wire

# Entries of functions.  What a kernel has inlined or calls otherwise is not counted.  With lockdep
# locks are taken by another name, and with PREEMPT_RT most are other locks.
LOCKS = (
    *(f"_raw_spin_{how}" for how in ("lock", "lock_bh", "lock_irq", "lock_irqsave", "trylock", "trylock_bh",
                                     "lock_nested", "lock_irqsave_nested")),
    *(f"_raw_{who}_lock{how}" for who in ("read", "write") for how in ("", "_bh", "_irq", "_irqsave")),
    *(f"mutex_{how}{nested}" for how in ("lock", "lock_killable", "lock_interruptible")
      for nested in ("", "_nested")), "mutex_trylock",
    *(f"down_{who}{how}" for who in ("read", "write")
      for how in ("", "_killable", "_trylock", "_nested")),
    *(f"rt_{what}_{how}" for what in ("spin", "read", "write", "mutex") for how in ("lock", "trylock")),
    *(f"rt_{how}" for how in ("spin_trylock_bh", "spin_lock_nested", "mutex_lock_killable",
                              "mutex_lock_interruptible")),
    "lock_vma_under_rcu", "__folio_lock", "__folio_lock_killable",
)
FAILURES = (
    *(f"{name}{suffix}" for name in ("alloc_pages_nolock", "__alloc_pages", "_kmalloc_nolock",
                                     "kmalloc_nolock") for suffix in ("", "_noprof")),
    "resilient_queued_spin_lock_slowpath", "resilient_tas_spin_lock",
)
TIMERS = ("sysvec_apic_timer_interrupt",)


@dataclass(frozen=True)
class Item:
    """Something to count: a function's entry, or with *bytes* the accesses there; 0: it cannot be."""

    kind: str  # "user-pte", "word", "lock", "failure", "timer"
    name: str
    address: int
    bytes: int = 0

    def as_json(self) -> Dict[str, Any]:
        return {"kind": self.kind, "name": self.name, "address": wire.u64(self.address),
                "bytes": self.bytes}


def _entries(prog: Program, kind: str, names: "tuple[str, ...]") -> Iterator[Item]:
    for name in names:
        try:
            yield Item(kind, name, prog.symbol(name).address)
        except LookupError:
            pass  # not in this kernel


def functions(prog: Program) -> List[Item]:
    """What any subject's code may call."""
    return [*_entries(prog, "lock", LOCKS), *_entries(prog, "failure", FAILURES),
            *_entries(prog, "timer", TIMERS)]


def members(found: Object, without: "tuple[str, ...]") -> List[Item]:
    """The members of the struct *found* points to, but those that are watched anyhow."""
    struct = found.type_.type
    return [
        Item("word", f"{struct.tag}.{member.name}",
             int(found.member_(member.name).address_of_().value_()), int(sizeof(member.type)))
        for member in struct.members
        if member.name and member.name not in without and sizeof(member.type) <= 64
        and member.type.kind is not TypeKind.ARRAY
    ]
