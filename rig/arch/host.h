// SPDX-License-Identifier: GPL-2.0-only
/*
 * The processor of this host, which need not be the guest's.
 */
#pragma once

#include <sys/types.h>

/*
 * Make @pid, a thread that is traced and stopped behind the system call that it waits in, do another one
 * first; what it returns there.  -1: it fails, or this host's registers are not known.
 */
long host_syscall(pid_t pid, long number, long argument);
