/**
 * The system calls that a sandbox may not make, as an OCI seccomp profile. A function has no capabilities and a user namespace of its own, so
 * the kernel refuses most of these anyway; refused here, their code is not even reached. Everything else is allowed: runtimes of
 * all kinds must run, also tomorrow's.
 */

const errno = { EPERM: 1, ENOSYS: 38, EAFNOSUPPORT: 97 } as const;

/** Of clone(2): namespaces that a process would make for its child. */
const namespaceFlags = 0x7e02_0000;

const refused: readonly string[] = [
  // Mounts and file systems
  ['mount', 'umount', 'umount2', 'pivot_root', 'chroot', 'move_mount', 'open_tree', 'open_tree_attr'],
  [
    'fsopen',
    'fsconfig',
    'fsmount',
    'fspick',
    'mount_setattr',
    'quotactl',
    'quotactl_fd',
    'swapon',
    'swapoff',
  ],
  ['name_to_handle_at', 'open_by_handle_at', 'fanotify_init', 'lookup_dcookie', 'nfsservctl'],
  // Namespaces
  ['unshare', 'setns'],
  // Other processes
  ['ptrace', 'process_vm_readv', 'process_vm_writev', 'process_madvise', 'kcmp', 'pidfd_getfd'],
  // The kernel itself
  ['bpf', 'perf_event_open', 'kexec_load', 'kexec_file_load', 'init_module', 'finit_module', 'delete_module'],
  ['create_module', 'get_kernel_syms', 'query_module', 'reboot', 'syslog', 'acct', 'uselib', 'userfaultfd'],
  ['_sysctl', 'sysfs', 'ustat', 'vhangup', 'vm86', 'vm86old', 'iopl', 'ioperm'],
  // Clocks, keys, memory of other nodes
  [
    'settimeofday',
    'clock_settime',
    'clock_settime64',
    'clock_adjtime',
    'clock_adjtime64',
    'adjtimex',
    'stime',
  ],
  ['keyctl', 'add_key', 'request_key', 'move_pages', 'migrate_pages', 'mbind', 'set_mempolicy'],
  // A second way to do most of what is refused above
  ['io_uring_setup', 'io_uring_enter', 'io_uring_register'],
].flat();

/** Address families beyond AF_UNIX (1), AF_INET (2), AF_INET6 (10) and AF_NETLINK (16): the first ones of the gaps, then all above. */
const familiesRefused = [3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15];
const familyLast = 16;

interface Rule {
  readonly names: readonly string[];
  readonly action: 'SCMP_ACT_ERRNO';
  readonly errnoRet: number;
  readonly args?: readonly object[];
}

export interface SeccompProfile {
  readonly defaultAction: 'SCMP_ACT_ALLOW';
  readonly architectures: readonly string[];
  readonly syscalls: readonly Rule[];
}

export function seccompProfile(arch: string): SeccompProfile {
  return {
    defaultAction: 'SCMP_ACT_ALLOW',
    // Calls of any other architecture end the process: there is no second door.
    architectures: arch === 'arm64' ? ['SCMP_ARCH_AARCH64'] : ['SCMP_ARCH_X86_64'],
    syscalls: [
      refuse(refused, errno.EPERM),
      // Its flags are behind a pointer, where no filter can look: libc falls back to clone.
      refuse(['clone3'], errno.ENOSYS),
      ...namespaceBits.map((bit) =>
        refuse(['clone'], errno.EPERM, [{ index: 0, value: bit, valueTwo: bit, op: 'SCMP_CMP_MASKED_EQ' }]),
      ),
      ...familiesRefused.map((family) =>
        refuse(['socket'], errno.EAFNOSUPPORT, [{ index: 0, value: family, op: 'SCMP_CMP_EQ' }]),
      ),
      refuse(['socket'], errno.EAFNOSUPPORT, [{ index: 0, value: familyLast, op: 'SCMP_CMP_GT' }]),
      // TIOCSTI and TIOCLINUX put words into a terminal's mouth.
      ...[0x5412, 0x541c].map((request) =>
        refuse(['ioctl'], errno.EPERM, [{ index: 1, value: request, op: 'SCMP_CMP_EQ' }]),
      ),
    ],
  };
}

function refuse(names: readonly string[], errnoRet: number, args?: readonly object[]): Rule {
  return { names, action: 'SCMP_ACT_ERRNO', errnoRet, ...(args && { args }) };
}

const namespaceBits = Array.from({ length: 32 }, (_, bit) => 2 ** bit).filter(
  (bit) => (BigInt(namespaceFlags) & BigInt(bit)) !== 0n,
);
