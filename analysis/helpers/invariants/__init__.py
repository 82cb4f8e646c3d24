# SPDX-License-Identifier: GPL-2.0-only
"""
The invariants a quiet guest can be asked about, each in a file of its own: I1 to I4
and I8 to I11.  The others need events: rig/check/.

Asked after a schedule, when every operation has returned.  Each check looks at
facts only; what the operations returned comes from the rig.
"""

from typing import List

from . import i1, i2, i3, i4, i8, i9, i10, i11
from .facts import ArenaFacts, Facts, Violation

__all__ = ["ArenaFacts", "Facts", "Violation", "check_all"]


def check_all(facts: Facts) -> List[Violation]:
    """Every violation, in the order of the invariants."""
    checks = (each.check for each in (i1, i2, i3, i4, i8, i9, i10, i11))
    return [violation for check in checks for violation in check(facts)]
