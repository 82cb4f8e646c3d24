# SPDX-License-Identifier: GPL-2.0-only
"""libvirt runs the same guests, with the same bytes, and leaves nothing behind."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import libvirtd
import pytest
import sshd
from conftest import RIG, TOP, run_rig, verdict

# One after the other: they count domains, and folders in shared memory.
pytestmark = pytest.mark.xdist_group("libvirt")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can forbid QEMU a path it may use itself")

# Small, and one of each verdict: (scenario, kernel).
PAIRS = [
    ("fault-vs-alloc", "stock"),
    ("fault-vs-alloc", "scratch-plain-store"),
    ("fault-vs-free", "free-no-flush"),
    ("alloc-vs-alloc", "alloc-keeps-lock"),
]


@pytest.fixture(scope="session")
def uri():
    try:
        with libvirtd.running() as uri:
            yield uri
            assert domains(uri) == []
    except libvirtd.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.fixture()
def shm():
    """A folder for the rig's, in memory."""
    path = Path(tempfile.mkdtemp(prefix="rr-test-", dir="/dev/shm"))
    yield path
    shutil.rmtree(path, ignore_errors=True)


def domains(uri):
    result = subprocess.run(["virsh", "-q", "-c", uri, "list", "--name", "--all"],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


def qemus_in(folder):
    """Pids of the machines whose RAM lies in @folder."""
    found = subprocess.run(["pgrep", "-f", "--", f"mem-path={folder}"], capture_output=True, text=True)
    return found.stdout.split()


def wait_until(condition, seconds=120):
    for _ in range(seconds * 20):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError(f"not within {seconds} s")


def files(folder):
    return {path.relative_to(folder): path.read_bytes() for path in sorted(folder.rglob("*.*"))
            if path.suffix in (".sched", ".jsonl")}


def assert_same_runs(one, other):
    assert files(one) == files(other)
    assert (one / "verdict.json").read_bytes() == (other / "verdict.json").read_bytes()


@pytest.mark.parametrize("scenario, kernel", PAIRS)
def test_explore_writes_the_same_bytes(explored, uri, scenario, kernel):
    _, direct = explored(kernel, scenario)
    _, libvirt = explored(kernel, scenario, "--connect", uri)
    assert any(name.suffix == ".jsonl" for name in files(direct))
    assert_same_runs(direct, libvirt)


@pytest.mark.skipif("RACERIG_LONG" not in os.environ, reason="make check-long runs it")
def test_quick_suite_writes_the_same_bytes(uri, tmp_path):
    for name, words in (("direct", []), ("libvirt", ["--connect", uri])):
        result = run_rig("suite", "--group", "quick", "--jobs", 2, "--out", tmp_path / name, *words,
                         timeout=7200)
        assert result.returncode == 0, result.stdout + result.stderr
    runs = sorted(path.parent.relative_to(tmp_path / "direct")
                  for path in (tmp_path / "direct").rglob("verdict.json"))
    assert len(runs) >= 10
    for run in runs:
        assert_same_runs(tmp_path / "direct" / run, tmp_path / "libvirt" / run)


def test_two_guests_at_once(explored, uri):
    _, direct = explored("scratch-plain-store")
    _, libvirt = explored("scratch-plain-store", "fault-vs-alloc", "--connect", uri, "--jobs", "2")
    assert_same_runs(direct, libvirt)


def test_hash_and_replay_say_the_same(explored, uri):
    _, out = explored("scratch-plain-store")
    schedule = sorted((out / "schedules").glob("*-I1.sched"))[0]
    for words in (["hash", "fault-vs-alloc", "--times", 2], ["replay", schedule, "--times", 2]):
        direct, libvirt = run_rig(*words), run_rig(*words, "--connect", uri)
        assert direct.returncode == 0, direct.stderr
        assert (libvirt.returncode, libvirt.stdout) == (0, direct.stdout), libvirt.stderr


def test_system_libvirtd_runs_qemu_as_us(explored, shm):
    explored("stock")
    direct = run_rig("hash", "fault-vs-alloc")
    try:
        with libvirtd.running_for_all() as system:
            rig = subprocess.Popen(
                [RIG, "hash", "fault-vs-alloc", "--connect", system], cwd=TOP, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                env={**os.environ, "RACERIG_SHM": str(shm)})
            wait_until(lambda: qemus_in(shm) or rig.poll() is not None)
            owners = {os.stat(f"/proc/{pid}").st_uid for pid in qemus_in(shm)}
            out, errors = rig.communicate(timeout=300)
            assert (out, rig.returncode) == (direct.stdout, 0), errors
            assert owners == {os.geteuid()} and domains(system) == []
    except libvirtd.Unavailable as reason:
        pytest.skip(str(reason))


def start_exploring(uri, shm, tmp_path):
    return subprocess.Popen(
        [RIG, "explore", "fault-vs-alloc", "--out", tmp_path / "run", "--connect", uri], cwd=TOP,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "RACERIG_SHM": str(shm)})


@pytest.mark.parametrize("how, late", [(signal.SIGKILL, False), (signal.SIGKILL, True),
                                       (signal.SIGINT, True)])
def test_nothing_is_left_of_an_ended_rig(explored, uri, shm, tmp_path, how, late):
    rig = start_exploring(uri, shm, tmp_path)
    wait_until(lambda: (list(tmp_path.glob("run/schedules/*")) if late else qemus_in(shm)) or
               rig.poll() is not None)
    assert rig.poll() is None, rig.stderr.read()
    assert domains(uri) == [f"racerig-{rig.pid}-1"] or not late
    rig.send_signal(how)
    rig.communicate(timeout=60)
    wait_until(lambda: domains(uri) == [] and qemus_in(shm) == [])
    if not late:
        # what a killed rig could not remove, the next one does, however far it gets
        assert list(shm.iterdir()) != []
        run_rig("hash", "fault-vs-alloc", "--connect", "qemu:///session?socket=/nonexistent",
                env={"RACERIG_SHM": str(shm)})
    assert list(shm.iterdir()) == []


def assert_refused(result, *parts, boots=0):
    assert result.returncode == 2, result.stdout + result.stderr
    lines = [line for line in result.stderr.splitlines() if line.startswith("racerig: ")]
    assert len(lines) == 1 and result.stderr.count("booting") == boots, result.stderr
    for part in parts:
        assert part in lines[0]


def test_no_libvirtd(explored, tmp_path):
    explored("stock")
    assert_refused(run_rig("hash", "fault-vs-alloc", "--connect",
                           f"qemu:///session?socket={tmp_path}/none"),
                   "no libvirtd there; start libvirtd or virtqemud")


@pytest.mark.parametrize("other", ["test:///default", "qemu+tcp://host/system", "nonsense"])
def test_no_qemu_uri(other):
    assert_refused(run_rig("hash", "fault-vs-alloc", "--connect", other), other, "qemu:///session")


@ROOT
def test_no_permission(explored, uri, tmp_path):
    explored("stock")
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    os.chown(closed, 65534, 65534)
    result = subprocess.run(
        ["unshare", "--user", "--map-user=1000", RIG, "hash", "fault-vs-alloc", "--connect",
         f"qemu:///session?socket={closed}/libvirt-sock"], cwd=TOP, capture_output=True, text=True,
        timeout=120)
    assert_refused(result, "you may not; join the group libvirt there")


def test_taken_name(explored, uri):
    explored("stock")
    rig = subprocess.Popen(
        ["sh", "-c", 'echo $$; read _; exec "$@"', "sh", RIG, "hash", "fault-vs-alloc", "--connect", uri],
        cwd=TOP, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    name = f"racerig-{int(rig.stdout.readline())}-1"
    xml = (f"<domain type='qemu'><name>{name}</name><memory>16384</memory><os><type arch='x86_64'>hvm"
           "</type></os></domain>")
    virsh = ["virsh", "-q", "-c", uri]
    subprocess.run([*virsh, "create", "--paused", "/dev/stdin"], input=xml, text=True, check=True)
    try:
        _, errors = rig.communicate("\n", timeout=120)
        assert_refused(subprocess.CompletedProcess([], rig.returncode, "", errors),
                       "a domain has that name; virsh destroy it", name)
        assert domains(uri) == [name]
    finally:
        subprocess.run([*virsh, "destroy", name], check=True)


@ROOT
def test_path_that_qemu_may_not_use(explored, uri, shm):
    explored("stock")
    os.chown(shm, 65534, 65534)
    assert_refused(run_rig("hash", "fault-vs-alloc", "--connect", uri, env={"RACERIG_SHM": str(shm)}),
                   "AppArmor, SELinux", "RACERIG_SHM", str(shm))
    assert list(shm.iterdir()) == []


def test_emulator_without_icount(explored, uri, tmp_path):
    explored("stock")
    fake = tmp_path / "qemu-system-x86_64"
    # Not before libvirtd has found its monitor: it would say "connection refused" then.
    fake.write_text("#!/bin/sh\ncase \"$*\" in\n*-icount*) sleep 1; echo 'qemu-system-x86_64: -icount: cannot "
                    f"configure icount, TCG support not available' >&2; exit 1 ;;\nesac\n"
                    f"exec {shutil.which('qemu-system-x86_64')} \"$@\"\n")
    fake.chmod(0o755)
    assert_refused(run_rig("hash", "fault-vs-alloc", "--connect", uri,
                           env={"PATH": f"{tmp_path}:{os.environ['PATH']}"}), "no icount", "TCG",
                   boots=1)  # nobody has a snapshot of an emulator never seen


@pytest.fixture(scope="session")
def remote_uri(uri, tmp_path_factory):
    """The same libvirtd, through an sshd of our own."""
    try:
        libvirtd.find_tool("nc")
        with sshd.running(tmp_path_factory.mktemp("ssh")) as there:
            yield (f"qemu+ssh://{there.user}@127.0.0.1:{there.port}/session?{urlsplit(uri).query}"
                   f"&keyfile={there.key}&command={there.ssh}")
    except libvirtd.Unavailable as reason:
        pytest.skip(str(reason))


def remote_folders():
    return set(Path("/dev/shm").glob("racerig-ssh-*"))


def assert_removed_there(before):
    """A shell over there removes the folder, when it hears that the connection has ended."""
    wait_until(lambda: remote_folders() <= before)


def test_remote_writes_the_same_bytes(explored, remote_uri):
    before = remote_folders()
    _, direct = explored("scratch-plain-store", "fault-vs-alloc", "--max-schedules", "4")
    _, remote = explored("scratch-plain-store", "fault-vs-alloc", "--max-schedules", "4",
                         "--connect", remote_uri)
    assert_same_runs(direct, remote)
    assert_removed_there(before)


def test_remote_hash_is_the_same(explored, remote_uri):
    explored("stock")
    direct = run_rig("hash", "fault-vs-alloc")
    remote = run_rig("hash", "fault-vs-alloc", "--connect", remote_uri)
    assert direct.returncode == 0 and (remote.returncode, remote.stdout) == (0, direct.stdout)


def test_nothing_is_left_on_the_other_host(explored, uri, remote_uri, tmp_path):
    explored("stock")
    before = remote_folders()
    rig = start_exploring(remote_uri, "/dev/shm", tmp_path)
    wait_until(lambda: domains(uri) != [] or rig.poll() is not None)
    assert rig.poll() is None, rig.stderr.read()
    rig.kill()
    rig.wait()
    wait_until(lambda: domains(uri) == [])
    assert_removed_there(before)


def test_ssh_that_asks_for_a_password(remote_uri, tmp_path):
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", tmp_path / "other"], check=True)
    stranger = "&".join(f"keyfile={tmp_path}/other" if word.startswith("keyfile=") else word
                        for word in remote_uri.split("&"))
    assert_refused(run_rig("hash", "fault-vs-alloc", "--connect", stranger), "without a password")
