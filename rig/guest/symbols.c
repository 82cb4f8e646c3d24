// SPDX-License-Identifier: GPL-2.0-only
#include "guest/symbols.h"

#include <dwarf.h>
#include <elfutils/libdwfl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/error.h"

/* Of a compilation unit: libdwfl's addresses. */
typedef struct {
	guint64 start, end;
	Dwarf_Die *unit;	/* libdwfl's */
	Dwarf_Addr bias;
} Range;

typedef struct {
	Dwfl *dwfl;
	Dwfl_Module *module;
	guint64 delta;		/* guest address minus libdwfl's */
	bool relocatable;
	GArray *ranges;		/* of Range, by address: of all units; NULL: nobody has needed them */
} Binary;

typedef struct {
	guint64 addr;		/* that was asked for */
	const char *name;	/* NULL: there is no function */
	guint64 start, size;
} Function;

struct Symbols {
	GPtrArray *binaries;
	GHashTable *addresses;	/* name -> guint64*, the first one wins */
	GHashTable *functions;	/* guint64 -> Function: libdwfl goes through all symbols each time */
};

static const Dwfl_Callbacks callbacks = {
	.find_elf = dwfl_build_id_find_elf,
	.find_debuginfo = dwfl_standard_find_debuginfo,
	.section_address = dwfl_offline_section_address,
};

static void binary_free(gpointer data)
{
	Binary *binary = data;

	g_clear_pointer(&binary->ranges, g_array_unref);
	dwfl_end(binary->dwfl);
	g_free(binary);
}

Symbols *symbols_new(void)
{
	Symbols *symbols = g_new0(Symbols, 1);

	symbols->binaries = g_ptr_array_new_with_free_func(binary_free);
	symbols->addresses = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	symbols->functions = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, g_free);
	return symbols;
}

void symbols_free(Symbols *symbols)
{
	if (!symbols)
		return;
	g_hash_table_unref(symbols->addresses);
	g_hash_table_unref(symbols->functions);
	g_ptr_array_unref(symbols->binaries);
	g_free(symbols);
}

/* libdwfl's address of .text in a relocatable file. */
static bool text_address(Dwfl_Module *module, guint64 *ret)
{
	int n = dwfl_module_relocations(module);

	for (int i = 0; i < n; i++) {
		GElf_Word section;
		const char *name = dwfl_module_relocation_info(module, i, &section);

		if (name && strcmp(name, ".text") == 0) {
			GElf_Addr bias;
			Elf *elf = dwfl_module_getelf(module, &bias);
			GElf_Shdr header;

			if (!gelf_getshdr(elf_getscn(elf, section), &header))
				return false;
			*ret = header.sh_addr + bias;
			return true;
		}
	}
	return false;
}

bool symbols_add(Symbols *symbols, const char *path, guint64 text, GError **error)
{
	Binary *binary = g_new0(Binary, 1);

	g_ptr_array_add(symbols->binaries, binary);
	g_hash_table_remove_all(symbols->functions);
	binary->dwfl = dwfl_begin(&callbacks);
	binary->relocatable = text != 0;
	dwfl_report_begin(binary->dwfl);
	binary->module = dwfl_report_offline(binary->dwfl, path, path, -1);
	dwfl_report_end(binary->dwfl, NULL, NULL);
	int n = binary->module ? dwfl_module_getsymtab(binary->module) : -1;
	guint64 base = 0;
	if (n < 0 || (text && !text_address(binary->module, &base))) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT, "%s: no symbols: %s", path,
			    dwfl_errmsg(-1));
		g_ptr_array_remove(symbols->binaries, binary);
		return false;
	}
	binary->delta = text ? text - base : 0;

	for (int i = 1; i < n; i++) {
		GElf_Sym sym;
		GElf_Addr addr;
		const char *name = dwfl_module_getsym_info(binary->module, i, &sym, &addr, NULL,
							   NULL, NULL);

		if (!name || !*name || sym.st_shndx == SHN_UNDEF ||
		    g_hash_table_contains(symbols->addresses, name))
			continue;
		guint64 value = addr + binary->delta;
		g_hash_table_insert(symbols->addresses, (gpointer)name,
				    g_memdup2(&value, sizeof(value)));
	}
	return true;
}

guint64 symbols_address(Symbols *symbols, const char *name)
{
	guint64 *addr = g_hash_table_lookup(symbols->addresses, name);

	return addr ? *addr : 0;
}

static Binary *find_binary(const Symbols *symbols, guint64 addr)
{
	for (guint i = 0; i < symbols->binaries->len; i++) {
		Binary *binary = g_ptr_array_index(symbols->binaries, i);

		if (dwfl_addrmodule(binary->dwfl, addr - binary->delta))
			return binary;
	}
	return NULL;
}

static Function *find_function(const Symbols *symbols, guint64 addr)
{
	const Binary *binary = find_binary(symbols, addr);
	Function *function = g_new0(Function, 1);
	GElf_Off offset;
	GElf_Sym sym;

	function->addr = addr;
	const char *name = binary ? dwfl_module_addrinfo(binary->module, addr - binary->delta, &offset, &sym,
							 NULL, NULL, NULL) : NULL;
	if (name && GELF_ST_TYPE(sym.st_info) == STT_FUNC) {
		function->name = name;
		function->start = addr - offset;
		function->size = sym.st_size;
	}
	return function;
}

bool symbols_function(Symbols *symbols, guint64 addr, const char **ret_name,
		      guint64 *ret_start, guint64 *ret_size)
{
	Function *function = g_hash_table_lookup(symbols->functions, &addr);

	if (!function) {
		function = find_function(symbols, addr);
		g_hash_table_insert(symbols->functions, &function->addr, function);
	}
	if (!function->name)
		return false;
	*ret_name = function->name;
	*ret_start = function->start;
	*ret_size = function->size;
	return true;
}

char *symbols_describe(Symbols *symbols, guint64 addr)
{
	const char *name;
	guint64 start, size;

	if (symbols_function(symbols, addr, &name, &start, &size))
		return g_strdup_printf("%s+0x%" G_GINT64_MODIFIER "x", name, addr - start);
	return g_strdup_printf("0x%" G_GINT64_MODIFIER "x", addr);
}

/* Paths as the kernel's own tree spells them, wherever it was built. */
static const char *short_path(const char *file)
{
	static const char *const markers[] = { "/linux/", "/obj/" };

	for (gsize i = 0; i < G_N_ELEMENTS(markers); i++) {
		const char *cut = g_strrstr(file, markers[i]);

		if (cut) {
			file = cut + strlen(markers[i]);
			break;
		}
	}
	while (g_str_has_prefix(file, "./"))
		file += 2;
	return file;
}

static gint by_start(gconstpointer a, gconstpointer b)
{
	const Range *left = a, *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

static GArray *find_ranges(const Binary *binary)
{
	GArray *ranges = g_array_new(FALSE, FALSE, sizeof(Range));
	Range range = { 0 };

	while ((range.unit = dwfl_module_nextcu(binary->module, range.unit, &range.bias))) {
		Dwarf_Addr base, start, end;

		for (ptrdiff_t at = 0; (at = dwarf_ranges(range.unit, at, &base, &start, &end)) > 0;) {
			range.start = start + range.bias;
			range.end = end + range.bias;
			g_array_append_val(ranges, range);
		}
	}
	g_array_sort(ranges, by_start);
	return ranges;
}

/*
 * The unit that the code at @addr is of.  clang writes no .debug_aranges, and until 0.191 elfutils
 * knows of nothing else.
 */
static Dwarf_Die *unit_at(Binary *binary, guint64 addr, Dwarf_Addr *ret_bias)
{
	Dwarf_Die *unit = dwfl_module_addrdie(binary->module, addr, ret_bias);
	guint low = 0;

	/* What it knows nothing of is the unit's before, for libdwfl. */
	if (unit && dwarf_haspc(unit, addr - *ret_bias) > 0)
		return unit;
	if (!binary->ranges)
		binary->ranges = find_ranges(binary);
	for (guint high = binary->ranges->len; low < high;) {
		guint middle = low + (high - low) / 2;

		if (g_array_index(binary->ranges, Range, middle).start <= addr)
			low = middle + 1;
		else
			high = middle;
	}
	const Range *range = low ? &g_array_index(binary->ranges, Range, low - 1) : NULL;

	if (!range || addr >= range->end)
		return NULL;
	*ret_bias = range->bias;
	return range->unit;
}

/*
 * Where the outermost function calls what was inlined into it at @addr: a
 * reviewer wants arena.c, not the line of ptep_get() in pgtable.h.
 */
static bool outer_line(Dwfl_Module *module, Dwarf_Die *unit, guint64 addr, Dwarf_Addr bias,
		       const char **ret_file, int *ret_line)
{
	const char *name = dwfl_module_addrname(module, addr);
	Dwarf_Die *lexical = NULL, *scopes = NULL;
	/* Behind an inlined function the first list goes on where that was written; the
	 * second where it was put. */
	int n = dwarf_getscopes(unit, addr - bias, &lexical);
	n = n > 0 ? dwarf_getscopes_die(&lexical[0], &scopes) : 0;
	bool found = false;

	for (int i = 0; i < n; i++) {
		Dwarf_Attribute file_attr, line_attr;
		Dwarf_Word file, line;
		Dwarf_Files *files;
		size_t n_files;

		/* A part of a function that gcc split off and put back is no call. */
		if (dwarf_tag(&scopes[i]) != DW_TAG_inlined_subroutine ||
		    g_strcmp0(dwarf_diename(&scopes[i]), name) == 0 ||
		    !dwarf_attr(&scopes[i], DW_AT_call_file, &file_attr) ||
		    !dwarf_attr(&scopes[i], DW_AT_call_line, &line_attr) ||
		    dwarf_formudata(&file_attr, &file) || dwarf_formudata(&line_attr, &line) ||
		    dwarf_getsrcfiles(unit, &files, &n_files) || file >= n_files)
			continue;
		*ret_file = dwarf_filesrc(files, file, NULL, NULL);
		*ret_line = line;
		found = *ret_file != NULL;
	}
	free(lexical);
	free(scopes);
	return found;
}

char *symbols_line(Symbols *symbols, guint64 addr)
{
	Binary *binary = find_binary(symbols, addr);
	const char *file = NULL;
	int number;

	if (!binary)
		return NULL;
	guint64 local = addr - binary->delta;
	Dwarf_Addr bias;
	Dwarf_Die *unit = unit_at(binary, local, &bias);

	if (unit && !outer_line(binary->module, unit, local, bias, &file, &number)) {
		Dwarf_Line *line = dwarf_getsrc_die(unit, local - bias);

		file = line && !dwarf_lineno(line, &number) ? dwarf_linesrc(line, NULL, NULL) : NULL;
	}
	return file ? g_strdup_printf("%s:%d", short_path(file), number) : NULL;
}

char *symbols_unit(Symbols *symbols, guint64 addr)
{
	Binary *binary = find_binary(symbols, addr);
	Dwarf_Addr bias;
	Dwarf_Die *unit = binary ? unit_at(binary, addr - binary->delta, &bias) : NULL;
	const char *file = unit ? dwarf_diename(unit) : NULL;

	return file ? g_strdup(short_path(file)) : NULL;
}

char *symbols_build_id(Symbols *symbols, guint64 addr)
{
	const Binary *binary = find_binary(symbols, addr);
	const unsigned char *bytes;
	GElf_Addr at;
	int n = binary ? dwfl_module_build_id(binary->module, &bytes, &at) : 0;
	GString *text = g_string_new(NULL);

	for (int i = 0; i < n; i++)
		g_string_append_printf(text, "%02x", bytes[i]);
	return g_string_free(text, n <= 0);
}

void symbols_each_function(Symbols *symbols, SymbolsFunc func, gpointer data)
{
	for (guint b = 0; b < symbols->binaries->len; b++) {
		Binary *binary = g_ptr_array_index(symbols->binaries, b);
		int n = binary->relocatable ? 0 : dwfl_module_getsymtab(binary->module);

		for (int i = 1; i < n; i++) {
			GElf_Sym sym;
			GElf_Addr addr;
			const char *name = dwfl_module_getsym_info(binary->module, i, &sym, &addr,
								   NULL, NULL, NULL);

			if (name && sym.st_size && GELF_ST_TYPE(sym.st_info) == STT_FUNC)
				func(name, addr + binary->delta, sym.st_size, data);
		}
	}
}

static void each_file_of(Dwarf_Die *unit, SymbolsFileFunc func, gpointer data)
{
	Dwarf_Files *files;
	size_t n;

	if (dwarf_getsrcfiles(unit, &files, &n))
		return;
	for (size_t i = 0; i < n; i++) {
		const char *file = dwarf_filesrc(files, i, NULL, NULL);

		if (file)
			func(short_path(file), data);
	}
}

void symbols_each_file(Symbols *symbols, SymbolsFileFunc func, gpointer data)
{
	for (guint b = 0; b < symbols->binaries->len; b++) {
		Binary *binary = g_ptr_array_index(symbols->binaries, b);
		Dwarf_Addr bias;

		for (Dwarf_Die *unit = NULL;
		     (unit = dwfl_module_nextcu(binary->module, unit, &bias));)
			each_file_of(unit, func, data);
	}
}

static void each_row_of(const Binary *binary, Dwarf_Die *unit, Dwarf_Addr bias, SymbolsRowFunc func,
			gpointer data)
{
	Dwarf_Lines *lines;
	size_t n;

	if (dwarf_getsrclines(unit, &lines, &n))
		return;
	for (size_t i = 0; i + 1 < n; i++) {
		Dwarf_Line *line = dwarf_onesrcline(lines, i), *next = dwarf_onesrcline(lines, i + 1);
		const char *file = dwarf_linesrc(line, NULL, NULL);
		Dwarf_Addr start, end;
		bool last = true;
		int number;

		if (file && !dwarf_lineendsequence(line, &last) && !last && !dwarf_lineaddr(line, &start) &&
		    !dwarf_lineaddr(next, &end) && !dwarf_lineno(line, &number) && end > start)
			func(start + bias + binary->delta, end + bias + binary->delta, short_path(file),
			     number, data);
	}
}

void symbols_each_row(Symbols *symbols, const char *unit, SymbolsRowFunc func, gpointer data)
{
	for (guint b = 0; b < symbols->binaries->len; b++) {
		Binary *binary = g_ptr_array_index(symbols->binaries, b);
		Dwarf_Addr bias;

		for (Dwarf_Die *die = NULL;
		     !binary->relocatable && (die = dwfl_module_nextcu(binary->module, die, &bias));) {
			const char *file = dwarf_diename(die);

			if (file && strcmp(short_path(file), unit) == 0)
				each_row_of(binary, die, bias, func, data);
		}
	}
}

bool symbols_text(Symbols *symbols, guint64 addr, void *buffer, gsize len)
{
	Binary *binary = find_binary(symbols, addr);

	if (!binary)
		return false;
	GElf_Addr bias;
	Elf *elf = dwfl_module_getelf(binary->module, &bias);
	guint64 wanted = addr - binary->delta;
	for (Elf_Scn *scn = NULL; (scn = elf_nextscn(elf, scn));) {
		GElf_Shdr header;

		if (!gelf_getshdr(scn, &header) || header.sh_type != SHT_PROGBITS ||
		    !(header.sh_flags & SHF_EXECINSTR) || wanted < header.sh_addr + bias ||
		    wanted + len > header.sh_addr + bias + header.sh_size)
			continue;
		Elf_Data *data = elf_rawdata(scn, NULL);
		if (!data || !data->d_buf)
			return false;
		memcpy(buffer, (char *)data->d_buf + (wanted - header.sh_addr - bias), len);
		return true;
	}
	return false;
}
