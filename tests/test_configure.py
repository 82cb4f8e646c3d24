# SPDX-License-Identifier: GPL-2.0-only
"""./configure on other distributions: what is missing, by the name it has there."""

import re
import shlex
import shutil
import subprocess

import pytest
from conftest import TOP

#: What a distribution has before anything is installed.
BASE = ("sh", "awk", "sed", "cat", "tr", "dirname", "rm", "mv", "env")


@pytest.fixture
def bare(tmp_path):
    """A folder with nothing but these, for PATH."""
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in BASE:
        (tools / name).symlink_to(shutil.which(name))
    return tools


def configure(tmp_path, bare, release):
    path = tmp_path / "os-release"
    path.write_text(release)
    env = {"PATH": str(bare), "RACERIG_OS_RELEASE": str(path)}
    return subprocess.run([TOP / "configure"], cwd=tmp_path, env=env, capture_output=True, text=True)


@pytest.mark.parametrize("release, packages, how", [
    ('ID=debian\nPRETTY_NAME="Debian GNU/Linux 13 (trixie)"\n', "libglib2.0-dev libdw-dev pahole", "make setup"),
    ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "libjson-glib-dev python3-venv", "make setup"),
    ('NAME="Fedora Linux"\nID=fedora\n', "glib2-devel elfutils-devel dwarves qemu-system-x86-core", "dnf install"),
    ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "json-glib-devel openssl-devel", "dnf install"),
    ('ID=arch\n', "glib2-devel libelf capstone pahole", "pacman -S"),
    ('ID="opensuse-tumbleweed"\nID_LIKE="opensuse suse"\n', "libcapstone-devel libdw-devel qemu-x86", "zypper install"),
    ('ID=slackware\n', "libglib2.0-dev", "these are Debian's names"),
    ("", "libglib2.0-dev", "these are Debian's names"),
])
def test_missing_by_its_name_here(tmp_path, bare, release, packages, how):
    result = configure(tmp_path, bare, release)
    assert result.returncode == 2 and not (tmp_path / "config.mak").exists()
    first, second = result.stderr.splitlines()
    missing = first.partition(":")[2].partition(":")[2].split()
    assert set(packages.split()) <= set(missing) and len(missing) == len(set(missing)), first
    assert how in second
    assert (tmp_path / "config.missing").read_text().split() == missing


def test_who_is_not_root_is_told_what_to_install(tmp_path, bare):
    """In one line, where there is no sudo; nothing is tried."""
    (bare / "id").write_text("#!/bin/sh\necho 1000\n")
    (bare / "apt-get").write_text(f"#!/bin/sh\necho >{tmp_path}/asked\n")
    for name in ("id", "apt-get"):
        (bare / name).chmod(0o755)
    checkout = tmp_path / "checkout"
    (checkout / "tests").mkdir(parents=True)
    for name in ("configure", "tests/packages", "tests/install-packages"):
        shutil.copy(TOP / name, checkout / name)
    (tmp_path / "os-release").write_text("ID=debian\n")
    result = subprocess.run([checkout / "tests" / "install-packages"], capture_output=True, text=True,
                            env={"PATH": str(bare), "RACERIG_OS_RELEASE": str(tmp_path / "os-release")})
    assert result.returncode == 2 and not (tmp_path / "asked").exists()
    assert re.fullmatch(r"install-packages: missing, and there is no sudo here; as root: apt-get install "
                        r"--no-install-recommends .*\blibglib2.0-dev\b.*", result.stderr.splitlines()[-1]), result.stderr


def test_every_thing_has_four_names():
    lines = [line.split() for line in (TOP / "tests" / "packages").read_text().splitlines()
             if line and not line.startswith("#")]
    assert lines[0] == ["thing", "debian", "fedora", "arch", "opensuse"]
    assert all(len(line) == 5 for line in lines)
    probed = {shlex.split(line)[2] for line in (TOP / "configure").read_text().splitlines()
              if line.strip().startswith("probe ")}
    assert probed == {line[0] for line in lines[1:]}
