/**
 * Protocol Buffers' binary form (protobuf.dev, "Encoding"), driven by tables: a message is an object whose rows are its
 * fields. Fields that a table does not have are read over, and left out; absent ones have proto3's values.
 */

/** Bytes that are no message of the kind they should be. */
export class ProtobufError extends Error {}

/** Wire types: a varint, eight bytes, bytes with their length before them, four bytes. */
const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

type Wire = typeof VARINT | typeof LENGTH
type Raw = bigint | Buffer

/** A field: its number, and how its value, or each of its values, is written. */
export interface Field<Out, In = Out> {
  readonly number: number
  readonly wire: Wire
  readonly absent: () => Out
  /** What comes after the tag, once for each time that the field is written. */
  readonly encode: (value: In) => readonly Uint8Array[]
  /** @param before what the message has said of the field so far */
  readonly decode: (raw: Raw, before: Out) => Out
}

// biome-ignore lint/suspicious/noExplicitAny: the rows of a table have values of all types
export type Fields = Readonly<Record<string, Field<any, any>>>

/** A message as it was read. */
export type Decoded<F extends Fields> = { readonly [Name in keyof F]: ReturnType<F[Name]['absent']> }
/** A message to be written: what is absent is left out. */
export type Encodable<F extends Fields> = {
  readonly [Name in keyof F]?: Parameters<F[Name]['encode']>[0] | undefined
}

export interface MessageType<F extends Fields = Fields> {
  encode(message: Encodable<F>): Buffer
  /** @throws ProtobufError */
  decode(bytes: Uint8Array): Decoded<F>
}

/** What a type of messages is read to. */
export type Read<Type> = Type extends MessageType<infer F> ? Decoded<F> : never
/** What a type of messages is written from. */
export type Written<Type> = Type extends MessageType<infer F> ? Encodable<F> : never

export function message<F extends Fields>(fields: F): MessageType<F> {
  const table = Object.entries(fields)
  const byNumber = new Map(table.map(row => [row[1].number, row]))
  return {
    encode(message) {
      const parts: Uint8Array[] = []
      for (const [name, { number, wire, encode }] of table) {
        const value = message[name]
        if (value === undefined) continue
        for (const payload of encode(value)) {
          parts.push(encodeVarint(BigInt(number * 8 + wire)))
          if (wire === LENGTH) parts.push(encodeVarint(BigInt(payload.length)))
          parts.push(payload)
        }
      }
      return Buffer.concat(parts)
    },
    decode(bytes) {
      const found: Record<string, unknown> = {}
      for (const [name, { absent }] of table) found[name] = absent()
      const reader = new Reader(bytes)
      while (!reader.isAtEnd) {
        const { number, wire } = reader.tag()
        const raw = reader.value(wire)
        const [name, field] = byNumber.get(number) ?? []
        if (name === undefined || !field) continue
        if (field.wire !== wire) throw new ProtobufError(`field ${name} has the wire type ${wire}`)
        found[name] = field.decode(raw, found[name])
      }
      return found as Decoded<F>
    },
  }
}

class Reader {
  readonly #bytes: Buffer
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length
  }

  tag(): { readonly number: number; readonly wire: number } {
    const tag = Number(this.#varint())
    const number = Math.floor(tag / 8)
    if (number < 1 || number > 0x1fffffff) throw new ProtobufError(`there is no field ${number}`)
    return { number, wire: tag % 8 }
  }

  value(wire: number): Raw {
    if (wire === VARINT) return this.#varint()
    if (wire === FIXED64) return this.#take(8)
    if (wire === FIXED32) return this.#take(4)
    if (wire === LENGTH) return this.#take(Number(this.#varint()))
    throw new ProtobufError(`there is no wire type ${wire}`)
  }

  #take(length: number): Buffer {
    const end = this.#at + length
    if (end > this.#bytes.length) throw new ProtobufError('a field ends behind its message')
    const taken = this.#bytes.subarray(this.#at, end)
    this.#at = end
    return taken
  }

  #varint(): bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#byte()
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt(low)
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#byte()
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    throw new ProtobufError('a number is longer than ten bytes')
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++]
    if (byte === undefined) throw new ProtobufError('a number ends behind its message')
    return byte
  }
}

function encodeVarint(value: bigint): Uint8Array {
  let rest = BigInt.asUintN(64, value)
  const bytes: number[] = []
  while (rest > 0x7fn) {
    bytes.push(Number(rest & 0x7fn) | 0x80)
    rest >>= 7n
  }
  bytes.push(Number(rest))
  return Uint8Array.from(bytes)
}

const scalar =
  <T>(wire: Wire, absent: () => T, encode: (value: T) => Uint8Array, decode: (raw: Raw) => T) =>
  (number: number): Field<T> => ({ number, wire, absent, encode: value => [encode(value)], decode })

/** int64, of which a number does not hold every value exactly. */
export const int64 = scalar<bigint>(
  VARINT,
  () => 0n,
  encodeVarint,
  raw => BigInt.asIntN(64, raw as bigint),
)

/** Whole numbers of any other type, and enumerations. */
export const integer = scalar<number>(
  VARINT,
  () => 0,
  value => encodeVarint(BigInt(value)),
  raw => {
    const value = Number(BigInt.asIntN(64, raw as bigint))
    if (!Number.isSafeInteger(value)) throw new ProtobufError(`the number ${raw} is too large`)
    return value
  },
)

export const boolean = scalar<boolean>(
  VARINT,
  () => false,
  value => encodeVarint(value ? 1n : 0n),
  raw => raw !== 0n,
)

export const string = scalar<string>(
  LENGTH,
  () => '',
  value => Buffer.from(value),
  raw => raw.toString(),
)

export const bytes = scalar<Uint8Array>(
  LENGTH,
  () => Buffer.alloc(0),
  value => value,
  raw => raw as Buffer,
)

/** A message within a message; undefined if there is none. */
export const nested = <F extends Fields>(
  number: number,
  type: MessageType<F>,
): Field<Decoded<F> | undefined, Encodable<F>> => ({
  number,
  wire: LENGTH,
  absent: () => undefined,
  encode: value => [type.encode(value)],
  decode: raw => type.decode(raw as Buffer),
})

/** A field that may come several times. Numbers would be packed, which none here are. */
export const repeated = <Out, In>({
  absent,
  encode,
  decode,
  ...field
}: Field<Out, In>): Field<readonly Exclude<Out, undefined>[], readonly In[]> => ({
  ...field,
  absent: () => [],
  encode: values => values.flatMap(encode),
  decode(raw, before) {
    const values = before as Exclude<Out, undefined>[]
    values.push(decode(raw, absent()) as Exclude<Out, undefined>)
    return values
  },
})

/** `map<string, ...>`: in a message for each entry. @param value what its field is made of, as `string` */
export function map<Out, In>(
  number: number,
  value: (number: number) => Field<Out, In>,
): Field<ReadonlyMap<string, Out>, ReadonlyMap<string, In>> {
  const entry = message({ key: string(1), value: value(2) })
  return {
    number,
    wire: LENGTH,
    absent: () => new Map(),
    encode: entries => [...entries].map(([key, value]) => entry.encode({ key, value })),
    decode(raw, before) {
      const { key, value } = entry.decode(raw as Buffer)
      return (before as Map<string, Out>).set(key, value as Out)
    },
  }
}
