// SPDX-License-Identifier: GPL-2.0-only
/*
 * The files of a kernel's source whose lines a report may show, for where that source is not.
 */
#pragma once

#include "catalog/kernel.h"

/*
 * Path in the source -> path here, both strings; the caller's.  What reports would not find here
 * either is left out.
 */
GHashTable *sources_of(const Kernel *kernel, GError **error);
