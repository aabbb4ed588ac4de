import type { Engine } from './api.ts'
import type { Context } from './context.ts'
import { archiveOperations } from './operations/archive.ts'
import { buildOperations } from './operations/build.ts'
import { containerOperations } from './operations/container.ts'
import { execOperations } from './operations/exec.ts'
import { imageOperations } from './operations/image.ts'
import { networkOperations } from './operations/network.ts'
import { registryOperations } from './operations/registry.ts'
import { statsOperations } from './operations/stats.ts'
import { systemOperations } from './operations/system.ts'
import { volumeOperations } from './operations/volume.ts'

/** The engine in this process: every operation finds what it is about, and hands it to the part that does it. */
export interface LocalEngine extends Engine, AsyncDisposable {
  /** Ends all containers, as before the machine goes down; after it, nothing but the engine's own end makes sense. */
  shutDown(): Promise<void>
}

/** What an engine is ended by. */
interface Ending {
  /** Lets go of everything; containers run on. */
  close(): Promise<void>
  shutDown(): Promise<void>
}

/** Made by `openEngine`. @param id the engine's own */
export const localEngine = (context: Context, id: string, { close, shutDown }: Ending): LocalEngine => ({
  ...systemOperations(context, id),
  ...containerOperations(context),
  ...statsOperations(context),
  ...archiveOperations(context),
  ...execOperations(context),
  ...imageOperations(context),
  ...registryOperations(context),
  ...buildOperations(context),
  ...networkOperations(context),
  ...volumeOperations(context),
  shutDown,
  [Symbol.asyncDispose]: close,
})
