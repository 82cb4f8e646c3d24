# SPDX-License-Identifier: GPL-2.0-only
"""A guest's physical memory as QEMU's own monitor shows it: the long way, which always works."""

import json
import re
import socket
from typing import Any, Dict

PAGE = 4096


class MonitorMemory:
    """
    Physical memory read a page at a time over the QMP socket *path*.

    Pages are kept until :meth:`forget`: call it whenever the guest may have run.
    """

    def __init__(self, path: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(path)
        self._lines = self._socket.makefile("r")
        self._pages: Dict[int, bytes] = {}
        self._lines.readline()  # the greeting
        self.execute("qmp_capabilities")

    def close(self) -> None:
        self._lines.close()
        self._socket.close()

    def execute(self, command: str, **arguments: Any) -> Any:
        request = {"execute": command, "arguments": arguments}
        self._socket.sendall(json.dumps(request).encode() + b"\n")
        for line in self._lines:
            answer = json.loads(line)
            if "return" in answer:
                return answer["return"]
            if "error" in answer:
                raise ValueError(f"{command}: {answer['error']['desc']}")
        raise EOFError(f"{command}: QEMU closed the connection")

    def size(self) -> int:
        return int(self.execute("query-memory-size-summary")["base-memory"])

    def forget(self) -> None:
        self._pages.clear()

    def _page(self, address: int) -> bytes:
        if address not in self._pages:
            line = f"xp /{PAGE // 8}gx {address:#x}"
            text = self.execute("human-monitor-command", **{"command-line": line})
            words = re.findall(r"0x([0-9a-f]{16})", text)
            if len(words) != PAGE // 8:
                raise ValueError(f"{line}: {text.strip()}")
            self._pages[address] = b"".join(int(w, 16).to_bytes(8, "little") for w in words)
        return self._pages[address]

    def read(self, address: int, count: int, offset: int = 0, physical: bool = True) -> bytes:
        """In the shape that :meth:`drgn.Program.add_memory_segment` wants."""
        start = address - address % PAGE
        pages = range(start, address + count, PAGE)
        found = b"".join(self._page(page) for page in pages)
        return found[address - start : address - start + count]
