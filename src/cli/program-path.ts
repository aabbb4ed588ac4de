import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** `bin/tscompose`, by which others can start this program: beside the folder of the bundle, or of the sources. */
export function programPath(): string {
  const here = dirname(fileURLToPath(import.meta.url))
  return join(here, import.meta.url.endsWith('.ts') ? '../..' : '..', 'bin/tscompose')
}
