# SPDX-License-Identifier: GPL-2.0-only
"""What is watched is data: the rig knows no subject but by its row and drgn's description."""

import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import TOP, built

# Of each subject: its invariants, a scenario, and what stock is.
SUBJECTS = {
    "arena": ("alloc-vs-free", "clean"),
    "vmap": ("vmap-reuse-vs-read", "documented"),
}


def without(data, subject):
    """
    The rig linked without rig/subject/SUBJECT, with nothing to read that is of that subject, and
    with one scenario of each.
    """
    binary = built(f"without-{subject}")
    (data / "build").symlink_to(TOP / "build")
    shutil.copytree(TOP / "analysis", data / "analysis",
                    ignore=lambda folder, _: [f"{subject}.py"] if folder.endswith("/subjects") else [])
    (data / "guest-kernel" / "kernels").mkdir(parents=True)
    for path in (TOP / "guest-kernel").iterdir():
        if path.name != "kernels":
            (data / "guest-kernel" / path.name).symlink_to(path)
    shutil.copy(TOP / "guest-kernel" / "kernels" / "stock.kernel", data / "guest-kernel" / "kernels")
    (data / "scenarios").mkdir()
    for name, expected in SUBJECTS.values():
        text = (TOP / "scenarios" / f"{name}.scenario").read_text().split("[expect]")[0]
        (data / "scenarios" / f"{name}.scenario").write_text(f"{text}[expect]\nstock = {expected}\n")
    return lambda *words: subprocess.run([binary, *words], capture_output=True, text=True,
                                         env={**os.environ, "RACERIG_DATA": str(data)})


def invariants(folder):
    return {f"I{path.stem.removeprefix('check-i')}" for path in folder.glob("check-i*.c")}


@pytest.mark.parametrize("subject, other", [("arena", "vmap"), ("vmap", "arena")])
def test_the_rig_does_without_a_subject(tmp_path, subject, other):
    (tmp_path / "data").mkdir()
    rig = without(tmp_path / "data", subject)
    listed = rig("list", "--json")
    assert listed.returncode == 0, listed.stderr
    left = {row["id"] for row in json.loads(listed.stdout)["invariants"]}
    assert invariants(TOP / "rig" / "subject" / other)
    assert left == invariants(TOP / "rig" / "check") | invariants(TOP / "rig" / "subject" / other)

    name, _ = SUBJECTS[subject]
    result = rig("explore", name, "--out", tmp_path / "gone")
    assert result.returncode == 2 and not (tmp_path / "gone").exists()
    assert re.fullmatch(rf"racerig: \S+/{name}.scenario: no subject '{subject}' \(there are: {other}\)\n",
                        result.stderr)

    name, expected = SUBJECTS[other]
    result = rig("explore", name, "--out", tmp_path / "run")
    assert result.returncode == 0, result.stdout + result.stderr
    found = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert found["complete"]
    assert f"{name} on stock: {expected} (as expected)" in result.stdout


def test_nothing_includes_a_subject():
    """check-layers has no row that may; here: no common file says a name of a subject's code."""
    names = re.compile(r"arena_map_free|bpf_map_area_free|free_pages_nolock|kernel/bpf/\"|vmap_purge_lock|"
                       r"vm_unmap_aliases|mm/vmalloc")
    for path in (TOP / "rig").rglob("*.[ch]"):
        if path.parent.name not in SUBJECTS and not path.name.startswith("test-"):
            assert not names.search(path.read_text()), path
