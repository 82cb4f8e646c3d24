// SPDX-License-Identifier: GPL-2.0-only
#include "step/scan.h"

#include <stdlib.h>
#include <string.h>

#include "arch/arch.h"
#include "util/kept.h"
#include "util/sum.h"

typedef struct {
	Symbols *symbols;	/* not ours */
	Decoder *decoder;	/* not ours */
	GHashTable *seen;	/* set of guint64: pcs */
	GArray *found;
	guint64 init_start, init_size;	/* the kernel's __init text */
} Scan;

static void scanned_clear(gpointer scanned)
{
	g_free(((Scanned *)scanned)->unit);
}

bool scan_insn(Decoder *decoder, const guint8 *text, gsize size, gsize at, guint64 start, Insn *ret)
{
	if (decoder_insn(decoder, text + at, size - at, start + at, ret))
		return true;
	*ret = (Insn){ .pc = start + at, .length = ARCH.insn_step };
	return false;
}

static bool is_wanted(const Insn *insn)
{
	return insn->waits || insn->flush != FLUSH_NONE;
}

static void add(GArray *found, const Insn *insn, const char *unit)
{
	Scanned scanned = { *insn, g_strdup(unit) };

	g_array_append_val(found, scanned);
}

static void scan_function(const char *name, guint64 start, guint64 size, gpointer data)
{
	Scan *scan = data;
	g_autofree guint8 *text = g_malloc(size);
	Insn insn;

	(void)name;
	/* User code waits too, but never for another vCPU of ours; __init is gone. */
	if (!arch_is_kernel(start) || start - scan->init_start < scan->init_size ||
	    !symbols_text(scan->symbols, start, text, size) || !decoder_is_worth(text, size))
		return;
	for (guint64 at = 0; at < size; at += insn.length) {
		scan_insn(scan->decoder, text, size, at, start, &insn);
		if (!is_wanted(&insn) || !g_hash_table_add(scan->seen, g_memdup2(&insn.pc, sizeof(insn.pc))))
			continue;
		g_autofree char *unit = symbols_unit(scan->symbols, insn.pc);
		add(scan->found, &insn, unit);
	}
}

static GArray *new_found(void)
{
	GArray *found = g_array_new(FALSE, FALSE, sizeof(Scanned));

	g_array_set_clear_func(found, scanned_clear);
	return found;
}

static GArray *scan_all(Symbols *symbols, Decoder *decoder)
{
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	Scan scan = { symbols, decoder, seen, new_found(), symbols_address(symbols, "_sinittext"), 0 };

	scan.init_size = symbols_address(symbols, "_einittext") - scan.init_start;
	symbols_each_function(symbols, scan_function, &scan);
	return scan.found;
}

/* "ffffffff81000000 2 kernel/smp.c\n"; decoded anew, from the kernel's own text. */
static bool read_line(const char *line, Symbols *symbols, Decoder *decoder, GArray *found)
{
	guint8 text[INSN_MAX_BYTES];
	char *end;
	guint64 pc = g_ascii_strtoull(line, &end, 16);
	guint64 length = *end == ' ' ? g_ascii_strtoull(end, &end, 10) : 0;
	Insn insn;

	if (!length || length > sizeof(text) || *end != ' ' || !symbols_text(symbols, pc, text, length) ||
	    !decoder_insn(decoder, text, length, pc, &insn) || !is_wanted(&insn))
		return false;
	add(found, &insn, end[1] ? end + 1 : NULL);
	return true;
}

static GArray *take(const Kept *kept, Symbols *symbols, Decoder *decoder)
{
	g_autofree char *text = kept_read(kept);
	g_auto(GStrv) lines = text ? g_strsplit(text, "\n", -1) : NULL;
	g_autoptr(GArray) found = new_found();

	if (!text)
		return NULL;
	for (char **line = lines; *line && **line; line++)
		if (!read_line(*line, symbols, decoder, found)) {
			kept_refuse(kept, "does not go with the kernel");
			return NULL;
		}
	return g_steal_pointer(&found);
}

static void keep(const Kept *kept, const GArray *found)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < found->len; i++) {
		const Scanned *scanned = &g_array_index(found, Scanned, i);

		g_string_append_printf(text, "%" G_GINT64_MODIFIER "x %d %s\n", scanned->insn.pc,
				       scanned->insn.length, scanned->unit ? scanned->unit : "");
	}
	kept_write(kept, text->str);
}

GArray *scan_kernel(Guest *guest, Decoder *decoder)
{
	guint64 kernel = symbols_address(guest->symbols, "_sinittext");
	g_autofree char *build = symbols_build_id(guest->symbols, kernel);
	const char *rig = sum_of_program();

	if (!build || !rig)
		return scan_all(guest->symbols, decoder);
	g_autofree char *depends = g_strdup_printf("%s %s", rig, build);
	g_auto(Kept) kept = kept_init("sites", build, depends, "looking for waits in the kernel again");
	GArray *found = take(&kept, guest->symbols, decoder);
	if (found)
		return found;
	found = scan_all(guest->symbols, decoder);
	keep(&kept, found);
	return found;
}
