# SPDX-License-Identifier: GPL-2.0-only
"""
The ways to change a trace, and where each fits.

Most rules change what somebody did, and the rest of the trace follows: entries hold what the stores
that are left put there, a compare-and-exchange that finds something else stores nothing, an access
lands where its entry now leads, and at the end the entries are what was left and the count of those that map
pages is theirs.  That is what a wrong kernel would have done.  The rules called raw change one fact and
nothing else: no kernel does that, a blind rig does.
"""

from dataclasses import replace
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from .trace import KERNEL_BITS, NONE, Event, Pte, Trace

#: What a rule makes of a trace: where it was applied, and the result.
Changed = Iterator[Tuple[str, Trace]]
Rule = Callable[[Trace], Changed]

RULES: Dict[str, Rule] = {}

#: A frame that no real trace names.
STRANGER = "frame ZZ"


def rule(function: Rule) -> Rule:
    RULES[function.__name__.replace("_", "-")] = function
    return function


# --- what follows from what was done -------------------------------------------------------

def follow(trace: Trace, events: Sequence[Event]) -> Trace:
    """*trace* with *events* done one after the other; each does what it did, if it still can."""
    entries = list(trace.ptes)
    done: List[Event] = []
    for event in events:
        after = list(entries)
        for page, (before, left) in enumerate(zip(event.before, event.after)):
            missed = event.get("access") == "cmpxchg" and entries[page].name != before.name
            if before != left and not missed:
                after[page] = left
        fields = event.fields
        landed = event.get("landed")
        if landed and landed == event.before[event.page].frame and entries[event.page].frame:
            fields = {**fields, "landed": entries[event.page].frame}
        same = tuple(entries) == event.before and tuple(after) == event.after and fields is event.fields
        done.append(event if same else Event(fields, tuple(entries), tuple(after)))
        entries = after
    return replace(with_entries(trace, entries), events=tuple(done))


def with_entries(trace: Trace, entries: Sequence[Pte]) -> Trace:
    """The end as it is with *entries*, of arenas that live."""
    if trace.end["how"] != "done":
        return trace
    pages: List[Any] = []
    more = [0] * len(trace.end["groups"])
    for page, (facts, entry) in enumerate(zip(trace.end["pages"], entries)):
        if not facts["exists"] or facts["pte"] == entry.name:
            pages.append(facts)
            continue
        pages.append({**facts, "pte": entry.name, "pte_bits": hex(entry.bits)})
        unmapped = ("none", "not present", trace.scratch[page])
        more[trace.groups[page]] += (entry.name not in unmapped) - (facts["pte"] not in unmapped)
    groups = [{**group, "mapped": max(0, group["mapped"] + extra)}
              for group, extra in zip(trace.end["groups"], more)]
    return trace.with_end(pages=pages, groups=groups)


def frames(trace: Trace) -> List[str]:
    """All frames that a trace names, and a stranger."""
    named = {entry.frame for event in trace.events for entry in event.before + event.after}
    named |= {event.get("frame") or event.get("landed") or "" for event in trace.events}
    named |= {entry.frame for entry in trace.ptes} | set(trace.scratch)
    return sorted(named - {""}) + [STRANGER]


def entry_of(name: str) -> Pte:
    return NONE if name == "none" else Pte(name, KERNEL_BITS)


def at(trace: Trace, i: int, event: Event) -> Trace:
    return follow(trace, [*trace.events[:i], event, *trace.events[i + 1:]])


def storing(event: Event, page: int, entry: Pte) -> Event:
    """*event* leaves *entry* for *page*."""
    # Even where what it finds is that already.
    before = tuple(NONE if p == page and old == entry else old for p, old in enumerate(event.before))
    after = tuple(entry if p == page else old for p, old in enumerate(event.after))
    return Event(event.fields, before, after)


def quiet_event(trace: Trace, i: int, **fields: Any) -> Event:
    """One that could come before event *i* and changes no entry."""
    entries = trace.events[i].before
    return Event(fields, entries, entries)


def insert(trace: Trace, i: int, event: Event) -> Trace:
    return follow(trace, [*trace.events[:i], event, *trace.events[i:]])


def each(trace: Trace, kind: Optional[str] = None) -> Iterator[Tuple[int, Event]]:
    for i, event in enumerate(trace.events):
        if kind in (None, event.kind):
            yield i, event


# --- events as a whole -----------------------------------------------------------------------

@rule
def as_it_is(trace: Trace) -> Changed:
    yield "", trace


@rule
def left_out(trace: Trace) -> Changed:
    for i, event in each(trace):
        yield f"{i} {event.kind}", follow(trace, trace.events[:i] + trace.events[i + 1:])


@rule
def twice(trace: Trace) -> Changed:
    for i, event in each(trace):
        yield f"{i} {event.kind}", insert(trace, i, event)


@rule
def swapped(trace: Trace) -> Changed:
    for i, event in each(trace):
        if i + 1 < len(trace.events):
            later = trace.events[i + 1]
            yield f"{i} {event.kind}", follow(
                trace, [*trace.events[:i], later, event, *trace.events[i + 2:]])


@rule
def by_another_actor(trace: Trace) -> Changed:
    for i, event in each(trace):
        for actor in trace.actors:
            if actor != event.actor:
                yield f"{i} {event.kind} {actor}", at(trace, i, event.changed(actor=actor))


@rule
def in_an_interrupt(trace: Trace) -> Changed:
    for i, event in each(trace):
        yield f"{i} {event.kind}", at(trace, i, event.changed(irq=None if event.irq else True))


@rule
def ends_early(trace: Trace) -> Changed:
    for i, event in each(trace):
        yield f"{i} {event.kind}", follow(trace, trace.events[:i])


# --- page table entries ----------------------------------------------------------------------

@rule
def another_entry(trace: Trace) -> Changed:
    for i, event in each(trace, "pte"):
        if event.before == event.after:
            continue
        for name in ["none", *frames(trace)]:
            if name != event.after[event.page].name:
                yield f"{i} {name}", at(trace, i, storing(event, event.page, entry_of(name)))


@rule
def succeeds_after_all(trace: Trace) -> Changed:
    for i, event in each(trace, "pte"):
        if event.before != event.after or event.get("access") != "cmpxchg":
            continue
        for name in ["none", *frames(trace)]:
            stores = event.changed(access="write")
            yield f"{i} {name}", at(trace, i, storing(stores, event.page, entry_of(name)))


@rule
def compares_nothing(trace: Trace) -> Changed:
    for i, event in each(trace, "pte"):
        if event.get("access") == "cmpxchg" and event.before != event.after:
            yield f"{i}", at(trace, i, event.changed(access="write"))


@rule
def in_two_steps(trace: Trace) -> Changed:
    for i, event in each(trace, "pte"):
        if event.before == event.after:
            continue
        load = Event({**event.fields, "access": "rmw", "half": "load"}, event.before, event.before)
        store = Event({**event.fields, "access": "rmw", "half": "store"}, event.before, event.after)
        yield f"{i}", follow(trace, [*trace.events[:i], load, store, *trace.events[i + 1:]])
        for k in (1, 2):
            later = trace.events[i + 1:i + 1 + k]
            yield f"{i} {k} late", follow(
                trace, [*trace.events[:i], load, *later, store, *trace.events[i + 1 + k:]])


@rule
def other_bits(trace: Trace) -> Changed:
    for i, event in each(trace, "pte"):
        entry = event.after[event.page]
        if entry.frame and event.before != event.after:
            for bit in (1 << 8, 1 << 5, 1 << 6):
                stored = Pte(entry.name, entry.bits ^ bit)
                yield f"{i} {bit:#x}", at(trace, i, storing(event, event.page, stored))


@rule
def an_extra_store(trace: Trace) -> Changed:
    for i, event in each(trace):
        for page, entry in enumerate(event.before):
            for name in ("none", trace.scratch[page], entry.frame, STRANGER):
                actor = trace.actors[(i + page) % len(trace.actors)]
                extra = quiet_event(trace, i, actor=actor, kind="pte", page=page, access="write")
                if name == entry.frame:
                    name = entry.name
                    stored = Pte(name, entry.bits ^ (1 << 5 if entry.frame else 0))
                else:
                    stored = entry_of(name)
                if name and stored != entry:
                    yield f"{i} {actor} {page} {name}", insert(trace, i, storing(extra, page, stored))


@rule
def raw_entry(trace: Trace) -> Changed:
    for i, event in each(trace):
        for name in ("none", STRANGER):
            after = (entry_of(name), *event.after[1:])
            if after[0].name != event.after[0].name:
                events = (*trace.events[:i], replace(event, after=after), *trace.events[i + 1:])
                yield f"{i} {name}", replace(trace, events=events)


# --- frees, flushes, locks, the arena's end -----------------------------------------------------

@rule
def frees_another(trace: Trace) -> Changed:
    for i, event in each(trace, "free"):
        for name in frames(trace):
            if name != event.get("frame"):
                yield f"{i} {name}", at(trace, i, event.changed(frame=name))


@rule
def frees_what_is_free(trace: Trace) -> Changed:
    for i, event in each(trace, "free"):
        again = event.changed(double_free=True)
        yield f"{i}", at(trace, i, again)
        yield f"{i} again", insert(trace, i + 1, again) if i + 1 < len(trace.events) else follow(
            trace, [*trace.events, again])


@rule
def an_extra_free(trace: Trace) -> Changed:
    for i, event in each(trace):
        for name in frames(trace)[:-1]:
            extra = quiet_event(trace, i, actor=trace.actors[i % len(trace.actors)], kind="free",
                                page=0, frame=name)
            yield f"{i} {name}", insert(trace, i, extra)


@rule
def flushes_another(trace: Trace) -> Changed:
    for i, event in each(trace, "flush"):
        for page in [None, *range(len(trace.ptes))]:
            if page != event.get("page"):
                yield f"{i} {page}", at(trace, i, event.changed(page=page))
        for kind in ("cr3", "cr4", "pcid"):
            yield f"{i} {kind}", at(trace, i, event.changed(flush=kind, page=None))


@rule
def an_extra_flush(trace: Trace) -> Changed:
    for i, event in each(trace):
        actor = trace.actors[i % len(trace.actors)]
        yield f"{i} {actor}", insert(trace, i, quiet_event(trace, i, actor=actor, kind="flush", flush="cr3"))
        yield f"{i} {actor} all", insert(trace, i, quiet_event(trace, i, actor=actor, kind="evict"))


@rule
def unlocked_early(trace: Trace) -> Changed:
    for i, event in each(trace):
        for lock in trace.header["locks"]:
            extra = quiet_event(trace, i, actor=event.actor, kind="unlock", lock=lock)
            yield f"{i} {event.kind} {lock}", insert(trace, i, extra)


@rule
def an_arena_ends(trace: Trace) -> Changed:
    for i, event in each(trace):
        for arena in sorted(set(trace.groups)):
            extra = quiet_event(trace, i, actor=event.actor, kind="destroy", group=arena)
            yield f"{i} {arena}", insert(trace, i, extra)


@rule
def another_arena_ends(trace: Trace) -> Changed:
    for i, event in each(trace, "destroy"):
        yield f"{i}", at(trace, i, event.changed(group=1))


# --- accesses and results -----------------------------------------------------------------------

@rule
def lands_elsewhere(trace: Trace) -> Changed:
    for i, event in each(trace, "access"):
        for name in frames(trace):
            if name != event.get("landed") and not event.get("faulted"):
                yield f"{i} {name}", at(trace, i, event.changed(landed=name))
        if event.get("landed"):
            unseen = event.changed(landed=None, offset=None, bytes=None, stored=None)
            yield f"{i}", at(trace, i, unseen)


@rule
def another_access(trace: Trace) -> Changed:
    for i, event in each(trace, "access"):
        user = not event.get("user")
        # User space has no address but its own.
        for view in (1,) if user else (1, None):
            yield f"{i} user {view}", at(trace, i, event.changed(
                user=user or None, view=view, program=None, offset=None, bytes=None, stored=None))
        access = "write" if event.get("access") == "read" else "read"
        yield f"{i} {access}", at(trace, i, event.changed(access=access, offset=None, bytes=None, stored=None))
        if event.get("faulted"):
            yield f"{i} no fault", at(trace, i, event.changed(faulted=False, program=None))
        else:
            yield f"{i} faults", at(trace, i, event.changed(
                faulted=True, landed=None, offset=None, bytes=None, stored=None, program=1))
        for page in range(len(trace.ptes)):
            if page != event.page:
                yield f"{i} page {page}", at(trace, i, event.changed(page=page))


@rule
def stores_another_value(trace: Trace) -> Changed:
    for i, event in each(trace, "access"):
        if event.get("bytes"):
            yield f"{i} value", at(trace, i, event.changed(stored="0x5a"))
            yield f"{i} place", at(trace, i, event.changed(offset=event.get("offset") ^ 64))
            yield f"{i} less", at(trace, i, event.changed(bytes=1, stored=hex(int(event.get("stored"), 16) & 255)))


@rule
def an_extra_access(trace: Trace) -> Changed:
    for i, event in each(trace):
        for page, entry in enumerate(event.before):
            actor = trace.actors[i % len(trace.actors)]
            if entry.frame:
                extra = quiet_event(trace, i, actor=actor, kind="access", page=page, access="read",
                                    faulted=False, landed=entry.frame)
                yield f"{i} {actor} {page}", insert(trace, i, extra)
            else:
                extra = quiet_event(trace, i, actor=actor, kind="access", page=page, access="read",
                                    faulted=True, program=1)
                yield f"{i} {actor} {page}", insert(trace, i, extra)


@rule
def another_result(trace: Trace) -> Changed:
    for i, event in each(trace, "return"):
        for result in (0, 1, -12):
            if result != event.get("result"):
                yield f"{i} {result}", at(trace, i, event.changed(result=result))


@rule
def returns_early(trace: Trace) -> Changed:
    for i, event in each(trace):
        extra = quiet_event(trace, i, actor=event.actor, kind="return", result=1, user=True)
        yield f"{i} {event.kind}", insert(trace, i, extra)


# --- the end -------------------------------------------------------------------------------------

def with_element(trace: Trace, name: str, i: int, **members: Any) -> Trace:
    elements = list(trace.end[name])
    merged = {**elements[i], **members}
    elements[i] = {key: value for key, value in merged.items() if value is not None}
    return trace.with_end(**{name: elements})


@rule
def another_page_at_the_end(trace: Trace) -> Changed:
    for i, facts in enumerate(trace.end.get("pages", [])):
        for name in ("free", "reserved", "given_up", "exists"):
            yield f"{i} {name}", with_element(trace, "pages", i, **{name: not facts[name]})
        yield f"{i} raw", with_element(trace, "pages", i, pte=STRANGER, pte_bits=hex(KERNEL_BITS))


@rule
def another_arena_at_the_end(trace: Trace) -> Changed:
    for i, facts in enumerate(trace.end.get("groups", [])):
        yield f"{i} lives", with_element(trace, "groups", i, lives=not facts["lives"])
        for count in (None, -1, 0, 2):
            yield f"{i} refcount {count}", with_element(trace, "groups", i, refcount=count)
        for extra in (-1, 1):
            yield f"{i} counted {extra}", with_element(
                trace, "groups", i, counted=facts.get("counted", 0) + extra)
            yield f"{i} mapped {extra}", with_element(
                trace, "groups", i, mapped=max(0, facts["mapped"] + extra))
        yield f"{i} counts nothing", with_element(trace, "groups", i, counted=None)


@rule
def another_word_at_the_end(trace: Trace) -> Changed:
    words = trace.end.get("words", [])
    for arena in range(len(trace.end.get("groups", []))):
        for word in ("0x1", "0xff00000000000000"):
            extra = {"group": arena, "offset": 128, "word": word}
            yield f"{arena} {word}", trace.with_end(words=[*words, extra])
    for i, one in enumerate(words):
        yield f"{i} gone", trace.with_end(words=words[:i] + words[i + 1:])
        yield f"{i} changed", with_element(trace, "words", i, word=hex(int(one["word"], 16) ^ 0x100))
        yield f"{i} place", with_element(trace, "words", i, offset=one["offset"] ^ 8)


@rule
def another_report(trace: Trace) -> Changed:
    reports = trace.end.get("reports")
    if reports is None:
        return
    yield "unheard", trace.with_end(reports=None)
    yield "extra", trace.with_end(reports=[*reports, {"program": 1, "address": "0x1000", "write": False}])
    for i, one in enumerate(reports):
        yield f"{i} gone", trace.with_end(reports=reports[:i] + reports[i + 1:])
        yield f"{i} twice", trace.with_end(reports=[*reports, one])
        yield f"{i} program", with_element(trace, "reports", i, program=one["program"] + 1)
        yield f"{i} address", with_element(trace, "reports", i, address=hex(int(one["address"], 16) + 8))
        yield f"{i} write", with_element(trace, "reports", i, write=not one["write"])


@rule
def another_splat(trace: Trace) -> Changed:
    if trace.end["how"] == "done":
        yield "one more", trace.with_end(splats=[*trace.end["splats"], "WARNING: at f"])
        if trace.end["splats"]:
            yield "none", trace.with_end(splats=[])


@rule
def kept_elsewhere(trace: Trace) -> Changed:
    """The allocator has frames again, or pipes all references to them."""
    for name in ("given_back", "pinned"):
        for frame in frames(trace) if name in trace.end else []:
            yield f"{name} {frame}", trace.with_end(**{name: [*trace.end[name], frame]})
        if trace.end.get(name):
            yield f"{name} none", trace.with_end(**{name: []})


@rule
def another_fate(trace: Trace) -> Changed:
    for i, actor in enumerate(trace.end.get("actors", [])):
        def fate(**members: Any) -> Trace:
            actors = list(trace.end["actors"])
            actors[i] = members
            return trace.with_end(actors=actors)

        yield f"{i} waits", fate(state="waits", wait={
            "actor": trace.actors[i], "for": "lock", "lock": trace.header["locks"][0]})
        yield f"{i} crashes", fate(state="crashed")
        for page in range(len(trace.ptes)):
            yield f"{i} crashes on {page}", fate(state="crashed", fault_page=page)
        for result in (0, 1, -12):
            if actor.get("result") != result:
                yield f"{i} returned {result}", fate(state="returned", result=result)


@rule
def another_ending(trace: Trace) -> Changed:
    for how in ("cycle", "cut"):
        if how != trace.end["how"]:
            yield how, replace(trace, end={"how": how})
    for actor in trace.actors:
        yield f"alone {actor}", replace(trace, end={"how": "cycle", "alone": actor})


@rule
def declares_another(trace: Trace) -> Changed:
    declared = trace.declared

    def declaring(**members: Any) -> Trace:
        merged = {name: value for name, value in {**declared, **members}.items() if value is not None}
        return replace(trace, header={**trace.header, "declared": merged})

    yield "scratch", declaring(frees_to_scratch=None if declared.get("frees_to_scratch") else True)
    for actor in trace.actors:
        if actor != declared.get("succeeds"):
            yield f"succeeds {actor}", declaring(succeeds=actor)
        for page in range(len(trace.ptes)):
            yield f"oops {actor} {page}", declaring(oops={"actor": actor, "page": page})
    if "oops" in declared:
        yield "no oops", declaring(oops=None)
    if "succeeds" in declared:
        yield "succeeds nobody", declaring(succeeds=None)
