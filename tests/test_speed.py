# SPDX-License-Identifier: GPL-2.0-only
"""What saves time changes nothing that is found, and where it fails the rig says so."""

import hashlib
import json
from pathlib import Path

import pytest

from conftest import run_rig

SCENARIO = "alloc-vs-free"


def explored(out, **env):
    result = run_rig("explore", SCENARIO, "--policy", "dfs", "--out", out, env=env)
    assert result.returncode == 0, result.stdout + result.stderr
    return {str(path.relative_to(out)): path.read_bytes()
            for path in (out / "journal", out / "verdict.json", *out.glob("schedules/*"), *out.glob("trace/*"))}


@pytest.fixture(scope="module")
def usual(tmp_path_factory):
    return explored(tmp_path_factory.mktemp("speed") / "run")


@pytest.mark.parametrize("off", ["RACERIG_TRACK"])
def test_the_same_to_the_byte_without(off, usual, tmp_path):
    assert explored(tmp_path / "run", **{off: "off"}) == usual


def test_sites_that_are_passed_again_and_again(tmp_path):
    """The end of a process goes through all of its pages by the same instructions: what is seen is the same, in fewer stops."""
    found = {}
    for lost in ("nothing", "mute"):
        out = tmp_path / lost
        run_rig("explore", "exit-vs-free", "--max-schedules", 1, "--recheck", 0, "--out", out,
                env={"RACERIG_LOSE": lost})
        stops = json.loads((out / "run.json").read_text())["counts"]["stops"]
        found[lost] = stops, [(out / name).read_bytes() for name in ("journal", "verdict.json", "trace/0001-clean.jsonl")]
    assert found["nothing"][1] == found["mute"][1]
    assert found["nothing"][0] < found["mute"][0] / 5


def test_a_write_that_is_not_reported_is_found(tmp_path):
    result = run_rig("explore", SCENARIO, "--out", tmp_path / "run", env={"RACERIG_LOSE": "track"})
    assert result.returncode == 2
    assert "the host did not say that QEMU has written it" in result.stderr


def test_memory_that_drgn_does_not_name_is_missed(tmp_path):
    result = run_rig("explore", "fault-vs-alloc", "--policy", "dfs", "--out", tmp_path / "run",
                     env={"RACERIG_LOSE": "reads"})
    assert result.returncode == 2
    assert "drgn says another thing than before" in result.stderr


def test_words_that_are_not_watched_again_are_missed(tmp_path):
    """They are not watched while their lock's holder runs; after that an access to them has to stop."""
    for kernel, says in (("stock", "'E22' to 'z4,"), ("alloc-clears-range-early", "passed its watchpoint")):
        result = run_rig("explore", "fault-vs-alloc", "--kernel", kernel, "--out", tmp_path / kernel,
                         env={"RACERIG_LOSE": "rewatch"})
        assert result.returncode == 2 and says in result.stderr, result.stdout + result.stderr


def forge(path, edit):
    """Another text, whole and of the same key."""
    first, _, text = path.read_text().partition("\n")
    text = edit(text)
    words = [*first.split()[:-1], hashlib.sha256(text.encode()).hexdigest()]
    path.write_text(" ".join(words) + "\n" + text)


@pytest.mark.parametrize("edit, restarts", [
    (lambda text: text, 0),
    (lambda text: text.partition("\n")[2], 1),
    (lambda text: "ffffffff81000000 0 f390 nowhere \n" + text, 1),
    (lambda text: "nothing\n" + text, 1),
], ids=["as it is", "one too few", "no access", "no line"])
def test_what_is_known_of_a_guest_is_a_hint(edit, restarts, usual, own, tmp_path):
    """The same comes of it, to the byte; where the sites are others, by another guest that begins without."""
    assert explored(tmp_path / "first", **own) == usual
    (known,) = (Path(own["XDG_CACHE_HOME"]) / "racerig" / "sites").glob("*.qcow2-*")
    good = known.read_text()
    forge(known, edit)
    assert explored(tmp_path / "run", **own) == usual
    assert json.loads((tmp_path / "run" / "run.json").read_text())["restarts"] == restarts
    assert known.read_text() == good


def test_waits_that_are_known_go_with_the_kernel(own, tmp_path):
    first = explored(tmp_path / "first", **own)
    (known,) = (path for path in (Path(own["XDG_CACHE_HOME"]) / "racerig" / "sites").glob("*")
                if ".qcow2" not in path.name)
    good = known.read_text()
    forge(known, lambda text: text.replace("ffffffff81", "ffffffff82", 1))
    assert explored(tmp_path / "run", **own) == first
    assert known.read_text() == good
