# SPDX-License-Identifier: GPL-2.0-only
"""
What is wrong with a trace: a second model of an arena, and of addresses that are flushed late, from
the statements of the invariants (`racerig list`), what the kernel's comments promise and what the
processor's manual allows.

It keeps no state between events.  Whatever it wants to know it looks up in the whole history
again: what a processor may have cached is every entry that it could have walked since something
last took it out of its TLB (SDM vol. 3, 4.10), an address is somebody's when the last entry stored
for it was followed by that actor's return, and so on.  That is slow, and nothing like what
rig/check/ does, with which it shares no code.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, List, Optional, Set, Tuple

from .trace import NONE, Event, Pte, Trace

BLIND = "blind"
#: What a purge returns, and nothing else does (VERB_PURGED in scenarios/lib/verbs.h).
PURGED = 0x5077


@dataclass
class Label:
    """Invariants that are broken, and those whose breach the design accepts in writing."""

    broken: Set[str] = field(default_factory=set)
    documented: Set[str] = field(default_factory=set)
    #: Nothing can be said: the trace tells of something that nobody did.
    blind: bool = False


class Model:
    """One trace, looked at again and again."""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        self.events = trace.events
        self.pages = range(len(trace.header["pages"]))
        self.label = Label()

    # --- history --------------------------------------------------------------------------

    def entry(self, page: int, time: int) -> Pte:
        """What *page*'s entry held before event *time*."""
        return self.trace.ptes[page] if time == 0 else self.events[time - 1].after[page]

    def ended(self, arena: int, time: int) -> bool:
        """Whether *arena* was being taken apart before event *time*."""
        return any(event.kind == "destroy" and event.get("group") == arena
                   for event in self.events[:time])

    def over(self, page: int, time: int) -> bool:
        return self.ended(self.trace.groups[page], time)

    def holds(self, page: int, time: int) -> bool:
        """Whether who does event *time*, an actor or an interrupt, held the lock of *page*, if it has one."""
        guard = self.trace.guards[page]
        return not guard or self.holds_lock(guard, time)

    def holds_lock(self, lock: str, time: int) -> bool:
        for event in reversed(self.events[:time]):
            if event.kind == "unlock" and event.get("lock") == lock:
                return False
            if event.kind == "lock" and event.get("lock") == lock:
                now = self.events[time]
                return (event.actor, event.irq) == (now.actor, now.irq)
        return False

    def cached(self, actor: str, page: int, time: int) -> Set[str]:
        """The frames that *actor*'s processor may use for *page* before event *time*."""
        found = set()
        spared_global = False
        for then in range(time, -1, -1):
            entry = self.entry(page, then)
            if entry.frame and (entry.is_global or not spared_global):
                found.add(entry.frame)
            if then == 0:
                break
            event = self.events[then - 1]
            if event.actor != actor:
                continue
            if event.kind == "evict":
                break
            if event.kind == "flush" and event.page in (-1, page):
                if event.get("flush") != "cr3":
                    break
                spared_global = True
        return found

    # --- what an entry means --------------------------------------------------------------

    def is_scratch(self, page: int, entry: Pte) -> bool:
        return bool(entry.frame) and entry.frame == self.trace.scratch[page]

    def is_page(self, page: int, entry: Pte) -> bool:
        return bool(entry.frame) and not self.is_scratch(page, entry)

    def is_free(self, page: int, time: int) -> bool:
        """Whether event *time* takes the page out of the entry as a free, or the arena's end, does."""
        event = self.events[time]
        if not self.is_page(page, event.before[page]):
            return False
        if not self.holds(page, time) and not self.over(page, time):
            return False
        leaves_scratch = bool(self.trace.declared.get("frees_to_scratch"))
        return event.after[page] == NONE or (leaves_scratch and self.is_scratch(page, event.after[page]))

    def owned(self, page: int, time: int) -> str:
        """The frame that a program was given for *page* before event *time*; "": none."""
        for then in range(time - 1, -1, -1):
            event = self.events[then]
            before, after = event.before[page], event.after[page]
            if event.kind != "return" and self.is_page(page, after) and before.frame != after.frame:
                returned = any(later.kind == "return" and later.actor == event.actor
                               for later in self.events[then + 1:time])
                return after.frame if returned else ""
            if event.kind != "return" and self.is_free(page, then):
                return ""
        # What set-up has allocated is the program's, too.
        start = self.trace.ptes[page]
        return start.frame if self.is_page(page, start) else ""

    # --- addresses that are flushed late --------------------------------------------------

    def reachable(self, page: int, time: int) -> bool:
        """Whether a processor may still hold what *page*'s entry was, which is empty, before event *time*."""
        return any(self.cached(actor, page, time) for actor in self.trace.actors)

    def begun(self, time: int) -> int:
        """The first event of the operation that event *time* is of."""
        mine = [then for then in range(time) if self.events[then].actor == self.events[time].actor]
        returns = [then for then in mine if self.events[then].kind == "return"]
        return next((then for then in mine if not returns or then > returns[-1]), time)

    def unmapped_and_returned(self, page: int, time: int) -> bool:
        """Whether the operation that emptied *page*'s entry had returned before event *time*."""
        for then in range(time - 1, -1, -1):
            event = self.events[then]
            if event.after[page].name != "none":
                return False
            if event.before[page].name != "none":
                return any(later.kind == "return" and later.actor == event.actor
                           for later in self.events[then + 1:time])
        return False

    def judge_lazy(self, time: int) -> None:
        event = self.events[time]
        for page in self.pages:
            if not self.trace.lazy[page]:
                continue
            if not event.before[page].frame and event.after[page].frame and self.reachable(page, time):
                self.label.broken.add("I14")
            if (event.kind == "return" and event.get("result") == PURGED and not event.after[page].frame
                    and self.unmapped_and_returned(page, self.begun(time)) and self.reachable(page, time)):
                self.label.broken.add("I14")
        if (event.kind == "access" and not event.get("faulted") and event.is_kernel
                and self.trace.lazy[event.page] and not event.before[event.page].frame):
            self.label.documented.add("I14")

    # --- the invariants, event by event ---------------------------------------------------

    def judge_entries(self, time: int) -> None:
        event = self.events[time]
        for page in self.pages:
            before, after = event.before[page], event.after[page]
            if (self.is_page(page, before) and self.is_scratch(page, after)
                    and not self.is_free(page, time)):
                self.label.broken.add("I1")
            # An allocation is the program's at its very return.
            frame = self.owned(page, time + 1 if event.kind == "return" else time)
            if (frame and after.frame != frame and not self.over(page, time)
                    and not self.is_free(page, time)):
                self.label.broken.add("I2")
            # One frame is one address's.
            if (self.is_page(page, after) and before.frame != after.frame
                    and any(other != page and event.after[other].frame == after.frame
                            for other in self.pages)):
                self.label.broken.add("I9")
            # The books change under the lock only, so who stores without it parts them from the PTEs.
            if (not self.over(page, time) and not self.holds(page, time)
                    and self.is_page(page, before) != self.is_page(page, after)):
                self.label.broken.add("I4")

    def judge_word(self, time: int) -> None:
        """A word has one lock, and only certain readers do without."""
        event = self.events[time]
        guard = next(word.get("guarded_by") for word in self.trace.header["words"]
                     if word["name"] == event.get("word"))
        if not guard:
            return  # it counts references
        excused = event.get("lockless") and event.get("access") == "read"
        if not excused and not self.holds_lock(guard, time):
            self.label.broken.add("I13")

    def judge_free(self, time: int) -> None:
        event = self.events[time]
        frame = event.get("frame")
        for page in self.pages:
            mapped = event.before[page].frame == frame
            cached = any(frame in self.cached(actor, page, time) for actor in self.trace.actors)
            # An address whose flush is left for later nobody may use meanwhile.
            accepted = self.over(page, time) or (self.trace.lazy[page] and not mapped)
            if mapped or cached:
                (self.label.documented if accepted else self.label.broken).add("I6")
        if frame in self.trace.scratch:
            arena = self.trace.groups[self.trace.scratch.index(frame)]
            if event.get("double_free") or not self.ended(arena, time):
                self.label.broken.add("I3")
        elif event.get("double_free"):
            self.label.broken.add("I9")

    def judge_access(self, time: int) -> None:
        event = self.events[time]
        page, landed = event.page, event.get("landed")
        if event.get("faulted"):
            if event.is_kernel:
                self.judge_fault(time)
            return
        if not event.is_kernel:
            if landed and landed in self.trace.scratch:
                self.label.broken.add("I8")
            return
        frame = self.owned(page, time)
        if not frame:
            return
        if landed and landed != frame:
            others = {landed}
        else:
            others = self.cached(event.actor, page, time) - {frame}
        for other in others:
            scratch = other == self.trace.scratch[page]
            (self.label.documented if scratch else self.label.broken).add("I7")

    def judge_fault(self, time: int) -> None:
        event = self.events[time]
        for then in range(time - 1, -1, -1):
            earlier = self.events[then]
            if earlier.before[event.page] != NONE and earlier.after[event.page] == NONE:
                return
            if (earlier.kind == "access" and earlier.get("faulted") and earlier.is_kernel
                    and (earlier.actor, earlier.page) == (event.actor, event.page)):
                self.label.broken.add("I5")
                return

    # --- whether the trace can be believed ------------------------------------------------

    def is_believable(self, time: int) -> bool:
        event = self.events[time]
        for page in self.pages:
            if self.over(page, time):
                continue
            was, before, after = self.entry(page, time), event.before[page], event.after[page]
            stores = (event.kind == "pte" and event.page == page and event.get("access") != "read"
                      and event.get("half") != "load")
            if was.name != before.name or (before.name != after.name and not stores):
                return False
        landed = event.get("landed")
        return (event.kind != "access" or not landed or not event.is_kernel
                or landed == event.before[event.page].frame
                or landed in self.cached(event.actor, event.page, time))

    # --- the end --------------------------------------------------------------------------

    def is_quiet(self) -> bool:
        return (self.trace.end["how"] == "done"
                and all(actor["state"] == "returned" for actor in self.trace.end["actors"]))

    def last_deed(self, actor: str) -> Optional[Event]:
        """The last thing that *actor* did, but for what its processor does on the side."""
        aside = ("flush", "send", "evict")
        deeds = [event for event in self.events if event.actor == actor and event.kind not in aside]
        return deeds[-1] if deeds else None

    def is_declared_oops(self, actor: str) -> bool:
        declared = self.trace.declared.get("oops")
        if not declared or self.trace.end["how"] != "done" or declared["actor"] != actor:
            return False
        end = self.trace.end["actors"][self.trace.actors.index(actor)]
        deed = self.last_deed(actor)
        return bool(end["state"] == "crashed" and end.get("fault_page") == declared["page"]
                    and deed and deed.kind == "access" and deed.get("faulted") and deed.is_kernel
                    and not deed.irq and deed.page == declared["page"])

    def judge_actors(self) -> None:
        end = self.trace.end
        states = {name: actor["state"] for name, actor in zip(self.trace.actors, end["actors"])}
        crashed = [name for name, state in states.items() if state == "crashed"]
        freed_twice = any(event.get("double_free") for event in self.events)
        if not freed_twice and any(not self.is_declared_oops(name) for name in crashed):
            self.label.broken.add("I5")
        if "waits" in states.values() and not crashed:
            self.label.broken.add("I5")
        if "oops" in self.trace.declared and not crashed:
            self.label.broken.add("I10")
        if end["splats"]:
            self.label.broken.add("I10")
        wanted = self.trace.declared.get("succeeds")
        if wanted:
            actor = end["actors"][self.trace.actors.index(wanted)]
            if actor["state"] == "returned" and actor["result"] != 1:
                self.label.broken.add("I4")

    def freed(self, frame: str) -> int:
        return sum(event.kind == "free" and event.get("frame") == frame for event in self.events)

    def judge_arena(self, arena: int, facts: Any) -> None:
        names = {self.trace.scratch[page] for page in self.pages if self.trace.groups[page] == arena}
        scratch = next(iter(names), "")
        freed = self.freed(scratch) if scratch else 0
        if (facts["lives"] and facts.get("refcount", 1) <= 0) or freed > 1:
            self.label.broken.add("I3")
        if not self.is_quiet():
            return
        if facts["lives"] and facts.get("counted", facts["mapped"]) != facts["mapped"]:
            self.label.broken.add("I9")
        if not facts["lives"] and scratch and not freed:
            self.label.broken.add("I9")

    def judge_page(self, page: int, facts: Any) -> None:
        if not facts["exists"]:
            return
        now = Pte(facts["pte"], int(facts["pte_bits"], 16))
        frame = self.owned(page, len(self.events))
        if frame and self.is_scratch(page, now):
            self.label.broken.add("I1")
        if frame and now.frame != frame:
            self.label.broken.add("I2")
        if not self.is_quiet():
            return
        maps = self.is_page(page, now)
        if facts["given_up"] and maps:
            self.label.broken.add("I9")
        # Free: nobody's page is there.  Taken: its page is; reserved, so that it stays without one.  Where one
        # has reserved it and one freed it, it may be any of these.
        wants_none = facts["free"] or facts["reserved"]
        if maps if wants_none else not maps and not facts.get("maybe_reserved", False):
            self.label.broken.add("I4")
        if facts["reserved"] and facts["free"]:
            self.label.broken.add("I4")

    def judge_leaks(self) -> None:
        given: "Counter[str]" = Counter()
        for page in self.pages:
            if self.is_page(page, self.trace.ptes[page]):
                given[self.trace.ptes[page].frame] += 1
        for event in self.events:
            for page in self.pages:
                after = event.after[page]
                if self.is_page(page, after) and event.before[page].frame != after.frame:
                    given[after.frame] += 1
        mapped = {facts["pte"] for page, facts in zip(self.pages, self.trace.end["pages"])
                  if facts["exists"] and facts["pte"] != self.trace.scratch[page]}
        kept = mapped | set(self.trace.end["given_back"]) | set(self.trace.end["pinned"])
        if any(count > self.freed(frame) and frame not in kept for frame, count in given.items()):
            self.label.broken.add("I9")

    def judge_scratch(self) -> None:
        """The scratch page reads as zeroes, but for what the kernel was seen to store in it."""
        stored: dict[Tuple[int, int], int] = {}
        unseen = False
        for time, event in enumerate(self.events):
            if (event.kind != "access" or event.get("faulted") or not event.is_kernel
                    or event.get("access") == "read"):
                continue
            scratch, landed = self.trace.scratch[event.page], event.get("landed")
            cached = self.cached(event.actor, event.page, time)
            if landed != scratch and (landed or scratch not in cached or not scratch):
                continue
            if not event.get("bytes"):
                unseen = True
                continue
            value = int(event.get("stored"), 16).to_bytes(8, "little")
            for i in range(event.get("bytes")):
                stored[self.trace.groups[event.page], event.get("offset") + i] = value[i]
        words = [word for word in self.trace.end["words"]
                 if self.trace.end["groups"][word["group"]]["lives"]]
        wrong = any(
            byte and stored.get((word["group"], word["offset"] + i)) != byte
            for word in words
            for i, byte in enumerate(int(word["word"], 16).to_bytes(8, "little")))
        if words:
            (self.label.broken if wrong and not unseen else self.label.documented).add("I8")

    def judge_reports(self) -> None:
        if "reports" not in self.trace.end:
            return
        told = Counter((report["program"], report["address"], report["write"])
                       for report in self.trace.end["reports"])
        taken: "Counter[Any]" = Counter()
        for event in self.events:
            if event.kind == "access" and event.get("faulted") and event.is_kernel:
                address = self.trace.header["pages"][event.page].get("address", "0x0")
                # The oops comes instead of a report.
                if event is self.last_deed(event.actor) and self.is_declared_oops(event.actor):
                    continue
                taken[event.get("program") or 0, address, event.get("access") != "read"] += 1
        for report in taken.keys() | told.keys():
            if told[report] > taken[report] or (told[report] < taken[report] and self.is_quiet()):
                self.label.broken.add("I11")

    def judge_end(self) -> None:
        end = self.trace.end
        if end["how"] == "cycle" and "alone" in end:
            self.label.broken.add("I5")
        if end["how"] != "done":
            return
        self.judge_actors()
        for arena, facts in enumerate(end["groups"]):
            self.judge_arena(arena, facts)
        for page, facts in enumerate(end["pages"]):
            self.judge_page(page, facts)
        if self.is_quiet():
            self.judge_leaks()
        self.judge_scratch()
        self.judge_reports()

    def judge(self) -> Label:
        for time, event in enumerate(self.events):
            if not self.is_believable(time):
                self.label.blind = True
            self.judge_entries(time)
            self.judge_lazy(time)
            if event.kind == "free":
                self.judge_free(time)
            elif event.kind == "access":
                self.judge_access(time)
            elif event.kind == "word":
                self.judge_word(time)
        if self.trace.end["how"] == "done":
            for page, facts in enumerate(self.trace.end["pages"]):
                if (facts["exists"] and not self.over(page, len(self.events))
                        and self.entry(page, len(self.events)).name != facts["pte"]):
                    self.label.blind = True
        self.judge_end()
        return self.label


def judge(trace: Trace) -> Label:
    """All that is wrong with *trace*."""
    return Model(trace).judge()
