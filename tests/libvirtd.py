#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
A libvirtd of our own, for as long as somebody needs one.

  tests/libvirtd.py COMMAND [WORD…]     runs it with RACERIG_CONNECT set to the URI

Exit code 77, with the reason, where no libvirtd can run.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Iterator, List, Optional

SECONDS = 60


class Unavailable(Exception):
    """Why no libvirtd (or sshd) can run here."""


def find_tool(*names: str) -> str:
    for name in names:
        found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        if found:
            return found
    raise Unavailable(f"no {' or '.join(names)} here (make setup installs it)")


def runtime_base() -> Optional[str]:
    """In memory, as /run is: libvirtd writes a file there whenever a guest stops or goes on."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def as_a_user() -> List[str]:
    """Root's libvirtd is the system's: in a user namespace root is a user like others."""
    dies_with_us = [find_tool("setpriv"), "--pdeathsig", "TERM"]
    if os.geteuid() != 0:
        return dies_with_us
    words = [find_tool("unshare"), "--user", "--map-user=1000"]
    tried = subprocess.run([*words, "true"], capture_output=True, text=True)
    if tried.returncode:
        raise Unavailable(f"root needs user namespaces: {tried.stderr.strip()}")
    return words + dies_with_us


# What makes a libvirtd the system's lies in fixed places: a mount namespace has its own.
SYSTEM = r"""
top=$1 daemon=$2 tini=$3
for name in passwd group; do cp "/etc/$name" "$top/$name"; done
grep -q ^libvirt-qemu: /etc/passwd || echo 'libvirt-qemu:x:64055:64055::/:/bin/false' >>"$top/passwd"
grep -q ^libvirt-qemu: /etc/group || echo 'libvirt-qemu:x:64055:' >>"$top/group"
grep -q ^kvm: /etc/group || echo 'kvm:x:64056:' >>"$top/group"
for name in passwd group; do mount --bind "$top/$name" "/etc/$name" || exit 1; done
for dir in /run /var/lib/libvirt /var/log/libvirt /var/cache/libvirt /etc/libvirt; do
	mkdir -p $dir && mount -t tmpfs tmpfs $dir || exit 1
done
printf 'stdio_handler = "file"\ncgroup_controllers = []\n' >/etc/libvirt/qemu.conf
# libvirtd waits until the emulators that it probed are gone, and here PID 1 may not reap them.
exec "$tini" -s -p SIGTERM -- setpriv --pdeathsig TERM "$daemon"
"""


@contextlib.contextmanager
def running_for_all() -> Iterator[str]:
    """The URI of a system libvirtd, in a mount namespace of its own; root's only."""
    daemon = find_tool("virtqemud", "libvirtd")
    if os.geteuid() != 0:
        raise Unavailable("only root can start a libvirtd for the whole system")
    with tempfile.TemporaryDirectory(prefix="rrlv-", dir=runtime_base()) as top:
        log = Path(top) / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [find_tool("unshare"), "--mount", "sh", "-c", SYSTEM, "sh", top, daemon,
                 find_tool("tini")],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True)
        try:
            found = wait_for_socket(process, Path(f"/proc/{process.pid}/root/run"), log)
            yield f"qemu:///system?socket={found}"
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def running() -> Iterator[str]:
    """The URI of a session libvirtd with a runtime folder of its own."""
    daemon = find_tool("virtqemud", "libvirtd")
    # Paths of sockets are short.
    top = Path(tempfile.mkdtemp(prefix="rrlv-", dir=runtime_base()))
    names = {"XDG_RUNTIME_DIR": "run", "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "cache",
             "XDG_DATA_HOME": "data", "HOME": "."}
    for name in names.values():
        (top / name).mkdir(exist_ok=True)
    (top / "config" / "libvirt").mkdir()
    # or a virtlogd starts, and stays
    (top / "config" / "libvirt" / "qemu.conf").write_text('stdio_handler = "file"\n')
    log = top / "log"
    try:
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*as_a_user(), daemon], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                start_new_session=True,
                env={**os.environ, **{key: str(top / name) for key, name in names.items()}})
        try:
            yield f"qemu:///session?socket={wait_for_socket(process, top / 'run', log)}"
        finally:
            stop(process)
    finally:
        shutil.rmtree(top, ignore_errors=True)


def wait_for_socket(process: "subprocess.Popen[bytes]", runtime: Path, log: Path) -> Path:
    for _ in range(SECONDS * 10):
        for name in ("virtqemud-sock", "libvirt-sock"):
            if (runtime / "libvirt" / name).is_socket():
                return runtime / "libvirt" / name
        if process.poll() is not None:
            break
        time.sleep(0.1)
    last = (log.read_text(errors="replace").strip().splitlines() or ["it says nothing"])[-1]
    raise Unavailable(f"libvirtd does not start here: {last}")


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        with running() as uri:
            return subprocess.run(sys.argv[1:], env={**os.environ, "RACERIG_CONNECT": uri}).returncode
    except Unavailable as reason:
        print(f"skipped: {reason}", file=sys.stderr)
        return 77


if __name__ == "__main__":
    sys.exit(main())
