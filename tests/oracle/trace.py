# SPDX-License-Identifier: GPL-2.0-only
"""
A trace as data, and back as text; in the brief form of rig/event/record-json.c.

What a page table entry holds is a name ("none", "not present", "scratch", "frame A") and its other bits.
"""

import copy
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Dict, List, Tuple

Json = Dict[str, Any]

# All that a brief event may have; the rest of a full one follows from it or is a place in the source.
BRIEF = ("n", "actor", "kind", "irq", "user", "page", "access", "half", "faulted", "program", "stale",
         "landed", "offset", "bytes", "stored", "frame", "double_free", "flush", "target", "result",
         "group", "root", "lock", "word", "lockless", "count", "view", "before", "after", "before_bits", "after_bits")


@dataclass(frozen=True)
class Pte:
    """What one page table entry holds."""

    name: str
    bits: int

    @property
    def frame(self) -> str:
        """The frame that it maps; "": none."""
        return "" if self.name in ("none", "not present") else self.name

    @property
    def is_global(self) -> bool:
        return bool(self.bits & 1 << 8)


NONE = Pte("none", 0)
# A page of the kernel's: present, writable, accessed, dirty, global, not to be executed.
KERNEL_BITS = 0x8000000000000163


@dataclass(frozen=True)
class Event:
    """One line of a trace: its members, and the entries before and after it, page by page."""

    fields: Json
    before: Tuple[Pte, ...]
    after: Tuple[Pte, ...]

    def get(self, name: str) -> Any:
        return self.fields.get(name)

    @property
    def kind(self) -> str:
        return str(self.fields["kind"])

    @property
    def actor(self) -> str:
        return str(self.fields["actor"])

    @property
    def page(self) -> int:
        return int(self.fields.get("page", -1))

    @property
    def irq(self) -> bool:
        return bool(self.fields.get("irq"))

    @property
    def is_kernel(self) -> bool:
        """By the kernel, and by its own address; its copies to and from a process are the process's."""
        return not self.fields.get("user") and not self.fields.get("view")

    def changed(self, **fields: Any) -> "Event":
        """The same with other members; None takes one out."""
        merged = {**self.fields, **fields}
        return replace(self, fields={name: value for name, value in merged.items() if value is not None})


@dataclass(frozen=True)
class Trace:
    """A schedule: who and what it is about, what happened, how it ended."""

    header: Json
    ptes: Tuple[Pte, ...]
    events: Tuple[Event, ...]
    end: Json

    @property
    def actors(self) -> List[str]:
        return [str(actor["name"]) for actor in self.header["actors"]]

    @property
    def groups(self) -> List[int]:
        """Which arena each watched page is of."""
        return [int(page["group"]) for page in self.header["pages"]]

    @property
    def guards(self) -> List[str]:
        """The lock that guards each page's entry; "": none that is watched."""
        return [str(page.get("guarded_by", "")) for page in self.header["pages"]]

    @property
    def lazy(self) -> List[bool]:
        """Whether the flush of each page's address is left for later."""
        return [bool(page.get("lazy")) for page in self.header["pages"]]

    @property
    def scratch(self) -> List[str]:
        """The name of each page's scratch frame; "": its arena has none."""
        return [str(page.get("scratch", "")) for page in self.header["pages"]]

    @property
    def declared(self) -> Json:
        declared: Json = self.header["declared"]
        return declared

    def with_end(self, **members: Any) -> "Trace":
        merged = {**copy.deepcopy(self.end), **members}
        return replace(self, end={name: value for name, value in merged.items() if value is not None})


def pte_of(name: str, bits: str) -> Pte:
    return Pte(name, int(bits, 16))


def _event(line: Json) -> Event:
    fields = {name: line[name] for name in BRIEF
              if name in line and name not in ("n", "before", "after", "before_bits", "after_bits")}
    before, after = (tuple(map(pte_of, line[name], line[f"{name}_bits"])) for name in ("before", "after"))
    return Event(fields, before, after)


def parse(text: str) -> Trace:
    """Full or brief; what was found in it is left out."""
    lines = [json.loads(line) for line in text.splitlines()]
    header = lines[0]
    return Trace(
        header=header,
        ptes=tuple(pte_of(page["pte"], page["pte_bits"]) for page in header["pages"] + header["ptes"]),
        events=tuple(_event(line) for line in lines if "n" in line),
        end=next(line["end"] for line in lines if "end" in line),
    )


def load(path: Path) -> Trace:
    return parse(path.read_text())


def kernel_half(trace: Trace) -> Trace:
    """Without the entries of processes, of which the model knows nothing."""
    n = len(trace.header["pages"])
    return replace(trace, header={**trace.header, "ptes": []}, ptes=trace.ptes[:n], events=tuple(
        replace(event, before=event.before[:n], after=event.after[:n]) for event in trace.events))


_cache: Dict[Tuple[int, int], Tuple[Event, str]] = {}


def _event_text(n: int, event: Event) -> str:
    # Most events of a changed trace are those of its base: the same objects.
    known = _cache.get((id(event), n))
    if known and known[0] is event:
        return known[1]
    line: Json = {"n": n, **event.fields}
    for name, ptes in (("before", event.before), ("after", event.after)):
        line[name] = [pte.name for pte in ptes]
        line[f"{name}_bits"] = [hex(pte.bits) for pte in ptes]
    text = json.dumps(line)
    _cache[id(event), n] = event, text
    return text


def dump(trace: Trace) -> str:
    """Brief, and with nothing found."""
    header = {**trace.header, "events": len(trace.events), "violations": 0, "brief": True}
    # racerig check knows where the next trace starts by this.
    start = json.dumps({"racerig-trace": header.pop("racerig-trace"), **header}, separators=(",", ":"))
    lines = [start, *(_event_text(n, event) for n, event in enumerate(trace.events, 1)),
             json.dumps({"end": trace.end})]
    return "\n".join(lines) + "\n"
