// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where nobody looked, in words: verdict.json's "unseen" (step/survey.h), for evidence and page.
 */
#pragma once

#include "step/survey.h"
#include "util/json.h"

/* What is counted, in words: "other locks taken"; @with_failures: calls were made to fail. */
const char *unseen_words(SurveyKind kind, bool with_failures);

/* What operations_unwatched() calls @made, in words; NULL: it calls nothing so. */
const char *unwatched_text(const char *made);

/* False when "unseen" of @verdict is not what verdict.c writes; there may be none. */
bool unseen_check(const Json *verdict, GError **error);

/* "25 accesses to plain words (bpf_arena.rt 21, …); …", or NULL: nothing was counted.  The caller's. */
char *unseen_text(JsonObject *verdict);

/* False when "failures" of @verdict is not what verdict.c writes; there may be none. */
bool failures_check(const Json *verdict, GError **error);

/* "at most 1: alloc kmalloc f+0x1 in 3, …", or NULL: none were asked for.  The caller's. */
char *failures_text(JsonObject *verdict);
