// SPDX-License-Identifier: GPL-2.0-only
/*
 * What was found out once and would be found out again, kept in the cache by all that it depends on.
 *
 * A file's first line says whose it is, and the SHA-256 of the rest; it is written whole or not at all.  One
 * that is damaged, or of something else, is removed and told of.  With RACERIG_LOSE (util/lose.h) nothing is
 * taken from there and nothing is put there.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef struct {
	char *path;
	char *key;		/* SHA-256 of what it depends on */
	const char *what;	/* is done without it, for a message: "running the controls again" */
} Kept;

/*
 * In folder @folder of the cache, as @name and the beginning of the key: racerig cache --prune goes by
 * @name.  @depends is all that it depends on.  To be cleared.
 */
Kept kept_init(const char *folder, const char *name, const char *depends, const char *what);
void kept_clear(Kept *kept);

/* The text that is kept, the caller's; NULL: there is none, or none that can be relied on. */
char *kept_read(const Kept *kept);

/* @text is no use after all, since @why: "is no …". */
void kept_refuse(const Kept *kept, const char *why);

/* Where it cannot be written it is found out the next time, too. */
void kept_write(const Kept *kept, const char *text);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Kept, kept_clear)
