import { existsSync, readdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TscomposeError } from '../errors.ts'

/** Where the monitor is, from the root of a checkout and from that of the published package. */
const places = ['build/native/tscompose-monitor', `native/${process.arch}/tscompose-monitor`]

/**
 * The monitor's executable file: of the checkout or of the package that this module is part of.
 * @throws TscomposeError RUNTIME_MONITOR_MISSING also where its sources have changed since it was built
 */
export function monitorPath(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const found = places.map(place => join(directory, place)).find(existsSync)
    if (found && isOlder(found, join(directory, 'src/runtime/native')))
      throw notBuilt(`${found} is older than its sources`)
    if (found) return found
    if (directory === dirname(directory)) break
  }
  throw notBuilt(`there is no ${places.join(' and no ')}`)
}

/** In a checkout that was updated: the monitor and the engine would not understand each other. */
function isOlder(file: string, sources: string): boolean {
  if (!existsSync(sources)) return false
  const built = statSync(`${file}.sources`).mtimeMs // written by scripts/build-native.ts
  return readdirSync(sources).some(name => /\.[ch]$/.test(name) && statSync(join(sources, name)).mtimeMs > built)
}

const notBuilt = (what: string): TscomposeError =>
  new TscomposeError('RUNTIME_MONITOR_MISSING', what, {
    fix: 'Build it: npm run build (it needs gcc and linux-libc-dev)',
  })
