// SPDX-License-Identifier: GPL-2.0-only
#include "bpf.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "guest.h"

static int bpf(int command, union bpf_attr *attr)
{
	return (int)syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static uint64_t pointer(const void *at)
{
	return (uintptr_t)at;
}

static void get_info(int fd, const char *of, void *info, uint32_t size)
{
	union bpf_attr attr = { .info = { .bpf_fd = (uint32_t)fd, .info_len = size,
					  .info = pointer(info) } };

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr))
		guest_fail("asking for a %s's id: %s", of, strerror(errno));
}

int bpf_map_new(const struct bpf_map_spec *spec)
{
	union bpf_attr attr = {
		.map_type = spec->type, .key_size = spec->key_size,
		.value_size = spec->value_size, .max_entries = spec->max_entries,
		.map_flags = spec->flags, .map_extra = spec->extra,
	};

	snprintf(attr.map_name, sizeof(attr.map_name), "%s", spec->name);
	return bpf(BPF_MAP_CREATE, &attr);
}

uint32_t bpf_map_id(int fd)
{
	struct bpf_map_info info = {};

	get_info(fd, "map", &info, sizeof(info));
	return info.id;
}

int bpf_map_open(uint32_t id)
{
	union bpf_attr attr = { .map_id = id };

	return bpf(BPF_MAP_GET_FD_BY_ID, &attr);
}

int bpf_prog_new(const struct bpf_insn *insns, uint32_t n, int module_fd, char *log,
		 uint32_t log_size)
{
	int fds[2] = { 0, module_fd };
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_SYSCALL, .prog_flags = BPF_F_SLEEPABLE,
		.prog_name = "racerig", .license = pointer("GPL"),
		.insns = pointer(insns), .insn_cnt = n, .fd_array = pointer(fds),
		.log_level = 1, .log_buf = pointer(log), .log_size = log_size,
	};
	int fd;

	/* The verifier lets a signal in, and wants to be asked again. */
	do
		fd = bpf(BPF_PROG_LOAD, &attr);
	while (fd < 0 && errno == EAGAIN);
	return fd;
}

uint32_t bpf_prog_id(int fd)
{
	struct bpf_prog_info info = {};

	get_info(fd, "program", &info, sizeof(info));
	return info.id;
}

int bpf_prog_run(int fd, void *context, uint32_t size, uint32_t *ret)
{
	union bpf_attr attr = { .test = { .prog_fd = (uint32_t)fd, .ctx_in = pointer(context),
					  .ctx_size_in = size } };
	int err = bpf(BPF_PROG_TEST_RUN, &attr) ? -errno : 0;

	*ret = attr.test.retval;
	return err;
}

int bpf_btf_open(const char *name)
{
	union bpf_attr attr = {};

	while (!bpf(BPF_BTF_GET_NEXT_ID, &attr)) {
		union bpf_attr by_id = { .btf_id = attr.next_id };
		char found[64] = "";
		struct bpf_btf_info info = { .name = pointer(found), .name_len = sizeof(found) };
		int fd = bpf(BPF_BTF_GET_FD_BY_ID, &by_id);

		if (fd >= 0)
			get_info(fd, "BTF", &info, sizeof(info));
		if (fd >= 0 && strcmp(found, name) == 0)
			return fd;
		close(fd);
		attr = (union bpf_attr){ .start_id = attr.next_id };
	}
	guest_fail("%s has no BTF", name);
}
