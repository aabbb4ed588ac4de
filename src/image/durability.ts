import { readFile } from 'node:fs/promises'
import type { Digest } from './image.ts'
import type { Layer } from './state.ts'

/**
 * After so long the kernel has written most of a layer by itself (vm.dirty_expire_centisecs is 30 s), and a sync holds
 * nobody up: neither the disk nor those who flush a file of their own.
 */
const PATIENCE_MS = 40_000

/**
 * Unpacked layers are thousands of files, and flushing them would take longer than unpacking. So a layer says in which
 * boot it was unpacked (proc_sys_kernel(5), random/boot_id) until a sync of the file system, later and for many layers at
 * once, takes that away. A layer that names another boot may have lost files with the power.
 */
export class Durability {
  readonly #boot: string
  #timer: NodeJS.Timeout | undefined

  private constructor(boot: string) {
    this.#boot = boot
  }

  static async read(): Promise<Durability> {
    const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => 'unknown')
    return new Durability(boot.trim())
  }

  /** A layer whose files have just been written. */
  mark(layer: Layer): Layer {
    return { ...layer, boot: this.#boot }
  }

  isDoubtful({ boot }: Layer): boolean {
    return boot !== undefined && boot !== this.#boot
  }

  /** Does `sync` after a while, if there is something to sync and nobody is about to. It keeps no process alive. */
  schedule(layers: Readonly<Record<Digest, Layer>>, sync: () => Promise<void>): void {
    if (this.#timer || !Object.values(layers).some(({ boot }) => boot !== undefined)) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void sync().catch(() => {}) // they stay marked; the next change tries again
    }, PATIENCE_MS).unref()
  }
}

/** A layer that is on the disk. */
export function withoutMark({ boot: _, ...layer }: Layer): Layer {
  return layer
}
