# SPDX-License-Identifier: GPL-2.0-only
"""
Oracles, tested like kernels: event streams with one thing wrong in each, judged by `racerig check`
and labelled by a second model that shares no code with it.

  trace.py    a trace as data, and back as text
  model.py    what is wrong with a trace, from the statements of the invariants; slow
  rules.py    the ways to change a trace
  table.py    all of it, counted by invariant
"""
