// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/feature.h"

#include "util/keyfile.h"

static const char *const known[] = {
	"scratch",		/* what is not allocated reads and writes a scratch page */
	"fault",		/* … which a fault installs: whose fault is known */
	"stream",		/* … and are reported into the program's stream */
	"guard",		/* … also in the guard zones around the arena */
	"lower-oops",		/* … but the lower one: an oops */
	"reserve",		/* bpf_arena_reserve_pages() */
	"deferred-free",	/* who must not sleep can free, and a worker does it */
	NULL
};

bool feature_words(GKeyFile *keys, const char *path, const char *group, const char *key,
		   char ***ret, GError **error)
{
	g_auto(GStrv) words = NULL;

	if (!keyfile_names(keys, path, group, key, NAME_FEATURE, &words, error))
		return false;
	for (char **word = words; word && *word; word++) {
		if (g_strv_contains(known, *word))
			continue;
		g_autofree char *all = g_strjoinv(" ", (char **)known);
		keyfile_error(error, path, group, key, "'%s' is unknown (there are: %s)", *word, all);
		return false;
	}
	*ret = g_steal_pointer(&words);
	return true;
}
