import { DataType, define, open } from 'ffi-rs'
import { TscomposeError } from '../errors.ts'

/**
 * The one door to ffi-rs. A foreign function takes and returns 64-bit words; pointers are addresses of Buffers, which
 * V8 keeps at one place outside its heap for as long as somebody holds them.
 */
export type Foreign = (...words: (number | bigint)[]) => ForeignResult
export interface ForeignResult {
  readonly value: number
  /** errno after the call; meaningful only where `value` says that it failed. */
  readonly errnoCode: number
}

const opened = new Set<string>()

/**
 * Opens a shared library by its soname, the first of `sonames` that is there.
 * @throws TscomposeError SYS_LIBRARY_MISSING naming the Debian package to install
 */
export function openLibrary(name: string, sonames: readonly string[], debianPackage: string): void {
  if (opened.has(name)) return
  let cause: unknown
  for (const path of sonames) {
    try {
      open({ library: name, path })
      opened.add(name)
      return
    } catch (error) {
      cause = error
    }
  }
  throw new TscomposeError('SYS_LIBRARY_MISSING', `cannot load ${sonames.join(' or ')}`, {
    fix: `Install it: apt-get install ${debianPackage}`,
    cause,
  })
}

/** A function of an opened library, taking `arity` words. */
export function foreign(library: string, name: string, arity: number): Foreign {
  const functions = define({
    [name]: {
      library,
      retType: DataType.I64,
      paramsType: new Array<DataType>(arity).fill(DataType.I64),
      errno: true,
    },
  })
  const call = functions[name] as unknown as (words: (number | bigint)[]) => ForeignResult
  return (...words) => call(words)
}

openLibrary('c', ['libc.so.6', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'], 'libc6')

// memcpy(3) returns its first argument: the shortest way to learn the address that ffi-rs passes for a Buffer.
const { memcpy: addressByMemcpy } = define({
  memcpy: { library: 'c', retType: DataType.I64, paramsType: [DataType.U8Array, DataType.I64, DataType.I64] },
}) as unknown as { memcpy: (words: [Uint8Array, number, number]) => number }

/** Small Buffers share one piece of memory, and large ones are used again: most addresses are known. */
const addresses = new WeakMap<ArrayBufferLike, number>()

/** Where `bytes` are. Valid as long as the caller keeps them. */
export function addressOf({ buffer, byteOffset }: Uint8Array): number {
  let address = addresses.get(buffer)
  if (address === undefined) {
    address = addressByMemcpy([new Uint8Array(buffer), 0, 0])
    addresses.set(buffer, address)
  }
  return address + byteOffset
}

/** The NUL-terminated string at `address`. */
export function stringAt(address: number): string {
  const length = strlen(address).value
  const bytes = Buffer.alloc(length)
  if (length > 0) memcpy(addressOf(bytes), address, length)
  return bytes.toString()
}

const strlen = foreign('c', 'strlen', 1)
const memcpy = foreign('c', 'memcpy', 3)
