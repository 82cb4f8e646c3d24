# SPDX-License-Identifier: GPL-2.0-only
"""A stranger's file is only data: it names nothing outside, and it runs nothing."""

import os
import signal
import socket
import subprocess

import pytest
from conftest import RIG, TOP, run_rig
from test_input import assert_refused

KERNELS = TOP / "guest-kernel" / "kernels"
OUTSIDE = ["../../x", "/etc/passwd", "..", ".", "-n", "--no-such", "a/b", "a b", "", "stock@../x",
           "@stock", "stock@", "a" * 65, "stock\n", "x;y", "$(touch x)"]


@pytest.fixture
def tree(tmp_path):
    """A git tree whose configuration wants to run a program whenever git looks at it."""
    tree = tmp_path / "tree"
    (tree / "kernel" / "bpf").mkdir(parents=True)
    for name in ("Kbuild", "Makefile", "kernel/bpf/arena.c"):
        (tree / name).write_text("x\n")
    (tree / ".gitattributes").write_text("* filter=evil diff=evil\n")

    def git(*words):
        subprocess.run(["git", "-C", tree, "-c", "user.name=x", "-c", "user.email=x", *words],
                       check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("commit", "-q", "-m", "x")
    hook = tmp_path / "hook"
    hook.write_text(f'#!/bin/sh\necho "$0 $*" >>{tmp_path}/ran\ncat\n')
    hook.chmod(0o755)
    for key in ("core.fsmonitor", "filter.evil.clean", "filter.evil.process", "diff.external",
                "diff.evil.textconv", "diff.evil.command", "core.sshCommand", "core.pager"):
        git("config", key, str(hook))
    (tmp_path / "ran").unlink(missing_ok=True)
    (tree / "Makefile").write_text("another size\n")
    return tree


def schedule(path, **lines):
    head = {"scenario": "fault-vs-alloc", "kernel": "stock 0123456789abcdef",
            "actors": "alloc fault", **lines}
    path.write_text("racerig-schedule 3\n" + "".join(f"{k} {v}\n" for k, v in head.items()) + "end 0\n")
    return path


def test_replaying_a_schedule_runs_nothing(tmp_path, tree):
    (tmp_path / "x.kernel").write_text(f"[kernel]\ntitle = x\nkind = own\ntree = {tree}\n")
    name = os.path.relpath(tmp_path / "x", KERNELS)
    evil = schedule(tmp_path / "evil.sched", kernel=f"{name} 0123456789abcdef")
    result = run_rig("replay", evil)
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()
    assert_refused(result, "evil.sched:3: ", "is no name of a kernel")


def test_looking_at_a_tree_of_ones_own_runs_nothing(tmp_path, tree):
    """And its state is that of its files: what is in them, whatever their times."""
    own = tmp_path / "cache" / "racerig" / "kernels"
    own.mkdir(parents=True)
    (own / "mine.kernel").write_text(f"[kernel]\ntitle = x\nkind = own\ntree = {tree}\npatches =\n")

    def state():
        script = f"cache={tmp_path}/cache; . {TOP}/guest-kernel/tree; tree_state {tree}"
        return subprocess.run(["sh", "-euc", script], check=True, capture_output=True, text=True).stdout

    result = run_rig("list", env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert result.returncode == 0 and "  mine " in result.stdout, result.stderr
    before = state()
    os.utime(tree / "Makefile", (1, 1))
    assert state() == before
    (tree / "Makefile").write_text("ANOTHER size\n")
    os.utime(tree / "Makefile", (1, 1))
    changed = state()
    assert changed != before
    (tree / "untracked").write_text("not copied, not counted")
    assert state() == changed
    assert not (tmp_path / "ran").exists(), (tmp_path / "ran").read_text()


def test_a_tree_is_named_by_its_user_only(tmp_path, tree):
    """Not by a descriptor that came with a checkout."""
    data = tmp_path / "data"
    (data / "guest-kernel").mkdir(parents=True)
    for path in (TOP / "guest-kernel").iterdir():
        if path.name != "kernels":
            (data / "guest-kernel" / path.name).symlink_to(path)
    (data / "guest-kernel" / "kernels").mkdir()
    (data / "guest-kernel" / "kernels" / "x.kernel").write_text(
        f"[kernel]\ntitle = x\nkind = own\ntree = {tree}\n")
    result = subprocess.run(["sh", data / "guest-kernel" / "build", "--status"], capture_output=True,
                            text=True)
    assert result.returncode == 2 and "x.kernel: 'tree' is for descriptors of your own" in result.stderr
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("name", OUTSIDE)
def test_no_name_leads_outside(name):
    """The rig and the script refuse the same ones."""
    script = subprocess.run([TOP / "guest-kernel" / "build", name], capture_output=True, text=True)
    assert script.returncode == 2 and "is no name of a kernel" in script.stderr, script.stderr
    assert_refused(run_rig("explore", "fault-vs-alloc", f"--kernel={name}"), "is no name of a kernel")
    assert_refused(run_rig("kernel", "build", name), "is no name of a kernel")
    assert_refused(run_rig("suite", f"--kernel={name}"), "is no name of a kernel")
    if "@" not in name:
        if not name.startswith("-"):
            assert_refused(run_rig("explore", name), "is no name of a scenario")
        assert_refused(run_rig("suite", f"--scenario={name}"), "is no name of a scenario")
        assert_refused(run_rig("list", f"--windows={name}"), "is no name of a scenario")


@pytest.mark.parametrize("line, what", [
    ({"scenario": "../x"}, ":2: '../x' is no name of a scenario"),
    ({"kernel": "stock ../../x"}, ":3: '../../x' is no name of a build"),
    ({"actors": "alloc\x1b[2J fault"}, ":4: 'alloc\\033[2J' is no name of an actor"),
    ({"violates": "I6\x07"}, ":5: 'I6\\007' is no name of an invariant"),
])
def test_schedules(tmp_path, line, what):
    for command in ("replay", "minimise", "explain", "debug"):
        assert_refused(run_rig(command, schedule(tmp_path / "x.sched", **line)), what)


def test_boot_keeps_what_is_there(tmp_path):
    """--qmp names a socket to be: never a file that is removed for it."""
    thesis = tmp_path / "thesis.tex"
    thesis.write_text("years of work")
    assert_refused(run_rig("boot", "fault-vs-alloc", "--qmp", thesis), "thesis.tex", "no socket")
    assert thesis.read_text() == "years of work"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "theirs"))
        server.listen()
        assert_refused(run_rig("boot", "fault-vs-alloc", "--qmp", tmp_path / "theirs"), "somebody else's")
    long = tmp_path / ("x" * 120)
    result = run_rig("boot", "fault-vs-alloc", "--qmp", long)
    assert result.returncode == 2 and "too long for a socket" in result.stderr


@pytest.mark.parametrize("name", ["qmp,server=off", "q m'p", "q\"mp"])
def test_awkward_names_of_sockets(tmp_path, name):
    """A comma ends nothing, and a quote opens nothing."""
    rig = subprocess.Popen([RIG, "boot", "fault-vs-alloc", "--qmp", tmp_path / name], cwd=TOP,
                           stdout=subprocess.PIPE, text=True)
    try:
        assert "parked" in rig.stdout.readline()
        assert (tmp_path / name).is_socket()
    finally:
        rig.send_signal(signal.SIGINT)
        assert rig.wait(30) == 0
    assert not (tmp_path / name).exists()
