# SPDX-License-Identifier: GPL-2.0-only
"""Each drgn-side invariant: holds on good facts, breaks on bad ones."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.helpers.arena import PageState
from analysis.helpers.invariants import Facts, check_all

SCRATCH, FRAME = 0x10, 0x20


def page(pfn, free):
    pte = 0 if pfn is None else pfn << 12 | 1
    return PageState(uaddr=0, kaddr=0, pte_addr=0, pte_phys=0, pte=pte, free=free)


GOOD = Facts([page(FRAME, False)], [FRAME], SCRATCH, 1, ["all quiet"])


@pytest.mark.parametrize(
    "facts, broken",
    [
        (GOOD, []),
        (replace(GOOD, states=[page(None, True)], owned=[None]), []),
        (replace(GOOD, states=[page(SCRATCH, True)], owned=[None]), []),
        (replace(GOOD, states=[page(SCRATCH, False)]), ["I1", "I2", "I4"]),
        (replace(GOOD, states=[page(0x30, False)]), ["I2"]),
        (replace(GOOD, states=[page(None, False)], owned=[None]), ["I4"]),
        (replace(GOOD, states=[page(FRAME, True)], owned=[None]), ["I4"]),
        (replace(GOOD, scratch_refcount=0), ["I3"]),
        (replace(GOOD, scratch_pfn=None, scratch_refcount=None), []),
        (replace(GOOD, log=["WARNING: kernel/bpf/arena.c:160 at f"]), ["I10"]),
        (replace(GOOD, log=["BUG: unable to handle page fault"]), ["I10"]),
    ],
)
def test_check_all(facts, broken):
    assert [violation.invariant for violation in check_all(facts)] == broken
