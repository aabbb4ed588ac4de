import { setTimeout as delay } from 'node:timers/promises'
import type { ContainerStatsResponse, Engine, Filters } from '../engine/api.ts'
import { TscomposeError } from '../errors.ts'
import type { Cli } from './cli.ts'
import { renderFormat } from './output/format.ts'
import { type StatsOf, statsColumns, statsFields, statsHeaders } from './output/stats-fields.ts'
import { renderTable } from './output/table.ts'

export interface StatsFlags {
  readonly all?: boolean
  readonly format?: string
  /** False: one reading only. */
  readonly stream: boolean
  readonly trunc: boolean
}

/** How often what is shown is brought up to date: as often as the engine reads. */
const REFRESH_MS = 1000

/**
 * Shows what the containers use that match `filters`, once or until the command is interrupted; those that come and go
 * meanwhile come and go in what is shown.
 */
export async function showStats(cli: Cli, engine: Engine, filters: Filters, flags: StatsFlags): Promise<void> {
  const all = flags.all ?? false
  const list = async () =>
    (await engine.containerList({ all, filters })).map(({ Id, Names }) => ({
      id: Id,
      name: Names[0]?.replace(/^\//, '') ?? '',
    }))
  if (!flags.stream) {
    const rows = await Promise.all(
      (await list()).map(async container => ({ ...container, stats: await oneReading(engine, container.id, cli) })),
    )
    cli.stdout.write(renderStats(rows, flags))
    return
  }
  const over = new AbortController()
  const signal = AbortSignal.any([cli.signal, over.signal])
  const board = new Map<string, StatsOf>()
  const follow = async ({ id, name }: { id: string; name: string }) => {
    if (board.has(id)) return
    board.set(id, { id, name, stats: undefined })
    try {
      for await (const stats of await engine.containerStats(id, { stream: true }, signal)) {
        if (!board.has(id)) return
        board.set(id, { id, name: stats.name.replace(/^\//, ''), stats })
      }
    } catch (error) {
      if (!(error instanceof TscomposeError) || error.code !== 'ENGINE_CONTAINER_NOT_FOUND') throw error
    } finally {
      board.delete(id)
    }
  }
  const failed = Promise.withResolvers<never>()
  const refresh = async () => {
    const listed = await list()
    for (const container of listed) follow(container).catch(failed.reject)
    const known = new Set(listed.map(({ id }) => id))
    for (const id of board.keys()) if (!known.has(id)) board.delete(id)
  }
  const events = await engine.systemEvents(
    { filters: { ...filters, type: ['container'], event: ['create', 'start', 'die', 'destroy', 'rename'] } },
    signal,
  )
  const watch = async () => {
    for await (const _ of events) await refresh()
  }
  try {
    await refresh()
    watch().catch(failed.reject)
    await Promise.race([draw(cli, board, flags), failed.promise])
  } finally {
    over.abort()
  }
}

async function draw(cli: Cli, board: ReadonlyMap<string, StatsOf>, flags: StatsFlags): Promise<never> {
  const clear = cli.stdout.isTTY ? '\x1b[2J\x1b[H' : ''
  // The first readings come within milliseconds.
  for (let wait = 100; ; wait = REFRESH_MS) {
    await delay(wait, undefined, { signal: cli.signal })
    cli.stdout.write(clear + renderStats([...board.values()], flags))
  }
}

async function oneReading(engine: Engine, id: string, cli: Cli): Promise<ContainerStatsResponse | undefined> {
  for await (const stats of await engine.containerStats(id, { stream: false }, cli.signal)) return stats
  return undefined
}

export function renderStats(
  containers: readonly StatsOf[],
  { format = 'table', trunc }: Pick<StatsFlags, 'format' | 'trunc'>,
): string {
  const rows = containers.map(container => statsFields(container, { trunc }))
  if (format === 'json') return rows.map(row => `${JSON.stringify(row)}\n`).join('')
  if (format !== 'table')
    return renderFormat(
      format,
      rows.map(row => ({ ...row })),
      statsHeaders,
    )
  return renderTable([
    statsColumns.map(column => statsHeaders[column]),
    ...rows.map(row => statsColumns.map(column => row[column])),
  ])
}
