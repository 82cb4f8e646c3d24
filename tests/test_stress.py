# SPDX-License-Identifier: GPL-2.0-only
"""Plain loops, judged at their end."""

import re

from conftest import run_rig
from test_input import assert_refused


def test_stress_is_judged_at_its_end():
    """By what drgn finds then: a count that any loop spoils needs no event to be seen."""
    result = run_rig("stress", "free-over-scratch", "--kernel", "free-miscounts-scratch", "--seconds", 1,
                     "--accel", "tcg", timeout=300)
    assert result.returncode == 1 and re.search(r"^I9: the arena counts", result.stdout, re.M), result.stdout
    assert_refused(run_rig("stress", "fault-vs-alloc", "--accel", "xen"), "give kvm or tcg")
