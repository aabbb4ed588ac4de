import { join } from 'node:path'
import { Journal } from '../build/cache/journal.ts'
import { retainedLayers } from '../build/cache/retained.ts'
import { openImageStore } from '../image/store.ts'
import { openNetworks } from '../network/networks.ts'
import { createRuntime } from '../runtime/create-runtime.ts'
import { type EngineOptions, type Layers, openEngineOn } from './assemble.ts'
import type { LocalEngine } from './local-engine.ts'

export type { EngineOptions } from './assemble.ts'

/**
 * Opens the engine on a data root, and takes over the containers that an earlier one has left running. Disposing it
 * lets them run on.
 * @throws TscomposeError ENGINE_DATA_LOCKED if another engine works there
 */
export const openEngine = (options: EngineOptions): Promise<LocalEngine> => openEngineOn(options, openLayers)

async function openLayers({ dataDir, runDir, config, report = () => {} }: EngineOptions): Promise<Layers> {
  const build = await Journal.open(join(dataDir, 'build'))
  if (build.damaged > 0) report(`${build.damaged} damaged lines of the build cache's journal are left out`)
  const [images, networks] = await Promise.all([
    openImageStore({
      report,
      retained: retainedLayers(build.records.values()),
      dataDir: join(dataDir, 'images'),
      registryMirrors: config.registryMirrors,
      insecureRegistries: config.insecureRegistries,
    }),
    openNetworks({
      runDir,
      dataDir: join(dataDir, 'addresses'),
      ...(config.ip && { defaultBindAddress: config.ip }),
      ...(config.defaultAddressPools.length > 0 && { addressPools: config.defaultAddressPools }),
    }),
  ])
  return { images, networks, runtime: createRuntime({ runDir }), build }
}
