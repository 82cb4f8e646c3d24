// SPDX-License-Identifier: GPL-2.0-only
#include "command/command.h"
int command_debug(int argc, char **argv, GCancellable *cancel, GError **error)
{
	(void)argc; (void)argv; (void)cancel; (void)error; return 2;
}
