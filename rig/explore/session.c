// SPDX-License-Identifier: GPL-2.0-only
#include "explore/session.h"

#include <glib/gstdio.h>
#include <string.h>

#include "machine/backend.h"
#include "util/error.h"
#include "util/keyfile.h"
#include "util/paths.h"

void guest_spec_free(GuestSpec *spec)
{
	if (!spec)
		return;
	g_free((char *)spec->bzimage);
	g_free((char *)spec->vmlinux);
	g_free((char *)spec->module);
	g_free((char *)spec->module_cpio);
	g_free((char *)spec->init);
	g_free((char *)spec->init_cpio);
	g_free((char *)spec->scenario);
	g_free((char *)spec->map_flags);
	g_free((char *)spec->disk);
	g_free((char *)spec->booted);
	g_free((char *)spec->qmp);
	g_free((char *)spec->connect);
	g_free((char *)spec->emulator);
	g_free(spec->emulator_identity);
	g_free(spec);
}

static bool add_file(GChecksum *sum, const char *path, GError **error)
{
	g_autoptr(GMappedFile) file = g_mapped_file_new(path, FALSE, error);

	if (!file)
		return false;
	g_checksum_update(sum, (guchar *)g_mapped_file_get_contents(file),
			  g_mapped_file_get_length(file));
	return true;
}

/* A file in the cache named by everything that made what is in it. */
static char *snapshot_path(const Kernel *kernel, const GuestSpec *spec, const char *rest,
			   GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_autofree char *all = g_strdup_printf("%s %d %d %s%s", kernel->key, spec->vcpus,
					       spec->ram_mib, spec->emulator_identity, rest);

	g_checksum_update(sum, (guchar *)all, strlen(all));
	if (!add_file(sum, spec->init_cpio, error))
		return NULL;
	g_autofree char *name = g_strdup_printf("snapshots/%.16s.qcow2",
						g_checksum_get_string(sum));
	return paths_in_cache(name);
}

GuestSpec *session_guest_spec(const Kernel *kernel, const Scenario *scenario, const char *connect,
			      GError **error)
{
	g_autoptr(GuestSpec) spec = g_new0(GuestSpec, 1);

	spec->bzimage = kernel_file(kernel, "bzImage");
	spec->vmlinux = kernel_file(kernel, "vmlinux");
	spec->module = kernel_file(kernel, "racerig_kfuncs.ko");
	spec->module_cpio = kernel_file(kernel, "kfuncs.cpio");
	spec->init = paths_guest("init");
	spec->init_cpio = paths_guest("init.cpio");
	spec->scenario = g_strdup(scenario->name);
	spec->connect = g_strdup(connect);
	spec->emulator = g_strdup(paths_qemu());
	spec->map_flags = g_strdup(kernel->map_flags);
	spec->vcpus = scenario->vcpus;
	spec->ram_mib = MAX(kernel->ram_mib, scenario->ram_mib);
	if (!g_file_test(spec->init, G_FILE_TEST_EXISTS)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s is missing; run make", spec->init);
		return NULL;
	}
	spec->emulator_identity = backend_emulator_identity(connect, spec->emulator, error);
	spec->booted = spec->emulator_identity ? snapshot_path(kernel, spec, "", error) : NULL;
	return spec->booted ? g_steal_pointer(&spec) : NULL;
}

static char *parked_path(const Kernel *kernel, const GuestSpec *spec, GError **error)
{
	g_autofree char *rest = g_strdup_printf("%s %s", spec->scenario,
						spec->map_flags ? spec->map_flags : "");

	return snapshot_path(kernel, spec, rest, error);
}

char *session_snapshot(const Kernel *kernel, const Scenario *scenario, const char *connect,
		       GError **error)
{
	g_autoptr(GuestSpec) spec = session_guest_spec(kernel, scenario, connect, error);
	g_autofree char *path = spec ? parked_path(kernel, spec, error) : NULL;

	return path ? g_path_get_basename(path) : NULL;
}

static bool add_names(GHashTable *names, const Kernel *kernel, const Scenario *scenario,
		      const char *identity, GError **error)
{
	g_autofree char *cpio = paths_guest("init.cpio");
	GuestSpec spec = {
		.init_cpio = cpio, .scenario = scenario->name, .map_flags = kernel->map_flags,
		.emulator_identity = (char *)identity, .vcpus = scenario->vcpus,
		.ram_mib = MAX(kernel->ram_mib, scenario->ram_mib),
	};
	g_autofree char *booted = snapshot_path(kernel, &spec, "", error);
	g_autofree char *parked = booted ? parked_path(kernel, &spec, error) : NULL;

	if (!parked)
		return false;
	g_hash_table_add(names, g_path_get_basename(booted));
	g_hash_table_add(names, g_path_get_basename(parked));
	return true;
}

GHashTable *session_snapshots(const GPtrArray *kernels, const GPtrArray *scenarios, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autofree char *identity = backend_emulator_identity(NULL, paths_qemu(), error);

	if (!identity)
		return NULL;
	for (guint i = 0; i < kernels->len; i++) {
		const Kernel *kernel = g_ptr_array_index(kernels, i);

		for (guint j = 0; kernel->key && j < scenarios->len; j++)
			if (!add_names(names, kernel, g_ptr_array_index(scenarios, j), identity, error))
				return NULL;
	}
	return g_steal_pointer(&names);
}

/* Neither is a snapshot's fault. */
static bool is_final(const GError *error)
{
	return g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED) ||
	       g_error_matches(error, RIG_ERROR, RIG_ERROR_START);
}

/* From what is in the cache, the closest to the goal first; what is of no use is removed. */
static bool open_guest(Session *session, const char *qmp, GError **error)
{
	g_autoptr(GuestSpec) spec = session_guest_spec(session->kernel, session->scenario,
							 session->connect, error);
	g_autofree char *parked = spec ? parked_path(session->kernel, spec, error) : NULL;
	const char *cached[] = { parked, spec ? spec->booted : NULL };

	if (!parked)
		return false;
	spec->qmp = g_strdup(qmp);
	session->snapshot = g_path_get_basename(parked);
	for (gsize i = 0; i < G_N_ELEMENTS(cached); i++) {
		g_autoptr(GError) local = NULL;

		if (!g_file_test(cached[i], G_FILE_TEST_EXISTS))
			continue;
		spec->disk = i == 0 ? g_strdup(parked) : NULL;
		session->guest = guest_new(spec, session->cancel, &local);
		g_clear_pointer((char **)&spec->disk, g_free);
		if (session->guest)
			return i == 0 || machine_export_disk(session->guest->machine, parked, error);
		if (is_final(local)) {
			g_propagate_error(error, g_steal_pointer(&local));
			return false;
		}
		g_message("the cached snapshot is of no use (%s); making it again", local->message);
		g_unlink(cached[i]);
	}
	g_message("booting kernel %s (%s)", session->kernel->name, session->kernel->release);
	session->guest = guest_new(spec, session->cancel, error);
	if (!session->guest) {
		g_prefix_error(error, "kernel %s: ", session->kernel->name);
		return false;
	}
	return machine_export_disk(session->guest->machine, parked, error);
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

Session *session_new(const char *scenario, const char *kernel, const char *connect,
		     GCancellable *cancel, GError **error)
{
	return session_new_at(scenario, kernel, connect, NULL, cancel, error);
}

Session *session_new_at(const char *scenario, const char *kernel, const char *connect,
			const char *qmp, GCancellable *cancel, GError **error)
{
	g_autoptr(Session) session = g_new0(Session, 1);

	session->cancel = cancel;
	session->connect = g_strdup(connect);
	session->scenario = scenario_find(scenario, error);
	session->kernel = session->scenario ? kernel_find(kernel, error) : NULL;
	if (!session->kernel || !open_guest(session, qmp, error) || !same_scenario(session, error))
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
		g_set_error(error, RIG_ERROR, RIG_ERROR_BLIND,
			    "blind: nothing that %s does in %s is an event (if that is right, say "
			    "'silent = %s' in %s)", name, session->scenario->name, name,
			    session->scenario->path);
		return false;
	}
	return true;
}

bool session_prepare(Session *session, GError **error)
{
	Guest *guest = session->guest;

	session->stepper = stepper_new(guest, &session->controls, error);
	if (!session->stepper || !check_seen(session, error))
		return false;
	session->irq_events = stepper_has_irq_events(session->stepper);
	session->trace = trace_new(guest, session->stepper);
	session->check = check_new(trace_header(session->trace));
	return true;
}

void session_free(Session *session)
{
	if (!session)
		return;
	circle_clear(&session->circle);
	check_free(session->check);
	trace_free(session->trace);
	stepper_free(session->stepper);
	guest_free(session->guest);
	scenario_free(session->scenario);
	kernel_free(session->kernel);
	g_free(session->snapshot);
	g_free(session->connect);
	g_free(session);
}
