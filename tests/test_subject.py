# SPDX-License-Identifier: GPL-2.0-only
"""What is watched is data: the rig knows no subject but by its row and drgn's description."""

import json
import os
import re
import shutil
import subprocess

import pytest

from conftest import RIG, TOP

@pytest.fixture(scope="module")
def without_arena(tmp_path_factory):
    """The rig linked without rig/subject/arena; nothing that it reads names the arena's invariants."""
    binary = RIG.parent / "without-arena"
    subprocess.run(["make", "-s", f"{binary.parent.name}/{binary.name}"], cwd=TOP, check=True)
    data = tmp_path_factory.mktemp("data")
    for name in ("analysis", "build"):
        (data / name).symlink_to(TOP / name)
    (data / "guest-kernel" / "kernels").mkdir(parents=True)
    for path in (TOP / "guest-kernel").iterdir():
        if path.name != "kernels":
            (data / "guest-kernel" / path.name).symlink_to(path)
    (data / "scenarios").mkdir()
    shutil.copy(TOP / "guest-kernel" / "kernels" / "stock.kernel", data / "guest-kernel" / "kernels")
    text = (TOP / "scenarios" / "alloc-vs-free.scenario").read_text()
    (data / "scenarios" / "alloc-vs-free.scenario").write_text(text.split("[expect]")[0])
    return lambda *words: subprocess.run([binary, *words], capture_output=True, text=True,
                                         env={**os.environ, "RACERIG_DATA": str(data),
                                              "XDG_CACHE_HOME": str(data / "cache")})


def test_the_rig_links_without_the_arena(without_arena, tmp_path):
    listed = without_arena("list", "--json")
    assert listed.returncode == 0, listed.stderr
    left = {row["id"] for row in json.loads(listed.stdout)["invariants"]}
    assert left and left == {f"I{path.stem.removeprefix('check-i')}"
                             for path in (TOP / "rig" / "check").glob("check-i*.c")}
    result = without_arena("explore", "alloc-vs-free", "--out", tmp_path / "run")
    assert result.returncode == 2 and not (tmp_path / "run").exists()
    assert re.fullmatch(r"racerig: \S+/alloc-vs-free.scenario: no subject 'arena' \(there are: \)\n",
                        result.stderr)


def test_nothing_includes_a_subject():
    """check-layers has no row that may; here: no common file says a name of the arena's code."""
    names = re.compile(r"arena_map_free|bpf_map_area_free|free_pages_nolock|kernel/bpf/\"")
    for path in (TOP / "rig").rglob("*.[ch]"):
        if path.parent.name != "arena" and not path.name.startswith("test-"):
            assert not names.search(path.read_text()), path
