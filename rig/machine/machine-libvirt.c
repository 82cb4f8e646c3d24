// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU as a libvirt domain.  What QEMU shares with us has names in a folder of the
 * caller's, which may go as soon as the guest has started.
 */
#include "machine/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "machine/domain.h"
#include "util/error.h"

typedef struct {
	Backend base;
	Domain *domain;
} Guest;

static void end(Backend *backend)
{
	Guest *guest = (Guest *)backend;

	domain_free(guest->domain);
	backend_close(backend);
	g_free(guest);
}

static bool fail(GError **error, const char *what)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "%s: %s", what, g_strerror(errno));
	return false;
}

static int connect_to(const char *path, GError **error)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(to.sun_path, path, sizeof(to.sun_path));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	fail(error, path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The files QEMU is to open, and the same ones open on our side. */
static bool make_parts(Backend *base, const char *folder, const MachineSpec *spec, GError **error)
{
	static const char *const names[] = { "ram", "disk", "console" };

	if (!backend_init(base, error))
		return false;
	for (int part = PART_RAM; part <= PART_CONSOLE; part++) {
		g_autofree char *path = g_build_filename(folder, names[part], NULL);
		int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

		if (fd < 0)
			return fail(error, path);
		dup3(fd, base->parts[part], O_CLOEXEC);
		close(fd);
	}
	if (ftruncate(base->parts[PART_RAM], (off_t)MACHINE_RAM_MIB << 20))
		return fail(error, "guest RAM");
	g_autofree char *path = g_build_filename(folder, "initrd", NULL);
	int initrd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (initrd < 0)
		return fail(error, path);
	bool ok = backend_fill_initrd(initrd, spec, error) &&
		  backend_fill_disk(base->parts[PART_DISK], spec, error);
	close(initrd);
	return ok;
}

static bool start(Guest *guest, const MachineSpec *spec, const char *folder, GError **error)
{
	g_autofree char *emulator = g_find_program_in_path("qemu-system-x86_64");
	g_autofree char *owner = g_strdup_printf("+%d:+%d", geteuid(), getegid());
	g_autofree char *initrd = g_build_filename(folder, "initrd", NULL);
	g_autofree char *ram = g_build_filename(folder, "ram", NULL);
	g_autofree char *disk = g_build_filename(folder, "disk", NULL);
	g_autofree char *console = g_build_filename(folder, "console", NULL);
	g_autofree char *gdb = g_strdup_printf("path=%s/gdb,server=on,wait=off", folder);
	g_autofree char *qmp = g_strdup_printf("path=%s/qmp,server=on,wait=off", folder);
	g_autofree char *qmp2 = g_strdup_printf("path=%s,server=on,wait=off", spec->qmp_path);
	g_auto(GStrv) words = backend_words(&(Places){ .ram = ram, .disk = disk,
		.console = console, .gdb = gdb, .qmp = qmp, .qmp2 = qmp2 });
	DomainSpec domain = {
		.kernel = spec->kernel, .initrd = initrd, .cmdline = spec->cmdline,
		.emulator = emulator, .owner = owner, .words = (const char *const *)words,
		.vcpus = spec->vcpus, .ram_mib = MACHINE_RAM_MIB,
	};

	return domain_start(guest->domain, &domain, error);
}

static bool connect_both(Backend *base, const char *folder, GError **error)
{
	g_autofree char *gdb = g_build_filename(folder, "gdb", NULL);
	g_autofree char *qmp = g_build_filename(folder, "qmp", NULL);

	base->gdb = connect_to(gdb, error);
	base->qmp = base->gdb < 0 ? -1 : connect_to(qmp, error);
	return base->qmp >= 0;
}

Backend *backend_libvirt_start(const MachineSpec *spec, GError **error)
{
	Guest *guest = g_new0(Guest, 1);

	guest->base.end = end;
	if (make_parts(&guest->base, spec->folder, spec, error) &&
	    (guest->domain = domain_new(spec->connect, error)) &&
	    start(guest, spec, spec->folder, error) &&
	    connect_both(&guest->base, spec->folder, error))
		return &guest->base;
	end(&guest->base);
	return NULL;
}

char *backend_libvirt_emulator_version(const char *connect, GError **error)
{
	(void)connect;
	return backend_emulator_version(NULL, error);
}
