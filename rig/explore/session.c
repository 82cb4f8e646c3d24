// SPDX-License-Identifier: GPL-2.0-only
#include "explore/session.h"

#include <string.h>

#include "catalog/expectation.h"
#include "catalog/verb.h"
#include "explore/failing.h"
#include "explore/snapshot.h"
#include "machine/backend.h"
#include "util/error.h"
#include "util/file-lock.h"
#include "util/keyfile.h"
#include "util/paths.h"
#include "util/sum.h"

/* QEMU ends at once over a disk that is damaged: what has a sum is not. */
static bool is_of_no_use(SumState state, const GError *error)
{
	return g_error_matches(error, RIG_ERROR, RIG_ERROR_SNAPSHOT) ||
	       (state == SUM_UNKNOWN && g_error_matches(error, RIG_ERROR, RIG_ERROR_LOST));
}

static bool is_lost(const GError *error)
{
	return g_error_matches(error, RIG_ERROR, RIG_ERROR_LOST) ||
	       g_error_matches(error, RIG_ERROR, RIG_ERROR_DEADLINE);
}

/*
 * A guest as @spec says, and another one where QEMU or drgn dies on the way: of the same few that
 * session_recover() counts, when it is for one that was lost.
 */
static Guest *start_guest(Session *session, const GuestSpec *spec, GError **error)
{
	for (;; session->lost++) {
		g_autoptr(GError) local = NULL;
		Guest *guest = guest_new(spec, session->cancel, &local);

		if (guest)
			return guest;
		if (!is_lost(local) || session->lost == SESSION_MAX_LOST) {
			g_propagate_error(error, g_steal_pointer(&local));
			return NULL;
		}
		session->restarts++;
		g_message("%s; starting it again", local->message);
	}
}

/* From the snapshot at @path; *@ret_useless: not from this one. */
static Guest *start_from(Session *session, GuestSpec *spec, const char *path, bool parked,
			 bool *ret_useless, GError **error)
{
	g_autoptr(GError) local = NULL;
	g_autofree char *sum = NULL;
	SumState state = sum_check(path, &sum);

	*ret_useless = state == SUM_MISSING || state == SUM_DAMAGED;
	if (*ret_useless)
		return NULL;
	spec->disk = parked ? g_strdup(path) : NULL;
	Guest *guest = start_guest(session, spec, &local);
	g_clear_pointer((char **)&spec->disk, g_free);
	if (guest && parked)
		session->snapshot_sum = g_steal_pointer(&sum);
	if (guest)
		return guest;
	*ret_useless = is_of_no_use(state, local);
	if (!*ret_useless)
		g_propagate_error(error, g_steal_pointer(&local));
	return NULL;
}

/* Keep what @session->guest was parked as, and know it again. */
static bool keep(Session *session, const char *parked, GError **error)
{
	if (!machine_export_disk(session->guest->machine, parked, error))
		return false;
	if (sum_check(parked, &session->snapshot_sum) == SUM_WHOLE)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "%s changed while it was written", parked);
	return false;
}

/* From what is in the cache, the closest to the goal first; what is of no use is removed. */
static bool open_or_make(Session *session, GuestSpec *spec, const char *parked, GError **error)
{
	const char *cached[] = { parked, spec->booted };

	for (gsize i = 0; i < G_N_ELEMENTS(cached); i++) {
		g_autoptr(GError) local = NULL;
		bool useless;

		session->guest = start_from(session, spec, cached[i], i == 0, &useless, &local);
		if (session->guest)
			return i == 0 || keep(session, parked, error);
		if (!useless) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
		if (g_file_test(cached[i], G_FILE_TEST_EXISTS))
			g_message("%s is of no use; making it again", cached[i]);
		sum_remove(cached[i]);
	}
	g_message("booting kernel %s (%s)", session->kernel->name, session->kernel->release);
	session->guest = start_guest(session, spec, error);
	if (session->guest)
		return keep(session, parked, error);
	g_prefix_error(error, "kernel %s: ", session->kernel->name);
	return false;
}

/*
 * Two boots are not the same, so whoever has the same snapshot in mind must get the same one:
 * one rig makes it, the others wait for it.
 */
static bool open_guest(Session *session, GError **error)
{
	g_autoptr(GuestSpec) spec = session_guest_spec(session->kernel, session->scenario,
							 session->connect, error);
	g_autofree char *parked = spec ? snapshot_parked(session->kernel, spec, error) : NULL;
	bool useless;

	if (!parked)
		return false;
	spec->qmp = g_strdup(session->qmp);
	spec->code = session->code;
	g_free(session->snapshot);
	session->snapshot = snapshot_name(parked, session->scenario);
	g_free(session->emulator);
	session->emulator = g_strdup(spec->emulator_identity);
	session->guest = start_from(session, spec, parked, true, &useless, error);
	if (session->guest || !useless)
		return session->guest != NULL;
	g_autoptr(FileLock) lock = file_lock(parked, session->cancel, error);
	return lock && open_or_make(session, spec, parked, error);
}

/* A guest that serves any text has names of nobody, and knows not what will be done in it. */
static bool take_text(Session *session, GError **error)
{
	const Operations *operations = session->scenario->operations;
	struct guest_report *report = &session->guest->report;

	if (report->n_actors != operations->shape.actors ||
	    report->n_pages != (guint)session->scenario->pages) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest has %u actors and %u pages, the text takes %d and %d",
			    report->n_actors, report->n_pages, (int)operations->shape.actors,
			    session->scenario->pages);
		return false;
	}
	for (guint i = 0; i < report->n_actors; i++)
		g_strlcpy(report->actors[i].name, operations->names[i], GUEST_NAME_SIZE);
	report->has_deferred_work = operations->has_deferred_work || session->n_failures;
	return true;
}

/* The two halves of a scenario: whoever is called by a name or a number must be the one meant. */
static bool same_scenario(const Session *session, GError **error)
{
	const Scenario *scenario = session->scenario;
	const struct guest_report *report = &session->guest->report;
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < report->n_actors; i++)
		g_ptr_array_add(names, (char *)report->actors[i].name);
	g_ptr_array_add(names, NULL);
	g_autofree char *said = g_strjoinv(";", scenario->actors);
	g_autofree char *there = g_strjoinv(";", (char **)names->pdata);
	if (strcmp(said, there) != 0)
		keyfile_error(error, scenario->path, "scenario", "actors",
			      "'%s', but the guest has '%s'; make .scenario and .c say the same", said,
			      there);
	else if ((guint)scenario->pages != report->n_pages)
		keyfile_error(error, scenario->path, "scenario", "pages",
			      "%d, but the guest has %u; make .scenario and .c say the same",
			      scenario->pages, report->n_pages);
	else
		return true;
	return false;
}

/* Whose guest it is: it has the actors and pages that are expected. */
static bool know_guest(Session *session, GError **error)
{
	return session->scenario->operations ? take_text(session, error) : same_scenario(session, error);
}

Session *session_new(const char *scenario, const char *kernel, const char *connect,
		     GCancellable *cancel, GError **error)
{
	g_autoptr(Scenario) found = scenario_find(scenario, error);
	g_autoptr(Kernel) build = found ? kernel_find(kernel, error) : NULL;

	return build ? session_new_of(g_steal_pointer(&found), g_steal_pointer(&build),
				      &(SessionPlace){ .connect = connect }, cancel, error) : NULL;
}

Session *session_new_of(Scenario *scenario, Kernel *kernel, const SessionPlace *place,
			GCancellable *cancel, GError **error)
{
	g_autoptr(Session) session = g_new0(Session, 1);

	session->cancel = cancel;
	session->connect = g_strdup(place->connect);
	session->qmp = g_strdup(place->qmp);
	session->code = place->code;
	session->scenario = scenario;
	session->kernel = kernel;
	session->subject = subject_find(scenario->subject, scenario->path, error);
	if (session->subject && scenario->succeeds && !session->subject->tells_success) {
		keyfile_error(error, scenario->path, "scenario", "succeeds",
			      "subject %s promises nobody success", scenario->subject);
		return NULL;
	}
	if (!session->subject || !open_guest(session, error) || !know_guest(session, error))
		return NULL;
	return g_steal_pointer(&session);
}

/* Of whom nothing was seen nothing is known, unless the scenario says that it is so. */
static bool check_seen(const Session *session, GError **error)
{
	const char *const *silent = (const char *const *)session->scenario->silent;

	for (int i = 0; i < session->guest->n_actors; i++) {
		const char *name = session->guest->report.actors[i].name;

		if (stepper_has_decided(session->stepper, i) ||
		    (silent && g_strv_contains(silent, name)))
			continue;
		if (session->scenario->path)
			g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND,
				    "blind: nothing that %s does in %s is an event (if that is right, say "
				    "'silent = %s' in %s)", name, session->scenario->name, name,
				    session->scenario->path);
		else
			g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND,
				    "blind: nothing that %s does is an event, and it would always run before "
				    "all others; put an access that can be seen beside it", name);
		return false;
	}
	return true;
}

static int actor_called(const Session *session, const char *name)
{
	for (int i = 0; name && i < session->guest->n_actors; i++)
		if (g_strcmp0(session->guest->report.actors[i].name, name) == 0)
			return i;
	return -1;
}

/* What scenario and kernel declare, for checks. */
static TraceDeclared declared_by(const Session *session)
{
	const Scenario *scenario = session->scenario;
	TraceDeclared declared = NOTHING_DECLARED;

	declared.frees_to_scratch = kernel_excuses(session->kernel, "scratch-by-free");
	declared.oops_actor = actor_called(session, expectation_oops(scenario, session->kernel));
	if (declared.oops_actor >= 0)
		declared.oops_page = scenario->oops_page;
	declared.succeeds = actor_called(session, scenario->succeeds);
	return declared;
}

/* What turns a guest of its shape into one of @operations; NULL for a scenario in C. */
static Setup *setup_of(const Operations *operations)
{
	guint64 unused[MAX_OPERATIONS];
	Setup *setup = operations ? setup_new() : NULL;

	if (!setup)
		return NULL;
	operations_encode(operations, setup->programs, unused);
	for (guint i = 0; i < operations->setup->len; i++) {
		const Operation *operation = g_ptr_array_index(operations->setup, i);
		enum verb verb = operation_of(operation->word).verb;
		SetupOperation one = { operation->word, operation->vcpu, g_strdup(operation->text),
				       verb_row(verb)->flags & VERB_GETS_ONE };

		g_array_append_val(setup->operations, one);
	}
	return setup;
}

/* What sees and judges schedules of the scenario at hand. */
static bool begin(Session *session, GError **error)
{
	const Operations *operations = session->scenario->operations;

	if (!check_seen(session, error))
		return false;
	TraceDeclared declared = declared_by(session);
	session->trace = trace_new(session->guest, session->stepper, &declared,
				   operations ? operations->setup_text : NULL,
				   operations ? operations->actors_text : NULL, session_failures(session));
	session->check = check_new(trace_header(session->trace));
	return true;
}

/*
 * All that depends on which guest it is, but for what is watched in it and what its actors do.  What is said
 * of its programs' source comes from a file that the snapshot has without.
 */
static char *guest_identity(const Session *session)
{
	const Operations *operations = session->scenario->operations;
	g_autofree char *path = kernel_guest_file(session->kernel, "init");
	g_autofree char *init = sum_of_file(path, NULL, NULL);
	const char *rig = sum_of_program();

	return rig && init ? g_strdup_printf("%s %s %s %s %s %s", rig, session->emulator,
					     session->kernel->key, init, session->snapshot_sum,
					     operations ? operations->setup_text : "") : NULL;
}

static bool prepare(Session *session, GError **error)
{
	g_autoptr(Setup) setup = setup_of(session->scenario->operations);
	g_autofree char *identity = guest_identity(session);
	g_autofree char *file = g_strndup(session->snapshot, strcspn(session->snapshot, "+"));

	StepperOptions options = { setup, session_failures(session), session->n_failures,
				   { file, identity, session->anew } };
	return (!session->n_failures || failing_ask(session->guest, session->subject->name,
						    &session->failures, error)) &&
	       (session->stepper = stepper_new(session->guest, &options, &session->controls, error)) &&
	       begin(session, error);
}

/* Nothing is left of the guest but what it spent. */
static void drop_guest(Session *session)
{
	if (session->guest && session->guest->machine) {
		MachineTimes times = machine_times(session->guest->machine);

		machine_times_add(&session->spent, &times, NULL);
	}
	g_clear_pointer(&session->check, check_free);
	g_clear_pointer(&session->trace, trace_free);
	g_clear_pointer(&session->stepper, stepper_free);
	g_clear_pointer(&session->guest, guest_free);
}

MachineTimes session_times(const Session *session)
{
	MachineTimes times = session->spent;

	if (session->guest) {
		MachineTimes now = machine_times(session->guest->machine);

		machine_times_add(&times, &now, NULL);
	}
	return times;
}

/* Another guest like the one that was; its interrupts count if they did. */
static bool replace_guest(Session *session, GError **error)
{
	g_autofree char *before = g_strdup(session->snapshot_sum);
	Irqs irqs = session->stepper ? stepper_irqs(session->stepper) : session->irqs;

	drop_guest(session);
	g_clear_pointer(&session->snapshot_sum, g_free);
	if (!open_guest(session, error) || !know_guest(session, error))
		return false;
	if (g_strcmp0(before, session->snapshot_sum) != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_SNAPSHOT,
			    "snapshot %s was made anew meanwhile, and is another one; explore again",
			    session->snapshot);
		return false;
	}
	if (!prepare(session, error))
		return false;
	stepper_expect_irqs(session->stepper, irqs);
	return true;
}

/* drgn may say in its own words that QEMU is gone. */
static bool is_of_a_lost_one(const Session *session, const GError *error)
{
	return session->guest && (g_error_matches(error, RIG_ERROR, RIG_ERROR_PROTOCOL) ||
				  g_error_matches(error, RIG_ERROR, RIG_ERROR_MACHINE)) &&
	       !machine_answers(session->guest->machine);
}

bool session_recover(Session *session, int *lost, GError *cause, GError **error)
{
	g_autoptr(GError) last = cause;

	if (!is_lost(last) && !is_of_a_lost_one(session, last)) {
		g_propagate_error(error, g_steal_pointer(&last));
		return false;
	}
	for (;;) {
		g_autoptr(GError) local = NULL;

		if ((*lost)++ == SESSION_MAX_LOST) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_LOST,
				    "lost %d times in the same place, the last time: %s", *lost,
				    last->message);
			return false;
		}
		session->restarts++;
		g_message("%s; starting it again", last->message);
		session->lost = *lost;
		bool replaced = replace_guest(session, &local);
		*lost = session->lost;
		if (replaced)
			return true;
		if (!is_lost(local)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
		g_clear_error(&last);
		last = g_steal_pointer(&local);
	}
}

bool session_prepare(Session *session, GError **error)
{
	g_autoptr(GError) local = NULL;
	int lost = 0;

	if (!prepare(session, &local) &&
	    !session_recover(session, &lost, g_steal_pointer(&local), error))
		return false;
	session->irqs = stepper_irqs(session->stepper);
	return true;
}

bool session_program(Session *session, Scenario *scenario, GError **error)
{
	g_autoptr(Setup) setup = setup_of(scenario->operations);
	g_autoptr(GError) local = NULL;
	int lost = 0;

	g_clear_pointer(&session->check, check_free);
	g_clear_pointer(&session->trace, trace_free);
	scenario_free(session->scenario);
	session->scenario = scenario;
	g_autofree char *before = session->snapshot;
	before[strcspn(before, "+")] = '\0';
	session->snapshot = snapshot_name(before, scenario);
	if ((!take_text(session, &local) || !stepper_program(session->stepper, setup, &local) ||
	     !begin(session, &local)) &&
	    !session_recover(session, &lost, g_steal_pointer(&local), error))
		return false;
	session->irqs = stepper_irqs(session->stepper);
	return true;
}

void session_free(Session *session)
{
	if (!session)
		return;
	cycle_clear(&session->cycle);
	drop_guest(session);
	scenario_free(session->scenario);
	kernel_free(session->kernel);
	g_free(session->snapshot);
	g_free(session->snapshot_sum);
	g_free(session->emulator);
	g_free(session->connect);
	g_free(session->qmp);
	g_free(session);
}
