// SPDX-License-Identifier: GPL-2.0-only
/*
 * The drgn process beside the rig: questions about the frozen guest, answered
 * with the kernel's own types.
 *
 * One process for the whole run; it dies with the rig.  Errors are
 * RIG_ERROR_PROTOCOL (drgn's own words), RIG_ERROR_LOST when it died and RIG_ERROR_DEADLINE when it
 * does not answer.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

typedef struct Analyst Analyst;

/* @ram: the file of the guest's RAM, not owned; -1: it is on another host, and read through QMP. */
Analyst *analyst_new(const char *qmp_path, const char *vmlinux, int ram, GCancellable *cancel,
		     GError **error);
void analyst_free(Analyst *analyst);

/* Takes @request; the answer's "ok" object, or NULL. */
JsonObject *analyst_ask(Analyst *analyst, JsonObject *request, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Analyst, analyst_free)
