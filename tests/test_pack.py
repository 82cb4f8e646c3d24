# SPDX-License-Identifier: GPL-2.0-only
"""A kernel, its guest and its snapshots in one file, and machines that have nothing else."""

import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import tarfile

import pytest
from conftest import PYTHON, TOP, run_rig, verdict
from test_formats import validator
from test_input import assert_refused
from test_shard import assert_same

#: One worker makes the pack, and the node.
pytestmark = pytest.mark.xdist_group("pack")
CACHE = PYTHON.parents[2]

WORDS = ("--scenario", "fault-vs-alloc")
KERNELS = ("stock", "scratch-plain-store")
SUITE = ("suite", *WORDS, "--kernel", KERNELS[0], "--kernel", KERNELS[1])
#: What a node has: a shell, what scripts ask of a POSIX system, and QEMU.
PROGRAMS = ("sh", "env", "sed", "cat", "head", "tail", "cut", "tr", "sort", "basename", "dirname", "sha256sum",
            "stat", "nproc", "mktemp", "rm", "paste", "qemu-system-x86_64", "qemu-img")


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    out = tmp_path_factory.mktemp("pack") / "two.pack"
    result = run_rig("pack", "--out", out, *WORDS, *KERNELS)
    assert result.returncode == 0, result.stderr
    return out


@pytest.fixture(scope="module")
def node(tmp_path_factory, pack):
    """A rig as it is installed, without a guest of its own, an empty cache, and no compiler."""
    top = tmp_path_factory.mktemp("node")
    subprocess.run(["make", "-s", "install", f"DESTDIR={top / 'root'}", "PREFIX=/usr"], cwd=TOP, check=True,
                   capture_output=True)
    shutil.rmtree(top / "root" / "usr" / "lib" / "racerig" / "guest")
    (top / "bin").mkdir()
    for name in PROGRAMS:
        found = shutil.which(name)
        assert found, name
        (top / "bin" / name).symlink_to(found)
    env = {"PATH": str(top / "bin"), "HOME": str(top), "XDG_CACHE_HOME": str(top / "cache"),
           "RACERIG_PYTHON": str(PYTHON)}

    def run(*words, **more):
        return subprocess.run([top / "root" / "usr" / "bin" / "racerig", *map(str, words)], cwd=top,
                              env={**env, **more}, capture_output=True, text=True, timeout=600)

    assert_refused(run(*SUITE, "--out", "x"), "is not built")
    result = run("unpack", pack)
    assert result.returncode == 0, result.stderr
    return run


def test_a_node_runs_its_shard(node, tmp_path):
    """Without compiler, source, guest and boot of its own it says what the machine that packed says."""
    parts = [tmp_path / f"{index}" for index in (1, 2)]
    for index, out in enumerate(parts, 1):
        result = node(*SUITE, "--shard", f"{index}/2", "--out", out)
        assert result.returncode == 0, result.stdout + result.stderr
        assert "booting" not in result.stderr
    result = node("merge", *parts, "--out", tmp_path / "merged")
    assert result.returncode == 0, result.stderr
    whole = run_rig(*SUITE, "--out", tmp_path / "whole")
    assert whole.returncode == 0, whole.stdout + whole.stderr
    assert_same(tmp_path / "whole", tmp_path / "merged")
    lines = json.loads(next((tmp_path / "merged").rglob("sources.json")).read_text())["files"]
    assert "kernel/bpf/arena.c" in lines


def test_the_same_pack_again(node, pack, tmp_path):
    """What is there and the same is left alone; what decides a pack's bytes is what is in it."""
    assert node("unpack", pack).returncode == 0
    result = run_rig("pack", "--out", tmp_path / "again.pack", *WORDS, *KERNELS)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "again.pack").read_bytes() == pack.read_bytes()
    address = manifest_of(pack)[0]
    assert address in result.stdout
    assert node("unpack", "--pack", address, pack).returncode == 0
    assert_refused(node("unpack", "--pack", "0" * 64, pack), f"it is pack {address}, and not 0000")


def test_a_kernel_of_ones_own(node, tmp_path):
    """Where its tree and its patches are not, its name and its title are."""
    cache = tmp_path / "cache" / "racerig"
    cache.mkdir(parents=True)
    for name in ("builds", "images", "sources", "snapshots"):
        (cache / name).symlink_to(CACHE / name)
    here = {"XDG_CACHE_HOME": str(tmp_path / "cache"), "RACERIG_PYTHON": str(PYTHON)}
    patch = TOP / "guest-kernel" / "mutants" / "scratch-plain-store.patch"
    result = run_rig("kernel", "build", "mine", "--patch", patch, env=here)
    assert result.returncode == 0, result.stderr
    result = run_rig("pack", "--out", tmp_path / "own.pack", *WORDS, "mine", env=here)
    assert result.returncode == 0, result.stderr
    result = node("unpack", tmp_path / "own.pack")
    assert result.returncode == 0, result.stderr
    for run, out in ((lambda *words: run_rig(*words, env=here), "here"), (node, "there")):
        result = run("explore", "fault-vs-alloc", "--kernel", "mine", "--out", tmp_path / out / "mine")
        assert result.returncode in (0, 1), result.stderr
    assert_same(tmp_path / "here" / "mine", tmp_path / "there" / "mine")
    assert verdict(tmp_path / "there" / "mine")["kernel_title"].endswith("scratch-plain-store.patch")
    # and on from there
    result = node("pack", "--out", tmp_path / "again.pack", *WORDS, "mine")
    assert result.returncode == 0, result.stderr
    assert manifest_of(tmp_path / "again.pack") == manifest_of(tmp_path / "own.pack")
    # which is no reason to lose one's own
    result = run_rig("unpack", tmp_path / "own.pack", env=here)
    assert_refused(result, "this machine has a kernel of its own that is called mine")


def test_an_emulator_that_does_not_fit(node, tmp_path):
    """The same program with one byte more is another one: its snapshots would not be these."""
    other = tmp_path / "qemu-system-x86_64"
    other.write_bytes(open(shutil.which("qemu-system-x86_64"), "rb").read() + b"\0")
    other.chmod(0o755)
    result = node(*SUITE, "--shard", "2/2", "--out", tmp_path / "out", RACERIG_QEMU=str(other))
    assert_refused(result, "shard 2/2 is refused: the snapshots of kernel")
    assert "QEMU emulator version" in result.stderr and not (tmp_path / "out").exists()
    result = node("explore", "fault-vs-alloc", "--split", "2", "--shard", "1/2", "--out", tmp_path / "out",
                  RACERIG_QEMU=str(other))
    assert_refused(result, "shard 1/2 is refused")
    # one that the pack has no snapshot for
    result = node("suite", "--scenario", "fault-vs-alloc-vs-free", "--kernel", "stock", "--shard", "1/1", "--out",
                  tmp_path / "out")
    assert_refused(result, "shard 1/1 is refused: the pack that kernel stock came in has no whole snapshot for "
                           "scenario fault-vs-alloc-vs-free")


def test_the_schema(pack):
    validator("pack").validate(manifest_of(pack)[1])


# --- a stranger's pack --------------------------------------------------------


def manifest_of(path):
    with tarfile.open(path) as archive:
        text = archive.extractfile("manifest.json").read()
    return hashlib.sha256(text).hexdigest(), json.loads(text)


def small(change=lambda manifest: None, members=(), contents=b"one line\n", name=None):
    """A pack that holds one small file, as bytes; @members: (TarInfo, bytes) that come first."""
    _, manifest = small.template
    digest = hashlib.sha256(b"one line\n").hexdigest()
    manifest = json.loads(json.dumps(manifest))
    manifest["files"] = [{"path": "builds/0123456789abcdef/config", "size": 9, "sha256": digest}]
    change(manifest)
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        def add(info, data):
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        add(tarfile.TarInfo("manifest.json"), json.dumps(manifest).encode())
        for info, data in members:
            add(info, data)
        add(tarfile.TarInfo(name or f"objects/{digest}"), contents)
    return gzip.compress(raw.getvalue())


@pytest.fixture()
def template(pack):
    small.template = manifest_of(pack)


def link(name, to, kind=tarfile.SYMTYPE):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, to
    return info, b""


def set_file(**values):
    return lambda manifest: manifest["files"][0].update(values)


def set_kernel(**values):
    return lambda manifest: manifest["kernels"][0].update(values)


def disk(at=0, value=b"", name="0123456789abcdef"):
    """A pack whose one file is a snapshot: its qcow2 header with something else at one place."""
    header = bytearray(b"QFI\xfb\0\0\0\3" + bytes(96))
    header[at:at + len(value)] = value
    digest = hashlib.sha256(header).hexdigest()
    return dict(contents=bytes(header), name=f"objects/{digest}",
                change=set_file(path=f"snapshots/{name}.qcow2", size=len(header), sha256=digest))


OWN = {"image": "0" * 16, "ram": "", "title": "t", "has": [], "excuses": []}
BAD = [
    (dict(change=set_file(path="../../.bashrc")), "a pack has no file"),
    (dict(change=set_file(path="/etc/passwd")), "a pack has no file"),
    (dict(change=set_file(path="builds/0123456789abcdef/src/../../../x")), "a pack has no file"),
    (dict(change=set_file(path="builds/0123456789abcdef/src/.git/config")), "a pack has no file"),
    (dict(change=set_file(path="builds/0123456789abcdef/build")), "a pack has no file"),
    (dict(change=set_file(path="kernels/mine.kernel")), "a pack has no file"),
    (dict(change=set_file(path="venv/bin/python")), "a pack has no file"),
    (dict(change=set_file(path="snapshots/0123.qcow2")), "a pack has no file"),
    (dict(change=set_file(size=10)), "says another size"),
    (dict(change=set_file(size=-1)), "size"),
    (dict(change=set_file(sha256="..")), "no SHA-256"),
    (dict(change=lambda manifest: manifest["files"].append(manifest["files"][0])), "later one"),
    (dict(contents=b"two line\n"), "damaged: its contents"),
    (disk(0, b"x"), "no snapshot"),
    (disk(15, b"\x70"), "needs other files"),
    (disk(19, b"\x0b"), "needs other files"),
    (disk(79, b"\4"), "needs other files"),
    (dict(name="objects/../../x"), "knows no member"),
    (dict(name="objects/" + "0" * 64), "knows no member"),
    (dict(members=[link("objects/x", "/etc/passwd")]), "no regular file"),
    (dict(members=[link("objects/x", "manifest.json", tarfile.LNKTYPE)]), "no regular file"),
    (dict(members=[link("objects", "", tarfile.DIRTYPE)]), "no regular file"),
    (dict(members=[link("x", "", tarfile.FIFOTYPE)]), "no regular file"),
    (dict(change=lambda manifest: manifest.update(machine="aarch64")), "for machines of aarch64, this is"),
    (dict(change=lambda manifest: manifest.update(version="0.0.1")), "racerig 0.0.1 packed it, this is"),
    (dict(change=lambda manifest: manifest.update({"racerig-pack": 99})), "racerig-pack"),
    (dict(change=lambda manifest: manifest.update(guest="../x")), "no SHA-256"),
    (dict(change=set_kernel(name="../x")), "no name of a kernel"),
    (dict(change=set_kernel(source="../x")), "no package and version"),
    (dict(change=set_kernel(source="$(reboot)")), "no package and version"),
    (dict(change=set_kernel(**OWN)), "racerig has a kernel that is called"),
    (dict(change=set_kernel(**OWN, map_flags="0x1\ntree = /")), "map_flags"),
    (dict(change=set_kernel(**{**OWN, "ram": "64\ncc = reboot"})), "ram"),
    (dict(change=set_kernel(**{**OWN, "title": "a\nb"})), "no line of text"),
    (dict(change=set_kernel(**{**OWN, "has": ["../x"]})), "no name of a"),
]


def assert_nothing(cache):
    left = [path for path in cache.rglob("*") if path.is_file() or path.is_symlink()] if cache.exists() else []
    assert left == []


@pytest.mark.parametrize("what, why", BAD)
def test_a_bad_pack(template, tmp_path, what, why):
    """One line, and nothing of it anywhere."""
    (tmp_path / "bad.pack").write_bytes(small(**what))
    result = run_rig("unpack", tmp_path / "bad.pack", env={"XDG_CACHE_HOME": str(tmp_path / "cache")})
    assert_refused(result, why)
    assert "bad.pack" in result.stderr
    assert_nothing(tmp_path / "cache")


def test_a_pack_that_was_cut_off(template, tmp_path):
    whole = small()
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    for length in (0, 1, 30, len(whole) // 2, len(whole) - 100):
        (tmp_path / "cut.pack").write_bytes(whole[:length])
        result = run_rig("unpack", tmp_path / "cut.pack", env=env)
        assert result.returncode == 2 and len(result.stderr.splitlines()) == 1, result.stderr
        assert "cut.pack" in result.stderr
        assert_nothing(tmp_path / "cache")
    (tmp_path / "cut.pack").write_bytes(whole)
    assert run_rig("unpack", tmp_path / "cut.pack", env=env).returncode == 0
    # so would the disk be, were it not for what is wrong with the others
    (tmp_path / "disk.pack").write_bytes(small(**disk()))
    assert run_rig("unpack", tmp_path / "disk.pack", env=env).returncode == 0
    # a kernel whose key this checkout does not come to is none
    listed = json.loads(run_rig("list", "--json", env=env).stdout)["kernels"]
    assert not any(kernel.get("key") for kernel in listed)


def test_what_is_there_and_another_one(template, tmp_path):
    env = {"XDG_CACHE_HOME": str(tmp_path / "cache")}
    there = tmp_path / "cache" / "racerig" / "builds" / "0123456789abcdef" / "config"
    there.parent.mkdir(parents=True)
    there.write_text("another")
    (tmp_path / "some.pack").write_bytes(small())
    assert_refused(run_rig("unpack", tmp_path / "some.pack", env=env), "is there already, and is another one")
    assert there.read_text() == "another" and not list((tmp_path / "cache" / "racerig" / "packed").iterdir())


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="mounting takes root")
def test_a_full_disk(pack, tmp_path):
    """Both ways: what cannot be written whole is not there."""
    (tmp_path / "small").mkdir()
    script = f"mount -t tmpfs -o size=1m none {tmp_path}/small; " + '"$@"; code=$?; ls -A "$0"; exit $code'
    inside = ["unshare", "--mount", "sh", "-c", script, tmp_path / "small"]
    rig = TOP / "build" / "racerig"
    for words, env in ((["pack", "--out", tmp_path / "small" / "x.pack", *WORDS, "stock"], {}),
                       (["unpack", pack], {"XDG_CACHE_HOME": str(tmp_path / "small")})):
        result = subprocess.run([*inside, rig, *words], capture_output=True, text=True, timeout=300,
                                env={**os.environ, **env})
        assert result.returncode == 2 and "No space left on device" in result.stderr, result.stderr
        assert len(result.stderr.splitlines()) == 1, result.stderr
        assert "x.pack" not in result.stdout
