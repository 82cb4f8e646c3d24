# SPDX-License-Identifier: GPL-2.0-only
"""git bisect run racerig verify --bisect, by git itself: commits that are good, bad or do not build.

What a commit "compiles" to is a kernel that is built already, which arena.c names: the guests are real.
"""

import os
import subprocess

import pytest
from conftest import PYTHON, RIG, TOP

MAKEFILE = r"""
WHICH := $(shell cat kernel/bpf/arena.c)
tinyconfig:
	mkdir -p $(O)
	cp STOCK/config $(O)/.config
	printf 'export KBUILD_OUTPUT = %s\nmodules:\n\tcp %s/ko $$(M)/racerig_kfuncs.ko\n' $(O) $(O) >$(O)/Makefile
olddefconfig:
	awk '{ n = $$0; sub(/^# /, "", n); sub(/[ =].*/, "", n) } n ~ /^CONFIG_/ { if (!(n in l)) o[++c] = n; l[n] = $$0 } \
		END { for (i = 1; i <= c; i++) print l[o[i]] }' $(O)/.config >$(O)/.config.made
	mv $(O)/.config.made $(O)/.config
kernelversion:
	@echo 7.3.4
bzImage:
	mkdir -p $(O)/arch/x86/boot
	cp $(WHICH)/bzImage $(O)/arch/x86/boot/bzImage
vmlinux:
	cp $(WHICH)/vmlinux $(O)/vmlinux
	cp $(WHICH)/racerig_kfuncs.ko $(O)/ko
	touch $(O)/vmlinux.symvers
modules_prepare:
"""


def git(tree, *words, **kwargs):
    return subprocess.run(["git", "-C", tree, "-c", "user.name=x", "-c", "user.email=x", *words], check=True,
                          capture_output=True, text=True, **kwargs).stdout


@pytest.fixture
def tree(tmp_path):
    """Commits 0 to 7: 3 does not build, which is the one that git looks at first, and from 6 on they are bad."""
    stock, mutant = (subprocess.run([TOP / "guest-kernel" / "build", name], check=True, capture_output=True,
                                    text=True).stdout.strip() for name in ("stock", "scratch-plain-store"))
    tree = tmp_path / "it's my tree"
    (tree / "kernel" / "bpf").mkdir(parents=True)
    (tree / "Kbuild").write_text("")
    (tree / "Makefile").write_text(MAKEFILE.replace("STOCK", stock))
    git(tmp_path, "init", "-q", tree)
    for number, which in enumerate((stock, stock, stock, "/nonexistent", stock, stock, mutant, mutant)):
        (tree / "kernel" / "bpf" / "arena.c").write_text(which + "\n")
        (tree / "number").write_text(f"{number}\n")
        git(tree, "add", ".")
        git(tree, "commit", "-q", "-m", f"commit {number}")
    return tree


def test_git_finds_the_commit(tree, tmp_path):
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), "RACERIG_PYTHON": str(PYTHON)}
    git(tree, "bisect", "start", "HEAD", "HEAD~7")
    result = subprocess.run(["git", "bisect", "run", RIG, "verify", "--tree", ".", "--scenario", "fault-vs-alloc",
                             "--bisect"], cwd=tree, env=env, capture_output=True, text=True, timeout=900)
    said = result.stdout + result.stderr
    assert result.returncode == 0 and "is the first bad commit" in said, said
    assert "good: no invariant is violated" in said and "bad: I1;" in said, said
    log = git(tree, "bisect", "log")
    assert "# skip: " in log and "] commit 3\n" in log, log
    assert git(tree, "show", "-s", "--format=%s", "refs/bisect/bad") == "commit 6\n"
