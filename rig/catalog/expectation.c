// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/expectation.h"

#include <string.h>

#include "catalog/expect-text.h"

void expectation_free(Expectation *expectation)
{
	if (!expectation)
		return;
	g_free(expectation->text);
	g_strfreev(expectation->wanted);
	g_strfreev(expectation->allowed);
	g_free(expectation);
}

/* The invariants of a line of [expect]; none when it is a verdict or NULL. */
static char **invariants_of(const char *text)
{
	return text && !expect_text_is_verdict(text) ? g_strsplit(text, ";", -1) : g_new0(char *, 1);
}

static void expect_named(Expectation *expectation, const char *text, bool mutant, bool newer)
{
	expectation->text = g_strdup(text);
	expectation->named = true;
	expectation->wanted = invariants_of(text);
	expectation->clean = strcmp(text, "clean") == 0 || (newer && *expectation->wanted);
	expectation->documented = strcmp(text, "documented") == 0 || (newer && *expectation->wanted);
	expectation->allowed = g_new0(char *, 1);
	expectation->more = mutant;
}

/* A mutant does what its base does, and no other harm than its own. */
static void expect_of_mutant(Expectation *expectation, const char *breaks, const char *stock)
{
	expectation->text = g_strconcat(breaks, "?", NULL);
	expectation->clean = expectation->documented = expectation->more = true;
	expectation->wanted = g_strsplit(breaks, ";", -1);
	expectation->allowed = invariants_of(stock);
}

/* Like stock or better; a violation of stock's may be one's own, and has to be said of others. */
static void expect_like_stock(Expectation *expectation, const char *stock, bool own)
{
	bool clean = !stock || strcmp(stock, "clean") == 0;

	expectation->text = clean ? g_strdup("clean")
				  : g_strconcat("at most ", own ? stock : "documented", NULL);
	expectation->clean = true;
	expectation->documented = !clean;
	expectation->wanted = g_new0(char *, 1);
	expectation->allowed = own ? invariants_of(stock) : g_new0(char *, 1);
}

/* Of text nobody has said anything: nothing may break that nobody has accepted. */
static void expect_no_violation(Expectation *expectation)
{
	expectation->text = g_strdup("no violation");
	expectation->clean = expectation->documented = true;
	expectation->wanted = g_new0(char *, 1);
	expectation->allowed = g_new0(char *, 1);
}

Expectation *expectation_new(const Scenario *scenario, const Kernel *kernel)
{
	g_autofree char *named = scenario_expectation(scenario, kernel->name);
	g_autofree char *stock = scenario_expectation(scenario, "stock");
	Expectation *expectation = g_new0(Expectation, 1);
	bool mutant = strcmp(kernel->kind, "mutant") == 0;

	if (!scenario->keys)
		expect_no_violation(expectation);
	else if (named)
		expect_named(expectation, named, mutant, !mutant && kernel_is_newer(kernel));
	else if (mutant)
		expect_of_mutant(expectation, kernel->breaks, stock);
	else
		expect_like_stock(expectation, stock, strcmp(kernel->kind, "own") == 0);
	return expectation;
}

static bool covers_some(const char *word, const char *const *violated)
{
	while (*violated && !expect_text_covers(word, *violated))
		violated++;
	return *violated != NULL;
}

/* Each invariant of @words, in one of its ways at least: who has not seen all may have missed others. */
static bool each_is_violated(char **words, const char *const *violated)
{
	for (char **word = words; *word; word++) {
		g_autofree char *id = g_strndup(*word, strcspn(*word, "/"));
		char **way = words;

		while (*way && !(expect_text_covers(id, *way) && covers_some(*way, violated)))
			way++;
		if (!*way)
			return false;
	}
	return true;
}

static bool all_covered(const char *const *violated, char **words)
{
	while (*violated && expect_text_any_covers(words, *violated))
		violated++;
	return !*violated;
}

bool expectation_met(const Expectation *expectation, const char *verdict,
		     const char *const *violated)
{
	if (strcmp(verdict, "clean") == 0)
		return expectation->clean;
	if (strcmp(verdict, "documented") == 0)
		return expectation->documented;
	if (strcmp(verdict, "violation") != 0)
		return false;
	if (*expectation->wanted && each_is_violated(expectation->wanted, violated) &&
	    (expectation->more || all_covered(violated, expectation->wanted)))
		return true;
	return all_covered(violated, expectation->allowed);
}

static const char *missing(char **needs, const Kernel *kernel)
{
	for (char **need = needs; need && *need; need++)
		if (kernel->has && !g_strv_contains((const char *const *)kernel->has, *need))
			return *need;
	return NULL;
}

const char *expectation_missing(const Scenario *scenario, const Kernel *kernel)
{
	return missing(scenario->needs, kernel);
}

const char *expectation_oops(const Scenario *scenario, const Kernel *kernel)
{
	return missing(scenario->oops_needs, kernel) ? NULL : scenario->oops;
}
