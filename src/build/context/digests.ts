import { createHash, hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import type { FoundEntry } from './directory.ts'

const CHUNK = 1024 * 1024
/** Files whose digest is remembered. */
const REMEMBERED = 200_000
/** A file may change twice within what its time stamp tells: one changed just now is read again. Nanoseconds. */
const RECENT = 2_000_000_000n

const remembered = new Map<string, { readonly state: string; readonly digest: string }>()

/**
 * The digest of a file's contents. One that has neither been written nor replaced since it was read last, by its inode's
 * times, is not read again.
 */
export async function contentDigest(
  { identity: { inode, state, ctime }, size }: FoundEntry,
  openFile: () => Promise<FileHandle>,
): Promise<string> {
  const known = remembered.get(inode)
  if (known?.state === state) return known.digest
  await using file = await openFile()
  const before = BigInt(Date.now()) * 1_000_000n
  const digest = await readDigest(file, size)
  if (before - ctime > RECENT) {
    if (remembered.size >= REMEMBERED) remembered.clear()
    remembered.set(inode, { state, digest })
  }
  return digest
}

async function readDigest(file: FileHandle, size: number): Promise<string> {
  if (size <= CHUNK) return hash('sha256', await file.readFile())
  const sum = createHash('sha256')
  const buffer = Buffer.allocUnsafeSlow(CHUNK)
  for (;;) {
    const { bytesRead } = await file.read(buffer, 0, CHUNK)
    if (bytesRead === 0) return sum.digest('hex')
    sum.update(buffer.subarray(0, bytesRead))
  }
}

/** Of everything about an entry that is copied, besides its name; never of times. */
export function fingerprint(entry: Omit<FoundEntry, 'identity' | 'name'>, content: string): string {
  const { type, mode, uid, gid, target = '', rdev, xattrs } = entry
  const parts = [type, mode, uid, gid, target, rdev ? `${rdev.major}:${rdev.minor}` : '', content]
  const attributes = [...(xattrs ?? [])].map(([name, value]) => `${name}=${value.toString('base64')}`).sort()
  return `sha256:${hash('sha256', [...parts, ...attributes].join('\0'))}`
}
