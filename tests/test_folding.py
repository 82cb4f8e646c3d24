# SPDX-License-Identifier: GPL-2.0-only
"""
What is no event, since nobody else can tell when it happens, hides nothing: with all of it events, the same is found.

Locks of the arena, of its zap, of its list of VMAs and of page tables are events wherever they are taken.  What is
not is what their holder does to the words that they guard, mmap_lock, VMA locks and users of processes where nobody
changes a mapping or ends, and references where nobody in user space has a page.
"""

import findings
import pytest
from conftest import run_rig, verdict

# (what is folded in it, scenario, kernel, what is found)
ROWS = [
    ("the words under the arena's lock", "free-vs-free", "free-no-flush", "I6"),
    ("the words under the locks of zap and VMAs", "munmap-vs-free", "stock", "I12"),
    ("mmap_lock, VMA locks, users", "two-processes-map-vs-free", "zap-first-vma-only", "I12"),
    ("references", "fault-vs-free", "free-no-flush", "I6"),
]


@pytest.mark.parametrize("folded, scenario, kernel, invariant", ROWS, ids=[row[1] for row in ROWS])
def test_with_all_events_the_same_is_found(tmp_path, folded, scenario, kernel, invariant):
    found = {}
    for lost in ("nothing", "folding"):
        out = tmp_path / lost
        result = run_rig("explore", scenario, "--kernel", kernel, "--out", out, env={"RACERIG_LOSE": lost})
        assert result.returncode == 0, result.stdout + result.stderr
        found[lost] = verdict(out)
        assert found[lost]["complete"] and invariant in {each["invariant"] for each in found[lost]["violations"]}
    assert found["folding"]["final_states"] == found["nothing"]["final_states"]
    assert findings.of_run(tmp_path / "folding") == findings.of_run(tmp_path / "nothing")
    # it is other events that were explored
    journals = [(tmp_path / lost / "journal").read_text().count("word") for lost in ("nothing", "folding")]
    assert journals[0] < journals[1], folded
