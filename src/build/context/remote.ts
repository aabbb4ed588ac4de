import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { messageOf, TscomposeError } from '../../errors.ts'
import { HttpClient } from '../../image/registry/http.ts'
import { decompress } from '../../image/unpack/decompress.ts'
import { assertOnline } from '../../offline.ts'
import { readGitReference } from '../dockerfile/git-reference.ts'
import { unpackArchive } from './archive.ts'
import type { BuildContext } from './context.ts'
import { openGitContext } from './git.ts'
import { openDirectoryContext, ownDirectory } from './open.ts'

/** A Dockerfile that came alone is no larger. */
const LARGEST_DOCKERFILE = 8 * 2 ** 20

/** Whether a context is fetched, and not a directory of this machine. */
export const isRemoteContext = (text: string): boolean =>
  /^https?:\/\//.test(text) || text.startsWith('github.com/') || readGitReference(text) !== undefined

/**
 * `https://host/repo.git#ref:subdir`, fetched by the `git` program; a remote archive, or a lone Dockerfile, by URL.
 * @param temporary a directory for it
 * @throws TscomposeError BUILD_REMOTE_FAILED, BUILD_CONTEXT_INVALID
 */
export async function openRemoteContext(
  url: string,
  dockerfile: string,
  temporary: string,
  signal: AbortSignal,
): Promise<BuildContext> {
  const git = gitOf(url.startsWith('github.com/') ? `https://${url.replace(/(?:\.git)?(?=#|$)/, '.git')}` : url)
  if (git) return await openGitContext(git, dockerfile, temporary, signal)
  return await ownDirectory(temporary, async directory => {
    const chunks = await download(url, signal)
    const { first, rest } = await peek(decompress(chunks))
    if (isTar(first)) await unpackArchive(rest, directory, temporary, signal)
    else await writeFile(join(directory, 'Dockerfile'), await gather(rest, url))
    return await openDirectoryContext(directory, dockerfile)
  })
}

function gitOf(url: string) {
  try {
    return readGitReference(url)
  } catch (error) {
    throw new TscomposeError('BUILD_REMOTE_FAILED', `${url}: ${messageOf(error)}`)
  }
}

async function download(url: string, signal: AbortSignal): Promise<Readable> {
  assertOnline(new URL(url).host)
  const response = await new HttpClient({ insecure: false }).send({ url: new URL(url) }, signal).catch(error => {
    signal.throwIfAborted()
    throw new TscomposeError('BUILD_REMOTE_FAILED', `cannot download ${url}: ${error.message}`, { cause: error })
  })
  if (response.status === 200) return response.body
  response.body.destroy()
  throw new TscomposeError('BUILD_REMOTE_FAILED', `cannot download ${url}: HTTP status ${response.status}`)
}

/** The first block, and all of it again. */
async function peek(chunks: AsyncIterable<Buffer>): Promise<{ first: Buffer; rest: AsyncGenerator<Buffer, void> }> {
  const iterator = chunks[Symbol.asyncIterator]()
  const start: Buffer[] = []
  let length = 0
  while (length < 512) {
    const { value, done } = await iterator.next()
    if (done) break
    start.push(value)
    length += value.length
  }
  async function* all() {
    yield* start
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { first: Buffer.concat(start).subarray(0, 512), rest: all() }
}

const isTar = (block: Buffer): boolean => block.length === 512 && block.toString('latin1', 257, 262) === 'ustar'

async function gather(chunks: AsyncIterable<Buffer>, url: string): Promise<Buffer> {
  const parts: Buffer[] = []
  let size = 0
  for await (const chunk of chunks) {
    size += chunk.length
    if (size > LARGEST_DOCKERFILE) {
      throw new TscomposeError('BUILD_CONTEXT_INVALID', `${url} is neither an archive nor a Dockerfile`)
    }
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}
