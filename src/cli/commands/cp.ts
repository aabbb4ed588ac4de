import { observeContainers } from '../../compose/observe.ts'
import type { ObservedContainer } from '../../compose/plan/observed.ts'
import type { CopyOptions } from '../../engine/copy/copy.ts'
import { absolute } from '../../engine/copy/paths.ts'
import { TscomposeError } from '../../errors.ts'
import type { Cli } from '../cli.ts'
import type { Define } from '../command.ts'
import { parseCopy } from '../copy-ends.ts'
import { writeArchive } from '../output/archive-file.ts'
import { openProgress } from '../progress/progress.ts'
import { replicaOption } from '../replica.ts'
import { findNamed } from '../target.ts'

interface CpFlags {
  readonly index?: number
  readonly all?: boolean
  readonly archive?: boolean
  readonly followLink?: boolean
}

const words = { across: 'copying between services is not supported', none: 'unknown copy direction' }

export const define: Define = (command, cli) =>
  command
    .argument('<SOURCE>', 'SERVICE:PATH, a path, or - for a tar stream')
    .argument('<DESTINATION>', 'A path, - for a tar stream, or SERVICE:PATH')
    .addOption(replicaOption())
    .option('--all', 'Also to one-off containers')
    .option('-a, --archive', 'Keep owners')
    .option('-L, --follow-link', 'Copy what a symbolic link points to')
    .action(async (source: string, destination: string, flags: CpFlags) => {
      const { way, owner, inside, outside } = parseCopy(source, destination, words)
      const { engine, name } = await findNamed(cli)
      const containers = pick(await observeContainers(engine, name), owner, flags)
      const copy = await import('../../engine/copy/copy.ts')
      const options: CopyOptions = { archive: flags.archive ?? false, followLink: flags.followLink ?? false }
      const { dryRun } = cli.options
      if (way === 'to') {
        const input = outside === '-' && !dryRun ? await streams(cli, containers.length) : undefined
        return await told(cli, containers, `${outside} to ${owner}:${inside}`, async ({ id }, index) => {
          const path = { container: id, path: inside }
          if (input?.[index]) await copy.copyStreamToContainer(engine, input[index], path, options)
          else await copy.copyToContainer(engine, absolute(cli.cwd, outside), path, options)
        })
      }
      const [first] = containers
      const path = { container: first.id, path: inside }
      if (outside !== '-' || dryRun)
        return await told(cli, [first], `${first.name}:${inside} to ${outside}`, () =>
          copy.copyFromContainer(engine, path, absolute(cli.cwd, outside), options),
        )
      const { archive } = await copy.openContainerSource(engine, path, options.followLink ?? false)
      await writeArchive(cli, archive, undefined)
    })

function pick(
  containers: readonly ObservedContainer[],
  service: string,
  { index, all }: CpFlags,
): readonly [ObservedContainer, ...ObservedContainer[]] {
  const [first, ...others] = containers
    .filter(container => container.service === service && (!container.oneOff || (all && !index)))
    .filter(({ number }) => !index || number === index)
    .sort((a, b) => Number(a.oneOff) - Number(b.oneOff) || a.number - b.number)
  if (first) return [first, ...others]
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
      if (!cli.options.dryRun) await copy(container, index)
      progress.report({ id, text: 'Copied', details: what, status: 'done' })
    }),
  )
  const failed = results.flatMap(result => (result.status === 'rejected' ? [result.reason] : []))
  await progress.end(failed.length > 0)
  if (failed.length > 0) throw failed.length === 1 ? failed[0] : new AggregateError(failed)
}
