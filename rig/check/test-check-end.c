// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the end of a schedule shows, a fact at a time; and each exception on both sides of its
 * line.
 */
#include "check/check.h"

#include <string.h>

#include "arch/sample.h"

enum { SCRATCH = 0x10, OTHER_SCRATCH = 0x11, FRAME = 0x20, FRAME_B = 0x30, ADDRESS = 0x10000 };

static const guint64 KERNEL = SAMPLE_KERNEL;

#define PTE(frame) SAMPLE_PTE(frame)

/* Two pages, of an arena each. */
static const TraceHeader header = {
	.n_actors = 2, .n_pages = 2, .actors = { { "alloc", 0 }, { "fault", 1 } }, .groups = { 0, 1 },
	.guards = { 0, -1 },
	.scratch = { SCRATCH, OTHER_SCRATCH }, .ptes = { PTE(FRAME) }, .uaddr = { ADDRESS, 2 * ADDRESS },
	.declared = { .oops_actor = -1, .oops_page = -1, .succeeds = -1 },
};

/* A schedule in which nothing is wrong, to be changed by a test. */
typedef struct {
	TraceHeader header;
	GArray *events;		/* of Event */
	End *end;
} Play;

static Play *play_new(void)
{
	Play *play = g_new0(Play, 1);
	End *end = end_new(ENDED_DONE);

	play->header = header;
	play->events = g_array_new(FALSE, FALSE, sizeof(Event));
	play->end = end;
	end->n_actors = end->n_groups = end->n_pages = 2;
	for (int i = 0; i < 2; i++) {
		end->actors[i] = (EndActor){ .state = END_RETURNED, .result = 1, .fault_page = -1 };
		end->groups[i] = (EndGroup){ .lives = true, .refcount = 1, .mapped = !i, .counted = !i };
		end->pages[i] = (EndPage){ .exists = true, .pte = header.ptes[i], .free = i };
	}
	end->streams = true;
	return play;
}

static void play_free(Play *play)
{
	g_array_unref(play->events);
	end_free(play->end);
	g_free(play);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Play, play_free)

static void add(Play *play, Event event)
{
	event.pc = event.pc ? event.pc : KERNEL;
	if (!event.before[0] && !event.after[0]) {
		memcpy(event.before, play->header.ptes, sizeof(event.before));
		memcpy(event.after, play->header.ptes, sizeof(event.after));
	}
	g_array_append_val(play->events, event);
}

static void add_word(Play *play, int arena, int offset, guint64 word)
{
	EndWord one = { arena, offset, word };

	g_array_append_val(play->end->words, one);
}

static void add_report(Play *play, guint32 program, guint64 address, bool write)
{
	EndReport one = { program, address, write };

	g_array_append_val(play->end->reports, one);
}

/* The reasons found, in order, "(…)" around what is documented. */
static void expect(const Play *play, const char *wanted)
{
	g_autoptr(Check) check = check_new(&play->header);
	g_autoptr(GString) found = g_string_new(NULL);

	check_begin(check, play->header.ptes);
	for (guint i = 0; i < play->events->len; i++)
		check_event(check, &g_array_index(play->events, Event, i));
	check_end(check, play->end);
	for (guint i = 0; i < check->violations->len; i++)
		g_string_append_printf(found, "%s%s", found->len ? " " : "",
				       g_array_index(check->violations, Violation, i).reason);
	for (guint i = 0; i < check->documented->len; i++)
		g_string_append_printf(found, "%s(%s)", found->len ? " " : "",
				       g_array_index(check->documented, Violation, i).reason);
	g_assert_cmpstr(found->str, ==, wanted);
	g_assert_null(check->unexplained);
}

/* One fact of a clean end is another one. */
typedef void (*Change)(Play *play);

static void nothing(Play *play)
{
	(void)play;
}

static void free_maps_page(Play *play)
{
	play->end->pages[0].free = true;
}

static void allocated_maps_nothing(Play *play)
{
	play->end->pages[1].free = false;
}

static void reserved(Play *play)
{
	play->end->pages[1].reserved = true;
	play->end->pages[1].free = false;
}

static void reserved_free(Play *play)
{
	play->end->pages[1].reserved = true;
}

/* Somebody reserved it and somebody freed it: who came last is not known, so it may be either. */
static void maybe_reserved(Play *play)
{
	play->end->pages[1].maybe_reserved = true;
	play->end->pages[1].free = false;
}

static void maybe_reserved_free(Play *play)
{
	play->end->pages[1].maybe_reserved = true;
}

static void maybe_reserved_free_maps_page(Play *play)
{
	free_maps_page(play);
	play->end->pages[0].maybe_reserved = true;
}

static void reserved_maps_page(Play *play)
{
	play->end->pages[0].reserved = true;
}

/* Actor 1 looks at @view's PTE of page 0, and puts a page there as the kernel has it. */
static void populate(Play *play, int view)
{
	Event look = { .kind = EVENT_PTE, .actor = 1, .view = view, .slot = 2, .access = ACCESS_READ };
	Event install = { .kind = EVENT_PTE, .actor = 1, .access = ACCESS_CMPXCHG };

	play->header.n_more = 1;
	play->header.more[0].page = 0;
	play->header.more[0].view = 1;
	play->header.ptes[0] = play->header.ptes[2] = 0;
	install.after[0] = PTE(FRAME);
	add(play, (Event){ .kind = EVENT_LOCK, .actor = 1 });
	add(play, look);
	add(play, install);
	reserved_maps_page(play);
}

static void reserved_populated(Play *play)
{
	populate(play, 1);
}

/* An allocation that looks at the kernel's PTE only. */
static void reserved_allocated(Play *play)
{
	populate(play, 0);
}

static void half_done(Play *play)
{
	free_maps_page(play);
	play->end->groups[0].counted = 7;
	play->end->actors[1] = (EndActor){ .state = END_WAITS,
					   .wait = { "fault", WAIT_LOCK, .lock = "arena" } };
}

static void miscounted(Play *play)
{
	play->end->groups[0].counted = 2;
}

static void miscounted_below(Play *play)
{
	play->end->groups[0].counted = -1;
}

static void not_counted(Play *play)
{
	play->end->groups[0].counted = VIOLATION_NONE;
}

static void given_up(Play *play)
{
	play->end->pages[0].given_up = true;
}

static void no_reference(Play *play)
{
	play->end->groups[0].refcount = 0;
}

static void no_scratch(Play *play)
{
	play->end->groups[0].refcount = VIOLATION_NONE;
}

static void splat(Play *play)
{
	g_ptr_array_add(play->end->splats, "WARNING: at f");
}

static void failed(Play *play)
{
	play->end->actors[0].result = -12;
}

static void failed_although(Play *play)
{
	failed(play);
	play->header.declared.succeeds = 0;
}

static void crashed(Play *play)
{
	play->end->actors[1].state = END_CRASHED;
}

static void not_crashed(Play *play)
{
	play->header.declared.oops_actor = 1;
	play->header.declared.oops_page = 1;
}

static void gone(Play *play)
{
	play->end->groups[1] = (EndGroup){ .lives = false };
	play->end->pages[1] = (EndPage){ .exists = false, .free = true };
}

static void gone_and_freed(Play *play)
{
	gone(play);
	add(play, (Event){ .kind = EVENT_DESTROY, .group = 1, .page = -1 });
	add(play, (Event){ .kind = EVENT_FREE, .pfn = OTHER_SCRATCH });
}

static void gone_and_freed_again(Play *play)
{
	gone_and_freed(play);
	add(play, (Event){ .kind = EVENT_FREE, .pfn = OTHER_SCRATCH });
}

static void other_gone(Play *play)
{
	gone_and_freed(play);
	g_array_index(play->events, Event, 0).group = 0;
}

static void a_word(Play *play)
{
	add_word(play, 0, 8, 5);
}

static void test_facts(void)
{
	static const struct {
		Change change;
		const char *wanted;
	} rows[] = {
		{ nothing, "" },
		{ free_maps_page, "free-maps-page" },
		{ allocated_maps_nothing, "allocated-maps-nothing" },
		{ reserved, "" },
		{ reserved_free, "reserved-free" },
		{ reserved_maps_page, "reserved-maps-page" },
		{ reserved_allocated, "reserved-maps-page" },
		{ reserved_populated, "(reserved-populated)" },
		{ maybe_reserved, "" },
		{ maybe_reserved_free, "" },
		{ maybe_reserved_free_maps_page, "free-maps-page" },
		/* in the middle of things books may differ */
		{ half_done, "deadlock" },
		{ miscounted, "miscounted" },
		{ miscounted_below, "miscounted" },
		{ not_counted, "" },
		{ given_up, "freed-maps-page" },
		{ no_reference, "no-reference" },
		{ no_scratch, "" },
		{ splat, "splat" },
		{ failed, "" },
		{ failed_although, "allocation-failed" },
		{ crashed, "crash" },
		{ not_crashed, "no-oops" },
		{ gone, "scratch-leaked" },
		{ gone_and_freed, "" },
		{ gone_and_freed_again, "freed-again" },
		/* its end excuses no other arena's scratch page */
		{ other_gone, "freed-while-alive" },
		{ a_word, "not-zero" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Play) play = play_new();

		rows[i].change(play);
		expect(play, rows[i].wanted);
	}
}

/* A store of @value in @bytes bytes at @offset, that reached page 1's scratch page. */
static void store(Play *play, int offset, int bytes, guint64 value)
{
	Event event = { .kind = EVENT_ACCESS, .actor = 1, .page = 1, .access = ACCESS_WRITE,
			.landed = OTHER_SCRATCH, .offset = offset, .bytes = bytes, .stored = value };

	play->header.ptes[1] = play->end->pages[1].pte = PTE(OTHER_SCRATCH);
	add(play, event);
}

/* What scratch holds is what was stored there, byte for byte, in this arena; and nothing else. */
static void test_stored(void)
{
	static const struct {
		int arena, offset;
		guint64 word;
		const char *wanted;
	} rows[] = {
		{ 1, 8, 0x1234, "(kernel-wrote)" },
		{ 1, 8, 0x1200, "(kernel-wrote)" },
		{ 1, 8, 0x1235, "not-zero" },
		{ 1, 8, 0x11234, "not-zero" },
		{ 1, 16, 0x1234, "not-zero" },
		{ 0, 8, 0x1234, "not-zero" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(Play) play = play_new();

		store(play, 8, 2, 0x1234);
		add_word(play, rows[i].arena, rows[i].offset, rows[i].word);
		expect(play, rows[i].wanted);
	}
	g_autoptr(Play) over = play_new(), unseen = play_new();
	store(over, 8, 2, 0x1234);
	store(over, 8, 1, 0x77);
	add_word(over, 1, 8, 0x1277);
	expect(over, "(kernel-wrote)");
	/* where nobody looked it may be anything */
	store(unseen, 8, 0, 0);
	add_word(unseen, 1, 8, 1);
	expect(unseen, "(kernel-wrote)");
}

/* An oops of "fault" on page 0 is declared; @deed is what it did last, @page where it crashed. */
static void oops(Event deed, int actor, int page, const char *wanted)
{
	g_autoptr(Play) play = play_new();

	play->header.declared.oops_actor = 1;
	play->header.declared.oops_page = 0;
	play->end->actors[actor] = (EndActor){ .state = END_CRASHED, .fault_page = page };
	deed.actor = actor;
	add(play, deed);
	/* What is to be reported is asked where the oops is the declared one only. */
	play->end->streams = !*wanted;
	expect(play, wanted);
}

static void test_declared_oops(void)
{
	const Event fault = { .kind = EVENT_ACCESS, .access = ACCESS_READ, .faulted = true, .program = 7 };
	Event elsewhere = fault, in_irq = fault, by_user = fault;
	const Event other = { .kind = EVENT_MASK, .page = -1 };

	elsewhere.page = 1;
	in_irq.irq = true;
	by_user.pc = SAMPLE_USER;
	/* that one need not be reported, either */
	oops(fault, 1, 0, "");
	oops(fault, 0, 0, "crash");
	oops(fault, 1, 1, "crash");
	oops(fault, 1, -1, "crash");
	oops(elsewhere, 1, 0, "crash");
	oops(elsewhere, 1, 1, "crash");
	oops(in_irq, 1, 0, "crash");
	oops(by_user, 1, 0, "crash");
	oops(other, 1, 0, "crash");
}

/* One fault of program 7, and what is told of it. */
static void told(guint32 program, guint64 address, bool write, bool returned, const char *wanted)
{
	g_autoptr(Play) play = play_new();

	add(play, (Event){ .kind = EVENT_ACCESS, .actor = 1, .access = ACCESS_WRITE, .faulted = true,
			   .program = 7 });
	if (program)
		add_report(play, program, address, write);
	if (!returned)
		play->end->actors[0] = (EndActor){ .state = END_WAITS,
						   .wait = { "alloc", WAIT_SPIN, NULL, NULL } };
	expect(play, wanted);
}

static void test_reports(void)
{
	told(7, ADDRESS, true, true, "");
	told(0, 0, false, true, "misreported");
	told(8, ADDRESS, true, true, "misreported");
	told(7, ADDRESS + 8, true, true, "misreported");
	told(7, ADDRESS, false, true, "misreported");
	/* not reported yet, but none too many */
	told(0, 0, false, false, "deadlock");
	told(8, ADDRESS, true, false, "deadlock misreported");
}

/* A page leaves its PTE for @after, by @actor or an interrupt there, while @holder has the lock. */
static void take_out(guint64 after, bool frees_to_scratch, bool irq, int holder, const char *wanted)
{
	g_autoptr(Play) play = play_new();
	Event event = { .kind = EVENT_PTE, .actor = 0, .irq = irq, .access = ACCESS_XCHG,
			.before = { PTE(FRAME) }, .after = { after } };

	play->header.declared.frees_to_scratch = frees_to_scratch;
	if (holder >= 0)
		add(play, (Event){ .kind = EVENT_LOCK, .actor = holder, .page = -1 });
	add(play, event);
	Event freed = { .kind = EVENT_FREE, .pfn = FRAME, .before = { after }, .after = { after } };
	Event flush = { .kind = EVENT_FLUSH, .flush = FLUSH_ALL, .page = -1, .before = { after },
			.after = { after } };
	add(play, flush);
	flush.actor = 1;
	add(play, flush);
	add(play, freed);
	/* add() takes an empty PTE for one not said */
	for (guint i = play->events->len - 3; i < play->events->len; i++) {
		g_array_index(play->events, Event, i).before[0] = after;
		g_array_index(play->events, Event, i).after[0] = after;
	}
	play->end->pages[0].pte = after;
	play->end->pages[0].free = true;
	play->end->groups[0].mapped = play->end->groups[0].counted = 0;
	expect(play, wanted);
}

static void test_frees(void)
{
	take_out(0, false, false, 0, "");
	take_out(0, false, false, 1, "mapping-lost unlocked-store");
	take_out(0, false, false, -1, "mapping-lost unlocked-store");
	/* an interrupt on the holder's vCPU does not hold it */
	take_out(0, false, true, 0, "mapping-lost unlocked-store");
	take_out(PTE(SCRATCH), true, false, 0, "");
	take_out(PTE(SCRATCH), false, false, 0, "pte-overwritten mapping-lost");
	take_out(PTE(SCRATCH), true, false, -1, "pte-overwritten mapping-lost unlocked-store");
	/* another arena's scratch page is a page like any other */
	take_out(PTE(OTHER_SCRATCH), true, false, 0, "mapping-lost free-maps-page");
}

/* Arena @ended is at its end, and a frame that arena 0's page maps is freed. */
static void free_at_end(int ended, const char *wanted)
{
	g_autoptr(Play) play = play_new();

	add(play, (Event){ .kind = EVENT_DESTROY, .group = ended, .page = -1 });
	add(play, (Event){ .kind = EVENT_FREE, .pfn = FRAME });
	expect(play, wanted);
}

static void test_arena_end(void)
{
	free_at_end(0, "(arena-end)");
	free_at_end(1, "still-mapped still-reachable");
}

static void test_cycle(void)
{
	g_autoptr(Play) alone = play_new(), several = play_new();

	alone->end->how = several->end->how = ENDED_CYCLE;
	alone->end->n_actors = several->end->n_actors = 0;
	alone->end->n_groups = several->end->n_groups = alone->end->n_pages = several->end->n_pages = 0;
	alone->end->alone = 1;
	add(alone, (Event){ .kind = EVENT_LOCK, .page = -1 });
	expect(alone, "livelock");
	expect(several, "");
}

/* A page that was handed out is mapped nowhere, and no event freed it. */
static void test_leaked(void)
{
	g_autoptr(Play) play = play_new();
	guint64 frame = FRAME, other = FRAME_B;

	add(play, (Event){ .kind = EVENT_LOCK, .page = -1 });
	add(play, (Event){ .kind = EVENT_PTE, .access = ACCESS_XCHG, .before = { PTE(FRAME) } });
	play->end->groups[0].mapped = play->end->groups[0].counted = 0;
	play->end->pages[0] = (EndPage){ .exists = true, .free = true };
	expect(play, "leaked");
	g_array_append_val(play->end->given_back, other);
	expect(play, "leaked");
	/* the allocator has it: the end of a mapping in user space freed it */
	g_array_append_val(play->end->given_back, frame);
	expect(play, "");
	/* a pipe has it, or another one */
	g_array_set_size(play->end->given_back, 0);
	g_array_append_val(play->end->pinned, other);
	expect(play, "leaked");
	g_array_append_val(play->end->pinned, frame);
	expect(play, "");
}

static void test_deadlock(void)
{
	g_autoptr(Play) play = play_new();

	half_done(play);
	g_autoptr(Check) check = check_new(&play->header);
	check_begin(check, play->header.ptes);
	check_end(check, play->end);
	g_assert_cmpuint(check->violations->len, ==, 1);
	const Violation *found = &g_array_index(check->violations, Violation, 0);
	g_assert_cmpint(found->n_waits, ==, 1);
	g_assert_cmpstr(found->waits[0].actor, ==, "fault");
	g_assert_cmpstr(found->waits[0].lock, ==, "arena");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/check-end/facts", test_facts);
	g_test_add_func("/check-end/stored", test_stored);
	g_test_add_func("/check-end/declared-oops", test_declared_oops);
	g_test_add_func("/check-end/reports", test_reports);
	g_test_add_func("/check-end/frees", test_frees);
	g_test_add_func("/check-end/arena-end", test_arena_end);
	g_test_add_func("/check-end/leaked", test_leaked);
	g_test_add_func("/check-end/deadlock", test_deadlock);
	g_test_add_func("/check-end/cycle", test_cycle);
	return g_test_run();
}
