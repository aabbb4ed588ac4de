import { closeSync, writeSync, writev } from 'node:fs'
import { promisify } from 'node:util'
import { TscomposeError } from '../../../../errors.ts'
import type { Times } from '../../../../image/unpack/inode-attributes.ts'
import { invalid } from '../../../failures.ts'
import { PACKET, type packet, type stat } from '../messages/session.ts'
import type { BidirectionalCall } from '../rpc/client.ts'
import type { Read, Written } from '../rpc/protobuf.ts'
import { ConfinedDirectory } from './confined-directory.ts'
import { permissionsOfMode, typeOfMode } from './mode.ts'

type Packet = Read<typeof packet>
type Stat = Read<typeof stat>

/** Files that are asked for at a time: the other side sends four, and asks for no more while its queue is full. */
const ASKED = 64
/** Between two reports, in milliseconds. */
const INTERVAL = 100
/** Bytes of a file that are held before they are written. */
const HELD = 256 * 1024

/**
 * Receives a directory of the client (fsutil, receive.go): it tells of every file in order, and sends the contents of
 * those that are asked for by their number, each in pieces that end with an empty one, several files at a time.
 * @param directory an empty one
 * @param tell takes the bytes that have come so far
 * @throws TscomposeError ENGINE_REQUEST_INVALID, BUILD_CONTEXT_INVALID; GrpcError
 */
export async function receiveFiles(
  call: BidirectionalCall<Written<typeof packet>, Packet>,
  directory: string,
  tell: (bytes: number) => void,
): Promise<void> {
  using target = new ConfinedDirectory(directory)
  using receiver = new Receiver(target, number => void call.send({ type: PACKET.REQ, id: number }).catch(() => {}))
  let bytes = 0
  let told = 0
  let isOver = false
  for await (const { type, stat, id, data } of call.messages) {
    if (type === PACKET.STAT && stat) receiver.hear(stat)
    else if (type === PACKET.STAT) receiver.allHeard()
    else if (type === PACKET.DATA) {
      await receiver.take(id, data)
      bytes += data.length
      if (Date.now() - told >= INTERVAL) {
        told = Date.now()
        tell(bytes)
      }
    } else if (type === PACKET.ERR) throw failed(Buffer.from(data).toString())
    else if (type === PACKET.FIN && receiver.isWhole) {
      isOver = true
      break
    } else throw invalid(`a packet of type ${type} is out of place`)
    if (receiver.isWhole) await call.send({ type: PACKET.FIN })
  }
  call.end()
  if (!isOver) throw failed('the client sent only a part of them')
  receiver.finish()
  tell(bytes)
}

const failed = (why: string) =>
  new TscomposeError('BUILD_CONTEXT_INVALID', `the files of the build context did not come: ${why}`)

interface Incoming {
  readonly path: string
  readonly stat: Stat
  readonly held: Uint8Array[]
  size: number
  fd: number | undefined
  isAsked: boolean
}

class Receiver implements Disposable {
  readonly #target: ConfinedDirectory
  readonly #ask: (number: number) => void
  /** Files whose contents are still to come, by their number. */
  readonly #files = new Map<number, Incoming>()
  /** The numbers of files in their order, and how many of them have been asked for. */
  readonly #waiting: number[] = []
  #next = 0
  readonly #links: { readonly path: string; readonly existing: string }[] = []
  #asked = 0
  #count = 0
  #allHeard = false

  constructor(target: ConfinedDirectory, ask: (number: number) => void) {
    this.#target = target
    this.#ask = ask
  }

  get isWhole(): boolean {
    return this.#allHeard && this.#files.size === 0
  }

  allHeard(): void {
    if (this.#allHeard) throw invalid('the last file comes twice')
    this.#allHeard = true
  }

  hear(stat: Stat): void {
    if (this.#allHeard) throw invalid('a file comes after the last one')
    const { path, mode, linkname } = stat
    const number = this.#count++
    const type = typeOfMode(mode)
    if (type === 'directory') this.#target.makeDirectory(path, permissionsOfMode(mode), timesOf(stat))
    else if (type === 'symlink') this.#target.makeSymlink(path, linkname, timesOf(stat))
    else if (type === 'file' && linkname !== '') this.#links.push({ path, existing: linkname })
    else if (type === 'file') {
      this.#target.announceFile(path)
      this.#files.set(number, { path, stat, held: [], size: 0, fd: undefined, isAsked: false })
      this.#waiting.push(number)
      this.#askForMore()
    }
    // Sockets, FIFOs and devices of the client's machine are of no use here.
  }

  /** Empty data are the end of the file. */
  async take(number: number, data: Uint8Array): Promise<void> {
    const file = this.#files.get(number)
    if (!file?.isAsked) throw invalid(`contents come of file ${number}, which were not asked for`)
    if (data.length > 0) {
      file.held.push(data)
      file.size += data.length
      if (file.size >= HELD) await this.#write(file)
      return
    }
    const fd = await this.#write(file)
    this.#files.delete(number)
    this.#target.finishFile(file.path, fd, permissionsOfMode(file.stat.mode), timesOf(file.stat))
    this.#asked--
    this.#askForMore()
  }

  finish(): void {
    for (const { path, existing } of this.#links) this.#target.makeLink(path, existing)
    this.#target.finish()
  }

  #askForMore(): void {
    while (this.#asked < ASKED) {
      const number = this.#waiting[this.#next]
      const file = number === undefined ? undefined : this.#files.get(number)
      if (number === undefined || !file) return
      this.#next++
      this.#asked++
      file.isAsked = true
      this.#ask(number)
    }
  }

  /** What is held of a file. @returns its descriptor */
  async #write(file: Incoming): Promise<number> {
    file.fd ??= this.#target.openFile(file.path)
    const { fd, size } = file
    const pieces = file.held.splice(0)
    file.size = 0
    // A trip through the thread pool takes longer than to write a small file.
    if (size < SMALL) for (const piece of pieces) writeAll(fd, piece)
    else await writeLong(fd, pieces)
    return fd
  }

  [Symbol.dispose](): void {
    for (const { fd } of this.#files.values()) if (fd !== undefined) closeSync(fd)
  }
}

const SMALL = 64 * 1024
const writePieces = promisify(writev) as (
  fd: number,
  pieces: readonly Uint8Array[],
) => Promise<{ bytesWritten: number }>

function writeAll(fd: number, data: Uint8Array): void {
  for (let at = 0; at < data.length; ) at += writeSync(fd, data, at)
}

async function writeLong(fd: number, pieces: readonly Uint8Array[]): Promise<void> {
  const { bytesWritten } = await writePieces(fd, pieces)
  // A disk that is nearly full takes a part, and tells why with the rest.
  let skipped = bytesWritten
  for (const piece of pieces) {
    if (skipped < piece.length) writeAll(fd, piece.subarray(skipped))
    skipped = Math.max(0, skipped - piece.length)
  }
}

function timesOf({ modTime }: Stat): Times {
  const seconds = modTime / BILLION
  const nanoseconds = modTime % BILLION
  // Rounded down, also before 1970.
  return nanoseconds < 0n
    ? { mtime: Number(seconds) - 1, mtimeNsec: Number(nanoseconds + BILLION) }
    : { mtime: Number(seconds), mtimeNsec: Number(nanoseconds) }
}
const BILLION = 1_000_000_000n
