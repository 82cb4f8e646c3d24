// SPDX-License-Identifier: GPL-2.0-only
/*
 * BPF arenas.  What is watched of them, and what is to be known of them when a schedule has ended,
 * analysis/helpers/subjects/arena.py says; their own invariants are beside this.
 */
#include "subject/subject.h"

static const Subject arena = {
	.name = "arena",
	.tells_success = true,
	.units = { "kernel/bpf/arena.c", "kernel/bpf/range_tree.c" },
};
SUBJECT(arena);
