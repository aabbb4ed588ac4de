import { collect, type Define } from '../../command.ts'
import { checkTerminal } from '../../create/attached.ts'
import { parseKeyValueFile, resolveVariables } from '../../create/key-value-files.ts'
import { connect } from '../../engine.ts'
import { readText } from '../../input-file.ts'
import { runExec } from '../../run-exec.ts'

interface ExecFlags {
  readonly detach?: boolean
  readonly detachKeys?: string
  readonly env?: readonly string[]
  readonly envFile?: readonly string[]
  readonly interactive?: boolean
  readonly privileged?: boolean
  readonly tty?: boolean
  readonly user?: string
  readonly workdir?: string
}

export const define: Define = (command, cli) =>
  command
    .argument('<CONTAINER>')
    .argument('<COMMAND...>')
    .passThroughOptions()
    .option('-d, --detach', 'Do not wait for the command')
    .option('--detach-keys <keys>', 'Keys that leave the command, instead of ctrl-p,ctrl-q')
    .option('-e, --env <name=value>', 'Set a variable; NAME alone takes its value from here', collect)
    .option('--env-file <file>', 'Set the variables of a file', collect)
    .option('-i, --interactive', 'Keep standard input open')
    .option('--privileged', 'With all capabilities')
    .option('-t, --tty', 'With a terminal')
    .option('-u, --user <user>', 'As this user')
    .option('-w, --workdir <dir>', 'In this directory')
    .action(async (container: string, words: string[], flags: ExecFlags) => {
      const { detach = false, tty = false, detachKeys, privileged, user, workdir } = flags
      const stdin = !detach && (flags.interactive ?? false)
      checkTerminal(cli, tty && stdin)
      const ofFiles = (flags.envFile ?? []).flatMap(file => parseKeyValueFile(readText(cli, file), file))
      const env = resolveVariables([...ofFiles, ...(flags.env ?? [])], cli.env)
      await runExec(cli, await connect(), container, {
        words,
        env,
        detach,
        tty,
        stdin,
        detachKeys,
        privileged,
        user,
        workdir,
      })
    })
