/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * BPF arenas and the small programs that operate on them.
 *
 * Every verb is one operation on the calling thread's CPU.  Those of the kernel run
 * one BPF_PROG_TYPE_SYSCALL program through BPF_PROG_TEST_RUN.  Programs are raw
 * instructions: the guest build needs no BPF compiler.  One that needs a kfunc which
 * the kernel lacks returns -ENOSYS.
 *
 * Pages are numbered from 0, which is the arena's second.  Those below and above the
 * arena's 4 GiB lie in its guard zones, where only peeking gets to.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ARENA_PAGE_SIZE = 4096, ARENA_PAGES = 16 };

/* Next to the arena's first page and to its last; what is recovered ends with the guard. */
enum {
	ARENA_LOWER_GUARD = -2,
	ARENA_FIRST = -1,
	ARENA_UPPER_GUARD = (1 << 20) - 1,
	ARENA_LAST = ARENA_UPPER_GUARD + 7,
};

struct arena;

/*
 * Create the next arena, map it and load a program per verb and page.  @write: what
 * arena_kfunc_touch() is to do.
 */
struct arena *arena_new(uint32_t n_pages, bool write);

/* The @n-th arena there is, from 0. */
struct arena *arena_nth(uint32_t n);

uint32_t arena_map_id(const struct arena *arena);
uint64_t arena_page_addr(const struct arena *arena, int64_t page);

/* bpf_arena_alloc_pages() of exactly @page: 1 when it got it, else 0. */
int64_t arena_alloc(struct arena *arena, uint32_t page);

/* The same of all watched pages at once. */
int64_t arena_alloc_all(struct arena *arena);

/* bpf_arena_free_pages() of @page: always 0. */
int64_t arena_free(struct arena *arena, uint32_t page);

/* The same of all watched pages at once. */
int64_t arena_free_all(struct arena *arena);

/* bpf_arena_free_pages() where nothing may sleep: the kernel does it later. */
int64_t arena_free_deferred(struct arena *arena, uint32_t page);

/* bpf_arena_reserve_pages() of @page: 0, or the lower 32 bits of a negative errno. */
int64_t arena_reserve(struct arena *arena, uint32_t page);

/* A kfunc reads or writes the first 8 bytes of @page; the value, or 0. */
int64_t arena_kfunc_read(struct arena *arena, uint32_t page);
int64_t arena_kfunc_write(struct arena *arena, uint32_t page);

/* One of these: a read, or a write in a scenario's variant of that name. */
int64_t arena_kfunc_touch(struct arena *arena, uint32_t page);

/* The same with any page, the guards' included. */
int64_t arena_kfunc_peek(struct arena *arena, int64_t page);

/* A kfunc gets @page's kernel address from a program that has no arena. */
int64_t arena_stray_peek(struct arena *arena, int64_t page);

/* User space touches the first 8 bytes of @page: the value or 0, -EFAULT for SIGSEGV. */
int64_t arena_user_touch(struct arena *arena, uint32_t page);

/*
 * 8 bytes at any kernel @address by a kfunc: what was loaded, or 0.  By programs that no
 * arena knows of, and that outlive all of them.
 */
int64_t arena_kernel_load(uint64_t address);
int64_t arena_kernel_store(uint64_t address);

/* A page from the page allocator and back to it: its frame. */
int64_t arena_cycle_page(void);

/* The same by the calling thread; -EFAULT for SIGSEGV. */
int64_t arena_user_load(uint64_t address);
int64_t arena_user_store(uint64_t address);

/* Give up the mapping, the programs (and wait until they are gone), the map. */
int64_t arena_unmap(struct arena *arena);
void arena_drop_programs(struct arena *arena);
int64_t arena_close(struct arena *arena);
