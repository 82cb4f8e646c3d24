// SPDX-License-Identifier: GPL-2.0-only
/*
 * 64-bit words in JSON: text in hex ("0xffff888000000000"), never a number.
 *
 * Many readers take a JSON number for a double, and json-glib's parser from 1.8 on gives
 * 0x7fffffffffffffff for whatever is above that (json_scanner_get_number()).  The other
 * side is analysis/helpers/wire.py.  Errors are RIG_ERROR_PROTOCOL and name the member.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

/* False for what is no text, has no 0x in front, or does not fit. */
bool u64_parse(const char *text, guint64 *ret);

bool u64_member(JsonObject *object, const char *name, guint64 *ret, GError **error);

/* Element @i of @array, which is called @name in errors. */
bool u64_element(JsonArray *array, guint i, const char *name, guint64 *ret, GError **error);

/* The text for @value, as a member of @object. */
void u64_set_member(JsonObject *object, const char *name, guint64 value);

/* … and as one more element of @array. */
void u64_add_element(JsonArray *array, guint64 value);
