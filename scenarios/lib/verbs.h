/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an actor can do, by name: the one table of verbs.  The rig parses and checks text with
 * it (rig/catalog/operations.h), the guest carries out the words that come of it (verb.h), and
 * `racerig list --verbs` prints it.
 *
 * An operation is one word: see operation_word().
 */
#pragma once

#include <stdint.h>

/* What stands behind a verb. */
enum verb_takes {
	TAKES_NOTHING,
	TAKES_ARENA,		/* its number, or nothing for the first */
	TAKES_PAGE,
	TAKES_ANY_PAGE,		/* … or one of the edges */
	TAKES_RANGE,		/* P, or P-Q */
	TAKES_NEW_RANGE,	/* … or "any NAME [COUNT]": what the kernel chooses, called NAME */
};

enum {
	VERB_DEFERS = 1,	/* the kernel has work left when it has returned */
	VERB_UNSEEN = 2,	/* no step of its own is an event */
	VERB_LAST = 4,		/* nothing comes after it */
	VERB_GETS_ONE = 8,	/* it has worked when it returns 1; else when that is not negative */
	VERB_VMAP = 16,		/* of subject vmap; else of arenas … */
	VERB_COMMON = 32,	/* … but for these, which all have, and of which nothing is seen */
	VERB_USER = 64,		/* it changes how many references there are to a page */
	VERB_MAPS = 128,	/* it changes its process's mappings */
};

/*
 * V(NAME, word, what it takes, flags, the verb that undoes it, effect and result).  KEEP undoes
 * what leaves nothing behind that a loop would have to take back.
 */
#define VERBS(V) \
	V(KEEP, "keep", NOTHING, VERB_COMMON, KEEP, "does nothing: it keeps its vCPU, and what it has") \
	V(SYNC, "sync", NOTHING, VERB_COMMON, KEEP, \
	  "waits until all have come to theirs or ended; what follows is done by one after another") \
	V(ALLOC, "alloc", NEW_RANGE, VERB_GETS_ONE, FREE, \
	  "bpf_arena_alloc_pages() of these pages, or where the kernel likes: 1, or 0 for none") \
	V(FREE, "free", RANGE, 0, ALLOC, "bpf_arena_free_pages(): 0") \
	V(FREE_NOSLEEP, "free-nosleep", RANGE, VERB_DEFERS, ALLOC, \
	  "the same where nothing may sleep: a kernel worker does it later") \
	V(RESERVE, "reserve", RANGE, 0, FREE, "bpf_arena_reserve_pages(): 0, or an errno") \
	V(READ, "read", PAGE, 0, KEEP, "a kfunc loads from an arena pointer: the word, lower half") \
	V(WRITE, "write", PAGE, 0, KEEP, "a kfunc stores to one: 0") \
	V(PEEK, "peek", ANY_PAGE, 0, KEEP, \
	  "a kfunc loads from a kernel address, under a program of the arena: the word") \
	V(POKE, "poke", ANY_PAGE, 0, KEEP, "it stores there: 0") \
	V(STRAY_READ, "stray-read", ANY_PAGE, 0, KEEP, \
	  "the same as peek under a program that has no arena") \
	V(STRAY_WRITE, "stray-write", ANY_PAGE, 0, KEEP, "the same as poke, so") \
	V(USER_READ, "user-read", PAGE, VERB_USER, DONTNEED, \
	  "user space loads: the word, or -14 for a signal") \
	V(USER_WRITE, "user-write", PAGE, VERB_USER, DONTNEED, \
	  "user space stores: 0, or -14 for a signal") \
	V(MMAP, "mmap", ARENA, VERB_USER | VERB_MAPS, MUNMAP, \
	  "maps the arena where it was: 0, or an errno") \
	V(MUNMAP, "munmap", ARENA, VERB_USER | VERB_MAPS, MMAP, \
	  "gives its process's mapping up: 0, or an errno") \
	V(DONTNEED, "dontneed", RANGE, VERB_USER, USER_READ, \
	  "madvise(MADV_DONTNEED): 0, or an errno") \
	V(PIN, "pin", PAGE, VERB_USER, UNPIN, \
	  "vmsplice() into a pipe: a reference without a PTE; 0, or an errno") \
	V(UNPIN, "unpin", NOTHING, VERB_UNSEEN | VERB_USER, PIN, \
	  "gives back what the actor has pinned: how many pages") \
	V(CLOSE, "close", ARENA, VERB_UNSEEN, OPEN, "closes its process's map descriptor: 0, or an errno") \
	V(OPEN, "open", ARENA, VERB_UNSEEN, CLOSE, "gets a new one: 0, or an errno") \
	V(EXIT, "exit", NOTHING, VERB_LAST | VERB_USER | VERB_MAPS, KEEP, \
	  "ends the actor's process, which must not be the first: 0") \
	V(MAP_VMAP, "vmap", PAGE, VERB_VMAP | VERB_GETS_ONE, UNMAP_VMAP, \
	  "vmap() of a new page by the vCPU of that number: 1, or 0 when it is elsewhere") \
	V(UNMAP_VMAP, "vunmap", PAGE, VERB_VMAP, MAP_VMAP, \
	  "vunmap() of it, whose flush is left to the purge, and the page is freed: 0, or an errno") \
	V(MAP_RAM, "vmap-ram", PAGE, VERB_VMAP | VERB_GETS_ONE, UNMAP_RAM, \
	  "the same by vm_map_ram(), in a block of its vCPU") \
	V(UNMAP_RAM, "vunmap-ram", PAGE, VERB_VMAP, MAP_RAM, "the same by vm_unmap_ram()") \
	V(PURGE, "purge", NOTHING, VERB_VMAP, KEEP, \
	  "vm_unmap_aliases(), which flushes all that was left to it: 20599 (VERB_PURGED)") \
	V(READ_VMAP, "vread", PAGE, VERB_VMAP, KEEP, \
	  "the kernel loads from its address: how often it was mapped by then, or -14 for a fault") \
	V(WRITE_VMAP, "vwrite", PAGE, VERB_VMAP, KEEP, "it stores there: 0, or -14")

/* What a purge returns, and no other verb: that it has returned is a fact of its own. */
enum { VERB_PURGED = 0x5077 };

/* Subjects by the name that scenarios have for them; each has verbs of its own. */
#define SUBJECTS(S) \
	S(ARENA, "arena") \
	S(VMAP, "vmap")

#define S(name, word) VERBS_OF_##name,
enum verb_subject { SUBJECTS(S) N_VERB_SUBJECTS };
#undef S

#define V(name, word, takes, flags, inverse, effect) VERB_##name,
enum verb { VERBS(V) N_VERBS };
#undef V

/* In a scenario with a variant that writes: what reads there, and what it is in the variant. */
#define TOUCHES(T) \
	T("touch", READ, WRITE) \
	T("touch-kernel", PEEK, POKE) \
	T("touch-stray", STRAY_READ, STRAY_WRITE) \
	T("touch-user", USER_READ, USER_WRITE)

/* Pages that have names: next to the arena's first page and to the last that is recovered. */
#define EDGES(E) \
	E(FIRST, "first", -1) \
	E(LAST, "last", (1 << 20) + 6) \
	E(UPPER, "upper", (1 << 20) - 1) \
	E(LOWER, "lower", -2)

#define E(name, word, page) EDGE_##name,
enum edge { EDGES(E) N_EDGES };
#undef E

enum {
	MAX_OPERATIONS = 32,	/* of an actor, the end included */
	MAX_NAMES = 8,		/* of what "any" has got, for all actors together */
	OPERATION_END = 0xff,	/* in place of a verb */
};

/*
 * One operation: verb in bits 0 to 7, arena 8 to 15, number of pages 16 to 23, name and one
 * (0: none, the page is a number) 24 to 31, page or offset in what is named 32 to 63.
 */
struct operation {
	uint8_t verb, arena, pages, name;
	int32_t page;
};

static inline uint64_t operation_word(struct operation op)
{
	return op.verb | (uint64_t)op.arena << 8 | (uint64_t)op.pages << 16 |
	       (uint64_t)op.name << 24 | (uint64_t)(uint32_t)op.page << 32;
}

static inline struct operation operation_of(uint64_t word)
{
	return (struct operation){ .verb = (uint8_t)word, .arena = (uint8_t)(word >> 8),
				   .pages = (uint8_t)(word >> 16), .name = (uint8_t)(word >> 24),
				   .page = (int32_t)(word >> 32) };
}
