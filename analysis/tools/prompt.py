#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""
A drgn prompt on a guest, with the arena helpers at hand.

  analysis/tools/prompt.py --qmp SOCKET --vmlinux VMLINUX
"""

import argparse
import os
import sys
from typing import Any

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

import drgn.cli

from analysis.helpers import arena
from analysis.helpers.guest import attach

BANNER = "arena.arenas(prog), arena.page_state(a, uaddr), … read what is frozen here; Ctrl-D leaves"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--qmp", required=True, help="QEMU's QMP socket")
    parser.add_argument("--vmlinux", required=True, help="the guest kernel with DWARF")
    args = parser.parse_args()
    try:
        prog = attach(args.qmp, args.vmlinux)
    except (OSError, ValueError) as error:
        print(f"prompt.py: {args.qmp}: {error}", file=sys.stderr)
        return 2

    def add_helpers(names: dict[str, Any]) -> dict[str, Any]:
        return {**names, "arena": arena}

    drgn.cli.run_interactive(prog, banner_func=lambda banner: f"{banner}\n{BANNER}",
                             globals_func=add_helpers)
    return 0


if __name__ == "__main__":
    sys.exit(main())
