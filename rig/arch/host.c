// SPDX-License-Identifier: GPL-2.0-only
#include "arch/host.h"

#ifdef __x86_64__
#include <errno.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

long host_syscall(pid_t pid, long number, long argument)
{
	enum { SYSCALL = 0x050f };
	struct user_regs_struct was, regs;
	long result = -1;
	int status;

	/* Its stack and everything else stays as it is. */
	if (ptrace(PTRACE_GETREGS, pid, NULL, &was))
		return -1;
	errno = 0;
	long text = ptrace(PTRACE_PEEKTEXT, pid, was.rip - 2, NULL);
	if (errno || (text & 0xffff) != SYSCALL)
		return -1;
	regs = was;
	regs.rip -= 2;
	regs.rax = number;
	regs.rdi = argument;
	/* Nothing is to be started again yet. */
	regs.orig_rax = -1;
	if (!ptrace(PTRACE_SETREGS, pid, NULL, &regs) && !ptrace(PTRACE_SINGLESTEP, pid, NULL, NULL) &&
	    waitpid(pid, &status, __WALL) == pid && WIFSTOPPED(status) &&
	    !ptrace(PTRACE_GETREGS, pid, NULL, &regs))
		result = (long)regs.rax;
	ptrace(PTRACE_SETREGS, pid, NULL, &was);
	return result;
}
#else
long host_syscall(pid_t pid, long number, long argument)
{
	(void)pid;
	(void)number;
	(void)argument;
	return -1;
}
#endif
