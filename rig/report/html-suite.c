// SPDX-License-Identifier: GPL-2.0-only
#include "report/html.h"

#include <string.h>

static const char *member(JsonObject *row, const char *name)
{
	return json_object_get_string_member_with_default(row, name, "");
}

static bool flag(JsonObject *row, const char *name)
{
	return json_object_get_boolean_member_with_default(row, name, FALSE);
}

static gint64 number(JsonObject *row, const char *name)
{
	return json_object_get_int_member_with_default(row, name, 0);
}

static bool is_mutant(JsonObject *row)
{
	return strcmp(member(row, "kind"), "mutant") == 0;
}

static bool is_skipped(JsonObject *row)
{
	return *member(row, "skipped") != '\0';
}

static bool is_violation(JsonObject *row)
{
	return strcmp(member(row, "verdict"), "violation") == 0;
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The distinct values of @name among the rows that are mutants, or are not; sorted. */
static GPtrArray *values(JsonArray *rows, const char *name, bool mutants)
{
	GPtrArray *list = g_ptr_array_new();

	for (guint i = 0; i < json_array_get_length(rows); i++) {
		JsonObject *row = json_array_get_object_element(rows, i);
		const char *value = member(row, name);

		if (is_mutant(row) == mutants &&
		    !g_ptr_array_find_with_equal_func(list, value, g_str_equal, NULL))
			g_ptr_array_add(list, (char *)value);
	}
	g_ptr_array_sort(list, by_text);
	return list;
}

static JsonObject *find(JsonArray *rows, const char *scenario, const char *kernel)
{
	for (guint i = 0; i < json_array_get_length(rows); i++) {
		JsonObject *row = json_array_get_object_element(rows, i);

		if (strcmp(member(row, "scenario"), scenario) == 0 &&
		    strcmp(member(row, "kernel"), kernel) == 0)
			return row;
	}
	return NULL;
}

static char *invariants_of(JsonObject *row)
{
	JsonNode *node = json_object_get_member(row, "invariants");
	JsonArray *ids = node && JSON_NODE_HOLDS_ARRAY(node) ? json_node_get_array(node) : NULL;
	GString *text = g_string_new(NULL);

	for (guint i = 0; ids && i < json_array_get_length(ids); i++)
		g_string_append_printf(text, "%s%s", i ? " " : "",
				       json_array_get_string_element(ids, i));
	return g_string_free(text, FALSE);
}

/* Heat: on a mutant a violation is what is wanted, elsewhere it is the news. */
static const char *heat(JsonObject *row)
{
	if (is_skipped(row) || strcmp(member(row, "verdict"), "inconclusive") == 0)
		return "cold";
	if (is_mutant(row))
		return is_violation(row) ? "good" : "faint";
	return is_violation(row) ? "bad" : strcmp(member(row, "verdict"), "documented") == 0 ? "note"
								     : "good";
}

static void add_cell(GString *page, JsonObject *row)
{
	if (!row) {
		g_string_append(page, "<td class=\"heat absent\"><span class=\"vh\">not run</span></td>");
		return;
	}
	g_autofree char *ids = invariants_of(row);
	bool as_expected = flag(row, "as_expected");
	const char *folder = member(row, "folder");

	html_add(page, "<td class=\"heat %s%s\">", heat(row),
		 is_skipped(row) || as_expected ? "" : " unexpected");
	if (is_skipped(row)) {
		html_add(page, "skipped<span class=\"sub\">%s</span></td>", member(row, "skipped"));
		return;
	}
	if (*folder)
		html_add(page, "<a href=\"%s/report.html\">", folder);
	html_add(page, "%s", is_violation(row) ? ids : member(row, "verdict"));
	g_string_append(page, *folder ? "</a>" : "");
	html_add(page, "<span class=\"sub\">%d run%s%s</span>", (int)number(row, "executed"),
		 flag(row, "complete") ? "" : ", not complete",
		 as_expected ? "" : ", NOT as expected: ");
	if (!as_expected)
		html_add(page, "<span class=\"sub\">%s</span>", member(row, "expected"));
	g_string_append(page, "</td>");
}

static void add_table(GString *page, JsonArray *rows, const char *caption, bool mutants)
{
	g_autoptr(GPtrArray) scenarios = values(rows, "scenario", mutants);
	g_autoptr(GPtrArray) kernels = values(rows, "kernel", mutants);
	/* What there is more of goes down. */
	GPtrArray *down = mutants ? kernels : scenarios, *across = mutants ? scenarios : kernels;

	if (!down->len) {
		g_string_append(page, "<p>None was run.</p>\n");
		return;
	}
	html_add(page, "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"%s\">"
		       "<table class=\"map\"><caption>%s</caption><thead><tr><th scope=\"col\">%s</th>",
		 caption, caption, mutants ? "mutant" : "scenario");
	for (guint i = 0; i < across->len; i++)
		html_add(page, "<th scope=\"col\">%s</th>", (char *)g_ptr_array_index(across, i));
	g_string_append(page, "</tr></thead><tbody>\n");
	for (guint i = 0; i < down->len; i++) {
		const char *name = g_ptr_array_index(down, i);

		html_add(page, "<tr><th scope=\"row\">%s</th>", name);
		for (guint j = 0; j < across->len; j++) {
			const char *other = g_ptr_array_index(across, j);

			add_cell(page, mutants ? find(rows, other, name) : find(rows, name, other));
		}
		g_string_append(page, "</tr>\n");
	}
	g_string_append(page, "</tbody></table></div>\n");
}

/* Whether some scenario killed it. */
static bool is_killed(JsonArray *rows, const char *mutant)
{
	for (guint i = 0; i < json_array_get_length(rows); i++) {
		JsonObject *row = json_array_get_object_element(rows, i);

		if (strcmp(member(row, "kernel"), mutant) == 0 && !is_skipped(row) &&
		    is_violation(row))
			return true;
	}
	return false;
}

static void add_summary(GString *page, JsonArray *rows)
{
	g_autoptr(GPtrArray) mutants = values(rows, "kernel", true);
	guint expected = 0, skipped = 0, killed = 0, n = json_array_get_length(rows);

	for (guint i = 0; i < n; i++) {
		JsonObject *row = json_array_get_object_element(rows, i);

		skipped += is_skipped(row);
		expected += !is_skipped(row) && flag(row, "as_expected");
	}
	for (guint i = 0; i < mutants->len; i++)
		killed += is_killed(rows, g_ptr_array_index(mutants, i));
	html_add(page, "<header><p class=\"kicker\">racerig</p><h1>Suite</h1>\n<p class=\"verdict %s\">"
		       "<strong>%u of %u as expected</strong>%s</p>\n", expected + skipped == n ? "good"
		 : "bad", expected, n - skipped, skipped ? "; some were skipped" : "");
	html_add(page, "<nav aria-label=\"Sections\"><a href=\"#scenarios\">Scenarios</a> "
		       "<a href=\"#mutation\">Mutants</a> <a href=\"#limits\">Not covered</a></nav>"
		       "</header>\n<main id=\"main\">\n<dl class=\"tiles\"><div><dt>runs</dt><dd>%u</dd>"
		       "</div><div><dt>as expected</dt><dd>%u</dd></div><div><dt>skipped</dt><dd>%u</dd>"
		       "</div><div><dt>mutants killed</dt><dd>%u of %u</dd></div></dl>\n",
		 n, expected, skipped, killed, mutants->len);
	for (guint i = 0; i < mutants->len; i++)
		if (!is_killed(rows, g_ptr_array_index(mutants, i)))
			html_add(page, "<p class=\"finding bad\">No scenario kills <strong>%s</strong>."
				       "</p>\n", (char *)g_ptr_array_index(mutants, i));
}

char *html_suite(JsonObject *suite)
{
	JsonArray *rows = json_object_get_array_member(suite, "rows");
	GString *page = g_string_new(NULL);

	html_begin(page, "racerig suite");
	add_summary(page, rows);
	g_string_append(page, "<section id=\"scenarios\"><h2>Scenarios</h2>\n<p>What was found on each "
			      "kernel: an invariant that is violated, or the verdict. A thick frame says "
			      "that it is not what was expected.</p>\n");
	add_table(page, rows, "Scenarios by kernels", false);
	g_string_append(page, "</section>\n<section id=\"mutation\"><h2>Mutants</h2>\n<p>Which scenario "
			      "kills which mutant, and by which invariant.</p>\n");
	add_table(page, rows, "Mutants by scenarios", true);
	g_string_append(page, "</section>\n<section id=\"limits\"><h2>Not covered</h2><ul><li>SC only: "
			      "sequential consistency, one instruction at a time, as TCG runs it; no store "
			      "buffers, no reordering.</li><li>Only the listed actors and pages; x86-64, "
			      "TCG's devices.</li><li>A pass of a rig that kills no mutants proves "
			      "nothing.</li></ul></section>\n</main>\n");
	html_end(page);
	return g_string_free(page, FALSE);
}
