// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a machine needs to run and report schedules of a kernel, in one file: to one that has QEMU,
 * drgn and racerig, and no compiler, no kernel source, no network.
 *
 * The file is a tar archive through gzip: manifest.json (suite/manifest.h), then objects/SHA256,
 * one for each content, by name.  What it holds decides its bytes.
 */
#pragma once

#include <gio/gio.h>

#include "suite/manifest.h"
#include "suite/selection.h"

/*
 * Write @path, with the kernels of @selection and the snapshots of its pairs, which are made where
 * they are not there.  *@ret_address is the SHA-256 of its manifest; both results are the caller's.
 */
bool pack_write(const Selection *selection, const char *path, GCancellable *cancel,
		Manifest **ret, char **ret_address, GError **error);

/*
 * Put what @path holds into the cache: each file after its content was checked, and a kernel's
 * kernel.json after all that belongs to it.  Nothing that is there is changed: if it is
 * another one, that is RIG_ERROR_INPUT, and nothing is put anywhere.  @address: what it must be, or NULL.
 */
bool pack_read(const char *path, const char *address, GCancellable *cancel, Manifest **ret,
	       char **ret_address, GError **error);
