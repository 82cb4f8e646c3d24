// SPDX-License-Identifier: GPL-2.0-only
#include "machine/machine.h"

void machine_times_add(MachineTimes *sum, const MachineTimes *now, const MachineTimes *before)
{
	static const MachineTimes nothing;

	if (!before)
		before = &nothing;
	sum->restore += now->restore - before->restore;
	sum->run += now->run - before->run;
	sum->ask += now->ask - before->ask;
	sum->stops += now->stops - before->stops;
	sum->packets += now->packets - before->packets;
	sum->writes += now->writes - before->writes;
}
