// SPDX-License-Identifier: GPL-2.0-only
/* Lines: rig/guest/guest-report.c */
/* What a guest reports: what is accepted can be an index. */
#include "guest/guest-report.h"

#include <string.h>

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { VCPUS = 3 };
	struct guest_report report = { 0 };
	g_autoptr(GError) error = NULL;

	memcpy(&report, data, MIN(size, sizeof(report)));
	/* In a corpus 0 is the version of today. */
	report.version += GUEST_ABI_VERSION;
	g_autofree char *end = g_strndup(report.error, sizeof(report.error));
	g_autofree char *shown = guest_console_end(end);
	if (!guest_report_readable(&report, &error) || !guest_report_check(&report, VCPUS, &error)) {
		g_assert_nonnull(error);
		return 0;
	}
	fuzz_taken();
	g_assert_cmpuint(report.n_pages % report.n_arenas, ==, 0);
	for (guint i = 0; i < report.n_actors; i++) {
		g_assert_cmpuint(report.actors[i].cpu, <, VCPUS);
		g_assert_cmpuint(strlen(report.actors[i].name), <, GUEST_NAME_SIZE);
	}
	return 0;
}
