// SPDX-License-Identifier: GPL-2.0-only
#include "suite/pack.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "explore/sources.h"
#include "machine/backend.h"
#include "suite/park.h"
#include "util/error.h"
#include "util/file.h"
#include "util/host.h"
#include "util/paths.h"
#include "util/sum.h"
#include "util/tar.h"

enum { GZIP_LEVEL = 1 };

/* A file of ours that is to be packed as @path. */
static bool add_file(Manifest *manifest, const char *path, const char *from, GError **error)
{
	guint64 size;
	g_autofree char *sum = sum_of_file(from, &size, error);
	PackFile *file;

	if (!sum)
		return false;
	g_assert(manifest_is_path(path));
	file = g_new0(PackFile, 1);
	file->path = g_strdup(path);
	file->from = g_strdup(from);
	file->size = size;
	file->sha256 = g_steal_pointer(&sum);
	g_ptr_array_add(manifest->files, file);
	return true;
}

static bool add_build_files(Manifest *manifest, const Kernel *kernel, GError **error)
{
	static const struct {
		const char *name;
		bool may_lack;
	} files[] = {
		{ "bzImage", false }, { "vmlinux", false }, { "config", false }, { "kernel.json", false },
		{ "kfuncs.cpio", false }, { "racerig_kfuncs.ko", false }, { "origin.json", true },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(files); i++) {
		g_autofree char *from = kernel_file(kernel, files[i].name);
		g_autofree char *path = g_build_filename("builds", kernel->key, files[i].name, NULL);

		if (files[i].may_lack && !g_file_test(from, G_FILE_TEST_EXISTS))
			continue;
		if (!add_file(manifest, path, from, error))
			return false;
	}
	return true;
}

/* Where the kernel's own tree is not, reports find their lines in the build's src/. */
static bool add_sources(Manifest *manifest, const Kernel *kernel, GError **error)
{
	g_autoptr(GHashTable) sources = sources_of(kernel, error);
	GHashTableIter iter;
	gpointer file, from;

	if (!sources)
		return false;
	g_hash_table_iter_init(&iter, sources);
	while (g_hash_table_iter_next(&iter, &file, &from)) {
		g_autofree char *path = g_build_filename("builds", kernel->key, "src", file, NULL);

		if (manifest_is_path(path) && !add_file(manifest, path, from, error))
			return false;
	}
	return true;
}

static bool add_kernel(Manifest *manifest, const Kernel *kernel, GError **error)
{
	g_auto(KernelRecipe) recipe = { 0 };
	PackKernel *packed;

	if (!kernel_recipe(kernel->name, &recipe, error))
		return false;
	packed = g_new0(PackKernel, 1);
	g_ptr_array_add(manifest->kernels, packed);
	packed->name = g_strdup(kernel->name);
	packed->key = g_strdup(kernel->key);
	packed->source = g_steal_pointer(&recipe.source);
	packed->compiler = g_steal_pointer(&recipe.compiler);
	packed->image = g_steal_pointer(&recipe.image);
	packed->ram = g_steal_pointer(&recipe.ram);
	if (packed->image) {
		packed->title = g_strdup(kernel->title);
		packed->map_flags = g_strdup(kernel->map_flags);
		packed->has = g_strdupv(kernel->has);
		packed->excuses = g_strdupv(kernel->excuses);
	}
	return add_build_files(manifest, kernel, error) && add_sources(manifest, kernel, error);
}

/* One for all kernels: what they boot is what this rig, or the pack they came in, has. */
static bool add_guest(Manifest *manifest, const Kernel *kernel, GError **error)
{
	static const char *const names[] = { "init", "init.cpio" };
	g_autofree char *cpio = kernel_guest_file(kernel, "init.cpio");
	g_autofree char *sum = sum_of_file(cpio, NULL, error);

	if (!sum)
		return false;
	if (manifest->guest) {
		if (strcmp(manifest->guest, sum) == 0)
			return true;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "kernel %s boots another guest than the others; pack it by itself", kernel->name);
		return false;
	}
	manifest->guest = g_strdup(sum);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *from = kernel_guest_file(kernel, names[i]);
		g_autofree char *path = g_build_filename("guests", sum, names[i], NULL);

		if (!add_file(manifest, path, from, error))
			return false;
	}
	return true;
}

static bool add_snapshots(Manifest *manifest, const GPtrArray *names, GError **error)
{
	for (guint i = 0; i < names->len; i++) {
		g_autofree char *path = g_build_filename("snapshots", g_ptr_array_index(names, i), NULL);
		g_autofree char *from = paths_in_cache(path);

		if (!add_file(manifest, path, from, error))
			return false;
	}
	return true;
}

static gint by_path(gconstpointer a, gconstpointer b)
{
	const PackFile *left = *(PackFile *const *)a, *right = *(PackFile *const *)b;

	return strcmp(left->path, right->path);
}

static Manifest *collect(const Selection *selection, const GPtrArray *snapshots, GError **error)
{
	g_autoptr(Manifest) manifest = manifest_new();
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	manifest->version = g_strdup(RACERIG_VERSION);
	manifest->machine = g_strdup(host_machine());
	manifest->emulator = backend_emulator_identity(NULL, paths_qemu(), error);
	if (!manifest->emulator)
		return NULL;
	for (guint i = 0; i < selection->pairs->len; i++) {
		const Kernel *kernel = g_array_index(selection->pairs, Pair, i).kernel;

		if (kernel->key && g_hash_table_add(seen, kernel->name) &&
		    (!add_kernel(manifest, kernel, error) || !add_guest(manifest, kernel, error)))
			return NULL;
	}
	if (!add_snapshots(manifest, snapshots, error))
		return NULL;
	g_ptr_array_sort(manifest->files, by_path);
	return g_steal_pointer(&manifest);
}

static bool put(GOutputStream *out, const void *data, gsize len, GCancellable *cancel, GError **error)
{
	return g_output_stream_write_all(out, data, len, NULL, cancel, error);
}

static bool put_header(GOutputStream *out, const char *name, guint64 size, GCancellable *cancel,
		       GError **error)
{
	TarMember member = { .size = size };
	guint8 block[TAR_BLOCK];

	g_strlcpy(member.name, name, sizeof(member.name));
	tar_header(&member, block);
	return put(out, block, sizeof(block), cancel, error);
}

static bool put_padding(GOutputStream *out, guint64 size, GCancellable *cancel, GError **error)
{
	static const guint8 zeroes[TAR_BLOCK];

	return put(out, zeroes, tar_padding(size), cancel, error);
}

static bool put_object(GOutputStream *out, const PackFile *file, GCancellable *cancel, GError **error)
{
	g_autofree char *name = g_strconcat("objects/", file->sha256, NULL);
	g_autoptr(GMappedFile) mapped = g_mapped_file_new(file->from, FALSE, error);

	if (!mapped)
		return false;
	const char *data = g_mapped_file_get_contents(mapped);
	gsize len = g_mapped_file_get_length(mapped);
	g_autofree char *sum = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)data, len);
	if (strcmp(sum, file->sha256) != 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s changed while it was packed; pack again",
			    file->from);
		return false;
	}
	return put_header(out, name, len, cancel, error) && put(out, data ? data : "", len, cancel, error) &&
	       put_padding(out, len, cancel, error);
}

static bool put_all(GOutputStream *out, const Manifest *manifest, const char *text,
		    GCancellable *cancel, GError **error)
{
	static const guint8 end[2 * TAR_BLOCK];
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	if (!put_header(out, "manifest.json", strlen(text), cancel, error) ||
	    !put(out, text, strlen(text), cancel, error) ||
	    !put_padding(out, strlen(text), cancel, error))
		return false;
	for (guint i = 0; i < manifest->files->len; i++) {
		const PackFile *file = g_ptr_array_index(manifest->files, i);

		if (g_hash_table_add(seen, file->sha256) && !put_object(out, file, cancel, error))
			return false;
	}
	return put(out, end, sizeof(end), cancel, error) && g_output_stream_close(out, cancel, error);
}

/* Under another name until it is whole. */
static bool write_whole(const Manifest *manifest, const char *text, const char *path,
			GCancellable *cancel, GError **error)
{
	g_autofree char *part = g_strconcat(path, ".XXXXXX", NULL);
	int fd = g_mkstemp_full(part, O_WRONLY | O_CLOEXEC, 0644);

	if (fd < 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, g_strerror(errno));
		return false;
	}
	g_autoptr(GOutputStream) file = g_unix_output_stream_new(fd, TRUE);
	g_autoptr(GZlibCompressor) gzip = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, GZIP_LEVEL);
	g_autoptr(GOutputStream) out = g_converter_output_stream_new(file, G_CONVERTER(gzip));
	if (put_all(out, manifest, text, cancel, error) && g_rename(part, path) == 0)
		return true;
	if (error && !*error)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", path, g_strerror(errno));
	else
		g_prefix_error(error, "%s: ", path);
	g_unlink(part);
	return false;
}

bool pack_write(const Selection *selection, const char *path, GCancellable *cancel,
		Manifest **ret, char **ret_address, GError **error)
{
	g_autoptr(GPtrArray) snapshots = NULL;

	if (!file_replaceable(path, error) ||
	    !park_all(selection, NULL, false, cancel, NULL, NULL, &snapshots, error))
		return false;
	g_autoptr(Manifest) manifest = collect(selection, snapshots, error);
	g_autofree char *text = manifest ? manifest_json(manifest) : NULL;
	if (!text || !write_whole(manifest, text, path, cancel, error))
		return false;
	*ret_address = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	*ret = g_steal_pointer(&manifest);
	return true;
}
