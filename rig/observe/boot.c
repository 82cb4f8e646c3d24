// SPDX-License-Identifier: GPL-2.0-only
#include "observe/boot.h"

#include <stdlib.h>
#include <string.h>

#include "observe/guest-report.h"
#include "util/error.h"
#include "util/name.h"

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
	g_autofree char *last = g_strndup(line, strcspn(line, "\r\n"));
	return name_shown(last);
}

static bool never_ready(Guest *guest, const char *what, GError **error)
{
	g_autofree char *words = last_words(guest->machine);

	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest %s; its console ends with: %s",
		    what, *words ? words : "(nothing)");
	return false;
}

/* In the guest's PID 1, or the kernel's panic(). */
static bool find_marker(Guest *guest, const char *name, guint64 *ret, GError **error)
{
	*ret = symbols_address(guest->symbols, name);
	if (*ret)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "neither kernel nor guest has a symbol %s; run make to rebuild the guest", name);
	return false;
}

static bool read_report(Guest *guest, int vcpu, GError **error)
{
	guint64 addr;

	return find_marker(guest, "guest_report", &addr, error) &&
	       machine_read(guest->machine, vcpu, addr, &guest->report, sizeof(guest->report), error) &&
	       guest_report_readable(&guest->report, error);
}

/* The same, when it is complete. */
static bool read_parked(Guest *guest, const GuestSpec *spec, GError **error)
{
	return read_report(guest, 0, error) && guest_report_check(&guest->report, spec->vcpus, error);
}

static bool could_not_start(Guest *guest, int vcpu, GError **error)
{
	if (!read_report(guest, vcpu, error))
		return false;
	g_autofree char *why = name_shown(guest->report.error);
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest could not start: %s", why);
	return false;
}

static bool panicked(Guest *guest, const Stop *stop, const Regs *regs, GError **error)
{
	char text[128] = "";

	machine_read(guest->machine, stop->vcpu, regs->gpr[MACHINE_RDI], text, sizeof(text) - 1, NULL);
	g_autofree char *shown = name_shown(g_strchomp(text));
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest panicked at boot: %s", shown);
	return false;
}

/* Run everything until @name; the only part that is not deterministic. */
static bool run_to(Guest *guest, const char *name, GError **error)
{
	const char *const names[] = { name, "guest_failed", "panic" };
	enum { READY, FAILED, PANIC, N_STOPS };
	guint64 stops[N_STOPS];
	g_autoptr(GError) local = NULL;
	Stop stop;
	Regs regs;

	for (gsize i = 0; i < N_STOPS; i++)
		if (!find_marker(guest, names[i], &stops[i], error))
			return false;
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
	if (regs.rip == stops[PANIC])
		return panicked(guest, &stop, &regs, error);
	if (regs.rip == stops[FAILED])
		return could_not_start(guest, stop.vcpu, error);
	for (gsize i = 0; i < G_N_ELEMENTS(stops); i++)
		if (!machine_break(guest->machine, stops[i], false, error))
			return false;
	return true;
}

/* One vCPU at a time to guest_park(). */
static bool park(Guest *guest, GError **error)
{
	guint64 parked;
	Stop stop;

	if (!find_marker(guest, "guest_park", &parked, error) ||
	    !machine_break(guest->machine, parked, true, error))
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
	enum { PAGE_BYTES = 4096 };
	guint64 addr, version, word;
	Regs regs;

	if (!find_marker(guest, "guest_request", &addr, error) ||
	    !machine_read(guest->machine, 0, addr, &version, sizeof(version), error) ||
	    !machine_regs(guest->machine, 0, &regs, error))
		return false;
	if (version != GUEST_ABI_VERSION) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest speaks version %" G_GUINT64_FORMAT ", the rig %d; "
			    "run make to rebuild it", version, GUEST_ABI_VERSION);
		return false;
	}
	guint64 pte = guest_user_pte(guest, regs.cr3, addr), offset = addr % PAGE_BYTES;
	guint64 phys = (pte & PTE_PFN_MASK) | offset;
	if (!pte || offset + sizeof(*request) > PAGE_BYTES ||
	    phys + sizeof(*request) > machine_ram_bytes(guest->machine)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest has no memory where it wants to be told what to run");
		return false;
	}
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
		       read_parked(guest, spec, error);
	return boot(guest, spec, cached, error) && ask(guest, &request, error) &&
	       run_to(guest, "guest_ready", error) && read_parked(guest, spec, error) &&
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
