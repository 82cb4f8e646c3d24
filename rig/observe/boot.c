// SPDX-License-Identifier: GPL-2.0-only
#include "observe/boot.h"

#include <stdlib.h>
#include <string.h>

#include "util/error.h"

/* The snapshot on the disk, RAM included: booted, and then parked in its place. */
static const char WHOLE[] = "whole";

enum { BOOT_SECONDS = 180 };

/* Slow machines may need more; a boot that takes longer is taken for hung. */
static int boot_seconds(void)
{
	const char *env = g_getenv("RACERIG_BOOT_SECONDS");
	int seconds = env ? atoi(env) : 0;

	return seconds > 0 ? seconds : BOOT_SECONDS;
}

/* The end of the console, on one line, for an error message. */
static char *last_words(Machine *machine)
{
	g_autofree char *console = g_strchomp(machine_console(machine));
	const char *panic = strstr(console, "Kernel panic");
	const char *line = panic ? panic : strrchr(console, '\n');

	line = line ? line + (*line == '\n') : console;
	return g_strndup(line, strcspn(line, "\r\n"));
}

static bool never_ready(Guest *guest, const char *what, GError **error)
{
	g_autofree char *words = last_words(guest->machine);

	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest %s; its console ends with: %s",
		    what, *words ? words : "(nothing)");
	return false;
}

static guint64 marker(Guest *guest, const char *name)
{
	guint64 addr = symbols_address(guest->symbols, name);

	g_assert(addr);
	return addr;
}

static bool read_report(Guest *guest, int vcpu, GError **error)
{
	if (!machine_read(guest->machine, vcpu, marker(guest, "guest_report"), &guest->report,
			  sizeof(guest->report), error))
		return false;
	if (guest->report.version == GUEST_ABI_VERSION)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "the guest speaks version %u, the rig %d; run make to rebuild it",
		    guest->report.version, GUEST_ABI_VERSION);
	return false;
}

static bool could_not_start(Guest *guest, int vcpu, GError **error)
{
	if (read_report(guest, vcpu, error))
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest could not start: %s",
			    guest->report.error);
	return false;
}

/* Run everything until @name; the only part that is not deterministic. */
static bool run_to(Guest *guest, const char *name, GError **error)
{
	guint64 ready = marker(guest, name), failed = marker(guest, "guest_failed");
	guint64 panic = marker(guest, "panic");
	guint64 stops[] = { ready, failed, panic };
	g_autoptr(GError) local = NULL;
	Stop stop;
	Regs regs;

	for (gsize i = 0; i < G_N_ELEMENTS(stops); i++)
		if (!machine_break(guest->machine, stops[i], true, error))
			return false;
	if (!machine_run_all(guest->machine, boot_seconds(), &stop, &local)) {
		if (g_error_matches(local, RIG_ERROR, RIG_ERROR_DEADLINE))
			return never_ready(guest, "never reached its marker", error);
		g_propagate_error(error, g_steal_pointer(&local));
		return false;
	}
	if (stop.kind == STOP_SHUTDOWN)
		return never_ready(guest, "reset while booting", error);
	if (!machine_regs(guest->machine, stop.vcpu, &regs, error))
		return false;
	if (regs.rip == panic) {
		char text[128] = "";
		machine_read(guest->machine, stop.vcpu, regs.gpr[5], text, sizeof(text) - 1, NULL);
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest panicked at boot: %s",
			    g_strchomp(text));
		return false;
	}
	if (regs.rip == failed)
		return could_not_start(guest, stop.vcpu, error);
	for (gsize i = 0; i < G_N_ELEMENTS(stops); i++)
		if (!machine_break(guest->machine, stops[i], false, error))
			return false;
	return true;
}

/* One vCPU at a time to guest_park(). */
static bool park(Guest *guest, GError **error)
{
	guint64 parked = marker(guest, "guest_park");
	Stop stop;

	if (!machine_break(guest->machine, parked, true, error))
		return false;
	for (guint i = 0; i < guest->report.n_actors; i++) {
		if (!machine_run(guest->machine, guest->report.actors[i].cpu, &stop, error)) {
			g_prefix_error(error, "parking %s: ", guest->report.actors[i].name);
			return false;
		}
		if (stop.kind != STOP_BREAK)
			return never_ready(guest, "did not park its actors", error);
	}
	/* From here on interrupts come when the explorer says so. */
	for (guint i = 0; i < guest->report.n_actors; i++)
		if (!machine_hold_interrupts(guest->machine, guest->report.actors[i].cpu,
					     INTERRUPTS_HELD, error))
			return false;
	return machine_break(guest->machine, parked, false, error) &&
	       machine_save_whole(guest->machine, WHOLE, error);
}

bool boot_is_cached(const GuestSpec *spec)
{
	return g_file_test(spec->booted, G_FILE_TEST_EXISTS);
}

/* As far as it is the same for all scenarios. */
static bool boot(Guest *guest, const GuestSpec *spec, bool cached, GError **error)
{
	if (cached)
		return machine_load_whole(guest->machine, WHOLE, error);
	g_autofree char *dir = g_path_get_dirname(spec->booted);
	g_mkdir_with_parents(dir, 0755);
	return run_to(guest, "guest_booted", error) &&
	       machine_save_whole(guest->machine, WHOLE, error) &&
	       machine_export_disk(guest->machine, spec->booted, error);
}

/* Write @request where PID 1 will look for it; it is on vCPU 0. */
static bool ask(Guest *guest, const struct guest_request *request, GError **error)
{
	guint64 addr = marker(guest, "guest_request"), version, word;
	Regs regs;

	if (!machine_read(guest->machine, 0, addr, &version, sizeof(version), error) ||
	    !machine_regs(guest->machine, 0, &regs, error))
		return false;
	if (version != GUEST_ABI_VERSION) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest speaks version %" G_GUINT64_FORMAT ", the rig %d; "
			    "run make to rebuild it", version, GUEST_ABI_VERSION);
		return false;
	}
	guint64 phys = (guest_user_pte(guest, regs.cr3, addr) & PTE_PFN_MASK) | (addr & 0xfff);
	for (gsize at = 0; at < sizeof(*request); at += sizeof(word)) {
		memcpy(&word, (const char *)request + at, sizeof(word));
		machine_phys64_set(guest->machine, phys + at, word);
	}
	return true;
}

static struct guest_request request_for(const GuestSpec *spec, int stress_seconds)
{
	struct guest_request request = {
		.version = GUEST_ABI_VERSION, .stress_seconds = stress_seconds,
		.map_flags = spec->map_flags ? g_ascii_strtoull(spec->map_flags, NULL, 0) : 0,
	};

	g_strlcpy(request.scenario, spec->scenario, sizeof(request.scenario));
	return request;
}

bool boot_and_park(Guest *guest, const GuestSpec *spec, bool cached, GError **error)
{
	struct guest_request request = request_for(spec, 0);

	if (spec->disk)
		return machine_load_whole(guest->machine, WHOLE, error) &&
		       read_report(guest, 0, error);
	return boot(guest, spec, cached, error) && ask(guest, &request, error) &&
	       run_to(guest, "guest_ready", error) && read_report(guest, 0, error) &&
	       park(guest, error);
}

bool boot_and_stress(Guest *guest, const GuestSpec *spec, bool cached, int seconds, GError **error)
{
	struct guest_request request = request_for(spec, seconds);
	Stop stop;

	/* An instruction is a virtual nanosecond: a guest second takes many of ours. */
	return boot(guest, spec, cached, error) && ask(guest, &request, error) &&
	       machine_run_all(guest->machine, boot_seconds() + 60 * seconds, &stop, error);
}
