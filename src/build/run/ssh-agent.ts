import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { lstat, mkdir, readFile, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { TscomposeError } from '../../errors.ts'
import type { ConnectAgent, SshSource } from '../request.ts'

/** What answers with the keys of an SSH agent. */
export interface SshAgent extends AsyncDisposable {
  readonly connect: ConnectAgent
}

/**
 * The agent that `--ssh ID=PATHS` means: one that runs already, by its socket; or one of our own that has the given
 * keys, until it is disposed of.
 * @param directory in memory
 * @returns undefined if who was to lend one has none
 * @throws TscomposeError BUILD_SECRET_MISSING
 */
export async function openSshAgent(
  source: SshSource,
  directory: string,
  signal: AbortSignal,
): Promise<SshAgent | undefined> {
  if (source.kind === 'client') {
    const lent = await source.open(signal)
    return lent && { connect: lent, async [Symbol.asyncDispose]() {} }
  }
  const { paths } = source
  const stat = await lstat(paths).catch(() => undefined)
  if (stat?.isSocket()) return { connect: () => connect(paths), async [Symbol.asyncDispose]() {} }
  return await startAgent(paths.split(','), directory, signal)
}

/** The agent listens when this runs. It goes with whoever holds the other end of the pipe, however that ends. */
const untilInputEnds = 'echo ready; cat > /dev/null; kill "$SSH_AGENT_PID"'

async function startAgent(keys: readonly string[], directory: string, signal: AbortSignal): Promise<SshAgent> {
  const { execa } = await import('execa')
  await using held = new AsyncDisposableStack()
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const socket = socketPath(directory)
  held.defer(() => rm(socket, { force: true }))
  const agent = spawn('ssh-agent', ['-a', socket, 'sh', '-c', untilInputEnds], { stdio: ['pipe', 'pipe', 'ignore'] })
  const ended = new Promise<void>(resolve => agent.once('close', () => resolve()).once('error', () => resolve()))
  held.defer(async () => {
    agent.stdin.destroy()
    await ended
  })
  const ready = once(agent.stdout, 'data', { signal })
  await Promise.race([ready, ended.then(() => Promise.reject(failed('there is no ssh-agent program that starts')))])
  for (const key of keys) {
    const input = await readFile(key).catch(error => {
      throw failed(error.message)
    })
    // By its standard input: how the file is protected is the user's business, as with BuildKit.
    const added = await execa('ssh-add', ['-q', '-'], {
      input,
      env: { SSH_AUTH_SOCK: socket, SSH_ASKPASS_REQUIRE: 'never' },
      cancelSignal: signal,
      reject: false,
    })
    signal.throwIfAborted()
    if (added.failed) throw failed(`${key}: ${added.stderr || 'ssh-add has failed'}; a key must have no passphrase`)
  }
  const owned = held.move()
  return { connect: () => connect(socket), [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

/** Short: the path of a socket has at most 107 bytes, unix(7). */
export const socketPath = (directory: string): string => join(directory, `ssh-${randomBytes(4).toString('hex')}`)

const failed = (why: string): TscomposeError =>
  new TscomposeError('BUILD_SECRET_MISSING', `the SSH keys of the build cannot be used: ${why}`)
