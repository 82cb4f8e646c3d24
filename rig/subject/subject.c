// SPDX-License-Identifier: GPL-2.0-only
#include "subject/subject.h"

#include <string.h>

#include "util/error.h"
#include "util/name.h"

/* The linker's names for the first row and the end; weak, since there may be no row. */
extern const Subject *const __start_subjects[] __attribute__((weak));
extern const Subject *const __stop_subjects[] __attribute__((weak));

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The order of linking must not decide anything. */
static char *all_names(void)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (const Subject *const *row = __start_subjects; row < __stop_subjects; row++)
		g_ptr_array_add(names, (char *)(*row)->name);
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return g_strjoinv(" ", (char **)names->pdata);
}

const Subject *subject_find(const char *name, const char *where, GError **error)
{
	for (const Subject *const *row = __start_subjects; row < __stop_subjects; row++)
		if (strcmp((*row)->name, name) == 0)
			return *row;
	g_autofree char *shown = name_shown(name), *all = all_names();
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: no subject '%s' (there are: %s)", where,
		    shown, all);
	return NULL;
}
