/* What children may do: when the master is root they become another user for good and
 * check that they did; in any case no new privileges, no core files that hold payloads.
 * Runs in each child before it reads a byte. */
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/log.h"
#include "master/internal.h"

#define LOADER_MEMORY (4ull << 30)
#define LOADER_CPU_SECONDS 20

int identity_find(struct identity *id, const char *user)
{
	*id = (struct identity){ getuid(), getgid(), geteuid() == 0 };
	if (!id->drop)
		return 0;
	struct passwd *p = getpwnam(user);
	if (!p && strcmp(user, "event-gateway") == 0)
		p = getpwnam("nobody");
	if (!p || p->pw_uid == 0)
		return E_NOENT;
	id->uid = p->pw_uid;
	id->gid = p->pw_gid;
	return 0;
}

static int set_capabilities(uint32_t mask)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { mask, mask, 0 }, { 0, 0, 0 } };

	return syscall(SYS_capset, &head, data) < 0 ? E_SYS : 0;
}

static int change_user(const struct identity *id, bool keep_read)
{
	if (prctl(PR_SET_KEEPCAPS, keep_read, 0, 0, 0) < 0)
		return E_SYS;
	if (setgroups(0, NULL) < 0 || setresgid(id->gid, id->gid, id->gid) < 0 || setresuid(id->uid, id->uid, id->uid) < 0)
		return E_SYS;
	/* Verify: a kernel or a container that lets these calls succeed without effect
	 * must not leave us with root. */
	if (getuid() != id->uid || geteuid() != id->uid || getgid() != id->gid || getegid() != id->gid ||
	    getgroups(0, NULL) != 0 || setuid(0) == 0)
		return E_STATE;
	return set_capabilities(keep_read ? 1u << CAP_DAC_READ_SEARCH : 0);
}

int privilege_drop(const struct identity *id, bool keep_read)
{
	struct rlimit none = { 0, 0 };

	if (id->drop) {
		int r = change_user(id, keep_read);
		if (r < 0)
			return r;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 || setrlimit(RLIMIT_CORE, &none) < 0)
		return E_SYS;
#ifndef WITH_ASAN        /* LeakSanitizer traces its own process */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
		return E_SYS;
#endif
	return 0;
}

int master_confine(void)
{
	struct identity id;
	int r = identity_find(&id, "event-gateway");

	if (r == 0)
		r = privilege_drop(&id, true);
	if (r == 0)
		privilege_limit_loader();
	return r;
}

void privilege_limit_loader(void)
{
	struct rlimit cpu = { LOADER_CPU_SECONDS, LOADER_CPU_SECONDS };

	if (setrlimit(RLIMIT_CPU, &cpu) < 0)
		log_warn("loader: no limit on processor time: %s", strerror(errno));
#ifndef WITH_ASAN        /* its shadow alone is terabytes of address space */
	struct rlimit memory = { LOADER_MEMORY, LOADER_MEMORY };
	if (setrlimit(RLIMIT_AS, &memory) < 0)
		log_warn("loader: no limit on memory: %s", strerror(errno));
#endif
}
