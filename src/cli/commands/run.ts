import type { Project } from '../../compose/project.ts'
import { createOneOff } from '../../compose/run.ts'
import { serviceOf } from '../../compose/select.ts'
import type { Engine } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { builds } from '../builds.ts'
import type { Cli } from '../cli.ts'
import { type Define, Exit } from '../command.ts'
import { connect, runDir } from '../engine.ts'
import { exitCodeOfFailure } from '../exit-codes.ts'
import { loadModel } from '../model.ts'
import { type RunFlags, withRunFlags } from '../run/flags.ts'
import { overridden } from '../run/overridden.ts'
import { openSurroundings } from '../surroundings.ts'
import { connectStreams, wantsTty, windowSize } from '../terminal.ts'
import { commonUpOptions, pullPolicy } from '../up-options.ts'

export const define: Define = (command, cli) =>
  withRunFlags(command).action(async (name: string, words: string[], flags: RunFlags) => {
    if (flags.servicePorts && flags.publish)
      throw new TscomposeError('CLI_FLAG', '--service-ports and --publish are incompatible')
    if (flags.tty && flags.noTty) throw new TscomposeError('CLI_FLAG', "--tty and --no-tty can't be used together")
    const [project, engine] = await Promise.all([loadModel(cli, [name]), connect()])
    const detach = flags.detach ?? false
    const tty = !detach && wantsTty(cli, flags.noTty ? false : flags.tty)
    const stdin = !detach && flags.interactive
    const service = overridden(cli, project, serviceOf(project.services, name), words, { ...flags, tty }, stdin)
    try {
      await using surroundings = await openSurroundings(quieted(cli, flags), engine, {
        project: project.name,
        quietPull: flags.quietPull ?? false,
      })
      const size = tty ? windowSize(cli) : undefined
      const container = await createOneOff(surroundings, project, service, {
        up: needs(cli, engine, project, flags),
        remove: flags.rm ?? false,
        useAliases: flags.useAliases ?? false,
        stdin,
        ...(size && { consoleSize: size }),
        ...(flags.name !== undefined && { name: flags.name }),
      })
      if (detach) {
        await (await container.start()).hooks
        return void cli.stdout.write(`${container.id}\n`)
      }
      const stream = await container.attach()
      const { exited, hooks } = await container.start()
      // Every signal is the program's: it decides what an interrupt means.
      using _ = cli.divertSignals(signal => void engine.containerKill(container.id, signal).catch(() => {}))
      const resize = (height: number, width: number) => engine.containerResize(container.id, height, width)
      await connectStreams(cli, { stream, tty, stdin, resize })
      const code = await exited
      if (code !== 0) throw new Exit(code)
      await hooks
    } catch (error) {
      throw exitCodeOfFailure(cli, error)
    }
  })

/** With --quiet nothing is shown of what happens before the program. */
const quieted = (cli: Cli, { quiet }: RunFlags): Cli =>
  quiet && cli.options.progress === 'auto' ? { ...cli, options: { ...cli.options, progress: 'quiet' } } : cli

/** How what the container needs is brought up. */
function needs(cli: Cli, engine: Engine, project: Project, flags: RunFlags) {
  const policy = pullPolicy(flags.pull)
  return {
    ...commonUpOptions(cli, project, flags),
    noDeps: !flags.deps,
    runDir: runDir(),
    build: builds(quieted(cli, flags), engine, project, {
      when: flags.build ? 'always' : 'missing',
      quiet: (flags.quiet || flags.quietBuild) ?? false,
    }),
    ...(policy && { pull: policy }),
  }
}
