import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TscomposeError } from '../errors.ts'

/** Where the monitor is, from the root of a checkout and from that of the published package. */
const places = ['build/native/tscompose-monitor', `native/${process.arch}/tscompose-monitor`]

/**
 * The monitor's executable file: of the checkout or of the package that this module is part of.
 * @throws TscomposeError RUNTIME_MONITOR_MISSING
 */
export function monitorPath(): string {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const found = places.map(place => join(directory, place)).find(existsSync)
    if (found) return found
    if (directory === dirname(directory)) break
  }
  throw new TscomposeError('RUNTIME_MONITOR_MISSING', `there is no ${places.join(' and no ')}`, {
    fix: 'Build it: npm run build (it needs gcc and linux-libc-dev)',
  })
}
