// SPDX-License-Identifier: GPL-2.0-only
#include "explore/explore.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "catalog/expectation.h"
#include "command/command.h"
#include "explore/folder.h"
#include "report/unseen-text.h"
#include "report/violation-text.h"
#include "suite/shard.h"
#include "util/error.h"

static char *opt_kernel, *opt_policy = "dpor", *opt_out, *opt_time, *opt_stop_at;
static int opt_schedules, opt_preemptions = -1, opt_seed = 1, opt_depth = 3, opt_jobs = 1;
static int opt_recheck = 50, opt_failures = -1;
static int opt_split;
static char *opt_costs, *opt_shard;
static gboolean opt_resume, opt_irq_events;
static int shard_index = 1, shard_count = 1;
static char *opt_actors, *opt_setup, *opt_called, *opt_build;
static int opt_pages = -1, opt_arenas = -1, opt_processes = -1;

static const GOptionEntry entries[] = {
	{ "actors", 'a', 0, G_OPTION_ARG_STRING, &opt_actors,
	  "No scenario: what each does, as in 'alloc 0; write 0 | free 0' (racerig list --verbs)", "TEXT" },
	{ "setup", 0, 0, G_OPTION_ARG_STRING, &opt_setup, "… and what comes before", "TEXT" },
	{ "pages", 0, 0, G_OPTION_ARG_INT, &opt_pages,
	  "… on so many watched pages of each arena (as many as are named)", "N" },
	{ "arenas", 0, 0, G_OPTION_ARG_INT, &opt_arenas, "… in so many arenas", "N" },
	{ "processes", 0, 0, G_OPTION_ARG_INT, &opt_processes,
	  "… that so many processes have mapped", "N" },
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	{ "policy", 'p', 0, G_OPTION_ARG_STRING, &opt_policy,
	  "How to choose: dpor (the default), dfs, pct or random", "P" },
	{ "preemptions", 0, 0, G_OPTION_ARG_INT, &opt_preemptions,
	  "dpor, dfs: at most N preemptions a schedule", "N" },
	{ "failures", 0, 0, G_OPTION_ARG_INT, &opt_failures,
	  "Up to F calls a schedule that may fail do (as many as the scenario says, or 0; docs/failures.md)",
	  "F" },
	{ "split", 0, 0, G_OPTION_ARG_INT, &opt_split,
	  "dpor: expand the first D decisions in full, so that parts can be explored apart", "D" },
	{ "shard", 0, 0, G_OPTION_ARG_STRING, &opt_shard,
	  "With --split: only part I of N, for racerig merge", "I/N" },
	{ "costs", 0, 0, G_OPTION_ARG_FILENAME, &opt_costs,
	  "With --split: a suite's run.json that has the pair, to say what the split costs", "FILE" },
	{ "irq-events", 0, 0, G_OPTION_ARG_NONE, &opt_irq_events,
	  "With --shard: interrupts count from the start, where another shard found that they must", NULL },
	{ "seed", 0, 0, G_OPTION_ARG_INT, &opt_seed, "pct, random: what to start from (1)", "S" },
	{ "depth", 0, 0, G_OPTION_ARG_INT, &opt_depth, "pct: depth of the bug (3)", "D" },
	{ "jobs", 'j', 0, G_OPTION_ARG_INT, &opt_jobs, "Guests side by side (1)", "J" },
	{ "recheck", 0, 0, G_OPTION_ARG_INT, &opt_recheck,
	  "Run violations and one schedule in N twice and compare (50; 0: none)", "N" },
	{ "resume", 0, 0, G_OPTION_ARG_NONE, &opt_resume,
	  "Go on where an earlier run into the same folder was stopped", NULL },
	{ "max-schedules", 0, 0, G_OPTION_ARG_INT, &opt_schedules, "Stop after N", "N" },
	{ "max-time", 0, 0, G_OPTION_ARG_STRING, &opt_time, "Stop after 90s, 15m or 2h", "T" },
	{ "stop-at", 0, 0, G_OPTION_ARG_STRING, &opt_stop_at,
	  "Stop after the first schedule that violates this invariant", "INVARIANT" },
	{ "out", 'o', 0, G_OPTION_ARG_FILENAME, &opt_out,
	  "Run folder (racerig-runs/SCENARIO-KERNEL)", "DIR" },
	{ "build", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt_build,
	  "Only this build of it: for a suite, which has looked at it before", "KEY" },
	{ "called", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_STRING, &opt_called,
	  "What the folder is called in what is printed, and no times: for a suite's files", "NAME" },
	COMMAND_CONNECT,
	{ NULL },
};

static void print_cycles(const Verdict *verdict)
{
	g_autofree char *grown = verdict_names(verdict->grown);
	g_autofree char *differs = verdict_names(verdict->differs);

	if (verdict->cycles)
		g_print("  cycles     %d came back to a state they had been in, and were cut there\n",
			verdict->cycles);
	if (*grown)
		g_print("             (the same in all of memory but: %s)\n", grown);
	if (verdict->unsettled)
		g_print("  unsettled  %d went round and round with other memory (%s), and were cut\n",
			verdict->unsettled, differs);
}

/* What was asked to fail, by actor and site. */
static void print_failures(const Verdict *verdict)
{
	g_autoptr(GList) calls = g_list_sort(g_hash_table_get_keys(verdict->failed), (GCompareFunc)strcmp);

	for (GList *call = calls; call; call = call->next)
		g_print("%s%s: failed in %u\n", call == calls ? "  failures   " : "             ",
			(const char *)call->data,
			GPOINTER_TO_UINT(g_hash_table_lookup(verdict->failed, call->data)));
}

/* What the schedules touch that is no event. */
static void print_unseen(const Verdict *verdict)
{
	int first = 0;

	if (!verdict->unseen)
		return;
	for (int kind = 0; kind < SURVEY_KINDS; kind++)
		if (survey_has(verdict->unseen, kind))
			g_print("%s%u %s\n", first++ ? "             " : "  no event   ",
				survey_total(verdict->unseen, kind),
				unseen_words(kind, verdict->failures));
	g_print("             (in one schedule, every actor as far as it can go)\n");
	for (guint i = 0; i < verdict->unseen->len; i++) {
		const SurveyItem *item = &g_array_index(verdict->unseen, SurveyItem, i);

		if (!item->addr)
			g_print("             not counted: %s of %s, in no table yet\n",
				survey_token(item->kind), item->name);
	}
}

static void print_coverage(const Verdict *verdict, const Policy *policy, const Costs *costs)
{
	double chance = strcmp(policy->name, "pct") == 0 ? policy_pct_bound(policy) : 0;

	g_print("  schedules  %d executed, %d violating, %" G_GUINT64_FORMAT " pruned, %d redundant\n",
		verdict->executed, verdict->violating, verdict->pruned, verdict->redundant);
	g_print("  coverage   %s", verdict->policy);
	if (verdict->bound)
		g_print(", %s", verdict->bound);
	if (verdict->failures)
		g_print(", at most %d failure%s", verdict->failures, verdict->failures > 1 ? "s" : "");
	g_print(": %s\n", verdict->part_done && verdict->part
			  ? "all of this part; what the whole comes to, racerig merge says"
			  : !verdict->complete ? "NOT complete"
			  : verdict->bound ? "complete within the bound"
			  : "complete: every interleaving of the events");
	gint64 before = costs_begun(costs, verdict->scenario, verdict->kernel);
	g_autofree char *split = opt_split ? verdict_split_text(verdict, before) : NULL;
	if (split)
		g_print("  split %-4d %s%s\n", opt_split, verdict->part ? "this part: " : "", split);
	if (policy->subtrees)
		g_print("             %u of %u subtrees; the largest is some %.0f %% of the whole, by an "
			"estimate%s\n", policy->subtrees_here, policy->subtrees, 100 * policy->largest,
			policy->largest * shard_count > 1 ? ": split deeper" : "");
	if (chance > 0)
		g_print("             a bug of depth %d is hit by a schedule with probability %.2g "
			"or more,\n             by one of these with %.2g or more\n", opt_depth, chance,
			1 - pow(1 - chance, verdict->executed));
	for (char **verb = verdict->unseen_verbs; verb && *verb; verb++)
		g_print("  not seen   %s: nothing in it is an event, so its order is explored only as far\n"
			"             as what stands around it has events\n", *verb);
	for (char **made = verdict->unwatched; made && *made; made++)
		g_print("  not seen   %s\n", unwatched_text(*made));
	for (char **name = verdict->absent_hooks; name && *name; name++)
		g_print("  not seen   this kernel has no %s(): pages that go that way\n", *name);
	print_cycles(verdict);
	print_failures(verdict);
	print_unseen(verdict);
}

static void print_verdict(const Verdict *verdict, const Policy *policy, const Costs *costs,
			  const char *expectation, const char *out, gboolean expected)
{
	g_print("%s on %s: %s (%s)\n", verdict->scenario, verdict->kernel, verdict->verdict,
		expected ? "as expected" : "NOT as expected");
	if (!expected)
		g_print("  expected   %s\n", expectation);
	if (verdict->operations && *verdict->setup)
		g_print("  setup      %s\n", verdict->setup);
	if (verdict->operations)
		g_print("  actors     %s\n", verdict->operations);
	print_coverage(verdict, policy, costs);
	if (verdict->documented)
		g_print("  documented %d schedules\n", verdict->documented);
	for (guint i = 0; i < verdict->accepted->len; i++) {
		const VerdictViolation *one = g_ptr_array_index(verdict->accepted, i);
		g_autofree char *sentence = violation_text(&one->found);

		g_print("             %s: %s\n             first: %s/%s\n", one->found.invariant,
			sentence, out, one->schedule);
	}
	g_print("  states     %d distinct final states\n", verdict->distinct_final_states);
	if (!opt_called)
		g_print("  speed      %.1f schedules/s\n", verdict_rate(verdict));
	g_print("  kernel     %s%s%s\n", verdict->kernel_source,
		*verdict->kernel_patches ? " " : "", verdict->kernel_patches);
	g_print("  model      sequential consistency, one instruction at a time (TCG)\n");
	g_print("  folder     %s (evidence.txt, report.html)\n", out);
	if (verdict->violations->len) {
		const VerdictViolation *first = g_ptr_array_index(verdict->violations, 0);
		g_print("  replay     racerig replay %s/%s --times 10\n", out, first->schedule);
	}
}

static gboolean is_bounded(void)
{
	return strcmp(opt_policy, "dfs") == 0 || strcmp(opt_policy, "dpor") == 0;
}

static gboolean check_split(GError **error)
{
	enum { DEEPEST = 64 };

	if (opt_split < 0 || opt_split > DEEPEST)
		return command_bad_number(error, "--split", opt_split, "give 1 to 64");
	if (opt_split && strcmp(opt_policy, "dpor") != 0)
		return command_bad_number(error, "--split", opt_split, "only dpor can be split");
	if (opt_split && opt_preemptions >= 0)
		return command_bad_number(error, "--split", opt_split,
					  "under a preemption bound there are no sleep sets, and all "
					  "parts would explore the same; leave --preemptions out");
	if (!opt_split && opt_costs)
		return command_bad_number(error, "--split", opt_split, "--costs goes with --split D");
	if (!opt_shard && opt_irq_events)
		return command_bad_number(error, "--split", opt_split, "--irq-events goes with --shard I/N");
	if (!opt_shard)
		return TRUE;
	if (!opt_split)
		return command_bad_number(error, "--split", opt_split,
					  "--shard takes --split D, as in --split 2");
	return shard_parse(opt_shard, &shard_index, &shard_count, error);
}

static gboolean check_options(GError **error)
{
	if (opt_schedules < 0)
		return command_bad_number(error, "--max-schedules", opt_schedules, "give a positive number");
	if (opt_jobs < 1 || opt_jobs > 64)
		return command_bad_number(error, "--jobs", opt_jobs, "give 1 to 64");
	if (opt_depth < 1 || opt_depth > 100)
		return command_bad_number(error, "--depth", opt_depth, "give 1 to 100");
	if (opt_recheck < 0)
		return command_bad_number(error, "--recheck", opt_recheck, "give 0 or more");
	if (opt_failures < -1 || opt_failures > SCHEDULE_MAX_FAILURES)
		return command_bad_number(error, "--failures", opt_failures, "give 0 to 9");
	if (opt_preemptions < -1)
		return command_bad_number(error, "--preemptions", opt_preemptions, "give 0 or more");
	if (opt_preemptions >= 0 && !is_bounded())
		return command_bad_number(error, "--preemptions", opt_preemptions,
					  "only dfs and dpor have a bound");
	return check_split(error) && command_invariant("--stop-at", opt_stop_at, error);
}

static Policy *make_policy(int actors, int failures, GError **error)
{
	if (strcmp(opt_policy, "dfs") == 0)
		return policy_dfs_new(opt_preemptions < 0 ? BOUND_NONE : BOUND_PREEMPTIONS,
				      opt_preemptions);
	if (opt_split) {
		g_autofree bool *here = g_new0(bool, shard_count);

		here[shard_index - 1] = true;
		return policy_dpor_split_new(opt_split, here, shard_count);
	}
	if (strcmp(opt_policy, "dpor") == 0)
		return policy_dpor_new(opt_preemptions);
	if (strcmp(opt_policy, "random") == 0)
		return policy_random_new(opt_seed);
	/* Actors, the interrupts of their vCPUs, their TLBs, and their failures. */
	if (strcmp(opt_policy, "pct") == 0)
		return policy_pct_new(opt_seed, opt_depth, (failures ? 4 : 3) * actors);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "no policy '%s' (there are: dpor dfs pct random)", opt_policy);
	return NULL;
}

/* A merge knows nothing of what was asked to fail. */
static bool cannot_split(int failures, GError **error)
{
	return command_bad_number(error, "--failures", failures,
				  "a split exploration has none; leave --split out, or give --failures 0");
}

/* The one that is named, or the one that --actors says. */
static Scenario *find_scenario(const char *name, GError **error)
{
	OperationsText text = { .actors = opt_actors, .setup = opt_setup, .pages = opt_pages,
				.arenas = opt_arenas, .processes = opt_processes };
	bool alone = opt_setup || opt_pages != -1 || opt_arenas != -1 || opt_processes != -1;
	const char *where;

	if (!opt_actors && alone) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "--setup, --pages, --arenas and --processes go with --actors 'TEXT'");
		return NULL;
	}
	if (!opt_actors)
		return scenario_find(name, error);
	Operations *operations = operations_parse(&text, &where, error);
	if (operations)
		return scenario_of_text(operations);
	g_prefix_error(error, "%s: ", where);
	return NULL;
}

/* A name may have come to mean another build since a suite has looked. */
static Kernel *find_kernel(const char *name, GError **error)
{
	g_autoptr(Kernel) kernel = kernel_find(name, error);

	if (!kernel || !opt_build || g_strcmp0(opt_build, kernel->key) == 0)
		return g_steal_pointer(&kernel);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "kernel %s was built anew meanwhile (%s, and was %s); run this again",
		    kernel->name, kernel->key ? kernel->key : "none", opt_build);
	return NULL;
}

static gboolean write_shard(const Shard *shard, const char *out, GError **error)
{
	int lock = folder_lock(out, error);
	gboolean ok = lock >= 0 && (opt_resume || folder_make(out, FALSE, error)) &&
		      shard_write(shard, out, opt_resume, error);

	if (lock >= 0)
		close(lock);
	return ok;
}

static void expect_irqs(Session *session, Irqs irqs)
{
	session->irqs = irqs;
	stepper_expect_irqs(session->stepper, irqs);
}

/* What was asked for, before there is a guest. */
typedef struct {
	Scenario *scenario;
	Kernel *kernel;
	Policy *policy;
	Costs *costs;		/* NULL: nobody asks */
	Shard *shard;		/* NULL: all of it */
	int failures;
	char *folder, *words, *bound;	/* what @options points to */
	ExploreOptions options;
} Asked;

static void asked_clear(Asked *asked)
{
	g_clear_pointer(&asked->scenario, scenario_free);
	g_clear_pointer(&asked->kernel, kernel_free);
	g_clear_pointer(&asked->policy, policy_free);
	g_clear_pointer(&asked->costs, costs_free);
	g_clear_pointer(&asked->shard, shard_free);
	g_free(asked->folder);
	g_free(asked->words);
	g_free(asked->bound);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Asked, asked_clear)

/* Journals of one exploration have the same. */
static char *options_words(const Asked *asked)
{
	g_autofree char *among = asked->failures ? g_strdup_printf("/failures=%d", asked->failures)
						 : g_strdup("");

	if (opt_split)
		return explore_options_split(opt_split, opt_shard ? shard_index : 0, shard_count);
	if (is_bounded())
		return explore_options(asked->policy->name, opt_preemptions, asked->failures);
	return g_strdup_printf("%s/%d/%d%s", asked->policy->name, opt_seed, opt_depth, among);
}

static void set_options(Asked *asked, const char *kernel)
{
	asked->folder = g_strdup_printf("racerig-runs/%s-%s", asked->scenario->name, kernel);
	asked->words = options_words(asked);
	if (opt_preemptions >= 0)
		asked->bound = g_strdup_printf("at most %d preemptions", opt_preemptions);
	asked->options.out = opt_out ? opt_out : asked->folder;
	asked->options.options = asked->words;
	asked->options.bound = asked->bound;
	asked->options.max_schedules = opt_schedules;
	asked->options.stop_at = opt_stop_at;
	asked->options.jobs = opt_jobs;
	asked->options.recheck = opt_recheck;
	asked->options.resume = opt_resume;
	asked->options.part = opt_shard;
}

/* A shard that does not fit starts no guest. */
static gboolean ask(const char *name, Asked *ret, GError **error)
{
	const char *kernel = opt_kernel ? opt_kernel : "stock";

	ret->scenario = check_options(error) ? find_scenario(name, error) : NULL;
	if (!ret->scenario)
		return FALSE;
	ret->failures = opt_failures < 0 ? ret->scenario->failures : opt_failures;
	if (opt_split && ret->failures && !cannot_split(ret->failures, error))
		return FALSE;
	ret->policy = make_policy(g_strv_length(ret->scenario->actors), ret->failures, error);
	if (!ret->policy ||
	    (opt_time && !command_duration(opt_time, &ret->options.max_seconds, error)) ||
	    (opt_costs && !(ret->costs = costs_load(opt_costs, error))))
		return FALSE;
	set_options(ret, kernel);
	if (!folder_may_write(ret->options.out, error) || !(ret->kernel = find_kernel(kernel, error)))
		return FALSE;
	Pair pair = { ret->scenario, ret->kernel, opt_preemptions };
	return !opt_shard || (ret->shard = shard_of_pair(&pair, opt_split, command_connect, shard_index,
							 shard_count, error));
}

static Session *start(const Asked *asked, GCancellable *cancel, GError **error)
{
	g_autoptr(Session) session =
		session_new_of(scenario_ref(asked->scenario), kernel_ref(asked->kernel),
			       &(SessionPlace){ .connect = command_connect }, cancel, error);

	if (session)
		session->n_failures = asked->failures;
	if (!session || !session_prepare(session, error))
		return NULL;
	if (opt_irq_events)
		expect_irqs(session, IRQS_EVENTS);
	if (asked->shard && !write_shard(asked->shard, asked->options.out, error))
		return NULL;
	return g_steal_pointer(&session);
}

/* As often as it turns out that interrupts are more than was thought. */
static Verdict *explore_whole(Session *session, Asked *asked, GError **error)
{
	g_autoptr(GError) local = NULL;
	Verdict *verdict = NULL;

	while (!explore(session, asked->policy, &asked->options, &verdict, &local)) {
		if (!g_error_matches(local, RIG_ERROR, RIG_ERROR_ANEW)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return NULL;
		}
		g_message("%s; exploring anew", local->message);
		g_clear_error(&local);
		/* What a part has found the others must be told, and there is one word for that. */
		expect_irqs(session, opt_shard ? IRQS_EVENTS : session->irqs + 1);
		policy_free(asked->policy);
		asked->policy = make_policy(g_strv_length(session->scenario->actors), asked->failures, error);
		asked->options.resume = false;
	}
	return verdict;
}

int command_explore(int argc, char **argv, GCancellable *cancel, GError **error)
{
	g_auto(Asked) asked = { 0 };

	if (!command_parse(&argc, &argv, entries, "[SCENARIO]", COMMAND_ANY,
			   "Walk the interleavings of a scenario, or of --actors.", error))
		return EXIT_BROKEN;
	if (argc != (opt_actors ? 1 : 2)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "give the name of a scenario, or --actors 'TEXT' (racerig explore --help)");
		return EXIT_BROKEN;
	}
	g_autoptr(Session) session = ask(argv[1], &asked, error) ? start(&asked, cancel, error) : NULL;
	g_autoptr(Verdict) verdict = session ? explore_whole(session, &asked, error) : NULL;
	if (!verdict)
		return EXIT_BROKEN;
	g_autoptr(Expectation) expectation = expectation_new(session->scenario, session->kernel);
	g_auto(GStrv) violated = verdict_violated(verdict);
	gboolean expected = expectation_met(expectation, verdict->verdict,
					    (const char *const *)violated);
	if (opt_shard && !verdict->violating)
		expected = verdict->part_done;
	print_verdict(verdict, asked.policy, asked.costs, expectation->text,
		      opt_called ? opt_called : asked.options.out, expected);
	return expected ? EXIT_EXPECTED : EXIT_UNEXPECTED;
}
