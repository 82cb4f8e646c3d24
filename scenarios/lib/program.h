/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One BPF program: a few raw instructions around one kfunc, loaded once and run on the
 * calling thread's CPU.
 */
#pragma once

#include <stdint.h>

#include "guest-abi.h"

enum verb {
	VERB_ALLOC, VERB_ALLOC_ALL, VERB_FREE, VERB_FREE_ALL, VERB_FREE_DEFERRED, VERB_RESERVE,
	VERB_READ, VERB_WRITE,			/* an arena pointer */
	VERB_ADDRESS,				/* of one, in the kernel */
	VERB_PEEK, VERB_POKE,			/* a kernel address */
	VERB_STRAY_PEEK, VERB_STRAY_POKE,	/* the same without an arena */
	VERB_CYCLE_PAGE,			/* a page from the allocator and back */
	N_VERBS
};

/* What a write stores. */
static const int32_t PROGRAM_WRITES = GUEST_CONTROL_STORES;

struct program {
	int fd;			/* -1: the kernel has no such kfunc, or not for this */
	uint32_t id;
};

struct program_spec {
	enum verb verb;
	int map_fd;		/* the arena that the program is tied to */
	uint64_t addr;		/* user address of its page */
	uint32_t n_pages;
};

struct program program_load(const struct program_spec *spec);

void program_unload(struct program *program);

/* Until the kernel has let go of every program unloaded so far, and of its maps. */
void programs_wait_gone(void);

/* What it returns, or a negative errno. */
int64_t program_run(const struct program *program);

/* With @argument instead of the address it was loaded for; all 64 bits of the result. */
uint64_t program_run64(const struct program *program, uint64_t argument);
