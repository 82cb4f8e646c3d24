// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the fuzz targets share: rig/FOLDER/fuzz-WHAT.c beside what it feeds, for clang's libFuzzer.
 * Corpora are in fuzz/WHAT; `make check-fuzz` and `make fuzz` run them.
 *
 * A warning of GLib is a finding: it stands where another program would crash.
 */
#pragma once

#include <glib.h>
#include <glib/gstdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *fuzz_folder;
static unsigned fuzz_inputs_taken;

/* An input that is no error: where there is none, the corpus is of an older format (tests/fuzz). */
static inline void fuzz_taken(void)
{
	fuzz_inputs_taken++;
}

static inline void fuzz_say(void)
{
	g_printerr("fuzz: took %u\n", fuzz_inputs_taken);
}

static inline void fuzz_clean(void)
{
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", fuzz_folder);

	if (fuzz_folder && system(command))
		g_printerr("%s is left\n", fuzz_folder);
}

/* A private folder in memory, gone at the end. */
static inline const char *fuzz_private(void)
{
	if (!fuzz_folder) {
		fuzz_folder = g_strdup("/dev/shm/racerig-fuzz-XXXXXX");
		if (!g_mkdtemp(fuzz_folder))
			g_error("%s: no such folder can be made", fuzz_folder);
		atexit(fuzz_clean);
	}
	return fuzz_folder;
}

/* @data as the file @relative in it. */
static inline void fuzz_write(const char *relative, const uint8_t *data, size_t size)
{
	g_autofree char *path = g_build_filename(fuzz_private(), relative, NULL);
	FILE *file = fopen(path, "w");

	g_assert_nonnull(file);
	g_assert_cmpuint(fwrite(data, 1, size, file), ==, size);
	fclose(file);
}

static inline GLogWriterOutput fuzz_log(GLogLevelFlags level, const GLogField *fields, gsize n,
					 gpointer data)
{
	if (!(level & (G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)))
		return G_LOG_WRITER_HANDLED;
	g_log_writer_default(level & ~G_LOG_FLAG_FATAL, fields, n, data);
	/* A signal that libFuzzer knows of. */
	abort();
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	g_log_set_writer_func(fuzz_log, NULL, NULL);
	atexit(fuzz_say);
	return 0;
}
