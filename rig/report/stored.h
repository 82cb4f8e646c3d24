// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a run folder stores as JSON, checked once where it is read: whoever shows it may
 * rely on its members being there and of their type.
 *
 * Errors are RIG_ERROR_INPUT and name file and member.  The caller's references.
 */
#pragma once

#include <json-glib/json-glib.h>

JsonObject *stored_verdict(const char *path, GError **error);
JsonObject *stored_facts(const char *path, GError **error);
