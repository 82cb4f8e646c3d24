// SPDX-License-Identifier: GPL-2.0-only
/*
 * Words in lines of a given width; a word that is longer stays whole.
 */
#pragma once

#include <glib.h>

/* The lines of @text, the second and following ones indented; strings, the caller's. */
GPtrArray *wrap_lines(const char *text, int width, int indent);

/* The same as one text with a newline after each; the caller's. */
char *wrap_text(const char *text, int width, int indent);
