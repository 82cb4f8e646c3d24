// SPDX-License-Identifier: GPL-2.0-only
#include "machine/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/error.h"

/* Where the child finds what it inherits. */
enum { FD_GDB = 10, FD_QMP, FD_RAM, FD_DISK, FD_CONSOLE, FD_INITRD };

void launch_die_with_parent(gpointer parent_pid)
{
	sigset_t none;

	/* A Ctrl-C is for the rig, which then ends its children itself. */
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have gone before the line above. */
	if (getppid() != GPOINTER_TO_INT(parent_pid))
		_exit(1);
}

static bool fail(GError **error, const char *what)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "%s: %s", what, g_strerror(errno));
	return false;
}

/* Append the file at @path to @fd. */
static bool append_file(int fd, const char *path, GError **error)
{
	int in = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (in < 0 || fstat(in, &st)) {
		bool ret = fail(error, path);
		if (in >= 0)
			close(in);
		return ret;
	}
	lseek(fd, 0, SEEK_END);
	for (off_t left = st.st_size; left > 0;) {
		ssize_t sent = sendfile(fd, in, NULL, left);
		if (sent <= 0) {
			close(in);
			return fail(error, path);
		}
		left -= sent;
	}
	close(in);
	return true;
}

/* A new qcow2; QEMU needs one to keep snapshots in, nothing else uses it. */
static bool create_disk(int fd, GError **error)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/fd/%d", getpid(), fd);
	g_autofree char *errors = NULL;
	int status;

	if (!g_spawn_sync(NULL, (char *[]){ "qemu-img", "create", "-q", "-f", "qcow2", path,
					    "1M", NULL },
			  NULL, G_SPAWN_SEARCH_PATH | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
			  NULL, &errors, &status, error)) {
		g_prefix_error(error, "qemu-img (package qemu-utils): ");
		return false;
	}
	if (status == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "qemu-img: %s",
		    g_strchomp(errors));
	return false;
}

bool launch_qemu(const MachineSpec *spec, LaunchResult *ret, GError **error)
{
	g_autoptr(GSubprocessLauncher) launcher =
		g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE);
	int gdb[2], qmp[2];

	ret->ram = memfd_create("racerig-ram", MFD_CLOEXEC);
	ret->disk = memfd_create("racerig-disk", MFD_CLOEXEC);
	ret->console = memfd_create("racerig-console", MFD_CLOEXEC);
	ret->log = memfd_create("racerig-log", MFD_CLOEXEC);
	int initrd = memfd_create("racerig-initrd", MFD_CLOEXEC);
	if (ret->ram < 0 || ret->disk < 0 || ret->console < 0 || ret->log < 0 || initrd < 0 ||
	    ftruncate(ret->ram, (off_t)MACHINE_RAM_MIB << 20) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, gdb) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, qmp))
		return fail(error, "memory files and sockets");
	ret->gdb = gdb[0];
	ret->qmp = qmp[0];
	g_subprocess_launcher_take_fd(launcher, gdb[1], FD_GDB);
	g_subprocess_launcher_take_fd(launcher, qmp[1], FD_QMP);
	g_subprocess_launcher_take_fd(launcher, initrd, FD_INITRD);
	g_subprocess_launcher_take_fd(launcher, dup(ret->ram), FD_RAM);
	g_subprocess_launcher_take_fd(launcher, dup(ret->disk), FD_DISK);
	g_subprocess_launcher_take_fd(launcher, dup(ret->console), FD_CONSOLE);
	g_subprocess_launcher_take_stderr_fd(launcher, dup(ret->log));

	for (const char *const *path = spec->initrds; *path; path++)
		if (!append_file(initrd, *path, error))
			return false;
	if (spec->disk ? !append_file(ret->disk, spec->disk, error)
		       : !create_disk(ret->disk, error))
		return false;

	g_autofree char *smp = g_strdup_printf("%d", spec->vcpus);
	g_autofree char *memory = g_strdup_printf(
		"memory-backend-file,id=ram,size=%dM,mem-path=/proc/self/fd/%d,share=on",
		MACHINE_RAM_MIB, FD_RAM);
	g_autofree char *ram_size = g_strdup_printf("%dM", MACHINE_RAM_MIB);
	g_autofree char *disk = g_strdup_printf(
		"if=none,id=snapshots,format=qcow2,file=/proc/self/fd/%d", FD_DISK);
	g_autofree char *qmp2 = g_strdup_printf("unix:%s,server=on,wait=off", spec->qmp_path);
	g_autofree char *gdb_dev = g_strdup_printf("socket,id=gdb,fd=%d", FD_GDB);
	g_autofree char *qmp_dev = g_strdup_printf("socket,id=qmp,fd=%d", FD_QMP);
	g_autofree char *console = g_strdup_printf("file,id=console,path=/proc/self/fd/%d",
						   FD_CONSOLE);
	g_autofree char *initrd_path = g_strdup_printf("/proc/self/fd/%d", FD_INITRD);
	const char *argv[] = {
		"qemu-system-x86_64", "-S", "-no-user-config", "-nodefaults", "-display", "none",
		"-no-reboot", "-machine", "pc,memory-backend=ram", "-object", memory,
		"-m", ram_size, "-smp", smp,
		/* One thread and a virtual clock made of instructions: determinism. */
		"-accel", "tcg,thread=single", "-icount", "shift=0,sleep=off",
		"-rtc", "base=2026-01-01,clock=vm",
		"-kernel", spec->kernel, "-initrd", initrd_path, "-append", spec->cmdline,
		"-chardev", console, "-serial", "chardev:console",
		"-chardev", gdb_dev, "-gdb", "chardev:gdb",
		"-chardev", qmp_dev, "-mon", "chardev=qmp,mode=control",
		"-qmp", qmp2, "-drive", disk, "-device", "vmcoreinfo", NULL,
	};

	g_subprocess_launcher_set_child_setup(launcher, launch_die_with_parent,
					      GINT_TO_POINTER(getpid()), NULL);
	ret->process = g_subprocess_launcher_spawnv(launcher, argv, error);
	if (!ret->process) {
		g_prefix_error(error, "starting QEMU (package qemu-system-x86): ");
		return false;
	}
	return true;
}
