// SPDX-License-Identifier: GPL-2.0-only
#include "step/learned.h"

#include <string.h>

#include "util/error.h"
#include "util/sha256.h"

Kept learned_init(const Vcpus *vcpus, const KeptAs *as, const Setup *setup)
{
	g_autofree char *programs = setup ? sha256_of(setup->programs, sizeof(setup->programs)) : NULL;

	if (!as->identity)
		return (Kept){ 0 };
	g_autofree char *all = g_strdup_printf("sites %s %s %d %s", as->identity, vcpus->guest->described,
					       vcpus->counts, programs ? programs : "");
	return kept_init("sites", as->snapshot, all, "looking for them again");
}

/* "ffffffff81000000 0 f30f b apply_range_set_cb+0x4b kernel/bpf/arena.c:160\n" */
static void add_line(GString *text, const Site *site)
{
	g_string_append_printf(text, "%" G_GINT64_MODIFIER "x %d ", site->insn.pc, site->kind);
	for (int i = 0; i < site->insn.length; i++)
		g_string_append_printf(text, "%02x", site->insn.code[i]);
	g_string_append_printf(text, " %s %s\n", site->where, site->line ? site->line : "");
}

/* Sites, and what makes more of what happens an event. */
static char *text_of(const Vcpus *vcpus)
{
	g_autoptr(GPtrArray) sites = sites_list(vcpus->sites);
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < sites->len; i++)
		add_line(text, g_ptr_array_index(sites, i));
	g_string_append_printf(text, "interrupts %d %d, seen %x\n", vcpus->interrupts, vcpus->irq_events,
			       vcpus->decided);
	return g_string_free(text, FALSE);
}

static int read_code(const char *hex, guint8 code[INSN_MAX_BYTES])
{
	gsize length = strlen(hex) / 2;

	if (!length || length > INSN_MAX_BYTES || strlen(hex) % 2)
		return 0;
	for (gsize i = 0; i < length; i++) {
		int high = g_ascii_xdigit_value(hex[2 * i]), low = g_ascii_xdigit_value(hex[2 * i + 1]);

		if (high < 0 || low < 0)
			return 0;
		code[i] = high * 16 + low;
	}
	return length;
}

static bool take_line(Vcpus *vcpus, const char *line)
{
	enum { PC, KIND, CODE, WHERE, LINE, WORDS };
	g_auto(GStrv) words = g_strsplit(line, " ", WORDS);
	guint8 code[INSN_MAX_BYTES];
	guint64 pc, kind;

	if (g_strv_length(words) != WORDS ||
	    !g_ascii_string_to_unsigned(words[PC], 16, 0, G_MAXUINT64, &pc, NULL) ||
	    !g_ascii_string_to_unsigned(words[KIND], 10, 0, SITE_KINDS - 1, &kind, NULL))
		return false;
	int length = read_code(words[CODE], code);
	return length && sites_add(vcpus->sites, pc, code, length, kind, words[WHERE],
				   *words[LINE] ? words[LINE] : NULL, NULL);
}

bool learned_take(Vcpus *vcpus, const Kept *kept, char **ret, GError **error)
{
	g_autofree char *text = kept->path ? kept_read(kept) : NULL;
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;

	*ret = NULL;
	if (!text)
		return true;
	/* The last line is no site's, and is come to at the end. */
	for (char **line = lines; line[0] && line[1] && *line[1]; line++)
		if (!take_line(vcpus, *line)) {
			kept_refuse(kept, "has what is no site");
			g_set_error(error, RIG_ERROR, RIG_ERROR_LOST, "the guest knows sites that are none");
			return false;
		}
	*ret = g_steal_pointer(&text);
	return true;
}

bool learned_end(const Vcpus *vcpus, const Kept *kept, const char *expected, GError **error)
{
	g_autofree char *text = text_of(vcpus);

	if (!kept->path)
		return true;
	if (!expected)
		kept_write(kept, text);
	if (!expected || strcmp(text, expected) == 0)
		return true;
	kept_refuse(kept, "has other sites than there are");
	g_set_error(error, RIG_ERROR, RIG_ERROR_LOST, "the guest knows sites that are none");
	return false;
}
