// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU's gdbstub as request and reply, over one connection.
 *
 * Takes the connection.  A damaged reply is asked for again a few times.
 */
#pragma once

#include "wire/conn.h"

typedef struct Stub Stub;

Stub *stub_new(Conn *conn);
void stub_free(Stub *stub);

/* Send and take the reply; @ret is replaced.  Empty and Enn replies are errors. */
bool stub_ask(Stub *stub, GString *ret, GError **error, const char *format, ...)
	G_GNUC_PRINTF(4, 5);

/*
 * A request that must answer OK.  It is carried out in its turn, and sent with the next that has
 * another answer, or by stub_flush(): what it is answered may be the error of those.
 */
bool stub_flush(Stub *stub, GError **error);
bool stub_do(Stub *stub, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

/* Send a request that resumes the guest, and wait for the stop reply. */
bool stub_resume(Stub *stub, int seconds, GString *ret, GError **error, const char *format, ...)
	G_GNUC_PRINTF(5, 6);

/* Stop a guest that stub_resume() gave up on. */
bool stub_interrupt(Stub *stub, GString *ret, GError **error);

/* How many so far. */
typedef struct {
	guint64 packets;	/* sent */
	guint64 writes;		/* in so many, each of which wakes QEMU */
	guint64 stops;		/* stub_resume() */
} StubCounts;
StubCounts stub_counts(const Stub *stub);

/* Microseconds spent so far: in stub_resume(), and in all the rest. */
gint64 stub_run_usec(const Stub *stub);
gint64 stub_ask_usec(const Stub *stub);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Stub, stub_free)
