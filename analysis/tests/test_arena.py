# SPDX-License-Identifier: GPL-2.0-only
"""What is read of an arena at a schedule's end."""

import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from drgn import Object, Program, TypeMember

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.helpers import arena
from analysis.helpers.arch import PAGE_SIZE, platform
from analysis.helpers.klog import silent_checkers, splats


@pytest.mark.parametrize("word, count", [(0, 0), (3, 3), (2**64 - 1, -1), (2**63 - 1, 2**63 - 1)])
def test_a_count_below_zero(word, count):
    found = SimpleNamespace(nr_pages=SimpleNamespace(value_=lambda: word))
    assert arena.pages_counted(found) == count


def test_words_that_are_not_zero(monkeypatch):
    page = bytearray(PAGE_SIZE)
    struct.pack_into("<Q", page, 16, 2**64 - 2)
    page[-1] = 1
    monkeypatch.setattr(arena, "scratch_pfn", lambda found: 5)
    found = SimpleNamespace(prog_=SimpleNamespace(
        read=lambda address, size, physical: bytes(page) if address == 5 * PAGE_SIZE else b""))
    assert arena.scratch_words(found) == [(16, 2**64 - 2), (4088, 1 << 56)]
    monkeypatch.setattr(arena, "scratch_pfn", lambda found: None)
    assert arena.scratch_words(found) == []


@pytest.mark.parametrize("line, opens", [
    ("all quiet", False),
    ("WARNING: kernel/bpf/arena.c:160 at f", True),
    ("BUG: unable to handle page fault", True),
])
def test_splats(line, opens):
    assert splats([line]) == ([line] if opens else [])


@pytest.mark.parametrize("words, silent", [
    ({}, []),
    ({"debug_locks": 0}, []),  # there is no lockdep that could be off
    ({"debug_locks": 1, "prove_locking": 1, "kasan_flags": 0}, []),
    ({"debug_locks": 0, "prove_locking": 1, "kasan_flags": 3}, ["lockdep"]),
    ({"debug_locks": 0, "prove_locking": 1, "kasan_flags": 1}, ["lockdep", "KASAN"]),
])
def test_checkers_that_have_reported(words, silent):
    def variable(name):
        if name not in words:
            raise LookupError(name)
        return SimpleNamespace(value_=lambda: words[name])

    assert silent_checkers(SimpleNamespace(variable=variable)) == silent


def program(real_time):
    """Types of locks as with PREEMPT_RT or without, and nothing else."""
    prog = Program(platform())
    word = prog.int_type("unsigned long", 8, False)
    small = prog.int_type("unsigned int", 4, False)
    base = prog.struct_type("rt_mutex_base", 16, (
        TypeMember(small, "wait_lock", 0), TypeMember(prog.pointer_type(prog.void_type()), "owner", 64)))
    plain = {"mutex": (TypeMember(word, "owner", 0),), "spinlock": (TypeMember(small, "rlock", 0),)}
    rt = {"mutex": (TypeMember(base, "rtmutex", 0),), "spinlock": (TypeMember(base, "lock", 0),)}
    types = {
        name: prog.struct_type(name, 16, members) for name, members in (rt if real_time else plain).items()
    }
    prog.register_type_finder(
        "locks", lambda prog, kinds, name, filename: types.get(name), enable_index=0)
    return prog


@pytest.mark.parametrize("real_time, mutex, spin", [
    (False, ("mutex", 0x1000, 8, 2**64 - 8), ("spin", 0x1000, 4, 2**32 - 1)),
    (True, ("mutex", 0x1008, 8, 2**64 - 2), ("mutex", 0x1008, 8, 2**64 - 2)),
])
def test_words_of_locks(real_time, mutex, spin):
    """With PREEMPT_RT the first word of both is another lock's, and never tells who holds them."""
    prog = program(real_time)
    assert arena.mutex_lock(Object(prog, "struct mutex", address=0x1000)) == arena.Lock(*mutex)
    assert arena._spin_lock(Object(prog, "struct spinlock", address=0x1000)) == arena.Lock(*spin)
