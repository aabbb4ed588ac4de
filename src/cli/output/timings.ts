import { stages, type Timings } from '../../compose/timings/timings.ts'
import { renderTable } from './table.ts'

const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)}s`

/** `up --timings`: a row for each service, and the critical chain. */
export function renderTimings({ totalMs, services, chain }: Timings): string {
  const used = stages.filter(stage => Object.values(services).some(times => times[stage] !== undefined))
  const rows = Object.entries(services)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, times]) => [name, ...used.map(stage => (times[stage] === undefined ? '' : seconds(times[stage])))])
  const table = rows.length > 0 ? renderTable([['SERVICE', ...used.map(stage => stage.toUpperCase())], ...rows]) : ''
  return `${table}Critical chain: ${renderChain(chain)}\nTotal: ${seconds(totalMs)}\n`
}

const renderChain = (chain: Timings['chain']): string =>
  chain.map(({ service, stage, ms }) => `${service} ${stage} ${seconds(ms)}`).join(' -> ') || 'nothing was to be done'

/** One line: how long it took, and what it waited for most. */
export function renderSummary({ totalMs, services, chain }: Timings): string {
  const count = Object.keys(services).length
  const [slowest] = chain.toSorted((a, b) => b.ms - a.ms)
  const most = slowest ? `; longest: ${slowest.service} ${slowest.stage} in ${seconds(slowest.ms)}` : ''
  return `${count} ${count === 1 ? 'service' : 'services'} in ${seconds(totalMs)}${most}\n`
}

/** For programs, with --progress json: milliseconds. */
export function timingsJson({ totalMs, services, chain }: Timings): string {
  const round = (ms: number) => Math.round(ms * 10) / 10
  const rounded = Object.entries(services).map(([name, times]) => [
    name,
    Object.fromEntries(Object.entries(times).map(([stage, ms]) => [stage, round(ms)])),
  ])
  const links = chain.map(link => ({ ...link, ms: round(link.ms) }))
  return `${JSON.stringify({ timings: { total: round(totalMs), services: Object.fromEntries(rounded), chain: links } })}\n`
}
