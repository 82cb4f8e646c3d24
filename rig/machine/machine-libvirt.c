// SPDX-License-Identifier: GPL-2.0-only
/*
 * QEMU as a libvirt domain, on this host or another.
 *
 * What QEMU shares with us has names: on this host in a folder of the caller's, which may
 * go as soon as the guest has started; on another host in a folder that goes with the ssh
 * connection, its sockets forwarded, its files copied when somebody asks for them.
 */
#include "machine/backend.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "machine/domain.h"
#include "machine/remote.h"
#include "util/cpu.h"
#include "util/error.h"
#include "util/shmdir.h"

typedef struct {
	Backend base;
	Domain *domain;
	Remote *remote;		/* NULL: this host */
} Guest;

static const char *const part_names[] = { "ram", "disk", "console" };

static void end(Backend *backend)
{
	Guest *guest = (Guest *)backend;

	domain_free(guest->domain);
	remote_free(guest->remote);
	backend_close(backend);
	g_free(guest);
}

static bool fetch(Backend *backend, Part part, GError **error)
{
	/* What QEMU said last is in the other host's log. */
	return part == PART_LOG || remote_get(((Guest *)backend)->remote, part_names[part],
					      backend->parts[part], error);
}

static bool fail(GError **error, const char *what)
{
	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "%s: %s", what, g_strerror(errno));
	return false;
}

static int create_file(const char *folder, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		fail(error, path);
	return fd;
}

static int connect_to(const char *folder, const char *name, GError **error)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (g_strlcpy(to.sun_path, path, sizeof(to.sun_path)) >= sizeof(to.sun_path))
		errno = ENAMETOOLONG;
	else if (fd >= 0 && connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
		return fd;
	fail(error, path);
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Give the parts names that QEMU can find. */
static bool name_parts(Backend *base, const char *folder, GError **error)
{
	if (!shmdir_has_room(folder, base->ram_bytes, error))
		return false;
	for (int part = PART_RAM; part <= PART_CONSOLE; part++) {
		int fd = create_file(folder, part_names[part], error);

		if (fd < 0)
			return false;
		dup3(fd, base->parts[part], O_CLOEXEC);
		close(fd);
	}
	return !ftruncate(base->parts[PART_RAM], base->ram_bytes) ||
	       fail(error, "guest RAM");
}

/* Everything QEMU reads, to the other host; RAM and console it makes itself. */
static bool upload(Guest *guest, const MachineSpec *spec, int initrd, GError **error)
{
	int kernel = open(spec->kernel, O_RDONLY | O_CLOEXEC);

	if (kernel < 0)
		return fail(error, spec->kernel);
	bool ok = remote_put(guest->remote, "kernel", kernel, error) &&
		  remote_put(guest->remote, "initrd", initrd, error) &&
		  remote_put(guest->remote, "disk", guest->base.parts[PART_DISK], error);
	close(kernel);
	return ok;
}

static bool make_files(Guest *guest, const MachineSpec *spec, GError **error)
{
	Backend *base = &guest->base;

	if (!backend_init(base, spec, error) ||
	    (!guest->remote && !name_parts(base, spec->folder, error)))
		return false;
	int initrd = guest->remote ? memfd_create("racerig-initrd", MFD_CLOEXEC)
				   : create_file(spec->folder, "initrd", error);
	if (initrd < 0)
		return false;
	bool ok = backend_fill_initrd(initrd, spec, error) &&
		  backend_fill_disk(base->parts[PART_DISK], spec, error) &&
		  (!guest->remote || upload(guest, spec, initrd, error));
	close(initrd);
	return ok;
}

/* On the host that runs it.  The caller's. */
static char *find_emulator(Domain *domain, const Remote *remote, const char *emulator,
			   GError **error)
{
	if (!remote)
		return backend_emulator_path(emulator, error);
	return emulator ? g_strdup(emulator) : domain_emulator(domain, error);
}

static bool start(Guest *guest, const MachineSpec *spec, GError **error)
{
	const char *folder = guest->remote ? remote_folder(guest->remote) : spec->folder;
	g_autofree char *owner = guest->remote ? g_strdup(remote_owner(guest->remote))
		: g_strdup_printf("+%d:+%d", geteuid(), getegid());
	g_autofree char *emulator = find_emulator(guest->domain, guest->remote, spec->emulator, error);
	g_autofree char *kernel = guest->remote ? g_build_filename(folder, "kernel", NULL)
		: g_strdup(spec->kernel);
	g_autofree char *initrd = g_build_filename(folder, "initrd", NULL);
	g_autofree char *ram = g_build_filename(folder, part_names[PART_RAM], NULL);
	g_autofree char *disk = g_build_filename(folder, part_names[PART_DISK], NULL);
	g_autofree char *console = g_build_filename(folder, part_names[PART_CONSOLE], NULL);
	g_autofree char *gdb_path = g_build_filename(folder, "gdb", NULL);
	g_autofree char *qmp_path = g_build_filename(folder, "qmp", NULL);
	g_autofree char *qmp2_path = guest->remote ? g_build_filename(folder, "qmp2", NULL)
		: g_strdup(spec->qmp_path);
	g_autofree char *gdb = backend_listening(gdb_path, error);
	g_autofree char *qmp = gdb ? backend_listening(qmp_path, error) : NULL;
	g_autofree char *qmp2 = qmp ? backend_listening(qmp2_path, error) : NULL;

	if (!qmp2)
		return false;
	g_auto(GStrv) words = backend_words(spec, &(Places){ .ram = ram, .disk = disk,
		.console = console, .gdb = gdb, .qmp = qmp, .qmp2 = qmp2 });
	DomainSpec domain = {
		.kernel = kernel, .initrd = initrd, .cmdline = spec->cmdline,
		.emulator = emulator, .owner = owner, .words = (const char *const *)words,
		/* Beside us, as a child would be. */
		.cpu = guest->remote ? -1 : cpu_claimed(),
		.vcpus = spec->vcpus, .ram_mib = spec->ram_mib,
	};

	return emulator && domain_start(guest->domain, &domain, error);
}

static bool connect_both(Guest *guest, const MachineSpec *spec, GError **error)
{
	if (guest->remote) {
		g_autofree char *gdb = g_build_filename(spec->folder, "gdb", NULL);
		g_autofree char *qmp = g_build_filename(spec->folder, "qmp", NULL);

		if (!remote_forward(guest->remote, gdb, "gdb", error) ||
		    !remote_forward(guest->remote, qmp, "qmp", error) ||
		    !remote_forward(guest->remote, spec->qmp_path, "qmp2", error))
			return false;
	}
	guest->base.gdb = connect_to(spec->folder, "gdb", error);
	guest->base.qmp = guest->base.gdb < 0 ? -1 : connect_to(spec->folder, "qmp", error);
	return guest->base.qmp >= 0;
}

static bool check_uri(const char *uri, GError **error)
{
	if (g_str_has_prefix(uri, remote_is(uri) ? "qemu+ssh://" : "qemu"))
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "--connect %s: give qemu:///session, qemu:///system, or qemu+ssh://HOST/… for "
		    "another host (docs/libvirt.md)", uri);
	return false;
}

Backend *backend_libvirt_start(const MachineSpec *spec, GError **error)
{
	Guest *guest = g_new0(Guest, 1);

	guest->base.end = end;
	if (check_uri(spec->connect, error) &&
	    (!remote_is(spec->connect) || (guest->remote = remote_new(spec->connect, error))) &&
	    (guest->domain = domain_new(spec->connect, error)) &&
	    make_files(guest, spec, error) && start(guest, spec, error) &&
	    connect_both(guest, spec, error)) {
		guest->base.fetch = guest->remote ? fetch : NULL;
		return &guest->base;
	}
	end(&guest->base);
	return NULL;
}

char *backend_libvirt_emulator_identity(const char *connect, const char *emulator,
					GError **error)
{
	if (!check_uri(connect, error))
		return NULL;
	if (!remote_is(connect))
		return backend_emulator_identity(NULL, emulator, error);
	g_autoptr(Domain) domain = domain_new(connect, error);
	g_autoptr(Remote) remote = domain ? remote_new(connect, error) : NULL;
	g_autofree char *path = remote ? find_emulator(domain, remote, emulator, error) : NULL;
	g_autofree char *quoted = path ? g_shell_quote(path) : NULL;
	/* Word for word what the same file is called on this host. */
	g_autofree char *command =
		g_strdup_printf("%s --version </dev/null && sha256sum <%s | cut -c1-64", quoted, quoted);
	g_autofree char *said = path ? remote_ask(remote, command, error) : NULL;

	if (!said || !backend_is_qemu(path, said, error))
		return NULL;
	return g_strchomp(g_steal_pointer(&said));
}
