// SPDX-License-Identifier: GPL-2.0-only
/* Domains on libvirt's own mock driver, and what its errors are about. */
#include "machine/domain.h"

#include <libvirt/libvirt.h>
#include <string.h>

#include "arch/arch.h"
#include "util/error.h"

static const char *const words[] = { "-icount", "shift=0 & 'more' <words>", NULL };
static const DomainSpec spec = {
	.cpu = -1,
	.kernel = "/boot/bzImage", .initrd = "/boot/initrd", .cmdline = "a=\"b\" <c>",
	.words = words, .vcpus = 2, .ram_mib = 64,
};

/* How many domains a second connection to the same mock host sees of that name. */
static bool is_known(virConnectPtr observer, const char *name)
{
	virDomainPtr found = virDomainLookupByName(observer, name);

	if (found)
		virDomainFree(found);
	return found != NULL;
}

static void test_lifecycle(void)
{
	g_autoptr(GError) error = NULL;
	Domain *domain = domain_new("test:///default", &error);

	g_assert_no_error(error);
	g_assert_false(domain_is_running(domain));
	g_assert_true(domain_start(domain, &spec, &error));
	g_assert_no_error(error);
	g_assert_true(domain_is_running(domain));
	g_assert_true(g_str_has_prefix(domain_name(domain), "racerig-"));

	/* Connections to test:///default share one host. */
	virConnectPtr observer = virConnectOpen("test:///default");
	g_autofree char *name = g_strdup(domain_name(domain));
	g_assert_true(is_known(observer, name));
	domain_free(domain);
	g_assert_false(is_known(observer, name));
	virConnectClose(observer);
}

static void test_two_at_once(void)
{
	g_autoptr(Domain) a = domain_new("test:///default", NULL);
	g_autoptr(Domain) b = domain_new("test:///default", NULL);

	g_assert_true(domain_start(a, &spec, NULL) && domain_start(b, &spec, NULL));
	g_assert_cmpstr(domain_name(a), !=, domain_name(b));
	g_assert_true(domain_is_running(a) && domain_is_running(b));
}

static void test_taken_name(void)
{
	g_autoptr(Domain) first = domain_new("test:///default", NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(domain_start(first, &spec, NULL));
	/* Take the name that comes next. */
	g_autofree char *next = g_strdup(domain_name(first));
	char *number = strrchr(next, '-') + 1;
	g_autofree char *xml = g_strdup_printf(
		"<domain type='test'><name>%.*s%d</name><memory>1024</memory>"
		"<os><type>%s</type></os></domain>", (int)(number - next), next,
		atoi(number) + 1, ARCH.os_type);
	virConnectPtr other = virConnectOpen("test:///default");
	virDomainPtr taken = virDomainCreateXML(other, xml, 0);
	g_assert_nonnull(taken);

	g_autoptr(Domain) second = domain_new("test:///default", NULL);
	g_assert_false(domain_start(second, &spec, &error));
	g_assert_error(error, RIG_ERROR, RIG_ERROR_MACHINE);
	g_assert_nonnull(strstr(error->message, "a domain has that name"));
	g_assert_null(strchr(error->message, '\n'));
	virDomainDestroy(taken);
	virDomainFree(taken);
	virConnectClose(other);
}

static void test_no_such_driver(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(domain_new("nonsense:///", &error));
	g_assert_error(error, RIG_ERROR, RIG_ERROR_MACHINE);
	g_assert_true(g_str_has_prefix(error->message, "libvirt nonsense:///: "));
}

static const struct {
	const char *message, *about;
} errors[] = {
	{ "Failed to connect socket to '/var/run/libvirt/libvirt-sock': No such file or directory",
	  "start libvirtd" },
	{ "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Connection refused",
	  "start libvirtd" },
	{ "Failed to connect socket to '/var/run/libvirt/libvirt-sock': Permission denied",
	  "group libvirt" },
	{ "Failed to connect socket to '/run/libvirt/virtqemud-sock': Permission denied",
	  "group libvirt" },
	{ "authentication unavailable: no polkit agent available to authenticate action "
	  "'org.libvirt.unix.manage'", "group libvirt" },
	{ "access denied", "ask for access" },
	{ "operation failed: domain 'racerig-1-1' already exists with uuid 0b2b7b57-dfaf", "virsh" },
	{ "internal error: process exited while connecting to monitor: qemu-system-x86_64: -icount "
	  "shift=0,sleep=off: cannot configure icount, TCG support not available", "no icount" },
	{ "unsupported configuration: Emulator '/usr/libexec/qemu-kvm' does not support virt type "
	  "'qemu'", "no TCG" },
	{ "internal error: qemu unexpectedly closed the monitor: qemu-system-x86_64: -object memory-"
	  "backend-file: can't open backing store /dev/shm/racerig-1-a/ram for guest RAM: Permission "
	  "denied", "AppArmor, SELinux" },
	{ "Cannot recv data: Host key verification failed.: Connection reset by peer", "accept its key" },
	{ "Cannot recv data: root@host: Permission denied (publickey).: Connection reset by peer",
	  "without a password" },
	{ "out of memory", NULL },
};

static void test_remedies(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(errors); i++) {
		const char *remedy = domain_remedy(errors[i].message);

		g_test_message("%s", errors[i].message);
		if (errors[i].about)
			g_assert_nonnull(remedy && strstr(remedy, errors[i].about) ? remedy : NULL);
		else
			g_assert_null(remedy);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/domain/lifecycle", test_lifecycle);
	g_test_add_func("/domain/two-at-once", test_two_at_once);
	g_test_add_func("/domain/taken-name", test_taken_name);
	g_test_add_func("/domain/no-such-driver", test_no_such_driver);
	g_test_add_func("/domain/remedies", test_remedies);
	return g_test_run();
}
