// SPDX-License-Identifier: GPL-2.0-only
#include "util/noise.h"

#include <glib.h>

/* Nothing of the words stays: no letter, no blank, no length, no punctuation. */
static char *noise_of(const char *sentence)
{
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_MD5, sentence, -1);

	return g_strdup_printf("~%.12s~", hash);
}

char *noise(char *sentence)
{
	if (!sentence || !g_getenv("RACERIG_NOISE"))
		return sentence;
	char *ret = noise_of(sentence);

	g_free(sentence);
	return ret;
}

const char *noise_constant(const char *sentence)
{
	if (!sentence || !g_getenv("RACERIG_NOISE"))
		return sentence;
	g_autofree char *ret = noise_of(sentence);

	return g_intern_string(ret);
}
