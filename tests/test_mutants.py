# SPDX-License-Identifier: GPL-2.0-only
"""Every mutant is caught by the invariant its patch names, in the scenarios it names.

The header of the patch, the kernel's descriptor and the scenarios' [expect] say the same.  A
mutant whose kernel is not built fails here.
"""

import configparser
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from conftest import TOP, verdict

KERNELS = TOP / "guest-kernel" / "kernels"

#: By then the violation has come, or the mutant needs a smaller scenario.
AT_MOST = "100"


class Mutant(NamedTuple):
    name: str
    breaks: str
    patch: Path

    def header(self) -> dict[str, list[str]]:
        """What its patch says before the diff: "Breaks" and "Caught by"."""
        text = self.patch.read_text().split("\n--- ")[0]
        found = re.findall(r"^(Breaks|Caught by): (.+)$", text, re.M)
        assert sorted(key for key, _ in found) == ["Breaks", "Caught by"], self.patch
        return {key: value.split(", ") for key, value in found}


def key_file(path: Path) -> configparser.ConfigParser:
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def mutants() -> list[Mutant]:
    listed = []
    for path in sorted(KERNELS.glob("*.kernel")):
        kernel = key_file(path)["kernel"]
        if kernel["kind"] == "mutant":
            patch = TOP / "guest-kernel" / kernel["patches"].split(";")[-1]
            listed.append(Mutant(path.stem, kernel["breaks"], patch))
    return listed


def cases() -> list[tuple[Mutant, str]]:
    return [(mutant, scenario) for mutant in mutants() for scenario in mutant.header()["Caught by"]]


def names(value: object) -> str:
    return value.name if isinstance(value, Mutant) else str(value)


def expectations() -> dict[tuple[str, str], str]:
    """By scenario and kernel; those of variants, too."""
    found = {}
    for path in sorted((TOP / "scenarios").glob("*.scenario")):
        for group, keys in key_file(path).items():
            if group.startswith("expect"):
                name = "-".join([path.stem, *group.split()[1:]])
                found.update({(name, kernel): text for kernel, text in keys.items()})
    return found


def test_there_are_some() -> None:
    assert len(mutants()) == len(list((TOP / "guest-kernel" / "mutants").glob("*.patch"))) >= 39


@pytest.mark.parametrize("mutant", mutants(), ids=names)
def test_header_descriptor_and_expectation_agree(mutant: Mutant) -> None:
    header, expected = mutant.header(), expectations()
    assert header["Breaks"] == mutant.breaks.split(";"), "header and breaks ="
    for scenario in header["Caught by"]:
        assert expected.get((scenario, mutant.name)) == mutant.breaks, f"[expect] of {scenario}"
    for (scenario, kernel), text in expected.items():
        assert kernel != mutant.name or text == mutant.breaks, f"[expect] of {scenario}"


def test_the_table_in_the_docs_has_them() -> None:
    text = (TOP / "docs" / "kernels.md").read_text()
    table = re.findall(r"^\| `([\w-]+)` \| (I[\dI;]+) \| ([\w-]+) \| \d+ \| \d+ \|$", text, re.M)
    assert table == [(mutant.name, mutant.breaks, scenario) for mutant, scenario in cases()]


def assert_caught(mutant: Mutant, result, out: Path) -> None:
    found = verdict(out)
    assert result.returncode == 0, result.stdout + result.stderr
    assert found["verdict"] == "violation"
    by_name = [each for each in found["violations"] if each["invariant"] in mutant.breaks.split(";")]
    assert {each["invariant"] for each in by_name} == set(mutant.breaks.split(";"))
    assert all((out / each["schedule"]).exists() for each in by_name)


@pytest.mark.parametrize("policy", ["dpor", pytest.param("dfs", marks=pytest.mark.last)])
@pytest.mark.parametrize("mutant, scenario", cases(), ids=names)
def test_caught(explored, mutant: Mutant, scenario: str, policy: str) -> None:
    """By the first schedule that shows it."""
    words = ("--policy", policy, "--stop-at", mutant.breaks, "--max-schedules", AT_MOST)
    result, out = explored(mutant.name, scenario, *words, timeout=600)
    assert_caught(mutant, result, out)
