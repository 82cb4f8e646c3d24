// SPDX-License-Identifier: GPL-2.0-only
/*
 * PID 1 of guests that go wrong, one for each BAD_*: what the rig looks for is there, and nothing
 * that it hopes for.  Freestanding: it needs no library in the initramfs.
 */
#include <linux/reboot.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "guest-abi.h"

#define MARKER __attribute__((noinline, used)) void

struct guest_report guest_report = { .version = GUEST_ABI_VERSION };
struct guest_request guest_request __attribute__((aligned(256))) = { .version = GUEST_ABI_VERSION };
struct guest_control guest_control;

MARKER guest_booted(void) { asm volatile("nop" ::: "memory"); }
MARKER guest_failed(void) { asm volatile("nop" ::: "memory"); }
MARKER guest_ready(void) { asm volatile("nop" ::: "memory"); }
MARKER guest_park(void) { asm volatile("nop" ::: "memory"); }

static long call(long number, long a, long b, long c, long d)
{
	register long r10 asm("r10") = d;
	long ret;

	asm volatile("syscall" : "=a"(ret) : "a"(number), "D"(a), "S"(b), "d"(c), "r"(r10)
		     : "rcx", "r11", "memory");
	return ret;
}

static void reboot(long how)
{
	call(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, how, 0);
}

static void flood(void)
{
	static const char line[] = "\x1b[2Jthe same line over and over \xff\xfe\n";

	for (;;)
		call(SYS_write, 1, (long)line, sizeof(line) - 1, 0);
}

/* All memory there is, and then some. */
static void eat(void)
{
	enum { MAP = 3, PRIVATE_ANONYMOUS = 0x22, BYTES = 1 << 20, PAGE = 4096 };

	for (;;) {
		register long r8 asm("r8") = -1;
		register long r9 asm("r9") = 0;
		register long r10 asm("r10") = PRIVATE_ANONYMOUS;
		char *at;

		asm volatile("syscall" : "=a"(at) : "a"(SYS_mmap), "D"(0), "S"(BYTES), "d"(MAP), "r"(r10),
			     "r"(r8), "r"(r9) : "rcx", "r11", "memory");
		for (int i = 0; (long)at > 0 && i < BYTES; i += PAGE)
			at[i] = 1;
	}
}

static void lie(void)
{
	for (size_t i = 0; i < sizeof(guest_report); i++)
		((volatile unsigned char *)&guest_report)[i] = 0xff;
	guest_report.version = GUEST_ABI_VERSION;
	guest_booted();
	guest_ready();
}

void _start(void)
{
#if defined(BAD_PANIC)
	call(SYS_exit, 0, 0, 0, 0);
#elif defined(BAD_RESET)
	reboot(LINUX_REBOOT_CMD_RESTART);
#elif defined(BAD_POWEROFF)
	reboot(LINUX_REBOOT_CMD_POWER_OFF);
#elif defined(BAD_FLOOD)
	flood();
#elif defined(BAD_MEMORY)
	eat();
#elif defined(BAD_REPORT)
	lie();
#endif
	/* Which of them is there a matter of -D: the others are not called. */
	(void)flood, (void)eat, (void)lie, (void)reboot;
	for (;;)
		;
}
