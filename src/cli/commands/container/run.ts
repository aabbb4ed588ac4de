import type { Duplex } from 'node:stream'
import type { Engine } from '../../../engine/api.ts'
import type { Cli } from '../../cli.ts'
import { type Define, Exit } from '../../command.ts'
import { attachedSession, checkTerminal } from '../../create/attached.ts'
import { type CreateFlags, declareCreateFlags } from '../../create/flags.ts'
import { makeContainer, requestOf } from '../../create/make.ts'
import { badFlag } from '../../create/parsed.ts'
import { type Attached, attachedStreams } from '../../create/request.ts'
import { connect } from '../../engine.ts'
import { exitCodeOfFailure, refusal } from '../../exit-codes.ts'
import { windowSize } from '../../terminal.ts'

interface RunFlags extends CreateFlags {
  readonly detach?: boolean
  readonly detachKeys?: string
  readonly sigProxy: boolean
}

export const define: Define = (command, cli) =>
  declareCreateFlags(command.argument('<IMAGE>').argument('[COMMAND...]'))
    .option('-d, --detach', 'Do not wait for it; print its id')
    .option('--detach-keys <keys>', 'Keys that end attaching, instead of ctrl-p,ctrl-q')
    .option('--sig-proxy', 'Forward signals', true)
    .action(async (image: string, words: string[], flags: RunFlags) => {
      checkTerminal(cli, !flags.detach && flags.tty === true && attachedStreams(flags).stdin)
      try {
        await run(cli, image, words, flags)
      } catch (error) {
        if (error instanceof Exit) throw error
        cli.signal.throwIfAborted()
        const known = exitCodeOfFailure(cli, error)
        if (known instanceof Exit) throw known
        throw refusal(cli, error)
      }
    })

async function run(cli: Cli, image: string, words: readonly string[], flags: RunFlags): Promise<void> {
  if (flags.detach && flags.attach) throw badFlag('conflicting options: cannot specify both --attach and --detach')
  const attached = flags.detach ? { stdin: false, stdout: false, stderr: false } : attachedStreams(flags)
  const request = requestOf(cli, image, words, flags, attached)
  const size = request.Tty ? windowSize(cli) : undefined
  if (size && request.HostConfig) request.HostConfig.ConsoleSize = size
  const engine = await connect()
  const id = await makeContainer(cli, engine, flags, request)
  if (flags.detach) {
    await engine.containerStart(id)
    return void cli.stdout.write(`${id}\n`)
  }
  const isAttached = attached.stdin || attached.stdout || attached.stderr
  const stream = isAttached ? await attach(engine, id, attached, flags.detachKeys) : undefined
  // A container that removes itself has done so when the command ends.
  const { exited } = await engine.containerWait(id, flags.rm ? 'removed' : 'next-exit', new AbortController().signal)
  try {
    await engine.containerStart(id)
  } catch (error) {
    stream?.destroy()
    if (flags.rm) await exited.catch(() => {})
    throw error
  }
  using _ = flags.sigProxy
    ? cli.divertSignals(signal => void engine.containerKill(id, signal).catch(() => {}))
    : undefined
  const tty = request.Tty === true
  const { detachKeys } = flags
  if (stream && (await attachedSession(cli, engine, id, { stream, tty, stdin: attached.stdin, detachKeys }))) return
  const { StatusCode } = await exited
  if (StatusCode !== 0) throw new Exit(StatusCode)
}

const attach = (engine: Engine, id: string, attached: Attached, detachKeys: string | undefined): Promise<Duplex> =>
  engine.containerAttach(id, { stream: true, ...attached, ...(detachKeys !== undefined && { detachKeys }) })
