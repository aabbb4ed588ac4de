import assert from 'node:assert/strict'
import { cpSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, type Machine, newMachine, root, skip } from './machine.ts'
import { startRegistry } from './registry.ts'

const options = { skip, timeout: 280_000 }

/** examples/shop on a machine of its own, its images pulled through a mirror. */
async function newShop(t: TestContext) {
  const mirror = await startRegistry(t, 'postgres', 'redis', 'node', 'nginx')
  const machine = await newMachine(t, { 'registry-mirrors': [mirror] })
  const cwd = join(machine.dir, 'shop')
  cpSync(join(root, 'examples/shop'), cwd, { recursive: true })
  const port = await freePort()
  const env = { SHOP_PORT: String(port) }
  machine.defer(() => machine.run(['down', '-v', '-t', '2'], { cwd, env }))
  const compose = (...args: string[]) => machine.ok(args, { cwd, env })
  const url = `http://127.0.0.1:${port}/products`
  const products = async () => (await (await fetch(url)).json()) as { visits: number; products: { name: string }[] }
  const add = async (name: string) => {
    const response = await fetch(url, { method: 'POST', body: JSON.stringify({ name }) })
    assert.equal(response.status, 200, await response.text())
  }
  return { machine, cwd, env, port, compose, products, add }
}

const containers = (json: string): Record<string, string | number>[] =>
  json
    .trim()
    .split('\n')
    .map(line => JSON.parse(line))

test('the shop keeps what it was told over down and up, and forgets it with down -v', options, async t => {
  const shop = await newShop(t)
  await shop.compose('up', '--wait')

  await t.test('every service is healthy, and the job has exited with 0', async () => {
    const all = containers(await shop.compose('ps', '-a', '--format', 'json'))
    const states = Object.fromEntries(all.map(({ Service, State, Health }) => [Service, `${State} ${Health}`.trim()]))
    assert.deepEqual(states, {
      api: 'running healthy',
      cache: 'running healthy',
      db: 'running healthy',
      migrate: 'exited',
      web: 'running healthy',
    })
    assert.match(await shop.compose('ps'), /shop-web-1 .* Up .*\(healthy\) .*->80\/tcp/)
  })

  await t.test('a row written through nginx is read back, and Redis counts the visits', async () => {
    await shop.add('teapot')
    const { visits, products } = await shop.products()
    assert.deepEqual(products, [{ id: '1', name: 'teapot' }])
    assert.equal((await shop.products()).visits, visits + 1)
  })

  await t.test('the initialisation script has run', async () => {
    const rows = await shop.compose(
      'exec',
      '-T',
      'db',
      'psql',
      '-U',
      'shop',
      '-Atc',
      'SELECT count(*) FROM audit.started',
    )
    assert.equal(rows.trim(), '1')
  })

  await shop.compose('down')
  await shop.compose('up', '--wait')
  assert.deepEqual((await shop.products()).products, [{ id: '1', name: 'teapot' }], 'the volume survives down')

  await shop.compose('down', '-v')
  await shop.compose('up', '--wait')
  assert.deepEqual((await shop.products()).products, [], 'and is gone after down -v')
})

test('the end of PostgreSQL by kill -9 is told with its exit code', options, async t => {
  const { compose } = await newShop(t)
  await compose('up', '--wait', 'db')
  await compose('exec', '-T', 'db', 'sh', '-c', 'kill -9 "$(head -n 1 "$PGDATA/postmaster.pid")"')
  await until(async () => (await compose('ps', '-q', '--status', 'exited', 'db')) !== '')
  const [db] = containers(await compose('ps', '-a', '--format', 'json', 'db'))
  assert.deepEqual([db?.State, db?.ExitCode], ['exited', 137])
  assert.match(await compose('ps', '-a', 'db'), /Exited \(137\)/)
})

test(
  'a client of nginx does not notice that the engine is killed; the next command finds everything',
  options,
  async t => {
    const { machine, compose, add, products } = await newShop(t)
    await compose('up', '--wait')
    await add('before')
    const logsBefore = await compose('logs', '--no-log-prefix', 'db')

    const asking = { on: true, answers: 0, failures: [] as unknown[] }
    const client = (async () => {
      while (asking.on) {
        await products().then(
          () => asking.answers++,
          error => asking.failures.push(error),
        )
      }
    })()
    await until(async () => asking.answers > 10)
    process.kill(enginePid(machine), 'SIGKILL')
    const killedAt = asking.answers
    await until(async () => asking.answers > killedAt + 50)
    asking.on = false
    await client
    assert.deepEqual(asking.failures, [])

    const states = containers(await compose('ps', '--format', 'json')).map(
      ({ Service, State }) => `${Service} ${State}`,
    )
    assert.deepEqual(states.sort(), ['api running', 'cache running', 'db running', 'web running'])
    await add('after')
    assert.deepEqual(
      (await products()).products.map(({ name }) => name),
      ['before', 'after'],
    )
    const logsAfter = await compose('logs', '--no-log-prefix', 'db')
    assert.ok(logsAfter.startsWith(logsBefore), 'no line of the log is lost')
  },
)

function enginePid(machine: Machine): number {
  for (const dir of globSync('/proc/[0-9]*'))
    try {
      const environment = readFileSync(`${dir}/environ`, 'utf8')
      const command = readFileSync(`${dir}/cmdline`, 'utf8')
      if (environment.includes(`TSCOMPOSE_RUN=${machine.env.TSCOMPOSE_RUN}`) && command.startsWith('tscompose-engine'))
        return Number(dir.slice('/proc/'.length))
    } catch {
      // It has ended since.
    }
  throw new Error('no engine runs')
}

async function until(condition: () => Promise<boolean>, patienceMs = 30_000): Promise<void> {
  const end = Date.now() + patienceMs
  while (!(await condition())) {
    assert.ok(Date.now() < end, `not within ${patienceMs} ms: ${condition}`)
    await sleep(20)
  }
}
