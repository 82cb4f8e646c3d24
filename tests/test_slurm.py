# SPDX-License-Identifier: GPL-2.0-only
"""Shards under a Slurm of our own, whose node dies in the middle."""

import contextlib
import re
import subprocess
import time

import pytest
import slurm as clusters
from conftest import run_rig
from libvirtd import Unavailable
from test_input import assert_refused
from test_shard import assert_same

PAIRS = ("--scenario", "alloc-vs-free", "--scenario", "fault-vs-alloc", "--scenario", "free-vs-free",
         "--kernel", "stock")
SHARDS = 3


@pytest.fixture()
def cluster():
    try:
        with clusters.running() as slurm:
            yield slurm
    except Unavailable as reason:
        pytest.skip(str(reason))


def wait(what, seconds=120):
    """What @what says once it says something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = what()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError(f"not within {seconds} s")


def test_a_node_dies(cluster, tmp_path):
    """Slurm notices, and runs its shard again elsewhere, where it goes on; the merge is as if nothing had been."""
    whole = run_rig("suite", *PAIRS, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    out = tmp_path / "night"
    result = run_rig("slurm", "--shards", SHARDS, "--out", out, "--", "suite", *PAIRS)
    assert result.returncode == 0, result.stderr
    # as the manual says, with nothing but Slurm
    array = cluster.run("sbatch", "--parsable", str(out / "shards.sbatch")).strip()
    merge = cluster.run("sbatch", "--parsable", f"--dependency=afterany:{array}",
                        str(out / "merge.sbatch")).strip()

    def on(node):
        return cluster.run("squeue", "-h", "-t", "R", "-w", node, "-o", "%i").strip()

    def at_work():
        shard = on("n2").rpartition("_")[2]
        journals = list((out / f"shard-{shard}").rglob("journal")) if shard else []
        return shard if journals and journals[0].read_text().count("\n") > 2 else None

    shard = wait(at_work)
    cluster.kill_node("n2")
    killed = time.monotonic()
    assert not (out / f"shard-{shard}" / "suite.json").exists()
    log = cluster.top / "slurmctld.log"
    wait(lambda: re.search(rf"requeue job JobId={array}_{shard}\(\d+\) due to failure of node n2", log.read_text()))
    print(f"requeued {time.monotonic() - killed:.0f} s after the node died")
    # It would be let rest for two minutes.
    with contextlib.suppress(RuntimeError):
        cluster.run("scontrol", "update", f"JobId={array}_{shard}", "StartTime=now")
    wait(lambda: not cluster.run("squeue", "-h", "-j", f"{array},{merge}", "-o", "%i").strip())
    print("\n".join(line for line in log.read_text().splitlines()
                    if re.search("Allocate|requeue|DOWN|WEXIT|update_job", line)))
    said = (out / f"shard-{shard}.log").read_text()
    print(said, (out / "merge.log").read_text())
    assert (out / "merged" / "suite.json").exists(), (out / "merge.log").read_text() + said
    assert "3 pairs: 3 as expected" in (out / "merge.log").read_text()
    assert_same(tmp_path / "whole", out / "merged")


@pytest.mark.parametrize("words, why", [
    (("--", "suite"), "--shards"),
    (("--shards", "0", "--", "suite"), "--shards"),
    (("--shards", "2", "--", "merge"), "suite or explore"),
    (("--shards", "2", "--out", "a b", "--", "suite"), "--out"),
    (("--shards", "2", "--out", "%j", "--", "suite"), "--out"),
])
def test_what_cannot_be_written(tmp_path, words, why):
    assert_refused(run_rig("slurm", *words, cwd=tmp_path), why)
    assert list(tmp_path.iterdir()) == []


def test_the_scripts_are_the_shells(tmp_path):
    """A word of the user's reaches racerig as it is."""
    words = ["suite", "--scenario", "it's $HOME"]
    result = run_rig("slurm", "--shards", 2, "--out", tmp_path / "out", "--", *words)
    assert result.returncode == 0, result.stderr
    text = (tmp_path / "out" / "shards.sbatch").read_text()
    assert "--array=1-2" in text and "--requeue" in text
    for name in ("shards", "merge"):
        assert subprocess.run(["sh", "-n", tmp_path / "out" / f"{name}.sbatch"]).returncode == 0
    printed = re.sub(r"^'\S+/racerig' ", "printf '%s;' ", text, flags=re.M)
    said = subprocess.run(["sh", "-c", printed], env={"SLURM_ARRAY_TASK_ID": "2", "PATH": "/bin:/usr/bin"},
                          capture_output=True, text=True).stdout
    assert said == f"suite;--scenario;it's $HOME;--shard;2/2;--out;{tmp_path}/out/shard-2;"
