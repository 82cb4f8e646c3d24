// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a violation is, whoever called what: the interleaving by functions of the kernel.
 *
 *	A arena_free_pages/pte | B apply_range_set_cb/pte | C access/stale
 *
 * Each block of decisions of one thread is its last one, since the context switch behind it is what
 * the smallest schedule could not do without; threads are letters in order of appearance.  An access
 * is no function: whether a kfunc reads or a process writes is no other fault.  Pure.
 */
#pragma once

#include "event/record.h"

/* Of the schedule in @record up to the event that showed @found, which is one of its own; the caller's. */
char *signature_of(const Record *record, const Violation *found);
