import { posix } from 'node:path'

/**
 * A path in a container as docker understands it: absolute, cleaned, but with the slash or `/.` at its end kept, which
 * says that a directory is meant, and of a symbolic link what it points to.
 */
export function containerPath(given: string): string {
  const clean = posix.join('/', given).replace(/(.)\/$/, '$1')
  if (clean === '/') return given.endsWith('/.') ? '/.' : '/'
  return /(?:^|\/)\.$/.test(given) ? `${clean}/.` : given.endsWith('/') ? `${clean}/` : clean
}

/** Go's filepath.Base: what the entries of an archive begin with. */
export function baseName(path: string): string {
  const last = path.replace(/\/+$/, '').split('/').at(-1)
  return last || '/'
}
