import type { FileChange } from '../../runtime/rootfs/changes.ts'
import type { FilesystemChange } from '../api.ts'

/** Changes on their way from one process to the other: a digit for the kind, the path, a NUL. */

const kinds = ['modified', 'added', 'deleted'] as const
const CHUNK = 64 * 1024

export function* encodeChanges(changes: Iterable<FileChange>): Generator<Buffer> {
  let text = ''
  for (const { kind, path } of changes) {
    text += `${kinds.indexOf(kind)}${path}\0`
    if (text.length < CHUNK) continue
    yield Buffer.from(text, 'latin1')
    text = ''
  }
  yield Buffer.from(text, 'latin1')
}

export async function decodeChanges(chunks: AsyncIterable<Buffer>): Promise<FilesystemChange[]> {
  const changes: FilesystemChange[] = []
  let rest = Buffer.alloc(0)
  for await (const chunk of chunks) {
    const data = Buffer.concat([rest, chunk])
    let at = 0
    for (let end = data.indexOf(0); end >= 0; end = data.indexOf(0, at)) {
      const kind = Number(data.toString('latin1', at, at + 1)) as FilesystemChange['Kind']
      changes.push({ Path: data.toString('utf8', at + 1, end), Kind: kind })
      at = end + 1
    }
    rest = data.subarray(at)
  }
  return changes
}
