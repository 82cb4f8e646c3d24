// SPDX-License-Identifier: GPL-2.0-only
/* What this machine is. */
#pragma once

/* Its architecture as uname -m has it, "x86_64"; the callee's. */
const char *host_machine(void);
