// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a scenario may need and a kernel may lack.
 *
 * A kernel without a line 'has' has everything; a scenario without a line 'needs'
 * runs everywhere.
 */
#pragma once

#include "catalog/kernel.h"
#include "catalog/scenario.h"

/* The words of [@group] @key, or NULL when there is no such line; unknown ones are an error. */
bool feature_words(GKeyFile *keys, const char *path, const char *group, const char *key,
		   char ***ret, GError **error);

/* The actor of @scenario that has to end in an oops on @kernel, or NULL. */
const char *feature_oops(const Scenario *scenario, const Kernel *kernel);

/* The first thing @scenario needs and @kernel lacks, or NULL. */
const char *feature_missing(const Scenario *scenario, const Kernel *kernel);
