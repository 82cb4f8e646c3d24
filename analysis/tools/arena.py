#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
Show the BPF arenas of a running guest: scratch page, PTEs, range tree.

  analysis/tools/arena.py --qmp SOCKET --vmlinux VMLINUX [--pages N]
"""

import argparse
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

from analysis.helpers import arena
from analysis.helpers.arch import PAGE_SIZE
from analysis.helpers.guest import attach


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--qmp", required=True, help="QEMU's QMP socket")
    parser.add_argument("--vmlinux", required=True, help="the guest kernel with DWARF")
    parser.add_argument("--pages", type=int, default=4, help="pages to show of each arena")
    args = parser.parse_args()
    try:
        prog = attach(args.qmp, args.vmlinux)
    except (OSError, ValueError) as error:
        print(f"arena.py: {args.qmp}: {error}", file=sys.stderr)
        return 2
    for found in arena.arenas(prog):
        scratch = arena.scratch_pfn(found)
        print(f"arena {found.map.id.value_()} at {found.value_():#x}")
        print(f"  kern_vm_start {arena.kern_vm_start(found):#x}")
        print(f"  user_vm_start {found.user_vm_start.value_():#x}")
        counted = arena.pages_counted(found)
        print(f"  nr_pages      {'not counted' if counted is None else counted}")
        if scratch is None:
            print("  scratch page  none")
        else:
            print(f"  scratch page  pfn {scratch:#x} refcount {arena.scratch_refcount(found)}")
        start = found.user_vm_start.value_()
        for i in range(min(args.pages, found.map.max_entries.value_())):
            state = arena.page_state(found, start + i * PAGE_SIZE)
            maps = "none" if state.pfn is None else f"pfn {state.pfn:#x}"
            if state.pfn is not None and state.pfn == scratch:
                maps += " (scratch)"
            tree = "free" if state.free else "allocated"
            print(f"  page {i} {state.uaddr:#x} pte {state.pte:#018x} {maps}, {tree}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
