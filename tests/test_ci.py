# SPDX-License-Identifier: GPL-2.0-only
"""Files for other people's machines: what they say is what those read, and what racerig takes."""

import re
import subprocess
import sys

import kubernetes_validate
import pytest
import yaml
from conftest import TOP, run_rig

CI = TOP / "docs" / "ci"
#: The oldest that has every field, and the newest that the package knows.
KUBERNETES = ("1.29", kubernetes_validate.latest_version())


def schema_of(path):
    words = ["vendor.github-workflows"]
    if path.name.startswith("gitlab"):
        words = ["vendor.gitlab-ci", "--data-transform", "gitlab-ci"]
    return subprocess.run([sys.executable, "-m", "check_jsonschema", "--builtin-schema", *words, path],
                          capture_output=True, text=True)


WORKFLOWS = sorted(path for path in CI.glob("*.yml") if not path.name.startswith("kubernetes"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow(path, tmp_path):
    result = schema_of(path)
    assert result.returncode == 0, result.stdout + result.stderr
    # and the check can fail
    broken = tmp_path / path.name
    broken.write_text(re.sub(r"^( *)(runs-on:.*|stage: shard)$", r"\1stage: {}", path.read_text(), count=1, flags=re.M))
    assert schema_of(broken).returncode == 1


@pytest.mark.parametrize("version", KUBERNETES)
def test_the_indexed_job(version):
    job = yaml.safe_load((CI / "kubernetes-job.yml").read_text())
    kubernetes_validate.validate(job, version, strict=True)
    spec = job["spec"]
    container = spec["template"]["spec"]["containers"][0]
    shards = next(each["value"] for each in container["env"] if each["name"] == "RACERIG_SHARDS")
    assert int(shards) == spec["completions"]
    assert subprocess.run(["sh", "-n", "-c", container["args"][0]]).returncode == 0
    spec["completionsMode"] = "Indexed"
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate(job, version, strict=True)


def commands():
    for path in sorted(CI.iterdir()):
        text = re.sub(r"\\\n|>\n", " ", path.read_text())
        text = re.sub(r"\n +(--)", r" \1", text)
        for command, rest in re.findall(r"^(?![^\n]*#)[^\n]*?(?<!-C )\bracerig (\w+)((?: [^|\n]*)?)", text, re.M):
            yield path.name, command, rest


def test_what_they_call():
    """No command or option that is not there."""
    seen = set()
    for name, command, rest in commands():
        said = run_rig(command, "--help")
        assert said.returncode == 0, (name, command)
        for option in re.findall(r"--[a-z-]+", rest):
            assert option in said.stdout, (name, command, option)
        seen.add(command)
    assert seen >= {"suite", "merge", "park", "verify"}


@pytest.mark.parametrize("name", ["github-actions-shards.yml", "gitlab-shards.yml"])
def test_what_comes_before_runs_no_suite(name):
    """Only kernels and snapshots are made there."""
    prepare = yaml.dump({**yaml.safe_load((CI / name).read_text()), "default": None}.get("prepare")
                        or yaml.safe_load((CI / name).read_text())["jobs"]["prepare"])
    assert "racerig park" in prepare and "racerig suite" not in prepare
