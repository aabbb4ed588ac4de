import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { TscomposeError } from '../../errors.ts'
import { lazily } from '../lazy.ts'

/** The profile of every container that asks for no other and is not privileged. */
export const defaultProfile = 'tscompose-default'

/** What Docker's own profile is called: here it means ours. */
export const dockersProfile = 'docker-default'

const parsers = ['/sbin/apparmor_parser', '/usr/sbin/apparmor_parser']

/** Whether profiles can be enforced: the kernel has AppArmor switched on, and there is something to load ours with. */
export async function supportsAppArmor(): Promise<boolean> {
  const enabled = await readFile('/sys/module/apparmor/parameters/enabled', 'utf8').catch(() => 'N')
  return enabled.trim() === 'Y' && existsSync('/sys/kernel/security/apparmor') && parsers.some(existsSync)
}

/**
 * Loads the default profile, once for as long as the engine runs: one of an older version is replaced.
 * @throws TscomposeError ENGINE_APPARMOR_FAILED
 */
export const loadDefaultProfile = lazily(async (): Promise<void> => {
  const { execa } = await import('execa')
  const parser = parsers.find(existsSync) ?? 'apparmor_parser'
  const { failed, stderr, message } = await execa(parser, ['--replace', '--skip-cache'], {
    input: profileText(defaultProfile),
    reject: false,
  })
  if (failed) throw new TscomposeError('ENGINE_APPARMOR_FAILED', `${parser}: ${stderr || message}`)
})

/**
 * What Docker's profile denies, apparmor.d(5): mounts, and what of procfs and sysfs changes or tells about the machine,
 * also where a container has the capabilities for it. Processes of one container may signal and trace each other;
 * signals from outside come from the engine, which is unconfined.
 */
const profileText = (name: string): string => `
profile ${name} flags=(attach_disconnected,mediate_deleted) {
  capability,
  file,
  network,
  umount,

  signal (receive) peer=unconfined,
  signal (send, receive) peer=${name},
  ptrace (trace, read, tracedby, readby) peer=${name},

  deny mount,

  # Of procfs: of the machine's own files none, of processes and of namespaces what they have.
  deny /proc/* w,
  deny /proc/{acpi,bus,fs,irq,scsi,tty}/** w,
  deny /proc/{kcore,kmem,mem,sysrq-trigger} rwklx,
  deny /proc/sys/[^kn]** w,
  deny /proc/sys/kernel/[^sm]** w,
  deny /proc/sys/kernel/{sched,seccomp,softlockup,spl,stack,sy,modprobe,modules}** w,

  # Of sysfs nothing but the cgroups.
  deny /sys/[^f]*/** wklx,
  deny /sys/f[^s]*/** wklx,
  deny /sys/fs/[^c]*/** wklx,
  deny /sys/fs/c[^g]*/** wklx,
  deny /sys/firmware/** rwklx,
  deny /sys/kernel/security/** rwklx,
}
`
