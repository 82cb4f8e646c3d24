// SPDX-License-Identifier: GPL-2.0-only
/* What processes have mapped, and their ends: I6 where a vCPU leaves a process, I12 where nobody uses it. */
#include "check/check.h"

#include "arch/sample.h"

enum { FRAME_A = 0x20, FREE = 0, LAST = 1 };

#define PTE(frame) SAMPLE_PTE(frame)

/* The page is mapped by the kernel and by the second process, in which LAST lives. */
static const TraceHeader header = {
	.n_actors = 2, .n_pages = 1, .actors = { { "free", 0, 0 }, { "last", 1, 1 } },
	.n_words = 2, .words = { "page0.refs", "process2.users" }, .word_guards = { -1, -1 },
	.word_views = { 0, 2 }, .scratch = { -1 }, .guards = { -1 }, .n_more = 1, .more = { { 0, 2 } },
	.declared = { .oops_actor = -1, .oops_page = -1, .succeeds = -1 },
};

static Check *begin(guint64 kernel, guint64 user)
{
	Check *check = check_new(&header);

	check_begin(check, (guint64[MAX_PTES]){ kernel, user });
	return check;
}

static void play(Check *check, Event event)
{
	check_event(check, &event);
}

/* "" when nothing is violated, else the last violation's invariant and reason. */
static char *found(const Check *check)
{
	if (!check->violations->len)
		return g_strdup("");
	const Violation *last = &g_array_index(check->violations, Violation, check->violations->len - 1);
	return g_strdup_printf("%s %s", last->invariant, last->reason);
}

/*
 * Who has left its process by another root may hold nothing of it any more, though the PTE is there
 * until the process's end has gone through its tables; who may still be in it may.
 */
static void test_left_a_process(void)
{
	static const struct {
		Flush flush;
		int root;
		guint32 lazy;
		const char *wants;
	} cases[] = {
		{ FLUSH_BUT_GLOBAL, ROOT_KERNEL, 0, "" },
		{ FLUSH_BUT_GLOBAL, 1, 0, "" },			/* to the other process */
		{ FLUSH_BUT_GLOBAL, 2, 0, "I6 still-reachable" },	/* its own again */
		{ FLUSH_BUT_GLOBAL, ROOT_UNKNOWN, 0, "I6 still-reachable" },
		{ FLUSH_ALL, ROOT_UNKNOWN, 0, "I6 still-reachable" },
		{ FLUSH_ALL, ROOT_UNKNOWN, 1 << LAST, "" },	/* or it only borrows them */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Check *check = begin(0, PTE(FRAME_A));

		play(check, (Event){ .kind = EVENT_FLUSH, .actor = LAST, .page = -1, .flush = cases[i].flush,
				     .root = cases[i].root, .before = { 0, PTE(FRAME_A) },
				     .after = { 0, PTE(FRAME_A) } });
		play(check, (Event){ .kind = EVENT_PTE, .actor = LAST, .page = 0, .view = 2, .slot = 1,
				     .access = ACCESS_WRITE, .before = { 0, PTE(FRAME_A) } });
		play(check, (Event){ .kind = EVENT_FREE, .actor = FREE, .page = 0, .pfn = FRAME_A,
				     .lazy = cases[i].lazy });
		g_autofree char *is = found(check);
		g_assert_cmpstr(is, ==, cases[i].wants);
		check_free(check);
	}
}

/* The free skips a process that has no users: its PTE goes with it. */
static void test_users(void)
{
	static const struct {
		int word;
		gint32 count;
		const char *wants;
		guint documented;
	} cases[] = {
		{ 1, 0, "", 1 },
		{ 1, 1, "I12 freed-still-mapped", 0 },	/* the zap's own reference is one, too */
		{ 0, 0, "I12 freed-still-mapped", 0 },	/* no process's */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Check *check = begin(PTE(FRAME_A), PTE(FRAME_A));

		play(check, (Event){ .kind = EVENT_WORD, .actor = LAST, .page = -1, .access = ACCESS_RMW,
				     .lock = -1, .word = cases[i].word, .count = cases[i].count,
				     .before = { PTE(FRAME_A), PTE(FRAME_A) },
				     .after = { PTE(FRAME_A), PTE(FRAME_A) } });
		play(check, (Event){ .kind = EVENT_PTE, .actor = FREE, .page = 0, .access = ACCESS_XCHG,
				     .before = { PTE(FRAME_A), PTE(FRAME_A) },
				     .after = { 0, PTE(FRAME_A) } });
		play(check, (Event){ .kind = EVENT_RETURN, .actor = FREE, .page = -1,
				     .before = { 0, PTE(FRAME_A) }, .after = { 0, PTE(FRAME_A) } });
		g_autofree char *is = found(check);
		g_assert_cmpstr(is, ==, cases[i].wants);
		g_assert_cmpuint(check->documented->len, ==, cases[i].documented);
		check_free(check);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/check/process/left", test_left_a_process);
	g_test_add_func("/check/process/users", test_users);
	return g_test_run();
}
