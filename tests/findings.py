# SPDX-License-Identifier: GPL-2.0-only
"""What an exploration found, as a set that does not depend on which of two equal orders was run."""

import ast
import json
from pathlib import Path
from typing import Iterator, NamedTuple, Optional, Set

#: Of an outcome's texts (rig/schedule/outcome.c), the trace.
TRACE = 3


class Finding(NamedTuple):
    invariant: str
    kind: str  #: "seen", "carried-out", "possible" or "documented"
    reason: str
    page: Optional[int]
    site: Optional[str]  #: the event that showed it; None: seen at the end


def of_trace(trace: str) -> Iterator[Finding]:
    lines = [json.loads(line) for line in trace.splitlines()[1:]]
    events = {line["n"]: line for line in lines if "n" in line}
    for found in (line["violation"] for line in lines if "violation" in line):
        shown = events.get(found.get("event"), {})
        # Nobody can go on, or somebody by himself only: which event came last is chance.
        if found["invariant"] == "I5" and found.get("event") == len(events):
            shown = {}
        kind = "documented" if found.get("documented") else found["kind"]
        site = f"{shown['actor']} {shown['event']}" if shown else None
        yield Finding(found["invariant"], kind, found["reason"], found.get("page"), site)


def of_run(out: Path) -> Set[Finding]:
    """All that the schedules in the journal of a run folder showed."""
    found: Set[Finding] = set()
    for line in (out / "journal").read_text().splitlines()[1:]:
        texts = ast.literal_eval(line.split("\t", 1)[1])[6]
        if texts[TRACE]:
            found.update(of_trace(texts[TRACE]))
    return found
