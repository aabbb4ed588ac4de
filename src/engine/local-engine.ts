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
export interface LocalEngine extends Engine, AsyncDisposable {}

/** Made by `openEngine`. @param id the engine's own. @param close lets go of everything; containers run on */
export const localEngine = (context: Context, id: string, close: () => Promise<void>): LocalEngine => ({
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
  [Symbol.asyncDispose]: close,
})
