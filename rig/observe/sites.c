// SPDX-License-Identifier: GPL-2.0-only
#include "observe/sites.h"

#include <string.h>

#include "util/error.h"

struct Sites {
	Guest *guest;		/* not ours */
	Decoder *decoder;
	GHashTable *by_pc;	/* guint64 -> Site */
	GHashTable *waits;	/* set of guint64 */
	GArray *wait_list;	/* the same in the order found */
};

static void site_free(gpointer data)
{
	Site *site = data;

	g_free(site->where);
	g_free(site->line);
	g_free(site);
}

Sites *sites_new(Guest *guest)
{
	Sites *sites = g_new0(Sites, 1);

	sites->guest = guest;
	sites->decoder = decoder_new();
	sites->by_pc = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, site_free);
	sites->waits = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	sites->wait_list = g_array_new(FALSE, FALSE, sizeof(guint64));
	return sites;
}

void sites_free(Sites *sites)
{
	if (!sites)
		return;
	decoder_free(sites->decoder);
	g_hash_table_unref(sites->by_pc);
	g_hash_table_unref(sites->waits);
	g_array_unref(sites->wait_list);
	g_free(sites);
}

static void scan_function(const char *name, guint64 start, guint64 size, gpointer data)
{
	Sites *sites = data;
	g_autofree guint8 *text = g_malloc(size);

	(void)name;
	if (!symbols_text(sites->guest->symbols, start, text, size) ||
	    (!memmem(text, size, "\xf3\x90", 2) && !memchr(text, 0xf4, size)))
		return;
	Insn insn;
	for (guint64 at = 0; at < size; at += insn.length) {
		if (!decoder_insn(sites->decoder, text + at, size - at, start + at, &insn))
			return;
		/* User code waits too, but never for another vCPU of ours. */
		if (!insn.pause || (gint64)insn.pc > 0 ||
		    g_hash_table_contains(sites->waits, &insn.pc))
			continue;
		g_hash_table_add(sites->waits, g_memdup2(&insn.pc, sizeof(insn.pc)));
		g_array_append_val(sites->wait_list, insn.pc);
	}
}

bool sites_break_on_waits(Sites *sites, GError **error)
{
	symbols_each_function(sites->guest->symbols, scan_function, sites);
	for (guint i = 0; i < sites->wait_list->len; i++)
		if (!machine_break(sites->guest->machine,
				   g_array_index(sites->wait_list, guint64, i), true, error))
			return false;
	return true;
}

/* x86 cannot be decoded backwards: go through the function from its start. */
static bool insn_before(Sites *sites, int vcpu, guint64 next_pc, Insn *ret, GError **error)
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
			if (!decoder_insn(sites->decoder, text + at, len - at, start + at, ret))
				break;
			if (ret->pc + ret->length == next_pc)
				return true;
		}
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "an instruction before 0x%" G_GINT64_MODIFIER "x touches a watched page "
		    "and has no symbol", next_pc);
	return false;
}

bool sites_learn(Sites *sites, int vcpu, guint64 next_pc, bool pte, GError **error)
{
	Site *site = g_new0(Site, 1);

	if (!insn_before(sites, vcpu, next_pc, &site->insn, error)) {
		g_free(site);
		return false;
	}
	site->pte = pte;
	site->where = symbols_describe(sites->guest->symbols, site->insn.pc);
	site->line = symbols_line(sites->guest->symbols, site->insn.pc);
	g_info("site %s (%s): %s", site->where, site->line ? site->line : "?", site->insn.text);
	guint64 pc = site->insn.pc;
	g_hash_table_replace(sites->by_pc, &site->insn.pc, site);
	return machine_break(sites->guest->machine, pc, true, error);
}

const Site *sites_find(const Sites *sites, guint64 pc)
{
	return g_hash_table_lookup(sites->by_pc, &pc);
}

bool sites_is_wait(const Sites *sites, guint64 pc)
{
	return g_hash_table_contains(sites->waits, &pc);
}
