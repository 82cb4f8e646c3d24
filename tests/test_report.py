# SPDX-License-Identifier: GPL-2.0-only
"""What a run leaves for human eyes: evidence.txt, report.html, debug, explain, the man page."""

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path

import pytest
from conftest import RIG, TOP, run_rig, verdict

MUTANT = "scratch-plain-store"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def violating(explored):
    return explored(MUTANT)[1]


@pytest.fixture(scope="session")
def stock(explored):
    return explored("stock")[1]


def trace_of(out, stem):
    lines = (out / "trace" / f"{stem}.jsonl").read_text().splitlines()
    objects = [json.loads(line) for line in lines]
    return objects[0], [o for o in objects if "n" in o], [o for o in objects if "violation" in o]


def turned(event):
    """What the PTE of an event was and became."""
    return event.get("from"), event.get("to")


def plainest(out):
    """The schedule that evidence.txt shows."""
    return re.search(r"^-- (\S+)\.sched --$", (out / "evidence.txt").read_text(), re.M)[1]


# --- traces ---------------------------------------------------------------------------------

#: Words of an arena that are watched, by the lock that is said to guard them.
GUARDED = (
    ("arena", ("rt.it_root", "rt.it_root.leftmost", "rt.range_size_root", "rt.range_size_root.leftmost", "nr_pages")),
    ("vmas", ("vma_list.next", "vma_list.prev")), ("zap", ("zap_gen",)))


def test_trace_says_what_tlbs_may_hold(violating):
    header, events, findings = trace_of(violating, plainest(violating))
    assert header == {
        "racerig-trace": 11, "events": len(events), "violations": len(findings), "actors": [{"name": "alloc", "vcpu": 0}, {"name": "fault", "vcpu": 1}],
        "pages": [{"group": 0, "guarded_by": "arena", "scratch": "scratch", "pte": "none", "pte_bits": "0x0",
                   "address": "0x100001000"}],
        "setup": "", "operations": "alloc 0 | fault: read 0",
        "ptes": [{"page": 0, "view": 1, "pte": "none", "pte_bits": "0x0"}],
        "locks": ["arena", "vmas", "zap", "page-table"], "words": [
            {"name": name, "guarded_by": lock} for lock, names in GUARDED for name in names],
        "declared": {"succeeds": "alloc"}}
    filled = next(e for e in events if turned(e) == ("none", "frame A"))
    # by the kernel's PTE and by the process's
    assert filled["tlb"] == [[["frame A"], []], [["frame A"], []]]
    replaced = next(e for e in events if turned(e) == ("frame A", "scratch"))
    assert replaced["tlb"] == [[["frame A", "scratch"], []]] * 2, "nobody has flushed"
    assert {"violation": {"invariant": "I1", "kind": "seen", "reason": "pte-overwritten",
                          "event": replaced["n"], "page": 0}} in findings


def test_a_flush_empties_the_strip(explored):
    _, out = explored("stock", "fault-vs-free")
    _, events, _ = trace_of(out, "0001-clean")
    flush = next(e for e in events if e["kind"] == "flush" and e["actor"] == "fault")
    before = events[flush["n"] - 2]
    assert before["tlb"][0] == [["frame A"], []] and flush["tlb"][0] == [[], []]


def test_what_is_true_of_one_boot_is_not_in_the_trace(violating):
    for facts in (violating / "facts").glob("*.json"):
        known = json.loads(facts.read_text())
        trace = (violating / "trace" / facts.with_suffix(".jsonl").name).read_text()
        assert known["replays"] == known["identical"] == 3
        assert known["frames"]["scratch" if "I1" in facts.name else next(iter(known["frames"]))]
        for raw in known["frames"].values():
            pfn = (int(raw, 0) & 0xFFFFFFFFFF000) >> 12
            assert raw[2:] not in trace and f"{pfn:#x}" not in trace
        decisions = sum(e["decision"] for e in trace_of(violating, facts.stem)[1])
        assert len(known["registers"]) == decisions
        assert all(set(r) >= {"rip", "rax", "rsp", "cr2", "cr3"} for r in known["registers"])


# --- evidence.txt ---------------------------------------------------------------------------

def test_evidence_of_a_violation(violating):
    text = (violating / "evidence.txt").read_text()
    facts = json.loads((violating / "facts" / f"{plainest(violating)}.json").read_text())
    scratch = facts["frames"]["scratch"]
    assert all(len(line) <= 72 for line in text.splitlines()), "mail"
    assert text.isascii()
    first = text.split("\n\n")[0]
    assert "Kernel 7." in first and f"{MUTANT}.patch" in first and "I1 violated" in " ".join(
        first.split())
    for part in [
        "a PTE that maps an allocated page never becomes the scratch page",
        "seen: it happened",
        "CPU0 (alloc)", "CPU1 (fault)", "none -> page of alloc", "page of alloc -> scratch",
        "arena.c:255", "set_pte(pte, mk_pte(scratch_page, PAGE_KERNEL));",
        f"{int(scratch, 0):#018x}  pfn {(int(scratch, 0) & 0xFFFFFFFFFF000) >> 12:#x} P RW A D G NX",
        f"racerig replay {plainest(violating)}.sched --times 10", "3/3 identical",
        verdict(violating)["environment"]["config_sha256"],
        verdict(violating)["environment"]["compiler"],
        f"{verdict(violating)['executed']} schedules", "complete: every interleaving",
        "SC only", "A pass of a rig that kills no mutants proves nothing.",
    ]:
        assert part in text, part
    assert re.search(r"^> +\d+ +write pte 0$", text, re.M), "the event that violates is marked"


def test_schedule_in_evidence_replays(violating, tmp_path):
    text = (violating / "evidence.txt").read_text()
    stem = plainest(violating)
    body = text.split(f"-- {stem}.sched --\n")[1].split(f"-- end of {stem}.sched --")[0]
    assert body == (violating / "schedules" / f"{stem}.sched").read_text()
    pasted = tmp_path / "mail.sched"
    pasted.write_text(body)
    assert run_rig("replay", pasted).returncode == 0


def test_evidence_names_the_mutants_that_were_killed(violating, stock, tmp_path):
    """Run folders side by side, as `explore` and `suite` leave them."""
    shutil.copytree(violating, tmp_path / "mutant")
    shutil.copytree(stock, tmp_path / "stock")
    assert run_rig("report", tmp_path / "stock").returncode == 0
    text = (tmp_path / "stock" / "evidence.txt").read_text()
    assert re.search(rf"^  killed +{MUTANT} \(I1 I2 I4 I9\)$", text, re.M)
    assert "none was run" not in text
    shutil.rmtree(tmp_path / "mutant")
    assert run_rig("report", tmp_path / "stock").returncode == 0
    assert "none was run: a pass says nothing yet" in (tmp_path / "stock" / "evidence.txt").read_text()


def test_three_columns_fit(explored):
    _, out = explored("stock", "fault-vs-alloc-vs-free", "--max-schedules", "6")
    text = (out / "evidence.txt").read_text()
    assert all(len(line) <= 72 for line in text.splitlines())
    assert re.search(r"CPU0 \(\w+\) +CPU1 \(\w+\) +CPU2 \(\w+\)", text)
    assert "Interleavings that were not run" in text and "NOT complete" in text


# --- report.html ----------------------------------------------------------------------------

VOID = {"meta", "br", "link", "img", "input", "hr"}


class Page(HTMLParser):
    """Every tag closed in turn, and what an accessible page is made of."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.ids, self.text = [], [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), self.getpos()
        self.tags.append((tag, dict(attrs), list(self.open)))
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, (tag, self.getpos())

    def handle_data(self, data):
        self.text.append((data, self.open[-1] if self.open else ""))

    def all(self, tag):
        return [(attrs, parents) for name, attrs, parents in self.tags if name == tag]


def check_page(path):
    text = path.read_text()
    page = Page(text)
    assert text.startswith("<!DOCTYPE html>") and page.all("html")[0][0]["lang"] == "en"
    assert page.all("title") and any(a.get("name") == "viewport" for a, _ in page.all("meta"))
    # one file: no network, nothing beside it
    assert not page.all("link") and not page.all("img") and not page.all("iframe")
    assert not re.search(r"https?://|@import|url\(|src=|fetch\(|XMLHttp", text)
    assert len(page.ids) == len(set(page.ids))
    for attrs, _ in page.all("a"):
        if attrs["href"].startswith("#"):
            assert attrs["href"][1:] in page.ids, attrs
    # landmarks and headings in order
    assert [len(page.all(tag)) for tag in ("header", "main", "footer", "h1")] == [1, 1, 1, 1]
    levels = [int(tag[1]) for tag, _, _ in page.tags if re.fullmatch("h[1-6]", tag)]
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:]))
    assert all(a.get("aria-label") for a, _ in page.all("nav") + page.all("aside"))
    # tables say what they are and what their headers head
    assert len(page.all("caption")) == len(page.all("table"))
    assert all(attrs.get("scope") in ("row", "col") for attrs, _ in page.all("th"))
    # what scrolls can be reached and has a name; what folds has a handle
    assert all(a.get("tabindex") == "0" and a.get("aria-label") for a, _ in page.all("pre"))
    assert len(page.all("summary")) == len(page.all("details"))
    assert all(parents[-1] == "details" for _, parents in page.all("summary"))
    return page


def test_page_of_a_run(violating):
    page = check_page(violating / "report.html")
    text = "".join(data for data, _ in page.text)
    stems = {path.stem for path in (violating / "schedules").glob("*.sched")}
    assert {f"case-{stem}" for stem in stems} <= set(page.ids)
    lit = [data for data, tag in page.text if tag == "mark"]
    assert any("set_pte(pte, mk_pte(scratch_page, PAGE_KERNEL));" in line for line in lit)
    assert "page of alloc (stale)" in text and "SC only" in text
    assert f"{verdict(violating)['executed']}" in text
    # two lanes, a strip of PTE and two TLBs for each event
    _, events, _ = trace_of(violating, plainest(violating))
    cells = [a for a, _ in page.all("span") if a.get("class") == "cell"]
    assert {a["style"] for a in cells} == {"--lane:0", "--lane:1"}
    assert len([a for a, _ in page.all("span") if a.get("class") == "tlb"]) == 2 * len(cells)
    assert len(cells) >= len(events)


def test_tree_is_the_exploration(violating):
    """From the journal: as many leaves as schedules, violating ones with a way to their case."""
    run = verdict(violating)
    page = check_page(violating / "report.html")
    leaves = [a["class"] for a, _ in page.all("li") if a.get("class", "").startswith("leaf")]
    ends = [c for c in leaves if "muted" not in c]
    assert len(ends) == run["executed"] + run["redundant"]
    assert sum("bad" in c for c in ends) == run["violating"]
    root = re.search(r'<span class="count">(\d+) schedules', (violating / "report.html").read_text())
    assert int(root[1]) == run["executed"]


def variables(css):
    return {name: value for name, value in re.findall(r"--([\w-]+): (#[0-9a-f]{6});", css)}


def contrast(one, other):
    """WCAG 2.2, relative luminance."""
    def luminance(colour):
        parts = [int(colour[i:i + 2], 16) / 255 for i in (1, 3, 5)]
        parts = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_in_both_themes():
    css = (TOP / "rig" / "report" / "page" / "report.css").read_text()
    light_css, rest = css.split("@media screen and (prefers-color-scheme: dark)", 1)
    light = variables(light_css)
    dark = {**light, **variables(rest.split("\n}\n", 1)[0])}
    assert light["page"] != dark["page"]
    pairs = [name[:-4] for name in light if name.endswith("-ink")]
    assert len(pairs) >= 10
    for theme in (light, dark):
        for name in pairs:
            assert contrast(theme[f"{name}-ink"], theme[f"{name}-bg"]) >= 4.5, name
        for ink in ("ink", "muted", "link"):
            for ground in ("page", "card", "faint-bg"):
                assert contrast(theme[ink], theme[ground]) >= 4.5, (ink, ground)
        for sign in ("lane0", "lane1", "lane2", "lane3", "focus"):
            assert contrast(theme[sign], theme["card"]) >= 3, sign
    assert not re.search(r"#[0-9a-f]{3,6}", re.sub(r"--[\w-]+: #[0-9a-f]{6}", "", rest).replace(
        "#999", "")), "colours are variables"


def test_the_folder_is_enough(violating, tmp_path):
    """Copied to a machine without kernels it gives the same page and the same text."""
    shutil.copytree(violating, tmp_path / "run" / "copy")
    out = tmp_path / "run" / "copy"
    for name in ("report.html", "evidence.txt"):
        (out / name).unlink()
    assert run_rig("report", out, env={"XDG_CACHE_HOME": str(tmp_path)}).returncode == 0
    alone = (out / "report.html").read_text()
    assert run_rig("report", out).returncode == 0
    assert (out / "report.html").read_text() == alone
    assert "set_pte(pte, mk_pte(scratch_page" in (out / "evidence.txt").read_text()


def test_console_lights_the_splat(violating, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    (out / "console.log").write_bytes(
        b"booting\nBUG: unable to handle page fault <here>\n RIP: 0010:x\x1b[0m\xff\n"
        b"---[ end trace 0000000000000000 ]---\nafter\n")
    assert run_rig("report", out).returncode == 0
    page = check_page(out / "report.html")
    lit = [data for data, tag in page.text if tag == "mark"]
    assert "BUG: unable to handle page fault <here>" in lit
    assert any("end trace" in line for line in lit) and "after" not in "".join(lit)


@pytest.mark.skipif(not CHROMIUM, reason="no chromium")
def test_in_a_browser(violating, tmp_path):
    """The script runs, without a network, and paper and a phone get their shape."""
    common = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path}",
              "--host-resolver-rules=MAP * ~NOTFOUND"]
    url = f"file://{violating / 'report.html'}"
    dom = subprocess.run([*common, "--window-size=1600,1000", "--dump-dom", url],
                         capture_output=True, text=True, timeout=120).stdout
    assert '<html lang="en" class="has-script">' in dom
    pane = re.search(r'<aside class="inspector"[^>]*>(.*?)</aside>', dom, re.S)
    assert "writes the PTE of page 0: from the page of alloc to the scratch page" in pane[1]
    shot = tmp_path / "phone.png"
    subprocess.run([*common, "--window-size=390,844", f"--screenshot={shot}", url],
                   capture_output=True, timeout=120, check=True)
    assert shot.stat().st_size > 10000


# --- report ---------------------------------------------------------------------------------

def row(scenario, kernel, kind, outcome, ids=(), as_expected=True, skipped=None, breaks=None):
    return {"scenario": scenario, "kernel": kernel, "kind": kind, "breaks": breaks,
            "expected": "clean", "named": True, "known": "clean", "verdict": outcome,
            "invariants": list(ids), "bound": None, "complete": True, "executed": 9, "pruned": 1,
            "as_expected": as_expected, "skipped": skipped, "error": None, "schedule": None,
            "folder": None if skipped else f"runs/{scenario}/{kernel}"}


def test_page_of_a_suite(tmp_path):
    rows = [row("fault-vs-alloc", "stock", "stock", "documented"),
            row("stale-realloc", "stock", "stock", "violation", ["I7"], as_expected=False),
            row("fault-vs-alloc", "bad-store", "mutant", "violation", ["I1", "I2"], breaks="I1"),
            row("fault-vs-alloc", "unharmed", "mutant", "clean", as_expected=False, breaks="I2"),
            row("stale-realloc", "unbuilt", "mutant", "skipped", skipped="not built", breaks="I3")]
    (tmp_path / "suite.json").write_text(json.dumps({"racerig-suite": 1, "rows": rows}))
    result = run_rig("report", tmp_path)
    assert result.returncode == 0, result.stderr
    page = check_page(tmp_path / "report.html")
    text = "".join(data for data, _ in page.text)
    assert "2 of 4 as expected" in text and "1 of 2" in text
    assert "No scenario kills unharmed by" in text and "No scenario kills bad-store" not in text
    heat = [a["class"] for a, _ in page.all("td") if a.get("class", "").startswith("heat")]
    assert sum("unexpected" in c for c in heat) == 2
    assert sorted(c.split()[1] for c in heat) == ["absent"] * 3 + ["bad", "cold", "faint", "good",
                                                                  "note"]
    links = [a["href"] for a, _ in page.all("a") if not a["href"].startswith("#")]
    assert "runs/fault-vs-alloc/bad-store/report.html" in links


@pytest.mark.parametrize("name, text, what", [
    ("suite.json", '{"racerig-suite": 2, "rows": []}', "suite.json: "),
    ("suite.json", "{", "suite.json: "),
    ("verdict.json", "[1]", "verdict.json: no JSON object"),
])
def test_report_of_nonsense(tmp_path, name, text, what):
    (tmp_path / name).write_text(text)
    result = run_rig("report", tmp_path)
    assert result.returncode == 2 and what in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_damaged_trace_is_named(violating, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    trace = out / "trace" / f"{plainest(violating)}.jsonl"
    lines = trace.read_text().splitlines()
    trace.write_text("\n".join([lines[0], lines[1], lines[2][:40]]) + "\n")
    result = run_rig("report", out)
    assert result.returncode == 2 and f"{trace.name}:3:" in result.stderr


def test_report_replays_on_request(violating, tmp_path):
    out = tmp_path / "run"
    shutil.copytree(violating, out)
    result = run_rig("report", out, "--times", 2)
    assert result.returncode == 0, result.stderr
    assert "2/2 identical" in (out / "evidence.txt").read_text()
    assert {p.stem for p in (out / "facts").iterdir()} == {p.stem for p in
                                                          (out / "schedules").iterdir()}


# --- debug and explain ----------------------------------------------------------------------

def debug(schedule, *words, commands):
    """With a session of its own, of which nothing may be left."""
    rig = subprocess.Popen([RIG, "debug", schedule, *words], cwd=TOP, stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                           start_new_session=True)
    text, _ = rig.communicate(commands, timeout=200)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            assert int(stat.read_text().rsplit(")", 1)[1].split()[3]) != rig.pid, stat
        except (FileNotFoundError, ProcessLookupError):
            pass
    return rig.returncode, text


def test_debug_one_event_before_the_violation(violating):
    schedule = violating / "schedules" / f"{plainest(violating)}.sched"
    code, text = debug(schedule, "--at", "-1", commands=(
        "printf \"thread %d\\n\", $_thread\nx/i $pc\np/x *(unsigned long *)$rax\nstepi\n"
        "list kernel/bpf/arena.c:255,255\n"))
    assert code == 0, text
    _, events, findings = trace_of(violating, schedule.stem)
    number = sum(e["decision"] for e in events[:findings[0]["violation"]["event"]])
    assert f"stopped after event {number - 1} of" in text and "next: CPU1 (fault) write" in text
    assert "thread 2" in text and "<apply_range_set_scratch_cb+" in text
    frames = json.loads((violating / "facts" / f"{schedule.stem}.json").read_text())["frames"]
    assert f"= {int(frames['frame A'], 0):#x}" in text, "the allocated page is still there"
    assert "set_pte(pte, mk_pte(scratch_page, PAGE_KERNEL));" in text, "the mutant's own source"


def test_debug_with_drgn(violating):
    schedule = violating / "schedules" / f"{plainest(violating)}.sched"
    code, text = debug(schedule, "--at", "0", "--with", "drgn", commands=(
        "found = list(arena.arenas(prog))[0]\n"
        "print('pte', arena.page_state(found, found.user_vm_start.value_()).pte)\n"))
    assert code == 0 and "pte 0" in text, text


def test_debug_where_there_is_nothing(violating):
    schedule = violating / "schedules" / f"{plainest(violating)}.sched"
    for words, what in ((("--at", "99"), "give 0 to"), (("--at", "x"), "give a number"),
                        (("--with", "ed"), "gdb, drgn or both")):
        result = run_rig("debug", schedule, *words)
        assert result.returncode == 2 and what in result.stderr


def test_explain_finds_the_order_to_blame(violating):
    schedule = violating / "schedules" / f"{plainest(violating)}.sched"
    result = run_rig("explain", schedule)
    assert result.returncode == 0, result.stderr
    cause = re.search(r"^The cause: (\d+) comes before (\d+)", result.stdout, re.M)
    _, events, _ = trace_of(violating, schedule.stem)
    decisions = [e for e in events if e["decision"]]
    first, second = decisions[int(cause[1]) - 1], decisions[int(cause[2]) - 1]
    assert first["access"] == "read" and first["from"] == "none" and first["actor"] == "fault"
    assert turned(second) == ("none", "frame A") and second["actor"] == "alloc"
    assert re.search(r"flipped: I1 holds; of all \d+ schedules? that begins? so, 0 violate it",
                     result.stdout)
    assert "arena.c:255: set_pte(pte, mk_pte(scratch_page, PAGE_KERNEL));" in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines())


def test_explain_a_clean_schedule(stock):
    result = run_rig("explain", stock / "schedules" / "0001-clean.sched")
    assert result.returncode == 0 and "no violation" in result.stdout
    assert "The cause" not in result.stdout


# --- check ----------------------------------------------------------------------------------

def test_check_needs_no_guest(violating, stock, tmp_path):
    """What events and the end show is found again in a trace alone."""
    env = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
    trace = violating / "trace" / f"{plainest(violating)}.jsonl"
    result = run_rig("check", trace, env=env)
    assert result.returncode == 1 and result.stderr == ""
    _, _, findings = trace_of(violating, trace.stem)
    line = findings[0]["violation"]["event"] + 1
    assert f"violates I1 in line {line}, " in result.stdout
    assert "violates I9: " in result.stdout
    assert "0 of them not recorded, 0 recorded and not found" in result.stdout
    clean = run_rig("check", stock / "trace" / "0001-clean.jsonl", env=env)
    assert clean.returncode == 0 and ", 0 found" in clean.stdout


def test_check_finds_what_a_trace_hides(violating, tmp_path):
    """Without its record of the violation, and with one that never happened."""
    trace = violating / "trace" / f"{plainest(violating)}.jsonl"
    lines = trace.read_text().splitlines()
    hidden = tmp_path / "hidden.jsonl"
    header = json.loads(lines[0])
    hidden.write_text("".join(f"{line}\n" for line in (
        json.dumps({**header, "violations": 0}), *lines[1:2 + header["events"]])))
    result = run_rig("check", hidden)
    assert result.returncode == 1 and "violates I1" in result.stdout
    counts = re.search(r"events, (\d+) found, (\d+) of them not recorded, 0 recorded", result.stdout)
    assert int(counts[1]) == int(counts[2]) > 0
    invented = tmp_path / "invented.jsonl"
    invented.write_text("".join(f"{line}\n" for line in (
        json.dumps({**header, "events": 1, "violations": 1}), lines[1], '{"end":{"how":"cut"}}', json.dumps({"violation": {
            "invariant": "I2", "kind": "seen", "reason": "mapping-lost", "event": 1, "page": 0}}))))
    result = run_rig("check", invented)
    assert result.returncode == 1 and "recorded and NOT found again" in result.stdout


@pytest.mark.parametrize("text", ["", "[]", "{", '{"racerig-trace":3}', "\x00"])
def test_check_of_nonsense(tmp_path, text):
    path = tmp_path / "trace.jsonl"
    path.write_text(text)
    result = run_rig("check", path)
    assert result.returncode == 2 and "trace.jsonl:" in result.stderr
    assert len(result.stderr.splitlines()) == 1 and result.stdout == ""
    missing = run_rig("check", tmp_path / "none.jsonl")
    assert missing.returncode == 2 and "none" in missing.stderr


# --- the manual -----------------------------------------------------------------------------

def commands():
    return re.findall(r"^  (\w+)  ", run_rig("help").stdout, re.M)


@pytest.mark.parametrize("command", commands() if RIG.exists() else [])
def test_manual_knows_every_option(command):
    manual = (TOP / "docs" / "racerig.1").read_text().replace("\\-", "-")
    assert re.search(rf'^\.B[R]? "?racerig {command}\b', manual, re.M), command
    for option in set(re.findall(r"--[a-z-]+", run_rig(command, "--help").stdout)) - {"--help"}:
        assert option in manual, (command, option)


@pytest.mark.skipif(not shutil.which("groff"), reason="no groff")
def test_manual_is_well_formed():
    result = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z", TOP / "docs" / "racerig.1"],
                            capture_output=True, text=True)
    assert result.returncode == 0 and result.stderr == ""


def complete(*words):
    script = TOP / "docs" / "racerig.bash"
    line = " ".join(words)
    code = (f'. {script}; COMP_WORDS=({" ".join(w or chr(39) * 2 for w in words)}); '
            f'COMP_CWORD={len(words) - 1}; COMP_LINE="{line}"; _racerig; '
            'printf "%s\\n" "${COMPREPLY[@]}"')
    return subprocess.run(["bash", "-c", code], capture_output=True, text=True, cwd=TOP,
                          env={**os.environ, "PATH": f"{RIG.parent}:{os.environ['PATH']}"},
                          check=True).stdout.split()


def test_completion():
    assert set(complete("racerig", "")) == set(commands())
    assert complete("racerig", "rep") == ["replay", "report"]
    assert "fault-vs-alloc" in complete("racerig", "explore", "fault")
    assert complete("racerig", "explore", "fault-vs-alloc", "--kernel", "scratch-pl") == [MUTANT]
    assert "--max-schedules" in complete("racerig", "explore", "--max-")
