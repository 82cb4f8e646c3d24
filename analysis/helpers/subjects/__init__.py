# SPDX-License-Identifier: GPL-2.0-only
"""
The subjects.  Every other module here is one, and nothing else names it.

A subject has four functions:

  describe(prog, request)      what is to be watched, and what it wants to know again at the end;
                               "groups" of the request are its objects as the guest reported them,
                               "pages" are [group, address as programs have it]
  survey(prog, keep)           what of it is no event: words of its structs, PTEs of processes
  failures(prog, keep)         the files in which its code makes calls that may fail, and the names of
                               its locks that may be given up
  end(prog, keep)              the state at the end of a schedule: the facts that rig/check/ judges
"""

import pkgutil
from importlib import import_module
from types import ModuleType
from typing import List


def names() -> List[str]:
    """All of them, sorted."""
    return sorted(module.name for module in pkgutil.iter_modules(__path__))


def find(name: str) -> ModuleType:
    """LookupError when there is none of that name."""
    if name not in names():
        raise LookupError(f"no subject {name!r} (there are: {', '.join(names())})")
    return import_module(f"{__name__}.{name}")
