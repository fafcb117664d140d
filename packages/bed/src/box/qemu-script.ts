import { quoted } from './init-script.js';

export interface VmSetup {
  name: string;
  /** Disks in the order in which the system sees them: its own, its seed and, when there is one, what it sees of the machine. */
  disk: string;
  readOnlyDisks: readonly string[];
  kernel: string;
  initrd: string;
  /** The tap device that its network card is. */
  port: string;
  mac: string;
  /** A process in the network namespace that holds the port. */
  lanPid: number;
  consoleLog: string;
  /** Takes the identity of QEMU. */
  leaderFile: string;
}

const MEMORY_MIB = 1024;
const PROCESSORS = 2;
/** Translated code, beside the memory: by itself QEMU would take a gigabyte for it. */
const TRANSLATION_MIB = 128;
/** Emulation takes whole processors: others go first. */
const NICENESS = 10;

/** Becomes QEMU, in the network namespace of the LAN, and tells who it is before. The processor is emulated: no machine need have KVM. */
export function qemuScript({ name, kernel, initrd, lanPid, consoleLog, leaderFile, ...setup }: VmSetup): string {
  const drives = [
    `file=${setup.disk},format=qcow2,if=virtio,cache=unsafe`,
    ...setup.readOnlyDisks.map((file) => `file=${file},format=raw,if=virtio,readonly=on`),
  ];
  const argv = [
    ...['nsenter', '--target', String(lanPid), '--net', 'nice', '-n', String(NICENESS), 'qemu-system-x86_64'],
    ...['-nodefaults', '-display', 'none', '-machine', 'q35', '-cpu', 'max', '-accel', `tcg,thread=multi,tb-size=${TRANSLATION_MIB}`],
    ...['-smp', String(PROCESSORS), '-m', String(MEMORY_MIB), '-device', 'virtio-rng-pci'],
    ...['-kernel', kernel, '-initrd', initrd, '-append', kernelOptions(name)],
    ...drives.flatMap((drive) => ['-drive', drive]),
    ...['-netdev', `tap,id=lan,ifname=${setup.port},script=no,downscript=no`],
    ...['-device', `virtio-net-pci,netdev=lan,mac=${setup.mac}`],
    ...['-chardev', `file,id=console,path=${consoleLog},append=on`, '-serial', 'chardev:console'],
  ];
  return `set -e
read -r stat < /proc/self/stat
printf '%s\\n' "$stat" > ${quoted(`${leaderFile}.new`)}
mv ${quoted(`${leaderFile}.new`)} ${quoted(leaderFile)}
exec ${argv.map(quoted).join(' ')}
`;
}

function kernelOptions(name: string): string {
  return `root=/dev/vda rw console=ttyS0 quiet net.ifnames=0 systemd.hostname=${name}`;
}
