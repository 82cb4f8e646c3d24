// SPDX-License-Identifier: GPL-2.0-only
#include "machine/images.h"

#include <string.h>

#include "util/error.h"
#include "util/sample.h"
#include "util/sha256.h"

enum {
	PAGE = TRACK_PAGE,
	BITS = 64,
	/* Restores from one comparison of all RAM to the next, when all is well. */
	SELF_CHECK = 512,
};

typedef struct {
	guint8 *ram;
	guint64 *maybe;		/* bits of pages: they may differ from the RAM */
	char *sum;		/* SHA-256 of all of it, once it was asked for */
} Image;

struct Images {
	guint8 *ram;		/* not ours */
	gsize pages;
	Track *track;		/* NULL: every page may differ, always */
	GHashTable *by_tag;	/* -> Image */
	guint restores;
};

struct Mark {
	char *tag;		/* of the image it differs from; NULL: @memory is all of it */
	GArray *pages;		/* gsize: where, by size */
	guint8 *memory;		/* what is there, page by page */
	gsize bytes;		/* of @memory */
};

static void image_free(gpointer data)
{
	Image *image = data;

	g_free(image->ram);
	g_free(image->maybe);
	g_free(image->sum);
	g_free(image);
}

Images *images_new(guint8 *ram, gsize bytes, Track *track)
{
	Images *images = g_new0(Images, 1);

	images->ram = ram;
	images->pages = bytes / PAGE;
	images->track = track;
	images->by_tag = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, image_free);
	return images;
}

void images_free(Images *images)
{
	if (!images)
		return;
	track_free(images->track);
	g_hash_table_unref(images->by_tag);
	g_free(images);
}

static gsize words(const Images *images)
{
	return (images->pages + BITS - 1) / BITS;
}

static guint8 *page_at(guint8 *ram, gsize page)
{
	return ram + page * PAGE;
}

/* It is no more what it was. */
static void written(gsize page, gpointer data)
{
	const Images *images = data;
	GHashTableIter iter;
	gpointer image;

	g_hash_table_iter_init(&iter, images->by_tag);
	while (page < images->pages && g_hash_table_iter_next(&iter, NULL, &image))
		((Image *)image)->maybe[page / BITS] |= 1ull << page % BITS;
}

static void all_written(Images *images)
{
	for (gsize page = 0; page < images->pages; page++)
		written(page, images);
}

/* What may differ, as of now. */
static void look(Images *images)
{
	if (images->track && !track_take(images->track, written, images)) {
		g_message("the host does not say any more what QEMU writes: comparing all of its RAM");
		g_clear_pointer(&images->track, track_free);
	}
	if (!images->track)
		all_written(images);
}

void images_wrote(Images *images, guint64 phys, gsize len)
{
	written(phys / PAGE, images);
	written((phys + len - 1) / PAGE, images);
}

/* Of the pages that may differ from @image, those that do; the others are the same from here on. */
static GArray *compare(const Images *images, Image *image)
{
	GArray *differ = g_array_new(FALSE, FALSE, sizeof(gsize));

	for (gsize i = 0; i < words(images); i++)
		for (guint64 left = image->maybe[i]; left; left &= left - 1) {
			gsize page = i * BITS + __builtin_ctzll(left);

			if (memcmp(page_at(images->ram, page), page_at(image->ram, page), PAGE) != 0)
				g_array_append_val(differ, page);
			else
				image->maybe[i] &= ~(1ull << page % BITS);
		}
	return differ;
}

static void save_again(Images *images, Image *image)
{
	g_autoptr(GArray) differ = compare(images, image);

	for (guint i = 0; i < differ->len; i++) {
		gsize page = g_array_index(differ, gsize, i);

		memcpy(page_at(image->ram, page), page_at(images->ram, page), PAGE);
	}
	memset(image->maybe, 0, words(images) * sizeof(*image->maybe));
	g_clear_pointer(&image->sum, g_free);
}

void images_save(Images *images, const char *tag)
{
	Image *image = g_hash_table_lookup(images->by_tag, tag);

	/* Written before: of no matter to this one, but to the others. */
	look(images);
	if (image) {
		save_again(images, image);
		return;
	}
	image = g_new0(Image, 1);
	image->ram = g_memdup2(images->ram, images->pages * PAGE);
	image->maybe = g_new0(guint64, words(images));
	g_hash_table_insert(images->by_tag, g_strdup(tag), image);
}

static bool check_all(const Images *images, const Image *image, const char *tag, GError **error)
{
	for (gsize page = 0; page < images->pages; page++) {
		if (memcmp(page_at(images->ram, page), page_at(image->ram, page), PAGE) == 0)
			continue;
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE,
			    "page %#zx of the guest's RAM is not what it was at '%s', and the host did not "
			    "say that QEMU has written it; no result can rest on that (RACERIG_TRACK=off "
			    "compares all of it)", page, tag);
		return false;
	}
	return true;
}

bool images_restore(Images *images, const char *tag, GError **error)
{
	Image *image = g_hash_table_lookup(images->by_tag, tag);

	g_assert(image);
	look(images);
	g_autoptr(GArray) differ = compare(images, image);
	for (guint i = 0; i < differ->len; i++) {
		gsize page = g_array_index(differ, gsize, i);

		memcpy(page_at(images->ram, page), page_at(image->ram, page), PAGE);
		written(page, images);
	}
	memset(image->maybe, 0, words(images) * sizeof(*image->maybe));
	return !images->track || !is_sample(++images->restores, SELF_CHECK) ||
	       check_all(images, image, tag, error);
}

void images_hash(Images *images, const char *tag, GChecksum *sum)
{
	Image *image = g_hash_table_lookup(images->by_tag, tag);

	g_assert(image);
	if (!image->sum)
		image->sum = sha256_of(image->ram, images->pages * PAGE);
	g_checksum_update(sum, (const guchar *)image->sum, -1);
	look(images);
	g_autoptr(GArray) differ = compare(images, image);
	for (guint i = 0; i < differ->len; i++) {
		gsize page = g_array_index(differ, gsize, i);

		g_checksum_update(sum, (const guchar *)&page, sizeof(page));
		g_checksum_update(sum, page_at(images->ram, page), PAGE);
	}
}

Mark *images_mark(Images *images, const char *tag)
{
	Image *image = g_hash_table_lookup(images->by_tag, tag);
	Mark *mark = g_new0(Mark, 1);

	g_assert(image);
	look(images);
	mark->tag = g_strdup(tag);
	mark->pages = compare(images, image);
	mark->bytes = mark->pages->len * PAGE;
	mark->memory = g_malloc(mark->bytes);
	for (guint i = 0; i < mark->pages->len; i++)
		memcpy(page_at(mark->memory, i), page_at(images->ram, g_array_index(mark->pages, gsize, i)),
		       PAGE);
	return mark;
}

Mark *mark_whole(const guint8 *ram, gsize bytes)
{
	Mark *mark = g_new0(Mark, 1);

	mark->memory = g_memdup2(ram, bytes);
	mark->bytes = bytes;
	return mark;
}

void mark_free(Mark *mark)
{
	if (!mark)
		return;
	g_free(mark->tag);
	g_clear_pointer(&mark->pages, g_array_unref);
	g_free(mark->memory);
	g_free(mark);
}

/* @page at @mark, which differs from the image where it is the @next of its pages. */
static const guint8 *page_before(const Mark *mark, const Image *image, gsize page, guint *next)
{
	bool marked = *next < mark->pages->len && g_array_index(mark->pages, gsize, *next) == page;

	return marked ? page_at(mark->memory, (*next)++) : page_at(image->ram, page);
}

void images_since(Images *images, const Mark *mark, MarkFunc func, gpointer data)
{
	Image *image = g_hash_table_lookup(images->by_tag, mark->tag);
	guint next = 0, at = 0;

	g_assert(image);
	look(images);
	g_autoptr(GArray) now = compare(images, image);
	/* Both are by number: pages that differ from the image now, or did then. */
	while (at < now->len || next < mark->pages->len) {
		gsize first = at < now->len ? g_array_index(now, gsize, at) : images->pages;
		gsize page = next < mark->pages->len
			? MIN(first, g_array_index(mark->pages, gsize, next)) : first;
		const guint8 *before = page_before(mark, image, page, &next);

		at += page == first;
		if (memcmp(before, page_at(images->ram, page), PAGE) != 0)
			func(page, before, page_at(images->ram, page), data);
	}
}

void mark_compare_whole(const Mark *mark, const guint8 *ram, MarkFunc func, gpointer data)
{
	for (gsize page = 0; page < mark->bytes / PAGE; page++)
		if (memcmp(mark->memory + page * PAGE, ram + page * PAGE, PAGE) != 0)
			func(page, mark->memory + page * PAGE, ram + page * PAGE, data);
}
