// SPDX-License-Identifier: GPL-2.0-only
/*
 * Page tables of a stopped guest, walked from the host's side.
 */
#pragma once

#include "machine/machine.h"

/* What user space has mapped at @uaddr by the page tables of @regs; 0: nothing. */
guint64 walk_user_pte(Machine *machine, const Regs *regs, guint64 uaddr);
