import { type FileHandle, open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { RECORD_HEADER, RECORD_TRAILER, recordSize } from './log-format.ts'

/** An open file of a log. It keeps its inode, so that this names the file whatever it has been renamed to since. */
export interface LogFile {
  readonly handle: FileHandle
  readonly inode: bigint
  /** When it was opened. */
  readonly size: number
}

async function openLogFile(path: string): Promise<LogFile | undefined> {
  const handle = await open(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw error
  })
  if (!handle) return undefined
  const { ino, size } = await handle.stat({ bigint: true })
  return { handle, inode: ino, size: Number(size) }
}

/**
 * Opens the files of the log that are newer than `known`, the oldest first; all of them if `known` is none of them.
 * They may be rotated meanwhile: that moves a file to the next number, so it is met twice at worst, but never missed; and
 * there is a moment at which one number is nobody's.
 */
export async function openNewerFiles(stateDir: string, known?: bigint): Promise<LogFile[]> {
  const files: LogFile[] = []
  for (let number = 0, missing = 0; ; number++) {
    const file = await openLogFile(join(stateDir, number === 0 ? 'log' : `log.${number}`))
    if (file?.inode === known || (file === undefined && missing > 0)) {
      await file?.handle.close()
      return files
    }
    missing = file ? 0 : 1
    if (!file) continue
    if (files.some(({ inode }) => inode === file.inode)) await file.handle.close()
    else files.unshift(file)
  }
}

/** Whether the writer has begun another file since. */
export async function isRotated(stateDir: string, { inode }: LogFile): Promise<boolean> {
  const newest = await stat(join(stateDir, 'log'), { bigint: true }).catch(() => undefined)
  // Between two renames there is no newest file.
  return newest !== undefined && newest.ino !== inode
}

/** More than the largest record. */
const BLOCK = 64 * 1024

export interface Tail {
  readonly position: number
  /** How many records there are from `position` on: fewer than asked for if the file is shorter. */
  readonly records: number
}

/** Where the last `count` records of a file begin: a walk from its end, as long as the answer is far from it. */
export async function tailOf({ handle }: LogFile, count: number): Promise<Tail> {
  const block = Buffer.allocUnsafe(BLOCK)
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  let position = await endOfRecords(handle)
  let records = 0
  while (position > 0 && records < count) {
    const start = Math.max(0, position - BLOCK)
    await handle.read(block, 0, position - start, start)
    let end = position - start
    for (let size = sizeBefore(view, end); size > 0 && records < count; size = sizeBefore(view, end)) {
      end -= size
      records++
    }
    if (start + end === position) break // no record ends here: the file is none of ours
    position = start + end
  }
  return { position, records }
}

/** The size of the record that ends at `end`; 0 if none does, or not all of it is in the view. */
function sizeBefore(view: DataView, end: number): number {
  if (end < RECORD_HEADER + RECORD_TRAILER) return 0
  const size = view.getUint32(end - RECORD_TRAILER, true)
  return size <= end && recordSize(view, end - size, end) === size ? size : 0
}

/** Where the last whole record ends: the end of the file, unless the writer is in the middle of a record. */
async function endOfRecords(handle: FileHandle): Promise<number> {
  const block = Buffer.allocUnsafe(BLOCK)
  const view = new DataView(block.buffer, block.byteOffset, block.length)
  const { size } = await handle.stat()
  const last = Math.min(size, BLOCK)
  await handle.read(block, 0, last, size - last)
  if (sizeBefore(view, last) > 0) return size
  let position = 0
  for (;;) {
    const { bytesRead } = await handle.read(block, 0, BLOCK, position)
    let end = 0
    for (let next = recordSize(view, end, bytesRead); next > 0 && end + next <= bytesRead; ) {
      end += next
      next = recordSize(view, end, bytesRead)
    }
    if (end === 0) return position
    position += end
  }
}
