// SPDX-License-Identifier: GPL-2.0-only
#include "command/hunt-kernel.h"

#include <string.h>
#include <unistd.h>

#include "command/command.h"
#include "explore/folder.h"
#include "explore/snapshot.h"
#include "hunt/blame.h"
#include "hunt/publish.h"

/* What is left to say of @about when the kernel is known; combinations of all shapes are booted alike. */
static gboolean describe(HuntAbout *about, const Kernel *kernel, GError **error)
{
	OperationsText text = { .actors = "read 0 | read 0", .pages = 1, .arenas = -1, .processes = -1 };
	const char *where;
	Operations *operations = operations_parse(&text, &where, error);
	g_autoptr(Scenario) any = operations ? scenario_of_text(operations) : NULL;
	g_autoptr(GuestSpec) spec = any ? session_guest_spec(kernel, any, command_connect, error) : NULL;

	if (!spec)
		return FALSE;
	about->kernel = g_strdup(kernel->name);
	about->kind = g_strdup(kernel->kind);
	about->key = g_strdup(kernel->key);
	about->guest = g_path_get_basename(spec->booted);
	about->emulator = g_strdup(spec->emulator_identity);
	return TRUE;
}

/* To be said of a whole hunt only: a shard may not have the smallest combination of a group. */
static gboolean blame(HuntResult *result, const HuntOptions *options, GError **error)
{
	return result->hunt->about->shards > 1 || g_cancellable_is_cancelled(options->each.cancel) ||
	       hunt_blame(result, &options->each, error);
}

static gboolean run(KernelHunt *made, const HuntOptions *options, GError **error)
{
	if (!describe(made->hunt->about, options->each.kernel, error) ||
	    !folder_make(options->out, options->resume, error) || !hunt_run(made->hunt, options, error))
		return FALSE;
	made->result = hunt_result_new(made->hunt, error);
	if (!made->result || !hunt_result_cover(made->result, options->each.kernel, error) ||
	    !blame(made->result, options, error) ||
	    !hunt_publish(made->result, options->out, error))
		return FALSE;
	g_autofree char *text = hunt_text(made->result, options->out);
	g_print("%s  folder     %s (hunt.json, report.html)\n", text, options->out);
	return TRUE;
}

void kernel_hunt_free(KernelHunt *hunt)
{
	if (!hunt)
		return;
	g_clear_pointer(&hunt->result, hunt_result_free);
	g_clear_pointer(&hunt->hunt, hunt_free);
	g_free(hunt);
}

KernelHunt *kernel_hunt(const char *name, HuntAbout *about, HuntOptions *options, GError **error)
{
	g_autoptr(KernelHunt) made = g_new0(KernelHunt, 1);
	g_autoptr(GPtrArray) known = NULL;
	g_autoptr(Kernel) kernel = NULL;
	g_autofree char *code = NULL;

	options->each.connect = command_connect;
	options->each.failures = about->failures;
	options->each.max_schedules = about->max_schedules;
	/* Before a folder is made for it. */
	made->hunt = hunt_new(about, error);
	options->stop_at = made->hunt ? made->hunt->about->stop_at : NULL;
	known = made->hunt ? known_load(error) : NULL;
	options->each.known = known;
	kernel = known ? kernel_find(name, error) : NULL;
	if (!kernel)
		return NULL;
	options->each.kernel = kernel;
	if (made->hunt->about->coverage && !(code = cover_ranges(kernel, error)))
		return NULL;
	options->each.code = code;
	int lock = folder_may_write(options->out, error) ? folder_lock(options->out, error) : -1;
	if (lock < 0)
		return NULL;
	gboolean ok = run(made, options, error);
	close(lock);
	return ok ? g_steal_pointer(&made) : NULL;
}

int hunt_exit_code(const char *verdict)
{
	return strcmp(verdict, "new") == 0 ? EXIT_UNEXPECTED
	       : strcmp(verdict, "inconclusive") == 0 ? EXIT_BROKEN : EXIT_EXPECTED;
}
