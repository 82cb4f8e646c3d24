# SPDX-License-Identifier: GPL-2.0-only
"""Installed, in a checkout that cannot be written, and where a machine is set up unlike this one."""

import os
import re
import shutil
import stat
import subprocess

import pytest
from conftest import TOP, run_rig, verdict

ROOT = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="mounting takes root")


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """By somebody whose umask hides everything from others; then moved to where it was not meant for."""
    top = tmp_path_factory.mktemp("installed")
    subprocess.run(["sh", "-c", 'umask 077; exec make -s install DESTDIR="$1" PREFIX=/usr', "sh", top / "first"],
                   cwd=TOP, check=True, capture_output=True)
    (top / "first" / "usr").rename(top / "usr")
    return top / "usr"


def test_what_is_installed_is_for_everybody(installed):
    files = [path for path in installed.rglob("*") if path.is_file()]
    assert files and all(path.stat().st_mode & stat.S_IROTH for path in files)
    assert all(path.stat().st_mode & stat.S_IXOTH for path in (installed / "share" / "racerig").rglob("*") if path.is_dir())
    assert not list(installed.rglob("__pycache__")) and not list(installed.rglob("test*.py"))


def test_it_needs_no_checkout(installed, tmp_path):
    """The same kernels, by the same keys, from any folder."""
    rig = installed / "bin" / "racerig"
    ours, theirs = (subprocess.run([program, "list", "--json"], cwd=tmp_path, capture_output=True, text=True)
                    for program in (TOP / "build" / "racerig", rig))
    assert theirs.returncode == 0 and theirs.stdout == ours.stdout, theirs.stderr
    result = subprocess.run([rig, "explore", "fault-vs-alloc", "--out", "run"], cwd=tmp_path, capture_output=True,
                            text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    assert verdict(tmp_path / "run")["complete"]


def inside(mounts, words, **env):
    """@words where @mounts hold, and only there."""
    return subprocess.run(["unshare", "--mount", "sh", "-euc", f'{mounts}\nexec "$@"', "sh", *map(str, words)],
                          capture_output=True, text=True, timeout=300, env={**os.environ, **env})


@ROOT
def test_read_only_checkout_and_no_programs_in_tmp(tmp_path):
    """What it writes is the run folder and the cache; what it starts lies in neither temporary folder."""
    mounts = (f"mount --bind {TOP} {TOP}; mount -o remount,bind,ro {TOP}\n"
              f"mkdir {tmp_path}/tmp; mount -t tmpfs -o noexec none {tmp_path}/tmp; cd {tmp_path}")
    result = inside(mounts, [TOP / "build" / "racerig", "explore", "fault-vs-alloc", "--out", "run"],
                    TMPDIR=str(tmp_path / "tmp"), PYTHONDONTWRITEBYTECODE="")
    assert result.returncode == 0, result.stdout + result.stderr
    assert verdict(tmp_path / "run")["complete"]


SHM = "/dev/shm: no private folder can be made there ("


@ROOT
@pytest.mark.parametrize("mounts, says", [
    ("mount -t tmpfs -o size=4k none /dev/shm; head -c 9999 /dev/zero >/dev/shm/x 2>/dev/null || :", None),
    ("mount -t tmpfs -o nr_inodes=1 none /dev/shm", SHM + "No space left on device); set RACERIG_SHM"),
    ("mount -t tmpfs -o ro none /dev/shm", SHM + "Read-only file system); set RACERIG_SHM"),
])
def test_a_small_dev_shm(tmp_path, mounts, says):
    """As containers have it: full it will do, since nothing is stored there; one that takes no names is named."""
    result = inside(mounts, [TOP / "build" / "racerig", "explore", "fault-vs-alloc", "--out", tmp_path / "run"])
    if not says:
        assert result.returncode == 0, result.stdout + result.stderr
        assert verdict(tmp_path / "run")["complete"]
    else:
        assert result.returncode == 2 and result.stderr.startswith(f"racerig: {says}"), result.stderr
        assert len(result.stderr.splitlines()) == 1


def test_a_language_with_other_letters(tmp_path):
    """In Turkish i is not the small I; keys and names are the same."""
    made = subprocess.run(["localedef", "-i", "tr_TR", "-f", "UTF-8", tmp_path / "tr_TR.UTF-8"],
                          capture_output=True, text=True) if shutil.which("localedef") else None
    if not made or not (tmp_path / "tr_TR.UTF-8" / "LC_CTYPE").exists():
        pytest.skip("no sources of locales here (package locales)")
    turkish = {"LOCPATH": str(tmp_path), "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"}
    assert "ı" == subprocess.run(["bash", "-c", "x=I; echo ${x,,}"], env={**os.environ, **turkish},
                                 capture_output=True, text=True).stdout.strip()
    assert run_rig("list", "--json", env=turkish).stdout == run_rig("list", "--json").stdout
    result = run_rig("explore", "fault-vs-alloc", "--kernel", "scratch-plain-store", "--stop-at", "I1",
                     "--out", tmp_path / "run", env=turkish)
    assert "I1" in [found["invariant"] for found in verdict(tmp_path / "run")["violations"]], result.stderr


def test_doctor(tmp_path):
    result = run_rig("doctor")
    assert result.returncode == 0, result.stdout + result.stderr
    assert "\nok   controls    PTE load 4," in result.stdout and "BAD" not in result.stdout
    result = run_rig("doctor", env={"XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin"})
    assert result.returncode == 1
    assert "BAD  drgn" in result.stdout and "run racerig setup" in result.stdout
    assert "BAD  kernel" in result.stdout and "racerig kernel build stock" in result.stdout


def test_cache(tmp_path):
    """Prunes what no kernel and scenario would use, and nothing else; here that is everything but logs."""
    cache = tmp_path / "racerig"
    for path in ("builds/0123456789abcdef/vmlinux", "builds/0123456789abcdef.log", "snapshots/x.qcow2",
                 "images/0123456789abcdef/vmlinux", "sources/own-gone/linux/a", "sources/.fetch.x/y", "qemu/z"):
        (cache / path).parent.mkdir(parents=True, exist_ok=True)
        (cache / path).write_text("x" * 5000)
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    listed = run_rig("cache", env=env)
    assert listed.returncode == 0 and "unused" not in listed.stdout and " parked guests" in listed.stdout
    asked = run_rig("cache", "--unused", env=env)
    size = re.search(r"racerig cache --prune removes ([1-9][0-9.]* KiB)\n", asked.stdout)
    assert asked.returncode == 0 and size, asked.stdout + asked.stderr
    assert (cache / "snapshots" / "x.qcow2").exists()
    pruned = run_rig("cache", "--prune", env=env)
    assert f"removed {size[1]}\n" in pruned.stdout
    assert {str(path.relative_to(cache)) for path in cache.rglob("*") if path.is_file()} == {
        "builds/0123456789abcdef.log", "sources/.fetch.x/y", "qemu/z"}


@pytest.mark.last
@pytest.mark.skipif(not all(map(shutil.which, ("dpkg-buildpackage", "dh", "lintian"))),
                    reason="needs dpkg-dev, debhelper and lintian")
def test_a_debian_package(tmp_path):
    """No error of lintian's, and what is in it works where it is unpacked."""
    env = {**os.environ, "DEB_BUILD_OPTIONS": "nocheck parallel=2"}
    made = subprocess.run([TOP / "debian" / "build", tmp_path / "deb"], capture_output=True, text=True, env=env)
    assert made.returncode == 0, made.stdout + made.stderr
    package = next((tmp_path / "deb").glob("racerig_*_amd64.deb"))
    found = subprocess.run(["lintian", "--fail-on", "error", package], capture_output=True, text=True)
    assert found.returncode == 0, found.stdout + found.stderr
    subprocess.run(["dpkg-deb", "-x", package, tmp_path / "root"], check=True)
    rig = tmp_path / "root" / "usr" / "bin" / "racerig"
    result = subprocess.run([rig, "doctor"], cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
