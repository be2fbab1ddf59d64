/** A program in Python that tries system calls which lead out of a sandbox. */

/** Numbers of x86-64 and of arm64; what answers anything but an error is printed. */
export const closedCalls = `
import ctypes, ctypes.util, errno, os, platform, sys
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == 'aarch64'
calls = {
    'ptrace': (101, 117, (16, os.getppid(), 0, 0)), 'mount': (165, 40, (b'none', b'/tmp', b'tmpfs', 0, 0)),
    'unshare': (272, 97, (0x10000000,)), 'setns': (308, 268, (0, 0)), 'bpf': (321, 280, (0, 0, 0)),
    'keyctl': (250, 219, (0, -3, 1)), 'add_key': (248, 217, (b'user', b'x', b'y', 1, -3)),
    'io_uring_setup': (425, 425, (1, ctypes.create_string_buffer(256))), 'userfaultfd': (323, 282, (1,)),
    'perf_event_open': (298, 241, (ctypes.create_string_buffer(128), 0, -1, -1, 0)),
    'process_vm_readv': (310, 270, (os.getppid(), 0, 0, 0, 0, 0)), 'open_by_handle_at': (304, 265, (-100, 0, 0)),
    'init_module': (175, 105, (0, 0, b'')), 'kexec_load': (246, 104, (0, 0, 0, 0)), 'reboot': (169, 142, (0, 0, 0, 0)),
    'pivot_root': (155, 41, (b'/tmp', b'/tmp')), 'swapon': (167, 224, (b'/tmp/x', 0)), 'settimeofday': (164, 170, (0, 0)),
    'fsopen': (430, 430, (b'tmpfs', 0)), 'open_tree': (428, 428, (-100, b'/', 1)),
}
for name, (x86, arm64, args) in calls.items():
    ctypes.set_errno(0)
    result = libc.syscall(arm64 if arm else x86, *args)
    if not (result == -1 and ctypes.get_errno() == errno.EPERM): print(name, result, ctypes.get_errno())
# clone with a new user namespace, and the call whose flags no filter sees
if libc.syscall(220 if arm else 56, 0x10000000 | 17, 0, 0, 0, 0) != -1: print('clone')
libc.syscall(435, 0, 0)
if ctypes.get_errno() != errno.ENOSYS: print('clone3', ctypes.get_errno())
print('over')
`;
