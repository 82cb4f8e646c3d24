# SPDX-License-Identifier: GPL-2.0-only
"""
I11: a kernel fault is reported once into the stream of the program that caused it, with address and direction.

Source: Dwivedi, bpf list, 12 May 2026: "preserve fault reporting into streams when such
scratch pages are brought in".
Broken by: fault-not-reported in fault-vs-fault.
"""

from collections import Counter
from typing import List

from .facts import Facts, Violation


def check(facts: Facts) -> List[Violation]:
    if facts.reports is None:
        return []
    taken, told = Counter(facts.faults), Counter(facts.reports)
    return [
        Violation("I11", "misreported", address=report.address, write=report.write,
                  count=told[report], expected=taken[report])
        for report in sorted(taken | told)
        if taken[report] != told[report]
    ]
