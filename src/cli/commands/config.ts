import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import * as config from '../../compose/config.ts'
import type { Model } from '../../compose/image-digests.ts'
import type { Loaded, LoadOptions } from '../../compose/load/index.ts'
import { loadModel, loadProject } from '../../compose/load/index.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import type { Define } from '../command.ts'
import { type ConfigFlags, withConfigFlags } from '../config-flags.ts'
import { loadOptions } from '../model.ts'
import { composeColumn, renderTable } from '../output/table.ts'
import { tellWarning } from '../progress/warnings.ts'

export const define: Define = (command, cli) =>
  withConfigFlags(command).action(async (services: string[], flags: ConfigFlags) => {
    const text = await answer(cli, services, flags)
    if (flags.quiet || text === '') return
    if (flags.output === undefined) cli.stdout.write(text)
    else writeFileSync(resolve(cli.cwd, flags.output), text)
  })

async function answer(cli: Cli, services: readonly string[], flags: ConfigFlags): Promise<string> {
  const format = flags.format ?? 'yaml'
  const options: LoadOptions = {
    ...loadOptions(cli),
    allResources: cli.options.allResources,
    noInterpolate: (flags.noInterpolate || flags.variables) ?? false,
    noNormalize: (flags.noNormalize || cli.options.compatibility) ?? false,
    noPathResolution: flags.noPathResolution ?? false,
    noConsistency: flags.noConsistency ?? false,
    noEnvResolution: flags.noEnvResolution ?? false,
  }
  const load = (more: Partial<LoadOptions> = {}) => loaded(cli, { ...options, ...more })
  const lines = (names: Iterable<string>) => [...names].map(name => `${name}\n`).join('')
  if (flags.services) return lines(await serviceNames(cli, options))
  if (flags.volumes) return lines(sortedKeys((await load({ noEnvResolution: true })).project.volumes))
  if (flags.networks) return lines(sortedKeys((await load({ noEnvResolution: true })).project.networks))
  if (flags.models)
    return lines(Object.values((await load({ noEnvResolution: true })).project.models).map(({ model }) => model))
  if (flags.hash !== undefined) return await hashes(flags.hash, load)
  if (flags.profiles) return lines(config.profileNames((await load({ services, noEnvResolution: true })).project))
  if (flags.images) return lines(config.imageNames((await load({ services, noEnvResolution: true })).project))
  if (flags.variables) return await variableTable(cli, services, options, flags.format)
  if (flags.environment) return lines(config.environmentLines((await load({ services })).project))
  if (flags.why !== undefined) {
    const { renderWhy, why } = await import('../../compose/load/why.ts')
    const { trace } = await load({ services, allResources: true })
    const found = why(flags.why, trace)
    return format === 'json' ? `${JSON.stringify(found, undefined, 2)}\n` : renderWhy(found)
  }
  if (format !== 'yaml' && format !== 'json') throw new TscomposeError('CLI_FLAG', `unsupported format "${format}"`)
  if (!options.noInterpolate) {
    const { canonical } = (await load({ services })).project
    if (!asksDigests(flags)) return config.printProject({ canonical }, { format })
    const pinned = await withDigests(cli, canonical)
    return flags.lockImageDigests
      ? await printLock(pinned, format)
      : config.printProject({ canonical: pinned }, { format })
  }
  if (services.length > 0)
    tellWarning(cli, {
      message: 'service filtering is not applied when --no-interpolate is set, the full model will be rendered',
    })
  const { root, warnings } = await loadModel(options)
  for (const warning of warnings) tellWarning(cli, warning)
  const model = config.plainModel(root)
  if (!asksDigests(flags)) return config.printModel(model, { format })
  const pinned = await withDigests(cli, model)
  return flags.lockImageDigests ? await printLock(pinned, format) : config.printModel(pinned, { format })
}

const asksDigests = ({ resolveImageDigests, lockImageDigests }: ConfigFlags): boolean =>
  !!resolveImageDigests || !!lockImageDigests

const digests = () => import('../../compose/image-digests.ts')

async function withDigests<M extends Model>(cli: Cli, model: M): Promise<M> {
  const { connect } = await import('../engine.ts')
  const { imageDigests, imagesIn, withImages } = await digests()
  return withImages(model, await imageDigests(await connect(), imagesIn(model), cli.signal))
}

const printLock = async (model: Model, format: 'yaml' | 'json') =>
  config.printModel((await digests()).imagesOnly(model), { format })

async function loaded(cli: Cli, options: LoadOptions): Promise<Loaded> {
  const result = await loadProject(options)
  for (const warning of result.warnings) tellWarning(cli, warning)
  return result
}

const sortedKeys = (things: Readonly<Record<string, unknown>>): string[] => Object.keys(things).sort()

async function serviceNames(cli: Cli, options: LoadOptions): Promise<string[]> {
  if (!options.noInterpolate)
    return config.serviceOrder((await loaded(cli, { ...options, noEnvResolution: true })).project)
  const { root } = await loadModel(options)
  const services = root.entries.get('services')
  return services?.kind === 'map' ? [...services.entries.keys()].sort() : []
}

async function hashes(names: string, load: (more: Partial<LoadOptions>) => Promise<Loaded>): Promise<string> {
  const services = names === '*' ? [] : names.split(',')
  const { project } = await load({ services, noDependencies: true })
  return Object.values(project.services)
    .map(service => `${service.name} ${config.serviceHash(service)}\n`)
    .sort()
    .join('')
}

async function variableTable(
  cli: Cli,
  services: readonly string[],
  options: LoadOptions,
  format: string | undefined,
): Promise<string> {
  if (services.length > 0)
    tellWarning(cli, {
      message:
        'service filtering is not applied when --variables is set, variables from the full model will be rendered',
    })
  const { variables } = await import('../../compose/load/variables.ts')
  const found = variables((await loadModel(options)).root)
  if (format === 'json') return `${JSON.stringify(found, undefined, 2)}\n`
  if (format === 'yaml') {
    const { emitYaml } = await import('../../compose/load/yaml/emit.ts')
    const lower = (record: object) => Object.fromEntries(Object.entries(record).map(([k, v]) => [k.toLowerCase(), v]))
    return emitYaml(Object.fromEntries(Object.entries(found).map(([name, variable]) => [name, lower(variable)])))
  }
  return renderTable(
    [
      ['NAME', 'REQUIRED', 'DEFAULT VALUE', 'ALTERNATE VALUE'],
      ...Object.values(found).map(({ Name, Required, DefaultValue, PresenceValue }) => [
        Name,
        String(Required),
        DefaultValue,
        PresenceValue,
      ]),
    ],
    composeColumn,
  )
}
