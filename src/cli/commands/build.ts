import { type BuildOptions, buildServices } from '../../compose/build/build.ts'
import { selectServices } from '../../compose/select.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { collect, type Define, notSupportedYet, plainOption } from '../command.ts'
import { connect } from '../engine.ts'
import { loadModel } from '../model.ts'
import { BuildProgress } from '../progress/build-progress.ts'

interface BuildFlags {
  readonly buildArg?: readonly string[]
  readonly cache: boolean
  readonly pull?: boolean
  readonly quiet?: boolean
  readonly ssh?: readonly string[]
  readonly withDependencies?: boolean
  readonly push?: boolean
  readonly check?: boolean
  readonly print?: boolean
  readonly memory?: string
}

export const define: Define = (command, cli) =>
  command
    .argument('[SERVICE...]')
    .option('--build-arg <name=value>', 'A build argument; may be given several times', collect)
    .option('--no-cache', 'Carry out every step')
    .option('--pull', 'Ask the registries for newer base images')
    .option('-q, --quiet', 'No progress')
    .option('--ssh <id=socket>', 'An SSH agent for RUN --mount=type=ssh; may be given several times', collect)
    .option('--with-dependencies', 'Also images of dependencies')
    .option('-m, --memory <bytes>', 'Memory limit of each step, as 512m')
    .option('--push', 'Push the images (not supported yet)')
    .option('--check', 'Only check the Dockerfiles (not supported yet)')
    .option('--print', 'Print the equivalent bake file (not supported yet)')
    .addOption(plainOption('--parallel', 'Accepted for old scripts').hideHelp())
    .addOption(plainOption('--no-parallel', 'Accepted for old scripts').hideHelp())
    .action(async (names: string[], flags: BuildFlags) => {
      for (const flag of ['push', 'check', 'print'] as const) if (flags[flag]) throw notSupportedYet(`--${flag}`)
      const options = buildOptions(cli, flags)
      const [project, engine] = await Promise.all([loadModel(cli, names), connect()])
      const services = selectServices(project.services, names, { alone: !flags.withDependencies })
      const progress = new BuildProgress(text => void (flags.quiet || cli.stderr.write(text)))
      await buildServices(engine, project, services, options, progress.tell, cli.signal)
    })

function buildOptions({ env }: Cli, flags: BuildFlags): BuildOptions {
  const args = (flags.buildArg ?? []).flatMap(text => {
    const equals = text.indexOf('=')
    // A name alone takes its value from the environment, if there is one.
    const value = equals < 0 ? env[text] : text.slice(equals + 1)
    return value === undefined ? [] : [[equals < 0 ? text : text.slice(0, equals), value] as const]
  })
  const ssh = (flags.ssh ?? []).map(text => {
    const [id = '', socket] = text.split('=', 2)
    return [id, socket || env.SSH_AUTH_SOCK] as const
  })
  return {
    noCache: !flags.cache,
    pull: flags.pull ?? false,
    args: Object.fromEntries(args),
    ssh: Object.fromEntries(ssh),
    ...(flags.memory !== undefined && { memory: bytes(flags.memory) }),
  }
}

function bytes(text: string): number {
  const [, number = '', unit = ''] = /^(\d+)([kmg]?)b?$/i.exec(text) ?? []
  if (!number) throw new TscomposeError('CLI_FLAG', `invalid size: '${text}'`)
  return Number(number) * 1024 ** ' kmg'.indexOf(unit.toLowerCase() || ' ')
}
