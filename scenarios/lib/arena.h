/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One BPF arena and the small programs that operate on it.
 *
 * Every verb runs one BPF_PROG_TYPE_SYSCALL program through BPF_PROG_TEST_RUN
 * on the calling thread's CPU, so one call is one kernel operation.  Programs
 * are raw instructions: the guest build needs no BPF compiler.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { ARENA_PAGE_SIZE = 4096, ARENA_PAGES = 16 };

struct arena;

/* Create the arena, map it and load a program per verb and watched page. */
struct arena *arena_new(uint32_t n_pages);

uint32_t arena_map_id(const struct arena *arena);
uint64_t arena_page_addr(const struct arena *arena, uint32_t page);

/* bpf_arena_alloc_pages() of exactly @page: 1 when it got it, else 0. */
int64_t arena_alloc(struct arena *arena, uint32_t page);

/* bpf_arena_free_pages() of @page: always 0. */
int64_t arena_free(struct arena *arena, uint32_t page);

/* A kfunc reads or writes the first 8 bytes of @page; the value, or 0. */
int64_t arena_kfunc_read(struct arena *arena, uint32_t page);
int64_t arena_kfunc_write(struct arena *arena, uint32_t page);
