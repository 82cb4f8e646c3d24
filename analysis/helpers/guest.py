# SPDX-License-Identifier: GPL-2.0-only
"""Attaching drgn to a running QEMU guest."""

from drgn import Program


def attach(qmp: str, vmlinux: str) -> Program:
    """
    Attach over the QMP socket *qmp* with the symbols of *vmlinux*.

    The guest needs ``-device vmcoreinfo`` and CONFIG_FW_CFG_SYSFS.  Memory is
    read from the QEMU process directly, and never cached by drgn.
    """
    prog = Program()
    prog.set_qemu_qmp(qmp)
    prog.load_debug_info([vmlinux])
    return prog
