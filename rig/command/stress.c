// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "explore/stress.h"
#include "machine/backend.h"
#include "report/violation-text.h"
#include "util/error.h"

static char *opt_kernel, *opt_accel;
static int opt_seconds = 10;

static const GOptionEntry entries[] = {
	{ "kernel", 'k', 0, G_OPTION_ARG_STRING, &opt_kernel, "Kernel to run (stock)", "K" },
	{ "seconds", 's', 0, G_OPTION_ARG_INT, &opt_seconds, "Guest seconds to loop (10)", "S" },
	{ "accel", 0, 0, G_OPTION_ARG_STRING, &opt_accel,
	  "What runs the vCPUs: kvm, tcg (kvm where it works, else tcg with a thread for each)", "A" },
	COMMAND_CONNECT,
	{ NULL },
};

static const char TOLD[] = "racerig: stress ";

/* "actor1 loops 5": in a guest that serves any text actors have numbers only. */
static void print_told(const Scenario *scenario, const char *text)
{
	static const char actor[] = "actor";
	char *rest;
	guint64 n = g_str_has_prefix(text, actor)
		? g_ascii_strtoull(text + strlen(actor), &rest, 10) : G_MAXUINT64;

	if (scenario->operations && n < scenario->operations->actors->len)
		g_print("%s%s\n", scenario->operations->names[n], rest);
	else
		g_print("%s\n", text);
}

/* Guests of libvirt are of the type that it has for TCG. */
static gboolean find_accel(MachineAccel *ret, GError **error)
{
	gboolean kvm = !command_connect && backend_has_kvm();

	if (opt_accel && strcmp(opt_accel, "kvm") != 0 && strcmp(opt_accel, "tcg") != 0)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--accel '%s': give kvm or tcg", opt_accel);
	else if (g_strcmp0(opt_accel, "kvm") == 0 && !kvm)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--accel kvm: %s",
			    command_connect ? "not with --connect" : "/dev/kvm makes no guest here");
	else {
		*ret = kvm && g_strcmp0(opt_accel, "tcg") != 0 ? ACCEL_KVM : ACCEL_TCG;
		return TRUE;
	}
	return FALSE;
}

static void print_stress(const Scenario *scenario, const Stress *stress, MachineAccel accel)
{
	static const char *const how[] = {
		[LOOPS_ENDED] = "ended", [LOOPS_DIED] = "the kernel died", [LOOPS_HUNG] = "hung",
	};
	g_autofree char *checks = stress_checks(stress), *found = violations_text(stress->found);
	g_auto(GStrv) lines = g_strsplit(stress->console, "\n", -1);

	for (char **line = lines; *line; line++)
		if (g_str_has_prefix(*line, TOLD))
			print_told(scenario, g_strchomp(*line) + strlen(TOLD));
	g_print("loops %s, on %d vCPUs under %s\n", how[stress->how], scenario->vcpus,
		accel == ACCEL_KVM ? "KVM" : "TCG, a thread for each");
	if (stress->unread)
		g_print("not judged by drgn: %s\n", stress->unread);
	else
		g_print("judged by %s\n", checks);
	g_print("%s%s", found, stress->found->len ? "\n" : "");
	if (stress_found(stress))
		g_print("its console:\n%s\n", stress->console);
}

/* There are hosts with a /dev/kvm whose guests never get to the end of their boot. */
static Stress *run(const Scenario *scenario, const Kernel *kernel, MachineAccel *accel,
		   GCancellable *cancel, GError **error)
{
	g_autoptr(GError) local = NULL;

	g_message("booting kernel %s (%s), and %d s of its time in loops", kernel->name,
		  kernel->release, opt_seconds);
	Stress *stress = stress_run(scenario, kernel, command_connect, *accel, opt_seconds, cancel, &local);

	if (!stress && *accel == ACCEL_KVM && !opt_accel && !g_cancellable_is_cancelled(cancel)) {
		g_message("KVM: %s; TCG then", local->message);
		*accel = ACCEL_TCG;
		return stress_run(scenario, kernel, command_connect, *accel, opt_seconds, cancel, error);
	}
	if (!stress)
		g_propagate_error(error, g_steal_pointer(&local));
	return stress;
}

/* All vCPUs free, nothing controlled: what everybody has without the rig. */
int command_stress(int argc, char **argv, GCancellable *cancel, GError **error)
{
	MachineAccel accel;

	if (!command_parse(&argc, &argv, entries, "SCENARIO", 1,
			   "Loop what the actors do without control, and judge what is left.", error) ||
	    !find_accel(&accel, error))
		return EXIT_BROKEN;
	if (opt_seconds < 1) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "--seconds %d: give at least 1",
			    opt_seconds);
		return EXIT_BROKEN;
	}
	g_autoptr(Scenario) scenario = scenario_find(argv[1], error);
	g_autoptr(Kernel) kernel =
		scenario ? kernel_find(opt_kernel ? opt_kernel : "stock", error) : NULL;
	g_autoptr(Stress) stress = kernel ? run(scenario, kernel, &accel, cancel, error) : NULL;
	if (!stress)
		return EXIT_BROKEN;
	print_stress(scenario, stress, accel);
	return stress_found(stress) ? EXIT_UNEXPECTED : EXIT_EXPECTED;
}
