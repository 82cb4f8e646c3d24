# SPDX-License-Identifier: GPL-2.0-only
"""Files for others: what is written is what the schemas in docs/schema say."""

import json

import jsonschema
import pytest
from conftest import TOP, run_rig, verdict


def strict(schema):
    """Where members are named, no other one may be there: what is written is in the schema, too."""
    if isinstance(schema, list):
        return [strict(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: strict(part) for key, part in schema.items()}
    if "properties" in made and "oneOf" not in made:
        made.setdefault("additionalProperties", False)
    return made


def validator(name):
    schema = json.loads((TOP / "docs" / "schema" / f"{name}.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(strict(schema))


# One that documents something, those that violate (at an event, at the end, in a deadlock), one whose
# actors are no text, one with user space in it, one in which calls fail, one in which an arena ends.
@pytest.mark.parametrize("kernel, scenario", [
    ("stock", "fault-vs-alloc"), ("scratch-plain-store", "fault-vs-alloc"), ("alloc-keeps-lock", "alloc-vs-alloc"),
    ("stock", "lost-write"), ("stock", "user-fault-vs-free"), ("stock", "alloc-fails"),
    ("stock", "destroy-with-scratch"), ("stock", "fault-vs-deferred-free-worker"),
])
def test_a_run_folder(explored, kernel, scenario):
    out = explored(kernel, scenario)[1]
    validator("verdict").validate(verdict(out))
    validator("run").validate(json.loads((out / "run.json").read_text()))
    line = validator("trace-line")
    traces = sorted((out / "trace").glob("*.jsonl"))
    assert traces or verdict(out)["verdict"] == "clean"
    for trace in traces:
        for text in trace.read_text().splitlines():
            line.validate(json.loads(text))


def test_a_suite(tmp_path):
    result = run_rig("suite", "--scenario", "fault-vs-alloc", "--kernel", "stock", "--shard", "1/1", "--out", tmp_path)
    assert result.returncode == 0, result.stderr
    for name, schema in (("suite", "suite"), ("run", "suite-run"), ("shard", "shard")):
        validator(schema).validate(json.loads((tmp_path / f"{name}.json").read_text()))


def test_every_schema_is_in_the_list():
    listed = (TOP / "docs" / "formats.md").read_text()
    for path in (TOP / "docs" / "schema").iterdir():
        assert f"(schema/{path.name})" in listed


def test_a_schema_refuses(explored):
    broken = {**verdict(explored("stock")[1]), "verdict": "fine"}
    with pytest.raises(jsonschema.ValidationError):
        validator("verdict").validate(broken)


def test_the_version_is_the_change_logs():
    heading = next(line for line in (TOP / "CHANGELOG.md").read_text().splitlines() if line.startswith("## "))
    assert run_rig("--version").stdout == f"racerig {heading.split()[1]}\n"
