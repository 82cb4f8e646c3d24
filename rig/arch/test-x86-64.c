// SPDX-License-Identifier: GPL-2.0-only
#include "arch/insn.h"

static const struct {
	const char *name;
	guint8 bytes[8];
	int length;
	Access access;
	bool locked, pause;
	guint64 address;	/* with every register holding 0x1000 × (index + 1) */
} insns[] = {
	{ "lock-cmpxchg", { 0xf0, 0x48, 0x0f, 0xb1, 0x16 }, 5, ACCESS_CMPXCHG, true, false, 0x5000 },
	{ "plain-cmpxchg", { 0x48, 0x0f, 0xb1, 0x16 }, 4, ACCESS_RMW, false, false, 0x5000 },
	{ "xchg", { 0x48, 0x87, 0x07 }, 3, ACCESS_XCHG, false, false, 0x6000 },
	{ "load", { 0x48, 0x8b, 0x07 }, 3, ACCESS_READ, false, false, 0x6000 },
	{ "store", { 0x48, 0x89, 0x57, 0x08 }, 4, ACCESS_WRITE, false, false, 0x6008 },
	{ "compare", { 0x48, 0x83, 0x3f, 0x00 }, 4, ACCESS_READ, false, false, 0x6000 },
	{ "lock-or", { 0xf0, 0x48, 0x09, 0x07 }, 4, ACCESS_RMW, true, false, 0x6000 },
	{ "indexed", { 0x48, 0x8b, 0x04, 0xd0 }, 4, ACCESS_READ, false, false, 0x1000 + 8 * 0x4000 },
	{ "rip-relative", { 0x48, 0x8b, 0x05, 1, 0, 0, 0 }, 7, ACCESS_READ, false, false, 0x100008 },
	{ "lea", { 0x48, 0x8d, 0x07 }, 3, ACCESS_NONE, false, false, 0x6000 },
	{ "pause", { 0xf3, 0x90 }, 2, ACCESS_NONE, false, true, 0 },
	{ "hlt", { 0xf4 }, 1, ACCESS_NONE, false, true, 0 },
};

static void test_insn(gconstpointer data)
{
	gsize i = GPOINTER_TO_SIZE(data);
	g_autoptr(Decoder) decoder = decoder_new();
	Insn insn;
	Regs regs;

	for (int r = 0; r < 16; r++)
		regs.general[r] = 0x1000 * (r + 1);
	g_assert_true(decoder_insn(decoder, insns[i].bytes, 8, 0x100000, &insn));
	g_assert_cmpint(insn.length, ==, insns[i].length);
	g_assert_cmpint(insn.access, ==, insns[i].access);
	g_assert_cmpint(insn.locked, ==, insns[i].locked);
	g_assert_cmpint(insn.waits, ==, insns[i].pause);
	g_assert_cmphex(insn_address(&insn, &regs), ==, insns[i].address);
	g_assert_cmpint(insn.root, ==, -1);
}

/* Which register has the page tables that are walked from then on. */
static void test_root(void)
{
	g_autoptr(Decoder) decoder = decoder_new();
	static const guint8 load[] = { 0x0f, 0x22, 0xda }, store[] = { 0x0f, 0x20, 0xda };
	enum { RDX = 3 };	/* in Regs.general */
	static const guint8 to_cr4[] = { 0x0f, 0x22, 0xe2 };
	Insn insn;

	g_assert_true(decoder_insn(decoder, load, sizeof(load), 0, &insn));
	g_assert_cmpint(insn.flush, ==, FLUSH_BUT_GLOBAL);
	g_assert_cmpint(insn.root, ==, RDX);
	g_assert_true(decoder_insn(decoder, store, sizeof(store), 0, &insn));
	g_assert_cmpint(insn.root, ==, -1);
	g_assert_true(decoder_insn(decoder, to_cr4, sizeof(to_cr4), 0, &insn));
	g_assert_cmpint(insn.root, ==, -1);
}

static void test_garbage(void)
{
	g_autoptr(Decoder) decoder = decoder_new();
	static const guint8 bytes[] = { 0x06 };
	Insn insn;

	g_assert_false(decoder_insn(decoder, bytes, sizeof(bytes), 0, &insn));
	g_assert_false(decoder_insn(decoder, bytes, 0, 0, &insn));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(insns); i++) {
		g_autofree char *path = g_strconcat("/x86-64/decode/", insns[i].name, NULL);
		g_test_add_data_func(path, GSIZE_TO_POINTER(i), test_insn);
	}
	g_test_add_func("/x86-64/garbage", test_garbage);
	g_test_add_func("/x86-64/root", test_root);
	return g_test_run();
}
