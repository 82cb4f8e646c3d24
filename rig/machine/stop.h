// SPDX-License-Identifier: GPL-2.0-only
/*
 * The stub's stop replies ("T05thread:p01.02;watch:ffff…;") as values.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

typedef enum {
	STOP_BREAK,		/* at a breakpoint, or after a step */
	STOP_WATCH,		/* right after the access */
	STOP_SHUTDOWN,		/* the guest reset or powered off */
	STOP_INTERRUPTED,	/* no other stop came for seconds: somewhere, not reproducible */
} StopKind;

typedef struct {
	StopKind kind;
	int vcpu;
	guint64 watch;		/* the watched address, for STOP_WATCH */
} Stop;

/* @text is of a guest with @vcpus.  RIG_ERROR_PROTOCOL. */
bool stop_parse(const char *text, int vcpus, Stop *ret, GError **error);
