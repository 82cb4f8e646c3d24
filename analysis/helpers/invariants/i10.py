# SPDX-License-Identifier: GPL-2.0-only
"""
I10: the kernel log holds no WARN, BUG, oops or lockup that the scenario did not declare.

Source: Documentation/process/coding-style.rst, "Do not crash the kernel".
Broken by: fault-in-last-arena in fault-without-arena.
"""

from typing import List

from ..klog import splats
from .facts import Facts, Violation


def check(facts: Facts) -> List[Violation]:
    return [Violation("I10", "splat", log=line) for line in splats(facts.log)]
