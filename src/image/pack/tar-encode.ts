import { type ByteString, type TarEntry, TarError, type TarType, tarTypes } from '../unpack/tar-entry.ts'
import { BLOCK } from '../unpack/tar-header.ts'
import { encodePax } from './pax-encode.ts'

/** What ends an archive, tar(5). */
export const TRAILER: Buffer = Buffer.alloc(2 * BLOCK)

/** The zeros that follow `size` bytes of data. */
export const padding = (size: number): Buffer => TRAILER.subarray(0, -size & (BLOCK - 1))

/** An entry with what most have: a file of root's from 1970 without contents. */
export function tarEntry(fields: Partial<TarEntry> & Pick<TarEntry, 'name'>): TarEntry {
  const type = fields.type ?? 'file'
  const mode = type === 'directory' ? 0o755 : 0o644
  return {
    ...{ type, linkname: '', mode, uid: 0, gid: 0, size: 0, mtime: 0, mtimeNsec: 0, devmajor: 0, devminor: 0 },
    ...fields,
  }
}

/**
 * The blocks that go before the data of an entry: a ustar header, and a PAX header (pax(1)) before it where ustar has no
 * room or no field. The data, if any, are `entry.size` bytes and {@link padding}. The same entry gives the same bytes.
 * @throws TarError for what no archive can hold
 */
export function encodeEntry(entry: TarEntry): Buffer {
  if (entry.sparse) throw new TarError('a sparse file is written with its holes')
  const name = entry.type === 'directory' && !entry.name.endsWith('/') ? `${entry.name}/` : entry.name
  const records = new Map<string, Buffer>()
  const text = (key: string, value: ByteString) => records.set(key, Buffer.from(value, 'latin1'))

  const parts = splitName(name)
  if (!parts) text('path', name)
  if (entry.linkname.length > 100) text('linkpath', entry.linkname)
  if (!fits(entry.uid, 8)) text('uid', String(entry.uid))
  if (!fits(entry.gid, 8)) text('gid', String(entry.gid))
  if (!fits(entry.size, 12)) text('size', String(entry.size))
  if (!fits(entry.mtime, 12) || entry.mtimeNsec !== 0) text('mtime', decimalTime(entry))
  for (const [key, value] of [...(entry.xattrs ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)))
    if (!key.includes('=')) records.set(`SCHILY.xattr.${key}`, value) // `=` ends the key of a record

  const header = ustar(entry, parts ?? { prefix: '', name: name.slice(0, 100) })
  if (records.size === 0) return header
  const data = encodePax(records)
  const base = name.replace(/\/+$/, '').split('/').at(-1) ?? ''
  const pax = tarEntry({ name: `PaxHeaders.0/${base.slice(0, 80)}`, size: data.length, mtime: 0 })
  return Buffer.concat([ustar(pax, { prefix: '', name: pax.name }, 'x'), data, padding(data.length), header])
}

/** The name cut at a slash into the two fields it has in ustar, if there is a place to cut. */
function splitName(name: ByteString): { prefix: ByteString; name: ByteString } | undefined {
  if (name.length <= 100) return { prefix: '', name }
  const slash = name.indexOf('/', name.length - 101)
  if (slash <= 0 || slash > 155 || slash === name.length - 1) return undefined
  return { prefix: name.slice(0, slash), name: name.slice(slash + 1) }
}

const typeflags = Object.fromEntries(
  Object.entries(tarTypes)
    .filter(([flag]) => flag >= '0' && flag <= '6')
    .map(([flag, type]) => [type, flag]),
) as Record<TarType, string>

function ustar(
  entry: TarEntry,
  { prefix, name }: { prefix: ByteString; name: ByteString },
  flag = typeflags[entry.type],
): Buffer {
  const block = Buffer.alloc(BLOCK)
  block.write(name, 0, 100, 'latin1')
  octal(block, 100, 8, entry.mode & 0o7777)
  octal(block, 108, 8, entry.uid)
  octal(block, 116, 8, entry.gid)
  octal(block, 124, 12, entry.size)
  octal(block, 136, 12, entry.mtime)
  block.write(flag, 156, 1, 'latin1')
  block.write(entry.linkname, 157, 100, 'latin1')
  block.write('ustar\x0000', 257, 8, 'latin1')
  octal(block, 329, 8, entry.devmajor)
  octal(block, 337, 8, entry.devminor)
  block.write(prefix, 345, 155, 'latin1')
  block.fill(0x20, 148, 156)
  let sum = 0
  for (const byte of block) sum += byte
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8, 'latin1')
  return block
}

/** Digits and a NUL. */
const fits = (value: number, length: number): boolean => value >= 0 && value < 8 ** (length - 1)

function octal(block: Buffer, at: number, length: number, value: number): void {
  const digits = fits(value, length) ? value.toString(8) : '0' // a record says what it is
  block.write(digits.padStart(length - 1, '0'), at, length - 1, 'latin1')
}

/** Seconds and nanoseconds as one decimal number; before 1970 it is negative as a whole. */
function decimalTime({ mtime, mtimeNsec }: TarEntry): string {
  const fraction = (nsec: number) => `.${String(nsec).padStart(9, '0').replace(/0+$/, '')}`
  if (mtimeNsec === 0) return String(mtime)
  if (mtime >= 0) return mtime + fraction(mtimeNsec)
  return `-${-mtime - 1}${fraction(1e9 - mtimeNsec)}`
}
