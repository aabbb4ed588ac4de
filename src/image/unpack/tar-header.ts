import { type ByteString, type SparseMap, TarError, type TarType, tarTypes } from './tar-entry.ts'

export const BLOCK = 512

/** A ustar or GNU header block, before PAX records change it. */
export interface TarHeader {
  readonly typeflag: string
  name: ByteString
  linkname: ByteString
  readonly mode: number
  uid: number
  gid: number
  size: number
  mtime: number
  mtimeNsec: number
  readonly devmajor: number
  readonly devminor: number
}

/** @returns undefined for a block of zeros, which ends an archive */
export function decodeHeader(block: Buffer): TarHeader | undefined {
  const sum = checksum(block)
  if (sum === 8 * 0x20 && isZero(block)) return undefined
  if (Number.parseInt(text(block, 148, 8), 8) !== sum)
    throw new TarError('the checksum of a header is wrong: damaged, or no tar archive')
  const typeflag = String.fromCharCode(block[156] ?? 0)
  const isDevice = typeflag === '3' || typeflag === '4'
  const prefix = block.toString('latin1', 257, 263) === 'ustar\0' ? text(block, 345, 155) : '' // GNU has times in its place
  const name = text(block, 0, 100)
  return {
    // how tar wrote directories before it had a type for them
    typeflag: (typeflag === '0' || typeflag === '\0') && name.endsWith('/') ? '5' : typeflag,
    name: prefix ? `${prefix}/${name}` : name,
    linkname: text(block, 157, 100),
    mode: number(block, 100, 8) & 0o7777,
    uid: number(block, 108, 8),
    gid: number(block, 116, 8),
    size: size(block, 124),
    mtime: number(block, 136, 12),
    mtimeNsec: 0,
    devmajor: isDevice ? number(block, 329, 8) : 0,
    devminor: isDevice ? number(block, 337, 8) : 0,
  }
}

/** @throws TarError for what cannot be unpacked, such as a part of a multi-volume archive */
export function typeOf(header: TarHeader): TarType {
  if (header.typeflag in tarTypes) return tarTypes[header.typeflag as keyof typeof tarTypes]
  throw new TarError(`unhandled tar header type ${JSON.stringify(header.typeflag)} of ${JSON.stringify(header.name)}`)
}

/** The sparse map in an old GNU header (type `S`), continued in extension blocks while `more` is true. */
export function oldGnuSparse(block: Buffer): { map: SparseMap; more: boolean } {
  return { map: { realSize: size(block, 483), segments: segmentsAt(block, 386, 4) }, more: block[482] === 1 }
}
export function oldGnuSparseExtension(block: Buffer): { segments: SparseMap['segments']; more: boolean } {
  return { segments: segmentsAt(block, 0, 21), more: block[504] === 1 }
}
function segmentsAt(block: Buffer, at: number, count: number): SparseMap['segments'] {
  const segments = []
  for (let i = 0; i < count && block[at] !== 0; i++, at += 24)
    segments.push({ offset: size(block, at), length: size(block, at + 12) })
  return segments
}

function checksum(block: Buffer): number {
  let sum = 8 * 0x20 // the field itself counts as spaces
  for (let i = 0; i < 148; i++) sum += block[i] ?? 0
  for (let i = 156; i < BLOCK; i++) sum += block[i] ?? 0
  return sum
}

const zeros = Buffer.alloc(BLOCK)
const isZero = (block: Buffer): boolean => block.equals(zeros)

function text(block: Buffer, at: number, length: number): ByteString {
  let end = at
  while (end < at + length && block[end] !== 0) end++
  return block.toString('latin1', at, end)
}

/** Octal digits, or in GNU's form for great and negative numbers: the high bit, then two's complement in base 256. */
function number(block: Buffer, at: number, length: number): number {
  const first = block[at] ?? 0
  if ((first & 0x80) === 0) return octal(block, at, length)
  let value = first === 0xff ? -1 : first & 0x7f
  for (let i = at + 1; i < at + length; i++) value = value * 256 + (block[i] ?? 0)
  if (!Number.isSafeInteger(value)) throw new TarError('a number in a header is too great')
  return value
}

function octal(block: Buffer, at: number, length: number): number {
  let value = 0
  let i = at
  const end = at + length
  while (i < end && block[i] === 0x20) i++
  for (; i < end; i++) {
    const digit = (block[i] ?? 0) - 0x30
    if (digit < 0 || digit > 7) {
      if (digit === -0x30 || digit === -0x10) break // NUL or space
      throw new TarError('a number in a header is not octal')
    }
    value = value * 8 + digit
  }
  return value
}

function size(block: Buffer, at: number): number {
  const value = number(block, at, 12)
  if (value < 0) throw new TarError('a size in a header is negative')
  return value
}
