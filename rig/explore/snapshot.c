// SPDX-License-Identifier: GPL-2.0-only
#include "explore/snapshot.h"

#include <string.h>

#include "machine/backend.h"
#include "util/error.h"
#include "util/paths.h"
#include "util/sum.h"

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
	g_free((char *)spec->subject);
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
	g_autofree char *name = g_strdup_printf("snapshots/%.16s.qcow2", g_checksum_get_string(sum));
	return paths_in_cache(name);
}

/* Which files and which guest; without an emulator, and without names of snapshots. */
static GuestSpec *describe_guest(const Kernel *kernel, const Scenario *scenario)
{
	GuestSpec *spec = g_new0(GuestSpec, 1);

	spec->bzimage = kernel_file(kernel, "bzImage");
	spec->vmlinux = kernel_file(kernel, "vmlinux");
	spec->module = kernel_file(kernel, "racerig_kfuncs.ko");
	spec->module_cpio = kernel_file(kernel, "kfuncs.cpio");
	spec->init = kernel_guest_file(kernel, "init");
	spec->init_cpio = kernel_guest_file(kernel, "init.cpio");
	spec->scenario = g_strdup(scenario->operations ? "" : scenario->name);
	spec->subject = g_strdup(scenario->subject);
	if (scenario->operations) {
		spec->shape = scenario->operations->shape;
		operations_encode(scenario->operations, spec->programs, spec->setup);
	}
	spec->map_flags = g_strdup(kernel->map_flags);
	spec->vcpus = scenario->vcpus;
	spec->ram_mib = MAX(kernel->ram_mib, scenario->ram_mib);
	return spec;
}

GuestSpec *session_guest_spec(const Kernel *kernel, const Scenario *scenario, const char *connect,
			      GError **error)
{
	g_autoptr(GuestSpec) spec = describe_guest(kernel, scenario);

	spec->connect = g_strdup(connect);
	spec->emulator = g_strdup(paths_qemu());
	if (!g_file_test(spec->init, G_FILE_TEST_EXISTS)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s is missing; run make", spec->init);
		return NULL;
	}
	spec->emulator_identity = backend_emulator_identity(connect, spec->emulator, error);
	spec->booted = spec->emulator_identity ? snapshot_path(kernel, spec, "", error) : NULL;
	return spec->booted ? g_steal_pointer(&spec) : NULL;
}

char *snapshot_parked(const Kernel *kernel, const GuestSpec *spec, GError **error)
{
	const guint64 *shape = (const guint64 *)&spec->shape;
	g_autoptr(GString) what = g_string_new(spec->scenario);

	for (gsize i = 0; spec->shape.actors && i < sizeof(spec->shape) / sizeof(*shape); i++)
		g_string_append_printf(what, " %" G_GUINT64_FORMAT, shape[i]);
	g_autofree char *rest = g_strdup_printf("%s %s", what->str, spec->map_flags ? spec->map_flags : "");

	return snapshot_path(kernel, spec, rest, error);
}

char *snapshot_name(const char *path, const Scenario *scenario)
{
	g_autofree char *file = g_path_get_basename(path);
	g_autofree char *text = scenario->operations ? operations_hash(scenario->operations) : NULL;

	return g_strconcat(file, text ? "+" : NULL, text, NULL);
}

char *session_snapshot(const Kernel *kernel, const Scenario *scenario, const char *connect,
		       char **ret_sum, GError **error)
{
	g_autoptr(GuestSpec) spec = session_guest_spec(kernel, scenario, connect, error);
	g_autofree char *path = spec ? snapshot_parked(kernel, spec, error) : NULL;

	*ret_sum = NULL;
	if (path && sum_check(path, ret_sum) == SUM_DAMAGED)
		g_clear_pointer(ret_sum, g_free);
	return path ? snapshot_name(path, scenario) : NULL;
}

static bool add_names(GHashTable *names, const Kernel *kernel, const Scenario *scenario,
		      const char *identity, GError **error)
{
	g_autoptr(GuestSpec) spec = describe_guest(kernel, scenario);

	spec->emulator_identity = g_strdup(identity);
	g_autofree char *booted = snapshot_path(kernel, spec, "", error);
	g_autofree char *parked = booted ? snapshot_parked(kernel, spec, error) : NULL;

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
