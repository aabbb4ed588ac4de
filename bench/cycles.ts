import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { removeContainer, request, runToCompletion } from './api.ts'
import type { Rival } from './rivals.ts'
import type { Row } from './rows.ts'

const CYCLES = 1000

/** How long an engine needs to make itself small when nobody asks it for anything. */
const QUIET_MS = 5000

/** What an engine and those who wait for a container need after a thousand containers have come and gone. */
export async function cycles([ours]: readonly [ours: Rival, theirs: Rival]): Promise<readonly Row[]> {
  const create = { Image: 'busybox', Cmd: ['sleep', '10000'], HostConfig: { Init: true } }
  const { Id } = (await request(ours.socket, 'POST', '/v1.41/containers/create', create)).json
  await request(ours.socket, 'POST', `/v1.41/containers/${Id}/start`)
  for (let cycle = 0; cycle < CYCLES; cycle++) await removeContainer(ours.socket, await runToCompletion(ours.socket))
  await sleep(QUIET_MS)
  const { json } = await request(ours.socket, 'GET', `/v1.41/containers/${Id}/json`)
  const init = (json.State as { Pid: number }).Pid
  const monitor = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${init}/status`, 'utf8'))?.[1])
  const engine = (await request(ours.socket, 'GET', '/v1.41/tscompose/engine')).json.pid as number
  const row = (who: string, pid: number, goal: string): Row => ({
    work: `memory of ${who} after ${CYCLES} containers (PSS)`,
    goal,
    unit: 'MB',
    ours: pssMB(pid),
  })
  const rows = [
    row('the engine', engine, 'under 90 MB'),
    row('a monitor', monitor, 'under 0.5 MB'),
    row('an init', init, 'under 0.5 MB'),
  ]
  await request(ours.socket, 'DELETE', `/v1.41/containers/${Id}?force=1`)
  return rows
}

const pssMB = (pid: number): number =>
  Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? Number.NaN) / 1024
