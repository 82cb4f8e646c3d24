// SPDX-License-Identifier: GPL-2.0-only
#include "event/tlb.h"

#include "arch/sample.h"

enum { A = 0x10, B = 0x20 };

#define PTE(frame) SAMPLE_PTE(frame)
#define GLOBAL(frame) (PTE(frame) | SAMPLE_GLOBAL)

typedef struct {
	EventKind kind;		/* PTE or FLUSH */
	int actor, page;
	Flush flush;
	guint64 after;		/* PTE 0 from now on */
	const char *holds[2];	/* frames that vCPU 0 and 1 may hold for page 0 */
} Row;

static char *holds(const Tlb *tlb, int actor)
{
	GString *text = g_string_new(NULL);

	for (int i = 0; i < tlb->n[actor][0]; i++)
		g_string_append_c(text, pte_pfn(tlb->may[actor][0][i]) == A ? 'A' : 'B');
	return g_string_free(text, FALSE);
}

static void play(guint64 pte, const Row *rows, gsize n)
{
	guint64 ptes[MAX_PAGES] = { pte };
	Tlb tlb;

	tlb_begin(&tlb, 2, 2, ptes, NULL);
	for (gsize i = 0; i < n; i++) {
		Event event = { .kind = rows[i].kind, .actor = rows[i].actor,
				.page = rows[i].page, .flush = rows[i].flush,
				.after = { rows[i].after } };

		tlb_event(&tlb, &event);
		for (int actor = 0; actor < 2; actor++) {
			g_autofree char *found = holds(&tlb, actor);
			g_assert_cmpstr(found, ==, rows[i].holds[actor]);
		}
	}
}

/* Clear, then flush on each: a vCPU is safe once it has flushed, and not before. */
static void test_shootdown(void)
{
	static const Row rows[] = {
		{ EVENT_PTE, 0, 0, FLUSH_NONE, 0, { "A", "A" } },
		{ EVENT_FLUSH, 0, 0, FLUSH_PAGE, 0, { "", "A" } },
		{ EVENT_FLUSH, 1, 0, FLUSH_PAGE, 0, { "", "" } },
		{ EVENT_PTE, 0, 0, FLUSH_NONE, PTE(B), { "B", "B" } },
	};

	play(PTE(A), rows, G_N_ELEMENTS(rows));
}

/* Flushed too early: the PTE can be walked again. */
static void test_flush_first(void)
{
	static const Row rows[] = {
		{ EVENT_FLUSH, 1, 0, FLUSH_PAGE, PTE(A), { "A", "A" } },
		{ EVENT_PTE, 0, 0, FLUSH_NONE, 0, { "A", "A" } },
	};

	play(PTE(A), rows, G_N_ELEMENTS(rows));
}

static void test_replaced(void)
{
	static const Row rows[] = {
		{ EVENT_PTE, 0, 0, FLUSH_NONE, PTE(B), { "AB", "AB" } },
		{ EVENT_FLUSH, 0, 1, FLUSH_PAGE, PTE(B), { "AB", "AB" } },	/* another page */
		{ EVENT_FLUSH, 0, 0, FLUSH_PAGE, PTE(B), { "B", "AB" } },
		{ EVENT_FLUSH, 1, -1, FLUSH_ALL, PTE(B), { "B", "B" } },
	};

	play(PTE(A), rows, G_N_ELEMENTS(rows));
}

/* One that flushes all but global translations leaves those alone. */
static void test_global(void)
{
	static const Row rows[] = {
		{ EVENT_PTE, 0, 0, FLUSH_NONE, 0, { "A", "A" } },
		{ EVENT_FLUSH, 0, -1, FLUSH_BUT_GLOBAL, 0, { "A", "A" } },
		{ EVENT_FLUSH, 0, -1, FLUSH_ALL, 0, { "", "A" } },
		{ EVENT_FLUSH, 1, -1, FLUSH_CONTEXT, 0, { "", "" } },
	};
	static const Row plain[] = {
		{ EVENT_PTE, 0, 0, FLUSH_NONE, 0, { "A", "A" } },
		{ EVENT_FLUSH, 0, -1, FLUSH_BUT_GLOBAL, 0, { "", "A" } },
	};

	play(GLOBAL(A), rows, G_N_ELEMENTS(rows));
	play(PTE(A), plain, G_N_ELEMENTS(plain));
}

static void test_questions(void)
{
	guint64 ptes[MAX_PAGES] = { PTE(A), PTE(B) };
	Event cleared = { .kind = EVENT_PTE, .after = { 0, PTE(B) } };
	Tlb tlb;

	tlb_begin(&tlb, 2, 2, ptes, NULL);
	g_assert_cmpint(tlb_stale(&tlb, 1, 0, A), ==, -1);
	tlb_event(&tlb, &cleared);
	g_assert_cmpint(tlb_stale(&tlb, 1, 0, -1), ==, A);
	g_assert_true(tlb_reaches(&tlb, 0, tlb.n_ptes, A));
	g_assert_false(tlb_reaches(&tlb, 0, tlb.n_ptes, 0x30));
}

/* Two addresses of one page are two translations: who flushes one has not flushed the other. */
static void test_one_address(void)
{
	static const struct {
		int view, slot;
		const char *kernel, *process;
	} cases[] = {
		{ 0, 0, "", "A" },
		{ 1, 1, "A", "" },
		{ 2, -1, "A", "A" },	/* another process, whose PTE is not watched */
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Event flush = { .kind = EVENT_FLUSH, .flush = FLUSH_PAGE, .view = cases[i].view,
				.slot = cases[i].slot };
		Tlb tlb;

		tlb_begin(&tlb, 1, 2, (guint64[]){ PTE(A), PTE(A) }, NULL);
		tlb_event(&tlb, &flush);
		g_assert_true(tlb_may(&tlb, 0, 0, A) == (*cases[i].kernel == 'A'));
		g_assert_true(tlb_may(&tlb, 0, 1, A) == (*cases[i].process == 'A'));
	}
}

/* A process's tables are walked by its own vCPUs. */
static void test_walkers(void)
{
	guint64 ptes[] = { PTE(A), PTE(B) };
	Event same = { .kind = EVENT_NONE, .before = { PTE(A), PTE(B) }, .after = { PTE(A), PTE(B) } };
	Tlb tlb;

	tlb_begin(&tlb, 2, 2, ptes, &(TlbTables){ { 0, 2 }, { 1, 2 } });
	tlb_event(&tlb, &same);
	g_assert_true(tlb_may(&tlb, 0, 0, A) && tlb_may(&tlb, 1, 0, A));
	g_assert_true(!tlb_may(&tlb, 0, 1, B) && tlb_may(&tlb, 1, 1, B));
}

/* … as long as they are in it: who loads another root, or the kernel's, walks them no more. */
static void test_roots(void)
{
	static const struct {
		int root;
		const char *process;	/* what the vCPU that was in the process may hold of it then */
	} cases[] = {
		{ ROOT_UNKNOWN, "B" }, { ROOT_KERNEL, "" }, { 1, "" }, { 2, "B" },
	};
	guint64 ptes[] = { PTE(A), PTE(B) };

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Event load = { .kind = EVENT_FLUSH, .actor = 1, .page = -1, .flush = FLUSH_BUT_GLOBAL,
			       .root = cases[i].root, .after = { PTE(A), PTE(B) } };
		Event back = load;
		Tlb tlb;

		back.root = 2;
		tlb_begin(&tlb, 2, 2, ptes, &(TlbTables){ { 0, 2 }, { 1, 2 } });
		tlb_event(&tlb, &load);
		g_assert_true(tlb_may(&tlb, 1, 1, B) == (*cases[i].process == 'B'));
		g_assert_true(tlb_may(&tlb, 1, 0, A) && !tlb_may(&tlb, 0, 1, B));
		tlb_event(&tlb, &back);
		g_assert_true(tlb_may(&tlb, 1, 1, B));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tlb/walkers", test_walkers);
	g_test_add_func("/tlb/roots", test_roots);
	g_test_add_func("/tlb/shootdown", test_shootdown);
	g_test_add_func("/tlb/flush-first", test_flush_first);
	g_test_add_func("/tlb/replaced", test_replaced);
	g_test_add_func("/tlb/global", test_global);
	g_test_add_func("/tlb/questions", test_questions);
	g_test_add_func("/tlb/one-address", test_one_address);
	return g_test_run();
}
