// SPDX-License-Identifier: GPL-2.0-only
/*
 * From event to event on a processor that nobody has (arch/fake.h): sites are found, accesses land
 * where its page tables and TLBs say, locks and stale translations are what may happen next.
 */
#include "step/stepper.h"

#include <string.h>

#include "arch/pte.h"
#include "step/fake-guest.h"
#include "step/fake-machine.h"

enum { A, B };

typedef struct {
	Guest *guest;
	Stepper *stepper;
	GArray *events;		/* of Event, since the schedule began */
} Run;

static void begin(Run *run)
{
	bool again;

	g_array_set_size(run->events, 0);
	g_assert_true(stepper_begin(run->stepper, run->events, &again, NULL));
	g_assert_false(again);
}

static Run run_of(const FakeFunction *functions, int n, bool mapped)
{
	g_autoptr(GError) error = NULL;
	Run run = { .guest = fake_guest(functions, n, n, mapped) };

	run.stepper = stepper_new(run.guest, &(StepperOptions){ 0 }, NULL, &error);
	g_assert_no_error(error);
	run.events = g_array_new(FALSE, FALSE, sizeof(Event));
	begin(&run);
	return run;
}

static void end(Run *run)
{
	g_array_unref(run->events);
	stepper_free(run->stepper);
	guest_free(run->guest);
}

static bool may(const Run *run, ThreadKind kind, int actor)
{
	ThreadSet enabled = stepper_enabled(run->stepper);

	return thread_set_has(&enabled, thread_of(kind, actor));
}

/* The event that the thread's move is; those that followed from it come behind it. */
static Event move(Run *run, ThreadKind kind, int actor)
{
	guint at = run->events->len;
	g_autoptr(GError) error = NULL;
	bool again;

	g_assert_true(may(run, kind, actor));
	g_assert_true(stepper_move(run->stepper, thread_of(kind, actor), run->events, &again, &error));
	g_assert_false(again);
	return g_array_index(run->events, Event, at);
}

static bool has_happened(const Run *run, EventKind kind, int actor)
{
	for (guint i = 0; i < run->events->len; i++)
		if (g_array_index(run->events, Event, i).kind == kind &&
		    g_array_index(run->events, Event, i).actor == actor)
			return true;
	return false;
}

/* One maps the page where nothing is, one loads from it. */
static const FakeFunction map_and_load[] = {
	{ "map", { PLAIN(FAKE_NOP), MEMORY(FAKE_CAS, REG_MAPS_A, REG_PTE), RETURNS } },
	{ "load", { SET(REG_ZERO, 7), MEMORY(FAKE_LOAD, REG_SCRATCH, REG_PAGE), RETURNS } },
};

static void test_sites(void)
{
	Run run = run_of(map_and_load, 2, false);
	g_autoptr(GPtrArray) sites = sites_list(stepper_sites(run.stepper));

	g_assert_cmpuint(sites->len, ==, 2);
	const Site *cas = g_ptr_array_index(sites, 0), *load = g_ptr_array_index(sites, 1);
	g_assert_cmpint(cas->kind, ==, SITE_PTE);
	/* Behind an instruction of one byte. */
	g_assert_cmpstr(cas->where, ==, "map+1");
	g_assert_cmpuint(cas->actors, ==, 1 << A);
	g_assert_cmpint(load->kind, ==, SITE_ACCESS);
	g_assert_cmpstr(load->where, ==, "load+8");
	g_assert_cmpuint(load->actors, ==, 1 << B);
	end(&run);
}

static void test_lands(void)
{
	Run run = run_of(map_and_load, 2, false);
	Event mapped = move(&run, THREAD_ACTOR, A);

	g_assert_cmpint(mapped.kind, ==, EVENT_PTE);
	g_assert_cmpint(mapped.access, ==, ACCESS_CMPXCHG);
	g_assert_cmphex(mapped.before[0], ==, 0);
	g_assert_true(pte_maps(mapped.after[0], FRAME_A));
	g_assert_true(event_is_kernel(&mapped));
	g_assert_true(has_happened(&run, EVENT_RETURN, A));

	Event loaded = move(&run, THREAD_ACTOR, B);
	g_assert_cmpint(loaded.kind, ==, EVENT_ACCESS);
	g_assert_cmpint(loaded.access, ==, ACCESS_READ);
	g_assert_false(loaded.faulted || loaded.stale);
	g_assert_cmphex(loaded.landed, ==, FRAME_A);
	/* The stamp that said so is gone from memory and from the register. */
	g_assert_cmphex(machine_phys64(run.guest->machine, FRAME_A * FAKE_PAGE), ==, FRAME_WORD);
	g_assert_cmphex(stepper_regs(run.stepper, B)->general[REG_SCRATCH], ==, FRAME_WORD);
	g_assert_cmpint(stepper_state(run.stepper, B), ==, ACTOR_RETURNED);
	end(&run);
}

static void test_faults(void)
{
	Run run = run_of(map_and_load, 2, false);
	Event loaded = move(&run, THREAD_ACTOR, B);

	g_assert_true(loaded.faulted);
	g_assert_cmphex(loaded.landed, ==, 0);
	g_assert_cmpint(stepper_state(run.stepper, B), ==, ACTOR_CRASHED);
	g_assert_false(may(&run, THREAD_ACTOR, A));
	end(&run);
}

/* A lock, the store that it guards, and the wait for it. */
#define GUARDED(maps) { \
	SET(0, 0), SET(REG_SCRATCH, 1), MEMORY(FAKE_CAS, REG_SCRATCH, REG_LOCK), BRANCH(0, 6), \
	MEMORY(FAKE_STORE, maps, REG_PTE), MEMORY(FAKE_STORE, REG_ZERO, REG_LOCK), RETURNS, \
	PLAIN(FAKE_HALT), PLAIN(FAKE_HALT), PLAIN(FAKE_WAIT), JUMP(-11) }
static const FakeFunction guarded[] = {
	{ "first", GUARDED(REG_MAPS_A) }, { "second", GUARDED(REG_MAPS_B) },
};

static void test_lock(void)
{
	Run run = run_of(guarded, 2, false);
	Event taken = move(&run, THREAD_ACTOR, A), pending;

	g_assert_cmpint(taken.kind, ==, EVENT_LOCK);
	g_assert_true(taken.guards);
	g_assert_true(stepper_pending(run.stepper, thread_of(THREAD_ACTOR, B), &pending));
	g_assert_cmpint(pending.kind, ==, EVENT_LOCK);
	g_assert_false(may(&run, THREAD_ACTOR, B));
	Wait wait = stepper_wait_of(run.stepper, B);
	g_assert_cmpint(wait.kind, ==, WAIT_LOCK);
	g_assert_cmpstr(wait.holder, ==, "first");

	g_assert_cmpint(move(&run, THREAD_ACTOR, A).kind, ==, EVENT_PTE);
	g_assert_true(has_happened(&run, EVENT_UNLOCK, A));
	g_assert_cmpint(move(&run, THREAD_ACTOR, B).kind, ==, EVENT_LOCK);
	Event stored = move(&run, THREAD_ACTOR, B);
	g_assert_true(pte_maps(stored.before[0], FRAME_A) && pte_maps(stored.after[0], FRAME_B));
	end(&run);
}

/* One takes the page away, the other has used it, and does once more. */
static const FakeFunction zap_and_use[] = {
	{ "zap", { MEMORY(FAKE_STORE, REG_ZERO, REG_PTE), RETURNS } },
	{ "use", { MEMORY(FAKE_LOAD, REG_SCRATCH, REG_PAGE), MEMORY(FAKE_LOAD, REG_SCRATCH, REG_PAGE),
		   RETURNS } },
};

static void test_stale(void)
{
	Run run = run_of(zap_and_use, 2, true);

	g_assert_cmphex(move(&run, THREAD_ACTOR, B).landed, ==, FRAME_A);
	g_assert_false(may(&run, THREAD_EVICT, B));
	move(&run, THREAD_ACTOR, A);
	g_assert_true(may(&run, THREAD_EVICT, B));
	Event used = move(&run, THREAD_ACTOR, B);
	g_assert_true(used.stale && !used.faulted);
	g_assert_cmphex(used.landed, ==, FRAME_A);
	/* What was put there for the access is gone, and what the walker has left in it. */
	g_assert_cmphex(used.after[0], ==, 0);

	begin(&run);
	move(&run, THREAD_ACTOR, A);
	g_assert_cmpint(move(&run, THREAD_EVICT, B).kind, ==, EVENT_EVICT);
	used = move(&run, THREAD_ACTOR, B);
	g_assert_true(used.faulted && !used.stale);
	end(&run);
}

/* Between its look at the PTE and its access the TLB is emptied, or one page of it, or all but global. */
static void test_flush(gconstpointer data)
{
	FakeOperation operation = GPOINTER_TO_INT(data);
	const FakeFunction functions[] = {
		zap_and_use[0],
		{ "use", { MEMORY(FAKE_LOAD, REG_SCRATCH, REG_PTE), MEMORY(operation, 0, REG_PAGE),
			   MEMORY(FAKE_LOAD, REG_SCRATCH, REG_PAGE), RETURNS } },
	};
	Run run = run_of(functions, 2, true);

	move(&run, THREAD_ACTOR, A);
	g_assert_cmpint(move(&run, THREAD_ACTOR, B).kind, ==, EVENT_PTE);
	bool flushes = operation != FAKE_NOP;
	g_assert_true(has_happened(&run, EVENT_FLUSH, B) == flushes);
	g_assert_true(may(&run, THREAD_EVICT, B) != flushes);
	g_assert_true(move(&run, THREAD_ACTOR, B).faulted == flushes);
	end(&run);
}

/* What is not atomic is two events, and another may come in between. */
static const FakeFunction add_and_store[] = {
	{ "add", { MEMORY(FAKE_ADD, REG_ZERO, REG_PTE), RETURNS } },
	{ "store", { MEMORY(FAKE_STORE, REG_MAPS_B, REG_PTE), RETURNS } },
};

static void test_halves(void)
{
	Run run = run_of(add_and_store, 2, true);
	Event loads = move(&run, THREAD_ACTOR, A);

	g_assert_cmpint(loads.half, ==, HALF_LOAD);
	g_assert_true(event_reads(&loads));
	g_assert_true(pte_maps(move(&run, THREAD_ACTOR, B).after[0], FRAME_B));
	Event stores = move(&run, THREAD_ACTOR, A);
	g_assert_cmpint(stores.half, ==, HALF_STORE);
	g_assert_true(pte_maps(stores.after[0], FRAME_A));
	end(&run);
}

/* The same way leads to the same state, another one does not. */
static void test_again(void)
{
	Run run = run_of(guarded, 2, false);
	g_autofree char *start = stepper_state_key(run.stepper);

	move(&run, THREAD_ACTOR, A);
	g_autofree char *first = stepper_state_key(run.stepper);
	begin(&run);
	g_autofree char *start_again = stepper_state_key(run.stepper);
	move(&run, THREAD_ACTOR, B);
	g_autofree char *other = stepper_state_key(run.stepper);
	begin(&run);
	move(&run, THREAD_ACTOR, A);
	g_autofree char *again = stepper_state_key(run.stepper);

	g_assert_cmpstr(start_again, ==, start);
	g_assert_cmpstr(again, ==, first);
	g_assert_cmpstr(other, !=, first);
	g_assert_cmpstr(start, !=, first);
	end(&run);
}

/* A long list, of which the last node is the PTE; it ends where that is empty. */
static const FakeFunction walk_and_map[] = {
	{ "walk", { MEMORY(FAKE_LOAD, REG_SCRATCH, REG_SCRATCH), BRANCH(REG_SCRATCH, -2), RETURNS } },
	{ "map", { MEMORY(FAKE_CAS, REG_MAPS_A, REG_PTE), RETURNS } },
};

/* By the same instruction one goes through a list that nobody watches, and one looks at the PTE. */
static const FakeFunction walk_and_look[] = {
	{ "walk", { CALL("list"), MEMORY(FAKE_STORE, REG_MAPS_B, REG_PTE), RETURNS } },
	{ "look", { CALL("list"), RETURNS } },
	{ "list", { MEMORY(FAKE_LOAD, REG_SCRATCH, REG_SCRATCH), BRANCH(REG_SCRATCH, -2),
		    PLAIN(FAKE_RETURN) } },
};

/* Actor A begins at the list's first node, B at the PTE, which follows the last node if @watched. */
static Run run_of_list(const FakeFunction *functions, int n, bool watched)
{
	enum { FRAME = 34, NODES = 40 };
	g_autoptr(GError) error = NULL;
	Run run = { .guest = fake_guest(functions, n, 2, false) };
	const WatchPte *pte = watch_pte(&run.guest->watch, 0);
	guint64 all = pte->va - pte->phys, first = FRAME * FAKE_PAGE;

	for (int i = 0; i < NODES; i++)
		machine_phys64_set(run.guest->machine, first + 8 * i,
				   i + 1 < NODES ? all + first + 8 * (i + 1) : watched ? pte->va : 0);
	fake_regs(run.guest->machine, A)->general[REG_SCRATCH] = all + first;
	fake_regs(run.guest->machine, B)->general[REG_SCRATCH] = pte->va;
	guest_save(run.guest, GUEST_PARKED, NULL);
	run.stepper = stepper_new(run.guest, &(StepperOptions){ 0 }, NULL, &error);
	g_assert_no_error(error);
	run.events = g_array_new(FALSE, FALSE, sizeof(Event));
	begin(&run);
	return run;
}

static const Site *site_at(const Run *run, const char *function)
{
	return sites_find(stepper_sites(run->stepper), symbols_address(run->guest->symbols, function));
}

/* What a muted site does to something watched is seen, and then it is muted no more. */
static void test_missed(void)
{
	Run run = run_of_list(walk_and_map, 2, true);
	const Site *site = site_at(&run, "walk");
	Event looked = move(&run, THREAD_ACTOR, A);

	g_assert_cmpint(site->kind, ==, SITE_PTE);
	g_assert_true(site->kept && !site->muted);
	g_assert_cmpint(looked.kind, ==, EVENT_PTE);
	g_assert_cmphex(looked.before[0], ==, 0);
	begin(&run);
	move(&run, THREAD_ACTOR, B);
	g_assert_true(pte_maps(move(&run, THREAD_ACTOR, A).before[0], FRAME_A));
	end(&run);
}

static void test_muted(void)
{
	Run run = run_of_list(walk_and_look, 3, false);
	const Site *site = site_at(&run, "list");

	g_assert_cmpint(site->kind, ==, SITE_PTE);
	g_assert_cmpint(move(&run, THREAD_ACTOR, A).access, ==, ACCESS_WRITE);
	/* It was passed often, and is there for who stands before it now. */
	g_assert_false(site->kept || site->muted || site->passed);
	g_assert_true(pte_maps(move(&run, THREAD_ACTOR, B).before[0], FRAME_B));
	end(&run);
}

/* One maps the page, both come to their sync, and one loads from it behind. */
static const FakeFunction map_sync_load[] = {
	{ "map", { PLAIN(FAKE_NOP), MEMORY(FAKE_CAS, REG_MAPS_A, REG_PTE), CALL("guest_sync"), RETURNS } },
	{ "load", { MEMORY(FAKE_LOAD, REG_SCRATCH, REG_PTE), CALL("guest_sync"),
		    MEMORY(FAKE_LOAD, REG_SCRATCH, REG_PAGE), RETURNS } },
};

static void test_sync(void)
{
	Run run = run_of(map_sync_load, 2, false);
	bool at_sync, again;
	g_autoptr(GError) error = NULL;

	g_assert_true(stepper_move_to_sync(run.stepper, B, run.events, &at_sync, &again, &error));
	g_assert_false(at_sync || again);
	g_assert_cmpint(stepper_state(run.stepper, B), ==, ACTOR_SYNC);
	g_assert_true(stepper_move_to_sync(run.stepper, A, run.events, &at_sync, &again, &error));
	g_assert_true(at_sync);
	g_assert_cmpint(stepper_state(run.stepper, A), ==, ACTOR_SYNC);
	g_assert_cmpint(stepper_state(run.stepper, B), ==, ACTOR_SYNC);
	g_assert_false(may(&run, THREAD_ACTOR, A) || may(&run, THREAD_ACTOR, B));
	/* The first goes on alone, and when it has returned the other does. */
	g_assert_true(stepper_pass_sync(run.stepper, run.events, &again, &error));
	g_assert_true(has_happened(&run, EVENT_RETURN, A));
	g_assert_cmpint(stepper_state(run.stepper, B), ==, ACTOR_READY);
	g_assert_cmphex(move(&run, THREAD_ACTOR, B).landed, ==, FRAME_A);
	end(&run);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stepper/sync", test_sync);
	g_test_add_func("/stepper/sites", test_sites);
	g_test_add_func("/stepper/missed", test_missed);
	g_test_add_func("/stepper/muted", test_muted);
	g_test_add_func("/stepper/lands", test_lands);
	g_test_add_func("/stepper/faults", test_faults);
	g_test_add_func("/stepper/lock", test_lock);
	g_test_add_func("/stepper/stale", test_stale);
	g_test_add_data_func("/stepper/no-flush", GINT_TO_POINTER(FAKE_NOP), test_flush);
	g_test_add_data_func("/stepper/flush-page", GINT_TO_POINTER(FAKE_FLUSH_PAGE), test_flush);
	g_test_add_data_func("/stepper/flush-all-but-global", GINT_TO_POINTER(FAKE_FLUSH_LOCAL), test_flush);
	g_test_add_data_func("/stepper/flush-all", GINT_TO_POINTER(FAKE_FLUSH_ALL), test_flush);
	g_test_add_func("/stepper/halves", test_halves);
	g_test_add_func("/stepper/again", test_again);
	return g_test_run();
}
