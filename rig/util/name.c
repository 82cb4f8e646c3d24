// SPDX-License-Identifier: GPL-2.0-only
#include "util/name.h"

#include <string.h>

#include "util/error.h"

static const char LETTERS[] = "letters, digits, '.', '_' and '-', a letter or digit first";

/* What each is called, and what it is made of. */
static const struct {
	const char *noun, *rule;
} kinds[] = {
	[NAME_SCENARIO] = { "scenario", LETTERS },
	[NAME_KERNEL] = { "kernel", "NAME or NAME@BASE of letters, digits, '.', '_' and '-', "
				    "a letter or digit first" },
	[NAME_ACTOR] = { "actor", LETTERS },
	[NAME_FEATURE] = { "feature", LETTERS },
	[NAME_VARIANT] = { "variant", LETTERS },
	[NAME_SCHEDULE] = { "schedule", LETTERS },
	[NAME_INVARIANT] = { "invariant", "I and its number" },
	[NAME_KEY] = { "build", "hexadecimal digits" },
	[NAME_FOLDER] = { "folder", "names with '/' between them, no '..'" },
};

/* The first @len bytes of @text. */
static bool is_plain(const char *text, gsize len)
{
	if (len == 0 || len > NAME_MAX_LENGTH || !g_ascii_isalnum(*text))
		return false;
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr("._-", text[i]))
			return false;
	return true;
}

static bool is_kernel(const char *text, gsize len)
{
	const char *at = memchr(text, '@', len);

	if (!at)
		return is_plain(text, len);
	return is_plain(text, at - text) && is_plain(at + 1, text + len - at - 1);
}

static bool is_invariant(const char *text)
{
	gsize len = strlen(text);

	return (len == 2 || len == 3) && text[0] == 'I' && text[1] >= '1' && text[1] <= '9' &&
	       (len == 2 || g_ascii_isdigit(text[2]));
}

static bool is_key(const char *text)
{
	gsize len = strspn(text, "0123456789abcdef");

	return len >= 1 && len <= 64 && !text[len];
}

static bool is_folder(const char *text)
{
	const char *part = text;

	for (const char *end; (end = strchr(part, '/')); part = end + 1)
		if (!is_kernel(part, end - part))
			return false;
	return is_kernel(part, strlen(part));
}

bool name_is(NameKind kind, const char *text)
{
	if (!text)
		return false;
	switch (kind) {
	case NAME_KERNEL:
		return is_kernel(text, strlen(text));
	case NAME_INVARIANT:
		return is_invariant(text);
	case NAME_KEY:
		return is_key(text);
	case NAME_FOLDER:
		return is_folder(text);
	default:
		return is_plain(text, strlen(text));
	}
}

char *name_shown(const char *text)
{
	enum { SHOWN = 200 };
	g_autofree char *cut = g_strndup(text ? text : "", SHOWN);
	g_autofree char *shown = g_strescape(cut, "\"");

	return g_strconcat(shown, text && strlen(text) > SHOWN ? "..." : NULL, NULL);
}

bool name_check(NameKind kind, const char *text, const char *where, GError **error)
{
	if (name_is(kind, text))
		return true;
	g_autofree char *shown = name_shown(text);

	const char *noun = kinds[kind].noun;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s%s'%s' is no name of a%s %s (%s)",
		    where ? where : "", where ? ": " : "", shown, strchr("aei", *noun) ? "n" : "",
		    noun, kinds[kind].rule);
	return false;
}
