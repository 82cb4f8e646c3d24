// SPDX-License-Identifier: GPL-2.0-only
#include "util/lose.h"

#include <glib.h>

static gpointer read_words(gpointer unused)
{
	(void)unused;
	const char *all = g_getenv("RACERIG_LOSE");

	return all ? g_strsplit(all, ",", -1) : NULL;
}

static const char *const *all_words(void)
{
	static GOnce once = G_ONCE_INIT;

	return g_once(&once, read_words, NULL);
}

bool lose(const char *what)
{
	const char *const *words = all_words();

	return words && g_strv_contains(words, what);
}

bool lose_anything(void)
{
	return all_words() != NULL;
}
