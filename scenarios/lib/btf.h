/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types of the kernel and of our module, as /sys/kernel/btf has them: read once,
 * never freed.  What is no BTF ends in guest_fail().
 */
#pragma once

#include <stdint.h>

struct btf;

/* "vmlinux", or a module on top of @base. */
struct btf *btf_load(const char *name, const struct btf *base);

/* Id of the first type of this name and kind (BTF_KIND_...); -1 when there is none. */
int btf_find(const struct btf *btf, const char *name, uint32_t kind);

/* Offset of a struct's member in bytes; -1 when there is none. */
int btf_member_offset(const struct btf *btf, const char *type, const char *member);

/* Name of a function's first argument; "" when it has none. */
const char *btf_first_argument(const struct btf *btf, const char *function);
