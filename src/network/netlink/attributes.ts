import { addressBytes, addressFromBytes } from '../addresses/address.ts'

/**
 * Netlink attributes, netlink(7): length and type (16 bits each, in the machine's byte order), the value, padding to a
 * multiple of 4. A table gives names to the attributes of one message type; encode and decode both read it, so a new
 * attribute is a new row.
 */

/** How a value of an attribute is written. A value that is undefined is left out. */
interface Format<Value> {
  encode(value: Value): Buffer
  decode(bytes: Buffer): Value
}

export interface Row<Value> {
  readonly type: number
  readonly format: Format<Value>
}
// biome-ignore lint/suspicious/noExplicitAny: a table holds rows of any value, each typed where it is read
export type Table = Readonly<Record<string, Row<any>>>

/** The values of a table's attributes, by their names. */
export type Attributes<T extends Table> = {
  readonly [Name in keyof T]?: (T[Name] extends Row<infer Value> ? Value : never) | undefined
}

const row =
  <Value>(format: Format<Value>) =>
  (type: number): Row<Value> => ({ type, format })

const unsigned = (size: number) =>
  row<number>({
    encode: value => {
      const bytes = Buffer.alloc(size)
      bytes.writeUIntLE(value, 0, size)
      return bytes
    },
    decode: bytes => bytes.readUIntLE(0, size),
  })

export const u8 = unsigned(1)
export const u16 = unsigned(2)
export const u32 = unsigned(4)
/** In network byte order, as netfilter has its numbers. */
export const u16be = row<number>({
  encode: value => Buffer.from([value >> 8, value & 255]),
  decode: bytes => bytes.readUInt16BE(),
})
export const u32be = row<number>({
  encode: value => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value)
    return bytes
  },
  decode: bytes => bytes.readUInt32BE(),
})
/** NUL-terminated. */
export const string = row<string>({
  encode: value => Buffer.from(`${value}\0`),
  decode: bytes => bytes.toString('utf8', 0, bytes.indexOf(0) < 0 ? bytes.length : bytes.indexOf(0)),
})
/** An IPv4 or IPv6 address, in their usual notation. */
export const ipAddress = row<string>({ encode: addressBytes, decode: addressFromBytes })
/** `02:42:ac:12:00:02` */
export const macAddress = row<string>({
  encode: value => Buffer.from(value.replaceAll(':', ''), 'hex'),
  decode: bytes => [...bytes].map(byte => byte.toString(16).padStart(2, '0')).join(':'),
})
export const raw = row<Buffer>({ encode: value => value, decode: bytes => bytes })

/** Attributes within an attribute. */
export const nested = <T extends Table>(type: number, table: T): Row<Attributes<T>> => ({
  type: type | NLA_F_NESTED,
  format: { encode: value => encodeAttributes(table, value), decode: bytes => decodeAttributes(table, bytes) },
})

/** Netfilter insists on this mark, the older rtnetlink takes it or leaves it. */
const NLA_F_NESTED = 0x8000
const NLA_TYPE_MASK = 0x3fff
const align = (length: number) => (length + 3) & ~3

/** In the order in which `values` has them. */
export function encodeAttributes<T extends Table>(table: T, values: Attributes<T>): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of Object.entries(values)) {
    const row = table[name]
    if (row === undefined || value === undefined) continue
    const bytes = row.format.encode(value)
    const head = Buffer.alloc(4)
    head.writeUInt16LE(4 + bytes.length, 0)
    head.writeUInt16LE(row.type, 2)
    parts.push(head, bytes, Buffer.alloc(align(bytes.length) - bytes.length))
  }
  return Buffer.concat(parts)
}

/** Attributes that `table` does not have are passed over. */
export function decodeAttributes<T extends Table>(table: T, bytes: Buffer): Attributes<T> {
  const values: Record<string, unknown> = {}
  const names = namesOf(table)
  for (let at = 0; at + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(at)
    if (length < 4 || at + length > bytes.length) break
    const name = names.get(bytes.readUInt16LE(at + 2) & NLA_TYPE_MASK)
    if (name !== undefined) values[name] = table[name]?.format.decode(bytes.subarray(at + 4, at + length))
    at += align(length)
  }
  return values as Attributes<T>
}

const known = new WeakMap<Table, Map<number, string>>()
function namesOf(table: Table): Map<number, string> {
  let names = known.get(table)
  if (names === undefined) {
    names = new Map(Object.entries(table).map(([name, { type }]) => [type & NLA_TYPE_MASK, name]))
    known.set(table, names)
  }
  return names
}
