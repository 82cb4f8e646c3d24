// SPDX-License-Identifier: GPL-2.0-only
/* What is watched, put to work: watchpoints, breakpoints, and what an address means. */
#include "arch/arch.h"
#include "step/stage.h"

#include "util/error.h"
#include "util/lose.h"

enum {
	/* A pass through the PTEs of 4 GiB, on a busy host. */
	DYING_SECONDS = 300,
};

static bool find(Stage *stage, const char *name, guint64 *ret, GError **error)
{
	*ret = symbols_address(stage->guest->symbols, name);
	if (*ret)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND, "blind: this kernel has no %s()", name);
	return false;
}

/* Once: QEMU would keep two, and take out one of them. */
static bool break_on(Stage *stage, const char *name, guint64 *ret, GError **error)
{
	return find(stage, name, ret, error) &&
	       (lose(name) || machine_is_break(stage->guest->machine, *ret) ||
		machine_break(stage->guest->machine, *ret, true, error));
}

/* What only some kernels have; that this one has not is said. */
static bool break_if_there(Stage *stage, const char *name, guint64 *ret, GError **error)
{
	if (symbols_address(stage->guest->symbols, name))
		return break_on(stage, name, ret, error);
	g_ptr_array_add(stage->absent, (char *)name);
	return true;
}

/* All of its word: a release may store one byte, where an acquire exchanges four. */
static bool watch_locks(Stage *stage, GError **error)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_locks && !lose("lock"); i++)
		if (!machine_watch(stage->guest->machine, watch->locks[i].va, watch->locks[i].bytes,
				   WATCH_WRITE, true, error))
			return false;
	return true;
}

static bool watch_words(Stage *stage, GError **error)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_words && !lose("word"); i++)
		if (!machine_watch(stage->guest->machine, watch->words[i].va, watch->words[i].bytes,
				   WATCH_ACCESS, true, error))
			return false;
	return true;
}

bool stage_watch_words(Stage *stage, int actor, int pending, GError **error)
{
	const Watch *watch = &stage->guest->watch;
	guint64 guarded = 0, changed;

	for (int i = 0; i < watch->n_words && !stage->survey && !lose("word"); i++)
		if (watch->words[i].lock >= 0 && i != pending && stage_is_guarded(stage, actor, i))
			guarded |= G_GUINT64_CONSTANT(1) << i;
	changed = guarded ^ stage->unwatched;
	stage->unwatched = guarded;
	for (; changed; changed &= changed - 1) {
		int i = __builtin_ctzll(changed);
		bool insert = !(guarded >> i & 1);

		if (!(insert && lose("rewatch")) &&
		    !machine_watch(stage->guest->machine, watch->words[i].va, watch->words[i].bytes,
				   WATCH_ACCESS, insert, error))
			return false;
	}
	return true;
}

bool stage_count(Stage *stage, bool frames, bool processes, GError **error)
{
	Watch *watch = &stage->guest->watch;
	int n = watch_count(watch, frames, processes), guarded = watch_count(watch, false, false);

	for (int i = guarded + stage->counts; i > guarded; i--)
		if (!lose("count") && !machine_watch(stage->guest->machine, watch->words[i - 1].va,
						     watch->words[i - 1].bytes, WATCH_ACCESS, false, error))
			return false;
	for (int i = guarded; i < n; i++)
		if (!lose("count") && !machine_watch(stage->guest->machine, watch->words[i].va,
						     watch->words[i].bytes, WATCH_ACCESS, true, error))
			return false;
	stage->counts = watch_count(watch, frames, processes) - guarded;
	return true;
}

static bool break_on_frees(Stage *stage, GError **error)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_frees; i++)
		if (!(watch->frees[i].required ? break_on : break_if_there)(
			    stage, watch->frees[i].symbol, &stage->frees[i], error))
			return false;
	return true;
}

static bool break_on_ends(Stage *stage, GError **error)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_ends; i++)
		if (!break_on(stage, watch->ends[i].symbol, &stage->ends[i], error))
			return false;
	return true;
}

static bool watch_ptes(Stage *stage, int page, bool insert, GError **error)
{
	const WatchPage *watched = &stage->guest->watch.pages[page];

	for (int i = 0; i < watched->n_views && !lose("pte"); i++)
		if (watched->views[i].pte.va &&
		    !machine_watch(stage->guest->machine, watched->views[i].pte.va, ARCH.pte_bytes,
				   WATCH_ACCESS, insert, error))
			return false;
	return true;
}

/* An entry of the soft TLB knows of it and stays: a stale one can be seen at work. */
static bool watch_page(Stage *stage, int page, GError **error)
{
	const WatchPage *watched = &stage->guest->watch.pages[page];

	for (int i = 0; i < watched->n_views; i++)
		/* One address is watched once, of however many processes. */
		if (!(watched->views[i].mm > 0 && watched->views[i].va == watched->views[i - 1].va) &&
		    !lose(watched->views[i].mm < 0 ? "page-kernel" : "page-user") &&
		    !machine_watch(stage->guest->machine, watched->views[i].va, arch_page_bytes(),
				   WATCH_ACCESS, true, error))
			return false;
	return true;
}

bool stage_watch(Stage *stage, GError **error)
{
	if (!find(stage, ARCH.page_fault, &stage->page_fault, error) ||
	    !break_on(stage, "guest_done", &stage->done, error) ||
	    !break_on(stage, "guest_returned", &stage->returned, error) ||
	    !break_on(stage, "guest_sync", &stage->sync, error) ||
	    !break_on_ends(stage, error) ||
	    !break_on(stage, "oops_enter", &stage->crashes[0], error) ||
	    !break_on(stage, "panic", &stage->crashes[1], error) ||
	    !break_on_frees(stage, error) || !watch_locks(stage, error) || !watch_words(stage, error))
		return false;
	for (int i = 0; i < stage->guest->n_pages; i++)
		if (!watch_ptes(stage, i, true, error) || !watch_page(stage, i, error))
			return false;
	return true;
}

int stage_run_seconds(const Stage *stage)
{
	return stage->disarmed ? DYING_SECONDS : MACHINE_RUN_SECONDS;
}

static bool all_disarmed(const Stage *stage)
{
	for (int i = 0; i < stage->guest->n_pages; i++)
		if (!stage_is_disarmed(stage, i))
			return false;
	return true;
}

bool stage_arm_ptes(Stage *stage, GError **error)
{
	const Watch *watch = &stage->guest->watch;
	guint32 changed = stage->dying ^ stage->disarmed;
	bool was = all_disarmed(stage);

	stage->disarmed = stage->dying;
	if (!changed)
		return true;
	machine_allow(stage->guest->machine, stage_run_seconds(stage));
	for (int i = 0; i < watch->n_pages; i++)
		if ((changed >> watch->pages[i].group & 1) &&
		    !watch_ptes(stage, i, !stage_is_disarmed(stage, i), error))
			return false;
	return all_disarmed(stage) == was || sites_arm_ptes(stage->sites, was, error);
}

int stage_pte_at(const Stage *stage, guint64 addr)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_ptes; i++)
		if (addr - watch_pte(watch, i)->va < (guint64)ARCH.pte_bytes)
			return i;
	return -1;
}

int stage_page_at(const Stage *stage, int actor, guint64 addr, const WatchView **ret)
{
	const Watch *watch = &stage->guest->watch;
	int process = stage->guest->report.actors[actor].process;

	for (int i = 0; i < watch->n_pages; i++)
		for (int j = 0; j < watch->pages[i].n_views; j++) {
			const WatchView *view = &watch->pages[i].views[j];

			if (addr - view->va < arch_page_bytes() && (view->mm < 0 || view->mm == process)) {
				*ret = view;
				return i;
			}
		}
	return -1;
}

int stage_lock_at(const Stage *stage, guint64 addr)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_locks; i++)
		if (addr - watch->locks[i].va < (guint64)watch->locks[i].bytes)
			return i;
	return -1;
}

int stage_word_at(const Stage *stage, guint64 addr)
{
	const Watch *watch = &stage->guest->watch;

	for (int i = 0; i < watch->n_words; i++)
		if (addr - watch->words[i].va < (guint64)watch->words[i].bytes)
			return i;
	return -1;
}

bool stage_check_sites(const Stage *stage, GError **error)
{
	g_autoptr(GPtrArray) sites = sites_list(stage->sites);

	for (guint i = 0; i < sites->len; i++) {
		const Site *site = g_ptr_array_index(sites, i);

		if (stage->stopped >> site->kind & 1)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND,
			    "blind: no breakpoint at %s is hit, the first of them is at %s",
			    site_kind_name(site->kind), site->where);
		return false;
	}
	return true;
}
