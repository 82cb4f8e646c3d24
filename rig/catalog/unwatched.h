// SPDX-License-Identifier: GPL-2.0-only
/*
 * What operations make in the race, of which nothing is watched: a limit of what is found with them.
 */
#pragma once

#include "catalog/operations.h"

/*
 * "pages": those that are allocated while user space has some, whose references and folios' locks are no
 * events; "mappings": those that are made, whose locks are none.  NULL when there is nothing of these; the
 * caller's.
 */
char **operations_unwatched(const Operations *operations);
