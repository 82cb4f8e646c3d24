// SPDX-License-Identifier: GPL-2.0-only
/* A pack is a stranger's: what it says is checked before a byte of it is where anybody looks. */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "config.h"
#include "suite/pack.h"
#include "util/error.h"
#include "util/host.h"
#include "util/name.h"
#include "util/paths.h"
#include "util/sum.h"
#include "util/tar.h"
#include "util/tree.h"

enum { CHUNK_BYTES = 1 << 16, MAX_MANIFEST_BYTES = 128 << 20 };

typedef struct {
	const char *path;
	GInputStream *in;
	GCancellable *cancel;
	char *staged;		/* the folder where contents wait, by their SHA-256 */
	GHashTable *wanted;	/* SHA-256 -> PackFile */
	GHashTable *found;	/* set of SHA-256 */
} Unpack;

static void unpack_deinit(Unpack *unpack)
{
	g_clear_object(&unpack->in);
	g_clear_pointer(&unpack->wanted, g_hash_table_unref);
	g_clear_pointer(&unpack->found, g_hash_table_unref);
	if (unpack->staged)
		tree_remove(unpack->staged, NULL);
	g_clear_pointer(&unpack->staged, g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Unpack, unpack_deinit)

static bool fail(const Unpack *unpack, const char *what, const char *which, GError **error)
{
	g_autofree char *shown = which ? name_shown(which) : g_strdup("");

	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s%s%s", unpack->path, what,
		    which ? " " : "", shown);
	return false;
}

static bool get(const Unpack *unpack, void *data, gsize len, GError **error)
{
	gsize got;

	if (!g_input_stream_read_all(unpack->in, data, len, &got, unpack->cancel, error)) {
		g_prefix_error(error, "%s: ", unpack->path);
		return false;
	}
	return got == len || fail(unpack, "it is cut off; fetch it again", NULL, error);
}

static bool skip_padding(const Unpack *unpack, guint64 size, GError **error)
{
	guint8 rest[TAR_BLOCK];

	return get(unpack, rest, tar_padding(size), error);
}

static bool open_pack(Unpack *unpack, GError **error)
{
	g_autoptr(GZlibDecompressor) gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
	g_autoptr(GFile) file = g_file_new_for_path(unpack->path);
	g_autoptr(GFileInputStream) stream = NULL;

	/* A FIFO would be waited for. */
	if (!g_file_test(unpack->path, G_FILE_TEST_IS_REGULAR))
		return fail(unpack, "no regular file", NULL, error);
	stream = g_file_read(file, unpack->cancel, error);
	if (!stream)
		return false;
	unpack->in = g_converter_input_stream_new(G_INPUT_STREAM(stream), G_CONVERTER(gzip));
	return true;
}

static Manifest *read_manifest(const Unpack *unpack, char **ret_address, GError **error)
{
	g_autofree char *where = g_strconcat(unpack->path, ": manifest.json", NULL);
	guint8 block[TAR_BLOCK];
	TarMember member;

	if (!get(unpack, block, sizeof(block), error) || !tar_parse(block, unpack->path, &member, error))
		return NULL;
	if (strcmp(member.name, "manifest.json") != 0 || member.size > MAX_MANIFEST_BYTES) {
		fail(unpack, "no pack of racerig's: it does not begin with a manifest", NULL, error);
		return NULL;
	}
	g_autofree char *text = g_malloc(member.size + 1);
	if (!get(unpack, text, member.size, error) || !skip_padding(unpack, member.size, error))
		return NULL;
	text[member.size] = '\0';
	*ret_address = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (guchar *)text, member.size);
	return manifest_parse(text, member.size, where, error);
}

/* Whether it is for such a machine and rig as this; its emulator is looked at by who needs it. */
static bool fits(const Unpack *unpack, const Manifest *manifest, const char *wanted,
		 const char *address, GError **error)
{
	const char *machine = host_machine();
	g_autofree char *made = name_shown(manifest->machine), *version = name_shown(manifest->version);

	if (wanted && strcmp(wanted, address) != 0)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: it is pack %s, and not %s", unpack->path,
			    address, wanted);
	else if (strcmp(manifest->machine, machine) != 0)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: it is for machines of %s, this is %s",
			    unpack->path, made, machine);
	else if (strcmp(manifest->version, RACERIG_VERSION) != 0)
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "%s: racerig %s packed it, this is %s; give all machines one", unpack->path,
			    version, RACERIG_VERSION);
	else
		return true;
	return false;
}

static bool write_all(int fd, const guint8 *data, gsize len)
{
	while (len) {
		ssize_t done = write(fd, data, len);

		if (done < 0 && errno != EINTR)
			return false;
		data += MAX(done, 0);
		len -= MAX(done, 0);
	}
	return true;
}

/* The content of a member as a file, with its sum. */
static bool stage_content(const Unpack *unpack, int fd, const char *target, const PackFile *file,
			  GError **error)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 chunk[CHUNK_BYTES];

	for (guint64 left = file->size; left;) {
		gsize len = MIN(left, sizeof(chunk));

		if (!get(unpack, chunk, len, error))
			return false;
		if (!write_all(fd, chunk, len)) {
			g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", target, g_strerror(errno));
			return false;
		}
		g_checksum_update(sum, chunk, len);
		left -= len;
	}
	return strcmp(g_checksum_get_string(sum), file->sha256) == 0 ||
	       fail(unpack, "damaged: its contents are not what it says of", file->path, error);
}

static bool stage(const Unpack *unpack, const TarMember *member, GError **error)
{
	const char *sum = g_str_has_prefix(member->name, "objects/") ? member->name + strlen("objects/") : "";
	const PackFile *file = g_hash_table_lookup(unpack->wanted, sum);

	if (!file)
		return fail(unpack, "its manifest knows no member", member->name, error);
	if (member->size != file->size)
		return fail(unpack, "its manifest says another size of", file->path, error);
	if (!g_hash_table_add(unpack->found, file->sha256))
		return fail(unpack, "there twice:", member->name, error);
	g_autofree char *target = g_build_filename(unpack->staged, file->sha256, NULL);
	int fd = open(target, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", target, g_strerror(errno));
		return false;
	}
	bool ok = stage_content(unpack, fd, target, file, error);
	/* A disk that is full may say so only now. */
	if (close(fd) && ok) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", target, g_strerror(errno));
		return false;
	}
	return ok && skip_padding(unpack, member->size, error);
}

static bool stage_all(Unpack *unpack, const Manifest *manifest, GError **error)
{
	guint8 block[TAR_BLOCK];
	TarMember member;

	for (guint i = 0; i < manifest->files->len; i++) {
		PackFile *file = g_ptr_array_index(manifest->files, i);
		const PackFile *same = g_hash_table_lookup(unpack->wanted, file->sha256);

		if (same && same->size != file->size)
			return fail(unpack, "its manifest says two sizes of", file->path, error);
		g_hash_table_insert(unpack->wanted, file->sha256, file);
	}
	for (;;) {
		if (!get(unpack, block, sizeof(block), error))
			return false;
		if (tar_is_end(block))
			break;
		if (!tar_parse(block, unpack->path, &member, error) || !stage(unpack, &member, error))
			return false;
	}
	for (guint i = 0; i < manifest->files->len; i++) {
		const PackFile *file = g_ptr_array_index(manifest->files, i);

		if (!g_hash_table_contains(unpack->found, file->sha256))
			return fail(unpack, "it lacks", file->path, error);
	}
	return true;
}

static guint64 big_endian(const guint8 *bytes, gsize len)
{
	guint64 value = 0;

	for (gsize i = 0; i < len; i++)
		value = value << 8 | bytes[i];
	return value;
}

/*
 * A disk may name other files of the host, which QEMU would open and the guest read: as its backing
 * file, or as where its data is (QEMU, docs/interop/qcow2.txt).  A snapshot of ours is alone.
 */
static bool is_alone(const Unpack *unpack, const PackFile *file, GError **error)
{
	enum { MAGIC = 0, VERSION = 4, BACKING = 8, BACKING_SIZE = 16, FEATURES = 72, HEADER_BYTES = 80 };
	g_autofree char *staged = g_build_filename(unpack->staged, file->sha256, NULL);
	guint8 header[HEADER_BYTES] = { 0 };
	int fd = open(staged, O_RDONLY | O_CLOEXEC);
	bool whole = fd >= 0 && pread(fd, header, sizeof(header), 0) == sizeof(header);

	if (fd >= 0)
		close(fd);
	return (whole && memcmp(header + MAGIC, "QFI\xfb", 4) == 0 &&
		big_endian(header + VERSION, 4) == 3 && !big_endian(header + BACKING, 8) &&
		!big_endian(header + BACKING_SIZE, 4) && !big_endian(header + FEATURES, 8)) ||
	       fail(unpack, "no snapshot, or one that needs other files:", file->path, error);
}

/* Whether @file may go where it belongs: nothing is there, or the same. */
static bool is_free(const PackFile *file, bool *ret_there, GError **error)
{
	g_autofree char *target = paths_in_cache(file->path);

	*ret_there = g_file_test(target, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK);
	if (!*ret_there)
		return true;
	g_autofree char *sum = sum_of_file(target, NULL, error);
	if (!sum)
		return false;
	if (strcmp(sum, file->sha256) == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "%s is there already, and is another one than the pack's; remove it, or unpack into "
		    "another XDG_CACHE_HOME", target);
	return false;
}

/* Files by which a kernel or a snapshot counts as there come when all else is. */
static bool is_last(const PackFile *file)
{
	return g_str_has_suffix(file->path, "/kernel.json");
}

static bool place(const Unpack *unpack, const PackFile *file, GError **error)
{
	g_autofree char *staged = g_build_filename(unpack->staged, file->sha256, NULL);
	g_autofree char *target = paths_in_cache(file->path), *dir = g_path_get_dirname(target);
	g_autofree char *sum = g_strconcat(target, ".sha256", NULL);
	g_autofree char *line = g_strconcat(file->sha256, "\n", NULL);
	bool is_snapshot = g_str_has_prefix(file->path, "snapshots/"), there;

	if (!is_free(file, &there, error) || (there && !is_snapshot))
		return there;
	/* A second name: the same contents may belong in several places. */
	if (g_mkdir_with_parents(dir, 0755) == 0 &&
	    (!is_snapshot || g_file_set_contents(sum, line, -1, NULL)) &&
	    (there || link(staged, target) == 0))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", target, g_strerror(errno));
	return false;
}

static bool place_all(const Unpack *unpack, const Manifest *manifest, GError **error)
{
	bool there;

	for (guint i = 0; i < manifest->files->len; i++) {
		const PackFile *file = g_ptr_array_index(manifest->files, i);

		if ((g_str_has_prefix(file->path, "snapshots/") && !is_alone(unpack, file, error)) ||
		    !is_free(file, &there, error))
			return false;
	}
	for (int last = 0; last < 2; last++)
		for (guint i = 0; i < manifest->files->len; i++) {
			const PackFile *file = g_ptr_array_index(manifest->files, i);

			if (is_last(file) == (last == 1) && !place(unpack, file, error))
				return false;
		}
	return true;
}

static bool save_keys(GKeyFile *keys, const char *folder, const char *name, GError **error)
{
	g_autofree char *dir = paths_in_cache(folder);
	g_autofree char *path = g_build_filename(dir, name, NULL);

	if (g_mkdir_with_parents(dir, 0755) == 0)
		return g_key_file_save_to_file(keys, path, error);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", dir, g_strerror(errno));
	return false;
}

/* Nobody's kernel is replaced but one that came in a pack, too. */
static bool names_are_free(const Unpack *unpack, const Manifest *manifest, GError **error)
{
	for (guint i = 0; i < manifest->kernels->len; i++) {
		const PackKernel *kernel = g_ptr_array_index(manifest->kernels, i);
		g_autoptr(GKeyFile) known = g_key_file_new();
		g_autofree char *name = g_strconcat(kernel->name, ".kernel", NULL);
		g_autofree char *relative = g_build_filename("kernels", name, NULL);
		g_autofree char *path = paths_in_cache(relative);
		g_autofree char *below = g_build_filename("guest-kernel", relative, NULL);
		g_autofree char *ours = paths_in_data(below);

		if (kernel->image && g_file_test(ours, G_FILE_TEST_EXISTS))
			return fail(unpack, "racerig has a kernel that is called", kernel->name, error);
		if (kernel->image && g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK) &&
		    (!g_key_file_load_from_file(known, path, G_KEY_FILE_NONE, NULL) ||
		     !g_key_file_has_key(known, "kernel", "packed", NULL)))
			return fail(unpack, "this machine has a kernel of its own that is called",
				    kernel->name, error);
	}
	return true;
}

/* What is a user's own there is one here, without the places that only that machine has. */
static bool describe_own(const PackKernel *kernel, GError **error)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autofree char *name = g_strconcat(kernel->name, ".kernel", NULL);

	g_key_file_set_string(keys, "kernel", "title", kernel->title);
	g_key_file_set_string(keys, "kernel", "kind", "own");
	g_key_file_set_string(keys, "kernel", "packed", kernel->image);
	if (*kernel->ram)
		g_key_file_set_string(keys, "kernel", "ram", kernel->ram);
	if (kernel->map_flags)
		g_key_file_set_string(keys, "kernel", "map_flags", kernel->map_flags);
	if (kernel->has)
		g_key_file_set_string_list(keys, "kernel", "has", (const char *const *)kernel->has,
					   g_strv_length(kernel->has));
	if (kernel->excuses)
		g_key_file_set_string_list(keys, "kernel", "excuses",
					   (const char *const *)kernel->excuses,
					   g_strv_length(kernel->excuses));
	return save_keys(keys, "kernels", name, error);
}

/* packed/NAME, for guest-kernel/packed and catalog/kernel. */
static bool describe(const Manifest *manifest, GError **error)
{
	for (guint i = 0; i < manifest->kernels->len; i++) {
		const PackKernel *kernel = g_ptr_array_index(manifest->kernels, i);
		g_autoptr(GKeyFile) keys = g_key_file_new();

		if (kernel->source) {
			g_key_file_set_string(keys, "packed", "source", kernel->source);
			g_key_file_set_string(keys, "packed", "compiler", kernel->compiler);
		} else if (!describe_own(kernel, error)) {
			return false;
		}
		g_key_file_set_string(keys, "packed", "guest", manifest->guest);
		g_key_file_set_string(keys, "packed", "emulator", manifest->emulator);
		if (!save_keys(keys, "packed", kernel->name, error))
			return false;
	}
	return true;
}

static bool make_staged(Unpack *unpack, GError **error)
{
	g_autofree char *packed = paths_in_cache("packed");

	if (g_mkdir_with_parents(packed, 0755) == 0) {
		unpack->staged = g_build_filename(packed, ".new-XXXXXX", NULL);
		if (g_mkdtemp(unpack->staged))
			return true;
	}
	g_clear_pointer(&unpack->staged, g_free);
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: %s", packed, g_strerror(errno));
	return false;
}

bool pack_read(const char *path, const char *address, GCancellable *cancel, Manifest **ret,
	       char **ret_address, GError **error)
{
	g_auto(Unpack) unpack = { .path = path, .cancel = cancel };
	g_autofree char *found = NULL;

	unpack.wanted = g_hash_table_new(g_str_hash, g_str_equal);
	unpack.found = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(Manifest) manifest = open_pack(&unpack, error) ? read_manifest(&unpack, &found, error)
								  : NULL;
	if (!manifest || !fits(&unpack, manifest, address, found, error) ||
	    !names_are_free(&unpack, manifest, error) || !make_staged(&unpack, error) ||
	    !stage_all(&unpack, manifest, error) || !place_all(&unpack, manifest, error) ||
	    !describe(manifest, error))
		return false;
	*ret = g_steal_pointer(&manifest);
	*ret_address = g_steal_pointer(&found);
	return true;
}
