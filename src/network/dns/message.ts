import { addressBytes } from '../addresses/address.ts'

/**
 * DNS messages (RFC 1035, EDNS: RFC 6891), what a name server for A, AAAA and PTR needs of them. Names in answers are
 * compressed, so that twice as many answers fit into a datagram. It is in the way of every lookup, so it is written
 * without detours: one buffer for an answer, no objects for what is not asked.
 */

const HEADER = 12
const QR = 0x8000
const AA = 0x0400
const TC = 0x0200
const RD = 0x0100
const RA = 0x0080
/** What every resolver takes by UDP without EDNS. */
const CLASSIC_LIMIT = 512
/** What passes every path unfragmented; the most we send or say we take by UDP. */
const EDNS_LIMIT = 1232

export const rcode = { noError: 0, formErr: 1, servFail: 2, nxDomain: 3, notImp: 4 } as const

const types = { A: 1, PTR: 12, AAAA: 28, OPT: 41 } as const
const typeNames: ReadonlyMap<number, string> = new Map(Object.entries(types).map(([name, number]) => [number, name]))
const IN = 1

export interface Query {
  readonly id: number
  readonly recursionDesired: boolean
  readonly name: string
  /** `A`, `AAAA`, ...; `UNKNOWN_65` where it has no name. */
  readonly type: string
  /** The question as it came: an answer repeats it letter by letter, whatever the case. */
  readonly question: Buffer
  /** The most that the client takes by UDP; undefined without EDNS. */
  readonly payloadSize: number | undefined
}

/** What cannot be answered as a query, with the code to refuse it by; undefined: to be ignored. */
export type Malformed = { readonly id: number; readonly rcode: number } | undefined

export function parseQuery(bytes: Buffer): { readonly query: Query } | { readonly malformed: Malformed } {
  if (bytes.length < HEADER || (bytes.readUInt16BE(2) & QR) !== 0) return { malformed: undefined }
  const [id, flags] = [bytes.readUInt16BE(0), bytes.readUInt16BE(2)]
  if (((flags >> 11) & 15) !== 0) return { malformed: { id, rcode: rcode.notImp } }
  const question = readQuestion(bytes)
  if (question === undefined || bytes.readUInt16BE(4) !== 1) return { malformed: { id, rcode: rcode.formErr } }
  const { name, type, end } = question
  return {
    query: {
      id,
      recursionDesired: (flags & RD) !== 0,
      name,
      type: typeNames.get(type) ?? `UNKNOWN_${type}`,
      question: bytes.subarray(HEADER, end),
      payloadSize: readPayloadSize(bytes, end),
    },
  }
}

/** A question's name is not compressed: labels to an empty one, then type and class. */
function readQuestion(
  bytes: Buffer,
): { readonly name: string; readonly type: number; readonly end: number } | undefined {
  let at = HEADER
  let name = ''
  for (;;) {
    const length = bytes[at]
    if (length === undefined || length > 63) return undefined
    if (length === 0) break
    if (at + 1 + length > bytes.length || at - HEADER > 254) return undefined
    name += (name === '' ? '' : '.') + bytes.toString('latin1', at + 1, at + 1 + length)
    at += length + 1
  }
  if (at + 5 > bytes.length) return undefined
  return { name, type: bytes.readUInt16BE(at + 1), end: at + 5 }
}

/** A query has no other records than the one that EDNS adds: the empty name, type OPT, and the size as its class. */
function readPayloadSize(bytes: Buffer, at: number): number | undefined {
  const others = bytes.readUInt16BE(6) + bytes.readUInt16BE(8)
  const isOpt = others === 0 && bytes.length >= at + 11 && bytes[at] === 0 && bytes.readUInt16BE(at + 1) === types.OPT
  return isOpt ? Math.max(bytes.readUInt16BE(at + 3), CLASSIC_LIMIT) : undefined
}

export type ResourceRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'PTR'; readonly name: string }

function writeName(into: Buffer, name: string, start: number): number {
  let at = start
  for (const label of name.split('.')) {
    at = into.writeUInt8(label.length, at)
    at += into.write(label, at, 'latin1')
  }
  return into.writeUInt8(0, at)
}

/** An address as text, in network byte order. */
function writeAddress(into: Buffer, text: string, start: number): number {
  if (text.includes(':')) return start + addressBytes(text).copy(into, start)
  let at = start
  for (const byte of text.split('.')) at = into.writeUInt8(Number(byte), at)
  return at
}

const sizeOf = (record: ResourceRecord): number =>
  12 + (record.type === 'PTR' ? record.name.length + 2 : record.type === 'A' ? 4 : 16)

/** TTL 0: an address is only as good as the container that has it. */
function writeRecord(into: Buffer, record: ResourceRecord, start: number): number {
  let at = into.writeUInt16BE(0xc000 | HEADER, start) // the name: that of the question
  at = into.writeUInt16BE(types[record.type], at)
  at = into.writeUInt16BE(IN, at)
  at = into.writeUInt32BE(0, at)
  at = into.writeUInt16BE(sizeOf(record) - 12, at)
  return record.type === 'PTR' ? writeName(into, record.name, at) : writeAddress(into, record.address, at)
}

function writeHeader(
  into: Buffer,
  id: number,
  flags: number,
  counts: readonly [number, number, number, number],
): number {
  let at = into.writeUInt16BE(id, 0)
  for (const word of [flags, ...counts]) at = into.writeUInt16BE(word, at)
  return at
}

export const limitOf = ({ payloadSize }: Query, transport: 'udp' | 'tcp'): number =>
  transport === 'tcp' ? 65535 : payloadSize === undefined ? CLASSIC_LIMIT : Math.min(payloadSize, EDNS_LIMIT)

/**
 * An answer of at most `limit` bytes. What does not fit is left out and the answer marked as truncated: glibc then asks
 * by TCP, and musl, which cannot, makes do with those that came.
 */
export function encodeResponse(query: Query, code: number, records: readonly ResourceRecord[], limit: number): Buffer {
  const { id, question, payloadSize, recursionDesired } = query
  const optSize = payloadSize === undefined ? 0 : OPT_SIZE
  let size = HEADER + question.length + optSize
  let count = 0
  for (const record of records) {
    if (size + sizeOf(record) > limit) break
    size += sizeOf(record)
    count++
  }
  const truncated = count < records.length ? TC : 0
  const flags = QR | AA | truncated | (recursionDesired ? RD : 0) | RA | code
  const response = Buffer.allocUnsafe(size)
  let at = writeHeader(response, id, flags, [1, count, 0, optSize === 0 ? 0 : 1])
  at += question.copy(response, at)
  for (let i = 0; i < count; i++) at = writeRecord(response, records[i] as ResourceRecord, at)
  if (optSize > 0) writeOpt(response, at)
  return response
}

const OPT_SIZE = 11

function writeOpt(into: Buffer, at: number): void {
  into.fill(0, at, at + OPT_SIZE)
  into.writeUInt16BE(types.OPT, at + 1)
  into.writeUInt16BE(EDNS_LIMIT, at + 3)
}

export function encodeRefusal({ id, rcode }: NonNullable<Malformed>): Buffer {
  const response = Buffer.alloc(HEADER)
  writeHeader(response, id, QR | RA | rcode, [0, 0, 0, 0])
  return response
}

/** Whether `bytes` answers `query`, as it was sent with the id `id`. */
export function matchesQuery(bytes: Buffer, query: Query, id: number): boolean {
  if (bytes.length < HEADER + query.question.length) return false
  if (bytes.readUInt16BE(0) !== id || (bytes.readUInt16BE(2) & QR) === 0) return false
  const question = bytes.subarray(HEADER, HEADER + query.question.length)
  return question.toString('latin1').toLowerCase() === query.question.toString('latin1').toLowerCase()
}

export const rcodeOf = (bytes: Buffer): number => bytes.readUInt16BE(2) & 15

/** Whether an answer has no order of its records that should change from one to the next. */
export const isTheSameEachTime = (bytes: Buffer): boolean => bytes.readUInt16BE(6) <= 1

/** The same message with another id. */
export function withId(bytes: Buffer, id: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt16BE(id, 0)
  return copy
}
