import { type Define, Exit } from '../../command.ts'
import { attachedSession } from '../../create/attached.ts'
import { badFlag } from '../../create/parsed.ts'
import { forEach } from '../../each.ts'
import { connect } from '../../engine.ts'

interface StartFlags {
  readonly attach?: boolean
  readonly checkpoint?: string
  readonly checkpointDir?: string
  readonly detachKeys?: string
  readonly interactive?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER...>')
    .option('-a, --attach', 'Attach to what it writes; forward signals')
    .option('--detach-keys <keys>', 'Keys that end attaching, instead of ctrl-p,ctrl-q')
    .option('-i, --interactive', 'Attach to its input, too')
    .option('--checkpoint <name>', 'Not supported')
    .option('--checkpoint-dir <dir>', 'Not supported')
    .action(async (containers: string[], { attach, detachKeys, interactive, ...checkpoints }: StartFlags) => {
      if (checkpoints.checkpoint ?? checkpoints.checkpointDir) throw badFlag('not supported: checkpoints')
      const engine = await connect()
      const [name = '', ...others] = containers
      if (!attach && !interactive)
        return await forEach(containers, async container => {
          await engine.containerStart(container)
          cli.stdout.write(`${container}\n`)
        })
      if (others.length > 0) throw badFlag('you cannot start and attach multiple containers at once')
      const { Id, Config } = await engine.containerInspect(name)
      const tty = Config.Tty === true
      const stdin = interactive === true && Config.OpenStdin === true
      const keys = detachKeys === undefined ? {} : { detachKeys }
      const stream = await engine.containerAttach(Id, { stream: true, stdin, stdout: true, stderr: true, ...keys })
      const { exited } = await engine.containerWait(Id, 'next-exit', new AbortController().signal)
      await engine.containerStart(Id)
      using _ = tty ? undefined : cli.divertSignals(signal => void engine.containerKill(Id, signal).catch(() => {}))
      if (await attachedSession(cli, engine, Id, { stream, tty, stdin, detachKeys })) return
      const { StatusCode } = await exited
      if (StatusCode !== 0) throw new Exit(StatusCode)
    })
