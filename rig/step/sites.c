// SPDX-License-Identifier: GPL-2.0-only
#include "step/sites.h"

#include <string.h>

#include "arch/arch.h"
#include "step/scan.h"
#include "util/error.h"
#include "util/lose.h"

struct Sites {
	Guest *guest;		/* not ours */
	Decoder *decoder;
	GHashTable *by_pc;	/* guint64 -> Site */
	GArray *scanned;	/* guint64: waits and flushes in the order found */
	GArray *later;		/* guint64: those of them that are armed when a vCPU hangs */
	GHashTable *gates;	/* set of guint64: entries of functions whose waits are armed there */
	int armed;		/* sites_armed() */
	GArray *passed;		/* guint64: sites that were stopped at for nothing since sites_unmute() */
	guint muted;		/* so many of them are */
};

static void site_free(gpointer data)
{
	Site *site = data;

	g_free(site->where);
	g_free(site->line);
	g_free(site);
}

void sites_free(Sites *sites)
{
	if (!sites)
		return;
	decoder_free(sites->decoder);
	g_hash_table_unref(sites->by_pc);
	g_array_unref(sites->scanned);
	g_array_unref(sites->later);
	g_hash_table_unref(sites->gates);
	g_array_unref(sites->passed);
	g_free(sites);
}

static Site *add_site(Sites *sites, const Insn *insn, SiteKind kind)
{
	Site *site = g_new0(Site, 1);

	site->kind = kind;
	site->insn = *insn;
	g_hash_table_replace(sites->by_pc, &site->insn.pc, site);
	return site;
}

static bool is_in(const char *unit, const char *const *folders, gsize n)
{
	for (gsize i = 0; unit && i < n; i++)
		if (g_str_has_prefix(unit, folders[i]))
			return true;
	return false;
}

/* Where the kernel waits for what another vCPU holds or does. */
static bool is_likely(Sites *sites, const char *unit)
{
	static const char *const folders[] = {
		"kernel/locking/", "kernel/smp.c", "kernel/sched/", "kernel/workqueue.c",
	};
	const Watch *watch = &sites->guest->watch;

	if (is_in(unit, folders, G_N_ELEMENTS(folders)))
		return true;
	for (int i = 0; unit && i < watch->n_waits; i++)
		if (g_str_has_prefix(unit, watch->waits[i]))
			return true;
	return false;
}

/*
 * Of those the waits that last until another vCPU moves, as long as no timer comes: whoever
 * gets there and is not stopped hangs, and that is seen.  A reader of a rwsem spins for a bounded
 * time only, an rqspinlock gives up, and what waits for an IPI is met in every schedule.
 */
static bool is_endless(const char *unit)
{
	static const char *const folders[] = {
		"kernel/locking/", "kernel/sched/", "kernel/workqueue.c",
	};

	return is_in(unit, folders, G_N_ELEMENTS(folders)) &&
	       !g_str_has_prefix(unit, "kernel/locking/rwsem.c");
}

/* An idle vCPU lets interrupts in and sleeps; who sleeps without has come to its end. */
static bool is_dead_end(const Sites *sites, guint64 halt)
{
	guint8 before[INSN_MAX_BYTES];

	return symbols_text(sites->guest->symbols, halt - ARCH.unmask_bytes, before, ARCH.unmask_bytes) &&
	       !insn_unmasks(before);
}

/*
 * Who spins in an rqspinlock has come in at the slow path's start, since nobody sleeps there: one
 * breakpoint for all its waits.  False: there is no such start.
 */
static bool find_gate(const Sites *sites, guint64 pc, const char *unit, guint64 *ret)
{
	guint64 size;
	const char *name;

	return g_strcmp0(unit, "kernel/bpf/rqspinlock.c") == 0 &&
	       symbols_function(sites->guest->symbols, pc, &name, ret, &size) && !strchr(name, '.');
}

static bool arm(Sites *sites, guint64 pc, GError **error)
{
	return machine_is_break(sites->guest->machine, pc) ||
	       machine_break(sites->guest->machine, pc, true, error);
}

/* Every breakpoint costs: QEMU goes through all of them wherever it looks for translated code. */
static bool arm_from_the_start(Sites *sites, const Site *site, const char *unit, GError **error)
{
	guint64 pc = site->insn.pc, gate;

	if (site->kind != SITE_WAIT)
		return lose("flush") || arm(sites, pc, error);
	if (!site->insn.halts && !is_likely(sites, unit))
		return true;
	if (site->insn.halts ? is_dead_end(sites, pc) : is_endless(unit)) {
		g_array_append_val(sites->later, pc);
		return true;
	}
	if (!find_gate(sites, pc, unit, &gate))
		return arm(sites, pc, error);
	g_hash_table_add(sites->gates, g_memdup2(&gate, sizeof(gate)));
	return arm(sites, gate, error);
}

static bool add_scanned(Sites *sites, const Scanned *scanned, GError **error)
{
	const Insn *insn = &scanned->insn;
	const Site *site = add_site(sites, insn, insn->waits ? SITE_WAIT : SITE_FLUSH);

	g_array_append_val(sites->scanned, insn->pc);
	return arm_from_the_start(sites, site, scanned->unit, error);
}

Sites *sites_new(Guest *guest, GError **error)
{
	g_autoptr(Sites) sites = g_new0(Sites, 1);

	sites->guest = guest;
	sites->decoder = decoder_new();
	sites->by_pc = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, site_free);
	sites->scanned = g_array_new(FALSE, FALSE, sizeof(guint64));
	sites->later = g_array_new(FALSE, FALSE, sizeof(guint64));
	sites->passed = g_array_new(FALSE, FALSE, sizeof(guint64));
	sites->gates = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	g_autoptr(GArray) scanned = scan_kernel(guest, sites->decoder);
	for (guint i = 0; i < scanned->len; i++)
		if (!add_scanned(sites, &g_array_index(scanned, Scanned, i), error))
			return NULL;
	return g_steal_pointer(&sites);
}

bool sites_is_gate(const Sites *sites, guint64 pc)
{
	return g_hash_table_contains(sites->gates, &pc);
}

bool sites_open_gate(Sites *sites, guint64 pc, GError **error)
{
	g_hash_table_remove(sites->gates, &pc);
	return machine_break(sites->guest->machine, pc, false, error) &&
	       sites_arm_waits(sites, pc, error) >= 0;
}

bool sites_open_gates(Sites *sites, GError **error)
{
	g_autofree gpointer *gates = g_hash_table_get_keys_as_array(sites->gates, NULL);
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(guint64));

	for (gpointer *gate = gates; *gate; gate++)
		g_array_append_vals(all, *gate, 1);
	for (guint i = 0; i < all->len; i++)
		if (!sites_open_gate(sites, g_array_index(all, guint64, i), error))
			return false;
	return true;
}

bool sites_has_later(const Sites *sites)
{
	return sites->later->len > 0;
}

int sites_arm_later(Sites *sites, GError **error)
{
	Machine *machine = sites->guest->machine;
	int armed = 0;

	for (guint i = 0; i < sites->later->len; i++) {
		guint64 wait = g_array_index(sites->later, guint64, i);

		if (machine_is_break(machine, wait))
			continue;
		if (!machine_break(machine, wait, true, error))
			return -1;
		armed++;
	}
	g_array_set_size(sites->later, 0);
	sites->armed += armed;
	return armed;
}

int sites_arm_waits(Sites *sites, guint64 pc, GError **error)
{
	Machine *machine = sites->guest->machine;
	guint64 start, size;
	const char *name;
	int armed = 0;

	if (!symbols_function(sites->guest->symbols, pc, &name, &start, &size))
		return sites_arm_later(sites, error);
	for (guint i = 0; i < sites->scanned->len; i++) {
		guint64 wait = g_array_index(sites->scanned, guint64, i);

		if (wait - start >= size || machine_is_break(machine, wait))
			continue;
		if (!machine_break(machine, wait, true, error))
			return -1;
		armed++;
	}
	if (!armed)
		return sites_arm_later(sites, error);
	sites->armed += armed;
	g_info("a vCPU waits in %s; watching for that from now on", name);
	return armed;
}

bool sites_decode_at(Sites *sites, int vcpu, guint64 pc, Insn *ret, GError **error)
{
	guint8 text[INSN_MAX_BYTES];

	if (!machine_read(sites->guest->machine, vcpu, pc, text, ARCH.insn_bytes, error))
		return false;
	if (decoder_insn(sites->decoder, text, ARCH.insn_bytes, pc, ret))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "what faulted at 0x%" G_GINT64_MODIFIER "x is no instruction", pc);
	return false;
}

/* Not all code can be decoded backwards: go through the function from its start. */
bool sites_decode_before(Sites *sites, int vcpu, guint64 next_pc, Insn *ret, GError **error)
{
	Guest *guest = sites->guest;
	const char *name;
	guint64 start, size;

	if (symbols_function(guest->symbols, next_pc - 1, &name, &start, &size)) {
		gsize len = next_pc - start;
		g_autofree guint8 *text = g_malloc(len);

		if (!machine_read(guest->machine, vcpu, start, text, len, error))
			return false;
		for (guint64 at = 0; at < len; at += ret->length) {
			if (scan_insn(sites->decoder, text, len, at, start, ret) &&
			    ret->pc + ret->length == next_pc)
				return true;
		}
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "an instruction before 0x%" G_GINT64_MODIFIER "x touches something watched "
		    "and has no symbol", next_pc);
	return false;
}

/* The last that masks interrupts before @pc in its function. */
static bool find_mask(Sites *sites, guint64 pc, Insn *ret)
{
	const char *name;
	guint64 start, size;
	bool found = false;
	Insn insn;

	if (!symbols_function(sites->guest->symbols, pc, &name, &start, &size))
		return false;
	g_autofree guint8 *text = g_malloc(size);
	if (!symbols_text(sites->guest->symbols, start, text, size))
		return false;
	for (guint64 at = 0; start + at < pc; at += insn.length) {
		scan_insn(sites->decoder, text, size, at, start, &insn);
		if (insn.masks) {
			*ret = insn;
			found = true;
		}
	}
	return found;
}

const char *site_kind_name(SiteKind kind)
{
	static const char *const names[SITE_KINDS] = {
		[SITE_PTE] = "an access to a PTE", [SITE_ACCESS] = "an access to a page",
		[SITE_LOCK] = "the taking of a lock", [SITE_WORD] = "an access to a guarded word",
		[SITE_MASK] = "the masking of interrupts before an event",
		[SITE_WAIT] = "a wait", [SITE_FLUSH] = "a TLB flush",
		[SITE_CALL] = "a call that may fail",
	};

	return names[kind];
}

bool sites_learn(Sites *sites, const Insn *insn, SiteKind kind, GError **error)
{
	enum { MAX_RELEARNED = 8 };
	const Site *old = sites_find(sites, insn->pc);
	guint relearned = old ? old->relearned + 1 : 0;
	Site *site = add_site(sites, insn, kind);

	site->relearned = relearned;
	site->where = symbols_describe(sites->guest->symbols, insn->pc);
	site->line = symbols_line(sites->guest->symbols, insn->pc);
	g_info("site %s (%s): %s", site->where, site->line ? site->line : "?", site->insn.text);
	if (relearned > MAX_RELEARNED) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND,
			    "blind: the breakpoint at %s (%s) is passed, and %s is seen only after it",
			    site->where, site->insn.text, site_kind_name(kind));
		return false;
	}
	Insn mask;
	if (kind != SITE_MASK && find_mask(sites, insn->pc, &mask) && !sites_find(sites, mask.pc) &&
	    !sites_learn(sites, &mask, SITE_MASK, error))
		return false;
	sites->armed++;
	return (kind == SITE_MASK && lose("mask")) || lose("sites") ||
	       machine_break(sites->guest->machine, insn->pc, true, error);
}

bool sites_add(Sites *sites, guint64 pc, const guint8 *code, int length, SiteKind kind, const char *where,
	       const char *line, GError **error)
{
	Insn insn;

	if (!decoder_insn(sites->decoder, code, length, pc, &insn) || insn.length != length ||
	    (kind == SITE_MASK ? !insn.masks : insn.access == ACCESS_NONE)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_LOST, "%s is no site", where);
		return false;
	}
	Site *site = add_site(sites, &insn, kind);
	site->where = g_strdup(where);
	site->line = g_strdup(line);
	sites->armed++;
	return machine_break(sites->guest->machine, pc, true, error);
}

bool sites_learn_call(Sites *sites, int vcpu, guint64 pc, GError **error)
{
	Insn insn;

	if (sites_find(sites, pc))
		return true;
	if (!sites_decode_at(sites, vcpu, pc, &insn, error))
		return false;
	Site *site = add_site(sites, &insn, SITE_CALL);
	site->where = symbols_describe(sites->guest->symbols, pc);
	site->line = symbols_line(sites->guest->symbols, pc);
	return true;
}

bool sites_forget(Sites *sites, guint64 pc, GError **error)
{
	Machine *machine = sites->guest->machine;

	sites->armed--;
	return g_hash_table_remove(sites->by_pc, &pc) &&
	       (!machine_is_break(machine, pc) || machine_break(machine, pc, false, error));
}

bool sites_pass(Sites *sites, const Site *site, GError **error)
{
	enum { MAX_PASSED = 16 };
	Site *own = g_hash_table_lookup(sites->by_pc, &site->insn.pc);

	if ((own->kind != SITE_PTE && own->kind != SITE_WORD) || own->kept || lose("mute"))
		return true;
	if (own->passed++ == 0)
		g_array_append_val(sites->passed, own->insn.pc);
	if (own->passed < MAX_PASSED)
		return true;
	own->muted = true;
	sites->muted++;
	return machine_break(sites->guest->machine, own->insn.pc, false, error);
}

bool sites_unmute(Sites *sites, GError **error)
{
	for (guint i = 0; i < sites->passed->len; i++) {
		Site *site = g_hash_table_lookup(sites->by_pc, &g_array_index(sites->passed, guint64, i));

		if (!site)
			continue;
		if (site->muted && !machine_break(sites->guest->machine, site->insn.pc, true, error))
			return false;
		site->muted = false;
		site->passed = 0;
	}
	g_array_set_size(sites->passed, 0);
	sites->muted = 0;
	return true;
}

bool sites_has_muted(const Sites *sites)
{
	return sites->muted > 0;
}

bool sites_keep(Sites *sites, guint64 pc)
{
	Site *site = g_hash_table_lookup(sites->by_pc, &pc);

	if (!site || !site->muted)
		return false;
	site->kept = true;
	g_info("site %s is passed again and again, and now it was an event: never muted again", site->where);
	return true;
}

int sites_armed(const Sites *sites)
{
	return sites->armed;
}

bool sites_arm_ptes(Sites *sites, bool arm, GError **error)
{
	GHashTableIter iter;
	gpointer site;

	if (!sites_unmute(sites, error))
		return false;
	g_hash_table_iter_init(&iter, sites->by_pc);
	while (g_hash_table_iter_next(&iter, NULL, &site))
		if (((Site *)site)->kind == SITE_PTE &&
		    !machine_break(sites->guest->machine, ((Site *)site)->insn.pc, arm, error))
			return false;
	return true;
}

const Site *sites_find(const Sites *sites, guint64 pc)
{
	return g_hash_table_lookup(sites->by_pc, &pc);
}

void sites_note_actor(Sites *sites, const Site *site, int actor)
{
	((Site *)g_hash_table_lookup(sites->by_pc, &site->insn.pc))->actors |= 1u << actor;
}

static int by_pc(gconstpointer a, gconstpointer b)
{
	const Site *left = *(const Site *const *)a, *right = *(const Site *const *)b;

	return left->insn.pc < right->insn.pc ? -1 : left->insn.pc > right->insn.pc;
}

GPtrArray *sites_list(const Sites *sites)
{
	GPtrArray *list = g_ptr_array_new();
	GHashTableIter iter;
	gpointer site;

	g_hash_table_iter_init(&iter, sites->by_pc);
	while (g_hash_table_iter_next(&iter, NULL, &site))
		if (((Site *)site)->where && ((Site *)site)->kind != SITE_CALL)
			g_ptr_array_add(list, site);
	g_ptr_array_sort(list, by_pc);
	return list;
}
