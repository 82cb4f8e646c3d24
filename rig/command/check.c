// SPDX-License-Identifier: GPL-2.0-only
#include "check/check-record.h"

#include <string.h>

#include "command/command.h"
#include "report/violation-text.h"
#include "util/error.h"
#include "util/file.h"

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
	return strcmp(path, "-") == 0 ? file_read_stdin(FILE_MAX_BYTES, error)
				      : file_read_text(path, FILE_NAMED, FILE_MAX_BYTES, error);
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
