import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { imageArchives, type Machine, newMachine, skip } from './machine.ts'
import { startRegistryProcess } from './registry-process.ts'

const dockerfile = `FROM alpine AS builder
RUN head -c8 /dev/urandom | od -An -tx1 > /random
FROM alpine
COPY --from=builder /random /random
RUN head -c8 /dev/urandom | od -An -tx1 > /own
CMD ["cat", "/random", "/own"]
`

/** A machine that knows nothing of the others' builds. */
async function freshMachine(t: TestContext): Promise<{ machine: Machine; cwd: string }> {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
  return { machine, cwd: await machine.project('context', { Dockerfile: dockerfile }) }
}

test('steps are carried out once for several machines', { skip, timeout: 120_000 }, async t => {
  const first = await freshMachine(t)
  const host = await startRegistryProcess(first.machine, '')
  const build = async ({ machine, cwd }: typeof first, ...flags: string[]) => {
    const { code, stderr } = await machine.run(['image', 'build', '-t', 'built', ...flags, '.'], { cwd })
    assert.equal(code, 0, stderr)
    const printed = await machine.ok(['container', 'run', '--rm', '--network=none', 'built'])
    return { stderr, printed, ran: (stderr.match(/^#\d+ \[.*RUN [^\n]*\n#\d+ (?!CACHED)/gm) ?? []).length }
  }
  const layout = join(first.machine.dir, 'cache')
  const targets = [
    `type=registry,ref=${host}/cache:steps,mode=max`,
    `type=local,dest=${layout},mode=max`,
    'type=inline',
  ]
  const { printed, ran } = await build(first, ...targets.flatMap(target => ['--cache-to', target]))
  assert.equal(ran, 2)
  await first.machine.ok(['image', 'tag', 'built', `${host}/built:1`])
  await first.machine.ok(['image', 'push', '-q', `${host}/built:1`])
  const images = await first.machine.ok(['image', 'ls', '--format', '{{.Repository}}:{{.Tag}}', '-a'])
  assert.ok(!images.includes('<none>') && !images.includes('cache'), images)

  await t.test('from a registry, with all stages', async t => {
    const second = await freshMachine(t)
    const built = await build(second, '--cache-from', `type=registry,ref=${host}/cache:steps`)
    assert.deepEqual([built.ran, built.printed], [0, printed], built.stderr)
    const names = await second.machine.ok(['image', 'ls', '--format', '{{.Repository}}', '-a'])
    assert.ok(!names.includes('<none>') && !names.includes(host), names)
    // What came from there is our own from now on, also for the next engine and for a push.
    await second.machine.ok(['engine', 'stop'])
    assert.equal((await build(second)).ran, 0)
    await second.machine.ok(['image', 'tag', 'built', `${host}/again:1`])
    await second.machine.ok(['image', 'push', '-q', `${host}/again:1`])
  })

  await t.test('from a directory, as build: of a Compose file says', async t => {
    const third = await freshMachine(t)
    await cp(layout, join(third.cwd, 'copied'), { recursive: true })
    const compose =
      `services: { a: { image: "${host}/composed:1", build: { context: ., cache_from: ["type=local,src=copied"], ` +
      'cache_to: ["type=local,dest=left"] } } }'
    await third.machine.project('context', { 'compose.yaml': compose })
    const { code, stderr } = await third.machine.run(['build', '--push'], { cwd: third.cwd })
    assert.equal(code, 0, stderr)
    const run = ['container', 'run', '--rm', '--network=none', `${host}/composed:1`]
    assert.equal(await third.machine.ok(run), printed)
    assert.equal((await fetch(`http://${host}/v2/composed/tags/list`)).status, 200)
    assert.ok(existsSync(join(third.cwd, 'left/index.json')))
  })

  await t.test('from the image itself: the steps of its last stage', async t => {
    const fourth = await freshMachine(t)
    const built = await build(fourth, '--cache-from', `${host}/built:1`)
    // The stage before it is not in the image: it is carried out, and another file is copied.
    assert.equal(built.ran, 2)
    await fourth.machine.project('context', {
      Dockerfile: 'FROM alpine\nRUN head -c8 /dev/urandom > /own\nCMD ["true"]\n',
    })
    const push = ['image', 'build', '--push', '-t', `${host}/lone:1`, '--cache-to', 'type=inline', '.']
    await fourth.machine.ok(push, { cwd: fourth.cwd })
    const fifth = await freshMachine(t)
    await cp(fourth.cwd, fifth.cwd, { recursive: true })
    assert.equal((await build(fifth, '--cache-from', `${host}/lone:1`)).ran, 0)
  })

  await t.test('a cache that cannot be had is no reason not to build; one that cannot be is an error', async () => {
    const missing = await build(first, '--cache-from', `type=registry,ref=${host}/nothing:1`, '--cache-from', 'alpine')
    assert.match(missing.stderr, /WARNING: nothing is taken from the cache .*nothing:1/)
    assert.match(missing.stderr, /WARNING: nothing is taken from the cache alpine: it holds no steps/)
    const { code, stderr } = await first.machine.run(['image', 'build', '--cache-to', 'type=gha', '.'], {
      cwd: first.cwd,
    })
    assert.equal(code, 1)
    assert.match(stderr, /build cache "type=gha": type is registry, local or inline, not "gha" \[BUILD_CACHE_INVALID\]/)
  })
})
