# SPDX-License-Identifier: GPL-2.0-only
"""
I12 in streams that have both halves: a second model, and ways to change what user space has mapped.

From the invariant's statement: (a) a store that makes a process's entry map a frame finds the kernel's entry of that
address mapping it; (b) from the end of a free on no process's entry maps the frame that it took; (c) at rest a
process's entry is empty or equals the kernel's.  Accepted: before that end, while the kernel's entry is empty, (a);
and (b) in a process that nobody uses any more.  Like the other model it keeps no state, and shares no code
with rig/check/.

  python -m tests.oracle.user [RIG]	prints the table, and what differs
"""

import sys
from pathlib import Path
from typing import Iterator, Set, Tuple

from .rules import RULES, STRANGER, Changed, entry_of, follow, frames, insert, quiet_event, storing
from .table import STREAMS, TOP, Case, Streams, Table, text_of
from .trace import NONE, Trace, dump, load

USER_STREAMS = STREAMS / "user"

#: Those of the common rules that fit entries of whatever half.
COMMON = ("as-it-is", "left-out", "twice", "swapped", "by-another-actor", "ends-early", "returns-early")


class User:
    """What processes have mapped, in one trace."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.events = trace.events
        n = len(trace.header["pages"])
        self.entries = [(n + i, one["page"], one["view"]) for i, one in enumerate(trace.header["ptes"])]
        self.found: Set[str] = set()

    def say(self, documented: bool) -> None:
        self.found.add("I12 documented" if documented else "I12")

    def holds_lock(self, lock: str, time: int) -> bool:
        for event in reversed(self.events[:time]):
            if event.get("lock") == lock and event.kind in ("lock", "unlock"):
                now = self.events[time]
                return event.kind == "lock" and (event.actor, event.irq) == (now.actor, now.irq)
        return False

    def takes(self, time: int, page: int, frame: str) -> bool:
        """Whether event *time* is a free's, which takes *frame* out of the kernel's entry of *page*."""
        event, guard = self.events[time], self.trace.guards[page]
        return (event.before[page].frame == frame and frame != self.trace.scratch[page]
                and event.after[page] == NONE and (not guard or self.holds_lock(guard, time)))

    def taken(self, until: int, page: int, frame: str) -> Iterator[Tuple[int, bool]]:
        """
        The events before *until* that took it, and whether their operation has returned by then.  What the
        allocator has had since is no longer theirs to account for.
        """
        for time in range(until):
            if self.takes(time, page, frame):
                actor = self.events[time].actor
                later = self.events[time + 1:until]
                if not any(event.kind == "free" and event.get("frame") == frame for event in later):
                    yield time, any(event.kind == "return" and event.actor == actor for event in later)

    def unused(self, view: int, time: int) -> bool:
        """Whether the process has had its last user before event *time*."""
        words = {word["name"] for word in self.trace.header["words"] if word.get("view") == view}
        return any(event.kind == "word" and event.get("word") in words and event.get("count") == 0
                   for event in self.events[:time])

    def judge_store(self, time: int) -> None:
        event = self.events[time]
        for slot, page, _ in self.entries:
            frame = event.after[slot].frame
            if not frame or event.before[slot].frame == frame or event.after[page].frame == frame:
                continue
            states = [returned for _, returned in self.taken(time, page, frame)]
            self.say(not any(states) and bool(states) and event.after[page] == NONE)

    def judge_return(self, time: int) -> None:
        event = self.events[time]
        for slot, page, view in self.entries:
            frame = event.after[slot].frame
            if frame and any(not returned and self.events[then].actor == event.actor
                             for then, returned in self.taken(time, page, frame)):
                self.say(self.unused(view, time))

    def judge(self) -> Set[str]:
        for time, event in enumerate(self.events):
            self.judge_store(time)
            if event.kind == "return":
                self.judge_return(time)
        end = self.trace.end
        if end["how"] == "done" and all(actor["state"] == "returned" for actor in end["actors"]) and self.events:
            last = self.events[-1].after
            for slot, page, _ in self.entries:
                if last[slot].frame and end["pages"][page]["exists"] and last[page].frame != last[slot].frame:
                    self.say(False)
        return self.found


def another_user_entry(trace: Trace) -> Changed:
    """A store to a process's entry stores something else."""
    n = len(trace.header["pages"])
    for i, event in enumerate(trace.events):
        for slot in range(n, len(trace.ptes)):
            if event.before[slot] == event.after[slot]:
                continue
            for name in ["none", *frames(trace)]:
                if name != event.after[slot].name:
                    changed = storing(event, slot, entry_of(name))
                    yield f"{i} {slot} {name}", follow(trace, [*trace.events[:i], changed, *trace.events[i + 1:]])


def an_extra_user_store(trace: Trace) -> Changed:
    """Somebody stores to a process's entry at any time."""
    n = len(trace.header["pages"])
    for i in range(len(trace.events)):
        for more, one in enumerate(trace.header["ptes"]):
            for name in ["none", *frames(trace)]:
                entry = trace.events[i].before[n + more]
                if name == entry.name:
                    continue
                actor = trace.actors[(i + more) % len(trace.actors)]
                extra = quiet_event(trace, i, actor=actor, kind="pte", page=one["page"], view=one["view"],
                                    access="write")
                yield f"{i} {n + more} {name}", insert(trace, i, storing(extra, n + more, entry_of(name)))


def a_user_store_beside_another(trace: Trace) -> Changed:
    """… when the kernel has given the address to somebody else."""
    n = len(trace.header["pages"])
    for i in range(len(trace.events)):
        for more, one in enumerate(trace.header["ptes"]):
            page, actor = one["page"], trace.actors[i % len(trace.actors)]
            kernel = storing(quiet_event(trace, i, actor=actor, kind="pte", page=page, access="write"), page,
                             entry_of(STRANGER))
            for name in frames(trace):
                user = quiet_event(trace, i, actor=actor, kind="pte", page=page, view=one["view"], access="write")
                yield f"{i} {n + more} {name}", follow(trace, [
                    *trace.events[:i], kernel, storing(user, n + more, entry_of(name)), *trace.events[i:]])


def a_last_user(trace: Trace) -> Changed:
    """A process has no users from some time on."""
    for i in range(len(trace.events)):
        for word in trace.header["words"]:
            for count in (0, 1):
                if "view" in word:
                    extra = quiet_event(trace, i, actor=trace.actors[i % len(trace.actors)], kind="word",
                                        word=word["name"], access="rmw", count=count)
                    yield f"{i} {word['name']} {count}", insert(trace, i, extra)


USER_RULES = {**{name: RULES[name] for name in COMMON}, "another-user-entry": another_user_entry,
              "an-extra-user-store": an_extra_user_store, "a-last-user": a_last_user,
              "a-user-store-beside-another": a_user_store_beside_another}


def make() -> Streams:
    streams = Streams([], [], [])
    known: Set[str] = set()
    for path in sorted(USER_STREAMS.glob("*.jsonl")):
        trace = load(path)
        for name, rule in USER_RULES.items():
            for where, changed in rule(trace):
                text = dump(changed)
                if text not in known:
                    known.add(text)
                    streams.cases.append(Case(path.stem, name, where))
                    streams.texts.append(text)
                    streams.labels.append(User(changed).judge())
    return streams


def of_i12(table: Table) -> Table:
    """The rows that this model is about."""
    return {name: row for name, row in table.items() if name.startswith("I12")}


def main() -> None:
    rig = Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "build" / "racerig"
    streams = make()
    table = of_i12(streams.judge(rig))
    print(f"{len(streams.cases)} streams")
    print(text_of(table))
    for name, row in table.items():
        for what, cases in (("missed", row.missed), ("false alarm", row.false_alarms)):
            for case in cases:
                print(f"{name}: {what}: {case}")


if __name__ == "__main__":
    main()
