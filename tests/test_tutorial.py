# SPDX-License-Identifier: GPL-2.0-only
"""docs/tutorial.md: its commands are run, and print what it says."""

import os
import re
import subprocess

import pytest
from conftest import TOP

# All but the last chapter, which is about a kernel tree of the reader's.
TUTORIAL = (TOP / "docs" / "tutorial.md").read_text().split("\n## 7. ")[0]
RUN = "racerig-runs/fault-vs-alloc-scratch-plain-store"
# What is another machine's, another boot's or another compiler's.
ELSEWHERE = [
    (r"\d+\.\d schedules/s", "N schedules/s"),
    (r"sha256 [0-9a-f]+", "sha256 H"),
    (r"0x[0-9a-f]+", "0xN"),
    (r"<(\w+)\+\d+>", r"<\1+N>"),
    (r"Linux \d[^ ]*", "Linux V"),
]
LEFT_OUT = "[…]"


def plain(line):
    for pattern, to in ELSEWHERE:
        line = re.sub(pattern, to, line)
    return line.rstrip()


def blocks():
    """The indented blocks, each a list of lines."""
    for block in re.findall(r"(?:^(?: {4}.*)?\n)+", TUTORIAL, re.M):
        lines = [line[4:] for line in block.strip("\n").splitlines()]
        if any(lines):
            yield lines


def commands():
    """(command, what it prints) or (None, what the file named before it holds)."""
    for lines in blocks():
        at = [i for i, line in enumerate(lines) if line.startswith("$ ")] + [len(lines)]
        if at[0]:
            yield None, lines
        for start, end in zip(at, at[1:]):
            yield lines[start][2:], lines[start + 1:end]


def assert_prints(expected, text):
    """In this order; all of it but where the tutorial leaves something out."""
    lines = [plain(line) for line in text.strip("\n").splitlines()]
    expected = [plain(line) for line in "\n".join(expected).strip("\n").splitlines()]
    at, open_ended = 0, False
    for line in expected:
        if line == LEFT_OUT:
            open_ended = True
            continue
        if open_ended:
            assert line in lines[at:], f"{line!r} is not in\n{text}"
            at = lines.index(line, at)
            open_ended = False
        assert at < len(lines) and lines[at] == line, f"{line!r} is not next in\n{text}"
        at += 1
    assert open_ended or at == len(lines), f"{lines[at]!r} is not expected in\n{text}"


def typed(expected):
    """What is typed at gdb's prompt, and what is seen."""
    prompt = "(gdb) "
    keys = [line[len(prompt):] for line in expected if line.startswith(prompt)]
    return keys, [line for line in expected if not line.startswith(prompt)]


def test_tutorial(tmp_path):
    env = {**os.environ, "PATH": f"{TOP}/build:{os.environ['PATH']}"}
    source = re.search(r"^ +kernel +(\S+)$", TUTORIAL, re.M)[1]
    ran = []
    for command, expected in commands():
        if command is None:
            evidence = (tmp_path / RUN / "evidence.txt").read_text()
            assert_prints([LEFT_OUT, *expected, LEFT_OUT], evidence)
            continue
        if command == "make demo":
            continue
        keys, expected = typed(expected)
        said = subprocess.run(command, cwd=tmp_path, env=env, shell=True, capture_output=True,
                              text=True, input="".join(f"{key}\n" for key in keys), timeout=300)
        assert said.returncode in (0, 1), said.stderr
        if not ran and source not in said.stdout:
            pytest.skip(f"the tutorial is about {source}, this is another kernel: paste it anew")
        if expected:
            assert_prints(expected, said.stdout.replace("(gdb) ", ""))
        ran.append(command.split()[1])
    assert ran[:8] == ["explore"] * 4 + ["minimise", "replay", "explain", "debug"]
