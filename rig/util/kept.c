// SPDX-License-Identifier: GPL-2.0-only
#include "util/kept.h"

#include <glib/gstdio.h>
#include <string.h>

#include "util/file.h"
#include "util/lose.h"
#include "util/paths.h"
#include "util/sha256.h"

static const char MAGIC[] = "racerig-kept 1";

Kept kept_init(const char *folder, const char *name, const char *depends, const char *what)
{
	Kept kept = { .key = sha256_of(depends, strlen(depends)), .what = what };
	g_autofree char *relative = g_strdup_printf("%s/%s-%.16s", folder, name, kept.key);

	kept.path = paths_in_cache(relative);
	return kept;
}

void kept_clear(Kept *kept)
{
	g_clear_pointer(&kept->path, g_free);
	g_clear_pointer(&kept->key, g_free);
}

/* The line before @text, newline included; the caller's. */
static char *first_line(const Kept *kept, const char *text)
{
	g_autofree char *sum = sha256_of(text, strlen(text));

	return g_strdup_printf("%s %s %s\n", MAGIC, kept->key, sum);
}

void kept_refuse(const Kept *kept, const char *why)
{
	g_message("%s %s; %s", kept->path, why, kept->what);
	g_unlink(kept->path);
}

char *kept_read(const Kept *kept)
{
	if (lose_anything() || !g_file_test(kept->path, G_FILE_TEST_EXISTS))
		return NULL;
	g_autofree char *whole = file_read_text(kept->path, FILE_FOUND, FILE_MAX_BYTES, NULL);
	const char *text = whole ? strchr(whole, '\n') : NULL;
	g_autofree char *expected = text ? first_line(kept, text + 1) : NULL;

	if (expected && g_str_has_prefix(whole, expected))
		return g_strdup(text + 1);
	kept_refuse(kept, "is damaged, or of something else");
	return NULL;
}

void kept_write(const Kept *kept, const char *text)
{
	g_autofree char *line = first_line(kept, text);
	g_autofree char *whole = g_strconcat(line, text, NULL);
	g_autofree char *folder = g_path_get_dirname(kept->path);
	g_autoptr(GError) local = NULL;

	if (lose_anything())
		return;
	g_mkdir_with_parents(folder, 0755);
	if (!g_file_set_contents(kept->path, whole, -1, &local))
		g_info("%s is not kept: %s", kept->path, local->message);
}
