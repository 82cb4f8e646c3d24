// SPDX-License-Identifier: GPL-2.0-only
#include "step/control.h"

const char *control_name(ControlKind kind)
{
	static const char *const names[CONTROL_KINDS] = {
		[CONTROL_PTE_LOAD] = "PTE load",
		[CONTROL_PTE_STORE] = "PTE store",
		[CONTROL_KERNEL_LOAD] = "page load by kernel address",
		[CONTROL_KERNEL_STORE] = "page store by kernel address",
		[CONTROL_USER_LOAD] = "page load by user address",
		[CONTROL_USER_STORE] = "page store by user address",
		[CONTROL_SITE] = "breakpoint at an access",
		[CONTROL_STAMP] = "stamp in a page",
		[CONTROL_LOCK] = "lock word store",
		[CONTROL_WORD_LOAD] = "guarded word load",
		[CONTROL_WORD_STORE] = "guarded word store",
		[CONTROL_FREE] = "page given to the allocator",
		[CONTROL_FREE_LIST] = "list of pages given to the allocator",
		[CONTROL_FLUSH] = "TLB flush",
		[CONTROL_IRQ_HELD] = "interrupt held",
		[CONTROL_IRQ_SERVED] = "interrupt let in",
		[CONTROL_INSIDE] = "access inside an interrupt",
	};

	return names[kind];
}
