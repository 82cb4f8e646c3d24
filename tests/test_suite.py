# SPDX-License-Identifier: GPL-2.0-only
"""The scenario x kernel table, what CI reads of it, and the reviewer's one-liner."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from conftest import RIG, TOP, run_rig
from lxml import etree
from test_input import assert_refused, fake_tool

CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "racerig"
PAIRS = ("--scenario", "fault-vs-alloc", "--kernel", "stock", "--kernel", "scratch-plain-store")


def rows(out):
    table = json.loads((out / "suite.json").read_text())
    assert table["racerig-suite"] == 1
    return {row["kernel"]: row for row in table["rows"]}


def data_with(tmp_path, edit):
    """The rig's data with scenarios and kernel descriptors that edit(folder) may change."""
    data = tmp_path / "data"
    (data / "guest-kernel").mkdir(parents=True)
    for name in ("analysis", "build"):
        os.symlink(TOP / name, data / name)
    for path in (TOP / "guest-kernel").iterdir():
        if path.name != "kernels":
            os.symlink(path, data / "guest-kernel" / path.name)
    shutil.copytree(TOP / "guest-kernel" / "kernels", data / "guest-kernel" / "kernels")
    shutil.copytree(TOP / "scenarios", data / "scenarios")
    edit(data)
    return {"RACERIG_DATA": str(data)}


def replace(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def validate_junit(path):
    schema = etree.XMLSchema(etree.parse(str(TOP / "tests" / "junit.xsd")))
    document = etree.parse(str(path))
    schema.assertValid(document)
    for suite in document.getroot():
        for name, count in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(name)) == len(suite.findall(f"testcase/{count}"))
        assert int(suite.get("tests")) == len(suite.findall("testcase"))
    return document.getroot()


def parse_ktap(path):
    """What the kernel's own parser makes of it."""
    tool = sorted(CACHE.glob("sources/linux-source-7.3_*/linux/tools/testing/kunit/kunit.py"))[-1]
    result = subprocess.run([sys.executable, tool, "parse", path], capture_output=True, text=True,
                            timeout=60)
    return result.returncode, result.stdout


@pytest.fixture(scope="module")
def suite(tmp_path_factory):
    out = tmp_path_factory.mktemp("suite") / "out"
    result = run_rig("suite", *PAIRS, "--jobs", 2, "--out", out)
    assert result.returncode == 0, result.stdout + result.stderr
    return result, out


def test_table(suite):
    result, out = suite
    assert re.search(r"^fault-vs-alloc +documented$", result.stdout, re.M)
    assert re.search(r"^scratch-plain-store +I1$", result.stdout, re.M)
    assert "2 pairs: 2 as expected, 0 not" in result.stdout
    assert "1 of 1 mutants killed" in result.stdout
    table = rows(out)
    assert table["scratch-plain-store"]["invariants"][0] == "I1"
    assert table["stock"]["expected"] == table["stock"]["verdict"] == "documented"
    for row in table.values():
        assert row["complete"] and row["as_expected"] and row["skipped"] is None
        verdict = json.loads((out / row["folder"] / "verdict.json").read_text())
        assert verdict["executed"] == row["executed"] and verdict["pruned"] == row["pruned"]
    assert max(map(len, result.stdout.splitlines()[:4])) <= 80


def test_ktap_by_the_kernels_own_parser(suite):
    code, text = parse_ktap(suite[1] / "suite.ktap")
    assert code == 0 and "Testing complete. Ran 2 tests: passed: 2" in text, text


def test_ktap_alone_on_stdout(suite):
    """And a finished pair is not explored again."""
    out = suite[1]
    journals = {path: path.stat().st_mtime_ns for path in out.glob("runs/*/*/journal")}
    before = (out / "suite.json").read_text()
    result = run_rig("suite", *PAIRS, "--out", out, "--resume", "--ktap", "-")
    assert result.returncode == 0, result.stderr
    assert result.stdout == (out / "suite.ktap").read_text()
    assert result.stdout.startswith("KTAP version 1\n1..2\n")
    assert len(journals) == 2
    assert {path: path.stat().st_mtime_ns for path in journals} == journals
    assert (out / "suite.json").read_text() == before


def test_junit_and_summary(suite, tmp_path):
    summary = tmp_path / "step"
    summary.write_text("from another step\n")
    result = run_rig("suite", *PAIRS, "--out", suite[1], "--resume", "--summary", summary,
                     "--junit", tmp_path / "junit.xml", "--ktap", tmp_path / "ktap")
    assert result.returncode == 0
    root = validate_junit(tmp_path / "junit.xml")
    assert root.get("tests") == "2" and root.get("failures") == "0"
    text = summary.read_text()
    assert text.startswith("from another step\n## racerig: as expected")
    assert "| scratch-plain-store | I1 |" in text
    assert (tmp_path / "ktap").read_text() == (suite[1] / "suite.ktap").read_text()


def test_not_as_expected(suite, tmp_path):
    def edit(data):
        replace(data / "scenarios" / "fault-vs-alloc.scenario", "scratch-plain-store = I1",
                "scratch-plain-store = I11")
        replace(data / "scenarios" / "fault-vs-alloc.scenario", "stock = documented", "stock = clean")

    out = tmp_path / "out"
    shutil.copytree(suite[1], out)
    result = run_rig("suite", *PAIRS, "--out", out, "--resume", env=data_with(tmp_path, edit))
    assert result.returncode == 1, result.stderr
    assert "fault-vs-alloc on stock: expected clean, found documented" in result.stdout
    schedules = re.findall(r"racerig replay (\S+\.sched)", result.stdout)
    assert len(schedules) == 2 and all(Path(schedule).exists() for schedule in schedules)
    code, text = parse_ktap(out / "suite.ktap")
    assert code == 1 and "failed: 2" in text, text
    root = validate_junit(out / "junit.xml")
    assert root.get("failures") == "2"
    # the interleaving itself is in what CI shows
    assert "schedule" in root.findall(".//failure")[1].text and "cmpxchg" in etree.tostring(root).decode()
    assert "NOT as expected" in (out / "summary.md").read_text()


def test_kernel_that_lacks_something(suite, tmp_path):
    def edit(data):
        replace(data / "scenarios" / "fault-vs-fault.scenario", "needs = scratch", "needs = stream")
        kernel = data / "guest-kernel" / "kernels" / "stock.kernel"
        kernel.write_text(kernel.read_text() + "has = scratch\n")
        replace(data / "scenarios" / "fault-vs-fault.scenario", "stock = clean\n", "")

    out = tmp_path / "out"
    result = run_rig("suite", "--kernel", "stock", "--scenario", "fault-vs-fault", "--out", out,
                     env=data_with(tmp_path, edit))
    assert result.returncode == 77, result.stdout + result.stderr
    assert rows(out)["stock"]["skipped"] == "this kernel has no stream"
    assert "# SKIP this kernel has no stream" in (out / "suite.ktap").read_text()
    assert "Ran 1 tests: skipped: 1\n" in parse_ktap(out / "suite.ktap")[1]
    assert validate_junit(out / "junit.xml").get("skipped") == "1"


def test_kernel_that_is_not_built(tmp_path):
    """A skip, so that a table of what there is can be made; an error where all has to be there."""
    def edit(data):
        for name in ("stock", "stock-prev"):
            path = data / "guest-kernel" / "kernels" / f"{name}.kernel"
            path.write_text(path.read_text() + "patches = mutants/of-nobody.patch\n")
        path = data / "scenarios" / "fault-vs-alloc.scenario"
        path.write_text(path.read_text().split("[expect]")[0] + "[expect]\nstock = documented\n")

    env, out = data_with(tmp_path, edit), tmp_path / "out"
    words = ("--group", "quick", "--scenario", "fault-vs-alloc", "--out", out)
    result = run_rig("suite", *words, env=env)
    assert result.returncode == 77, result.stdout + result.stderr
    assert "kernel not built" in rows(out)["stock"]["skipped"]
    result = run_rig("suite", *words, "--require-built", "--junit", tmp_path / "junit.xml", env=env)
    assert result.returncode == 2, result.stdout + result.stderr
    for row in rows(out).values():
        assert row["skipped"] is None and not row["as_expected"]
        assert f"kernel not built; run: racerig kernel build {row['kernel']}" in row["error"]
    assert "2 broken" in result.stdout and "kernel not built" in result.stdout
    assert parse_ktap(out / "suite.ktap")[0] == 1
    assert validate_junit(tmp_path / "junit.xml").get("errors") == "2"


@pytest.mark.parametrize("name, old, new, parts", [
    ("scenarios/fault-vs-alloc.scenario", "needs = scratch", "needs = flux",
     ["fault-vs-alloc.scenario:13: [scenario] needs: 'flux' is unknown", "scratch"]),
    ("scenarios/fault-vs-alloc.scenario", "group = quick", "group = fast", ["neither quick nor full"]),
    ("scenarios/lost-write.scenario", "pages = 1", "pages = 1\npreemptions = few",
     [":8: [scenario] preemptions: 'few' is no number"]),
    ("scenarios/fault-vs-alloc.scenario", "stock = documented", "stock = fine",
     ["[expect] stock: 'fine': write clean, documented"]),
    ("scenarios/fault-vs-alloc.scenario", "stock = documented", "stokc = documented",
     ["[expect] stokc: no such kernel"]),
    ("scenarios/fault-vs-alloc.scenario", "[expect]", "[expects]", ["[expects]: no such group", "[expect]"]),
    ("scenarios/fault-vs-alloc.scenario", "group = quick", "gruop = quick",
     ["[scenario] gruop: no such key", "group"]),
    ("scenarios/fault-vs-alloc.scenario", "group = quick", "vcpus = 2", ["vcpus: operations as text have one"]),
    ("scenarios/lost-write.scenario", "vcpus = 2", "vcpus = 2x", ["vcpus: '2x' is no number from 1 to 8"]),
    ("scenarios/lost-write.scenario", "vcpus = 2", "vcpus = 9", ["vcpus: '9' is no number from 1 to 8"]),
    ("scenarios/lost-write.scenario", "pages = 1", "pages = 0", ["pages: '0' is no number from 1 to 8"]),
    ("scenarios/lost-write.scenario", "pages = 1", "pages = 1\npages = 2",
     ["lost-write.scenario:8: there is a second one: '[scenario] pages'"]),
    ("scenarios/lost-write.scenario", "pages = 1", "pages = 1\nkernels = stock;nope",
     ["kernels: no kernel 'nope'"]),
    ("scenarios/lost-write.scenario", "pages = 1", "pages = 1\nsilent = owner;fere",
     ["silent: 'fere' is none of its actors (there are: owner free)"]),
    ("scenarios/lost-write.scenario", "actors = owner;free", "actors = owner;owner",
     ["actors: 'owner' is there twice"]),
    ("scenarios/lost-write.scenario", "actors = owner;free", "actors = owner;../x",
     ["actors: '../x' is no name of an actor"]),
    ("scenarios/lost-write.scenario", "actors = owner;free", "actors",
     ["lost-write.scenario:6: neither '[GROUP]' nor 'KEY = VALUE' in a group: 'actors'"]),
    ("guest-kernel/kernels/stock.kernel", "kind = stock", "kind = sotck", ["stock, variant or mutant"]),
    ("guest-kernel/kernels/stock.kernel", "source = ", "patchs = x\nsource = ", ["patchs: no such key"]),
    ("guest-kernel/kernels/stock.kernel", "kind = stock", "kind = stock\nbreaks = I1",
     ["stock.kernel:4: [kernel] breaks: only a mutant"]),
    ("guest-kernel/kernels/map-always.kernel", "0x80000", "lots", ["map_flags: 'lots' is no number"]),
    ("guest-kernel/kernels/scratch-plain-store.kernel", "breaks = I1", "breaks = I99",
     ["scratch-plain-store.kernel:6: [kernel] breaks: no invariant 'I99'"]),
    ("guest-kernel/kernels/stock.kernel", "kind = stock", "kind = stock\nhas = luck", ["'luck' is unknown"]),
])
def test_unknown_words_in_descriptors(tmp_path, name, old, new, parts):
    env = data_with(tmp_path, lambda data: replace(data / name, old, new))
    assert_refused(run_rig("suite", "--out", tmp_path / "out", env=env), *parts)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("words, parts", [
    (["--group", "nope"], ["no group 'nope'", "quick full mutants"]),
    (["--scenario", "nope"], ["no scenario 'nope'", "fault-vs-alloc"]),
    (["--kernel", "nope"], ["no kernel 'nope'", "stock"]),
    (["--jobs", "0"], ["--jobs 0"]),
    (["--max-time", "soon"], ["--max-time 'soon'"]),
    (["--compare", "/nonexistent.json"], ["/nonexistent.json: No such file"]),
    (["--compare", "Makefile"], ["Makefile"]),
    (["--group", "quick", "--scenario", "stale-scratch"], ["no such pair"]),
])
def test_bad_words(tmp_path, words, parts):
    assert_refused(run_rig("suite", *words, "--out", tmp_path / "out"), *parts)
    assert not (tmp_path / "out").exists()


def test_folder_of_somebody_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    assert_refused(run_rig("suite", *PAIRS, "--out", tmp_path), str(tmp_path), "--out")
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_pair_that_breaks_is_a_row(suite, tmp_path):
    out = tmp_path / "out"
    env = fake_tool(tmp_path, "qemu-system-x86_64",
                    '[ "$1" = --version ] && exec echo QEMU emulator version 9.9.9; '
                    'echo "no such option" >&2; exit 1')
    result = run_rig("suite", *PAIRS, "--out", out, env=env)
    assert result.returncode == 2
    assert "2 broken" in result.stdout
    assert "no such option" in rows(out)["stock"]["error"]
    assert validate_junit(out / "junit.xml").get("errors") == "2"
    assert parse_ktap(out / "suite.ktap")[0] == 1


def processes_of(out):
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if str(out).encode() in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            pass
    return found


def journals(out):
    return {path: len(path.read_text().splitlines()) for path in out.glob("runs/*/*/journal")}


def interrupt(out, sign, *words):
    """A suite that gets a signal once it has finished schedules; its exit code."""
    before = journals(out)
    rig = subprocess.Popen([RIG, "suite", *PAIRS, "--jobs", "2", "--out", out, *words], cwd=TOP,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not any(lines > before.get(path, 1) + 1 for path, lines in journals(out).items()):
        assert rig.poll() is None
        time.sleep(0.01)
    rig.send_signal(sign)
    code = rig.wait(timeout=60)
    deadline = time.monotonic() + 10
    while processes_of(out):
        assert time.monotonic() < deadline, processes_of(out)
        time.sleep(0.05)
    return code


def test_interrupted_and_resumed(suite, tmp_path):
    out = tmp_path / "out"
    assert interrupt(out, signal.SIGKILL) == -signal.SIGKILL
    assert not (out / "suite.json").exists()
    done = {path: path.read_text().splitlines() for path in out.glob("runs/*/*/journal")}
    assert interrupt(out, signal.SIGINT, "--resume") in (0, 1)
    rows(out)
    result = run_rig("suite", *PAIRS, "--out", out, "--resume")
    assert result.returncode == 0, result.stdout + result.stderr
    for path, lines in done.items():
        assert path.read_text().splitlines()[:len(lines)] == lines
    for name in ("suite.json", "suite.ktap"):
        assert (out / name).read_text() == (suite[1] / name).read_text()


def test_max_time(tmp_path):
    out = tmp_path / "out"
    result = run_rig("suite", *PAIRS, "--max-time", "0.5s", "--out", out)
    assert result.returncode == 1, result.stderr
    assert "1 not finished" in result.stdout and "1 not run" in result.stdout
    assert sorted(row["verdict"] for row in rows(out).values()) == ["inconclusive", "not run"]
    assert [row["folder"] is None for row in rows(out).values() if row["verdict"] == "not run"] == [True]
    assert parse_ktap(out / "suite.ktap")[0] == 1


def order_of(stderr):
    return re.findall(r"^  fault-vs-alloc on (\S+):", stderr, re.M)


@pytest.mark.parametrize("words, first", [((), "stock"), (("--max-time", "10m"), "scratch-plain-store")])
def test_the_longest_first_and_under_a_limit_the_shortest(words, first, tmp_path):
    """By what an earlier run took; without one, and by name alone, it would be the other way round."""
    out = tmp_path / "out"
    (out / "runs").mkdir(parents=True)
    pairs = [{"scenario": "fault-vs-alloc", "kernel": kernel, "wall_ms": wall_ms, "executed": 55}
             for kernel, wall_ms in (("scratch-plain-store", 1000), ("stock", 60000))]
    (out / "run.json").write_text(json.dumps({"racerig-suite-run": 1, "pairs": pairs}))
    result = run_rig("suite", *PAIRS, *words, "--out", out)
    assert result.returncode == 0, result.stdout + result.stderr
    order = order_of(result.stderr)
    assert order[0] == first and len(order) == 2, result.stderr


def test_compare(suite, tmp_path):
    """Against what an earlier run could have said."""
    base = json.loads((suite[1] / "suite.json").read_text())
    stock, mutant = sorted(base["rows"], key=lambda row: row["kernel"], reverse=True)
    assert stock["kernel"] == "stock"
    stock.update(verdict="violation", invariants=["I2"], complete=False)
    mutant.update(verdict="clean", invariants=[], executed=mutant["executed"] + 5)
    (tmp_path / "base.json").write_text(json.dumps(base))
    result = run_rig("suite", *PAIRS, "--out", suite[1], "--resume", "--compare",
                     tmp_path / "base.json")
    assert result.returncode == 0
    text = result.stdout[result.stdout.index("compared with"):]
    violated, rest = text.split("newly clean\n")
    clean, coverage = rest.split("coverage\n")
    assert re.search(r"newly violated\n  fault-vs-alloc on scratch-plain-store: I1\S* \(was clean\)",
                     violated)
    assert "fault-vs-alloc on stock: I2 no longer violated (now documented)" in clean
    assert "fault-vs-alloc on stock: up, now complete" in coverage
    assert re.search(r"on scratch-plain-store: down, \d+ schedules, were \d+", coverage)
    assert "newly violated" in (suite[1] / "summary.md").read_text()
    same = run_rig("suite", *PAIRS, "--out", suite[1], "--resume", "--compare",
                   suite[1] / "suite.json")
    assert "newly" not in same.stdout and "2 pairs found the same" in same.stdout


def test_another_way_to_violate_the_same(suite, tmp_path):
    """It is not what was expected, and not what there was before."""
    base = json.loads((suite[1] / "suite.json").read_text())
    mutant = next(row for row in base["rows"] if row["kernel"] == "scratch-plain-store")
    ways = mutant["violated"]
    assert "I1/pte-overwritten" in ways and {way.split("/")[0] for way in ways} == set(mutant["invariants"])
    mutant["violated"] = [way.replace("I1/pte-overwritten", "I1/other") for way in ways]
    (tmp_path / "base.json").write_text(json.dumps(base))
    result = run_rig("suite", *PAIRS, "--out", suite[1], "--resume", "--compare", tmp_path / "base.json")
    assert re.search(r"newly violated\n  fault-vs-alloc on scratch-plain-store: I1/pte-overwritten \(was I1\S*\)\n",
                     result.stdout), result.stdout
    assert "1 pairs found the same" in result.stdout

    def expect(way):
        return lambda data: replace(data / "scenarios" / "fault-vs-alloc.scenario", "scratch-plain-store = I1",
                                    f"scratch-plain-store = {way}")

    out = tmp_path / "out"
    shutil.copytree(suite[1], out)
    env = data_with(tmp_path / "other", expect("I1/maps-scratch"))
    result = run_rig("suite", *PAIRS, "--out", out, "--resume", env=env)
    assert result.returncode == 1 and "expected I1/maps-scratch, found I1/pte-overwritten;I2" in result.stdout
    env = data_with(tmp_path / "none", expect("I1/nope"))
    assert_refused(run_rig("suite", *PAIRS, "--out", tmp_path / "none", env=env), "'I1/nope'", "I6/REASON")


def test_list_has_every_invariant():
    listed = json.loads(run_rig("list", "--json").stdout)
    files = {path.stem.removeprefix("check-").upper()
             for path in (TOP / "rig").rglob("check-i*.c")}
    numbers = [int(i["id"][1:]) for i in listed["invariants"]]
    assert {i["id"] for i in listed["invariants"]} == files and numbers == sorted(numbers)
    assert all(i["statement"] and i["source"] for i in listed["invariants"])
    text = run_rig("list").stdout
    assert re.search(r"^  I11 +a kernel fault is reported once", text, re.M)
    assert {k["kind"] for k in listed["kernels"]} >= {"stock", "mutant"}


def reversed_patch(path, to):
    lines = path.read_text().splitlines(keepends=True)
    start = next(i for i, line in enumerate(lines) if line.startswith("--- "))
    swap = {"-": "+", "+": "-"}
    body = []
    for line in lines[start:]:
        if line.startswith(("--- ", "+++ ", "@@")):
            body.append(line)
        else:
            body.append(swap.get(line[0], line[0]) + line[1:])
    to.write_text("".join(body))


MUTANT = TOP / "guest-kernel" / "mutants" / "scratch-plain-store.patch"


@pytest.fixture
def mends_mutant():
    """What takes MUTANT back; not in a folder that goes away: the kernels stay in the cache."""
    fix = TOP / "build" / "tests" / "compare-again.patch"
    fix.parent.mkdir(parents=True, exist_ok=True)
    reversed_patch(MUTANT, fix)
    return fix


def test_verify(mends_mutant, tmp_path):
    mutant, fix = MUTANT, mends_mutant
    out = tmp_path / "out"
    words = ("verify", "--base-patch", mutant, "--scenario", "fault-vs-alloc", "--out", out)
    result = run_rig(*words, "--patch", fix, timeout=900)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nfails before, passes after: " in result.stdout
    assert "fault-vs-alloc on verify-after: I1" in result.stdout  # no longer violated
    page = (out / "verify.md").read_text()
    assert page.startswith("## racerig verify: fails before, passes after: ")
    assert "scratch-plain-store.patch compare-again.patch" in page
    assert rows(out / "before")["verify-before"]["invariants"][0] == "I1"
    assert not rows(out / "before")["verify-before"]["as_expected"]
    assert rows(out / "after")["verify-after"]["verdict"] == "documented"
    assert "frame A -> scratch" in (out / "before" / "summary.md").read_text()


def test_verify_by_hunt(mends_mutant, tmp_path):
    """The same patch, by what nobody wrote down."""
    out = tmp_path / "out"
    words = ("verify", "--hunt", "--verbs", "alloc,read", "--setup", "reserve 1", "--failures", 0, "--base-patch",
             MUTANT, "--out", out)
    result = run_rig(*words, "--patch", mends_mutant, timeout=1500)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nfails before, passes after: I1\n" in result.stdout
    assert "\nmended     I1: " in result.stdout and "\nnew " not in result.stdout
    assert (out / "verify.md").read_text().startswith("## racerig verify: fails before, passes after: I1\n")
    before, after = (json.loads((out / side / "hunt.json").read_text()) for side in ("before", "after"))
    assert before["verdict"] == "new" and after["verdict"] == "clean"
    assert before["counts"]["complete"] == after["counts"]["complete"] > 10


FIX = TOP / "guest-kernel" / "patches" / "free-flush-before-reuse.patch"
MUTANT = TOP / "guest-kernel" / "mutants" / "scratch-plain-store.patch"


def test_a_fix_is_good_news(tmp_path):
    """What stock is expected to violate, and does not with the patch, is what the patch does."""
    out = tmp_path / "out"
    result = run_rig("verify", "--scenario", "lost-write", "--patch", FIX, "--out", out, timeout=900)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nfails before, passes after: I7 of lost-write\n" in result.stdout
    assert "lost-write on verify-after: the finding is fixed there (I7 is known" in result.stdout
    assert "**lost-write on verify-after: the finding is fixed there**" in (out / "after" / "summary.md").read_text()
    assert (out / "verify.md").read_text().startswith(
        "## racerig verify: fails before, passes after: I7 of lost-write\n")


@pytest.mark.parametrize("patch, scenario, code, says", [
    (FIX, "lost-write", 0, "good: no invariant is violated"),
    (MUTANT, "fault-vs-alloc", 1, "bad: I1;"),
])
def test_bisect(tmp_path, patch, scenario, code, says):
    result = run_rig("verify", "--bisect", "--scenario", scenario, "--patch", patch,
                     "--out", tmp_path / "out", timeout=900)
    assert result.returncode == code, result.stdout + result.stderr
    assert result.stdout.splitlines()[-1].startswith(says)


def test_bisect_where_it_cannot_say(tmp_path):
    """A commit that does not build is skipped; words that are wrong for every commit end it all."""
    tree = tmp_path / "tree"
    (tree / "kernel" / "bpf").mkdir(parents=True)
    for name in ("Kbuild", "Makefile", "kernel/bpf/arena.c"):
        (tree / name).write_text("x\n")
    words = ("verify", "--bisect", "--tree", tree, "--out", tmp_path / "out")
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    result = run_rig(*words, "--scenario", "lost-write", env=env)
    assert result.returncode == 125 and "make tinyconfig failed" in result.stderr
    for wrong in (("--scenario", "no-such"), ("--no-such",), ("--max-time", "x")):
        result = run_rig(*words, *wrong, env=env)
        assert result.returncode == 128 and len(result.stderr.splitlines()) == 1, result.stderr


def test_verify_bad_words(tmp_path):
    assert_refused(run_rig("verify"), "--patch is missing")
    assert_refused(run_rig("verify", "--patch", "/nonexistent"), "/nonexistent: No such file")
    assert_refused(run_rig("verify", "--patch", "Makefile", "--group", "mutants"), "quick or full")
    assert_refused(run_rig("verify", "--patch", "Makefile", "--verbs", "free"), "go with --hunt")
    assert_refused(run_rig("verify", "--patch", "Makefile", "--hunt", "--scenario", "lost-write"), "no scenario")
    assert_refused(run_rig("verify", "--patch", "Makefile", "--tree", tmp_path), "no kernel tree")


def test_a_kernel_that_is_built_anew_meanwhile(tmp_path):
    """Its name means another build than the one that the suite has looked at: no verdict is that one's."""
    result = run_rig("explore", "fault-vs-free", "--kernel", "stock", "--build", "0123456789abcdef",
                     "--out", tmp_path / "run")
    assert result.returncode == 2 and not (tmp_path / "run").exists()
    assert re.fullmatch(r"racerig: kernel stock was built anew meanwhile \([0-9a-f]{16}, and was "
                        r"0123456789abcdef\); run this again\n", result.stderr)
