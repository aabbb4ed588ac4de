import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { chmod, utimes } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { TscomposeError } from '../../errors.ts'
import { HttpClient } from '../../image/registry/http.ts'
import { assertOnline } from '../../offline.ts'
import type { FileTree, Match, Selection } from '../context/context.ts'
import { openDirectoryContext, openGitContext } from '../context/index.ts'
import { type ArchiveSource, isArchive } from '../copy/archive.ts'
import type { CopySource } from '../copy/plan.ts'
import type { AddStep, CopyStep, GitSource, HeredocSource, UrlSource } from '../dockerfile/step.ts'
import { keyOf } from '../key.ts'
import type { Build } from './build.ts'

/** What COPY and ADD take that is not a file of their tree as it is. */
export interface FetchedSource {
  readonly name: string
  /** Of the contents, for the step's key. */
  readonly identity: string
  readonly sources: readonly CopySource[]
  readonly archives: readonly ArchiveSource[]
}

/** Fetches what a step names besides paths, and tells apart the archives that ADD unpacks. */
export async function fetchSources(
  build: Build,
  step: CopyStep | AddStep,
  selection: Selection | undefined,
  tree: FileTree,
): Promise<{ readonly matches: readonly Match[]; readonly fetched: readonly FetchedSource[] }> {
  const others = await Promise.all(
    step.sources.map(async (source): Promise<FetchedSource | undefined> => {
      switch (source.kind) {
        case 'path':
          return undefined
        case 'heredoc':
          return fromHeredoc(source)
        case 'url':
          return await fromUrl(build, step as AddStep, source)
        case 'git':
          return await fromGit(build, source)
      }
    }),
  )
  const fetched = others.filter(source => source !== undefined)
  const matches = selection?.matches ?? []
  if (step.keyword === 'COPY' || step.unpack === false) return { matches, fetched }
  const archives = await Promise.all(matches.map(async match => ((await isTar(match, tree)) ? match : undefined)))
  return {
    matches: matches.filter(match => !archives.includes(match)),
    fetched: [
      ...fetched,
      ...archives
        .filter(match => match !== undefined)
        .map(({ path }) => ({
          name: path,
          identity: keyOf('archive', path), // its contents are in the digest of the selection
          sources: [],
          archives: [archiveOf(tree, path)],
        })),
    ],
  }
}

function fromHeredoc({ name, content }: HeredocSource): FetchedSource {
  const bytes = Buffer.from(content)
  return {
    name,
    identity: keyOf('heredoc', [name, content]),
    sources: [{ kind: 'file', name, bytes, mode: 0o644 }],
    archives: [],
  }
}

const isTar = async ({ path, entries }: Match, tree: FileTree): Promise<boolean> =>
  entries[0]?.type === 'file' && (await isArchive(archiveOf(tree, path)))

const archiveOf = (tree: FileTree, path: string): ArchiveSource => ({
  async *open() {
    const file = await tree.open(path)
    yield* file.createReadStream({ autoClose: true }) as AsyncIterable<Buffer>
  },
})

async function fromGit(build: Build, source: GitSource): Promise<FetchedSource> {
  const { remote: url } = source
  return await build.progress.during(`[internal] load git source ${url}`, async () => {
    const directory = await build.newDirectory()
    const tree = build.hold(await openGitContext(source, 'Dockerfile', directory, build.signal))
    const selection = await tree.select(
      { sources: ['.'], excludes: source.keepGitDir ? [] : ['.git'], parents: false },
      build.signal,
    )
    return {
      name: url,
      identity: selection.digest,
      sources: selection.matches.map(match => ({ kind: 'match', tree, match })),
      archives: [],
    }
  })
}

/** A file of mode 0600 with the time that the server tells, as Docker has it. */
async function fromUrl(build: Build, step: AddStep, { url }: UrlSource): Promise<FetchedSource> {
  const name = nameOf(url, step)
  return await build.progress.during(`[internal] load ${url}`, async () => {
    const directory = await build.newDirectory()
    const file = join(directory, name)
    const { digest, modified } = await download(url, file, build.signal)
    if (step.checksum !== undefined && step.checksum !== digest)
      throw new TscomposeError('BUILD_CHECKSUM_MISMATCH', `${url} has the digest ${digest}, not ${step.checksum}`, {
        where: step.instruction.where,
      })
    await chmod(file, 0o600)
    await utimes(file, modified, modified)
    const tree = build.hold(await openDirectoryContext(directory, '.nothing'))
    const { matches } = await tree.select({ sources: [name], excludes: [], parents: false }, build.signal)
    const unpacked = step.unpack === true && (await isArchive(archiveOf(tree, name)))
    return {
      name: url,
      identity: keyOf('url', [name, digest, unpacked]),
      sources: unpacked ? [] : matches.map(match => ({ kind: 'match', tree, match })),
      archives: unpacked ? [archiveOf(tree, name)] : [],
    }
  })
}

function nameOf(url: string, { target, instruction }: AddStep): string {
  const name = posix.basename(decodeURIComponent(new URL(url).pathname))
  if (name !== '' && name !== '..' && !name.includes('/')) return name
  if (!target.endsWith('/')) return 'file' // the target names it
  throw new TscomposeError('BUILD_SOURCE_UNREACHABLE', `cannot determine filename for source ${url}`, {
    where: instruction.where,
  })
}

async function download(
  url: string,
  file: string,
  signal: AbortSignal,
): Promise<{ readonly digest: string; readonly modified: Date }> {
  const failed = (why: string, cause?: unknown) =>
    new TscomposeError('BUILD_SOURCE_UNREACHABLE', `cannot download ${url}: ${why}`, { cause })
  assertOnline(new URL(url).host)
  const response = await new HttpClient({ insecure: false }).send({ url: new URL(url) }, signal).catch(error => {
    signal.throwIfAborted()
    throw failed(error.message, error)
  })
  const { status, headers, body } = response
  if (status !== 200) {
    body.destroy()
    throw failed(`HTTP status ${status}`)
  }
  const hash = createHash('sha256')
  body.on('data', chunk => hash.update(chunk))
  await pipeline(body, createWriteStream(file, { flags: 'wx' }), { signal })
  const modified = new Date(headers['last-modified'] ?? 0)
  return {
    digest: `sha256:${hash.digest('hex')}`,
    modified: Number.isNaN(modified.getTime()) ? new Date(0) : modified,
  }
}
