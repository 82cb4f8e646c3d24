// SPDX-License-Identifier: GPL-2.0-only
#include "arena.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "bpf.h"
#include "guest.h"
#include "program.h"

/* Where user space maps the first one; each inside one 4 GiB window, as the kernel wants. */
static const uint64_t USER_BASE = 0x100000000ull, USER_WINDOW = 0x100000000ull;

struct arena {
	int map_fd;
	uint32_t map_id;
	uint32_t n_pages;
	uint64_t user_base;
	uint64_t kernel_base;	/* of the kernel's view of the same window */
	bool write;
	struct program progs[VERB_STRAY_PEEK][GUEST_MAX_PAGES];
};

static struct arena *all[GUEST_MAX_ARENAS];
static uint32_t n_all;

/* Those that are tied to no arena. */
static struct program common[N_VERBS];

/* Where an actor's user access goes on after SIGSEGV. */
static __thread sigjmp_buf segv_return;

static void on_segv(int signal)
{
	(void)signal;
	siglongjmp(segv_return, 1);
}

/*
 * The page table that the arena's user pages will be in: it is there before the first of them
 * is, and stays for as long as this neighbour does, so its PTEs can be watched.
 */
static void make_page_table(const struct arena *arena)
{
	char *next = (char *)arena->user_base + ARENA_PAGES * ARENA_PAGE_SIZE;

	if (mmap(next, ARENA_PAGE_SIZE, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		guest_fail("mapping a page behind the arena: %s", strerror(errno));
	*(volatile char *)next = 1;
}

static void map_arena(struct arena *arena)
{
	const struct bpf_map_spec spec = {
		.type = BPF_ARENA, .name = "arena", .max_entries = ARENA_PAGES,
		.flags = BPF_F_MMAPABLE | guest_request.map_flags, .extra = arena->user_base,
	};

	arena->map_fd = bpf_map_new(&spec);
	if (arena->map_fd < 0)
		guest_fail("creating the arena: %s", strerror(errno));
	if (mmap((void *)arena->user_base, ARENA_PAGES * ARENA_PAGE_SIZE, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_FIXED, arena->map_fd, 0) == MAP_FAILED)
		guest_fail("mapping the arena: %s", strerror(errno));
	arena->map_id = bpf_map_id(arena->map_fd);
	make_page_table(arena);
}

static bool is_range(enum verb verb)
{
	return verb == VERB_ALLOC_ALL || verb == VERB_FREE_ALL;
}

static void load_programs(struct arena *arena)
{
	uint64_t first = arena_page_addr(arena, 0);

	for (uint32_t page = 0; page < arena->n_pages; page++)
		for (int verb = 0; verb < VERB_STRAY_PEEK; verb++) {
			struct program_spec spec = {
				.verb = verb, .map_fd = arena->map_fd, .n_pages = 1,
				.addr = arena_page_addr(arena, page),
			};
			/* Some go by no page, and every program makes the guest bigger to look at. */
			if (page && (is_range(verb) || verb >= VERB_ADDRESS)) {
				arena->progs[verb][page].fd = -1;
				continue;
			}
			if (is_range(verb))
				spec.n_pages = arena->n_pages;
			arena->progs[verb][page] = program_load(&spec);
		}
	arena->kernel_base = program_run64(&arena->progs[VERB_ADDRESS][0], 0) -
			     (first - arena->user_base);
}

static void load_common(void)
{
	for (int verb = VERB_STRAY_PEEK; verb < N_VERBS; verb++)
		common[verb] = program_load(&(struct program_spec){ .verb = verb });
}

struct arena *arena_new(uint32_t n_pages, bool write)
{
	struct arena *arena = calloc(1, sizeof(*arena));
	struct sigaction action = { .sa_handler = on_segv, .sa_flags = SA_NODEFER };

	arena->n_pages = n_pages;
	arena->write = write;
	arena->user_base = USER_BASE + n_all * USER_WINDOW;
	if (!n_all)
		load_common();
	all[n_all++] = arena;
	map_arena(arena);
	load_programs(arena);
	sigaction(SIGSEGV, &action, NULL);
	return arena;
}

struct arena *arena_nth(uint32_t n)
{
	return all[n];
}

uint32_t arena_map_id(const struct arena *arena)
{
	return arena->map_id;
}

uint64_t arena_page_addr(const struct arena *arena, int64_t page)
{
	/* The arena's own first page would be a NULL arena pointer: free refuses it. */
	return arena->user_base + (page + 1) * ARENA_PAGE_SIZE;
}

/* Setup tells nobody. */
static struct guest_actor *tell(void)
{
	static struct guest_actor nobody;

	return guest_self() ? guest_self() : &nobody;
}

int64_t arena_alloc(struct arena *arena, uint32_t page)
{
	tell()->wanted |= 1u << page;
	return program_run(&arena->progs[VERB_ALLOC][page]);
}

int64_t arena_alloc_all(struct arena *arena)
{
	tell()->wanted = ~0u;
	return program_run(&arena->progs[VERB_ALLOC_ALL][0]);
}

int64_t arena_free(struct arena *arena, uint32_t page)
{
	tell()->freed |= 1u << page;
	return program_run(&arena->progs[VERB_FREE][page]);
}

int64_t arena_free_all(struct arena *arena)
{
	tell()->freed = ~0u;
	return program_run(&arena->progs[VERB_FREE_ALL][0]);
}

int64_t arena_free_deferred(struct arena *arena, uint32_t page)
{
	tell()->freed |= 1u << page;
	return program_run(&arena->progs[VERB_FREE_DEFERRED][page]);
}

int64_t arena_reserve(struct arena *arena, uint32_t page)
{
	int64_t result = program_run(&arena->progs[VERB_RESERVE][page]);

	if (result == 0)
		tell()->reserved |= 1u << page;
	return result;
}

int64_t arena_kfunc_read(struct arena *arena, uint32_t page)
{
	return program_run(&arena->progs[VERB_READ][page]);
}

int64_t arena_kfunc_write(struct arena *arena, uint32_t page)
{
	return program_run(&arena->progs[VERB_WRITE][page]);
}

int64_t arena_kfunc_touch(struct arena *arena, uint32_t page)
{
	return (arena->write ? arena_kfunc_write : arena_kfunc_read)(arena, page);
}

static uint64_t kernel_addr(const struct arena *arena, int64_t page)
{
	return arena->kernel_base + (arena_page_addr(arena, page) - arena->user_base);
}

int64_t arena_kfunc_peek(struct arena *arena, int64_t page)
{
	enum verb verb = arena->write ? VERB_POKE : VERB_PEEK;

	return program_run64(&arena->progs[verb][0], kernel_addr(arena, page));
}

int64_t arena_stray_peek(struct arena *arena, int64_t page)
{
	enum verb verb = arena->write ? VERB_STRAY_POKE : VERB_STRAY_PEEK;

	return program_run64(&common[verb], kernel_addr(arena, page));
}

int64_t arena_user_load(uint64_t address)
{
	if (sigsetjmp(segv_return, 0))
		return -EFAULT;
	return *(volatile uint64_t *)address;
}

int64_t arena_user_store(uint64_t address)
{
	if (sigsetjmp(segv_return, 0))
		return -EFAULT;
	*(volatile uint64_t *)address = PROGRAM_WRITES;
	return 0;
}

int64_t arena_user_touch(struct arena *arena, uint32_t page)
{
	tell()->wanted |= 1u << page;
	return (arena->write ? arena_user_store : arena_user_load)(arena_page_addr(arena, page));
}

int64_t arena_kernel_load(uint64_t address)
{
	return program_run64(&common[VERB_STRAY_PEEK], address);
}

int64_t arena_kernel_store(uint64_t address)
{
	return program_run64(&common[VERB_STRAY_POKE], address);
}

int64_t arena_cycle_page(void)
{
	return program_run64(&common[VERB_CYCLE_PAGE], 0);
}

int64_t arena_unmap(struct arena *arena)
{
	return munmap((void *)arena->user_base, ARENA_PAGES * ARENA_PAGE_SIZE) ? -errno : 0;
}

void arena_drop_programs(struct arena *arena)
{
	for (uint32_t page = 0; page < arena->n_pages; page++)
		for (int verb = 0; verb < VERB_STRAY_PEEK; verb++)
			program_unload(&arena->progs[verb][page]);
	programs_wait_gone();
}

int64_t arena_close(struct arena *arena)
{
	return close(arena->map_fd) ? -errno : 0;
}
