// SPDX-License-Identifier: GPL-2.0-only
/* What the stub says of a stop. */
#include "machine/stop.h"

static const struct {
	const char *text;
	bool good;
	StopKind kind;
	int vcpu;
	guint64 watch;
} cases[] = {
	{ "T05thread:p01.01;", true, STOP_BREAK, 0, 0 },
	{ "T05thread:p01.02;watch:ffff888001000040;", true, STOP_WATCH, 1, 0xffff888001000040 },
	{ "T05thread:p01.02;awatch:ffff888001000040;", true, STOP_WATCH, 1, 0xffff888001000040 },
	{ "T02thread:p01.02;", true, STOP_BREAK, 1, 0 },
	{ "T03thread:p01.01;", true, STOP_SHUTDOWN, 0, 0 },
	{ "W00", true, STOP_SHUTDOWN, 0, 0 },
	{ "X09", true, STOP_SHUTDOWN, 0, 0 },
	{ "T05thread:p01.03;", false, 0, 0, 0 },
	{ "T05thread:p01.0;", false, 0, 0, 0 },
	{ "T05thread:p01.ffffffffffffffff1;", false, 0, 0, 0 },
	{ "T05", false, 0, 0, 0 },
	{ "OK", false, 0, 0, 0 },
	{ "", false, 0, 0, 0 },
};

static void test_stops(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		Stop stop;
		bool good = stop_parse(cases[i].text, 2, &stop, &error);

		g_test_message("%s", cases[i].text);
		g_assert_true(good == cases[i].good && good == !error);
		if (!good)
			continue;
		g_assert_cmpint(stop.kind, ==, cases[i].kind);
		g_assert_cmpint(stop.vcpu, ==, cases[i].vcpu);
		g_assert_cmphex(stop.watch, ==, cases[i].watch);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stop/replies", test_stops);
	return g_test_run();
}
