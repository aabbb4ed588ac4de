import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { entryPath } from '../../../../image/unpack/entry-path.ts'
import type { TarEntry } from '../../../../image/unpack/tar-entry.ts'
import { TarReader } from '../../../../image/unpack/tar-reader.ts'
import { invalid } from '../../../failures.ts'
import { bytesMessage, PACKET, packet, type stat } from '../messages/session.ts'
import type { Written } from '../rpc/protobuf.ts'
import { openSend } from '../session/calls.ts'
import type { ClientSession } from '../session/client-session.ts'
import { modeOf } from './mode.ts'

/** Bytes that are sent at a time. */
const PIECE = 32 * 1024

/** Sends an archive as it is (FileSend). */
export async function sendArchive(client: ClientSession, archive: Readable, signal: AbortSignal): Promise<void> {
  const call = openSend(client, bytesMessage, signal)
  try {
    for await (const chunk of archive as AsyncIterable<Buffer>)
      for (let at = 0; at < chunk.length; at += PIECE) await call.send({ data: chunk.subarray(at, at + PIECE) })
    call.end()
    for await (const _ of call.messages); // how it ends is what matters
  } finally {
    archive.destroy()
    call.cancel()
  }
}

interface SentFile {
  readonly stat: Written<typeof stat>
  /** Where its contents are in the file that holds those of all. */
  readonly at: number
  readonly size: number
}

/** Sends the files of an archive into a directory of the client (fsutil, send.go). */
export async function sendTree(client: ClientSession, archive: Readable, signal: AbortSignal): Promise<void> {
  // It has no name, and is gone when nobody has it open.
  await using contents = await open('/var/tmp', constants.O_RDWR | O_TMPFILE, 0o600)
  const files = await filesOf(archive, contents)
  const call = openSend(client, packet, signal)
  try {
    const asked: number[] = []
    let wake = Promise.withResolvers<void>()
    let isOver = false
    const listen = async () => {
      for await (const { type, id, data } of call.messages) {
        if (type === PACKET.ERR) throw invalid(`the client cannot take the files: ${Buffer.from(data)}`)
        if (type === PACKET.REQ) asked.push(id)
        if (type === PACKET.FIN) isOver = true
        wake.resolve()
      }
    }
    const listening = listen().finally(() => {
      isOver = true
      wake.resolve()
    })
    listening.catch(() => {}) // waited for below
    for (const { stat } of files) await call.send({ type: PACKET.STAT, stat })
    await call.send({ type: PACKET.STAT })
    while (!isOver) {
      for (const id of asked.splice(0)) await sendFile(call, id, files[id], contents)
      if (isOver || asked.length > 0) continue
      await wake.promise
      wake = Promise.withResolvers()
    }
    await call.send({ type: PACKET.FIN })
    call.end()
    await listening
  } finally {
    call.cancel()
  }
}
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY

async function sendFile(
  call: ReturnType<typeof openSend<typeof packet>>,
  id: number,
  file: SentFile | undefined,
  contents: FileHandle,
): Promise<void> {
  if (!file) throw invalid(`the client asks for file ${id}, which there is not`)
  for (let at = 0; at < file.size; at += PIECE) {
    const buffer = Buffer.allocUnsafe(Math.min(PIECE, file.size - at))
    const { bytesRead } = await contents.read(buffer, 0, buffer.length, file.at + at)
    await call.send({ type: PACKET.DATA, id, data: buffer.subarray(0, bytesRead) })
  }
  await call.send({ type: PACKET.DATA, id })
}

/** What is in an archive, in the order of fsutil: directories before what is in them, names by their bytes. */
async function filesOf(archive: Readable, contents: FileHandle): Promise<readonly SentFile[]> {
  const found = new Map<string, { readonly entry: TarEntry; readonly at: number; size: number }>()
  const links: { readonly path: string; readonly target: string }[] = []
  const reader = new TarReader()
  let end = 0
  let last: { size: number } | undefined
  for await (const chunk of archive as AsyncIterable<Buffer>)
    for (const event of reader.read(chunk)) {
      if (event.type === 'data') {
        await contents.write(event.chunk, 0, event.chunk.length, end)
        end += event.chunk.length
        if (last) last.size += event.chunk.length
      } else if (event.type === 'entry') {
        const { entry } = event
        const path = entryPath(entry.name).slice(1)
        last = undefined
        if (entry.type === 'link') links.push({ path, target: entryPath(entry.linkname).slice(1) })
        else if (path !== '' && sendable.has(entry.type)) {
          const file = { entry, at: end, size: 0 }
          last = file
          found.set(path, file)
        }
      }
    }
  reader.finish()
  const targets = new Map<string, string>()
  for (const { path, target } of links) {
    const file = found.get(target)
    if (!file) continue
    found.set(path, file)
    targets.set(path, target)
    targets.set(target, target)
  }
  const firsts = new Map<string, string>()
  return [...found]
    .map(([path, file]) => ({ path, file, order: path.replaceAll('/', '\0') }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
    .map(({ path, file: { entry, at, size } }) => {
      // Of the names of a file the first one is sent, and the others are links to it.
      const inode = targets.get(path)
      const first = inode === undefined ? undefined : firsts.get(inode)
      if (inode !== undefined && first === undefined) firsts.set(inode, path)
      return { at, size, stat: statOf(path, entry, size, first) }
    })
}

const sendable = new Map<TarEntry['type'], 'file' | 'directory' | 'symlink'>([
  ['file', 'file'],
  ['directory', 'directory'],
  ['symlink', 'symlink'],
])

function statOf(path: string, entry: TarEntry, size: number, first: string | undefined): Written<typeof stat> {
  const { type, mode, uid, gid, mtime, mtimeNsec, linkname } = entry
  const link = first === undefined ? linkname : first
  return {
    path: text(path),
    mode: modeOf(sendable.get(type) ?? 'file', mode),
    uid,
    gid,
    size,
    modTime: BigInt(mtime) * 1_000_000_000n + BigInt(mtimeNsec),
    ...((type === 'symlink' || first !== undefined) && { linkname: text(link) }),
  }
}

/** Names of archives are bytes. */
const text = (name: string): string => Buffer.from(name, 'latin1').toString()
