/**
 * An engine in a process of its own, for tests that kill it: makes and starts the containers that its arguments
 * describe, tells their ids on a line, and stays.
 */
import type { ContainerCreateRequest } from '../../src/engine/api.ts'
import { Bench, run } from './fixture.ts'

const [root = '', text = '[]'] = process.argv.slice(2)
const requests: { command: string[]; more: Partial<ContainerCreateRequest> }[] = JSON.parse(text)
const bench = Bench.at(root)
const engine = await bench.open()
const ids = await Promise.all(requests.map(({ command, more }) => run(engine, bench, command, more)))
process.stdout.write(`${JSON.stringify(ids)}\n`)
setInterval(() => {}, 1000)
