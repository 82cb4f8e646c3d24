/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * bpf(2), as much of it as the guest takes: the system call, no library.  Descriptors are
 * the caller's to close; an error is -1 and errno, and what cannot go wrong on a kernel
 * that the rig takes ends in guest_fail().
 */
#pragma once

#include <linux/bpf.h>
#include <stdint.h>

/* enum bpf_map_type, since Linux 6.9: the host's headers may be older than the guest. */
enum { BPF_ARENA = 33 };

struct bpf_map_spec {
	uint32_t type;
	const char *name;
	uint32_t key_size, value_size, max_entries, flags;
	uint64_t extra;
};

int bpf_map_new(const struct bpf_map_spec *spec);

uint32_t bpf_map_id(int fd);

/* A new descriptor of it; -1 and ENOENT when it is gone. */
int bpf_map_open(uint32_t id);

/*
 * A sleepable program of type SYSCALL.  @module_fd is the BTF that a call with offset 1
 * is looked up in; what the verifier says goes into @log.
 */
int bpf_prog_new(const struct bpf_insn *insns, uint32_t n, int module_fd, char *log,
		 uint32_t log_size);

uint32_t bpf_prog_id(int fd);

/* 0 and what the program returned, or -errno; @context, of @size bytes, is read and written. */
int bpf_prog_run(int fd, void *context, uint32_t size, uint32_t *ret);

/* A module's BTF: the kernel takes it as a descriptor, and finds it by id only. */
int bpf_btf_open(const char *name);
