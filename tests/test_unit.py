# SPDX-License-Identifier: GPL-2.0-only
"""The C unit tests: built with ASan and UBSan, one binary beside each unit."""

import subprocess

import pytest
from conftest import TOP

# By their sources: a build folder may hold what an older tree had.
BINARIES = [TOP / "build" / "tests" / source.parent.name / source.stem
            for source in sorted((TOP / "rig").glob("*/test-*.c"))]
# What must hold whatever a PTE looks like: the same sources, linked with rig/arch/arch-fake.c.
BINARIES += [TOP / "build" / "tests" / "fake" / source.stem for folder in ("event", "check", "schedule")
             for source in sorted((TOP / "rig" / folder).glob("test-*.c"))]


def test_there_are_some() -> None:
    assert BINARIES and all(binary.exists() for binary in BINARIES)


@pytest.mark.parametrize("binary", BINARIES, ids=lambda binary: f"{binary.parent.name}-{binary.name}")
def test_unit(binary) -> None:
    result = subprocess.run([binary, "--tap"], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nok " in result.stdout


def test_units_are_sanitized() -> None:
    symbols = subprocess.run(["nm", BINARIES[0]], capture_output=True, text=True).stdout
    assert "__asan_init" in symbols and "__ubsan_handle" in symbols
