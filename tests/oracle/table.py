# SPDX-License-Identifier: GPL-2.0-only
"""
Every rule on every stream, judged by `racerig check` and labelled by the model: a table by invariant.

  python -m tests.oracle.table [RIG]	prints the table, and what differs
"""

import json
import subprocess
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Dict, Iterator, List, Set, Tuple

from .model import BLIND, Label, judge
from .rules import RULES
from .trace import Trace, dump, load

TOP = Path(__file__).resolve().parents[2]
STREAMS = TOP / "tests" / "streams"
MISSES = STREAMS / "misses"


@dataclass(frozen=True)
class Case:
    """One changed stream."""

    stream: str
    rule: str
    where: str

    def __str__(self) -> str:
        return f"{self.stream} {self.rule} {self.where}".strip()


@dataclass
class Row:
    """How often an invariant was broken, and what was said of it."""

    wrong: int = 0
    caught: int = 0
    missed: List[Case] = field(default_factory=list)
    false_alarms: List[Case] = field(default_factory=list)


Table = Dict[str, Row]


def cases() -> Iterator[Tuple[Case, Trace]]:
    for path in sorted(STREAMS.glob("*.jsonl")):
        trace = load(path)
        for name, rule in RULES.items():
            for where, changed in rule(trace):
                yield Case(path.stem, name, where), changed


def said(line: Dict[str, object]) -> Set[str]:
    """What racerig check says of one stream, in the words of labelled()."""
    if "damaged" in line or "unexplained" in line:
        return {BLIND}
    found = line["found"]
    assert isinstance(found, list)
    return {f"{one['invariant']}{' documented' if one.get('documented') else ''}" for one in found}


def labelled(label: Label) -> Set[str]:
    if label.blind:
        return {BLIND}
    return label.broken | {f"{name} documented" for name in label.documented}


def run_check(rig: Path, text: str) -> List[Dict[str, object]]:
    result = subprocess.run([str(rig), "check", "--json", "-"], input=text, capture_output=True, text=True)
    assert result.returncode in (0, 1, 2), result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def compare(all_cases: List[Case], labels: List[Set[str]], answers: List[Set[str]]) -> Table:
    table: Table = defaultdict(Row)
    for case, label, answer in zip(all_cases, labels, answers):
        for name in label | answer:
            # Of what cannot be believed nothing else is asked.
            if name != BLIND and BLIND in label | answer:
                continue
            row = table[name]
            row.wrong += name in label
            if name in label and name in answer:
                row.caught += 1
            elif name in label:
                row.missed.append(case)
            else:
                row.false_alarms.append(case)
    return table


@dataclass
class Streams:
    """All changed streams with their labels; made once, judged by as many builds as one likes."""

    cases: List[Case]
    texts: List[str]
    labels: List[Set[str]]

    def judge(self, rig: Path) -> Table:
        answers = [said(line) for line in run_check(rig, "".join(self.texts))]
        assert len(answers) == len(self.cases), "a line for each trace"
        return compare(self.cases, self.labels, answers)

    def about(self, name: str, every: int) -> "Streams":
        """Those in which *name* is broken, or documented, and of all others each *every*th."""
        chosen = [i for i, label in enumerate(self.labels)
                  if i % every == 0 or name in label or f"{name} documented" in label]
        return Streams([self.cases[i] for i in chosen], [self.texts[i] for i in chosen],
                       [self.labels[i] for i in chosen])


def make() -> Streams:
    streams = Streams([], [], [])
    known: Set[str] = set()
    for case, trace in cases():
        text = dump(trace)
        # Two rules may come to the same.
        if text in known:
            continue
        known.add(text)
        streams.cases.append(case)
        streams.texts.append(text)
        streams.labels.append(labelled(judge(trace)))
    return streams


def misses(table: Table) -> Set[str]:
    return {f"{name}: {case}" for name, row in table.items() for case in row.missed}


def known_misses() -> Dict[str, str]:
    """Those in the tree: invariant and case, to the reason above them."""
    known: Dict[str, str] = {}
    reason = ""
    for line in MISSES.read_text().splitlines():
        if line.startswith("# "):
            reason = line[2:]
        elif line:
            known[line] = reason
    return known


def text_of(table: Table) -> str:
    lines = [f"{'':16} {'wrong':>6} {'caught':>6} {'missed':>6} {'false alarms':>12}"]
    for name in sorted(table, key=lambda name: (name == BLIND, len(name), name)):
        row = table[name]
        lines.append(f"{name:16} {row.wrong:6} {row.caught:6} {len(row.missed):6} {len(row.false_alarms):12}")
    wrong, caught = (sum(getattr(row, what) for row in table.values()) for what in ("wrong", "caught"))
    lines.append(f"{'all':16} {wrong:6} {caught:6} {wrong - caught:6} "
                 f"{sum(len(row.false_alarms) for row in table.values()):12}")
    return "\n".join(lines)


def main() -> None:
    rig = Path(sys.argv[1]) if len(sys.argv) > 1 else TOP / "build" / "racerig"
    streams = make()
    table = streams.judge(rig)
    print(f"{len(streams.cases)} streams")
    print(text_of(table))
    counted: "Counter[Tuple[str, str, str]]" = Counter()
    for name, row in table.items():
        for case in row.missed:
            counted[name, "missed", case.rule] += 1
        for case in row.false_alarms:
            counted[name, "false alarm", case.rule] += 1
    for (name, what, rule), n in sorted(counted.items()):
        print(f"{n:5}  {name:16} {what:11} {rule}")


if __name__ == "__main__":
    main()
