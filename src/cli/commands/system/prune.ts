import type { Engine, Filters } from '../../../engine/api.ts'
import { TscomposeError } from '../../../errors.ts'
import type { Define } from '../../command.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { humanSize } from '../../output/human-size.ts'
import { isAgreed, type PruneFlags, pruneOptions } from '../../prune.ts'
import { pruneBuilds, pruneContainers, pruneImages, pruneNetworks, pruneVolumes } from '../../prunes.ts'

interface SystemPruneFlags extends PruneFlags {
  readonly volumes?: boolean
}

export const define: Define = (command, cli) =>
  pruneOptions(command, {
    all: 'Also images that have a name, if no container uses them, and all of the build cache',
    filter: 'Only what has such a label, or is older than: until=24h',
  })
    .option('--volumes', 'Also anonymous volumes')
    .action(async (flags: SystemPruneFlags) => {
      const filters = filtersOf(flags.filter)
      if (flags.volumes && filters.until)
        throw new TscomposeError('CLI_FLAG', 'The "until" filter is not supported with "--volumes"')
      if (!(await isAgreed(cli, warning(flags, filters), flags))) return
      let reclaimed = 0
      for await (const { text, bytes = 0 } of pruneAll(await connect(), filters, flags)) {
        cli.stdout.write(text)
        reclaimed += bytes
      }
      cli.stdout.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`)
    })

/** What is going to happen, in docker's words. */
function warning({ all, volumes, filter }: SystemPruneFlags, filters: Filters): string {
  const kinds = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    ...(hasLabels(filters) ? [] : [all ? 'all build cache' : 'unused build cache']),
  ]
  const list = (items: readonly string[]) => items.map(item => `  - ${item}\n`).join('')
  const only = filter?.length ? `\n  Items to be pruned will be filtered with:\n${list(filter)}` : ''
  return `WARNING! This will remove:\n${list(kinds)}${only}`
}

/** In this order: what a container used is unused only after it has gone. */
function* pruneAll(engine: Engine, filters: Filters, { all = false, volumes }: SystemPruneFlags) {
  yield pruneContainers(engine, filters)
  yield pruneNetworks(engine, filters)
  if (volumes) yield pruneVolumes(engine, filters, false)
  yield pruneImages(engine, filters, all)
  // The steps of builds have no labels: who asks for some does not mean them.
  if (!hasLabels(filters)) yield pruneBuilds(engine, { all, filters })
}

const hasLabels = (filters: Filters): boolean => 'label' in filters || 'label!' in filters
