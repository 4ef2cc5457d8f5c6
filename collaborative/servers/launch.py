"""Start one program so that it ends with the process that asked for it, also after `kill -9`.

Run as a file by an isolated interpreter, never imported: it has to finish its own imports before it gives up
root, because the interpreter may lie where the other user cannot read.

    launch.py PARENT SIGNAL USER GROUP NAMESPACE PROGRAM [ARGUMENT…]
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000
NOBODY = 65534


def enter_namespace_as_nobody() -> None:
    """Be "nobody" in a user namespace, for a program that insists on a passwd entry (initdb)."""
    user, group = os.geteuid(), os.getegid()
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        sys.exit("This user has no entry in /etc/passwd, which PostgreSQL needs; add one.")
    for name, content in (
        ("setgroups", "deny"),
        ("uid_map", f"{NOBODY} {user} 1"),
        ("gid_map", f"{NOBODY} {group} 1"),
    ):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(content)


def main() -> None:
    parent, death_signal, user, group, namespace = (int(text) for text in sys.argv[1:6])
    program = sys.argv[6:]
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0 and user != 0:
        os.setgroups([])
        os.setresgid(group, group, group)
        os.setresuid(user, user, user)
    if namespace:
        enter_namespace_as_nobody()
    # After the change of user, which clears it.
    libc.prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # the parent died before the line above could take effect
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)  # Python ignores them, the program should not
    os.execv(program[0], program)


main()
