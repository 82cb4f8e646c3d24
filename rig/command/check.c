// SPDX-License-Identifier: GPL-2.0-only
#include "check/check-record.h"

#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "report/violation-text.h"
#include "util/error.h"

static void print(const Record *record, const GArray *all, const char *note)
{
	for (guint i = 0; i < all->len; i++) {
		const Violation *found = &g_array_index(all, Violation, i);
		g_autofree char *sentence = violation_text(found);

		g_print("%s %s", found->documented ? "documents" : "violates", found->invariant);
		if (found->event >= 0)
			g_print(" in line %d, decision %u", found->event + 2,
				record_number(record, found->event));
		g_print(": %s (%s)%s\n", sentence, violation_kind_text(found), note);
	}
}

static char *read_input(const char *path, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autoptr(GIOChannel) input = NULL;
	g_autofree char *text = NULL;
	gsize length = 0;
	bool ok;

	if (g_strcmp0(path, "-") == 0) {
		input = g_io_channel_unix_new(STDIN_FILENO);
		g_io_channel_set_encoding(input, NULL, NULL);
		ok = g_io_channel_read_to_end(input, &text, &length, &local) == G_IO_STATUS_NORMAL;
	} else {
		ok = g_file_get_contents(path, &text, &length, &local);
	}
	if (ok && strlen(text) == length)
		return g_steal_pointer(&text);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path,
		    ok ? "a zero byte is in it; no racerig trace" : local->message);
	return NULL;
}

int command_check(int argc, char **argv, GCancellable *cancel, GError **error)
{
	(void)cancel;
	if (!command_parse(&argc, &argv, NULL, "TRACE", 1,
			   "Run the invariants that look at events over a trace, without a guest.",
			   error))
		return EXIT_BROKEN;
	g_autofree char *text = read_input(argv[1], error);
	g_autoptr(Record) record = text ? record_parse(text, argv[1], error) : NULL;
	if (!record)
		return EXIT_BROKEN;
	g_autoptr(Recheck) recheck = check_record(record);
	print(record, recheck->found, "");
	print(record, recheck->end, ", recorded: only the guest shows it");
	print(record, recheck->missing, ", recorded and NOT found again");
	g_print("%u events, %u found, %u of them not recorded, %u recorded and not found\n",
		record->events->len, recheck->found->len, recheck->unrecorded,
		recheck->missing->len);
	return recheck_violates(recheck) || recheck->unrecorded || recheck->missing->len
		       ? EXIT_UNEXPECTED : EXIT_EXPECTED;
}
