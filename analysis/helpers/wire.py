# SPDX-License-Identifier: GPL-2.0-only
"""
JSON between drgn and the rig.

64-bit words are text in hex: many readers take a JSON number for a double, and
json-glib's parser from 1.8 on gives 2**63 - 1 for whatever is above that.  The other
side is rig/util/u64.h.
"""

import json
from typing import Any

INT_MAX = 2**63 - 1


def u64(value: int) -> str:
    """A word that may use all of its 64 bits."""
    if not 0 <= value < 2**64:
        raise ValueError(f"{value:#x} is no unsigned 64-bit word")
    return hex(value)


def from_u64(text: str) -> int:
    """What u64() was given."""
    return int(text, 16)


def _refuse_wide(value: Any, path: str) -> None:
    if isinstance(value, dict):
        for key, member in value.items():
            _refuse_wide(member, f"{path}.{key}")
    elif isinstance(value, (list, tuple)):
        for i, element in enumerate(value):
            _refuse_wide(element, f"{path}[{i}]")
    elif isinstance(value, int) and not -INT_MAX - 1 <= value <= INT_MAX:
        raise OverflowError(f"{path}: {value:#x} does not fit a JSON number (send u64())")


def dumps(answer: Any) -> str:
    """One line; OverflowError for a number that does not fit 64 bits with a sign."""
    _refuse_wide(answer, "answer")
    return json.dumps(answer)
