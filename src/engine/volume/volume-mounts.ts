import { readFile } from 'node:fs/promises'
import { TscomposeError } from '../../errors.ts'
import { MNT } from '../../sys/constants.ts'
import { inPool } from '../../sys/pool.ts'
import { Serial } from '../serial.ts'
import type { VolumePlace } from './mount-options.ts'

export type MountedPlace = Extract<VolumePlace, { kind: 'mount' }>

/**
 * The file systems of volumes that name one. The first holder has it mounted, in the mount namespace of the host, so that
 * all containers share it; after the last one it is taken down. Holders are containers, by their ids.
 */
export class VolumeMounts {
  readonly #holders = new Map<string, Set<string>>()
  readonly #serials = new Map<string, Serial>()

  /** @throws TscomposeError ENGINE_VOLUME_MOUNT_FAILED */
  async hold(path: string, place: MountedPlace, holder: string): Promise<void> {
    await this.#serial(path).run(async () => {
      if (!(await mounted()).has(path)) await mount(path, place)
      this.know(path, holder)
    })
  }

  /** One that an earlier engine has mounted for a container that still runs. */
  know(path: string, holder: string): void {
    this.#holders.set(path, (this.#holders.get(path) ?? new Set()).add(holder))
  }

  /** A holder is gone; idempotent. */
  async release(holder: string): Promise<void> {
    const held = [...this.#holders].filter(([, holders]) => holders.has(holder)).map(([path]) => path)
    await Promise.all(
      held.map(path =>
        this.#serial(path).run(async () => {
          this.#holders.get(path)?.delete(holder)
          await this.#takeDown(path)
        }),
      ),
    )
  }

  /** Takes a file system down if nobody holds it, though an engine that was killed may have left it. */
  async settle(path: string): Promise<void> {
    await this.#serial(path).run(() => this.#takeDown(path))
  }

  async #takeDown(path: string): Promise<void> {
    if (this.#holders.get(path)?.size) return
    this.#holders.delete(path)
    // Nobody else mounts there, but what is removed next must be a plain directory.
    while ((await mounted()).has(path)) await inPool('umount2', path, MNT.DETACH)
  }

  #serial(path: string): Serial {
    const serial = this.#serials.get(path) ?? new Serial()
    this.#serials.set(path, serial)
    return serial
  }
}

/** By mount(8), which knows the helpers of network file systems, and may wait as long as their servers do. */
async function mount(path: string, { type, device, options }: MountedPlace): Promise<void> {
  const { execa } = await import('execa')
  const { failed, stderr } = await execa(
    'mount',
    ['-t', type, ...(options ? ['-o', options] : []), '--', device, path],
    { reject: false, stdin: 'ignore', env: { LC_ALL: 'C' } },
  )
  if (!failed) return
  const why = stderr.replace(/^mount: [^:]*: /, '').split('\n', 1)[0]
  throw new TscomposeError(
    'ENGINE_VOLUME_MOUNT_FAILED',
    `error while mounting volume '${path}': failed to mount local volume: mount ${device}:${path}: ${why}`,
  )
}

/** Where something is mounted, proc_pid_mountinfo(5). */
async function mounted(): Promise<ReadonlySet<string>> {
  const text = await readFile('/proc/self/mountinfo', 'utf8')
  const unescaped = (field = '') =>
    field.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
  return new Set(text.split('\n').map(line => unescaped(line.split(' ')[4])))
}
