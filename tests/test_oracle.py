# SPDX-License-Identifier: GPL-2.0-only
"""
Oracles are tested like kernels: every change to every stream of tests/streams that breaks an invariant is
found by `racerig check`, and nothing else is.  No guest.
"""

import json
import re
import subprocess
from pathlib import Path

import pytest
from conftest import RIG, TOP, run_rig
from oracle import table, user
from oracle.trace import load

RIG_SOURCES = TOP / "rig"
TRACES = sorted(table.STREAMS.glob("*.jsonl"))

#: One condition each: what it is, and what it becomes.
WEAKER_CHECKS = [
    ("subject/arena/check-i1.c", "for (int i = 0; i < check->n_pages", "for (int i = 1; i < check->n_pages"),
    ("check/check-i2.c", "page->lost || check_has_ended(check, i) ||", "page->lost ||"),
    ("subject/arena/check-i3.c", "(!event->double_free && check->ended[arena])", "!event->double_free"),
    ("subject/arena/check-i4.c", "actors[actor].result == 1", "actors[actor].result >= 0"),
    ("subject/arena/check-i4.c", "check_holds_lock(check, event, page)", "check->holders[0].actor >= 0"),
    ("check/check-i5.c", "*last < check->emptied[event->page]", "*last <= check->emptied[event->page]"),
    ("check/check-i6.c", "for (int actor = 0;", "for (int actor = 1;"),
    ("check/check-i6.c", "check_has_ended(check, page_of(check, i)) == ended &&\n\t\t\t    tlb_may", "tlb_may"),
    ("check/check-i7.c", "event->faulted ||", "event->faulted || event->access != ACCESS_READ ||"),
    ("subject/arena/check-i8.c", "stored[word->offset + i] != byte", "!stored[word->offset + i]"),
    ("check/check-i9.c", "!is_mapped(check, end, pfn) &&", "!is_mapped(check, end, pfn) && i > 0 &&"),
    ("check/check-i9.c", "!has_frame(end->pinned, pfn)", "!end->pinned->len"),
    ("check/check-i10.c", "i < end->splats->len", "i + 1 < end->splats->len"),
    ("subject/arena/check-i11.c", "&& a->write == b->write", ""),
    ("check/check-i13.c", "(read && event->lockless) ||", "event->lockless ||"),
    ("subject/vmap/check-i14.c", "check->left[i].returned >= 0 &&", ""),
    ("subject/vmap/check-i14.c", "!pte_present(before) && pte_present(after)", "!before && after && i > 0"),
    ("check/check-i6.c", "is_left(check, event, i) &&", ""),
    ("check/check.c", "event->irq == check->holders[guard].irq", "true"),
    ("check/check.c", "check->header.declared.frees_to_scratch &&", "true &&"),
    ("check/check.c", "end->actors[actor].fault_page == declared->oops_page &&", "true &&"),
    ("check/check.c", "!is_same_pte(event->before[i], check->ptes[i])", "false"),
    ("event/tlb.c", "event->flush != FLUSH_BUT_GLOBAL", "true"),
]


@pytest.fixture(scope="module")
def streams():
    return table.make()


def kinds():
    """The tokens of rig/event/kinds.h, but for that of no event, and those that only calls that fail have:
    the second model knows nothing of failures."""
    text = (TOP / "rig" / "event" / "kinds.h").read_text()
    return set(re.findall(r'ROW\(EVENT_[A-Z]+, "([a-z]+)"', text)) - {"none", "call", "fail", "hold"}


def test_streams_have_everything():
    traces = [load(path) for path in TRACES]
    events = [event for trace in traces for event in trace.events]
    assert len(traces) >= 10 and {event.kind for event in events} == kinds()
    assert all(any(event.get(name) for event in events)
               for name in ("irq", "user", "faulted", "landed", "stored", "double_free", "stale"))
    assert {trace.end["how"] for trace in traces} >= {"done", "cycle"}
    states = {actor["state"] for trace in traces for actor in trace.end.get("actors", [])}
    assert states == {"returned", "crashed", "waits"}
    assert {arena["lives"] for trace in traces for arena in trace.end.get("groups", [])} == {False, True}
    assert any(trace.declared.get("frees_to_scratch") for trace in traces)
    assert any(trace.end.get("words") for trace in traces) and any(trace.end.get("reports") for trace in traces)


def test_streams_are_as_taken():
    """What the rig made of them when it took them it makes of them now: no line for people is asked."""
    plain, loud = (run_rig("check", "--json", table.STREAMS, env=env) for env in ({}, {"RACERIG_NOISE": "1"}))
    assert plain.stdout == loud.stdout and len(plain.stdout.splitlines()) == len(TRACES)
    assert plain.returncode == 1 and plain.stderr == ""
    for line in map(json.loads, plain.stdout.splitlines()):
        assert "damaged" not in line and "unexplained" not in line, line["trace"]
        assert line["partial"] == any(actor["state"] != "returned"
                                      for actor in load(TOP / line["trace"]).end.get("actors", []))


def test_every_rule_fits_somewhere(streams):
    assert {case.rule for case in streams.cases} == set(table.RULES)


def test_table(streams):
    found = streams.judge(RIG)
    print(table.text_of(found))
    # I12 is about PTEs of processes, which none of these streams has: see test_both_halves().
    ids = {f"I{path.stem.removeprefix('check-i')}" for path in RIG_SOURCES.rglob("check-i*.c")} - {"I12"}
    assert ids | {"blind"} <= set(found), "every invariant is broken by some change"
    assert [str(case) for row in found.values() for case in row.false_alarms] == []
    wrong, caught = (sum(getattr(row, what) for row in found.values()) for what in ("wrong", "caught"))
    assert wrong > 14000 and caught >= 0.98 * wrong
    known = table.known_misses()
    assert all(known.values()), "a miss has a reason"
    assert table.misses(found) == set(known), "the list of misses is the misses"


#: One condition of I12 each, as above.
WEAKER_I12 = [
    ("check/check-i12.c", "taken->by == event->actor && !taken->returned", "!taken->returned"),
    ("check/check-i12.c", "check->unused >> header->more[more].view & 1", "false"),
    ("check/check-i12.c", "!after_free && event->after[page] == 0 &&", "!after_free &&"),
    ("check/check-i12.c", "taken->returned == returned && taken->page == page && taken->pfn == pfn",
     "taken->page == page && taken->pfn == pfn"),
    ("check/check-i12.c", "!pte_maps(event->before[slot], pte_pfn(now)) &&", "!pte_present(event->before[slot]) &&"),
    ("check/check-i12.c", "for (int i = 0; end_is_quiet(end) &&", "for (int i = 1; end_is_quiet(end) &&"),
    ("check/check.c", "event->count == 0", "event->count >= 0"),
]


@pytest.fixture(scope="module")
def halves():
    return user.make()


def test_both_halves(halves):
    found = user.of_i12(halves.judge(RIG))
    print(table.text_of(found))
    assert [str(case) for row in found.values() for case in row.false_alarms] == []
    wrong, caught = (sum(getattr(row, what) for row in found.values()) for what in ("wrong", "caught"))
    assert found["I12"].wrong > 900 and wrong > 2000 and caught >= 0.98 * wrong
    assert table.misses(found) == set(), "a miss has a reason"
    assert {case.rule for case in halves.cases} == set(user.USER_RULES)


@pytest.mark.parametrize("source, old, new", WEAKER_I12, ids=[f"i12-{i}" for i in range(len(WEAKER_I12))])
def test_a_weaker_i12_is_seen(halves, tmp_path, source, old, new):
    text = (TOP / "rig" / source).read_text()
    assert text.count(old) == 1, "the condition is not there any more"
    found = user.of_i12(halves.judge(build(tmp_path, source, text.replace(old, new))))
    assert table.misses(found) or [case for row in found.values() for case in row.false_alarms]


def flags():
    words = {}
    for line in (TOP / "config.mak").read_text().splitlines():
        name, _, value = line.partition("=")
        words[name.strip(" :?")] = value.split()
    return words


def build(tmp_path: Path, source: str, text: str) -> Path:
    """A rig with one source changed."""
    words = flags()
    changed, rig = tmp_path / Path(source).name, tmp_path / "racerig"
    changed.write_text(text)
    mine = TOP / "build" / "rig" / Path(source).with_suffix(".o")
    # Two processors are in no rig (tests/test_arch.py compiles one of them there).
    others = [path for path in sorted((TOP / "build" / "rig").rglob("*.o"))
              if path != mine and path.stem not in ("arch-none", "arch-fake")
              and (TOP / path.relative_to(TOP / "build")).with_suffix(".c").exists()]
    subprocess.run([*words.get("CC", ["cc"]), "-O0", "-std=gnu11", "-w", "-I", TOP / "rig", "-I", TOP / "scenarios",
                    "-I", TOP / "build", *words["DEPS_CFLAGS"], '-DG_LOG_DOMAIN="rig-check"',
                    "-o", rig, changed, *others, TOP / "build" / "page.o", *words["DEPS_LIBS"]],
                   check=True, cwd=TOP)
    return rig


@pytest.mark.parametrize("source, old, new", WEAKER_CHECKS,
                         ids=[f"{Path(source).stem}-{i}" for i, (source, _, _) in enumerate(WEAKER_CHECKS)])
def test_a_weaker_check_is_seen(streams, tmp_path, source, old, new):
    text = (TOP / "rig" / source).read_text()
    assert text.count(old) == 1, "the condition is not there any more"
    invariant = Path(source).stem.removeprefix("check-").upper()
    some = streams.about(invariant, every=8 if invariant.startswith("I") else 1)
    found = some.judge(build(tmp_path, source, text.replace(old, new)))
    alarms = [case for row in found.values() for case in row.false_alarms]
    assert alarms or table.misses(found) - set(table.known_misses())
