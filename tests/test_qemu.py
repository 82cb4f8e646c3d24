# SPDX-License-Identifier: GPL-2.0-only
"""One kernel build, two emulators: what the rig finds does not depend on which QEMU runs it."""

import json
import re
import subprocess

import pytest
from conftest import TOP, run_rig

#: Debian 13 with this has the newest QEMU that a stable Debian offers.
SUITE = "trixie-backports"
#: What `make kernel` builds.
KERNELS = re.search(r"^KERNELS := (.*)$", (TOP / "Makefile").read_text(), re.M)[1].split()
#: The quick group, and the finding that lives on translations an emulator keeps.
RUNS = {"quick": ["--group", "quick", *(word for name in KERNELS for word in ("--kernel", name))],
        "lost-write": ["--scenario", "lost-write", "--kernel", "stock"]}
#: Of a table's row, what is of one run only.
OWN = {"wall_s", "schedules_per_s", "spent_s"}


@pytest.fixture(scope="module")
def newer():
    result = subprocess.run([TOP / "tests" / "fetch-qemu", SUITE], capture_output=True, text=True)
    if result.returncode == 2:
        pytest.skip(result.stderr.splitlines()[-1])
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def version(program):
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return re.match(r"QEMU emulator version (\S+)", said)[1]


def found(out):
    """The table without times, and every saved schedule and trace to the byte; who ran it."""
    rows = [{key: value for key, value in row.items() if key not in OWN}
            for row in json.loads((out / "suite.json").read_text())["rows"]]
    files = {str(path.relative_to(out)): path.read_bytes()
             for kind in ("schedules", "trace") for path in out.glob(f"runs/*/*/{kind}/*")}
    qemus = {json.loads(path.read_text())["environment"]["qemu"]
             for path in out.glob("runs/*/*/verdict.json")}
    return rows, files, qemus


@pytest.mark.parametrize("name", RUNS)
def test_the_same_to_the_byte(name, newer, tmp_path):
    results = []
    for program in ("qemu-system-x86_64", newer):
        out = tmp_path / str(len(results))
        result = run_rig("suite", *RUNS[name], "--out", out, "--qemu", program, timeout=1800)
        assert result.returncode == 0, result.stdout + result.stderr
        rows, files, qemus = found(out)
        assert qemus == {version(program)}, "the verdict names who ran it"
        results.append((rows, files))
    (rows, files), (newer_rows, newer_files) = results
    assert newer_rows == rows
    assert files and newer_files.keys() == files.keys()
    assert [path for path in files if newer_files[path] != files[path]] == []
