// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where a kernel waits and where it drops translations, found in all of its text.  That takes a third of
 * a start, and hangs on nothing but the build: it is kept (util/kept.h), by build ID and rig.
 */
#pragma once

#include "arch/insn.h"
#include "guest/guest.h"

typedef struct {
	Insn insn;
	char *unit;		/* the file that was compiled into it, as in symbols_unit(); or NULL */
} Scanned;

/* Of Scanned, in the order found, each once; the caller's. */
GArray *scan_kernel(Guest *guest, Decoder *decoder);

/*
 * The instruction at @at of a function's @text, which is at @start; false: the decoder does not know it (not
 * all know all), and *@ret is what is skipped of it.  Code that is read on from there falls into step again.
 */
bool scan_insn(Decoder *decoder, const guint8 *text, gsize size, gsize at, guint64 start, Insn *ret);
