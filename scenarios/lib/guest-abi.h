/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the guest tells the rig: one struct, found by its symbol in the guest
 * binary and read from guest memory.  Shared by both sides; bump the version
 * with every change.
 */
#pragma once

#include <stdint.h>

enum {
	GUEST_ABI_VERSION = 1,
	GUEST_MAX_ACTORS = 8,
	GUEST_MAX_PAGES = 8,
	GUEST_NAME_SIZE = 32,
	GUEST_ERROR_SIZE = 192,
};

struct guest_actor {
	char name[GUEST_NAME_SIZE];
	uint32_t cpu;		/* pinned there for ever */
	uint32_t returned;	/* 1 once the operation has returned */
	int64_t result;		/* what it returned */
};

struct guest_report {
	uint32_t version;
	uint32_t n_actors;
	uint32_t n_pages;
	uint32_t arena_id;	/* bpf map id */
	uint64_t module_text;	/* where racerig_kfuncs.ko's .text is */
	uint64_t pages[GUEST_MAX_PAGES];	/* watched addresses, user view */
	struct guest_actor actors[GUEST_MAX_ACTORS];
	char error[GUEST_ERROR_SIZE];	/* why guest_failed() was reached */
};

/*
 * Markers: empty functions the rig breaks on.
 *   guest_failed  setup went wrong, report.error says how
 *   guest_ready   every actor thread exists and waits for go
 *   guest_park    an actor, right before its operation
 *   guest_returned(result)  a kernel operation has returned to the program
 *   guest_done    an actor, right after it (again and again)
 */
