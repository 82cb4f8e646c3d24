// SPDX-License-Identifier: GPL-2.0-only
#include "suite/manifest.h"

#include <json-glib/json-glib.h>
#include <string.h>

#include "util/error.h"
#include "util/json.h"
#include "util/tar.h"

enum { VERSION = 1, SHA256_DIGITS = 64, KEY_DIGITS = 16, MAX_PART = 127, MAX_PARTS = 16 };
enum { MAX_KERNELS = 1000, MAX_FILES = 1000000, MAX_TEXT = 4096 };

Manifest *manifest_new(void)
{
	Manifest *manifest = g_new0(Manifest, 1);

	manifest->kernels = g_ptr_array_new_with_free_func(pack_kernel_free);
	manifest->files = g_ptr_array_new_with_free_func(pack_file_free);
	return manifest;
}

void manifest_free(Manifest *manifest)
{
	if (!manifest)
		return;
	g_free(manifest->version);
	g_free(manifest->machine);
	g_free(manifest->emulator);
	g_free(manifest->guest);
	g_ptr_array_unref(manifest->kernels);
	g_ptr_array_unref(manifest->files);
	g_free(manifest);
}

void pack_file_free(gpointer data)
{
	PackFile *file = data;

	g_free(file->path);
	g_free(file->from);
	g_free(file->sha256);
	g_free(file);
}

void pack_kernel_free(gpointer data)
{
	PackKernel *kernel = data;

	g_free(kernel->name);
	g_free(kernel->key);
	g_free(kernel->source);
	g_free(kernel->compiler);
	g_free(kernel->image);
	g_free(kernel->ram);
	g_free(kernel->title);
	g_free(kernel->map_flags);
	g_strfreev(kernel->has);
	g_strfreev(kernel->excuses);
	g_free(kernel);
}

/* Of a file in a kernel's source: no dots in front, and nothing that a shell or a path reads. */
static bool is_part(const char *part)
{
	gsize len = strlen(part);

	return len && len <= MAX_PART && *part != '.' && *part != '-' &&
	       strspn(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+,@=~-") == len;
}

static bool is_hex(const char *text, gsize digits)
{
	return name_is(NAME_KEY, text) && strlen(text) == digits;
}

static bool is_sum(const char *text)
{
	return is_hex(text, SHA256_DIGITS);
}

/* builds/KEY/FILE, builds/KEY/src/… */
static bool is_of_build(char **parts, guint n)
{
	static const char *const files[] = { "bzImage", "vmlinux", "config", "kernel.json", "kfuncs.cpio",
					     "racerig_kfuncs.ko", "origin.json", NULL };

	if (n < 3 || n > MAX_PARTS || !name_is(NAME_KEY, parts[1]))
		return false;
	if (n == 3)
		return g_strv_contains(files, parts[2]);
	for (guint i = 3; i < n; i++)
		if (!is_part(parts[i]))
			return false;
	return strcmp(parts[2], "src") == 0;
}

bool manifest_is_path(const char *path)
{
	static const char *const guest[] = { "init", "init.cpio", NULL };
	g_auto(GStrv) parts = g_strsplit(path, "/", MAX_PARTS + 1);
	guint n = g_strv_length(parts);

	if (n >= 3 && strcmp(parts[0], "builds") == 0)
		return is_of_build(parts, n);
	if (n == 3 && strcmp(parts[0], "guests") == 0)
		return is_sum(parts[1]) && g_strv_contains(guest, parts[2]);
	if (n != 2 || strcmp(parts[0], "snapshots") != 0 || !g_str_has_suffix(parts[1], ".qcow2"))
		return false;
	parts[1][strlen(parts[1]) - strlen(".qcow2")] = '\0';
	return is_hex(parts[1], KEY_DIGITS);
}

static void add_names(JsonObject *object, const char *member, char **names)
{
	JsonArray *array = json_array_new();

	for (char **name = names; name && *name; name++)
		json_array_add_string_element(array, *name);
	json_object_set_array_member(object, member, array);
}

static JsonObject *kernel_json(const PackKernel *kernel)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "name", kernel->name);
	json_object_set_string_member(object, "key", kernel->key);
	if (!kernel->image) {
		json_object_set_string_member(object, "source", kernel->source);
		json_object_set_string_member(object, "compiler", kernel->compiler);
		return object;
	}
	json_object_set_string_member(object, "image", kernel->image);
	json_object_set_string_member(object, "ram", kernel->ram);
	json_object_set_string_member(object, "title", kernel->title);
	add_names(object, "has", kernel->has);
	add_names(object, "excuses", kernel->excuses);
	json_add_string(object, "map_flags", kernel->map_flags);
	return object;
}

char *manifest_json(const Manifest *manifest)
{
	g_autoptr(JsonNode) node = json_node_new(JSON_NODE_OBJECT);
	JsonObject *object = json_object_new();
	JsonArray *kernels = json_array_new(), *files = json_array_new();

	json_node_take_object(node, object);
	json_object_set_int_member(object, "racerig-pack", VERSION);
	json_object_set_string_member(object, "version", manifest->version);
	json_object_set_string_member(object, "machine", manifest->machine);
	json_object_set_string_member(object, "emulator", manifest->emulator);
	json_object_set_string_member(object, "guest", manifest->guest);
	json_object_set_array_member(object, "kernels", kernels);
	json_object_set_array_member(object, "files", files);
	for (guint i = 0; i < manifest->kernels->len; i++)
		json_array_add_object_element(kernels, kernel_json(g_ptr_array_index(manifest->kernels, i)));
	for (guint i = 0; i < manifest->files->len; i++) {
		const PackFile *file = g_ptr_array_index(manifest->files, i);
		JsonObject *one = json_object_new();

		json_object_set_string_member(one, "path", file->path);
		json_object_set_int_member(one, "size", file->size);
		json_object_set_string_member(one, "sha256", file->sha256);
		json_array_add_object_element(files, one);
	}
	g_autofree char *text = json_to_string(node, TRUE);
	return g_strconcat(text, "\n", NULL);
}

static bool wrong(const Json *json, const char *member, const char *what, GError **error)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: \"%s\" is no %s", json->name, member, what);
	return false;
}

/* A text of lines that can be printed. */
static bool read_text(const Json *json, const char *member, char **ret, GError **error)
{
	const char *text;

	if (!json_string(json, member, &text, error))
		return false;
	for (const char *c = text; *c; c++)
		if (((guchar)*c < ' ' && *c != '\n') || *c == 0x7f || c - text > MAX_TEXT)
			return wrong(json, member, "text", error);
	*ret = g_strdup(text);
	return true;
}

static bool read_names(const Json *json, const char *member, char ***ret, GError **error)
{
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	JsonArray *array;

	if (!json_array_of(json, member, 0, MAX_KERNELS, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		const char *name;

		if (!json_name_element(json, member, array, i, NAME_FEATURE, &name, error))
			return false;
		g_strv_builder_add(names, name);
	}
	*ret = json_array_get_length(array) ? g_strv_builder_end(names) : NULL;
	return true;
}

/* A user's own: what its descriptor here will say. */
static bool read_own(const Json *json, PackKernel *kernel, GError **error)
{
	const char *image, *flags = NULL;

	if (strchr(kernel->name, '@'))
		return wrong(json, "name", "name of one kernel", error);
	if (!json_name(json, "image", NAME_KEY, &image, error) ||
	    !read_text(json, "ram", &kernel->ram, error) ||
	    !read_text(json, "title", &kernel->title, error) ||
	    !read_names(json, "has", &kernel->has, error) ||
	    !read_names(json, "excuses", &kernel->excuses, error) ||
	    !json_maybe_string(json, "map_flags", &flags, error))
		return false;
	kernel->image = g_strdup(image);
	if (strspn(kernel->ram, "0123456789") != strlen(kernel->ram) || strlen(kernel->ram) > 5)
		return wrong(json, "ram", "number", error);
	if (!*kernel->title || strchr(kernel->title, '\n'))
		return wrong(json, "title", "line of text", error);
	if (flags && (strspn(flags, "0123456789abcdefx") != strlen(flags) || strlen(flags) > 18))
		return wrong(json, "map_flags", "number", error);
	kernel->map_flags = g_strdup(flags);
	return true;
}

static bool read_kernel(const Json *json, PackKernel *kernel, GError **error)
{
	const char *name, *key, *source;

	if (!json_name(json, "name", NAME_KERNEL, &name, error) ||
	    !json_name(json, "key", NAME_KEY, &key, error))
		return false;
	kernel->name = g_strdup(name);
	kernel->key = g_strdup(key);
	if (json_has(json, "image"))
		return read_own(json, kernel, error);
	if (!json_string(json, "source", &source, error) ||
	    !read_text(json, "compiler", &kernel->compiler, error))
		return false;
	kernel->source = g_strdup(source);
	/* An epoch has a colon. */
	g_autofree char *plain = g_strdelimit(g_strdup(source), ":", '.');
	return is_part(plain) || wrong(json, "source", "package and version", error);
}

static bool read_file(const Json *json, PackFile *file, GError **error)
{
	const char *path, *sum;
	gint64 size;

	if (!json_string(json, "path", &path, error) || !json_string(json, "sha256", &sum, error) ||
	    !json_int(json, "size", 0, TAR_MAX_SIZE, &size, error))
		return false;
	if (!manifest_is_path(path)) {
		g_autofree char *shown = name_shown(path);

		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: a pack has no file '%s'", json->name,
			    shown);
		return false;
	}
	if (!is_sum(sum))
		return wrong(json, "sha256", "SHA-256", error);
	*file = (PackFile){ g_strdup(path), NULL, g_strdup(sum), size };
	return true;
}

static bool read_kernels(Manifest *manifest, const Json *json, GError **error)
{
	JsonArray *array;

	if (!json_array_of(json, "kernels", 1, MAX_KERNELS, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		PackKernel *kernel = g_new0(PackKernel, 1);
		Json one;

		g_ptr_array_add(manifest->kernels, kernel);
		if (!json_element(json, "kernels", array, i, &one, error) ||
		    !read_kernel(&one, kernel, error))
			return false;
	}
	return true;
}

/* Sorted, so that none can be there twice. */
static bool read_files(Manifest *manifest, const Json *json, GError **error)
{
	const char *last = "";
	JsonArray *array;

	if (!json_array_of(json, "files", 1, MAX_FILES, &array, error))
		return false;
	for (guint i = 0; i < json_array_get_length(array); i++) {
		PackFile *file = g_new0(PackFile, 1);
		Json one;

		g_ptr_array_add(manifest->files, file);
		if (!json_element(json, "files", array, i, &one, error) || !read_file(&one, file, error))
			return false;
		if (strcmp(last, file->path) >= 0)
			return wrong(&one, "path", "later one than the one before it", error);
		last = file->path;
	}
	return true;
}

Manifest *manifest_parse(const char *text, gsize len, const char *where, GError **error)
{
	g_autoptr(JsonObject) object = json_parse(text, len, where, error);
	g_autoptr(Manifest) manifest = manifest_new();
	Json json = { object, where };
	const char *guest;
	gint64 version;

	if (!object || !json_int(&json, "racerig-pack", VERSION, VERSION, &version, error) ||
	    !read_text(&json, "version", &manifest->version, error) ||
	    !read_text(&json, "machine", &manifest->machine, error) ||
	    !read_text(&json, "emulator", &manifest->emulator, error) ||
	    !json_string(&json, "guest", &guest, error))
		return NULL;
	manifest->guest = g_strdup(guest);
	if (!is_sum(guest)) {
		wrong(&json, "guest", "SHA-256", error);
		return NULL;
	}
	return read_kernels(manifest, &json, error) && read_files(manifest, &json, error)
		       ? g_steal_pointer(&manifest) : NULL;
}
