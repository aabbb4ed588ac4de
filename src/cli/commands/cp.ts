import { observeContainers } from '../../compose/observe.ts'
import type { ObservedContainer } from '../../compose/plan/observed.ts'
import type { CopyOptions } from '../../engine/copy/copy.ts'
import { absolute } from '../../engine/copy/paths.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import { type Define, notSupportedYet } from '../command.ts'
import { integer } from '../numbers.ts'
import { openProgress } from '../progress/progress.ts'
import { findNamed } from '../target.ts'

interface CpFlags {
  readonly index: number
  readonly all?: boolean
  readonly archive?: boolean
  readonly followLink?: boolean
}

export const define: Define = (command, cli) =>
  command
    .argument('<SOURCE>', 'SERVICE:PATH, a path, or - for a tar stream')
    .argument('<DESTINATION>', 'A path, - for a tar stream, or SERVICE:PATH')
    .option('--index <n>', 'The replica of the service, from 1', integer('--index'), 0)
    .option('--all', 'Also to one-off containers')
    .option('-a, --archive', 'Keep owners')
    .option('-L, --follow-link', 'Copy what a symbolic link points to')
    .action(async (from: string, to: string, flags: CpFlags) => {
      if (from === '') throw new TscomposeError('CLI_FLAG', 'source can not be empty')
      if (to === '') throw new TscomposeError('CLI_FLAG', 'destination can not be empty')
      if (cli.options.dryRun) throw notSupportedYet('--dry-run of cp')
      const [source, destination] = [parseEnd(from), parseEnd(to)]
      if (source.service !== undefined && destination.service !== undefined)
        throw new TscomposeError('CLI_FLAG', 'copying between services is not supported')
      const service = source.service ?? destination.service
      if (service === undefined) throw new TscomposeError('CLI_FLAG', 'unknown copy direction')

      const { engine, name } = await findNamed(cli)
      const containers = pick(await observeContainers(engine, name), service, flags)
      const { copyFromContainer, copyStreamToContainer, copyToContainer, openContainerSource } = await import(
        '../../engine/copy/copy.ts'
      )
      const options: CopyOptions = { archive: flags.archive ?? false, followLink: flags.followLink ?? false }
      const [first] = containers
      if (source.service !== undefined && first) {
        const path = { container: first.id, path: source.path }
        if (destination.path === '-') {
          const { pipeline } = await import('node:stream/promises')
          const { archive } = await openContainerSource(engine, path, options.followLink ?? false)
          return await pipeline(archive, cli.stdout, { end: false })
        }
        return await told(cli, [first], `${first.name}:${source.path} to ${destination.path}`, () =>
          copyFromContainer(engine, path, absolute(cli.cwd, destination.path), options),
        )
      }
      const input = source.path === '-' ? await streams(cli, containers.length) : undefined
      await told(cli, containers, `${source.path} to ${service}:${destination.path}`, async ({ id }, index) => {
        const path = { container: id, path: destination.path }
        if (input?.[index]) await copyStreamToContainer(engine, input[index], path, options)
        else await copyToContainer(engine, absolute(cli.cwd, source.path), path, options)
      })
    })

/** `SERVICE:PATH`, or a path of this machine: one that is absolute or begins with a dot, or has no colon. */
function parseEnd(text: string): { readonly service?: string; readonly path: string } {
  const colon = text.indexOf(':')
  if (text.startsWith('/') || text.startsWith('.') || colon < 0) return { path: text }
  return { service: text.slice(0, colon), path: text.slice(colon + 1) }
}

function pick(
  containers: readonly ObservedContainer[],
  service: string,
  { index, all }: CpFlags,
): readonly ObservedContainer[] {
  const found = containers
    .filter(container => container.service === service && (!container.oneOff || (all && !index)))
    .filter(({ number }) => !index || number === index)
    .sort((a, b) => Number(a.oneOff) - Number(b.oneOff) || a.number - b.number)
  if (found.length > 0) return found
  throw new TscomposeError(
    'COMPOSE_NO_CONTAINER',
    index ? `service "${service}" is not running container #${index}` : `no container found for service "${service}"`,
  )
}

/** Standard input, once for each container; the slowest sets the pace. */
async function streams({ stdin }: Cli, count: number) {
  const { PassThrough } = await import('node:stream')
  const copies = Array.from({ length: count }, () => new PassThrough())
  for (const copy of copies) stdin.pipe(copy)
  return copies
}

/** Does it for all of them at once, and says so. */
async function told(
  cli: Cli,
  containers: readonly ObservedContainer[],
  what: string,
  copy: (container: ObservedContainer, index: number) => Promise<unknown>,
): Promise<void> {
  await using progress = await openProgress(cli)
  const ids = containers.map(({ name }) => `Container ${name}`)
  progress.begin(new Map(ids.map(id => [id, 1])))
  const results = await Promise.allSettled(
    containers.map(async (container, index) => {
      const id = `Container ${container.name}`
      progress.report({ id, text: 'Copying', details: what, status: 'working' })
      await copy(container, index)
      progress.report({ id, text: 'Copied', details: what, status: 'done' })
    }),
  )
  const failed = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  await progress.end(failed.length > 0)
  if (failed.length > 0) throw failed.length === 1 ? failed[0] : new AggregateError(failed)
}
