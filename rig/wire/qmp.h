// SPDX-License-Identifier: GPL-2.0-only
/*
 * The QEMU Machine Protocol as bytes: one JSON object a line, no sockets.
 *
 * Events are told apart from answers so that a reader never takes one for the
 * other.  Source: docs/interop/qmp-spec.txt in QEMU.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

typedef struct QmpDecoder QmpDecoder;

typedef enum {
	QMP_NEED_MORE,
	QMP_GREETING,
	QMP_RETURN,
	QMP_ERROR,
	QMP_EVENT,
	QMP_BAD,		/* a line that is no JSON object, not one of QMP's, or without an end */
} QmpMessage;

/* No answer of QEMU's is a tenth as long; what is longer is dropped as QMP_BAD. */
enum { QMP_MAX_BYTES = 4 << 20 };

QmpDecoder *qmp_decoder_new(void);
void qmp_decoder_free(QmpDecoder *decoder);
void qmp_decoder_feed(QmpDecoder *decoder, const char *bytes, gsize len);

/* The next message; @ret gets the object (the caller owns the reference). */
QmpMessage qmp_decoder_next(QmpDecoder *decoder, JsonObject **ret);

/* One command as a line; takes @arguments (may be NULL). */
char *qmp_encode(const char *command, JsonObject *arguments);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(QmpDecoder, qmp_decoder_free)
