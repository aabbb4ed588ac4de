import * as fs from 'node:fs'
import { leavesOut } from '../../image/pack/leave-out.ts'
import { TRAILER } from '../../image/pack/tar-encode.ts'
import { type PackOptions, packTree } from '../../image/pack/tree.ts'
import { confine } from '../../image/unpack/confine.ts'
import { decompress } from '../../image/unpack/decompress.ts'
import { LayerWriter } from '../../image/unpack/layer-writer.ts'
import type { ByteString, TarEntry } from '../../image/unpack/tar-entry.ts'
import { TarReader } from '../../image/unpack/tar-reader.ts'
import { containerId, hostId, OVERFLOW_ID } from '../../runtime/id-map.ts'
import { changesOf } from '../../runtime/rootfs/changes.ts'
import { enterView, type FilesView } from '../../runtime/rootfs/view.ts'
import type { IdMapping, UserNamespaceSpec } from '../../runtime/spec.ts'
import { linux } from '../../sys/kernel.ts'
import { mountpoints } from '../container/root.ts'
import { encodeChanges } from './change-lines.ts'
import { failureOf, RefusedError } from './failure.ts'
import { goTo, statOf } from './files.ts'
import { baseName } from './path.ts'
import type { ArchiveJob, ArchiveReport, LocalView, UnpackOptions } from './protocol.ts'

/**
 * The program that reads and writes the files of a container for the engine. Its root directory becomes that of the
 * container (view.ts), so no path and no link, whatever the container does to them meanwhile, leads to the machine's
 * files; all that it needs of these is imported above. Only the main thread has that root: nothing here may use the
 * asynchronous calls of `node:fs`, which run in others.
 *
 * Like the process that unpacks layers it does everything synchronously, and ends when the engine does.
 */
process.title = 'tscompose-archive'
process.umask(0) // the archive says what the modes are
process.on('disconnect', () => process.exit())
const tell = (report: ArchiveReport): Promise<void> =>
  new Promise(resolve => process.send?.(report, undefined, undefined, () => resolve()) ?? resolve())

process.once('message', async (job: ArchiveJob) => {
  try {
    if (job.type !== 'changes') enter(job.view)
    await carryOut(job)
    await tell({ type: 'done' })
  } catch (error) {
    await tell({ type: 'failed', ...failureOf(error) })
  }
  process.exit()
})

function enter(view: FilesView | LocalView): void {
  if (view.of === 'directory') confine(view.path)
  else if (view.of !== 'machine') enterView(view)
}

async function carryOut(job: ArchiveJob): Promise<void> {
  switch (job.type) {
    case 'stat':
      return await tell({ type: 'found', stat: statOf(goTo(job.path), job.path) })
    case 'pack': {
      const source = goTo(job.path)
      await tell({ type: 'found', stat: statOf(source, job.path) })
      return write(packTree(source, bytes(job.name ?? baseName(job.path)), ownersIn(job.view)))
    }
    case 'export':
      await tell({ type: 'found', stat: statOf('/', '/') })
      return write(packTree('/', '', ownersIn(job.view)))
    case 'changes':
      for (const chunk of encodeChanges(changesOf(job.root, leavesOut(mountpoints)))) writeAll(chunk)
      return
    case 'unpack':
      return await unpack(job.path, job, shiftOf(job.view))
  }
}

/** Standard output is a socket that blocks: when nobody reads any more, writing fails, and that is the end. */
function write(archive: Iterable<Buffer>): void {
  for (const chunk of archive) writeAll(chunk)
  writeAll(TRAILER)
}

function writeAll(chunk: Buffer): void {
  for (let at = 0; at < chunk.length; ) at += fs.writeSync(1, chunk, at)
}

/** As names are in archives. */
const bytes = (name: string): ByteString => Buffer.from(name).toString('latin1')

const userNamespaceOf = (view: FilesView | LocalView): UserNamespaceSpec | undefined =>
  view.of === 'running' ? view.userNamespace : undefined

/** Archives have the ids of the container, not those that it has on the host. */
function ownersIn(view: FilesView | LocalView): PackOptions {
  const user = userNamespaceOf(view)
  if (!user) return {}
  const ownerOf = ({ uid, gid }: fs.Stats) => ({
    uid: containerId(user.uidMappings, uid) ?? OVERFLOW_ID,
    gid: containerId(user.gidMappings, gid) ?? OVERFLOW_ID,
  })
  return { ownerOf }
}

type Shift = <Owner extends { readonly uid: number; readonly gid: number }>(owner: Owner) => Owner

function shiftOf(view: FilesView | LocalView): Shift {
  const user = userNamespaceOf(view)
  if (!user) return owner => owner
  const shift = (map: readonly IdMapping[], id: number) => hostId(map, id) ?? hostId(map, OVERFLOW_ID) ?? id
  return owner => ({ ...owner, uid: shift(user.uidMappings, owner.uid), gid: shift(user.gidMappings, owner.gid) })
}

async function unpack(
  path: string,
  { keepKinds, whiteouts, owner, rename }: UnpackOptions,
  shift: Shift,
): Promise<void> {
  try {
    linux.chdir(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw error
    throw new RefusedError('unfit', 'extraction point is not a directory')
  }
  // access(2) tells of a read-only mount before anything is tried.
  fs.accessSync('.', fs.constants.W_OK)
  const reader = new TarReader()
  const writer = new LayerWriter({
    base: '.',
    whiteouts: whiteouts && 'remove',
    keepKinds,
    ...(owner && { owner: shift(owner) }),
  })
  try {
    for await (const chunk of decompress(process.stdin))
      for (const event of reader.read(chunk)) {
        if (event.type === 'data') writer.data(event.chunk)
        else if (event.type === 'end') writer.end()
        else writer.entry(shift(rename ? renamed(event.entry, rename) : event.entry))
      }
    reader.finish()
    writer.finish()
  } finally {
    writer.abandon()
  }
}

/** An entry whose path begins with another name: hard links point into the same tree. */
function renamed(entry: TarEntry, { from, to }: NonNullable<UnpackOptions['rename']>): TarEntry {
  const old = bytes(from === '/' ? '' : from)
  const rename = (name: ByteString) => (name.startsWith(old) ? bytes(to) + name.slice(old.length) : name)
  return {
    ...entry,
    name: rename(entry.name),
    linkname: entry.type === 'link' ? rename(entry.linkname) : entry.linkname,
  }
}
