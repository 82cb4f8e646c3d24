// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/operations.h"

#include <string.h>

#include "catalog/verb.h"
#include "util/error.h"

static OperationsText text_of(const char *actors, const char *setup)
{
	return (OperationsText){ .actors = actors, .setup = setup, .pages = -1, .arenas = -1,
				 .processes = -1 };
}

static Operations *parse(const char *actors, const char *setup)
{
	g_autoptr(GError) error = NULL;
	const char *where;
	OperationsText text = text_of(actors, setup);
	Operations *made = operations_parse(&text, &where, &error);

	g_assert_no_error(error);
	return made;
}

/* The same operations have one form, and it says them again. */
static void test_plain_form(void)
{
	static const struct {
		const char *actors, *setup;	/* as typed */
		const char *plain, *plain_setup;
		const char *names;
		int pages, arenas, processes;
	} cases[] = {
		{ "alloc 0; write 0 | free 0", NULL, "alloc 0; write 0 | free 0", "", "alloc free", 1, 1, 1 },
		{ " alloc\t0 ;write  0|free 0 ", "", NULL, NULL, NULL, 0, 0, 0 },
		{ "free 0|free 0|free 0", "alloc 0", "free 0 | free 0 | free 0", "alloc 0",
		  "free free2 free3", 1, 1, 1 },
		{ "free2: read 0 | free 0 | free 0", "alloc 0-0", "free2: read 0 | free 0 | free 0",
		  "alloc 0", "free2 free free3", 1, 1, 1 },
		{ "free 0-2", "alloc 0-2; cpu0 read 1", "free 0-2", "alloc 0-2; read 1", "free", 3, 1, 1 },
		{ "read 0 | keep", "alloc 0;cpu1 read 0", "read 0 | keep", "alloc 0; cpu1 read 0",
		  "read keep", 1, 1, 1 },
		{ "read 1.0 | munmap 1 | munmap 0", NULL, "read 1.0 | munmap 1 | munmap", "",
		  "read munmap munmap2", 1, 2, 1 },
		{ "peek last; poke lower", NULL, "peek last; poke lower", "", "peek", 0, 1, 1 },
		{ "alloc any a 2; write a+1; free a | alloc any a; free a", NULL,
		  "alloc any a 2; write a+1; free a | alloc any a; free a", "", "alloc alloc2", 3, 1, 1 },
		{ "free big; read big", "alloc any big 3", "free big; read big", "alloc any big 3", "free",
		  3, 1, 1 },
		{ "free big+0", "alloc any big 3", "free big+0", "alloc any big 3", "free", 3, 1, 1 },
		{ "@1: exit | u@0:user-read 0", NULL, "@1: exit | u: user-read 0", "", "exit u", 1, 1, 2 },
		{ "@1:read 0|u@1:user-read 0", NULL, "@1: read 0 | u@1: user-read 0", "", "read u", 1, 1, 2 },
		{ "free 0;sync;read 0|sync", NULL, "free 0; sync; read 0 | sync", "", "free sync", 1, 1, 1 },
		{ "x@0:touch 0|touch-user 1", NULL, "x: read 0 | user-read 1", "", "x user-read", 2, 1, 1 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		if (!cases[i].plain)
			continue;
		g_autoptr(Operations) made = parse(cases[i].actors, cases[i].setup);
		g_autofree char *names = g_strjoinv(" ", made->names);

		g_assert_cmpstr(made->actors_text, ==, cases[i].plain);
		g_assert_cmpstr(made->setup_text, ==, cases[i].plain_setup);
		g_assert_cmpstr(names, ==, cases[i].names);
		g_assert_cmpint(made->shape.pages, ==, cases[i].pages);
		g_assert_cmpint(made->shape.arenas, ==, cases[i].arenas);
		g_assert_cmpint(made->shape.processes, ==, cases[i].processes);
		g_autoptr(Operations) again = parse(made->actors_text, *made->setup_text
								       ? made->setup_text : NULL);
		g_autofree char *hash = operations_hash(made), *hash_again = operations_hash(again);
		g_assert_cmpstr(again->actors_text, ==, made->actors_text);
		g_assert_cmpstr(hash, ==, hash_again);
	}
	g_autoptr(Operations) typed = parse(cases[1].actors, NULL);
	g_assert_cmpstr(typed->actors_text, ==, cases[0].plain);
}

static void test_words(void)
{
	g_autoptr(Operations) made = parse("alloc any a 2; free a | free-nosleep 1.1-2; stray-read 0",
					   "reserve 1");
	guint64 programs[GUEST_MAX_ACTORS][MAX_OPERATIONS], setup[MAX_OPERATIONS];
	struct operation op;

	operations_encode(made, programs, setup);
	op = operation_of(programs[0][0]);
	g_assert_true(op.verb == VERB_ALLOC && op.name == 1 && op.pages == 2);
	op = operation_of(programs[0][1]);
	g_assert_true(op.verb == VERB_FREE && op.name == 1 && op.pages == 2 && op.page == 0);
	g_assert_cmpint(programs[0][2], ==, OPERATION_END);
	op = operation_of(programs[1][0]);
	g_assert_true(op.verb == VERB_FREE_NOSLEEP && op.arena == 1 && op.page == 1 && op.pages == 2);
	op = operation_of(programs[1][1]);
	g_assert_true(op.verb == VERB_STRAY_READ && op.page == 0);
	g_assert_cmpint(programs[7][0], ==, OPERATION_END);
	op = operation_of(setup[0]);
	g_assert_true(op.verb == VERB_RESERVE && op.page == 1);
	g_assert_true(made->has_deferred_work && made->shape.exact && !made->silent);
	op = operation_of(operation_word((struct operation){ .verb = VERB_PEEK, .page = -2 }));
	g_assert_cmpint(op.page, ==, -2);
}

static void test_variant(void)
{
	OperationsText text = text_of("touch 0; touch-kernel last; touch-stray 0; touch-user 0", NULL);
	const char *where;

	text.write = true;
	g_autoptr(Operations) made = operations_parse(&text, &where, NULL);
	g_assert_cmpstr(made->actors_text, ==, "write 0; poke last; stray-write 0; user-write 0");
}

static void test_silent(void)
{
	g_autoptr(Operations) made = parse("free 0 | keep; sync; keep | munmap", NULL);

	g_assert_cmpint(g_strv_length(made->silent), ==, 1);
	g_assert_cmpstr(made->silent[0], ==, "keep");
}

/* Each is one clear line that points at the word. */
static void test_bad_text(void)
{
	static const struct {
		const char *actors, *setup, *where, *message;
	} cases[] = {
		{ "aloc 0", NULL, "actors",
		  "'aloc 0': no verb \"aloc\" (col 1); did you mean \"alloc\"?" },
		{ "alloc 0; wrte 0 | free 0", NULL, "actors",
		  "'wrte 0': no verb \"wrte\" (col 10); did you" },
		{ "alloc 0 | frobnicate", NULL, "actors", "no verb \"frobnicate\" (col 11); racerig list" },
		{ "ALLOC 0", NULL, "actors", "no verb \"ALLOC\" (col 1); racerig list --verbs" },
		{ "", NULL, "actors", "an operation is missing (col 1)" },
		{ "alloc 0;", NULL, "actors", "an operation is missing (col 9)" },
		{ "alloc 0 || free 0", NULL, "actors", "an operation is missing" },
		{ "alloc", NULL, "actors", "\"alloc\" needs PAGE[-LAST] | any NAME [COUNT] (col 1)" },
		{ "alloc 8", NULL, "actors", "\"8\" is no page (col 7); give 0 to 7" },
		{ "alloc -1", NULL, "actors", "nothing is called \"-1\"" },
		{ "alloc 0-8", NULL, "actors", "\"0-8\" is no page (col 7)" },
		{ "alloc 2-1", NULL, "actors", "\"2-1\" is no page (col 7)" },
		{ "alloc 00000", NULL, "actors", "\"00000\" is no page" },
		{ "alloc 0x1", NULL, "actors", "\"0x1\" is no page" },
		{ "read 0-1", NULL, "actors", "\"0-1\" is no page (col 6)" },
		{ "read last", NULL, "actors", "\"last\" is out of this verb's reach" },
		{ "read 2.0", NULL, "actors", "\"2.0\" is in no arena (col 6); give 0 to 1 before the dot" },
		{ "read 1.x", NULL, "actors", "\"1.x\" is no page" },
		{ "munmap 2", NULL, "actors", "\"2\" is no arena (col 8); give 0 to 1" },
		{ "alloc 0 1", NULL, "actors", "\"1\" is too much (col 9); put ';' between operations" },
		{ "keep 0", NULL, "actors", "\"0\" is too much (col 6)" },
		{ "sync; read 0; sync | read 0", NULL, "actors",
		  "\"sync\" is for actors, once for each (col 15)" },
		{ "read 0", "sync", "setup", "\"sync\" is for actors, once for each (col 1)" },
		{ "write a; alloc any a", NULL, "actors", "nothing is called \"a\" here (col 7)" },
		{ "alloc any a | read a", NULL, "actors", "nothing is called \"a\" here (col 20)" },
		{ "alloc any", NULL, "actors", "\"any\" needs a name (col 7)" },
		{ "alloc any 1", NULL, "actors", "\"1\" is no name for pages (col 11)" },
		{ "alloc any last", NULL, "actors", "\"last\" is no name for pages" },
		{ "alloc any a; alloc any a", NULL, "actors",
		  "\"a\" is the name of something else (col 24)" },
		{ "alloc any a 0", NULL, "actors", "\"0\" is no number of pages (col 13)" },
		{ "alloc any a 2; read a+2", NULL, "actors", "\"a+2\" is behind what a has (col 21)" },
		{ "exit", NULL, "actors",
		  "\"exit\" would end the guest (col 1); only an actor of the second" },
		{ "@1: exit; read 0", NULL, "actors", "something follows what ends the process (col 10)" },
		{ "@1: exit | u@1: user-read 0", NULL, "actors",
		  "\"exit\" with another actor in its process" },
		{ "@2: read 0", NULL, "actors", "no such process (col 1); give @0 to @1" },
		{ "a/b: read 0", NULL, "actors", "that is no name of an actor (col 1)" },
		{ ": read 0", NULL, "actors", "that is no name of an actor (col 1)" },
		{ "a: read 0 | a: read 0", NULL, "actors", "two actors of one name" },
		{ "a: b: read 0", NULL, "actors", "no verb \"b:\"" },
		{ "read 0 | read 0 | read 0 | read 0 | read 0 | read 0 | read 0 | read 0 | read 0", NULL,
		  "actors", "more than 8 actors" },
		{ "read 7; peek last", NULL, "pages", "9 watched pages" },
		{ "read 4; read 1.0", NULL, "pages", "10 watched pages in 2 arenas" },
		{ "read 0", "free-nosleep 0", "setup", "\"free-nosleep\" leaves work for later" },
		{ "read 0", "cpu1 read 0", "setup", "\"cpu1\" is nobody's vCPU (col 1); give cpu0 to cpu0" },
		{ "read 0", "cpux read 0", "setup", "\"cpux\" is nobody's vCPU" },
		{ "read 0", "cpu0", "setup", "an operation is missing" },
		{ "read 0", "alloc 0 | read 0", "setup", "\"|\" is too much" },
		{ "read 0", "exit", "setup", "\"exit\" would end the guest" },
		{ "read 0", "alloc 0;", "setup", "an operation is missing" },
		/* A stranger's: no control character comes back, and nothing is as long as it likes. */
		{ "read \x1b[2J", NULL, "actors", "no letter of an operation (col 6)" },
		{ "read 0\nend 0", NULL, "actors", "no letter of an operation (col 7)" },
		{ "read \xff", NULL, "actors", "no letter of an operation" },
		{ "read 99999999999999999999", NULL, "actors", "\"99999999999999999999\" is no page" },
		{ "read 0", "read %s%n", "setup", "nothing is called \"%s%n\" here" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		OperationsText text = text_of(cases[i].actors, cases[i].setup);
		g_autoptr(GError) error = NULL;
		const char *where;

		g_assert_null(operations_parse(&text, &where, &error));
		g_assert_error(error, RIG_ERROR, RIG_ERROR_INPUT);
		if (!strstr(error->message, cases[i].message) || strcmp(where, cases[i].where) != 0)
			g_error("'%s': %s: %s", cases[i].actors, where, error->message);
		g_assert_null(strchr(error->message, '\n'));
		g_assert_null(strchr(error->message, '\x1b'));
	}
}

static void assert_refused(const char *actors, const char *message)
{
	OperationsText text = text_of(actors, NULL);
	g_autoptr(GError) error = NULL;
	const char *where;

	g_assert_null(operations_parse(&text, &where, &error));
	g_assert_nonnull(strstr(error->message, message));
	g_assert_cmpint(strlen(error->message), <, 1000);
}

static void test_long_text(void)
{
	g_autoptr(GString) many = g_string_new("keep"), names = g_string_new("keep");
	g_autofree char *endless = g_strnfill(5000, 'a');
	g_autofree char *word = g_strnfill(4000, 'a');

	for (int i = 1; i < MAX_OPERATIONS; i++)
		g_string_append(many, "; keep");
	for (int i = 0; i <= MAX_NAMES; i++)
		g_string_append_printf(names, "; alloc any n%d", i);
	assert_refused(many->str, "more than 31 operations");
	assert_refused(names->str, "more than 8 names");
	assert_refused(endless, "longer than 4096 letters");
	assert_refused(word, "no verb");
}

static void test_numbers(void)
{
	static const struct {
		int pages, arenas, processes;
		const char *where, *message;
	} cases[] = {
		{ 0, -1, -1, "pages", "0; give 1 to 8" },
		{ 9, -1, -1, "pages", "9; give 1 to 8" },
		{ -2, -1, -1, "pages", "-2; give 1 to 8" },
		{ -1, 3, -1, "arenas", "3; give 1 to 2" },
		{ -1, -1, 3, "processes", "3; give 1 to 2" },
		{ 1, -1, -1, "actors", "\"1\" is no page (col 6); give 0 to 0" },
		{ 8, 2, -1, "pages", "16 watched pages in 2 arenas" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		OperationsText text = { "read 1", NULL, cases[i].pages, cases[i].arenas,
					cases[i].processes, false, NULL };
		g_autoptr(GError) error = NULL;
		const char *where;

		g_assert_null(operations_parse(&text, &where, &error));
		g_assert_cmpstr(where, ==, cases[i].where);
		g_assert_nonnull(strstr(error->message, cases[i].message));
	}
}

/* What undoes a verb takes what the verb took, or nothing. */
static void test_inverses(void)
{
	for (int verb = 0; verb < N_VERBS; verb++) {
		const VerbRow *row = verb_row(verb), *inverse = verb_row(row->inverse);
		bool pages = row->takes >= TAKES_PAGE;

		g_assert_cmpint(verb_find(row->word, false), ==, verb);
		g_assert_true(*row->effect);
		if (row->inverse == VERB_KEEP || inverse->takes == TAKES_NOTHING)
			continue;
		g_assert_true(pages == (inverse->takes >= TAKES_PAGE) || row->takes == TAKES_NOTHING);
	}
}

/* Who has to end in an oops, by its text. */
static void test_oops(void)
{
	static const struct { const char *actors; int who, page; bool stray; } cases[] = {
		{ "peek lower | free 0", 0, 1, false },
		{ "free 0 | stray-write upper", 1, 1, true },
		{ "stray-read first; read 1 | peek last", 0, 2, true },
		{ "peek first | poke upper", -1, 0, false },
		{ "stray-read 0 | free 0", -1, 0, false },
		{ "peek lower | stray-read lower", -1, 0, false },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(Operations) made = parse(cases[i].actors, NULL);
		int page = 0;
		bool stray = false;
		int who = operations_oops(made, &page, &stray);

		g_assert_cmpint(who, ==, cases[i].who);
		if (who < 0)
			continue;
		g_assert_cmpint(page, ==, cases[i].page);
		g_assert_true(stray == cases[i].stray);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/operations/oops", test_oops);
	g_test_add_func("/operations/plain-form", test_plain_form);
	g_test_add_func("/operations/words", test_words);
	g_test_add_func("/operations/variant", test_variant);
	g_test_add_func("/operations/silent", test_silent);
	g_test_add_func("/operations/bad-text", test_bad_text);
	g_test_add_func("/operations/long-text", test_long_text);
	g_test_add_func("/operations/numbers", test_numbers);
	g_test_add_func("/operations/inverses", test_inverses);
	return g_test_run();
}
