// SPDX-License-Identifier: GPL-2.0-only
#include "hunt/merge.h"

#include <string.h>

#include "explore/folder.h"
#include "util/error.h"
#include "util/line-log.h"

bool hunt_is_in(const char *dir)
{
	g_autofree char *path = folder_path(dir, "hunt.json");

	return g_file_test(path, G_FILE_TEST_IS_REGULAR);
}

static bool fail(GError **error, const char *dir, const char *what, const char *fix)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s; %s", dir, what, fix);
	return false;
}

static bool same_guests(const Hunt *hunt, const Hunt *other, const char *dir, GError **error)
{
	GHashTableIter iter;
	gpointer snapshot, sum;

	g_hash_table_iter_init(&iter, other->guests);
	while (g_hash_table_iter_next(&iter, &snapshot, &sum)) {
		const char *mine = g_hash_table_lookup(hunt->guests, snapshot);

		if (mine && strcmp(mine, sum) != 0)
			return fail(error, dir, "started from another snapshot, and no two boots are "
				    "the same", "give all shards one pack (racerig pack)");
		if (!mine)
			g_hash_table_insert(hunt->guests, g_strdup(snapshot), g_strdup(sum));
	}
	return true;
}

static void take_ran(Hunt *hunt, const Hunt *shard)
{
	GHashTableIter iter;
	gpointer addr;

	g_hash_table_iter_init(&iter, shard->ran);
	while (g_hash_table_iter_next(&iter, &addr, NULL))
		g_hash_table_add(hunt->ran, g_memdup2(addr, sizeof(guint64)));
}

/* What @shard has done goes over to @hunt. */
static bool take_shard(Hunt *hunt, Hunt *shard, const char *dir, bool *there, GError **error)
{
	const HuntAbout *about = shard->about;
	const char *other = about_differs(hunt->about, about);

	if (other || about->shards != hunt->about->shards) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: of another hunt: '%s' is not the same; give the shards of one", dir,
			    other ? other : "shards");
		return false;
	}
	if (there[about->shard - 1]) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: shard %d/%d is there twice; give each once", dir, about->shard,
			    about->shards);
		return false;
	}
	there[about->shard - 1] = true;
	if (!same_guests(hunt, shard, dir, error))
		return false;
	take_ran(hunt, shard);
	for (guint i = 0; i < shard->hunted->len; i++) {
		gpointer *from = &g_ptr_array_index(shard->hunted, i);

		if (!*from)
			continue;
		if (!hunt_is_mine(shard, i))
			return fail(error, dir, "has what another shard is to do", "hunt again");
		g_ptr_array_index(hunt->hunted, i) = g_steal_pointer(from);
	}
	return true;
}

static Hunt *load(const char *dir, GError **error)
{
	g_autofree char *path = hunt_journal_path(dir);

	return hunt_load(path, error);
}

/* A line for each shard that is not there, or has not ended; NULL: all have. */
static char *missing_of(const Hunt *hunt, const bool *there)
{
	GString *text = g_string_new(NULL);
	int shards = hunt->about->shards;
	g_autofree bool *lacks = g_new0(bool, shards);

	for (guint i = 0; i < hunt->hunted->len; i++)
		if (!g_ptr_array_index(hunt->hunted, i))
			lacks[hunt_shard_of(hunt, i) - 1] = true;
	for (int shard = 0; shard < shards; shard++) {
		if (!there[shard])
			g_string_append_printf(text, "shard %d/%d is missing\n", shard + 1, shards);
		else if (lacks[shard])
			g_string_append_printf(text, "shard %d/%d has not ended; --resume goes on\n",
					       shard + 1, shards);
	}
	return text->len ? g_string_free(text, FALSE) : (g_string_free(text, TRUE), NULL);
}

Hunt *hunt_merge(const char *const *dirs, char **ret_missing, GError **error)
{
	g_autoptr(Hunt) hunt = NULL;
	g_autofree bool *there = NULL;

	for (const char *const *dir = dirs; *dir; dir++) {
		g_autoptr(Hunt) shard = load(*dir, error);

		if (!shard)
			return NULL;
		if (!hunt) {
			hunt = hunt_new(about_copy(shard->about), error);
			there = g_new0(bool, shard->about->shards);
		}
		if (!hunt || !take_shard(hunt, shard, *dir, there, error))
			return NULL;
	}
	*ret_missing = missing_of(hunt, there);
	hunt->about->shard = hunt->about->shards = 1;
	return g_steal_pointer(&hunt);
}

bool hunt_write_journal(const Hunt *hunt, const char *out, GError **error)
{
	g_autofree char *path = hunt_journal_path(out);
	g_autofree char *first = about_format(hunt->about);
	g_autoptr(LineLog) log = line_log_new(path, first, error);
	g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(hunt->guests), (GCompareFunc)strcmp);

	for (GList *each = names; log && each; each = each->next) {
		g_autofree char *line = hunt_guest_line(each->data, g_hash_table_lookup(hunt->guests,
											 each->data));

		if (!line_log_add(log, line, error))
			return false;
	}
	g_autofree char *ran = hunt_ran_line(hunt->ran);
	if (log && ran && !line_log_add(log, ran, error))
		return false;
	for (guint i = 0; log && i < hunt->hunted->len; i++) {
		const Hunted *hunted = g_ptr_array_index(hunt->hunted, i);
		g_autofree char *line = hunted ? hunted_format(hunted) : NULL;

		if (line && !line_log_add(log, line, error))
			return false;
	}
	return log != NULL;
}
