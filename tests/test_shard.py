# SPDX-License-Identifier: GPL-2.0-only
"""Parts of a suite and of an exploration, and what they are merged into."""

import json
import os
import shutil
import signal
import subprocess
import time

import pytest
from conftest import RIG, TOP, run_rig
from test_formats import validator
from test_input import assert_refused

#: One worker makes the shards that most of these merge.
pytestmark = pytest.mark.xdist_group("shard")

PAIRS = ("--scenario", "alloc-vs-free", "--scenario", "fault-vs-alloc", "--scenario", "free-vs-free",
         "--kernel", "stock", "--kernel", "scratch-plain-store")
#: What only times and hosts are in.
OF_ONE_RUN = {"run.json"}


def files(folder):
    """All that a folder says, but for what is true of one run only."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*"))
            if path.is_file() and path.name not in OF_ONE_RUN}


def assert_same(one, other):
    left, right = files(one), files(other)
    assert left.keys() == right.keys()
    assert [name for name in left if left[name] != right[name]] == []


def edit(path, change):
    value = json.loads(path.read_text())
    change(value)
    path.write_text(json.dumps(value))


def shards(out, count, *words, killed=0):
    """All shards of a command, one of them killed when it has a journal, and resumed."""
    for index in range(1, count + 1):
        folder = out / str(index)
        line = [*words, "--shard", f"{index}/{count}", "--out", folder]
        if index == killed:
            rig = subprocess.Popen([str(RIG), *map(str, line)], cwd=TOP, stdout=subprocess.DEVNULL,
                                   stderr=subprocess.DEVNULL)
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline and rig.poll() is None:
                journals = list(folder.rglob("journal"))
                if journals and journals[0].read_text().count("\n") > 3:
                    break
                time.sleep(0.02)
            rig.send_signal(signal.SIGKILL)
            rig.wait()
            line.append("--resume")
        result = run_rig(*line, timeout=600)
        assert result.returncode in (0, 1), result.stdout + result.stderr
    return [out / str(index) for index in range(1, count + 1)]


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    out = tmp_path_factory.mktemp("whole") / "out"
    result = run_rig("suite", *PAIRS, "--out", out, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    return out


@pytest.fixture(scope="module")
def three(tmp_path_factory, whole):
    return shards(tmp_path_factory.mktemp("three"), 3, "suite", *PAIRS)


def test_shards_are_the_whole(whole, three, tmp_path):
    """Every pair in one shard; together they are what one machine comes to."""
    pairs = [json.loads((folder / "suite.json").read_text())["rows"] for folder in three]
    assert [len(rows) for rows in pairs] == [2, 2, 2]
    for folder in three:
        validator("shard").validate(json.loads((folder / "shard.json").read_text()))
    result = run_rig("merge", *three, "--out", tmp_path / "merged")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "6 pairs: 6 as expected" in result.stdout and "1 of 1 mutants killed" in result.stdout
    assert_same(whole, tmp_path / "merged")
    # in any order, and once more into the same folder
    assert run_rig("merge", *three[::-1], "--out", tmp_path / "merged").returncode == 0
    assert_same(whole, tmp_path / "merged")


@pytest.mark.parametrize("count", [2, 7])
def test_shards_of_other_numbers(whole, tmp_path, count):
    """With a shard that was killed and resumed, and with shards that have nothing to do."""
    parts = shards(tmp_path, count, "suite", *PAIRS, killed=1 if count == 2 else 0)
    result = run_rig("merge", *parts, "--out", tmp_path / "merged")
    assert result.returncode == 0, result.stdout + result.stderr
    assert_same(whole, tmp_path / "merged")


def test_costs_decide(whole, three, tmp_path):
    """What was measured is part of the shards' identity, and deals the pairs out."""
    costs = {"racerig-suite-run": 1, "pairs": [
        {"scenario": "alloc-vs-free", "kernel": "stock", "wall_ms": 90000, "executed": 10}]}
    (tmp_path / "costs.json").write_text(json.dumps(costs))
    result = run_rig("suite", *PAIRS, "--shard", "1/2", "--costs", tmp_path / "costs.json", "--out",
                     tmp_path / "one", "--max-time", "0.1s")
    assert result.returncode == 1
    rows = json.loads((tmp_path / "one" / "suite.json").read_text())["rows"]
    assert [(row["scenario"], row["kernel"]) for row in rows] == [("alloc-vs-free", "stock")]
    result = run_rig("merge", three[0], tmp_path / "one", "--out", tmp_path / "merged")
    assert_refused(result, "costs is 'none'")
    assert not (tmp_path / "merged").exists()
    costs["pairs"] *= 2
    (tmp_path / "costs.json").write_text(json.dumps(costs))
    assert_refused(run_rig("suite", *PAIRS, "--costs", tmp_path / "costs.json", "--out", tmp_path / "x"),
                   "there twice")


def test_missing_and_twice(three, tmp_path):
    result = run_rig("merge", three[0], three[2], "--out", tmp_path / "merged")
    assert result.returncode == 1, result.stderr
    assert "shard 2/3 is missing" in result.stdout and "2 not run" in result.stdout
    rows = json.loads((tmp_path / "merged" / "suite.json").read_text())["rows"]
    assert sorted(row["verdict"] for row in rows).count("not run") == 2
    assert_refused(run_rig("merge", three[0], three[0], "--out", tmp_path / "twice"),
                   "shard 1/3 is there twice")
    assert_refused(run_rig("merge", tmp_path, "--out", tmp_path / "twice"), "no shard's folder")
    half = tmp_path / "half"
    shutil.copytree(three[1], half)
    (half / "suite.json").unlink()
    result = run_rig("merge", three[0], half, three[2], "--out", tmp_path / "merged")
    assert result.returncode == 1 and "shard 2/3 has not ended" in result.stdout


@pytest.mark.parametrize("what", ["emulator", "guest", "version", "machine", "group", "build", "bound", "dealt",
                                  "contents", "rows", "verdict", "folder", "shards"])
def test_what_does_not_belong_together(three, tmp_path, what):
    other = tmp_path / "other"
    shutil.copytree(three[1], other)
    run = next(other.glob("runs/*/*/run.json"))
    expect = what
    if what in ("build", "bound", "guest"):
        edit(other / "shard.json", lambda shard: shard["pairs"][0].update({what: "7"}))
    elif what == "shards":
        edit(other / "shard.json", lambda shard: shard.update(shards=4))
        expect = "the number of shards"
    elif what == "contents":
        # the same snapshot by its name, and not by what is in it
        name = json.loads(next(three[0].glob("runs/*/*/run.json")).read_text())["snapshot"]
        edit(run, lambda value: value.update(snapshot=name, snapshot_sha256="0" * 64))
        expect = "other contents"
    elif what == "rows":
        edit(other / "suite.json", lambda suite: suite["rows"].pop())
        expect = "lacks a pair"
    elif what == "verdict":
        edit(run.parent / "verdict.json", lambda verdict: verdict.update(executed=1234))
        expect = "does not say what suite.json says"
    elif what == "folder":
        edit(other / "suite.json", lambda suite: suite["rows"][0].update(folder="runs/other"))
        expect = "another pair's folder"
    else:
        edit(other / "shard.json", lambda shard: shard["identity"].update({what: "another"}))
    result = run_rig("merge", three[0], other, three[2], "--out", tmp_path / "merged")
    assert_refused(result, expect)
    assert str(other) in result.stderr
    assert not (tmp_path / "merged").exists()


def test_resume_knows_its_shard(three, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(three[1], other)
    assert_refused(run_rig("suite", *PAIRS, "--shard", "1/3", "--out", other, "--resume"), "of shard 2")
    assert_refused(run_rig("suite", *PAIRS, "--shard", "2/4", "--out", other, "--resume"),
                   "the number of shards")


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/0", "a/b", "1/3x", "1/99999", "-1/2", " 1/2"])
def test_bad_shard(tmp_path, text):
    assert_refused(run_rig("suite", *PAIRS, f"--shard={text}", "--out", tmp_path / "x"), "write I/N")
    assert not (tmp_path / "x").exists() and os.listdir(tmp_path) == []


# --- parts of one exploration -----------------------------------------------

MUTANT = ("explore", "fault-vs-alloc", "--kernel", "scratch-plain-store", "--split", "2")


@pytest.fixture(scope="module")
def split(tmp_path_factory):
    out = tmp_path_factory.mktemp("split") / "out"
    result = run_rig(*MUTANT, "--out", out, timeout=600)
    assert result.returncode == 0, result.stdout + result.stderr
    return out


@pytest.mark.parametrize("count", [2, 3, 7])
def test_parts_are_the_whole(split, tmp_path, count):
    parts = shards(tmp_path / "parts", count, *MUTANT, killed=1 if count == 2 else 0)
    for part in parts:
        verdict = json.loads((part / "verdict.json").read_text())
        # of the others it knows nothing
        assert verdict["verdict"] in ("inconclusive", "violation") and not verdict["complete"]
    result = run_rig("merge", *parts, "--out", tmp_path / "merged" / "out")
    assert result.returncode == 1 and "\nviolation: I1" in result.stdout, result.stderr
    assert_same(split, tmp_path / "merged" / "out")
    if count != 3:
        return
    found = [json.loads((part / "verdict.json").read_text())["violating"] for part in parts]
    for missing in range(3):
        others = parts[:missing] + parts[missing + 1:]
        result = run_rig("merge", *others, "--out", tmp_path / "less" / "out")
        assert result.returncode == 1 and f"shard {missing + 1}/3 is missing" in result.stdout
        verdict = json.loads((tmp_path / "less" / "out" / "verdict.json").read_text())
        assert not verdict["complete"] and verdict["violating"] == sum(found) - found[missing]
        assert verdict["verdict"] == ("violation" if verdict["violating"] else "inconclusive")
    # one that was killed before it knew whose a subtree is has no files yet, and makes them
    for index, part in enumerate(parts, 1):
        journal = part / "journal"
        journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:4]))
        for path in part.glob("*/*"):
            path.unlink()
        run_rig(*MUTANT, "--shard", f"{index}/3", "--out", part, "--resume")
    assert run_rig("merge", *parts, "--out", tmp_path / "again" / "out").returncode == 1
    assert_same(split, tmp_path / "again" / "out")
    # a journal that was cut off is a part that has not ended
    journal = parts[1] / "journal"
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:2]))
    result = run_rig("merge", *parts, "--out", tmp_path / "less" / "out")
    assert result.returncode == 1 and "shard 2/3 has not ended" in result.stdout
    edit(parts[1] / "run.json", lambda run: run.update(snapshot_sha256="0" * 64))
    assert_refused(run_rig("merge", *parts, "--out", tmp_path / "no"), "other contents")
    edit(parts[1] / "run.json", lambda run: run.update(irq_events=True))
    edit(parts[1] / "run.json", lambda run: run.pop("snapshot_sha256"))
    assert_refused(run_rig("merge", *parts, "--out", tmp_path / "no"), "snapshot_sha256")


@pytest.mark.parametrize("words, why", [
    (["--split", "2", "--preemptions", "1"], "no sleep sets"),
    (["--split", "2", "--policy", "dfs"], "only dpor"),
    (["--split", "65"], "1 to 64"),
    (["--shard", "1/2"], "--split"),
    (["--split", "2", "--shard", "3/2"], "write I/N"),
])
def test_what_cannot_be_split(tmp_path, words, why):
    result = run_rig("explore", "alloc-vs-free", *words, "--out", tmp_path / "x")
    assert_refused(result, why)
    assert os.listdir(tmp_path) == []


# --- what goes wrong between machines ---------------------------------------


@pytest.mark.parametrize("name", ["shard.json", "suite.json", "verdict.json", "run.json"])
def test_a_half_written_file(three, tmp_path, name):
    """A copy that was cut off: one line that names the file, and nothing is merged from it."""
    half = tmp_path / "half"
    shutil.copytree(three[1], half)
    path = next(iter(sorted(half.glob("runs/*/*/" + name)))) if name in ("verdict.json", "run.json") else half / name
    path.write_bytes(path.read_bytes()[:path.stat().st_size // 2])
    result = run_rig("merge", three[0], half, three[2], "--out", tmp_path / "merged")
    assert_refused(result, str(path))
    assert not (tmp_path / "merged").exists()
    assert run_rig("merge", *three, "--out", tmp_path / "merged").returncode == 0


def test_two_clocks(three, whole, tmp_path):
    """Nothing is older or newer than anything: a machine a year behind, and files of the future."""
    before = tmp_path / "before"
    words = ["suite", *PAIRS, "--shard", "2/3", "--out", before]
    clock = [] if os.geteuid() or not shutil.which("unshare") else [
        "unshare", "--time", "--monotonic", "31536000", "--boottime", "31536000", "--fork"]
    result = subprocess.run([*clock, RIG, *map(str, words)], cwd=TOP, capture_output=True, text=True, timeout=600)
    assert result.returncode == 0, result.stderr
    for folder, when in ((before, 0), (three[0], 4e9)):
        for path in folder.rglob("*"):
            os.utime(path, (when, when))
    assert run_rig(*words, "--resume").returncode == 0
    result = run_rig("merge", three[0], before, three[2], "--out", tmp_path / "merged")
    assert result.returncode == 0, result.stderr
    assert_same(whole, tmp_path / "merged")


FULL = """
mount -t tmpfs -o size=40k none "$1"; rig=$2; shift 2
code=0; "$rig" "$@" --out {disk}/1 --shard 1/2 >/dev/null || code=$?
echo "full: $code" >&2
mount -o remount,size=64m {disk}
"$rig" "$@" --out {disk}/1 --shard 1/2 --resume >/dev/null
"$rig" "$@" --out {disk}/2 --shard 2/2 >/dev/null
dd if=/dev/zero of={disk}/hog bs=64k 2>/dev/null || :
code=0; "$rig" merge {disk}/1 {disk}/2 --out {disk}/out >/dev/null || code=$?
echo "full: $code" >&2
rm {disk}/hog
code=0; "$rig" merge {disk}/1 {disk}/2 --out {disk}/out >/dev/null || code=$?
cp -r {disk}/out {disk}/../merged
exit $code
"""


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="mounting takes root")
def test_a_full_disk(split, tmp_path):
    """A shard and a merge say so, in one line each; with room again they go on, and nothing is lost."""
    disk = tmp_path / "disk"
    disk.mkdir()
    result = subprocess.run(["unshare", "--mount", "sh", "-uc", FULL.format(disk=disk), "sh", disk, RIG, *MUTANT],
                            cwd=TOP, capture_output=True, text=True, timeout=600)
    assert result.returncode == 1, result.stderr
    lines = [line for line in result.stderr.splitlines() if "schedules are done already" not in line]
    assert [line for line in lines if line.startswith("full:")] == ["full: 2", "full: 2"], result.stderr
    assert len(lines) == 4 and all("No space left on device" in lines[i] for i in (0, 2)), result.stderr
    assert_same(split, tmp_path / "merged")
