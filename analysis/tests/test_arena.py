# SPDX-License-Identifier: GPL-2.0-only
"""What is read of an arena at a schedule's end."""

import struct
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.helpers import arena
from analysis.helpers.arch import PAGE_SIZE
from analysis.helpers.klog import splats


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
