# SPDX-License-Identifier: GPL-2.0-only
"""Kernels: every patch applies to every source it is for, and what is no use is refused."""

import configparser
import subprocess

import pytest
from conftest import TOP, run_rig

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


@pytest.mark.parametrize("path", [p for p in KERNELS if descriptor(p)["kind"] == "mutant"],
                         ids=lambda path: path.stem)
def test_mutants_say_what_they_break(path):
    kernel = descriptor(path)
    text = (TOP / "guest-kernel" / kernel["patches"]).read_text()
    assert f"\nBreaks: {kernel['breaks']}\nCaught by: " in text


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
