// SPDX-License-Identifier: GPL-2.0-only
#include "util/lose.h"

#include <glib.h>

static gpointer read_words(gpointer unused)
{
	(void)unused;
	const char *all = g_getenv("RACERIG_LOSE");

	return all ? g_strsplit(all, ",", -1) : NULL;
}

bool lose(const char *what)
{
	static GOnce once = G_ONCE_INIT;
	const char *const *words = g_once(&once, read_words, NULL);

	return words && g_strv_contains(words, what);
}
