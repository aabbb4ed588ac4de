import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startFakeRegistry } from '../image/fake-registry.ts'
import { buildImage } from '../image/image-builder.ts'
import { file } from '../image/tar-builder.ts'
import { newMachine, skip } from './machine.ts'

const image = buildImage([[file('etc/name', 'x')]])

const services = {
  always: 'pull_policy: always',
  missing: 'pull_policy: missing',
  if_not_present: 'pull_policy: if_not_present',
  unsaid: '',
  never: 'pull_policy: never',
  build: 'pull_policy: build, build: { dockerfile_inline: "FROM scratch\\nLABEL a=b" }',
  daily: 'pull_policy: daily',
  weekly: 'pull_policy: weekly',
  every_12h: 'pull_policy: every_12h',
  refresh: 'pull_policy: refresh, pull_refresh_after: 1d12h',
}

test('a registry is asked as pull_policy says, and not without need', { skip, timeout: 120_000 }, async t => {
  const registry = await startFakeRegistry(t)
  const machine = await newMachine(t)
  const cwd = await machine.project('policies', {
    'compose.yaml': `services:\n${Object.entries(services)
      .map(([name, policy]) => `  ${name}: { image: "${registry.host}/${name}:1", command: x, ${policy} }\n`)
      .join('')}`,
  })
  machine.defer(() => machine.run(['down'], { cwd }))
  for (const name of Object.keys(services)) if (name !== 'build') registry.add(`${name}:1`, image)
  /** What a registry is asked for meanwhile, about manifests. */
  const asked = async (...args: string[]) => {
    registry.requests.length = 0
    await machine.ok(args, { cwd })
    return registry.requests.filter(request => request.includes('manifests')).map(request => request.split(' ')[0])
  }
  const create = (service: string, ...flags: string[]) => asked('create', ...flags, service)
  /** Makes all images count as fetched so long ago. */
  const age = async (hours: number) => {
    await machine.ok(['engine', 'stop'])
    const state = join(machine.dir, 'data/images/images.json')
    const then = new Date(Date.now() - hours * 3_600_000).toISOString()
    await writeFile(state, (await readFile(state, 'utf8')).replace(/"20[0-9]{2}-[^"]*Z"/g, `"${then}"`))
  }
  const fetched = ['GET']
  const looked = ['HEAD']

  await t.test('never: what is not here is an error', async () => {
    const { code, stderr } = await machine.run(['create', 'never'], { cwd })
    assert.equal(code, 1)
    assert.match(stderr, /COMPOSE_IMAGE_MISSING/)
    assert.deepEqual(registry.requests, [])
    assert.deepEqual(await asked('pull', 'never'), [], 'not by `pull`, either')
  })
  await t.test('build: it is built, and never fetched', async () => {
    assert.deepEqual(await create('build'), [])
    assert.deepEqual(await create('build'), [])
    assert.deepEqual(await asked('pull', 'build'), [])
  })
  await t.test(
    'what can be built is fetched where its policy says so, and built where it is not to be had',
    async () => {
      const build = 'build: { dockerfile_inline: "FROM scratch\\nLABEL made=here" }'
      const service = (name: string, policy: string) =>
        `  ${name}: { image: "${registry.host}/${name}:1", command: x, ${build}, ${policy} }\n`
      const own = await machine.project('buildable', {
        'compose.yaml':
          'services:\n' +
          service('here', 'pull_policy: never') +
          service('there', 'pull_policy: missing') +
          service('nowhere', 'pull_policy: always') +
          service('plain', ''),
      })
      machine.defer(() => machine.run(['down'], { cwd: own }))
      registry.add('there:1', image)
      registry.requests.length = 0
      await machine.ok(['create'], { cwd: own })
      await machine.ok(['create', '--pull', 'always', 'plain'], { cwd: own })
      const labels = async (name: string) =>
        (await machine.ok(['image', 'inspect', '-f', '{{json .Config.Labels}}', `${registry.host}/${name}:1`])).trim()
      for (const name of ['here', 'nowhere', 'plain']) assert.match(await labels(name), /"made":"here"/, name)
      assert.doesNotMatch(await labels('there'), /made/)
      assert.deepEqual(
        registry.requests.filter(request => request.includes('/here/')),
        [],
      )
    },
  )
  for (const name of ['always', 'missing', 'if_not_present', 'unsaid', 'daily', 'weekly', 'every_12h', 'refresh'])
    await t.test(
      `${name}: what is not here is fetched; what is here is ${name === 'always' ? '' : 'not '}asked for`,
      async () => {
        assert.deepEqual(await create(name), fetched)
        assert.deepEqual(await create(name), name === 'always' ? looked : [])
      },
    )
  await t.test('what the command line says goes before', async () => {
    assert.deepEqual(await create('always', '--pull', 'missing'), [])
    assert.deepEqual(await create('always', '--pull', 'never'), [])
    assert.deepEqual(await create('missing', '--pull', 'always'), looked)
  })
  for (const [hours, expected] of [
    [13, { daily: [], weekly: [], every_12h: looked, refresh: [] }],
    [25, { daily: looked, weekly: [], every_12h: looked, refresh: [] }],
    [37, { refresh: looked }],
    [24 * 7 + 1, { weekly: looked, missing: [] }],
  ] as const)
    await t.test(`after ${hours} hours`, async () => {
      for (const [name, requests] of Object.entries(expected)) {
        await age(hours)
        assert.deepEqual(await create(name), requests, name)
        assert.deepEqual(await create(name), [], `${name}: it has just been asked`)
      }
    })
  await t.test('pull says what it leaves alone', async () => {
    const { stderr } = await machine.run(['pull', 'missing', 'never', 'unsaid'], { cwd })
    assert.match(stderr, /missing:1 +Skipped Image is already present locally/)
    assert.match(stderr, /never:1 +Skipped/)
    assert.match(stderr, /unsaid:1 +Pulled/)
  })
})
