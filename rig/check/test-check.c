// SPDX-License-Identifier: GPL-2.0-only
#include "check/check.h"

#include <string.h>

#include "arch/sample.h"
#include "catalog/verb.h"

enum { SCRATCH = 0x10, FRAME_A = 0x20, FRAME_B = 0x30, FRAME_C = 0x40 };

#define PTE(frame) SAMPLE_PTE(frame)

enum { ALLOC, FAULT, ADDRESS = 0x10000 };

static const TraceHeader header = {
	.n_actors = 2, .n_pages = 1, .actors = { { "alloc", 0 }, { "fault", 1 } },
	.scratch = { SCRATCH }, .uaddr = { ADDRESS },
	.declared = { .oops_actor = -1, .oops_page = -1, .succeeds = -1 },
};

/* Where the kernel's instructions are, and a program's. */
static const guint64 KERNEL_PC = SAMPLE_KERNEL, USER_PC = SAMPLE_USER;

typedef struct {
	int actor;
	EventKind kind;
	bool faulted;
	guint64 before, after;
	const char *violates;	/* the invariants this event breaks, blank-separated */
	guint64 pfn;		/* FREE: of this frame */
	bool write;		/* ACCESS */
	bool user;
	guint64 landed;		/* ACCESS: on this frame */
	gint64 result;		/* RETURN */
	bool double_free;	/* FREE: and it was free */
} Step;

static const Violation *violation_at(const Check *check, guint i)
{
	return &g_array_index(check->violations, Violation, i);
}

/* Returns what the last step left behind; the caller's. */
static Check *play_under(const TraceHeader *under, const Step *steps, gsize n)
{
	Check *check = check_new(under);

	check_begin(check, (guint64[MAX_PAGES]){ n ? steps[0].before : 0 });
	for (gsize i = 0; i < n; i++) {
		Event event = { .kind = steps[i].kind, .actor = steps[i].actor,
				.faulted = steps[i].faulted, .pfn = steps[i].pfn,
				.landed = steps[i].landed, .double_free = steps[i].double_free,
				.access = steps[i].write || steps[i].kind == EVENT_PTE
						  ? ACCESS_WRITE : ACCESS_READ,
				.result = steps[i].result, .flush = FLUSH_PAGE,
				.pc = steps[i].user ? USER_PC : KERNEL_PC,
				.view = steps[i].user, .slot = steps[i].user ? -1 : 0,
				.before = { steps[i].before }, .after = { steps[i].after } };
		guint had = check->violations->len;
		g_autoptr(GString) found = g_string_new(NULL);

		check_event(check, &event);
		for (guint v = had; v < check->violations->len; v++) {
			const Violation *violation = &g_array_index(check->violations, Violation, v);

			g_assert_cmpint(violation->event, ==, i);
			g_string_append_printf(found, "%s%s", found->len ? " " : "",
					       violation->invariant);
		}
		g_assert_cmpstr(found->str, ==, steps[i].violates ? steps[i].violates : "");
	}
	return check;
}

static Check *play_on(const Step *steps, gsize n)
{
	return play_under(&header, steps, n);
}

static void play(const Step *steps, gsize n)
{
	g_autoptr(Check) check = play_on(steps, n);
}

/* An allocation over scratch, a fault that loses: nothing is wrong. */
static void test_clean(void)
{
	static const Step steps[] = {
		{ FAULT, EVENT_ACCESS, true, 0, .after = 0 },
		{ FAULT, EVENT_PTE, false, 0, .after = PTE(SCRATCH) },
		{ ALLOC, EVENT_PTE, false, PTE(SCRATCH), .after = 0 },
		{ ALLOC, EVENT_LOCK, false, 0, .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_ACCESS, true, PTE(FRAME_A), .after = PTE(FRAME_A) },
	};

	play(steps, G_N_ELEMENTS(steps));
}

/* An address of vmap, which nothing but a purge flushes; -1: it has no scratch page, and no lock. */
static void test_i14(void)
{
	static const TraceHeader lazy = {
		.n_actors = 2, .n_pages = 1, .actors = { { "unmap", 0 }, { "purge", 1 } },
		.scratch = { -1 }, .guards = { -1 }, .lazy = { true },
	};
	enum { UNMAP, PURGE };
	static const Step reused[] = {
		{ .actor = UNMAP, .kind = EVENT_PTE, .before = PTE(FRAME_A) },
		{ .actor = UNMAP, .kind = EVENT_FREE, .pfn = FRAME_A },
		{ .actor = PURGE, .kind = EVENT_ACCESS, .landed = FRAME_A },
		{ .actor = UNMAP, .kind = EVENT_RETURN },
		{ .actor = UNMAP, .kind = EVENT_PTE, .after = PTE(FRAME_A), .violates = "I14" },
	};
	static const Step purged[] = {
		{ .actor = UNMAP, .kind = EVENT_PTE, .before = PTE(FRAME_A) },
		{ .actor = UNMAP, .kind = EVENT_RETURN },
		{ .actor = UNMAP, .kind = EVENT_FLUSH },
		{ .actor = PURGE, .kind = EVENT_MASK },
		{ .actor = PURGE, .kind = EVENT_RETURN, .result = VERB_PURGED, .violates = "I14" },
	};
	static const Step flushed[] = {
		{ .actor = UNMAP, .kind = EVENT_PTE, .before = PTE(FRAME_A) },
		{ .actor = UNMAP, .kind = EVENT_RETURN },
		{ .actor = UNMAP, .kind = EVENT_FLUSH },
		{ .actor = PURGE, .kind = EVENT_FLUSH },
		{ .actor = PURGE, .kind = EVENT_RETURN, .result = VERB_PURGED },
		{ .actor = UNMAP, .kind = EVENT_PTE, .after = PTE(FRAME_A) },
	};
	/* The purge began before the unmapping was through. */
	static const Step later[] = {
		{ .actor = PURGE, .kind = EVENT_MASK, .before = PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ .actor = UNMAP, .kind = EVENT_PTE, .before = PTE(FRAME_A) },
		{ .actor = UNMAP, .kind = EVENT_RETURN },
		{ .actor = PURGE, .kind = EVENT_RETURN, .result = VERB_PURGED },
	};

	check_free(play_under(&lazy, reused, G_N_ELEMENTS(reused)));
	check_free(play_under(&lazy, purged, G_N_ELEMENTS(purged)));
	check_free(play_under(&lazy, flushed, G_N_ELEMENTS(flushed)));
	check_free(play_under(&lazy, later, G_N_ELEMENTS(later)));
}

static void test_i1(void)
{
	static const Step before_return[] = {
		{ ALLOC, EVENT_LOCK, false, 0, .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_A) },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = PTE(SCRATCH), "I1 I4" },
		{ ALLOC, EVENT_RETURN, false, PTE(SCRATCH), .after = PTE(SCRATCH), "I2" },
	};
	static const Step after_return[] = {
		{ ALLOC, EVENT_LOCK, false, 0, .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = PTE(SCRATCH), "I1 I2 I4" },
		{ FAULT, EVENT_RETURN, false, PTE(SCRATCH), .after = PTE(SCRATCH) },
	};

	play(before_return, G_N_ELEMENTS(before_return));
	play(after_return, G_N_ELEMENTS(after_return));
}

/* The same store, under the lock: a free where every address is mapped. */
static void test_i1_free(void)
{
	static const Step steps[] = {
		{ ALLOC, EVENT_LOCK, false, 0, .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_LOCK, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = PTE(SCRATCH) },
		{ FAULT, EVENT_UNLOCK, false, PTE(SCRATCH), .after = PTE(SCRATCH) },
		{ FAULT, EVENT_PTE, false, PTE(SCRATCH), .after = PTE(FRAME_A), "I4" },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = PTE(SCRATCH), "I1 I4" },
	};

	TraceHeader always_mapped = header;

	always_mapped.declared.frees_to_scratch = true;
	g_autoptr(Check) check = play_under(&always_mapped, steps, G_N_ELEMENTS(steps));
}

/* On every other kernel it is none, lock or not. */
static void test_i1_no_free(void)
{
	static const Step steps[] = {
		{ FAULT, EVENT_LOCK, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = PTE(SCRATCH), "I1 I2" },
	};

	play(steps, G_N_ELEMENTS(steps));
}

/* A free ends the promise; another page in the place of ours breaks it. */
static void test_i2(void)
{
	static const Step freed[] = {
		{ ALLOC, EVENT_LOCK, false, 0, .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_LOCK, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = 0 },
	};
	/* what set-up has allocated is somebody's, too */
	static const Step of_setup[] = {
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = PTE(FRAME_B), "I2" },
	};
	/* who does not hold the lock is no free, whoever else may hold it */
	static const Step cleared[] = {
		{ ALLOC, EVENT_LOCK, false, 0, .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_LOCK, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = 0, "I2 I4" },
	};
	static const Step gone[] = {
		{ ALLOC, EVENT_LOCK, false, 0, .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_B), .after = PTE(FRAME_B), "I2" },
	};

	/* two owners of one address, one after the other, and no free in between */
	static const Step replaced[] = {
		{ ALLOC, EVENT_LOCK, false, 0, .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ FAULT, EVENT_PTE, false, PTE(FRAME_A), .after = PTE(FRAME_B), "I2" },
		{ FAULT, EVENT_RETURN, false, PTE(FRAME_B), .after = PTE(FRAME_B) },
	};

	play(freed, G_N_ELEMENTS(freed));
	play(of_setup, G_N_ELEMENTS(of_setup));
	play(cleared, G_N_ELEMENTS(cleared));
	play(gone, G_N_ELEMENTS(gone));
	play(replaced, G_N_ELEMENTS(replaced));
}

/* One fault, one more for the emptied PTE; the third has no excuse, whatever others do. */
static void test_i5(void)
{
	static const Step steps[] = {
		{ FAULT, EVENT_ACCESS, true, 0, .after = 0 },
		{ FAULT, EVENT_PTE, false, 0, .after = PTE(SCRATCH) },
		{ ALLOC, EVENT_PTE, false, PTE(SCRATCH), .after = 0 },
		{ FAULT, EVENT_ACCESS, true, 0, .after = 0 },
		{ FAULT, EVENT_ACCESS, true, 0, .after = 0, "I5" },
		/* another's, and user space's */
		{ ALLOC, EVENT_ACCESS, true, 0, .after = 0 },
		{ FAULT, EVENT_ACCESS, true, 0, .after = 0, .user = true },
	};

	play(steps, G_N_ELEMENTS(steps));
}

/* A page is freed: in its PTE, in a TLB, in neither. */
static void test_i6(void)
{
	static const Step mapped[] = {
		{ ALLOC, EVENT_FREE, false, PTE(FRAME_A), .after = PTE(FRAME_A), "I6 I6", .pfn = FRAME_A },
	};
	static const Step stale[] = {
		{ ALLOC, EVENT_LOCK, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_PTE, false, PTE(FRAME_A), .after = 0 },
		{ ALLOC, EVENT_FLUSH, false, 0, .after = 0 },
		{ ALLOC, EVENT_FREE, false, 0, .after = 0, "I6", .pfn = FRAME_A },
	};
	static const Step flushed[] = {
		{ ALLOC, EVENT_LOCK, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_PTE, false, PTE(FRAME_A), .after = 0 },
		{ ALLOC, EVENT_FLUSH, false, 0, .after = 0 },
		{ FAULT, EVENT_FLUSH, false, 0, .after = 0 },
		{ ALLOC, EVENT_FREE, false, 0, .after = 0, .pfn = FRAME_A },
	};

	play(mapped, G_N_ELEMENTS(mapped));
	g_autoptr(Check) check = play_on(stale, G_N_ELEMENTS(stale));
	g_assert_true(violation_at(check, 0)->kind == VIOLATION_POSSIBLE);
	g_assert_cmpuint(check->frames_freed->len, ==, 1);
	play(flushed, G_N_ELEMENTS(flushed));
}

/* At the arena's end the order is the other way round, and nobody minds. */
static void test_destroy(void)
{
	static const Step steps[] = {
		{ ALLOC, EVENT_DESTROY, false, PTE(FRAME_A), .after = PTE(FRAME_A) },
		{ ALLOC, EVENT_FREE, false, PTE(FRAME_A), .after = PTE(FRAME_A), .pfn = FRAME_A },
	};
	g_autoptr(Check) check = play_on(steps, G_N_ELEMENTS(steps));

	g_assert_cmpuint(check->violations->len, ==, 0);
	g_assert_cmpuint(check->documented->len, ==, 1);
	g_assert_cmpstr(g_array_index(check->documented, Violation, 0).invariant, ==, "I6");
}

/* An access through a translation from before the allocation, of @first. */
static Check *access_after_alloc(guint64 first, bool user, const char *violates)
{
	const Step steps[] = {
		{ ALLOC, EVENT_LOCK, false, PTE(first), .after = PTE(first) },
		{ ALLOC, EVENT_PTE, false, PTE(first), .after = 0 },
		{ ALLOC, EVENT_PTE, false, 0, .after = PTE(FRAME_B) },
		{ ALLOC, EVENT_RETURN, false, PTE(FRAME_B), .after = PTE(FRAME_B) },
		{ FAULT, EVENT_ACCESS, false, PTE(FRAME_B), .after = PTE(FRAME_B), violates, .user = user },
	};

	return play_on(steps, G_N_ELEMENTS(steps));
}

static void test_i7(void)
{
	g_autoptr(Check) stale = access_after_alloc(FRAME_A, false, "I7");
	g_autoptr(Check) accepted = access_after_alloc(SCRATCH, false, NULL);
	g_autoptr(Check) fresh = access_after_alloc(FRAME_B, false, NULL);
	/* User space does not go by these translations. */
	g_autoptr(Check) user = access_after_alloc(FRAME_A, true, NULL);

	g_assert_cmpuint(stale->documented->len, ==, 0);
	g_assert_cmpstr(violation_at(stale, 0)->reason, ==, "may-reach-old-page");
	g_assert_cmpint(violation_at(stale, 0)->pfn, ==, FRAME_A);
	g_assert_cmpuint(accepted->documented->len, ==, 1);
	g_assert_cmpuint(fresh->documented->len, ==, 0);
	g_assert_cmpuint(user->documented->len, ==, 0);
}

/* A cycle is the fault of the one who makes it. */
static void test_livelock(void)
{
	static const Step steps[] = { { ALLOC, EVENT_LOCK, false, 0, .after = 0 } };
	g_autoptr(Check) check = play_on(steps, G_N_ELEMENTS(steps));
	g_autoptr(End) several = end_new(ENDED_CYCLE), alone = end_new(ENDED_CYCLE);

	check_end(check, several);
	g_assert_cmpuint(check->violations->len, ==, 0);
	alone->alone = ALLOC;
	check_end(check, alone);
	g_assert_cmpuint(check->violations->len, ==, 1);
	const Violation *violation = violation_at(check, 0);
	g_assert_cmpstr(violation->invariant, ==, "I5");
	g_assert_cmpstr(violation->reason, ==, "livelock");
	g_assert_cmpstr(violation->actor, ==, "alloc");
	g_assert_cmpint(violation->event, ==, 0);
}

/* The kernel may end up on scratch, user space never. */
static void test_i8(void)
{
	static const Step steps[] = {
		{ FAULT, EVENT_ACCESS, false, PTE(SCRATCH), .after = PTE(SCRATCH), .landed = SCRATCH },
		{ FAULT, EVENT_ACCESS, true, PTE(SCRATCH), .after = PTE(SCRATCH), .user = true },
		{ FAULT, EVENT_ACCESS, false, PTE(FRAME_A), .after = PTE(FRAME_A), .user = true,
		  .landed = FRAME_A },
		{ FAULT, EVENT_ACCESS, false, PTE(SCRATCH), .after = PTE(SCRATCH), "I8", .user = true,
		  .landed = SCRATCH },
	};

	play(steps, G_N_ELEMENTS(steps));
}

/* An access that landed where no PTE and no TLB leads: no verdict, whatever it violates. */
static void test_unexplained(void)
{
	static const Step steps[] = {
		{ FAULT, EVENT_ACCESS, false, PTE(FRAME_A), .after = PTE(FRAME_A), .landed = FRAME_A },
		{ FAULT, EVENT_ACCESS, false, PTE(FRAME_A), .after = PTE(FRAME_A), "I7",
		  .landed = FRAME_B },
	};
	g_autoptr(Check) explained = play_on(steps, 1);
	g_autoptr(Check) check = play_on(steps, G_N_ELEMENTS(steps));

	g_assert_null(explained->unexplained);
	g_assert_nonnull(check->unexplained);
	check_begin(check, (guint64[MAX_PAGES]){ 0 });
	g_assert_null(check->unexplained);
}

/* A kernel that changes a PTE for ever, and never flushes. */
static void test_too_many_frames(void)
{
	g_autoptr(Check) check = check_new(&header);

	check_begin(check, (guint64[MAX_PAGES]){ 0 });
	for (int i = 0; i <= TLB_FRAMES; i++) {
		Event event = { .kind = EVENT_PTE, .actor = ALLOC, .pc = KERNEL_PC,
				.access = ACCESS_WRITE, .before = { i ? PTE(FRAME_A + i - 1) : 0 },
				.after = { PTE(FRAME_A + i) } };

		g_assert_null(check->unexplained);
		check_event(check, &event);
	}
	g_assert_nonnull(check->unexplained);
}

/* A PTE that changes behind the events' back, or at one that changes none: nobody knows what else did. */
static void test_not_whole(void)
{
	static const Step behind[] = {
		{ FAULT, EVENT_LOCK, false, 0, .after = 0 },
		{ FAULT, EVENT_UNLOCK, false, PTE(SCRATCH), .after = PTE(SCRATCH) },
	};
	static const Step beside[] = {
		{ FAULT, EVENT_LOCK, false, 0, .after = PTE(SCRATCH) },
	};
	/* what the processor leaves in it is no change */
	static const Step accessed[] = {
		{ FAULT, EVENT_LOCK, false, PTE(SCRATCH), .after = PTE(SCRATCH) },
		{ FAULT, EVENT_UNLOCK, false, PTE(SCRATCH) | 0x60, .after = PTE(SCRATCH) | 0x60 },
	};
	g_autoptr(Check) one = play_on(behind, 2), other = play_on(beside, 1);
	g_autoptr(Check) same = play_on(accessed, 2);

	g_assert_nonnull(one->unexplained);
	g_assert_nonnull(other->unexplained);
	g_assert_null(same->unexplained);
}

static void test_i9(void)
{
	static const Step steps[] = {
		{ ALLOC, EVENT_FREE, false, 0, .after = 0, .pfn = FRAME_A },
		{ FAULT, EVENT_FREE, false, 0, .after = 0, "I9", .pfn = FRAME_A, .double_free = true },
	};

	static const Step of_scratch[] = {
		{ FAULT, EVENT_FREE, false, 0, .after = 0, "I3", .pfn = SCRATCH },
		{ FAULT, EVENT_FREE, false, 0, .after = 0, "I3", .pfn = SCRATCH, .double_free = true },
	};

	play(steps, G_N_ELEMENTS(steps));
	play(of_scratch, G_N_ELEMENTS(of_scratch));
}

/* One page with a PTE of a process: what it and the kernel's map after each event. */
static void test_i12(void)
{
	TraceHeader both = header;
	static const struct {
		int actor;
		EventKind kind;
		guint64 kernel, user;	/* frames */
		const char *reason;
	} steps[] = {
		{ FAULT, EVENT_PTE, FRAME_A, FRAME_A, NULL },
		{ ALLOC, EVENT_LOCK, FRAME_A, FRAME_A, NULL },
		{ ALLOC, EVENT_PTE, 0, FRAME_A, NULL },
		/* documented: the free will zap it */
		{ ALLOC, EVENT_PTE, 0, 0, NULL },
		{ FAULT, EVENT_PTE, 0, FRAME_A, NULL },
		/* another one, or when the address is somebody's again */
		{ FAULT, EVENT_PTE, 0, FRAME_B, "user-maps-another" },
		{ ALLOC, EVENT_PTE, FRAME_B, FRAME_B, NULL },
		{ FAULT, EVENT_PTE, FRAME_B, FRAME_A, "user-maps-another" },
		{ ALLOC, EVENT_PTE, 0, FRAME_A, NULL },
		{ FAULT, EVENT_RETURN, 0, FRAME_A, NULL },
		{ ALLOC, EVENT_UNLOCK, 0, FRAME_A, NULL },
		{ ALLOC, EVENT_RETURN, 0, FRAME_A, "freed-still-mapped" },
		{ ALLOC, EVENT_RETURN, 0, FRAME_A, NULL },
		{ ALLOC, EVENT_PTE, 0, 0, NULL },
		{ FAULT, EVENT_PTE, 0, FRAME_A, "mapped-after-free" },
		{ FAULT, EVENT_PTE, 0, FRAME_C, "user-maps-another" },
	};
	guint64 kernel = PTE(FRAME_A), user = 0;

	both.n_more = 1;
	both.more[0].view = 1;
	g_autoptr(Check) check = check_new(&both);
	check_begin(check, (guint64[MAX_PTES]){ kernel, user });
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		Event event = { .kind = steps[i].kind, .actor = steps[i].actor, .pc = KERNEL_PC,
				.before = { kernel, user } };
		guint had = check->violations->len;

		kernel = steps[i].kernel ? PTE(steps[i].kernel) : 0;
		user = steps[i].user ? PTE(steps[i].user) : 0;
		event.after[0] = kernel;
		event.after[1] = user;
		check_event(check, &event);
		g_assert_cmpuint(check->violations->len, ==, had + (steps[i].reason != NULL));
		if (steps[i].reason)
			g_assert_cmpstr(violation_at(check, had)->reason, ==, steps[i].reason);
	}
	g_assert_cmpuint(check->documented->len, ==, 1);
}

/* A process's access through a PTE that is not what was handed out. */
static void test_i7_of_user(void)
{
	TraceHeader both = header;
	Event event = { .kind = EVENT_ACCESS, .actor = FAULT, .view = 1, .slot = 1, .pc = USER_PC,
			.access = ACCESS_READ, .landed = FRAME_B,
			.before = { PTE(FRAME_A), PTE(FRAME_B) },
			.after = { PTE(FRAME_A), PTE(FRAME_B) } };

	both.n_more = 1;
	both.more[0].view = 1;
	g_autoptr(Check) check = check_new(&both);
	check_begin(check, event.before);
	check_event(check, &event);
	g_assert_cmpuint(check->violations->len, ==, 1);
	g_assert_cmpstr(violation_at(check, 0)->reason, ==, "read-old-page");
}

/* Whether a store may have gone to scratch; a load or a fault never does that. */
static void test_scratch_written(void)
{
	static const Step stores[] = {
		{ FAULT, EVENT_ACCESS, true, 0, .after = 0, .write = true },
		{ FAULT, EVENT_PTE, false, 0, .after = PTE(SCRATCH) },
		{ FAULT, EVENT_ACCESS, false, PTE(SCRATCH), .after = PTE(SCRATCH) },
		{ FAULT, EVENT_ACCESS, false, PTE(SCRATCH), .after = PTE(SCRATCH), .write = true },
	};
	g_autoptr(Check) before = play_on(stores, G_N_ELEMENTS(stores) - 1);
	g_autoptr(Check) after = play_on(stores, G_N_ELEMENTS(stores));

	g_assert_false(before->scratch_written);
	g_assert_true(after->scratch_written);
	g_assert_cmpuint(after->faults_taken->len, ==, 1);
	g_assert_true(g_array_index(after->faults_taken, FaultTaken, 0).write);
}

/* With its lock or without, by an interrupt on top of the holder, by a reader that needs none. */
static void test_i13(void)
{
	TraceHeader words = header;
	const struct {
		Event event;
		const char *found;	/* reason, NULL: none */
	} cases[] = {
		{ { .kind = EVENT_WORD, .actor = ALLOC, .access = ACCESS_READ }, "read-unlocked" },
		{ { .kind = EVENT_WORD, .actor = ALLOC, .access = ACCESS_READ, .lockless = true }, NULL },
		{ { .kind = EVENT_WORD, .actor = ALLOC, .access = ACCESS_RMW, .lockless = true },
		  "written-unlocked" },
		{ { .kind = EVENT_LOCK, .actor = ALLOC, .lock = 1 }, NULL },
		{ { .kind = EVENT_WORD, .actor = ALLOC, .access = ACCESS_WRITE }, "written-unlocked" },
		{ { .kind = EVENT_LOCK, .actor = ALLOC }, NULL },
		{ { .kind = EVENT_WORD, .actor = ALLOC, .access = ACCESS_WRITE }, NULL },
		{ { .kind = EVENT_WORD, .actor = ALLOC, .access = ACCESS_WRITE, .irq = true },
		  "written-unlocked" },
		{ { .kind = EVENT_WORD, .actor = FAULT, .access = ACCESS_WRITE }, "written-unlocked" },
		{ { .kind = EVENT_UNLOCK, .actor = ALLOC }, NULL },
		{ { .kind = EVENT_WORD, .actor = ALLOC, .access = ACCESS_WRITE }, "written-unlocked" },
	};

	words.n_locks = 2;
	words.n_words = 1;
	words.locks[0] = "arena";
	words.locks[1] = "vmas";
	words.words[0] = "nr_pages";
	g_autoptr(Check) check = check_new(&words);
	check_begin(check, (guint64[MAX_PAGES]){ 0 });
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Event event = cases[i].event;
		guint had = check->violations->len;

		event.page = -1;
		check_event(check, &event);
		g_assert_cmpuint(check->violations->len, ==, had + (cases[i].found != NULL));
		if (!cases[i].found)
			continue;
		g_assert_cmpstr(violation_at(check, had)->reason, ==, cases[i].found);
		g_assert_cmpstr(violation_at(check, had)->word, ==, "nr_pages");
		g_assert_cmpstr(violation_at(check, had)->lock, ==, "arena");
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/check/clean", test_clean);
	g_test_add_func("/check/i1", test_i1);
	g_test_add_func("/check/i14", test_i14);
	g_test_add_func("/check/i1-free", test_i1_free);
	g_test_add_func("/check/i1-no-free", test_i1_no_free);
	g_test_add_func("/check/i2", test_i2);
	g_test_add_func("/check/i5", test_i5);
	g_test_add_func("/check/livelock", test_livelock);
	g_test_add_func("/check/i6", test_i6);
	g_test_add_func("/check/destroy", test_destroy);
	g_test_add_func("/check/i7", test_i7);
	g_test_add_func("/check/i8", test_i8);
	g_test_add_func("/check/i9", test_i9);
	g_test_add_func("/check/not-whole", test_not_whole);
	g_test_add_func("/check/i12", test_i12);
	g_test_add_func("/check/i13", test_i13);
	g_test_add_func("/check/i7-of-user", test_i7_of_user);
	g_test_add_func("/check/unexplained", test_unexplained);
	g_test_add_func("/check/too-many-frames", test_too_many_frames);
	g_test_add_func("/check/scratch-written", test_scratch_written);
	return g_test_run();
}
