// SPDX-License-Identifier: GPL-2.0-only
#include "check/check.h"

#include <string.h>

Check *check_new(const TraceHeader *header)
{
	Check *check = g_new0(Check, 1);

	check->header = *header;
	check->n_actors = header->n_actors;
	check->n_pages = header->n_pages;
	check->scratch = check->header.scratch;
	check->faults_taken = g_array_new(FALSE, FALSE, sizeof(FaultTaken));
	check->installed = g_array_new(FALSE, FALSE, sizeof(guint64));
	check->frames_freed = g_array_new(FALSE, FALSE, sizeof(guint64));
	check->violations = g_array_new(FALSE, FALSE, sizeof(Violation));
	check->documented = g_array_new(FALSE, FALSE, sizeof(Violation));
	return check;
}

void check_free(Check *check)
{
	if (!check)
		return;
	g_array_unref(check->violations);
	g_array_unref(check->documented);
	g_array_unref(check->faults_taken);
	g_array_unref(check->installed);
	g_array_unref(check->frames_freed);
	g_free(check);
}

static void note_installed(Check *check, int page, guint64 before, guint64 after)
{
	guint64 pfn = pte_pfn(after);

	if (check_is_page(check, page, after) && !(pte_present(before) && pte_pfn(before) == pfn))
		g_array_append_val(check->installed, pfn);
}

void check_begin(Check *check, const guint64 *ptes)
{
	tlb_begin(&check->tlb, check->n_actors, header_ptes(&check->header), ptes);
	g_array_set_size(check->faults_taken, 0);
	memset(check->pages, 0, sizeof(check->pages));
	memset(check->faults, 0, sizeof(check->faults));
	memset(check->user_faults, 0, sizeof(check->user_faults));
	memset(check->returns, 0, sizeof(check->returns));
	check->emptied = 0;
	for (int i = 0; i < MAX_LOCKS; i++)
		check->holders[i] = -1;
	for (int i = 0; i < MAX_ACTORS; i++)
		check->begun[i] = -1;
	for (int i = 0; i < MAX_PAGES; i++)
		check->left[i].by = check->left[i].returned = -1;
	check->n_events = 0;
	check->unexplained = NULL;
	check->scratch_written = check->freed_twice = false;
	check->destroyed = 0;
	g_array_set_size(check->installed, 0);
	g_array_set_size(check->frames_freed, 0);
	for (int i = 0; i < check->n_pages; i++) {
		note_installed(check, i, 0, ptes[i]);
		/* What set-up has allocated is the program's, like what an actor allocates. */
		if (check_is_page(check, i, ptes[i]))
			check->pages[i] = (Ownership){ .installed = true, .owned = true,
						       .by = -1, .pfn = pte_pfn(ptes[i]) };
	}
	g_array_set_size(check->violations, 0);
	g_array_set_size(check->documented, 0);
}

Violation check_violation(const Check *check, const char *invariant, const char *reason,
			  const Event *event)
{
	return violation_new(invariant, reason, event ? check->n_events : -1);
}

void check_blame(const Check *check, Violation *violation, int actor)
{
	violation->actor = check->header.actors[actor].name;
	violation->vcpu = check->header.actors[actor].vcpu;
}

static bool is_known(const GArray *all, const Violation *found)
{
	for (guint i = 0; i < all->len; i++) {
		const Violation *known = &g_array_index(all, Violation, i);

		/* Both strings are interned. */
		if (known->invariant == found->invariant && known->reason == found->reason)
			return true;
	}
	return false;
}

void check_found(Check *check, const Violation *found)
{
	g_assert(invariant_reason(found->invariant, found->reason));
	if (!found->documented)
		g_array_append_val(check->violations, *found);
	else if (!is_known(check->documented, found))
		g_array_append_val(check->documented, *found);
}

bool check_is_scratch(const Check *check, int page, guint64 pte)
{
	return pte_present(pte) && (gint64)pte_pfn(pte) == check->scratch[page];
}

bool check_is_scratch_pfn(const Check *check, guint64 pfn)
{
	for (int i = 0; i < check->n_pages; i++)
		if (check->scratch[i] == (gint64)pfn)
			return true;
	return false;
}

bool check_is_page(const Check *check, int page, guint64 pte)
{
	return pte_present(pte) && !check_is_scratch(check, page, pte);
}

bool check_takes_back(const Check *check, const Event *event, int page)
{
	guint64 after = event->after[page];
	int guard = check->header.guards[page];

	return check_is_page(check, page, event->before[page]) &&
	       (guard < 0 || event->actor == check->holders[guard] ||
		check_is_destroyed(check, page)) &&
	       (after == 0 || check_is_scratch(check, page, after));
}

static void note_lock(Check *check, const Event *event)
{
	if (event->kind == EVENT_LOCK)
		check->holders[event->lock] = event->actor;
	else if (event->kind == EVENT_UNLOCK)
		check->holders[event->lock] = -1;
}

/* An allocator's store makes a page installed; its return makes it owned. */
static void update_ownership(Check *check, const Event *event)
{
	for (int i = 0; i < check->n_pages; i++) {
		guint64 before = event->before[i], after = event->after[i];
		Ownership *page = &check->pages[i];

		if (event->kind == EVENT_RETURN) {
			if (page->installed && page->by == event->actor)
				page->owned = true;
		} else if (check_is_page(check, i, after) && before != after) {
			*page = (Ownership){ .installed = true, .by = event->actor,
					     .pfn = pte_pfn(after) };
		} else if (check_takes_back(check, event, i)) {
			/* A free takes the page back before it returns. */
			*page = (Ownership){ 0 };
		}
		if (before != 0 && after == 0)
			check->emptied++;
	}
}

/* Which operation an event is of, and which pages it has left without one. */
static void note_operations(Check *check, const Event *event)
{
	bool returns = event->kind == EVENT_RETURN;

	if (check->begun[event->actor] < 0)
		check->begun[event->actor] = check->n_events;
	for (int i = 0; i < check->n_pages; i++) {
		if (event->after[i])
			check->left[i].by = check->left[i].returned = -1;
		else if (event->before[i])
			check->left[i].by = event->actor;
		else if (returns && check->left[i].by == event->actor && check->left[i].returned < 0)
			check->left[i].returned = check->n_events;
	}
	if (returns)
		check->begun[event->actor] = -1;
}

/* Where it was not seen where an access went, it may have been scratch. */
static bool may_use_scratch(const Check *check, const Event *event)
{
	gint64 scratch = check->scratch[event->page];

	if (event->landed)
		return (gint64)event->landed == scratch;
	return check_is_scratch(check, event->page, event->before[event->page]) ||
	       tlb_may(&check->tlb, event->actor, event->page, scratch);
}

static void note_access(Check *check, const Event *event)
{
	bool write = event->access != ACCESS_READ;
	FaultTaken fault = { event->actor, event->page, write, event->program };

	if (!event_uses_kernel_view(event))
		return;
	if (event->faulted)
		g_array_append_val(check->faults_taken, fault);
	else if (write && may_use_scratch(check, event))
		check->scratch_written = true;
}

static void note_pages(Check *check, const Event *event)
{
	for (int i = 0; i < check->n_pages; i++)
		note_installed(check, i, event->before[i], event->after[i]);
	if (event->kind == EVENT_FREE)
		g_array_append_val(check->frames_freed, event->pfn);
	check->freed_twice |= event->double_free;
	if (event->kind == EVENT_DESTROY)
		check->destroyed |= 1u << event->group;
	if (event->kind == EVENT_ACCESS)
		note_access(check, event);
}

/* What a processor used it may have held: else a table above the PTE changed, or the model is wrong. */
static bool is_explained(const Check *check, const Event *event)
{
	return !event->landed || !event_uses_kernel_view(event) ||
	       tlb_may(&check->tlb, event->actor, event->page, event->landed) ||
	       pte_pfn(event->before[event->page]) == event->landed;
}

void check_event(Check *check, const Event *event)
{
	gsize n;
	const Invariant *const *invariants = invariant_list(&n);

	if (!is_explained(check, event))
		check->unexplained = "an access reached a frame that its PTE never mapped";
	for (gsize i = 0; i < n; i++)
		if (invariants[i]->event)
			invariants[i]->event(check, event);
	update_ownership(check, event);
	note_operations(check, event);
	note_pages(check, event);
	note_lock(check, event);
	check->returns[event->actor] += event->kind == EVENT_RETURN;
	tlb_event(&check->tlb, event);
	if (check->tlb.full)
		check->unexplained = "a page had more translations than the model of a TLB keeps";
	check->n_events++;
}

static Violation ended(const Check *check, const char *reason)
{
	return violation_new("I5", reason, check->n_events - 1);
}

void check_crash(Check *check, int actor)
{
	Violation found = ended(check, "crash");

	check_blame(check, &found, actor);
	check_found(check, &found);
}

void check_livelock(Check *check, int actor)
{
	Violation found = ended(check, "livelock");

	check_blame(check, &found, actor);
	check_found(check, &found);
}

void check_deadlock(Check *check, const Wait *waits, int n)
{
	Violation found = ended(check, "deadlock");

	g_assert(n <= VIOLATION_WAITS);
	memcpy(found.waits, waits, n * sizeof(*waits));
	found.n_waits = n;
	check_found(check, &found);
}
