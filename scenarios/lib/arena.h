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

enum { ARENA_PAGE_SIZE = 4096, ARENA_PAGES = 16, ARENA_FIRST = -1 };

struct arena;

/*
 * Create the next arena, map it and load its programs.  @pages: those that are watched, by
 * number; NULL: the first @n_pages.  @max_entries: how many it has, the first included.
 * @write: what touching is to do.
 */
struct arena *arena_new(const int64_t *pages, uint32_t n_pages, uint32_t max_entries, bool write);

/* The @n-th arena there is, from 0. */
struct arena *arena_nth(uint32_t n);

uint32_t arena_map_id(const struct arena *arena);
uint64_t arena_page_addr(const struct arena *arena, int64_t page);

/* And back. */
int64_t arena_page_at(const struct arena *arena, uint64_t addr);

/* bpf_arena_alloc_pages() of exactly @n pages from @page on: 1 when it got them, else 0. */
int64_t arena_alloc(struct arena *arena, int64_t page, uint32_t n);

/* The same of any @n pages; *@ret_addr is where they are, or 0. */
int64_t arena_alloc_any(struct arena *arena, uint32_t n, uint64_t *ret_addr);

/* bpf_arena_free_pages(): always 0. */
int64_t arena_free(struct arena *arena, int64_t page, uint32_t n);

/* The same where nothing may sleep: the kernel does it later. */
int64_t arena_free_nosleep(struct arena *arena, int64_t page, uint32_t n);

/* bpf_arena_reserve_pages(): 0, or the lower 32 bits of a negative errno. */
int64_t arena_reserve(struct arena *arena, int64_t page, uint32_t n);

/* A kfunc reads or writes the first 8 bytes of @page; the value, or 0. */
int64_t arena_kfunc_read(struct arena *arena, int64_t page);
int64_t arena_kfunc_write(struct arena *arena, int64_t page);

/* The same by its kernel address, in any page, the guards' included. */
int64_t arena_peek(struct arena *arena, int64_t page);
int64_t arena_poke(struct arena *arena, int64_t page);

/* The same by a program that has no arena. */
int64_t arena_stray_peek(struct arena *arena, int64_t page);
int64_t arena_stray_poke(struct arena *arena, int64_t page);

/* User space is about to use @page, which it may get a new one at: said before it does. */
void arena_want(struct arena *arena, int64_t page);

/* User space does: the value or 0, -EFAULT for SIGSEGV or SIGBUS. */
int64_t arena_user_read(struct arena *arena, int64_t page);
int64_t arena_user_write(struct arena *arena, int64_t page);

/* One of them: a write in a scenario's variant of that name. */
int64_t arena_user_touch(struct arena *arena, int64_t page);

/*
 * 8 bytes at any kernel @address by a kfunc: what was loaded, or 0.  By programs that no
 * arena knows of, and that outlive all of them.
 */
int64_t arena_kernel_load(uint64_t address);
int64_t arena_kernel_store(uint64_t address);

/* A page from the page allocator and back to it: its frame. */
int64_t arena_cycle_page(void);

/* What is at a kernel address, read in an interrupt on every other CPU. */
int64_t arena_load_elsewhere(uint64_t address);

/* The same by the calling thread; -EFAULT for SIGSEGV. */
int64_t arena_user_load(uint64_t address);
int64_t arena_user_store(uint64_t address);

/* What arena_kernel_load() and the like take; the first arena does it, too. */
void arena_load_common(void);

/* All of them, in a process that has just been forked: an arena's mapping is not passed on. */
void arena_map_all(void);

/* The calling process's mapping, and pages of it: 0 or a negative errno. */
int64_t arena_map(struct arena *arena);
int64_t arena_unmap(struct arena *arena);
int64_t arena_dontneed(struct arena *arena, int64_t page, uint32_t n);

/* The calling process's descriptor: 0 or a negative errno. */
int64_t arena_close(struct arena *arena);
int64_t arena_open(struct arena *arena);

/* Give up the programs, and wait until they are gone. */
void arena_drop_programs(struct arena *arena);
