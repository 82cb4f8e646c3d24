// SPDX-License-Identifier: GPL-2.0-only
/* A description as drgn gives it, and every way in which one cannot be. */
#include "subject/watch.h"

#include <string.h>

#include "util/error.h"
#include "util/json.h"

enum { RAM = 48 << 20, PAGES = 2 };

/* Two pages of one group, one with a user view that has a PTE of its own. */
static const char SOUND[] =
	"{\"locks\":[{\"name\":\"arena\",\"kind\":\"spin\",\"va\":\"0xffff888001000040\","
	"\"phys\":\"0x1000040\",\"bytes\":4,\"held\":\"0xffffffff\",\"group\":0},"
	"{\"name\":\"ptl-0\",\"kind\":\"mutex\",\"va\":\"0xffff888001000080\","
	"\"phys\":\"0x1000080\",\"bytes\":8,\"held\":\"0xfffffffffffffff8\"}],"
	"\"pages\":[{\"group\":0,\"guarded_by\":\"arena\",\"views\":["
	"{\"space\":\"kernel\",\"va\":\"0xffffc90000400000\","
	"\"pte\":{\"va\":\"0xffff888002001008\",\"phys\":\"0x2001008\"}},"
	"{\"space\":\"user\",\"mm\":0,\"va\":\"0x100000000\","
	"\"pte\":{\"va\":\"0xffff888002003010\",\"phys\":\"0x2003010\"}}]},"
	"{\"group\":1,\"views\":[{\"space\":\"kernel\",\"va\":\"0xffffc90000401000\","
	"\"pte\":{\"va\":\"0xffff888002001018\",\"phys\":\"0x2001018\"}}]}],"
	"\"frames\":[{\"role\":\"scratch\",\"group\":1,\"pfn\":\"0x1234\"}],"
	"\"frees\":[{\"symbol\":\"__free_pages\",\"argument\":\"page\",\"required\":true,\"drops\":false},"
	"{\"symbol\":\"__folio_put\",\"argument\":\"folio\",\"required\":false,\"drops\":true},"
	"{\"symbol\":\"free_unref_folios\",\"argument\":\"batch\",\"required\":true,\"drops\":false,"
	"\"count_at\":0,\"list_at\":8}],"
	"\"words\":[{\"name\":\"nr_pages\",\"va\":\"0xffff888001000100\","
	"\"phys\":\"0x1000100\",\"bytes\":8,"
	"\"guarded_by\":\"ptl-0\",\"lockless\":[{\"function\":\"arena_map_mem_usage\","
	"\"source\":\"READ_ONCE(arena->nr_pages)\"}]},"
	"{\"name\":\"page0.refs\",\"va\":\"0xffffea0000000030\",\"phys\":\"0x1200030\",\"bytes\":8,"
	"\"lockless\":[],\"pfn\":\"0x1235\",\"read_in\":\"mm/filemap.c\",\"bits\":\"0x81\"},"
	"{\"name\":\"process1.mmap-lock\",\"va\":\"0xffff888001000280\",\"phys\":\"0x1000280\",\"bytes\":4,"
	"\"lockless\":[],\"mapping\":true,\"read_in\":\"kernel/locking/rwsem.c\",\"mm\":0},"
	"{\"name\":\"process1.users\",\"va\":\"0xffff888001000200\",\"phys\":\"0x1000200\",\"bytes\":4,"
	"\"lockless\":[],\"mm\":0}],"
	"\"ends\":[{\"kind\":\"begins\",\"symbol\":\"arena_map_free\",\"argument\":0,"
	"\"value\":\"0xffff888001000000\",\"group\":0}],"
	"\"waits\":[{\"source\":\"kernel/bpf/\"}],"
	"\"roots\":[{\"phys\":\"0x1800000\"},{\"phys\":\"0x2004000\",\"mm\":1}]}";

static bool parse(const char *text, Watch *ret, GError **error)
{
	g_autoptr(JsonObject) object = json_parse(text, strlen(text), "drgn", error);

	g_assert_nonnull(object);
	return watch_parse(object, "drgn", PAGES, RAM, ret, error);
}

static void test_sound(void)
{
	g_autoptr(GError) error = NULL;
	Watch watch;

	g_assert_true(parse(SOUND, &watch, &error));
	g_assert_no_error(error);
	g_assert_cmpint(watch.n_locks, ==, 2);
	g_assert_cmpint(watch.locks[0].group, ==, 0);
	g_assert_cmpint(watch.locks[1].group, ==, -1);
	g_assert_cmpint(watch.locks[1].kind, ==, LOCK_MUTEX);
	g_assert_cmphex(watch.locks[1].held, ==, 0xfffffffffffffff8);
	g_assert_cmpint(watch.pages[0].lock, ==, 0);
	g_assert_cmpint(watch.pages[1].lock, ==, -1);
	g_assert_cmphex(watch_kernel(&watch, 1)->pte.phys, ==, 0x2001018);
	g_assert_true(watch_user(&watch, 0) == &watch.pages[0].views[1]);
	g_assert_cmphex(watch_user(&watch, 0)->pte.va, ==, 0xffff888002003010);
	g_assert_null(watch_user(&watch, 1));
	g_assert_cmpint(watch.n_ptes, ==, 3);
	g_assert_cmpint(watch.pages[0].views[1].slot, ==, 2);
	g_assert_true(watch_pte(&watch, 2) == &watch_user(&watch, 0)->pte);
	g_assert_true(watch_pte(&watch, 1) == &watch_kernel(&watch, 1)->pte);
	g_assert_cmpint(watch_frame(&watch, "scratch", 1), ==, 0x1234);
	g_assert_cmpint(watch_frame(&watch, "scratch", 0), ==, -1);
	g_assert_false(watch.frees[1].required);
	g_assert_cmpint(watch.frees[1].argument, ==, FREES_FOLIO);
	g_assert_true(!watch.frees[0].drops && watch.frees[1].drops);
	g_assert_cmpint(watch.frees[2].argument, ==, FREES_BATCH);
	g_assert_cmpint(watch.frees[2].list_at, ==, 8);
	g_assert_cmpint(watch.words[0].lock, ==, 1);
	g_assert_cmpint(watch.words[0].mm, ==, -1);
	g_assert_cmpint(watch.n_words, ==, 1);
	g_assert_cmpint(watch_count(&watch, COUNT_PROCESSES), ==, 4);
	g_assert_cmpint(watch_count(&watch, COUNT_NONE), ==, 1);
	g_assert_cmpint(watch_count(&watch, COUNT_FRAMES), ==, 2);
	g_assert_cmpint(watch.n_words, ==, 2);
	g_assert_cmphex(watch.words[1].pfn, ==, 0x1235);
	g_assert_cmpint(watch.words[1].lock, ==, -1);
	g_assert_cmpstr(watch.words[1].read_in, ==, "mm/filemap.c");
	g_assert_cmphex(watch.words[1].bits, ==, 0x81);
	g_assert_cmphex(watch.words[2].bits, ==, G_MAXUINT64);
	g_assert_cmpint(watch.words[2].is, ==, COUNT_MAPPINGS);
	g_assert_cmpstr(watch.words[2].read_in, ==, "kernel/locking/rwsem.c");
	g_assert_cmpint(watch.words[3].mm, ==, 0);
	g_assert_cmpint(watch.words[0].n_lockless, ==, 1);
	g_assert_cmpstr(watch.words[0].lockless[0], ==, "arena_map_mem_usage");
	g_assert_cmpstr(watch.ends[0].symbol, ==, "arena_map_free");
	g_assert_cmpstr(watch.waits[0], ==, "kernel/bpf/");
	g_assert_cmpint(watch_root(&watch, 0x1800000), ==, ROOT_KERNEL);
	g_assert_cmpint(watch_root(&watch, 0x8000000002004003), ==, 2);
	g_assert_cmpint(watch_root(&watch, 0x2005000), ==, ROOT_UNKNOWN);
}

/* What is written in the place of what, and how the error begins. */
static const struct {
	const char *was, *is, *what;
} cases[] = {
	{ "0xffffc90000400000", "0x400000", "blind: page 0 lies nowhere" },
	{ "0xffffc90000400000", "0xffffc90000400001", "blind: page 0 lies nowhere" },
	{ "0xffffc90000400000", "0xffffc900004000000", "drgn: 'va' is no 64-bit word" },
	{ "\"0x100000000\"", "\"0xffff888000000000\"", "blind: page 0 lies nowhere" },
	{ "\"0x100000000\"", "\"0x0\"", "blind: page 0 lies nowhere" },
	{ "0xffff888002001008", "0x2001008", "blind: the PTE of page 0 lies nowhere" },
	{ "0xffff888002001008", "0xffff88800200100c", "blind: the PTE of page 0 lies nowhere" },
	{ "0xffff888002001008", "0xffff888002001010", "blind: the PTE of page 0 lies nowhere" },
	{ "\"0x2001008\"", "\"0x12001008\"", "blind: the PTE of page 0 lies nowhere" },
	{ "\"0x2001008\"", "\"0xfffffffffffff008\"", "blind: the PTE of page 0 lies nowhere" },
	{ "0xffff888002001018\",\"phys\":\"0x2001018", "0xffff888002001008\",\"phys\":\"0x2001008",
	  "blind: a second time the PTE of page 1" },
	{ "\"views\":[{\"space\":\"kernel\",\"va\":\"0xffffc90000401000\","
	  "\"pte\":{\"va\":\"0xffff888002001018\",\"phys\":\"0x2001018\"}}]", "\"views\":[]",
	  "blind: page 1 has 0 views" },
	{ ",\"pte\":{\"va\":\"0xffff888002001018\",\"phys\":\"0x2001018\"}", "",
	  "blind: page 1 has 1 views" },
	{ "\"space\":\"user\",\"mm\":0", "\"space\":\"user\"", "drgn: 'mm' must be" },
	{ "\"space\":\"user\"", "\"space\":\"device\"", "drgn: 'device' is no space" },
	{ "\"group\":1,\"views\"", "\"group\":8,\"views\"", "drgn: 'group' must be" },
	{ "\"guarded_by\":\"arena\"", "\"guarded_by\":\"other\"", "drgn: 'other' is no lock" },
	{ "\"guarded_by\":\"arena\"", "\"guarded_by\":1", "drgn: 'guarded_by' must be" },
	{ "\"guarded_by\":\"ptl-0\",", "", "drgn: 'nr_pages' is no word of any kind, in its place" },
	{ "rwsem.c\",\"mm\":0", "rwsem.c\"", "drgn: 'process1.mmap-lock' is no word of" },
	{ "\"lockless\":[],\"mm\":0", "\"lockless\":[]", "drgn: 'process1.users' is no word of" },
	{ "\"lockless\":[],\"mm\":0", "\"lockless\":[],\"mm\":0,\"guarded_by\":\"arena\"",
	  "drgn: 'process1.users' is no word of" },
	{ "\"lockless\":[],\"mm\":0", "\"lockless\":[],\"mm\":0,\"pfn\":\"0x1\"",
	  "drgn: 'process1.users' is no word of" },
	{ "\"bytes\":4,\"lockless\":[],\"mm\":0", "\"bytes\":2,\"lockless\":[],\"mm\":0",
	  "drgn: 'process1.users' is no word of" },
	{ "0xffff888001000040", "0x1000040", "blind: the word of lock 0 lies nowhere" },
	{ "\"0x1000040\"", "\"0x2fffffc\"", "blind: the word of lock 0 lies nowhere" },
	{ "\"bytes\":4", "\"bytes\":3", "blind: the word of lock 0 lies nowhere" },
	{ "\"bytes\":4", "\"bytes\":2", "blind: the word of lock 0 lies nowhere" },
	{ "\"0xffffffff\"", "\"0x0\"", "blind: the word of lock 0 lies nowhere" },
	{ "0xffff888001000080\",\"phys\":\"0x1000080", "0xffff888001000040\",\"phys\":\"0x1000040",
	  "blind: a second time lock 1" },
	{ "\"kind\":\"spin\"", "\"kind\":\"seq\"", "drgn: 'seq' is no kind" },
	{ "\"name\":\"arena\"", "\"name\":\"../arena\"", "drgn: '../arena' is no name" },
	{ "\"name\":\"arena\"", "\"name\":\"an arena\"", "drgn: 'an arena' is no name" },
	{ "0x1234", "0x123456789", "blind: the page of frame 0 lies nowhere" },
	{ "\"symbol\":\"__free_pages\"", "\"symbol\":\"free pages\"", "drgn: 'free pages' is no symbol" },
	{ "\"argument\":\"page\"", "\"argument\":\"list\"", "drgn: 'list' is no argument" },
	{ "\"required\":true,\"drops\":false}", "\"required\":1,\"drops\":false}",
	  "drgn: 'required' must be" },
	{ "\"drops\":true", "\"drops\":1", "drgn: 'drops' must be" },
	{ ",\"list_at\":8", "", "drgn: 'list_at' must be" },
	{ "\"count_at\":0", "\"count_at\":4097", "drgn: 'count_at' must be" },
	{ "\"frees\":[{", "\"others\":[{", "drgn: 'frees' must be an array" },
	{ "0xffff888001000100", "0x1000100", "blind: word 0 lies nowhere" },
	{ "\"arena_map_mem_usage\"", "\"arena map\"", "drgn: 'arena map' is no function" },
	{ "\"0x1000100\"", "\"0x3000000\"", "blind: word 0 lies nowhere" },
	{ "\"argument\":0", "\"argument\":6", "drgn: 'argument' must be" },
	{ "\"kind\":\"begins\"", "\"kind\":\"ends\"", "drgn: 'ends' is no kind" },
	{ "kernel/bpf/", "/etc/passwd bad", "drgn: '/etc/passwd bad' is no source" },
	{ "\"0x2004000\"", "\"0x2004008\"", "blind: the top of page tables 1 lies nowhere" },
	{ "\"mm\":1", "\"mm\":8", "drgn: 'mm' must be" },
	{ "\"frames\":[{", "\"frames\":[1,{", "drgn: 'frames' must be an array of objects" },
};

static void test_unsound(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GString) text = g_string_new(SOUND);
		g_autoptr(GError) error = NULL;
		Watch watch;

		g_assert_cmpuint(g_string_replace(text, cases[i].was, cases[i].is, 1), ==, 1);
		bool ok = parse(text->str, &watch, &error);
		if (ok || !g_str_has_prefix(error->message, cases[i].what))
			g_error("case %zu (%s): %s", i, cases[i].is, ok ? "taken" : error->message);
	}
}

static void test_number_of_pages(void)
{
	g_autoptr(JsonObject) object = json_parse(SOUND, strlen(SOUND), "drgn", NULL);
	g_autoptr(GError) error = NULL;
	Watch watch;

	g_assert_false(watch_parse(object, "drgn", PAGES + 1, RAM, &watch, &error));
	g_assert_cmpstr(error->message, ==, "drgn: 2 pages, and from 3 to 3 can be watched");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/watch/sound", test_sound);
	g_test_add_func("/watch/unsound", test_unsound);
	g_test_add_func("/watch/number-of-pages", test_number_of_pages);
	return g_test_run();
}
