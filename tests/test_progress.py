# SPDX-License-Identifier: GPL-2.0-only
"""Whoever waits is told how far it is: a line that changes on a terminal, and no noise in a file."""

import os
import pty
import subprocess
import threading

from conftest import RIG, TOP, run_rig


def on_a_terminal(*words):
    """(what was printed, what the terminal on stderr was sent)"""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([RIG, *map(str, words)], cwd=TOP, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=theirs, text=True)
    os.close(theirs)
    seen = []

    def read():
        try:
            while data := os.read(ours, 4096):
                seen.append(data)
        except OSError:
            pass  # nobody has the other end any more

    reader = threading.Thread(target=read)
    reader.start()
    out, _ = process.communicate(timeout=300)
    reader.join()
    os.close(ours)
    assert process.returncode in (0, 1), out
    return out, b"".join(seen).decode()


def test_replay_and_minimise(explored, tmp_path):
    schedule = next((explored("scratch-plain-store")[1] / "schedules").glob("*-I1.sched"))
    words = ("replay", schedule, "--times", "30")
    out, shown = on_a_terminal(*words)
    assert " of 30 runs\r" in shown and shown.endswith("\r\033[K")
    plain = run_rig(*words)
    assert plain.stdout == out and "\r" not in plain.stderr and "of 30 runs" not in plain.stderr
    _, shown = on_a_terminal("minimise", schedule, "--out", tmp_path / "min.sched")
    assert " schedules, at most " in shown


def test_explore(tmp_path):
    words = ("explore", "fault-vs-alloc", "--kernel", "scratch-plain-store", "--policy", "dfs")
    _, shown = on_a_terminal(*words, "--out", tmp_path / "run")
    assert " schedules, " in shown and "violating" in shown
    plain = run_rig(*words, "--out", tmp_path / "plain")
    assert "violating" not in plain.stderr


def test_a_suite_says_how_long_it_took(tmp_path):
    words = ("suite", "--scenario", "fault-vs-alloc", "--kernel", "stock", "--out", tmp_path / "suite")
    assert run_rig(*words).stderr.startswith("1 pairs, 1 side by side; none has been run into ")
    assert "; 1 of them took 0 min 0" in run_rig(*words).stderr.splitlines()[0]


def test_a_suite_shows_what_runs(tmp_path):
    words = ("suite", "--scenario", "fault-vs-alloc", "--kernel", "stock", "--out", tmp_path / "suite")
    _, shown = on_a_terminal(*words)
    assert "  0 of 1 pairs, 0 not as expected: fault-vs-alloc on stock" in shown and shown.endswith("\r\033[K")
