# SPDX-License-Identifier: GPL-2.0-only
"""A stranger's file is only data: it names nothing outside, and it runs nothing."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from conftest import RIG, TOP, run_rig, verdict
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
    path.write_text("racerig-schedule 5\n" + "".join(f"{k} {v}\n" for k, v in head.items()) + "end 0\n")
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
    (tree / "untracked").write_text("copied, so counted")
    assert state() != changed
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


# --- recorded files ------------------------------------------------------------------------

ROW = {"scenario": "fault-vs-alloc", "kernel": "stock", "kind": "stock", "expected": "clean",
       "verdict": "clean", "invariants": [], "folder": "runs/fault-vs-alloc/stock"}


@pytest.mark.parametrize("member, value, what", [
    ("folder", "../victim", "'../victim' is no name of a folder"),
    ("folder", "runs/../../victim", "is no name of a folder"),
    ("folder", "/etc", "is no name of a folder"),
    ("folder", "javascript:alert(1)//", "is no name of a folder"),
    ("folder", 7, "'folder' must be a string"),
    ("schedule", "../x.sched", "is no name of a folder"),
    ("scenario", "<script>", "is no name of a scenario"),
    ("kernel", "../x", "is no name of a kernel"),
    ("breaks", "I1\"onclick=", "is no name of an invariant"),
    ("invariants", ["I1", None], "'invariants' must be an array of strings"),
    ("invariants", ["x"], "is no name of an invariant"),
    ("invariants", None, "'invariants' must be an array, and there is none"),
    ("verdict", None, "'verdict' must be a string, and there is none"),
    ("executed", -1, "'executed' must be a whole number from 0"),
    ("executed", "many", "'executed' must be a whole number from 0"),
    ("as_expected", "yes", "'as_expected' must be true or false"),
])
def test_suites(tmp_path, violating, member, value, what):
    suite = tmp_path / "suite"
    shutil.copytree(violating, tmp_path / "victim")
    (tmp_path / "victim" / "evidence.txt").write_text("theirs")
    suite.mkdir()
    (suite / "suite.json").write_text(
        json.dumps({"racerig-suite": 1, "rows": [{**ROW, member: value}]}))
    assert_refused(run_rig("report", suite), "suite.json: ", what)
    assert [path.name for path in suite.iterdir()] == ["suite.json"]
    assert (tmp_path / "victim" / "evidence.txt").read_text() == "theirs"


def test_a_link_out_of_a_suite(tmp_path, violating):
    suite = tmp_path / "suite"
    shutil.copytree(violating, tmp_path / "victim")
    (tmp_path / "victim" / "evidence.txt").write_text("theirs")
    (suite / "runs" / "fault-vs-alloc").mkdir(parents=True)
    (suite / "runs" / "fault-vs-alloc" / "stock").symlink_to(tmp_path / "victim")
    (suite / "suite.json").write_text(json.dumps({"racerig-suite": 1, "rows": [ROW]}))
    assert_refused(run_rig("report", suite), "leads out of")
    assert (tmp_path / "victim" / "evidence.txt").read_text() == "theirs"


@pytest.fixture(scope="session")
def violating(explored):
    return explored("scratch-plain-store")[1]


def without(member):
    return lambda verdict: verdict["violations"][0].pop(member)


def changed(member, value, where=lambda verdict: verdict):
    return lambda verdict: where(verdict).__setitem__(member, value)


@pytest.mark.parametrize("edit, what", [
    (without("invariant"), "'invariant' must be a string, and there is none"),
    (without("reason"), "'reason' must be a string, and there is none"),
    (without("schedule"), "'schedule' must be a string, and there is none"),
    (changed("violations", 3), "'violations' must be an array"),
    (changed("violations", [None]), "'violations' must be an array of objects"),
    (changed("scenario", ["x"]), "'scenario' must be a string"),
    (changed("verdict", 3), "'verdict' must be a string"),
    (changed("cycles", "x"), "'cycles' must be a whole number"),
    (changed("final_states", [1]), "'final_states' must be an array of strings"),
    (changed("absent_hooks", "x"), "'absent_hooks' must be an array"),
    (changed("controls", {"x": "y"}), "'x' must be a whole number"),
    (changed("controls", None), "'controls' must be an object"),
    (changed("environment", None), "'environment' must be an object, and there is none"),
    (changed("key", "../../x", lambda verdict: verdict["environment"]), "is no name of a build"),
])
def test_verdicts(tmp_path, violating, edit, what):
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    (out / "report.html").unlink()
    damaged = verdict(out)
    edit(damaged)
    (out / "verdict.json").write_text(json.dumps(damaged))
    assert_refused(run_rig("report", out), "verdict.json: ", what)
    assert not (out / "report.html").exists()


@pytest.mark.parametrize("member", ["final_states", "cycles_grown", "unsettled_differs", "absent_hooks",
                                    "unseen", "unseen_verbs", "controls"])
def test_a_verdict_without(member, tmp_path, violating):
    """What an older rig did not write."""
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    less = {**verdict(out), "cycles": 1, "unsettled": 1}
    del less[member]
    (out / "verdict.json").write_text(json.dumps(less))
    result = run_rig("report", out)
    assert result.returncode == 0 and not result.stderr, result.stderr


def test_facts(tmp_path, violating):
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    path = next((out / "facts").glob("*.json"))
    facts = json.loads(path.read_text())
    facts["registers"][0]["rip"] = 7
    path.write_text(json.dumps(facts))
    assert_refused(run_rig("report", out), f"{path.name}: 'rip' must be a string")


def test_source_lines_are_of_the_kernel(tmp_path, violating):
    """A trace that names a file elsewhere gets no lines of it."""
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    (out / "sources.json").unlink()
    (tmp_path / "secret").write_text("the secret\n" * 3)
    builds = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig" / "builds"
    root = builds / verdict(out)["environment"]["key"] / "src"
    root = root if root.is_dir() else root.parent
    named = 0
    for trace in (out / "trace").glob("*.jsonl"):
        lines = [json.loads(line) for line in trace.read_text().splitlines()]
        for line in lines:
            if line.get("line"):
                named += 1
                line["line"] = os.path.relpath(tmp_path / "secret", root) + ":2"
        trace.write_text("".join(json.dumps(line) + "\n" for line in lines))
    result = run_rig("report", out)
    assert named and result.returncode == 0, result.stderr
    assert "the secret" not in (out / "report.html").read_text() + (out / "sources.json").read_text()


DAMAGES = {
    "thread": lambda line: line.replace("'run0', 'pte0", "'run9', 'pte0", 1),
    "enabled": lambda line: line.replace("('run0 run1'", "('run0 run8'", 1),
    "object": lambda line: line.replace("pte0=", "pte99=", 1),
    "end": lambda line: re.sub(r", 0, (\d+), (-?\d+), ([01]), \[", r", 77, \1, \2, \3, [", line, count=1),
    "cycle": lambda line: re.sub(r", 0, (\d+), (-?\d+), ([01]), \[", r", 0, 4000000000, \2, \3, [", line, count=1),
    "event": lambda line: re.sub(r", 0, (\d+), (-?\d+), ([01]), \[", r", 0, \1, 2000000000, \3, [", line, count=1),
    "partial": lambda line: re.sub(r", 0, (\d+), (-?\d+), ([01]), \[", r", 0, \1, \2, 7, [", line, count=1),
    "invariant": lambda line: line.replace('"invariant":"I', '"invariant":"../../xI', 1),
    "page": lambda line: line.replace('"page":0', '"page":2000000000', 1),
    "type": lambda line: line.replace("([", "{", 1),
    "nested": lambda line: line.split("\t")[0] + "\t" + "(" * 100000,
    "empty": lambda line: line.split("\t")[0] + "\t",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_journal(tmp_path, violating, damage):
    """Numbers out of range, names that lead out, endless nesting: those lines are run again."""
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    journal = out / "journal"
    head, *lines = journal.read_text().splitlines()
    damaged = [DAMAGES[damage](line) for line in lines]
    assert damaged != lines
    journal.write_text("\n".join([head, *damaged]) + "\n")
    result = run_rig("report", out)
    assert result.returncode == 0, result.stderr
    before = (out / "verdict.json").read_bytes()
    result = run_rig("explore", "fault-vs-alloc", "--kernel", "scratch-plain-store", "--out", out, "--resume")
    assert result.returncode == 0, result.stdout + result.stderr
    assert (out / "verdict.json").read_bytes() == before
    assert not (tmp_path / "x.sched").exists() and not list(tmp_path.glob("*xI*"))


@pytest.mark.parametrize("name", ["verdict.json", "journal", "console.log", "sources.json", "run.json",
                                  "schedules", "trace", "facts"])
@pytest.mark.parametrize("kind", ["fifo", "device", "link"])
def test_what_is_no_file(tmp_path, violating, name, kind):
    """A FIFO or a device in a run folder is never waited for, a link is not followed."""
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    path = next((out / name).iterdir()) if (out / name).is_dir() else out / name
    path.unlink(missing_ok=True)
    if kind == "fifo":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero" if kind == "device" else tmp_path / "secret")
        (tmp_path / "secret").write_text("the secret")
    result = run_rig("report", out, timeout=60)
    if name in ("console.log", "sources.json", "run.json"):     # nothing hangs on them
        assert result.returncode == 0, result.stderr
    else:
        assert_refused(result, path.name, "a link" if kind != "fifo" else "no regular file")
    assert "the secret" not in (out / "report.html").read_text()
