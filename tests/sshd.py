# SPDX-License-Identifier: GPL-2.0-only
"""An sshd of our own on this machine, for as long as somebody needs one."""

import contextlib
import os
import subprocess
import time
from pathlib import Path
from typing import Iterator, NamedTuple

from libvirtd import Unavailable, find_tool, stop

START_S = 10


class Sshd(NamedTuple):
    """How to get in, without a question."""
    user: str
    port: int
    key: Path
    #: An ssh that knows the host, and nothing of the user's configuration.
    ssh: Path


@contextlib.contextmanager
def running(top: Path) -> Iterator[Sshd]:
    """Its files are in @top."""
    daemon = find_tool("sshd")
    if os.geteuid() == 0:
        os.makedirs("/run/sshd", exist_ok=True)
    for name in ("host", "key"):
        subprocess.run([find_tool("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-f", top / name], check=True)
    port = 20000 + os.getpid() % 10000
    (top / "conf").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {top}/host\nAuthorizedKeysFile {top}/key.pub\n"
        "StrictModes no\nUsePAM no\nPidFile none\nPasswordAuthentication no\n")
    (top / "ssh").write_text(
        f"#!/bin/sh\nexec ssh -F none -oUserKnownHostsFile={top}/known -oStrictHostKeyChecking=no "
        '-oLogLevel=ERROR "$@"\n')
    (top / "ssh").chmod(0o755)
    with (top / "log").open("w") as log:
        server = subprocess.Popen([daemon, "-D", "-e", "-f", top / "conf"], stderr=log)
    try:
        deadline = time.monotonic() + START_S
        while "listening on" not in (top / "log").read_text():
            if server.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"no sshd can run here: {(top / 'log').read_text().strip()}")
            time.sleep(0.05)
        user = subprocess.run(["id", "-un"], capture_output=True, text=True).stdout.strip()
        yield Sshd(user, port, top / "key", top / "ssh")
    finally:
        stop(server)
