// SPDX-License-Identifier: GPL-2.0-only
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include <fcntl.h>

#include "arena.h"
#include "vmap.h"

enum { MAX_WATCHED = GUEST_MAX_PAGES };

static struct scenario text;
static int64_t pages[MAX_WATCHED];
static char names[GUEST_MAX_ACTORS][GUEST_NAME_SIZE];

/* Of each actor: the pipe that holds its references to pages. */
static struct pins {
	int fds[2];
	int n;
} pins[GUEST_MAX_ACTORS];

static uint32_t self_index(void)
{
	return (uint32_t)(guest_self() - guest_report.actors);
}

static void make_pipe(struct pins *own)
{
	own->n = 0;
	if (pipe2(own->fds, O_CLOEXEC | O_NONBLOCK))
		guest_fail("making a pipe: %s", strerror(errno));
}

static int64_t pin(struct arena *arena, int64_t page)
{
	struct pins *own = &pins[self_index()];
	struct iovec part = { (void *)arena_page_addr(arena, page), sizeof(uint64_t) };

	arena_want(arena, page);
	if (vmsplice(own->fds[1], &part, 1, 0) < 0)
		return -errno;
	own->n++;
	return 0;
}

/* A pipe that is closed lets go without a look at what is in it. */
static int64_t unpin(void)
{
	struct pins *own = &pins[self_index()];
	int n = own->n;

	close(own->fds[0]);
	close(own->fds[1]);
	make_pipe(own);
	return n;
}

static int64_t alloc_any(struct arena *arena, const struct operation *op)
{
	uint64_t addr;
	int64_t result = arena_alloc_any(arena, op->pages, &addr);

	guest_control.names[self_index()][op->name - 1] = addr;
	return result;
}

/* Those that run a program, which says itself that it has returned. */
static int64_t run_kernel(struct arena *arena, const struct operation *op, int64_t page)
{
	switch (op->verb) {
	case VERB_ALLOC:
		return arena_alloc(arena, page, op->pages);
	case VERB_FREE:
		return arena_free(arena, page, op->pages);
	case VERB_FREE_NOSLEEP:
		return arena_free_nosleep(arena, page, op->pages);
	case VERB_RESERVE:
		return arena_reserve(arena, page, op->pages);
	case VERB_READ:
		return arena_kfunc_read(arena, page);
	case VERB_WRITE:
		return arena_kfunc_write(arena, page);
	case VERB_PEEK:
		return arena_peek(arena, page);
	case VERB_POKE:
		return arena_poke(arena, page);
	case VERB_STRAY_READ:
		return arena_stray_peek(arena, page);
	default:
		return arena_stray_poke(arena, page);
	}
}

static int64_t run_user(struct arena *arena, const struct operation *op, int64_t page)
{
	switch (op->verb) {
	case VERB_USER_READ:
		return arena_user_read(arena, page);
	case VERB_USER_WRITE:
		return arena_user_write(arena, page);
	case VERB_MMAP:
		return arena_map(arena);
	case VERB_MUNMAP:
		return arena_unmap(arena);
	case VERB_DONTNEED:
		return arena_dontneed(arena, page, op->pages);
	case VERB_PIN:
		return pin(arena, page);
	case VERB_UNPIN:
		return unpin();
	case VERB_CLOSE:
		return arena_close(arena);
	case VERB_OPEN:
		return arena_open(arena);
	case VERB_EXIT:
		/* Who waits for the end of this process says that it has come. */
		_exit(0);
	default:
		return -ENOSYS;
	}
}

int64_t text_operation(uint64_t word)
{
	struct operation op = operation_of(word);
	struct arena *arena = arena_nth(op.arena);
	bool any = op.verb == VERB_ALLOC && op.name;
	int64_t page = op.page, result;

	if (op.verb == VERB_SYNC)
		guest_sync();
	if (op.verb <= VERB_SYNC)
		return 0;
	if (op.verb >= VERB_MAP_VMAP)
		return vmap_operation(&op);
	if (any)
		return alloc_any(arena, &op);
	if (op.name) {
		uint64_t addr = guest_control.names[self_index()][op.name - 1];

		/* The kernel had nothing to give. */
		if (!addr) {
			guest_returned(-ENOENT);
			return -ENOENT;
		}
		page += arena_page_at(arena, addr);
	}
	if (op.verb >= VERB_ALLOC && op.verb <= VERB_STRAY_WRITE)
		return run_kernel(arena, &op, page);
	result = run_user(arena, &op, page);
	guest_returned(result);
	return result;
}

int64_t text_setup(uint64_t word)
{
	struct operation op = operation_of(word);
	struct guest_actor *self = guest_self();
	int64_t result = text_operation(word);

	self->program = self->freed = self->wanted = 0;
	for (int i = 0; op.name && i < GUEST_MAX_ACTORS; i++)
		guest_control.names[i][op.name - 1] =
			guest_control.names[self_index()][op.name - 1];
	return result;
}

void text_setup_all(void)
{
	for (int i = 0; (uint8_t)guest_control.setup[i] != OPERATION_END; i++)
		text_setup(guest_control.setup[i]);
}

static int64_t run_text(struct arena *arena)
{
	const volatile uint64_t *words = guest_control.programs[self_index()];
	int64_t result = 0;

	(void)arena;
	for (int i = 0; i < MAX_OPERATIONS && (uint8_t)words[i] != OPERATION_END; i++) {
		result = text_operation(words[i]);
		if (result == -ENOSYS && !guest_self()->lacks)
			guest_self()->lacks = i + 1;
	}
	return result;
}

/* What a loop has to take back, or only the first time round would be real. */
static void undo_text(struct arena *arena)
{
#define V(name, word, takes, flags, inverse, effect) VERB_##inverse,
	static const uint8_t inverses[] = { VERBS(V) };
#undef V
	const volatile uint64_t *words = guest_control.programs[self_index()];
	int n = 0;

	(void)arena;
	while (n < MAX_OPERATIONS && (uint8_t)words[n] != OPERATION_END)
		n++;
	while (n-- > 0) {
		struct operation op = operation_of(words[n]);

		/* What the kernel has chosen and this actor has freed is nobody's to allocate. */
		op.verb = inverses[op.verb];
		if (op.verb == VERB_KEEP || (op.verb == VERB_ALLOC && op.name))
			continue;
		/* What is undone was allocated anywhere: its name says where. */
		text_operation(operation_word(op));
	}
}

void text_enter_process(const struct guest_shape *shape, uint32_t process)
{
	for (uint32_t i = 0; i < shape->actors; i++) {
		close(pins[i].fds[0]);
		close(pins[i].fds[1]);
		if (guest_home(shape, i) == process)
			make_pipe(&pins[i]);
	}
}

const struct scenario *text_scenario(const struct guest_shape *shape)
{
#define E(name, word, page) page,
	static const int64_t edges[] = { EDGES(E) };
#undef E

	text = (struct scenario){ .name = "text", .pages = pages,
				  .n_arenas = (uint32_t)shape->arenas };
	for (uint32_t page = 0; page < shape->pages; page++)
		pages[text.n_pages++] = page;
	for (int edge = 0; edge < N_EDGES; edge++)
		if (shape->edges >> edge & 1)
			pages[text.n_pages++] = edges[edge];
	text.max_entries = shape->exact ? (uint32_t)shape->pages + 1 : 0;
	for (uint32_t i = 0; i < shape->actors; i++) {
		snprintf(names[i], sizeof(names[i]), "actor%u", i);
		text.actors[i] = (struct actor){ names[i], run_text, undo_text };
		make_pipe(&pins[i]);
	}
	return &text;
}
