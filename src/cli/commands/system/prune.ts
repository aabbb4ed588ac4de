import type { Engine, Filters } from '../../../engine/api.ts'
import { TscomposeError } from '../../../errors.ts'
import { collect, type Define } from '../../command.ts'
import { confirm } from '../../confirm.ts'
import { connect } from '../../engine.ts'
import { filtersOf } from '../../key-values.ts'
import { deletedImages } from '../../output/deleted-images.ts'
import { humanSize } from '../../output/human-size.ts'
import { type Pruned, section } from '../../prune.ts'

interface PruneFlags {
  readonly all?: boolean
  readonly filter?: readonly string[]
  readonly force?: boolean
  readonly volumes?: boolean
}

export const define: Define = (command, cli) =>
  command
    .option('-a, --all', 'Also images that have a name, if no container uses them, and all of the build cache')
    .option('--filter <name=value>', 'Only what has such a label, or is older than: until=24h', collect)
    .option('-f, --force', 'Do not ask')
    .option('--volumes', 'Also anonymous volumes')
    .action(async (flags: PruneFlags) => {
      const filters = filtersOf(flags.filter)
      if (flags.volumes && filters.until)
        throw new TscomposeError('CLI_FLAG', 'The "until" filter is not supported with "--volumes"')
      if (!flags.force && !(await confirm(cli, question(flags, filters)))) return
      const engine = await connect()
      let reclaimed = 0
      for (const prune of [containers, networks, ...(flags.volumes ? [volumes] : []), images, builds]) {
        const { text, bytes } = await prune(engine, filters, flags.all ?? false)
        cli.stdout.write(text)
        reclaimed += bytes
      }
      cli.stdout.write(`Total reclaimed space: ${humanSize(reclaimed)}\n`)
    })

/** What is going to happen, in docker's words. */
function question({ all, volumes, filter }: PruneFlags, filters: Filters): string {
  const kinds = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(volumes ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    ...(hasLabels(filters) ? [] : [all ? 'all build cache' : 'unused build cache']),
  ]
  const list = (items: readonly string[]) => items.map(item => `  - ${item}\n`).join('')
  const only = filter?.length ? `\n  Items to be pruned will be filtered with:\n${list(filter)}` : ''
  return `WARNING! This will remove:\n${list(kinds)}${only}\nAre you sure you want to continue? [y/N]`
}

type Prune = (engine: Engine, filters: Filters, all: boolean) => Promise<Pruned>

const containers: Prune = async (engine, filters) => {
  const { ContainersDeleted, SpaceReclaimed } = await engine.containerPrune({ filters })
  return { text: section('Containers', ContainersDeleted), bytes: SpaceReclaimed }
}

const networks: Prune = async (engine, filters) => ({
  text: section('Networks', (await engine.networkPrune({ filters })).NetworksDeleted),
  bytes: 0,
})

const volumes: Prune = async (engine, filters) => {
  const { VolumesDeleted, SpaceReclaimed } = await engine.volumePrune({ filters })
  return { text: section('Volumes', VolumesDeleted), bytes: SpaceReclaimed }
}

const images: Prune = async (engine, filters, all) => {
  const { ImagesDeleted, SpaceReclaimed } = await engine.imagePrune({
    filters: { ...filters, dangling: [String(!all)] },
  })
  return { text: deletedImages(ImagesDeleted), bytes: SpaceReclaimed }
}

/** The steps of builds have no labels: who asks for some does not mean them. */
const builds: Prune = async (engine, filters, all) => {
  if (hasLabels(filters)) return { text: '', bytes: 0 }
  const { CachesDeleted, SpaceReclaimed } = await engine.buildPrune({ all, filters })
  return { text: section('build cache objects', CachesDeleted), bytes: SpaceReclaimed }
}

const hasLabels = (filters: Filters): boolean => 'label' in filters || 'label!' in filters
