// SPDX-License-Identifier: GPL-2.0-only
#include "machine/code-log.h"

#include <string.h>
#include <unistd.h>

#include "util/error.h"

static void say(const CodeLog *log, const char *text)
{
	g_assert_cmpint(write(code_log_code(log)->fd, text, strlen(text)), ==, strlen(text));
}

static void assert_ran(CodeLog *log, guint n, ...)
{
	g_autoptr(GHashTable) ran = code_log_take(log);
	va_list args;

	g_assert_cmpuint(g_hash_table_size(ran), ==, n);
	va_start(args, n);
	for (guint i = 0; i < n; i++) {
		guint64 addr = va_arg(args, guint64);

		g_assert_true(g_hash_table_contains(ran, &addr));
	}
	va_end(args);
}

static const char BLOCK[] =
	"----------------\nIN: free\n"
	"0xffffffff81171b64:  90                       nop\n"
	"0xffffffff81171b65:  90                       nop\n\n";

static void test_blocks(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CodeLog) log = code_log_new("0x1..0x2", &error);

	g_assert_no_error(error);
	/* What was translated has not run. */
	say(log, BLOCK);
	assert_ran(log, 0);
	say(log, "Trace 0: 0x7f8e5fff2880 [00000000/ffffffff81171b64/0040c2b0/ff062200] free\n");
	assert_ran(log, 2, G_GUINT64_CONSTANT(0xffffffff81171b64), G_GUINT64_CONSTANT(0xffffffff81171b65));
	/* It is told once, and one instruction of it is one. */
	assert_ran(log, 0);
	say(log, "Trace 1: 0x7f8e5fff2880 [0000000000000000/ffffffff81171b64/0040c2b0/ff062201] free\n");
	assert_ran(log, 1, G_GUINT64_CONSTANT(0xffffffff81171b64));
}

static void test_strange_lines(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(CodeLog) log = code_log_new("0x1..0x2", &error);
	g_autofree char *longest = g_strnfill(1000, '0');

	say(log, "Trace\nTrace 0: [\nTrace 0: x [1/2\nTrace 0: x [1/2/3\n0x\n0x12\n0x12:\n");
	say(log, longest);
	say(log, "\nIN:\n\n0x7: nop\nTrace 0: p [0/7/0/0] ");
	assert_ran(log, 0);
	/* A line may come in pieces. */
	say(log, "name\n");
	assert_ran(log, 1, G_GUINT64_CONSTANT(7));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/code-log/blocks", test_blocks);
	g_test_add_func("/code-log/strange-lines", test_strange_lines);
	return g_test_run();
}
