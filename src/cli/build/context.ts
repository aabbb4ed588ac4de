import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Readable } from 'node:stream'
import type { ImageBuildRequest } from '../../engine/api.ts'
import { badFlag } from '../create/parsed.ts'

/** Where the files and the Dockerfile of a build are, as the engine is told. */
export interface ContextRequest extends AsyncDisposable {
  readonly request: Pick<ImageBuildRequest, 'Context' | 'Archive' | 'Dockerfile' | 'DockerfileInline'>
}

export const isRemote = (text: string): boolean => /^(?:https?|git|ssh):\/\/|^github\.com\/|^git@[\w.-]+:/.test(text)

/**
 * What `docker build [-f FILE] PATH|URL|-` means: `-` is an archive of the context, or a Dockerfile that needs none.
 * @throws TscomposeError CLI_FLAG
 */
export async function contextRequest(
  context: string,
  file: string | undefined,
  { cwd, stdin }: { readonly cwd: string; readonly stdin: Readable },
): Promise<ContextRequest> {
  const kept = { async [Symbol.asyncDispose]() {} }
  if (context === '-' && file === '-')
    throw badFlag('invalid argument: can’t use stdin for both build context and dockerfile')
  if (context === '-') return await fromStdin(stdin, file)
  const Context = isRemote(context) ? context : resolve(cwd, context)
  if (file === '-') return { ...kept, request: { Context, DockerfileInline: (await gather(stdin)).toString() } }
  if (file === undefined) return { ...kept, request: { Context } }
  // Of a repository or an archive the Dockerfile is within it; of a directory it is where the user says it is.
  return { ...kept, request: { Context, Dockerfile: isRemote(context) ? file : resolve(cwd, file) } }
}

async function fromStdin(stdin: Readable, file: string | undefined): Promise<ContextRequest> {
  const input = stdin[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  const head: Buffer[] = []
  let size = 0
  while (size < 512) {
    const { value, done } = await input.next()
    if (done) break
    head.push(value)
    size += value.length
  }
  const rest: AsyncIterable<Buffer> = { [Symbol.asyncIterator]: () => input }
  const first = Buffer.concat(head)
  if (!isArchive(first))
    return {
      request: { DockerfileInline: Buffer.concat([first, await gather(rest)]).toString() },
      async [Symbol.asyncDispose]() {},
    }
  const directory = await mkdtemp(join(tmpdir(), 'tscompose-context-'))
  const remove = () => rm(directory, { recursive: true, force: true })
  try {
    const archive = join(directory, 'context')
    const { createWriteStream } = await import('node:fs')
    const { pipeline } = await import('node:stream/promises')
    async function* all() {
      yield first
      yield* rest
    }
    await pipeline(all, createWriteStream(archive, { mode: 0o600 }))
    return {
      request: { Archive: archive, ...(file !== undefined && { Dockerfile: file }) },
      [Symbol.asyncDispose]: remove,
    }
  } catch (error) {
    await remove()
    throw error
  }
}

async function gather(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const chunk of chunks) parts.push(Buffer.from(chunk))
  return Buffer.concat(parts)
}

/** tar, or what docker takes for compressed: gzip, bzip2, xz, zstd. */
const isArchive = (first: Buffer): boolean =>
  first.toString('latin1', 257, 262) === 'ustar' ||
  ['1f8b', '425a68', 'fd377a585a', '28b52ffd'].some(magic => first.toString('hex').startsWith(magic))
