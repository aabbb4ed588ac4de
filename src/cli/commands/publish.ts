import { Option } from 'commander'
import { carryOut } from '../../compose/operation.ts'
import { planPushes } from '../../compose/plan/pushes.ts'
import type { Project } from '../../compose/project.ts'
import type { ProjectFile } from '../../compose/remote/artifact.ts'
import { checkPublishable, concerns, concernText } from '../../compose/remote/concerns.ts'
import { digestsLayer, envFileLayers, type OciVersion, publish } from '../../compose/remote/publish.ts'
import { publishedFiles } from '../../compose/remote/published-files.ts'
import { version } from '../../engine/version.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { type Define, Exit } from '../command.ts'
import { confirm } from '../confirm.ts'
import { connect } from '../engine.ts'
import { loadOptions } from '../model.ts'
import { tellWarning } from '../progress/warnings.ts'
import { openSurroundings } from '../surroundings.ts'

interface PublishFlags {
  readonly app?: boolean
  readonly insecureRegistry?: boolean
  readonly ociVersion?: string
  readonly resolveImageDigests?: boolean
  readonly withEnv?: boolean
  readonly yes?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<REPOSITORY[:TAG]>')
    .option('--app', 'Also publish the images of the services (not supported)')
    .addOption(new Option('--insecure-registry').hideHelp())
    .option('--oci-version <version>', 'Form of the artifact: 1.0 or 1.1')
    .option('--resolve-image-digests', 'Pin the images of services to digests')
    .option('--with-env', 'Also publish env files')
    .option('-y, --yes', 'Answer questions with yes')
    .action(async (repository: string, flags: PublishFlags) => {
      const ociVersion = checkFlags(flags)
      const insecure = flags.insecureRegistry ? repository.split('/', 1) : []
      const { loadProject } = await import('../../compose/load/index.ts')
      const { project, warnings } = await loadProject({ ...loadOptions(cli), profiles: ['*'], noEnvResolution: true })
      for (const warning of warnings) tellWarning(cli, warning)
      checkPublishable(project, { withEnv: flags.withEnv ?? false })
      const { composeFiles, envFiles } = await publishedFiles(project.composeFiles, project.workingDir, version)
      for (const concern of concerns(project, envFiles)) {
        if (flags.yes) continue
        cli.stderr.write(concernText(concern))
        if (!(await confirm(cli, `${concern.question} [y/N]:`))) throw new Exit(130)
      }
      const engine = await connect()
      await using surroundings = await openSurroundings(cli, engine, { project: project.name })
      const { plan } = planPushes(Object.values(project.services), { ignoreFailures: true })
      const observed = { containers: [], networks: [], volumes: [], images: {}, hookContainers: [] }
      await carryOut(surroundings, { name: project.name, project, observed, preStop: false, keepGoing: true }, plan)
      const layers: ProjectFile[] = [...composeFiles, ...(await envFileLayers(envFiles, version))]
      if (flags.resolveImageDigests) layers.push(digestsLayer(await digestsOf(cli, project), version))
      if (cli.options.dryRun) return void cli.stdout.write(`publish ${layers.length} files as ${repository}\n`)
      surroundings.report({ id: repository, text: 'publishing', status: 'working' })
      await publish(repository, layers, {
        insecureRegistries: [...cli.options.insecureRegistries, ...insecure],
        created: new Date().toISOString(),
        signal: cli.signal,
        ...(ociVersion && { ociVersion }),
      })
      surroundings.report({ id: repository, text: 'published', status: 'done' })
    })

function checkFlags({ app, ociVersion }: PublishFlags): OciVersion | undefined {
  if (app)
    throw new TscomposeError('COMPOSE_NOT_SUPPORTED', 'not supported: --app, which puts images beside the project', {
      fix: 'Push the images under names of the registry: tscompose push.',
    })
  if (ociVersion === undefined || ociVersion === '1.0' || ociVersion === '1.1') return ociVersion
  throw new TscomposeError('CLI_FLAG', `unsupported --oci-version value "${ociVersion}": 1.0 or 1.1`)
}

/** The images of the project with their digests, as an override file. */
async function digestsOf(cli: Cli, { canonical }: Project): Promise<string> {
  const { imageDigests, imagesIn, imagesOnly, withImages } = await import('../../compose/image-digests.ts')
  const { printModel } = await import('../../compose/config.ts')
  const found = await imageDigests(await connect(), imagesIn(canonical), cli.signal)
  return printModel(imagesOnly(withImages(canonical, found)), { format: 'yaml' })
}
