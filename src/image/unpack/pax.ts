import { type ByteString, type SparseMap, TarError } from './tar-entry.ts'
import type { TarHeader } from './tar-header.ts'

/** Records of an extended header, pax(1): `LENGTH KEY=VALUE\n`. */
export type PaxRecords = ReadonlyMap<string, Buffer>

const SPACE = 0x20
const EQUALS = 0x3d
const NEWLINE = 0x0a

export function decodePax(data: Buffer): PaxRecords {
  const records = new Map<string, Buffer>()
  const sparse: string[] = [] // GNU.sparse.offset and .numbytes come once per segment: kept in order as one list
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(SPACE, at)
    const length = Number(data.toString('latin1', at, space))
    const end = at + length
    if (space < 0 || !Number.isInteger(length) || end > data.length || data[end - 1] !== NEWLINE)
      throw new TarError('an extended header is damaged')
    const equals = data.indexOf(EQUALS, space)
    if (equals < 0 || equals >= end) throw new TarError('an extended header is damaged')
    const key = data.toString('latin1', space + 1, equals)
    const value = Buffer.from(data.subarray(equals + 1, end - 1)) // a copy: the chunk it lies in may be used again
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') sparse.push(value.toString('latin1'))
    else records.set(key, value)
    at = end
  }
  if (sparse.length > 0) records.set('GNU.sparse.map', Buffer.from(sparse.join(','), 'latin1'))
  return records
}

/** What each record changes in the header it stands before. */
const rows = new Map<string, (value: string) => Partial<TarHeader>>([
  ['path', name => ({ name })],
  ['GNU.sparse.name', name => ({ name })],
  ['linkpath', linkname => ({ linkname })],
  ['uid', uid => ({ uid: natural(uid) })],
  ['gid', gid => ({ gid: natural(gid) })],
  ['size', size => ({ size: natural(size) })],
  ['mtime', decodeTime],
])

export function applyPax(header: TarHeader, records: PaxRecords): void {
  for (const [key, value] of records) {
    const row = rows.get(key)
    if (!row || value.length === 0) continue // an empty value takes back what a global header said
    if (value.includes(0)) throw new TarError('a name in an extended header has a NUL in it')
    Object.assign(header, row(value.toString('latin1')))
  }
}

const xattrPrefix = 'SCHILY.xattr.'

/** Extended attributes, in the form that tar(1), Go's archive/tar and so every image builder write. */
export function xattrsOf(records: PaxRecords): ReadonlyMap<string, Buffer> | undefined {
  let xattrs: Map<string, Buffer> | undefined
  for (const [key, value] of records) {
    if (!key.startsWith(xattrPrefix)) continue
    xattrs ??= new Map()
    xattrs.set(key.slice(xattrPrefix.length), value)
  }
  return xattrs
}

/** The map of GNU's PAX formats 0.0 and 0.1. Format 1.0 has it at the start of the data, see {@link SparseMapBlocks}. */
export function sparseMapOf(records: PaxRecords): SparseMap | undefined {
  const map = records.get('GNU.sparse.map')
  if (!map) return undefined
  const numbers = map.length === 0 ? [] : map.toString('latin1').split(',').map(natural)
  return { realSize: natural(records.get('GNU.sparse.size')?.toString('latin1') ?? ''), segments: pairs(numbers) }
}

/** @returns the whole file's size, if the data begin with a sparse map */
export const sparseInData = (records: PaxRecords): number | undefined =>
  records.get('GNU.sparse.major')?.toString('latin1') === '1'
    ? natural(records.get('GNU.sparse.realsize')?.toString('latin1') ?? '')
    : undefined

/** A map of format 1.0 in the blocks it comes in: the number of segments, then offset and length of each, a line each. */
export class SparseMapBlocks {
  readonly #blocks: Buffer[] = []
  #lines = 0
  #wanted: number | undefined

  /** Bytes so far. */
  length = 0

  get isWhole(): boolean {
    return this.#wanted !== undefined && this.#lines >= this.#wanted
  }

  add(block: Buffer): void {
    this.length += block.length
    this.#blocks.push(Buffer.from(block)) // a copy: the chunk it lies in may be used again
    for (let at = block.indexOf(NEWLINE); at >= 0; at = block.indexOf(NEWLINE, at + 1)) this.#lines++
    if (this.#lines > 0) this.#wanted ??= 1 + 2 * natural(this.#text().slice(0, this.#text().indexOf('\n')))
  }

  decode(realSize: number): SparseMap {
    return { realSize, segments: pairs(this.#text().split('\n').slice(1, this.#wanted).map(natural)) }
  }

  #text(): string {
    return Buffer.concat(this.#blocks).toString('latin1')
  }
}

function pairs(numbers: readonly number[]): SparseMap['segments'] {
  if (numbers.length % 2 !== 0) throw new TarError('a sparse map is damaged')
  return Array.from({ length: numbers.length / 2 }, (_, i) => ({
    offset: numbers[2 * i] ?? 0,
    length: numbers[2 * i + 1] ?? 0,
  }))
}

function natural(text: ByteString): number {
  const value = Number(text)
  if (/^[0-9]+$/.test(text) && Number.isSafeInteger(value)) return value
  throw new TarError(`not a number in an extended header: ${JSON.stringify(text.slice(0, 40))}`)
}

/** Seconds with a fraction, maybe negative; the nanoseconds count forwards from the whole second below. */
function decodeTime(text: ByteString): { mtime: number; mtimeNsec: number } {
  const match = /^(-?)(\d{1,15})(?:\.(\d*))?$/.exec(text)
  if (!match) throw new TarError(`not a time in an extended header: ${JSON.stringify(text.slice(0, 40))}`)
  const [, sign, seconds = '', fraction = ''] = match
  const nsec = Number(fraction.padEnd(9, '0').slice(0, 9))
  if (!sign) return { mtime: Number(seconds), mtimeNsec: nsec }
  return nsec === 0 ? { mtime: -Number(seconds), mtimeNsec: 0 } : { mtime: -Number(seconds) - 1, mtimeNsec: 1e9 - nsec }
}
