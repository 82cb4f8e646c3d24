// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/result.h"

#include "report/html.h"
#include "report/violation-text.h"
#include "report/wrap.h"

/* What the group hangs on, as a sentence, or NULL; the caller's. */
static char *cause_text(const Group *group)
{
	switch (group->blame) {
	case BLAME_ORDER:
		return g_strdup_printf("%u (%s) comes before %u (%s)", group->first, group->first_words,
				       group->second, group->second_words);
	case BLAME_NO_SINGLE_ORDER:
		return g_strdup("no single order: turn any of them round, and it is still violated");
	case BLAME_NO_ORDER:
		return g_strdup("no order of two threads' events: it happens in any case");
	default:
		return NULL;
	}
}

/* What is said of a group in words. */
typedef struct {
	const Group *group;	/* not owned */
	char *sentence, *mail, *stem;
	char *cause;		/* NULL: nobody knows it */
} Words;

static Words words_of(const HuntResult *result, guint i)
{
	const Group *group = g_ptr_array_index(result->groups, i);

	return (Words){ .group = group, .sentence = violation_text(&group->hit->violation),
			.mail = hunt_mail(result, group->combination), .stem = hunt_stem(result, i),
			.cause = cause_text(group) };
}

static void words_clear(Words *words)
{
	g_free(words->sentence);
	g_free(words->mail);
	g_free(words->stem);
	g_free(words->cause);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Words, words_clear)

static void add_group(GString *text, const Words *words, const char *out)
{
	const Group *group = words->group;

	g_string_append_printf(text, "\n%s%s: %s\n", group->known ? "known: " : "NEW: ",
			       group->hit->violation.invariant, words->sentence);
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
	if (words->cause) {
		g_autofree char *line = g_strdup_printf("  cause      %s", words->cause);
		g_autofree char *lines = wrap_text(line, 110, 13);

		g_string_append(text, lines);
	}
	g_string_append_printf(text, "  in         %u combination%s\n", group->combinations,
			       group->combinations == 1 ? "" : "s");
	g_string_append_printf(text, "  smallest   %d context switch%s, %d events\n", group->hit->switches,
			       group->hit->switches == 1 ? "" : "es", group->hit->events);
	g_string_append_printf(text, "  replay     racerig replay %s/schedules/%s.sched --times 10\n",
			       out, words->stem);
	g_string_append_printf(text, "%s\n", words->mail);
}

char *hunt_text(const HuntResult *result, const char *out)
{
	GString *text = g_string_new(NULL);
	g_autofree char *sentence = hunt_sentence(result);

	g_string_append_printf(text, "hunt on %s: %s: %u group%s, %u new\n  coverage   %s\n  schedules  %"
			       G_GUINT64_FORMAT " executed\n", result->hunt->about->kernel, result->verdict,
			       result->groups->len, result->groups->len == 1 ? "" : "s", result->fresh,
			       sentence, result->executed);
	for (guint i = 0; result->cover && i < result->cover->files->len; i++) {
		g_autofree char *file = cover_file_text(g_ptr_array_index(result->cover->files, i));

		g_string_append_printf(text, "  %-10s %s\n", i ? "" : "reached", file);
	}
	for (char **name = result->gone; *name; name++)
		g_string_append_printf(text, "  gone       %s was not found%s\n", *name,
				       hunt_is_complete(result) ? "" : "; not everything was explored");
	for (guint i = 0; i < result->hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(result->hunt->hunted, i);
		const Combination *one = g_ptr_array_index(result->hunt->combinations, i);

		if (hunted && hunted->how == HUNTED_BROKEN)
			g_string_append_printf(text, "  not judged '%s' after '%s': %s\n",
					       one->actors, one->setup, hunted->error);
	}
	for (guint i = 0; i < result->groups->len; i++) {
		g_auto(Words) words = words_of(result, i);

		add_group(text, &words, out);
	}
	return g_string_free(text, FALSE);
}

static void add_section(GString *page, const Words *words)
{
	const Group *group = words->group;

	html_add(page, "<section><h2>%s %s: %s</h2>", group->known ? "known" : "new",
		 group->hit->violation.invariant, words->sentence);
	if (group->known)
		html_add(page, "<p>docs/findings/%s.md</p>", group->known);
	html_add(page, "<p>%s; in %u combinations, context switches of the smallest schedule: %d, "
		 "events: %d (schedules/%s.sched).</p>",
		 violation_kind_text(&group->hit->violation), group->combinations,
		 group->hit->switches, group->hit->events, words->stem);
	if (words->cause)
		html_add(page, "<p>The cause: %s.</p>", words->cause);
	html_add(page, "<p>Interleavings:</p><ul>");
	for (guint i = 0; i < group->interleavings->len; i++)
		html_add(page, "<li><code>%s</code></li>",
			 (char *)g_ptr_array_index(group->interleavings, i));
	html_add(page, "</ul><pre>%s</pre></section>", words->mail);
}

char *hunt_html(const HuntResult *result)
{
	GString *page = g_string_new(NULL);
	g_autofree char *title = g_strdup_printf("hunt on %s", result->hunt->about->kernel);
	g_autofree char *sentence = hunt_sentence(result);

	html_begin(page, title);
	html_add(page, "<h1>%s</h1><p>%s: %s.</p>", title, result->verdict, sentence);
	for (guint i = 0; result->cover && i < result->cover->files->len; i++) {
		g_autofree char *file = cover_file_text(g_ptr_array_index(result->cover->files, i));

		html_add(page, "<p>Reached of <a href=\"coverage.html\">%s</a>.</p>", file);
	}
	for (guint i = 0; i < result->groups->len; i++) {
		g_auto(Words) words = words_of(result, i);

		add_section(page, &words);
	}
	html_end(page);
	return g_string_free(page, FALSE);
}
