// SPDX-License-Identifier: GPL-2.0-only
/* A NAME.kernel: its reader is the file's own. */
#include "catalog/kernel.c"

#include "util/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool made;

	if (!made) {
		g_autofree char *folder = g_build_filename(fuzz_private(), "guest-kernel/kernels", NULL);

		g_setenv("RACERIG_DATA", fuzz_private(), TRUE);
		g_mkdir_with_parents(folder, 0700);
		made = true;
	}
	fuzz_write("guest-kernel/kernels/some.kernel", data, size);
	g_autoptr(GError) error = NULL;
	g_autoptr(Kernel) kernel = kernel_new();
	kernel->name = g_strdup("some");
	g_assert_true(read_descriptor(kernel, &error) == !error);
	if (!error)
		fuzz_taken();
	return 0;
}
