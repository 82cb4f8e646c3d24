/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One BPF program: a few raw instructions around one kfunc, loaded once and run on the
 * calling thread's CPU, with what the context says.
 */
#pragma once

#include <stdint.h>

#include "guest-abi.h"

enum kfunc {
	KFUNC_ALLOC, KFUNC_FREE, KFUNC_FREE_NOSLEEP, KFUNC_RESERVE,
	KFUNC_READ, KFUNC_WRITE,		/* an arena pointer */
	KFUNC_ADDRESS,				/* of one, in the kernel */
	KFUNC_PEEK, KFUNC_POKE,			/* a kernel address */
	KFUNC_STRAY_PEEK, KFUNC_STRAY_POKE,	/* the same without an arena */
	KFUNC_CYCLE_PAGE,			/* a page from the allocator and back */
	KFUNC_READ_ELSEWHERE,			/* a kernel address, on every other CPU */
	KFUNC_VMAP_LEARN, KFUNC_VMAP_MAP, KFUNC_VMAP_UNMAP,	/* n_pages: 1 for vm_map_ram() */
	KFUNC_VMAP_PURGE,
	KFUNC_VMAP_READ, KFUNC_VMAP_WRITE,	/* the same address, and a fault is caught */
	N_KFUNCS
};

/* What a write stores. */
static const int32_t PROGRAM_WRITES = GUEST_CONTROL_STORES;

struct program {
	int fd;			/* -1: the kernel has no such kfunc, or not for this */
	uint32_t id;
};

/* What a program gets, and where it leaves what does not fit into its result. */
struct program_context {
	uint64_t address;	/* user address of an arena's page, or a kernel address */
	uint64_t n_pages;
	uint64_t value;		/* what was loaded, where it was allocated, the frame */
};

/* @map_fd: the arena that it is tied to. */
struct program program_load(enum kfunc kfunc, int map_fd);

void program_unload(struct program *program);

/* Until the kernel has let go of every program unloaded so far, and of its maps. */
void programs_wait_gone(void);

/* What it returns, or a negative errno; @context gets the value. */
int64_t program_run(const struct program *program, struct program_context *context);

/* 0, or a negative errno when it could not be run; what it has found is the context's value. */
int program_run64(const struct program *program, struct program_context *context);
