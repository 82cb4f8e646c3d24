/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the rig tells the guest and the guest the rig: one struct each, found by its
 * symbol in the guest binary, in guest memory.  Shared by both sides; bump the
 * version with every change.
 */
#pragma once

#include <stdint.h>

#include "verbs.h"

enum {
	GUEST_ABI_VERSION = 8,
	GUEST_MAX_ACTORS = 8,
	GUEST_MAX_PAGES = 8,
	GUEST_MAX_ARENAS = 2,
	GUEST_MAX_PROCESSES = 2,
	GUEST_NAME_SIZE = 32,
	GUEST_ERROR_SIZE = 192,
	GUEST_MARKER_BYTES = 1,
};

/* What to be; written by the rig at guest_booted().  A whole number of 8-byte words, in one page. */
struct guest_request {
	uint64_t version;
	char scenario[2 * GUEST_NAME_SIZE];
	uint64_t map_flags;	/* for the arena, besides its own */
	uint64_t stress_seconds;	/* 0: park; else let plain loops run as long */
	/* No scenario, but actors that run what guest_control.programs says: */
	struct guest_shape {
		uint64_t actors;	/* 0: it is a scenario */
		uint64_t pages;		/* watched ones of each arena, from the first on … */
		uint64_t edges;		/* … and these of the first arena: bits of enum edge */
		uint64_t arenas, processes;
		uint64_t exact;		/* 1: the arenas have the watched pages and no other */
		uint64_t homes;		/* process of each actor, 8 bits each */
		uint64_t subject;	/* enum verb_subject: which verbs the actors have */
		uint64_t ram;		/* vmap: 1: its pages are in blocks of vm_map_ram() */
	} shape;
};

/* The process that actor @i lives in: 0 is PID 1. */
static inline uint32_t guest_home(const struct guest_shape *shape, uint32_t i)
{
	return shape->homes >> 8 * i & 0xff;
}

/* A whole number of 8-byte words. */
struct guest_actor {
	char name[GUEST_NAME_SIZE];
	uint32_t cpu;		/* pinned there for ever */
	uint32_t returned;	/* 1 once the operation has returned */
	int64_t result;		/* what it returned */
	uint32_t program;	/* id of the BPF program it runs, or ran last */
	/* Bits of pages: */
	uint32_t reserved;	/* it has reserved them, and nobody may allocate them */
	uint32_t freed;		/* it has freed them */
	uint32_t wanted;	/* it has tried to allocate them, or used them in user space */
	uint64_t process;	/* that it lives in */
	uint64_t lacks;		/* number, from 1, of the operation of its text that this kernel has not */
};

/* No bigger than a page, and in one. */
struct guest_report {
	uint32_t version;
	uint32_t n_actors;
	uint32_t n_pages;
	uint32_t n_arenas;
	uint32_t arenas[GUEST_MAX_ARENAS];	/* bpf map ids */
	uint32_t has_deferred_work;	/* 1: the kernel has work left when an operation has returned */
	uint64_t module_text;	/* where racerig_kfuncs.ko's .text is */
	/*
	 * Watched addresses, user view; arena by arena, as many of each.  One below or
	 * above the arena means the guard zone there, which has no user view.  Of vmap: the
	 * kernel's addresses.
	 */
	uint64_t pages[GUEST_MAX_PAGES];
	struct guest_actor actors[GUEST_MAX_ACTORS];
	char error[GUEST_ERROR_SIZE];	/* why guest_failed() was reached */
};

enum {
	GUEST_CONTROL_NONE,
	GUEST_CONTROL_KERNEL_LOAD,	/* 8 bytes at address, by a kfunc */
	GUEST_CONTROL_KERNEL_STORE,	/* GUEST_CONTROL_STORES there */
	GUEST_CONTROL_USER_LOAD,	/* the same by the actor itself */
	GUEST_CONTROL_USER_STORE,
	GUEST_CONTROL_CYCLE_PAGE,	/* a page from the allocator and back to it: its frame */
	GUEST_CONTROL_UNMAP,		/* a page of user space that every vCPU may have cached */
	GUEST_CONTROL_ELSEWHERE,	/* 8 bytes at address, in an interrupt on every other vCPU */
	GUEST_CONTROL_SETUP,		/* one operation, the word at address, before the race */
	GUEST_CONTROL_STORES = 0x7ace,
};

/*
 * A touch of something watched, to see that the rig hears of it: written by the rig while an
 * actor stands at guest_park(), carried out by that actor, which then parks again.  A whole
 * number of 8-byte words, in one page.
 */
struct guest_control {
	uint64_t landing;	/* what a watched page maps meanwhile: its first word */
	uint64_t kind;
	uint64_t address;
	int64_t result;		/* what was loaded, the frame; else 0, or a negative errno */
	/* What the actors of a shape run: words of verbs.h up to OPERATION_END, written by the rig. */
	uint64_t programs[GUEST_MAX_ACTORS][MAX_OPERATIONS];
	uint64_t setup[MAX_OPERATIONS];	/* what comes first where nobody looks at results: in stress */
	uint64_t names[GUEST_MAX_ACTORS][MAX_NAMES];	/* where "any" was; 0: nowhere */
};

/*
 * Markers: functions the rig breaks on.  They start with a NOP of GUEST_MARKER_BYTES, which
 * it passes over instead of executing it.
 *   guest_booted  nothing is known of any scenario yet: the same for all of them
 *   guest_failed  setup went wrong, report.error says how
 *   guest_ready   every actor thread exists and waits for go
 *   guest_park    an actor, right before its operation; while guest_control.kind is set
 *                 it does that instead, and comes back
 *   guest_returned(result)  a kernel operation has returned to the program
 *   guest_sync    an actor waits for the others; the rig says when it goes on
 *   guest_done    an actor, right after it; what follows is a sleep
 */
