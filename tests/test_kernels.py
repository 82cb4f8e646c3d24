# SPDX-License-Identifier: GPL-2.0-only
"""Kernels: every patch applies to every source it is for, and what is no use is refused."""

import configparser
import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import PYTHON, TOP, run_rig, verdict

BUILD = TOP / "guest-kernel" / "build"
KERNELS = sorted((TOP / "guest-kernel" / "kernels").glob("*.kernel"))


def descriptor(path):
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.read(path)
    return dict(parser["kernel"])


def build(*words):
    return subprocess.run([BUILD, *words], capture_output=True, text=True)


def test_every_patch_applies():
    result = build("--check")
    assert result.returncode == 0, result.stderr
    applied = set(result.stdout.splitlines())
    for path in KERNELS:
        for source in descriptor(path)["source"].split(";"):
            assert f"{path.stem} {source}" in applied


def test_every_invariant_has_a_file_and_a_mutant():
    """And the row says where the invariant comes from, the file which mutant breaks it where."""
    for invariant in json.loads(run_rig("list", "--json").stdout)["invariants"]:
        name = invariant["id"].lower()
        files = [path for path in (*(TOP / "rig").rglob(f"check-{name}.c"),
                                   TOP / "analysis" / "helpers" / "invariants" / f"{name}.py")
                 if path.exists()]
        assert invariant["checked"] and invariant["source"] and files, invariant
        for path in files:
            text = path.read_text()
            mutant, scenario = re.search(r"Broken by: ([\w-]+) in ([\w-]+)\.", text).groups()
            assert mutant in invariant["broken_by"], path
            expected = (TOP / "scenarios" / f"{scenario}.scenario").read_text()
            assert f"\n{mutant} = {invariant['id']}" in expected, path


def test_patch_that_does_not_apply(tmp_path):
    patch = tmp_path / "off.patch"
    patch.write_text("--- a/kernel/bpf/arena.c\n+++ b/kernel/bpf/arena.c\n@@ -1,1 +1,1 @@\n-no\n+yes\n")
    result = build("own-off", "--patch", patch)
    assert result.returncode == 2
    assert "off.patch does not apply to linux-source-7.3" in result.stderr


def test_patch_of_a_file_that_is_not_there(tmp_path):
    patch = tmp_path / "off.patch"
    patch.write_text("--- a/kernel/none.c\n+++ b/kernel/none.c\n@@ -1,1 +1,1 @@\n-no\n+yes\n")
    result = build("own-off", "--patch", patch)
    assert result.returncode == 2
    assert "off.patch does not apply" in result.stderr and "kernel/none.c" in result.stderr


def test_mutant_on_another_source():
    result = build("free-miscounts-scratch@stock-prev")
    assert result.returncode == 2
    assert "free-miscounts-scratch is not for linux-source-7.2" in result.stderr


def test_tree_without_arenas(tmp_path):
    (tmp_path / "Kbuild").touch()
    (tmp_path / "Makefile").touch()
    result = run_rig("kernel", "build", "own-old", "--tree", tmp_path)
    assert result.returncode == 2
    assert "too old: it has no BPF arenas" in result.stderr


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """The stock kernel as if somebody else had built it: image, vmlinux, config and headers."""
    top = tmp_path_factory.mktemp("foreign")
    built = Path(build("stock").stdout.strip())
    obj = Path(json.loads((built / "kernel.json").read_text())["tree"]).parent / "obj"
    headers = top / "headers"
    subprocess.run(["cp", "-rs", obj, headers], check=True)
    (headers / "vmlinux").unlink()
    (headers / "vmlinux").symlink_to(built / "vmlinux")
    (headers / "Module.symvers").unlink(missing_ok=True)
    (headers / "Module.symvers").symlink_to(obj / "vmlinux.symvers")
    makefile = (obj / "Makefile").read_text().replace(f"KBUILD_OUTPUT = {obj}",
                                                      f"KBUILD_OUTPUT = {headers}")
    (headers / "Makefile").unlink()
    (headers / "Makefile").write_text(makefile)
    return {"image": built / "bzImage", "vmlinux": built / "vmlinux", "config": built / "config",
            "headers": headers}


def adopt(tmp_path, foreign, **other):
    words = [word for name, path in {**foreign, **other}.items() for word in (f"--{name}", path)]
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "RACERIG_PYTHON": str(PYTHON)}
    return run_rig("kernel", "build", "theirs", *words, env=env), env


@pytest.mark.parametrize("by", ["gcc", "clang"])
def test_a_kernel_that_somebody_else_built(by, tmp_path, foreign, explored):
    """clang writes no table of addresses, by which older elfutils find the source of an instruction."""
    vmlinux = foreign["vmlinux"]
    if by == "clang":
        vmlinux = tmp_path / "vmlinux"
        subprocess.run(["objcopy", "--remove-section=.debug_aranges", foreign["vmlinux"], vmlinux], check=True)
    result, env = adopt(tmp_path, foreign, vmlinux=vmlinux)
    assert result.returncode == 0, result.stderr
    out = tmp_path / "run"
    result = run_rig("explore", "fault-vs-alloc", "--kernel", "theirs", "--out", out, env=env)
    theirs, ours = verdict(out), verdict(explored("stock", "fault-vs-alloc")[1])
    assert result.returncode == 0, result.stdout + result.stderr
    assert theirs["final_states"] == ours["final_states"]
    assert theirs["executed"] == ours["executed"]


def test_a_kernel_without_what_it_takes(tmp_path, foreign):
    config = tmp_path / "config"
    config.write_text(re.sub("CONFIG_BPF_JIT=y|CONFIG_MODULES=y", "# no",
                             foreign["config"].read_text()))
    result, _ = adopt(tmp_path, foreign, config=config)
    assert result.returncode == 2
    assert "this kernel has no CONFIG_MODULES=y CONFIG_BPF_JIT=y" in result.stderr
    result, _ = adopt(tmp_path, foreign, vmlinux=foreign["image"])
    assert result.returncode == 2 and "is no ELF file" in result.stderr
    result, _ = adopt(tmp_path, foreign, headers=tmp_path)
    assert result.returncode == 2 and "no headers in" in result.stderr
