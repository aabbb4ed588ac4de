import { createHash } from 'node:crypto'
import { closeSync, lstatSync, openSync, readdirSync, writeSync } from 'node:fs'
import type { Digest } from '../image.ts'
import type { PackJob } from '../unpack/protocol.ts'
import { leavesOut } from './leave-out.ts'
import { TRAILER } from './tar-encode.ts'
import { packTree } from './tree.ts'

/** Writes the archive of a layer whose files are in the upper directory of an overlay. The same files, the same bytes. */
export function packLayer({ directory, archive, latest, leaveOut }: Omit<PackJob, 'type'>): {
  digest: Digest
  size: number
} {
  const hash = createHash('sha256')
  const fd = openSync(archive, 'wx', 0o600)
  let size = 0
  const write = (chunk: Buffer) => {
    hash.update(chunk)
    for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at)
    size += chunk.length
  }
  const options = {
    layer: true,
    ...(latest !== undefined && { latest }),
    ...(leaveOut && { exclude: leavesOut(leaveOut) }),
  }
  try {
    for (const chunk of packTree(directory, '', options)) write(chunk)
    write(TRAILER)
    return { digest: `sha256:${hash.digest('hex')}`, size }
  } finally {
    closeSync(fd)
  }
}

/** Bytes of all files in a directory, each once however many names it has. */
export function sizeOf(directory: string): number {
  const linked = new Set<number>()
  let size = 0
  // Names are bytes, and not all of them are UTF-8.
  const todo = [Buffer.from(directory).toString('latin1')]
  for (let path = todo.pop(); path !== undefined; path = todo.pop())
    for (const entry of readdirSync(Buffer.from(path, 'latin1'), { withFileTypes: true, encoding: 'latin1' })) {
      if (entry.isDirectory()) todo.push(`${path}/${entry.name}`)
      if (!entry.isFile()) continue
      const stat = lstatSync(Buffer.from(`${path}/${entry.name}`, 'latin1'))
      if (stat.nlink > 1 && linked.has(stat.ino)) continue
      if (stat.nlink > 1) linked.add(stat.ino)
      size += stat.size
    }
  return size
}
