// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU as a child of ours: everything it shares with us is inherited, nothing has a
 * name, and it gets SIGKILL when this process ends, however it ends.
 */
#include "machine/backend.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "arch/arch.h"
#include "util/child.h"
#include "util/error.h"

/* Where the child finds what it inherits. */
enum { FD_GDB = 10, FD_QMP, FD_RAM, FD_DISK, FD_CONSOLE, FD_INITRD, FD_CODE };

typedef struct {
	Backend base;
	GSubprocess *process;
} Child;

/* What is set in the child. */
typedef struct {
	int ram_mib;
	bool sandboxed;
} Limits;

static void end(Backend *backend)
{
	Child *child = (Child *)backend;

	child_end(child->process);
	backend_close(backend);
	g_free(child);
}

/* Both ends of what the child inherits; @launcher takes its own. */
static bool connect_parts(Backend *base, GSubprocessLauncher *launcher, GError **error)
{
	static const int targets[] = { FD_RAM, FD_DISK, FD_CONSOLE };
	int gdb[2], qmp[2];

	for (int part = PART_RAM; part <= PART_CONSOLE; part++)
		g_subprocess_launcher_take_fd(launcher, dup(base->parts[part]), targets[part]);
	g_subprocess_launcher_take_stderr_fd(launcher, dup(base->parts[PART_LOG]));
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gdb)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "sockets: %s", g_strerror(errno));
		return false;
	}
	base->gdb = gdb[0];
	g_subprocess_launcher_take_fd(launcher, gdb[1], FD_GDB);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp)) {
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "sockets: %s", g_strerror(errno));
		return false;
	}
	base->qmp = qmp[0];
	g_subprocess_launcher_take_fd(launcher, qmp[1], FD_QMP);
	return true;
}

/* What QEMU needs and no more (docs/reliability.md); "off" is for one that is built without seccomp. */
static bool is_sandboxed(void)
{
	return g_strcmp0(g_getenv("RACERIG_SANDBOX"), "off") != 0;
}

static GStrv command_line(const MachineSpec *spec, GError **error)
{
	g_autoptr(GStrvBuilder) words = g_strv_builder_new();
	g_autofree char *ram = g_strdup_printf("/proc/self/fd/%d", FD_RAM);
	g_autofree char *disk = g_strdup_printf("/proc/self/fd/%d", FD_DISK);
	g_autofree char *console = g_strdup_printf("/proc/self/fd/%d", FD_CONSOLE);
	g_autofree char *initrd = g_strdup_printf("/proc/self/fd/%d", FD_INITRD);
	g_autofree char *code = g_strdup_printf("/proc/self/fd/%d", FD_CODE);
	g_autofree char *gdb = g_strdup_printf("fd=%d", FD_GDB);
	g_autofree char *qmp = g_strdup_printf("fd=%d", FD_QMP);
	g_autofree char *qmp2 = backend_listening(spec->qmp_path, error);
	g_autofree char *ram_size = g_strdup_printf("%dM", spec->ram_mib);
	g_autofree char *smp = g_strdup_printf("%d", spec->vcpus);
	g_autofree char *emulator = qmp2 ? backend_emulator_path(spec->emulator, error) : NULL;

	if (!emulator)
		return NULL;
	g_auto(GStrv) common = backend_words(spec, &(Places){ .ram = ram, .disk = disk,
		.console = console, .gdb = gdb, .qmp = qmp, .qmp2 = qmp2 });

	g_strv_builder_add_many(words, emulator, "-S", "-no-user-config", "-nodefaults",
				"-display", "none", "-no-reboot", "-machine", ARCH.board, "-m", ram_size,
				"-smp", smp, "-rtc", "base=2026-01-01,clock=vm",
				"-kernel", spec->kernel, "-initrd", initrd,
				"-append", spec->cmdline, NULL);
	g_strv_builder_addv(words, (const char **)common);
	if (spec->code)
		g_strv_builder_add_many(words, "-d", "in_asm,exec,nochain", "-dfilter",
					spec->code->ranges, "-D", code, NULL);
	if (is_sandboxed())
		g_strv_builder_add_many(words, "-sandbox", "on,obsolete=deny,elevateprivileges=deny,"
					"spawn=deny,resourcecontrol=deny", NULL);
	return g_strv_builder_end(words);
}

/*
 * A guest that floods its console fills memory, and so would a snapshot that never ends.  What
 * is too much is not written.  No program it may start gets more privileges than it has.
 */
static void limit(gpointer data)
{
	const Limits *limits = data;
	rlim_t most = (4 * (rlim_t)limits->ram_mib + 64) << 20;

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){ most, most });
	if (limits->sandboxed)
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

Backend *backend_qemu_start(const MachineSpec *spec, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
	Child *child = g_new0(Child, 1);
	Backend *base = &child->base;
	Limits limits = { spec->ram_mib, is_sandboxed() };
	ChildSetup setup = { limit, &limits };
	g_auto(GStrv) argv = command_line(spec, error);
	int initrd = argv ? memfd_create("racerig-initrd", MFD_CLOEXEC) : -1;

	base->end = end;
	if (argv && initrd < 0)
		g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "memory files: %s", g_strerror(errno));
	if (initrd < 0) {
		end(base);
		return NULL;
	}
	g_subprocess_launcher_take_fd(launcher, initrd, FD_INITRD);
	if (spec->code)
		g_subprocess_launcher_take_fd(launcher, dup(spec->code->fd), FD_CODE);
	if (!backend_init(base, spec, error) || !backend_fill_initrd(initrd, spec, error) ||
	    !backend_fill_disk(base->parts[PART_DISK], spec, error) ||
	    !connect_parts(base, launcher, error)) {
		end(base);
		return NULL;
	}
	child->process = child_start(launcher, (const char *const *)argv, &setup, error);
	if (!child->process) {
		g_prefix_error(error, "starting QEMU (package %s): ", ARCH.package);
		end(base);
		return NULL;
	}
	const char *pid = g_subprocess_get_identifier(child->process);
	base->pid = pid ? g_ascii_strtoll(pid, NULL, 10) : 0;
	return base;
}
