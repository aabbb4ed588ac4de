import dnsPacket from 'dns-packet'
import { addressBytes } from '../addresses/address.ts'

/**
 * DNS messages (RFC 1035, EDNS: RFC 6891). Queries are read with dns-packet; answers are written here, since it does
 * not compress names, and with compressed names twice as many answers fit into a datagram.
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
  const id = bytes.readUInt16BE(0)
  if (((bytes.readUInt16BE(2) >> 11) & 15) !== 0) return { malformed: { id, rcode: rcode.notImp } }
  try {
    const packet = dnsPacket.decode(bytes)
    const [question, ...others] = packet.questions ?? []
    if (question === undefined || others.length > 0) return { malformed: { id, rcode: rcode.formErr } }
    const opt = packet.additionals?.find(record => record.type === 'OPT')
    return {
      query: {
        id,
        recursionDesired: packet.flag_rd,
        name: question.name,
        type: question.type,
        question: bytes.subarray(HEADER, endOfQuestion(bytes)),
        payloadSize:
          opt === undefined ? undefined : Math.max((opt as dnsPacket.OptAnswer).udpPayloadSize, CLASSIC_LIMIT),
      },
    }
  } catch {
    return { malformed: { id, rcode: rcode.formErr } }
  }
}

/** A question's name is not compressed: labels to an empty one, then type and class. */
function endOfQuestion(bytes: Buffer): number {
  let at = HEADER
  while ((bytes[at] ?? 0) !== 0) at += (bytes[at] ?? 0) + 1
  return at + 5
}

export type ResourceRecord =
  | { readonly type: 'A' | 'AAAA'; readonly address: string }
  | { readonly type: 'PTR'; readonly name: string }

const encodeName = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').flatMap(label => [Buffer.from([label.length]), Buffer.from(label)]),
    Buffer.alloc(1),
  ])

/** TTL 0: an address is only as good as the container that has it. */
function encodeRecord(record: ResourceRecord): Buffer {
  const data = record.type === 'PTR' ? encodeName(record.name) : addressBytes(record.address)
  const head = Buffer.alloc(12)
  head.writeUInt16BE(0xc000 | HEADER, 0) // the name: that of the question
  head.writeUInt16BE(types[record.type], 2)
  head.writeUInt16BE(IN, 4)
  head.writeUInt16BE(data.length, 10)
  return Buffer.concat([head, data])
}

function encodeHeader(id: number, flags: number, counts: readonly [number, number, number, number]): Buffer {
  const header = Buffer.alloc(HEADER)
  for (const [index, word] of [id, flags, ...counts].entries()) header.writeUInt16BE(word, index * 2)
  return header
}

export const limitOf = ({ payloadSize }: Query, transport: 'udp' | 'tcp'): number =>
  transport === 'tcp' ? 65535 : payloadSize === undefined ? CLASSIC_LIMIT : Math.min(payloadSize, EDNS_LIMIT)

/**
 * An answer of at most `limit` bytes. What does not fit is left out and the answer marked as truncated: glibc then asks
 * by TCP, and musl, which cannot, makes do with those that came.
 */
export function encodeResponse(query: Query, code: number, records: readonly ResourceRecord[], limit: number): Buffer {
  const opt = query.payloadSize === undefined ? Buffer.alloc(0) : encodeOpt()
  let room = limit - HEADER - query.question.length - opt.length
  const answers: Buffer[] = []
  for (const record of records) {
    const bytes = encodeRecord(record)
    if (bytes.length > room) break
    room -= bytes.length
    answers.push(bytes)
  }
  const truncated = answers.length < records.length ? TC : 0
  const flags = QR | AA | truncated | (query.recursionDesired ? RD : 0) | RA | code
  const header = encodeHeader(query.id, flags, [1, answers.length, 0, opt.length === 0 ? 0 : 1])
  return Buffer.concat([header, query.question, ...answers, opt])
}

function encodeOpt(): Buffer {
  const opt = Buffer.alloc(11)
  opt.writeUInt16BE(types.OPT, 1)
  opt.writeUInt16BE(EDNS_LIMIT, 3)
  return opt
}

export const encodeRefusal = ({ id, rcode }: NonNullable<Malformed>): Buffer =>
  encodeHeader(id, QR | RA | rcode, [0, 0, 0, 0])

/** Whether `bytes` answers `query`, as it was sent with the id `id`. */
export function matchesQuery(bytes: Buffer, query: Query, id: number): boolean {
  if (bytes.length < HEADER + query.question.length) return false
  if (bytes.readUInt16BE(0) !== id || (bytes.readUInt16BE(2) & QR) === 0) return false
  const question = bytes.subarray(HEADER, HEADER + query.question.length)
  return question.toString('latin1').toLowerCase() === query.question.toString('latin1').toLowerCase()
}

export const rcodeOf = (bytes: Buffer): number => bytes.readUInt16BE(2) & 15

/** The same message with another id. */
export function withId(bytes: Buffer, id: number): Buffer {
  const copy = Buffer.from(bytes)
  copy.writeUInt16BE(id, 0)
  return copy
}
