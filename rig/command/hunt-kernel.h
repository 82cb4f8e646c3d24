// SPDX-License-Identifier: GPL-2.0-only
/* The hunt on one kernel, for the commands that have one. */
#pragma once

#include "hunt/result.h"

/* What is hunted with when nothing is said: schedules of a combination, calls that may fail in one. */
enum { HUNT_SCHEDULES = 64, HUNT_FAILURES = 0 };

/* A hunt and what it came to; the result points into the hunt. */
typedef struct {
	Hunt *hunt;
	HuntResult *result;
} KernelHunt;

/*
 * Hunt on the kernel called @name, as @about (which this takes) and @options say, whose kernel this fills
 * in, into the folder options->out, which is locked meanwhile; prints what comes of it.
 */
KernelHunt *kernel_hunt(const char *name, HuntAbout *about, HuntOptions *options, GError **error);
void kernel_hunt_free(KernelHunt *hunt);

/* The exit code that a hunt's verdict means. */
int hunt_exit_code(const char *verdict);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(KernelHunt, kernel_hunt_free)
