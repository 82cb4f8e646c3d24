# SPDX-License-Identifier: GPL-2.0-only
"""The hunt: combinations that nobody wrote down, on real guests."""

import json
import re
import subprocess

import pytest
from conftest import RIG, TOP, run_rig
from lxml import etree
from test_formats import validator
from test_input import assert_refused

#: One worker: all but a few look at one hunt.
pytestmark = pytest.mark.xdist_group("hunt")

#: What the plain store of the scratch page breaks shows in these; some of it is in no scenario of ours.
SMALL = ("--verbs", "alloc,read", "--setup", "reserve 1", "--failures", 0)


def hunt(out, *words, kernel="stock"):
    return run_rig("hunt", "--kernel", kernel, "--out", out, *words)


def found(out):
    return json.loads((out / "hunt.json").read_text())


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    out = tmp_path_factory.mktemp("hunt") / "whole"
    result = hunt(out, *SMALL, kernel="scratch-plain-store")
    return result, out


def test_finds_a_mutant(small):
    result, out = small
    said = found(out)
    assert result.returncode == 1, result.stdout + result.stderr
    validator("hunt").validate(said)
    assert said["verdict"] == "new"
    assert "I1" in {group["violation"]["invariant"] for group in said["groups"]}
    # A hundred duplicates are one line: groups are fewer than what shows them.
    assert 0 < len(said["groups"]) < sum(group["combinations"] for group in said["groups"])
    assert said["counts"]["combinations"] == said["counts"]["complete"] + said["counts"]["absent"]
    assert said["coverage"].endswith(": complete") and "from 1 setup," in said["coverage"]
    assert said["unfinished"] == [] and said["coverage"] in result.stdout


def test_group_can_be_replayed_and_mailed(small, tmp_path):
    _, out = small
    group = found(out)["groups"][0]
    smallest = group["smallest"]
    schedule = out / "schedules" / f"{smallest['schedule']}.sched"
    assert run_rig("replay", schedule, "--times", 3).returncode == 0
    result = run_rig("explore", "--kernel", "scratch-plain-store", "--pages", smallest["pages"],
                     "--setup", smallest["setup"], "--actors", smallest["actors"], "--out", tmp_path / "run")
    said = json.loads((tmp_path / "run" / "verdict.json").read_text())
    assert result.returncode == 1, result.stderr
    assert group["violation"]["invariant"] in {one["invariant"] for one in said["violations"]}


def test_stopped_hunt_goes_on(small, tmp_path):
    """A journal cut anywhere, in a line, too, comes to the same, and so do two guests."""
    _, out = small
    stopped = tmp_path / "stopped"
    first = hunt(stopped, *SMALL, "--max-time", "1s", kernel="scratch-plain-store")
    assert first.returncode in (1, 2) and found(stopped)["counts"]["not-begun"] > 0
    assert not found(stopped)["coverage"].endswith("complete")
    journal = (stopped / "journal").read_bytes()
    (stopped / "journal").write_bytes(journal[:-7])
    last = hunt(stopped, *SMALL, "--resume", "--jobs", 2, kernel="scratch-plain-store")
    assert last.returncode == 1, last.stderr
    assert (stopped / "hunt.json").read_bytes() == (out / "hunt.json").read_bytes()


def test_group_hangs_on_an_order(small):
    """The scratch page is stored behind the allocated one: turned round, the invariant holds."""
    result, out = small
    group = next(group for group in found(out)["groups"] if group["violation"]["invariant"] == "I1")
    schedule = (out / "schedules" / f"{group['smallest']['schedule']}.sched").read_text()
    assert group["cause"]["how"] == "order"
    assert 1 <= group["cause"]["first"] < group["cause"]["second"] <= len(re.findall("^(run|irq) ", schedule, re.M))
    assert "cause      " in result.stdout and "The cause: " in (out / "report.html").read_text()


def test_tables(small):
    """What services read says the same: a case for each family and setup."""
    _, out = small
    assert re.search("^not ok 1 scratch-plain-store$", (out / "hunt.ktap").read_text(), re.M)
    junit = etree.parse(str(out / "junit.xml"))
    assert etree.XMLSchema(etree.parse(str(TOP / "tests" / "junit.xsd"))).validate(junit)
    assert [case.get("name") for case in junit.iter("testcase")] == ["pairs after 'reserve 1'"]
    assert junit.find(".//failure").get("type") == "violation"


def test_shards_are_the_whole(small, tmp_path):
    """All parts together are what one machine comes to, to the byte."""
    _, out = small
    parts = [tmp_path / str(index) for index in (1, 2)]
    for index, part in enumerate(parts, 1):
        result = hunt(part, *SMALL, "--shard", f"{index}/2", kernel="scratch-plain-store")
        said = found(part)
        validator("hunt").validate(said)
        assert result.returncode in (0, 1), result.stderr
        assert said["counts"]["elsewhere"] == 18 and not said["coverage"].endswith("complete")
    # In any order; a shard that is missing is named, and nothing is complete without it.
    result = run_rig("merge", parts[1], "--out", tmp_path / "half")
    assert result.returncode == 1 and "shard 1/2 is missing" in result.stdout
    assert found(tmp_path / "half")["counts"]["not-begun"] == 18
    result = run_rig("merge", parts[1], parts[0], "--out", tmp_path / "all")
    assert result.returncode == 1 and "missing" not in result.stdout, result.stderr
    for name in ("hunt.json", "junit.xml", "hunt.ktap", "report.html"):
        assert (tmp_path / "all" / name).read_bytes() == (out / name).read_bytes(), name
    for path in (out / "schedules").iterdir():
        assert (tmp_path / "all" / "schedules" / path.name).read_bytes() == path.read_bytes()
    # What was merged can be resumed: there is nothing left to do.
    assert hunt(tmp_path / "all", *SMALL, "--resume", kernel="scratch-plain-store").returncode == 1
    # What does not belong together is refused by name.
    assert_refused(run_rig("merge", *parts, parts[0], "--out", tmp_path / "x"), "shard 1/2 is there twice")
    journal = parts[1] / "journal"
    text = journal.read_text()
    for what, other in (('"failures":0', '"failures":1'), ('"shards":2', '"shards":3')):
        journal.write_text(text.replace(what, other))
        assert_refused(run_rig("merge", *parts, "--out", tmp_path / "x"), "of another hunt", what.split('"')[1])
    journal.write_text(re.sub('"sha256":"[0-9a-f]*"', f'"sha256":"{"0" * 64}"', text))
    assert_refused(run_rig("merge", *parts, "--out", tmp_path / "x"), "another snapshot")
    assert not (tmp_path / "x").exists()


def test_what_is_too_large_is_explored_within_a_bound(tmp_path):
    """What came to an end is said, the same whoever hunts; more schedules go further."""
    words = ("--verbs", "read,user-write", "--setup", "alloc 0; cpu0 read 0; cpu1 read 0")
    few, some, more = tmp_path / "few", tmp_path / "some", tmp_path / "more"
    assert hunt(few, *words, "--max-schedules", 1).returncode == 2
    said = found(few)
    assert said["verdict"] == "inconclusive" and said["counts"]["cut"] > 0 and "bound (" not in said["coverage"]
    assert hunt(some, *words, "--max-schedules", 8).returncode == 0
    said = found(some)
    validator("hunt").validate(said)
    counts, bounds = said["counts"], [one["bound"] for one in said["unfinished"]]
    assert counts["bounded"] == len(bounds) > 0 and not counts["cut"] and counts["complete"] > 0
    assert [counts[f"bound-{bound}"] for bound in range(3)] == [bounds.count(bound) for bound in range(3)]
    assert f"{counts['bounded']} within a bound (" in said["coverage"]
    assert not said["coverage"].endswith(": complete")
    again = tmp_path / "again"
    hunt(again, *words, "--max-schedules", 8, "--jobs", 2)
    assert found(again) == said
    assert hunt(more, *words, "--max-schedules", 64).returncode == 0
    assert found(more)["counts"]["complete"] > counts["complete"]


def test_stop_at(tmp_path):
    out = tmp_path / "run"
    result = hunt(out, *SMALL, "--stop-at", "I1",
                  kernel="scratch-plain-store")
    said = found(out)
    assert result.returncode == 1 and said["counts"]["not-begun"] > 0
    assert "I1" in {group["violation"]["invariant"] for group in said["groups"]}


def test_states_at_sync_are_shown_to_be_alike(tmp_path):
    """Where all states are taken for one, those that are run on all the same end otherwise."""
    result = run_rig("hunt", "--verbs", "alloc,free", "--setup", "alloc 0", "--out", tmp_path / "run",
                     env={"RACERIG_LOSE": "sync"})
    assert result.returncode == 2
    assert "alike at their sync, and did not end alike" in result.stderr


def test_interrupt_keeps_finished_work(tmp_path):
    out = tmp_path / "run"
    child = subprocess.Popen([RIG, "hunt", "--verbs", "free,read", "--setup", "alloc 0", "--out", out],
                             stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        while child.poll() is None and (not (out / "journal").exists() or
                                        (out / "journal").read_text().count('{"n":') < 2):
            try:
                child.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        child.terminate()
        stdout, stderr = child.communicate(timeout=60)
    finally:
        child.kill()
    assert child.returncode == 2, stdout + stderr
    done = (out / "journal").read_text().count('{"n":')
    said = found(out)
    assert said["verdict"] == "inconclusive" and said["counts"]["complete"] == done >= 2


def test_failures(tmp_path):
    """What goes wrong only where a call fails is found when one may."""
    words = ("--verbs", "alloc", "--setup", "reserve 0")
    clean = hunt(tmp_path / "none", *words, "--failures", 0, kernel="alloc-failed-keeps-range")
    assert clean.returncode == 0, clean.stdout + clean.stderr
    assert "no failure" in found(tmp_path / "none")["coverage"]
    result = hunt(tmp_path / "one", *words, "--failures", 1, "--stop-at", "I4", kernel="alloc-failed-keeps-range")
    said = found(tmp_path / "one")
    assert result.returncode == 1, result.stdout + result.stderr
    assert "at most 1 failure:" in said["coverage"] and said["verdict"] == "new"
    smallest = said["groups"][0]["smallest"]
    schedule = (tmp_path / "one" / "schedules" / f"{smallest['schedule']}.sched").read_text()
    assert re.search("^fail ", schedule, re.M) and "--failures 1" in result.stdout


def test_coverage(tmp_path):
    """What is not among the verbs is not reached, and what is, is; from a journal, too."""
    words = ("--verbs", "reserve", "--setup", "reserve 0", "--failures", 0, "--coverage")
    out = tmp_path / "run"
    assert hunt(out, *words).returncode == 0
    said, cover = found(out), json.loads((out / "coverage.json").read_text())
    validator("hunt").validate(said)
    validator("coverage").validate(cover)
    assert [file["file"] for file in cover["files"]] == ["kernel/bpf/arena.c", "kernel/bpf/range_tree.c"]
    called = {one["name"]: one["reached"] for file in cover["files"] for one in file["functions"]}
    assert called["bpf_arena_reserve_pages"] and called["range_tree_clear"]
    assert not called["arena_map_alloc"] and not called["bpf_arena_free_pages"]
    for file, counts in zip(cover["files"], said["source"]):
        assert len(file["reached"]) == counts["lines-reached"] > 5
        assert len(file["reached"]) + len(file["not-reached"]) == counts["lines"]
        assert sum(one["reached"] for one in file["functions"]) == counts["functions-reached"]
    page = (out / "coverage.html").read_text()
    assert "Never called: " in page and '<span class="missed">' in page and '<span class="reached">' in page
    again = tmp_path / "again"
    again.mkdir()
    (again / "trace").mkdir()
    (again / "journal").write_bytes((out / "journal").read_bytes())
    assert hunt(again, *words, "--resume").returncode == 0
    for name in ("coverage.json", "coverage.html", "hunt.json"):
        assert (again / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.parametrize("words, parts", [
    (("--failures", "10"), ("--failures", "0 to 9")),
    (("--verbs", "aloc"), ("no verb 'aloc'", "did you mean 'alloc'")),
    (("--verbs", "vmap"), ("'vmap' is no verb that a hunt combines",)),
    (("--verbs", ""), ("--verbs",)),
    (("--setup", "alloc 7"), ("page 0 and page 1",)),
    (("--setup", "frob"), ("setup: 'frob': no verb",)),
    (("--depth", "deep"), ("--depth deep", "pairs or triples")),
    (("--jobs", "0"), ("--jobs", "1 to 64")),
    (("--stop-at", "I99"), ("--stop-at 'I99'", "no such invariant")),
    (("--max-schedules", "0"), ("--max-schedules",)),
    (("--kernel", "nosuch"), ("nosuch",)),
    (("--shard", "3/2"), ("write I/N",)),
    (("--shard", "1/2", "--stop-at", "I1"), ("--shard 1/2", "leave --stop-at out")),
])
def test_bad_input(tmp_path, words, parts):
    result = run_rig("hunt", "--out", tmp_path / "run", *words)
    assert_refused(result, *parts)
    assert not (tmp_path / "run").exists()


def test_journal_of_another_hunt_is_kept(small, tmp_path):
    _, out = small
    other = tmp_path / "other"
    other.mkdir()
    (other / "trace").mkdir()
    journal = other / "journal"
    journal.write_bytes((out / "journal").read_bytes())
    result = hunt(other, "--verbs", "free,read", "--setup", "reserve 1", "--resume", kernel="scratch-plain-store")
    assert_refused(result, f"{journal}:1", "of another hunt: 'verbs' is not the same")
    assert journal.read_bytes() == (out / "journal").read_bytes()
    # A line that is none is named.
    text = (out / "journal").read_text().splitlines(True)
    first = next(line for line in text if line.startswith('{"n":'))
    journal.write_text(text[0] + re.sub('"n":[0-9]+', '"n":99999', first))
    result = hunt(other, *SMALL, "--resume", kernel="scratch-plain-store")
    assert_refused(result, f"{journal}:2", "n")
