// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the guest's state an invariant looks at.  An order of two steps that no
 * invariant can tell apart, and that leads to the same state, need not be tried.
 */
#pragma once

enum InvariantReads {
	READS_PTE = 1 << 0,		/* the watched PTEs */
	READS_TLB = 1 << 1,		/* which translations a vCPU may hold */
	READS_DATA = 1 << 2,		/* where an access landed, what is in a page */
	READS_LOCK = 1 << 3,		/* who holds the arena lock */
	READS_OWNERSHIP = 1 << 4,	/* which page was handed out for an address */
	READS_ALLOCATOR = 1 << 5,	/* which pages are free, reference counts, the count of pages */
	READS_RETURNS = 1 << 6,		/* whether an operation has returned, and what */
	READS_RANGE_TREE = 1 << 7,	/* which addresses are free */
	READS_FAULTS = 1 << 8,		/* which faults were taken */
	READS_STREAMS = 1 << 9,		/* which faults programs were told of */
	READS_LOG = 1 << 10,		/* the kernel log */
};
