# SPDX-License-Identifier: GPL-2.0-only
"""What was read is all that an answer rests on: no byte of it may be missing."""

import os

from analysis.helpers.ram import Ram, merge


def test_merge() -> None:
    assert merge(set()) == []
    assert merge({(0, 8), (8, 8), (32, 4)}) == [0, 16, 32, 4]
    assert merge({(0, 100), (10, 5), (99, 2)}) == [0, 101], "what lies inside, or over the end"


def test_ram() -> None:
    fd = os.memfd_create("ram")
    os.write(fd, bytes(range(256)) * 16)
    ram = Ram(fd)
    assert ram.size() == 4096 and ram.reads() == []
    assert ram.read(16, 4) == bytes([16, 17, 18, 19])
    assert ram.reads() == [16, 4]
    ram.forget()
    assert ram.reads() == []
