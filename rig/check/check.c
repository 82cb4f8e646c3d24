// SPDX-License-Identifier: GPL-2.0-only
#include "check/check.h"

#include <string.h>

#include "arch/arch.h"

Check *check_new(const TraceHeader *header)
{
	Check *check = g_new0(Check, 1);

	check->header = *header;
	check->n_actors = header->n_actors;
	check->n_pages = header->n_pages;
	check->scratch = check->header.scratch;
	check->faults_taken = g_array_new(FALSE, FALSE, sizeof(FaultTaken));
	check->taken = g_array_new(FALSE, FALSE, sizeof(FrameTaken));
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
	g_array_unref(check->taken);
	g_array_unref(check->installed);
	g_array_unref(check->frames_freed);
	for (int i = 0; i < MAX_PAGES; i++)
		g_free(check->stored[i]);
	g_free(check);
}

static void note_installed(Check *check, int page, guint64 before, guint64 after)
{
	guint64 pfn = pte_pfn(after);

	if (check_is_page(check, page, after) && !pte_maps(before, pfn))
		g_array_append_val(check->installed, pfn);
}

void check_begin(Check *check, const guint64 *ptes)
{
	TlbTables tables = header_tables(&check->header);

	tlb_begin(&check->tlb, check->n_actors, header_ptes(&check->header), ptes, &tables);
	g_array_set_size(check->faults_taken, 0);
	memset(check->pages, 0, sizeof(check->pages));
	memset(check->walked, 0, sizeof(check->walked));
	memset(check->faults, 0, sizeof(check->faults));
	memset(check->emptied, 0, sizeof(check->emptied));
	memset(check->ended, 0, sizeof(check->ended));
	for (int i = 0; i < MAX_ACTORS; i++)
		check->last_fault[i] = -1;
	for (int i = 0; i < MAX_PAGES; i++)
		g_clear_pointer(&check->stored[i], g_free);
	memcpy(check->ptes, ptes, header_ptes(&check->header) * sizeof(*ptes));
	for (int i = 0; i < MAX_LOCKS; i++)
		check->holders[i].actor = -1;
	for (int i = 0; i < MAX_ACTORS; i++)
		check->begun[i] = -1;
	for (int i = 0; i < MAX_PAGES; i++)
		check->left[i].by = check->left[i].returned = -1;
	check->n_events = 0;
	check->unexplained = NULL;
	check->scratch_written = check->freed_twice = false;
	check->failed = check->unused = 0;
	memset(check->left_behind, 0, sizeof(check->left_behind));
	g_array_set_size(check->taken, 0);
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

int check_scratch_group(const Check *check, guint64 pfn)
{
	for (int i = 0; i < check->n_pages; i++)
		if (check->scratch[i] == (gint64)pfn)
			return check->header.groups[i];
	return -1;
}

gint64 check_group_scratch(const Check *check, int arena)
{
	for (int i = 0; i < check->n_pages; i++)
		if (check->header.groups[i] == arena)
			return check->scratch[i];
	return -1;
}

static int count_in(const GArray *frames, guint n, guint64 pfn)
{
	int count = 0;

	for (guint i = 0; i < n; i++)
		count += g_array_index(frames, guint64, i) == pfn;
	return count;
}

int check_freed(const Check *check, gint64 pfn)
{
	return count_in(check->frames_freed, check->frames_freed->len, pfn);
}

GArray *check_not_freed(const Check *check)
{
	const GArray *installed = check->installed;
	GArray *frames = g_array_new(FALSE, FALSE, sizeof(guint64));

	for (guint i = 0; i < installed->len; i++) {
		guint64 pfn = g_array_index(installed, guint64, i);

		if (!count_in(installed, i, pfn) &&
		    count_in(installed, installed->len, pfn) > check_freed(check, pfn))
			g_array_append_val(frames, pfn);
	}
	return frames;
}

bool check_is_page(const Check *check, int page, guint64 pte)
{
	return pte_present(pte) && !check_is_scratch(check, page, pte);
}

bool check_has_ended(const Check *check, int page)
{
	return check->ended[check->header.groups[page]];
}

bool check_holds(const Check *check, const Event *event, int guard)
{
	return event->actor == check->holders[guard].actor &&
	       event->irq == check->holders[guard].irq;
}

bool check_holds_lock(const Check *check, const Event *event, int page)
{
	int guard = check->header.guards[page];

	return guard < 0 || check_holds(check, event, guard);
}

bool check_takes_back(const Check *check, const Event *event, int page)
{
	guint64 after = event->after[page];

	return check_is_page(check, page, event->before[page]) &&
	       (check_holds_lock(check, event, page) || check_has_ended(check, page)) &&
	       (after == 0 || (check->header.declared.frees_to_scratch &&
			       check_is_scratch(check, page, after)));
}

static void note_lock(Check *check, const Event *event)
{
	if (event->kind == EVENT_LOCK) {
		check->holders[event->lock].actor = event->actor;
		check->holders[event->lock].irq = event->irq;
	}
	if (event->kind == EVENT_UNLOCK)
		check->holders[event->lock].actor = -1;
}

/* But for what the processor's walks leave in it. */
static bool is_same_pte(guint64 a, guint64 b)
{
	return pte_present(a) && pte_present(b) ? pte_pfn(a) == pte_pfn(b)
					       : !pte_present(a) && !pte_present(b) && !a == !b;
}

/* What a free has taken it has until the page is anybody's. */
static void note_taken(Check *check, const Event *event)
{
	for (int i = 0; i < check->n_pages; i++) {
		FrameTaken taken = { .by = event->actor, .page = i,
				     .pfn = pte_pfn(event->before[i]) };

		if (check_takes_back(check, event, i))
			g_array_append_val(check->taken, taken);
	}
	for (guint i = check->taken->len; i-- > 0;) {
		FrameTaken *taken = &g_array_index(check->taken, FrameTaken, i);

		taken->returned |= event->kind == EVENT_RETURN && taken->by == event->actor;
		if (event->kind == EVENT_FREE && taken->pfn == event->pfn)
			g_array_remove_index(check->taken, i);
	}
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
		} else if (check_is_page(check, i, after) && !is_same_pte(before, after)) {
			*page = (Ownership){ .installed = true, .by = event->actor,
					     .pfn = pte_pfn(after),
					     .by_user = check->walked[event->actor] >> i & 1 };
		} else if (check_takes_back(check, event, i)) {
			/* A free takes the page back before it returns. */
			*page = (Ownership){ 0 };
		}
		if (before != 0 && after == 0)
			check->emptied[i]++;
	}
}

/* A fault of user space, or a pin, begins at the process's PTE; an allocation knows of none. */
static void note_walk(Check *check, const Event *event)
{
	if (event->kind == EVENT_RETURN)
		check->walked[event->actor] = 0;
	else if (event->kind == EVENT_PTE && event->view)
		check->walked[event->actor] |= 1u << event->page;
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

/* What the arena's scratch page holds from here on. */
static void note_store(Check *check, const Event *event)
{
	guint8 **stored = &check->stored[check->header.groups[event->page]];
	guint64 word = GUINT64_TO_LE(event->stored);

	if (!event->bytes) {
		check->scratch_written = true;
		return;
	}
	if (!*stored)
		*stored = g_malloc0(arch_page_bytes());
	memcpy(*stored + event->offset, &word, event->bytes);
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
		note_store(check, event);
}

/* Which of the pages a free that fails was about nobody can see: those that are as they were then. */
static void note_failure(Check *check, const Event *event)
{
	check->failed |= event->kind == EVENT_FAIL ? 1u << event->actor : 0;
	for (int i = 0; i < check->n_pages; i++) {
		if (event->before[i] != event->after[i])
			check->left_behind[i] = 0;
		else if (event->kind == EVENT_FAIL && event->leaves &&
			 check_is_page(check, i, event->after[i]))
			check->left_behind[i] = pte_pfn(event->after[i]);
	}
}

static void note_pages(Check *check, const Event *event)
{
	note_failure(check, event);
	for (int i = 0; i < check->n_pages; i++)
		note_installed(check, i, event->before[i], event->after[i]);
	if (event->kind == EVENT_FREE)
		g_array_append_val(check->frames_freed, event->pfn);
	check->freed_twice |= event->double_free;
	if (event->kind == EVENT_WORD && check->header.word_views[event->word] && event->count == 0)
		check->unused |= 1u << check->header.word_views[event->word];
	if (event->kind == EVENT_DESTROY)
		check->ended[event->group] = true;
	if (event->kind == EVENT_ACCESS)
		note_access(check, event);
	memcpy(check->ptes, event->after, header_ptes(&check->header) * sizeof(*check->ptes));
}

/* What an actor did last, flushes and the like apart. */
static void note_last(Check *check, const Event *event)
{
	bool fault = event->kind == EVENT_ACCESS && event->faulted && event_uses_kernel_view(event);

	if (event->kind != EVENT_FLUSH && event->kind != EVENT_SEND && event->kind != EVENT_EVICT)
		check->last_fault[event->actor] = fault && !event->irq ? event->page : -1;
}

/* What a processor used it may have held: else a table above the PTE changed, or the model is wrong. */
static bool is_explained(const Check *check, const Event *event)
{
	int slot = event_slot(event);

	return !event->landed || slot < 0 ||
	       tlb_may(&check->tlb, event->actor, slot, event->landed) ||
	       pte_pfn(event->before[slot]) == event->landed;
}

/*
 * What the events say is whole: each of the kernel's PTEs is what the event before left, and none
 * but one on a PTE changes it.  A process's may go with its address space.
 */
static bool is_whole(const Check *check, const Event *event)
{
	bool stores = event->kind == EVENT_PTE && event->access != ACCESS_READ &&
		      event->half != HALF_LOAD;

	for (int i = 0; i < check->n_pages; i++) {
		/* From the arena's end on its PTEs are not watched. */
		if (check_has_ended(check, i))
			continue;
		if (!is_same_pte(event->before[i], check->ptes[i]) ||
		    (!is_same_pte(event->before[i], event->after[i]) &&
		     (!stores || event_slot(event) != i)))
			return false;
	}
	return true;
}

void check_event(Check *check, const Event *event)
{
	gsize n;
	const Invariant *const *invariants = invariant_list(&n);

	if (!is_explained(check, event))
		check->unexplained = "an access reached a frame that its PTE never mapped";
	if (!is_whole(check, event))
		check->unexplained = "a PTE changed, and no event did it";
	for (gsize i = 0; i < n; i++)
		if (invariants[i]->event)
			invariants[i]->event(check, event);
	note_taken(check, event);
	update_ownership(check, event);
	note_walk(check, event);
	note_operations(check, event);
	note_pages(check, event);
	note_lock(check, event);
	note_last(check, event);
	tlb_event(&check->tlb, event);
	if (check->tlb.full)
		check->unexplained = "a page had more translations than the model of a TLB keeps";
	check->n_events++;
}

static bool is_violated(const Check *check, const char *invariant)
{
	for (guint i = 0; i < check->violations->len; i++)
		if (g_strcmp0(g_array_index(check->violations, Violation, i).invariant, invariant) == 0)
			return true;
	return false;
}

void check_found_at_end(Check *check, const Violation *found)
{
	if (found->documented || !is_violated(check, found->invariant))
		check_found(check, found);
}

bool check_is_declared_oops(const Check *check, const End *end, int actor)
{
	const TraceDeclared *declared = &check->header.declared;

	return end->how == ENDED_DONE && actor == declared->oops_actor &&
	       end->actors[actor].state == END_CRASHED &&
	       end->actors[actor].fault_page == declared->oops_page &&
	       check->last_fault[actor] == declared->oops_page;
}

void check_end(Check *check, const End *end)
{
	gsize n;
	const Invariant *const *invariants = invariant_list(&n);

	for (int i = 0; i < end->n_pages; i++)
		if (end->pages[i].exists && !check_has_ended(check, i) &&
		    !is_same_pte(end->pages[i].pte, check->ptes[i]))
			check->unexplained = "a PTE changed, and no event did it";
	for (gsize i = 0; i < n; i++)
		if (invariants[i]->at_end)
			invariants[i]->at_end(check, end);
}
