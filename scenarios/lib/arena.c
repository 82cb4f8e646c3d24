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
	int map_fd;		/* of the calling process; -1: closed */
	uint32_t map_id;
	const int64_t *pages;	/* watched, or NULL: the first ones */
	uint32_t n_pages;
	uint32_t first_bit;	/* of its pages, among those of all arenas */
	uint32_t max_entries;
	uint64_t user_base;
	uint64_t kernel_base;	/* of the kernel's view of the same window */
	bool write;
	struct program progs[KFUNC_STRAY_PEEK];
};

static struct arena *all[GUEST_MAX_ARENAS];
static uint32_t n_all;

/* Those that are tied to no arena. */
static struct program common[KFUNC_READ_ELSEWHERE + 1];

/* Where an actor's user access goes on after a signal. */
static __thread sigjmp_buf signal_return;

static void on_signal(int signal)
{
	(void)signal;
	siglongjmp(signal_return, 1);
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

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal, .sa_flags = SA_NODEFER };

	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

static void make_map(struct arena *arena)
{
	const struct bpf_map_spec spec = {
		.type = BPF_ARENA, .name = "arena", .max_entries = arena->max_entries,
		.flags = BPF_F_MMAPABLE | guest_request.map_flags, .extra = arena->user_base,
	};

	arena->map_fd = bpf_map_new(&spec);
	if (arena->map_fd < 0)
		guest_fail("creating the arena: %s", strerror(errno));
	int64_t err = arena_map(arena);
	if (err)
		guest_fail("mapping the arena: %s", strerror(-err));
	arena->map_id = bpf_map_id(arena->map_fd);
	make_page_table(arena);
}

static void load_programs(struct arena *arena)
{
	struct program_context context = { .address = arena_page_addr(arena, 0) };

	for (int kfunc = 0; kfunc < KFUNC_STRAY_PEEK; kfunc++)
		arena->progs[kfunc] = program_load(kfunc, arena->map_fd);
	program_run(&arena->progs[KFUNC_ADDRESS], &context);
	arena->kernel_base = context.value - (context.address - arena->user_base);
}

void arena_load_common(void)
{
	for (int kfunc = KFUNC_STRAY_PEEK; kfunc <= KFUNC_READ_ELSEWHERE; kfunc++)
		common[kfunc] = program_load(kfunc, -1);
}

struct arena *arena_new(const int64_t *pages, uint32_t n_pages, uint32_t max_entries, bool write)
{
	struct arena *arena = calloc(1, sizeof(*arena));

	*arena = (struct arena){
		.pages = pages, .n_pages = n_pages, .first_bit = n_all * n_pages,
		.max_entries = max_entries, .write = write,
		.user_base = USER_BASE + n_all * USER_WINDOW,
	};
	if (!n_all)
		arena_load_common();
	all[n_all++] = arena;
	make_map(arena);
	load_programs(arena);
	catch_signals();
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

int64_t arena_page_at(const struct arena *arena, uint64_t addr)
{
	return (int64_t)(addr - arena->user_base) / ARENA_PAGE_SIZE - 1;
}

/* Setup tells nobody. */
static struct guest_actor *tell(void)
{
	static struct guest_actor nobody;

	return guest_self() ? guest_self() : &nobody;
}

/* The bits that stand for those of @n pages that are watched. */
static uint32_t bits(const struct arena *arena, int64_t page, uint32_t n)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < arena->n_pages; i++) {
		int64_t at = arena->pages ? arena->pages[i] : i;

		if (at >= page && at < page + n)
			found |= 1u << (arena->first_bit + i);
	}
	return found;
}

static int64_t run(struct arena *arena, enum kfunc kfunc, int64_t page, uint32_t n)
{
	struct program_context context = { arena_page_addr(arena, page), n, 0 };

	return program_run(&arena->progs[kfunc], &context);
}

int64_t arena_alloc(struct arena *arena, int64_t page, uint32_t n)
{
	tell()->wanted |= bits(arena, page, n);
	return run(arena, KFUNC_ALLOC, page, n);
}

int64_t arena_alloc_any(struct arena *arena, uint32_t n, uint64_t *ret_addr)
{
	struct program_context context = { .n_pages = n };
	int64_t result = program_run(&arena->progs[KFUNC_ALLOC], &context);

	*ret_addr = result == 1 ? context.value : 0;
	if (*ret_addr)
		tell()->wanted |= bits(arena, arena_page_at(arena, *ret_addr), n);
	return result;
}

int64_t arena_free(struct arena *arena, int64_t page, uint32_t n)
{
	tell()->freed |= bits(arena, page, n);
	return run(arena, KFUNC_FREE, page, n);
}

int64_t arena_free_nosleep(struct arena *arena, int64_t page, uint32_t n)
{
	tell()->freed |= bits(arena, page, n);
	return run(arena, KFUNC_FREE_NOSLEEP, page, n);
}

int64_t arena_reserve(struct arena *arena, int64_t page, uint32_t n)
{
	int64_t result = run(arena, KFUNC_RESERVE, page, n);

	if (result == 0)
		tell()->reserved |= bits(arena, page, n);
	return result;
}

int64_t arena_kfunc_read(struct arena *arena, int64_t page)
{
	return run(arena, KFUNC_READ, page, 1);
}

int64_t arena_kfunc_write(struct arena *arena, int64_t page)
{
	return run(arena, KFUNC_WRITE, page, 1);
}

/* All 64 bits of what it loads. */
static int64_t run64(const struct program *program, uint64_t address)
{
	struct program_context context = { .address = address };
	int err = program_run64(program, &context);

	return err ? err : (int64_t)context.value;
}

static uint64_t kernel_addr(const struct arena *arena, int64_t page)
{
	return arena->kernel_base + (arena_page_addr(arena, page) - arena->user_base);
}

int64_t arena_peek(struct arena *arena, int64_t page)
{
	return run64(&arena->progs[KFUNC_PEEK], kernel_addr(arena, page));
}

int64_t arena_poke(struct arena *arena, int64_t page)
{
	return run64(&arena->progs[KFUNC_POKE], kernel_addr(arena, page));
}

int64_t arena_stray_peek(struct arena *arena, int64_t page)
{
	return run64(&common[KFUNC_STRAY_PEEK], kernel_addr(arena, page));
}

int64_t arena_stray_poke(struct arena *arena, int64_t page)
{
	return run64(&common[KFUNC_STRAY_POKE], kernel_addr(arena, page));
}

int64_t arena_user_load(uint64_t address)
{
	if (sigsetjmp(signal_return, 0))
		return -EFAULT;
	return *(volatile uint64_t *)address;
}

int64_t arena_user_store(uint64_t address)
{
	if (sigsetjmp(signal_return, 0))
		return -EFAULT;
	*(volatile uint64_t *)address = PROGRAM_WRITES;
	return 0;
}

void arena_want(struct arena *arena, int64_t page)
{
	tell()->wanted |= bits(arena, page, 1);
}

int64_t arena_user_read(struct arena *arena, int64_t page)
{
	arena_want(arena, page);
	return arena_user_load(arena_page_addr(arena, page));
}

int64_t arena_user_write(struct arena *arena, int64_t page)
{
	arena_want(arena, page);
	return arena_user_store(arena_page_addr(arena, page));
}

int64_t arena_user_touch(struct arena *arena, int64_t page)
{
	return (arena->write ? arena_user_write : arena_user_read)(arena, page);
}

int64_t arena_kernel_load(uint64_t address)
{
	return run64(&common[KFUNC_STRAY_PEEK], address);
}

int64_t arena_kernel_store(uint64_t address)
{
	return run64(&common[KFUNC_STRAY_POKE], address);
}

int64_t arena_cycle_page(void)
{
	return run64(&common[KFUNC_CYCLE_PAGE], 0);
}

int64_t arena_load_elsewhere(uint64_t address)
{
	return run64(&common[KFUNC_READ_ELSEWHERE], address);
}

static uint64_t length(const struct arena *arena)
{
	return (uint64_t)arena->max_entries * ARENA_PAGE_SIZE;
}

int64_t arena_map(struct arena *arena)
{
	void *at = mmap((void *)arena->user_base, length(arena), PROT_READ | PROT_WRITE,
			MAP_SHARED | MAP_FIXED_NOREPLACE, arena->map_fd, 0);

	return at == MAP_FAILED ? -errno : 0;
}

void arena_map_all(void)
{
	for (uint32_t i = 0; i < n_all; i++) {
		int64_t err = arena_map(all[i]);

		if (err)
			guest_fail("mapping the arena once more: %s", strerror(-err));
	}
}

int64_t arena_unmap(struct arena *arena)
{
	return munmap((void *)arena->user_base, length(arena)) ? -errno : 0;
}

int64_t arena_dontneed(struct arena *arena, int64_t page, uint32_t n)
{
	return madvise((void *)arena_page_addr(arena, page), (uint64_t)n * ARENA_PAGE_SIZE,
		       MADV_DONTNEED) ? -errno : 0;
}

int64_t arena_close(struct arena *arena)
{
	int fd = arena->map_fd;

	arena->map_fd = -1;
	return close(fd) ? -errno : 0;
}

int64_t arena_open(struct arena *arena)
{
	if (arena->map_fd >= 0)
		return -EEXIST;
	arena->map_fd = bpf_map_open(arena->map_id);
	return arena->map_fd < 0 ? -errno : 0;
}

void arena_drop_programs(struct arena *arena)
{
	for (int kfunc = 0; kfunc < KFUNC_STRAY_PEEK; kfunc++)
		program_unload(&arena->progs[kfunc]);
	programs_wait_gone();
}
