# SPDX-License-Identifier: GPL-2.0-only
"""Numbers on their way to the rig keep all their bits, or do not leave."""

import json

import pytest

from analysis.helpers import wire


@pytest.mark.parametrize("value", [0, 1, 2**63 - 1, 2**63, 0xFFFF888000000008, 2**64 - 1])
def test_words_keep_all_bits(value: int) -> None:
    assert wire.from_u64(json.loads(wire.dumps({"at": wire.u64(value)}))["at"]) == value


@pytest.mark.parametrize("value", [-1, 2**64])
def test_no_word(value: int) -> None:
    with pytest.raises(ValueError):
        wire.u64(value)


@pytest.mark.parametrize("answer", [
    {"lock": 2**63},
    {"pages": [{"kaddr": 0xFFFF888000000008}]},
    {"reports": [[1, -(2**63) - 1, True]]},
])
def test_wide_numbers_do_not_leave(answer: object) -> None:
    with pytest.raises(OverflowError, match="answer[.]"):
        wire.dumps(answer)


def test_other_answers_leave_as_they_are() -> None:
    answer = {"pfn": 2**63 - 1, "free": True, "scratch_pfn": None, "log": ["text"]}
    assert json.loads(wire.dumps(answer)) == answer
