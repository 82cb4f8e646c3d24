// SPDX-License-Identifier: GPL-2.0-only
#include "guest/boot.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "guest/guest-report.h"
#include "arch/arch.h"
#include "arch/pte.h"
#include "guest/walk.h"
#include "util/error.h"
#include "util/name.h"

/* The snapshot on the disk, RAM included: booted, and then parked in its place. */
static const char WHOLE[] = "whole";

enum { BOOT_SECONDS = 180, NATIVE_BOOT_SECONDS = 30 };

/* Slow machines may need more; a boot that takes longer is taken for hung. */
static int boot_seconds(const Boot *boot)
{
	const char *env = g_getenv("RACERIG_BOOT_SECONDS");
	int seconds = env ? atoi(env) : 0;

	return seconds > 0 ? seconds : boot->native ? NATIVE_BOOT_SECONDS : BOOT_SECONDS;
}

static bool never_ready(Boot *boot, const char *what, GError **error)
{
	g_autofree char *console = machine_console(boot->machine);
	g_autofree char *words = guest_console_end(console);

	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest %s; its console ends with: %s",
		    what, *words ? words : "(nothing)");
	return false;
}

/* In the guest's PID 1, or the kernel's panic(). */
static bool find_marker(Boot *boot, const char *name, guint64 *ret, GError **error)
{
	*ret = symbols_address(boot->symbols, name);
	if (*ret)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
		    "neither kernel nor guest has a symbol %s; run make to rebuild the guest", name);
	return false;
}

static bool read_report(Boot *boot, int vcpu, GError **error)
{
	guint64 addr;

	return find_marker(boot, "guest_report", &addr, error) &&
	       machine_read(boot->machine, vcpu, addr, boot->report, sizeof(*boot->report), error) &&
	       guest_report_readable(boot->report, error);
}

/* The same, when it is complete. */
static bool read_parked(Boot *boot, const GuestSpec *spec, GError **error)
{
	return read_report(boot, 0, error) && guest_report_check(boot->report, spec->vcpus, error);
}

static bool could_not_start(Boot *boot, int vcpu, GError **error)
{
	if (!read_report(boot, vcpu, error))
		return false;
	g_autofree char *why = name_shown(boot->report->error);
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest could not start: %s", why);
	return false;
}

static bool panicked(Boot *boot, const Stop *stop, const Regs *regs, GError **error)
{
	char text[128] = "";

	machine_read(boot->machine, stop->vcpu, regs_argument(regs, 0), text, sizeof(text) - 1, NULL);
	g_autofree char *shown = name_shown(g_strchomp(text));
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the guest panicked at boot: %s", shown);
	return false;
}

/*
 * Until a breakpoint, or until it is clear that none will come.  A host that is busy is no fault
 * of the guest's: as long as the console says more there is patience, for a while.
 */
static bool run_patiently(Boot *boot, Stop *ret_stop, GError **error)
{
	enum { MOST_ROUNDS = 4 };
	gsize said = 0;

	for (int i = 0; i < MOST_ROUNDS; i++) {
		if (!machine_run_all(boot->machine, boot_seconds(boot), ret_stop, error))
			return false;
		if (ret_stop->kind != STOP_INTERRUPTED)
			return true;
		g_autofree char *console = machine_console(boot->machine);
		gsize length = strlen(console);

		if (length <= said)
			return true;
		said = length;
	}
	return true;
}

/* Run everything until @name; the only part that is not deterministic. */
static bool run_to(Boot *boot, const char *name, GError **error)
{
	const char *const names[] = { name, "guest_failed", "panic" };
	enum { READY, FAILED, PANIC, N_STOPS };
	guint64 stops[N_STOPS];
	Stop stop;
	Regs regs;

	for (gsize i = 0; i < N_STOPS; i++)
		if (!find_marker(boot, names[i], &stops[i], error))
			return false;
	for (gsize i = 0; i < G_N_ELEMENTS(stops); i++)
		if (!machine_break(boot->machine, stops[i], true, error))
			return false;
	if (!run_patiently(boot, &stop, error))
		return false;
	if (stop.kind == STOP_INTERRUPTED)
		return never_ready(boot, "never reached its marker", error);
	if (stop.kind == STOP_SHUTDOWN)
		return never_ready(boot, "reset while booting", error);
	if (!machine_regs(boot->machine, stop.vcpu, &regs, error))
		return false;
	if (regs.pc == stops[PANIC])
		return panicked(boot, &stop, &regs, error);
	if (regs.pc == stops[FAILED])
		return could_not_start(boot, stop.vcpu, error);
	for (gsize i = 0; i < G_N_ELEMENTS(stops); i++)
		if (!machine_break(boot->machine, stops[i], false, error))
			return false;
	return true;
}

/* One vCPU at a time to guest_park(). */
static bool park(Boot *boot, GError **error)
{
	guint64 parked;
	Stop stop;

	if (!find_marker(boot, "guest_park", &parked, error) ||
	    !machine_break(boot->machine, parked, true, error))
		return false;
	for (guint i = 0; i < boot->report->n_actors; i++) {
		if (!machine_run(boot->machine, boot->report->actors[i].cpu, &stop, error)) {
			g_prefix_error(error, "parking %s: ", boot->report->actors[i].name);
			return false;
		}
		if (stop.kind != STOP_BREAK)
			return never_ready(boot, "did not park its actors", error);
	}
	/* From here on interrupts come when the explorer says so. */
	for (guint i = 0; i < boot->report->n_actors; i++)
		if (!machine_hold_interrupts(boot->machine, boot->report->actors[i].cpu,
					     INTERRUPTS_HELD, error))
			return false;
	return machine_break(boot->machine, parked, false, error) &&
	       machine_save_whole(boot->machine, WHOLE, error);
}

bool boot_is_cached(const GuestSpec *spec)
{
	return g_file_test(spec->booted, G_FILE_TEST_EXISTS);
}

/* What comes of a boot is kept, and one that lacks a vCPU would be met again and again. */
static bool all_online(Boot *boot, const GuestSpec *spec, GError **error)
{
	guint64 addr = symbols_address(boot->symbols, "__num_online_cpus");
	guint32 online = 0;

	if (!addr) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: no __num_online_cpus in it; build the kernel with CONFIG_SMP",
			    spec->vmlinux);
		return false;
	}
	if (!machine_read(boot->machine, 0, addr, &online, sizeof(online), error))
		return false;
	if (online == (guint)spec->vcpus)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST, "the kernel has brought up %u of %d vCPUs", online,
		    spec->vcpus);
	return false;
}

/* As far as it is the same for all scenarios. */
static bool start(Boot *boot, const GuestSpec *spec, bool cached, GError **error)
{
	if (cached)
		return machine_load_whole(boot->machine, WHOLE, error);
	g_autofree char *dir = g_path_get_dirname(spec->booted);
	g_mkdir_with_parents(dir, 0755);
	return run_to(boot, "guest_booted", error) && all_online(boot, spec, error) &&
	       machine_save_whole(boot->machine, WHOLE, error) &&
	       machine_export_disk(boot->machine, spec->booted, error);
}

/* Write @size bytes at @offset into PID 1's @name, which lies in one page; it is on vCPU 0. */
static bool tell(Boot *boot, const char *name, gsize offset, const void *what, gsize size,
		 GError **error)
{
	guint64 addr, word;
	Regs regs;

	if (!find_marker(boot, name, &addr, error) || !machine_regs(boot->machine, 0, &regs, error))
		return false;
	guint64 pte = walk_user_pte(boot->machine, &regs, addr);
	guint64 in_page = addr % arch_page_bytes() + offset;
	guint64 phys = pte ? pte_pfn(pte) * arch_page_bytes() + in_page : 0;
	if (!pte || in_page + size > arch_page_bytes() ||
	    phys + size > machine_ram_bytes(boot->machine)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest has no memory where it wants to be told what to run");
		return false;
	}
	for (gsize at = 0; at < size; at += sizeof(word)) {
		memcpy(&word, (const char *)what + at, sizeof(word));
		machine_phys64_set(boot->machine, phys + at, word);
	}
	return true;
}

static bool ask(Boot *boot, const struct guest_request *request, GError **error)
{
	guint64 addr, version;

	if (!find_marker(boot, "guest_request", &addr, error) ||
	    !machine_read(boot->machine, 0, addr, &version, sizeof(version), error))
		return false;
	if (version != GUEST_ABI_VERSION) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_GUEST,
			    "the guest speaks version %" G_GUINT64_FORMAT ", the rig %d; "
			    "run make to rebuild it", version, GUEST_ABI_VERSION);
		return false;
	}
	return tell(boot, "guest_request", 0, request, sizeof(*request), error);
}

/* What the actors of a shape run; one that parks is told later, and by the stepper. */
static bool tell_text(Boot *boot, const GuestSpec *spec, GError **error)
{
	return tell(boot, "guest_control", offsetof(struct guest_control, programs), spec->programs,
		    sizeof(spec->programs), error) &&
	       tell(boot, "guest_control", offsetof(struct guest_control, setup), spec->setup,
		    sizeof(spec->setup), error);
}

static struct guest_request request_for(const GuestSpec *spec, int stress_seconds)
{
	struct guest_request request = {
		.version = GUEST_ABI_VERSION, .stress_seconds = stress_seconds, .shape = spec->shape,
		.map_flags = spec->map_flags ? g_ascii_strtoull(spec->map_flags, NULL, 0) : 0,
	};

	g_strlcpy(request.scenario, spec->scenario, sizeof(request.scenario));
	return request;
}

static bool load_parked(Boot *boot, const GuestSpec *spec, GError **error)
{
	g_autoptr(GError) local = NULL;

	if (!machine_load_whole(boot->machine, WHOLE, error))
		return false;
	if (read_parked(boot, spec, &local))
		return true;
	if (g_error_matches(local, RIG_ERROR, RIG_ERROR_GUEST))
		g_set_error(error, RIG_ERROR, RIG_ERROR_SNAPSHOT, "%s", local->message);
	else
		g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

bool boot_and_park(Boot *boot, const GuestSpec *spec, bool cached, GError **error)
{
	struct guest_request request = request_for(spec, 0);

	if (spec->disk)
		return load_parked(boot, spec, error);
	return start(boot, spec, cached, error) && ask(boot, &request, error) &&
	       run_to(boot, "guest_ready", error) && read_parked(boot, spec, error) &&
	       park(boot, error);
}

bool boot_to_loops(Boot *boot, const GuestSpec *spec, int seconds, GError **error)
{
	struct guest_request request = request_for(spec, seconds);

	return run_to(boot, "guest_booted", error) && ask(boot, &request, error) &&
	       (!spec->shape.actors || tell_text(boot, spec, error)) &&
	       run_to(boot, "guest_ready", error) && read_parked(boot, spec, error);
}

bool boot_loop(Boot *boot, int seconds, LoopsEnd *ret, GError **error)
{
	guint64 restart, panic;
	Stop stop;
	Regs regs;

	if (!find_marker(boot, "kernel_restart", &restart, error) ||
	    !find_marker(boot, "panic", &panic, error) ||
	    !machine_break(boot->machine, restart, true, error) ||
	    !machine_break(boot->machine, panic, true, error) ||
	    !machine_run_all(boot->machine, boot_seconds(boot) + 2 * seconds, &stop, error))
		return false;
	*ret = stop.kind == STOP_INTERRUPTED ? LOOPS_HUNG : LOOPS_DIED;
	if (stop.kind != STOP_BREAK)
		return true;
	if (!machine_regs(boot->machine, stop.vcpu, &regs, error))
		return false;
	if (regs.pc == restart)
		*ret = LOOPS_ENDED;
	return true;
}
