# SPDX-License-Identifier: GPL-2.0-only
"""
No code reads what other code wrote for people: with every sentence replaced by noise where it is
made, all that is for programs stays as it is to the byte.
"""

import json
import re

import pytest
from conftest import run_rig

NOISE = {"RACERIG_NOISE": "1"}
SENTENCE = re.compile(r"replaced the allocated page|frees pages before|may still reach|takes the lock|"
                      r"seen: it happened|sees |-> |every interleaving of the events")


def files(out):
    """What programs read: schedules, traces, facts, journal, verdicts, the suite's table."""
    return {path.relative_to(out): path.read_bytes() for path in sorted(out.rglob("*"))
            if path.suffix in (".sched", ".jsonl") or path.parent.name == "facts"
            or path.name in ("journal", "verdict.json", "suite.json", "sources.json")}


@pytest.mark.parametrize("scenario, kernel", [
    ("fault-vs-alloc", "scratch-plain-store"),
    ("alloc-vs-alloc", "alloc-keeps-lock"),
    ("destroy-with-scratch", "stock"),
    ("lost-write", "stock"),
])
def test_exploring_in_noise(tmp_path, scenario, kernel):
    words = ("explore", scenario, "--kernel", kernel, "--max-schedules", 25, "--out")
    plain = run_rig(*words, tmp_path / "plain")
    loud = run_rig(*words, tmp_path / "loud", env=NOISE)
    assert plain.returncode == loud.returncode in (0, 1), plain.stderr + loud.stderr
    assert files(tmp_path / "plain") == files(tmp_path / "loud")
    # and it was noise
    for out, said in ((tmp_path / "plain", True), (tmp_path / "loud", False)):
        for name in ("evidence.txt", "report.html"):
            assert bool(SENTENCE.search((out / name).read_text())) == said, (out, name)
    loud_again = tmp_path / "plain" / "schedules"
    for schedule in sorted(loud_again.iterdir())[:3]:
        trace = schedule.parents[1] / "trace" / f"{schedule.stem}.jsonl"
        for command in (("replay", schedule), ("trace", schedule), ("check", trace)):
            both = [run_rig(*command, env=env) for env in ({}, NOISE)]
            assert both[0].returncode == both[1].returncode in (0, 1), (command, both[1].stderr)


def test_explaining_in_noise(explored):
    """The same order to blame, and the same schedules run to find it."""
    _, out = explored("scratch-plain-store")
    name = json.loads((out / "verdict.json").read_text())["violations"][0]["schedule"]
    plain, loud = (run_rig("explain", out / name, env=env) for env in ({}, NOISE))
    numbers = [re.findall(r"^(?:The cause: )?\s*(\d+) (?:comes )?before (\d+)", run.stdout, re.M)
               for run in (plain, loud)]
    assert plain.returncode == loud.returncode == 0 and numbers[0] == numbers[1] != []
    assert "sees" not in loud.stdout and plain.stdout != loud.stdout


def test_suite_in_noise(tmp_path):
    words = ("suite", "--scenario", "fault-vs-alloc", "--kernel", "stock", "--kernel",
             "scratch-plain-store", "--out")
    plain = run_rig(*words, tmp_path / "plain")
    loud = run_rig(*words, tmp_path / "loud", env=NOISE)
    assert plain.returncode == loud.returncode == 0
    assert files(tmp_path / "plain") == files(tmp_path / "loud")
