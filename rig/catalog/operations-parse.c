// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/operations.h"

#include <string.h>

#include "catalog/verb.h"
#include "util/error.h"
#include "util/name.h"

enum { MAX_TEXT = 4096, NO_ACTOR = -1 };

/* What "any" got, by the name it was given. */
typedef struct {
	char *word;
	int actor;		/* whose it is; NO_ACTOR: the setup's, for all */
	int arena, pages;
} Name;

typedef struct {
	const OperationsText *text;
	Operations *made;
	const char *line;	/* the text that is read … */
	const char *op;		/* … and the operation in it, for errors; not its own string */
	gsize op_length;
	int n_actors;
	int actor;		/* whose operations these are; NO_ACTOR: the setup's */
	GArray *names;		/* of Name */
	int last_page, last_arena, last_process;	/* the highest that the text names */
	int any_pages;		/* that the kernel is to choose */
	int subject;		/* whose verbs these are; -1: not known yet */
	GError **error;
} Parser;

/* A word of the text. */
typedef struct {
	char *text;
	const char *at;		/* where it begins there */
} Word;

static void word_clear(gpointer data)
{
	g_free(((Word *)data)->text);
}

static void name_clear(gpointer data)
{
	g_free(((Name *)data)->word);
}

/* @at: of the line. */
static bool bad(const Parser *parser, const char *at, const char *format, ...) G_GNUC_PRINTF(3, 4);
static bool bad(const Parser *parser, const char *at, const char *format, ...)
{
	g_autofree char *op = g_strndup(parser->op, parser->op_length);
	g_autofree char *shown = name_shown(g_strstrip(op));
	va_list args;

	va_start(args, format);
	g_autofree char *what = g_strdup_vprintf(format, args);
	va_end(args);
	const char *rest = strchr(what, ';');
	int first = rest ? (int)(rest - what) : (int)strlen(what);
	g_set_error(parser->error, RIG_ERROR, RIG_ERROR_INPUT, "'%s': %.*s (col %d)%s", shown, first,
		    what, (int)(at - parser->line) + 1, rest ? rest : "");
	return false;
}

/* A word from the text, as it may be shown. */
static const char *shown(const Word *word)
{
	g_autofree char *text = name_shown(word->text);

	return g_intern_string(text);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static GArray *words_of(const char *text, gsize length)
{
	GArray *words = g_array_new(FALSE, TRUE, sizeof(Word));

	g_array_set_clear_func(words, word_clear);
	for (gsize i = 0; i < length;) {
		gsize end = i;

		while (end < length && !is_blank(text[end]))
			end++;
		if (end > i) {
			Word word = { g_strndup(text + i, end - i), text + i };

			g_array_append_val(words, word);
		}
		i = end + 1;
	}
	return words;
}

static const Word *word_at(const GArray *words, guint i)
{
	return i < words->len ? &g_array_index(words, Word, i) : NULL;
}

static const Word *known_word(const GArray *words, guint i)
{
	g_assert(i < words->len);
	return &g_array_index(words, Word, i);
}

/* 1 to 3 digits, and no more than @max. */
static bool is_number(const char *text, gsize length, int max, int *ret)
{
	enum { DIGITS = 3 };

	*ret = 0;
	if (length < 1 || length > DIGITS)
		return false;
	for (gsize i = 0; i < length; i++) {
		if (!g_ascii_isdigit(text[i]))
			return false;
		*ret = 10 * *ret + text[i] - '0';
	}
	return *ret <= max;
}

static int page_limit(const Parser *parser)
{
	return parser->text->pages >= 0 ? parser->text->pages : GUEST_MAX_PAGES;
}

static bool no_page(const Parser *parser, const Word *word)
{
	return bad(parser, word->at, "\"%s\" is no page; give 0 to %d", shown(word),
		   page_limit(parser) - 1);
}

/* "1." in front of a page: the arena.  *@ret is what follows. */
static bool take_arena(Parser *parser, const Word *word, struct operation *op, const char **ret)
{
	const char *dot = strchr(word->text, '.');
	int limit = parser->text->arenas >= 0 ? parser->text->arenas : GUEST_MAX_ARENAS, arena;

	*ret = word->text;
	if (!dot)
		return true;
	*ret = dot + 1;
	if (!is_number(word->text, dot - word->text, limit - 1, &arena))
		return bad(parser, word->at, "\"%s\" is in no arena; give 0 to %d before the dot",
			   shown(word), limit - 1);
	op->arena = arena;
	parser->last_arena = MAX(parser->last_arena, arena);
	return true;
}

static const Name *find_name(const Parser *parser, const char *word, gsize length)
{
	for (guint i = parser->names->len; i-- > 0;) {
		const Name *name = &g_array_index(parser->names, Name, i);

		if (strlen(name->word) == length && strncmp(name->word, word, length) == 0 &&
		    (name->actor == NO_ACTOR || name->actor == parser->actor))
			return name;
	}
	return NULL;
}

/* NAME or NAME+K: pages that "any" got. */
static bool take_named(Parser *parser, const Word *word, const char *text, bool range,
		       struct operation *op)
{
	const char *plus = strchr(text, '+');
	gsize length = plus ? (gsize)(plus - text) : strlen(text);
	const Name *name = find_name(parser, text, length);
	int offset = 0;

	if (!name)
		return bad(parser, word->at, "nothing is called \"%s\" here; name a page by its number, or "
			   "what this actor or the setup has got before by 'alloc any NAME'", shown(word));
	if (plus && !is_number(plus + 1, strlen(plus + 1), name->pages - 1, &offset))
		return bad(parser, word->at, "\"%s\" is behind what %s has; give +0 to +%d", shown(word),
			   name->word, name->pages - 1);
	op->arena = name->arena;
	op->name = name - (const Name *)(gpointer)parser->names->data + 1;
	op->page = offset;
	op->pages = range && !plus ? name->pages : 1;
	return true;
}

static bool take_number(Parser *parser, const Word *word, const char *text, bool range,
			struct operation *op)
{
	const char *dash = range ? strchr(text, '-') : NULL;
	gsize length = dash ? (gsize)(dash - text) : strlen(text);
	int first, last;

	if (!is_number(text, length, page_limit(parser) - 1, &first))
		return no_page(parser, word);
	last = first;
	if (dash && (!is_number(dash + 1, strlen(dash + 1), page_limit(parser) - 1, &last) ||
		     last < first))
		return no_page(parser, word);
	op->page = first;
	op->pages = last - first + 1;
	parser->last_page = MAX(parser->last_page, last);
	return true;
}

static bool take_page(Parser *parser, const Word *word, enum verb_takes takes, struct operation *op)
{
	bool range = takes == TAKES_RANGE || takes == TAKES_NEW_RANGE;
	const char *text;

	if (!take_arena(parser, word, op, &text))
		return false;
	int edge = verb_edge(text);
	if (edge >= 0 && takes != TAKES_ANY_PAGE)
		return bad(parser, word->at, "\"%s\" is out of this verb's reach; only peek, poke and the "
			   "stray ones get there", shown(word));
	if (edge >= 0) {
		op->page = verb_edge_page(edge);
		op->pages = 1;
		parser->made->shape.edges |= 1u << edge;
		return true;
	}
	if (g_ascii_isdigit(*text))
		return take_number(parser, word, text, range, op);
	if (text != word->text)
		return no_page(parser, word);
	return take_named(parser, word, text, range, op);
}

static bool is_free_name(const char *word)
{
	enum { LONGEST = 16 };

	if (!g_ascii_islower(*word) || strlen(word) > LONGEST || verb_edge(word) >= 0 ||
	    strcmp(word, "any") == 0)
		return false;
	for (const char *at = word; *at; at++)
		if (!g_ascii_islower(*at) && !g_ascii_isdigit(*at))
			return false;
	return true;
}

/* "any NAME [COUNT]", in arena 0; the number of words is *@ret. */
static bool take_any(Parser *parser, const GArray *words, guint at, struct operation *op, guint *ret)
{
	const Word *any = known_word(words, at), *name = word_at(words, at + 1);
	const Word *count = word_at(words, at + 2);
	int pages = 1;

	if (!name)
		return bad(parser, any->at, "\"any\" needs a name; say 'alloc any a', and 'read a' later");
	if (!is_free_name(name->text))
		return bad(parser, name->at, "\"%s\" is no name for pages; take small letters and digits",
			   shown(name));
	if (find_name(parser, name->text, strlen(name->text)))
		return bad(parser, name->at, "\"%s\" is the name of something else; take another one",
			   shown(name));
	if (parser->names->len >= MAX_NAMES)
		return bad(parser, name->at, "more than %d names", MAX_NAMES);
	if (count && (!is_number(count->text, strlen(count->text), page_limit(parser), &pages) || !pages))
		return bad(parser, count->at, "\"%s\" is no number of pages; give 1 to %d", shown(count),
			   page_limit(parser));
	Name made = { g_strdup(name->text), parser->actor, op->arena, pages };
	g_array_append_val(parser->names, made);
	op->name = parser->names->len;
	op->pages = pages;
	parser->any_pages += pages;
	*ret = count ? 3 : 2;
	return true;
}

/* What stands behind the verb at @at: how many words of it are right is *@ret. */
static bool take_arguments(Parser *parser, const GArray *words, guint at, const VerbRow *row,
			   struct operation *op, guint *ret)
{
	const Word *verb = known_word(words, at), *word = word_at(words, at + 1);
	int limit = parser->text->arenas >= 0 ? parser->text->arenas : GUEST_MAX_ARENAS, arena;

	*ret = 0;
	if (row->takes == TAKES_NOTHING || (row->takes == TAKES_ARENA && !word))
		return true;
	if (!word)
		return bad(parser, verb->at, "\"%s\" needs %s", verb->text, verb_takes_text(row->takes));
	*ret = 1;
	if (row->takes == TAKES_ARENA) {
		if (!is_number(word->text, strlen(word->text), limit - 1, &arena))
			return bad(parser, word->at, "\"%s\" is no arena; give 0 to %d", shown(word),
				   limit - 1);
		op->arena = arena;
		parser->last_arena = MAX(parser->last_arena, arena);
		return true;
	}
	if (row->takes == TAKES_NEW_RANGE && strcmp(word->text, "any") == 0)
		return take_any(parser, words, at + 1, op, ret);
	return take_page(parser, word, row->takes, op);
}

static bool no_verb(const Parser *parser, const Word *verb)
{
	const char *like = verb_suggestion(verb->text);

	return like ? bad(parser, verb->at, "no verb \"%s\"; did you mean \"%s\"?", shown(verb), like)
		    : bad(parser, verb->at, "no verb \"%s\"; racerig list --verbs has them",
			  shown(verb));
}

/* All verbs are of one subject, which the first one says, or the caller. */
static bool check_subject(Parser *parser, const Word *verb, int found)
{
	int subject = verb_subject(found);

	if (verb_row(found)->flags & VERB_COMMON)
		return true;
	if (parser->subject < 0)
		parser->subject = subject;
	return subject == parser->subject ||
	       bad(parser, verb->at, "\"%s\" is of subject %s, and this is about %s; one text has "
		   "verbs of one subject", verb->text, verb_subject_name(subject),
		   verb_subject_name(parser->subject));
}

/* What may not come here, or not here. */
static bool check_verb(const Parser *parser, const Word *verb, const VerbRow *row, int process,
		       const GPtrArray *operations)
{
	bool setup = parser->actor == NO_ACTOR;

	if (row == verb_row(VERB_SYNC) && (setup || operations_have(operations, VERB_SYNC)))
		return bad(parser, verb->at, "\"%s\" is for actors, once for each", verb->text);
	if (setup && row->flags & VERB_DEFERS)
		return bad(parser, verb->at, "\"%s\" leaves work for later, which would run in the race; "
			   "let an actor do it", verb->text);
	if (row->flags & VERB_LAST && (setup || process == 0))
		return bad(parser, verb->at, "\"%s\" would end the guest; only an actor of the second "
			   "process may, as in '@1: %s'", verb->text, verb->text);
	return true;
}

/* One operation: @length bytes of the line from @at on. */
static bool take_operation(Parser *parser, const char *at, gsize length, int process,
			   GPtrArray *operations)
{
	g_autoptr(GArray) words = words_of(at, length);
	struct operation op = { 0 };
	int vcpu = MAX(parser->actor, 0);
	guint first = 0, used;

	parser->op = at;
	parser->op_length = length;
	if (!words->len)
		return bad(parser, at, "an operation is missing");
	const Word *verb = known_word(words, 0);
	if (parser->actor == NO_ACTOR && g_str_has_prefix(verb->text, "cpu")) {
		int n = parser->n_actors;

		if (!is_number(verb->text + 3, strlen(verb->text + 3), n - 1, &vcpu))
			return bad(parser, verb->at, "\"%s\" is nobody's vCPU; give cpu0 to cpu%d",
				   shown(verb), n - 1);
		verb = word_at(words, ++first);
		if (!verb)
			return bad(parser, at, "an operation is missing");
	}
	int found = verb_find(verb->text, parser->text->write);
	if (found < 0)
		return no_verb(parser, verb);
	const VerbRow *row = verb_row(found);
	op.verb = found;
	op.pages = 1;
	parser->made->shape.ram |= found == VERB_MAP_RAM || found == VERB_UNMAP_RAM;
	if (!check_subject(parser, verb, found) || !check_verb(parser, verb, row, process, operations) ||
	    !take_arguments(parser, words, first, row, &op, &used))
		return false;
	const Word *more = word_at(words, first + 1 + used);
	if (more)
		return bad(parser, more->at, "\"%s\" is too much; put ';' between operations", shown(more));
	if (operations->len >= MAX_OPERATIONS - 1)
		return bad(parser, at, "more than %d operations", MAX_OPERATIONS - 1);
	const Name *name = op.name ? &g_array_index(parser->names, Name, op.name - 1) : NULL;
	operations_add(operations, &op, vcpu, name ? name->word : NULL, name ? name->pages : 0);
	parser->made->has_deferred_work |= (row->flags & VERB_DEFERS) != 0;
	return true;
}

/* Those between @at and @end, with ';' between them. */
static bool take_operations(Parser *parser, const char *at, const char *end, int process,
			    GPtrArray *operations)
{
	const char *whole = at;

	for (const char *next; at <= end; at = next + 1) {
		next = memchr(at, ';', end - at);
		if (!next)
			next = end;
		if (operations->len) {
			const Operation *before = g_ptr_array_index(operations, operations->len - 1);

			parser->op = whole;
			parser->op_length = end - whole;
			if (verb_row(operation_of(before->word).verb)->flags & VERB_LAST)
				return bad(parser, at, "something follows what ends the process");
		}
		if (!take_operation(parser, at, next - at, process, operations))
			return false;
	}
	return true;
}

/* NAME, @PROCESS or NAME@PROCESS, in front of the colon at @colon. */
static bool take_label(Parser *parser, const char *at, const char *colon, TextActor *actor)
{
	g_autofree char *label = g_strndup(at, colon - at);
	int limit = parser->text->processes >= 0 ? parser->text->processes : GUEST_MAX_PROCESSES;

	parser->op = at;
	parser->op_length = colon - at;
	g_strstrip(label);
	char *process = strchr(label, '@');
	if (process) {
		*process++ = '\0';
		if (!is_number(process, strlen(process), limit - 1, &actor->process))
			return bad(parser, at, "no such process; give @0 to @%d", limit - 1);
		parser->last_process = MAX(parser->last_process, actor->process);
	}
	if (process && !*label)
		return true;
	if (!name_is(NAME_ACTOR, label) || strlen(label) >= GUEST_NAME_SIZE)
		return bad(parser, at, "that is no name of an actor; take letters, digits, '.', '_' and '-'");
	if (operations_has_actor(parser->made, label))
		return bad(parser, at, "two actors of one name");
	actor->name = g_strdup(label);
	return true;
}

/* One actor: the line from @at to @end. */
static bool take_actor(Parser *parser, const char *at, const char *end)
{
	const char *colon = memchr(at, ':', end - at);
	Operations *made = parser->made;

	parser->op = at;
	parser->op_length = end - at;
	if (made->actors->len >= GUEST_MAX_ACTORS)
		return bad(parser, at, "more than %d actors", GUEST_MAX_ACTORS);
	TextActor *actor = operations_add_actor(made);
	if ((colon && !take_label(parser, at, colon, actor)) ||
	    !take_operations(parser, colon ? colon + 1 : at, end, actor->process,
			     actor->operations))
		return false;
	made->shape.homes |= (guint64)actor->process << 8 * (made->actors->len - 1);
	return true;
}

static const TextActor *actor_at(const Parser *parser, guint i)
{
	return g_ptr_array_index(parser->made->actors, i);
}

/* A process ends when all that live in it have died, and only who ends it is moved until then. */
static bool check_ends(Parser *parser)
{
	for (guint i = 0; i < parser->made->actors->len; i++) {
		const TextActor *actor = actor_at(parser, i);
		const Operation *last =
			g_ptr_array_index(actor->operations, actor->operations->len - 1);

		if (!(verb_row(operation_of(last->word).verb)->flags & VERB_LAST))
			continue;
		for (guint other = 0; other < parser->made->actors->len; other++)
			if (other != i && actor_at(parser, other)->process == actor->process) {
				parser->op = parser->line;
				parser->op_length = strlen(parser->line);
				return bad(parser, parser->line, "\"%s\" with another actor in its process; "
					   "let it live there alone", last->text);
			}
	}
	return true;
}

static bool take_actors(Parser *parser)
{
	const char *line = parser->text->actors, *end = line + strlen(line);

	parser->line = line;
	for (const char *at = line, *next; at <= end; at = next + 1, parser->actor++) {
		next = strchr(at, '|');
		if (!next)
			next = end;
		if (!take_actor(parser, at, next))
			return false;
	}
	return true;
}

static bool is_printable(const Parser *parser, const char *line)
{
	g_autofree char *start = g_strndup(line, 40);
	g_autofree char *text = name_shown(start);

	for (const char *at = line; *at; at++)
		if (!g_ascii_isprint(*at) && *at != '\t') {
			g_set_error(parser->error, RIG_ERROR, RIG_ERROR_INPUT,
				    "'%s': no letter of an operation (col %d)", text, (int)(at - line) + 1);
			return false;
		}
	if (strlen(line) <= MAX_TEXT)
		return true;
	g_set_error(parser->error, RIG_ERROR, RIG_ERROR_INPUT, "'%s...': longer than %d letters", text,
		    MAX_TEXT);
	return false;
}

static bool take_setup(Parser *parser)
{
	const char *line = parser->text->setup;

	parser->line = line;
	return take_operations(parser, line, line + strlen(line), 0, parser->made->setup);
}

/* What guest it takes: as given, or as much as the text names. */
static bool find_shape(Parser *parser, const char **ret_where)
{
	struct guest_shape *shape = &parser->made->shape;
	const OperationsText *text = parser->text;
	int edges = __builtin_popcount((guint32)shape->edges);

	shape->actors = parser->made->actors->len;
	shape->arenas = text->arenas >= 0 ? text->arenas : parser->last_arena + 1;
	shape->processes = text->processes >= 0 ? text->processes : parser->last_process + 1;
	shape->exact = parser->any_pages > 0;
	shape->pages = text->pages >= 0 ? text->pages : MAX(parser->last_page + 1, parser->any_pages);
	if (!shape->pages && !edges)
		shape->pages = 1;
	*ret_where = "pages";
	int all = ((int)shape->pages + edges) * (int)shape->arenas;
	if (all >= 1 && all <= GUEST_MAX_PAGES && (shape->pages || !shape->exact))
		return true;
	g_set_error(parser->error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%d watched pages in %d arenas, where the text names %d edges; 1 to %d can be watched",
		    all, (int)shape->arenas, edges, GUEST_MAX_PAGES);
	return false;
}

static bool check_number(const Parser *parser, const char *what, int value, int max,
			 const char **ret_where)
{
	*ret_where = what;
	if (value == -1 || (value >= 1 && value <= max))
		return true;
	g_set_error(parser->error, RIG_ERROR, RIG_ERROR_INPUT, "%d; give 1 to %d", value, max);
	return false;
}

static bool parse(Parser *parser, const char **ret_where)
{
	const OperationsText *text = parser->text;

	if (!check_number(parser, "pages", text->pages, GUEST_MAX_PAGES, ret_where) ||
	    !check_number(parser, "arenas", text->arenas, GUEST_MAX_ARENAS, ret_where) ||
	    !check_number(parser, "processes", text->processes, GUEST_MAX_PROCESSES, ret_where))
		return false;
	*ret_where = "actors";
	parser->subject = text->subject ? verb_subject_find(text->subject) : -1;
	if (!is_printable(parser, text->actors))
		return false;
	parser->n_actors = 1;
	for (const char *at = text->actors; *at; at++)
		parser->n_actors += *at == '|';
	parser->n_actors = MIN(parser->n_actors, GUEST_MAX_ACTORS);
	/* Names that the setup gives are everybody's: it comes first. */
	*ret_where = "setup";
	parser->actor = NO_ACTOR;
	if (text->setup && (!is_printable(parser, text->setup) || !take_setup(parser)))
		return false;
	*ret_where = "actors";
	parser->actor = 0;
	if (!take_actors(parser) || !check_ends(parser) || !find_shape(parser, ret_where))
		return false;
	parser->made->shape.subject = MAX(parser->subject, 0);
	parser->made->subject = verb_subject_name(MAX(parser->subject, 0));
	*ret_where = "pages";
	return operations_check_shape(&parser->made->shape, parser->error);
}

Operations *operations_parse(const OperationsText *text, const char **ret_where, GError **error)
{
	g_autoptr(Operations) made = operations_new();
	g_autoptr(GArray) names = g_array_new(FALSE, TRUE, sizeof(Name));
	Parser parser = { .text = text, .made = made, .names = names, .last_page = -1, .error = error };

	g_array_set_clear_func(names, name_clear);
	if (!parse(&parser, ret_where))
		return NULL;
	operations_complete(made);
	return g_steal_pointer(&made);
}
