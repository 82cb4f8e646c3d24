/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a scenario is made of.  A scenario is one .c file with one struct
 * scenario; PID 1 (init.c) finds it by name, sets up the arena, starts one
 * pinned thread per actor and parks it.
 */
#pragma once

#include <stdbool.h>

#include "guest-abi.h"

struct arena;

struct actor {
	const char *name;
	/* One kernel operation; its result is reported and compared. */
	int64_t (*run)(struct arena *arena);
	/* What a loop has to take back after it; or NULL. */
	void (*undo)(struct arena *arena);
};

struct scenario {
	const char *name;
	uint32_t n_pages;	/* watched pages of each arena */
	const int64_t *pages;	/* which, by number; NULL: the first ones */
	uint32_t n_arenas;	/* 0 means one, the one that setup and actors get */
	uint32_t max_entries;	/* pages of each arena; 0: more than are watched */
	bool has_deferred_work;		/* the kernel goes on with it when an operation has returned */
	/* What must be true before the race; 0 or a negative errno. */
	int (*setup)(struct arena *arena);
	struct actor actors[GUEST_MAX_ACTORS];	/* up to the first without a name */
};

/* Place a scenario where init.c finds it. */
#define SCENARIO(ident) \
	const struct scenario ident \
	__attribute__((used, section("scenarios"), aligned(8)))

/* What the rig wants of this guest, what it makes of it, and what goes on between them. */
extern struct guest_request guest_request;
extern struct guest_report guest_report;
extern volatile struct guest_control guest_control;

/* A marker: one kernel operation has returned. */
void guest_returned(int64_t result);

/* A marker: what comes now comes after all that the others have done up to theirs. */
void guest_sync(void);

/* What the calling actor tells the rig; NULL in setup. */
struct guest_actor *guest_self(void);

/* Stop with a message that the rig shows; does not return. */
void guest_fail(const char *format, ...)
	__attribute__((noreturn, format(printf, 1, 2)));
