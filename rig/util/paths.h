// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where things are: in the checkout, installed, and in the XDG cache.
 *
 * Strings are the caller's to free unless const.
 */
#pragma once

#include <glib.h>

/* The folder that holds scenarios/, guest-kernel/ and analysis/. */
const char *paths_data(void);

/* A path below paths_data(). */
char *paths_in_data(const char *relative);

/* A file of the guest's PID 1: init, init.cpio. */
char *paths_guest(const char *name);

/* A path below $XDG_CACHE_HOME/racerig. */
char *paths_in_cache(const char *relative);

/* The project's own Python (RACERIG_PYTHON, or the venv in the cache). */
char *paths_python(void);

/* The QEMU that RACERIG_QEMU names, which --qemu sets; NULL: the host's own. */
const char *paths_qemu(void);
