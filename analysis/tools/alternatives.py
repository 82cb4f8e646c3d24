#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Compare designs: from the run folders below RUNS, tables in Markdown on stdout.

  analysis/tools/alternatives.py RUNS KERNEL… >docs/alternatives.md
  analysis/tools/alternatives.py --user RUNS KERNEL…

The latter is that page's section about user space, from a run of its own.
What a kernel was not run with stays a question mark.
"""

import argparse
import configparser
import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Dict, Iterable, List, Optional, Tuple

TOP = Path(__file__).resolve().parents[2]
KERNELS = TOP / "guest-kernel" / "kernels"


def number(invariant: str) -> int:
    return int(invariant[1:])


# Each is a file of its own.
INVARIANTS = sorted((path.stem.removeprefix("check-").upper()
                     for path in (TOP / "rig").rglob("check-i*.c")), key=number)

VERDICT_VERSION = 7

# The corner cases of the thread: its words, whose they are, the scenarios that go there.
CORNERS = [
    ("we shouldn't install scratch page over a valid page", "Dwivedi",
     ["fault-vs-alloc"]),
    ("we just let the kernel retry", "Dwivedi",
     ["fault-vs-fault"]),
    ("we fault again and retry", "Dwivedi",
     ["fault-vs-free", "fault-vs-alloc-vs-free"]),
    ("it can just allocate over them and automatically turns the address valid", "Tsalapatis",
     ["alloc-over-scratch"]),
    ("it will likely get reset to NULL (that would be ideal)", "Dwivedi",
     ["free-over-scratch", "fault-storm"]),
    ("we may have cached scratch page TLB translations for a range we are trying to alloc",
     "Dwivedi", ["stale-scratch"]),
    ("reading 'faulting' regions returns zeroes", "Dwivedi",
     ["write-fault-then-read"]),
    ("likely including guard pages in its range", "Dwivedi",
     ["fault-in-guard", "fault-at-edges"]),
    ("the first program in the stack trace", "Dwivedi",
     ["fault-without-arena", "two-programs-one-arena"]),
    ("it reliably reports the first memory access error", "Tsalapatis",
     ["fault-vs-fault-neighbours"]),
]

# What an operation costs, alone: the actor (none: all of them) and the scenario whose first
# schedule has it.
COSTS = [
    ("allocation over an empty PTE", "alloc", "fault-vs-alloc"),
    ("allocation over scratch", "alloc", "alloc-over-scratch"),
    ("free of a page", "free", "fault-vs-free"),
    ("free over scratch", "free", "free-over-scratch"),
    ("all of stale-scratch", "", "stale-scratch"),
    ("all of stale-realloc", "", "stale-realloc"),
    ("all of shootdown-order", "", "shootdown-order"),
]


@dataclass(frozen=True)
class Run:
    """One run folder."""

    verdict: str
    complete: bool
    executed: int
    states: int
    broken: Tuple[str, ...]  # invariants, in order
    documented: Tuple[str, ...]  # invariants broken as the thread accepted it
    spent: Dict[Tuple[str, str], int]  # (actor, "flush" or "send"): in its first schedule


def first_trace(folder: Path) -> Optional[Path]:
    """The trace of the lowest-numbered schedule kept: one actor after the other."""
    return min((folder / "trace").glob("[0-9]*.jsonl"), default=None)


def count_spent(trace: Optional[Path]) -> Dict[Tuple[str, str], int]:
    spent: Counter[Tuple[str, str]] = Counter()
    for line in trace.read_text().splitlines()[1:] if trace else []:
        event = json.loads(line)
        # Behind the events come the violations, which have no kind of event.
        if event.get("kind") in ("flush", "send"):
            spent[event["actor"], event["kind"]] += 1
    return dict(spent)


def read_runs(folder: Path) -> Dict[Tuple[str, str], Run]:
    """(kernel, scenario) to its run."""
    runs = {}
    for path in sorted(folder.rglob("verdict.json")):
        verdict = json.loads(path.read_text())
        if verdict.get("racerig-verdict") != VERDICT_VERSION:
            sys.exit(f"alternatives.py: {path}: no verdict of version {VERDICT_VERSION}; explore again")
        broken, documented = (
            tuple(sorted({violation["invariant"] for violation in verdict[name]}, key=number))
            for name in ("violations", "accepted")
        )
        runs[verdict["kernel"], verdict["scenario"]] = Run(
            verdict=verdict["verdict"],
            complete=verdict["complete"],
            executed=verdict["executed"],
            states=verdict["distinct_final_states"],
            broken=broken,
            documented=documented,
            spent=count_spent(first_trace(path.parent)),
        )
    return runs


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> List[str]:
    columns = list(head)
    lines = [columns, ["---"] * len(columns), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines] + [""]


def say(run: Optional[Run]) -> str:
    if run is None:
        return "?"
    return " ".join(run.broken) if run.broken else run.verdict


def say_effort(run: Optional[Run]) -> str:
    if run is None:
        return "?"
    return f"{run.executed}{'' if run.complete else ', not all'}"


def say_both(run: Optional[Run]) -> str:
    return "?" if run is None else f"{say(run)}, {say_effort(run)}"


def say_cost(run: Optional[Run], actor: str) -> str:
    if run is None:
        return "?"
    flushes, sends = (
        sum(n for (who, what), n in run.spent.items() if what == kind and actor in ("", who))
        for kind in ("flush", "send")
    )
    return f"{flushes} / {sends}"


def unasked(kernel: str) -> Tuple[str, ...]:
    """The invariants that make no sense on *kernel*, by what its descriptor says it has."""
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.read(KERNELS / f"{kernel}.kernel")
    has = parser.get("kernel", "has", fallback="stream").split(";")
    return () if "stream" in has else ("I11",)


def enumerate_some(names: List[str]) -> str:
    shown = 3
    more = f" and {len(names) - shown} more" if len(names) > shown else ""
    return ", ".join(names[:shown]) + more


class Comparison:
    """The tables over some kernels."""

    def __init__(self, runs: Dict[Tuple[str, str], Run], kernels: List[str]) -> None:
        self.runs = runs
        self.kernels = kernels
        self.scenarios = sorted({scenario for kernel, scenario in runs if kernel in kernels})
        self.unasked = {kernel: unasked(kernel) for kernel in kernels}

    def run(self, kernel: str, scenario: str) -> Optional[Run]:
        return self.runs.get((kernel, scenario))

    def judge(self, kernel: str, invariant: str) -> str:
        ran = {
            scenario: run
            for scenario in self.scenarios
            if (run := self.run(kernel, scenario)) is not None
        }
        broken = [scenario for scenario, run in ran.items() if invariant in run.broken]
        documented = [scenario for scenario, run in ran.items() if invariant in run.documented]
        if broken:
            return "broken: " + enumerate_some(broken)
        if documented:
            return "documented: " + enumerate_some(documented)
        return "not asked" if invariant in self.unasked.get(kernel, ()) else "holds"

    def invariants(self, names: Iterable[str] = tuple(INVARIANTS)) -> List[str]:
        rows = []
        for name in names:
            row = [name]
            for kernel in self.kernels:
                row.append(self.judge(kernel, name))
            rows.append(row)
        return table(["invariant", *self.kernels], rows)

    def corners(self) -> List[str]:
        rows = [
            [f"\"{words}\" ({who})", ", ".join(scenarios)]
            + ["; ".join(say(self.run(kernel, scenario)) for scenario in scenarios)
               for kernel in self.kernels]
            for words, who, scenarios in CORNERS
        ]
        return table(["the thread says", "scenario", *self.kernels], rows)

    def costs(self) -> List[str]:
        rows = [
            [what] + [say_cost(self.run(kernel, scenario), actor) for kernel in self.kernels]
            for what, actor, scenario in COSTS
        ]
        return table(["operation, alone", *self.kernels], rows)

    def verdicts(self) -> List[str]:
        rows = [
            [scenario] + [say(self.run(kernel, scenario)) for kernel in self.kernels]
            for scenario in self.scenarios
        ]
        return table(["scenario", *self.kernels], rows)

    def both(self) -> List[str]:
        rows = [
            [scenario] + [say_both(self.run(kernel, scenario)) for kernel in self.kernels]
            for scenario in self.scenarios
        ]
        return table(["scenario", *self.kernels], rows)

    def efforts(self) -> List[str]:
        rows = [
            [scenario] + [say_effort(self.run(kernel, scenario)) for kernel in self.kernels]
            for scenario in self.scenarios
        ]
        return table(["scenario", *self.kernels], rows)


INTRODUCTION = """\
# The design alternatives, side by side

Generated from runs; docs/kernels.md says what each kernel is, `racerig list` what each invariant. `?`: not run, since the
kernel lacks what the scenario needs, or since the scenario is long and made for other kernels. *documented*: accepted in writing,
listed under every invariant that it would violate.

    build/racerig suite --group full --jobs 2 --out DIR
    analysis/tools/alternatives.py DIR/runs thread thread-xchg-flush … >docs/alternatives.md
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--user", action="store_true", help="the section about user space")
    parser.add_argument("runs", type=Path, help="folder with run folders in it")
    parser.add_argument("kernels", nargs="+", help="columns")
    args = parser.parse_args()
    runs = read_runs(args.runs)
    missing = [name for name in args.kernels if not any(name == kernel for kernel, _ in runs)]
    if missing:
        print(f"alternatives.py: {args.runs}: no run of kernel {missing[0]}", file=sys.stderr)
        return 2
    compared = Comparison(runs, args.kernels)
    if args.user:
        print("\n".join([*compared.both(), *compared.invariants(("I6", "I9", "I12", "I13"))]))
        return 0
    sections = [
        ("Invariants, over all scenarios run", compared.invariants()),
        ("The corner cases of the thread", compared.corners()),
        ("What an operation costs: TLB flushes on its own CPU / interrupts sent to others",
         compared.costs()),
        ("Verdicts", compared.verdicts()),
        ("Schedules explored (up to equivalence; all of them unless it says so)",
         compared.efforts()),
    ]
    print(INTRODUCTION)
    for title, lines in sections:
        print("## " + title + "\n")
        print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
