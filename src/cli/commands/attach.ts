import { observeContainers } from '../../compose/observe.ts'
import { type Define, Exit, plainOption } from '../command.ts'
import { attachedSession } from '../create/attached.ts'
import { replicaOf, replicaOption } from '../replica.ts'
import { findNamed } from '../target.ts'

interface AttachFlags {
  readonly detachKeys?: string
  readonly index?: number
  readonly noStdin?: boolean
  readonly sigProxy: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE>')
    .option('--detach-keys <keys>', 'Keys that end attaching, instead of ctrl-p,ctrl-q')
    .addOption(replicaOption())
    .addOption(plainOption('--no-stdin', 'Leave its input alone'))
    .option('--sig-proxy', 'Forward signals', true)
    .action(async (service: string, { detachKeys, index, noStdin, sigProxy }: AttachFlags) => {
      const { engine, name } = await findNamed(cli)
      const { id } = replicaOf(await observeContainers(engine, name), service, { index, running: true })
      const { Config } = await engine.containerInspect(id)
      const tty = Config.Tty === true
      const stdin = !noStdin && Config.OpenStdin === true
      const { exited } = await engine.containerWait(id, 'not-running', new AbortController().signal)
      const keys = detachKeys === undefined ? {} : { detachKeys }
      const stream = await engine.containerAttach(id, { stream: true, stdin, stdout: true, stderr: true, ...keys })
      using _ =
        sigProxy && !tty
          ? cli.divertSignals(signal => void engine.containerKill(id, signal).catch(() => {}))
          : undefined
      if (await attachedSession(cli, engine, id, { stream, tty, stdin, detachKeys })) return
      const { StatusCode } = await exited
      if (StatusCode !== 0) throw new Exit(StatusCode)
    })
