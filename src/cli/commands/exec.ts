import { observeContainers } from '../../compose/observe.ts'
import { collect, type Define } from '../command.ts'
import { resolveEnvironment } from '../environment.ts'
import { replicaOf, replicaOption } from '../replica.ts'
import { runExec } from '../run-exec.ts'
import { findNamed } from '../target.ts'
import { wantsTty } from '../terminal.ts'

interface ExecFlags {
  readonly detach?: boolean
  readonly env?: readonly string[]
  readonly index?: number
  readonly interactive: boolean
  readonly tty?: boolean
  readonly privileged?: boolean
  readonly user?: string
  readonly workdir?: string
}

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE>')
    .argument('<COMMAND...>')
    .passThroughOptions()
    .option('-d, --detach', 'Do not wait for the command')
    .option('-e, --env <name=value>', 'Set a variable; NAME alone takes its value from here', collect)
    .addOption(replicaOption())
    .option('-i, --interactive', 'Keep standard input open', true)
    .option('-t, --tty', 'With a terminal (the default where there is one)')
    .option('-T, --no-tty', 'Without a terminal')
    .option('--privileged', 'With all capabilities')
    .option('-u, --user <user>', 'As this user')
    .option('-w, --workdir <dir>', 'In this directory')
    .action(async (service: string, words: string[], flags: ExecFlags) => {
      const { engine, name, environment } = await findNamed(cli)
      const container = replicaOf(await observeContainers(engine, name), service, { index: flags.index, running: true })
      const { detach = false, interactive, privileged, user, workdir } = flags
      await runExec(cli, engine, container.id, {
        words,
        env: resolveEnvironment(flags.env ?? [], cli.env, environment),
        detach,
        tty: !detach && wantsTty(cli, flags.tty),
        stdin: !detach && interactive,
        privileged,
        user,
        workdir,
      })
    })
