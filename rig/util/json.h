// SPDX-License-Identifier: GPL-2.0-only
/*
 * JSON from outside, read with checks.
 *
 * json-glib's own getters warn, crash or invent a value where a member is missing or of
 * another type.  These give RIG_ERROR_INPUT that names file, member and what it should be.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "util/file.h"
#include "util/name.h"

/* What is read, and what it is called in errors: "FILE" or "FILE:LINE". */
typedef struct {
	JsonObject *object;
	const char *name;	/* the caller's; must outlive this */
} Json;

enum { JSON_MAX_DEPTH = 64 };

/* Whether brackets are nested no deeper than that: json-glib's parser calls itself. */
bool json_text_is_flat(const char *text, gsize len);

/* The object in @text, and in the file at @path; the caller's reference. */
JsonObject *json_parse(const char *text, gsize len, const char *name, GError **error);
JsonObject *json_load(const char *path, FileSource source, GError **error);

/*
 * Members that must be there.  Strings, objects and arrays stay the object's.  A name is a
 * string of that kind (util/name.h).
 */
bool json_string(const Json *json, const char *member, const char **ret, GError **error);
bool json_name(const Json *json, const char *member, NameKind kind, const char **ret,
	       GError **error);
bool json_int(const Json *json, const char *member, gint64 min, gint64 max, gint64 *ret,
	      GError **error);
bool json_small(const Json *json, const char *member, int min, int max, int *ret, GError **error);
bool json_bool(const Json *json, const char *member, bool *ret, GError **error);
bool json_array(const Json *json, const char *member, JsonArray **ret, GError **error);
bool json_object(const Json *json, const char *member, Json *ret, GError **error);

/* A 64-bit word in hex, as in util/u64.h. */
bool json_hex(const Json *json, const char *member, guint64 *ret, GError **error);

/* A string that lives as long as the program. */
bool json_interned(const Json *json, const char *member, const char **ret, GError **error);

/* A string that is one of @names, NULL-terminated; *@ret is its index. */
bool json_choice(const Json *json, const char *member, const char *const *names, int *ret,
		 GError **error);

/* An array with @min to @max elements. */
bool json_array_of(const Json *json, const char *member, guint min, guint max, JsonArray **ret,
		   GError **error);

/* Element @i as a string, interned; NULL: it is none. */
const char *json_text_element(JsonArray *array, guint i);

/* An element of @array, which is @member's, that must be an object or a name. */
bool json_element(const Json *json, const char *member, JsonArray *array, guint i, Json *ret,
		  GError **error);
bool json_name_element(const Json *json, const char *member, JsonArray *array, guint i,
		       NameKind kind, const char **ret, GError **error);

/* Whether it is there and not null. */
bool json_has(const Json *json, const char *member);

/* The same, and *@ret stays what it is where they are missing or null. */
bool json_maybe_string(const Json *json, const char *member, const char **ret, GError **error);
bool json_maybe_name(const Json *json, const char *member, NameKind kind, const char **ret,
		     GError **error);
bool json_maybe_int(const Json *json, const char *member, gint64 min, gint64 max, gint64 *ret,
		    GError **error);
bool json_maybe_small(const Json *json, const char *member, int min, int max, int *ret,
		      GError **error);
bool json_maybe_bool(const Json *json, const char *member, bool *ret, GError **error);
bool json_maybe_interned(const Json *json, const char *member, const char **ret, GError **error);
bool json_maybe_choice(const Json *json, const char *member, const char *const *names, int *ret,
		       GError **error);
bool json_maybe_array_of(const Json *json, const char *member, guint min, guint max,
			 JsonArray **ret, GError **error);
bool json_maybe_hex(const Json *json, const char *member, guint64 *ret, GError **error);

/* @object on one line; the caller's. */
char *json_text(JsonObject *object);

/* Write one member; NULL: none. */
void json_add_string(JsonObject *object, const char *member, const char *value);

/* An array of strings as a member of what is being built; NULL: an empty one. */
void json_build_strings(JsonBuilder *builder, const char *member, char **strings);
