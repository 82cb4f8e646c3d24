// SPDX-License-Identifier: GPL-2.0-only
#include "check/check.h"

enum { SCRATCH = 0x10, FRAME_A = 0x20, FRAME_B = 0x30 };

#define PTE(frame) ((guint64)(frame) << 12 | PTE_PRESENT)

enum { ALLOC, FAULT };

typedef struct {
	int actor;
	EventKind kind;
	bool faulted;
	guint64 before, after;
	const char *violates;	/* the invariants this event breaks, blank-separated */
} Step;

static void play(const Step *steps, gsize n)
{
	g_autoptr(Check) check = check_new(2, 1, SCRATCH);

	check_begin(check, (guint64[MAX_PAGES]){ n ? steps[0].before : 0 });
	for (gsize i = 0; i < n; i++) {
		Event event = { .kind = steps[i].kind, .actor = steps[i].actor,
				.faulted = steps[i].faulted, .before = { steps[i].before },
				.after = { steps[i].after } };
		guint had = check->violations->len;
		g_autoptr(GString) found = g_string_new(NULL);

		check_event(check, &event);
		for (guint v = had; v < check->violations->len; v++) {
			const Violation *violation = g_ptr_array_index(check->violations, v);

			g_assert_cmpint(violation->event, ==, i);
			g_string_append_printf(found, "%s%s", found->len ? " " : "",
					       violation->invariant);
		}
		g_assert_cmpstr(found->str, ==, steps[i].violates ? steps[i].violates : "");
	}
}

/* An allocation over scratch, a fault that loses: nothing is wrong. */
static void test_clean(void)
{
	static const Step steps[] = {
		{ FAULT, EVENT_ACCESS, true, 0, 0, NULL },
		{ FAULT, EVENT_PTE, false, 0, PTE(SCRATCH), NULL },
		{ ALLOC, EVENT_PTE, false, PTE(SCRATCH), 0, NULL },
		{ ALLOC, EVENT_PTE, false, 0, PTE(FRAME_A), NULL },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), PTE(FRAME_A), NULL },
		{ FAULT, EVENT_ACCESS, true, PTE(FRAME_A), PTE(FRAME_A), NULL },
	};

	play(steps, G_N_ELEMENTS(steps));
}

static void test_i1(void)
{
	static const Step before_return[] = {
		{ ALLOC, EVENT_PTE, false, 0, PTE(FRAME_A), NULL },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), PTE(SCRATCH), "I1" },
		{ ALLOC, EVENT_RETURN, false, PTE(SCRATCH), PTE(SCRATCH), "I2" },
	};
	static const Step after_return[] = {
		{ ALLOC, EVENT_PTE, false, 0, PTE(FRAME_A), NULL },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), PTE(FRAME_A), NULL },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), PTE(SCRATCH), "I1 I2" },
		{ FAULT, EVENT_RETURN, false, PTE(SCRATCH), PTE(SCRATCH), NULL },
	};

	play(before_return, G_N_ELEMENTS(before_return));
	play(after_return, G_N_ELEMENTS(after_return));
}

/* A free ends the promise; another page in the place of ours breaks it. */
static void test_i2(void)
{
	static const Step freed[] = {
		{ ALLOC, EVENT_PTE, false, 0, PTE(FRAME_A), NULL },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), PTE(FRAME_A), NULL },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), 0, NULL },
	};
	static const Step gone[] = {
		{ ALLOC, EVENT_PTE, false, 0, PTE(FRAME_A), NULL },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_B), PTE(FRAME_B), "I2" },
	};

	play(freed, G_N_ELEMENTS(freed));
	play(gone, G_N_ELEMENTS(gone));
}

/* One fault, one more for the emptied PTE; the third has no excuse. */
static void test_i5(void)
{
	static const Step steps[] = {
		{ FAULT, EVENT_ACCESS, true, 0, 0, NULL },
		{ FAULT, EVENT_PTE, false, 0, PTE(SCRATCH), NULL },
		{ ALLOC, EVENT_PTE, false, PTE(SCRATCH), 0, NULL },
		{ FAULT, EVENT_ACCESS, true, 0, 0, NULL },
		{ FAULT, EVENT_ACCESS, true, 0, 0, "I5" },
		{ FAULT, EVENT_ACCESS, true, 0, 0, NULL },
	};
	g_autoptr(Check) check = check_new(2, 1, SCRATCH);

	play(steps, G_N_ELEMENTS(steps));
	check_begin(check, (guint64[MAX_PAGES]){ 0 });
	check_crash(check, "fault");
	check_deadlock(check, "alloc waits for the lock");
	g_assert_cmpuint(check->violations->len, ==, 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/check/clean", test_clean);
	g_test_add_func("/check/i1", test_i1);
	g_test_add_func("/check/i2", test_i2);
	g_test_add_func("/check/i5", test_i5);
	return g_test_run();
}
