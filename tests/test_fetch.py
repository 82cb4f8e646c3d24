# SPDX-License-Identifier: GPL-2.0-only
"""Fetching a kernel source: a mirror of our own, one suite out of step, one absent, one good."""

import hashlib
import os
import shutil
import subprocess

import pytest
from conftest import TOP

FETCH = TOP / "guest-kernel" / "fetch"

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("apt-get", "gpg", "dpkg-deb"))), reason="needs apt, gpg and dpkg-deb")


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def package(mirror, name, version):
    """A source package as Debian has it, of three files; its stanza in Packages."""
    root = mirror / "root"
    tree = root / "linux"
    tree.mkdir(parents=True)
    for file in ("Kbuild", "Makefile", "README"):
        (tree / file).write_text(f"{name} {version}\n")
    where = root / "deb" / "usr" / "src"
    where.mkdir(parents=True)
    subprocess.run(["tar", "cJf", where / f"{name}.tar.xz", "-C", root, "linux"], check=True)
    control = root / "deb" / "DEBIAN" / "control"
    control.parent.mkdir()
    stanza = (f"Package: {name}\nVersion: {version}\nArchitecture: all\n"
              "Maintainer: nobody\nDescription: a tree\n")
    control.write_text(stanza)
    deb = mirror / f"{name}.deb"
    subprocess.run(["dpkg-deb", "-b", root / "deb", deb], check=True, capture_output=True)
    shutil.rmtree(root)
    return f"{stanza}Filename: {deb.name}\nSize: {deb.stat().st_size}\nSHA256: {sha256(deb)}\n"


def suite(mirror, gnupg, name, packages):
    dist = mirror / "dists" / name
    lists = dist / "main" / "binary-amd64" / "Packages"
    lists.parent.mkdir(parents=True)
    lists.write_text("\n".join(packages))
    release = dist / "Release"
    release.write_text(f"""Origin: Debian
Suite: {name}
Codename: {name}
Date: Wed, 01 Jan 2020 00:00:00 UTC
Architectures: amd64 all
Components: main
SHA256:
 {sha256(lists)} {lists.stat().st_size} main/binary-amd64/Packages
""")
    subprocess.run(["gpg", "--homedir", gnupg, "--batch", "--clearsign", "-o", dist / "InRelease",
                    release], check=True, capture_output=True)


@pytest.fixture(scope="module")
def mirror(tmp_path_factory):
    """linux-source-8.1 is in sid alone, 8.0 in a suite whose lists are older than its Release."""
    top = tmp_path_factory.mktemp("mirror")
    gnupg = top / "gnupg"
    gnupg.mkdir(mode=0o700)
    gpg = ["gpg", "--homedir", gnupg, "--batch", "--quiet"]
    try:
        subprocess.run([*gpg, "--passphrase", "", "--quick-gen-key", "tests", "rsa3072", "sign"],
                       check=True, capture_output=True)
        keyring = top / "keyring.gpg"
        subprocess.run([*gpg, "--export", "-o", keyring], check=True)
        site = top / "site"
        site.mkdir()
        suite(site, gnupg, "trixie", [package(site, "linux-source-8.0", "8.0-1")])
        with open(site / "dists" / "trixie" / "main" / "binary-amd64" / "Packages", "a") as lists:
            lists.write("\n")
        suite(site, gnupg, "sid", [package(site, "linux-source-8.1", "8.1-1")])
        yield {"RACERIG_MIRROR": f"file://{site}", "RACERIG_KEYRING": str(keyring)}
    finally:
        subprocess.run(["gpgconf", "--homedir", gnupg, "--kill", "all"], capture_output=True)


def fetch(tmp_path, env, *words):
    env = {**os.environ, **env, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    return subprocess.run([FETCH, *words], capture_output=True, text=True, env=env)


def refusal(result):
    """The one line beside the progress."""
    lines = [line for line in result.stderr.splitlines() if not line.startswith("  FETCH")]
    assert result.returncode == 2 and not result.stdout and len(lines) == 1, result.stderr
    return lines[0]


def test_suites_without_it_do_not_matter(tmp_path, mirror):
    """No trixie-backports here, a broken trixie, and the package in sid."""
    result = fetch(tmp_path, mirror, "linux-source-8.1")
    assert result.returncode == 0, result.stderr
    folder = tmp_path / "cache" / "racerig" / "sources" / "linux-source-8.1_8.1-1"
    assert result.stdout == f"{folder}\n"
    assert (folder / "linux" / "README").read_text() == "linux-source-8.1 8.1-1\n"
    # what is there is not asked for again
    gone = {**mirror, "RACERIG_MIRROR": "file:///nonexistent"}
    assert fetch(tmp_path, gone, "linux-source-8.1").stdout == result.stdout


def test_what_cannot_be_had_says_why(tmp_path, mirror):
    line = refusal(fetch(tmp_path, mirror, "linux-source-8.0"))
    for part in ("cannot get linux-source-8.0", "trixie-backports: ", "; trixie: ", "sid has none"):
        assert part in line
    assert not list((tmp_path / "cache" / "racerig" / "sources").glob("linux-*"))


def test_a_mirror_with_another_key(tmp_path, mirror):
    keys = tmp_path / "other.gpg"
    keys.write_bytes(b"")
    line = refusal(fetch(tmp_path, {**mirror, "RACERIG_KEYRING": str(keys)}, "linux-source-8.1"))
    assert "sid: " in line


def test_a_build_stops_there(tmp_path, mirror):
    """And says what fetch said: nothing goes on with an empty folder."""
    env = {**os.environ, **mirror, "XDG_CACHE_HOME": str(tmp_path / "cache")}
    for words in (["stock"], ["--check", "stock"]):
        result = subprocess.run([TOP / "guest-kernel" / "build", *words], capture_output=True,
                                text=True, env=env)
        assert "cannot get linux-source-7.3" in refusal(result)
