// SPDX-License-Identifier: GPL-2.0-only
/* What this machine is. */
#pragma once

/* Its processor, as uname -m has it; the callee's. */
const char *host_machine(void);
