# SPDX-License-Identifier: GPL-2.0-only
"""Bad input: one clear line, exit code 2, nothing left behind."""

import os
import shutil
import stat
import subprocess

import pytest
from conftest import TOP, run_rig, verdict


def assert_refused(result, *parts):
    assert result.returncode == 2, result.stdout + result.stderr
    lines = [line for line in result.stderr.splitlines() if line]
    assert len(lines) == 1, result.stderr
    for part in parts:
        assert part in lines[0]


@pytest.mark.parametrize(
    "words, parts",
    [
        (["frobnicate"], ["no command 'frobnicate'"]),
        (["explore"], ["racerig explore --help"]),
        (["explore", "nothing"], ["no scenario 'nothing'", "fault-vs-alloc"]),
        (["explore", "fault-vs-alloc", "--kernel", "nope"], ["no kernel 'nope'", "stock"]),
        (["explore", "fault-vs-alloc", "--policy", "luck"], ["no policy 'luck'", "dfs"]),
        (["explore", "fault-vs-alloc", "--max-time", "soon"], ["--max-time 'soon'", "90s"]),
        (["explore", "fault-vs-alloc", "--max-schedules", "-1"], ["positive"]),
        (["explore", "fault-vs-alloc", "--jobs", "0"], ["--jobs 0", "1 to 64"]),
        (["explore", "fault-vs-alloc", "--policy", "pct", "--preemptions", "1"], ["only dfs and dpor"]),
        (["minimise", "/nonexistent.sched"], ["/nonexistent.sched"]),
        (["minimise", "x.sched", "--out", "/dev/full"], ["/dev/full: no regular file", "another name"]),
        (["replay", "x.sched", "--kernel", "stock", "--out", "/"], ["/: a folder"]),
        (["pack", "stock", "--out", "/dev/full"], ["/dev/full: no regular file"]),
        (["list", "--windows", "nothing"], ["no scenario 'nothing'"]),
        (["replay", "/nonexistent.sched"], ["/nonexistent.sched"]),
        (["replay", "Makefile"], ["Makefile:1: no schedule"]),
        (["kernel", "build", "no-such"], ["no kernel 'no-such'"]),
        (["kernel", "build", "no such"], ["'no such' is no name of a kernel"]),
        (["kernel", "build", "mine", "--tree", "/nonexistent"], ["/nonexistent"]),
        (["kernel", "build", "mine", "--patch", "/nonexistent"], ["/nonexistent"]),
        (["kernel", "build", "stock", "--patch", "Makefile"], ["'stock' is one of ours"]),
    ],
)
def test_words(words, parts):
    assert_refused(run_rig(*words), *parts)


def test_unbuilt_kernel_says_how(tmp_path):
    result = run_rig("explore", "fault-vs-alloc", env={"XDG_CACHE_HOME": str(tmp_path)})
    assert_refused(result, "kernel 'stock' is not built", "racerig kernel build stock")


def test_truncated_schedule(tmp_path):
    path = tmp_path / "cut.sched"
    path.write_text("racerig-schedule 5\nscenario s\nkernel stock 0\nactors a\nrun a retu")
    assert_refused(run_rig("replay", path), "cut.sched", "truncated")


def test_out_folder_of_somebody_else(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    result = run_rig("explore", "fault-vs-alloc", "--out", tmp_path)
    assert_refused(result, str(tmp_path), "--out")
    assert os.listdir(tmp_path) == ["thesis.tex"]


def fake_tool(folder, name, script):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@pytest.mark.parametrize("line", ["actors = a;\\", "preemptions = \\q", "title = \\"])
def test_a_value_that_cannot_be_read(line, tmp_path):
    """Found by fuzzing: GLib says that there is none, so the line did not count."""
    data = tmp_path / "data"
    shutil.copytree(TOP / "scenarios", data / "scenarios")
    (data / "guest-kernel").symlink_to(TOP / "guest-kernel")
    key = line.split()[0]
    path = data / "scenarios" / "fault-vs-alloc.scenario"
    lines = [old for old in path.read_text().splitlines() if not old.startswith(f"{key} =")]
    lines.insert(lines.index("[scenario]") + 1, line)
    path.write_text("\n".join(lines) + "\n")
    result = run_rig("list", env={"RACERIG_DATA": str(data)})
    assert_refused(result, f"fault-vs-alloc.scenario:{lines.index(line) + 1}: [scenario] {key}", "backslash")


def test_missing_qemu(tmp_path):
    env = {"PATH": "/nonexistent:" + str(tmp_path)}
    for tool in ("sh", "sed", "sort", "head", "tail", "sha256sum", "cut", "gcc", "cat",
                 "basename", "dirname", "tr", "ls", "nproc"):
        os.symlink(f"/usr/bin/{tool}", tmp_path / tool)
    assert_refused(run_rig("explore", "fault-vs-alloc", env=env), "qemu-system-x86")


@pytest.mark.parametrize("words", [("explore", "fault-vs-alloc"), ("suite",),
                                   ("verify", "--patch", "Makefile")])
@pytest.mark.parametrize("what, part", [("nonexistent", "no such executable"),
                                        ("folder", "no such executable"),
                                        ("text", "no such executable"),
                                        ("other", "no QEMU, by what it says to --version")])
def test_file_that_is_no_qemu(words, what, part, tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "text").write_text("QEMU emulator version 9.9.9\n")
    fake_tool(tmp_path, "other", "echo qemu-img version 9.9.9")
    for chosen, env in ((["--qemu", tmp_path / what], {}),
                        ([], {"RACERIG_QEMU": str(tmp_path / what)})):
        result = run_rig(*words, "--out", tmp_path / "run", *chosen, env=env)
        assert_refused(result, str(tmp_path / what), part, "--qemu or RACERIG_QEMU")
    assert not (tmp_path / "run").exists()


def test_qemu_of_another_cpu(tmp_path):
    i386 = shutil.which("qemu-system-i386")
    if not i386:
        pytest.skip("no qemu-system-i386 here")
    result = run_rig("explore", "fault-vs-alloc", "--out", tmp_path / "run", "--qemu", i386)
    assert result.returncode == 2 and "emulates i386; name a qemu-system-x86_64" in result.stderr


def test_chosen_qemu_runs_and_is_part_of_the_snapshot(tmp_path):
    """Two programs of one version are two emulators, and the suite's children get the one chosen."""
    real = shutil.which("qemu-system-x86_64")
    for name in ("one", "two"):
        fake_tool(tmp_path, name, f'echo {name} >>{tmp_path}/{name}.log; exec {real} "$@"')
    snapshots = set()
    for name in ("one", "two"):
        result = run_rig("suite", "-s", "fault-vs-alloc", "-k", "stock", "--out", tmp_path / name[0],
                         "--qemu", tmp_path / name, env={"RACERIG_QEMU": "/nonexistent"})
        assert result.returncode == 0, result.stdout + result.stderr
        assert (tmp_path / f"{name}.log").read_text().count(name) >= 3
        out = tmp_path / name[0] / "runs" / "fault-vs-alloc" / "stock"
        snapshots.add((out / "journal").read_text().splitlines()[0])
        assert verdict(out)["environment"]["qemu"] in subprocess.run(
            [real, "--version"], capture_output=True, text=True).stdout
    assert len(snapshots) == 2


def test_broken_qemu(tmp_path):
    env = fake_tool(tmp_path, "qemu-system-x86_64",
                    '[ "$1" = --version ] && exec echo QEMU emulator version 9.9.9; '
                    'echo "no such option" >&2; exit 1')
    result = run_rig("explore", "fault-vs-alloc", env=env)
    assert result.returncode == 2 and "no such option" in result.stderr


def test_old_qemu(tmp_path):
    # Speaks just enough QMP, on the descriptor it inherits, to tell its age.
    (tmp_path / "fake.py").write_text("""
import json, socket, sys
if "--version" in sys.argv:
    sys.exit(print("QEMU emulator version 6.0.1"))
qmp = socket.socket(fileno=11).makefile("rw")
for line in qmp:
    version = {"qemu": {"major": 6, "minor": 0, "micro": 1}}
    answer = version if "query-version" in line else {}
    print(json.dumps({"return": answer}), file=qmp, flush=True)
""")
    env = fake_tool(tmp_path, "qemu-system-x86_64", f'exec python3 {tmp_path}/fake.py "$@"')
    result = run_rig("explore", "fault-vs-alloc", env=env)
    assert result.returncode == 2
    assert "QEMU 6.0.1 is too old: 7.2 or newer is needed" in result.stderr


def other_guest(tmp_path, initramfs):
    """The rig's data with another initramfs."""
    data = tmp_path / "data"
    (data / "build" / "guest").mkdir(parents=True)
    for name in ("guest-kernel", "scenarios", "analysis"):
        os.symlink(TOP / name, data / name)
    os.symlink(TOP / "build" / "guest" / "init", data / "build" / "guest" / "init")
    (data / "build" / "guest" / "init.cpio").write_bytes(initramfs)
    return {"RACERIG_DATA": str(data)}


def test_kernel_that_panics_at_boot(tmp_path):
    # No init in the initramfs: a real kernel, a real panic.
    result = run_rig("explore", "fault-vs-alloc", "--out", tmp_path / "run",
                     env=other_guest(tmp_path, b""))
    assert result.returncode == 2
    assert "kernel stock: the guest panicked at boot" in result.stderr
    assert not (tmp_path / "run").exists()


def test_guest_that_never_reaches_its_marker(tmp_path):
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "init.c").write_text("#include <unistd.h>\nint main(void) { for (;;) pause(); }")
    # Somewhere else than the real one, so that no marker's address is in it.
    subprocess.run(["gcc", "-static", "-Wl,-Ttext-segment=0x10000000", "-o", root / "init",
                    tmp_path / "init.c"], check=True)
    initramfs = subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], input=b"init\n", cwd=root,
                               capture_output=True, check=True).stdout
    env = {**other_guest(tmp_path, initramfs), "RACERIG_BOOT_SECONDS": "20"}
    result = run_rig("explore", "fault-vs-alloc", "--out", tmp_path / "run", env=env)
    assert result.returncode == 2
    assert "never reached its marker; its console ends with: " in result.stderr
    assert not (tmp_path / "run").exists()


def test_patch_that_does_not_apply(tmp_path):
    patch = tmp_path / "old.patch"
    patch.write_text("--- a/kernel/bpf/arena.c\n+++ b/kernel/bpf/arena.c\n"
                     "@@ -1,1 +1,1 @@\n-no such line\n+another\n")
    result = run_rig("kernel", "build", "tests-old-patch", "--patch", patch)
    assert result.returncode == 2
    assert "old.patch does not apply to linux-source-7.3" in result.stderr
    assert "tests-old-patch" not in run_rig("list").stdout
