// SPDX-License-Identifier: GPL-2.0-only
/* A record as text and back; what a stranger's file may do to it. */
#include "event/record.h"

#include <string.h>

#include "arch/sample.h"
#include "util/error.h"

enum { SCRATCH = 0x4321, FRAME_A = 0x1234, FRAME_B = 0x77 };

static const guint64 KERNEL = SAMPLE_KERNEL + 0x234567, USER = SAMPLE_USER;

#define PTE(frame) (SAMPLE_PTE(frame) | SAMPLE_BITS)

static const TraceHeader header = {
	.n_actors = 2, .n_pages = 1, .actors = { { "alloc", 0 }, { "fault", 3 } },
	.scratch = { SCRATCH }, .uaddr = { 0x100000000 },
	.declared = { .oops_actor = 1, .oops_page = 0, .succeeds = 0 },
	.n_locks = 2, .locks = { "arena", "ptl" }, .n_words = 3, .words = { "list", "nr_pages", "users" },
	.word_guards = { 1, 0, -1 }, .word_views = { 0, 0, 2 },
	.n_failing = 2, .failing = { "alloc-page", "kmalloc" },
};

static const Event events[] = {
	{ .kind = EVENT_ACCESS, .actor = 1, .access = ACCESS_WRITE, .faulted = true, .program = 77,
	  .pc = KERNEL },
	{ .kind = EVENT_LOCK, .page = -1, .pc = KERNEL },
	{ .kind = EVENT_MASK, .page = -1, .pc = KERNEL },
	{ .kind = EVENT_PTE, .access = ACCESS_CMPXCHG, .pc = KERNEL, .after = { PTE(FRAME_A) } },
	{ .kind = EVENT_PTE, .actor = 1, .access = ACCESS_CMPXCHG, .pc = KERNEL,
	  .before = { PTE(FRAME_A) }, .after = { PTE(FRAME_A) } },
	{ .kind = EVENT_ACCESS, .actor = 1, .access = ACCESS_READ, .pc = KERNEL, .landed = FRAME_A,
	  .before = { PTE(FRAME_A) }, .after = { PTE(FRAME_A) } },
	{ .kind = EVENT_PTE, .access = ACCESS_RMW, .half = HALF_LOAD, .pc = KERNEL,
	  .before = { PTE(FRAME_A) }, .after = { PTE(FRAME_A) } },
	{ .kind = EVENT_PTE, .access = ACCESS_RMW, .half = HALF_STORE, .pc = KERNEL,
	  .before = { PTE(FRAME_A) }, .after = { PTE(SCRATCH) } },
	{ .kind = EVENT_FLUSH, .page = -1, .flush = FLUSH_BUT_GLOBAL, .root = ROOT_KERNEL, .pc = KERNEL,
	  .before = { PTE(SCRATCH) }, .after = { PTE(SCRATCH) } },
	{ .kind = EVENT_SEND, .page = -1, .to = 1, .before = { PTE(SCRATCH) },
	  .after = { PTE(SCRATCH) }, .pc = KERNEL },
	{ .kind = EVENT_IRQ, .actor = 1, .irq = true, .page = -1, .before = { PTE(SCRATCH) },
	  .after = { PTE(SCRATCH) }, .pc = KERNEL },
	{ .kind = EVENT_FREE, .pfn = FRAME_A, .double_free = true, .lazy = 2, .before = { PTE(SCRATCH) },
	  .after = { PTE(SCRATCH) }, .pc = KERNEL },
	{ .kind = EVENT_EVICT, .actor = 1, .page = -1, .before = { PTE(SCRATCH) },
	  .after = { PTE(FRAME_B) & ~SAMPLE_PRESENT }, .pc = KERNEL },
	{ .kind = EVENT_ACCESS, .actor = 1, .access = ACCESS_WRITE, .pc = USER, .view = 1, .slot = -1,
	  .landed = FRAME_B,
	  .before = { PTE(FRAME_B) & ~SAMPLE_PRESENT }, .after = { PTE(FRAME_B) } },
	{ .kind = EVENT_UNLOCK, .page = -1, .pc = KERNEL, .before = { PTE(FRAME_B) },
	  .after = { PTE(FRAME_B) } },
	{ .kind = EVENT_RETURN, .page = -1, .result = -14, .pc = KERNEL, .before = { PTE(FRAME_B) },
	  .after = { PTE(FRAME_B) } },
	{ .kind = EVENT_ACCESS, .actor = 1, .access = ACCESS_WRITE, .pc = KERNEL, .landed = FRAME_B,
	  .offset = 8, .bytes = 4, .stored = 0x5678, .before = { PTE(FRAME_B) },
	  .after = { PTE(FRAME_B) } },
	{ .kind = EVENT_DESTROY, .page = -1, .pc = KERNEL, .before = { PTE(FRAME_B) },
	  .after = { 0 } },
	{ .kind = EVENT_WORD, .page = -1, .word = 1, .lock = 0, .lockless = true,
	  .access = ACCESS_WRITE, .pc = KERNEL },
	{ .kind = EVENT_WORD, .page = -1, .word = 2, .lock = -1, .count = -1,
	  .access = ACCESS_RMW, .pc = KERNEL },
	{ .kind = EVENT_LOCK, .page = -1, .lock = 1, .pc = KERNEL },
	{ .kind = EVENT_HOLD, .page = -1, .lock = 1, .pc = KERNEL },
	{ .kind = EVENT_CALL, .page = -1, .failing = 1, .pc = KERNEL },
	{ .kind = EVENT_FAIL, .page = -1, .failing = 1, .leaves = true, .pc = KERNEL },
	{ .kind = EVENT_FAIL, .actor = 1, .page = -1, .lock = 1, .gives_up = true, .pc = KERNEL },
};

/* Something of everything that an end may tell. */
static End *make_end(void)
{
	End *end = end_new(ENDED_DONE);
	EndWord word = { 0, 16, 0x8000000000000001 };
	EndReport report = { 77, 0x100000000, true };
	guint64 frame = FRAME_A, other = FRAME_B;

	end->n_actors = 2;
	end->n_groups = end->n_pages = 1;
	end->actors[0] = (EndActor){ .state = END_WAITS,
				     .wait = { "alloc", WAIT_LOCK, "fault", NULL, "arena" } };
	end->actors[1] = (EndActor){ .state = END_CRASHED, .fault_page = 0 };
	end->groups[0] = (EndGroup){ .lives = true, .refcount = 1, .mapped = 1, .counted = -1 };
	end->pages[0] = (EndPage){ .exists = true, .pte = PTE(FRAME_B), .reserved = true,
				   .maybe_reserved = true };
	end->streams = true;
	g_array_append_val(end->words, word);
	g_array_append_val(end->reports, report);
	g_array_append_val(end->given_back, frame);
	g_array_append_val(end->pinned, other);
	g_ptr_array_add(end->splats, "BUG: of a kind");
	return end;
}

static Record *make(void)
{
	Record *record = record_new(&header);
	g_autofree Tlb *tlb = g_new0(Tlb, 1);
	Violation found = violation_new("I9", "double-free", 11);

	record_begin(record, (guint64[MAX_PAGES]){ 0 });
	tlb_begin(tlb, 2, 1, record->header.ptes, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(events); i++) {
		bool placed = event_kind_row(events[i].kind)->place;

		tlb_event(tlb, &events[i]);
		record_add(record, &events[i], placed ? "f+0x1" : NULL,
			   placed ? "kernel/bpf/arena.c:1" : NULL, placed ? "nop" : NULL, tlb);
	}
	record_end(record, make_end());
	found.pfn = FRAME_A;
	record_found(record, &found);
	return record;
}

static void test_back(void)
{
	g_autoptr(Record) record = make();
	g_autofree char *text = record_json(record);
	g_autoptr(GError) error = NULL;
	g_autoptr(Record) back = record_parse(text, "t", &error);

	g_assert_no_error(error);
	g_autofree char *again = record_json(back);
	g_assert_cmpstr(text, ==, again);
	g_assert_cmpuint(back->events->len, ==, G_N_ELEMENTS(events));
	for (guint i = 0; i < back->events->len; i++) {
		const Event *was = &events[i], *is = &record_event(back, i)->event;

		g_assert_cmpint(was->kind, ==, is->kind);
		g_assert_cmpint(was->actor, ==, is->actor);
		g_assert_cmpint(was->page, ==, is->page);
		g_assert_cmpint(was->access, ==, is->access);
		g_assert_cmpint(was->half, ==, is->half);
		g_assert_cmpint(was->flush, ==, is->flush);
		g_assert_cmpint(was->root, ==, is->root);
		g_assert_cmpint(was->to, ==, is->to);
		g_assert_cmpint(was->lock, ==, is->lock);
		g_assert_cmpint(was->word, ==, is->word);
		g_assert_true(was->lockless == is->lockless && was->count == is->count);
		g_assert_cmpint(was->group, ==, is->group);
		g_assert_cmpint(was->result, ==, is->result);
		g_assert_true(was->irq == is->irq && was->faulted == is->faulted &&
			      was->double_free == is->double_free && was->lazy == is->lazy &&
			      !was->landed == !is->landed && was->offset == is->offset &&
			      was->bytes == is->bytes && was->stored == is->stored &&
			      was->group == is->group && !was->program == !is->program &&
			      event_is_kernel(was) == event_is_kernel(is) &&
			      event_failed(was) == event_failed(is));
	}
	g_assert_cmpstr(record_violation(back, 0)->frame, ==, "frame A");
	/* Nothing of this boot is in it. */
	g_assert_null(strstr(text, "1234"));
	g_assert_null(strstr(text, "4321"));
}

/* The same without what follows from the rest; what nobody reads in it is no member. */
static void test_brief(void)
{
	g_autoptr(Record) record = make();

	record->brief = true;
	g_autofree char *text = record_json(record);
	g_autoptr(Record) back = record_parse(text, "t", NULL);
	g_assert_nonnull(back);
	g_autofree char *again = record_json(back);
	g_assert_cmpstr(text, ==, again);
	g_assert_null(strstr(text, "\"tlb\""));
	g_autoptr(GString) strange = g_string_new(text);
	g_string_replace(strange, "\"n\":3,", "\"n\":3,\"tlb\":[],", 1);
	g_assert_null(record_parse(strange->str, "t", NULL));
	g_autoptr(GString) gap = g_string_new(text);
	g_string_replace(gap, "\"n\":3,", "\"n\":4,", 1);
	g_assert_null(record_parse(gap->str, "t", NULL));
}

/* Every kind is in the test above, and has a token of its own. */
static void test_kinds(void)
{
	g_autoptr(GHashTable) tokens = g_hash_table_new(g_str_hash, g_str_equal);
	guint32 seen = 1u << EVENT_NONE;

	for (gsize i = 0; i < G_N_ELEMENTS(events); i++)
		seen |= 1u << events[i].kind;
	g_assert_cmpuint(seen, ==, (1u << N_EVENT_KINDS) - 1);
	for (int kind = 0; kind < N_EVENT_KINDS; kind++)
		g_assert_true(g_hash_table_add(tokens, (char *)event_kind_row(kind)->token));
}

static void test_frame_names(void)
{
	g_autoptr(Record) record = record_new(&header);

	for (guint64 pfn = 0; pfn < 800; pfn++)
		g_array_append_val(record->frames, pfn);
	g_assert_cmpstr(record_frame(record, 25), ==, "frame Z");
	g_assert_cmpstr(record_frame(record, 26), ==, "frame AA");
	g_assert_cmpstr(record_frame(record, 702), ==, "frame AAA");
	g_assert_cmpstr(record_frame(record, SCRATCH), ==, "scratch");
}

static const struct {
	const char *old, *new;
	int line;
} damages[] = {
	{ "\"racerig-trace\":11", "\"racerig-trace\":6", 1 },
	{ "\"events\":25", "\"events\":21", 28 },
	{ "\"events\":25", "\"events\":23", 28 },
	{ "\"violations\":1", "\"violations\":0", 28 },
	{ "\"violations\":1", "\"violations\":-1", 1 },
	{ "{\"violation\"", "\n{\"violation\"", 28 },
	{ "\"pages\":[{\"group\":0", "\"pages\":[{\"group\":8", 1 },
	{ "\"guarded_by\":\"arena\"", "\"guarded_by\":\"other\"", 1 },
	{ "\"locks\":[\"arena\",\"ptl\"]", "\"locks\":[\"arena\",\"arena\"]", 1 },
	{ "\"locks\":[\"arena\",\"ptl\"]", "\"locks\":[\"arena\",7]", 1 },
	{ "\"lock\":\"arena\"", "\"lock\":\"nr_pages\"", 3 },
	{ "\"group\":0,\"before\"", "\"group\":9,\"before\"", 19 },
	{ "\"word\":\"nr_pages\"", "\"word\":\"arena\"", 20 },
	{ "\"count\":-1", "\"count\":\"-1\"", 21 },
	{ "\"nr_pages\",\"guarded_by\":\"arena\"", "\"nr_pages\",\"guarded_by\":\"arena\",\"view\":1", 1 },
	{ "\"failing\":[\"alloc-page\",\"kmalloc\"]", "\"failing\":[\"kmalloc\",\"kmalloc\"]", 1 },
	{ "\"failing\":[\"alloc-page\",\"kmalloc\"],", "", 24 },
	{ "\"call\":\"kmalloc\",\"leaves\":true", "\"call\":\"kmalloc\",\"leaves\":1", 25 },
	{ "\"call\":\"kmalloc\",\"leaves\"", "\"call\":\"arena\",\"leaves\"", 25 },
	{ "\"name\":\"nr_pages\"", "\"name\":\"list\"", 1 },
	{ "\"nr_pages\",\"guarded_by\":\"arena\"", "\"nr_pages\",\"guarded_by\":\"list\"", 1 },
	/* a PTE that nobody watches */
	{ "\"kind\":\"pte\",", "\"kind\":\"pte\",\"view\":1,", 5 },
	{ "\"pte_bits\":\"0x0\"", "\"pte_bits\":0", 1 },
	{ "\"actors\":[{\"name\"", "\"actors\":[7,{\"name\"", 1 },
	{ "\"n\":1,\"actor\":\"fault\"", "\"n\":1,\"actor\":\"nobody\"", 2 },
	{ "\"n\":1,", "\"n\":2,", 2 },
	{ "\"kind\":\"access\"", "\"kind\":\"none\"", 2 },
	{ "\"kind\":\"access\"", "\"kind\":5", 2 },
	{ "\"page\":0,\"where\"", "\"page\":1,\"where\"", 2 },
	{ "\"page\":0,\"where\"", "\"page\":-1,\"where\"", 2 },
	{ "\"program\":1", "\"program\":-1", 2 },
	{ "\"to\":\"frame A\"", "\"to\":\"scratch\"", 5 },
	{ "\"after\":[\"frame A\"]", "\"after\":[\"frame B\"]", 5 },
	{ "\"after\":[\"frame A\"]", "\"after\":[\"frame a\"]", 5 },
	{ "\"after\":[\"frame A\"]", "\"after\":[]", 5 },
	{ "\"after_bits\":[\"" SAMPLE_BITS_TEXT "\"]", "\"after_bits\":[\"" SAMPLE_FRAME_TEXT "\"]", 5 },
	{ "\"tlb\":[[[\"frame A\"]]", "\"tlb\":[[[]]", 5 },
	/* an access that no translation leads to */
	{ "\"landed\":\"frame A\"", "\"landed\":\"scratch\"", 7 },
	{ "\"half\":\"load\"", "\"half\":\"whole\"", 8 },
	{ "\"flush\":\"" SAMPLE_FLUSH "\"", "\"flush\":\"cat\"", 10 },
	{ "\"target\":\"fault\"", "\"target\":\"\"", 11 },
	{ "\"frame\":\"frame A\",\"double", "\"frame\":\"frame AAAAA\",\"double", 13 },
	{ "\"kind\":\"seen\"", "\"kind\":\"manifest\"", 28 },
	{ "\"reason\":\"double-free\",\"event\":12", "\"reason\":\"double-free\",\"event\":99", 28 },
	{ "{\"violation\":{", "{\"violation\":[{", 28 },
	{ "\"address\":\"0x100000000\"}],", "\"address\":1}],", 1 },
	{ "\"oops\":{\"actor\":\"fault\"", "\"oops\":{\"actor\":\"nobody\"", 1 },
	{ "\"oops\":{\"actor\":\"fault\",\"page\":0", "\"oops\":{\"actor\":\"fault\",\"page\":1", 1 },
	{ "\"succeeds\":\"alloc\"", "\"succeeds\":0", 1 },
	{ "\"offset\":8,\"bytes\":4,", "\"bytes\":4,", 18 },
	{ "\"bytes\":4,", "\"bytes\":9,", 18 },
	{ "{\"end\":{\"how\":\"done\"", "{\"end\":{\"how\":\"over\"", 27 },
	{ "{\"end\":{\"how\":\"done\"", "{\"end\":{\"how\":\"cut\"", 27 },
	{ "\"state\":\"waits\"", "\"state\":\"returned\"", 27 },
	{ "\"fault_page\":0", "\"fault_page\":1", 27 },
	{ "\"wait\":{\"actor\":\"alloc\"", "\"wait\":{\"actor\":7", 27 },
	{ "\"lives\":true", "\"lives\":1", 27 },
	{ "\"mapped\":1,", "", 27 },
	{ "\"exists\":true,\"pte\":\"frame B\"", "\"exists\":true,\"pte\":\"frame b\"", 27 },
	{ "\"words\":[{\"group\":0", "\"words\":[{\"group\":1", 27 },
	{ "\"offset\":16", "\"offset\":" SAMPLE_PAGE_TEXT, 27 },
	{ "\"word\":\"0x8000000000000001\"", "\"word\":\"0x0\"", 27 },
	{ "\"reports\":[{\"program\":1", "\"reports\":[{\"program\":0", 27 },
	{ "\"given_back\":[\"frame A\"", "\"given_back\":[\"none\"", 27 },
	{ "\"given_back\":[\"frame A\"", "\"given_back\":[7", 27 },
	{ "\"pinned\":[\"frame B\"],", "", 27 },
	{ "\"pinned\":[\"frame B\"", "\"pinned\":[\"frame b\"", 27 },
	{ "\"splats\":[\"BUG", "\"splats\":[1,\"BUG", 27 },
};

static void test_damaged(void)
{
	g_autoptr(Record) record = make();
	g_autofree char *whole = record_json(record);

	for (gsize i = 0; i < G_N_ELEMENTS(damages); i++) {
		g_autoptr(GString) text = g_string_new(whole);
		g_autofree char *place = g_strdup_printf("t:%d: ", damages[i].line);
		g_autoptr(GError) error = NULL;

		g_assert_cmpuint(g_string_replace(text, damages[i].old, damages[i].new, 1), ==, 1);
		g_assert_null(record_parse(text->str, "t", &error));
		g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
		g_assert_true(g_str_has_prefix(error->message, place));
	}
}

/* Cut at any byte, it is no trace any more. */
static void test_cut(void)
{
	g_autoptr(Record) record = make();
	g_autofree char *whole = record_json(record);
	gsize length = strlen(whole);

	for (gsize cut = 0; cut + 1 < length; cut++) {
		g_autofree char *part = g_strndup(whole, cut);

		g_assert_null(record_parse(part, "t", NULL));
	}
}

/* More frames than a TLB of the model holds: refused, not run into. */
static void test_too_many_frames(void)
{
	g_autoptr(Record) record = record_new(&header);
	g_autofree Tlb *tlb = g_new0(Tlb, 1);

	record_begin(record, (guint64[MAX_PAGES]){ 0 });
	tlb_begin(tlb, 2, 1, record->header.ptes, NULL);
	for (int i = 0; i < TLB_FRAMES; i++) {
		Event event = { .kind = EVENT_PTE, .access = ACCESS_WRITE, .pc = KERNEL,
				.after = { PTE(FRAME_A + i) } };

		g_assert_true(tlb_has_room(tlb, event.after));
		tlb_event(tlb, &event);
		record_add(record, &event, NULL, NULL, NULL, tlb);
	}
	record_end(record, end_new(ENDED_CUT));
	g_assert_false(tlb_has_room(tlb, (guint64[MAX_PAGES]){ PTE(FRAME_B) }));
	g_assert_true(tlb_has_room(tlb, (guint64[MAX_PAGES]){ PTE(FRAME_A) }));
	g_autofree char *text = record_json(record);
	g_autoptr(Record) back = record_parse(text, "t", NULL);
	g_assert_nonnull(back);
}

/* The PTEs of processes come behind the kernel's, and have views and labels of their own. */
static void test_more_ptes(void)
{
	static const Event steps[] = {
		{ .kind = EVENT_PTE, .view = 1, .slot = 1, .access = ACCESS_XCHG, .pc = KERNEL,
		  .before = { 0, PTE(FRAME_A) }, .after = { 0, PTE(FRAME_B) } },
		{ .kind = EVENT_ACCESS, .view = 1, .slot = 1, .access = ACCESS_READ, .pc = USER,
		  .before = { 0, PTE(FRAME_B) }, .after = { 0, PTE(FRAME_B) } },
		{ .kind = EVENT_FLUSH, .view = 1, .slot = 1, .flush = FLUSH_PAGE, .pc = KERNEL,
		  .before = { 0, PTE(FRAME_B) }, .after = { 0, PTE(FRAME_B) } },
		{ .kind = EVENT_ACCESS, .view = 2, .slot = -1, .access = ACCESS_READ, .pc = USER,
		  .before = { 0, PTE(FRAME_B) }, .after = { 0, PTE(FRAME_B) } },
	};
	TraceHeader with = header;

	with.n_more = 1;
	with.more[0].page = 0;
	with.more[0].view = 1;
	g_autoptr(Record) record = record_new(&with);
	g_autofree Tlb *tlb = g_new0(Tlb, 1);
	record_begin(record, steps[0].before);
	tlb_begin(tlb, 2, 2, record->header.ptes, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		tlb_event(tlb, &steps[i]);
		record_add(record, &steps[i], "f+0x1", NULL, NULL, tlb);
	}
	record_end(record, end_new(ENDED_CUT));
	g_autofree char *label = record_label(record, 0), *text = record_json(record);
	g_assert_cmpstr(label, ==, "xchg f+0x1 page0 view1");
	g_assert_nonnull(strstr(text, "\"from\":\"frame A\",\"to\":\"frame B\""));
	g_assert_nonnull(strstr(text, "\"tlb\":[[[],[\"frame A\",\"frame B\"]]"));
	/* The flush was of the process's address, on one vCPU. */
	g_assert_nonnull(strstr(text, "\"tlb\":[[[],[\"frame B\"]],[[],[\"frame A\",\"frame B\"]]]"));
	g_autoptr(GError) error = NULL;
	g_autoptr(Record) back = record_parse(text, "t", &error);
	g_assert_no_error(error);
	g_autofree char *again = record_json(back);
	g_assert_cmpstr(text, ==, again);
	for (gsize i = 0; i < G_N_ELEMENTS(steps); i++) {
		const Event *is = &record_event(back, i)->event;

		g_assert_cmpint(is->view, ==, steps[i].view);
		g_assert_cmpint(is->slot, ==, steps[i].slot);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/record/back", test_back);
	g_test_add_func("/record/brief", test_brief);
	g_test_add_func("/record/kinds", test_kinds);
	g_test_add_func("/record/more-ptes", test_more_ptes);
	g_test_add_func("/record/frame-names", test_frame_names);
	g_test_add_func("/record/damaged", test_damaged);
	g_test_add_func("/record/cut", test_cut);
	g_test_add_func("/record/too-many-frames", test_too_many_frames);
	return g_test_run();
}
