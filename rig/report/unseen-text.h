// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where nobody looked, in words: verdict.json's "unseen" (step/survey.h), for evidence and page.
 */
#pragma once

#include "util/json.h"

/* False when "unseen" of @verdict is not what verdict.c writes; there may be none. */
bool unseen_check(const Json *verdict, GError **error);

/* "25 accesses to plain words (bpf_arena.rt 21, …); …", or NULL: nothing was counted.  The caller's. */
char *unseen_text(JsonObject *verdict);
