# SPDX-License-Identifier: GPL-2.0-only
"""Files for others: what is written is what the schemas in docs/schema say."""

import json

import jsonschema
import pytest
from conftest import TOP, run_rig, verdict


def validator(name):
    schema = json.loads((TOP / "docs" / "schema" / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("kernel", ["stock", "scratch-plain-store"])
def test_a_run_folder(explored, kernel):
    """One that documents something, and one that violates."""
    out = explored(kernel)[1]
    validator("verdict").validate(verdict(out))
    validator("run").validate(json.loads((out / "run.json").read_text()))
    line = validator("trace-line")
    traces = sorted((out / "trace").glob("*.jsonl"))
    assert traces
    for trace in traces:
        for text in trace.read_text().splitlines():
            line.validate(json.loads(text))


def test_a_suite(tmp_path):
    result = run_rig("suite", "--scenario", "fault-vs-alloc", "--kernel", "stock", "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    validator("suite").validate(json.loads((tmp_path / "suite.json").read_text()))


def test_a_schema_refuses(explored):
    broken = {**verdict(explored("stock")[1]), "verdict": "fine"}
    with pytest.raises(jsonschema.ValidationError):
        validator("verdict").validate(broken)


def test_the_version_is_the_change_logs():
    heading = next(line for line in (TOP / "CHANGELOG.md").read_text().splitlines() if line.startswith("## "))
    assert run_rig("--version").stdout == f"racerig {heading.split()[1]}\n"
