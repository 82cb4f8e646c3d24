// SPDX-License-Identifier: GPL-2.0-only
#include "machine/domain.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <unistd.h>

#include "arch/arch.h"
#include "util/error.h"
#include "util/xml.h"

struct Domain {
	virConnectPtr connection;
	virDomainPtr domain;	/* NULL until it was started */
	char *uri, *name;
	bool is_test;		/* libvirt's own mock driver: no QEMU behind it */
	bool takes_owner;	/* libvirt there runs QEMU as whom we say */
};

/* In order: the first that a message contains is what it is about. */
static const struct {
	const char *says, *remedy;
} remedies[] = {
	{ "icount", "its QEMU has no icount; it needs QEMU 7.2 or newer with TCG" },
	{ "does not support virt type 'qemu'",
	  "its QEMU has no TCG; it needs QEMU 7.2 or newer with TCG" },
	{ "already exists with uuid", "a domain has that name; virsh destroy it, or run the rig again" },
	{ "already active", "a domain has that name; virsh destroy it, or run the rig again" },
	{ "authenticat", "you may not; join the group libvirt there, or use qemu:///session" },
	{ "access denied", "you may not; ask for access to libvirt there, or use qemu:///session" },
	{ "libvirt-sock': Permission denied",
	  "you may not; join the group libvirt there, or use qemu:///session" },
	{ "virtqemud-sock': Permission denied",
	  "you may not; join the group libvirt there, or use qemu:///session" },
	{ "Host key verification failed", "ssh to that host once, and accept its key" },
	{ "(publickey", "ssh to that host has to work without a password" },
	{ "Permission denied",
	  "QEMU may not use that path: AppArmor, SELinux or its owner forbid it; set RACERIG_SHM "
	  "to a folder QEMU may use (docs/libvirt.md)" },
	{ "Failed to connect socket", "no libvirtd there; start libvirtd or virtqemud" },
	{ "ssh:", "ssh to that host has to work without a password" },
	/* What libvirt says where its questions to an emulator end without an answer. */
	{ "the cause is unknown", "it cannot use that QEMU, which may be too new for it; its log says why" },
	{ "does not exist in $PATH", "no libvirtd there; install libvirt-daemon" },
};

const char *domain_remedy(const char *message)
{
	for (gsize i = 0; i < G_N_ELEMENTS(remedies); i++)
		if (strstr(message, remedies[i].says))
			return remedies[i].remedy;
	return NULL;
}

static bool fail(const Domain *domain, GError **error)
{
	g_autofree char *text = g_strdup(virGetLastErrorMessage());
	const char *remedy = domain_remedy(text);

	g_set_error(error, RIG_ERROR, RIG_ERROR_MACHINE, "libvirt %s: %s%s%s%s", domain->uri,
		    remedy ? remedy : "", remedy ? " (" : "",
		    g_strstrip(g_strdelimit(text, "\r\n", ' ')), remedy ? ")" : "");
	return false;
}

/* We say what went wrong, once. */
static void be_quiet(void *data, virErrorPtr error)
{
	(void)data;
	(void)error;
}

static bool look_around(Domain *domain, GError **error)
{
	const char *type = virConnectGetType(domain->connection);
	g_autofree char *about = virConnectGetCapabilities(domain->connection);

	if (!type || !about)
		return fail(domain, error);
	domain->is_test = strcmp(type, "TEST") == 0 || strcmp(type, "Test") == 0;
	g_autoptr(GPtrArray) models = xml_texts(about, "/capabilities/host/secmodel/model");
	domain->takes_owner = models && g_ptr_array_find_with_equal_func(models, "dac", g_str_equal,
									 NULL);
	if (domain->is_test || strcmp(type, "QEMU") == 0)
		return true;
	g_set_error(error, RIG_ERROR, RIG_ERROR_INPUT,
		    "libvirt %s: it runs %s guests; the rig needs a qemu:// or qemu+ssh:// URI",
		    domain->uri, type);
	return false;
}

Domain *domain_new(const char *uri, GError **error)
{
	g_autoptr(Domain) domain = g_new0(Domain, 1);

	virSetErrorFunc(NULL, be_quiet);
	domain->uri = g_strdup(uri);
	domain->connection = virConnectOpen(uri);
	if (!domain->connection) {
		fail(domain, error);
		return NULL;
	}
	return look_around(domain, error) ? g_steal_pointer(&domain) : NULL;
}

void domain_free(Domain *domain)
{
	if (!domain)
		return;
	if (domain->domain) {
		virDomainDestroy(domain->domain);
		virDomainFree(domain->domain);
	}
	if (domain->connection)
		virConnectClose(domain->connection);
	g_free(domain->uri);
	g_free(domain->name);
	g_free(domain);
}

char *domain_emulator(Domain *domain, GError **error)
{
	g_autofree char *about = virConnectGetDomainCapabilities(domain->connection, NULL, ARCH.name,
								 NULL, "qemu", 0);
	g_autoptr(GPtrArray) paths = about ? xml_texts(about, "/domainCapabilities/path") : NULL;

	if (paths && paths->len)
		return g_strdup(g_ptr_array_index(paths, 0));
	fail(domain, error);
	return NULL;
}

static void add_devices(GString *xml, const DomainSpec *spec)
{
	g_string_append(xml, "<devices>");
	if (spec->emulator) {
		g_autofree char *emulator =
			g_markup_printf_escaped("<emulator>%s</emulator>", spec->emulator);
		g_string_append(xml, emulator);
	}
	/* The bare board: libvirt adds what it is not told to leave out. */
	g_string_append(xml, "<controller type='usb' model='none'/><memballoon model='none'/>"
			"</devices><qemu:commandline>");
	for (const char *const *word = spec->words; *word; word++) {
		g_autofree char *arg = g_markup_printf_escaped("<qemu:arg value='%s'/>", *word);
		g_string_append(xml, arg);
	}
	g_string_append(xml, "</qemu:commandline>");
}

static char *describe(const Domain *domain, const DomainSpec *spec)
{
	g_autofree char *head = g_markup_printf_escaped(
		"<domain type='%s' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>"
		"<name>%s</name><memory unit='MiB'>%d</memory>"
		"<os><type arch='%s' machine='%s'>%s</type><kernel>%s</kernel>"
		"<initrd>%s</initrd><cmdline>%s</cmdline></os><features><%s/></features>"
		"<cpu><topology sockets='1' cores='%d' threads='1'/></cpu>"
		/* 2026-01-01, as the direct backend has it. */
		"<clock offset='absolute' start='1767225600'><timer name='rtc' track='guest'/></clock>"
		"<on_poweroff>destroy</on_poweroff><on_reboot>destroy</on_reboot>"
		"<on_crash>destroy</on_crash>",
		domain->is_test ? "test" : "qemu", domain->name, spec->ram_mib,
		ARCH.name, ARCH.board, ARCH.os_type, spec->kernel, spec->initrd, spec->cmdline, ARCH.feature,
		spec->vcpus);
	GString *xml = g_string_new(head);

	if (spec->cpu < 0)
		g_string_append_printf(xml, "<vcpu>%d</vcpu>", spec->vcpus);
	else
		g_string_append_printf(xml, "<vcpu cpuset='%d'>%d</vcpu>", spec->cpu, spec->vcpus);
	if (domain->takes_owner && spec->owner) {
		g_autofree char *label = g_markup_printf_escaped(
			"<seclabel type='static' model='dac' relabel='no'><label>%s</label></seclabel>",
			spec->owner);
		g_string_append(xml, label);
	}
	add_devices(xml, spec);
	g_string_append(xml, "</domain>");
	return g_string_free(xml, FALSE);
}

bool domain_start(Domain *domain, const DomainSpec *spec, GError **error)
{
	static int started;	/* by this process, by any of its threads */
	unsigned int flags = VIR_DOMAIN_START_PAUSED | VIR_DOMAIN_START_AUTODESTROY;

	domain->name = g_strdup_printf("racerig-%d-%d", getpid(), g_atomic_int_add(&started, 1) + 1);
	g_autofree char *xml = describe(domain, spec);
	g_debug("%s", xml);
	/*
	 * Nothing of the mock driver's outlives us anyway, and it has no flags.  A QEMU that ends
	 * at once may do so before libvirt connects to it, and then libvirt does not pass on why.
	 */
	for (int tries = 0; !domain->domain && tries < 3; tries++) {
		domain->domain = virDomainCreateXML(domain->connection, xml,
						    domain->is_test ? 0 : flags);
		if (!domain->domain &&
		    !strstr(virGetLastErrorMessage(), "failed to connect to monitor socket"))
			break;
	}
	return domain->domain || fail(domain, error);
}

const char *domain_name(const Domain *domain)
{
	return domain->name;
}

bool domain_is_running(Domain *domain)
{
	return domain->domain && virDomainIsActive(domain->domain) == 1;
}
