import { lstat, mkdir, writeFile } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { fileNames } from '../load/discover.ts'
import { COMPOSE_FILE, checkIsProject, storedFiles } from './artifact.ts'
import { Cache } from './cache.ts'

export interface RemoteOptions {
  /** Registries that may be spoken to without TLS. */
  readonly insecureRegistries: readonly string[]
  readonly signal: AbortSignal
}

export interface FetchedFile {
  /** Of the Compose file, on this machine. */
  readonly path: string
  /** What relative paths are relative to; undefined: where the command runs. */
  readonly directory?: string
}

/**
 * Fetches a Compose file from a registry (`oci://REGISTRY/REPOSITORY:TAG`) or out of a git repository
 * (`https://host/repo.git#ref:path`).
 * @throws TscomposeError COMPOSE_REMOTE_INVALID, REGISTRY_*, BUILD_REMOTE_FAILED, OFFLINE
 */
export async function fetchRemote(reference: string, options: RemoteOptions): Promise<FetchedFile> {
  return await (reference.startsWith('oci://') ? fetchArtifact : fetchFromGit)(reference, options)
}

/** Only who reads remote files pays for what fetches them. */
const client = () => import('../../engine/client/remote-files.ts')

async function fetchArtifact(reference: string, { insecureRegistries, signal }: RemoteOptions): Promise<FetchedFile> {
  const name = reference.slice('oci://'.length)
  const cache = new Cache('oci')
  const pinned = /@sha256:([0-9a-f]{64})$/.exec(name)?.[1]
  let directory = pinned && (await cache.find(pinned))
  if (!directory) {
    const { findArtifact } = await client()
    const found = await findArtifact(name, insecureRegistries, signal)
    checkIsProject(name, found.artifactType, found.configType)
    const key = found.digest.replace('sha256:', '')
    directory = (await cache.find(key)) ?? (await cache.add(fill))

    async function fill(fresh: string): Promise<string> {
      for (const [file, text] of storedFiles(await found.read(), cache.place(key)))
        await writeFile(join(fresh, file), text, { mode: 0o600 })
      return key
    }
  }
  return { path: join(directory, COMPOSE_FILE) }
}

async function fetchFromGit(text: string, { signal }: RemoteOptions): Promise<FetchedFile> {
  const { checkOut, readGitReference, within, withGit } = await client()
  const reference = readGitReference(gitUrl(text))
  if (!reference) throw new TscomposeError('COMPOSE_REMOTE_INVALID', `${text} is no git repository`)
  const { remote, ref = '', subdir = '.' } = reference
  // The directory's name is the project's, unless the file says another.
  const repository = basename(remote.replace(/\/+$/, ''), '.git').replace(/^.*:/, '')
  const cache = new Cache('git')
  const known = /^[0-9a-f]{40}$/.test(ref) ? await cache.find(ref) : undefined
  // A branch or a tag moves: it is fetched each time, and kept under the commit it stands for.
  const checkout = known ?? (await cache.add(fresh => withGit(() => checkOutInto(join(fresh, repository)))))
  const root = join(checkout, repository)
  const isFile = /\.ya?ml$/.test(subdir)
  const directory = within(root, isFile ? posix.dirname(subdir) : subdir, remote)
  for (const name of isFile ? [posix.basename(subdir)] : fileNames) {
    const path = join(directory, name)
    if ((await lstat(path).catch(() => undefined))?.isFile()) return { path, directory }
  }
  throw new TscomposeError('COMPOSE_REMOTE_INVALID', `${text} has no Compose file`, {
    fix: `It may be called ${fileNames.join(', ')}, or be named: #ref:path.`,
  })

  async function checkOutInto(directory: string): Promise<string> {
    await mkdir(directory)
    return await checkOut({ ...reference, remote, submodules: reference?.submodules ?? true }, directory, signal)
  }
}

/** `github.com/user/repo` is enough for some. */
function gitUrl(text: string): string {
  if (!text.startsWith('github.com/')) return text
  const [repository = '', fragment] = text.split(/#(.*)/s)
  return `https://${repository.replace(/\.git$/, '')}.git${fragment === undefined ? '' : `#${fragment}`}`
}
