// SPDX-License-Identifier: GPL-2.0-only
#include "event/end.h"

End *end_new(EndHow how)
{
	End *end = g_new0(End, 1);

	end->how = how;
	end->alone = -1;
	end->words = g_array_new(FALSE, FALSE, sizeof(EndWord));
	end->reports = g_array_new(FALSE, FALSE, sizeof(EndReport));
	end->given_back = g_array_new(FALSE, FALSE, sizeof(guint64));
	end->pinned = g_array_new(FALSE, FALSE, sizeof(guint64));
	end->splats = g_ptr_array_new();
	return end;
}

void end_free(End *end)
{
	if (!end)
		return;
	g_array_unref(end->words);
	g_array_unref(end->reports);
	g_array_unref(end->given_back);
	g_array_unref(end->pinned);
	g_ptr_array_unref(end->splats);
	g_free(end);
}

bool end_is_quiet(const End *end)
{
	if (end->how != ENDED_DONE)
		return false;
	for (int i = 0; i < end->n_actors; i++)
		if (end->actors[i].state != END_RETURNED)
			return false;
	return true;
}
