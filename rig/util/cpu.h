// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keeping a thread, and the processes it starts from then on, on one host CPU.
 *
 * The rig and its QEMU take turns, so a second CPU only adds the cost of waking
 * each other across it: a schedule takes a fifth less time on one.
 */
#pragma once

/*
 * Stay on the @nth of the CPUs this process may use, counted from the one it was
 * started on, or on the next that no other rig stays on.  Does nothing where that is not allowed.
 */
void cpu_claim(int nth);

/* The CPU this thread is kept on; -1: none, it may use several. */
int cpu_claimed(void);
