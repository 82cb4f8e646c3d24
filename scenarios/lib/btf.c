// SPDX-License-Identifier: GPL-2.0-only
/*
 * BTF as sysfs has it: a header, types one after the other, strings.  A module's goes on
 * where the kernel's ends, with ids and with strings (Documentation/bpf/btf.rst).
 */
#include "btf.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

struct btf {
	const struct btf *base;		/* NULL: the kernel's own */
	const struct btf_type **types;	/* [id - first_id] */
	uint32_t first_id, n_types;
	const char *strings;
	uint32_t first_string, strings_size;
};

static void *read_file(const char *path, size_t *ret_size)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char *data = fd < 0 || fstat(fd, &st) ? NULL : malloc((size_t)st.st_size);

	*ret_size = 0;
	for (ssize_t n = 1; data && n > 0; *ret_size += (size_t)n)
		if ((n = read(fd, data + *ret_size, (size_t)st.st_size - *ret_size)) < 0)
			break;
	if (!data || *ret_size != (size_t)st.st_size)
		guest_fail("reading %s: %s", path, strerror(errno));
	close(fd);
	return data;
}

static size_t type_size(const struct btf_type *type)
{
	size_t n = BTF_INFO_VLEN(type->info);

	switch (BTF_INFO_KIND(type->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(*type) + sizeof(uint32_t);
	case BTF_KIND_ARRAY:
		return sizeof(*type) + sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return sizeof(*type) + n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return sizeof(*type) + n * sizeof(struct btf_enum);
	case BTF_KIND_ENUM64:
		return sizeof(*type) + n * sizeof(struct btf_enum64);
	case BTF_KIND_FUNC_PROTO:
		return sizeof(*type) + n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return sizeof(*type) + n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return sizeof(*type);
	default:
		guest_fail("BTF kind %u is unknown", BTF_INFO_KIND(type->info));
	}
}

struct btf *btf_load(const char *name, const struct btf *base)
{
	char path[128];
	size_t size;

	snprintf(path, sizeof(path), "/sys/kernel/btf/%s", name);
	const char *data = read_file(path, &size);
	const struct btf_header *header = (const void *)data;
	if (size < sizeof(*header) || header->magic != BTF_MAGIC ||
	    (uint64_t)header->hdr_len + header->type_off + header->type_len > size ||
	    (uint64_t)header->hdr_len + header->str_off + header->str_len > size)
		guest_fail("%s is no BTF", path);

	struct btf *btf = calloc(1, sizeof(*btf));
	btf->base = base;
	btf->first_id = base ? base->first_id + base->n_types : 1;
	btf->first_string = base ? base->first_string + base->strings_size : 0;
	btf->strings = data + header->hdr_len + header->str_off;
	btf->strings_size = header->str_len;

	const char *types = data + header->hdr_len + header->type_off;
	/* None is smaller: at most as many. */
	btf->types = calloc(header->type_len / sizeof(struct btf_type) + 1, sizeof(*btf->types));
	if (!btf->types)
		guest_fail("no memory for the types of %s", path);
	for (uint32_t at = 0; at < header->type_len;) {
		const struct btf_type *type = (const void *)(types + at);

		btf->types[btf->n_types++] = type;
		at += type_size(type);
	}
	return btf;
}

static const struct btf_type *type_by_id(const struct btf *btf, uint32_t id)
{
	while (btf && id < btf->first_id)
		btf = btf->base;
	return btf && id - btf->first_id < btf->n_types ? btf->types[id - btf->first_id] : NULL;
}

static const char *string_at(const struct btf *btf, uint32_t offset)
{
	while (btf->base && offset < btf->first_string)
		btf = btf->base;
	return offset - btf->first_string < btf->strings_size
		? btf->strings + (offset - btf->first_string) : "";
}

/* A module's BTF has the kernel's types, too: they come first. */
int btf_find(const struct btf *btf, const char *name, uint32_t kind)
{
	int id = btf->base ? btf_find(btf->base, name, kind) : -1;

	for (uint32_t i = 0; id < 0 && i < btf->n_types; i++)
		if (BTF_INFO_KIND(btf->types[i]->info) == kind &&
		    strcmp(string_at(btf, btf->types[i]->name_off), name) == 0)
			id = (int)(btf->first_id + i);
	return id;
}

static const struct btf_type *find_type(const struct btf *btf, const char *name, uint32_t kind)
{
	int id = btf_find(btf, name, kind);

	return id < 0 ? NULL : type_by_id(btf, (uint32_t)id);
}

int btf_member_offset(const struct btf *btf, const char *type_name, const char *name)
{
	const struct btf_type *type = find_type(btf, type_name, BTF_KIND_STRUCT);
	const struct btf_member *members = (const void *)(type + 1);

	for (uint32_t i = 0; type && i < BTF_INFO_VLEN(type->info); i++)
		if (strcmp(string_at(btf, members[i].name_off), name) == 0)
			return (int)(BTF_INFO_KFLAG(type->info)
				     ? BTF_MEMBER_BIT_OFFSET(members[i].offset)
				     : members[i].offset) / 8;
	return -1;
}

const char *btf_first_argument(const struct btf *btf, const char *function)
{
	const struct btf_type *func = find_type(btf, function, BTF_KIND_FUNC);
	const struct btf_type *type = func ? type_by_id(btf, func->type) : NULL;
	const struct btf_param *params = (const void *)(type + 1);

	return type && BTF_INFO_VLEN(type->info) ? string_at(btf, params[0].name_off) : "";
}
