# SPDX-License-Identifier: GPL-2.0-only
"""The guest's processor is behind one seam: nothing outside knows it, and without one the rig refuses."""

import subprocess

import pytest

from conftest import RIG, TOP, built

# What tells of what is on the disk, and asks no guest and none of its words.
ANYWHERE = {"list", "setup", "doctor", "cache", "kernel"}
REFUSAL = "racerig: not on this machine: the rig was built for no processor; build it without CPU=none\n"


@pytest.fixture(scope="module")
def on_none():
    return built("on-none")


def commands(binary):
    lines = subprocess.run([binary, "help"], capture_output=True, text=True, check=True).stdout.splitlines()
    return [line.split()[0] for line in lines if line.startswith("  ")]


def test_without_a_processor_each_command_refuses(on_none, tmp_path):
    asked = set(commands(on_none)) - ANYWHERE
    assert {"explore", "replay", "trace", "check", "report", "suite", "hunt"} <= asked
    for command in sorted(asked):
        result = subprocess.run([on_none, command, "fault-vs-alloc"], capture_output=True, text=True,
                                cwd=tmp_path)
        assert (result.returncode, result.stdout, result.stderr) == (2, "", REFUSAL), command
    assert not list(tmp_path.iterdir())


def test_what_needs_no_processor_goes_on(on_none):
    words = ("list", "--json")
    of_both = [subprocess.run([binary, *words], capture_output=True, text=True) for binary in (RIG, on_none)]
    assert [result.returncode for result in of_both] == [0, 0]
    assert of_both[0].stdout == of_both[1].stdout

    doctor = subprocess.run([on_none, "doctor"], capture_output=True, text=True)
    assert doctor.returncode != 0 and "BAD  emulator    not on this machine" in doctor.stdout

    windows = subprocess.run([on_none, "list", "--windows", "fault-vs-alloc"], capture_output=True, text=True)
    assert (windows.returncode, windows.stdout, windows.stderr) == (2, "", REFUSAL)


def test_nothing_else_decodes(on_none):
    used = [subprocess.run(["nm", "-D", "--undefined-only", binary], capture_output=True, text=True,
                           check=True).stdout for binary in (RIG, on_none)]
    assert ["cs_disasm_iter" in symbols for symbols in used] == [True, False]


@pytest.mark.parametrize("line, what", [
    ("guint64 rsp = regs->general[7];", "a register: rsp"),
    ("/* CR8 holds them. */", "a register: CR8"),
    ("/* Before the CLI. */", "a mnemonic: CLI"),
    ("if (pte & PTE_PRESENT)", "a bit of a PTE: PTE_PRESENT"),
    ("pfn = pte >> 12;", "the size of a page: >> 12"),
    ('add("-machine", "pc");', 'a machine of QEMU\'s: "pc"'),
    ('name = "qemu-system-x86_64";', "a machine of QEMU's: qemu-system-x86_64"),
    ('find("asm_exc_page_fault");', "a symbol of one kernel: asm_exc_page_fault"),
    ("if (insn->id == X86_INS_MOV)", "a decoder: X86_INS_MOV"),
])
def test_a_word_of_one_processor_is_found(tmp_path, line, what):
    for folder in ("rig/step", "rig/arch"):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "new.c").write_text(f"// one\n{line}\n")
    result = subprocess.run([TOP / "tests" / "check-arch", tmp_path], capture_output=True, text=True)
    kind, found = what.split(": ", 1)
    assert result.stdout == f"check-arch: rig/step/new.c:2: {kind} outside rig/arch: {found}\n"
    assert result.returncode == 1


@pytest.mark.parametrize("line", ["present = pte & PTE_PRESENT", "pfn = pte >> 12", "PAGE_SIZE = 4096",
                                  "prog = Program(Platform(Architecture.X86_64))"])
def test_the_format_of_a_pte_has_one_module(tmp_path, line):
    (tmp_path / "rig").mkdir()
    (tmp_path / "analysis" / "helpers").mkdir(parents=True)
    for name in ("arch.py", "arena.py"):
        (tmp_path / "analysis" / "helpers" / name).write_text(f"{line}\n")
    result = subprocess.run([TOP / "tests" / "check-arch", tmp_path], capture_output=True, text=True)
    assert result.returncode == 1
    assert [found.split(":")[1].strip() for found in result.stdout.splitlines()] == ["analysis/helpers/arena.py"]
