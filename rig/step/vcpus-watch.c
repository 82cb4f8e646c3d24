// SPDX-License-Identifier: GPL-2.0-only
/* What is watched, put to work: watchpoints, breakpoints, and what an address means. */
#include "arch/arch.h"
#include "step/vcpus.h"

#include "util/error.h"
#include "util/lose.h"

enum {
	/* A pass through the PTEs of 4 GiB, on a busy host. */
	DYING_SECONDS = 300,
};

static bool find(Vcpus *vcpus, const char *name, guint64 *ret, GError **error)
{
	*ret = symbols_address(vcpus->guest->symbols, name);
	if (*ret)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND, "blind: this kernel has no %s()", name);
	return false;
}

/* Once: QEMU would keep two, and take out one of them. */
static bool break_on(Vcpus *vcpus, const char *name, guint64 *ret, GError **error)
{
	return find(vcpus, name, ret, error) &&
	       (lose(name) || machine_is_break(vcpus->guest->machine, *ret) ||
		machine_break(vcpus->guest->machine, *ret, true, error));
}

/* What only some kernels have; that this one has not is said. */
static bool break_if_there(Vcpus *vcpus, const char *name, guint64 *ret, GError **error)
{
	if (symbols_address(vcpus->guest->symbols, name))
		return break_on(vcpus, name, ret, error);
	g_ptr_array_add(vcpus->absent, (char *)name);
	return true;
}

/* All of its word: a release may store one byte, where an acquire exchanges four. */
static bool watch_locks(Vcpus *vcpus, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_locks && !lose("lock"); i++)
		if (!machine_watch(vcpus->guest->machine, watch->locks[i].va, watch->locks[i].bytes,
				   WATCH_WRITE, true, error))
			return false;
	return true;
}

static bool watch_words(Vcpus *vcpus, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_words && !lose("word"); i++)
		if (!machine_watch(vcpus->guest->machine, watch->words[i].va, watch->words[i].bytes,
				   WATCH_ACCESS, true, error))
			return false;
	return true;
}

static bool watch_word(Vcpus *vcpus, int word, bool insert, GError **error)
{
	const WatchWord *watched = &vcpus->guest->watch.words[word];

	return machine_watch(vcpus->guest->machine, watched->va, watched->bytes, WATCH_ACCESS, insert, error);
}

bool vcpus_watch_words(Vcpus *vcpus, int actor, int pending, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;
	guint64 guarded = 0, changed;

	for (int i = 0; i < watch->n_words && !vcpus->survey; i++)
		if ((watch->words[i].lock >= 0 ? !lose("word")
		     : watch->words[i].is == COUNT_MAPPINGS && !lose("count")) &&
		    i != pending && vcpus_is_guarded(vcpus, actor, i))
			guarded |= G_GUINT64_CONSTANT(1) << i;
	changed = guarded ^ vcpus->unwatched;
	vcpus->unwatched = guarded;
	for (; changed; changed &= changed - 1) {
		int i = __builtin_ctzll(changed);
		bool insert = !(guarded >> i & 1);

		if (!(insert && lose("rewatch")) && !watch_word(vcpus, i, insert, error))
			return false;
	}
	return true;
}

bool vcpus_count(Vcpus *vcpus, WatchCounts counts, GError **error)
{
	Watch *watch = &vcpus->guest->watch;
	int n = watch_count(watch, counts), guarded = watch->n_counts[COUNT_NONE];

	for (int i = guarded; i < guarded + vcpus->counts && !lose("count"); i++)
		if (!(vcpus->unwatched >> i & 1) && !watch_word(vcpus, i, false, error))
			return false;
	for (int i = guarded; i < n && !lose("count"); i++)
		if (!watch_word(vcpus, i, true, error))
			return false;
	vcpus->counts = n - guarded;
	vcpus->unwatched &= (G_GUINT64_CONSTANT(1) << guarded) - 1;
	return true;
}

static bool break_on_frees(Vcpus *vcpus, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_frees; i++)
		if (!(watch->frees[i].required ? break_on : break_if_there)(
			    vcpus, watch->frees[i].symbol, &vcpus->frees[i], error))
			return false;
	return true;
}

static bool break_on_ends(Vcpus *vcpus, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_ends; i++)
		if (!break_on(vcpus, watch->ends[i].symbol, &vcpus->ends[i], error))
			return false;
	return true;
}

static bool watch_ptes(Vcpus *vcpus, int page, bool insert, GError **error)
{
	const WatchPage *watched = &vcpus->guest->watch.pages[page];

	for (int i = 0; i < watched->n_views && !lose("pte"); i++)
		if (watched->views[i].pte.va &&
		    !machine_watch(vcpus->guest->machine, watched->views[i].pte.va, ARCH.pte_bytes,
				   WATCH_ACCESS, insert, error))
			return false;
	return true;
}

/* An entry of the soft TLB knows of it and stays: a stale one can be seen at work. */
static bool watch_page(Vcpus *vcpus, int page, GError **error)
{
	const WatchPage *watched = &vcpus->guest->watch.pages[page];

	for (int i = 0; i < watched->n_views; i++)
		/* One address is watched once, of however many processes. */
		if (!(watched->views[i].mm > 0 && watched->views[i].va == watched->views[i - 1].va) &&
		    !lose(watched->views[i].mm < 0 ? "page-kernel" : "page-user") &&
		    !machine_watch(vcpus->guest->machine, watched->views[i].va, arch_page_bytes(),
				   WATCH_ACCESS, true, error))
			return false;
	return true;
}

bool vcpus_watch(Vcpus *vcpus, GError **error)
{
	if (!find(vcpus, ARCH.page_fault, &vcpus->page_fault, error) ||
	    !break_on(vcpus, "guest_done", &vcpus->done, error) ||
	    !break_on(vcpus, "guest_returned", &vcpus->returned, error) ||
	    !break_on(vcpus, "guest_sync", &vcpus->sync, error) ||
	    !break_on_ends(vcpus, error) ||
	    !break_on(vcpus, "oops_enter", &vcpus->crashes[0], error) ||
	    !break_on(vcpus, "panic", &vcpus->crashes[1], error) ||
	    !break_on_frees(vcpus, error) || !watch_locks(vcpus, error) || !watch_words(vcpus, error))
		return false;
	for (int i = 0; i < vcpus->guest->n_pages; i++)
		if (!watch_ptes(vcpus, i, true, error) || !watch_page(vcpus, i, error))
			return false;
	return true;
}

/* Who comes to the counts of a struct page has looked at what is between its flags and them. */
static guint64 near_start(const Vcpus *vcpus, int word)
{
	const Guest *guest = vcpus->guest;

	return guest->vmemmap + guest->watch.words[word].pfn * guest->page_size + sizeof(guint64);
}

static bool watch_near(Vcpus *vcpus, guint64 words, bool insert, GError **error)
{
	for (; words; words &= words - 1) {
		int i = __builtin_ctzll(words);
		guint64 start = near_start(vcpus, i);

		if (!machine_watch(vcpus->guest->machine, start, vcpus->guest->watch.words[i].va - start,
				   WATCH_ACCESS, insert, error))
			return false;
	}
	return true;
}

bool vcpus_is_near(const Vcpus *vcpus, guint64 addr)
{
	for (guint64 words = vcpus->near; words; words &= words - 1)
		if (near_start(vcpus, __builtin_ctzll(words)) == addr)
			return true;
	return false;
}

bool vcpus_pass(Vcpus *vcpus, const Site *site, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;

	if (!sites_pass(vcpus->sites, site, error))
		return false;
	if (!sites_has_muted(vcpus->sites) || vcpus->near || lose("near"))
		return true;
	for (int i = 0; i < watch->n_words; i++)
		if (watch->words[i].is == COUNT_FRAMES && watch->words[i].va > near_start(vcpus, i) &&
		    !(vcpus->over >> i & 1))
			vcpus->near |= G_GUINT64_CONSTANT(1) << i;
	return watch_near(vcpus, vcpus->near, true, error);
}

bool vcpus_unmute(Vcpus *vcpus, GError **error)
{
	guint64 near = vcpus->near;

	vcpus->near = 0;
	return watch_near(vcpus, near, false, error) && sites_unmute(vcpus->sites, error);
}

int vcpus_run_seconds(const Vcpus *vcpus)
{
	return vcpus->disarmed ? DYING_SECONDS : MACHINE_RUN_SECONDS;
}

static bool all_disarmed(const Vcpus *vcpus)
{
	for (int i = 0; i < vcpus->guest->n_pages; i++)
		if (!vcpus_is_disarmed(vcpus, i))
			return false;
	return true;
}

bool vcpus_arm_ptes(Vcpus *vcpus, GError **error)
{
	const Watch *watch = &vcpus->guest->watch;
	guint32 changed = vcpus->dying ^ vcpus->disarmed;
	bool was = all_disarmed(vcpus);

	vcpus->disarmed = vcpus->dying;
	if (!changed)
		return true;
	machine_allow(vcpus->guest->machine, vcpus_run_seconds(vcpus));
	for (int i = 0; i < watch->n_pages; i++)
		if ((changed >> watch->pages[i].group & 1) &&
		    !watch_ptes(vcpus, i, !vcpus_is_disarmed(vcpus, i), error))
			return false;
	return all_disarmed(vcpus) == was || sites_arm_ptes(vcpus->sites, was, error);
}

int vcpus_pte_at(const Vcpus *vcpus, guint64 addr)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_ptes; i++)
		if (addr - watch_pte(watch, i)->va < (guint64)ARCH.pte_bytes)
			return i;
	return -1;
}

/* By the kernel's address, or by that of process @mm. */
static int page_in(const Vcpus *vcpus, int mm, guint64 addr, const WatchView **ret)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_pages; i++)
		for (int j = 0; j < watch->pages[i].n_views; j++) {
			const WatchView *view = &watch->pages[i].views[j];

			if (addr - view->va < arch_page_bytes() && (view->mm < 0 || view->mm == mm)) {
				*ret = view;
				return i;
			}
		}
	return -1;
}

int vcpus_page_at(const Vcpus *vcpus, int actor, guint64 addr, const WatchView **ret)
{
	return page_in(vcpus, vcpus->guest->report.actors[actor].process, addr, ret);
}

int vcpus_page_walked(const Vcpus *vcpus, int actor, guint64 root, guint64 addr, const WatchView **ret)
{
	int view = watch_root(&vcpus->guest->watch, root);

	return view > 0 ? page_in(vcpus, view - 1, addr, ret) : vcpus_page_at(vcpus, actor, addr, ret);
}

int vcpus_lock_at(const Vcpus *vcpus, guint64 addr)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_locks; i++)
		if (addr - watch->locks[i].va < (guint64)watch->locks[i].bytes)
			return i;
	return -1;
}

int vcpus_word_at(const Vcpus *vcpus, guint64 addr)
{
	const Watch *watch = &vcpus->guest->watch;

	for (int i = 0; i < watch->n_words; i++)
		if (addr - watch->words[i].va < (guint64)watch->words[i].bytes)
			return i;
	return -1;
}

bool vcpus_check_sites(const Vcpus *vcpus, GError **error)
{
	g_autoptr(GPtrArray) sites = sites_list(vcpus->sites);

	for (guint i = 0; i < sites->len; i++) {
		const Site *site = g_ptr_array_index(sites, i);

		if (vcpus->stopped >> site->kind & 1)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND,
			    "blind: no breakpoint at %s is hit, the first of them is at %s",
			    site_kind_name(site->kind), site->where);
		return false;
	}
	return true;
}
