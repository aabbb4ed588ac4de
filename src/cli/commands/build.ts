import { type BuildOptions, buildServices, type OnBuild } from '../../compose/build/build.ts'
import type { Project, Service } from '../../compose/project.ts'
import { selectServices } from '../../compose/select.ts'
import type { RemoteEngine } from '../../engine/client/remote-engine.ts'
import { reportCheck } from '../build/check.ts'
import { buildArgs, refuseAttestations } from '../build/request.ts'
import { pushAll } from '../build/results.ts'
import { sshOf } from '../build/secrets.ts'
import type { Cli } from '../cli.ts'
import { collect, type Define, plainOption } from '../command.ts'
import { bytesOf } from '../create/sizes.ts'
import { connect } from '../engine.ts'
import { loadModel } from '../model.ts'
import { openBuildProgress } from '../progress/build.ts'
import { tellWarning } from '../progress/warnings.ts'

interface BuildFlags {
  readonly buildArg?: string[]
  readonly cache: boolean
  readonly pull?: boolean
  readonly quiet?: boolean
  readonly progress?: string
  readonly provenance?: string
  readonly sbom?: string
  readonly ssh?: string[]
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
    .option('--progress <form>', 'auto, tty, plain, quiet, rawjson')
    .option('--ssh <id[=path]>', 'For RUN --mount=type=ssh: default, or ID=SOCKET|KEY[,KEY]', collect)
    .option('--with-dependencies', 'Also images of dependencies')
    .option('-m, --memory <bytes>', 'Memory limit of each step, as 512m')
    .option('--push', 'Push the images')
    .option('--check', 'Only check the Dockerfiles')
    .option('--print', 'Print the equivalent bake file')
    .option('--provenance <attest>', 'Only false')
    .option('--sbom <attest>', 'Only false')
    .addOption(plainOption('--builder <name>', 'Accepted for old scripts').hideHelp())
    .addOption(plainOption('--compress', 'Accepted for old scripts').hideHelp())
    .addOption(plainOption('--force-rm', 'Accepted for old scripts').hideHelp())
    .addOption(plainOption('--no-rm', 'Accepted for old scripts').hideHelp())
    .addOption(plainOption('--parallel', 'Accepted for old scripts').hideHelp())
    .addOption(plainOption('--no-parallel', 'Accepted for old scripts').hideHelp())
    .action(async (names: string[], flags: BuildFlags) => {
      refuseAttestations(flags)
      const project = await loadModel(cli, names)
      const services = selectServices(project.services, names, { alone: !flags.withDependencies })
      if (!services.some(({ build }) => build)) return tellWarning(cli, { message: 'No services to build' })
      const options = buildOptions(cli, flags)
      if (flags.print) {
        const { bakeFile } = await import('../../compose/build/bake.ts')
        return void cli.stdout.write(`${JSON.stringify(bakeFile(project, services, options), undefined, 2)}\n`)
      }
      const engine = await connect()
      const { names: built, warnings } = await runBuilds(cli, engine, project, services, options, flags)
      if (flags.check) return reportCheck(cli, warnings)
      if (flags.push) await pushAll(cli, engine, built)
    })

async function runBuilds(
  cli: Cli,
  engine: RemoteEngine,
  project: Project,
  services: readonly Service[],
  options: BuildOptions,
  { progress: mode, quiet = false }: BuildFlags,
): Promise<{ readonly names: readonly string[]; readonly warnings: number }> {
  await using display = await openBuildProgress(cli, { mode, quiet })
  const names = new Set<string>()
  let warnings = 0
  const tell: OnBuild = (service, message) => {
    if (message.type === 'image') for (const name of message.names) names.add(name)
    if (message.type === 'warning') warnings++
    display.tell(service, message)
  }
  await buildServices(engine, project, services, options, tell, cli.signal)
  return { names: [...names], warnings }
}

const buildOptions = (cli: Cli, flags: BuildFlags): BuildOptions => ({
  noCache: !flags.cache,
  pull: flags.pull ?? false,
  args: buildArgs(flags.buildArg, cli.env),
  ssh: Object.fromEntries((flags.ssh ?? []).map(text => sshOf(text, cli))),
  check: flags.check ?? false,
  allPlatforms: true,
  ...(flags.memory !== undefined && { memory: bytesOf(flags.memory) }),
})
