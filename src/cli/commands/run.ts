import path from 'node:path'
import { Option } from 'commander'
import { parsePorts } from '../../compose/load/syntax/ports.ts'
import { splitCommand } from '../../compose/load/syntax/shell-words.ts'
import { parseVolume } from '../../compose/load/syntax/volumes.ts'
import type { Project, Service, ServicePort, ServiceVolume } from '../../compose/project.ts'
import { createOneOff } from '../../compose/run.ts'
import { serviceOf } from '../../compose/select.ts'
import type { Engine } from '../../engine/api.ts'
import { TscomposeError } from '../../errors.ts'
import { builds } from '../builds.ts'
import type { Cli } from '../cli.ts'
import { collect, type Define, Exit, plainOption } from '../command.ts'
import { connect, runDir } from '../engine.ts'
import { readEnvFileFlags, resolveEnvironment } from '../environment.ts'
import { exitCodeOfFailure } from '../exit-codes.ts'
import { loadModel } from '../model.ts'
import { openSurroundings } from '../surroundings.ts'
import { connectStreams, wantsTty, windowSize } from '../terminal.ts'
import { commonUpOptions, pullPolicy } from '../up-options.ts'

interface RunFlags {
  readonly build?: boolean
  readonly capAdd?: readonly string[]
  readonly capDrop?: readonly string[]
  readonly detach?: boolean
  readonly entrypoint?: string
  readonly env?: readonly string[]
  readonly envFromFile?: readonly string[]
  readonly interactive: boolean
  readonly label?: readonly string[]
  readonly name?: string
  readonly deps: boolean
  readonly tty?: boolean
  readonly noTty?: boolean
  readonly publish?: readonly string[]
  readonly pull?: string
  readonly quiet?: boolean
  readonly quietBuild?: boolean
  readonly quietPull?: boolean
  readonly removeOrphans?: boolean
  readonly rm?: boolean
  readonly servicePorts?: boolean
  readonly useAliases?: boolean
  readonly user?: string
  readonly volume?: readonly string[]
  readonly volumes?: readonly string[]
  readonly workdir?: string
}

export const define: Define = (command, cli) =>
  command
    .argument('<SERVICE>')
    .argument('[COMMAND...]')
    .passThroughOptions()
    .option('--build', 'Build the image first')
    .option('--cap-add <capability>', 'Add a capability', collect)
    .option('--cap-drop <capability>', 'Take a capability away', collect)
    .option('-d, --detach', 'Do not wait for it; print its id')
    .option('--entrypoint <command>', 'Instead of the service’s entrypoint and command')
    .option('-e, --env <name=value>', 'Set a variable; NAME alone takes its value from here', collect)
    .option('--env-from-file <file>', 'Set the variables of a file', collect)
    .option('-i, --interactive', 'Keep standard input open', true)
    .option('-l, --label <name=value>', 'Add a label', collect)
    .option('--name <name>', 'Name of the container')
    .option('--no-deps', 'Leave dependencies alone')
    .option('-t, --tty', 'With a terminal (the default where there is one)')
    .addOption(plainOption('-T, --no-tty', 'Without a terminal'))
    .option('-p, --publish <port>', 'Publish a port', collect)
    .option('--pull <policy>', 'When to fetch the image: always, missing, never')
    .option('-q, --quiet', 'No progress')
    .option('--quiet-pull', 'No progress of pulls')
    .option('--quiet-build', 'No progress of builds')
    .option('--remove-orphans', 'Remove containers of services that are not in the file')
    .option('--rm', 'Remove the container afterwards')
    .option('-P, --service-ports', 'Publish the service’s ports')
    .option('--use-aliases', 'Take the service’s names on its networks')
    .option('-u, --user <user>', 'As this user')
    .option('-v, --volume <volume>', 'Mount this, too', collect)
    .addOption(new Option('--volumes <volume>').argParser(collect).hideHelp())
    .option('-w, --workdir <dir>', 'In this directory')
    .action(async (name: string, words: string[], flags: RunFlags) => {
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

/** The service with what the command line says in place of what the file says. */
function overridden(
  cli: Cli,
  project: Project,
  service: Service,
  words: readonly string[],
  flags: RunFlags & { readonly tty: boolean },
  stdin: boolean,
): Service {
  const variables = [
    ...readEnvFileFlags(flags.envFromFile ?? [], cli, project),
    ...resolveEnvironment(flags.env ?? [], cli.env, project.environment),
  ]
  const command = words.length > 0 ? [...words] : flags.entrypoint === undefined ? service.command : []
  const volumes = [...(flags.volume ?? []), ...(flags.volumes ?? [])].map(text => toVolume(project, text))
  const replaced = new Set(volumes.map(({ target }) => target))
  return {
    ...service,
    ...(command !== undefined && { command }),
    ...(flags.entrypoint !== undefined && { entrypoint: splitCommand(flags.entrypoint).words }),
    environment: { ...service.environment, ...Object.fromEntries(variables.map(splitAssignment)) },
    labels: { ...service.labels, ...Object.fromEntries((flags.label ?? []).map(toLabel)) },
    capAdd: [...service.capAdd, ...(flags.capAdd ?? [])],
    capDrop: [...service.capDrop, ...(flags.capDrop ?? [])],
    ports: flags.servicePorts ? service.ports : (flags.publish ?? []).flatMap(toPorts),
    volumes: [...service.volumes.filter(({ target }) => !replaced.has(target)), ...volumes],
    tty: flags.tty,
    stdinOpen: stdin,
    ...(flags.user !== undefined && { user: flags.user }),
    ...(flags.workdir !== undefined && { workingDir: flags.workdir }),
  }
}

function splitAssignment(text: string): [string, string] {
  const equals = text.indexOf('=')
  return [text.slice(0, equals), text.slice(equals + 1)]
}

function toLabel(text: string): [string, string] {
  if (!text.includes('=')) throw new TscomposeError('CLI_FLAG', 'label must be set as KEY=VALUE')
  return splitAssignment(text)
}

/** Parses a flag's value; what the parser complains about is told as a mistake in the flag. */
function parsed<T>(parse: (text: string) => T, text: string): T {
  try {
    return parse(text)
  } catch (error) {
    throw new TscomposeError('CLI_FLAG', (error as Error).message)
  }
}

const toPorts = (text: string): ServicePort[] =>
  parsed(parsePorts, text).map(port => ({ ...port, protocol: port.protocol as ServicePort['protocol'] }))

function toVolume(project: Project, text: string): ServiceVolume {
  const { type, source, target, read_only: readOnly = false, bind, volume } = parsed(parseVolume, text)
  const { create_host_path: createHostPath = true, propagation } = bind ?? {}
  return {
    type,
    target,
    readOnly,
    ...(source !== undefined && { source: type === 'bind' ? path.resolve(project.workingDir, source) : source }),
    ...(type === 'bind' && { bind: { createHostPath, ...(propagation !== undefined && { propagation }) } }),
    ...(volume?.nocopy && { volume: { nocopy: true } }),
  }
}
