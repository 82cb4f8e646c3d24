# SPDX-License-Identifier: GPL-2.0-only
"""Each drgn-side invariant: holds on good facts, breaks on bad ones."""

import re
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.helpers.arena import PageState, pages_counted
from analysis.helpers.invariants import ArenaFacts, Facts, check_all
from analysis.helpers.stream import Report

SCRATCH, OTHER_SCRATCH, FRAME = 0x10, 0x11, 0x20
ARENA = ArenaFacts(SCRATCH, scratch_refcount=1, pages_mapped=1, pages_counted=1)
GONE = ArenaFacts(SCRATCH, lives=False)
FAULT = Report(program=7, address=0x1000, write=False)


def page(pfn, free, scratch=SCRATCH, user=None):
    ptes = [0 if each is None else each << 12 | 1 for each in (pfn, user)]
    return PageState(uaddr=0, kaddr=0, pte_addr=0, pte_phys=0, pte=ptes[0], free=free,
                     scratch_pfn=scratch, user_ptes=(0, ptes[1]))


GOOD = Facts([ARENA], [page(FRAME, False)], [FRAME], [False], [False], ["all quiet"], installed=[FRAME],
             reports=[])
EMPTY = replace(GOOD, states=[page(None, True)], owned=[None], installed=[])
RESERVED = replace(EMPTY, states=[page(None, False)], reserved=[True])
ENDED = replace(GOOD, arenas=[GONE], states=[None], owned=[None], freed=[FRAME, SCRATCH])


@pytest.mark.parametrize(
    "facts, broken",
    [
        (GOOD, []),
        (EMPTY, []),
        (replace(EMPTY, states=[page(SCRATCH, True)]), []),
        (replace(GOOD, states=[page(SCRATCH, False)], installed=[]), ["I1", "I2", "I4"]),
        (replace(GOOD, states=[page(0x30, False)], installed=[0x30]), ["I2"]),
        (replace(EMPTY, states=[page(None, False)]), ["I4"]),
        (replace(EMPTY, states=[page(FRAME, True)]), ["I4"]),
        # the other arena's scratch page is no scratch page here
        (replace(EMPTY, states=[page(OTHER_SCRATCH, True)]), ["I4"]),
        # user space has it mapped as well, or another one, or one that the kernel has not
        (replace(GOOD, states=[page(FRAME, False, user=FRAME)]), []),
        (replace(GOOD, states=[page(FRAME, False, user=0x30)]), ["I12"]),
        (replace(EMPTY, states=[page(None, True, user=FRAME)], installed=[FRAME]), ["I12"]),
        (RESERVED, []),
        (replace(RESERVED, states=[page(SCRATCH, False)]), []),
        (replace(RESERVED, states=[page(None, True)]), ["I4"]),
        (replace(RESERVED, states=[page(FRAME, False)]), ["I4"]),
        (replace(GOOD, arenas=[replace(ARENA, scratch_refcount=0)]), ["I3"]),
        (replace(GOOD, freed=[SCRATCH]), ["I3"]),
        (replace(GOOD, arenas=[replace(ARENA, scratch_pfn=None, scratch_refcount=None)]), []),
        (replace(GOOD, arenas=[replace(ARENA, scratch_zero=False)]), ["I8"]),
        (replace(GOOD, arenas=[replace(ARENA, pages_counted=2)]), ["I9"]),
        (replace(GOOD, arenas=[replace(ARENA, pages_counted=-1)]), ["I9"]),
        (replace(GOOD, arenas=[replace(ARENA, pages_counted=None)]), []),
        (replace(GOOD, installed=[FRAME, 0x30]), ["I9"]),
        (replace(GOOD, installed=[FRAME, 0x30], freed=[0x30]), []),
        # the same frame handed out, freed and handed out again
        (replace(EMPTY, installed=[FRAME, FRAME], freed=[FRAME]), ["I9"]),
        (replace(GOOD, owned=[None], given_up=[True]), ["I9"]),
        (replace(EMPTY, given_up=[True]), []),
        (ENDED, []),
        (replace(ENDED, freed=[FRAME]), ["I9"]),
        (replace(ENDED, freed=[SCRATCH]), ["I9"]),
        (replace(ENDED, freed=[FRAME, SCRATCH, SCRATCH]), ["I3"]),
        (replace(GOOD, log=["WARNING: kernel/bpf/arena.c:160 at f"]), ["I10"]),
        (replace(GOOD, log=["BUG: unable to handle page fault"]), ["I10"]),
        (replace(GOOD, faults=[FAULT], reports=[FAULT]), []),
        (replace(GOOD, faults=[FAULT]), ["I11"]),
        (replace(GOOD, faults=[FAULT], reports=None), []),
        (replace(GOOD, faults=[FAULT], reports=[FAULT, FAULT]), ["I11"]),
        (replace(GOOD, reports=[FAULT]), ["I11"]),
        # one program's fault in another one's stream; the direction; the address
        (replace(GOOD, faults=[FAULT], reports=[replace(FAULT, program=8)]), ["I11", "I11"]),
        (replace(GOOD, faults=[FAULT], reports=[replace(FAULT, write=True)]), ["I11", "I11"]),
        (replace(GOOD, faults=[FAULT], reports=[replace(FAULT, address=0)]), ["I11", "I11"]),
    ],
)
def test_check_all(facts, broken):
    assert [violation.invariant for violation in check_all(facts)] == broken


def test_a_write_through_scratch_is_documented():
    facts = replace(GOOD, arenas=[replace(ARENA, scratch_zero=False)], scratch_written=True)
    (violation,) = check_all(facts)
    assert violation.invariant == "I8" and violation.documented
    assert not any(v.documented for v in check_all(replace(facts, scratch_written=False)))


def test_every_reason_has_a_sentence():
    """A reason that a check gives is one of its row's, or the rig refuses the answer."""
    top = Path(__file__).resolve().parents[2]
    for path in sorted((top / "analysis" / "helpers" / "invariants").glob("i[0-9]*.py")):
        (row,) = (row.read_text() for row in (top / "rig").rglob(f"check-{path.stem}.c"))
        given = re.findall(r'Violation\(\s*"[^"]+",\s*"([^"]+)"', path.read_text())
        given += re.findall(r'return "([a-z-]+)"', path.read_text())
        given += re.findall(r'else "([a-z-]+)"', path.read_text())
        assert given and all(f'{{ "{reason}",' in row for reason in given), path


def test_fields_of_an_answer():
    (violation,) = check_all(replace(GOOD, faults=[FAULT]))
    assert violation.as_json() == {"invariant": "I11", "kind": "seen", "reason": "misreported",
                                   "documented": False, "address": "0x1000", "write": False,
                                   "count": 0, "expected": 1}


@pytest.mark.parametrize("word, count", [(0, 0), (3, 3), (2**64 - 1, -1), (2**63 - 1, 2**63 - 1)])
def test_a_count_below_zero(word, count):
    arena = SimpleNamespace(nr_pages=SimpleNamespace(value_=lambda: word))
    assert pages_counted(arena) == count
