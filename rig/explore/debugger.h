// SPDX-License-Identifier: GPL-2.0-only
/*
 * gdb or drgn on a guest that stands still, with the terminal theirs.
 *
 * They end with the rig, however it ends; when they end, nothing else does.
 */
#pragma once

#include "explore/session.h"

/*
 * gdb on @session's guest with its symbols and sources and @vcpu selected, over the rig's own
 * connection: the session can only be freed afterwards.  Returns when the user leaves.
 */
bool debugger_gdb(Session *session, int vcpu, GError **error);

/* A drgn prompt; @qmp: the socket of its SessionPlace. */
bool debugger_drgn(Session *session, const char *qmp, GError **error);
