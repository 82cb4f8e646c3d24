// SPDX-License-Identifier: GPL-2.0-only
#include "check/check.h"

#include "arch/arch.h"

static void add(GByteArray *ret, gconstpointer data, gsize bytes)
{
	g_byte_array_append(ret, data, bytes);
}

static void add_number(GByteArray *ret, gint64 number)
{
	add(ret, &number, sizeof(number));
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	guint64 left = *(const guint64 *)a, right = *(const guint64 *)b;

	return left < right ? -1 : left > right;
}

/* Only how often each is there is ever asked for. */
static void add_frames(GByteArray *ret, const GArray *frames)
{
	g_autoptr(GArray) sorted = g_array_copy((GArray *)frames);

	g_array_sort(sorted, by_number);
	add_number(ret, sorted->len);
	add(ret, sorted->data, sorted->len * sizeof(guint64));
}

static void add_faults(GByteArray *ret, const Check *check)
{
	add_number(ret, check->faults_taken->len);
	for (guint i = 0; i < check->faults_taken->len; i++) {
		const FaultTaken *fault = &g_array_index(check->faults_taken, FaultTaken, i);

		add_number(ret, fault->actor);
		add_number(ret, fault->page);
		add_number(ret, fault->write);
		add_number(ret, fault->program);
	}
	for (int i = 0; i < check->n_actors; i++) {
		add_number(ret, check->last_fault[i]);
		for (int page = 0; page < check->n_pages; page++) {
			bool faulted = check->faults[i][page];

			add_number(ret, faulted);
			add_number(ret, faulted && check->fault_emptied[i][page] < check->emptied[page]);
		}
	}
}

static void add_taken(GByteArray *ret, const Check *check)
{
	add_number(ret, check->taken->len);
	for (guint i = 0; i < check->taken->len; i++) {
		const FrameTaken *taken = &g_array_index(check->taken, FrameTaken, i);

		add_number(ret, taken->by);
		add_number(ret, taken->returned);
		add_number(ret, taken->page);
		add_number(ret, (gint64)taken->pfn);
	}
}

/* Numbers of events only say whether: what comes is behind them all. */
static void add_page(GByteArray *ret, const Check *check, int i)
{
	const Ownership *page = &check->pages[i];

	add_number(ret, page->installed);
	add_number(ret, page->by);
	add_number(ret, page->owned);
	add_number(ret, (gint64)page->pfn);
	add_number(ret, page->lost);
	add_number(ret, page->by_user);
	add_number(ret, check->left[i].by);
	add_number(ret, check->left[i].returned >= 0);
	add_number(ret, check->ended[i]);
	add_number(ret, (gint64)check->left_behind[i]);
	add_number(ret, check->stored[i] != NULL);
	if (check->stored[i])
		add(ret, check->stored[i], arch_page_bytes());
}

static void add_tlb(GByteArray *ret, const Tlb *tlb)
{
	/* Of several stale ones an access goes through the first. */
	for (int actor = 0; actor < tlb->n_actors; actor++) {
		add_number(ret, tlb->tables.roots[actor]);
		for (int slot = 0; slot < tlb->n_ptes; slot++) {
			add_number(ret, tlb->n[actor][slot]);
			add(ret, tlb->may[actor][slot], tlb->n[actor][slot] * sizeof(guint64));
		}
	}
	add_number(ret, tlb->full);
}

void check_state(const Check *check, GByteArray *ret)
{
	for (int i = 0; i < check->n_pages; i++)
		add_page(ret, check, i);
	add_faults(ret, check);
	add_taken(ret, check);
	add_frames(ret, check->installed);
	add_frames(ret, check->frames_freed);
	add(ret, check->ptes, header_ptes(&check->header) * sizeof(*check->ptes));
	for (int i = 0; i < MAX_LOCKS; i++) {
		add_number(ret, check->holders[i].actor);
		add_number(ret, check->holders[i].irq);
	}
	for (int i = 0; i < check->n_actors; i++)
		add_number(ret, check->begun[i] >= 0 ? 1 + (gint64)check->walked[i] : 0);
	add_number(ret, check->scratch_written);
	add_number(ret, check->unused);
	add_number(ret, check->failed);
	add_number(ret, check->freed_twice);
	add_tlb(ret, &check->tlb);
}
