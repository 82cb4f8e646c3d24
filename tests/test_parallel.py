# SPDX-License-Identifier: GPL-2.0-only
"""Shards on hosts that have only ssh: GNU parallel, as docs/scale.md says."""

import os
import re
import subprocess

import pytest
import sshd
from conftest import RIG, TOP, run_rig
from libvirtd import Unavailable, find_tool
from test_shard import assert_same

PAIRS = ("--scenario", "alloc-vs-free", "--scenario", "free-vs-free", "--kernel", "stock")


@pytest.fixture()
def host(tmp_path):
    try:
        parallel = find_tool("parallel")
        said = subprocess.run([parallel, "--version"], capture_output=True, text=True).stdout
        if "GNU parallel" not in said:
            pytest.skip(f"{parallel} is not GNU's")
        with sshd.running(tmp_path) as there:
            yield there
    except Unavailable as reason:
        pytest.skip(str(reason))


def documented():
    """The line that a reader is given."""
    line = re.search(r"^    (parallel -S .*)$", (TOP / "docs" / "scale.md").read_text(), re.M)
    assert line
    return line.group(1)


def test_the_documented_line(host, tmp_path):
    whole = run_rig("suite", *PAIRS, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    line = documented()
    for what, ours in (("host1,host2", f"{host.user}@127.0.0.1"), ("/shared", str(tmp_path)), ("seq 8", "seq 2"),
                       ("{}/8", "{}/2"), ("--group full", " ".join(PAIRS)), (" racerig ", f" {RIG} ")):
        assert what in line, what
        line = line.replace(what, ours)
    # how to get in is in everybody's ssh configuration, and not in the manual
    env = {**os.environ, "PARALLEL_SSH": f"{host.ssh} -p {host.port} -i {host.key}"}
    words = "" if "HOME" not in env else f"export HOME={env['HOME']}; "
    result = subprocess.run(["sh", "-c", words + line], cwd=tmp_path, env=env, capture_output=True, text=True,
                            stdin=subprocess.DEVNULL, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "Accepted publickey" in (tmp_path / "log").read_text()
    result = run_rig("merge", tmp_path / "night" / "1", tmp_path / "night" / "2", "--out", tmp_path / "merged")
    assert result.returncode == 0, result.stdout + result.stderr
    assert_same(tmp_path / "whole", tmp_path / "merged")
