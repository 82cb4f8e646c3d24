# SPDX-License-Identifier: GPL-2.0-only
"""A user's kernel as it is: tree, patches, configuration and compiler, on a kbuild made of a page.

The tree here has the targets that guest-kernel/build asks for and nothing to compile: its
bzImage is the words that make was given.
"""

import concurrent.futures
import json
import os
import shutil
import subprocess

import pytest
from conftest import TOP, run_rig

BUILD = TOP / "guest-kernel" / "build"

MAKEFILE = r"""
O ?= .
tinyconfig:
	mkdir -p $(O)
	printf 'CONFIG_CC_VERSION_TEXT="%s"\n' "$$($(CC) --version | head -n 1)" >$(O)/.config
	printf 'export KBUILD_OUTPUT = %s\nmodules:\n\ttouch $$(M)/racerig_kfuncs.ko\n' $(O) >$(O)/Makefile
# Of several lines the last counts; CONFIG_NEVER depends on what is not there.
olddefconfig:
	awk '{ n = $$0; sub(/^# /, "", n); sub(/[ =].*/, "", n) } n ~ /^CONFIG_/ { if (!(n in l)) o[++c] = n; l[n] = $$0 } \
		END { for (i = 1; i <= c; i++) if (o[i] != "CONFIG_NEVER") print l[o[i]] }' $(O)/.config >$(O)/.config.made
	mv $(O)/.config.made $(O)/.config
kernelversion:
	@echo 9.9.9
bzImage:
	mkdir -p $(O)/arch/x86/boot
	echo "CC=$(CC) LLVM=$(LLVM)" >$(O)/arch/x86/boot/bzImage
vmlinux:
	cat kernel/bpf/arena.c >$(O)/vmlinux
	touch $(O)/vmlinux.symvers
modules_prepare:
"""
ARENA = "".join(f"line {number}\n" for number in range(1, 31))


def git(tree, *words):
    subprocess.run(["git", "-C", tree, "-c", "user.name=x", "-c", "user.email=x", *words], check=True,
                   capture_output=True)


@pytest.fixture
def tree(tmp_path):
    """In a folder with a blank and an apostrophe in its name."""
    tree = tmp_path / "it's my" / "linux tree"
    (tree / "kernel" / "bpf").mkdir(parents=True)
    (tree / "Kbuild").write_text("")
    (tree / "Makefile").write_text(MAKEFILE)
    (tree / "kernel" / "bpf" / "arena.c").write_text(ARENA)
    (tree / "kernel" / "gone.c").write_text("gone\n")
    (tree / ".gitignore").write_text("*.o\n")
    git(tree, "init", "-q")
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "x")
    return tree


@pytest.fixture
def build(tmp_path):
    def run(*words, **env):
        env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache"), **env}
        return subprocess.run([BUILD, *words], capture_output=True, text=True, env=env, cwd=tmp_path)

    return run


@pytest.fixture
def copy(tmp_path):
    return tmp_path / "cache" / "racerig" / "sources" / "own-mine" / "linux"


def diff(path, number, to):
    """One line of arena.c, at the state that @to replaces."""
    return (f"--- a/{path}\n+++ b/{path}\n@@ -{number},3 +{number},3 @@\n line {number}\n"
            f"-line {number + 1}\n+{to}\n line {number + 2}\n")


def built(result):
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def refused(result, *parts):
    lines = [line for line in result.stderr.splitlines() if not line.startswith("  KERNEL")]
    assert result.returncode == 2 and len(lines) == 1, result.stderr
    for part in parts:
        assert part in lines[0]


def test_a_tree_as_it_is(tree, build, copy):
    """What is changed, new or removed and not committed counts; what git ignores does not."""
    first = built(build("mine", "--tree", tree, "--dry-run"))
    (tree / "kernel" / "bpf" / "arena.c").write_text(ARENA + "changed\n")
    (tree / "kernel" / "new file.c").write_text("new\n")
    (tree / "kernel" / "new.o").write_text("object\n")
    (tree / "kernel" / "gone.c").unlink()
    second = built(build("mine", "--tree", tree, "--dry-run"))
    assert first != second
    assert (copy / "kernel" / "bpf" / "arena.c").read_text().endswith("changed\n")
    assert (copy / "kernel" / "new file.c").exists()
    assert not (copy / "kernel" / "new.o").exists() and not (copy / "kernel" / "gone.c").exists()
    # The rig's own results, written where a user stands, are no part of the tree.
    (tree / "racerig-runs").mkdir()
    (tree / "racerig-runs" / "verify.md").write_text("x")
    assert built(build("mine", "--tree", tree, "--dry-run")) == second
    (tree / "kernel" / "new file.c").write_text("new2\n")
    assert built(build("mine", "--tree", tree, "--dry-run")) not in (first, second)
    assert (copy / "kernel" / "new file.c").read_text() == "new2\n"


def test_a_worktree_of_git(tree, build, copy, tmp_path):
    other = tmp_path / "other's work"
    git(tree, "worktree", "add", "-q", "-b", "other", other)
    (other / "kernel" / "fresh.c").write_text("x")
    built(build("mine", "--tree", other, "--dry-run"))
    assert (copy / "kernel" / "fresh.c").exists() and not (copy / ".git").exists()


def test_a_tree_that_is_no_repository(tree, build, copy, tmp_path):
    """Also where a repository around it ignores it."""
    git(tmp_path, "init", "-q")
    (tmp_path / ".gitignore").write_text("*\n")
    shutil.rmtree(tree / ".git")
    (tree / "kernel" / "new.o").write_text("object\n")
    built(build("mine", "--tree", tree, "--dry-run"))
    assert (copy / "kernel" / "bpf" / "arena.c").exists() and not (copy / "kernel" / "new.o").exists()


def test_a_tree_that_git_is_told_to_ignore(tree, build):
    """As Debian's source packages are, once somebody has made a repository of one."""
    (tree / ".gitignore").write_text("/*\n!/debian/\n")
    git(tree, "rm", "-r", "-q", "--cached", ".")
    git(tree, "commit", "-q", "-m", "nothing")
    refused(build("mine", "--tree", tree, "--dry-run"), "git ignores", "Kbuild", "git add -f")


@pytest.mark.skipif(os.geteuid() != 0, reason="giving a tree away takes root")
def test_a_tree_of_another_owner(tree, build, copy):
    for path in [tree, *tree.rglob("*")]:
        os.chown(path, 12345, 12345)
    (tree / "kernel" / "new.o").write_text("ignored\n")
    built(build("mine", "--tree", tree, "--dry-run"))
    assert (copy / "kernel" / "bpf" / "arena.c").exists() and not (copy / "kernel" / "new.o").exists()


def test_patches_in_order_whatever_they_are_called(tree, build, copy, tmp_path):
    folder = tmp_path / "my fixes, don't"
    folder.mkdir()
    (folder / "x y.patch").write_text(diff("kernel/bpf/arena.c", 1, "second"))
    (folder / "$z '*.patch").write_text(diff("kernel/bpf/arena.c", 1, "third").replace("-line 2", "-second"))
    words = ["--tree", tree, "--dry-run"]
    built(build("mine", *words, "--patch", "my fixes, don't/x y.patch", "--patch", folder / "$z '*.patch"))
    assert (copy / "kernel" / "bpf" / "arena.c").read_text() == ARENA.replace("line 2\n", "third\n", 1)
    refused(build("mine", *words, "--patch", folder / "$z '*.patch", "--patch", folder / "x y.patch"),
            "$z '*.patch does not apply")
    (tmp_path / "a;b.patch").write_text("x")
    refused(build("mine", *words, "--patch", "a;b.patch"), "cannot be listed")


def test_a_mail_box(tree, build, copy, tmp_path):
    """Two mails that change one file, remove one, add one and move one."""
    (tree / "kernel" / "old-name.c").write_text("moved\n")
    git(tree, "add", ".")
    git(tree, "commit", "-q", "-m", "more")
    git(tree, "checkout", "-q", "-b", "topic")
    (tree / "kernel" / "bpf" / "arena.c").write_text("zero\n" + ARENA)
    (tree / "kernel" / "gone.c").unlink()
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "one")
    (tree / "kernel" / "bpf" / "arena.c").write_text("zero\n" + ARENA + "end\n")
    (tree / "kernel" / "added.c").write_text("added\n")
    git(tree, "mv", "kernel/old-name.c", "kernel/new-name.c")
    git(tree, "add", "-A")
    git(tree, "commit", "-q", "-m", "two")
    mails = subprocess.run(["git", "-C", tree, "format-patch", "--stdout", "-2"], check=True,
                           capture_output=True).stdout
    (tmp_path / "series.mbox").write_bytes(mails)
    git(tree, "checkout", "-q", "-")
    built(build("mine", "--tree", tree, "--patch", "series.mbox", "--dry-run"))
    assert (copy / "kernel" / "bpf" / "arena.c").read_text() == "zero\n" + ARENA + "end\n"
    assert not (copy / "kernel" / "gone.c").exists() and (copy / "kernel" / "added.c").exists()
    assert not (copy / "kernel" / "old-name.c").exists()
    assert (copy / "kernel" / "new-name.c").read_text() == "moved\n"
    built(build("mine", "--tree", tree, "--dry-run"))
    assert (copy / "kernel" / "bpf" / "arena.c").read_text() == ARENA
    assert (copy / "kernel" / "gone.c").exists() and not (copy / "kernel" / "added.c").exists()


@pytest.mark.parametrize("path", ["../../../outside", "kernel/../../x", ".git/config"])
def test_a_patch_stays_in_its_tree(tree, build, tmp_path, path):
    (tmp_path / "evil.patch").write_text(f"--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+x\n")
    refused(build("mine", "--tree", tree, "--patch", "evil.patch", "--dry-run"), "is no file of a kernel tree")
    assert not list(tmp_path.rglob("outside"))


def test_what_is_no_patch(tree, build, tmp_path):
    (tmp_path / "x.patch").write_text("nothing\n")
    refused(build("mine", "--tree", tree, "--patch", "x.patch", "--dry-run"), "x.patch is no patch")
    refused(build("mine", "--tree", tree, "--patch", tmp_path, "--dry-run"), "--patch: cannot read")
    refused(build("mine", "--tree"), "--tree")


def test_a_configuration(tree, build, copy, tmp_path):
    """Fragments count in their order, and what the rig needs counts more and is named."""
    (tmp_path / "one.config").write_text("CONFIG_KASAN=n\nCONFIG_BPF_JIT=n\nCONFIG_NR_CPUS=4\n")
    (tmp_path / "two two.config").write_text("CONFIG_KASAN=y\n# CONFIG_PROVE_LOCKING is not set\n")
    words = ["mine", "--tree", tree, "--dry-run"]
    plain = built(build(*words))
    result = build(*words, "--config", "one.config", "--config", "two two.config")
    assert built(result) != plain
    assert "one.config: CONFIG_BPF_JIT=n is not taken: the rig needs CONFIG_BPF_JIT=y" in result.stderr
    config = (copy.parent / "obj" / ".config").read_text().splitlines()
    assert "CONFIG_KASAN=y" in config and "CONFIG_BPF_JIT=y" in config and "CONFIG_NR_CPUS=4" in config
    # Not asked for in vain.
    (tmp_path / "one.config").write_text("CONFIG_NEVER=y\n")
    refused(build(*words, "--config", "one.config"), "one.config: CONFIG_NEVER=y was asked for, kconfig makes it n")
    (tmp_path / "one.config").write_text("# Automatically generated file; DO NOT EDIT.\nCONFIG_NEVER=y\n")
    result = build(*words, "--config", "one.config")
    built(result)
    assert "one.config: 1 of its lines are otherwise in this kernel" in result.stderr
    # A defconfig has no debug information; which kind there is, is the user's.
    (tmp_path / "one.config").write_text("# Automatically generated file; DO NOT EDIT.\nCONFIG_DEBUG_INFO_NONE=y\n"
                                         "# CONFIG_DEBUG_INFO_DWARF5 is not set\nCONFIG_DEBUG_INFO_SPLIT=y\n")
    result = build(*words, "--config", "one.config")
    built(result)
    config = (copy.parent / "obj" / ".config").read_text().splitlines()
    assert "CONFIG_DEBUG_INFO_NONE=y is not taken" in result.stderr
    assert "CONFIG_DEBUG_INFO_DWARF5=y" in config and "# CONFIG_DEBUG_INFO_SPLIT is not set" in config
    (tmp_path / "one.config").write_text("CONFIG_DEBUG_INFO_DWARF4=y\n")
    result = build(*words, "--config", "one.config")
    built(result)
    assert "DEBUG_INFO_NONE" not in result.stderr
    (tmp_path / "one.config").write_text("PREEMPT_RT=y\n")
    refused(build(*words, "--config", "one.config"), "one.config:1: this is no line of a configuration")


def test_what_it_was_built_from_is_said(tree, build, tmp_path):
    """And it is found again by name alone, with the compiler that it was built with."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in ("clang", "ld.lld"):
        (tools / name).write_text(f"#!/bin/sh\necho {name} version 99\n")
        (tools / name).chmod(0o755)
    # A tree of one's own takes nothing of apt.
    for name in ("apt-get", "apt-cache", "dpkg-deb"):
        (tools / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexit 1\n")
        (tools / name).chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    (tmp_path / "small.config").write_text("CONFIG_KASAN=y\n")
    words = ["mine", "--tree", tree]
    by_gcc = built(build(*words, "--dry-run"))
    by_cc = built(build(*words, "--dry-run", CC="clang", PATH=path))
    folder = built(build(*words, "--config", "small.config", "--ram", "200", LLVM="1", PATH=path))
    assert len({by_gcc, by_cc, folder}) == 3
    # The tree's own make would say clang, which it was told nothing of here.
    assert (tmp_path / folder / "bzImage").read_text().endswith("LLVM=1\n")
    kernel = json.loads((tmp_path / folder / "kernel.json").read_text())
    origin = json.loads((tmp_path / folder / "origin.json").read_text())
    assert kernel["ram_mib"] == 200 and kernel["compiler"] == "clang version 99"
    assert origin["tree"] == str(tree) and origin["make"] == "LLVM=1"
    assert origin["fragments"] == "small.config" and len(origin["tree_sha256"]) == 64
    assert len(origin["commit"]) == 40
    assert built(build("mine", PATH=path)) == folder
    listed = run_rig("list", "--json", env={"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": path})
    mine = [kernel for kernel in json.loads(listed.stdout)["kernels"] if kernel["name"] == "mine"]
    assert mine and mine[0]["key"] == os.path.basename(folder), listed.stderr
    assert not (tmp_path / "asked").exists()
    refused(build(*words, "--dry-run", LLVM="yes"), "LLVM='yes': write 1 or -16")
    refused(build(*words, "--dry-run", CC="no-such-cc"), "no no-such-cc here")
    refused(build(*words, "--ram", "1"), "--ram 1: give MiB")


def test_a_compiler_alone(tree, build, tmp_path):
    """Is enough to make another kernel of our source."""
    source = tmp_path / "cache" / "racerig" / "sources" / "linux-source-7.3_9"
    shutil.copytree(tree, source / "linux")
    (source / "complete").touch()
    refused(build("other"), "no kernel 'other'")
    folder = built(build("other", CC="gcc -pipe"))
    assert (tmp_path / folder / "bzImage").read_text() == "CC=gcc -pipe LLVM=\n"
    assert json.loads((tmp_path / folder / "origin.json").read_text())["make"] == "CC=gcc -pipe"
    assert json.loads((tmp_path / folder / "kernel.json").read_text())["source"] == source.name
    assert built(build("other")) == folder


def test_two_builders_of_one_kernel(tree, build, tmp_path):
    """Of ours, whose source has two folders to build in: the second one waits, and has nothing to do."""
    source = tmp_path / "cache" / "racerig" / "sources" / "linux-source-7.3_9"
    makefile = MAKEFILE.replace("bzImage:\n", f"bzImage:\n\techo >>'{tmp_path}/made'\n\tsleep 2\n")
    merge = tree / "scripts" / "kconfig" / "merge_config.sh"
    merge.parent.mkdir(parents=True)
    merge.write_text('#!/bin/sh\nshift 3\ncat "$@" >.config.all && mv .config.all .config\n')
    merge.chmod(0o755)
    (tree / "Makefile").write_text(makefile)
    for linux in (source / "linux", source / "slot-2" / "linux"):
        shutil.copytree(tree, linux)
    (source / "slot-2" / "bin").mkdir()
    (source / "complete").touch()
    with concurrent.futures.ThreadPoolExecutor() as pool:
        first, second = pool.map(lambda _: build("stock"), range(2))
    assert built(first) == built(second)
    assert "stock: somebody else is building it" in first.stderr + second.stderr
    assert (tmp_path / "made").read_text() == "\n"
    images = tmp_path / "cache" / "racerig" / "images"
    assert [len(list(path.glob(".*"))) for path in images.iterdir()] == [0]


def test_how_far_a_build_is():
    """Steps of how many and the time left, as soon as a build from nothing has shown how many there are."""
    def line(*words):
        script = f'. {TOP}/guest-kernel/progress; progress_line "$@"'
        return subprocess.run(["sh", "-euc", script, "sh", *map(str, words)], check=True, capture_output=True,
                              text=True).stdout

    assert line("mine", 30, 0, 10) == "mine: 30 steps\n"
    assert line("mine", 5, 1000, 10) == "mine: 5 steps\n"
    assert line("mine", 250, 1000, 100) == "mine: 250 of 1000 steps, 5 min 0 s left\n"
    assert line("mine", 1200, 1000, 100) == "mine: 1200 steps\n"


def test_where_kbuild_cannot(tree, build, tmp_path):
    refused(build("mine", "--tree", tree, "--dry-run", XDG_CACHE_HOME=str(tmp_path / "my cache")),
            "a blank or a colon", "XDG_CACHE_HOME")


def test_a_checkout_with_blanks(tree, tmp_path):
    checkout = tmp_path / "my check out"
    shutil.copytree(TOP / "guest-kernel", checkout / "guest-kernel")
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    result = subprocess.run([checkout / "guest-kernel" / "build", "mine", "--tree", tree], env=env,
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    assert json.loads((tmp_path / result.stdout.strip() / "kernel.json").read_text())["release"] == "9.9.9"
