# SPDX-License-Identifier: GPL-2.0-only
"""Operations as text: every verb on a real guest, its schedules as files, and each error."""

import json
import re

import pytest
from conftest import run_rig, verdict
from test_input import assert_refused

WRITTEN = 0x7ace


def explore(out, actors, *words):
    return run_rig("explore", "--actors", actors, "--recheck", 0, "--out", out, *words)


def assert_ended(result, *parts):
    """One line, but for the boot of a guest of a new shape."""
    result.stderr = "".join(line for line in result.stderr.splitlines(True) if not line.startswith("booting"))
    assert_refused(result, *parts)


# --- every verb, by what comes of it -----------------------------------------------------------

# actors, setup, all that the states must be (in any order) of one actor alone
ALONE = [
    ("keep; read 0", None, "keep=0 page0=scratch"),
    ("sync; read 0", None, "sync=0 page0=scratch"),
    ("alloc 0", None, "alloc=1 page0=frame A"),
    ("alloc 0-1; alloc 1", None, "alloc=0 page0=frame A page1=frame B"),
    ("alloc 0-1; free 0", None, "alloc=0 page0=none page1=frame B"),
    ("free 0-1", "alloc 0-2", "free=0 page0=none page1=none page2=frame C"),
    ("free-nosleep 0; read 1", "alloc 0", "free-nosleep=0 page0=none page1=scratch"),
    ("reserve 0; alloc 0", None, "reserve=0 page0=none"),
    ("alloc 0", "reserve 1", "alloc=1 page0=frame A page1=none"),
    ("write 0; read 0", "alloc 0", f"write={WRITTEN} page0=frame A"),
    ("poke 0; peek 0", "alloc 0", f"poke={WRITTEN} page0=frame A"),
    ("peek upper; peek first; peek last", None, "peek=0 page0=scratch page1=scratch page2=scratch"),
    ("stray-write 0; stray-read 0", "alloc 0", f"stray-write={WRITTEN} page0=frame A"),
    ("user-write 0; read 0", None, f"user-write={WRITTEN} page0=frame A"),
    ("write 0; user-read 0", "alloc 0", f"write={WRITTEN} page0=frame A"),
    ("user-read 0", "read 0", "user-read=-14 page0=scratch"),
    ("user-write 0; munmap; user-read 0", None, "user-write=-14 page0=frame A"),
    ("user-write 0; munmap; mmap; user-read 0", None, f"user-write={WRITTEN} page0=frame A"),
    ("user-write 0; munmap; munmap", None, "user-write=0 page0=frame A"),
    ("user-write 0; mmap", None, "user-write=-17 page0=frame A"),
    ("user-write 0; close; munmap; mmap", None, "user-write=-9 page0=frame A"),
    ("user-write 0; close; open; munmap; mmap", None, "user-write=0 page0=frame A"),
    ("user-write 0; close; close", None, "user-write=-9 page0=frame A"),
    ("user-write 0; open", None, "user-write=-17 page0=frame A"),
    ("user-write 0; pin 0; pin 0; unpin", None, "user-write=2 page0=frame A"),
    ("read 0; pin 0", None, "read=-14 page0=scratch"),
    ("alloc any a; write a; read a", None, f"alloc={WRITTEN} page0=frame A"),
    ("alloc any a 2; free a+1; read a", None, "alloc=0 page0=frame A page1=none"),
    ("alloc any a; alloc any b; free a; free b", None, "alloc=0 page0=none page1=none"),
    ("write two+1; user-read two+1", "alloc any two 2", f"write={WRITTEN} page0=frame A page1=frame B"),
    ("read 1.0; alloc 0", None, "read=1 page0=frame A page1=scratch 2"),
]


@pytest.mark.parametrize("actors, setup, state", ALONE)
def test_verb(tmp_path, actors, setup, state):
    words = ["--setup", setup] if setup else []
    result = explore(tmp_path / "run", actors, *words)
    found = verdict(tmp_path / "run")
    assert result.returncode == 0, result.stdout + result.stderr
    assert [one.strip() for one in found["final_states"]] == [state]
    assert found["complete"] and found["setup"] == (setup or "") and found["operations"] == actors


def test_sync_is_the_end_of_the_race(tmp_path):
    """What comes behind it is done by one after another, and nobody can be in between."""
    whole = explore(tmp_path / "whole", "free 0 | alloc 0", "--setup", "alloc 0")
    result = explore(tmp_path / "run", "free 0; sync; write 0; read 0 | alloc 0; sync; read 0",
                     "--setup", "alloc 0", "--pages", 1)
    before, found = verdict(tmp_path / "whole"), verdict(tmp_path / "run")
    assert whole.returncode == result.returncode == 0, result.stdout + result.stderr
    assert found["complete"] and found["executed"] == before["executed"] > 1
    # Who reads after the other has written finds it, in every order of what came before.
    assert found["final_states"] and all(f"alloc={WRITTEN}" in one for one in found["final_states"])
    # It opens only when all are there: who comes alone waits for whoever has ended.
    alone = explore(tmp_path / "alone", "sync; read 0 | alloc 0")
    states = verdict(tmp_path / "alone")["final_states"]
    assert alone.returncode == 0 and all("page0=frame A" in one for one in states), alone.stdout


def test_sync_waits_for_what_was_put_off(tmp_path):
    """What is behind it comes behind the interrupt and the work that the kernel has left, too."""
    result = explore(tmp_path / "run", "free-nosleep 0 | write 0; sync; read 0", "--setup", "alloc 0; cpu1 read 0")
    found = verdict(tmp_path / "run")
    assert result.returncode == 0, result.stdout + result.stderr
    assert found["complete"] and found["executed"] > 1
    assert found["final_states"] and all("page0=scratch" in one for one in found["final_states"])


def test_vcpu_of_a_process_that_has_ended_goes_on_in_another(tmp_path):
    """By the same address, so a flush there is of that process's translation, and the page is free after it (I6)."""
    explore(tmp_path / "run", "@1: exit | free 0; sync; write 0", "--max-schedules", 1,
            "--setup", "alloc 0; cpu0 user-read 0; cpu1 user-read 0")
    found = verdict(tmp_path / "run")
    assert found["executed"] == 1 and found["violating"] == 0


# The same for vmap, beside an actor that keeps the second vCPU.
VMAP = [
    ("vunmap 0", "vmap 0", "vunmap=0 keep=0 page0=none"),
    ("vmap 0; vread 0", None, "vmap=1 keep=0 page0=frame A"),
    ("vmap 0; vmap 0", None, "vmap=-16 keep=0 page0=frame A"),
    ("vwrite 0; vread 0", "vmap 0", f"vwrite={WRITTEN} keep=0 page0=frame A"),
    ("vunmap 0; purge; vread 0", "vmap 0", "vunmap=-14 keep=0 page0=none"),
    ("vunmap 0; purge; vwrite 0", "vmap 0", "vunmap=-14 keep=0 page0=none"),
    ("vunmap 0; vmap 0", "vmap 0", "vunmap=0 keep=0 page0=none"),
    ("vunmap 0; purge; vmap 0", "purge; vmap 0", "vunmap=1 keep=0 page0=frame A"),
    ("vmap-ram 0; vunmap-ram 0; purge", None, "vmap-ram=20599 keep=0 page0=none"),
]


@pytest.mark.parametrize("actors, setup, state", VMAP)
def test_verb_of_vmap(tmp_path, actors, setup, state):
    words = ["--setup", setup] if setup else []
    result = explore(tmp_path / "run", f"{actors} | keep", *words)
    assert result.returncode == 0, result.stdout + result.stderr
    assert state in [one.strip() for one in verdict(tmp_path / "run")["final_states"]]


def test_a_text_has_verbs_of_one_subject(tmp_path):
    assert_ended(explore(tmp_path / "run", "vmap 0 | read 0"), "read", "subject arena")
    assert_ended(explore(tmp_path / "run", "vmap 0"), "keep")
    assert_ended(explore(tmp_path / "run", "vmap 2 | keep"), "page N")


def test_every_verb_is_there():
    """A verb that is added is run here, too."""
    listed = json.loads(run_rig("list", "--verbs", "--json").stdout)["verbs"]
    used = {op.split()[0] for actors, setup, _ in ALONE + VMAP
            for op in (actors + (f"; {setup}" if setup else "")).split("; ")}
    elsewhere = {"dontneed", "exit"}  # see below
    assert {verb["name"] for verb in listed} == used | elsewhere
    text = run_rig("list", "--verbs").stdout
    assert all(verb["name"] in text and verb["effect"] in text for verb in listed)


def test_an_operation_that_the_kernel_lacks(tmp_path):
    """The guest kernels are built without madvise(2): that is no result, but an error."""
    result = explore(tmp_path / "run", "user-write 0; dontneed 0; user-read 0")
    assert_ended(result, "kernel stock has nothing for 'dontneed 0' of user-write (ENOSYS)")


def test_a_pin_that_is_held_is_no_leak(tmp_path):
    """The pipe has the page at the end, whoever came first; what is let go the allocator has again."""
    result = explore(tmp_path / "held", "pin 0 | free 0", "--setup", "alloc 0; user-read 0")
    found = verdict(tmp_path / "held")
    assert result.returncode == 0 and found["complete"], result.stdout + result.stderr
    # The fault of a pin that comes after the free allocates: interrupts are off only within it.
    assert sorted(state.strip() for state in found["final_states"]) == [
        "pin=0 free=0 page0=frame B", "pin=0 free=0 page0=none"]


@pytest.mark.parametrize("actors, setup", [
    ("free 0 | keep", "reserve 0"),  # who frees a page that was reserved gives it back
    ("free 0 | reserve 0", None),  # whoever comes last
    ("free 0; reserve 0 | keep", "alloc 0"),
])
def test_a_reserved_page_that_is_freed(tmp_path, actors, setup):
    assert explore(tmp_path, actors, *(["--setup", setup] if setup else [])).returncode == 0
    assert verdict(tmp_path)["complete"]


def test_a_second_process(tmp_path):
    """It maps the same arena: what one stores the other loads, whoever comes first."""
    result = explore(tmp_path / "run",
                     "user-write 0 | @1: user-read 0; munmap; user-read 0; mmap; user-read 0")
    assert result.returncode == 0, result.stdout + result.stderr
    states = {state.strip() for state in verdict(tmp_path / "run")["final_states"]}
    assert states == {"user-write=0 user-read=0 page0=frame A",
                      f"user-write=0 user-read={WRITTEN} page0=frame A"}
    assert verdict(tmp_path / "run")["processes"] == 2


def test_exit(tmp_path):
    """The process is gone, its mapping with it, and the arena is still there."""
    result = explore(tmp_path / "run", "read 0 | last@1: user-write 0; exit", "--setup", "alloc 0")
    assert result.returncode == 0, result.stdout + result.stderr
    found = verdict(tmp_path / "run")
    assert found["complete"] and not found["unseen_verbs"]
    assert {state.strip() for state in found["final_states"]} == {
        "read=0 last=0 page0=frame A", f"read={WRITTEN} last=0 page0=frame A"}


# --- races -------------------------------------------------------------------------------------

def test_a_fault_may_come_before_the_end_of_its_mapping(tmp_path):
    """
    What a munmap does first is to take the mmap lock: if that were no event, it would always have it when the
    fault is asked.  A page that was mapped by then, and a signal, are two ends.
    """
    result = explore(tmp_path / "run", "munmap | user-read 0", "--setup", "alloc 0", "--preemptions", 1)
    assert result.returncode == 0 and "complete" in result.stdout, result.stdout + result.stderr
    states = {state for state in verdict(tmp_path / "run")["final_states"]}
    assert {re.findall(r"user-read=(-?\d+)", state)[0] for state in states} == {"0", "-14"}, states


def test_two_actors(tmp_path):
    result = explore(tmp_path / "run", "alloc 0; write 0 | free 0")
    found = verdict(tmp_path / "run")
    assert result.returncode == 0 and found["complete"], result.stdout + result.stderr
    assert found["scenario"].startswith("text-") and found["verdict"] == "documented"
    assert {"alloc=0 free=0 page0=frame A", "alloc=0 free=0 page0=scratch",
            "alloc=0 free=0 page0=none"} == {state.strip() for state in found["final_states"]}
    assert "  actors     alloc 0; write 0 | free 0\n" in result.stdout


def test_the_same_as_a_scenario(explored, tmp_path):
    """What is typed and what is written down are explored in the same way."""
    _, out = explored("stock", "fault-vs-free")
    result = explore(tmp_path / "run", "fault: read 0 | free: free 0", "--setup", "alloc 0")
    assert result.returncode == 0, result.stdout + result.stderr
    for member in ("executed", "pruned", "verdict", "final_states", "cycles"):
        assert verdict(tmp_path / "run")[member] == verdict(out)[member]


def test_a_mutant_is_caught(tmp_path):
    result = explore(tmp_path / "run", "free 0 | read 0", "--setup", "alloc 0", "--kernel", "free-no-flush")
    found = verdict(tmp_path / "run")
    # nobody has said that it may
    assert result.returncode == 1 and "NOT as expected" in result.stdout
    assert "I6" in {one["invariant"] for one in found["violations"]}
    evidence = (tmp_path / "run" / "evidence.txt").read_text()
    assert "  setup       alloc 0\n  actors      free 0 | read 0\n" in evidence
    assert "<code>free 0 | read 0</code>" in (tmp_path / "run" / "report.html").read_text()


def test_a_vcpu_that_has_used_the_page(tmp_path):
    result = explore(tmp_path / "run", "free 0 | keep", "--setup", "alloc 0; cpu1 write 0; cpu0 read 0")
    assert result.returncode == 0, result.stdout + result.stderr
    assert verdict(tmp_path / "run")["setup"] == "alloc 0; cpu1 write 0; read 0"


def test_one_guest_serves_texts_of_a_shape(tmp_path):
    """No boot and no snapshot for a text: only the first of a shape makes one."""
    first = explore(tmp_path / "one", "read 0 | read 0")
    second = explore(tmp_path / "two", "write 0; alloc 0 | free 0", "--setup", "read 0")
    assert first.returncode == second.returncode == 0, second.stdout + second.stderr
    assert "booting" not in second.stderr
    snapshots = [(tmp_path / name / "journal").read_text().splitlines()[0].split()
                 for name in ("one", "two")]
    files = [[word for word in line if ".qcow2+" in word][0].split("+") for line in snapshots]
    assert files[0][0] == files[1][0] and files[0][1] != files[1][1]


# --- from the file alone -----------------------------------------------------------------------

@pytest.fixture(scope="module")
def run(tmp_path_factory):
    out = tmp_path_factory.mktemp("text") / "run"
    result = explore(out, "reader: read 0 | free 0", "--setup", "alloc 0", "--kernel", "free-no-flush")
    assert result.returncode == 1, result.stdout + result.stderr
    return out


def violating(out):
    return sorted((out / "schedules").glob("*-I6.sched"))[0]


def test_a_schedule_is_replayed_from_the_file_alone(run, tmp_path):
    alone = tmp_path / "mailed.sched"
    alone.write_text(violating(run).read_text())
    assert "\nguest 1 1 1\nsetup alloc 0\noperations reader: read 0 | free 0\n" in alone.read_text()
    result = run_rig("replay", alone, "--times", 3)
    assert result.returncode == 0, result.stdout + result.stderr
    assert "3 of 3 runs identical" in result.stdout and "may still reach" in result.stdout


def test_what_shows_the_text(run, tmp_path):
    least = run_rig("minimise", violating(run), "--out", tmp_path / "least.sched", "--times", 2)
    assert least.returncode == 0, least.stdout + least.stderr
    for result in (least, run_rig("explain", tmp_path / "least.sched")):
        assert "  setup      alloc 0\n  actors     reader: read 0 | free 0\n" in result.stdout
    header = json.loads(run_rig("trace", tmp_path / "least.sched").stdout.splitlines()[0])
    assert (header["setup"], header["operations"]) == ("alloc 0", "reader: read 0 | free 0")
    again = run_rig("report", run, "--times", 1)
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize("old, new, what", [
    ("operations reader: read 0", "operations reader: red 0", "no verb \"red\" (col 9); did you mean"),
    ("setup alloc 0", "setup alloc 7", ":5: setup: 'alloc 7': \"7\" is no page (col 7)"),
    ("guest 1 1 1", "guest 1 1 9", ": processes: 9; give 1 to 2"),
    ("setup alloc 0\n", "", "and its text is text-"),
    ("scenario text-", "scenario text-0", "and its text is text-"),
    ("guest 1 1 1\nsetup alloc 0\noperations reader: read 0 | free 0\n", "", "no scenario 'text-"),
    ("operations reader: read 0 | free 0", "operations reader: read 0 | keep",
     ": 'operations' and 'actors' name different actors"),
    ("operations reader: read 0 | free 0", "operations reader: \x1b[2J", "no letter of an operation"),
])
def test_a_strangers_schedule(run, tmp_path, old, new, what):
    text = violating(run).read_text()
    assert old in text
    changed = tmp_path / "x.sched"
    changed.write_text(text.replace(old, new, 1))
    assert_refused(run_rig("replay", changed), "x.sched", what) if "no scenario" not in what \
        else assert_refused(run_rig("replay", changed), what)


def test_a_schedule_of_a_scenario_that_has_changed(explored, tmp_path):
    _, out = explored("stock", "fault-vs-free")
    recorded = sorted((out / "schedules").glob("*.sched"))[0].read_text()
    changed = tmp_path / "old.sched"
    changed.write_text(recorded.replace("\nsetup alloc 0\n", "\nsetup alloc 0; read 0\n", 1))
    assert_refused(run_rig("replay", changed), "old.sched was made of after 'alloc 0; read 0'",
                   "scenario fault-vs-free is after 'alloc 0'")


# --- errors ------------------------------------------------------------------------------------

@pytest.mark.parametrize("words, what", [
    (["--actors", "aloc 0"],
     "actors: 'aloc 0': no verb \"aloc\" (col 1); did you mean \"alloc\"?"),
    (["--actors", "alloc 0 | free 3", "--pages", 2], "actors: 'free 3': \"3\" is no page (col 16)"),
    (["--actors", "free 0", "--setup", "alloc x"], "setup: 'alloc x': nothing is called \"x\" here"),
    (["--actors", "free 0", "--pages", 0], "pages: 0; give 1 to 8"),
    (["--actors", "free 0", "--arenas", 9], "arenas: 9; give 1 to 2"),
    (["--actors", "free 0", "--processes", 9], "processes: 9; give 1 to 2"),
    (["--actors", ""], "actors: '': an operation is missing"),
    (["--setup", "alloc 0", "fault-vs-alloc"], "go with --actors"),
    (["--pages", 1, "fault-vs-alloc"], "go with --actors"),
    (["--actors", "free 0", "fault-vs-alloc"], "give the name of a scenario, or --actors"),
    ([], "give the name of a scenario, or --actors"),
])
def test_bad_words(words, what):
    assert_refused(run_rig("explore", *words), what)


def test_a_setup_that_does_not_work(tmp_path):
    result = explore(tmp_path / "run", "read 0", "--setup", "alloc 0; alloc 0")
    assert_ended(result, "setup: 'alloc 0' did not work: it returned 0")
    assert not (tmp_path / "run" / "verdict.json").exists()


def test_an_actor_that_does_nothing_that_is_seen(tmp_path):
    result = explore(tmp_path / "run", "close | read 0")
    assert_ended(result, "blind: nothing that close does is an event")


def test_what_is_not_seen_is_said(tmp_path):
    result = explore(tmp_path / "run", "user-read 0; close")
    assert result.returncode == 0 and "not seen   close: nothing in it" in result.stdout
    assert verdict(tmp_path / "run")["unseen_verbs"] == ["close"]
    assert "Nothing that close does is an event" in (tmp_path / "run" / "evidence.txt").read_text()


def test_stress_runs_the_text():
    """And undoes it, or only the first time round would be real."""
    result = run_rig("stress", "alloc-vs-free", "--seconds", 1, "--accel", "tcg", timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    assert re.search(r"^alloc loops [1-9]", result.stdout, re.M)
    assert re.search(r"^free loops [1-9]", result.stdout, re.M)
