// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/cover.h"

#include <string.h>

#include "guest/symbols.h"
#include "machine/code-log.h"
#include "report/html.h"
#include "subject/subject.h"
#include "util/error.h"
#include "util/file.h"
#include "util/json.h"

/* What a hunt is about. */
static const char SUBJECT_NAME[] = "arena";

/* One more row of a line table. */
typedef struct {
	guint64 start, end;
	int line;
} Row;

typedef struct {
	const char *unit;
	GArray *rows;		/* of Row: those of the unit's own file */
} Rows;

static void file_free(gpointer data)
{
	CoverFile *file = data;

	g_free(file->file);
	g_array_unref(file->lines);
	g_array_unref(file->functions);
	g_free(file);
}

void cover_free(Cover *cover)
{
	if (!cover)
		return;
	g_ptr_array_unref(cover->files);
	g_strfreev(cover->roots);
	g_free(cover);
}

static Symbols *load(const Kernel *kernel, GError **error)
{
	g_autofree char *vmlinux = kernel_file(kernel, "vmlinux");
	g_autoptr(Symbols) symbols = symbols_new();

	return symbols_add(symbols, vmlinux, 0, error) ? g_steal_pointer(&symbols) : NULL;
}

static void take_row(guint64 start, guint64 end, const char *file, int line, gpointer data)
{
	Rows *rows = data;
	Row row = { start, end, line };

	if (strcmp(file, rows->unit) == 0)
		g_array_append_val(rows->rows, row);
}

static int by_start(gconstpointer a, gconstpointer b)
{
	const Row *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* The rows of @unit's own lines, by address. */
static GArray *rows_of(Symbols *symbols, const char *unit)
{
	Rows rows = { unit, g_array_new(FALSE, FALSE, sizeof(Row)) };

	symbols_each_row(symbols, unit, take_row, &rows);
	g_array_sort(rows.rows, by_start);
	return rows.rows;
}

/* What headers have put in between is noted, too, so that a range is a few pages and not a few bytes. */
static void add_ranges(GString *text, const GArray *rows)
{
	enum { GAP = 4096 };

	for (guint i = 0, end; i < rows->len; i = end) {
		const Row *first = &g_array_index(rows, Row, i), *last = first;

		for (end = i + 1; end < rows->len; end++) {
			const Row *row = &g_array_index(rows, Row, end);

			if (row->start > last->end + GAP)
				break;
			last = row->end > last->end ? row : last;
		}
		g_string_append_printf(text, "%s0x%" G_GINT64_MODIFIER "x..0x%" G_GINT64_MODIFIER "x",
				       text->len ? "," : "", first->start, last->end - 1);
	}
}

static const Subject *subject(GError **error)
{
	return subject_find(SUBJECT_NAME, "hunt", error);
}

char *cover_ranges(const Kernel *kernel, GError **error)
{
	const Subject *arena = subject(error);
	g_autoptr(Symbols) symbols = arena ? load(kernel, error) : NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	if (!symbols)
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(arena->units) && arena->units[i]; i++) {
		g_autoptr(GArray) rows = rows_of(symbols, arena->units[i]);

		add_ranges(text, rows);
	}
	if (text->len)
		return g_strdup(text->str);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "kernel %s: its vmlinux has no lines of %s; build it with debug information, or leave "
		    "--coverage out", kernel->name, arena->units[0]);
	return NULL;
}

/* Whether any of the @n addresses of @all, which are in order, is from @start to before @end. */
static bool any_in(const guint64 *all, guint n, guint64 start, guint64 end)
{
	guint low = 0;

	for (guint high = n; low < high;) {
		guint middle = low + (high - low) / 2;

		if (all[middle] < start)
			low = middle + 1;
		else
			high = middle;
	}
	return low < n && all[low] < end;
}

static int by_line(gconstpointer a, gconstpointer b)
{
	/* Lines and functions both begin with what they are sorted by. */
	return ((const CoverLine *)a)->line - ((const CoverLine *)b)->line;
}

static int function_by_line(gconstpointer a, gconstpointer b)
{
	const CoverFunction *left = a, *right = b;

	return left->line != right->line ? left->line - right->line : strcmp(left->name, right->name);
}

/* The same line has many rows. */
static void merge_lines(GArray *lines)
{
	guint kept = 0;

	g_array_sort(lines, by_line);
	for (guint i = 0; i < lines->len; i++) {
		const CoverLine *line = &g_array_index(lines, CoverLine, i);
		CoverLine *last = kept ? &g_array_index(lines, CoverLine, kept - 1) : NULL;

		if (last && last->line == line->line)
			last->reached |= line->reached;
		else
			g_array_index(lines, CoverLine, kept++) = *line;
	}
	g_array_set_size(lines, kept);
}

/* The functions that rows are in; what was only inlined is none. */
static void add_functions(CoverFile *file, Symbols *symbols, const GArray *rows, const guint64 *all, guint n)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < rows->len; i++) {
		const Row *row = &g_array_index(rows, Row, i);
		guint64 start, size;
		const char *name;

		if (!symbols_function(symbols, row->start, &name, &start, &size) || start != row->start ||
		    !g_hash_table_add(seen, (char *)name))
			continue;
		CoverFunction function = { g_intern_string(name), row->line,
					   any_in(all, n, start, start + size) };
		g_array_append_val(file->functions, function);
		file->functions_reached += function.reached;
	}
	g_array_sort(file->functions, function_by_line);
}

static CoverFile *file_new(Symbols *symbols, const char *unit, const guint64 *all, guint n)
{
	CoverFile *file = g_new0(CoverFile, 1);
	g_autoptr(GArray) rows = rows_of(symbols, unit);

	file->file = g_strdup(unit);
	file->lines = g_array_new(FALSE, FALSE, sizeof(CoverLine));
	file->functions = g_array_new(FALSE, FALSE, sizeof(CoverFunction));
	for (guint i = 0; i < rows->len; i++) {
		const Row *row = &g_array_index(rows, Row, i);
		CoverLine line = { row->line, any_in(all, n, row->start, row->end) };

		/* Line 0: the compiler's own. */
		if (row->line > 0)
			g_array_append_val(file->lines, line);
	}
	merge_lines(file->lines);
	for (guint i = 0; i < file->lines->len; i++)
		file->reached += g_array_index(file->lines, CoverLine, i).reached;
	add_functions(file, symbols, rows, all, n);
	return file;
}

Cover *cover_new(const Kernel *kernel, GHashTable *ran, GError **error)
{
	const Subject *arena = subject(error);
	g_autoptr(Symbols) symbols = arena ? load(kernel, error) : NULL;
	g_autofree guint64 *all = code_in_order(ran);
	guint n = g_hash_table_size(ran);

	if (!symbols)
		return NULL;
	Cover *cover = g_new0(Cover, 1);
	cover->files = g_ptr_array_new_with_free_func(file_free);
	cover->roots = kernel_source_roots(kernel->dir, kernel->tree);
	for (gsize i = 0; i < G_N_ELEMENTS(arena->units) && arena->units[i]; i++)
		g_ptr_array_add(cover->files, file_new(symbols, arena->units[i], all, n));
	return cover;
}

char *cover_file_text(const CoverFile *file)
{
	return g_strdup_printf("%s: %u of %u functions, %u of %u lines", file->file, file->functions_reached,
			       file->functions->len, file->reached, file->lines->len);
}

static JsonObject *file_json(const CoverFile *file)
{
	JsonObject *object = json_object_new();
	JsonArray *functions = json_array_new(), *reached = json_array_new(), *missed = json_array_new();

	for (guint i = 0; i < file->functions->len; i++) {
		const CoverFunction *function = &g_array_index(file->functions, CoverFunction, i);
		JsonObject *one = json_object_new();

		json_object_set_string_member(one, "name", function->name);
		json_object_set_int_member(one, "line", function->line);
		json_object_set_boolean_member(one, "reached", function->reached);
		json_array_add_object_element(functions, one);
	}
	for (guint i = 0; i < file->lines->len; i++) {
		const CoverLine *line = &g_array_index(file->lines, CoverLine, i);

		json_array_add_int_element(line->reached ? reached : missed, line->line);
	}
	json_object_set_string_member(object, "file", file->file);
	json_object_set_array_member(object, "functions", functions);
	json_object_set_array_member(object, "reached", reached);
	json_object_set_array_member(object, "not-reached", missed);
	return object;
}

char *cover_json(const Cover *cover)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	JsonObject *object = json_object_new();
	JsonArray *files = json_array_new();

	for (guint i = 0; i < cover->files->len; i++)
		json_array_add_object_element(files, file_json(g_ptr_array_index(cover->files, i)));
	json_object_set_int_member(object, "racerig-coverage", 1);
	json_object_set_array_member(object, "files", files);
	json_node_take_object(node, object);
	g_autofree char *text = json_to_string(node, TRUE);
	return g_strconcat(text, "\n", NULL);
}

/* The lines of @file's text, NULL-terminated; NULL: the source is not here. */
static char **source_of(const Cover *cover, const CoverFile *file)
{
	for (char **root = cover->roots; root && *root; root++) {
		g_autofree char *path = g_build_filename(*root, file->file, NULL);
		g_autofree char *text = file_read_text(path, FILE_FOUND, FILE_MAX_BYTES, NULL);

		if (text)
			return g_strsplit(text, "\n", -1);
	}
	return NULL;
}

static void add_functions_html(GString *page, const CoverFile *file)
{
	bool first = true;

	for (guint i = 0; i < file->functions->len; i++) {
		const CoverFunction *function = &g_array_index(file->functions, CoverFunction, i);

		if (function->reached)
			continue;
		html_add(page, "%s<code>%s()</code> (%d)", first ? "<p>Never called: " : ", ", function->name,
			 function->line);
		first = false;
	}
	if (!first)
		html_add(page, ".</p>");
}

/* The whole file, with what no schedule has come to lit; where the source is not here, its numbers. */
static void add_source_html(GString *page, const Cover *cover, const CoverFile *file)
{
	g_auto(GStrv) source = source_of(cover, file);
	guint at = 0;

	html_add(page, "<pre class=\"cover\">");
	for (int n = 1; source ? source[n - 1] != NULL : at < file->lines->len; n++) {
		const CoverLine *line = at < file->lines->len
			? &g_array_index(file->lines, CoverLine, at) : NULL;
		bool here = line && line->line == n;

		at += here;
		if (!source && !here)
			continue;
		html_add(page, "<span class=\"%s\">%5d %s</span>\n",
			 !here ? "none" : line->reached ? "reached" : "missed", n,
			 source ? source[n - 1] : line->reached ? "reached" : "not reached");
	}
	html_add(page, "</pre>");
}

char *cover_html(const Cover *cover, const char *kernel)
{
	GString *page = g_string_new(NULL);
	g_autofree char *title = g_strdup_printf("what the hunt on %s has reached", kernel);

	html_begin(page, title);
	html_add(page, "<h1>%s</h1><p>Lit: what the compiler made instructions of and no schedule has come "
		 "to. By basic blocks, so what stands behind a fault counts as reached.</p>", title);
	for (guint i = 0; i < cover->files->len; i++) {
		const CoverFile *file = g_ptr_array_index(cover->files, i);
		g_autofree char *text = cover_file_text(file);

		html_add(page, "<section><h2>%s</h2>", text);
		add_functions_html(page, file);
		add_source_html(page, cover, file);
		html_add(page, "</section>");
	}
	html_end(page);
	return g_string_free(page, FALSE);
}
