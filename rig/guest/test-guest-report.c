// SPDX-License-Identifier: GPL-2.0-only
/* Every way in which a guest's report cannot be. */
#include "guest/guest-report.h"

#include <stddef.h>
#include <string.h>

#include "util/error.h"

enum { VCPUS = 3 };

static struct guest_report sound(void)
{
	return (struct guest_report){
		.version = GUEST_ABI_VERSION, .n_actors = 2, .n_pages = 4, .n_arenas = 2,
		.arenas = { 1, 2 }, .module_text = 0xffffffffc0000000,
		.pages = { 0x100000000, 0x100001000, 0x200000000, 0x200001000 },
		.actors = { { .name = "alloc", .cpu = 0 }, { .name = "fault", .cpu = 1 } },
	};
}

static const struct {
	const char *name;
	gsize at;
	guint bytes;
	guint64 value;
	const char *what;
} cases[] = {
#define FIELD(field, value, what) { #field, offsetof(struct guest_report, field), \
		sizeof(((struct guest_report *)0)->field), value, what }
	FIELD(n_actors, 0, "0 actors"),
	FIELD(n_actors, 9, "9 actors"),
	FIELD(n_actors, 0xffffffff, "4294967295 actors"),
	FIELD(n_actors, 3, "actor 2 is called ''"),
	FIELD(n_arenas, 0, "0 arenas"),
	FIELD(n_arenas, 3, "3 arenas"),
	FIELD(n_pages, 0, "0 pages in 2 arenas"),
	FIELD(n_pages, 3, "3 pages in 2 arenas"),
	FIELD(n_pages, 10, "10 pages in 2 arenas"),
	FIELD(n_pages, 6, "page 4 is at 0"),
	FIELD(module_text, 0, "no address of its module"),
	FIELD(actors[1].cpu, 0, "actor 1 of 3 vCPUs is on vCPU 0"),
	FIELD(actors[1].cpu, 100, "actor 1 of 3 vCPUs is on vCPU 100"),
	FIELD(pages[1], 0x100000000, "pages 0 and 1 are one"),
	FIELD(pages[1], 0x100000001, "page 1 is at 0x100000001"),
	FIELD(pages[1], 0x8000888000000000, "page 1 is at 0x8000888000000000"),
};

static void expect(const struct guest_report *report, int vcpus, const char *what)
{
	g_autoptr(GError) error = NULL;

	g_assert_false(guest_report_check(report, vcpus, &error));
	g_assert_error(error, RIG_ERROR, RIG_ERROR_GUEST);
	g_assert_nonnull(strstr(error->message, what));
	g_assert_null(strchr(error->message, '\n'));
}

static void test_fields(void)
{
	struct guest_report good = sound();

	g_assert_true(guest_report_check(&good, VCPUS, NULL));
	expect(&good, 1, "actor 1 of 1 vCPUs");
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct guest_report report = sound();

		g_test_message("%s", cases[i].name);
		memcpy((char *)&report + cases[i].at, &cases[i].value, cases[i].bytes);
		expect(&report, VCPUS, cases[i].what);
	}
}

static void test_names(void)
{
	static const char *const names[] = { "", "../x", "a b", "\x1b[2J", "a\n" };
	struct guest_report report = sound();

	memset(report.actors[1].name, 'x', GUEST_NAME_SIZE);
	expect(&report, VCPUS, "actor 1 is called 'xxxx");
	strcpy(report.actors[1].name, "alloc");
	expect(&report, VCPUS, "two actors are called 'alloc'");
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		strcpy(report.actors[1].name, names[i]);
		expect(&report, VCPUS, "actor 1 is called '");
	}
}

static void test_readable(void)
{
	struct guest_report report = { .version = GUEST_ABI_VERSION };

	memset(report.error, 'x', sizeof(report.error));
	g_assert_true(guest_report_readable(&report, NULL));
	g_assert_cmpuint(strlen(report.error), ==, GUEST_ERROR_SIZE - 1);
	report.version++;
	g_assert_false(guest_report_readable(&report, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/guest-report/fields", test_fields);
	g_test_add_func("/guest-report/names", test_names);
	g_test_add_func("/guest-report/readable", test_readable);
	return g_test_run();
}
