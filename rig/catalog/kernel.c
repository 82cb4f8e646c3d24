// SPDX-License-Identifier: GPL-2.0-only
#include "catalog/kernel.h"

#include <string.h>

#include "catalog/feature.h"
#include "catalog/invariant.h"
#include "util/child.h"
#include "util/error.h"
#include "util/json.h"
#include "util/keyfile.h"
#include "util/name.h"
#include "util/paths.h"

Kernel *kernel_new(void)
{
	Kernel *kernel = g_new0(Kernel, 1);

	kernel->ref_count = 1;
	return kernel;
}

Kernel *kernel_ref(Kernel *kernel)
{
	g_atomic_int_inc(&kernel->ref_count);
	return kernel;
}

void kernel_free(Kernel *kernel)
{
	if (!kernel || !g_atomic_int_dec_and_test(&kernel->ref_count))
		return;
	g_free(kernel->name);
	g_free(kernel->title);
	g_free(kernel->kind);
	g_free(kernel->breaks);
	g_strfreev(kernel->has);
	g_strfreev(kernel->excuses);
	g_free(kernel->map_flags);
	g_free(kernel->expected_on);
	g_free(kernel->key);
	g_free(kernel->dir);
	g_free(kernel->release);
	g_free(kernel->source);
	g_free(kernel->patches);
	g_free(kernel->config_sha256);
	origin_deinit(&kernel->origin);
	g_free(kernel->tree);
	g_free(kernel->guest);
	g_free(kernel->emulator);
	g_free(kernel);
}

char *kernel_file(const Kernel *kernel, const char *name)
{
	return g_build_filename(kernel->dir, name, NULL);
}

bool kernel_is_newer(const Kernel *kernel)
{
	return kernel->release && kernel->expected_on &&
	       strverscmp(kernel->release, kernel->expected_on) > 0;
}

char **kernel_source_roots(const char *dir, const char *tree)
{
	g_autofree char *beside = g_path_get_dirname(tree);
	char **roots = g_new0(char *, 4);

	roots[0] = g_build_filename(dir, "src", NULL);
	roots[1] = g_build_filename(beside, "pristine", NULL);
	roots[2] = g_strdup(tree);
	return roots;
}

/* Ours, or else the user's own; *@ret_own says which.  NULL: there is none.  Of NAME@BASE, NAME's. */
static char *descriptor_path(const char *name, bool *ret_own)
{
	g_autofree char *plain = g_strndup(name, strcspn(name, "@"));
	g_autofree char *base = g_strconcat(plain, ".kernel", NULL);
	g_autofree char *relative = g_build_filename("guest-kernel", "kernels", base, NULL);
	g_autofree char *below = g_build_filename("kernels", base, NULL);
	g_autofree char *ours = paths_in_data(relative), *own = paths_in_cache(below);

	*ret_own = !g_file_test(ours, G_FILE_TEST_EXISTS);
	if (*ret_own && !g_file_test(own, G_FILE_TEST_EXISTS))
		return NULL;
	return *ret_own ? g_steal_pointer(&own) : g_steal_pointer(&ours);
}

bool kernel_exists(const char *name)
{
	const char *at = strchr(name, '@');
	bool own;

	if (!name_is(NAME_KERNEL, name))
		return false;
	g_autofree char *path = descriptor_path(name, &own);
	g_autofree char *base = at ? descriptor_path(at + 1, &own) : g_strdup("");
	return path && base;
}

/* What breaks what: mutants do, and they must say it. */
static bool read_breaks(Kernel *kernel, GKeyFile *keys, const char *path, GError **error)
{
	kernel->breaks = g_key_file_get_string(keys, "kernel", "breaks", NULL);
	if (strcmp(kernel->kind, "mutant") != 0) {
		if (!kernel->breaks)
			return true;
		keyfile_error(error, path, "kernel", "breaks", "only a mutant breaks an invariant");
		return false;
	}
	if (!kernel->breaks)
		return keyfile_string(keys, path, "kernel", "breaks", error) != NULL;
	if (invariant_exists(kernel->breaks))
		return true;
	g_autofree char *shown = name_shown(kernel->breaks);
	keyfile_error(error, path, "kernel", "breaks", "no invariant '%s' (racerig list has them)", shown);
	return false;
}

static bool read_map_flags(Kernel *kernel, GKeyFile *keys, const char *path, GError **error)
{
	guint64 flags;

	kernel->map_flags = g_key_file_get_string(keys, "kernel", "map_flags", NULL);
	if (!kernel->map_flags ||
	    (g_str_has_prefix(kernel->map_flags, "0x") &&
	     g_ascii_string_to_unsigned(kernel->map_flags + 2, 16, 0, G_MAXUINT32, &flags, NULL)))
		return true;
	g_autofree char *shown = name_shown(kernel->map_flags);
	keyfile_error(error, path, "kernel", "map_flags", "'%s' is no number as in 0x80000", shown);
	return false;
}

/* "7.3.4": numbers with dots between them. */
static bool read_expected_on(Kernel *kernel, GKeyFile *keys, const char *path, GError **error)
{
	kernel->expected_on = g_key_file_get_string(keys, "kernel", "expected_on", NULL);
	if (!kernel->expected_on || strspn(kernel->expected_on, "0123456789.") ==
					    strlen(kernel->expected_on))
		return true;
	g_autofree char *shown = name_shown(kernel->expected_on);
	keyfile_error(error, path, "kernel", "expected_on", "'%s' is no release as in 7.3.4", shown);
	return false;
}

static bool read_excuses(Kernel *kernel, GKeyFile *keys, const char *path, GError **error)
{
	if (!keyfile_names(keys, path, "kernel", "excuses", NAME_FEATURE, &kernel->excuses, error))
		return false;
	for (char **token = kernel->excuses; token && *token; token++) {
		if (invariant_excuse_exists(*token))
			continue;
		keyfile_error(error, path, "kernel", "excuses",
			      "no invariant has an exception '%s' for kernels (racerig list has them)",
			      *token);
		return false;
	}
	return true;
}

bool kernel_excuses(const Kernel *kernel, const char *token)
{
	return kernel->excuses && g_strv_contains((const char *const *)kernel->excuses, token);
}

static bool read_descriptor(Kernel *kernel, GError **error)
{
	static const char *const groups[] = { "kernel", NULL };
	static const char *const ours[] = { "title", "kind", "source", "patches", "breaks", "has",
					    "map_flags", "expected_on", "excuses", NULL };
	/* guest-kernel/build writes these, of what the user named. */
	static const char *const own[] = { "title", "kind", "source", "patches", "has", "map_flags",
					   "excuses", "tree", "fragments", "cc", "llvm", "ram",
					   "image", "vmlinux", "config", "headers", "packed", NULL };
	static const char *const kinds[] = { "stock", "variant", "mutant", NULL };
	bool is_own;
	g_autofree char *path = descriptor_path(kernel->name, &is_own);

	if (!path) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "no kernel '%s'", kernel->name);
		return false;
	}
	g_autoptr(GKeyFile) keys = keyfile_load(path, error);
	if (!keys || !keyfile_only_groups(keys, path, groups, error) ||
	    !keyfile_only_keys(keys, path, "kernel", is_own ? own : ours, error) ||
	    !(kernel->title = keyfile_string(keys, path, "kernel", "title", error)) ||
	    !(kernel->kind = keyfile_string(keys, path, "kernel", "kind", error)) ||
	    !feature_words(keys, path, "kernel", "has", &kernel->has, error) ||
	    !read_excuses(kernel, keys, path, error) ||
	    !read_map_flags(kernel, keys, path, error) ||
	    !read_expected_on(kernel, keys, path, error) || !read_breaks(kernel, keys, path, error))
		return false;
	if (is_own ? strcmp(kernel->kind, "own") == 0 : g_strv_contains(kinds, kernel->kind))
		return true;
	keyfile_error(error, path, "kernel", "kind", "write %s",
		      is_own ? "own" : "stock, variant or mutant");
	return false;
}

static bool read_build(Kernel *kernel, GError **error)
{
	enum { MAX_RAM_MIB = 65536 };
	g_autofree char *compiler = NULL;
	struct {
		const char *member;
		char **field;
	} fields[] = {
		{ "release", &kernel->release }, { "source", &kernel->source },
		{ "patches", &kernel->patches }, { "config_sha256", &kernel->config_sha256 },
		{ "compiler", &compiler }, { "tree", &kernel->tree },
	};
	g_autofree char *relative = g_build_filename("builds", kernel->key, NULL);

	kernel->dir = paths_in_cache(relative);
	g_autofree char *path = kernel_file(kernel, "kernel.json");
	g_autoptr(JsonObject) object = json_load(path, FILE_NAMED, error);
	Json json = { object, path };
	gint64 ram_mib;

	if (!object || !json_int(&json, "ram_mib", 1, MAX_RAM_MIB, &ram_mib, error))
		return false;
	kernel->ram_mib = ram_mib;
	for (gsize i = 0; i < G_N_ELEMENTS(fields); i++) {
		const char *text = "";

		if (!json_maybe_string(&json, fields[i].member, &text, error))
			return false;
		*fields[i].field = g_strdup(text);
	}
	return origin_read(kernel->dir, compiler, &kernel->origin, error);
}

/* With what it came in its pack. */
static bool read_packed(Kernel *kernel, GError **error)
{
	g_autofree char *relative = g_build_filename("packed", kernel->name, NULL);
	g_autofree char *path = paths_in_cache(relative);
	g_autoptr(GKeyFile) keys = keyfile_load(path, error);
	g_autofree char *guest = keys ? keyfile_string(keys, path, "packed", "guest", error) : NULL;

	if (!guest || !name_check(NAME_KEY, guest, path, error))
		return false;
	g_autofree char *below = g_build_filename("guests", guest, NULL);
	kernel->guest = paths_in_cache(below);
	kernel->emulator = keyfile_string(keys, path, "packed", "emulator", error);
	return kernel->emulator != NULL;
}

static Kernel *parse_status(const char *line, GError **error)
{
	g_autoptr(Kernel) kernel = kernel_new();
	g_auto(GStrv) words = g_strsplit(line, " ", 3);
	guint n = g_strv_length(words);

	if (n < 2 || (n == 3 && strcmp(words[2], "packed") != 0)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "guest-kernel/build says '%s'", line);
		return NULL;
	}
	kernel->name = g_strdup(words[0]);
	if (!name_check(NAME_KERNEL, words[0], NULL, error) || !read_descriptor(kernel, error))
		return NULL;
	if (strcmp(words[1], "-") != 0) {
		if (!name_check(NAME_KEY, words[1], line, error))
			return NULL;
		kernel->key = g_strdup(words[1]);
		if (!read_build(kernel, error) || (n == 3 && !read_packed(kernel, error)))
			return NULL;
	}
	return g_steal_pointer(&kernel);
}

/* What guest-kernel/build says to @option and @name, which may be NULL; the caller's. */
static char *ask_build(const char *option, const char *name, GError **error)
{
	g_autofree char *build = paths_in_data("guest-kernel/build");
	const char *argv[] = { build, option, name, NULL };
	g_autofree char *out = NULL, *errors = NULL;
	int status;

	if ((name && !name_check(NAME_KERNEL, name, NULL, error)) ||
	    !child_run(argv, 0, &out, &errors, &status, error))
		return NULL;
	if (!status)
		return g_strchomp(g_steal_pointer(&out));
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s", g_strchomp(errors));
	return NULL;
}

void kernel_recipe_deinit(KernelRecipe *recipe)
{
	g_clear_pointer(&recipe->source, g_free);
	g_clear_pointer(&recipe->compiler, g_free);
	g_clear_pointer(&recipe->image, g_free);
	g_clear_pointer(&recipe->ram, g_free);
}

/* Two lines: "source NAME" and a compiler's, or "image KEY" and "ram MIB". */
bool kernel_recipe(const char *name, KernelRecipe *ret, GError **error)
{
	g_autofree char *said = ask_build("--recipe", name, error);
	g_auto(GStrv) lines = said ? g_strsplit(said, "\n", 2) : NULL;

	if (!lines)
		return false;
	if (g_strv_length(lines) == 2 && g_str_has_prefix(lines[0], "source ")) {
		ret->source = g_strdup(lines[0] + strlen("source "));
		ret->compiler = g_strdup(lines[1]);
		return true;
	}
	if (g_strv_length(lines) == 2 && g_str_has_prefix(lines[0], "image ") &&
	    g_str_has_prefix(lines[1], "ram")) {
		ret->image = g_strdup(lines[0] + strlen("image "));
		ret->ram = g_strchug(g_strdup(lines[1] + strlen("ram")));
		return true;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "guest-kernel/build says '%s' of %s", said, name);
	return false;
}

char *kernel_guest_file(const Kernel *kernel, const char *name)
{
	return kernel->guest ? g_build_filename(kernel->guest, name, NULL) : paths_guest(name);
}

/* All there are, or @name only. */
static GPtrArray *list(const char *name, GError **error)
{
	g_autofree char *out = ask_build("--status", name, error);

	if (!out)
		return NULL;
	g_auto(GStrv) lines = g_strsplit(out, "\n", -1);
	g_autoptr(GPtrArray) kernels =
		g_ptr_array_new_with_free_func((GDestroyNotify)kernel_free);
	for (char **line = lines; *line; line++) {
		Kernel *kernel = parse_status(*line, error);
		if (!kernel)
			return NULL;
		g_ptr_array_add(kernels, kernel);
	}
	return g_steal_pointer(&kernels);
}

GPtrArray *kernel_list(GError **error)
{
	return list(NULL, error);
}

int kernel_index(const GPtrArray *kernels, const char *name, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	if (!name_check(NAME_KERNEL, name, NULL, error))
		return -1;
	for (guint i = 0; i < kernels->len; i++) {
		const Kernel *kernel = g_ptr_array_index(kernels, i);

		g_string_append_printf(known, " %s", kernel->name);
		if (strcmp(kernel->name, name) != 0)
			continue;
		if (kernel->key)
			return i;
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
			    "kernel '%s' is not built; run: racerig kernel build %s", name, name);
		return -1;
	}
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "no kernel '%s' (there are:%s)", name,
		    known->str);
	return -1;
}

Kernel *kernel_find(const char *name, GError **error)
{
	g_autoptr(GPtrArray) kernels = list(name, error);
	int index = kernels ? kernel_index(kernels, name, error) : -1;

	return index < 0 ? NULL : g_ptr_array_steal_index(kernels, index);
}
