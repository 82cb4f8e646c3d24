// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/result.h"

#include <string.h>

#include "report/html.h"
#include "report/violation-text.h"

enum { HUNT_VERSION = 1 };

static const char *const how_texts[HUNTED_KINDS] = {
	[HUNTED_COMPLETE] = "explored to the end",
	[HUNTED_BOUNDED] = "within a bound of two preemptions",
	[HUNTED_CUT] = "cut by the limit of schedules",
	[HUNTED_ABSENT] = "with operations that this kernel has not",
	[HUNTED_BROKEN] = "not judged",
};

void hunt_result_free(HuntResult *result)
{
	if (!result)
		return;
	g_clear_pointer(&result->groups, g_ptr_array_unref);
	g_strfreev(result->gone);
	g_free(result);
}

static const Group *group_at(const HuntResult *result, guint i)
{
	return g_ptr_array_index(result->groups, i);
}

static void count(HuntResult *result)
{
	const Hunt *hunt = result->hunt;

	result->all = hunt->hunted->len;
	for (guint i = 0; i < hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(hunt->hunted, i);

		if (!hunted) {
			result->not_begun++;
			continue;
		}
		result->how[hunted->how]++;
		result->executed += hunted->executed;
	}
	for (guint i = 0; i < result->groups->len; i++)
		result->fresh += group_at(result, i)->known == NULL;
}

static bool is_complete(const HuntResult *result)
{
	return !result->not_begun && !result->how[HUNTED_CUT] && !result->how[HUNTED_BROKEN] &&
	       !result->how[HUNTED_BOUNDED];
}

HuntResult *hunt_result_new(const Hunt *hunt, const Kernel *kernel, GError **error)
{
	g_autoptr(GPtrArray) known = known_load(error);

	if (!known)
		return NULL;
	HuntResult *result = g_new0(HuntResult, 1);
	result->hunt = hunt;
	result->groups = groups_new(hunt, kernel, known);
	/* Where only a part was asked for nothing is missing. */
	result->gone = hunt->whole ? groups_gone(result->groups, kernel, known) : g_new0(char *, 1);
	count(result);
	result->verdict = result->fresh ? "new"
			  : result->not_begun || result->how[HUNTED_CUT] || result->how[HUNTED_BROKEN]
			  ? "inconclusive"
			  : result->groups->len ? "known" : "clean";
	return result;
}

/* 7695 as "7,695"; into @text. */
static void add_number(GString *text, guint64 n)
{
	g_autofree char *digits = g_strdup_printf("%" G_GUINT64_FORMAT, n);
	gsize len = strlen(digits);

	for (gsize i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			g_string_append_c(text, ',');
		g_string_append_c(text, digits[i]);
	}
}

/* The families there are, in order. */
static GPtrArray *families_of(const Hunt *hunt)
{
	GPtrArray *families = g_ptr_array_new();

	for (guint i = 0; i < hunt->combinations->len; i++) {
		const char *family =
			((const Combination *)g_ptr_array_index(hunt->combinations, i))->family;

		if (!families->len || g_ptr_array_index(families, families->len - 1) != family)
			g_ptr_array_add(families, (char *)family);
	}
	return families;
}

char *hunt_sentence(const HuntResult *result)
{
	GString *text = g_string_new("all ");
	const Hunt *hunt = result->hunt;
	g_autoptr(GPtrArray) families = families_of(hunt);

	for (guint i = 0; i < families->len; i++) {
		const char *family = g_ptr_array_index(families, i);

		g_string_append_printf(text, "%s%s (%s)", i ? " and " : "", family, family_text(family));
	}
	g_string_append_printf(text, " of %u verb%s from %u setup%s, ", hunt->extent.verbs,
			       hunt->extent.verbs == 1 ? "" : "s", hunt->extent.setups,
			       hunt->extent.setups == 1 ? "" : "s");
	if (hunt->failures)
		g_string_append_printf(text, "at most %d failure%s: ", hunt->failures,
				       hunt->failures == 1 ? "" : "s");
	else
		g_string_append(text, "no failure: ");
	add_number(text, result->all);
	g_string_append(text, " combinations");
	for (int how = 0; how < HUNTED_KINDS; how++) {
		if (!result->how[how] && (how == HUNTED_ABSENT || how == HUNTED_BROKEN))
			continue;
		g_string_append(text, ", ");
		add_number(text, result->how[how]);
		g_string_append_printf(text, " %s", how_texts[how]);
	}
	g_string_append(text, ", ");
	add_number(text, result->not_begun);
	g_string_append_printf(text, " not begun%s", is_complete(result) ? ": complete" : "");
	return g_string_free(text, FALSE);
}

char *hunt_stem(const HuntResult *result, guint i)
{
	return g_strdup_printf("%02u-%s", i + 1, group_at(result, i)->hit->violation.invariant);
}

char *hunt_mail(const Combination *combination, const char *kernel, int failures)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "racerig explore --kernel %s --pages %d", kernel, combination->pages);
	if (failures)
		g_string_append_printf(text, " --failures %d", failures);
	if (*combination->setup)
		g_string_append_printf(text, " \\\n\t--setup '%s'", combination->setup);
	g_string_append_printf(text, " \\\n\t--actors '%s'", combination->actors);
	return g_string_free(text, FALSE);
}

static JsonObject *group_json(const HuntResult *result, guint i)
{
	const Group *group = group_at(result, i);
	JsonObject *object = json_object_new(), *smallest = json_object_new();
	g_autofree char *stem = hunt_stem(result, i);

	json_object_set_object_member(object, "violation", violation_json(&group->hit->violation));
	JsonArray *interleavings = json_array_new();

	for (guint j = 0; j < group->interleavings->len; j++)
		json_array_add_string_element(interleavings, g_ptr_array_index(group->interleavings, j));
	json_object_set_array_member(object, "interleavings", interleavings);
	json_add_string(object, "known", group->known);
	json_object_set_int_member(object, "combinations", group->combinations);
	json_object_set_string_member(smallest, "family", group->combination->family);
	json_object_set_string_member(smallest, "setup", group->combination->setup);
	json_object_set_string_member(smallest, "actors", group->combination->actors);
	json_object_set_int_member(smallest, "pages", group->combination->pages);
	json_object_set_int_member(smallest, "switches", group->hit->switches);
	json_object_set_int_member(smallest, "events", group->hit->events);
	json_object_set_string_member(smallest, "schedule", stem);
	json_object_set_object_member(object, "smallest", smallest);
	return object;
}

/* What was not explored to its end, by name. */
static JsonArray *unfinished_json(const HuntResult *result)
{
	JsonArray *array = json_array_new();

	for (guint i = 0; i < result->hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(result->hunt->hunted, i);
		const Combination *combination = g_ptr_array_index(result->hunt->combinations, i);

		if (!hunted || hunted->how == HUNTED_COMPLETE)
			continue;
		JsonObject *object = json_object_new();
		json_object_set_string_member(object, "how", hunted_how(hunted->how));
		json_object_set_string_member(object, "setup", combination->setup);
		json_object_set_string_member(object, "actors", combination->actors);
		json_object_set_int_member(object, "executed", hunted->executed);
		json_add_string(object, "error", hunted->error);
		json_array_add_object_element(array, object);
	}
	return array;
}

char *hunt_json(const HuntResult *result, const char *kernel, const char *key, const char *emulator)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	JsonObject *object = json_object_new(), *counts = json_object_new();
	JsonArray *groups = json_array_new(), *gone = json_array_new();
	g_autofree char *sentence = hunt_sentence(result);

	for (guint i = 0; i < result->groups->len; i++)
		json_array_add_object_element(groups, group_json(result, i));
	for (char **name = result->gone; *name; name++)
		json_array_add_string_element(gone, *name);
	json_object_set_int_member(object, "racerig-hunt", HUNT_VERSION);
	json_object_set_string_member(object, "kernel", kernel);
	json_object_set_string_member(object, "key", key);
	json_object_set_string_member(object, "emulator", emulator);
	json_object_set_string_member(object, "verdict", result->verdict);
	json_object_set_string_member(object, "coverage", sentence);
	json_object_set_int_member(counts, "combinations", result->all);
	for (int how = 0; how < HUNTED_KINDS; how++)
		json_object_set_int_member(counts, hunted_how(how), result->how[how]);
	json_object_set_int_member(counts, "not-begun", result->not_begun);
	json_object_set_int_member(counts, "executed", (gint64)result->executed);
	json_object_set_object_member(object, "counts", counts);
	json_object_set_array_member(object, "groups", groups);
	json_object_set_array_member(object, "gone", gone);
	json_object_set_array_member(object, "unfinished", unfinished_json(result));
	json_node_take_object(node, object);
	g_autofree char *json = json_to_string(node, TRUE);
	return g_strconcat(json, "\n", NULL);
}

static void add_group(GString *text, const HuntResult *result, guint i, const char *kernel,
		      const char *out)
{
	const Group *group = group_at(result, i);
	g_autofree char *sentence = violation_text(&group->hit->violation);
	g_autofree char *mail = hunt_mail(group->combination, kernel, result->hunt->failures);
	g_autofree char *stem = hunt_stem(result, i);

	g_string_append_printf(text, "\n%s%s: %s\n", group->known ? "known: " : "NEW: ",
			       group->hit->violation.invariant, sentence);
	if (group->known)
		g_string_append_printf(text, "  finding    docs/findings/%s.md\n", group->known);
	if (group->hit->violation.kind != VIOLATION_SEEN)
		g_string_append_printf(text, "  kind       %s\n",
				       violation_kind_text(&group->hit->violation));
	g_string_append_printf(text, "  order      %s\n", group->hit->signature);
	if (group->interleavings->len > 1)
		g_string_append_printf(text, "             and %u other%s (hunt.json)\n",
				       group->interleavings->len - 1,
				       group->interleavings->len > 2 ? "s" : "");
	g_string_append_printf(text, "  in         %u combination%s\n", group->combinations,
			       group->combinations == 1 ? "" : "s");
	g_string_append_printf(text, "  smallest   %d context switch%s, %d events\n", group->hit->switches,
			       group->hit->switches == 1 ? "" : "es", group->hit->events);
	g_string_append_printf(text, "  replay     racerig replay %s/schedules/%s.sched --times 10\n",
			       out, stem);
	g_string_append_printf(text, "%s\n", mail);
}

char *hunt_text(const HuntResult *result, const char *kernel, const char *out)
{
	GString *text = g_string_new(NULL);
	g_autofree char *sentence = hunt_sentence(result);

	g_string_append_printf(text, "hunt on %s: %s: %u group%s, %u new\n  coverage   %s\n  schedules  %"
			       G_GUINT64_FORMAT " executed\n", kernel, result->verdict,
			       result->groups->len, result->groups->len == 1 ? "" : "s", result->fresh,
			       sentence, result->executed);
	for (char **name = result->gone; *name; name++)
		g_string_append_printf(text, "  gone       %s was not found%s\n", *name,
				       is_complete(result) ? "" : "; not everything was explored");
	for (guint i = 0; i < result->hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(result->hunt->hunted, i);
		const Combination *one = g_ptr_array_index(result->hunt->combinations, i);

		if (hunted && hunted->how == HUNTED_BROKEN)
			g_string_append_printf(text, "  not judged '%s' after '%s': %s\n",
					       one->actors, one->setup, hunted->error);
	}
	for (guint i = 0; i < result->groups->len; i++)
		add_group(text, result, i, kernel, out);
	return g_string_free(text, FALSE);
}

char *hunt_html(const HuntResult *result, const char *kernel)
{
	GString *page = g_string_new(NULL);
	g_autofree char *title = g_strdup_printf("hunt on %s", kernel);
	g_autofree char *sentence = hunt_sentence(result);

	html_begin(page, title);
	html_add(page, "<h1>%s</h1><p>%s: %s.</p>", title, result->verdict, sentence);
	for (guint i = 0; i < result->groups->len; i++) {
		const Group *group = group_at(result, i);
		g_autofree char *text = violation_text(&group->hit->violation);
		g_autofree char *mail = hunt_mail(group->combination, kernel, result->hunt->failures);
		g_autofree char *stem = hunt_stem(result, i);

		html_add(page, "<section><h2>%s %s: %s</h2>", group->known ? "known" : "new",
			 group->hit->violation.invariant, text);
		if (group->known)
			html_add(page, "<p>docs/findings/%s.md</p>", group->known);
		html_add(page, "<p>%s; in %u combinations, context switches of the smallest schedule: %d, "
			 "events: %d (schedules/%s.sched).</p>",
			 violation_kind_text(&group->hit->violation), group->combinations,
			 group->hit->switches, group->hit->events, stem);
		html_add(page, "<ul>");
		for (guint j = 0; j < group->interleavings->len; j++)
			html_add(page, "<li><code>%s</code></li>",
				 (char *)g_ptr_array_index(group->interleavings, j));
		html_add(page, "</ul><pre>%s</pre></section>", mail);
	}
	html_end(page);
	return g_string_free(page, FALSE);
}
