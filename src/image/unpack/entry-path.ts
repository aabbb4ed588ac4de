import { type ByteString, TarError } from './tar-entry.ts'

/**
 * The path of an entry, absolute within the layer: `./a//b/` is `/a/b`, and `/` the layer itself.
 * A leading slash means nothing more, as with tar(1).
 * @throws TarError if it climbs above the layer, or is no file name at all
 */
export function entryPath(name: ByteString): ByteString {
  if (name.includes('\0')) throw new TarError(`a name with a NUL in it: ${JSON.stringify(name)}`)
  const start = name.startsWith('./') ? 2 : 0
  const rest = name.slice(start, name.endsWith('/') ? -1 : undefined)
  // Nearly every name is clean already, and there may be a million.
  if (rest !== '' && !/(?:^|\/)(?:\.\.?)?(?:\/|$)/.test(rest)) return `/${rest}`
  const parts: ByteString[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) throw new TarError(`${JSON.stringify(name)} is outside of the layer`)
  }
  return `/${parts.join('/')}`
}

// Node takes a path as UTF-8 text or as bytes; the kernel binding takes bytes with their NUL.
export const nodePath = (path: ByteString): string | Buffer => (isAscii(path) ? path : Buffer.from(path, 'latin1'))
export const kernelPath = (path: ByteString): string | Buffer =>
  isAscii(path) ? path : Buffer.from(`${path}\0`, 'latin1')

const isAscii = (text: ByteString): boolean => /^[\0-\x7f]*$/.test(text)
