import { rm } from 'node:fs/promises'
import { join, posix } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import { assertOnline } from '../../offline.ts'
import type { GitReference } from '../dockerfile/step.ts'
import type { BuildContext } from './context.ts'
import { OpenDirectory } from './directory.ts'
import { openDirectoryContext, ownDirectory } from './open.ts'

/** What git may speak: no `ext::`, which runs programs, and no paths of this machine. */
const environment = {
  GIT_TERMINAL_PROMPT: '0',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_ALLOW_PROTOCOL: 'https:http:ssh:git',
  GIT_SSH_COMMAND: 'ssh -oBatchMode=yes',
}

/**
 * The files of a git repository at one commit, fetched by the `git` program.
 * @param temporary a directory for it
 * @throws TscomposeError BUILD_REMOTE_FAILED, BUILD_CHECKSUM_MISMATCH
 */
export async function openGitContext(
  reference: GitReference & { readonly keepGitDir?: boolean },
  dockerfile: string,
  temporary: string,
  signal: AbortSignal,
): Promise<BuildContext> {
  const { remote, subdir = '.', keepGitDir = false } = reference
  return await ownDirectory(temporary, async directory => {
    const commit = await checkOut(reference, directory, signal)
    if (!keepGitDir) await rm(join(directory, '.git'), { recursive: true, force: true })
    const context = await openDirectoryContext(within(directory, subdir, remote), dockerfile)
    return Object.assign(context, { commit })
  })
}

/**
 * Fetches a repository into an empty directory and checks a commit out.
 * @returns the commit
 * @throws TscomposeError BUILD_REMOTE_FAILED, BUILD_CHECKSUM_MISMATCH, OFFLINE
 */
export async function checkOut(reference: GitReference, directory: string, signal: AbortSignal): Promise<string> {
  const { remote, ref = 'HEAD', commit, submodules } = reference
  assertOnline(redacted(remote))
  const git = (...args: string[]) => runGit(directory, args, remote, signal)
  await git('init', '--quiet', '--initial-branch=main')
  await git('remote', 'add', '--', 'origin', remote)
  const found = await fetchCommit(git, ref)
  if (commit && !found.startsWith(commit)) {
    throw new TscomposeError('BUILD_CHECKSUM_MISMATCH', `${remote}#${ref} is commit ${found}, not ${commit}`)
  }
  await git('checkout', '--quiet', '--detach', found)
  if (submodules) await git('submodule', 'update', '--quiet', '--init', '--recursive', '--depth=1')
  return found
}

/** Of a branch or tag; one that the server does not hand out by itself is looked for in the whole history. */
async function fetchCommit(git: (...args: string[]) => Promise<string>, ref: string): Promise<string> {
  try {
    await git('fetch', '--quiet', '--depth=1', '--', 'origin', ref)
    return await git('rev-parse', '--verify', '--quiet', '--end-of-options', 'FETCH_HEAD^{commit}')
  } catch (error) {
    if (!/^[0-9a-f]{4,40}$/.test(ref)) throw error
    await git('fetch', '--quiet', '--tags', '--', 'origin', '+refs/heads/*:refs/remotes/origin/*')
    return await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`)
  }
}

/** A directory of the repository, and no link to somewhere else. */
export function within(directory: string, subdir: string, remote: string): string {
  const path = posix.join('/', subdir).slice(1) || '.'
  try {
    using root = OpenDirectory.root(directory)
    using below = root.below(path)
    return below.path
  } catch (error) {
    throw new TscomposeError('BUILD_REMOTE_FAILED', `${remote} has no directory ${subdir}`, { cause: error })
  }
}

async function runGit(cwd: string, args: readonly string[], remote: string, signal: AbortSignal): Promise<string> {
  const { execa } = await import('execa') // only who builds from git pays for it
  const result = await execa('git', args, { cwd, env: environment, cancelSignal: signal, reject: false })
  signal.throwIfAborted()
  if (!result.failed) return result.stdout.trim()
  const missing = result.code === 'ENOENT'
  const why = missing ? 'there is no git program' : result.stderr.trim() || result.originalMessage
  throw new TscomposeError('BUILD_REMOTE_FAILED', `cannot fetch ${redacted(remote)}: ${redacted(why ?? '')}`, {
    cause: result.cause,
    ...(missing && { fix: 'install git, or build from a directory' }),
  })
}

/** Without the password that a URL may hold. */
const redacted = (text: string): string => text.replace(/(\w+:\/\/[^/\s:@]*):[^/\s@]*@/g, '$1:***@')
