// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables of a stopped guest, walked from the host's side (x86-64, four levels).
 */
#pragma once

#include "machine/machine.h"

/* What user space has mapped at @uaddr by the page tables of @cr3; 0: nothing. */
guint64 walk_user_pte(Machine *machine, guint64 cr3, guint64 uaddr);
