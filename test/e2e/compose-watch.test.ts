import assert from 'node:assert/strict'
import type { ChildProcess } from 'node:child_process'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, newMachine, skip } from './machine.ts'

const yaml = `
services:
  web:
    image: rootfs:/
    init: true
    command: [sh, -c, 'echo "begins with $$(cat /app/src/a.txt) $$(ls /app/src/sub)"; sleep 1000']
    stop_grace_period: 0s
    develop:
      watch:
        - { path: ./src, action: sync, target: /app/src, ignore: ["*.log"], initial_sync: true }
        - { path: ./settings.conf, action: sync+restart, target: /etc/app/settings.conf }
        - path: ./schema
          action: sync+exec
          target: /app/schema
          exec: { command: [sh, -c, 'echo "applied $$(ls /app/schema)"'] }
  lone: { image: "rootfs:/", command: sleep 1000, stop_grace_period: 0s }
`

/** Resolves when a process has written a text. */
function writes(child: ChildProcess) {
  let text = ''
  const news = new Set<() => void>()
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', chunk => {
      text += chunk
      for (const tell of news) tell()
    })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  const until = async (expected: RegExp) => {
    while (!expected.test(text)) {
      const more = new Promise<void>(resolve => news.add(resolve))
      const over = await Promise.race([ended.then(() => true), more])
      if (over) assert.match(text, expected)
    }
  }
  return { until, ended, text: () => text }
}

test('watch carries what changes into running containers', { skip }, async t => {
  const machine = await newMachine(t)
  const cwd = await machine.project('w', {
    'compose.yaml': yaml,
    'src/a.txt': 'one',
    'src/sub/b.txt': 'b',
    'settings.conf': 'x',
    'schema/1.sql': '1',
  })
  machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
  const inside = async (script: string) =>
    (await machine.run(['exec', 'web', 'sh', '-c', script], { cwd })).stdout.trim()
  /** The container's files come to be so: asked again, since nothing but `watch` itself tells when. */
  const becomes = async (script: string, expected: string) => {
    for (let i = 0; (await inside(script)) !== expected; i++) assert.ok(i < 50, `${script} never became ${expected}`)
  }

  const child = machine.start(['up', '--watch', 'web'], { cwd })
  const up = writes(child)
  await t.test('files are complete before the program starts', () => up.until(/web-1 +\| begins with one b\.txt/))
  await t.test('a file that is written, and one that is new, are copied', async () => {
    await up.until(/⦿ Watch enabled/)
    await writeFile(join(cwd, 'src/a.txt'), 'two')
    await mkdir(join(cwd, 'src/new/deep'), { recursive: true })
    await writeFile(join(cwd, 'src/new/deep/c.txt'), 'three')
    await writeFile(join(cwd, 'src/ignored.log'), 'no')
    await up.until(/Syncing service "web" after \d+ changes were detected/)
    await becomes('cat /app/src/a.txt /app/src/new/deep/c.txt', 'twothree')
    assert.equal(await inside('ls /app/src'), 'a.txt\nnew\nsub')
  })
  await t.test('what is removed or moved is removed in the container', async () => {
    await rm(join(cwd, 'src/new'), { recursive: true })
    await rename(join(cwd, 'src/sub/b.txt'), join(cwd, 'src/moved.txt'))
    await becomes('ls -R /app/src', '/app/src:\na.txt\nmoved.txt\nsub\n\n/app/src/sub:')
  })
  await t.test('sync+restart copies a single file, then restarts', async () => {
    await writeFile(join(cwd, 'settings.conf'), 'changed')
    await up.until(/service\(s\) \["web"\] restarted/)
    assert.equal(await inside('cat /etc/app/settings.conf'), 'changed')
    await up.until(/begins with two/)
  })
  await t.test('sync+exec copies, then runs the command', async () => {
    await writeFile(join(cwd, 'schema/2.sql'), '2')
    await up.until(/web-1 -> +applied 2\.sql/)
  })
  await t.test('a second watcher of the project is refused', async () => {
    const { code, stderr } = await machine.run(['watch', '--no-up'], { cwd })
    assert.equal(code, 1)
    assert.match(stderr, /cannot take exclusive lock for project "w"/)
  })
  await t.test('an interrupt stops what up has started', async () => {
    child.kill('SIGINT')
    assert.equal(await up.ended, 130)
    assert.equal((await machine.ok(['ps', '-q'], { cwd })).trim(), '')
  })
  await t.test('watch by itself leaves the containers running', async () => {
    const alone = machine.start(['watch', 'web'], { cwd })
    const watch = writes(alone)
    await watch.until(/Watch enabled/)
    alone.kill('SIGINT')
    assert.equal(await watch.ended, 130)
    assert.equal((await machine.ok(['ps', '--services'], { cwd })).trim(), 'web')
  })
  await t.test('a service without rules has nothing to watch', async () => {
    const { code, stderr } = await machine.run(['watch', '--no-up', 'lone'], { cwd })
    assert.equal(code, 1)
    assert.match(stderr, /none of the selected services is configured for watch/)
  })
})

test('rebuild builds the image and replaces the container; a build that fails is told', { skip }, async t => {
  const machine = await newMachine(t)
  const [busybox = ''] = imageArchives('busybox')
  await machine.ok(['image', 'load', busybox])
  const cwd = await machine.project('r', {
    'compose.yaml': `services:
  app:
    build: .
    stop_grace_period: 0s
    develop: { watch: [{ path: ., action: rebuild, ignore: [compose.yaml] }] }
`,
    Dockerfile: 'FROM busybox\nCOPY a.txt /a.txt\nCMD ["sh", "-c", "cat /a.txt; sleep 1000"]\n',
    'a.txt': 'first\n',
  })
  machine.defer(() => machine.run(['down', '-t', '0', '--rmi', 'all'], { cwd }))
  const child = machine.start(['up', '--watch'], { cwd })
  const up = writes(child)
  await up.until(/Watch enabled/)
  await up.until(/app-1 +\| first/)
  await writeFile(join(cwd, 'a.txt'), 'second\n')
  await up.until(/Rebuilding service\(s\) \["app"\] after changes were detected/)
  await up.until(/service\(s\) \["app"\] successfully built/)
  await up.until(/app-1 +\| second/)
  await rm(join(cwd, 'a.txt'))
  await up.until(/"?a\.txt"?.*(not found|no such|does not)/i)
  assert.equal((await machine.ok(['ps', '--services'], { cwd })).trim(), 'app')
  child.kill('SIGINT')
  assert.equal(await up.ended, 130)
})
