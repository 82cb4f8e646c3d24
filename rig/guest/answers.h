// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drgn has said before, and the memory that it read to say so.  Where that is the same again
 * it would say the same again: it sees the guest by its memory only, and is not asked.
 *
 * Some of the times it is asked all the same, and another answer is RIG_ERROR_MACHINE.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "guest/analyst.h"
#include "machine/machine.h"

typedef struct Answers Answers;

/* Neither is owned. */
Answers *answers_new(Analyst *analyst, Machine *machine);
void answers_free(Answers *answers);

/* The answer to @request, which this takes; the caller's, and not to be changed. */
JsonObject *answers_ask(Answers *answers, JsonObject *request, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Answers, answers_free)
