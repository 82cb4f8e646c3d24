# SPDX-License-Identifier: GPL-2.0-only
"""
The invariants a quiet guest can be asked about.  Every module iN here with a check() is one,
and nothing else names it; what it says is its row in check-iN.c in rig/check/ or rig/subject/.

Asked after a schedule, when every operation has returned.  Each check looks at
facts only; what the operations returned comes from the rig.
"""

import pkgutil
import re
from importlib import import_module
from typing import Callable, List

from .facts import ArenaFacts, Facts, Violation

__all__ = ["ArenaFacts", "Facts", "Violation", "check_all"]

Check = Callable[[Facts], List[Violation]]


def _checks() -> List[Check]:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    numbers = sorted(int(name[1:]) for name in names if re.fullmatch(r"i[0-9]+", name))
    return [import_module(f"{__name__}.i{number}").check for number in numbers]


CHECKS = _checks()


def check_all(facts: Facts) -> List[Violation]:
    """Every violation, in the order of the invariants."""
    return [violation for check in CHECKS for violation in check(facts)]
