// SPDX-License-Identifier: GPL-2.0-only
/*
 * Copies of the guest's RAM, by tag, and which pages of it may differ from them now.
 *
 * Where the host says what QEMU has written (machine/track.h), only that is compared and put
 * back, with what the rig itself has written; else all of it.  Once in a while all of it is compared in
 * any case: a page that differs and was not said to is RIG_ERROR_MACHINE.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "machine/track.h"

typedef struct Images Images;

/* Of the RAM at @ram, which is not owned.  Takes @track; NULL: nobody says what was written. */
Images *images_new(guint8 *ram, gsize bytes, Track *track);
void images_free(Images *images);

/* The rig has written @len bytes at @phys itself. */
void images_wrote(Images *images, guint64 phys, gsize len);

/* Keep the RAM as it is now as @tag, in place of what was kept so; and make it that again. */
void images_save(Images *images, const char *tag);
bool images_restore(Images *images, const char *tag, GError **error);

/* Add to @sum what is kept as @tag, by its own sum, and the pages that differ from it. */
void images_hash(Images *images, const char *tag, GChecksum *sum);

/*
 * The RAM as it is at a moment, by what differs from an image.  That image may not be saved again
 * as long as the mark is of use.
 */
typedef struct Mark Mark;
Mark *images_mark(Images *images, const char *tag);
void mark_free(Mark *mark);

/* Of RAM that is no images': all of it. */
Mark *mark_whole(const guint8 *ram, gsize bytes);

/* Call @func with each page that differs now from what it was at @mark. */
typedef void (*MarkFunc)(gsize page, const guint8 *before, const guint8 *now, gpointer data);
void images_since(Images *images, const Mark *mark, MarkFunc func, gpointer data);
void mark_compare_whole(const Mark *mark, const guint8 *ram, MarkFunc func, gpointer data);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Images, images_free)
