# SPDX-License-Identifier: GPL-2.0-only
"""Attaching drgn to a running QEMU guest."""

from typing import Optional, Protocol

from drgn import Program

from analysis.helpers.arch import DIRECT_MAP, KERNEL_MAP, KERNEL_MAP_SIZE, platform
from analysis.helpers.qmp import MonitorMemory


class Memory(Protocol):
    """A guest's physical memory, from 0 on."""

    def size(self) -> int:
        """How many bytes."""

    def forget(self) -> None:
        """The guest may have run."""

    def read(self, address: int, count: int, offset: int = 0, physical: bool = True) -> bytes:
        """In the shape that :meth:`drgn.Program.add_memory_segment` wants."""


def read_vmcoreinfo(memory: Memory, vmlinux: str) -> bytes:
    """
    What the kernel says of itself for debuggers, from its own variable.

    drgn alone would ask QEMU for a dump, and the event that announces one ends
    libvirtd (9.0).
    """
    prog = Program()
    kernel = prog.extra_module("vmlinux", create=True)
    kernel.address_range = (KERNEL_MAP, KERNEL_MAP + KERNEL_MAP_SIZE)
    kernel.try_file(vmlinux)

    def word(name: str) -> int:
        # drgn has moved the kernel to the start of the range it was given
        address = (prog.symbol(name).address - (kernel.loaded_file_bias or 0)) % 2**64
        found = memory.read(address - KERNEL_MAP, 8)
        return int.from_bytes(found, "little")

    data = word("vmcoreinfo_data")
    if not DIRECT_MAP <= data < DIRECT_MAP + memory.size():
        raise ValueError(f"{vmlinux} is not the kernel that runs there")
    return memory.read(data - DIRECT_MAP, word("vmcoreinfo_size"))


def attach(qmp: str, vmlinux: str, memory: Optional[Memory] = None) -> Program:
    """
    Attach over the QMP socket *qmp* with the symbols of *vmlinux*.

    Memory is read from the QEMU process directly, or from *memory*; it is never cached by drgn.
    """
    monitor = None if memory else MonitorMemory(qmp)
    found = monitor or memory
    assert found
    vmcoreinfo = read_vmcoreinfo(found, vmlinux)
    prog = Program(platform(), vmcoreinfo=vmcoreinfo)
    if memory:
        prog.add_memory_segment(0, memory.size(), memory.read, True)
    elif monitor:
        monitor.close()
        prog.set_qemu_qmp(qmp)
    prog.set_linux_kernel_custom(vmcoreinfo, True)
    prog.load_debug_info([vmlinux])
    return prog
