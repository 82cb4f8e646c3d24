// SPDX-License-Identifier: GPL-2.0-only
/*
 * Members of JSON objects from outside, checked: the type, the range and that they are there.
 *
 * A reader returns false when the member is wrong, or is missing and required; one that may be
 * missing leaves *@ret as it is.  Strings come interned and live as long as the program.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

typedef enum { FIELD_OPTIONAL, FIELD_REQUIRED } FieldNeed;

bool field_string(JsonObject *object, const char *name, FieldNeed need, const char **ret);
bool field_bool(JsonObject *object, const char *name, FieldNeed need, bool *ret);
bool field_int(JsonObject *object, const char *name, FieldNeed need, gint64 min, gint64 max,
	       gint64 *ret);

/* The same, for a member that is an int in C. */
bool field_small(JsonObject *object, const char *name, FieldNeed need, int min, int max, int *ret);

/* A string like "0x8000000000000163". */
bool field_hex(JsonObject *object, const char *name, FieldNeed need, guint64 *ret);

/* A string that is one of @names, NULL-terminated; *@ret is its index. */
bool field_choice(JsonObject *object, const char *name, FieldNeed need, const char *const *names,
		  int *ret);

/* An array with between @min and @max elements; borrowed. */
bool field_array(JsonObject *object, const char *name, FieldNeed need, guint min, guint max,
		 JsonArray **ret);

/* Element @i as a string, interned; NULL: it is none. */
const char *field_element(JsonArray *array, guint i);

/* Write one member. */
void field_add_string(JsonObject *object, const char *name, const char *value);
