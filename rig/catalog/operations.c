// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/operations.h"

#include <string.h>

#include "catalog/verb.h"
#include "util/error.h"

static void operation_free(gpointer data)
{
	Operation *operation = data;

	g_free(operation->text);
	g_free(operation);
}

static void actor_free(gpointer data)
{
	TextActor *actor = data;

	g_free(actor->name);
	g_ptr_array_unref(actor->operations);
	g_free(actor);
}

Operations *operations_ref(Operations *operations)
{
	g_atomic_int_inc(&operations->ref_count);
	return operations;
}

void operations_unref(Operations *operations)
{
	if (!operations || !g_atomic_int_dec_and_test(&operations->ref_count))
		return;
	g_ptr_array_unref(operations->actors);
	g_ptr_array_unref(operations->setup);
	g_free(operations->actors_text);
	g_free(operations->setup_text);
	g_strfreev(operations->names);
	g_strfreev(operations->silent);
	g_free(operations);
}

Operations *operations_new(void)
{
	Operations *made = g_new0(Operations, 1);

	made->actors = g_ptr_array_new_with_free_func(actor_free);
	made->setup = g_ptr_array_new_with_free_func(operation_free);
	made->ref_count = 1;
	return made;
}

TextActor *operations_add_actor(Operations *made)
{
	TextActor *actor = g_new0(TextActor, 1);

	actor->operations = g_ptr_array_new_with_free_func(operation_free);
	g_ptr_array_add(made->actors, actor);
	return actor;
}

static bool add_edge(GString *text, gint64 page)
{
	for (int edge = 0; edge < N_EDGES; edge++) {
		if (verb_edge_page(edge) != page)
			continue;
		g_string_append(text, verb_edge_word(edge));
		return true;
	}
	return false;
}

/* What stands behind the verb. */
static void add_arguments(GString *text, const struct operation *op, const char *name, int pages)
{
	const VerbRow *row = verb_row(op->verb);

	if (row->takes == TAKES_NOTHING || (row->takes == TAKES_ARENA && !op->arena))
		return;
	if (row->takes == TAKES_ARENA) {
		g_string_append_printf(text, " %d", op->arena);
	} else if (op->verb == VERB_ALLOC && name) {
		g_string_append_printf(text, " any %s", name);
		if (op->pages > 1)
			g_string_append_printf(text, " %d", op->pages);
	} else if (name) {
		g_string_append_printf(text, " %s", name);
		if (op->page || op->pages != (row->takes >= TAKES_RANGE ? pages : 1))
			g_string_append_printf(text, "+%d", op->page);
	} else {
		g_string_append_c(text, ' ');
		if (op->arena)
			g_string_append_printf(text, "%d.", op->arena);
		if (add_edge(text, op->page))
			return;
		g_string_append_printf(text, "%d", op->page);
		if (op->pages > 1)
			g_string_append_printf(text, "-%d", op->page + op->pages - 1);
	}
}

void operations_add(GPtrArray *operations, const struct operation *op, int vcpu, const char *name,
		    int pages)
{
	Operation *made = g_new0(Operation, 1);
	GString *text = g_string_new(verb_row(op->verb)->word);

	add_arguments(text, op, name, pages);
	made->word = operation_word(*op);
	made->vcpu = vcpu;
	made->text = g_string_free(text, FALSE);
	g_ptr_array_add(operations, made);
}

/*
 * A page of vmap is the next address of its vCPU: beyond the vCPUs there is none, and a guest with
 * one vCPU has no pool for each.
 */
bool operations_check_shape(const struct guest_shape *shape, GError **error)
{
	if (shape->subject != VERBS_OF_VMAP ||
	    (shape->arenas == 1 && shape->actors > 1 && shape->pages <= shape->actors))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%d pages and %d arenas for %d actors; page N of "
		    "vmap is an address of actor N's vCPU, there are two or more ('| keep'), and no "
		    "arenas", (int)shape->pages, (int)shape->arenas, (int)shape->actors);
	return false;
}

bool operations_have(const GPtrArray *operations, enum verb verb)
{
	for (guint i = 0; i < operations->len; i++) {
		const Operation *operation = g_ptr_array_index(operations, i);

		if (operation_of(operation->word).verb == verb)
			return true;
	}
	return false;
}

bool operations_have_flag(const GPtrArray *operations, guint flags)
{
	for (guint i = 0; i < operations->len; i++) {
		const Operation *operation = g_ptr_array_index(operations, i);

		if (verb_row(operation_of(operation->word).verb)->flags & flags)
			return true;
	}
	return false;
}

bool operations_has_actor(const Operations *made, const char *name)
{
	for (guint i = 0; i < made->actors->len; i++)
		if (g_strcmp0(((TextActor *)g_ptr_array_index(made->actors, i))->name, name) == 0)
			return true;
	return false;
}

/* By its first verb, and with a number where another one is called so. */
static char *default_name(const Operations *made, const TextActor *actor)
{
	const Operation *first = g_ptr_array_index(actor->operations, 0);
	const char *word = verb_row(operation_of(first->word).verb)->word;
	char *name = g_strdup(word);

	for (int n = 2; operations_has_actor(made, name); n++) {
		g_free(name);
		name = g_strdup_printf("%s%d", word, n);
	}
	return name;
}

static char *join(const GPtrArray *operations, bool setup)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < operations->len; i++) {
		const Operation *operation = g_ptr_array_index(operations, i);

		g_string_append(text, i ? "; " : "");
		if (setup && operation->vcpu)
			g_string_append_printf(text, "cpu%d ", operation->vcpu);
		g_string_append(text, operation->text);
	}
	return g_string_free(text, FALSE);
}

/* Names for those that have none, once all given ones are known; and the text of it. */
static void name_actors(Operations *made)
{
	GString *text = g_string_new(NULL);
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < made->actors->len; i++) {
		TextActor *actor = g_ptr_array_index(made->actors, i);
		g_autofree char *operations = join(actor->operations, false);
		bool named = actor->name != NULL;

		if (!named)
			actor->name = default_name(made, actor);
		g_string_append(text, i ? " | " : "");
		g_string_append(text, named ? actor->name : "");
		if (actor->process)
			g_string_append_printf(text, "@%d", actor->process);
		g_string_append_printf(text, "%s%s", named || actor->process ? ": " : "", operations);
		g_ptr_array_add(names, g_strdup(actor->name));
	}
	g_ptr_array_add(names, NULL);
	made->names = (char **)g_ptr_array_free(names, FALSE);
	made->actors_text = g_string_free(text, FALSE);
	made->setup_text = join(made->setup, true);
}

/* Of those who only keep their vCPU nothing can be seen. */
static void find_silent(Operations *made)
{
	GPtrArray *silent = g_ptr_array_new();

	for (guint i = 0; i < made->actors->len; i++) {
		const TextActor *actor = g_ptr_array_index(made->actors, i);
		bool only = true;

		for (guint j = 0; j < actor->operations->len; j++) {
			const Operation *operation = g_ptr_array_index(actor->operations, j);

			only &= (verb_row(operation_of(operation->word).verb)->flags & VERB_COMMON) != 0;
		}
		if (only)
			g_ptr_array_add(silent, g_strdup(actor->name));
	}
	bool some = silent->len > 0;
	g_ptr_array_add(silent, NULL);
	made->silent = (char **)g_ptr_array_free(silent, FALSE);
	if (!some)
		g_clear_pointer(&made->silent, g_strfreev);
}

void operations_complete(Operations *made)
{
	name_actors(made);
	find_silent(made);
}

bool operations_is_text(const char *actors)
{
	return strpbrk(actors, " \t|:") != NULL;
}

char *operations_summary(const Operations *operations)
{
	const struct guest_shape *shape = &operations->shape;
	GString *text = g_string_new(NULL);

	if (*operations->setup_text)
		g_string_append_printf(text, "after '%s': ", operations->setup_text);
	g_string_append_printf(text, "'%s', %d page%s", operations->actors_text, (int)shape->pages,
			       shape->pages == 1 ? "" : "s");
	if (shape->arenas > 1)
		g_string_append_printf(text, " of each of %d arenas", (int)shape->arenas);
	if (shape->processes > 1)
		g_string_append_printf(text, ", %d processes", (int)shape->processes);
	return g_string_free(text, FALSE);
}

char *operations_hash(const Operations *operations)
{
	g_autofree char *all = operations_summary(operations);
	g_autofree char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all, -1);

	return g_strndup(sum, 16);
}

/* The watched page that @page next to the arena is; -1: it is not next to it, or recovered. */
static int lost_page(const Operations *operations, const struct operation *op, bool stray)
{
	int at = (int)operations->shape.pages;

	for (int edge = 0; edge < N_EDGES; edge++) {
		if (verb_edge_page(edge) == op->page)
			return stray || edge == EDGE_LOWER ? at : -1;
		at += operations->shape.edges >> edge & 1;
	}
	return -1;
}

int operations_oops(const Operations *operations, int *ret_page, bool *ret_stray)
{
	int who = -1;

	for (guint i = 0; i < operations->actors->len; i++) {
		const TextActor *actor = g_ptr_array_index(operations->actors, i);

		for (guint j = 0; j < actor->operations->len; j++) {
			const Operation *one = g_ptr_array_index(actor->operations, j);
			struct operation op = operation_of(one->word);
			bool stray = op.verb == VERB_STRAY_READ || op.verb == VERB_STRAY_WRITE;
			int page = verb_row(op.verb)->takes == TAKES_ANY_PAGE
				   ? lost_page(operations, &op, stray) : -1;

			if (page >= 0 && who >= 0 && who != (int)i)
				return -1;
			if (page < 0 || who >= 0)
				continue;
			who = (int)i;
			*ret_page = page;
			*ret_stray = stray;
		}
	}
	return who;
}

char **operations_unseen(const Operations *operations)
{
	GPtrArray *unseen = g_ptr_array_new();
	guint32 found = 0;

	for (guint i = 0; i < operations->actors->len; i++) {
		const TextActor *actor = g_ptr_array_index(operations->actors, i);

		for (guint j = 0; j < actor->operations->len; j++) {
			const Operation *operation = g_ptr_array_index(actor->operations, j);

			found |= 1u << operation_of(operation->word).verb;
		}
	}
	for (int verb = 0; verb < N_VERBS; verb++)
		if (found >> verb & 1 && verb_row(verb)->flags & VERB_UNSEEN)
			g_ptr_array_add(unseen, g_strdup(verb_row(verb)->word));
	if (!unseen->len) {
		g_ptr_array_free(unseen, TRUE);
		return NULL;
	}
	g_ptr_array_add(unseen, NULL);
	return (char **)g_ptr_array_free(unseen, FALSE);
}

static void encode(const GPtrArray *operations, guint64 ret[MAX_OPERATIONS])
{
	for (int i = 0; i < MAX_OPERATIONS; i++)
		ret[i] = OPERATION_END;
	g_assert(operations->len < MAX_OPERATIONS);
	for (guint i = 0; i < operations->len; i++)
		ret[i] = ((const Operation *)g_ptr_array_index(operations, i))->word;
}

void operations_encode(const Operations *operations,
		       guint64 ret_programs[GUEST_MAX_ACTORS][MAX_OPERATIONS],
		       guint64 ret_setup[MAX_OPERATIONS])
{
	g_autoptr(GPtrArray) none = g_ptr_array_new();

	for (guint i = 0; i < GUEST_MAX_ACTORS; i++) {
		const TextActor *actor = i < operations->actors->len
			? g_ptr_array_index(operations->actors, i) : NULL;

		encode(actor ? actor->operations : none, ret_programs[i]);
	}
	encode(operations->setup, ret_setup);
}
